#!/usr/bin/env python3
"""Do databases of the original stay what they are when we change them?

    change_corpus.py ESE-COMMAND FOLDER      FOLDER has the databases as *.gz, golden/clean-*/data.edb.gz among them

In a copy of each database that was shut down cleanly, one row is inserted, one changed and one deleted, and a table and
an index are created. The dump must then differ in exactly that; `ese check` must tell what it told before; and what
other readers read must have changed in the same way. The last line is "N passed, N failed".
"""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ese
import interop

NEW_TABLE, NEW_INDEX = "zz new table", "zz new index"
NEW_VALUES: dict[str, Any] = {
    "Bit": True,
    "UnsignedByte": 251,
    "Short": 32111,
    "UnsignedShort": 65111,
    "Long": 2147480001,
    "UnsignedLong": 4294960001,
    "LongLong": 9007199254740001,
    "UnsignedLongLong": 9007199254740001,
    "Currency": 9007199254740001,
    "Single": 3.0e30,
    "Double": 3.0e300,
    "DateTime": 73000.5,
    "GUID": "fffffff0-1234-5678-9abc-def012345678",
    "Binary": b"\xff\xfe-new",
    "LongBinary": b"\xff\xfe-new",
    "Text": "zz-new",
    "LongText": "zz-new",
}
AUTOINCREMENT, VERSION, NOT_NULL = 0x10, 0x08, 0x04
COUNTED_OR_MULTI = 0xC18
UNIQUE, PRIMARY = 0x1, 0x2
TOO_LARGE = 8 << 20  # the other readers need minutes for it
Lines = Counter[str]


def dump(command: Path, path: Path) -> Lines:
    return Counter(line for line in interop.output(command, "dump", path).splitlines() if '"row"' in line)


def check(command: Path, path: Path) -> str:
    """What the check finds, without the numbers that a change must change."""
    done = subprocess.run([command, "check", path], capture_output=True, text=True, check=False)
    return done.stdout.rsplit(": ", 1)[-1].split(",", maxsplit=1)[0].strip()


# ---- the changes


def columns_to_set(schema: dict[str, Any]) -> set[str]:
    """Those that a new row must have: without NULL, or in a unique key."""
    wanted = {column["name"] for column in schema["columns"] if column["grbit"] & NOT_NULL}
    for index in schema["indexes"]:
        if index["grbit"] & (UNIQUE | PRIMARY):
            wanted |= {name.lstrip("+-") for name in index["key"]}
    return wanted - {column["name"] for column in schema["columns"] if column["grbit"] & (AUTOINCREMENT | VERSION)}


def column_to_change(schema: dict[str, Any]) -> dict[str, Any] | None:
    """One that is in no key and neither counted by the engine nor multi-valued."""
    keys = {name.lstrip("+-") for index in schema["indexes"] for name in index["key"]}
    for column in schema["columns"]:
        is_plain = column["type"] in NEW_VALUES and column["type"] != "Bit" and not column["grbit"] & COUNTED_OR_MULTI
        if column["name"] not in keys and is_plain:
            return dict(column)
    return None


def change_rows(table: ese.Table, schema: dict[str, Any]) -> None:
    """Changes the first row, deletes the last if that is another one, and inserts one."""
    types = {column["name"]: column["type"] for column in schema["columns"]}
    column = column_to_change(schema)
    table.first()
    if column is not None:
        with table.update() as row:
            row[column["name"]] = NEW_VALUES[column["type"]]
    if len(table) > 1:
        table.last()
        table.delete()
    table.insert({name: NEW_VALUES[types[name]] for name in columns_to_set(schema)})


def change(path: Path, schema: dict[str, Any]) -> None:
    with ese.open(path, "r+") as database:
        table = database[schema["table"]]
        change_rows(table, schema)
        column = column_to_change(schema) or schema["columns"][0]
        table.create_index(NEW_INDEX, [column["name"]])
        database.create_table(NEW_TABLE, {"id": "long", "text": str}, primary_key="id").insert(id=7, text="new")


# ---- what must differ


def unexpected(schema: dict[str, Any], n_rows: int, before: Lines, after: Lines) -> Iterator[str]:
    has_changed = column_to_change(schema) is not None
    added, gone = list((after - before).elements()), list((before - after).elements())
    rows = [json.loads(line) for line in added]
    if f'{{"table":"{NEW_TABLE}","row":{{"id":7,"text":"new"}}}}' not in added:
        yield "the new table is not as it must be"
    if len(added) != 2 + has_changed or len(gone) != (n_rows > 1) + has_changed:
        yield f"{len(added)} rows came and {len(gone)} went"
    if any(row["table"] not in (NEW_TABLE, schema["table"]) for row in rows):
        yield "another table has changed"
    column = column_to_change(schema)
    if column is None:
        return
    ignored = {one["name"] for one in schema["columns"] if one["grbit"] & VERSION} | {column["name"]}
    kept = [{name: value for name, value in row["row"].items() if name not in ignored} for row in rows]
    for line in gone:
        if {name: value for name, value in json.loads(line)["row"].items() if name not in ignored} in kept:
            return
    yield "no row differs in the changed column alone"


def read_all(command: Path, path: Path) -> dict[str, interop.Comparison | None]:
    """What each reader makes of the database; None: nothing."""
    database = interop.Database(command, path)
    results: dict[str, interop.Comparison | None] = {}
    if path.stat().st_size > TOO_LARGE:
        return results
    for name, (read, judge) in interop.READERS.items():
        try:
            results[name] = interop.examine(database, read(database), judge)
        except Exception:
            results[name] = None
    return results


def odd_columns(comparison: interop.Comparison) -> set[str]:
    return {difference.split(":")[0].split("column ")[-1] for difference in comparison.differences}


def judge_readers(
    n_rows: int, before: dict[str, interop.Comparison | None], after: dict[str, interop.Comparison | None]
) -> Iterator[str]:
    for name, old in before.items():
        new = after[name]
        if old is None:
            continue  # it did not read the original either
        if new is None:
            yield f"{name} cannot read it any more"
        elif new.n_rows != old.n_rows + 1 + (n_rows <= 1):
            yield f"{name}: {new.n_rows} rows after {old.n_rows}"
        elif odd_columns(new) - odd_columns(old):
            yield f"{name}: differences in {sorted(odd_columns(new) - odd_columns(old))}: {new.differences[:2]}"


def try_database(command: Path, path: Path) -> list[str]:
    schemas = [json.loads(line) for line in interop.output(command, "schema", "--json", path).splitlines()]
    before, found, readers = dump(command, path), check(command, path), read_all(command, path)
    n_rows = Counter(json.loads(line)["table"] for line in before.elements())
    schema = max(schemas, key=lambda one: (n_rows[one["table"]] > 1, len(one["columns"])))
    change(path, schema)
    problems = list(unexpected(schema, n_rows[schema["table"]], before, dump(command, path)))
    if check(command, path) != found:
        problems.append(f"ese check: {check(command, path)}, before {found}")
    problems += judge_readers(n_rows[schema["table"]], readers, read_all(command, path))
    known = [name for name, result in readers.items() if result is not None]
    who = ", ".join(known) or "no other reader"
    print(f"         {path.name}: table {schema['table']}, {sum(before.values())} rows, read by {who}")
    return problems


def databases(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.glob("*.gz")):
        if ".expected." not in path.name:
            yield path.name.removesuffix(".gz"), path
    for path in sorted(folder.glob("golden/clean-*/data.edb.gz")):
        yield path.parent.name, path


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        sys.exit(__doc__)
    command, folder = map(Path, arguments)
    passed = failed = 0
    with tempfile.TemporaryDirectory() as work:
        for name, source in databases(folder):
            path = Path(work) / name
            with gzip.open(source) as packed, path.open("wb") as to:
                shutil.copyfileobj(packed, to)
            if "clean shutdown" not in interop.output(command, "info", path):
                print(f"skipped  {name}: it was not shut down cleanly")
                continue
            try:
                problems = try_database(command, path)
            except ese.SecondaryIndexCorrupted as error:
                print(f"skipped  {name}: refused, {error}")
                continue
            except (ese.EseError, subprocess.CalledProcessError) as error:
                problems = [f"{type(error).__name__}: {error}"]
            print(f"{'FAIL' if problems else 'ok':<8} {name}")
            for problem in problems:
                print(f"         {problem}")
            passed, failed = passed + (not problems), failed + bool(problems)
            path.unlink()
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
