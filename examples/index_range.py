#!/usr/bin/env python3
"""Walks a part of an index: only the pages of that part are read, however large the table is.

usage: index_range.py FILE [TABLE INDEX FROM [TO]]

Without more arguments, the first half of the first usable index is shown. Keys that look like numbers are numbers.
"""

import sys

import ese


def key(text: str) -> int | str:
    return int(text) if text.lstrip("-").isdigit() else text


def some_index(db: ese.Database) -> ese.TableIndex:
    """An index of the first table that has rows; the primary one first."""
    for name in db:
        indexes = sorted(db[name].indexes, key=lambda index: not index.primary)
        if indexes and len(db[name]):
            return db[name].index(indexes[0].name)
    sys.exit("no table has both an index and rows")


def main(path: str, *arguments: str) -> None:
    with ese.open(path) as db:
        if arguments:
            table, name, *ends = arguments
            index = db[table].index(name)
            lower, upper = [*map(key, ends), None][:2]
            chosen = index[lower:upper]
        else:
            index = some_index(db)
            first = index.segments[0].column
            middle = [row[first] for row in index.rows([first])][len(index) // 2]
            chosen = index[:middle]
        print(f"{len(chosen)} of {len(index)} entries of {index!r}:")
        for row in chosen:
            print(*(f"{segment.column}={row[segment.column]!r}" for segment in index.segments))


if __name__ == "__main__":
    if len(sys.argv) not in (2, 5, 6):
        sys.exit(__doc__)
    main(*sys.argv[1:])
