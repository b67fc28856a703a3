"""The benchmark of stores in Python: store_python.py STORE FOLDER ROWS, started by stores.py.

Prints "name <TAB> wall <TAB> processor time <TAB> ns" per line, per operation. Keys are integers, values 100 bytes.
Each store is used in the fastest way its documentation shows.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
import struct
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

SCAN_ROWS = 1000


class Store(Protocol):
    def insert(self, rows: Iterable[tuple[int, bytes]]) -> None: ...
    def get(self, keys: Iterable[int]) -> int: ...
    def scan(self, start: int, n: int) -> int: ...
    def replace(self, rows: Iterable[tuple[int, bytes]]) -> None: ...
    def close(self) -> None: ...


class Ese:
    def __init__(self, folder: Path) -> None:
        import ese

        self.db = ese.open(folder / "data.edb", "w", page_size=4096)
        columns = {"id": ese.LongLong(), "value": ese.Binary(100, fixed=True)}
        self.table = self.db.create_table("t", columns, primary_key="id", density=100)

    def insert(self, rows: Iterable[tuple[int, bytes]]) -> None:
        self.table.insert_many(rows, columns=("id", "value"), batch=10_000)

    def get(self, keys: Iterable[int]) -> int:
        table = self.table
        with self.db.transaction(read_only=True):
            return sum(len(table[key]["value"]) for key in keys)

    def scan(self, start: int, n: int) -> int:
        rows = self.table.index().range(start).rows(tuples=True)
        return sum(len(row[1]) for row in islice(rows, n))

    def replace(self, rows: Iterable[tuple[int, bytes]]) -> None:
        self.table.upsert_many(({"id": key, "value": value} for key, value in rows), batch=10_000)

    def close(self) -> None:
        self.db.close()


class Sqlite:
    def __init__(self, folder: Path) -> None:
        self.db = sqlite3.connect(folder / "data.sqlite", isolation_level=None)
        self.db.execute("PRAGMA journal_mode=MEMORY")
        self.db.execute("PRAGMA synchronous=OFF")
        self.db.execute("PRAGMA cache_size=-524288")
        self.db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, value BLOB)")

    def insert(self, rows: Iterable[tuple[int, bytes]]) -> None:
        self.db.execute("BEGIN")
        self.db.executemany("INSERT INTO t VALUES (?, ?)", rows)
        self.db.execute("COMMIT")

    def get(self, keys: Iterable[int]) -> int:
        execute = self.db.execute
        return sum(len(execute("SELECT value FROM t WHERE id = ?", (key,)).fetchone()[0]) for key in keys)

    def scan(self, start: int, n: int) -> int:
        query = "SELECT id, value FROM t WHERE id >= ? ORDER BY id LIMIT ?"
        return sum(len(row[1]) for row in self.db.execute(query, (start, n)))

    def replace(self, rows: Iterable[tuple[int, bytes]]) -> None:
        self.db.execute("BEGIN")
        self.db.executemany("UPDATE t SET value = ?2 WHERE id = ?1", rows)
        self.db.execute("COMMIT")

    def close(self) -> None:
        self.db.close()


class Lmdb:
    def __init__(self, folder: Path) -> None:
        import lmdb

        self.env: Any = lmdb.open(str(folder), map_size=8 << 30, sync=False)

    def insert(self, rows: Iterable[tuple[int, bytes]]) -> None:
        pack = struct.Struct(">Q").pack
        with self.env.begin(write=True) as txn, txn.cursor() as cursor:
            cursor.putmulti((pack(key), value) for key, value in rows)

    def get(self, keys: Iterable[int]) -> int:
        pack = struct.Struct(">Q").pack
        with self.env.begin() as txn:
            return sum(len(txn.get(pack(key))) for key in keys)

    def scan(self, start: int, n: int) -> int:
        with self.env.begin() as txn, txn.cursor() as cursor:
            cursor.set_range(struct.pack(">Q", start))
            return sum(len(value) for _, (_, value) in zip(range(n), cursor, strict=False))

    def replace(self, rows: Iterable[tuple[int, bytes]]) -> None:
        pack = struct.Struct(">Q").pack
        with self.env.begin(write=True) as txn:
            for key, value in rows:
                txn.put(pack(key), value)

    def close(self) -> None:
        self.env.close()


STORES: dict[str, type[Store]] = {"ese": Ese, "sqlite": Sqlite, "lmdb": Lmdb}


@contextmanager
def measured(name: str, n: int) -> Iterator[None]:
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{name}\t{wall * 1e9 / n:.1f}\t{cpu * 1e9 / n:.1f}\tns")


def run(kind: type[Store], folder: Path, n: int) -> None:
    generator = random.Random(1)
    keys = [generator.getrandbits(62) for _ in range(n)]
    value = generator.randbytes(100)
    for name, inserted in (("sequential insert", range(n)), ("random insert", keys)):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        store = kind(folder)
        with measured(name, n):
            store.insert((key, value) for key in inserted)
        if inserted is keys:
            measure_reading(store, keys, generator)
        store.close()
    shutil.rmtree(folder)


def measure_reading(store: Store, keys: list[int], generator: random.Random) -> None:
    n = len(keys)
    wanted = [generator.choice(keys) for _ in range(n)]
    with measured("random point read", n):
        found = store.get(wanted)
    assert found == 100 * n
    starts = [generator.choice(keys) for _ in range(max(n // SCAN_ROWS, 1))]
    with measured("range scan, a row", len(starts) * SCAN_ROWS):
        for start in starts:
            store.scan(start, SCAN_ROWS)
    changed = wanted[: n // 5]
    with measured("80 % reads, 20 % replacements", n):
        store.replace((key, generator.randbytes(100)) for key in changed)
        store.get(wanted[n // 5 :])


def main(arguments: list[str]) -> None:
    store, folder, rows = arguments
    run(STORES[store], Path(folder), int(rows))


if __name__ == "__main__":
    main(sys.argv[1:])
