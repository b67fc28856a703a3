"""Backups of databases that are in use, and what is restored from them."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import ese
import pytest

COMMAND = Path(os.environ.get("ESE_COMMAND", Path(ese.__file__).parents[2] / "bin" / "ese"))


def content(path: str | Path | None) -> list[int]:
    assert path is not None
    with ese.open(path) as db:
        ids = [row["id"] for row in db["t"]]
        assert len(db["t"].index("byText")) == len(ids)
    return ids


@pytest.fixture
def db(tmp_path: Path) -> ese.Database:
    """A database with a log of which nothing is thrown away; each row is a commit."""
    db = ese.open(tmp_path / "live.edb", "c", log=tmp_path / "log", log_file_size=64 << 10, keep_logs=True)
    db.create_table("t", {"id": "long", "text": str}, primary_key="id", indexes={"byText": "text"})
    add(db, range(100))
    return db


def add(db: ese.Database, ids: range) -> None:
    for i in ids:
        db["t"].insert(id=i, text=f"{i}" * 50)


def restored(backup: Path, to: Path, logs: Path | None = None) -> list[int]:
    report = ese.restore(backup, to, logs=logs)
    assert report.databases[0].result == str(to / "live.edb")
    assert not report.warnings
    return content(report.databases[0].path)


def test_a_backup_is_restored_as_it_was_and_with_the_logs_behind_it(db: ese.Database, tmp_path: Path) -> None:
    with db:
        db.backup(tmp_path / "deep" / "backup")
        add(db, range(100, 300))
    assert restored(tmp_path / "deep" / "backup", tmp_path / "alone") == list(range(100))
    assert restored(tmp_path / "deep" / "backup", tmp_path / "forward", tmp_path / "log") == list(range(300))


def now() -> datetime:
    """What was logged before is of an earlier time of the clock in the log, what comes later of a later one."""
    begin = datetime.now(UTC)
    while (moment := datetime.now(UTC)) - begin < timedelta(milliseconds=2):
        pass
    while datetime.now(UTC) - moment < timedelta(milliseconds=2):
        pass
    return moment


def test_a_backup_becomes_what_the_database_was_at_a_time(db: ese.Database, tmp_path: Path) -> None:
    with db:
        db.backup(tmp_path / "backup")
        times = []
        for first in (100, 200, 300):
            add(db, range(first, first + 100))
            times.append(now())
        add(db, range(400, 410))
    for i, time in enumerate(times):
        report = ese.restore(tmp_path / "backup", tmp_path / f"to{i}", logs=tmp_path / "log", until=time)
        assert report.has_stopped
        assert content(report.databases[0].path) == list(range(200 + 100 * i))
    local = times[0].astimezone(timezone(timedelta(hours=5)))
    ways: tuple[datetime | str, ...] = (local, times[0].strftime("%Y-%m-%d %H:%M:%S.%f")[:-3])
    for i, until in enumerate(ways):
        report = ese.restore(tmp_path / "backup", tmp_path / f"as{i}", logs=tmp_path / "log", until=until)
        assert content(report.databases[0].path) == list(range(200))
    report = ese.restore(tmp_path / "backup", tmp_path / "all", logs=tmp_path / "log", until=now())
    assert not report.has_stopped
    assert content(report.databases[0].path) == list(range(410))


@pytest.mark.skipif(not COMMAND.is_file(), reason=f"there is no command {COMMAND}: set ESE_COMMAND")
def test_the_command_ends_where_it_is_told_too(db: ese.Database, tmp_path: Path) -> None:
    with db:
        db.backup(tmp_path / "backup")
        add(db, range(100, 200))
        time = now()
        add(db, range(200, 210))
    command: list[str | Path] = [COMMAND, "recover", "--restore", tmp_path / "backup", "--log", tmp_path / "log"]
    until = ["--until", time.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]]
    done = subprocess.run([*command, "--to", tmp_path / "to", *until], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "ended before" in done.stdout
    assert content(tmp_path / "to/live.edb") == list(range(200))
    checked = subprocess.run([COMMAND, "check", tmp_path / "to/live.edb"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout
    position = done.stdout.split("ended before ")[1].split(",")[0]
    report = json.loads(subprocess.check_output([*command, "--to", tmp_path / "again", "--json", "--until", position]))
    assert report["stopped"]
    assert content(tmp_path / "again/live.edb") == list(range(200))
    for wrong in (["--until", "yesterday"], ["--until", "1", "--in-place"]):
        assert subprocess.run([*command, *wrong], capture_output=True, check=False).returncode == 2


def test_a_place_to_end_must_be_one_and_lie_in_the_logs(db: ese.Database, tmp_path: Path) -> None:
    with db:
        db.backup(tmp_path / "backup")
        add(db, range(100, 110))
    with pytest.raises(ese.InvalidParameter):
        ese.restore(tmp_path / "backup", tmp_path / "to", until="noon")
    with pytest.raises(ese.MissingLogFile):
        ese.restore(tmp_path / "backup", tmp_path / "to", logs=tmp_path / "log", until="7000")
    with pytest.raises(ese.EseError):
        ese.recover(tmp_path / "live.edb", tmp_path / "to", logs=tmp_path / "log", until="1")
    assert not (tmp_path / "to").exists()


def test_incremental_backups_add_what_came_since(db: ese.Database, tmp_path: Path) -> None:
    with db:
        with pytest.raises(ese.EseError):
            db.backup(tmp_path / "nothing", incremental=True)
        db.backup(tmp_path / "backup")
        for first in (100, 200):
            add(db, range(first, first + 100))
            db.backup(tmp_path / "backup", incremental=True)
        add(db, range(300, 310))
    assert restored(tmp_path / "backup", tmp_path / "to") == list(range(300))


def test_an_atomic_backup_takes_the_place_of_the_one_before(db: ese.Database, tmp_path: Path) -> None:
    with db:
        for first in (100, 200):
            db.backup(tmp_path / "backup", atomic=True)
            add(db, range(first, first + 100))
    assert restored(tmp_path / "backup", tmp_path / "to") == list(range(200))


def test_others_write_meanwhile(db: ese.Database, tmp_path: Path) -> None:
    """What is restored is a state that was committed: all rows up to one."""
    stop, n_written = threading.Event(), [100]

    def write(session: ese.Session) -> None:
        with session, session.open(db.path, "r+") as mine:
            for i in range(100, 100_000):
                mine["t"].insert(id=i, text=f"{i}" * 50)
                n_written[0] = i + 1
                if stop.is_set():
                    break

    thread = threading.Thread(target=write, args=(db.session.dup(),))
    with db:
        thread.start()
        before = n_written[0]
        db.backup(tmp_path / "backup")
        after = n_written[0]
        stop.set()
        thread.join()
    ids = restored(tmp_path / "backup", tmp_path / "to")
    assert ids == list(range(len(ids)))
    assert before <= len(ids) <= after + 1


def test_progress_is_told_and_may_end_it(db: ese.Database, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []

    def fail(*step: object) -> None:
        raise LookupError(step)

    with db:
        with pytest.raises(LookupError):
            db.backup(tmp_path / "failed", progress=fail)
        with pytest.raises(ese.TermInProgress):
            db.backup(tmp_path / "ended", progress=lambda *_: False)
        for folder in ("failed", "ended"):
            with pytest.raises(ese.EseError):
                ese.restore(tmp_path / folder, tmp_path / "to")
        add(db, range(100, 110))  # it goes on
        db.backup(tmp_path / "backup", progress=lambda *step: told.append(step))
    assert {phase for phase, _, _ in told} == {"backup"}
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
    assert all(done <= total for _, done, total in told)
    with pytest.raises(LookupError):
        ese.restore(tmp_path / "backup", tmp_path / "to", progress=fail)
    assert not (tmp_path / "to").exists()
    assert restored(tmp_path / "backup", tmp_path / "to") == list(range(110))


def test_a_backup_from_within_the_progress_of_another_one_is_refused(db: ese.Database, tmp_path: Path) -> None:
    refused: list[BaseException] = []

    def again(*_: object) -> None:
        try:
            db.backup(tmp_path / "inner")
        except ese.BackupInProgress as error:
            refused.append(error)

    with db:
        db.backup(tmp_path / "outer", progress=again)
    assert refused
    assert restored(tmp_path / "outer", tmp_path / "to") == list(range(100))


def test_nothing_is_closed_while_a_backup_goes_on(db: ese.Database, tmp_path: Path) -> None:
    refused: list[BaseException] = []

    def close(*_: object) -> None:
        try:
            db.close()
        except ese.BackupInProgress as error:
            refused.append(error)

    db.backup(tmp_path / "backup", progress=close)
    assert refused
    assert not db.closed
    add(db, range(100, 110))
    db.close()
    assert db.closed
    assert restored(tmp_path / "backup", tmp_path / "to") == list(range(100))
    with ese.open(tmp_path / "live.edb", "r+", log=tmp_path / "log") as again:
        add(again, range(110, 120))


def test_wrong_uses_are_refused(db: ese.Database, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "something").touch()
    with db:
        with pytest.raises(ese.BackupDirectoryNotEmpty):
            db.backup(tmp_path / "full")
        with pytest.raises(ese.EseError):
            db.backup("")
    with ese.open(tmp_path / "circular.edb", "c", log=True) as circular:
        circular.create_table("t", {"id": "long"})
        circular.backup(tmp_path / "circular")  # a full one is fine
        with pytest.raises(ese.InvalidBackup):
            circular.backup(tmp_path / "circular", incremental=True)
    with ese.open(tmp_path / "plain.edb", "c") as plain, pytest.raises(ese.LoggingDisabled):
        plain.backup(tmp_path / "plain")
    with pytest.raises(ese.EseError):
        ese.restore(tmp_path / "nowhere", tmp_path / "to")


def test_a_dict_is_backed_up_while_it_is_used(tmp_path: Path) -> None:
    with ese.dict(tmp_path / "d.edb", log=True) as d:
        d["a"] = 1
        d.backup(tmp_path / "backup")
        d["b"] = 2
    ese.restore(tmp_path / "backup", tmp_path / "to")
    with ese.dict(tmp_path / "to" / "d.edb", "r") as d:
        assert dict(d) == {"a": 1}
