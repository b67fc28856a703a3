"""Long values as files."""

from __future__ import annotations

import io

from . import _core
from .rows import close_quietly

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import ReadableBuffer, WriteableBuffer

_READ_ALL = 1 << 31


class LongValue(io.RawIOBase):
    """The bytes of a value, as a binary file: read, seek, tell, and in an update also write and truncate.

    Bytes are as the column stores them: text is UTF-16 (little-endian) or code page 1252. NULL reads as an empty file.
    Wrap it for buffering or text:

        with table.stream("notes") as raw, io.TextIOWrapper(io.BufferedReader(raw), "utf-16-le") as text: ...
    """

    def __init__(
        self, cursor: _core.Cursor, column_id: int, *, value: int, is_update: bool, on_close: Callable[[], None] | None
    ) -> None:
        self._cursor = cursor
        self._column_id = column_id
        self._value = value
        self._is_update = is_update
        self._on_close = on_close
        self._position = 0

    def _check(self) -> None:
        if self.closed:
            raise ValueError("I/O operation on closed file")

    @property
    def size(self) -> int:
        """How many bytes there are."""
        self._check()
        return self._cursor.stream_size(self._column_id, self._value, self._is_update)

    def readable(self) -> bool:
        """True."""
        return True

    def writable(self) -> bool:
        """True in an update."""
        return self._is_update

    def seekable(self) -> bool:
        """True."""
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """At most `size` bytes, or all that are left; b"" at the end."""
        self._check()
        room = _READ_ALL if size is None or size < 0 else size
        data = b"" if room == 0 else self._read_at(min(room, max(self.size - self._position, 0)))
        self._position += len(data)
        return data

    def _read_at(self, room: int) -> bytes:
        return self._cursor.stream_read(self._column_id, self._value, self._is_update, self._position, room)

    def readall(self) -> bytes:
        """All that is left."""
        return self.read()

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fills a buffer; the number of bytes, 0 at the end."""
        self._check()
        view = memoryview(buffer).cast("B")
        data = self._read_at(len(view)) if len(view) else b""
        view[: len(data)] = data
        self._position += len(data)
        return len(data)

    def write(self, data: ReadableBuffer, /) -> int:
        """Writes all of the bytes at the position; a gap behind the end is filled with zeros."""
        self._check_writable()
        view = memoryview(data).cast("B")
        self._cursor.stream_write(self._column_id, self._value, self._position, view)
        self._position += len(view)
        return len(view)

    def _check_writable(self) -> None:
        self._check()
        if not self._is_update:
            raise io.UnsupportedOperation("a value is written in an update: with table.update() as row")

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Moves the position; it may lie behind the end."""
        self._check()
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position}.get(whence)
        if start is None:
            if whence != io.SEEK_END:
                raise ValueError(f"invalid whence {whence!r}")
            start = self.size
        if start + offset < 0:
            raise ValueError("a position is not negative")
        self._position = start + offset
        return self._position

    def tell(self) -> int:
        """The position."""
        self._check()
        return self._position

    def truncate(self, size: int | None = None, /) -> int:
        """Cuts, or extends with zeros, to so many bytes: without an argument, to the position."""
        self._check_writable()
        wanted = self._position if size is None else size
        if wanted < 0:
            raise ValueError("a size is not negative")
        self._cursor.stream_resize(self._column_id, self._value, wanted)
        return wanted

    def close(self) -> None:
        """Ends it. A second time does nothing."""
        if not self.closed and self._on_close is not None:
            self._on_close()
            self._on_close = None
        super().close()


def read_stream(cursor: _core.Cursor, column_id: int, value: int) -> LongValue:
    """A value of the record on which the cursor stands; the stream closes the cursor."""
    return LongValue(cursor, column_id, value=value, is_update=False, on_close=lambda: close_quietly(cursor))
