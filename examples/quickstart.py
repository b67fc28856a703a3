#!/usr/bin/env python3
"""Shows what is in a database: its tables and the first rows of each.

usage: quickstart.py FILE
"""

import itertools
import reprlib
import sys

import ese

brief = reprlib.Repr()
brief.maxstring = brief.maxother = 48  # of a long text or picture the beginning and the end will do


def main(path: str) -> None:
    with ese.open(path) as db:
        info = db.info
        print(f"{path}: {info.size:,} bytes, pages of {info.page_size}, {info.state.name.lower().replace('_', ' ')}")
        for title in db:
            table = db[title]
            print(f"\n{title}: {len(table)} rows")
            for row in itertools.islice(table, 3):
                print("  ", *(f"{name}={brief.repr(value)}" for name, value in row.items() if value is not None))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
