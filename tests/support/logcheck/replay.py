"""All records of a stream in order: who is attached, who is in a transaction, what each page went through."""

from collections.abc import Callable
from dataclasses import dataclass

from logcheck.chain import Pages, apply_ordinary
from logcheck.files import SESSION_END, Attached, Findings, Header, HeaderError, path_text
from logcheck.layout import SINCE, Record, show_position
from logcheck.macros import Macro, MacroRules
from logcheck.sessions import Sessions

PATH_UTF16 = {"CreateDB": 8, "AttachDB": 8, "DetachDB": 0x10}


@dataclass
class Database:
    """An attached database."""

    dbid: int
    sign: bytes
    path: str
    attach: int
    consistent: int
    is_finished: bool = True  # its creation


class Replay:
    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.sessions = Sessions(findings)
        self.macro_rules = MacroRules(findings)
        self.attached: dict[int, Database] = {}
        self.pages: dict[bytes, Pages] = {}  # by signature of the database
        self.detached: dict[bytes, int] = {}  # where each was left clean
        self.macros: dict[int, Macro] = {}  # by session
        self.marks: dict[bytes, list[int]] = {}  # attach positions by signature
        self.clean_marks: set[int] = set()  # positions of ShutDownMark and DetachDB
        self.mark = 0  # of the last ShutDownMark, if it is the last record
        self.init = 0
        self.file = ""
        self.n_records = 0
        self.n_diffs = 0
        self.last_position = 0
        self.since: tuple[int, int] = (0, 0)
        self.counts: dict[str, int] = {}

    # ---- generations

    def start(self, header: Header, file: str) -> None:
        """The first generation that is there, or the first one behind a gap."""
        self.sessions.restart()
        self.attached.clear()
        self.pages.clear()
        self.detached.clear()
        self.macros.clear()
        self.init = self.mark = 0
        for entry in header.attached:
            self._attach(Database(entry.dbid, entry.sign, entry.path, entry.attach, entry.consistent))
        self.generation(header, file)

    def generation(self, header: Header, file: str) -> None:
        self.file = self.sessions.file = self.macro_rules.file = file
        for pages in self.pages.values():
            pages.file = file
        self.macro_rules.page_size = header.page_size or 4096
        self.since = (header.version[2], header.version[3])
        self.compare_attached(header.attached, file, "header", may_lack=bool(self.mark))  # behind it all are clean

    def compare_attached(
        self, listed: list[Attached], file: str, place: str, *, may_lack: bool = False
    ) -> list[Database]:
        """What a list says against what the records have told. Returns the databases that are not listed."""
        expected = {d.dbid: (d.sign, d.attach, d.consistent, d.path) for d in self.attached.values()}
        found = {entry.dbid: (entry.sign, entry.attach, entry.consistent, entry.path) for entry in listed}
        for dbid in sorted(expected.keys() | found.keys()):
            if expected.get(dbid) == found.get(dbid) or (may_lack and dbid not in found):
                continue
            if dbid not in found and not self.attached[dbid].is_finished:
                continue  # recovery takes back what was only half created
            what = "is not listed" if dbid not in found else "is listed"
            what = "is listed otherwise than it was attached" if dbid in found and dbid in expected else what
            self.findings.add(file, place, f"database {dbid} {what}")
        return [self.attached[dbid] for dbid in expected.keys() - found.keys()]

    def _tell(self, record: Record, text: str) -> None:
        self.findings.add(self.file, show_position(record.position), f"{record.name}: {text}")

    # ---- records

    def record(self, record: Record) -> None:
        self.n_records += 1
        self.counts[record.name] = self.counts.get(record.name, 0) + 1
        if record.position <= self.last_position:
            self._tell(record, "is not behind the record before it")
        self.last_position = record.position
        if record.kind in SINCE and SINCE[record.kind] > self.since:
            self._tell(record, f"does not belong to a log of version {self.since}")
        handler = _RECORDS.get(record.name)
        if handler is not None:
            handler(self, record)
        elif "pgno" in record.fields and "procid" in record.fields:
            self._page(record)
        if record.name != "ShutDownMark" and record.kind not in SESSION_END:
            self.mark = 0

    def _page(self, record: Record) -> None:
        database = self.attached.get(record.dbid)
        if database is None:
            self._tell(record, f"database {record.dbid} is not attached")
            return
        if record.name in ("Replace", "ReplaceD"):
            self._replace(record)
        if record.name == "Undo":
            self.sessions.undo(record)
        elif record.name == "UndoInfo":
            self.sessions.undo_info(record)
            return
        elif record.name != "NewPage":
            self.sessions.change(record)
        macro = self.macros.get(record.procid)
        if macro is not None and macro.dbtime == record.dbtime:
            macro.records.append(record)
            return
        if record.name in ("Split2", "Merge2"):
            self._tell(record, "stands outside of a macro")
            return
        if record.name == "PageMove":
            self.macro_rules.move_image(record)
        apply_ordinary(self.pages[database.sign], record)

    def _replace(self, record: Record) -> None:
        if record.name == "Replace":
            if record.size != record.new:
                self._tell(record, f"{record.size} bytes for a value of {record.new}")
            return
        self.n_diffs += 1
        wide = bool(record.size & 0x8000)
        if wide != (self.macro_rules.page_size > 8192):
            self._tell(record, "the form of the difference is not that of the page size")
        text = check_difference(record.tail(), wide, record.old, record.new)
        if text is not None:
            self._tell(record, text)

    # ---- macros

    def _macro_begin(self, record: Record) -> None:
        if record.procid in self.macros:
            self._tell(record, "the session has a macro already")
        self.macros[record.procid] = Macro(record.procid, record.dbtime, record.position)

    def _macro_commit(self, record: Record) -> None:
        macro = self.macros.pop(record.procid, None)
        if macro is None or macro.dbtime != record.dbtime:
            if not self.sessions.is_partial:
                self._tell(record, "ends no macro")
            return
        database = self.attached.get(macro.records[0].dbid) if macro.records else None
        if database is not None:
            self.macro_rules.apply(macro, self.pages[database.sign])

    def _macro_abort(self, record: Record) -> None:
        if self.macros.pop(record.procid, None) is None and not self.sessions.is_partial:
            self._tell(record, "ends no macro")

    # ---- runs

    def _init(self, record: Record) -> None:
        self.init = record.position
        self._end_run(record, is_restart=True)
        if self.attached and not self.sessions.is_partial:
            self._tell(record, "databases are attached")

    def _shut_down(self, record: Record) -> None:
        self.mark = record.position
        self.clean_marks.add(record.position)
        if self.macros:
            self._tell(record, "macros are open")

    def _term(self, record: Record) -> None:
        if self.attached and not self.mark:
            self._tell(record, "databases are attached, and it does not follow a ShutDownMark")
        if record.name == "Term2" and self.init and record.start != self.init:
            self._tell(record, f"names {show_position(record.start)}, the run began at {show_position(self.init)}")
        for database in list(self.attached.values()):
            self._detach(database, self.mark)
        self._end_run(record, is_restart=False)
        self.init = 0

    def _end_run(self, record: Record, is_restart: bool) -> None:
        self.macros.clear()
        self.sessions.reset(record, is_restart)

    def _recovery_undo(self, _record: Record) -> None:
        self.macros.clear()  # those that were open when redo ended are given up

    # ---- databases

    def _attach(self, database: Database) -> None:
        self.attached[database.dbid] = database
        self.marks.setdefault(database.sign, []).append(database.attach)
        pages = self.pages.get(database.sign)
        if pages is None or (self.detached.get(database.sign) != database.consistent and database.consistent):
            pages = Pages(self.findings)
        self.pages[database.sign] = pages
        pages.file = self.file

    def _detach(self, database: Database, position: int) -> None:
        self.detached[database.sign] = position
        del self.attached[database.dbid]

    def _path(self, record: Record) -> str:
        try:
            return path_text(record.body[-record.path_size :], bool(record.flags & PATH_UTF16[record.name]))
        except HeaderError as error:
            self._tell(record, str(error))
            return ""

    def _create_db(self, record: Record) -> None:
        if record.dbid in self.attached or not 1 <= record.dbid <= 6:
            self._tell(record, f"database {record.dbid} is attached")
        path = self._path(record)
        self._attach(Database(record.dbid, record.sign, path, record.position, 0, is_finished=False))

    def _create_finish(self, record: Record) -> None:
        database = self.attached.get(record.dbid)
        if database is None or database.is_finished:
            self._tell(record, f"database {record.dbid} is not being created")
        else:
            database.is_finished = True

    def _attach_db(self, record: Record) -> None:
        if record.dbid in self.attached or not 1 <= record.dbid <= 6:
            self._tell(record, f"database {record.dbid} is attached")
        known = self.detached.get(record.sign)
        if known is not None and record.consistent not in (0, known):
            left, said = show_position(known), show_position(record.consistent)
            self._tell(record, f"the database was left at {left}, not at {said}")
        self._attach(Database(record.dbid, record.sign, self._path(record), record.position, record.consistent))

    def _detach_db(self, record: Record) -> None:
        database = self.attached.get(record.dbid)
        if database is None:
            self._tell(record, f"database {record.dbid} is not attached")
            return
        if self._path(record).lower() != database.path.lower():
            self._tell(record, "another path than that of the attach")
        self.clean_marks.add(record.position)
        self._detach(database, record.position)

    def _forget_pages(self, record: Record) -> None:
        """Pages that are given back have no history."""
        database = self.attached.get(record.dbid)
        if database is None:
            self._tell(record, f"database {record.dbid} is not attached")
        elif record.name.startswith("Shrink"):
            self.pages[database.sign].forget(record.last + 1, None)
        else:
            self.pages[database.sign].forget(record.first, record.cpg)

    def _extend(self, record: Record) -> None:
        if record.dbid not in self.attached:
            self._tell(record, f"database {record.dbid} is not attached")


def _session(name: str) -> Callable[[Replay, Record], None]:
    def handle(replay: Replay, record: Record) -> None:
        getattr(replay.sessions, name)(record)

    return handle


def check_difference(data: bytes, wide: bool, old: int, new: int) -> str | None:
    """The runs of a difference ascend within the old value, and lead to the size of the new one."""
    at = 0
    end_of_last = 0
    size = old
    n = 0
    try:
        while at < len(data):
            offset = int.from_bytes(data[at : at + 2], "little")
            flags = data[at + 2] if wide else (offset >> 8) & 0xE0
            offset = offset if wide else offset & 0x1FFF
            at += 3 if wide else 2
            width = 2 if flags & 0x80 else 1
            added = int.from_bytes(data[at : at + width], "little")
            at += width
            removed = added if flags & 0x20 else 0
            if not flags & 0x60:
                removed = int.from_bytes(data[at : at + width], "little")
                at += width
            at += added
            if offset < end_of_last or offset + removed > old or at > len(data):
                return f"run {n} of {removed} bytes at {offset} does not fit"
            end_of_last = offset + removed
            size += added - removed
            n += 1
    except IndexError:
        return "the difference ends in the middle of a run"
    if n == 0:
        return "the difference is empty"
    return None if size == new else f"the difference makes {size} bytes of {old}, and {new} are told"


_RECORDS: dict[str, Callable[[Replay, Record], None]] = {
    "Begin0": _session("begin0"),
    "Begin": _session("begin"),
    "Commit": _session("commit"),
    "Commit0": _session("commit0"),
    "Rollback": _session("rollback"),
    "MacroBegin": Replay._macro_begin,
    "MacroCommit": Replay._macro_commit,
    "MacroAbort": Replay._macro_abort,
    "Init": Replay._init,
    "Init2": Replay._init,
    "Term": Replay._term,
    "Term2": Replay._term,
    "RecoveryQuit": Replay._term,
    "RecoveryQuit2": Replay._term,
    "RecoveryUndo": Replay._recovery_undo,
    "RecoveryUndo2": Replay._recovery_undo,
    "ShutDownMark": Replay._shut_down,
    "CreateDB": Replay._create_db,
    "CreateDBFinish": Replay._create_finish,
    "AttachDB": Replay._attach_db,
    "DetachDB": Replay._detach_db,
    "TrimDB": Replay._forget_pages,
    "ShrinkDB": Replay._forget_pages,
    "ShrinkDB2": Replay._forget_pages,
    "ShrinkDB3": Replay._forget_pages,
    "ExtendDB": Replay._extend,
}
