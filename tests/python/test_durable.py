"""Databases with a log: what was committed survives the end of the process, however it comes."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import ese
import pytest
from ese import _core, testing

CHILD = Path(__file__).with_name("crash_child.py")


def crash(style: str, path: Path, log: Path, lines: int = 0) -> int:
    """Lets the child work and kills it when it has printed so many lines; the number that it printed last."""
    command: list[str | Path] = [sys.executable, CHILD, style, path, log]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        numbers: list[int] = []
        for line in child.stdout:
            numbers.append(int(line))
            if len(numbers) == lines:
                child.send_signal(signal.SIGKILL)
                break
        numbers += (int(line) for line in child.stdout if line.endswith("\n"))
    assert child.returncode == (-signal.SIGKILL if lines else 9)
    return numbers[-1]


def count_whole(db: ese.Database) -> int:
    """How many transactions of the child are there: whole ones, in order, with an index that agrees."""
    table = db["t"]
    rows = [(row["id"], row["text"]) for row in table]
    assert rows == [(i, str(i // 2)) for i in range(len(rows))]
    assert len(rows) % 2 == 0
    by_text = sorted((row["text"], row["id"]) for row in table.index("byText"))
    assert by_text == sorted((text, i) for i, text in rows)
    return len(rows) // 2


@pytest.fixture
def place(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "store.edb", tmp_path / "log"


def test_what_was_acknowledged_survives_a_kill(place: tuple[Path, Path]) -> None:
    last = -1
    for lines in (1, 40, 150):  # the second and the third child recover what the one before left
        last = crash("durable", *place, lines)
        with pytest.raises(ese.DatabaseDirtyShutdown, match="log="):
            ese.open(place[0], "r+")
    with ese.open(place[0], "r+", log=place[1]) as db:
        assert count_whole(db) in (last + 1, last + 2)  # the one in flight may have been committed
    with ese.open(place[0]) as db:  # clean, and needs no log any more
        assert count_whole(db) > last


def test_lazy_commits_may_be_lost_but_only_the_last_ones_and_whole(place: tuple[Path, Path]) -> None:
    last = crash("lazy", *place, 300)
    with ese.open(place[0], "c", log=place[1]) as db:
        if "t" in db:
            assert count_whole(db) <= last + 2


def test_a_flush_keeps_what_was_committed_lazily_before(place: tuple[Path, Path]) -> None:
    last = crash("flush", *place, 5)
    with ese.open(place[0], "r+", log=place[1]) as db:
        assert count_whole(db) >= last + 1


def test_what_was_not_committed_is_undone(place: tuple[Path, Path]) -> None:
    assert crash("open", *place) == 2
    with ese.open(place[0], "r+", log=place[1]) as db:
        assert count_whole(db) == 3


def test_a_dict_keeps_every_key_that_was_set(place: tuple[Path, Path]) -> None:
    last = crash("dict", *place, 60)
    with ese.dict(place[0], "w", log=place[1]) as d:
        assert len(d) >= last + 1
        assert list(d.items()) == [(n, str(n)) for n in range(len(d))]


def test_a_reader_looks_at_a_crashed_store_in_a_copy(place: tuple[Path, Path]) -> None:
    path, log = place
    last = crash("durable", path, log, 30)
    before = path.read_bytes(), sorted((file.name, file.read_bytes()) for file in log.iterdir())
    with ese.open(path, logs=log) as db:
        assert count_whole(db) >= last + 1
        assert db.recovery is not None
        assert db.recovery.committed >= last
    assert before == (path.read_bytes(), sorted((file.name, file.read_bytes()) for file in log.iterdir()))


def test_store_and_log_may_move_before_the_recovery(place: tuple[Path, Path], tmp_path: Path) -> None:
    last = crash("durable", *place, 30)
    there = tmp_path / "there"
    there.mkdir()
    for path in place:
        shutil.move(path, there)
    with ese.open(there / "store.edb", "r+", log=there / "log") as db:
        assert count_whole(db) >= last + 1


def test_the_recovery_at_the_start_tells_how_far_it_is_and_may_be_ended(place: tuple[Path, Path]) -> None:
    path, log = place
    last = crash("durable", path, log, 60)

    def fail(*step: object) -> None:
        raise LookupError(step)

    with pytest.raises(LookupError):
        ese.open(path, "r+", log=log, progress=fail)
    with pytest.raises(ese.TermInProgress):
        ese.open(path, "r+", log=log, progress=lambda *_: False)
    told: list[tuple[str, int, int]] = []
    with ese.open(path, "r+", log=log, progress=lambda *step: told.append(step)) as db:
        assert count_whole(db) >= last + 1
    assert {phase for phase, _, _ in told} == {"recovery"}


def test_log_beside_the_database(tmp_path: Path) -> None:
    path = tmp_path / "store.edb"
    with ese.dict(path, log=True) as d:
        d["a"] = 1
        d.sync()
        assert (tmp_path / "store.edb.log").is_dir()
    with ese.dict(path) as d:  # clean: also without
        assert d["a"] == 1
    with ese.dict(path, "r", log=True) as d:
        assert d["a"] == 1


def test_logs_that_nobody_needs_go_unless_they_are_kept(tmp_path: Path) -> None:
    counts = []
    for keep in (False, True):
        log = tmp_path / f"log {keep}"
        path = tmp_path / f"{keep}.edb"
        with ese.open(path, "c", log=log, log_file_size=64 << 10, keep_logs=keep) as db:
            table = db.create_table("t", {"id": "long", "data": bytes}, primary_key="id")
            for i in range(100):
                table.insert(id=i, data=bytes(20_000))
        counts.append(len(list(log.glob("edb0*.log"))))
        with ese.open(path, "r+", log=log, log_file_size=64 << 10, keep_logs=keep) as db:
            assert len(db["t"]) == 100
    assert counts[0] < counts[1]
    assert counts[1] >= 30


def test_sessions_say_whether_their_commits_wait(tmp_path: Path) -> None:
    with ese.open(tmp_path / "t.edb", "c", log=tmp_path / "log") as db:
        table = db.create_table("t", {"id": "long"}, primary_key="id")
        session = db.session
        assert not session.lazy
        session.lazy = True
        assert session.lazy
        with session.dup() as other:
            assert not other.lazy
        table.insert(id=1)
        with db.transaction(lazy=False):
            table.insert(id=2)
        session.begin()
        table.insert(id=3)
        session.commit(lazy=True)
        session.begin()
        table.insert(id=4)
        session.rollback()
        session.flush()
        with pytest.raises(ese.NotInTransaction):
            session.commit()
        with pytest.raises(ese.NotInTransaction):
            session.rollback()
        assert [row["id"] for row in table] == [1, 2, 3]


def start_two(folder: Path, **options: Any) -> ese.Instance:
    return ese.Instance("two", directory=folder, base="abc", log_file_size=128 << 10, circular=True, **options)


def test_an_instance_recovers_all_its_databases(tmp_path: Path) -> None:
    code = """
import os, sys, ese
folder = sys.argv[1]
instance = ese.Instance("two", directory=folder, base="abc", log_file_size=128 << 10, circular=True)
session = instance.session()
for name in ("a.edb", "b.edb"):
    db = session.open(os.path.join(folder, name), "c")
    db.create_table("t", {"id": "long"}, primary_key="id").insert(id=1)
os._exit(9)
"""
    subprocess.run([sys.executable, "-c", code, tmp_path], check=False)
    assert (tmp_path / "abc.log").stat().st_size == 128 << 10
    (tmp_path / "b.edb").unlink()  # the log knows it from its creation on
    told: list[str] = []
    with start_two(tmp_path, progress=lambda phase, *_: told.append(phase)) as instance, instance.session() as session:
        for name in ("a.edb", "b.edb"):
            assert [row["id"] for row in session.open(tmp_path / name, "r+")["t"]] == [1]
    assert set(told) == {"recovery"}


def test_an_instance_goes_on_without_a_database_when_told(tmp_path: Path) -> None:
    code = """
import os, sys, ese
folder = sys.argv[1]
path = os.path.join(folder, "a.edb")
for mode in ("c", "r+"):
    with ese.Instance("one", directory=folder, base="abc", log_file_size=128 << 10, circular=True) as instance:
        db = instance.session().open(path, mode)
        if mode == "r+":
            db.create_table("t", {"id": "long"})
            os._exit(9)
"""
    subprocess.run([sys.executable, "-c", code, tmp_path], check=False)
    (tmp_path / "a.edb").unlink()
    for _ in range(2):
        with pytest.raises(ese.AttachedDatabaseMismatch):
            start_two(tmp_path)
    with start_two(tmp_path, ignore_missing=True) as instance, instance.session() as session:
        session.create_database(tmp_path / "a.edb").close()


def test_a_log_that_cannot_be_written_stops_the_instance_and_keeps_what_was_acknowledged(
    place: tuple[Path, Path],
) -> None:
    path, log = place
    db = ese.open(path, "c", log=log)
    table = db.create_table("t", {"id": "long", "text": str}, primary_key="id", indexes={"byText": "text"})
    table.insert_many([(0, "0"), (1, "0")], columns=["id", "text"])
    with testing.fault("sync", repeat=True), pytest.raises(ese.EseError), db.transaction():
        table.insert(id=2, text="1")
        table.insert(id=3, text="1")
    with pytest.raises(ese.EseError):
        table.insert(id=4, text="2")
    with pytest.raises(ese.EseError):
        db.close()
    db.close()
    with ese.open(path, "r+", log=log) as db:
        assert count_whole(db) in (1, 2)


def test_threads_share_the_wait_for_the_disk(place: tuple[Path, Path]) -> None:
    path, log = place
    with ese.dict(path, log=log) as d:

        def work(first: int) -> None:
            for i in range(first, first + 50):
                d[i] = i

        threads = [threading.Thread(target=work, args=(1000 * n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(d) == 200
    with ese.dict(path, "w", log=log) as d:
        assert sorted(d) == sorted(1000 * n + i for n in range(4) for i in range(50))


def test_wrong_uses_of_a_log_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.edb"
    with pytest.raises(ValueError, match="logged"):
        ese.open(path, log=tmp_path)
    with pytest.raises(ValueError, match="logs"):
        ese.open(path, logs=tmp_path, log=tmp_path)
    with ese.open(path, "c", log=tmp_path / "log"):
        with pytest.raises(ese.EseError, match="log"):  # a log belongs to one
            ese.open(tmp_path / "other.edb", "c", log=tmp_path / "log")


def test_stores_with_logs_of_their_own_stand_beside_each_other(tmp_path: Path) -> None:
    with ese.dict(tmp_path / "a.edb", log=True) as a, ese.dict(tmp_path / "b.edb", log=True) as b:
        a["a"] = 1
        b["b"] = 2
        assert (dict(a), dict(b)) == ({"a": 1}, {"b": 2})


def write_some(path: Path, log: Path, acknowledged: list[int]) -> None:
    with ese.open(path, "r+", log=log, log_file_size=64 << 10) as db:
        for n in range(acknowledged[-1] + 1, acknowledged[-1] + 40):
            with db.transaction():
                db["t"].insert(id=2 * n, text=f"{n}")
                db["t"].insert(id=2 * n + 1, text=f"{n}")
            acknowledged.append(n)


@pytest.mark.parametrize("kind", ["alloc", "open", "read", "write", "full", "sync"])
def test_whatever_fails_what_was_acknowledged_is_there(place: tuple[Path, Path], kind: str) -> None:
    """One failure after another in the life of one store: in its recovery, its work and its end."""
    path, log = place
    acknowledged = [-1]
    with ese.open(path, "c", log=log, log_file_size=64 << 10) as db:
        db.create_table("t", {"id": "long", "text": str}, primary_key="id", indexes={"byText": "text"})
    live = testing.live_allocations()
    n_failed = 0
    for nth in (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233):
        with testing.fault(kind, nth, repeat=nth % 2 == 1):
            try:
                write_some(path, log, acknowledged)
            except ese.EseError:
                n_failed += 1
        _core.close_orphans()
        with ese.open(path, "r+", log=log, log_file_size=64 << 10) as db:
            n = count_whole(db)
        assert n in (acknowledged[-1] + 1, acknowledged[-1] + 2)
        acknowledged[-1] = n - 1
    assert n_failed > 0
    assert testing.live_allocations() == live


def test_a_database_in_use_is_not_replaced_by_a_recovery(tmp_path: Path) -> None:
    path, log = tmp_path / "live.edb", tmp_path / "live.edb.log"
    with ese.open(path, "c", log=True) as db:
        table = db.create_table("t", {"n": int})
        table.insert(n=1)
        db.backup(tmp_path / "backup")
        with pytest.raises(ese.FileAccessDenied, match="open for writing elsewhere"):
            ese.recover(path, in_place=True, logs=log)
        with pytest.raises(ese.InvalidParameter):
            ese.recover(path, tmp_path, logs=log)
        with pytest.raises(ese.FileAccessDenied, match="open for writing elsewhere"):
            ese.restore(tmp_path / "backup", tmp_path)
        table.insert(n=2)
    with ese.open(path) as db:
        assert len(db["t"]) == 2
    ese.restore(tmp_path / "backup", tmp_path)  # nobody uses it now
    with ese.open(path) as db:
        assert len(db["t"]) == 1
