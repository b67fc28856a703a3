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

_PARAM_SYSTEM_PATH, _PARAM_TEMP_PATH, _PARAM_LOG_FILE_PATH = 0, 1, 2
_PARAM_RECOVERY = 34
_PARAM_CREATE_PATH = 100
_TRANSACTION_READ_ONLY = 0x1
_COMMIT_LAZY = 0x1


class Instance(Handle):
    """An engine of its own: its parameters, its cache, its sessions.

        with ese.Instance("demo", directory="work", recovery=False) as instance:
            with instance.session() as session: ...

    directory   holds the files of the instance, and is made when it does not exist
    recovery    whether changes are logged: as long as there is no log, True is accepted and works as False
    page_size   of the databases that are created or changed here: 4096 bytes unless given
    parameters  system parameters by name ("MaxSessions") or number, which must be known before the start
    """

    def __init__(
        self,
        name: str,
        *,
        directory: str | os.PathLike[str] | None = None,
        recovery: bool = True,
        page_size: int | None = None,
        parameters: Mapping[str | int, int | bool | str] | None = None,
    ) -> None:
        self.name = name
        self._handle = _core.create_instance(name)
        super().__init__(self._handle, repr(name))
        try:
            if directory is not None:
                path = os.path.join(os.fspath(directory), "")  # noqa: PTH118 - the separator at the end makes it a folder
                self.set_parameter(_PARAM_CREATE_PATH, True)
                for parameter in (_PARAM_SYSTEM_PATH, _PARAM_TEMP_PATH, _PARAM_LOG_FILE_PATH):
                    self.set_parameter(parameter, path)
            self.set_parameter(_PARAM_RECOVERY, "on" if recovery else "off")
            for key, value in (parameters or {}).items():
                self.set_parameter(key, value)
            if page_size is not None:
                self._handle.set_page_size(page_size)
            self._handle.start()
        except BaseException:
            self._handle.close()
            raise

    def session(self) -> Session:
        """A new session: JetBeginSession."""
        return Session(self, self._handle.begin_session())

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
        super().__init__(handle, f"of {instance.name!r}")

    def dup(self) -> Session:
        """JetDupSession: a new session on the same instance, and nothing more.

        Transactions, open databases, cursors and session parameters are not carried over; closing one session never
        affects the other.
        """
        return Session(self.instance, self._handle.dup())

    def transaction(self, *, read_only: bool = False, lazy: bool = False) -> Transaction:
        """Begins a transaction, or a level inside the current one: seven levels, then TransTooDeep.

            with session.transaction(): ...

        commits at the end, and rolls back exactly this level when the body raises. A transaction sees what was
        committed when its outermost level began, and its own changes. `read_only` refuses changes (TransReadOnly),
        `lazy` does not wait for the disk.
        """
        return Transaction(self, self._handle.begin(_TRANSACTION_READ_ONLY if read_only else 0), lazy=lazy)

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

    def __init__(self, session: Session, handle: _core.Transaction, *, lazy: bool = False) -> None:
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
        self._handle.commit(_COMMIT_LAZY if (self._lazy if lazy is None else lazy) else 0)

    def rollback(self) -> None:
        """Undoes the changes of this level and of those inside it."""
        self._handle.rollback()
