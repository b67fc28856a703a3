"""Which tree owns which pages.

Every tree owns a set of pages, beginning with its root page.  A child (an index or a long-value tree) takes its pages
out of those of its table, a table out of those of the database root.

Invariants:
1. every owned page is exactly one of: root page, page of the tree, page of its space trees, free, owned by a child;
2. a small space needs no trees of its own: 32 bits in the space header tell the free pages of its only extent;
3. pages are only ever taken, so free extents shrink from their front and never merge.
"""

import struct
from dataclasses import dataclass

from .page import Entry, Geometry, Page, PageFlag

MULTI_EXTENT = 1
NON_UNIQUE_TREE = 2
LARGEST_SINGLE_EXTENT = 33  # the root page and one page for each bit
SPLIT_BUFFER = bytes(16)  # external header of the roots of space trees: no pages held back


@dataclass
class Extent:
    first: int
    count: int

    @property
    def last(self) -> int:
        return self.first + self.count - 1

    def take(self, count: int) -> int:
        """Cut pages off the front."""
        first = self.first
        self.first += count
        self.count -= count
        return first

    def entry(self) -> Entry:
        return Entry(struct.pack(">I", self.last), struct.pack("<I", self.count))


class Space:
    """The pages of one tree.  The database root has no parent and grows with the file."""

    def __init__(self, fdp: int, count: int, parent: "Space | None", *, multi: bool = False, least_growth: int = 4):
        if not multi and count > LARGEST_SINGLE_EXTENT:
            raise ValueError(f"{count} pages do not fit in a single extent")
        self.fdp = fdp
        self.parent = parent
        self.least_growth: int = parent.least_growth if parent else least_growth
        self.owned = [Extent(fdp, count)]
        self.owned_root = fdp + 1 if multi else 0  # the tree of free extents has its root on the page behind
        first_free = fdp + (3 if multi else 1)
        self.free = [Extent(first_free, fdp + count - first_free)]

    @property
    def multi(self) -> bool:
        return self.owned_root != 0

    def child(self, count: int = 1, *, multi: bool = False) -> "Space":
        return Space(self.take(count), count, self, multi=multi)

    def take(self, count: int = 1) -> int:
        """Take consecutive free pages; returns the first."""
        for extent in self.free:
            if extent.count >= count:
                return extent.take(count)
        self._grow(count)
        return self.free[-1].take(count)

    def reserve(self, count: int) -> None:
        """Own more pages than are needed now."""
        self._grow(count)

    def _grow(self, count: int) -> None:
        if self.parent is None:
            extent = self.owned[0]
            self.free.append(Extent(extent.last + 1, count))
            extent.count += count
            return
        roots = 0 if self.multi else 2
        wanted = max(count + roots, self.least_growth, sum(extent.count for extent in self.owned) // 4)
        extent = Extent(self.parent.take(wanted), wanted)
        self.owned.append(extent)
        if not self.multi:
            self.owned_root = extent.first
        self.free.append(Extent(extent.first + roots, extent.count - roots))

    def header(self, unique: bool) -> bytes:
        """External header of the tree's root page."""
        flags = (MULTI_EXTENT if self.multi else 0) | (0 if unique else NON_UNIQUE_TREE)
        where = self.owned_root if self.multi else self._free_bits()
        return struct.pack("<IIII", self.owned[0].count, self.parent.fdp if self.parent else 0, flags, where)

    def _free_bits(self) -> int:
        return sum(1 << page - self.fdp - 1 for extent in self.free for page in range(extent.first, extent.last + 1))

    def pages(self, objid: int, kind: PageFlag, geometry: Geometry) -> list[Page]:
        """The two space trees; call it when no more pages will be taken."""
        if not self.multi:
            return []
        flags = kind | PageFlag.ROOT | PageFlag.LEAF | PageFlag.SPACE_TREE
        pages = []
        for pgno, extents in ((self.owned_root, self.owned), (self.owned_root + 1, self.free)):
            entries = sorted((extent.entry() for extent in extents if extent.count), key=lambda entry: entry.key)
            if sum(entry.stored_size(b"") for entry in entries) > geometry.data_size - 4 - len(SPLIT_BUFFER):
                raise ValueError(f"the space of tree {objid} has too many extents for one page")
            pages.append(Page(pgno, objid, flags, entries, SPLIT_BUFFER))
        return pages
