"""Threads: they get exceptions or the right answer, and nobody waits for nobody. No test looks at a clock."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import ese
import pytest
from ese import testing

PATIENCE = 120  # seconds until a test that hangs is a test that failed


def run_all(*works: Callable[[], object]) -> list[object]:
    """The results, or exceptions of the engine, of works that begin at the same moment."""
    begin = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> object:
        begin.wait(PATIENCE)
        try:
            return work()
        except ese.EseError as error:
            return error

    with ThreadPoolExecutor(len(works)) as pool:
        return [future.result(PATIENCE) for future in [pool.submit(run, work) for work in works]]


@contextmanager
def engine(tmp_path: Path) -> Iterator[ese.Instance]:
    with ese.Instance("threads", directory=tmp_path, recovery=False, parameters={"MaxSessions": 64}) as instance:
        yield instance


def scan(db: ese.Database) -> int:
    return sum(1 for _ in db["notes"].rows(tuples=True))


def test_threads_with_sessions_of_their_own_do_not_disturb_each_other(databases: Path, tmp_path: Path) -> None:
    path = databases / "deep-4k.edb"
    with engine(tmp_path) as instance, instance.session() as first:
        sessions = [first.dup() for _ in range(6)]

        def work(session: ese.Session) -> Callable[[], int]:
            def scans() -> int:
                with session, session.open(path) as db:
                    return scan(db) + scan(db)

            return scans

        assert run_all(*map(work, sessions)) == [8000] * 6


def test_threads_with_databases_of_their_own(databases: Path) -> None:
    def work() -> int:
        with ese.open(databases / "deep-4k.edb") as db:
            return scan(db)

    assert run_all(*[work] * 6) == [4000] * 6


@pytest.mark.parametrize("closed", ["instance", "session", "database", "table"])
def test_closing_in_the_middle_of_scans_elsewhere(databases: Path, tmp_path: Path, closed: str) -> None:
    """Each scan ends with an exception or with all its rows; what is in use refuses to be closed, and says so."""
    for turn in range(12):
        with engine(tmp_path) as instance, instance.session() as session:
            db = session.open(databases / "deep-4k.edb")
            table = db["notes"]
            victim = {"instance": instance, "session": session, "database": db, "table": table}[closed]
            own = session.dup()
            is_running = threading.Event()

            def scan_shared(db: ese.Database = db, is_running: threading.Event = is_running) -> int:
                ids = []
                for row in db["notes"].rows(["Id"], tuples=True):
                    ids.append(row)
                    is_running.set()
                return len(ids)

            def scan_own(own: ese.Session = own) -> int:
                with own, own.open(databases / "deep-4k.edb") as db:
                    return scan(db)

            def close(victim: object = victim, is_running: threading.Event = is_running, turn: int = turn) -> None:
                if turn % 2:
                    is_running.wait(PATIENCE)
                victim.close()  # type: ignore[attr-defined]

            outcomes = run_all(scan_shared, scan_own, close)
            assert outcomes[0] == 4000 or isinstance(outcomes[0], ese.EseError)
            assert outcomes[1] == 4000 or isinstance(outcomes[1], ese.EseError)
            assert outcomes[2] is None or isinstance(outcomes[2], ese.SessionSharingViolation)
            if closed != "instance":
                assert outcomes[1] == 4000


def test_one_iterator_in_many_threads_gives_each_row_once(databases: Path) -> None:
    with ese.open(databases / "deep-4k.edb") as db:
        lock = threading.Lock()
        rows = db["notes"].rows(["Id"], tuples=True)
        found: list[tuple[int]] = []

        def take() -> None:
            while True:
                with lock:
                    row = next(rows, None)
                if row is None:
                    return
                found.append(row)

        assert run_all(take, take, take) == [None] * 3
        assert sorted(found) == sorted(db["notes"].rows(["Id"], tuples=True))


def test_other_threads_run_while_the_engine_works(tmp_path: Path) -> None:
    """The end of the instance waits inside the engine until this thread, which needs the interpreter, lets it go on."""
    instance = ese.Instance("waiting", directory=tmp_path, recovery=False)
    session = instance.session()
    ender = threading.Thread(target=instance.close)
    with testing.fault("term"):
        ender.start()
        while True:
            try:
                session.dup().close()
            except ese.TermInProgress:
                break
            except ese.SessionSharingViolation:
                pass
        assert ender.is_alive()
    ender.join(PATIENCE)
    assert instance.closed


# A pread that, once armed, waits until somebody answers: loaded before the C library.
SLOW_FILE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>

static int question = -1, answer = -1;

void
arm(int question_fd, int answer_fd)
{
    answer = answer_fd;
    question = question_fd;
}

ssize_t
pread(int fd, void *data, size_t size, off_t offset)
{
    ssize_t (*real)(int, void *, size_t, off_t) = (ssize_t (*)(int, void *, size_t, off_t))dlsym(RTLD_NEXT, "pread");
    int asked = question;
    char byte;

    if (asked >= 0) {
        question = -1;
        if (write(asked, "?", 1) != 1 || read(answer, &byte, 1) != 1)
            return -1;
    }
    return real(fd, data, size, offset);
}

ssize_t
pread64(int fd, void *data, size_t size, off_t offset)
{
    return pread(fd, data, size, offset);
}
"""

SCAN_OF_A_SLOW_FILE = """
import ctypes, os, sys, threading
import ese

asked, ask = os.pipe()
hear, answer = os.pipe()
steps = []

def other_thread():
    os.read(asked, 1)
    steps.append("other thread")
    os.write(answer, b"!")

with ese.open(sys.argv[1]) as db:
    rows = db["notes"].rows(tuples=True)
    next(rows)
    thread = threading.Thread(target=other_thread)
    thread.start()
    ctypes.CDLL(None).arm(ask, hear)
    assert sum(1 for _ in rows) == 3999
    steps.append("end of the scan")
thread.join()
print(*steps, sep=", ")
"""


def test_other_threads_run_during_a_scan(databases: Path, tmp_path: Path) -> None:
    """A read of the file ends when another thread of the interpreter says so: with its lock held, never."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler for a slow file")
    source, library = tmp_path / "slow.c", tmp_path / "slow.so"
    source.write_text(SLOW_FILE)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    done = subprocess.run(
        [sys.executable, "-c", SCAN_OF_A_SLOW_FILE, databases / "deep-4k.edb"],
        env=os.environ | {"LD_PRELOAD": f"{os.environ.get('LD_PRELOAD', '')} {library}".strip()},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    assert done.stdout == "other thread, end of the scan\n"


def test_sessions_come_and_go_in_many_threads(tmp_path: Path) -> None:
    before = testing.live_allocations()
    with engine(tmp_path) as instance, instance.session() as first:
        sources = [first.dup() for _ in range(4)]

        def churn(source: ese.Session) -> Callable[[], int]:
            def work() -> int:
                for _ in range(300):
                    with source.dup() as other, other.transaction():
                        pass
                return 300

            return work

        assert run_all(*map(churn, sources)) == [300] * 4
    assert testing.live_allocations() == before
