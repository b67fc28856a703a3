#!/usr/bin/env python3
"""Reads the tables of a database in parallel: every thread has a session of its own, a duplicate of the first.

usage: sessions.py FILE
"""

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import ese


def main(path: str) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        ese.Instance("sessions", directory=folder, recovery=False) as instance,
        instance.session() as session,
        session.open(path) as db,
        ThreadPoolExecutor(4) as pool,
    ):

        def count(duplicate: ese.Session, name: str) -> int:
            with duplicate, duplicate.open(path) as own, duplicate.transaction(read_only=True):
                return sum(1 for _ in own[name])

        # A session belongs to one thread at a time, so the first one makes the duplicates here.
        counts = [(name, pool.submit(count, session.dup(), name)) for name in list(db)[:8]]
        for name, rows in counts:
            print(f"{name}: {rows.result()} rows")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
