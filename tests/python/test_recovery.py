"""Databases that were not shut down: recovered into copies, opened with their logs, restored from backups."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import ese
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from recover_golden import CORPUS, GOLDEN, unpack

pytestmark = pytest.mark.skipif(not GOLDEN.is_dir(), reason=f"no databases in {CORPUS}")

DUMP = Path(__file__).with_name("dump.py")


def compare(database: Path, expected: Path, *options: str | Path) -> None:
    """Every record and the order of every index, against what is recorded."""
    actual = expected.with_suffix(".actual")
    with actual.open("wb") as out:
        subprocess.run([sys.executable, DUMP, *options, database], stdout=out, check=True)
    command: list[str | Path] = [sys.executable, CORPUS / "compare.py", expected, actual, "--skip-system"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def crashed(tmp_path: Path) -> Path:
    """A folder with a database of which the last transactions are in the logs only."""
    return unpack("crash-04k-durable", tmp_path / "crashed")


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


SETS = ["crash-04k-ddl", "crash-04k-lv", "crash-04k-manygen", "crash-08k-merge", "crash-32k-spill"]


@pytest.mark.parametrize("name", SETS)
def test_a_crashed_database_is_recovered_to_its_expected_content(tmp_path: Path, name: str) -> None:
    folder = unpack(name, tmp_path / "set")
    report = ese.recover(folder, tmp_path / "out")
    (database,) = report.databases
    assert database.outcome in (ese.RecoveryOutcome.RECOVERED, ese.RecoveryOutcome.REBUILT)
    assert database.result == str(tmp_path / "out/data.edb")
    assert report.committed > 0
    assert report.generations is not None
    assert report.warnings == ()
    compare(Path(database.result), folder / "expected.jsonl")


@pytest.mark.parametrize("name", SETS)
def test_one_line_opens_a_crashed_database_with_its_logs(tmp_path: Path, name: str) -> None:
    folder = unpack(name, tmp_path / "set")
    compare(folder / "data.edb", folder / "expected.jsonl", "--logs", folder)


def test_several_databases_of_a_log_are_recovered_together(tmp_path: Path) -> None:
    folder = unpack("crash-04k-twodb", tmp_path / "set")
    report = ese.recover(folder, tmp_path / "out")
    assert [Path(d.result or "").name for d in report.databases] == ["data.edb", "second.edb"]
    for name, expected in (("data.edb", "expected.jsonl"), ("second.edb", "expected-second.jsonl")):
        compare(tmp_path / "out" / name, folder / expected)
    with ese.open(folder / "second.edb", logs=folder) as db:  # alone, too
        assert len(db) > 0


def test_nothing_is_changed_and_nothing_stays_behind(crashed: Path, tmp_path: Path) -> None:
    before = files(crashed)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    db = ese.open(crashed / "data.edb", logs=crashed, scratch=scratch)
    assert list(scratch.iterdir()) == []
    with db:
        assert db.path == str(crashed / "data.edb")
        assert db.info.state is ese.DatabaseState.CLEAN_SHUTDOWN
        assert db.recovery is not None
        assert db.recovery.databases[0].result is None
        assert sum(1 for name in db for _ in db[name]) > 0
        with pytest.raises(ese.PermissionDenied):
            db.create_table("t", {"a": "long"})
    assert files(crashed) == before


def test_a_clean_database_is_simply_opened(databases: Path, tmp_path: Path) -> None:
    with ese.open(databases / "small-4k.edb", logs=tmp_path / "nowhere") as db:
        assert db.recovery is None
        assert len(db) > 0


def test_without_logs_the_error_says_which_are_needed(crashed: Path) -> None:
    with pytest.raises(ese.DatabaseDirtyShutdown) as caught:
        ese.open(crashed / "data.edb")
    text = str(caught.value)
    assert "00000001 to 00000007" in text
    assert "edb00000001.log" in text
    assert "logs=" in text


def test_missing_logs_are_named(crashed: Path, tmp_path: Path) -> None:
    (crashed / "edb00000003.log").unlink()
    with pytest.raises(ese.DataError, match="3"):
        ese.recover(crashed, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(ese.DataError, match="3"):
        ese.open(crashed / "data.edb", logs=crashed)


def test_logs_that_no_database_needs_may_be_given_up(tmp_path: Path) -> None:
    folder = unpack("dmg-way-missing-current", tmp_path / "set")
    with pytest.raises(ese.EseError, match="CommittedLogFilesMissing"):
        ese.recover(folder)
    report = ese.recover(folder, ignore_lost_logs=True)
    assert report.missing is not None
    assert any("lost" in warning for warning in report.warnings)
    assert "warning: " in str(report)


def test_logs_of_another_database_do_not_open_it(crashed: Path, tmp_path: Path) -> None:
    other = unpack("crash-08k-durable", tmp_path / "other")
    with pytest.raises(ese.EseError):
        ese.open(crashed / "data.edb", logs=other)


def test_a_database_that_has_moved_is_found_by_a_map(crashed: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere.edb"
    (crashed / "data.edb").rename(moved)
    choices: list[dict[str, Path] | list[Path] | Path] = [{r"D:\data\data.edb": moved}, [moved], moved]
    for maps in choices:
        report = ese.recover(crashed, tmp_path / "out", maps=maps)
        assert report.databases[0].source == str(moved)
        with report.databases[0].open() as db:
            assert len(db) > 0
    report = ese.recover(moved, tmp_path / "again", logs=crashed)
    assert report.databases[0].path == str(tmp_path / "again/elsewhere.edb")


def test_results_may_take_the_place_of_the_databases(crashed: Path) -> None:
    report = ese.recover(crashed, in_place=True)
    assert report.databases[0].result == str(crashed / "data.edb")
    ese.open(crashed / "data.edb").close()
    assert ese.recover(crashed, in_place=True).databases[0].outcome is ese.RecoveryOutcome.CLEAN


def test_recovery_without_undo_leaves_the_database_dirty(crashed: Path, tmp_path: Path) -> None:
    report = ese.recover(crashed, tmp_path / "out", undo=False)
    assert report.rolled_back == 0
    with pytest.raises(ese.DatabaseDirtyShutdown):
        report.databases[0].open()


def test_progress_is_told_and_may_end_it(crashed: Path, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    ese.recover(crashed, tmp_path / "out", progress=lambda *step: told.append(step))
    assert list(dict.fromkeys(phase for phase, _, _ in told)) == ["copy", "redo", "undo"]
    assert all(done <= total for _, done, total in told)

    def fail(*step: object) -> None:
        raise LookupError(step)

    for folder, progress, error in (("a", fail, LookupError), ("b", lambda *_: False, ese.TermInProgress)):
        with pytest.raises(error):
            ese.recover(crashed, tmp_path / folder, progress=progress)
        assert not (tmp_path / folder).exists()
        (tmp_path / folder).mkdir()
        with pytest.raises(error):
            ese.open(crashed / "data.edb", logs=crashed, scratch=tmp_path / folder, progress=progress)
        assert list((tmp_path / folder).iterdir()) == []
    with pytest.raises(TypeError):
        ese.recover(crashed, tmp_path / "c", progress=1)  # type: ignore[arg-type]


def test_other_threads_go_on_meanwhile(crashed: Path, tmp_path: Path) -> None:
    """Progress waits for another thread, which needs the lock of the interpreter for it."""
    begun, answered = threading.Event(), threading.Event()

    def answer() -> None:
        begun.wait()
        answered.set()

    thread = threading.Thread(target=answer)
    thread.start()

    def progress(*step: object) -> bool:
        begun.set()
        return answered.wait(60)

    ese.recover(crashed, tmp_path / "out", progress=progress)
    thread.join()
    assert answered.is_set()


@pytest.mark.parametrize("kind", ["alloc", "open", "read", "write", "full", "sync"])
def test_failures_leave_nothing_behind(crashed: Path, tmp_path: Path, kind: str) -> None:
    before = files(crashed)
    folder = tmp_path / "scratch"
    folder.mkdir()
    live = ese.testing.live_allocations()
    n_failed = 0
    for nth in (1, 2, 3, 5, 9, 17):
        try:
            with ese.testing.fault(kind, nth, repeat=True):
                ese.open(crashed / "data.edb", logs=crashed, scratch=folder).close()
        except ese.EseError:
            n_failed += 1
        assert list(folder.iterdir()) == []
    assert n_failed > 0
    assert ese.testing.live_allocations() == live
    assert files(crashed) == before


@pytest.mark.parametrize("name", ["backup-04k", "backup-04k-incr"])
def test_a_backup_is_restored_alone_and_with_the_logs_behind_it(tmp_path: Path, name: str) -> None:
    folder = unpack(name, tmp_path / "set")
    alone = ese.restore(folder / "backup", tmp_path / "alone")
    assert alone.databases[0].result == str(tmp_path / "alone/data.edb")
    compare(tmp_path / "alone/data.edb", folder / "expected.jsonl")
    ese.restore(folder / "backup", tmp_path / "forward", logs=folder / "live")
    compare(tmp_path / "forward/data.edb", folder / "expected-rollforward.jsonl")


def test_logs_of_two_streams_in_one_folder_are_told_apart_by_their_base_name(crashed: Path, tmp_path: Path) -> None:
    (crashed / "abc.log").write_bytes((crashed / "edb.log").read_bytes())
    with pytest.raises(ese.InvalidParameter, match="abc"):
        ese.open(crashed / "data.edb", logs=crashed)
    with ese.open(crashed / "data.edb", logs=crashed, base="edb") as db:
        assert db.recovery is not None
    assert ese.recover(crashed, tmp_path / "out", base="edb").committed > 0


def test_wrong_options_are_refused(crashed: Path) -> None:
    with pytest.raises(ValueError, match="read"):
        ese.open(crashed / "data.edb", "r+", logs=crashed)
    with pytest.raises(ValueError, match="damaged"):
        ese.open(crashed / "data.edb", damaged=True, logs=crashed)
    with pytest.raises(ese.InvalidParameter):
        ese.recover(crashed, crashed / "out", in_place=True)
    with pytest.raises(ese.FileNotFound):
        ese.open(crashed / "nothing.edb", logs=crashed)
    with pytest.raises(ValueError, match="null"):
        ese.recover("a\0b")


def test_paths_may_be_bytes_and_the_temporary_folder_is_that_of_the_system(
    crashed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "none"))
    with pytest.raises(ese.EseError, match="none"):
        ese.open(crashed / "data.edb", logs=crashed)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with ese.open(os.fsencode(crashed / "data.edb"), logs=os.fsencode(crashed)) as db:
        assert db.recovery is not None
