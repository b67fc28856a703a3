"""A database as a dictionary: ese.dict."""

from __future__ import annotations

import threading
import time
from collections.abc import ItemsView, Iterator, KeysView, Mapping, MutableMapping, ValuesView
from contextlib import contextmanager

from .database import log_folder, open_database
from .errors import InTransaction, KeyDuplicate, KeyTruncated, ObjectNotFound, WriteConflict
from .rows import PointReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Iterable
    from typing import Any, Literal, NoReturn, Self

    from .database import Database, _Mode
    from .instance import Session, Transaction
    from .table import IndexRange, Table

    _Key = int | bytes | str
    _Read = Mapping[_Key, Any]
    _Write = MutableMapping[_Key, Any]
    _Keys = KeysView[_Key]
    _Values = ValuesView[Any]
    _Items = ItemsView[_Key, Any]
else:
    _Read, _Write = Mapping, MutableMapping
    _Keys, _Values, _Items = KeysView, ValuesView, ItemsView

_MODES: dict[str, _Mode] = {"r": "r", "w": "r+", "c": "c", "n": "w"}
_TABLE = "dict"
_KEY = "key"
_COLUMNS = ("key", "bytes", "text", "integer", "real", "bit", "pickle")
_VALUES = _COLUMNS[1:]
_PICKLE = _COLUMNS.index("pickle")

# A key is a byte that tells its type, and bytes that sort as the key does within its type.
_NEGATIVE, _POSITIVE, _BYTES, _TEXT = 0x10, 0x11, 0x20, 0x30
_KEY_MOST = {2048: 500, 4096: 1000}  # bytes, by the size of a page; 2000 with larger ones
_MISSING: Any = object()
_UPSERT, _DELETE = 1, 4  # ese_model_write_kind


def encode_key(key: object) -> bytes:
    """Bytes that sort as the keys do: integers by size, then bytes, then texts by code points."""
    if isinstance(key, str):
        return b"\x30" + key.encode("utf-8", "surrogatepass")
    if isinstance(key, int):
        return _encode_integer(int(key))
    if isinstance(key, bytes | bytearray | memoryview):
        return b"\x20" + bytes(key)
    raise TypeError(f"a key is an int, bytes or a str, not {type(key).__name__}")


def _encode_integer(number: int) -> bytes:
    """The number of its bytes, and the bytes; of negative ones, complements."""
    size = ((number if number >= 0 else -number - 1).bit_length() + 7) // 8
    if size > 255:
        raise OverflowError("an integer key has at most 255 bytes")
    if number >= 0:
        return bytes((_POSITIVE, size)) + number.to_bytes(size, "big")
    return bytes((_NEGATIVE, 255 - size)) + (number + (1 << 8 * size)).to_bytes(size, "big")


def decode_key(data: bytes) -> _Key:
    """The key that encode_key() was given."""
    kind = data[0]
    if kind == _TEXT:
        return data[1:].decode("utf-8", "surrogatepass")
    if kind == _BYTES:
        return data[1:]
    if kind == _POSITIVE:
        return int.from_bytes(data[2:], "big")
    if kind == _NEGATIVE:
        return int.from_bytes(data[2:], "big") - (1 << 8 * (len(data) - 2))
    raise ValueError(f"no key of an ese.dict: {data!r}")


def _lookup_key(key: object) -> bytes | None:
    """None for what can be no key, and so is not there."""
    try:
        return encode_key(key)
    except (TypeError, OverflowError):
        return None


class _Place(threading.local):
    """What one thread has: a session of its own, with the database and its table open."""

    generation = 0  # of the dict when the thread arrived
    database: Database | None = None
    table: Table | None = None
    columns: tuple[int, ...] = ()
    values: PointReader | None = None
    keys: PointReader | None = None


class DictRange(_Read):
    """The items of a dict from one key to another, in order: `d["a":"m"]`. It follows the changes of the dict."""

    def __init__(self, owner: Dict, lower: bytes | None, upper: bytes | None) -> None:
        self._owner = owner
        self._lower = lower
        self._upper = upper

    def __repr__(self) -> str:
        bounds = [repr(decode_key(bound)) if bound else "" for bound in (self._lower, self._upper)]
        return f"<ese.DictRange [{':'.join(bounds)}]>"

    def _range(self) -> IndexRange:
        index = self._owner._table().index()
        return index if self._lower is None and self._upper is None else index.range(self._lower, self._upper)

    def _has(self, data: bytes | None) -> bool:
        if data is None:
            return False
        return (self._lower is None or self._lower <= data) and (self._upper is None or data < self._upper)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            lower, upper = _bounds(key)
            lowest = [bound for bound in (lower, self._lower) if bound is not None]
            uppermost = [bound for bound in (upper, self._upper) if bound is not None]
            return DictRange(self._owner, max(lowest, default=None), min(uppermost, default=None))
        if not self._has(_lookup_key(key)):
            raise KeyError(key)
        return self._owner[key]

    def __contains__(self, key: object) -> bool:
        return self._has(_lookup_key(key)) and key in self._owner

    def __len__(self) -> int:
        return len(self._range())

    def __iter__(self) -> Iterator[_Key]:
        for (data,) in self._range().rows([_KEY], tuples=True):
            yield decode_key(data)

    def __reversed__(self) -> Iterator[_Key]:
        for (data,) in self._range().rows([_KEY], tuples=True, reverse=True):
            yield decode_key(data)

    def _each(self, reverse: bool) -> Iterator[tuple[_Key, Any]]:
        for row in self._range().rows(_COLUMNS, tuples=True, reverse=reverse):
            yield decode_key(row[0]), self._owner._value(row[1:])

    def keys(self) -> DictKeys:
        """The keys, in order."""
        return DictKeys(self)

    def values(self) -> DictValues:
        """The values in the order of the keys."""
        return DictValues(self)

    def items(self) -> DictItems:
        """Pairs of key and value in the order of the keys."""
        return DictItems(self)

    def clear(self) -> int:
        """Deletes these items, all or none; returns how many there were."""
        n_deleted: int = self._owner._retry(lambda: self._range().delete())
        return n_deleted


class DictKeys(_Keys):
    """The keys of a dict or a range, in order."""

    _mapping: DictRange

    def __reversed__(self) -> Iterator[_Key]:
        return reversed(self._mapping)


class DictValues(_Values):
    """The values of a dict or a range, in the order of their keys."""

    _mapping: DictRange

    def __iter__(self) -> Iterator[Any]:
        return (value for _, value in self._mapping._each(False))

    def __reversed__(self) -> Iterator[Any]:
        return (value for _, value in self._mapping._each(True))


class DictItems(_Items):
    """Pairs of key and value of a dict or a range, in order."""

    _mapping: DictRange

    def __iter__(self) -> Iterator[tuple[_Key, Any]]:
        return self._mapping._each(False)

    def __reversed__(self) -> Iterator[tuple[_Key, Any]]:
        return self._mapping._each(True)


def _bounds(keys: slice) -> tuple[bytes | None, bytes | None]:
    if keys.step is not None:
        raise ValueError("a slice of a dict has no step; use reversed()")
    lower, upper = (None if bound is None else encode_key(bound) for bound in (keys.start, keys.stop))
    return lower, upper


class Dict(_Write):
    """A dictionary in a file: `with ese.dict("store.edb") as d: d["answer"] = 42`.

    Keys are int, bytes or str, and keep their type. They stand in order: integers by size, then bytes, then texts by
    code points. `d["a":"m"]` is the range of keys from "a" (included) to "m" (not included).
    Values are None, bool, int of 64 bits, float, bytes or str; with `pickle`, any object that can be pickled.

    Every operation is a transaction, and `with d.transaction():` makes one of many. Threads may share a dict: each
    has a session of its own, and what another one has not committed stays invisible.

    With `log`, a folder or True for one beside the file, every operation is on the disk when it returns and survives a
    crash; with `lazy` it is on the disk soon, or after flush(), and a crash undoes no more than the last ones.
    """

    def __init__(
        self,
        path: str | bytes | os.PathLike[str] | os.PathLike[bytes],
        flag: Literal["r", "w", "c", "n"] = "c",
        *,
        pickle: bool = False,
        timeout: float = 5.0,
        log: str | bytes | os.PathLike[str] | os.PathLike[bytes] | bool | None = None,
        lazy: bool = False,
    ) -> None:
        if flag not in _MODES:
            raise ValueError(f"a flag is one of {', '.join(map(repr, _MODES))}, not {flag!r}")
        self._pickle = pickle
        self._timeout = timeout
        self._places = _Place()
        self._generation = 0
        self._path = path
        self._log = log_folder(path, log)
        self._lazy = lazy and self._log is not None
        self._open(_MODES[flag])

    def _open(self, mode: _Mode) -> None:
        """The thread that opens the database has its first session."""
        self._database = open_database(self._path, mode, log=None if mode == "r" else self._log)
        try:
            table = self._open_table(self._database, mode)
        except BaseException:
            self._database.close()
            raise
        self._generation += 1
        self._database.session.lazy = self._lazy
        self._settle(self._database, table)

    def _settle(self, database: Database, table: Table) -> None:
        place = self._places
        names = table._plan().names
        place.database, place.table, place.values, place.keys = database, table, None, None
        place.columns = tuple(names[name] for name in _COLUMNS)
        place.generation = self._generation

    @staticmethod
    def _open_table(database: Database, mode: _Mode) -> Table:
        try:
            return database[_TABLE]
        except ObjectNotFound:
            if mode in ("r", "r+"):
                raise
        from . import ddl

        return database.create_table(
            _TABLE,
            {
                "key": ddl.LongBinary(not_null=True),
                "bytes": ddl.LongBinary(),
                "text": ddl.LongText(),
                "integer": ddl.LongLong(tagged=True),
                "real": ddl.Double(tagged=True),
                "bit": ddl.Bit(tagged=True),
                "pickle": ddl.LongBinary(),
            },
            primary_key=ddl.Key("key", key_most=_KEY_MOST.get(database.info.page_size, 2000), disallow_truncation=True),
        )

    def __repr__(self) -> str:
        return f"<ese.Dict {self._database.path!r}{' (closed)' if self._database.closed else ''}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an ese.Dict cannot be copied or pickled")

    # ---- lifetime

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._database.closed

    def close(self) -> None:
        """Writes everything to the file and closes it, in all threads. A second time does nothing."""
        self._database.close()

    # ---- threads and transactions

    def sync(self) -> None:
        """With a log: as flush(). Without: writes everything to the file, which is then as after close(), and goes on.

        Without a log, no other thread may use the dict meanwhile, and within a transaction it raises InTransaction.
        """
        if self._database.mode == "r":
            return
        if self._log is not None:
            self.flush()
            return
        if self.session.level > 0:
            raise InTransaction(InTransaction.code, InTransaction.name, InTransaction.category, InTransaction.message)
        self._database.close()
        self._open("r+")

    def backup(self, folder: str | bytes | os.PathLike[str] | os.PathLike[bytes]) -> None:
        """Copies the dict into a folder while others go on using it; ese.restore makes a file of it. Needs a log."""
        self._database.backup(folder)

    def flush(self) -> None:
        """Waits until all that was done so far, by any thread, is on the disk. Without a log it does nothing."""
        self.session.flush()

    def _table(self) -> Table:
        place = self._places
        if place.generation != self._generation or place.table is None:
            main = self._database
            session = main.session.dup()
            session._is_borrowed = True
            session.lazy = self._lazy
            database = session.open(main.path, "r" if main.mode == "r" else "r+")
            database._is_borrowed = True
            self._settle(database, database[_TABLE])
        assert place.table is not None
        return place.table

    def _find(self, data: bytes, *, has_values: bool) -> tuple[Any, ...] | None:
        """The values of a key, or nothing of it; None when it is not there."""
        place = self._places
        table = self._table()
        point = place.values if has_values else place.keys
        if point is None:
            columns = [table.column(name) for name in (_VALUES if has_values else ())]
            point = PointReader(lambda: table.database._open_cursor(_TABLE), table.index()._types(), columns)
            if has_values:
                place.values = point
            else:
                place.keys = point
        try:
            return point.get((data,))
        except KeyTruncated:  # too long for any
            return None

    @property
    def session(self) -> Session:
        """The session of this thread."""
        return self._table().database.session

    @contextmanager
    def transaction(self, *, read_only: bool = False, lazy: bool | None = None) -> Iterator[Transaction]:
        """All that this thread does in the block happens at once, or, after an exception, not at all.

        Within it the dict is as it was at its beginning, but for what the block itself does. WriteConflict when
        another thread changes the same key.
        """
        with self._table().database.transaction(read_only=read_only, lazy=lazy) as transaction:
            yield transaction

    def _retry(self, work: Any) -> Any:
        """One operation: waits for another thread that is changing the same key, unless this is part of a
        transaction."""
        deadline: float | None = None
        pause = 0.0002
        while True:
            try:
                return work()
            except (WriteConflict, KeyDuplicate) as conflict:  # a duplicate was inserted since this one looked
                if self.session.level > 0:
                    raise _conflict(conflict) from None  # what the transaction saw cannot change any more
                now = time.monotonic()
                deadline = now + self._timeout if deadline is None else deadline
                if now >= deadline:
                    raise _conflict(conflict) from None
                time.sleep(pause)
                pause = min(2 * pause, 0.02)

    # ---- values

    def _value(self, values: tuple[Any, ...]) -> Any:
        data, text, integer, real, bit, pickled = values
        if text is not None:
            return text
        if data is not None:
            return data
        if integer is not None:
            return integer
        if real is not None:
            return real
        if bit is not None:
            return bit
        if pickled is None:
            return None
        if not self._pickle:
            raise TypeError("the value is pickled: open the dict with pickle=True if you trust whoever wrote the file")
        from pickle import loads

        return loads(pickled)

    def _row(self, key: object, value: object) -> tuple[object, ...]:
        """The values of the columns, NULL for all but one."""
        data = encode_key(key)
        if isinstance(value, str):
            return data, None, value, None, None, None, None
        if isinstance(value, bytes | bytearray | memoryview) and (type(value) is bytes or not self._pickle):
            return data, value, None, None, None, None, None
        if isinstance(value, bool):
            return data, None, None, None, None, value, None
        if isinstance(value, float):
            return data, None, None, None, value, None, None
        if isinstance(value, int) and -(1 << 63) <= value < 1 << 63:
            return data, None, None, value, None, None, None
        if value is None:
            return data, None, None, None, None, None, None
        return data, None, None, None, None, None, self._pickled(value)

    def _pickled(self, value: object) -> bytes:
        if not self._pickle:
            if isinstance(value, int):
                raise OverflowError("an int has 64 bits; open the dict with pickle=True for larger ones")
            raise TypeError(f"a value of type {type(value).__name__} needs a dict with pickle=True")
        from pickle import HIGHEST_PROTOCOL, dumps

        return dumps(value, HIGHEST_PROTOCOL)

    # ---- the mapping

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            return DictRange(self, *_bounds(key))
        value = self.get(key, _MISSING)
        if value is _MISSING:
            raise KeyError(key)
        return value

    def get(self, key: Any, default: Any = None) -> Any:
        """The value of a key, or `default`."""
        data = _lookup_key(key)
        values = None if data is None else self._find(data, has_values=True)
        return default if values is None else self._value(values)

    def __contains__(self, key: object) -> bool:
        data = _lookup_key(key)
        return data is not None and self._find(data, has_values=False) is not None

    def __setitem__(self, key: Any, value: Any) -> None:
        rows = [self._row(key, value)]
        table = self._table()
        try:
            table._write(_UPSERT, rows, self._places.columns)
        except (WriteConflict, KeyDuplicate):
            self._retry(lambda: table._write(_UPSERT, rows, self._places.columns))

    def __delitem__(self, key: Any) -> None:
        if isinstance(key, slice):
            DictRange(self, *_bounds(key)).clear()
        elif self.pop(key, _MISSING) is _MISSING:
            raise KeyError(key)

    def pop(self, key: Any, default: Any = _MISSING) -> Any:
        """Removes a key and returns its value; without such a key `default`, or KeyError."""

        def work() -> Any:
            with self.transaction():
                value = self.get(key, _MISSING)
                if value is not _MISSING:
                    table = self._table()
                    table._write(_DELETE, [(encode_key(key),)], self._places.columns[:1])
                return value

        value = self._retry(work)
        if value is not _MISSING:
            return value
        if default is _MISSING:
            raise KeyError(key)
        return default

    def popitem(self, last: bool = True) -> tuple[_Key, Any]:
        """Removes the last item, or the first, and returns it as a pair; KeyError when there is none."""

        def work() -> tuple[_Key, Any] | None:
            with self.transaction():
                items = self.items()
                for key, value in reversed(items) if last else items:
                    del self[key]
                    return key, value
                return None

        item: tuple[_Key, Any] | None = self._retry(work)
        if item is None:
            raise KeyError("the dict is empty")
        return item

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """The value of a key, which gets `default` when it has none."""

        def work() -> Any:
            with self.transaction():
                value = self.get(key, _MISSING)
                if value is _MISSING:
                    self[key] = value = default
                return value

        return self._retry(work)

    def update(self, other: Any = (), /, **more: Any) -> None:
        """Sets many keys, all or none: from a mapping or from pairs."""
        pairs: Iterable[tuple[Any, Any]] = other.items() if isinstance(other, Mapping) else _pairs(other)
        rows = [self._row(key, value) for items in (pairs, more.items()) for key, value in items]

        def work() -> None:
            with self.transaction():
                self._table().upsert_many(rows, columns=_COLUMNS)

        self._retry(work)

    def clear(self) -> None:
        """Removes everything."""
        DictRange(self, None, None).clear()

    def __len__(self) -> int:
        return len(self._table())

    def __iter__(self) -> Iterator[_Key]:
        return iter(DictRange(self, None, None))

    def __reversed__(self) -> Iterator[_Key]:
        return reversed(DictRange(self, None, None))

    def keys(self) -> DictKeys:
        """The keys, in order."""
        return DictRange(self, None, None).keys()

    def values(self) -> DictValues:
        """The values in the order of the keys."""
        return DictRange(self, None, None).values()

    def items(self) -> DictItems:
        """Pairs of key and value in the order of the keys."""
        return DictRange(self, None, None).items()


def _conflict(error: WriteConflict | KeyDuplicate) -> WriteConflict:
    if isinstance(error, WriteConflict):
        return error
    return WriteConflict(WriteConflict.code, WriteConflict.name, WriteConflict.category, error.message)


def _pairs(other: Any) -> Iterable[tuple[Any, Any]]:
    return ((key, other[key]) for key in list(other.keys())) if hasattr(other, "keys") else other
