"""Instances, sessions and transactions."""

from __future__ import annotations

import os

from . import _core
from .database import READ_DAMAGED, Database
from .handles import Handle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_PARAM_SYSTEM_PATH, _PARAM_TEMP_PATH, _PARAM_LOG_FILE_PATH = 0, 1, 2
_PARAM_RECOVERY = 34
_PARAM_CREATE_PATH = 100
_TRANSACTION_READ_ONLY = 0x1
_COMMIT_LAZY = 0x1


class Instance(Handle):
    """An engine of its own: its parameters, its cache, its sessions.

        with ese.Instance("demo", directory="work", recovery=False) as instance:
            with instance.session() as session: ...

    `directory` holds the files of the instance and is made when it does not exist. `parameters` are system parameters
    by name ("MaxSessions") or number; they must be known before the start.
    """

    def __init__(
        self,
        name: str,
        *,
        directory: str | os.PathLike[str] | None = None,
        recovery: bool = True,
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

    def transaction(self, *, read_only: bool = False) -> Transaction:
        """Begins a transaction, or a level inside the current one.

            with session.transaction(): ...

        commits at the end, and rolls back exactly this level when the body raises.
        """
        return Transaction(self, self._handle.begin(_TRANSACTION_READ_ONLY if read_only else 0))

    def open(self, path: str | bytes | os.PathLike[str] | os.PathLike[bytes], *, damaged: bool = False) -> Database:
        """Attaches and opens a database for reading, as ese.open does."""
        name = os.fsencode(path)
        return Database(self._handle.open_database(name, READ_DAMAGED if damaged else 0), name)


class Transaction(Handle):
    """A level of a transaction: a scope, which ends with the with statement, commit() or rollback()."""

    def __init__(self, session: Session, handle: _core.Transaction) -> None:
        self.session = session
        self._handle = handle
        super().__init__(handle, f"in {session.instance.name!r}")

    def __exit__(self, *error: object) -> None:
        if self.closed:
            return
        if error[0] is None:
            self.commit()
        else:
            self.rollback()

    def commit(self, *, lazy: bool = False) -> None:
        """Makes the changes of this level permanent, or part of the level outside."""
        self._handle.commit(_COMMIT_LAZY if lazy else 0)

    def rollback(self) -> None:
        """Undoes the changes of this level and of those inside it."""
        self._handle.rollback()
