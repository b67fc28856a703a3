"""Tables, their indexes, and ranges of them."""

from __future__ import annotations

from enum import Enum

from . import _core
from .errors import ColumnNotFound, IndexNotFound, RecordNotFound
from .rows import FROM_FIRST, FROM_HERE, FROM_HERE_BACKWARD, FROM_LAST, Reader, Row, close_quietly

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from .database import Database
    from .schema import Column, Index

# ese_model_side: where a key stands among the entries that match it
_EXACTLY, _BEFORE, _AFTER, _BEFORE_PREFIX, _AFTER_PREFIX = range(5)
Bound = tuple[tuple[object, ...], int]
_OPEN: Bound = ((), _BEFORE)

_SEEK_EQ, _SEEK_LT, _SEEK_LE, _SEEK_GE, _SEEK_GT = 0x1, 0x2, 0x4, 0x8, 0x10
_RELATIONS = {
    "==": (_SEEK_EQ, _EXACTLY),
    "<": (_SEEK_LT, _BEFORE),
    "<=": (_SEEK_LE, _AFTER),
    ">=": (_SEEK_GE, _BEFORE),
    ">": (_SEEK_GT, _AFTER),
}
_MOVE_FIRST, _MOVE_LAST = -0x80000000, 0x7FFFFFFF


class SeekResult(Enum):
    """Where a seek ended."""

    NOT_FOUND = 0
    EXACT = 1
    GREATER = 2
    LESS = 3

    def __bool__(self) -> bool:
        """True when the table stands on a record."""
        return self is not SeekResult.NOT_FOUND


class Table:
    """A table of a database.

    Iteration, len() and index() use cursors of their own. seek(), move() and record use one that the table keeps, so
    they share a position.
    """

    def __init__(self, database: Database, name: str) -> None:
        self.name = name
        self.database = database
        self._cursor = database._open_cursor(name)
        self._columns: tuple[Column, ...] | None = None
        self._indexes: tuple[Index, ...] | None = None
        self._readers: dict[tuple[bool, bool], Reader] = {}

    def __repr__(self) -> str:
        return f"<ese.Table {self.name!r}>"

    def __enter__(self) -> Table:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the cursor of the table now; otherwise the database does."""
        self._cursor.close()

    # ---- schema

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns in the order of their ids."""
        if self._columns is None:
            from .schema import column_from

            self._columns = tuple(map(column_from, self._cursor.columns()))
        return self._columns

    @property
    def indexes(self) -> tuple[Index, ...]:
        """The indexes in name order, the primary one among them."""
        if self._indexes is None:
            from .schema import index_from

            self._indexes = tuple(map(index_from, self._cursor.indexes()))
        return self._indexes

    def column(self, name: str) -> Column:
        """The column of that name; ColumnNotFound."""
        for column in self.columns:
            if column.name == name:
                return column
        folded = name.casefold()
        for column in self.columns:
            if column.name.casefold() == folded:
                return column
        raise _not_found(ColumnNotFound, f"table {self.name} has no column {name}")

    def index(self, name: str | None = None) -> TableIndex:
        """An index by name, or the primary one; IndexNotFound."""
        for index in self.indexes:
            if index.primary if name is None else index.name.casefold() == name.casefold():
                return TableIndex(self, index)
        if name is None:
            return TableIndex(self, None)
        raise _not_found(IndexNotFound, f"table {self.name} has no index {name}")

    def _reader(self, columns: Iterable[str] | None, *, raw: bool, tuples: bool) -> Reader:
        if isinstance(columns, str):
            raise TypeError("columns are a list of names, not one str")
        if columns is not None:
            return Reader([self.column(name) for name in columns], raw=raw, tuples=tuples)
        reader = self._readers.get((raw, tuples))
        if reader is None:
            reader = self._readers[raw, tuples] = Reader(self.columns, raw=raw, tuples=tuples)
        return reader

    # ---- all records

    def rows(
        self,
        columns: Iterable[str] | None = None,
        *,
        index: str | None = None,
        raw: bool = False,
        tuples: bool = False,
        reverse: bool = False,
    ) -> Iterator[Any]:
        """The records in the order of an index: as Row, or as tuples of the columns' values.

        `raw` gives every value as the bytes that the engine stores.
        """
        return self.index(index).rows(columns, raw=raw, tuples=tuples, reverse=reverse)

    def __iter__(self) -> Iterator[Row]:
        return self.rows()

    def __reversed__(self) -> Iterator[Row]:
        return self.rows(reverse=True)

    def __len__(self) -> int:
        return len(self.index())

    # ---- one record at a time

    def seek(self, *key: object, index: str | None = None, relation: str = "==", **columns: object) -> SeekResult:
        """Looks for a key: `seek("Ada")`, `seek("Ada", index="byName", relation=">=")` or `seek(name="Ada")`.

        With columns by name, the first index that begins with exactly these columns is taken. A key of fewer columns
        than the index matches all records that agree in those.
        """
        if bool(key) == bool(columns):
            raise TypeError("seek() takes a key, or columns by name")
        if columns:
            if index is not None:
                raise TypeError("columns by name choose the index")
            chosen = self._index_on(columns)
            key = tuple(columns[segment.column] for segment in chosen.segments[: len(columns)])
        else:
            chosen = self.index(index)
        if relation not in _RELATIONS:
            raise ValueError(f"relation is one of {' '.join(_RELATIONS)}, not {relation!r}")
        values = key_values(key)
        grbit, side = _RELATIONS[relation]
        chosen._make_current(self._cursor)
        if len(values) == len(chosen.segments):
            return SeekResult(self._cursor.seek((values, _EXACTLY), grbit))
        if relation == "==":
            found = self._cursor.select((values, _BEFORE), (values, _AFTER), False)
            return SeekResult.EXACT if found else SeekResult.NOT_FOUND
        return SeekResult(self._cursor.seek((values, side), grbit))

    def _index_on(self, columns: dict[str, object]) -> TableIndex:
        for index in self.indexes:
            if {segment.column for segment in index.segments[: len(columns)]} == columns.keys():
                return TableIndex(self, index)
        raise _not_found(IndexNotFound, f"table {self.name} has no index that begins with {', '.join(columns)}")

    def move(self, rows: int) -> bool:
        """Moves by so many records; False, and no record, when there are not so many."""
        if not _MOVE_FIRST < rows < _MOVE_LAST:
            raise OverflowError("a move takes less than 2**31 - 1 records")
        return self._cursor.move(rows)

    def first(self) -> bool:
        """Moves to the first record; False in an empty table."""
        return self._cursor.move(_MOVE_FIRST)

    def last(self) -> bool:
        """Moves to the last record; False in an empty table."""
        return self._cursor.move(_MOVE_LAST)

    @property
    def record(self) -> Row:
        """The record on which the table stands; NoCurrentRecord."""
        row: Row = self._reader(None, raw=False, tuples=False).one(self._cursor)
        return row

    @property
    def bookmark(self) -> bytes:
        """Names the record on which the table stands, for goto()."""
        return self._cursor.bookmark()

    def goto(self, bookmark: bytes) -> None:
        """Moves to the record that a bookmark names; a StateError when it is there no more."""
        self._cursor.goto_bookmark(bookmark)


class IndexRange:
    """Entries of an index from one key to another. Nothing is read before it is asked for."""

    def __init__(self, index: TableIndex, lower: Bound, upper: Bound) -> None:
        self._index = index
        self._lower = lower
        self._upper = upper

    def __repr__(self) -> str:
        lower, upper = (_shown(bound) for bound in (self._lower, self._upper))
        return f"<ese.IndexRange {self._index._title} [{lower}:{upper}]>"

    def rows(
        self, columns: Iterable[str] | None = None, *, raw: bool = False, tuples: bool = False, reverse: bool = False
    ) -> Iterator[Any]:
        """The records, as Table.rows gives them."""
        return self._index.table._reader(columns, raw=raw, tuples=tuples).many(self._opener(reverse))

    def bookmarks(self, *, reverse: bool = False) -> Iterator[bytes]:
        """The bookmark of the record of each entry."""
        opened = self._opener(reverse)()
        if opened is None:
            return
        cursor, start = opened
        step = -1 if reverse else 1
        try:
            found = start in (FROM_HERE, FROM_HERE_BACKWARD) or cursor.move(_MOVE_LAST if reverse else _MOVE_FIRST)
            while found:
                yield cursor.bookmark()
                found = cursor.move(step)
        finally:
            close_quietly(cursor)

    def __iter__(self) -> Iterator[Row]:
        return self.rows()

    def __reversed__(self) -> Iterator[Row]:
        return self.rows(reverse=True)

    def __len__(self) -> int:
        opened = self._opener(False)()
        if opened is None:
            return 0
        cursor, start = opened
        try:
            return cursor.count() if start == FROM_HERE or cursor.move(_MOVE_FIRST) else 0
        finally:
            close_quietly(cursor)

    def _opener(self, reverse: bool) -> Callable[[], tuple[_core.Cursor, int] | None]:
        def opener() -> tuple[_core.Cursor, int] | None:
            cursor = self._index.table.database._open_cursor(self._index.table.name)
            self._index._make_current(cursor)
            if not self._lower[0] and not self._upper[0]:
                return cursor, FROM_LAST if reverse else FROM_FIRST
            if cursor.select(self._lower, self._upper, reverse):
                return cursor, FROM_HERE_BACKWARD if reverse else FROM_HERE
            close_quietly(cursor)
            return None

        return opener


class TableIndex(IndexRange):
    """An index of a table: iteration, `index[key]`, `index["a":"b"]`, `key in index`.

    A key is a value, or a tuple of values for several columns. With fewer values than the index has columns it stands
    for all entries that agree in those.
    """

    def __init__(self, table: Table, description: Index | None) -> None:
        super().__init__(self, _OPEN, _OPEN)
        self.table = table
        self.description = description
        """None for a table without a primary index, whose records stand in the order of insertion."""
        self.segments = description.segments if description else ()
        self._title = f"{table.name}.{description.name if description else '(none)'}"

    def __repr__(self) -> str:
        return f"<ese.TableIndex {self._title}>"

    def _make_current(self, cursor: _core.Cursor) -> None:
        types = []
        for segment in self.segments:
            column = self.table.column(segment.column)
            types.append((int(column.type), column.code_page))
        description = self.description
        cursor.set_index(description.name if description and not description.primary else None, types)

    def range(
        self, lower: object = None, upper: object = None, *, include_lower: bool = True, include_upper: bool = False
    ) -> IndexRange:
        """Entries from `lower` to `upper`; None is no bound. To begin or end at NULL, give the tuple (None,)."""
        return IndexRange(
            self,
            _OPEN if lower is None else (key_values(lower), _BEFORE if include_lower else _AFTER),
            _OPEN if upper is None else (key_values(upper), _AFTER if include_upper else _BEFORE),
        )

    def equal(self, key: object) -> IndexRange:
        """All entries with this key."""
        return self.range(key if key is not None else (None,), key if key is not None else (None,), include_upper=True)

    def prefix(self, key: object) -> IndexRange:
        """All entries whose last given column, a text or binary one, begins with the value given."""
        values = key_values(key)
        return IndexRange(self, (values, _BEFORE_PREFIX), (values, _AFTER_PREFIX))

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            if key.step is not None:
                raise ValueError("a slice of an index has no step; use reversed()")
            return self.range(key.start, key.stop)
        for row in self.equal(key):
            return row
        raise _not_found(RecordNotFound, f"no record with key {key!r} in index {self._title}")

    def get(self, key: object, default: Any = None) -> Any:
        """The first record with this key, or `default`."""
        return next(iter(self.equal(key)), default)

    def __contains__(self, key: object) -> bool:
        return next(self.equal(key).bookmarks(), None) is not None


def key_values(key: object) -> tuple[object, ...]:
    """The values of a key as the low-level module takes them."""
    if key == ():
        raise ValueError("a key has at least one value")
    return tuple(map(_key_value, key if isinstance(key, tuple) else (key,)))


def _key_value(value: object) -> object:
    if isinstance(value, str):
        # lone surrogates come from columns, so they may be looked for
        return value if value.isascii() else (value.encode("utf-8", "surrogatepass"),)
    if value is None or isinstance(value, int | float | bytes):
        return value
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    from datetime import datetime
    from uuid import UUID

    if isinstance(value, UUID):
        return value.bytes_le
    if isinstance(value, datetime):
        return ole_date(value)
    raise TypeError(f"a key has no values of type {type(value).__name__}")


def _shown(bound: Bound) -> str:
    """A bound of a range as one would write it."""
    values = [value[0].decode("utf-8", "surrogatepass") if isinstance(value, tuple) else value for value in bound[0]]
    return ", ".join(map(repr, values))


def ole_date(moment: Any) -> float:
    """Days since 1899-12-30, as a DateTime column stores them."""
    from datetime import datetime, timedelta

    whole, rest = divmod(moment - datetime(1899, 12, 30), timedelta(days=1))
    fraction: float = rest / timedelta(days=1)
    return float(whole - fraction if whole < 0 else whole + fraction)


def _not_found(kind: type[ColumnNotFound | IndexNotFound | RecordNotFound], message: str) -> Exception:
    return kind(kind.code, kind.name, kind.category, message)
