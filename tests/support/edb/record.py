"""The record of a row: fixed columns, variable columns, tagged columns.

Invariants:
1. a record holds every fixed and variable column up to the last one that is set, unset ones as NULL;
2. tagged values lie in the order of the array before them: columns of the template first, then by id;
3. the bytes of a NULL fixed column mean nothing; engines fill them with '*'.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .schema import FIRST_VARIABLE, Column

NULL_FILLER = b"*"
NULL_VARIABLE = 0x8000

TAG_DERIVED = 0x8000
TAG_EXTENDED = 0x4000  # small pages: the value begins with a header byte
TAG_NULL = 0x2000  # small pages
LARGEST_OFFSET = 0x1FFF
LARGEST_OFFSET_LARGE_PAGES = 0x7FFF

HEAD_LONG_VALUE = 0x01
HEAD_COMPRESSED = 0x02
HEAD_SEPARATED = 0x04
HEAD_MULTI_VALUES = 0x08
HEAD_TWO_VALUES = 0x10
HEAD_NULL = 0x20
SEPARATED_INSTANCE = 0x8000  # in the offsets of a multi-value


@dataclass(frozen=True)
class Value:
    """One value as it stands in the record: its bytes, their compressed form, or the id of a long value."""

    data: bytes
    separated: bool = False
    compressed: bool = False


Values = Mapping[str, Sequence[Value]]  # by column name; an empty list is an explicit NULL


def encode_record(columns: Iterable[Column], values: Values, derived: set[str], large_pages: bool) -> bytes:
    """The record out of the values of its columns.  `derived` names the template columns among them."""
    columns = list(columns)
    fixed = _until_last_set([column for column in columns if column.is_fixed], values)
    variable = _until_last_set([column for column in columns if column.is_variable], values)
    tagged = [column for column in columns if column.is_tagged and column.name in values]
    tagged.sort(key=lambda column: (column.name not in derived, column.id))

    fixed_part = _encode_fixed(fixed, values)
    last_fixed = fixed[-1].id if fixed else 0
    last_variable = variable[-1].id if variable else FIRST_VARIABLE - 1
    head = struct.pack("<BBH", last_fixed, last_variable, 4 + len(fixed_part))
    return head + fixed_part + _encode_variable(variable, values) + _encode_tagged(tagged, values, derived, large_pages)


def _until_last_set(columns: list[Column], values: Values) -> list[Column]:
    columns.sort(key=lambda column: column.id)
    while columns and columns[-1].name not in values:
        columns.pop()
    return columns


def _encode_fixed(columns: list[Column], values: Values) -> bytes:
    data = b""
    nulls = 0
    for column in columns:
        present = values.get(column.name)
        data += present[0].data if present else NULL_FILLER * column.size
        nulls |= (not present) << column.id - 1
    if not columns:
        return b""
    size = (columns[-1].id + 7) // 8
    unused = -1 << columns[-1].id  # bits behind the last column are set
    return data + ((nulls | unused) & (1 << 8 * size) - 1).to_bytes(size, "little")


def _encode_variable(columns: list[Column], values: Values) -> bytes:
    ends = []
    data = b""
    for column in columns:
        present = values.get(column.name)
        if present:
            data += present[0].data
        ends.append(len(data) | (0 if present else NULL_VARIABLE))
    return struct.pack(f"<{len(ends)}H", *ends) + data


def _encode_tagged(columns: list[Column], values: Values, derived: set[str], large_pages: bool) -> bytes:
    array = b""
    data = b""
    for column in columns:
        head, body = _encode_tagged_value(column, values[column.name])
        where = 4 * len(columns) + len(data)
        if where > (LARGEST_OFFSET_LARGE_PAGES if large_pages else LARGEST_OFFSET):
            raise ValueError("the record is too large; separate some long values")
        if large_pages:
            value = bytes([head]) + body
        elif head & HEAD_NULL:
            where |= TAG_NULL
            value = b""
        elif head:
            where |= TAG_EXTENDED
            value = bytes([head]) + body
        else:
            value = body
        if column.name in derived:
            where |= TAG_DERIVED
        array += struct.pack("<HH", column.id, where)
        data += value
    return array + data


def _encode_tagged_value(column: Column, values: Sequence[Value]) -> tuple[int, bytes]:
    """Header byte and body."""
    if not values:
        return HEAD_NULL, b""
    head = HEAD_LONG_VALUE if column.long else 0
    if values[0].compressed:
        head |= HEAD_COMPRESSED
    if len(values) == 1:
        return head | (HEAD_SEPARATED if values[0].separated else 0), values[0].data
    head |= HEAD_MULTI_VALUES
    if len(values) == 2 and not column.long and len(values[0].data) <= 255:
        return head | HEAD_TWO_VALUES, bytes([len(values[0].data)]) + values[0].data + values[1].data
    offsets = []
    data = b""
    for value in values:
        where = 2 * len(values) + len(data)
        offsets.append(where | (SEPARATED_INSTANCE if value.separated else 0))
        data += value.data
    return head, struct.pack(f"<{len(offsets)}H", *offsets) + data
