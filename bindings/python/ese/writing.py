"""Writing rows: by batches, and one record in steps."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping

from . import _core
from .rows import close_quietly

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self

    from .streams import LongValue
    from .table import Table

    _Base = MutableMapping[str, Any]
else:
    _Base = MutableMapping

_SET = 3  # ese_model_write_kind
_PREPARE_INSERT, _PREPARE_REPLACE = 0, 2
_MULTI_VALUED, _AUTOINCREMENT = 0x400, 0x10


class Inputs(dict[str, int]):
    """The columns of a table by name, in any spelling."""

    def __init__(self, table: Table) -> None:
        super().__init__((column.name, i) for i, column in enumerate(table.columns))
        self._table = table

    def __missing__(self, name: str) -> int:
        if not isinstance(name, str):
            raise TypeError(f"the name of a column is a str, not {type(name).__name__}")
        return self[self._table.column(name).name]


class Plan:
    """How the rows of a table are written: what the low-level module has to know of its columns and its primary key."""

    def __init__(self, table: Table) -> None:
        columns = table.columns
        self.names = Inputs(table)
        self.primary = table.index().segments
        self.autoincrement = next((column for column in columns if column.flags & _AUTOINCREMENT), None)
        self._inputs = [
            (
                column.name,
                column.id,
                int(column.type),
                column.code_page,
                bool(column.flags & _MULTI_VALUED),
                column.default is None or bool(column.flags & _AUTOINCREMENT),
            )
            for column in columns
        ]
        self.keys = [self.names[segment.column] for segment in self.primary]

    def writer(self, cursor: _core.Cursor) -> _core.Writer:
        return cursor.writer(self._inputs, self.keys, self.autoincrement.id if self.autoincrement else 0)


class RowUpdate(_Base):
    """A record that is being changed, or made: a mapping from its columns to their values.

        with table.update() as row:
            row["visits"] += 1

    What is assigned is written at the end of the block; an exception leaves the record as it was. `del row["x"]` makes
    a column NULL.
    """

    def __init__(self, table: Table, *, key: tuple[object, ...] | None = None, bookmark: bytes | None = None) -> None:
        self._table = table
        self._key = key
        self._found = bookmark
        self._is_new = key is None and bookmark is None
        self._changes: dict[str, Any] = {}
        self._cursor: _core.Cursor | None = None
        self._transaction: _core.Transaction | None = None
        self._bookmark: bytes | None = None
        self._streams: list[LongValue] = []

    def __repr__(self) -> str:
        kind = "new row" if self._is_new else "update"
        return f"<ese.RowUpdate {kind} of {self._table.name!r} {self._changes!r}>"

    # ---- the scope

    def __enter__(self) -> Self:
        if self._cursor is not None or self._bookmark is not None:
            raise ValueError("a record is changed once in a with statement")
        database = self._table.database
        self._transaction = database._begin_outermost()
        try:
            self._cursor = database._open_cursor(self._table.name)
            if self._key is not None:
                self._table._goto_key(self._cursor, self._key)
            elif self._found is not None:
                self._cursor.goto_bookmark(self._found)
            self._cursor.prepare(_PREPARE_INSERT if self._is_new else _PREPARE_REPLACE)
        except BaseException:
            self._end(is_good=False)
            raise
        return self

    def __exit__(self, *error: object) -> None:
        if self._cursor is None:
            return
        is_good = error[0] is None
        try:
            if is_good:
                self._write(self._cursor)
        except BaseException:
            is_good = False
            raise
        finally:
            self._end(is_good=is_good)

    def _write(self, cursor: _core.Cursor) -> None:
        if self._changes:
            plan = self._table._plan()
            plan.writer(cursor).write(_SET, [self._changes], plan.names, 0)
        self._bookmark = cursor.update()

    def _end(self, *, is_good: bool) -> None:
        cursor, transaction = self._cursor, self._transaction
        self._cursor = self._transaction = None
        for stream in self._streams:
            stream.close()
        if cursor is not None:
            close_quietly(cursor)  # cancels what is not written
        if transaction is None:
            return
        try:
            if is_good:
                transaction.commit(0)
        finally:
            if transaction.is_open():
                transaction.rollback()

    @property
    def bookmark(self) -> bytes:
        """Names the record, after the block, for Table.goto()."""
        if self._bookmark is None:
            raise ValueError("the record is not written yet")
        return self._bookmark

    # ---- the values

    def _open(self) -> _core.Cursor:
        if self._cursor is None:
            raise ValueError("a record is changed within a with statement")
        return self._cursor

    def __getitem__(self, name: str) -> Any:
        cursor = self._open()
        name = self._table.column(name).name
        if name in self._changes:
            return self._changes[name]
        if self._is_new:
            return None
        return self._table._reader([name], raw=False, tuples=True).one(cursor)[0]

    def __setitem__(self, name: str, value: Any) -> None:
        self._open()
        self._changes[self._table.column(name).name] = value

    def __delitem__(self, name: str) -> None:
        self[name] = None

    def __iter__(self) -> Iterator[str]:
        return iter([column.name for column in self._table.columns])

    def __len__(self) -> int:
        return len(self._table.columns)

    def stream(self, column: str, *, value: int = 1) -> LongValue:
        """A long value of the record as a binary file to read and to write. It ends with the block."""
        from .streams import LongValue

        found = self._table.column(column)
        made = LongValue(self._open(), found.id, value=value, is_update=True, on_close=None)
        self._streams.append(made)
        return made
