"""What a user tries who has not read the documentation: everything has an answer, an error or a name."""

from __future__ import annotations

import copy
import os
import pickle
import pydoc
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import ese
import pytest


def test_objects_say_what_they_are(types: ese.Database) -> None:
    index = types["notes"].index("ByName")
    assert repr(types).endswith("types-4k.edb'>")
    assert repr(types["notes"]) == "<ese.Table 'notes'>"
    assert repr(index) == "<ese.TableIndex notes.ByName>"
    assert repr(index["a":"m"]) == "<ese.IndexRange notes.ByName ['a':'m']>"
    assert repr(index[:"ö"]) == "<ese.IndexRange notes.ByName [:'ö']>"
    assert repr(types["notes"].index("ByGroupDown").equal((1, "x"))) == (
        "<ese.IndexRange notes.ByGroupDown [1, 'x':1, 'x']>"
    )
    assert repr(next(types["notes"].rows(["Id"]))) == "<Row Id=-57>"


def test_a_closed_object_says_so(databases: Path) -> None:
    with ese.open(databases / "small-4k.edb") as db:
        pass
    assert repr(db).endswith("(closed)>")


def test_names_of_tables_and_columns_are_str(types: ese.Database) -> None:
    name: Any
    for name in (b"notes", 3, None):
        with pytest.raises(TypeError, match="the name of a table is a str"):
            types[name]
    with pytest.raises(TypeError, match="a list of names"):
        types["notes"].rows("Id")
    with pytest.raises(ValueError, match="null character"):
        types["no\0tes"]


def test_keys_that_are_none(types: ese.Database) -> None:
    index = types["notes"].index()
    with pytest.raises(ValueError, match="at least one value"):
        index[()]
    with pytest.raises(ValueError, match="at least one value"):
        index.range((), ())
    with pytest.raises(ValueError, match="at most 16"):
        index[tuple(range(17))]
    with pytest.raises(OverflowError):
        index[2**64]
    assert None not in index
    assert index.get(None) is None


def test_seek_takes_a_key_or_columns(types: ese.Database) -> None:
    table = types["notes"]
    with pytest.raises(TypeError):
        table.seek()
    with pytest.raises(TypeError):
        table.seek(1, Name="x")
    with pytest.raises(TypeError):
        table.seek(index="ByName", Name="x")


def test_moves_do_not_mean_more_than_they_say(types: ese.Database) -> None:
    """JetMove takes its smallest and its largest number for the first and the last record."""
    table = types["notes"]
    assert not table.move(2**31 - 2)
    for rows in (2**31 - 1, -(2**31), 2**40):
        with pytest.raises(OverflowError):
            table.move(rows)


def test_columns_twice_or_not_at_all(types: ese.Database) -> None:
    table = types["notes"]
    assert next(table.rows(["Id", "Id"], tuples=True)) == (-57, -57)
    assert next(table.rows([], tuples=True)) == ()
    assert sum(1 for _ in table.rows([])) == len(table)


def test_what_stands_for_the_engine_is_neither_copied_nor_pickled(types: ese.Database) -> None:
    for attempt in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="cannot be copied or pickled"):
            attempt(types)


def test_rows_can_be_copied_pickled_and_compared(types: ese.Database) -> None:
    row = next(iter(types["types"]))
    assert pickle.loads(pickle.dumps(row)) == row == copy.deepcopy(row) == dict(row)


def test_paths_of_any_bytes(databases: Path, tmp_path: Path) -> None:
    for name in ("dätä 🦊.edb", os.fsdecode(b"\xff\xfe.edb")):
        path = tmp_path / name
        shutil.copy(databases / "small-4k.edb", path)
        for same in (path, str(path), os.fsencode(path)):
            with ese.open(same) as db:
                assert db.path == str(path)
                assert "notes" in db
    with pytest.raises(ese.FileNotFound, match=r"\\xff2\.edb"):
        ese.open(os.fsencode(tmp_path) + b"/\xff2.edb")
    with pytest.raises(ese.FileNotFound, match="ü🦊"):
        ese.open(tmp_path / "ü🦊.edb")


def test_what_is_loaded_late_is_found_all_the_same() -> None:
    program = """
import ese
assert {"Column", "constants", "testing", "open"} <= set(dir(ese))
assert ese.constants.JET_coltypLong == 4
assert "JET_coltypLong" in dir(ese.constants)
assert ese.testing.live_allocations() == 0
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_help_describes_every_public_name() -> None:
    text = pydoc.plain(pydoc.render_doc(ese))
    assert "class Database" in text and "class Column(" in text and "class RecordNotFound" in text
    for name in ese.__all__:
        assert getattr(ese, name).__doc__, name


def test_every_public_method_says_what_it_does() -> None:
    for kind in (ese.Database, ese.Table, ese.TableIndex, ese.IndexRange, ese.Instance, ese.Session, ese.Transaction):
        for name, member in vars(kind).items():
            if not name.startswith("_") and (callable(member) or isinstance(member, property)):
                assert member.__doc__, f"{kind.__name__}.{name}"
