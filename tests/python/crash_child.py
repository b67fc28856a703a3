#!/usr/bin/env python3
"""Writes into a database with a log until somebody kills it; test_durable.py does.

usage: crash_child.py STYLE DATABASE LOG

Transaction n adds the records 2n and 2n + 1, both with the text n. A line with n is printed when its commit has
returned.
STYLE: durable, lazy (transactions that do not wait), flush (lazy, and a line only after a flush of ten of them), open
(ends by itself within a transaction, after three others), dict (a line for each key that was set).

Pages have 4096 bytes: tests keep their files in memory where they can, and there a kill may tear larger ones.
"""

from __future__ import annotations

import itertools
import os
import sys

import ese

PAGE_SIZE = 4096


def write_dict(path: str, log: str) -> None:
    ese.open(path, "c", page_size=PAGE_SIZE, log=log).close()
    with ese.dict(path, log=log) as d:
        for n in itertools.count():
            d[n] = str(n)
            print(n, flush=True)


def main(style: str, path: str, log: str) -> None:
    if style == "dict":
        write_dict(path, log)
    with ese.open(path, "c", page_size=PAGE_SIZE, log=log, log_file_size=64 << 10) as db:
        if "t" not in db:
            db.create_table("t", {"id": "long", "text": str}, primary_key="id", indexes={"byText": "text"})
        table = db["t"]
        for n in itertools.count(len(table) // 2):
            with db.transaction(lazy=style in ("lazy", "flush")):
                table.insert(id=2 * n, text=f"{n}")
                if style == "open" and n % 4 == 3:
                    os._exit(9)
                table.insert(id=2 * n + 1, text=f"{n}")
            if style == "flush" and n % 10 == 9:
                db.session.flush()
            if style != "flush" or n % 10 == 9:
                print(n, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
