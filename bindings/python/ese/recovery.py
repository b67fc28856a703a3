"""Recovery: databases that were not shut down are brought up to date from their logs; backups become databases."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import NamedTuple

from . import _core
from .database import Database, open_database

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime
    from typing import Any

    from .database import _Path

    _Progress = Callable[[str, int, int], object]
    _Maps = Mapping[str, _Path] | Iterable[_Path] | _Path
    _MapList = list[tuple[str | bytes | None, str | bytes]]

_IN_PLACE, _IGNORE_MISSING, _IGNORE_LOST, _DROP_DAMAGED, _NEWER, _WITHOUT_UNDO, _BACKUP = (1 << i for i in range(7))
_LOGS_LOST, _LOGS_REMOVED = 585, 587  # JET_wrnCommittedLogFiles...


class RecoveryOutcome(StrEnum):
    """What became of a database of the log."""

    RECOVERED = "recovered"
    """Out of the file that was found."""
    REBUILT = "rebuilt"
    """Out of the log alone, from its creation on."""
    CLEAN = "clean"
    """Nothing was to be done, so no file was made."""
    MISSING = "missing"
    """There is no such file."""
    FOREIGN = "foreign"
    """The file is not the database of the log."""
    REMOVED = "removed"
    """Its creation had not ended."""


_OUTCOMES = tuple(RecoveryOutcome)


class RecoveredDatabase(NamedTuple):
    """A database of the log, and where its content is now."""

    logged_path: str
    """Where it lay when the log was written."""
    source: str | None
    """The file that was found."""
    result: str | None
    """The file that was made."""
    outcome: RecoveryOutcome
    generations: tuple[int, int] | None
    """Of the logs that the file needed: from the first one required to the last one with a commit."""

    @property
    def path(self) -> str | None:
        """The result, or the file itself when it was clean."""
        return self.source if self.outcome is RecoveryOutcome.CLEAN else self.result

    def open(self) -> Database:
        """Opens what came out to read; ValueError when nothing did."""
        if self.path is None:
            raise ValueError(f"{self.logged_path}: {self.outcome.value}")
        return open_database(self.path)


class RecoveryReport(NamedTuple):
    """What a recovery did. As a text, a few lines to read."""

    databases: tuple[RecoveredDatabase, ...]
    generations: tuple[int, int] | None
    """The first and the last log that were replayed."""
    missing: tuple[int, int] | None
    """The first and the last log that a database needs, but were not there and given up."""
    committed: int
    """Transactions."""
    rolled_back: int
    """Transactions that were open at the end of the log."""
    undone: int
    """Changes of those."""
    records: int
    log_bytes: int
    pages_changed: int
    has_checkpoint: bool
    """Whether it was there, and told where to begin."""
    has_stopped: bool
    """Whether it ended at `until`, and not at the end of the logs."""
    warnings: tuple[str, ...]
    """A sentence for whatever is not as it should be."""

    def __str__(self) -> str:
        lines = []
        if self.generations:
            lines.append(f"{_span(self.generations)}: {self.records} records, {self.pages_changed} pages changed")
        lines.append(f"{self.committed} transactions committed, {self.rolled_back} rolled back ({self.undone} changes)")
        for database in self.databases:
            made = f" -> {database.result}" if database.result else ""
            lines.append(f"{database.source or database.logged_path}: {database.outcome.value}{made}")
        lines += (f"warning: {text}" for text in self.warnings)
        return "\n".join(lines)


def _file_number(generation: int) -> str:
    """As in the name of its file."""
    return f"{generation:08X}"


def _span(generations: tuple[int, int]) -> str:
    first, last = map(_file_number, generations)
    return f"log {first}" if first == last else f"logs {first} to {last}"


def _warnings(values: dict[str, Any], databases: tuple[RecoveredDatabase, ...]) -> tuple[str, ...]:
    texts = []
    if values["warning"] == _LOGS_LOST:
        span = _span((values["missing_from"], values["missing_to"]))
        texts.append(f"what was committed in {span} is lost: missing, and given up")
    elif values["warning"] == _LOGS_REMOVED:
        texts.append("what was committed in the last logs is lost: damaged, and given up")
    reasons = {
        RecoveryOutcome.MISSING: "there is no such file",
        RecoveryOutcome.FOREIGN: "the file is not the database of the log",
        RecoveryOutcome.REMOVED: "its creation had not ended, so it was left out",
    }
    texts += (f"{d.logged_path}: {reasons[d.outcome]}" for d in databases if d.outcome in reasons)
    return tuple(texts)


def _range(first: int, last: int) -> tuple[int, int] | None:
    return (first, last) if first else None


def report_from(values: dict[str, Any]) -> RecoveryReport:
    databases = tuple(
        RecoveredDatabase(logged, source, result, _OUTCOMES[outcome], _range(least, max(required, committed)))
        for logged, source, result, outcome, least, required, committed in values["databases"]
    )
    return RecoveryReport(
        databases=databases,
        generations=_range(values["first"], values["last"]),
        missing=_range(values["missing_from"], values["missing_to"]),
        committed=values["committed"],
        rolled_back=values["rolled_back"],
        undone=values["undone"],
        records=values["records"],
        log_bytes=values["log_bytes"],
        pages_changed=values["pages_changed"],
        has_checkpoint=values["has_checkpoint"],
        has_stopped=values["has_stopped"],
        warnings=_warnings(values, databases),
    )


def _encode(path: _Path | None) -> bytes | None:
    return None if path is None else os.fsencode(path)


def _until(place: str | datetime | None) -> str | None:
    from datetime import UTC, datetime

    if place is None or isinstance(place, str):
        return place
    if not isinstance(place, datetime):
        raise TypeError(f"until is a datetime or a text: {type(place)} cannot be")
    if place.tzinfo is not None:
        place = place.astimezone(UTC).replace(tzinfo=None)
    return place.isoformat(sep=" ", timespec="milliseconds")


def _map_list(maps: _Maps) -> _MapList:
    from collections.abc import Mapping

    if isinstance(maps, str | bytes | os.PathLike):
        return [(None, os.fsencode(maps))]
    if isinstance(maps, Mapping):
        return [(logged, os.fsencode(path)) for logged, path in maps.items()]
    return [(None, os.fsencode(path)) for path in maps]


def recover(
    source: _Path,
    to: _Path | None = None,
    *,
    logs: _Path | None = None,
    system: _Path | None = None,
    base: str | None = None,
    maps: _Maps = (),
    until: str | datetime | None = None,
    in_place: bool = False,
    ignore_missing: bool = False,
    ignore_lost_logs: bool = False,
    drop_damaged_logs: bool = False,
    newer: bool = False,
    undo: bool = True,
    progress: _Progress | None = None,
) -> RecoveryReport:
    """Brings databases that were not shut down up to date from their logs, in a copy of each.

        report = ese.recover("evidence/ntds", to="recovered")
        with report.databases[0].open() as db: ...

    source             a folder with databases, or one database
    to                 folder of the results, made when there is none; "recovered" beside the source unless given
    logs               folder of the logs, and system that of the checkpoint: that of the source unless given
    base               three characters that the names of the logs begin with: found out unless given
    maps               where databases lie now: {path in the log: path}, or paths that are recognised by their
                       signatures; without it, files of the same name in the folder of the source
    until              where to end, if not at the end of the logs: a position as `ese log` shows it
                       ("1a:2:3c", or "1a" for all of that log), a datetime or "2026-01-31 12:00". The databases
                       become as they were there; they must have nothing in them from later, so begin with an older
                       copy. Times are those of the logs, UTC: all that was written by then
    in_place           the results take the place of the databases
    ignore_missing     goes on without databases that are missing
    ignore_lost_logs   goes on without the last logs if no database needs them: what was committed in them is lost
    drop_damaged_logs  with it: damaged ones, too
    newer              reads logs that are newer than what is known
    undo               False leaves what did not commit, and the state dirty, as more logs may come
    progress           called now and then with the phase ("copy", "redo", "undo"), how much is done, and of how much;
                       when it raises, so does recover, and when it returns False, TermInProgress is raised

    Sources are only read, and the results are there all or not at all; a result takes the place of an older one of
    that name, but never of a source (InvalidParameter). RequiredLogFilesMissing,
    CommittedLogFilesMissing, AttachedDatabaseMismatch, LogFileCorrupt, ...
    """
    flags = (in_place, ignore_missing, ignore_lost_logs, drop_damaged_logs, newer, not undo)
    grbit = sum(1 << i for i, flag in enumerate(flags) if flag)
    folders = (os.fsencode(source), _encode(logs), _encode(system), base, _encode(to))
    options = (*folders, _until(until), _map_list(maps), grbit, progress)
    return report_from(_core.recover(options))


def restore(
    backup: _Path,
    to: _Path,
    *,
    logs: _Path | None = None,
    base: str | None = None,
    maps: _Maps = (),
    until: str | datetime | None = None,
    progress: _Progress | None = None,
) -> RecoveryReport:
    """Makes databases of a backup, in the folder `to`.

    logs      folder of the logs that were written after the backup: with it, the databases become as they were at
              the end of those; without, as they were at the end of the backup
    until     with logs: where to end, as for `recover`
    progress  as for `recover`

    The backup is only read. MissingLogFile, RequiredLogFilesMissing, ...
    """
    folders = (os.fsencode(backup), _encode(logs), None, base, os.fsencode(to))
    options = (*folders, _until(until), _map_list(maps), _BACKUP, progress)
    return report_from(_core.recover(options))


def open_recovered(
    path: _Path,
    logs: _Path,
    *,
    base: str | None,
    scratch: _Path | None,
    ignore_lost_logs: bool,
    progress: _Progress | None,
) -> tuple[_core.Database, RecoveryReport | None]:
    """What ese.open does with logs: the database, and the report unless it was clean."""
    grbit = _IGNORE_LOST if ignore_lost_logs else 0
    maps: _MapList = []
    values, handle = _core.open_recovered(
        (os.fsencode(path), os.fsencode(logs), None, base, _encode(scratch), None, maps, grbit, progress)
    )
    if values is None:
        return handle, None
    report = report_from(values)
    return handle, report._replace(databases=tuple(d._replace(result=None) for d in report.databases))  # gone already
