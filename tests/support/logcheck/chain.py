"""The chain of time stamps: every change of a page begins with the stamp that the change before it gave."""

from logcheck.files import Findings
from logcheck.layout import NIL, Record, show_position

FIRST_DBTIME = 0x40


class Pages:
    """The last time stamp of every page that the log has told about, of one database."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.last: dict[int, int] = {}
        self.file = ""
        self.n_linked = 0  # changes whose beginning was compared
        self.newest = 0

    def touch(self, record: Record, pgno: int, before: int, dbtime: int) -> None:
        """A page that was there before."""
        known = self.last.get(pgno)
        if known is not None and known != before:
            self._tell(record, pgno, f"its time before is {before:#x}, the change before it left {known:#x}")
        elif known is not None:
            self.n_linked += 1
        if before >= dbtime and before != NIL:
            self._tell(record, pgno, f"its time goes from {before:#x} back to {dbtime:#x}")
        self._set(pgno, dbtime)

    def make(self, record: Record, pgno: int, dbtime: int) -> None:
        """A page whose content before does not count."""
        known = self.last.get(pgno, 0)
        if known >= dbtime:
            self._tell(record, pgno, f"is made at {dbtime:#x}, and was changed at {known:#x}")
        self._set(pgno, dbtime)

    def forget(self, first: int, n: int | None) -> None:
        if n is not None and n < len(self.last):
            for pgno in range(first, first + n):
                self.last.pop(pgno, None)
        else:
            end = first + n if n is not None else None
            for pgno in [pgno for pgno in self.last if pgno >= first and (end is None or pgno < end)]:
                del self.last[pgno]

    def _set(self, pgno: int, dbtime: int) -> None:
        self.last[pgno] = dbtime
        self.newest = max(self.newest, dbtime)

    def _tell(self, record: Record, pgno: int, text: str) -> None:
        self.findings.add(self.file, show_position(record.position), f"{record.name}: page {pgno}: {text}")


def apply_ordinary(pages: Pages, record: Record) -> None:
    """What a record outside of a macro, or an ordinary one inside, does to the stamps of its pages."""
    handler = _HANDLERS.get(record.name)
    if handler is not None:
        handler(pages, record)
    elif record.name != "UndoInfo":
        if record.pgno == 0:
            pages._tell(record, 0, "there is no such page")
        if record.before == NIL:
            pages._tell(record, record.pgno, "an ordinary change without a time before it")
        else:
            pages.touch(record, record.pgno, record.before, record.dbtime)


def _create_multiple(pages: Pages, record: Record) -> None:
    for pgno in (record.pgno, record.oe, record.ae):
        pages.make(record, pgno, record.dbtime)


def _create_single(pages: Pages, record: Record) -> None:
    pages.make(record, record.pgno, record.dbtime)


def _convert(pages: Pages, record: Record) -> None:
    pages.touch(record, record.pgno, record.before, record.dbtime)
    for pgno in (record.oe, record.ae):
        pages.make(record, pgno, record.dbtime)


def _empty_tree(pages: Pages, record: Record) -> None:
    pages.touch(record, record.pgno, record.before, record.dbtime)
    tail = record.tail()
    if len(tail) % 16 != 0:
        pages._tell(record, record.pgno, f"{len(tail)} bytes of entries")
    for at in range(0, len(tail) - 15, 16):
        before = int.from_bytes(tail[at : at + 8], "little")
        pages.touch(record, int.from_bytes(tail[at + 8 : at + 12], "little"), before, record.dbtime)


def _page_move(pages: Pages, record: Record) -> None:
    pages.touch(record, record.pgno, record.before, record.dbtime)
    pages.make(record, record.dest, record.dbtime)
    for side in ("left", "right", "parent"):
        if record.fields[side] != 0:
            pages.touch(record, record.fields[side], record.fields[side + "_before"], record.dbtime)


def _new_page(pages: Pages, record: Record) -> None:
    pages.make(record, record.pgno, record.dbtime)


_HANDLERS = {
    "CreateMultipleExtentFDP": _create_multiple,
    "CreateSingleExtentFDP": _create_single,
    "ConvertFDP2": _convert,
    "EmptyTree": _empty_tree,
    "PageMove": _page_move,
    "NewPage": _new_page,
}
