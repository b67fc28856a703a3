#!/usr/bin/env python3
"""Writes the test databases, each with its expected content beside it.

usage: fixtures.py OUTDIR

The set is fixed: equal bytes on every machine.  NAME.edb comes with NAME.expected.jsonl, described in expected.py.
"""

import random
import struct
import sys
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

if __package__:
    from . import Column, ColumnFlag, ColumnType, Database, Index, IndexOption, Separate, TupleLimits, cursors
else:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from edb import Column, ColumnFlag, ColumnType, Database, Index, IndexOption, Separate, TupleLimits, cursors

T, F, X = ColumnType, ColumnFlag, IndexOption
UNICODE = 1200
COMPRESSED_MULTI = F.COMPRESSED | F.MULTI_VALUED
WORDS = "amber birch cedar delta ember flint grove heath inlet jetty knoll larch maple north otter pearl".split()


# --- tables used by several fixtures


def type_columns(common: bool = False) -> list[Column]:
    """One column of every type in every kind of storage.  `common`: only what other readers of the format know."""
    columns = [
        Column("Id", T.LONG, flags=F.NOT_NULL | F.AUTOINCREMENT),
        Column("Bit", T.BIT),
        Column("UnsignedByte", T.UNSIGNED_BYTE),
        Column("Short", T.SHORT),
        Column("Long", T.LONG),
        Column("Currency", T.CURRENCY),
        Column("Single", T.SINGLE),
        Column("Double", T.DOUBLE),
        Column("DateTime", T.DATE_TIME),
        Column("UnsignedLong", T.UNSIGNED_LONG),
        Column("LongLong", T.LONG_LONG),
        Column("Guid", T.GUID),
        Column("UnsignedShort", T.UNSIGNED_SHORT),
        Column("FixedBinary", T.BINARY, size=12, fixed=True),
        Column("FixedText", T.TEXT, size=10, fixed=True),
        Column("FixedUnicode", T.TEXT, size=10, fixed=True, code_page=UNICODE),
        Column("Version", T.LONG, flags=F.VERSION),
        Column("Escrow", T.LONG, flags=F.ESCROW_UPDATE, default=7),
        Column("DefaultLong", T.LONG, default=42),
        Column("LaterLong", T.LONG, default=-5, added_later=True),
        Column("Binary", T.BINARY),
        Column("Text", T.TEXT),
        Column("Unicode", T.TEXT, size=200, code_page=UNICODE),
        Column("DefaultText", T.TEXT, size=60, default="as ever"),
        Column("LaterText", T.TEXT, size=60, default="since then", added_later=True),
        Column("LongBinary", T.LONG_BINARY),
        Column("LongText", T.LONG_TEXT),
        Column("LongUnicode", T.LONG_TEXT, code_page=UNICODE),
        Column("PackedBinary", T.LONG_BINARY, flags=F.COMPRESSED),
        Column("PackedText", T.LONG_TEXT, flags=F.COMPRESSED),
        Column("PackedUnicode", T.LONG_TEXT, flags=F.COMPRESSED, code_page=UNICODE),
        Column("TaggedLong", T.LONG, tagged=True),
        Column("TaggedText", T.TEXT, size=100, tagged=True),
        Column("TaggedDefault", T.TEXT, size=50, tagged=True, default="tagged default"),
        Column("ManyBits", T.BIT, flags=F.MULTI_VALUED),
        Column("ManyLongs", T.LONG, flags=F.MULTI_VALUED),
        Column("ManyTexts", T.TEXT, size=80, flags=F.MULTI_VALUED),
        Column("ManyGuids", T.GUID, flags=F.MULTI_VALUED),
        Column("ManyBinaries", T.LONG_BINARY, flags=F.MULTI_VALUED),
        Column("ManyPackedTexts", T.LONG_TEXT, flags=COMPRESSED_MULTI, code_page=UNICODE),
    ]
    if not common:
        columns.insert(13, Column("UnsignedLongLong", T.UNSIGNED_LONG_LONG))
    return columns


def guid(number: int) -> str:
    return f"{number:08x}-1234-5678-9abc-0123456789ab"


def full_row(number: int) -> dict[str, Any]:
    """A row with a value in nearly every column."""
    sign = -1 if number % 2 else 1
    return {
        "Id": number,
        "Bit": bool(number % 2),
        "UnsignedByte": 200 + number % 50,
        "Short": sign * (1000 + number),
        "Long": sign * (1_000_000 + number),
        "Currency": sign * 1_337_133_713_371_337,
        "Single": sign * 1.5,
        "Double": sign * 13353249.1415,
        "DateTime": datetime(2001, 2, 3, 4, 30) + timedelta(days=number),
        "UnsignedLong": 4_000_000_000 + number,
        "LongLong": sign * 9_000_000_000_000_000_000,
        "Guid": guid(number),
        "UnsignedShort": 65_000 + number,
        "FixedBinary": b"\x01\x02\x03",
        "FixedText": "fixed",
        "FixedUnicode": "fïx",
        "Version": number,
        "Binary": bytes(range(number % 100, number % 100 + 20)),
        "Text": f"Text of row {number}",
        "Unicode": f"Ünïcødé {number} 🦊",
        "LongBinary": bytes(number % 256 for _ in range(50)),
        "LongText": f"Long text of row {number}",
        "LongUnicode": f"Lång text of row {number} 🦊",
        "PackedBinary": b"nothing to gain: \xff\xfe",
        "PackedText": "seven bits are enough " * 3,
        "PackedUnicode": "also in Unicode " * 4,
        "TaggedLong": -number,
        "TaggedText": "tagged",
        "ManyBits": [False, True],
        "ManyLongs": [number, -number, 2**31 - 1],
        "ManyTexts": ["one", "two", "three"],
        "ManyGuids": [guid(number), guid(number + 1)],
        "ManyBinaries": [b"a", b"", b"\0" * 30],
        "ManyPackedTexts": ["the first value is packed, " * 3, "the others are not"],
    }


EXTREMES: list[dict[str, Any]] = [
    {
        "Bit": False, "UnsignedByte": 0, "Short": -(2**15), "Long": -(2**31), "Currency": -(2**63), "Single": 2.0**-149,
        "Double": 5e-324, "DateTime": -0.0, "UnsignedLong": 0, "LongLong": -(2**63), "Guid": guid(0),
        "UnsignedShort": 0,
    },
    {
        "Bit": True, "UnsignedByte": 255, "Short": 2**15 - 1, "Long": 2**31 - 1, "Currency": 2**63 - 1,
        "Single": float("-inf"), "Double": float("inf"), "DateTime": -1.7976931348623157e308, "UnsignedLong": 2**32 - 1,
        "LongLong": 2**63 - 1, "Guid": "ffffffff-ffff-ffff-ffff-ffffffffffff", "UnsignedShort": 2**16 - 1,
    },
    # Zero length is not NULL; a NULL may hide a default.
    {
        "Binary": b"", "Text": "", "Unicode": "", "LongBinary": b"", "LongText": "", "TaggedText": "",
        "ManyTexts": ["x", ""],
    },
    {"Escrow": 0, "DefaultLong": None, "DefaultText": None, "TaggedLong": None, "LaterLong": 1, "LaterText": "now"},
    {"TaggedDefault": "own", "ManyLongs": [1], "ManyTexts": ["only"], "ManyPackedTexts": ["single"]},
]  # fmt: skip


def type_rows(full: int, longest: int, common: bool = False) -> list[dict[str, Any]]:
    """`full` ordinary rows, rows of extreme values, and rows with long values of up to `longest` bytes."""
    rows = [full_row(number) for number in range(1, full + 1)]
    extremes = [dict(row) for row in EXTREMES]
    if not common:
        extremes.append({"TaggedDefault": None})
        extremes[0]["UnsignedLongLong"] = 0
        extremes[1]["UnsignedLongLong"] = 2**64 - 1
    extremes.append({})
    extremes += [
        {"LongBinary": noise(longest, 1), "PackedBinary": text(longest).encode(), "LongUnicode": "é" * 600},
        {
            "PackedUnicode": text(longest // 2),
            "ManyBinaries": [noise(40, 2), noise(longest // 3, 3), b"", noise(1200, 4)],
        },
        {
            "LongText": Separate("short, but apart"),
            "LongBinary": Separate(b""),
            "ManyPackedTexts": ["a", Separate("b" * 90)],
        },
    ]
    rows += [{"Id": number, **row} for number, row in enumerate(extremes, start=full + 1)]
    return rows


def noise(size: int, seed: int) -> bytes:
    """Bytes that do not compress."""
    return random.Random(seed).randbytes(size)


def text(size: int) -> str:
    """Words that compress well."""
    source = random.Random(size)
    return " ".join(source.choice(WORDS) for _ in range(size // 6 + 1))[:size].ljust(size)


def index_kinds() -> list[Index]:
    """Indexes of every kind over the columns of `note_columns`."""
    return [
        Index("ById", ["+Id"], X.PRIMARY),
        Index("ByName", ["+Name"], X.UNIQUE | X.IGNORE_NULL),
        Index("ByGroupDown", ["-Group", "+Name"]),
        Index("ByTag", ["+Tags"], X.IGNORE_ANY_NULL),
        Index("ByTagAndMark", ["+Tags", "-Marks"], X.CROSS_PRODUCT),
        Index("ByTagBesideMark", ["+Tags", "+Marks"], X.NESTED_TABLE),
        Index("ByPiece", ["+Name"], X.IGNORE_NULL, tuples=TupleLimits(shortest=2, longest=4, most=4, step=2, start=1)),
        Index("ByGroupIfDone", ["+Group"], conditions=["!Done"]),
        Index("ByGroupIfOpen", ["+Group"], conditions=["=Done"]),
        Index("NullsHigh", ["+Done", "+Id"], X.SORT_NULLS_HIGH),
        Index("ByCutData", ["+Data", "+Name"], segment_most=12),
        Index("ByShortKey", ["+Name", "+Data"], key_most=8),
        Index("ByGuidNet", ["+Key"], X.DOT_NET_GUID),
        Index("ByGuid", ["-Key"]),
    ]


def note_columns() -> list[Column]:
    return [
        Column("Id", T.LONG, flags=F.NOT_NULL),
        Column("Group", T.SHORT),
        Column("Done", T.DATE_TIME),
        Column("Key", T.GUID),
        Column("Name", T.TEXT, size=40),
        Column("Data", T.BINARY),
        Column("Tags", T.TEXT, size=20, flags=F.MULTI_VALUED),
        Column("Marks", T.LONG, flags=F.MULTI_VALUED),
    ]


def note_rows(count: int) -> Iterable[dict[str, Any]]:
    for number in range(1, count + 1):
        word = WORDS[number * 7 % len(WORDS)]
        yield {
            "Id": number * 3 - count,
            "Group": None if number % 11 == 0 else number % 5 - 2,
            "Done": 45_000.25 + number if number % 3 else None,
            "Key": guid(number * 0x01010101 % 2**32),
            "Name": None if number % 13 == 0 else f"{word} {number:05}",
            "Data": noise(number % 24, number) if number % 4 else None,
            "Tags": [WORDS[(number + at) % len(WORDS)] for at in range(number % 4)],
            "Marks": [number % 7, -number, number % 7][: number % 3 + 1] if number % 2 else [],
        }


def localized(database: Database) -> None:
    """A table with an index over Unicode text, in the plain letters whose weights are known here."""
    names = ["Zebra", "apple", "co-op", "coop", "Coop 2", "APRICOT", "10 pins", "9 pins", "", "zoo"]
    database.table(
        "localized",
        [Column("Id", T.LONG, flags=F.NOT_NULL), Column("Name", T.TEXT, size=100, code_page=UNICODE)],
        [Index("ById", ["+Id"], X.PRIMARY), Index("ByName", ["+Name"]), Index("ByNameDown", ["-Name", "+Id"])],
        [{"Id": number, "Name": name} for number, name in enumerate(names)] + [{"Id": 100}],
    )


def heap(database: Database, rows: int) -> None:
    """A table without any index: rows are numbered in the order they came."""
    columns = [Column("Number", T.LONG), Column("Text", T.TEXT)]
    database.table("heap", columns, rows=[{"Number": -row, "Text": f"row {row}"} for row in range(rows)])


def templates(database: Database) -> None:
    """A template, two tables derived from it, and tagged columns of equal ids in both."""
    template = database.table(
        "template",
        [
            Column("Id", T.LONG, flags=F.NOT_NULL),
            Column("Kind", T.TEXT, size=30),
            Column("Notes", T.LONG_TEXT),
            Column("Labels", T.TEXT, size=30, flags=F.MULTI_VALUED),
        ],
        [Index("ById", ["+Id"], X.PRIMARY), Index("ByKind", ["+Kind"]), Index("ByLabel", ["+Labels"], X.IGNORE_NULL)],
        is_template=True,
    )
    database.table(
        "derived",
        [Column("Price", T.CURRENCY), Column("Colour", T.TEXT, size=30), Column("Remarks", T.LONG_TEXT)],
        [Index("ByPriceAndKind", ["+Price", "-Kind"]), Index("ByColour", ["-Colour"])],
        [
            {
                "Id": number, "Kind": WORDS[number % 5], "Notes": f"template text {number}", "Price": 1_0000 * number,
                "Labels": WORDS[: number % 4], "Colour": WORDS[-number % 7], "Remarks": f"derived text {number}",
            }
            for number in range(1, 21)
        ],
        template=template,
    )  # fmt: skip
    database.table("derived-plain", [], rows=[{"Id": 9, "Notes": Separate("apart")}, {"Id": 4}], template=template)


def long_values(database: Database, largest: int) -> None:
    """Long values around every limit: nothing, one chunk, one byte more, many chunks, packed and not."""
    chunk = database.geometry.long_value_chunk
    sizes = [0, 1, 1023, 1024, chunk - 1, chunk, chunk + 1, 2 * chunk, 5 * chunk + 17, largest]
    database.table(
        "long",
        [
            Column("Id", T.LONG, flags=F.NOT_NULL | F.AUTOINCREMENT),
            Column("Plain", T.LONG_BINARY),
            Column("Packed", T.LONG_TEXT, flags=F.COMPRESSED),
            Column("Several", T.LONG_BINARY, flags=COMPRESSED_MULTI),
        ],
        [Index("ById", ["+Id"], X.PRIMARY)],
        [
            {"Id": number, "Plain": noise(size, size), "Packed": text(size), "Several": [noise(9, 5), noise(size, 6)]}
            for number, size in enumerate(sizes, start=1)
        ],
        separate_above=600,
    )
    database.table(
        "small-chunks",
        [Column("Value", T.LONG_BINARY)],
        rows=[{"Value": noise(3000, 7)}, {"Value": Separate(b"one")}],
        chunk_size=500,
    )


# --- the fixtures


def small() -> Database:
    """As small as legal, since a test damages every byte of it in turn."""
    database = Database(least_growth=1)
    note = note_columns()
    database.table("notes", note, index_kinds()[:9], list(note_rows(8)))
    columns = [Column("Id", T.LONG), Column("Body", T.LONG_BINARY), Column("Packed", T.LONG_TEXT, flags=F.COMPRESSED)]
    rows = [{"Id": 1, "Body": noise(1500, 1)}, {"Id": 2, "Packed": text(1500)}, {"Id": 3, "Packed": "seven " * 9}]
    database.table("values", columns, [Index("ById", ["-Id"], X.PRIMARY)], rows)
    types = [column for column in type_columns() if not column.long or column.name in ("LongText", "ManyBinaries")]
    names = {column.name for column in types}
    rows = [{name: value for name, value in row.items() if name in names} for row in type_rows(2, 100)[:9]]
    database.table("types", types, [Index("ById", ["+Id"], X.PRIMARY)], rows)
    return database


def types(page_size: int) -> Database:
    database = Database(page_size, spare_pages=8)
    primary = Index("ById", ["+Id"], X.PRIMARY)
    database.table("types", type_columns(), [primary], type_rows(12, 9000))
    database.table("types-common", type_columns(True), [primary], type_rows(12, 9000, True), prefix=False)
    database.table("notes", note_columns(), index_kinds(), list(note_rows(60)), pages=4)
    database.table("empty", [Column("Id", T.LONG)], [primary])
    database.table("nothing", [], rows=[{}, {}])
    localized(database)
    heap(database, 30)
    return database


def deep() -> Database:
    """Trees of three levels and more; few lines per internal page make some of them deeper still."""
    database = Database(spare_pages=20)
    database.table("notes", note_columns(), index_kinds(), list(note_rows(4000)), fill=80, fanout=12)
    database.table("narrow", note_columns(), index_kinds()[:4], list(note_rows(900)), fanout=3, prefix=False)
    database.table("narrow-packed", note_columns(), index_kinds()[:4], list(note_rows(900)), fanout=4, fill=50)
    rows = [{"Key": struct.pack(">I", number) * 20, "Same": number % 2} for number in range(1500)]
    columns = [Column("Same", T.UNSIGNED_BYTE), Column("Key", T.BINARY)]
    indexes = [Index("ByKey", ["+Key"], X.PRIMARY), Index("BySame", ["-Same"])]
    database.table("long-keys", columns, indexes, rows)
    heap(database, 2500)
    return database


def templates_fixture() -> Database:
    database = Database(8192)
    templates(database)
    return database


def long_value_fixture(page_size: int, format: tuple[int, int], largest: int) -> Database:
    database = Database(page_size, format)
    long_values(database, largest)
    return database


def mixed(format: tuple[int, int] = (20, 0), **options: Any) -> Database:
    """A bit of everything, for fixtures that differ in their header or in the kind of their pages."""
    database = Database(format=format, **options)
    primary = Index("ById", ["+Id"], X.PRIMARY)
    database.table("types", type_columns(True), [primary], type_rows(5, 5000, True))
    database.table("notes", note_columns(), index_kinds(), list(note_rows(100)))
    templates(database)
    localized(database)
    return database


def many() -> Database:
    """More tables than an engine keeps descriptors of."""
    database = Database(least_growth=1)
    for number in range(100):
        columns = [Column("Id", T.LONG), Column(f"Only {number}", T.TEXT, size=number + 1)]
        database.table(f"Table {number:03}", columns, rows=[{"Id": number}])
    return database


FIXTURES: dict[str, Callable[[], Database]] = {
    "small-4k": small,
    "types-2k": lambda: types(2048),
    "types-4k": lambda: types(4096),
    "types-8k": lambda: types(8192),
    "types-16k": lambda: types(16384),
    "types-32k": lambda: types(32768),
    "deep-4k": deep,
    "templates-8k": templates_fixture,
    "longvalues-32k": lambda: long_value_fixture(32768, (20, 0), 150_000),
    "lid64-8k": lambda: long_value_fixture(8192, (290, 600), 90_000),
    "oldsum-4k": lambda: mixed(old_checksum=True),
    "dirty-4k": lambda: mixed(dirty=True),
    "win7-4k": lambda: mixed((17, 0)),
    "win10-4k": lambda: mixed((110, 240)),
    "many-4k": many,
    "cursors-4k": cursors.cursors,
    "cursors-8k": cursors.values,
}


def write_fixtures(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in FIXTURES.items():
        database = make()
        database.write(folder / f"{name}.edb")
        lines = "".join(f"{line}\n" for line in database.expected())
        (folder / f"{name}.expected.jsonl").write_text(lines, encoding="ascii")


def main(arguments: list[str]) -> None:
    if len(arguments) != 1:
        sys.exit(__doc__)
    write_fixtures(Path(arguments[0]))


if __name__ == "__main__":
    main(sys.argv[1:])
