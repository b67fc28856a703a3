"""The builder of test databases against bytes that real files are known to hold, and against itself."""

import gzip
import json
import os
import struct
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from edb import Column, ColumnFlag, ColumnType, Database, Index, IndexOption, TupleLimits
from edb.btree import Shape, Tree, build_tree
from edb.catalog import objects_table
from edb.checksum import ecc_checksum, header_checksum, seal
from edb.compress import SCHEME_ASCII, SCHEME_UNICODE, compress, seven_bit, xpress
from edb.fixtures import FIXTURES, small
from edb.header import Format
from edb.keys import KeyTruncatedError, NullKeyError, index_keys, unicode_key
from edb.page import Entry, Geometry, PageFlag
from edb.record import Value, encode_record
from edb.schema import Table
from edb.space import Space

PAGE_SIZES = [2048, 4096, 8192, 16384, 32768]
SHARED = Path(os.environ.get("ESE_SHARED", Path(__file__).resolve().parents[3] / "shared"))


def corpus_page(name: str, page_size: int, number: int) -> bytes:
    """A page of a real database; number -1 is the header."""
    path = SHARED / "corpus" / f"{name}.gz"
    if not path.exists():
        pytest.skip(f"the corpus of real databases is not here ({path})")
    with gzip.open(path) as file:
        file.seek((number + 1) * page_size)
        return file.read(page_size)


# --- checksums


def test_checksum_header__equals_real_file() -> None:
    assert header_checksum(corpus_page("basic.edb", 4096, -1)) == 0x98A810D4


@pytest.mark.parametrize(
    ("number", "stored"), [(1, "7ca70100df7fdf7f"), (4, "4b4f8679c013c013"), (13, "84c245be7e678118")]
)
def test_checksum_ecc__equals_real_file(number: int, stored: str) -> None:
    page = corpus_page("basic.edb", 4096, number)
    assert ecc_checksum(page, number, first=True).to_bytes(8, "little") == bytes.fromhex(stored)


@pytest.mark.parametrize("number", [31, 32])
def test_checksum_large_page__equals_real_file(number: int) -> None:
    page = corpus_page("wide-32k.edb", 32768, number)
    blank = bytearray(page)
    blank[0:8] = bytes(8)
    blank[40:64] = bytes(24)
    seal(blank, number)
    assert blank == page


def test_checksum_ecc__of_zeros_is_page_number() -> None:
    assert ecc_checksum(bytes(4096), 0x1234, first=True) == 0x1234


@pytest.mark.parametrize("bit", [64, 77, 5000, 32767])
def test_checksum_ecc__tells_position_of_flipped_bit(bit: int) -> None:
    block = bytearray(range(256)) * 16
    good = ecc_checksum(bytes(block), 7, first=True)
    block[bit // 8] ^= 1 << bit % 8
    wrong = good >> 32 ^ ecc_checksum(bytes(block), 7, first=True) >> 32
    assert (wrong >> 16 ^ wrong) & 0x7FFF == 0x7FFF
    assert wrong & 0x7FFF == bit


# --- compression


def test_compress_xpress__equals_known_streams() -> None:
    assert xpress(b"a" * 2000) == bytes.fromhex("18d007 ffffff7f 61 07000fffcc07")
    text = b"test long compressed binary data"
    expected = bytes.fromhex("180904 00000000") + text + bytes.fromhex("ffffff3f 20 61 07000fffe403")
    assert compress(text + b" " + b"a" * 1000) == expected


def test_compress_seven_bit__equals_known_value() -> None:
    packed = seven_bit(b"a" * 41, SCHEME_ASCII)
    assert len(packed) == 37
    assert packed[:9] == bytes.fromhex("0ee170381c0e87c3e1")


def test_compress__chooses_scheme_by_content() -> None:
    for value, scheme in ((b"only seven bits here", SCHEME_ASCII), ("seven bits".encode("utf-16-le"), SCHEME_UNICODE)):
        packed = compress(value)
        assert packed is not None
        assert packed[0] >> 3 == scheme
    assert compress(b"eighth bit: \xff") is None
    assert compress(b"") is None


# --- records


def test_record_catalog_row__equals_real_file() -> None:
    columns = objects_table(Format(20, 0), 20).columns
    numbers = {
        "ObjidTable": "02000000", "Type": "0100", "Id": "02000000", "ColtypOrPgnoFDP": "04000000",
        "SpaceUsage": "50000000", "Flags": "000000c0", "PagesOrLocale": "14000000", "RootFlag": "ff",
    }  # fmt: skip
    values = {name: [Value(bytes.fromhex(number))] for name, number in numbers.items()}
    values["Name"] = [Value(b"MSysObjects")]
    assert (
        encode_record(columns, values, set(), large_pages=False)
        == bytes.fromhex("08802000 02000000 0100 02000000 04000000 50000000 000000c0 14000000 ff 00 0b00")
        + b"MSysObjects"
    )


def test_record_index_row__marks_nulls_and_tagged_value() -> None:
    columns = objects_table(Format(20, 0), 20).columns
    names = [column.name for column in columns if column.is_fixed][:7]
    values = {name: [Value(bytes(2 if name == "Type" else 4))] for name in names}
    values |= {
        "LCMapFlags": [Value(bytes.fromhex("01040300"))],
        "Name": [Value(b"Id")],
        "KeyFldIDs": [Value(b"\0" * 12)],
    }
    values["LocaleName"] = [Value("en-US".encode("utf-16-le"))]
    record = encode_record(columns, values, set(), large_pages=False)
    assert record[:4] == bytes.fromhex("0a842700")
    assert record[30:39] == bytes.fromhex("2a 2a2a 01040300 80fd")
    assert record[39:51] == bytes.fromhex("0200 0280 0280 0280 0e00") + b"Id"
    assert record[63:] == bytes.fromhex("05010440 01") + "en-US".encode("utf-16-le")


def test_record_empty__is_header_alone() -> None:
    assert encode_record([], {}, set(), large_pages=False) == bytes.fromhex("007f0400")


def tagged_column(type: ColumnType) -> list[Column]:
    return Table("t", [Column("c", type, flags=ColumnFlag.MULTI_VALUED)]).columns


def test_record_two_values__takes_short_form() -> None:
    values = {"c": [Value(b"\0"), Value(b"\xff")]}
    record = encode_record(tagged_column(ColumnType.BIT), values, set(), large_pages=False)
    assert record[4:] == bytes.fromhex("00010440 18 01 00 ff")


def test_record_three_values__has_offsets() -> None:
    values = {"c": [Value(b"\0"), Value(b"\x7f"), Value(b"\xff")]}
    record = encode_record(tagged_column(ColumnType.UNSIGNED_BYTE), values, set(), large_pages=False)
    assert record[4:] == bytes.fromhex("00010440 08 0600 0700 0800 00 7f ff")


def test_record_large_page__always_has_header_byte() -> None:
    columns = Table("t", [Column("c", ColumnType.UNSIGNED_SHORT, tagged=True)]).columns
    record = encode_record(columns, {"c": [Value(b"\x01\0")]}, set(), large_pages=True)
    assert record[4:] == bytes.fromhex("00010400 00 0100")
    record = encode_record(columns, {"c": []}, set(), large_pages=True)
    assert record[4:] == bytes.fromhex("00010400 20")
    columns = Table("t", [Column("c", ColumnType.TEXT, tagged=True)]).columns
    assert encode_record(columns, {"c": [Value(b"")]}, set(), large_pages=True)[4:] == bytes.fromhex("00010400 00")


def test_record_derived__puts_template_columns_first() -> None:
    template = Table("t", [Column("tA", ColumnType.LONG_TEXT)], is_template=True)
    table = Table("d", [Column("dA", ColumnType.LONG_TEXT)], template=template)
    values = {"dA": [Value(b"own")], "tA": [Value(b"inherited")]}
    record = encode_record(table.all_columns, values, {"tA"}, large_pages=False)
    assert record[4:] == bytes.fromhex("000108c0 00011240") + b"\x01inherited" + b"\x01own"


# --- keys


def key_of(type: ColumnType, value: object, *, descending: bool = False, **index: Any) -> bytes:
    options = {name: index.pop(name) for name in ("size", "code_page", "fixed") if name in index}
    table = Table("t", [Column("c", type, **options)])
    column = table.columns[0]
    row = {"c": [] if value is None else [column.encode(value)]}
    return index_keys(table, Index("i", ["-c" if descending else "+c"], **index), row)[0]


KEY_EXAMPLES = [
    (ColumnType.BIT, False, "7f00"),
    (ColumnType.UNSIGNED_BYTE, 0xD5, "7fd5"),
    (ColumnType.SHORT, -1337, "7f7ac7"),
    (ColumnType.UNSIGNED_SHORT, 0x0539, "7f0539"),
    (ColumnType.LONG, -13371337, "7f7f33f837"),
    (ColumnType.LONG, 1, "7f80000001"),
    (ColumnType.UNSIGNED_LONG, 0x00CC07C9, "7f00cc07c9"),
    (ColumnType.CURRENCY, 0x0004C01DB400B0C9, "7f8004c01db400b0c9"),
    (ColumnType.SINGLE, 1.0, "7fbf800000"),
    (ColumnType.SINGLE, -1.0, "7f407fffff"),
    (ColumnType.DOUBLE, float.fromhex("0x1.980f924476143p+23"), "7fc16980f924476143"),
    (ColumnType.GUID, "3f360af1-6766-46dc-9af2-0dacf295c2a1", "7f0dacf295c2a19af2dc466667f10a363f"),
    (ColumnType.TEXT, "MSysObjects", "7f" + b"MSYSOBJECTS".hex() + "00"),
    (ColumnType.BINARY, b"test binary data", "7f 746573742062696e 09 6172792064617461 08"),
    (ColumnType.BINARY, b"123", "7f 3132330000000000 03"),
    (ColumnType.TEXT, "", "40"),
    (ColumnType.LONG, None, "00"),
]


@pytest.mark.parametrize(("type", "value", "expected"), KEY_EXAMPLES)
def test_key_normalize__equals_known_bytes(type: ColumnType, value: object, expected: str) -> None:
    key = bytes.fromhex(expected)
    assert key_of(type, value) == key
    assert key_of(type, value, descending=True) == bytes(byte ^ 0xFF for byte in key)


def test_key_long_binary__is_cut_within_a_group() -> None:
    key = key_of(ColumnType.LONG_BINARY, b"a" * 1022)
    assert len(key) == 255
    assert key[-11:] == b"aaaaaaaa\x09aa"


def test_key_text__cut_byte_loses_32_unseen() -> None:
    assert key_of(ColumnType.TEXT, "abcd_fgh", key_most=6) == b"\x7fABCD" + bytes([ord("_") - 0x20])


def test_key_fixed_text__keeps_its_padding() -> None:
    assert key_of(ColumnType.TEXT, "ab", size=4, fixed=True) == b"\x7fAB  \0"


def test_key_net_guid__sorts_as_it_reads() -> None:
    key = key_of(ColumnType.GUID, "3f360af1-6766-46dc-9af2-0dacf295c2a1", options=IndexOption.DOT_NET_GUID)
    assert key.hex() == "7f3f360af1676646dc9af20dacf295c2a1"


def test_key_null__obeys_options() -> None:
    assert key_of(ColumnType.LONG, None, options=IndexOption.SORT_NULLS_HIGH) == b"\xc0"
    with pytest.raises(NullKeyError):
        key_of(ColumnType.LONG, None, options=IndexOption.DISALLOW_NULL)
    with pytest.raises(KeyTruncatedError):
        key_of(ColumnType.TEXT, "abcdef", key_most=4, options=IndexOption.DISALLOW_TRUNCATION)


def test_key_unicode__equals_known_sort_keys() -> None:
    assert unicode_key("a").hex(" ") == "0e 02 01 01 01 01 00"
    assert unicode_key("CO-op").hex(" ") == "0e 0a 0e 7c 0e 7c 0e 7e 01 01 01 01 ff fd 82 12 00"


def keys_of(row: dict[str, list[bytes]], key: list[str], **index: Any) -> list[str]:
    columns = [Column("a", ColumnType.UNSIGNED_BYTE, flags=ColumnFlag.MULTI_VALUED), Column("t", ColumnType.TEXT)]
    columns.append(Column("b", ColumnType.UNSIGNED_BYTE, flags=ColumnFlag.MULTI_VALUED))
    return [key.hex() for key in index_keys(Table("t", columns), Index("i", key, **index), row)]


def test_key_multi_valued__gives_entries_by_kind() -> None:
    row = {"a": [b"\1", b"\2", b"\1"], "b": [b"\3", b"\4"], "t": []}
    assert keys_of(row, ["+a", "+b"]) == ["7f017f03", "7f027f03"]
    crossed = keys_of(row, ["+a", "+b"], options=IndexOption.CROSS_PRODUCT)
    assert crossed == ["7f017f03", "7f017f04", "7f027f03", "7f027f04"]
    assert keys_of(row, ["+a", "+b"], options=IndexOption.NESTED_TABLE) == ["7f017f03", "7f027f04", "7f0100"]


def test_key_tuples__stop_at_short_piece() -> None:
    limits = TupleLimits(shortest=2, longest=6, most=5, step=2, start=1)
    row = {"a": [], "b": [], "t": [b"abcdefgh"]}
    found = [bytes.fromhex(key)[1:-1] for key in keys_of(row, ["+t"], tuples=limits)]
    assert found == [b"BCDEFG", b"DEFGH", b"FGH"]
    assert keys_of({**row, "t": []}, ["+t"], tuples=limits) == []


def test_key_conditions__decide_whether_there_is_an_entry() -> None:
    row = {"a": [b"\1"], "b": [], "t": []}
    assert keys_of(row, ["+a"], conditions=["=b", "!a"]) == ["7f01"]
    assert keys_of(row, ["+a"], conditions=["!b"]) == []


# --- trees and whole files


def test_btree__separators_lie_between_neighbours() -> None:
    root = Space(1, 3, None, multi=True)
    entries = [Entry(struct.pack(">I", number) * 5, b"x" * 30) for number in range(3000)]
    pages = {page.pgno: page for page in build_tree(Tree(9, root.child()), entries, Geometry(2048), Shape(fanout=5))}

    found: list[bytes] = []

    def walk(pgno: int, low: bytes, high: bytes | None) -> int:
        page = pages[pgno]
        if page.flags & PageFlag.LEAF:
            assert all(low <= entry.key and (high is None or entry.key < high) for entry in page.lines)
            found.extend(entry.key for entry in page.lines)
            return 1
        depths = set()
        for entry in page.lines:
            limit = entry.key or high
            depths.add(walk(struct.unpack("<I", entry.data)[0], low, limit))
            low = limit or b""
        assert len(depths) == 1
        return depths.pop() + 1

    assert walk(4, b"", None) >= 4
    assert found == [entry.key for entry in entries]


class Parsed:
    """The raw header and lines of one page of a finished file."""

    def __init__(self, file: bytes, page_size: int, number: int) -> None:
        page = file[(number + 1) * page_size : (number + 2) * page_size]
        head, mask = (80, 0x7FFF) if page_size > 8192 else (40, 0x1FFF)
        self.written = any(page)
        self.objid, self.free, _, self.used, count, self.flags = struct.unpack_from("<IHHHHI", page, 24)
        count &= 0xFFF
        tags = [struct.unpack_from("<HH", page, page_size - 4 * (tag + 1)) for tag in range(count)]
        self.lines = [page[head + (where & mask) :][: size & mask] for size, where in tags]
        self.room = page_size - head - 4 * count

    def extents(self) -> list[range]:
        """The extents of a space tree: every node is a key of four bytes and a count."""
        found = []
        for line in self.lines[1:]:
            last, count = struct.unpack(">I", line[2:6])[0], struct.unpack("<I", line[6:])[0]
            found.append(range(last - count + 1, last + 1))
        return found


def owned_and_free(pages: dict[int, Parsed], fdp: int) -> tuple[list[int], list[int]]:
    header = pages[fdp].lines[0]
    count, _, flags, where = struct.unpack("<IIII", header[1:17] if len(header) > 16 else header)
    if flags & 1:
        both = [[page for extent in pages[pgno].extents() for page in extent] for pgno in (where, where + 1)]
        return both[0], both[1]
    return list(range(fdp, fdp + count)), [fdp + 1 + bit for bit in range(32) if where >> bit & 1]


FEW = ["small-4k", "types-2k", "types-16k", "templates-8k", "lid64-8k", "win7-4k"]


@pytest.mark.parametrize("name", FEW)
def test_fixture__accounts_for_every_page_once(name: str) -> None:
    database = FIXTURES[name]()
    size = database.geometry.page_size
    file = database.build()
    pages = {number: Parsed(file, size, number) for number in range(1, len(file) // size - 1)}
    roots = {number: page for number, page in pages.items() if page.written and page.flags & 0x21 == 1}
    assert len({page.objid for page in roots.values()}) == len(roots)

    for fdp, root in roots.items():
        owned, free = owned_and_free(pages, fdp)
        own = [number for number in owned if pages[number].written and pages[number].objid == root.objid]
        children = [
            number
            for child, page in roots.items()
            if child != fdp and struct.unpack_from("<I", page.lines[0], 4 + (len(page.lines[0]) > 16))[0] == fdp
            for number in owned_and_free(pages, child)[0]
        ]
        assert Counter(own + free + children) == Counter(owned), f"tree {root.objid}"


@pytest.mark.parametrize("name", FEW)
def test_fixture__pages_keep_their_sums(name: str) -> None:
    database = FIXTURES[name]()
    size = database.geometry.page_size
    file = database.build()
    assert file[:size] == file[size : 2 * size]
    assert header_checksum(file[:size]) == struct.unpack_from("<I", file)[0]
    for number in range(1, len(file) // size - 1):
        page = Parsed(file, size, number)
        if page.written:
            assert sum(map(len, page.lines)) + page.free == page.room
            assert page.used == sum(map(len, page.lines))
            assert all(page.lines[1:])


def test_fixture__is_the_same_every_time() -> None:
    assert small().build() == small().build()


@pytest.mark.parametrize("page_size", PAGE_SIZES)
def test_database__is_read_by_another_implementation(page_size: int, tmp_path: Path) -> None:
    esedb = pytest.importorskip("dissect.esedb")
    database = Database(page_size)
    columns = [Column("Id", ColumnType.LONG), Column("Name", ColumnType.TEXT), Column("Body", ColumnType.LONG_BINARY)]
    rows = [{"Id": -number, "Name": f"row {number}", "Body": bytes(40 * number)} for number in range(200)]
    database.table("things", columns, [Index("ById", ["+Id"], IndexOption.PRIMARY)], rows)
    database.write(tmp_path / "things.edb")
    expected = [json.loads(line)["row"] for line in database.expected()]
    with (tmp_path / "things.edb").open("rb") as file:
        records = list(esedb.EseDB(file).table("things").records())
        assert [record.get("Id") for record in records] == [row["Id"] for row in expected]
        assert [record.get("Name") for record in records] == [row["Name"] for row in expected]
        assert [(record.get("Body") or b"").hex() for record in records] == [row["Body"]["hex"] for row in expected]


def test_database__refuses_impossible_content() -> None:
    twice = Database()
    twice.table(
        "t", [Column("Id", ColumnType.LONG)], [Index("p", ["+Id"], IndexOption.PRIMARY)], [{"Id": 1}, {"Id": 1}]
    )
    with pytest.raises(ValueError, match="duplicate"):
        twice.build()
    unknown = Database()
    unknown.table("t", [Column("Id", ColumnType.LONG)], rows=[{"Other": 1}])
    with pytest.raises(ValueError, match="Other"):
        unknown.build()
