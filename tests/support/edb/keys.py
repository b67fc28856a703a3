"""Keys: column values as bytes that sort as the values do, and the entries a row has in an index.

Unicode text needs the weights of a locale.  Here are those of ASCII letters, digits, blank and hyphen, which is enough
for an index to look at; other characters are refused.
"""

import itertools
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from .schema import FLOAT_TYPES, UNICODE, VARIABLE_TYPES, Column, ColumnType, Index, IndexOption, Table, TupleLimits

NULL = 0x00
NULL_HIGH = 0xC0
EMPTY = 0x40
PRESENT = 0x7F

DEFAULT_KEY_MOST = 255
GROUP = 8  # variable binary values are cut into groups of 8 bytes
MORE_GROUPS = 9

SIGNED = (ColumnType.SHORT, ColumnType.LONG, ColumnType.LONG_LONG, ColumnType.CURRENCY)

LETTER_WEIGHTS = dict(zip("abcdefghijklmnopqrstuvwxyz", bytes.fromhex(
    "02 09 0a 1a 21 23 25 2c 32 35 36 48 51 70 7c 7e 89 8a 91 99 9f a2 a4 a6 a7 a9")))  # fmt: skip
SCRIPT_LETTER, SCRIPT_DIGIT, SCRIPT_SYMBOL = 0x0E, 0x0D, 0x07
DIGIT_WEIGHTS = dict(zip("0123456789", bytes.fromhex("03 1a 1c 1e 20 22 24 26 28 2a")))
HYPHEN = bytes.fromhex("82 12")  # weights of the hyphen, which counts only where everything else is equal

Instances = Mapping[str, Sequence[bytes]]  # the values a row has in each column; none = NULL


class NullKeyError(ValueError):
    """An index that refuses NULLs met one."""


class KeyTruncatedError(ValueError):
    """An index that refuses to cut keys met a long one."""


@dataclass
class Segment:
    """One column of an index key."""

    column: Column
    descending: bool


def index_keys(table: Table, index: Index, row: Instances) -> list[bytes]:
    """The keys of all entries a row has in an index, without repetition."""
    if not _meets_conditions(index, row):
        return []
    segments = [Segment(table.column(name), descending) for name, descending in index.segments]
    keys: dict[bytes, None] = {}
    for values in _combinations(index, segments, row):
        nulls = [value is None for value in values]
        key = _build_key(index, segments, values)
        if _nulls_allowed(index, nulls):
            keys[key] = None
    return list(keys)


def _meets_conditions(index: Index, row: Instances) -> bool:
    return all((not row[condition[1:]]) == (condition[0] == "=") for condition in index.conditions)


def _combinations(index: Index, segments: list[Segment], row: Instances) -> Iterator[tuple[bytes | None, ...]]:
    """The values of all segments, once for every entry."""
    instances: list[Sequence[bytes | None]] = [row[segment.column.name] or [None] for segment in segments]
    if index.tuples:
        pieces = [
            piece
            for value in row[segments[0].column.name]
            for piece in _tuples(index.tuples, segments[0].column, value)
        ]
        yield from itertools.product(pieces, *(values[:1] for values in instances[1:]))
    elif IndexOption.NESTED_TABLE in index.options:
        yield from itertools.zip_longest(*instances)
    elif IndexOption.CROSS_PRODUCT in index.options:
        yield from itertools.product(*instances)
    else:
        leading = next((at for at, segment in enumerate(segments) if segment.column.multi_valued), None)
        yield from itertools.product(*(values if at == leading else values[:1] for at, values in enumerate(instances)))


def _tuples(limits: TupleLimits, column: Column, value: bytes) -> Iterator[bytes]:
    """The pieces of a value; a NULL has none, and no entry either."""
    width = 2 if column.code_page == UNICODE and column.text else 1
    for number in range(limits.most):
        start = (limits.start + number * limits.step) * width
        piece = value[start : start + limits.longest * width]
        if len(piece) < limits.shortest * width:
            return
        yield piece


def _nulls_allowed(index: Index, nulls: list[bool]) -> bool:
    options = index.options
    if not any(nulls):
        return True
    if IndexOption.DISALLOW_NULL in options:
        raise NullKeyError(index.name)
    if IndexOption.IGNORE_ANY_NULL in options:
        return False
    if all(nulls):
        return not options & (IndexOption.IGNORE_NULL | IndexOption.IGNORE_FIRST_NULL)
    return not (nulls[0] and IndexOption.IGNORE_FIRST_NULL in options)


def _build_key(index: Index, segments: list[Segment], values: Sequence[bytes | None]) -> bytes:
    key = b""
    for segment, value in zip(segments, values):
        room = index.key_most - len(key)
        limit = min(room, index.segment_most) if index.segment_most else room
        part, whole = normalize(segment.column, value, index, limit)
        key += bytes(byte ^ 0xFF for byte in part) if segment.descending else part
        if not whole and limit == room:  # the key is full; a cut by segment_most alone does not end it
            if IndexOption.DISALLOW_TRUNCATION in index.options:
                raise KeyTruncatedError(index.name)
            break
    return key


def normalize(column: Column, value: bytes | None, index: Index, room: int) -> tuple[bytes, bool]:
    """A value as ascending key bytes of at most `room`, and whether it went in whole."""
    if value is None:
        high = IndexOption.SORT_NULLS_HIGH in index.options and IndexOption.DISALLOW_NULL not in index.options
        part = bytes([NULL_HIGH if high else NULL])
    elif not value and column.type in VARIABLE_TYPES:
        part = bytes([EMPTY])
    else:
        return _normalize_present(column, value, index, room)
    return part[:room], room >= 1


def _normalize_present(column: Column, value: bytes, index: Index, room: int) -> tuple[bytes, bool]:
    prefix = bytes([PRESENT])
    if column.type in VARIABLE_TYPES:
        if index.key_most == DEFAULT_KEY_MOST:
            value = value[: 254 if column.unicode else 255]
        if column.unicode:
            part = prefix + unicode_key(value.decode("utf-16-le"))
        elif column.text:
            part, whole = _latin_text(value, room - 1)
            return prefix + part, whole
        elif not column.is_fixed:
            part, whole = _binary_groups(value, room)
            return prefix + part, whole
        else:
            part = prefix + value
    else:
        part = prefix + _normalize_fixed(column, value, index)
    return part[:room], len(part) <= room


def _normalize_fixed(column: Column, value: bytes, index: Index) -> bytes:
    if column.type is ColumnType.BIT:
        return b"\xff" if value != b"\0" else b"\0"
    if column.type is ColumnType.GUID:
        if IndexOption.DOT_NET_GUID in index.options:
            return value[3::-1] + value[5:3:-1] + value[7:5:-1] + value[8:]
        return value[10:] + value[8:10] + value[6:8] + value[4:6] + value[:4]
    big = bytearray(reversed(value))
    if column.type in FLOAT_TYPES and big[0] & 0x80:
        return bytes(byte ^ 0xFF for byte in big)
    if column.type in FLOAT_TYPES or column.type in SIGNED:
        big[0] ^= 0x80
    return bytes(big)


def _latin_text(value: bytes, room: int) -> tuple[bytes, bool]:
    """Upper-case text up to its first NUL, and a closing NUL."""
    if room > len(value):
        return value.split(b"\0")[0].upper() + b"\0", True
    head = value[: room - 1]
    text = head.split(b"\0")[0]
    following = value[room - 1]
    if text == head and following:
        # Engines turn the last byte of a cut key to upper case without looking whether it is a letter.
        return text.upper() + bytes([(following - 0x20) % 256]), False
    return text.upper() + b"\0", True


def _binary_groups(value: bytes, room: int) -> tuple[bytes, bool]:
    """Groups of 8 bytes with a marker behind each: the number of bytes of the last group, or that more follow."""
    groups = (len(value) + GROUP - 1) // GROUP
    needed = (GROUP + 1) * groups + 1
    whole = needed <= room
    rest = min(needed, room) - 1
    part = b""
    while rest > GROUP:
        group, value = value[:GROUP], value[GROUP:]
        last = not value and (whole or len(group) < GROUP)
        part += group.ljust(GROUP, b"\0") + bytes([len(group) if last else MORE_GROUPS])
        rest -= GROUP + 1
    return part + value[:rest].ljust(rest, b"\0"), whole


def unicode_key(text: str) -> bytes:
    """Sort key of a text for the default flags: case, width and kana type do not count."""
    primary = b""
    special = b""
    for character in text.lower():
        if character in LETTER_WEIGHTS:
            primary += bytes([SCRIPT_LETTER, LETTER_WEIGHTS[character]])
        elif character in DIGIT_WEIGHTS:
            primary += bytes([SCRIPT_DIGIT, DIGIT_WEIGHTS[character]])
        elif character == " ":
            primary += bytes([SCRIPT_SYMBOL, 2])
        elif character == "-":
            special += struct.pack(">H", -(len(primary) // 2 + 1) % 65536) + HYPHEN
        else:
            raise ValueError(f"no sort weight for {character!r}")
    return primary + b"\1\1\1\1" + special + b"\0"


def sequential_key(number: int) -> bytes:
    """Key of a row in a table without a primary index."""
    return struct.pack(">I", number)
