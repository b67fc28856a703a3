"""Databases, tables, rows, indexes and ranges, on the databases of tests/support/edb/fixtures.py."""

from __future__ import annotations

import json
import math
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import dump
import ese
import pytest
from ese.table import ole_date

FIXTURES = """small-4k types-2k types-4k types-8k types-16k types-32k deep-4k templates-8k longvalues-32k lid64-8k
oldsum-4k win7-4k win10-4k""".split()


@pytest.mark.parametrize("name", FIXTURES)
def test_every_record_and_index_entry_is_as_built(databases: Path, name: str) -> None:
    expected = [json.loads(line) for line in (databases / f"{name}.expected.jsonl").read_text().splitlines()]
    with ese.open(databases / f"{name}.edb") as db:
        found: list[Any] = []
        for table in map(db.__getitem__, sorted(db)):
            found += dump.row_lines(table)
            found += dump.index_lines(table)
    assert found == expected


@pytest.mark.parametrize("name", ["types-4k", "deep-4k", "templates-8k"])
def test_every_index_walks_both_ways(databases: Path, name: str) -> None:
    with ese.open(databases / f"{name}.edb") as db:
        for table in map(db.__getitem__, db):
            for index in table.indexes:
                forward = list(table.index(index.name).bookmarks())
                assert list(table.index(index.name).bookmarks(reverse=True)) == forward[::-1]
                assert len(table.index(index.name)) == len(forward)


# ---- databases


def test_database_is_a_mapping_of_user_tables(types: ese.Database) -> None:
    assert types.tables == ("empty", "heap", "localized", "notes", "nothing", "types", "types-common")
    assert list(types) == list(types.tables)
    assert len(types) == 7
    assert "notes" in types
    assert "NOTES" in types
    assert "nobody" not in types
    assert "MSysObjects" in types
    assert "MSysObjects" in types.system_tables


def test_missing_table(types: ese.Database) -> None:
    with pytest.raises(ese.ObjectNotFound) as caught:
        types["nobody"]
    assert isinstance(caught.value, KeyError)


def test_info_tells_what_the_header_says(databases: Path) -> None:
    with ese.open(databases / "types-8k.edb") as db:
        info = db.info
    assert info.page_size == 8192
    assert info.size == (databases / "types-8k.edb").stat().st_size
    assert info.state is ese.DatabaseState.CLEAN_SHUTDOWN
    assert info.version == 0x620


def test_the_file_is_neither_changed_nor_accompanied(databases: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.edb"
    copy.write_bytes((databases / "types-4k.edb").read_bytes())
    copy.chmod(0o444)
    with ese.open(copy) as db:
        for table in map(db.__getitem__, db):
            list(table)
    assert list(tmp_path.iterdir()) == [copy]
    assert copy.read_bytes() == (databases / "types-4k.edb").read_bytes()


def test_any_path_will_do(databases: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(databases)
    for path in ("small-4k.edb", b"small-4k.edb", Path("small-4k.edb")):
        with ese.open(path) as db:
            assert len(db) == 3
    with pytest.raises(ValueError, match="null"):
        ese.open("a\0b")


def test_files_of_different_page_sizes_are_open_together(databases: Path) -> None:
    with ese.open(databases / "types-2k.edb") as small, ese.open(databases / "types-32k.edb") as large:
        assert list(small["types"]) == list(large["types"])


def test_one_file_opened_twice(databases: Path) -> None:
    with ese.open(databases / "types-4k.edb") as one, ese.open(databases / "types-4k.edb") as other:
        assert len(one["notes"]) == len(other["notes"]) == 60


# ---- columns and indexes


def test_columns_are_values(types: ese.Database) -> None:
    column = types["types"].column("DefaultText")
    assert column.type is ese.ColumnType.TEXT
    assert (column.code_page, column.size, column.default) == (1252, 60, b"as ever")
    assert not column.multi_valued
    assert types["types"].column("ManyLongs").multi_valued
    assert types["types"].column("Id").flags & ese.ColumnFlags.AUTOINCREMENT
    with pytest.raises(ese.ColumnNotFound):
        types["types"].column("nobody")


def test_indexes_are_values(types: ese.Database) -> None:
    indexes = {index.name: index for index in types["notes"].indexes}
    assert indexes["ById"].primary and indexes["ById"].unique
    assert indexes["ByName"].unique and not indexes["ByName"].primary
    assert indexes["ByGroupDown"].segments == (ese.Segment("Group", True), ese.Segment("Name", False))
    assert indexes["ByGroupIfDone"].conditional
    assert indexes["ByGroupIfDone"].conditions == (ese.Condition("Done", False),)
    assert indexes["ByGroupIfOpen"].conditions == (ese.Condition("Done", True),)
    limits = indexes["ByPiece"].tuple_limits
    assert limits is not None
    assert (limits.length_min, limits.length_max, limits.to_index_max) == (2, 4, 4)
    assert indexes["ByShortKey"].key_most == 8
    assert indexes["ByName"].tuple_limits is None


# ---- rows


def test_rows_are_mappings(types: ese.Database) -> None:
    row = next(iter(types["types"]))
    assert row["Id"] == 1
    assert row.get("nobody") is None
    with pytest.raises(KeyError):
        row["nobody"]
    assert list(row)[:3] == ["Id", "Bit", "UnsignedByte"]
    assert "Bit" in row
    assert len(row) == len(types["types"].columns) == len(row.as_tuple())


def test_values_have_the_types_of_the_table_in_the_documentation(types: ese.Database) -> None:
    row = next(iter(types["types"]))
    assert row["Bit"] is True
    assert row["Currency"] == -1_337_133_713_371_337
    assert row["Single"] == -1.5
    assert row["DateTime"] == datetime(2001, 2, 4, 4, 30)
    assert row["Guid"] == UUID("00000001-1234-5678-9abc-0123456789ab")
    assert row["Binary"] == bytes(range(1, 21))
    assert row["Unicode"] == "Ünïcødé 1 🦊"
    assert row["ManyLongs"] == [1, -1, 2**31 - 1]
    assert row["ManyBits"] == [False, True]
    assert row["UnsignedLongLong"] is None


def test_extreme_values(types: ese.Database) -> None:
    rows = {row["Id"]: row for row in types["types"]}
    low, high, empty = rows[13], rows[14], rows[15]
    assert (low["Currency"], high["Currency"]) == (-(2**63), 2**63 - 1)
    assert high["UnsignedLongLong"] == 2**64 - 1
    assert (low["Double"], high["Double"]) == (5e-324, math.inf)
    assert low["DateTime"] == datetime(1899, 12, 30)
    assert empty["Text"] == "" and empty["Binary"] == b"" and empty["Bit"] is None
    assert empty["ManyTexts"] == ["x", ""]


def test_a_date_that_is_none_stays_a_number(types: ese.Database) -> None:
    (value,) = [row["DateTime"] for row in types["types"] if row["Id"] == 14]
    assert value == -1.7976931348623157e308


def test_tuples_columns_raw_and_reverse(types: ese.Database) -> None:
    table = types["types"]
    assert next(table.rows(["Long", "Text"], tuples=True)) == (-1000001, "Text of row 1")
    assert next(table.rows(["text"])) == {"Text": "Text of row 1"}
    stored = (-1000001).to_bytes(4, "little", signed=True)
    assert next(table.rows(["Long", "Text"], tuples=True, raw=True)) == (stored, b"Text of row 1")
    assert list(table.rows(reverse=True)) == list(table)[::-1] == list(reversed(table))
    with pytest.raises(ese.ColumnNotFound):
        table.rows(["nobody"])


def test_tables_without_rows_or_columns_or_indexes(types: ese.Database) -> None:
    assert list(types["empty"]) == []
    assert len(types["empty"]) == 0
    assert [row.as_tuple() for row in types["nothing"]] == [(), ()]
    assert [row["Number"] for row in types["heap"]] == [-n for n in range(30)]
    assert len(types["heap"]) == 30


# ---- ranges


def names(rows: Any) -> list[str]:
    return [row["Name"] for row in rows]


def test_slices_include_the_lower_and_exclude_the_upper_end(types: ese.Database) -> None:
    index = types["notes"].index("ByName")
    every = names(index)
    assert every == sorted(every)
    assert names(index["c":"m"]) == [name for name in every if "c" <= name < "m"]
    assert names(index["c":]) == [name for name in every if name >= "c"]
    assert names(index[:"m"]) == [name for name in every if name < "m"]
    assert names(index[:]) == every
    assert names(index["x":"y"]) == []
    assert names(index["m":"c"]) == []
    assert names(reversed(index["c":"m"])) == names(index["c":"m"])[::-1]
    assert len(index["c":"m"]) == len(names(index["c":"m"]))
    with pytest.raises(ValueError, match="step"):
        index["a":"b":2]


def test_range_ends_may_be_included_or_not(types: ese.Database) -> None:
    index = types["notes"].index()
    ids = [row["Id"] for row in index]
    low, high = ids[5], ids[20]
    for lower, first in ((True, 5), (False, 6)):
        for upper, last in ((True, 21), (False, 20)):
            chosen = index.range(low, high, include_lower=lower, include_upper=upper)
            assert [row["Id"] for row in chosen] == ids[first:last]
            assert [row["Id"] for row in reversed(chosen)] == ids[first:last][::-1]


def test_a_key_finds_its_record(types: ese.Database) -> None:
    table = types["notes"]
    by_name = table.index("ByName")
    for row in table:
        assert table.index()[row["Id"]] == row
        assert row["Id"] in table.index()
        if row["Name"] is not None:
            assert by_name[row["Name"]] == row
    with pytest.raises(ese.RecordNotFound) as caught:
        by_name["nobody"]
    assert isinstance(caught.value, KeyError)
    assert by_name.get("nobody") is None
    assert "nobody" not in by_name


def test_keys_of_several_columns(types: ese.Database) -> None:
    table = types["notes"]
    index = table.index("ByGroupDown")
    rows = [row for row in table if row["Group"] == 1]
    assert sorted(names(index.equal(1)), key=str) == sorted(names(rows), key=str)
    some = next(row for row in rows if row["Name"])
    assert index[1, some["Name"]] == some
    assert len(index.equal((1, some["Name"]))) == 1
    with pytest.raises(ese.InvalidParameter):
        index[1, "two", "three"]


def test_null_and_guid_and_date_keys(types: ese.Database) -> None:
    table = types["notes"]
    nulls = [row["Id"] for row in table if row["Group"] is None]
    assert sorted(row["Id"] for row in table.index("ByGroupDown").equal((None,))) == nulls
    row = next(iter(table))
    assert table.index("ByGuid")[row["Key"]] == row
    done = next(row for row in table if row["Done"])
    assert done["Id"] in [row["Id"] for row in table.index("NullsHigh").equal(done["Done"])]


def test_prefix_of_a_text(types: ese.Database) -> None:
    index = types["notes"].index("ByName")
    assert names(index.prefix("la")) == [name for name in names(index) if name.startswith("la")]
    assert names(index.prefix("la")) != []


def test_unicode_index(types: ese.Database) -> None:
    index = types["localized"].index("ByName")
    assert [row["Name"] for row in index["a":"b"]] == ["apple", "APRICOT"]
    assert index["ZEBRA"]["Name"] == "Zebra"


def test_keys_of_the_wrong_type(types: ese.Database) -> None:
    with pytest.raises(ese.InvalidParameter):
        types["notes"].index()["text"]
    with pytest.raises(ese.InvalidParameter):
        types["notes"].index()[2**31]
    with pytest.raises(TypeError):
        types["notes"].index()[object()]


def test_missing_index(types: ese.Database) -> None:
    with pytest.raises(ese.IndexNotFound):
        types["notes"].index("nobody")


# ---- one record at a time


def test_seek_says_where_it_ended(types: ese.Database) -> None:
    table = types["notes"]
    ids = [row["Id"] for row in table]
    assert table.seek(ids[3]) is ese.SeekResult.EXACT
    assert table.record["Id"] == ids[3]
    assert table.seek(ids[3] + 1) is ese.SeekResult.NOT_FOUND
    assert not table.seek(ids[3] + 1)
    assert table.seek(ids[3] + 1, relation=">=") is ese.SeekResult.GREATER
    assert table.record["Id"] == ids[4]
    assert table.seek(ids[3] + 1, relation="<=") is ese.SeekResult.LESS
    assert table.record["Id"] == ids[3]
    assert table.seek(ids[-1], relation=">") is ese.SeekResult.NOT_FOUND
    assert table.seek(ids[0], relation=">")
    assert table.record["Id"] == ids[1]
    with pytest.raises(ValueError, match="relation"):
        table.seek(1, relation="=")


def test_seek_by_column_names(types: ese.Database) -> None:
    table = types["notes"]
    row = next(row for row in table if row["Name"] and row["Group"] is not None)
    assert table.seek(Name=row["Name"])
    assert table.record == row
    assert table.seek(Name=row["Name"], Group=row["Group"])
    assert table.record == row
    with pytest.raises(ese.IndexNotFound):
        table.seek(Marks=1)


def test_moves_and_bookmarks(types: ese.Database) -> None:
    table = types["notes"]
    ids = [row["Id"] for row in table]
    assert table.first() and table.record["Id"] == ids[0]
    assert table.move(10) and table.record["Id"] == ids[10]
    bookmark = table.bookmark
    assert table.last() and table.record["Id"] == ids[-1]
    assert not table.move(1)
    with pytest.raises(ese.NoCurrentRecord):
        table.record  # noqa: B018 - the access is the test
    table.goto(bookmark)
    assert table.record["Id"] == ids[10]


def test_sessions_share_an_attached_file(databases: Path, session: ese.Session) -> None:
    path = databases / "types-4k.edb"
    with session.open(path) as one, session.dup() as other, other.open(path) as two:
        assert list(one["types"]) == list(two["types"])


def test_ole_dates_count_fractions_forward() -> None:
    assert ole_date(datetime(1899, 12, 30)) == 0.0
    assert ole_date(datetime(1900, 1, 1, 6)) == 2.25
    assert ole_date(datetime(1899, 12, 29, 6)) == -1.25
