#!/usr/bin/env python3
"""Is a database read by other readers as it is by ours?

    interop.py ESE-COMMAND DATABASE...

Compares the rows of every user table, value by value, as `ese dump` gives them with those of esedbexport, dissect.esedb and impacket, as far as each is installed and
knows the kind of value: what a reader is known not to read is left out and listed below. One line and one test for each database and reader; the last line is "N passed, N failed".
"""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Row = dict[str, Any]
Tables = dict[str, list[Row]]
MULTI_VALUED, COMPRESSED = 0x400, 0x80000  # JET_bitColumn...


class Column:
    """A column as `ese schema --json` tells it."""

    def __init__(self, described: dict[str, Any]) -> None:
        self.name: str = described["name"]
        self.type: str = described["type"]
        self.multi: bool = described["grbit"] & MULTI_VALUED != 0
        self.compressed: bool = described["grbit"] & COMPRESSED != 0
        self.tagged: bool = described["id"] & 0xFFFF >= 256


def output(*command: str | Path) -> str:
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout


def plain(value: Any) -> Any:
    """JSON of ours as Python values: bytes, floats, text."""
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, dict) and "hex" in value:
        return bytes.fromhex(value["hex"])
    if isinstance(value, dict):
        return float.fromhex(value["double"])
    return value


class Database:
    def __init__(self, ese: Path, path: Path) -> None:
        self.path = path
        tables = [json.loads(line) for line in output(ese, "schema", "--json", path).splitlines()]
        self.columns = {table["table"]: [Column(column) for column in table["columns"]] for table in tables}
        self.rows: Tables = {name: [] for name in self.columns}
        for line in output(ese, "dump", path).splitlines():
            entry = json.loads(line)
            if "row" in entry:
                self.rows[entry["table"]].append({name: plain(value) for name, value in entry["row"].items()})


def read_dissect(database: Database) -> Tables:
    from dissect.esedb import EseDB

    with database.path.open("rb") as file:
        opened = EseDB(file)
        return {name: [record.as_dict() for record in opened.table(name).records()] for name in database.columns}


def read_impacket(database: Database) -> Tables:
    from impacket.ese import ESENT_DB

    opened = ESENT_DB(str(database.path))
    tables: Tables = {}
    for name in database.columns:
        cursor = opened.openTable(name)
        rows = tables[name] = []
        while (row := opened.getNextRow(cursor)) is not None:
            rows.append({key.decode(): value for key, value in row.items()})
    return tables


def read_esedbexport(database: Database) -> Tables:
    if not shutil.which("esedbexport"):
        raise ImportError("esedbexport")
    tables: Tables = {}
    with tempfile.TemporaryDirectory() as work:
        subprocess.run(["esedbexport", "-t", f"{work}/x", database.path], check=True, capture_output=True)
        for name in database.columns:
            (exported,) = Path(f"{work}/x.export").glob(f"{name}.*")
            header, *lines = exported.read_text().split("\n")[:-1]
            names = header.split("\t")
            tables[name] = [dict(zip(names, line.split("\t"), strict=True)) for line in lines]
    return tables


def same_for_dissect(column: Column, ours: Any, theirs: Any) -> bool:
    if column.multi and theirs is not None and not isinstance(theirs, list):
        theirs = [theirs]
    if column.type in ("Text", "LongText") and isinstance(theirs, str):
        theirs = theirs.rstrip("\0")
    if column.type == "DateTime" and isinstance(theirs, int):
        theirs = struct.unpack("<d", struct.pack("<q", theirs))[0]
    return bool(ours == theirs) or (not ours and not theirs and column.type != "Bit")


def same_for_impacket(column: Column, ours: Any, theirs: Any) -> bool:
    """It does not read separated, compressed or multi-valued columns."""
    if column.tagged:
        return True
    if isinstance(theirs, bytes) and isinstance(ours, bytes):
        return bytes.fromhex(theirs.decode()) == ours
    return bool(ours == theirs) or (ours is None and not theirs)


def same_for_esedbexport(column: Column, ours: Any, theirs: str) -> bool:
    """It gives empty text for separated compressed values, and does not print several values."""
    if column.multi or (column.compressed and theirs == ""):
        return True
    if ours is None:
        return theirs == ""
    if isinstance(ours, bytes):
        return theirs == ours.hex()
    if isinstance(ours, bool):
        return theirs == str(ours).lower()
    return theirs == str(ours)


Same = Callable[[Column, Any, Any], bool]
READERS: dict[str, tuple[Callable[[Database], Tables], Same]] = {
    "dissect.esedb": (read_dissect, same_for_dissect),
    "impacket": (read_impacket, same_for_impacket),
    "esedbexport": (read_esedbexport, same_for_esedbexport),
}


def differences(database: Database, tables: Tables, same: Same) -> Iterator[str]:
    for name, columns in database.columns.items():
        ours, theirs = database.rows[name], tables[name]
        if len(ours) != len(theirs):
            yield f"table {name}: {len(theirs)} rows instead of {len(ours)}"
        for number, (row, other) in enumerate(zip(ours, theirs, strict=False)):
            for column in columns:
                if not same(column, row.get(column.name), other.get(column.name)):
                    yield f"table {name}, row {number}, column {column.name}: {other.get(column.name)!r:.80} instead of {row.get(column.name)!r:.80}"


def compare(database: Database, reader: str) -> bool:
    read, same = READERS[reader]
    try:
        found = list(differences(database, read(database), same))
    except ImportError:
        print(f"skipped  {database.path.name}: {reader} is not installed")
        return True
    n_rows = sum(map(len, database.rows.values()))
    print(f"{'FAIL' if found else 'ok':<8} {database.path.name}: {reader}, {n_rows} rows, {len(found)} differences")
    for difference in found[:5]:
        print(f"         {difference}")
    return not found


def main(arguments: list[str]) -> int:
    if len(arguments) < 2:
        sys.exit(__doc__)
    ese, *paths = map(Path, arguments)
    results = [compare(Database(ese, path), reader) for path in paths for reader in READERS]
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
