"""Tables, their indexes, and ranges of them."""

from __future__ import annotations

from enum import Enum
from itertools import islice

from . import _core
from .errors import ColumnNotFound, IndexNotFound, RecordNotFound
from .rows import FROM_FIRST, FROM_HERE, FROM_HERE_BACKWARD, FROM_LAST, PointReader, Reader, Row, close_quietly

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

    from .database import Database
    from .schema import Column, Index
    from .streams import LongValue
    from .writing import Plan, RowUpdate

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

_INSERT, _UPSERT, _DELETE = 0, 1, 4  # ese_model_write_kind
_READ_LOCK, _WRITE_LOCK = 0x1, 0x2
_CURRENCY, _REAL_TYPES = 5, (6, 7, 8)  # JET_coltyp...


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
    """A table of a database: iteration gives its records, `table[key]` the one with that primary key.

    Iteration, len(), index(), update() and `table[key]` use cursors of their own. seek(), move() and record use one
    that the table keeps, so they share a position, which upsert() and `del table[key]` move as well.
    """

    def __init__(self, database: Database, name: str) -> None:
        self.name = name
        self.database = database
        self._cursor = database._open_cursor(name)
        self._columns: tuple[Column, ...] | None = None
        self._indexes: tuple[Index, ...] | None = None
        self._readers: dict[tuple[bool, bool], Reader] = {}
        self._write_plan: Plan | None = None
        self._writer: _core.Writer | None = None
        self._points: dict[bool, PointReader] = {}
        self._version = database._version

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

    def _follow(self) -> None:
        """Forgets what was read of the schema when it was changed since, through this database."""
        if self._version != self.database._version:
            self._version = self.database._version
            self._columns = self._indexes = None
            self._readers.clear()
            self._write_plan = self._writer = None
            self._points.clear()

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns in the order of their ids."""
        self._follow()
        if self._columns is None:
            from .schema import column_from

            self._columns = tuple(map(column_from, self._cursor.columns()))
        return self._columns

    @property
    def indexes(self) -> tuple[Index, ...]:
        """The indexes in name order, the primary one among them."""
        self._follow()
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
        self._follow()
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

    # ---- by primary key

    def _point(self, key: object, *, has_columns: bool) -> Any:
        """The values of the record with this primary key, all of them or none; None without such a record.

        NotImplemented for the beginning of a key.
        """
        self._follow()
        point = self._points.get(has_columns)
        if point is None:
            columns = self.columns if has_columns else ()
            point = PointReader(lambda: self.database._open_cursor(self.name), self.index()._types(), columns)
            self._points[has_columns] = point
        values = key_values(key)
        return point.get(values) if len(values) == point.n_segments else NotImplemented

    def __getitem__(self, key: Any) -> Any:
        """The record with this primary key, or with a slice the records from one key to another; RecordNotFound."""
        if isinstance(key, slice):
            return self.index()[key]
        row = self.get(key, None)
        if row is None:
            raise _not_found(RecordNotFound, f"no record with key {key!r} in table {self.name}")
        return row

    def get(self, key: object, default: Any = None) -> Any:
        """The record with this primary key, or `default`."""
        values = self._point(key, has_columns=True)
        if values is NotImplemented:
            return self.index().get(key, default)
        return default if values is None else self._reader(None, raw=False, tuples=False).row(values)

    def __contains__(self, key: object) -> bool:
        found = self._point(key, has_columns=False)
        return key in self.index() if found is NotImplemented else found is not None

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

    # ---- writing

    def _plan(self) -> Plan:
        self._follow()
        if self._write_plan is None:
            from .writing import Plan

            self._write_plan = Plan(self)
        return self._write_plan

    def _write(self, kind: int, rows: list[Any], columns: Any = None, n_before: int = 0) -> tuple[int, int, int, bytes]:
        plan = self._plan()
        if self._writer is None:
            self._writer = plan.writer(self._cursor)
        return self._writer.write(kind, rows, plan.names if columns is None else columns, n_before)

    def insert(self, values: Mapping[str, Any] | None = None, /, **columns: Any) -> Any:
        """Adds a record: `insert(name="Ada", tags=["a", "b"])`, or `insert({"first name": "Ada"})`.

        Columns that are not given have their default, or NULL; None is NULL. Returns the primary key of the record
        (a tuple
        when it has several columns), or its bookmark in a table without one. KeyDuplicate, RecordTooBig,
        NullInvalid, and
        WriteConflict when another session is changing the same record.
        """
        row = columns if values is None else {**values, **columns}
        _, _, autoincrement, bookmark = self._write(_INSERT, [row])
        plan = self._plan()
        if not plan.primary:
            return bookmark
        key = tuple(self._key_part(row, segment.column, autoincrement) for segment in plan.primary)
        if None in key:  # a default, or NULL
            return self._key_at(bookmark)
        return key[0] if len(key) == 1 else key

    def _key_part(self, row: dict[str, Any], column: str, autoincrement: int) -> Any:
        value = row.get(column)
        numbered = self._plan().autoincrement
        return autoincrement if value is None and numbered and numbered.name == column else value

    def _key_at(self, bookmark: bytes) -> Any:
        cursor = self.database._open_cursor(self.name)
        try:
            cursor.goto_bookmark(bookmark)
            names = [segment.column for segment in self._plan().primary]
            key: tuple[Any, ...] = self._reader(names, raw=False, tuples=True).one(cursor)
        finally:
            close_quietly(cursor)
        return key[0] if len(key) == 1 else key

    def insert_many(self, rows: Iterable[Any], *, columns: Iterable[str] | None = None, batch: int = 1000) -> int:
        """Adds many records, and returns how many: mappings, or with `columns` sequences of their values.

        Each batch is one call of the engine and one transaction: an error leaves out all of its batch, and names the
        row by its number, counted from 1 over all batches. Within a transaction of the caller it is all or nothing.
        """
        return self._write_many(_INSERT, rows, columns, batch)

    def upsert(self, values: Mapping[str, Any] | None = None, /, **columns: Any) -> bool:
        """Changes the record with this primary key, or adds it; True when it was added.

        All columns of the primary key must be given. Of a record that exists the other columns stay as they are.
        """
        row = columns if values is None else {**values, **columns}
        return self._write(_UPSERT, [row])[1] == 1

    def upsert_many(self, rows: Iterable[Any], *, columns: Iterable[str] | None = None, batch: int = 1000) -> int:
        """Changes or adds many records, as insert_many() does."""
        return self._write_many(_UPSERT, rows, columns, batch)

    def _write_many(self, kind: int, rows: Iterable[Any], columns: Iterable[str] | None, batch: int) -> int:
        if batch < 1:
            raise ValueError("a batch has at least one row")
        if isinstance(columns, str):
            raise TypeError("columns are a list of names, not one str")
        names = None if columns is None else tuple(self._plan().names[name] for name in columns)
        rest = iter(rows)
        n_rows = 0
        while chunk := list(islice(rest, batch)):
            n_rows += self._write(kind, chunk, names, n_rows)[0]
        return n_rows

    def update(self, *key: object) -> RowUpdate:
        """Changes a record in a with statement: the current one, or the one with this primary key.

            with table.update(7) as row:
                row["visits"] += 1
                with row.stream("log") as log: ...

        The record is locked against other sessions at the beginning of the block: WriteConflict.
        RecordNotFound, NoCurrentRecord.
        """
        from .writing import RowUpdate

        if not key:
            return RowUpdate(self, bookmark=self._cursor.bookmark())
        return RowUpdate(self, key=key)

    def _goto_key(self, cursor: _core.Cursor, key: tuple[object, ...]) -> None:
        """Stands on the first record with this primary key, or beginning of one; RecordNotFound."""
        index = self.index()
        values = key_values(key)
        index._make_current(cursor)
        if len(values) == len(index.segments):
            found = cursor.seek((values, _EXACTLY), _SEEK_EQ) != 0
        else:
            found = cursor.select((values, _BEFORE), (values, _AFTER), False)
        if not found:
            raise _not_found(RecordNotFound, f"no record with key {key!r} in table {self.name}")

    def new_row(self) -> RowUpdate:
        """Adds a record in a with statement, as update() changes one: for long values written piece by piece."""
        from .writing import RowUpdate

        return RowUpdate(self)

    def delete(self) -> None:
        """Deletes the record on which the table stands; NoCurrentRecord, WriteConflict."""
        self._cursor.remove()

    def __delitem__(self, key: Any) -> None:
        """Deletes the record with this primary key (RecordNotFound), or with a slice those from one key to another."""
        index = self.index()
        if isinstance(key, slice):
            index[key].delete()
            return
        values = key_values(key)
        if len(values) == len(index.segments):
            n_deleted = self._write(_DELETE, [values], tuple(self._plan().keys))[0]
        else:
            n_deleted = index.equal(key).delete()
        if n_deleted == 0:
            raise _not_found(RecordNotFound, f"no record with key {key!r} in table {self.name}")

    def escrow(self, column: str, delta: int) -> int:
        """Adds to a counter (a column made with `escrow`) of the current record, and returns what it was.

        Sessions add to the same counter at the same time without a WriteConflict.
        """
        return self._cursor.escrow(self.column(column).id, delta)

    def lock(self, *, write: bool = True) -> None:
        """Locks the current record against changes by other sessions until the transaction ends; WriteConflict."""
        self._cursor.lock(_WRITE_LOCK if write else _READ_LOCK)

    def stream(self, column: str, *, value: int = 1) -> LongValue:
        """A long value of the current record as a binary file to read; of several values, the one of that number."""
        from .streams import read_stream

        found = self.column(column)
        bookmark = self._cursor.bookmark()
        cursor = self.database._open_cursor(self.name)
        try:
            cursor.goto_bookmark(bookmark)
        except BaseException:
            close_quietly(cursor)
            raise
        return read_stream(cursor, found.id, value)

    # ---- changing the schema

    def add_column(self, name: str, column: Any, /) -> None:
        """Adds a column: `add_column("mail", ese.Text(100))`; see ese.ColumnSpec. Records have its default, or NULL."""
        from .ddl import column_tuple

        self._cursor.add_column(column_tuple(name, column))
        self.database._touch()

    def delete_column(self, name: str) -> None:
        """Deletes a column and its values; ColumnInUse when an index needs it."""
        self._cursor.delete_column(name)
        self.database._touch()

    def rename_column(self, name: str, new_name: str) -> None:
        """Gives a column another name."""
        self._cursor.rename_column(name, new_name)
        self.database._touch()

    def create_index(self, name: str, key: Any, /) -> None:
        """Adds an index: `create_index("byName", ese.Key("last", "first"))`, or just the names of its columns.

        KeyDuplicate when the records do not fit a unique one.
        """
        from .ddl import index_tuple

        self._cursor.create_index(index_tuple(name, key))
        self.database._touch()

    def delete_index(self, name: str) -> None:
        """Deletes an index other than the primary one."""
        self._cursor.delete_index(name)
        self.database._touch()


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

    def delete(self) -> int:
        """Deletes all these records, or none after an error; returns how many there were."""
        return self._count_from_first(lambda cursor: cursor.remove_all())

    def __len__(self) -> int:
        return self._count_from_first(lambda cursor: cursor.count())

    def _count_from_first(self, work: Callable[[_core.Cursor], int]) -> int:
        """What `work` counts from the first record on; 0 when there is none."""
        opened = self._opener(False)()
        if opened is None:
            return 0
        cursor, start = opened
        try:
            return work(cursor) if start == FROM_HERE or cursor.move(_MOVE_FIRST) else 0
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

    def _types(self) -> list[tuple[int, int]]:
        types = []
        for segment in self.segments:
            column = self.table.column(segment.column)
            types.append((int(column.type), column.code_page))
        return types

    def _make_current(self, cursor: _core.Cursor) -> None:
        description = self.description
        cursor.set_index(description.name if description and not description.primary else None, self._types())

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
    return _simple_value(value, None)


def column_value(value: object, column: str, coltyp: int) -> object:
    """A value as the low-level module takes it: dates, GUIDs, decimals and numbers of other kinds become simple."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, int | float | bytes):
        return value
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    return _simple_value(value, coltyp, f"column {column}")


def _simple_value(value: Any, coltyp: int | None, place: str = "a key") -> object:
    from datetime import datetime
    from decimal import Decimal
    from uuid import UUID

    if isinstance(value, UUID):
        return value.bytes_le
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            raise ValueError(f"{place}: a DateTime has no time zone; give a datetime without one")
        return ole_date(value)
    if isinstance(value, Decimal):
        return _simple_decimal(value, coltyp, place)
    if hasattr(type(value), "__index__"):
        return int(value.__index__())
    if hasattr(type(value), "__float__"):
        return float(value)
    raise TypeError(f"{place} has no values of type {type(value).__name__}")


def _simple_decimal(value: Any, coltyp: int | None, place: str) -> object:
    """An amount of money in ten-thousandths, another integer, or a float; exactly, or not at all, but for floats."""
    if coltyp in _REAL_TYPES:
        return float(value)
    scaled = value * 10000 if coltyp == _CURRENCY else value
    if not scaled.is_finite() or scaled != scaled.to_integral_value():
        raise ValueError(f"{place}: {value} is not exact there")
    return int(scaled)


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


_core.set_value_converter(column_value)


def _not_found(kind: type[ColumnNotFound | IndexNotFound | RecordNotFound], message: str) -> Exception:
    return kind(kind.code, kind.name, kind.category, message)
