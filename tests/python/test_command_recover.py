"""`ese recover`, from outside: what it says of what it did and could not do, and that what it reads stays as it is."""

from __future__ import annotations

import datetime
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import ese
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from recover_golden import CORPUS, GOLDEN, unpack

OK, PROBLEMS, USAGE, FAILED = 0, 1, 2, 3
COMMAND = Path(os.environ.get("ESE_COMMAND", Path(ese.__file__).parents[2] / "bin" / "ese"))

pytestmark = [
    pytest.mark.skipif(not COMMAND.is_file(), reason=f"there is no command {COMMAND}: set ESE_COMMAND"),
    pytest.mark.skipif(not GOLDEN.is_dir(), reason=f"no databases in {CORPUS}"),
]


def run(*arguments: str | Path, status: int = OK, folder: Path | None = None) -> str:
    done = subprocess.run([COMMAND, "recover", *arguments], capture_output=True, timeout=60, cwd=folder)
    shown = done.stdout.decode() + done.stderr.decode()
    assert done.returncode == status, shown
    return shown


def files(folder: Path) -> dict[str, bytes | None]:
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None for p in folder.rglob("*")}


@pytest.fixture
def crashed(tmp_path: Path) -> Path:
    return unpack("crash-04k-durable", tmp_path / "crashed")


def test_the_report_says_what_was_needed_replayed_and_rolled_back(crashed: Path, tmp_path: Path) -> None:
    shown = run("--to", tmp_path / "out", crashed)
    assert "generations 0x1 to 0x7: " in shown
    assert "598 transactions committed, 1 rolled back (7 changes)\n" in shown
    assert f"D:\\data\\data.edb: recovered; found as {crashed}/data.edb (needs generations 0x1 to 0x7)" in shown
    assert shown.endswith(f"; result {tmp_path}/out/data.edb\n")


def test_sources_stay_as_they_are_whatever_becomes_of_it(tmp_path: Path) -> None:
    for name in ("crash-04k-twodb", "crash-04k-createdb", "dmg-missing-middle", "dmg-damage-current", "dmg-no-logs"):
        folder = unpack(name, tmp_path / name)
        before = files(folder)
        subprocess.run([COMMAND, "recover", "-q", "--to", tmp_path / "out", folder], capture_output=True, timeout=60)
        assert files(folder) == before, name


@pytest.mark.parametrize("form", ["{0}", "{0}/../crashed", "{1}", "{2}"])
def test_the_folder_of_the_sources_is_none_for_results(crashed: Path, tmp_path: Path, form: str) -> None:
    link, hard = tmp_path / "link", tmp_path / "hard"
    link.symlink_to(crashed)
    hard.mkdir()
    os.link(crashed / "data.edb", hard / "data.edb")
    before = files(crashed)
    shown = run("--to", form.format(crashed, link, hard), crashed, status=FAILED)
    assert "would take the place of a database that is only to be read" in shown
    assert files(crashed) == before
    with pytest.raises(ese.InvalidParameter, match="only to be read"):
        ese.recover(crashed, form.format(crashed, link, hard))
    assert files(crashed) == before


def test_a_database_elsewhere_is_not_replaced_by_its_result(crashed: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    moved.mkdir()
    (crashed / "data.edb").rename(moved / "data.edb")
    before = files(moved)
    run("--to", moved, "--map", moved / "data.edb", crashed, status=FAILED)
    run("--to", moved, "--log", crashed, moved / "data.edb", status=FAILED)
    assert files(moved) == before


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("dmg-missing-first", ["generation 0x1 is missing", "missing: generation 0x1\n", "ese info", "ese repair"]),
        ("dmg-missing-middle", ["generation 0x2 is missing", "missing: generation 0x2\n", "ese repair"]),
        ("dmg-missing-current", ["up to generation 0x4", "missing: generation 0x4\n", "not recovered"]),
        ("dmg-damage-archive", ["generation 0x2 is damaged", "not recovered", "ese repair"]),
        ("dmg-way-missing-current", ["missing: generation 0x6\n", "--ignore-lost-logs goes on"]),
        ("dmg-way-damage-current-first", ["--ignore-lost-logs --drop-damaged-logs goes on"]),
        ("dmg-foreign-db", ["another database", "--map", "--ignore-missing"]),
        ("dmg-dbhdr-both", ["data.edb: the database header", "not recovered", "ese repair"]),
        ("dmg-no-logs", ["there are no log files", "--log"]),
    ],
)
def test_a_failure_says_what_is_missing_and_what_may_be_done(tmp_path: Path, name: str, told: list[str]) -> None:
    folder = unpack(name, tmp_path / name)
    before = files(folder)
    shown = run(folder, status=FAILED)
    for text in told:
        assert text in shown
    assert "transactions committed" not in shown
    assert "; result " not in shown
    assert files(folder) == before  # no folder of results, either


def test_a_backup_wants_to_be_restored(tmp_path: Path) -> None:
    folder = unpack("backup-04k", tmp_path / "set")
    assert "--restore recovers out of a backup" in run(folder / "backup", status=FAILED)
    run("--restore", "--to", tmp_path / "out", folder / "backup")


def test_what_was_given_up_is_told_and_shows_in_the_status(tmp_path: Path) -> None:
    missing = unpack("dmg-way-missing-current", tmp_path / "missing")
    shown = run("--ignore-lost-logs", missing, status=PROBLEMS)
    assert "missing: generation 0x6, given up with what was committed there" in shown
    damaged = unpack("dmg-way-damage-current-first", tmp_path / "damaged")
    shown = run("--ignore-lost-logs", "--drop-damaged-logs", damaged, status=PROBLEMS)
    assert "damaged logs that no database needs were given up" in shown
    foreign = unpack("dmg-foreign-db", tmp_path / "foreign")
    shown = run("--ignore-missing", foreign, status=PROBLEMS)
    assert "D:\\data\\data.edb: another database, passed over" in shown
    (report,) = [json.loads(line) for line in run("--ignore-missing", "--json", foreign, status=PROBLEMS).splitlines()]
    assert report["databases"][0]["outcome"] == "another database"
    (database,) = ese.recover(foreign, ignore_missing=True).databases
    assert database.outcome is ese.RecoveryOutcome.FOREIGN
    assert database.path is None


def test_the_warning_of_one_log_that_is_lost_names_it(tmp_path: Path) -> None:
    folder = unpack("dmg-way-missing-current", tmp_path / "missing")
    report = ese.recover(folder, ignore_lost_logs=True)
    assert report.warnings == ("what was committed in log 00000006 is lost: missing, and given up",)


def test_options_of_a_wrong_type_are_named(crashed: Path) -> None:
    with pytest.raises(TypeError, match=r"expected str, not .*int"):
        ese.recover(crashed, base=3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"until is a datetime or a text: .*date"):
        ese.recover(crashed, until=datetime.date(2026, 1, 1))  # type: ignore[arg-type]
    assert not (crashed / "recovered").exists()


def test_recovery_without_undo_says_that_the_result_is_dirty(crashed: Path) -> None:
    assert "not rolled back, as asked for: still dirty" in run("--without-undo", crashed)


def test_the_report_of_a_failure_as_json_claims_nothing(tmp_path: Path) -> None:
    folder = unpack("dmg-missing-current", tmp_path / "set")
    done = subprocess.run([COMMAND, "recover", "--json", folder], capture_output=True, timeout=60)
    assert done.returncode == FAILED
    report = json.loads(done.stdout)
    assert report["code"] == -543
    assert (report["missingFrom"], report["missingTo"]) == (4, 4)
    assert report["databases"][0]["outcome"] == "not recovered"


def test_wrong_paths_are_named(crashed: Path, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    assert f"ese: {nowhere}: no such folder or database" in run(nowhere, status=FAILED)
    assert f"ese: {nowhere}: cannot open" in run("--log", nowhere, crashed / "data.edb", status=FAILED)
    assert "cannot be made" in run("--to", crashed / "data.edb", crashed, status=FAILED)
    assert "names no database" in run("--map", "a=", crashed, status=USAGE)
    assert not (crashed / "recovered").exists()
    with pytest.raises(ese.FileNotFound, match="nowhere"):
        ese.recover(nowhere)
    with pytest.raises(ese.FileNotFound, match="nowhere"):
        ese.restore(nowhere, tmp_path / "out")
    with pytest.raises(ese.InvalidParameter):
        ese.recover(crashed, "")
    assert not (tmp_path / "out").exists()


def test_names_may_be_relative_with_spaces_and_letters_of_any_kind(crashed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "ein Fall" / "\u00fc\u4e2d"
    shutil.copytree(crashed, folder)
    shown = run("--to", "das Ergebnis/\u00f6", "\u00fc\u4e2d", folder=folder.parent)
    assert "result das Ergebnis/\u00f6/data.edb" in shown
    run("--in-place", "data.edb", folder=folder)
    with ese.open(folder / "data.edb") as one, ese.open(folder.parent / "das Ergebnis/\u00f6/data.edb") as other:
        assert list(one) == list(other)


def test_a_full_disk_leaves_nothing_behind(crashed: Path, tmp_path: Path) -> None:
    before = files(crashed)
    done = subprocess.run(
        [COMMAND, "recover", crashed],
        capture_output=True,
        timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
    )
    assert done.returncode == FAILED, done.stderr
    assert b"JET_errDiskFull" in done.stderr
    assert files(crashed) == before


def interrupt(folder: Path) -> int:
    """Recovers it, and interrupts that when the copy is there; how it ended."""
    null = subprocess.DEVNULL
    with subprocess.Popen([COMMAND, "recover", folder], stdout=null, stderr=null) as running:
        while running.poll() is None and not list(folder.glob("recovered/*")):
            pass
        running.send_signal(signal.SIGINT)
    return running.returncode


def test_an_interrupted_recovery_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = unpack("crash-04k-manygen", tmp_path / "set")
    before = files(folder)
    for _ in range(50):  # it may be done before the signal comes
        status = interrupt(folder)
        assert status in (OK, -signal.SIGINT)
        if status != OK:
            break
        shutil.rmtree(folder / "recovered")
    assert status == -signal.SIGINT
    assert files(folder) == before
