#!/usr/bin/env python3
"""A ledger that is written while the process dies: a look at it in a copy, its recovery, and the same from a report.

usage: recover.py FILE               the ledger is in FILE.ledger, which is made for the time of the program
       recover.py DATABASE LOGS      looks at a database that was not shut down, with the folder of its logs
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import ese


def look(path: Path, logs: Path) -> None:
    """What an analyst wants: nothing is written beside the evidence."""
    with ese.open(path, logs=logs) as db:
        print(db.recovery or "it was shut down cleanly")
        for name in db:
            print(f"  {name}: {len(db[name])} records")


def die(path: Path) -> None:
    """Books three entries, and dies while it books the fourth."""
    db = ese.open(path, "c", log=True)
    entries = db.create_table("entries", {"id": ese.Long(autoincrement=True), "text": str}, primary_key="id")
    for text in ("wheels", "cards", "engine"):
        entries.insert(text=text)  # on the disk when it returns
    db.session.begin()
    entries.insert(text="never booked")
    os._exit(1)


def main(path: Path) -> None:
    subprocess.run([sys.executable, __file__, "--die", path], check=False)
    logs = Path(f"{path}.log")
    try:
        ese.open(path)
    except ese.DatabaseDirtyShutdown as error:
        print(error)
    look(path, logs)

    with tempfile.TemporaryDirectory() as folder:  # the same in files that stay
        report = ese.recover(path, to=folder, logs=logs, progress=lambda phase, done, total: print(phase, done, total))
        with report.databases[0].open() as db:
            print([row["text"] for row in db["entries"]])

    with ese.open(path, "r+", log=True) as db:  # who goes on with the ledger notices nothing
        db["entries"].insert(text="after the crash")
        assert [row["text"] for row in db["entries"]] == ["wheels", "cards", "engine", "after the crash"]
    shutil.rmtree(logs)
    path.unlink()


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "--die":
        die(Path(sys.argv[2]))
    elif len(sys.argv) == 3:
        look(Path(sys.argv[1]), Path(sys.argv[2]))
    elif len(sys.argv) == 2:
        main(Path(sys.argv[1] + ".ledger"))
    else:
        sys.exit(__doc__)
