"""Databases: opening a file, and the tables in it."""

from __future__ import annotations

import os

from . import _core
from .handles import Handle
from .table import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .schema import DatabaseInfo, Problem

READ_DAMAGED = 0x10000000  # ESE_bitDbReadDamaged
_OBJECT_SYSTEM = 0x80000000  # JET_bitObjectSystem


def open_database(path: str | bytes | os.PathLike[str] | os.PathLike[bytes], *, damaged: bool = False) -> Database:
    """Opens a database file for reading. The file is never changed and nothing is created beside it.

    A database that was not shut down cleanly raises DatabaseDirtyShutdown. With `damaged` it is read as far as it can
    be trusted, and so is a damaged one; `Database.problems` tells what was left out.
    """
    name = os.fsencode(path)
    return Database(_core.open_file(name, READ_DAMAGED if damaged else 0), name)


class Database(Handle):
    """An open database: a mapping from the names of its tables to the tables.

    Iteration, len() and `tables` leave out the system tables; `db["MSysObjects"]` finds them all the same.
    """

    def __init__(self, handle: _core.Database, path: bytes) -> None:
        self._handle = handle
        self.path = os.fsdecode(path)
        super().__init__(handle, repr(self.path))

    def _open_cursor(self, name: str) -> _core.Cursor:
        return self._handle.open_cursor(name)

    # ---- tables

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of the user tables, in order."""
        return tuple(name for name, flags in self._handle.tables() if not flags & _OBJECT_SYSTEM)

    @property
    def system_tables(self) -> tuple[str, ...]:
        """The names of the engine's own tables, in order."""
        return tuple(name for name, flags in self._handle.tables() if flags & _OBJECT_SYSTEM)

    def __getitem__(self, name: str) -> Table:
        """The table of that name, upper and lower case being the same; ObjectNotFound."""
        if not isinstance(name, str):
            raise TypeError(f"the name of a table is a str, not {type(name).__name__}")
        return Table(self, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.tables)

    def __len__(self) -> int:
        return len(self.tables)

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        folded = name.casefold()
        return any(table.casefold() == folded for table, _ in self._handle.tables())

    # ---- the file

    @property
    def info(self) -> DatabaseInfo:
        """What the header of the file says."""
        from .schema import info_from

        return info_from(self._handle.info())

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What was left out so far of a database opened with `damaged`, in the order met."""
        from .schema import Problem

        problems: list[Problem] = []
        while (problem := self._handle.problem(len(problems))) is not None:
            problems.append(Problem(*problem))
        return tuple(problems)
