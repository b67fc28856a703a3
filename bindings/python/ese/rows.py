"""Rows, and reading them in batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import chain

from . import _core
from .errors import InvalidTableId, SessionSharingViolation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from .schema import Column

    _Base = Mapping[str, Any]
else:
    _Base = Mapping

_RAW_TYPE = 11  # JET_coltypLongBinary: bytes, unchanged
_MULTI_VALUED = 0x400  # JET_bitColumnMultiValued
_FIRST_BATCH = 8
_LARGEST_BATCH = 512  # of which the processor's cache holds all values

_EXACTLY = 0  # ese_model_side

# ese_model_from
FROM_FIRST, FROM_LAST, FROM_HERE, FROM_HERE_BACKWARD = range(4)


class Row(_Base):
    """A record: column names and their values. Independent of the table it came from."""

    __slots__ = ("_positions", "_values")

    def __init__(self, values: tuple[Any, ...], positions: dict[str, int]) -> None:
        self._values = values
        self._positions = positions

    def __getitem__(self, name: str) -> Any:
        return self._values[self._positions[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._positions)

    def __len__(self) -> int:
        return len(self._values)

    def as_tuple(self) -> tuple[Any, ...]:
        """The values in the order of the columns."""
        return self._values

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.items() if value is not None)
        return f"<Row {shown}>"


class Reader:
    """Which columns to read, and what to make of a record."""

    def __init__(self, columns: Sequence[Column], *, raw: bool, tuples: bool) -> None:
        self._outputs = [
            (
                column.id,
                _RAW_TYPE if raw else int(column.type),
                column.code_page,
                bool(int(column.flags) & _MULTI_VALUED),
            )
            for column in columns
        ]
        self._positions = None if tuples else {column.name: i for i, column in enumerate(columns)}

    def row(self, values: tuple[Any, ...]) -> Any:
        """The values of a record in the form that was asked for."""
        return values if self._positions is None else Row(values, self._positions)

    def one(self, cursor: _core.Cursor) -> Any:
        """The record on which the cursor stands."""
        (values,) = cursor.reader(self._outputs, FROM_HERE).fetch(1)
        return self.row(values)

    def many(self, open_cursor: Callable[[], tuple[_core.Cursor, int] | None]) -> Iterator[Any]:
        """All records from a cursor of their own, which is opened at the first and closed with the iterator."""
        batches = self._batches(open_cursor)
        positions = self._positions
        if positions is None:
            return chain.from_iterable(batches)  # without a step in Python for each record
        return (Row(values, positions) for batch in batches for values in batch)

    def _batches(self, open_cursor: Callable[[], tuple[_core.Cursor, int] | None]) -> Iterator[list[tuple[Any, ...]]]:
        opened = open_cursor()
        if opened is None:
            return
        cursor, start = opened
        size = _FIRST_BATCH
        try:
            reader = cursor.reader(self._outputs, start)
            while batch := reader.fetch(size):
                yield batch
                size = min(4 * size, _LARGEST_BATCH)
        finally:
            close_quietly(cursor)


class PointReader:
    """Looks for one key after the other in the primary index of a table, on a cursor of its own."""

    def __init__(
        self, open_cursor: Callable[[], _core.Cursor], types: list[tuple[int, int]], columns: Sequence[Column]
    ) -> None:
        self.n_segments = len(types)
        self._open_cursor = open_cursor
        self._types = types
        self._outputs = Reader(columns, raw=False, tuples=True)._outputs
        self._reader = self._open()

    def _open(self) -> _core.Reader:
        cursor = self._open_cursor()
        cursor.set_index(None, self._types)
        return cursor.reader(self._outputs, FROM_HERE)

    def get(self, values: tuple[object, ...]) -> tuple[Any, ...] | None:
        """The values of the columns in the record with this key, all of it; None when there is none."""
        try:
            return self._reader.fetch_key((values, _EXACTLY))
        except InvalidTableId:  # a rollback closes the cursors that were opened in its transaction
            self._reader = self._open()
        return self._reader.fetch_key((values, _EXACTLY))


def close_quietly(cursor: _core.Cursor) -> None:
    """Closes a cursor, or leaves it to the next call of its session while that is busy elsewhere."""
    with suppress(SessionSharingViolation):
        cursor.close()
