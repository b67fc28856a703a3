#!/usr/bin/env python3
"""Prints the content of a database as JSON lines, through the Python module.

usage: dump.py [--all-tables] [--damaged] [--logs FOLDER] FILE

One line for each record, in primary order, then one for each secondary index; tests/support/edb/expected.py describes
them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import struct
import sys
from collections.abc import Iterator
from typing import Any

import ese

LONGEST_ORDER = 2000


def plain(value: Any) -> Any:
    """A value as JSON knows it."""
    if isinstance(value, float):
        return {"double": value.hex()}
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, str):
        return value.removesuffix("\0")  # the end that some applications store
    return value if isinstance(value, bool | int) else str(value)


def stored_double(value: Any) -> Any:
    """A DateTime as the number that is stored."""
    if isinstance(value, list):
        return [stored_double(item) for item in value]
    return {"double": struct.unpack("<d", value)[0].hex()}


def row_lines(table: ese.Table) -> Iterator[dict[str, Any]]:
    dates = [column.name for column in table.columns if column.type is ese.ColumnType.DATE_TIME]
    for row, stored in zip(table.rows(), table.rows(dates, raw=True), strict=True):
        shown = {name: plain(value) for name, value in row.items() if value is not None and name not in stored}
        shown |= {name: stored_double(value) for name, value in stored.items() if value is not None}
        yield {"table": table.name, "row": shown}


def index_lines(table: ese.Table) -> Iterator[dict[str, Any]]:
    for index in table.indexes:
        if index.primary:
            continue
        order = list(table.index(index.name).bookmarks())
        line: dict[str, Any] = {"table": table.name, "index": index.name}
        if len(order) <= LONGEST_ORDER:
            line["order"] = [bookmark.hex() for bookmark in order]
        else:
            framed = b"".join(len(bookmark).to_bytes(4, "little") + bookmark for bookmark in order)
            line |= {"count": len(order), "sha256": hashlib.sha256(framed).hexdigest()}
        yield line


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all-tables", action="store_true", help="the system tables, too")
    parser.add_argument("--damaged", action="store_true", help="read a dirty or damaged file")
    parser.add_argument("--logs", help="recover it with these logs")
    parser.add_argument("file")
    options = parser.parse_args()
    with ese.open(options.file, damaged=options.damaged, logs=options.logs) as db:
        names = sorted(db.tables + (db.system_tables if options.all_tables else ()))
        for table in map(db.__getitem__, names):
            for line in row_lines(table):
                print(json.dumps(line))
            for line in index_lines(table):
                print(json.dumps(line))
    return 0


if __name__ == "__main__":
    sys.exit(main())
