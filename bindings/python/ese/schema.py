"""Descriptions of columns, indexes and databases: plain values, independent of the objects they came from."""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from ._core import _Limits, _Pairs, _Time


class ColumnType(IntEnum):
    """JET_coltyp...: see docs/python.md for the Python type of each."""

    NIL = 0
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
    SLV = 13
    UNSIGNED_LONG = 14
    LONG_LONG = 15
    GUID = 16
    UNSIGNED_SHORT = 17
    UNSIGNED_LONG_LONG = 18


class ColumnFlags(IntFlag):
    """JET_bitColumn..."""

    FIXED = 0x1
    TAGGED = 0x2
    NOT_NULL = 0x4
    VERSION = 0x8
    AUTOINCREMENT = 0x10
    UPDATABLE = 0x20
    MULTI_VALUED = 0x400
    ESCROW_UPDATE = 0x800
    UNVERSIONED = 0x1000
    MAYBE_NULL = 0x2000
    FINALIZE = 0x4000
    USER_DEFINED_DEFAULT = 0x8000
    DELETE_ON_ZERO = 0x20000
    COMPRESSED = 0x80000


class IndexFlags(IntFlag):
    """JET_bitIndex..."""

    UNIQUE = 0x1
    PRIMARY = 0x2
    DISALLOW_NULL = 0x4
    IGNORE_NULL = 0x8
    IGNORE_ANY_NULL = 0x20
    IGNORE_FIRST_NULL = 0x40
    LAZY_FLUSH = 0x80
    EMPTY = 0x100
    UNVERSIONED = 0x200
    SORT_NULLS_HIGH = 0x400
    UNICODE = 0x800
    TUPLES = 0x1000
    TUPLE_LIMITS = 0x2000
    CROSS_PRODUCT = 0x4000
    KEY_MOST = 0x8000
    DISALLOW_TRUNCATION = 0x10000
    NESTED_TABLE = 0x20000
    DOT_NET_GUID = 0x40000
    IMMUTABLE_STRUCTURE = 0x80000


class Column(NamedTuple):
    """A column of a table."""

    name: str
    id: int
    type: ColumnType
    code_page: int
    """1200 for UTF-16, 1252 for one byte a character, 0 for columns without text."""
    size: int
    """The largest value in bytes, 0 without a limit."""
    flags: ColumnFlags
    default: bytes | None
    """The default value as the engine stores it, None without one."""

    @property
    def multi_valued(self) -> bool:
        return bool(self.flags & ColumnFlags.MULTI_VALUED)


class Segment(NamedTuple):
    """A column of an index."""

    column: str
    descending: bool


class Condition(NamedTuple):
    """Records enter the index only when the column is NULL, or only when it is not."""

    column: str
    must_be_null: bool


class TupleLimits(NamedTuple):
    """Which substrings a tuple index holds, in characters."""

    length_min: int
    length_max: int
    to_index_max: int
    increment: int
    start: int


class Index(NamedTuple):
    """An index of a table."""

    name: str
    segments: tuple[Segment, ...]
    flags: IndexFlags
    key_most: int
    """The longest key in bytes; longer ones are cut."""
    conditions: tuple[Condition, ...]
    tuple_limits: TupleLimits | None
    locale: str
    lcid: int
    map_flags: int
    density: int

    @property
    def unique(self) -> bool:
        return bool(self.flags & (IndexFlags.UNIQUE | IndexFlags.PRIMARY))

    @property
    def primary(self) -> bool:
        return bool(self.flags & IndexFlags.PRIMARY)

    @property
    def conditional(self) -> bool:
        return bool(self.conditions)


class DatabaseState(IntEnum):
    """JET_dbstate..."""

    UNKNOWN = 0
    JUST_CREATED = 1
    DIRTY_SHUTDOWN = 2
    CLEAN_SHUTDOWN = 3
    BEING_CONVERTED = 4
    FORCE_DETACH = 5


class Signature(NamedTuple):
    """Tells one database, or one sequence of logs, from every other."""

    random: int
    created: datetime | None
    computer: str


class DatabaseInfo(NamedTuple):
    """What the header of a database says. Times are as stored: UTC when the database says so, else naive."""

    size: int
    page_size: int
    version: int
    update: int
    state: DatabaseState
    windows_version: tuple[int, int, int]
    signature: Signature
    log_signature: Signature
    consistent_time: datetime | None
    attach_time: datetime | None
    detach_time: datetime | None
    generations_required: tuple[int, int]
    generation_committed: int
    repair_count: int
    checksum_errors: int
    corrected_errors: int
    uncorrected_errors: int


class Problem(NamedTuple):
    """Something in a damaged database that was left out, and why."""

    page: int
    """0 when it is not one page."""
    code: int
    name: str | None
    text: str


# Tables have up to 65,248 columns, of few kinds; to look one up is much cheaper than to make it.
_kinds: dict[tuple[int, int], tuple[ColumnType, ColumnFlags]] = {}


def _column_kind(coltyp: int, grbit: int) -> tuple[ColumnType, ColumnFlags]:
    kind = _kinds.get((coltyp, grbit))
    if kind is None:
        kind = _kinds[coltyp, grbit] = ColumnType(coltyp), ColumnFlags(grbit)
    return kind


def column_from(row: tuple[str, int, int, int, int, int, bytes | None]) -> Column:
    name, columnid, coltyp, code_page, size, grbit, default = row
    kind, flags = _column_kind(coltyp, grbit)
    return Column(name, columnid, kind, code_page, size, flags, default)


def index_from(
    row: tuple[str, int, _Pairs, _Pairs, str, int, int, int, int, _Limits],
) -> Index:
    name, grbit, segments, conditions, locale, lcid, map_flags, key_most, density, limits = row
    return Index(
        name,
        tuple(Segment(*segment) for segment in segments),
        IndexFlags(grbit),
        key_most,
        tuple(Condition(*condition) for condition in conditions),
        TupleLimits(*limits) if any(limits) else None,
        locale,
        lcid,
        map_flags,
        density,
    )


def time_from(time: _Time | None) -> datetime | None:
    """None for "never", and for what is no date."""
    from datetime import UTC, datetime

    if time is None:
        return None
    year, month, day, hour, minute, second, millisecond, is_utc = time
    try:
        return datetime(year, month, day, hour, minute, second, millisecond * 1000, UTC if is_utc else None)
    except ValueError:
        return None


def info_from(values: dict[str, Any]) -> DatabaseInfo:
    def signature(key: str) -> Signature:
        random, created, computer = values[key]
        return Signature(random, time_from(created), computer)

    state = values["state"]
    return DatabaseInfo(
        size=values["size"],
        page_size=values["page_size"],
        version=values["version"],
        update=values["update"],
        state=DatabaseState(state if state in DatabaseState.__members__.values() else 0),
        windows_version=(values["windows_major"], values["windows_minor"], values["windows_build"]),
        signature=signature("signature"),
        log_signature=signature("log_signature"),
        consistent_time=time_from(values["consistent_time"]),
        attach_time=time_from(values["attach_time"]),
        detach_time=time_from(values["detach_time"]),
        generations_required=(values["generation_min_required"], values["generation_max_required"]),
        generation_committed=values["generation_committed"],
        repair_count=values["repair_count"],
        checksum_errors=values["checksum_errors"],
        corrected_errors=values["corrected_errors"],
        uncorrected_errors=values["uncorrected_errors"],
    )
