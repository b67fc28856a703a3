"""Records: inserted, changed, deleted, one by one and in batches, with values of every type."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import UUID

import ese
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

ADA = {"name": "Ada", "born": datetime(1815, 12, 10), "tags": ["poet", "engine"], "photo": b"\x89PNG"}


# ---- insert


def test_insert_gives_the_key_of_the_record(people: ese.Table) -> None:
    assert people.insert(name="Ada") == 1
    assert people.insert({"name": "Grace"}, visits=3) == 2
    assert dict(people[2]) == {"id": 2, "name": "Grace", "born": None, "visits": 3, "tags": None, "photo": None}


def test_what_is_inserted_is_read(people: ese.Table) -> None:
    key = people.insert(ADA)
    row = people[key]
    assert {name: row[name] for name in ADA} == ADA
    assert row["visits"] == 0  # the default of the column
    assert len(people) == 1


def test_insert_of_a_key_of_several_columns_gives_a_tuple(store: ese.Database) -> None:
    table = store.create_table("pairs", {"a": "long", "b": str, "c": float}, primary_key=["a", "-b"])
    assert table.insert(a=1, b="x", c=0.5) == (1, "x")
    assert table[1, "x"]["c"] == 0.5


def test_insert_without_a_primary_index_gives_a_bookmark(store: ese.Database) -> None:
    table = store.create_table("heap", {"n": int})
    bookmarks = [table.insert(n=n) for n in (3, 1, 2)]
    assert [row["n"] for row in table] == [3, 1, 2]
    table.goto(bookmarks[1])
    assert table.record["n"] == 1


def test_insert_gives_a_key_that_is_a_default(store: ese.Database) -> None:
    table = store.create_table("t", {"n": ese.Long(default=7)}, primary_key="n")
    assert table.insert() == 7
    with pytest.raises(ese.KeyDuplicate):
        table.insert()


def test_names_of_columns_in_any_spelling(people: ese.Table) -> None:
    people.insert(NAME="Ada")
    assert people[1]["name"] == "Ada"
    with pytest.raises(ese.ColumnNotFound, match="no column nickname"):
        people.insert(nickname="Countess")
    with pytest.raises(TypeError, match="is a str"):
        people.insert({3: "x"})  # type: ignore[dict-item]
    assert len(people) == 1


def test_refused_records_leave_nothing(people: ese.Table) -> None:
    people.insert(id=5, name="Ada")
    for wrong, error in [
        ({"id": 5, "name": "again"}, ese.KeyDuplicate),
        ({"born": datetime(2000, 1, 1)}, ese.NullInvalid),
        ({"name": None}, ese.NullInvalid),
        ({"name": "x" * 101}, ese.ColumnTooBig),
        ({"name": 3}, ese.InvalidParameter),
        ({"name": "x", "visits": 2**31}, ese.InvalidParameter),
        ({"name": "x", "visits": "many"}, ese.InvalidParameter),
        ({"name": "x", "visits": 1.5}, ese.InvalidParameter),
        ({"name": ["x", "y"]}, TypeError),
        ({"name": "x", "tags": ["a", None]}, TypeError),
        ({"name": "x", "photo": object()}, TypeError),
    ]:
        with pytest.raises(error):
            people.insert(wrong)  # type: ignore[arg-type]
    assert [row["id"] for row in people] == [5]
    assert [row["name"] for row in people.rows(index="byName")] == ["Ada"]


def test_errors_name_the_column(people: ese.Table) -> None:
    with pytest.raises(ese.ColumnTooBig, match="column name"):
        people.insert(name="x" * 101)
    with pytest.raises(ese.InvalidParameter, match="column visits: the number is out of the column's range"):
        people.insert(name="x", visits=2**40)


# ---- values


def all_types(store: ese.Database) -> ese.Table:
    specs = {kind.__name__: kind() for kind in (
        ese.Bit, ese.UnsignedByte, ese.Short, ese.UnsignedShort, ese.Long, ese.UnsignedLong, ese.LongLong,
        ese.UnsignedLongLong, ese.Currency, ese.Single, ese.Double, ese.DateTime, ese.Guid, ese.Binary, ese.Text,
        ese.LongBinary, ese.LongText,
    )}  # fmt: skip
    return store.create_table("all", {"n": ese.Long(autoincrement=True), **specs}, primary_key="n")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("Bit", True), ("Bit", False), ("UnsignedByte", 255), ("Short", -(2**15)), ("UnsignedShort", 2**16 - 1),
        ("Long", -(2**31)), ("UnsignedLong", 2**32 - 1), ("LongLong", -(2**63)), ("UnsignedLongLong", 2**64 - 1),
        ("Currency", 12_5000), ("Single", 0.5), ("Double", 1e300), ("DateTime", datetime(1969, 7, 20, 20, 17, 40)),
        ("Guid", UUID("6f1c1d2e-58a3-4f0e-9d53-0a5b3c7e1801")), ("Binary", b""), ("Binary", bytes(range(255))),
        ("Text", ""), ("Text", "ünïcödé 🦊"), ("LongText", "\ud800 alone"), ("LongBinary", b"x" * 100_000),
        ("LongText", "y" * 100_000),
    ],
)  # fmt: skip
def test_values_come_back_as_they_were(store: ese.Database, column: str, value: Any) -> None:
    table = all_types(store)
    key = table.insert({column: value})
    assert table[key][column] == value
    assert type(table[key][column]) is type(value)


def test_values_of_related_types(store: ese.Database) -> None:
    class Colour(IntEnum):
        RED = 3

    table = all_types(store)
    key = table.insert(
        Currency=Decimal("12.34"), Double=Decimal("1.5"), Long=Decimal(7), Short=Colour.RED, Single=2,
        Binary=bytearray(b"ab"), LongBinary=memoryview(b"cd"), Guid="{6F1C1D2E-58A3-4F0E-9D53-0A5B3C7E1801}",
        DateTime=2.5,
    )  # fmt: skip
    row = table[key]
    assert (row["Currency"], row["Double"], row["Long"], row["Short"], row["Single"]) == (123400, 1.5, 7, 3, 2.0)
    assert (row["Binary"], row["LongBinary"]) == (b"ab", b"cd")
    assert row["Guid"] == UUID("6f1c1d2e-58a3-4f0e-9d53-0a5b3c7e1801")
    assert row["DateTime"] == datetime(1900, 1, 1, 12)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("Currency", Decimal("0.00001")), ("Long", Decimal("0.5")), ("Long", Decimal("NaN")),
        ("DateTime", datetime(2000, 1, 1, tzinfo=timezone(timedelta(hours=1)))), ("Guid", "not a guid"),
        ("UnsignedByte", -1), ("UnsignedLongLong", -1), ("LongLong", 2**63), ("Bit", "true"), ("Text", b"\x00" * 300),
        ("Long", b"abc"),
    ],
)  # fmt: skip
def test_values_that_are_none_of_a_type(store: ese.Database, column: str, value: Any) -> None:
    table = all_types(store)
    with pytest.raises((ese.EseError, ValueError, OverflowError)):
        table.insert({column: value})
    assert len(table) == 0


def test_integers_beyond_64_bits_overflow(people: ese.Table) -> None:
    with pytest.raises(OverflowError):
        people.insert(name="x", visits=2**64)
    with pytest.raises(TypeError, match="column photo"):
        people.insert(name="x", photo=Fraction)


def test_none_is_null_even_where_there_is_a_default(people: ese.Table) -> None:
    key = people.insert(name="Ada", visits=None)
    assert people[key]["visits"] is None
    assert people.insert(id=None, name="Grace") == 2  # numbers are for the engine to give


def test_lists_are_many_values(people: ese.Table) -> None:
    key = people.insert(name="Ada", tags=["b", "a", "b"])
    assert people[key]["tags"] == ["b", "a", "b"]
    assert people[people.insert(name="One", tags="only")]["tags"] == ["only"]
    assert people[people.insert(name="None", tags=[])]["tags"] is None
    assert [row["name"] for row in people.index("byTag").equal("a")] == ["Ada"]


# ---- batches


def test_insert_many_of_mappings(people: ese.Table) -> None:
    assert people.insert_many({"name": f"n{i}", "visits": i} for i in range(2500)) == 2500
    assert [row["visits"] for row in people] == list(range(2500))
    assert people.insert_many([]) == 0


def test_insert_many_of_tuples(people: ese.Table) -> None:
    rows = [(f"n{i}", None if i % 2 else i) for i in range(100)]
    assert people.insert_many(rows, columns=["name", "visits"], batch=7) == 100
    assert list(people.rows(["name", "visits"], tuples=True)) == rows


def test_insert_many_copies_rows_of_another_table(store: ese.Database, people: ese.Table) -> None:
    people.insert_many([ADA, {"name": "Grace"}])
    copy = store.create_table("copy", people.columns, indexes=people.indexes)
    assert copy.insert_many(people) == 2
    assert [dict(row) for row in copy] == [dict(row) for row in people]


def test_a_batch_is_all_or_nothing_and_names_the_row(people: ese.Table) -> None:
    rows = [{"id": n, "name": "x"} for n in (1, 2, 3, 4, 2, 5)]
    with pytest.raises(ese.KeyDuplicate, match="row 5: "):
        people.insert_many(rows, batch=2)
    assert [row["id"] for row in people] == [1, 2, 3, 4]
    with pytest.raises(ese.InvalidParameter, match="row 2, column visits"):
        people.insert_many([{"name": "a"}, {"name": "b", "visits": "?"}])
    assert len(people) == 4


def test_insert_many_within_a_transaction_is_undone_with_it(store: ese.Database, people: ese.Table) -> None:
    with pytest.raises(ZeroDivisionError), store.transaction():
        people.insert_many([{"name": "a"}] * 50, batch=10)
        assert len(people) == 50
        raise ZeroDivisionError
    assert len(people) == 0


def test_insert_many_says_what_is_wrong(people: ese.Table) -> None:
    with pytest.raises(TypeError, match="not one str"):
        people.insert_many([], columns="name")
    with pytest.raises(ValueError, match="at least one row"):
        people.insert_many([], batch=0)
    with pytest.raises(ValueError, match="2 values for 1 columns"):
        people.insert_many([("a", "b")], columns=["name"])
    with pytest.raises(ese.ColumnNotFound):
        people.insert_many([], columns=["nickname"])
    with pytest.raises(TypeError):
        people.insert_many([3])


# ---- upsert


def test_upsert_adds_and_then_changes(people: ese.Table) -> None:
    assert people.upsert(id=7, name="Ada", visits=1, tags=["a", "b", "c"])
    assert not people.upsert(id=7, visits=2, tags=["z"])
    row = people[7]
    assert (row["name"], row["visits"], row["tags"]) == ("Ada", 2, ["z"])
    assert not people.upsert(id=7, visits=None, tags=[])
    assert (people[7]["visits"], people[7]["tags"]) == (None, None)


def test_upsert_needs_a_primary_key(store: ese.Database, people: ese.Table) -> None:
    with pytest.raises(ese.InvalidParameter, match="primary key"):
        people.upsert(name="Ada")
    heap = store.create_table("heap", {"n": int})
    with pytest.raises(ese.EseError, match="no primary index"):
        heap.upsert(n=3)


def test_upsert_many(people: ese.Table) -> None:
    people.insert_many([{"id": n, "name": "old"} for n in range(1, 6)])
    assert people.upsert_many([(n, "new") for n in range(3, 9)], columns=["id", "name"]) == 6
    assert [row["name"] for row in people] == ["old"] * 2 + ["new"] * 6
    assert [row["id"] for row in people.rows(index="byName")] == [3, 4, 5, 6, 7, 8, 1, 2]


# ---- update


def test_update_of_a_record_by_key(people: ese.Table) -> None:
    people.insert(ADA)
    with people.update(1) as row:
        row["visits"] += 1
        row["tags"] = ["poet"]
        del row["photo"]
        assert (row["visits"], row["name"]) == (1, "Ada")
        assert set(row) == {column.name for column in people.columns} and len(row) == 6
    assert (people[1]["visits"], people[1]["tags"], people[1]["photo"]) == (1, ["poet"], None)
    assert "engine" not in people.index("byTag")


def test_update_of_the_current_record(people: ese.Table) -> None:
    people.insert(name="Ada")
    people.insert(name="Grace")
    assert people.last()
    with people.update() as row:
        row["name"] = "Hopper"
        people.first()  # another cursor
    assert [row["name"] for row in people] == ["Ada", "Hopper"]
    people.goto(row.bookmark)
    assert people.record["name"] == "Hopper"


def test_update_ends_with_an_exception_as_if_never_begun(people: ese.Table) -> None:
    people.insert(name="Ada")
    with pytest.raises(ZeroDivisionError), people.update(1) as row:
        row["name"] = "Nobody"
        raise ZeroDivisionError
    assert people[1]["name"] == "Ada"
    with pytest.raises(ese.ColumnTooBig), people.update(1) as row:
        row["name"] = "x" * 200
    assert people[1]["name"] == "Ada"
    assert people.database.session.level == 0


def test_update_of_the_primary_key_moves_the_record(people: ese.Table) -> None:
    people.insert_many([{"name": "a"}, {"name": "b"}, {"name": "c"}])
    with pytest.raises(ese.EseError), people.update(1) as row:
        row["id"] = 9  # an autoincrement column belongs to the engine
    assert [row["name"] for row in people] == ["a", "b", "c"]


def test_update_of_what_is_not_there(people: ese.Table) -> None:
    with pytest.raises(ese.RecordNotFound), people.update(1):
        pass
    assert people.database.session.level == 0
    with pytest.raises(ese.NoCurrentRecord):
        people.update()


def test_update_outside_its_block(people: ese.Table) -> None:
    people.insert(name="Ada")
    row = people.update(1)
    with pytest.raises(ValueError, match="within a with statement"):
        row["name"] = "x"
    with row:
        pass
    with pytest.raises(ValueError, match="once"), row:
        pass


def test_new_row(people: ese.Table) -> None:
    with people.new_row() as row:
        row["name"] = "Ada"
        assert row["visits"] is None
    people.goto(row.bookmark)
    assert (people.record["name"], people.record["visits"]) == ("Ada", 0)
    with pytest.raises(ValueError, match="not written yet"), people.new_row() as row:
        print(row.bookmark)
    assert len(people) == 1


# ---- delete


def test_delete_by_key(people: ese.Table) -> None:
    people.insert_many([{"name": "a"}, {"name": "b"}, {"name": "c"}])
    del people[2]
    assert 2 not in people and 3 in people
    with pytest.raises(ese.RecordNotFound):
        del people[2]
    with pytest.raises(KeyError):
        people[2]
    assert people.get(2) is None and people.get(2, "none") == "none"
    assert [row["name"] for row in people.rows(index="byName")] == ["a", "c"]


def test_delete_of_the_current_record(people: ese.Table) -> None:
    people.insert_many([{"name": "a"}, {"name": "b"}])
    people.first()
    people.delete()
    assert [row["name"] for row in people] == ["b"]
    with pytest.raises(ese.EseError):
        people.delete()


def test_delete_of_ranges(people: ese.Table) -> None:
    people.insert_many([{"name": f"n{i:02}"} for i in range(50)])
    del people[10:20]
    assert len(people) == 40
    assert people.index("byName")["n30":"n40"].delete() == 10
    assert people.index("byName").equal("n99").delete() == 0
    assert people.index().delete() == 30
    assert list(people) == []


def test_delete_by_the_beginning_of_a_key(store: ese.Database) -> None:
    table = store.create_table("pairs", {"a": "long", "b": "long"}, primary_key=["a", "b"])
    table.insert_many([(a, b) for a in range(3) for b in range(4)], columns=["a", "b"])
    del table[1]
    assert len(table) == 8
    with pytest.raises(ese.RecordNotFound):
        del table[1]


# ---- counters, locks


def test_escrow(store: ese.Database) -> None:
    table = store.create_table("counters", {"name": str, "n": ese.Long(escrow=True, not_null=True, default=0)})
    table.insert(name="hits")
    table.first()
    assert table.escrow("n", 5) == 0
    assert table.escrow("n", -2) == 5
    assert table.record["n"] == 3
    with store.transaction():
        table.lock()


# ---- against a model


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["insert", "upsert", "delete", "update"]),
            st.integers(0, 12),
            st.text(max_size=20) | st.none(),
            st.lists(st.binary(min_size=1, max_size=8), max_size=4),
        ),
        max_size=40,
    )
)
@settings(max_examples=25, deadline=None)
def test_a_table_does_what_a_dict_does(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, str | None, list[bytes]]]
) -> None:
    model: dict[int, tuple[str | None, list[bytes] | None]] = {}
    with ese.open(tmp_path_factory.mktemp("model") / "model.edb", "w") as db:
        table = db.create_table(
            "t", {"k": "long", "s": str, "many": list[bytes]}, primary_key="k", indexes={"byMany": "many"}
        )
        for what, key, text, many in steps:
            expected = (text, many or None)
            if what == "insert" and key in model:
                with pytest.raises(ese.KeyDuplicate):
                    table.insert(k=key, s=text, many=many)
            elif what == "insert":
                assert table.insert(k=key, s=text, many=many) == key
                model[key] = expected
            elif what == "upsert":
                assert table.upsert(k=key, s=text, many=many) == (key not in model)
                model[key] = expected
            elif key not in model:
                assert key not in table
            elif what == "delete":
                del table[key]
                del model[key]
            else:
                with table.update(key) as row:
                    row["s"] = text
                model[key] = (text, model[key][1])
        assert list(table.rows(tuples=True)) == [(key, *model[key]) for key in sorted(model)]
        entries = sorted({(value, key) for key, (_, many) in model.items() for value in many or [b""]})
        found = [(row["k"]) for row in table.rows(index="byMany")]
        assert sorted(found) == sorted(key for _, key in entries)


def test_what_was_written_is_there_after_opening_again(tmp_path: Path) -> None:
    path = tmp_path / "kept.edb"
    with ese.open(path, "w", page_size=4096) as db:
        db.create_table("t", {"n": int, "s": str}, primary_key="n").insert_many(
            [(n, "x" * n) for n in range(500)], columns=["n", "s"]
        )
    with ese.open(path) as db:
        assert db.info.page_size == 4096
        assert [(row["n"], len(row["s"] or "")) for row in db["t"]] == [(n, n) for n in range(500)]
        with pytest.raises(ese.EseError):
            db["t"].insert(n=1)
    with ese.open(path, "r+") as db:
        del db["t"][:250]
    with ese.open(path, "c") as db:
        assert len(db["t"]) == 250
