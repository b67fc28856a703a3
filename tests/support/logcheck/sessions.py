"""Sessions: levels, transactions, and the versions that a rollback has to take back."""

from dataclasses import dataclass, field

from logcheck.files import Findings
from logcheck.layout import FLAG_VERSIONED, Record, show_position

LEVELS_MOST = 8  # the engine itself may go one deeper than its callers
INSERT, REPLACE, FLAG_DELETE, DELTA, DELTA64 = 1, 2, 3, 4, 9
OPERATION = {
    "Insert": INSERT,
    "FlagInsert": INSERT,
    "FlagInsertAndReplaceData": INSERT,
    "FlagDelete": FLAG_DELETE,
    "Replace": REPLACE,
    "ReplaceD": REPLACE,
    "Delta": DELTA,
    "Delta64": DELTA64,
}
NEEDS_INFO = (REPLACE, FLAG_DELETE)


@dataclass
class Version:
    rceid: int
    oper: int
    level: int
    dbid: int
    pgno: int
    dbtime: int
    has_info: bool = False


@dataclass
class Session:
    """What the log has told since the session's Begin0."""

    procid: int
    level: int = 0
    trx: int = 0
    begin: int = 0
    versions: dict[tuple[int, int], Version] = field(default_factory=dict)  # oldest first


class Sessions:
    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.file = ""
        self.is_partial = False  # the log begins in the middle of a run
        self.by_procid: dict[int, Session] = {}
        self.live: dict[tuple[int, int], Version] = {}  # (dbid, rceid) of open transactions
        self.last_commit = 0
        self.n_transactions = self.n_records = self.n_undone = self.n_infos = 0

    def _tell(self, record: Record, text: str) -> None:
        procid = record.fields.get("procid", 0)
        self.findings.add(self.file, show_position(record.position), f"{record.name}: session {procid:#x}: {text}")

    def restart(self) -> None:
        """The log begins here, perhaps in the middle of a run."""
        self.by_procid.clear()
        self.live.clear()
        self.is_partial = True

    def reset(self, record: Record, is_restart: bool) -> None:
        """The end of a run, or the beginning of one: nobody may be in a transaction."""
        for session in self.open_sessions():
            text = f"session {session.procid:#x} is at level {session.level}"
            self.findings.add(self.file, show_position(record.position), f"{record.name}: {text}")
        self.by_procid.clear()
        self.live.clear()
        self.is_partial = False
        if is_restart:
            self.last_commit = 0

    def open_sessions(self) -> list[Session]:
        return [session for session in self.by_procid.values() if session.level > 0]

    def _known(self, record: Record) -> Session | None:
        session = self.by_procid.get(record.procid)
        if session is None or session.level == 0:
            if session is None and self.is_partial:
                return None
            self._tell(record, "is in no transaction")
            return None
        return session

    # ---- levels

    def begin0(self, record: Record) -> None:
        session = self.by_procid.setdefault(record.procid, Session(record.procid))
        before, count = record.levels & 15, record.levels >> 4
        if session.level != 0 or before != 0 or not 1 <= count <= LEVELS_MOST:
            self._tell(record, f"{count} levels from {before}, and the session is at {session.level}")
        if record.trx == 0 or record.trx % 4 != 0:
            self._tell(record, f"transaction number {record.trx:#x}")
        session.level, session.trx, session.begin = count, record.trx, record.position
        session.versions = {}
        self.n_transactions += 1

    def begin(self, record: Record) -> None:
        session = self._known(record)
        if session is None:
            return
        before, count = record.levels & 15, record.levels >> 4
        if session.level != before or count == 0 or before + count > LEVELS_MOST:
            self._tell(record, f"{count} levels from {before}, and the session is at {session.level}")
        session.level = before + count

    def commit(self, record: Record) -> None:
        session = self._known(record)
        if session is None:
            return
        if record.levels < 1 or record.levels != session.level - 1:
            self._tell(record, f"to level {record.levels}, and the session is at {session.level}")
        session.level = record.levels
        for version in session.versions.values():
            version.level = min(version.level, session.level)

    def commit0(self, record: Record) -> None:
        session = self._known(record)
        if session is None:
            return
        if record.levels != 0 or session.level != 1:
            self._tell(record, f"to level {record.levels}, and the session is at {session.level}")
        if record.trx % 4 != 0 or record.trx <= session.trx:
            self._tell(record, f"number {record.trx:#x} after a begin at {session.trx:#x}")
        if record.trx < self.last_commit:
            self.findings.note("commit numbers out of order")
        self.last_commit = max(self.last_commit, record.trx)
        self._end(session)

    def _end(self, session: Session) -> None:
        for key in session.versions:
            self.live.pop(key, None)
        session.level = 0
        session.versions = {}

    def rollback(self, record: Record) -> None:
        session = self._known(record)
        if session is None:
            return
        count = record.levels
        if not 1 <= count <= session.level:
            self._tell(record, f"{count} levels, and the session is at {session.level}")
            count = session.level
        session.level -= count
        left = [key for key, version in session.versions.items() if version.level > session.level]
        if left:
            self._tell(record, f"{len(left)} changes were not undone, the first with version {left[0][1]}")
        for key in left:
            del session.versions[key]
            self.live.pop(key, None)

    # ---- changes

    def change(self, record: Record) -> None:
        """A page record: its level and number are those of the session; its version is a new one."""
        session = self._known(record)
        if session is None:
            return
        self.n_records += 1
        if record.name != "PageMove" and (record.level, record.trx) != (session.level, session.trx):
            state = f"level {session.level}, number {session.trx:#x}"
            self._tell(record, f"level {record.level}, number {record.trx:#x}, and the session has {state}")
        if record.name in OPERATION and record.flags & FLAG_VERSIONED:
            self._add(session, record, record.rceid, OPERATION[record.name])
            if record.name == "FlagInsertAndReplaceData":
                self._add(session, record, record.rceid2, REPLACE)

    def _add(self, session: Session, record: Record, rceid: int, oper: int) -> None:
        if rceid == 0 or (record.dbid, rceid) in self.live:
            self._tell(record, f"version {rceid} is {'none' if rceid == 0 else 'in use'}")
        version = Version(rceid, oper, record.level, record.dbid, record.pgno, record.dbtime)
        session.versions[record.dbid, rceid] = version
        self.live[record.dbid, rceid] = version

    def undo(self, record: Record) -> None:
        session = self._known(record)
        if session is None:
            return
        self.change(record)
        version = session.versions.get((record.dbid, record.rceid))
        if version is None:
            self._tell(record, f"version {record.rceid} is not one of the transaction")
            return
        self.n_undone += 1
        if version.oper != record.oper:
            self._tell(record, f"operation {record.oper}, and that of version {record.rceid} is {version.oper}")
        newest = next(reversed(session.versions.values()))
        if newest is not version and newest.level > version.level:
            self._tell(record, f"version {record.rceid} before the newer {newest.rceid}")
        del session.versions[record.dbid, record.rceid]
        self.live.pop((record.dbid, record.rceid), None)

    def undo_info(self, record: Record) -> None:
        version = self.live.get((record.dbid, record.rceid))
        session = self.by_procid.get(record.procid)
        if version is None and (session is None or session.trx != record.trx or session.level == 0):
            self.findings.note("undo information that came after its transaction")
            return
        if version is None or version.oper != record.oper or record.oper not in NEEDS_INFO:
            self._tell(record, f"operation {record.oper} of version {record.rceid}, which is not waiting for it")
            return
        if version.has_info:
            self.findings.note("undo information logged twice")
        if (record.oper == FLAG_DELETE) and record.data != 0:
            self._tell(record, f"{record.data} bytes for a deletion")
        version.has_info = True
        self.n_infos += 1
