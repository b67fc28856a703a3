"""Tables, columns and indexes as a caller describes them, and the bytes of single values."""

import datetime
import struct
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Flag, IntEnum, IntFlag, auto
from typing import Any

FIRST_VARIABLE = 128
FIRST_TAGGED = 256
LATIN = 1252
UNICODE = 1200

DAY_ZERO = datetime.datetime(1899, 12, 30)


class ColumnType(IntEnum):
    BIT = 1
    UNSIGNED_BYTE = 2
    SHORT = 3
    LONG = 4
    CURRENCY = 5
    SINGLE = 6
    DOUBLE = 7
    DATE_TIME = 8
    BINARY = 9
    TEXT = 10
    LONG_BINARY = 11
    LONG_TEXT = 12
    UNSIGNED_LONG = 14
    LONG_LONG = 15
    GUID = 16
    UNSIGNED_SHORT = 17
    UNSIGNED_LONG_LONG = 18


NUMBER_FORMATS = {
    ColumnType.UNSIGNED_BYTE: "<B",
    ColumnType.SHORT: "<h",
    ColumnType.LONG: "<i",
    ColumnType.CURRENCY: "<q",
    ColumnType.SINGLE: "<f",
    ColumnType.DOUBLE: "<d",
    ColumnType.DATE_TIME: "<d",
    ColumnType.UNSIGNED_LONG: "<I",
    ColumnType.LONG_LONG: "<q",
    ColumnType.UNSIGNED_SHORT: "<H",
    ColumnType.UNSIGNED_LONG_LONG: "<Q",
}
TEXT_TYPES = (ColumnType.TEXT, ColumnType.LONG_TEXT)
LONG_TYPES = (ColumnType.LONG_BINARY, ColumnType.LONG_TEXT)
FLOAT_TYPES = (ColumnType.SINGLE, ColumnType.DOUBLE, ColumnType.DATE_TIME)
VARIABLE_TYPES = (ColumnType.BINARY, ColumnType.TEXT, *LONG_TYPES)


class ColumnFlag(IntFlag):
    """As stored in the catalog."""

    NONE = 0
    NOT_NULL = 0x1
    VERSION = 0x2
    AUTOINCREMENT = 0x4
    MULTI_VALUED = 0x8
    DEFAULT = 0x10
    ESCROW_UPDATE = 0x20
    TEMPLATE = 0x100
    COMPRESSED = 0x1000


@dataclass
class Column:
    """A column.  Its id is given out when its table is added to a database."""

    name: str
    type: ColumnType
    size: int = 0  # most bytes of Text, Binary and long types; 0 = 255, or no limit for long types
    flags: ColumnFlag = ColumnFlag.NONE
    code_page: int = LATIN  # of text columns
    fixed: bool = False  # Text and Binary of fixed length
    tagged: bool = False  # store an ordinary type as tagged column
    default: Any = None
    added_later: bool = False  # existing rows know nothing of the column
    id: int = 0
    offset: int = 0  # place in the record, fixed columns only

    def __post_init__(self) -> None:
        if self.default is not None:
            self.flags |= ColumnFlag.DEFAULT
        if self.type not in VARIABLE_TYPES:
            self.size = 1 if self.type is ColumnType.BIT else 16
            if self.type in NUMBER_FORMATS:
                self.size = struct.calcsize(NUMBER_FORMATS[self.type])
        elif not self.size and not self.long:
            self.size = 255

    @property
    def long(self) -> bool:
        return self.type in LONG_TYPES

    @property
    def text(self) -> bool:
        return self.type in TEXT_TYPES

    @property
    def unicode(self) -> bool:
        return self.text and self.code_page == UNICODE

    @property
    def multi_valued(self) -> bool:
        return bool(self.flags & ColumnFlag.MULTI_VALUED)

    @property
    def is_fixed(self) -> bool:
        return self.id < FIRST_VARIABLE

    @property
    def is_variable(self) -> bool:
        return FIRST_VARIABLE <= self.id < FIRST_TAGGED

    @property
    def is_tagged(self) -> bool:
        return self.id >= FIRST_TAGGED

    @property
    def first_id(self) -> int:
        """Where the ids of this kind of column begin."""
        if self.long or self.tagged or self.multi_valued:
            return FIRST_TAGGED
        return 1 if self.fixed or self.type not in VARIABLE_TYPES else FIRST_VARIABLE

    def encode(self, value: Any) -> bytes:
        """The stored bytes of one value."""
        data = self._encode_plain(value)
        if self.is_fixed and self.type in VARIABLE_TYPES:
            blank = " ".encode("utf-16-le" if self.unicode else "cp1252") if self.text else b"\0"
            data += blank * ((self.size - len(data)) // len(blank))
        if self.size and len(data) > self.size:
            raise ValueError(f"column {self.name}: {len(data)} bytes exceed {self.size}")
        return data

    def _encode_plain(self, value: Any) -> bytes:
        if self.type is ColumnType.BIT:
            return b"\xff" if value else b"\0"
        if self.type is ColumnType.GUID:
            return uuid.UUID(str(value)).bytes_le
        if self.text:
            text = str(value)
            return text.encode("utf-16-le", "surrogatepass") if self.unicode else text.encode("cp1252")
        if self.type in VARIABLE_TYPES:
            return bytes(value)
        if isinstance(value, datetime.datetime):
            value = (value - DAY_ZERO) / datetime.timedelta(days=1)
        return struct.pack(NUMBER_FORMATS[self.type], value)

    def decode(self, data: bytes) -> Any:
        """A value out of its stored bytes; the inverse of encode, but for dates, which stay numbers of days."""
        if self.type is ColumnType.BIT:
            return data != b"\0"
        if self.type is ColumnType.GUID:
            return uuid.UUID(bytes_le=data)
        if self.text:
            return data.decode("utf-16-le", "surrogatepass") if self.unicode else data.decode("cp1252")
        if self.type in VARIABLE_TYPES:
            return data
        return struct.unpack(NUMBER_FORMATS[self.type], data)[0]


class IndexOption(Flag):
    NONE = 0
    PRIMARY = auto()
    UNIQUE = auto()
    DISALLOW_NULL = auto()
    IGNORE_NULL = auto()
    IGNORE_FIRST_NULL = auto()
    IGNORE_ANY_NULL = auto()
    SORT_NULLS_HIGH = auto()
    CROSS_PRODUCT = auto()
    NESTED_TABLE = auto()
    DISALLOW_TRUNCATION = auto()
    DOT_NET_GUID = auto()


@dataclass(frozen=True)
class TupleLimits:
    """A tuple index holds pieces of the first column; lengths and places in characters."""

    shortest: int = 3
    longest: int = 10
    most: int = 32767
    step: int = 1
    start: int = 0


@dataclass
class Index:
    name: str
    key: Sequence[str]  # "+column" ascending, "-column" descending
    options: IndexOption = IndexOption.NONE
    key_most: int = 255
    segment_most: int | None = None  # most bytes of a key segment of variable length
    conditions: Sequence[str] = ()  # "=column" must be null, "!column" must not
    tuples: TupleLimits | None = None
    density: int = 80
    inherited: bool = False  # in a derived table: defined by the template

    @property
    def primary(self) -> bool:
        return IndexOption.PRIMARY in self.options

    @property
    def unique(self) -> bool:
        return self.primary or IndexOption.UNIQUE in self.options

    @property
    def segments(self) -> list[tuple[str, bool]]:
        """Column names, and whether they descend."""
        return [(segment[1:], segment[0] == "-") for segment in self.key]


@dataclass(frozen=True)
class Separate:
    """A long value that shall lie in the long-value tree, however short it is."""

    value: Any


Row = Mapping[str, Any]


@dataclass
class Table:
    """A table with its rows.  A row names its columns; None is an explicit NULL, a list several values."""

    name: str
    columns: list[Column]
    indexes: list[Index] = field(default_factory=list)
    rows: Sequence[Row] = ()
    pages: int = 1  # initial extent
    density: int = 80
    flags: int = 0
    template: "Table | None" = None  # the table this one is derived from
    is_template: bool = False
    separate_above: int | None = None  # own limit for long values in the record
    chunk_size: int | None = None  # own size of long-value chunks
    prefix: bool = True  # compress keys
    fill: int = 100  # percent of each leaf to fill
    fanout: int = 0  # see btree.Shape

    def __post_init__(self) -> None:
        self._number_columns()
        if self.template:
            inherited = [Index(**{**vars(index), "inherited": True}) for index in self.template.indexes]
            self.indexes = [*inherited, *self.indexes]
        if self.is_template:
            for column in self.columns:
                column.flags |= ColumnFlag.TEMPLATE

    def _number_columns(self) -> None:
        """Ids per kind, ascending; fixed and variable ones of a derived table follow those of its template."""
        inherited = self.template.columns if self.template else []
        offset = max((column.offset + column.size for column in inherited if column.is_fixed), default=4)
        following: dict[int, int] = {}
        for column in inherited:
            if not column.is_tagged:
                following[column.first_id] = column.id + 1
        for column in self.columns:
            kind = column.first_id
            column.id = column.id or following.get(kind, kind)
            following[kind] = column.id + 1
            if column.is_fixed:
                column.offset = offset
                offset += column.size

    @property
    def all_columns(self) -> list[Column]:
        """Own columns and those of the template, which come first."""
        return [*(self.template.columns if self.template else []), *self.columns]

    @property
    def primary(self) -> Index | None:
        return next((index for index in self.indexes if index.primary), None)

    def column(self, name: str) -> Column:
        return next(column for column in self.all_columns if column.name == name)

    def from_template(self, column: Column) -> bool:
        return self.template is not None and any(column is inherited for inherited in self.template.columns)
