"""What tables are made of: columns, keys and indexes as plain values.

    db.create_table(
        "people",
        {"id": ese.Long(autoincrement=True), "name": ese.Text(100, not_null=True), "tags": list[str], "photo": bytes},
        primary_key="id",
        indexes={"byName": "name", "byTag": ese.Key("tags", ignore_null=True)},
    )

A column is a specification like `ese.Long(...)`, the name of a type ("long", "long text"), a Python type, or the
description of a column of another table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import GenericAlias
from typing import Any, ClassVar
from uuid import UUID

from .schema import Column, ColumnFlags, ColumnType, Condition, Index, IndexFlags, TupleLimits
from .table import column_value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._core import _Pairs

_UTF16 = 1200
_TEXT_TYPES = (ColumnType.TEXT, ColumnType.LONG_TEXT)
_COPIED_FLAGS = ~int(ColumnFlags.UPDATABLE | ColumnFlags.MAYBE_NULL)
_DEFAULT_MAP_FLAGS = 0x30401  # LCMAP_SORTKEY, NORM_IGNORECASE, NORM_IGNOREKANATYPE, NORM_IGNOREWIDTH
_DEFAULT_KEY_MOST = 255

ColumnSource = "ColumnSpec | Column | str | type | GenericAlias"
KeySource = "Key | Index | str | Iterable[str]"


class ColumnSpec:
    """A column to make: `ese.Long(autoincrement=True)`. Use one of the classes that are named after the types.

    size           the largest value in bytes; a Text of UTF-16 has room for half as many characters. 0: the type's
                   own limit
    not_null       refuses records without a value
    default        the value of records that have none of their own
    multi_valued   several values, which Python sees as a list
    tagged, fixed  where the value lies in a record; without either the engine decides by type
    autoincrement  the engine numbers the records (Long or LongLong)
    version        the engine counts the changes of the record (Long)
    escrow         a counter for Table.escrow (Long or LongLong, not_null, with a default)
    compressed     long values are stored shorter, where that helps
    code_page      1200 for UTF-16, 1252 for one byte a character; text only
    flags          further JET_bitColumn... bits
    """

    type: ClassVar[ColumnType] = ColumnType.NIL

    def __init__(
        self,
        size: int = 0,
        *,
        not_null: bool = False,
        default: object = None,
        multi_valued: bool = False,
        tagged: bool = False,
        fixed: bool = False,
        autoincrement: bool = False,
        version: bool = False,
        escrow: bool = False,
        compressed: bool = False,
        code_page: int = _UTF16,
        flags: int = 0,
    ) -> None:
        chosen = {
            ColumnFlags.NOT_NULL: not_null,
            ColumnFlags.MULTI_VALUED: multi_valued,
            ColumnFlags.TAGGED: tagged or multi_valued,
            ColumnFlags.FIXED: fixed,
            ColumnFlags.AUTOINCREMENT: autoincrement,
            ColumnFlags.VERSION: version,
            ColumnFlags.ESCROW_UPDATE: escrow,
            ColumnFlags.COMPRESSED: compressed,
        }
        self.size = size
        self.default = default
        self.code_page = code_page if self.type in _TEXT_TYPES else 0
        self.flags = ColumnFlags(flags)
        for flag, is_set in chosen.items():
            if is_set:
                self.flags |= flag

    def __repr__(self) -> str:
        return f"<ese.{type(self).__name__} {self.flags!r}>"


class Bit(ColumnSpec):
    """bool"""

    type = ColumnType.BIT


class UnsignedByte(ColumnSpec):
    """int from 0 to 255"""

    type = ColumnType.UNSIGNED_BYTE


class Short(ColumnSpec):
    """int of 16 bits"""

    type = ColumnType.SHORT


class UnsignedShort(ColumnSpec):
    """int from 0 to 65535"""

    type = ColumnType.UNSIGNED_SHORT


class Long(ColumnSpec):
    """int of 32 bits"""

    type = ColumnType.LONG


class UnsignedLong(ColumnSpec):
    """int from 0 to 2**32 - 1"""

    type = ColumnType.UNSIGNED_LONG


class LongLong(ColumnSpec):
    """int of 64 bits"""

    type = ColumnType.LONG_LONG


class UnsignedLongLong(ColumnSpec):
    """int from 0 to 2**64 - 1"""

    type = ColumnType.UNSIGNED_LONG_LONG


class Currency(ColumnSpec):
    """Money: int in ten-thousandths; a Decimal is taken as the amount."""

    type = ColumnType.CURRENCY


class Single(ColumnSpec):
    """float of 32 bits"""

    type = ColumnType.SINGLE


class Double(ColumnSpec):
    """float"""

    type = ColumnType.DOUBLE


class DateTime(ColumnSpec):
    """datetime without a time zone, to the microsecond"""

    type = ColumnType.DATE_TIME


class Guid(ColumnSpec):
    """uuid.UUID"""

    type = ColumnType.GUID


class Binary(ColumnSpec):
    """bytes, at most 255"""

    type = ColumnType.BINARY


class Text(ColumnSpec):
    """str, at most 255 bytes: 127 characters of UTF-16"""

    type = ColumnType.TEXT


class LongBinary(ColumnSpec):
    """bytes, up to 2 GiB"""

    type = ColumnType.LONG_BINARY


class LongText(ColumnSpec):
    """str, up to 2 GiB"""

    type = ColumnType.LONG_TEXT


_SPECS: tuple[type[ColumnSpec], ...] = (
    Bit, UnsignedByte, Short, UnsignedShort, Long, UnsignedLong, LongLong, UnsignedLongLong, Currency, Single, Double,
    DateTime, Guid, Binary, Text, LongBinary, LongText,
)  # fmt: skip
_BY_NAME = {spec.__name__.lower(): spec for spec in _SPECS} | {"byte": UnsignedByte, "uuid": Guid}
_BY_TYPE: dict[object, type[ColumnSpec]] = {
    bool: Bit, int: LongLong, float: Double, str: LongText, bytes: LongBinary, datetime: DateTime, UUID: Guid,
}  # fmt: skip


def column_spec(source: Any) -> ColumnSpec | Column:
    """What a column is to be, from any form in which it may be given."""
    if isinstance(source, ColumnSpec | Column):
        return source
    if isinstance(source, str):
        found = _BY_NAME.get(source.lower().replace(" ", "").replace("_", ""))
        if found is None:
            raise ValueError(f"there is no type of columns {source!r}: {', '.join(_BY_NAME)}")
        return found()
    if isinstance(source, GenericAlias) and source.__origin__ is list and len(source.__args__) == 1:
        many = _BY_TYPE.get(source.__args__[0])
        if many is not None:
            return many(multi_valued=True)
    if isinstance(source, type) and issubclass(source, ColumnSpec):
        return source()
    plain = _BY_TYPE.get(source) if isinstance(source, type) else None
    if plain is None:
        raise TypeError(f"{source!r} describes no column")
    return plain()


def column_tuple(name: str, source: Any) -> tuple[str, int, int, int, int, object]:
    """The same as the low-level module takes it."""
    spec = column_spec(source)
    default = spec.default
    if not isinstance(default, bytes) and default is not None:  # bytes are as they are stored
        default = column_value(default, name, int(spec.type))
    return name, int(spec.type), spec.code_page, spec.size, int(spec.flags) & _COPIED_FLAGS, default


def column_tuples(columns: Any) -> list[tuple[str, int, int, int, int, object]]:
    """Columns by name, or descriptions of columns."""
    if isinstance(columns, Mapping):
        return [column_tuple(name, source) for name, source in columns.items()]
    return [column_tuple(column.name, column) for column in columns]


class Key:
    """The columns of an index, and what it is like: `ese.Key("last", "-first", unique=True)`.

    A name may begin with + or -; - is descending. Without further options every record has an entry, and several
    records may have the same key.

    unique                refuses a second record with the same key
    disallow_null         refuses records with a NULL among the columns
    ignore_null           leaves out records whose columns are all NULL; ignore_any_null: any; ignore_first_null: the
                          first
    sort_nulls_high       NULL behind all values, not before
    when, when_null       only records in which these columns have a value, or have none
    locale, map_flags     how text sorts: "de-DE"; flags of LCMapString. Without: by the engine's own locale, without
                          regard to case
    key_most              the longest key in bytes, 255 unless given; longer keys are cut
    disallow_truncation   refuses records whose key would be cut
    cross_product, nested_table   of several columns with many values: an entry for each combination; for each position
    tuples                an entry for each substring: True, or the limits
    density               percent of a page that is filled before the next is begun
    flags                 further JET_bitIndex... bits
    """

    def __init__(
        self,
        *columns: str,
        unique: bool = False,
        disallow_null: bool = False,
        ignore_null: bool = False,
        ignore_any_null: bool = False,
        ignore_first_null: bool = False,
        sort_nulls_high: bool = False,
        when: Iterable[str] = (),
        when_null: Iterable[str] = (),
        locale: str = "",
        map_flags: int = 0,
        key_most: int = 0,
        disallow_truncation: bool = False,
        cross_product: bool = False,
        nested_table: bool = False,
        tuples: bool | TupleLimits = False,
        density: int = 0,
        flags: int = 0,
    ) -> None:
        if not columns:
            raise ValueError("an index has at least one column")
        chosen = {
            IndexFlags.UNIQUE: unique,
            IndexFlags.DISALLOW_NULL: disallow_null,
            IndexFlags.IGNORE_NULL: ignore_null,
            IndexFlags.IGNORE_ANY_NULL: ignore_any_null,
            IndexFlags.IGNORE_FIRST_NULL: ignore_first_null,
            IndexFlags.SORT_NULLS_HIGH: sort_nulls_high,
            IndexFlags.DISALLOW_TRUNCATION: disallow_truncation,
            IndexFlags.CROSS_PRODUCT: cross_product,
            IndexFlags.NESTED_TABLE: nested_table,
            IndexFlags.TUPLES: bool(tuples),
        }
        self.flags = IndexFlags(flags)
        for flag, is_set in chosen.items():
            if is_set:
                self.flags |= flag
        self.segments = tuple((column.lstrip("+-"), column.startswith("-")) for column in columns)
        self.conditions = tuple(
            Condition(column, must_be_null) for names, must_be_null in ((when, False), (when_null, True))
            for column in ([names] if isinstance(names, str) else names)
        )  # fmt: skip
        self.locale = locale
        self.map_flags = map_flags or (_DEFAULT_MAP_FLAGS if locale else 0)
        self.key_most = key_most
        self.tuple_limits = tuples if isinstance(tuples, TupleLimits) else None
        self.density = density

    def __repr__(self) -> str:
        columns = ", ".join(f"{'-' if descending else ''}{column}" for column, descending in self.segments)
        return f"<ese.Key {columns}>"


_IndexTuple = tuple[str, int, "_Pairs", "_Pairs", str, int, int, int, int, tuple[int, int, int, int, int]]


def index_tuple(name: str, source: Any, *, primary: bool = False) -> _IndexTuple:
    """An index as the low-level module takes it."""
    if isinstance(source, Index):
        key: Key | Index = source
        lcid = source.lcid
    else:
        if not isinstance(source, Key):
            source = Key(*([source] if isinstance(source, str) else source))
        key, lcid = source, 0
    flags = int(key.flags) | (int(IndexFlags.PRIMARY) if primary else 0)
    limits = key.tuple_limits
    return (
        name,
        flags,
        [(column, bool(descending)) for column, descending in key.segments],
        [(column, bool(must_be_null)) for column, must_be_null in key.conditions],
        key.locale,
        lcid,
        key.map_flags,
        key.key_most,
        key.density,
        (limits[0], limits[1], limits[2], limits[3], limits[4]) if limits else (0, 0, 0, 0, 0),
    )


def index_tuples(indexes: Any, primary_key: Any) -> list[_IndexTuple]:
    """Indexes by name, or descriptions of indexes; the primary one first."""
    made = [] if primary_key is None else [index_tuple("primary", primary_key, primary=True)]
    if isinstance(indexes, Mapping):
        made += [index_tuple(name, source) for name, source in indexes.items()]
    else:
        made += [index_tuple(index.name, index) for index in indexes]
    return sorted(made, key=lambda index: not index[1] & IndexFlags.PRIMARY)
