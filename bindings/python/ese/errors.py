"""Exceptions: one class for each documented category of errors, and one for each error that programs catch.

    EseError
    ├── OperationError ── FatalError, IoError, ResourceError ── OutOfMemory, QuotaError, DiskError
    ├── DataError ─────── CorruptionError, InconsistentError, FragmentationError
    └── ApiError ──────── UsageError, StateError, ObsoleteError

Every exception has `code`, `name` ("JET_errRecordNotFound"), `category` ("State") and `message`. An error without a
class of its own is raised as its category; one without a documented category as EseError.
"""
# ruff: noqa: N818 - the classes have the names that the engine's documentation gives the errors

from __future__ import annotations

from . import _core

__all__ = [
    "AlreadyInitialized",
    "AlreadyPrepared",
    "ApiError",
    "AttachedDatabaseMismatch",
    "BackupDirectoryNotEmpty",
    "BackupInProgress",
    "BadLogSignature",
    "CannotIndex",
    "ClientRequestToStopJetService",
    "ColumnDuplicate",
    "ColumnInUse",
    "ColumnNotFound",
    "ColumnTooBig",
    "CommittedLogFileCorrupt",
    "CommittedLogFilesMissing",
    "CorruptionError",
    "DataError",
    "DatabaseCorrupted",
    "DatabaseDirtyShutdown",
    "DatabaseDuplicate",
    "DatabaseFileReadOnly",
    "DatabaseInUse",
    "DatabaseInvalidPath",
    "DatabaseSharingViolation",
    "DiskError",
    "DiskFull",
    "DiskIO",
    "EseError",
    "FatalError",
    "FileAccessDenied",
    "FileNotFound",
    "FragmentationError",
    "InTransaction",
    "InconsistentError",
    "IndexDuplicate",
    "IndexHasPrimary",
    "IndexInvalidDef",
    "IndexMustStay",
    "IndexNotFound",
    "InstanceNameInUse",
    "InstanceUnavailable",
    "InvalidBackup",
    "InvalidBookmark",
    "InvalidColumnType",
    "InvalidDatabaseId",
    "InvalidDatabaseVersion",
    "InvalidLogSequence",
    "InvalidName",
    "InvalidParameter",
    "InvalidSesid",
    "InvalidTableId",
    "IoError",
    "KeyDuplicate",
    "KeyTruncated",
    "LogDiskFull",
    "LogFileCorrupt",
    "LogWriteFail",
    "LoggingDisabled",
    "MissingFullBackup",
    "MissingLogFile",
    "MultiValuedDuplicate",
    "NoCurrentRecord",
    "NotInTransaction",
    "NotInitialized",
    "NullInvalid",
    "NullKeyDisallowed",
    "ObjectNotFound",
    "ObsoleteError",
    "OperationError",
    "OutOfMemory",
    "OutOfSessions",
    "PageSizeMismatch",
    "PermissionDenied",
    "PrimaryIndexCorrupted",
    "QuotaError",
    "ReadVerifyFailure",
    "RecordDeleted",
    "RecordNotFound",
    "RecordTooBig",
    "RequiredLogFilesMissing",
    "ResourceError",
    "RestoreInProgress",
    "SecondaryIndexCorrupted",
    "SessionSharingViolation",
    "StateError",
    "TableDuplicate",
    "TableInUse",
    "TableLocked",
    "TermInProgress",
    "TooManyActiveUsers",
    "TransReadOnly",
    "TransTooDeep",
    "UpdateNotPrepared",
    "UsageError",
    "VersionStoreOutOfMemory",
    "WriteConflict",
]


class EseError(Exception):
    """Any error of the engine."""

    code: int
    name: str | None
    category: str
    message: str

    def __init__(self, code: int, name: str | None, category: str, message: str) -> None:
        super().__init__(code, name, category, message)
        self.code = code
        self.name = name
        self.category = category
        self.message = message

    def __str__(self) -> str:
        return f"{self.message} ({self.name or 'error'} {self.code})"


class OperationError(EseError):
    """Something outside the control of the program went wrong."""


class FatalError(OperationError):
    """The instance cannot go on."""


class IoError(OperationError):
    """Reading or writing a file failed."""


class ResourceError(OperationError):
    """Something is exhausted."""


class OutOfMemory(ResourceError):
    """Memory, or one of the engine's tables, is exhausted."""


class QuotaError(ResourceError):
    """A limit is reached that a parameter sets."""


class DiskError(ResourceError):
    """The disk is full."""


class DataError(EseError):
    """The file is not as it should be."""


class CorruptionError(DataError):
    """The file is damaged."""


class InconsistentError(DataError):
    """The files do not fit together, or not with this engine."""


class FragmentationError(DataError):
    """The file is fragmented too much."""


class ApiError(EseError):
    """The program asked for something that is not possible."""


class UsageError(ApiError):
    """Wrong arguments, or a call out of order."""


class StateError(ApiError):
    """An outcome that a program expects: no such record, the key exists already."""


class ObsoleteError(ApiError):
    """A feature that no longer exists."""


# ---- errors that programs catch, in the order of their codes


class KeyTruncated(StateError):
    pass


class LogFileCorrupt(CorruptionError):
    pass


class BackupDirectoryNotEmpty(UsageError):
    pass


class BackupInProgress(StateError):
    pass


class RestoreInProgress(StateError):
    pass


class LogWriteFail(IoError):
    pass


class InvalidLogSequence(CorruptionError):
    pass


class LoggingDisabled(UsageError):
    pass


class InvalidBackup(UsageError):
    pass


class MissingLogFile(CorruptionError):
    pass


class LogDiskFull(DiskError):
    pass


class BadLogSignature(InconsistentError):
    pass


class RequiredLogFilesMissing(InconsistentError):
    pass


class DatabaseDirtyShutdown(InconsistentError):
    pass


class MissingFullBackup(StateError):
    pass


class CommittedLogFilesMissing(CorruptionError):
    pass


class CommittedLogFileCorrupt(CorruptionError):
    pass


class TermInProgress(OperationError):
    pass


class InvalidName(UsageError):
    pass


class InvalidParameter(UsageError):
    pass


class DatabaseFileReadOnly(UsageError):
    pass


class InvalidDatabaseId(UsageError):
    pass


class RecordDeleted(StateError):
    pass


class ReadVerifyFailure(CorruptionError):
    pass


class DiskIO(IoError):
    pass


class RecordTooBig(StateError):
    pass


class NotInitialized(UsageError):
    pass


class AlreadyInitialized(UsageError):
    pass


class FileAccessDenied(IoError):
    pass


class InvalidBookmark(UsageError):
    pass


class ColumnInUse(UsageError):
    pass


class NullKeyDisallowed(UsageError):
    pass


class NotInTransaction(UsageError):
    pass


class TooManyActiveUsers(UsageError):
    pass


class VersionStoreOutOfMemory(QuotaError):
    pass


class CannotIndex(UsageError):
    pass


class InstanceNameInUse(UsageError):
    pass


class InstanceUnavailable(FatalError):
    pass


class OutOfSessions(OutOfMemory):
    pass


class WriteConflict(StateError):
    pass


class TransTooDeep(UsageError):
    pass


class InvalidSesid(UsageError):
    pass


class InTransaction(UsageError):
    pass


class TransReadOnly(UsageError):
    pass


class DatabaseDuplicate(UsageError):
    pass


class DatabaseInUse(UsageError):
    pass


class DatabaseCorrupted(CorruptionError):
    pass


class InvalidDatabaseVersion(InconsistentError):
    pass


class PageSizeMismatch(InconsistentError):
    pass


class DatabaseSharingViolation(UsageError):
    pass


class AttachedDatabaseMismatch(InconsistentError):
    pass


class DatabaseInvalidPath(UsageError):
    pass


class TableLocked(UsageError):
    pass


class TableDuplicate(StateError):
    pass


class TableInUse(StateError):
    pass


class ObjectNotFound(StateError, KeyError):
    pass


class InvalidTableId(UsageError):
    pass


class ClientRequestToStopJetService(OperationError):
    pass


class IndexHasPrimary(UsageError):
    pass


class IndexDuplicate(UsageError):
    pass


class IndexNotFound(StateError, KeyError):
    pass


class IndexMustStay(UsageError):
    pass


class IndexInvalidDef(UsageError):
    pass


class PrimaryIndexCorrupted(CorruptionError):
    pass


class SecondaryIndexCorrupted(CorruptionError):
    pass


class NullInvalid(UsageError):
    pass


class ColumnTooBig(UsageError):
    pass


class ColumnNotFound(UsageError, KeyError):
    pass


class ColumnDuplicate(UsageError):
    pass


class InvalidColumnType(UsageError):
    pass


class MultiValuedDuplicate(StateError):
    pass


class RecordNotFound(StateError, KeyError):
    pass


class NoCurrentRecord(StateError):
    pass


class KeyDuplicate(StateError):
    pass


class AlreadyPrepared(UsageError):
    pass


class UpdateNotPrepared(UsageError):
    pass


class DiskFull(DiskError):
    pass


class PermissionDenied(UsageError):
    pass


class FileNotFound(StateError):
    pass


class SessionSharingViolation(UsageError):
    pass


# ---- from the engine's list

# JET_ERRCAT, from JET_errcatUnknown on.
_CATEGORIES: tuple[tuple[str, type[EseError]], ...] = (
    ("Unknown", EseError),
    ("Error", EseError),
    ("Operation", OperationError),
    ("Fatal", FatalError),
    ("IO", IoError),
    ("Resource", ResourceError),
    ("Memory", OutOfMemory),
    ("Quota", QuotaError),
    ("Disk", DiskError),
    ("Data", DataError),
    ("Corruption", CorruptionError),
    ("Inconsistent", InconsistentError),
    ("Fragmentation", FragmentationError),
    ("Api", ApiError),
    ("Usage", UsageError),
    ("State", StateError),
    ("Obsolete", ObsoleteError),
)
_LEAVES: dict[int, type[EseError]] = {}


def _name_leaves() -> None:
    """Gives each class of an error its code, name, category and sentence, and finds it by code from now on."""
    for code, name, category, text in _core.error_list():
        leaf = globals().get(name.removeprefix("JET_err"))
        if isinstance(leaf, type) and issubclass(leaf, EseError):
            leaf.code, leaf.name, leaf.category, leaf.message = code, name, _CATEGORIES[category][0], text
            leaf.__doc__ = f"{text} ({name}, {code})"
            _LEAVES[code] = leaf


def make_error(code: int, name: str | None, category: int, message: str) -> EseError:
    """The exception for an error of the engine."""
    category_name, category_class = _CATEGORIES[category if 0 <= category < len(_CATEGORIES) else 0]
    return _LEAVES.get(code, category_class)(code, name, category_name, message)


_name_leaves()
_core.set_error_factory(make_error)
