"""The content of a database as JSON lines: what a reader of the file has to find in it.

A line is {"table": T, "row": {column: value}} in primary order, NULLs left out, or {"table": T, "index": I, "order":
[bookmark in hex]}; an index of more than 2,000 entries has their count and a sum instead.  Floating-point numbers and
binary values are {"double": hexadecimal float} and {"hex": digits}; multi-valued columns are lists.
"""

import hashlib
import json
import struct
from collections.abc import Iterator
from typing import Any

from .layout import PlacedTable, StoredRow
from .schema import FLOAT_TYPES, Column, ColumnType, Table

LONGEST_ORDER = 2000


def expected_lines(tables: list[PlacedTable]) -> Iterator[str]:
    for placed in sorted(tables, key=lambda placed: placed.table.name):
        name = placed.table.name
        for row in placed.rows:
            yield json.dumps({"table": name, "row": _row(placed.table, row)}, sort_keys=True)
        for index, entries in sorted(placed.index_entries.items()):
            yield json.dumps({"table": name, "index": index, **_order([entry.data for entry in entries])})


def _row(table: Table, row: StoredRow) -> dict[str, Any]:
    found = {}
    for column in table.all_columns:
        values = [_value(column, data) for data in row.instances[column.name]]
        if values:
            found[column.name] = values if column.multi_valued else values[0]
    return found


def _value(column: Column, data: bytes) -> Any:
    value = column.decode(data)
    if column.type in FLOAT_TYPES:
        return {"double": value.hex()}
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    return str(value) if column.type is ColumnType.GUID else value


def _order(bookmarks: list[bytes]) -> dict[str, Any]:
    if len(bookmarks) <= LONGEST_ORDER:
        return {"order": [bookmark.hex() for bookmark in bookmarks]}
    total = hashlib.sha256()
    for bookmark in bookmarks:
        total.update(struct.pack("<I", len(bookmark)) + bookmark)
    return {"count": len(bookmarks), "sha256": total.hexdigest()}
