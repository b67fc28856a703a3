"""Databases: opening and creating a file, and the tables in it."""

from __future__ import annotations

import os

from . import _core
from .errors import DatabaseDirtyShutdown
from .handles import Handle
from .table import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any, Literal

    from .instance import Session, Transaction
    from .recovery import RecoveryReport, _Progress
    from .schema import DatabaseInfo, Index, Problem

    _Mode = Literal["r", "r+", "w", "x", "c"]
    _Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]

_READ_DAMAGED = 0x10000000  # ESE_bitDbReadDamaged
_OBJECT_SYSTEM = 0x80000000  # JET_bitObjectSystem
_ACCESS = {"r": 0, "r+": 1, "w": 2, "x": 3, "c": 4}  # ese_model_access


def access_of(mode: str, damaged: bool) -> tuple[int, int]:
    """What the low-level module takes for a mode; ValueError."""
    if mode not in _ACCESS:
        raise ValueError(f"a mode is one of {', '.join(map(repr, _ACCESS))}, not {mode!r}")
    if damaged and mode != "r":
        raise ValueError("a damaged database can only be read")
    return _ACCESS[mode], _READ_DAMAGED if damaged else 0


def _open_recovered(name: bytes, mode: str, damaged: bool, logs: _Path, **options: Any) -> Database:
    from .recovery import open_recovered

    if mode != "r" or damaged:
        raise ValueError("a database that is recovered into a copy can only be read, and is not damaged")
    handle, report = open_recovered(name, logs, **options)
    return Database(handle, name, mode="r", recovery=report)


def log_folder(path: _Path, log: _Path | bool | None) -> bytes | None:
    """The folder of the log of a database; None for none."""
    if log is None or log is False:
        return None
    return os.fsencode(path) + b".log" if log is True else os.fsencode(log)


def open_database(
    path: _Path,
    mode: _Mode = "r",
    *,
    page_size: int | None = None,
    damaged: bool = False,
    log: _Path | bool | None = None,
    log_file_size: int = 0,
    keep_logs: bool = False,
    logs: _Path | None = None,
    base: str | None = None,
    scratch: _Path | None = None,
    ignore_lost_logs: bool = False,
    progress: _Progress | None = None,
) -> Database:
    """Opens, or creates, a database file.

    mode       "r"   for reading: the file is never changed and nothing is created beside it
               "r+"  for changing a file that exists
               "w"   for writing a new one, in the place of any that exists
               "x"   for writing a new one where there is none: DatabaseDuplicate
               "c"   for changing it, and creates it first when there is none
    page_size  of a new file: 2048, 4096, 8192 (unless given), 16384 or 32768 bytes. Records and keys grow with it
    damaged    reads a dirty or damaged file as far as it can be trusted; `Database.problems` tells what was left out
    log        a folder, made when there is none, or True for one beside the database ("store.edb.log"): every change
               is logged there, a commit returns when it is on the disk, and after a crash the next opening recovers
               what was committed. Without it, a crash while the database is open for change leaves it dirty
    log_file_size, keep_logs   bytes of a file of the log (1 MiB unless given), and whether files are kept that
               recovery does not need any more, as incremental backups want them
    logs       a folder of logs: a database that was not shut down is recovered with them into a copy that nobody else
               sees and that goes with the last look at it; `Database.recovery` tells what was done. A clean one is
               simply opened. Nothing is written beside database and logs
    scratch    folder that has room for the copy; else $TMPDIR, else /var/tmp
    base, ignore_lost_logs, progress   as for ese.recover; progress is told of the recovery with `log`, too

    A database that was not shut down cleanly raises DatabaseDirtyShutdown, one that is open elsewhere FileAccessDenied.
    """
    name = os.fsencode(path)
    if logs is not None:
        if log:
            raise ValueError("log= writes a log, logs= only reads some")
        return _open_recovered(
            name,
            mode,
            damaged,
            logs,
            base=base,
            scratch=scratch,
            ignore_lost_logs=ignore_lost_logs,
            progress=progress,
        )
    access, grbit = access_of(mode, damaged)
    folder = log_folder(path, log)
    if folder is not None and mode == "r":
        raise ValueError("only changes are logged; logs=FOLDER recovers a database to read it")
    try:
        handle = _core.open_file(name, access, grbit, page_size or 0, folder, log_file_size, keep_logs, progress)
    except DatabaseDirtyShutdown as error:
        error.message += (
            "; ese.open(path, logs=FOLDER) does so in a copy, damaged=True reads the file as it is"
            if mode == "r"
            else "; log=FOLDER does so if its log is there, and else ese.recover(path, in_place=True)"
        )
        raise
    return Database(handle, name, mode=mode)


class Database(Handle):
    """An open database: a mapping from the names of its tables to the tables.

    Iteration, len() and `tables` leave out the system tables; `db["MSysObjects"]` finds them all the same.
    """

    recovery: RecoveryReport | None = None
    """What was done to open it with `logs`; None when it was clean."""

    def __init__(
        self,
        handle: _core.Database,
        path: bytes,
        *,
        mode: _Mode,
        session: Session | None = None,
        recovery: RecoveryReport | None = None,
    ) -> None:
        self._handle = handle
        self.path = os.fsdecode(path)
        self.mode = mode
        """As it was opened: "r", "r+", "w", "x" or "c"."""
        self.recovery = recovery
        self._session = session
        self._version = 0  # of the schema, as far as it was changed through this object
        super().__init__(handle, repr(self.path))

    def _open_cursor(self, name: str) -> _core.Cursor:
        return self._handle.open_cursor(name)

    def _touch(self) -> None:
        """Tables read the schema again."""
        self._version += 1

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

    # ---- changing the schema

    def create_table(
        self,
        name: str,
        columns: Mapping[str, Any] | Iterable[Any] = (),
        *,
        primary_key: Any = None,
        indexes: Mapping[str, Any] | Iterable[Index] = (),
        template: str | None = None,
        pages: int = 0,
        density: int = 0,
        flags: int = 0,
    ) -> Table:
        """Makes a table with its columns and indexes, all or nothing.

            db.create_table("people", {"id": ese.Long(autoincrement=True), "name": str, "tags": list[str]},
                            primary_key="id", indexes={"byName": ese.Key("name", unique=True)})

        columns      by name: an ese.ColumnSpec such as ese.Text(100), the name of a type ("long text"), a Python
                     type; or
                     the columns of another table
        primary_key  a column, several, or an ese.Key; without one, records stand in the order of insertion
        indexes      by name: a column, several, or an ese.Key; or the indexes of another table
        template     a table whose columns and indexes this one has as well
        pages        to begin with; density: percent of a page that is filled before the next is begun
        flags        JET_bitTableCreate... bits

        TableDuplicate, ColumnDuplicate, IndexDuplicate, InvalidName, ColumnNotFound.
        """
        from .ddl import column_tuples, index_tuples

        self._handle.create_table(
            name, template, pages, density, flags, column_tuples(columns), index_tuples(indexes, primary_key)
        )
        return Table(self, name)

    def delete_table(self, name: str) -> None:
        """Deletes a table with all its records; ObjectNotFound, TableInUse while a cursor is open in it."""
        self._handle.delete_table(name)

    def __delitem__(self, name: str) -> None:
        self.delete_table(name)

    def rename_table(self, name: str, new_name: str) -> None:
        """Gives a table another name; ObjectNotFound, TableDuplicate."""
        self._handle.rename_table(name, new_name)

    def resize(self, pages: int) -> int:
        """Makes the file so many pages long, or as short as its content allows; returns how many there are now."""
        return self._handle.resize(pages)

    # ---- transactions

    @property
    def session(self) -> Session:
        """The session in which the database is open. `db.session.dup()` is one for another thread."""
        if self._session is None:
            from .instance import session_of

            self._session = session_of(self._handle.session(), self.path)
        return self._session

    def transaction(self, *, read_only: bool = False, lazy: bool | None = None) -> Transaction:
        """Begins a transaction of the session, or a level inside the current one: `with db.transaction(): ...`"""
        return self.session.transaction(read_only=read_only, lazy=lazy)

    def _begin_outermost(self) -> _core.Transaction | None:
        """A transaction, unless the session is in one."""
        return self._handle.begin(0) if self._handle.level() == 0 else None

    # ---- the file

    def backup(
        self, folder: _Path, *, incremental: bool = False, atomic: bool = False, progress: _Progress | None = None
    ) -> None:
        """Backs up this database, and others of its instance, as Instance.backup does; needs a log."""
        self.session.instance.backup(folder, incremental=incremental, atomic=atomic, progress=progress)

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
