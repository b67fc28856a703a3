"""Splits and merges: the records of a macro belong together, and name all pages that the macro changes."""

from dataclasses import dataclass, field

from logcheck.chain import Pages, apply_ordinary
from logcheck.files import Findings
from logcheck.images import ImageError, Page, unpack
from logcheck.layout import NIL, Record, show_position

VERTICAL, RIGHT, APPEND = 0, 1, 2
SPLIT_NONE, SPLIT_INSERT = 0, 1
MERGE_EMPTY, MERGE_FULL_RIGHT, MERGE_PART_RIGHT, MERGE_EMPTY_TREE, MERGE_FULL_LEFT, MERGE_PART_LEFT, MERGE_MOVE = (
    1, 2, 3, 4, 5, 6, 7,
)  # fmt: skip
LEAF_OPERATIONS = {"Insert", "FlagInsertAndReplaceData", "Replace", "ReplaceD"}


@dataclass
class Macro:
    procid: int
    dbtime: int
    position: int
    records: list[Record] = field(default_factory=list)


class MacroRules:
    """Checks a macro when it is committed, and moves the stamps of its pages."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.file = ""
        self.page_size = 4096
        self.n_splits = self.n_merges = self.n_images = 0

    def _tell(self, record: Record, text: str) -> None:
        self.findings.add(self.file, show_position(record.position), f"{record.name}: {text}")

    def apply(self, macro: Macro, pages: Pages) -> None:
        own = {record.pgno: record.before for record in macro.records if record.name in ("Split2", "Merge2")}
        done: set[int] = set()
        for record in macro.records:
            if record.name == "Split2":
                self._split(record, own, done, pages)
            elif record.name == "Merge2":
                self._merge(record, own, done, pages)
            elif record.name in LEAF_OPERATIONS and record.before == NIL:
                if record.pgno not in done:
                    self._tell(record, f"page {record.pgno} is not one of the macro")
            else:
                apply_ordinary(pages, record)
        if not macro.records:
            self.findings.note("empty macros")

    def _touch(self, record: Record, pgno: int, before: int, done: set[int], pages: Pages) -> None:
        if pgno not in done:
            pages.touch(record, pgno, before, record.dbtime)
            done.add(pgno)

    def _others(
        self, record: Record, names: tuple[str, ...], own: dict[int, int], done: set[int], pages: Pages
    ) -> None:
        """Neighbours and parent; where they have a record of their own, both must agree."""
        for name in names:
            pgno, before = record.fields[name], record.fields[name + "_before"]
            if pgno == 0:
                continue
            if pgno in own and own[pgno] != before:
                self._tell(record, f"{name} {pgno} was at {before:#x} here, and at {own[pgno]:#x} in its own record")
            if pgno not in own:
                if name == "parent":
                    self._tell(record, f"parent {pgno} has no record in the macro")
                self._touch(record, pgno, before, done, pages)

    def _split(self, record: Record, own: dict[int, int], done: set[int], pages: Pages) -> None:
        self.n_splits += 1
        self._touch(record, record.pgno, record.before, done, pages)
        if record.new != 0:
            pages.make(record, record.new, record.dbtime)
            done.add(record.new)
            self._others(record, ("right", "parent"), own, done, pages)
        else:
            self._others(record, ("parent",), own, done, pages)
        self._split_shape(record)
        self._image(record, self._split_needs_image(record))

    def _split_shape(self, record: Record) -> None:
        kind, at, oper, lines = record.split_kind, record.line_split, record.line_oper, record.lines
        if kind not in (VERTICAL, RIGHT, APPEND) or record.oper > 3:
            self._tell(record, f"split type {kind}, operation {record.oper}")
        if record.new == 0:
            return
        if kind == APPEND and not at == oper == lines - 1:
            self._tell(record, f"an append of line {oper} at {at} of {lines}")
        if kind == VERTICAL and at != 0:
            self._tell(record, f"a vertical split at line {at}")
        if at >= lines or (record.oper != SPLIT_NONE and oper >= lines):
            self._tell(record, f"split at {at}, operation at {oper}, of {lines} lines")

    @staticmethod
    def _split_needs_image(record: Record) -> bool:
        if record.new == 0 or record.split_kind == APPEND:
            return False
        is_new_line_alone = record.oper == SPLIT_INSERT and record.line_split == record.line_oper == record.lines - 1
        return record.split_kind == VERTICAL or not is_new_line_alone

    def _merge(self, record: Record, own: dict[int, int], done: set[int], pages: Pages) -> None:
        self.n_merges += 1
        if record.merge_kind > MERGE_MOVE or record.merge_flags & ~7:
            self._tell(record, f"merge type {record.merge_kind}, flags {record.merge_flags:#x}")
        self._touch(record, record.pgno, record.before, done, pages)
        self._others(record, ("left", "right", "parent"), own, done, pages)
        kinds = (MERGE_FULL_RIGHT, MERGE_PART_RIGHT, MERGE_FULL_LEFT, MERGE_PART_LEFT)
        self._image(record, record.merge_kind in kinds)

    def _image(self, record: Record, wanted: bool) -> None:
        size = record.image
        if wanted != (size != 0):
            self._tell(record, f"an image of {size} bytes, and {'one' if wanted else 'none'} is wanted")
        if size == 0:
            return
        self.n_images += 1
        try:
            page = Page(unpack(record.body[-size:], record.image_flags, self.page_size))
        except ImageError as error:
            self._tell(record, f"the image: {error}")
            return
        if page.dbtime != record.dbtime or page.objid != record.objid:
            self._tell(record, f"the image has time {page.dbtime:#x} and owner {page.objid}")
        problem = page.problem()
        if problem is not None:
            self._tell(record, f"the image: {problem}")

    def move_image(self, record: Record) -> None:
        """The image of a moved page: what stands before and behind its gap."""
        self.n_images += 1
        head, tail = record.head, record.tail_size
        image = record.tail()
        if head + tail > self.page_size or len(image) != head + tail:
            self._tell(record, f"an image of {head} and {tail} bytes")
            return
        page = Page(image[:head] + bytes(self.page_size - head - tail) + image[head:])
        if page.dbtime != record.dbtime or page.objid != record.objid:
            self._tell(record, f"the image has time {page.dbtime:#x} and owner {page.objid}")
        problem = page.problem()
        if problem is not None:
            self._tell(record, f"the image: {problem}")
