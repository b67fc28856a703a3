#!/usr/bin/env python3
"""Is a database read by other readers as it is by ours?

    interop.py ESE-COMMAND DATABASE...

Compares the rows of every user table, value by value, as `ese dump` gives them with those of esedbexport,
dissect.esedb and impacket, as far as each is installed. What a reader is known not to read, in files of the
original as in ours, is counted by reason and printed. One line and one test for each database and reader; the
last line is "N passed, N failed".
"""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Row = dict[str, Any]
Tables = dict[str, list[Row]]
MULTI_VALUED, COMPRESSED = 0x400, 0x80000  # JET_bitColumn...
DERIVED = "derived"  # the table of the workload that has a template
SAME, DIFFERENT = "", "differs"  # verdicts on a value; any other text is why the reader does not read it


class Column:
    """A column as `ese schema --json` tells it."""

    def __init__(self, described: dict[str, Any]) -> None:
        self.name: str = described["name"]
        self.type: str = described["type"]
        self.multi: bool = described["grbit"] & MULTI_VALUED != 0
        self.compressed: bool = described["grbit"] & COMPRESSED != 0
        self.tagged: bool = described["id"] & 0xFFFF >= 256
        self.fixed: bool = described["id"] & 0xFFFF < 128
        self.long: bool = described["type"] in ("LongText", "LongBinary")
        self.encoding = "utf-16-le" if described.get("cp") == 1200 else "cp1252"

    def size_of(self, value: Any) -> int:
        """In bytes, as it is stored."""
        return len(value.encode(self.encoding) if isinstance(value, str) else value)


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
        return {
            name: [record.as_dict() for record in opened.table(name).records()]
            for name in database.columns
            if name != DERIVED
        }


def rows_of_impacket(opened: Any, name: str) -> list[Row]:
    rows: list[Row] = []
    cursor = opened.openTable(name)
    while (row := opened.getNextRow(cursor)) is not None:
        rows.append({key.decode(): value for key, value in row.items()})
    return rows


def read_impacket(database: Database) -> Tables:
    """Without the tables it fails on: derived ones, and those with several kinds of tagged columns."""
    from impacket.ese import ESENT_DB

    opened = ESENT_DB(str(database.path))
    tables: Tables = {}
    for name, columns in database.columns.items():
        try:
            tables[name] = rows_of_impacket(opened, name)
        except Exception:
            if name != DERIVED and not any(column.tagged for column in columns):
                raise
    return tables


def read_esedbexport(database: Database) -> Tables:
    """It exports table after table, and stops at a derived one."""
    if not shutil.which("esedbexport"):
        raise ImportError("esedbexport")
    tables: Tables = {}
    with tempfile.TemporaryDirectory() as work:
        subprocess.run(
            ["esedbexport", "-t", f"{work}/x", database.path],
            check=DERIVED not in database.columns,
            capture_output=True,
        )
        for name in database.columns:
            exported = list(Path(f"{work}/x.export").glob(f"{name}.*"))
            if name == DERIVED or not exported:
                continue
            header, *lines = exported[0].read_text().split("\n")[:-1]
            names = header.split("\t")
            tables[name] = [dict(zip(names, line.split("\t"), strict=True)) for line in lines]
    return tables


def judge_dissect(column: Column, ours: Any, theirs: Any) -> str:
    if column.multi and theirs is not None and not isinstance(theirs, list):
        theirs = [theirs]
    if column.type in ("Text", "LongText") and isinstance(theirs, str):
        theirs = theirs.rstrip("\0")
    if column.type == "DateTime" and isinstance(theirs, int):
        theirs = struct.unpack("<d", struct.pack("<q", theirs))[0]
    if ours == theirs or (not ours and not theirs and column.type != "Bit"):
        return SAME
    if column.long and not column.multi and ours is not None and column.size_of(ours) > 2 * 4014:
        return "adds up the places of more than two chunks wrongly"
    if column.compressed and isinstance(theirs, str) and theirs.replace("\0", "") == ours:
        return "takes the unused bits behind a seven-bit chunk for a character"
    return DIFFERENT


def is_filling(theirs: Any) -> bool:
    """What stands in the place of a NULL in a fixed column."""
    text = theirs.decode() if isinstance(theirs, bytes) else str(theirs)
    return text in ("true", "True", "42", "10794", "707406378", "3038287259199220266") or set(text) <= set("2a*-{}")


def judge_impacket(column: Column, ours: Any, theirs: Any) -> str:
    if isinstance(theirs, bytes):
        theirs = bytes.fromhex(theirs.decode())
    if ours == theirs or (ours is None and not theirs):
        return SAME
    if ours is None and column.fixed and is_filling(theirs):
        return "does not look whether a fixed column is NULL"
    if column.multi:
        return "does not read several values"
    if column.tagged and column.compressed:
        return "does not read compressed values"
    if column.long and len(theirs if isinstance(theirs, bytes) else theirs.encode("latin-1", "replace")) <= 4:
        return "gives the number of a separated value"
    return DIFFERENT


def judge_esedbexport(column: Column, ours: Any, theirs: str) -> str:
    if ours is None:
        wanted = ""
    elif isinstance(ours, bytes):
        wanted = ours.hex()
    else:
        wanted = str(ours).lower() if isinstance(ours, bool) else str(ours)
    if theirs == wanted:
        return SAME
    if ours is None and column.fixed and is_filling(theirs):
        return "does not look whether a fixed column is NULL"
    if column.multi:
        return "does not print several values"
    if column.long and theirs == "":
        return "does not read separated and some compressed values"
    if column.type == "LongBinary" and len(theirs) // 2 in (4050, 8150) and wanted.startswith(theirs):
        return "reads the first chunk of a separated value only"
    start = theirs[:10].encode("utf-16-le", "replace")
    if column.compressed and column.encoding == "cp1252" and ours.encode("cp1252", "replace").startswith(start):
        return "takes compressed text of code page 1252 for that of 1200"
    if column.compressed and len(theirs) < len(ours) and not theirs.isascii():
        return "gives Xpress-compressed text as it is stored"
    return DIFFERENT


Judge = Callable[[Column, Any, Any], str]
READERS: dict[str, tuple[Callable[[Database], Tables], Judge]] = {
    "dissect.esedb": (read_dissect, judge_dissect),
    "impacket": (read_impacket, judge_impacket),
    "esedbexport": (read_esedbexport, judge_esedbexport),
}


class Comparison:
    """Of one database as we and as another reader see it."""

    def __init__(self) -> None:
        self.n_rows = 0
        self.n_same = 0
        self.unread: Counter[str] = Counter()
        self.differences: list[str] = []

    def add_row(self, columns: list[Column], place: str, row: Row, other: Row, judge: Judge) -> None:
        self.n_rows += 1
        for column in columns:
            ours, theirs = row.get(column.name), other.get(column.name)
            verdict = judge(column, ours, theirs)
            if verdict == SAME:
                self.n_same += 1
            elif verdict == DIFFERENT:
                self.differences.append(f"{place}, column {column.name}: {theirs!r:.80} instead of {ours!r:.80}")
            else:
                self.unread[verdict] += 1

    def add_table(self, name: str, columns: list[Column], ours: list[Row], theirs: list[Row], judge: Judge) -> None:
        if len(ours) != len(theirs):
            self.differences.append(f"table {name}: {len(theirs)} rows instead of {len(ours)}")
        for number, (row, other) in enumerate(zip(ours, theirs, strict=False)):
            self.add_row(columns, f"table {name}, row {number}", row, other, judge)


def unread_tables(database: Database, tables: Tables) -> Iterator[str]:
    for name, rows in database.rows.items():
        if rows and name not in tables:
            yield "a table with a template" if name == DERIVED else "a table it fails on or does not come to"


def examine(database: Database, tables: Tables, judge: Judge) -> Comparison:
    result = Comparison()
    result.unread.update(unread_tables(database, tables))
    for name, rows in tables.items():
        result.add_table(name, database.columns[name], database.rows[name], rows, judge)
    return result


def compare(database: Database, reader: str) -> bool:
    read, judge = READERS[reader]
    try:
        result = examine(database, read(database), judge)
    except ImportError:
        print(f"skipped  {database.path.name}: {reader} is not installed")
        return True
    is_good = not result.differences and (result.n_same > 0 or not any(database.rows.values()))
    print(
        f"{'ok' if is_good else 'FAIL':<8} {database.path.name}: {reader}, {result.n_rows} rows, "
        f"{result.n_same} values equal, {len(result.differences)} differ"
    )
    for reason, n in result.unread.items():
        print(f"         not compared, {n}: {reason}")
    for difference in result.differences[:5]:
        print(f"         {difference}")
    return is_good


def main(arguments: list[str]) -> int:
    if len(arguments) < 2:
        sys.exit(__doc__)
    ese, *paths = map(Path, arguments)
    results = [compare(Database(ese, path), reader) for path in paths for reader in READERS]
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
