"""The table of conversions in docs/python.md, with its edges: databases of one column, built for each type."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import ese
import pytest
from ese.table import ole_date

Reads = Callable[..., list[Any]]


@pytest.fixture
def read(tmp_path: Path) -> Reads:
    """Stores values as they are, as bytes, in a column of a type; gives what Python reads."""
    from edb import Column, ColumnFlag, ColumnType, Database, Index, IndexOption

    def stored_as(kind: str, *stored: bytes | None, code_page: int = 1252, raw: bool = False) -> list[Any]:
        class Stored(Column):
            def encode(self, value: Any) -> bytes:
                return value if isinstance(value, bytes) else super().encode(value)

        database = Database()
        database.table(
            "t",
            [
                Column("n", ColumnType.LONG, flags=ColumnFlag.NOT_NULL),
                Stored("v", ColumnType[kind], code_page=code_page),
            ],
            [Index("byN", ["+n"], IndexOption.PRIMARY)],
            [{"n": n} if value is None else {"n": n, "v": value} for n, value in enumerate(stored)],
        )
        database.write(tmp_path / "values.edb")
        with ese.open(tmp_path / "values.edb") as db:
            return [value for (value,) in db["t"].rows(["v"], tuples=True, raw=raw)]

    return stored_as


@pytest.mark.parametrize(
    ("kind", "size", "signed"),
    [
        ("UNSIGNED_BYTE", 1, False),
        ("SHORT", 2, True),
        ("UNSIGNED_SHORT", 2, False),
        ("LONG", 4, True),
        ("UNSIGNED_LONG", 4, False),
        ("LONG_LONG", 8, True),
        ("UNSIGNED_LONG_LONG", 8, False),
        ("CURRENCY", 8, True),
    ],
)
def test_integers_from_the_smallest_to_the_largest(read: Reads, kind: str, size: int, signed: bool) -> None:
    bits = 8 * size - signed
    numbers = [-signed << bits, 0, 1, 2**bits // 3, 2**bits - 1]
    found = read(kind, *(number.to_bytes(size, "little", signed=signed) for number in numbers), None)
    assert found == [*numbers, None]
    assert all(type(value) is int for value in found[:-1])


def test_bits_are_bool(read: Reads) -> None:
    assert read("BIT", b"\0", b"\1", b"\xff", None) == [False, True, True, None]


@pytest.mark.parametrize(("kind", "form"), [("SINGLE", "<f"), ("DOUBLE", "<d")])
def test_floating_point_numbers_of_all_kinds(read: Reads, kind: str, form: str) -> None:
    smallest = {"<f": 2**-149, "<d": 5e-324}[form]
    numbers = [0.0, -0.0, 1.5, smallest, math.inf, -math.inf, math.nan]
    found = read(kind, *(struct.pack(form, number) for number in numbers))
    assert found[:6] == numbers[:6]
    assert math.copysign(1, found[1]) == -1
    assert math.isnan(found[6])


def test_guids(read: Reads) -> None:
    guids = [UUID(int=0), UUID(int=2**128 - 1), UUID("00112233-4455-6677-8899-aabbccddeeff")]
    assert read("GUID", *(guid.bytes_le for guid in guids), None) == [*guids, None]


def test_dates(read: Reads) -> None:
    dates = [
        datetime(100, 1, 1),
        datetime(1582, 10, 4, 23, 59, 59, 999_999),
        datetime(1899, 12, 29, 18),
        datetime(1899, 12, 30),
        datetime(1899, 12, 30, 0, 0, 1),
        datetime(1900, 2, 28, 12),
        datetime(1900, 3, 1),
        datetime(2000, 2, 29, 23, 59, 59, 999_000),
        datetime(2038, 1, 19, 3, 14, 8),
        datetime(9999, 12, 31, 12),
    ]
    assert read("DATE_TIME", *(struct.pack("<d", ole_date(date)) for date in dates)) == dates


def test_every_minute_of_a_day_survives_the_way_there_and_back(read: Reads) -> None:
    dates = [datetime(2021, 10, 13, n // 60, n % 60, n % 59, n * 694) for n in range(1440)]
    assert read("DATE_TIME", *(struct.pack("<d", ole_date(date)) for date in dates)) == dates


def test_a_time_that_rounds_up_is_the_next_day(read: Reads) -> None:
    almost = [struct.pack("<d", math.nextafter(day, 0)) for day in (2.0, -2.0)]  # -1.99... is late on day -1
    assert read("DATE_TIME", *almost) == [datetime(1900, 1, 1), datetime(1899, 12, 30)]


def test_what_is_no_date_is_the_number_that_is_stored(read: Reads) -> None:
    filetime = struct.unpack("<d", (132_785_494_600_000_000).to_bytes(8, "little"))[0]
    numbers = [filetime, 1e-12, -657_435.0, 2_958_466.0, 1e300, math.inf, -math.inf, math.nan]
    found = read("DATE_TIME", *(struct.pack("<d", number) for number in numbers))
    assert found[:-1] == numbers[:-1]
    assert math.isnan(found[-1])


def test_one_time_in_many_rows_among_others(read: Reads) -> None:
    """Dates are made once for a batch; which one a row gets must not depend on that."""
    dates = [datetime(2020, 1 + n % 12, 1 + n % 28, n % 24, n % 7, 0, 1000 * (n % 5)) for n in range(3000)]
    assert read("DATE_TIME", *(struct.pack("<d", ole_date(date)) for date in dates)) == dates


def test_utf16_text(read: Reads) -> None:
    texts = ["", "a", "Ünïcødé", "🦊", "\0", "a\0b", "\ud800", "\udc00\ud800", "x\udfffy", "\ufeffmark", "\uffff"]
    found = read("LONG_TEXT", *(text.encode("utf-16-le", "surrogatepass") for text in texts), code_page=1200)
    assert found == texts


def test_utf16_text_with_half_a_character_at_the_end(read: Reads) -> None:
    found = read("LONG_TEXT", b"a\0b", b"\xe9", b"\x3e\xd8\x41", code_page=1200)
    assert found == ["ab", "é", "\ud83eA"]


def test_every_byte_of_code_page_1252(read: Reads) -> None:
    (found,) = read("TEXT", bytes(range(1, 256)))
    expected = "".join(
        chr(byte) if byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else bytes([byte]).decode("cp1252")
        for byte in range(1, 256)
    )
    assert found == expected
    assert read("LONG_TEXT", b"plain", b"caf\xe9", b"\x80") == ["plain", "café", "€"]


@pytest.mark.parametrize("kind", ["BINARY", "LONG_BINARY"])
def test_bytes(read: Reads, kind: str) -> None:
    values = [b"", b"\0", bytes(range(200))]
    assert read(kind, *values, None) == [*values, None]


def test_raw_values_are_the_bytes_that_are_stored(read: Reads) -> None:
    assert read("LONG", b"\1\2\3\4", None, raw=True) == [b"\1\2\3\4", None]
    assert read("LONG_TEXT", b"a\0", code_page=1200, raw=True) == [b"a\0"]


def test_long_values(read: Reads) -> None:
    long = bytes(range(256)) * 4096
    assert read("LONG_BINARY", long) == [long]
    (text,) = read("LONG_TEXT", ("\ud83e" * 100_000).encode("utf-16-le", "surrogatepass"), code_page=1200)
    assert text == "\ud83e" * 100_000


def test_text_that_is_no_unicode_can_be_a_key(types: ese.Database) -> None:
    """A lone surrogate comes out of a column, so it may be looked for."""
    index = types["localized"].index("ByName")
    assert index.get("Zebra\ud800") is None
    assert repr(index["b\ud800":]) == "<ese.IndexRange localized.ByName ['b\\ud800':]>"
