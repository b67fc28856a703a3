"""Everything about one stream of logs in one folder: files, chain of generations, records, checkpoint."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from logcheck.database import check_database
from logcheck.files import (
    SEGMENT,
    Assembler,
    Checkpoint,
    Findings,
    HeaderError,
    LogFile,
    find_streams,
)
from logcheck.layout import show_position
from logcheck.replay import Database, Replay


@dataclass
class Report:
    """What a folder held."""

    name: str
    findings: Findings = field(default_factory=Findings)
    figures: dict[str, int] = field(default_factory=dict)

    def add(self, what: str, n: int) -> None:
        self.figures[what] = self.figures.get(what, 0) + n


class Stream:
    def __init__(
        self, folder: Path, base: str, files: dict[int | None, Path], report: Report, databases: Sequence[Path]
    ) -> None:
        self.folder = folder
        self.databases = databases  # that lie elsewhere
        self.base = base
        self.report = report
        self.findings = report.findings
        self.logs = self._open(files)
        self.replay = Replay(self.findings)
        self.checkpoint: Checkpoint | None = None
        self.checkpoint_file = ""
        self.boundaries: set[int] = set()  # where records of the checkpoint's generation begin
        self.before_checkpoint: dict[tuple[bytes, int], int] = {}
        self.is_past_checkpoint = False
        self.unlisted: list[Database] = []

    def _open(self, files: dict[int | None, Path]) -> list[LogFile]:
        logs = []
        for generation, path in files.items():
            try:
                log = LogFile(path, self.findings)
            except HeaderError as error:
                self.findings.add(path.name, "header", str(error))
                continue
            if generation is not None and log.header.generation != generation:
                self.findings.add(path.name, "header", f"generation {log.header.generation:#x}")
            logs.append(log)
        logs.sort(key=lambda log: log.header.generation)
        if not logs:
            self.findings.add(self.base, "", "no log can be read")
        return logs

    def run(self) -> None:
        self._read_checkpoint()
        previous = None
        assembler = Assembler(self.findings)
        for number, log in enumerate(self.logs):
            is_last = number == len(self.logs) - 1
            log.scan(is_last)
            self._link(previous, log)
            if previous is None or previous.is_broken or log.header.generation != previous.header.generation + 1:
                self.replay.start(log.header, log.name)
                assembler.open = None
            else:
                self.replay.generation(log.header, log.name)
            self._records(assembler, log, self.replay.sessions.is_partial, is_last)
            self._account(log)
            previous = log
        self._judge_checkpoint()
        self._count(assembler)
        if self.logs:
            self._databases()

    def _link(self, previous: LogFile | None, log: LogFile) -> None:
        if previous is None:
            return
        header, before = log.header, previous.header
        if header.generation != before.generation + 1:
            self.findings.add(log.name, "header", f"generation {before.generation + 1:#x} is missing")
        if header.previous_created != before.created:
            self.findings.add(log.name, "header", "the time of the previous generation is another")
        if header.sign != before.sign:
            self.findings.add(log.name, "header", "the signature is that of another stream")
        if header.previous_sum != previous.sum:
            self.findings.add(log.name, "header", "the sum of the previous generation is another")
        if header.page_size != before.page_size:
            self.findings.add(log.name, "header", "the page size is another")

    def _records(self, assembler: Assembler, log: LogFile, is_first: bool, is_last: bool) -> None:
        for record in assembler.records(log, is_first, is_last):
            if not self.is_past_checkpoint and self.checkpoint is not None:
                self._watch_checkpoint(record.position)
            self.replay.record(record)

    def _account(self, log: LogFile) -> None:
        """Every byte of a segment is header, record or fill."""
        rest = len(log.segments) * (SEGMENT - 40) - log.record_bytes - log.fill_bytes
        if rest != 0:
            self.findings.add(log.name, "", f"{rest} bytes are neither record nor fill")

    # ---- checkpoint

    def _read_checkpoint(self) -> None:
        path = next((p for p in (self.folder / f"{self.base}{ext}" for ext in (".chk", ".jcp")) if p.is_file()), None)
        if path is None:
            self.findings.note("streams without checkpoint")
            return
        data = path.read_bytes()
        self.checkpoint_file = path.name
        if len(data) != 2 * SEGMENT:
            self.findings.add(path.name, "", f"{len(data)} bytes")
        copies = []
        for number in range(2):
            try:
                copies.append(Checkpoint(data[number * SEGMENT : (number + 1) * SEGMENT]))
            except HeaderError as error:
                self.findings.add(path.name, f"copy {number + 1}", str(error))
        if data[:SEGMENT] != data[SEGMENT : 2 * SEGMENT]:
            self.findings.note("checkpoints whose copies differ")
        if copies:
            self.checkpoint = copies[0]
        if self.checkpoint and self.logs and self.checkpoint.sign != self.logs[-1].header.sign:
            self.findings.add(path.name, "", "the signature is that of another stream")
            self.checkpoint = None

    def _watch_checkpoint(self, position: int) -> None:
        assert self.checkpoint is not None
        if position >> 32 == self.checkpoint.position >> 32:
            self.boundaries.add(position)
        if position >= self.checkpoint.position:
            self._pass_checkpoint()

    def _pass_checkpoint(self) -> None:
        """The first record that redo would see: who is attached must be what the checkpoint says."""
        assert self.checkpoint is not None
        self.is_past_checkpoint = True
        if self.checkpoint.is_exact:
            self.unlisted = self.replay.compare_attached(
                self.checkpoint.attached, self.checkpoint_file, "list of databases", may_lack=True
            )
        for sign, pages in self.replay.pages.items():
            for pgno, dbtime in pages.last.items():
                self.before_checkpoint[sign, pgno] = dbtime

    def _judge_checkpoint(self) -> None:
        if self.checkpoint is None or not self.logs:
            return
        position = self.checkpoint.position
        first, end = self.logs[0].header.generation << 32, self.logs[-1].end()
        shown = show_position(position)
        if not self.is_past_checkpoint:
            self._pass_checkpoint()
        if not first <= position <= end:
            self.findings.add(self.checkpoint_file, "", f"{shown} is not within the logs")
        elif position & 0xFFFF and position not in self.boundaries:
            self.findings.add(self.checkpoint_file, "", f"no record begins at {shown}")
        for database in self.unlisted:  # right when it was detached before the checkpoint was written
            if self.replay.attached.get(database.dbid) is database:
                self.findings.add(self.checkpoint_file, "list of databases", f"database {database.dbid} is not listed")
        for session in self.replay.sessions.open_sessions():
            if session.begin < position:
                begin = show_position(session.begin)
                self.findings.add(
                    self.checkpoint_file, "", f"{shown} is behind the begin {begin} of open session {session.procid:#x}"
                )

    # ---- sums

    def _databases(self) -> None:
        times = {log.header.generation: log.header.created for log in self.logs}
        for path in [*sorted(self.folder.iterdir()), *self.databases]:
            if path.is_file() and path.suffix not in (".log", ".jtx", ".chk", ".jcp", ".jrs", ".jfm"):
                n = check_database(path, self.replay, times, self.before_checkpoint, self.findings)
                self.report.add("pages compared", n)

    def _count(self, assembler: Assembler) -> None:
        report, replay = self.report, self.replay
        report.add("logs", len(self.logs))
        report.add("segments", sum(len(log.segments) for log in self.logs))
        report.add("record bytes", sum(log.record_bytes for log in self.logs))
        report.add("fill bytes", sum(log.fill_bytes for log in self.logs))
        report.add("records", replay.n_records)
        report.add("fragmented", assembler.n_fragmented)
        report.add("transactions", replay.sessions.n_transactions)
        report.add("page records in transactions", replay.sessions.n_records)
        report.add("undone", replay.sessions.n_undone)
        report.add("undo infos", replay.sessions.n_infos)
        report.add("linked page changes", sum(pages.n_linked for pages in replay.pages.values()))
        report.add("differences", replay.n_diffs)
        report.add("splits", replay.macro_rules.n_splits)
        report.add("merges", replay.macro_rules.n_merges)
        report.add("images", replay.macro_rules.n_images)
        report.add("open transactions at the end", len(replay.sessions.open_sessions()))


def check_folder(folder: Path, name: str | None = None, databases: Sequence[Path] = ()) -> Report:
    """All streams of a folder, with the databases in it and others. A folder without logs is a finding."""
    report = Report(name or folder.name)
    streams = find_streams(folder)
    if not streams:
        report.findings.add(str(folder), "", "there is no log")
    for base, files in streams.items():
        Stream(folder, base, files, report, databases).run()
    return report
