"""All values of all records of a table, through a library for Python: one program for each reader, started by run.py.

    readers.py scan READER FILE TABLE ROUNDS    prints {"rounds": [[wall, processor], ...], "rows", "values", "version"}
    readers.py dump dissect.esedb FILE          writes every record of every user table as a line of JSON

Each reader is used in the fastest way that its documentation shows.
"""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Rows = Callable[[], Iterator[Any]]  # reads everything, a collection of values for each record


def open_file(path: str) -> BinaryIO:
    return Path(path).open("rb")  # left open: the reader reads on


def open_ese(path: str, table: str) -> Rows:
    import ese

    opened = ese.open(path)[table]
    return lambda: opened.rows(tuples=True)


def open_ese_mappings(path: str, table: str) -> Rows:
    import ese

    opened = ese.open(path)[table]
    return lambda: (row.values() for row in opened)


def open_dissect(path: str, table: str) -> Rows:
    from dissect.esedb import EseDB

    opened = EseDB(open_file(path)).table(table)
    return lambda: (record.as_dict().values() for record in opened.records())


def open_impacket(path: str, table: str) -> Rows:
    from impacket.ese import ESENT_DB

    database = ESENT_DB(path)

    def rows() -> Iterator[Any]:
        cursor = database.openTable(table)
        while (row := database.getNextRow(cursor)) is not None:
            yield row.values()

    return rows


READERS = {
    "ese": (open_ese, None),
    "ese-mappings": (open_ese_mappings, None),
    "dissect.esedb": (open_dissect, "dissect.esedb"),
    "impacket": (open_impacket, "impacket"),
}


def version(reader: str) -> str:
    distribution = READERS[reader][1]
    return metadata.version(distribution) if distribution else ""


def scan(reader: str, path: str, table: str, n_rounds: int) -> dict[str, Any]:
    rows = READERS[reader][0](path, table)
    rounds = []
    for _ in range(n_rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        deque(rows(), maxlen=0)
        rounds.append([time.perf_counter() - wall, time.process_time() - cpu])
    sizes = [(len(values), sum(value is None for value in values)) for values in rows()]
    n_values = sum(size - n_null for size, n_null in sizes)
    return {"rounds": rounds, "rows": len(sizes), "values": n_values, "version": version(reader)}


def dump_dissect(path: str) -> None:
    from dissect.esedb import EseDB

    for table in EseDB(open_file(path)).tables():
        if not table.name.startswith("MSys"):
            for record in table.records():
                print(json.dumps({"table": table.name, "row": record.as_dict()}, default=str))


def main(arguments: list[str]) -> None:
    match arguments:
        case ["scan", reader, path, table, rounds]:
            print(json.dumps(scan(reader, path, table, int(rounds))))
        case ["dump", "dissect.esedb", path]:
            dump_dissect(path)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
