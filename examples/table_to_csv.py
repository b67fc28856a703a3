#!/usr/bin/env python3
"""Writes a table as CSV, for a spreadsheet or a data frame.

usage: table_to_csv.py FILE [TABLE]         for example: table_to_csv.py SRUDB.dat SruDbIdMapTable

Without a name, the table with the most rows. Bytes become hexadecimal digits, several values are joined by "; ".
"""

import csv
import sys
from typing import Any

import ese


def cell(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list):
        return "; ".join(str(cell(item)) for item in value)
    return value


def main(path: str, name: str | None = None) -> None:
    with ese.open(path) as db:
        table = db[name or max(db, key=lambda each: len(db[each]))]
        out = csv.writer(sys.stdout)
        out.writerow(column.name for column in table.columns)
        for values in table.rows(tuples=True):
            out.writerow(map(cell, values))


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(*sys.argv[1:])
