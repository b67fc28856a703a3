"""A sorted list of entries as the pages of a B+ tree.

Invariants:
1. a separator is the shortest key that is greater than all entries of its page and not greater than the next entry;
2. the last line of the rightmost page of an internal level has the empty key, which stands for infinity;
3. only leaves know their siblings;
4. root pages are never prefix-compressed.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .page import TAG_SIZE, Entry, Geometry, Page, PageFlag, shared_length
from .space import Space


@dataclass
class Shape:
    """How a tree is to be filled.  Engines differ here, and readers must accept anything."""

    prefix: bool = True  # compress keys with the first key of their page
    density: int = 100  # percent of a leaf to fill
    fanout: int = 0  # most lines of an internal page; 0 = as many as fit.  Makes deep trees out of few rows


@dataclass
class Tree:
    objid: int
    space: Space
    kind: PageFlag = PageFlag.TABLE  # INDEX, LONG_VALUE, NON_UNIQUE, or TABLE
    extra_header: bytes = b""  # what follows the space header in the extended form of the root's external header

    @property
    def unique(self) -> bool:
        return not self.kind & PageFlag.NON_UNIQUE


def build_tree(tree: Tree, entries: Sequence[Entry], geometry: Geometry, shape: Shape) -> list[Page]:
    """All pages of a tree but its space trees.  The entries come in key order."""
    if list(entries) != sorted(entries, key=lambda e: (e.key, e.data)):
        raise ValueError(f"entries of tree {tree.objid} are not in order")
    pages: list[Page] = []
    level = list(entries)
    flags = tree.kind | PageFlag.LEAF
    while not _fits_root(tree, level, flags, geometry, shape):
        children = [_page(tree, flags, lines, shape) for lines in _split(level, flags, geometry, shape)]
        if flags & PageFlag.LEAF:
            _link_siblings(children)
        pages += children
        level = _parent_level(tree, children)
        flags = tree.kind | (PageFlag.PARENT_OF_LEAF if flags & PageFlag.LEAF else PageFlag.TABLE)
    root = Page(tree.space.fdp, tree.objid, flags | PageFlag.ROOT, level)
    return [root, *pages]


def close_tree(tree: Tree, root: Page, geometry: Geometry) -> list[Page]:
    """Write the space of a tree down: the root's external header, and the space trees, which are returned."""
    header = tree.space.header(tree.unique)
    root.external = b"\x03" + header + tree.extra_header if tree.extra_header else header
    return tree.space.pages(tree.objid, tree.kind, geometry)


def _external_size(tree: Tree) -> int:
    return 16 + (1 + len(tree.extra_header) if tree.extra_header else 0)


def _fits_root(tree: Tree, lines: list[Entry], flags: PageFlag, geometry: Geometry, shape: Shape) -> bool:
    if shape.fanout and len(lines) > shape.fanout and not flags & PageFlag.LEAF:
        return False
    needed = TAG_SIZE + _external_size(tree) + sum(entry.stored_size(b"") for entry in lines)
    return needed <= geometry.data_size


def _split(lines: list[Entry], flags: PageFlag, geometry: Geometry, shape: Shape) -> Iterator[list[Entry]]:
    """Distribute lines over pages, filling each before the next."""
    leaf = bool(flags & PageFlag.LEAF)
    room = geometry.data_size * shape.density // 100 if leaf else geometry.data_size
    most = len(lines) if leaf or not shape.fanout else shape.fanout
    page: list[Entry] = []
    used = 0
    for entry in lines:
        prefix = _prefix(page or [entry], shape)
        size = entry.stored_size(prefix)
        if page and (used + size > room or len(page) == most):
            yield page
            page = []
            prefix = _prefix([entry], shape)
            size = entry.stored_size(prefix)
        if not page:
            used = TAG_SIZE + len(prefix)
        page.append(entry)
        used += size
    yield page


def _prefix(page: Sequence[Entry], shape: Shape) -> bytes:
    return page[0].key if shape.prefix else b""


def _page(tree: Tree, flags: PageFlag, lines: list[Entry], shape: Shape) -> Page:
    prefix = _prefix(lines, shape)
    if not any(entry.prefix_length(prefix) for entry in lines[1:]):
        prefix = b""  # a prefix for the sake of one line costs more than it saves
    return Page(tree.space.take(), tree.objid, flags, lines, prefix)


def _link_siblings(pages: list[Page]) -> None:
    for left, right in zip(pages, pages[1:]):
        left.next = right.pgno
        right.previous = left.pgno


def _parent_level(tree: Tree, children: list[Page]) -> list[Entry]:
    return [
        Entry(_separator(tree, page, following), struct.pack("<I", page.pgno))
        for page, following in zip(children, [*children[1:], None])
    ]


def _separator(tree: Tree, page: Page, following: Page | None) -> bytes:
    if not page.flags & PageFlag.LEAF:
        return page.lines[-1].key
    if following is None:
        return b""
    last, first = page.lines[-1], following.lines[0]
    if tree.unique or last.key != first.key:
        return _shortest_greater(last.key, first.key)
    return first.key + _shortest_greater(last.data, first.data)


def _shortest_greater(left: bytes, right: bytes) -> bytes:
    """Shortest beginning of right that is greater than left."""
    return right[: shared_length(left, right) + 1]
