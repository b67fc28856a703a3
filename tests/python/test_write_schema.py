"""Databases, tables, columns and indexes: created, renamed, deleted, described in every way."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import ese
import pytest


def test_modes(tmp_path: Path) -> None:
    path = tmp_path / "new.edb"
    for mode in ("r", "r+"):
        with pytest.raises(ese.FileNotFound):
            ese.open(path, cast(Any, mode))
    with ese.open(path, "c") as db:
        db.create_table("t", {"n": int})
    with ese.open(path, "c") as db:
        assert list(db) == ["t"]
    with pytest.raises(ese.DatabaseDuplicate):
        ese.open(path, "x")
    with ese.open(path, "w") as db:
        assert list(db) == []
    with pytest.raises(ValueError, match="a mode is one of"):
        ese.open(path, cast(Any, "rw"))
    with pytest.raises(ValueError, match="can only be read"):
        ese.open(path, "r+", damaged=True)
    assert [entry.name for entry in tmp_path.iterdir()] == ["new.edb"]


@pytest.mark.parametrize("page_size", [2048, 4096, 8192, 16384, 32768])
def test_page_sizes_side_by_side(tmp_path: Path, page_size: int) -> None:
    with ese.open(tmp_path / "a.edb", "w") as other, ese.open(tmp_path / "b.edb", "w", page_size=page_size) as db:
        db.create_table("t", {"n": int}).insert(n=1)
        assert db.info.page_size == page_size
        assert other.info.page_size == 8192
        with pytest.raises(ese.InvalidParameter):
            ese.open(tmp_path / "c.edb", "w", page_size=5000)


def test_databases_of_a_session(tmp_path: Path) -> None:
    with (
        ese.Instance("pages", directory=tmp_path / "work", recovery=False, page_size=16384) as instance,
        instance.session() as session,
        session.create_database(tmp_path / "one.edb") as one,
        session.open(tmp_path / "two.edb", "c") as two,
    ):
        for db in (one, two):
            db.create_table("t", {"n": int}).insert(n=1)
            assert db.info.page_size == 16384
            assert db.session is session
        with pytest.raises(ese.DatabaseDuplicate):
            session.create_database(tmp_path / "one.edb")


def test_columns_in_every_form(store: ese.Database) -> None:
    table = store.create_table(
        "forms",
        {
            "a": "long text", "b": "UnsignedByte", "c": bool, "d": int, "e": float, "f": str, "g": bytes, "h": datetime,
            "i": UUID, "j": list[int], "k": ese.Currency, "l": ese.Text(20, code_page=1252),
            "m": store["people"].column("name"),
            "n": ese.Binary(16, fixed=True),
        },
    )  # fmt: skip
    kinds = {column.name: column.type.name for column in table.columns}
    assert kinds == {
        "a": "LONG_TEXT", "b": "UNSIGNED_BYTE", "c": "BIT", "d": "LONG_LONG", "e": "DOUBLE", "f": "LONG_TEXT",
        "g": "LONG_BINARY", "h": "DATE_TIME", "i": "GUID", "j": "LONG_LONG", "k": "CURRENCY", "l": "TEXT", "m": "TEXT",
        "n": "BINARY",
    }  # fmt: skip
    assert table.column("j").multi_valued
    assert (table.column("l").code_page, table.column("l").size) == (1252, 20)
    assert table.column("m").flags & ese.ColumnFlags.NOT_NULL
    assert table.column("n").flags & ese.ColumnFlags.FIXED


def test_columns_that_are_none(store: ese.Database) -> None:
    wrong: Any
    for wrong, error in [
        ("longish", ValueError), (3, TypeError), (complex, TypeError), (list[complex], TypeError), (None, TypeError),
        (ese.Long(default="x"), ese.InvalidParameter),
    ]:  # fmt: skip
        with pytest.raises(error):
            store.create_table("t", {"n": wrong})
    assert list(store) == ["people"]


def test_defaults(store: ese.Database) -> None:
    table = store.create_table(
        "defaults",
        {
            "n": ese.Long(default=-5), "s": ese.Text(default="ä🦊"), "d": ese.DateTime(default=datetime(2000, 1, 1)),
            "b": ese.Bit(default=True), "g": ese.Guid(default=UUID(int=7)), "r": ese.Binary(default=b"\x01\x02"),
        },
    )  # fmt: skip
    table.insert()
    assert dict(next(iter(table))) == {
        "n": -5, "s": "ä🦊", "d": datetime(2000, 1, 1), "b": True, "g": UUID(int=7), "r": b"\x01\x02",
    }  # fmt: skip


def test_indexes_in_every_form(store: ese.Database) -> None:
    table = store.create_table(
        "t",
        {"a": "long", "b": ese.Text(), "c": list[str], "d": "long"},
        primary_key=ese.Key("a"),
        indexes={
            "one": "b",
            "two": ["-b", "+a"],
            "unique": ese.Key("b", "a", unique=True, ignore_any_null=True),
            "when": ese.Key("a", when=["d"], when_null="b"),
            "german": ese.Key("b", locale="de-DE", key_most=1000),
            "parts": ese.Key("c", tuples=ese.TupleLimits(2, 8, 100, 1, 0)),
        },
    )
    found = {index.name: index for index in table.indexes}
    assert found["primary"].primary
    assert found["two"].segments == (("b", True), ("a", False))
    assert found["unique"].unique and found["unique"].flags & ese.IndexFlags.IGNORE_ANY_NULL
    assert found["when"].conditions == (("d", False), ("b", True))
    assert (found["german"].locale, found["german"].key_most) == ("de-DE", 1000)
    assert found["parts"].tuple_limits == (2, 8, 100, 1, 0)
    with pytest.raises(ValueError, match="at least one column"):
        ese.Key()


def test_tables_come_and_go(store: ese.Database) -> None:
    with pytest.raises(ese.TableDuplicate):
        store.create_table("People")
    store.create_table("empty").close()
    store.rename_table("empty", "void")
    assert list(store) == ["people", "void"]
    with pytest.raises(ese.ObjectNotFound):
        store["empty"]
    del store["void"]
    with pytest.raises(ese.ObjectNotFound):
        store.delete_table("void")
    with pytest.raises(ese.InvalidName):
        store.create_table("")
    assert list(store) == ["people"]


def test_a_failed_table_leaves_nothing(store: ese.Database) -> None:
    with pytest.raises(ese.ColumnNotFound):
        store.create_table("t", {"n": int}, indexes={"i": "m"})
    assert "t" not in store
    store.create_table("t", {"n": int}, indexes={"i": "n"})


def test_columns_come_and_go(people: ese.Table) -> None:
    people.insert(name="Ada")
    people.add_column("mail", ese.Text(default="?"))
    assert people[1]["mail"] == "?"
    people.insert(name="Grace", mail="g@h")
    people.rename_column("mail", "address")
    assert [row["address"] for row in people] == ["?", "g@h"]
    people.delete_column("address")
    assert "address" not in people[1]
    with pytest.raises(ese.ColumnNotFound):
        people.insert(name="x", address="y")
    with pytest.raises(ese.ColumnInUse):
        people.delete_column("name")
    with pytest.raises(ese.ColumnDuplicate):
        people.add_column("NAME", str)


def test_indexes_come_and_go(people: ese.Table) -> None:
    people.insert_many([{"name": f"n{i % 7}", "visits": i} for i in range(300)])
    people.create_index("byVisits", ese.Key("-visits", unique=True))
    assert [row["visits"] for row in people.rows(index="byVisits")] == list(range(299, -1, -1))
    with pytest.raises(ese.KeyDuplicate):
        people.create_index("unique", ese.Key("name", unique=True))
    with pytest.raises(ese.IndexDuplicate):
        people.create_index("byVisits", "name")
    people.delete_index("byVisits")
    with pytest.raises(ese.IndexNotFound):
        people.index("byVisits")
    with pytest.raises(ese.IndexMustStay):
        people.delete_index("primary")


def test_other_tables_follow_a_change_of_the_schema(store: ese.Database, people: ese.Table) -> None:
    other = store["people"]
    assert len(other.columns) == 6
    people.add_column("more", int)
    assert len(other.columns) == 7
    other.insert(name="Ada", more=3)


def test_schema_changes_are_undone_with_their_transaction(store: ese.Database) -> None:
    with pytest.raises(ZeroDivisionError), store.transaction():
        store.create_table("t", {"n": int}).insert(n=1)
        assert "t" in store
        raise ZeroDivisionError
    assert "t" not in store


def test_templates(store: ese.Database) -> None:
    store.create_table("shape", {"n": ese.Long()}, primary_key="n", flags=ese.constants.JET_bitTableCreateTemplateTable)
    square = store.create_table("square", {"side": float}, template="shape")
    square.insert(n=1, side=2.5)
    assert dict(square[1]) == {"n": 1, "side": 2.5}


def test_resize(store: ese.Database) -> None:
    assert store.resize(2000) >= 2000
    assert store.info.size >= 2000 * 8192
