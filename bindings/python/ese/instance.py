"""Instances, sessions and transactions."""

from __future__ import annotations

import os

from . import _core
from .database import Database, access_of
from .handles import Handle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from .database import _Mode, _Path
    from .recovery import _Progress

_PARAM_SYSTEM_PATH, _PARAM_TEMP_PATH, _PARAM_LOG_FILE_PATH, _PARAM_BASE_NAME = 0, 1, 2, 3
_PARAM_LOG_FILE_SIZE, _PARAM_CIRCULAR_LOG = 11, 17
_PARAM_RECOVERY = 34
_PARAM_CREATE_PATH = 100
_REPLAY_IGNORE_MISSING, _REPLAY_IGNORE_LOST = 0x4, 0x80  # JET_bitReplay...
_TRANSACTION_READ_ONLY = 0x1
_COMMIT_LAZY = 0x1
_BACKUP_INCREMENTAL, _BACKUP_ATOMIC = 0x1, 0x4


class Instance(Handle):
    """An engine of its own: its parameters, its cache, its sessions.

        with ese.Instance("demo", directory="work") as instance:
            with instance.session() as session: ...

    directory   holds the files of the instance, and is made when it does not exist: the current folder unless given
    recovery    whether changes are logged. Then a commit is on the disk when it returns, and when the last run did not
                end cleanly the start recovers the databases of the log
    page_size   of the databases that are created or changed here: 4096 bytes unless given
    log_path    folder of the logs, system_path that of the checkpoint: `directory` unless given
    base        the three characters that the names of the logs begin with: "edb" unless given
    log_file_size  bytes of a log: 5 MiB unless given
    circular    whether logs go that recovery does not need any more; kept unless given, as incremental backups want
    ignore_missing, ignore_lost_logs, progress   of the recovery at the start, as for ese.recover
    parameters  system parameters by name ("MaxSessions") or number, which must be known before the start
    """

    def __init__(
        self,
        name: str,
        *,
        directory: str | os.PathLike[str] | None = None,
        recovery: bool = True,
        page_size: int | None = None,
        log_path: str | os.PathLike[str] | None = None,
        system_path: str | os.PathLike[str] | None = None,
        base: str | None = None,
        log_file_size: int | None = None,
        circular: bool | None = None,
        ignore_missing: bool = False,
        ignore_lost_logs: bool = False,
        progress: _Progress | None = None,
        parameters: Mapping[str | int, int | bool | str] | None = None,
    ) -> None:
        self.name = name
        self._handle = _core.create_instance(name)
        super().__init__(self._handle, repr(name))
        try:
            for parameter, folder in (
                (_PARAM_SYSTEM_PATH, system_path or directory),
                (_PARAM_LOG_FILE_PATH, log_path or directory),
                (_PARAM_TEMP_PATH, directory or log_path),
            ):
                if folder is not None:
                    self.set_parameter(_PARAM_CREATE_PATH, True)
                    # the separator at the end makes it a folder
                    self.set_parameter(parameter, os.path.join(os.fspath(folder), ""))  # noqa: PTH118
            if base is not None:
                self.set_parameter(_PARAM_BASE_NAME, base)
            if log_file_size is not None:
                self.set_parameter(_PARAM_LOG_FILE_SIZE, -(-log_file_size // 1024))
            if circular is not None:
                self.set_parameter(_PARAM_CIRCULAR_LOG, circular)
            self.set_parameter(_PARAM_RECOVERY, "on" if recovery else "off")
            for key, value in (parameters or {}).items():
                self.set_parameter(key, value)
            if page_size is not None:
                self._handle.set_page_size(page_size)
            grbit = (_REPLAY_IGNORE_MISSING if ignore_missing else 0) | (_REPLAY_IGNORE_LOST if ignore_lost_logs else 0)
            self._handle.start(grbit, progress)
        except BaseException:
            self._handle.close()
            raise

    def session(self) -> Session:
        """A new session: JetBeginSession."""
        return Session(self, self._handle.begin_session())

    def backup(
        self, folder: _Path, *, incremental: bool = False, atomic: bool = False, progress: _Progress | None = None
    ) -> None:
        """Copies all open databases and the logs they need into a folder, while others go on reading and writing.

        ese.restore makes databases of it, as they were at the end of the backup. The folder is made when there is
        none, and is empty: BackupDirectoryNotEmpty.

        incremental  adds the logs that were written since to a folder with a full backup; not with circular logs
                     (InvalidBackup), nor before a full one (MissingFullBackup)
        atomic       takes the place of the atomic backup in the folder when all of it is there
        progress     called with "backup", how much is done and of how much; as for ese.recover
        """
        grbit = (_BACKUP_INCREMENTAL if incremental else 0) | (_BACKUP_ATOMIC if atomic else 0)
        self._handle.backup(os.fsencode(folder), grbit, progress)

    def stop_service(self) -> None:
        """Refuses all further work; closing still works. JetStopServiceInstance."""
        self._handle.stop_service()

    def set_parameter(self, parameter: str | int, value: int | bool | str) -> None:
        """Sets a system parameter; most can only be set before the start."""
        if isinstance(value, str):
            self._handle.set_parameter(_parameter_id(parameter), 0, value)
        else:
            self._handle.set_parameter(_parameter_id(parameter), int(value), None)

    def parameter(self, parameter: str | int) -> int:
        """The value of a system parameter that is a number."""
        return self._handle.get_parameter(_parameter_id(parameter), False)[0]

    def parameter_text(self, parameter: str | int) -> str:
        """The value of a system parameter that is a text."""
        return self._handle.get_parameter(_parameter_id(parameter), True)[1]


def session_of(handle: _core.Session, name: str) -> Session:
    """The session, and its instance, of a database that ese.open made: they end with the database."""
    instance = object.__new__(Instance)
    instance.name = name
    instance._handle = handle.instance()
    Handle.__init__(instance, instance._handle, repr(name))
    session = Session(instance, handle)
    instance._is_borrowed = session._is_borrowed = True
    return session


def _parameter_id(parameter: str | int) -> int:
    if isinstance(parameter, int):
        return parameter
    from . import constants

    return constants.value(f"JET_param{parameter.removeprefix('JET_param')}")


class Session(Handle):
    """A session: used by one thread at a time, with transactions and open databases of its own."""

    def __init__(self, instance: Instance, handle: _core.Session) -> None:
        self.instance = instance
        self._handle = handle
        self._begun: list[_core.Transaction] = []  # one that nobody refers to would be rolled back
        super().__init__(handle, f"of {instance.name!r}")

    def dup(self) -> Session:
        """JetDupSession: a new session on the same instance, and nothing more.

        Transactions, open databases, cursors and session parameters are not carried over; closing one session never
        affects the other.
        """
        return Session(self.instance, self._handle.dup())

    def transaction(self, *, read_only: bool = False, lazy: bool | None = None) -> Transaction:
        """Begins a transaction, or a level inside the current one: seven levels, then TransTooDeep.

            with session.transaction(): ...

        commits at the end, and rolls back exactly this level when the body raises. A transaction sees what was
        committed when its outermost level began, and its own changes. `read_only` refuses changes (TransReadOnly).
        Where there is a log, the end of the outermost level waits until the changes are on the disk, and with `lazy`
        it does not: a crash may then undo it, all of it, and what was committed lazily after it.
        """
        return Transaction(self, self._handle.begin(_TRANSACTION_READ_ONLY if read_only else 0), lazy=lazy)

    def begin(self, *, read_only: bool = False) -> None:
        """Begins a transaction, or a level inside the current one, that commit() or rollback() ends."""
        while self._begun and not self._begun[-1].is_open():
            self._begun.pop()
        self._begun.append(self._handle.begin(_TRANSACTION_READ_ONLY if read_only else 0))

    def commit(self, *, lazy: bool | None = None) -> None:
        """Commits the innermost transaction; NotInTransaction."""
        self._commit(self._handle, lazy)

    def rollback(self) -> None:
        """Rolls the innermost transaction back; NotInTransaction."""
        self._handle.rollback()

    def _commit(self, handle: _core.Session | _core.Transaction, lazy: bool | None) -> None:
        handle.commit(_COMMIT_LAZY if lazy else 0)
        if lazy is False and self._handle.is_lazy() and self._handle.level() == 0:
            self._handle.flush(False)

    def flush(self) -> None:
        """Waits until all that was committed so far in the instance, by any session, is on the disk."""
        self._handle.flush(True)

    @property
    def lazy(self) -> bool:
        """Whether commits do not wait for the disk unless they say so: False at first, and can be set."""
        return self._handle.is_lazy()

    @lazy.setter
    def lazy(self, value: bool) -> None:
        self._handle.set_lazy(value)

    @property
    def level(self) -> int:
        """How many transactions are open, one inside the other."""
        return self._handle.level()

    def open(self, path: _Path, mode: _Mode = "r", *, damaged: bool = False) -> Database:
        """Attaches and opens a database, or creates it, as ese.open does; for change, with the page size of the
        instance."""
        access, grbit = access_of(mode, damaged)
        name = os.fsencode(path)
        return Database(self._handle.open_database(name, access, grbit), name, mode=mode, session=self)

    def create_database(self, path: _Path, *, overwrite: bool = False) -> Database:
        """Creates a database; DatabaseDuplicate when there is a file, unless it is to be overwritten."""
        return self.open(path, "w" if overwrite else "x")


class Transaction(Handle):
    """A level of a transaction: a scope, which ends with the with statement, commit() or rollback()."""

    def __init__(self, session: Session, handle: _core.Transaction, *, lazy: bool | None = None) -> None:
        self.session = session
        self._handle = handle
        self._lazy = lazy
        super().__init__(handle, f"in {session.instance.name!r}")

    def __exit__(self, *error: object) -> None:
        if self.closed:
            return
        if error[0] is not None:
            self.rollback()
            return
        try:
            self.commit()
        finally:
            if not self.closed:
                self.rollback()

    def commit(self, *, lazy: bool | None = None) -> None:
        """Makes the changes of this level permanent, or part of the level outside."""
        self.session._commit(self._handle, self._lazy if lazy is None else lazy)

    def rollback(self) -> None:
        """Undoes the changes of this level and of those inside it."""
        self._handle.rollback()
