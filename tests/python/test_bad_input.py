"""Databases that lie about themselves in ways that take a builder of databases to bring about."""

from __future__ import annotations

import sys
from pathlib import Path

import ese
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from edb import Column, ColumnFlag, ColumnType, Database, Index, IndexOption, Table

ID = Column("Id", ColumnType.LONG, flags=ColumnFlag.NOT_NULL)


class Renamed:
    """A table under another name: what refers to it leads elsewhere."""

    def __init__(self, table: Table, name: str) -> None:
        self.table = table
        self.name = name

    def __getattr__(self, attribute: str) -> object:
        return getattr(self.table, attribute)


def write_loop(path: Path, names: dict[str, str]) -> None:
    """Derived tables, each with the template that `names` gives it."""
    database = Database(8192)
    template = database.table("template", [ID], [Index("ById", ["+Id"], IndexOption.PRIMARY)], is_template=True)
    for name in names:
        table = database.table(name, [Column("Own", ColumnType.LONG)], rows=[{"Id": 1, "Own": 2}], template=template)
        object.__setattr__(table, "template", Renamed(template, names[name]))
    path.write_bytes(database.build())


@pytest.mark.parametrize("names", [{"first": "first"}, {"first": "second", "second": "first"}])
def test_templates_in_a_circle_are_an_error(tmp_path: Path, names: dict[str, str]) -> None:
    path = tmp_path / "loop.edb"
    write_loop(path, names)
    with ese.open(path) as db, pytest.raises(ese.CorruptionError) as caught:
        list(db["first"])
    assert "loop.edb" in str(caught.value)
    with ese.open(path, damaged=True) as db:
        with pytest.raises(ese.CorruptionError):
            list(db["first"])
        assert list(db["template"]) == []
        assert db.problems
