"""One page of a database: header, tags, nodes.

Invariants of an encoded page:
1. free bytes + tags + bytes of all lines + page header = page size;
2. lines lie in tag order without gaps, the external header (tag 0) first;
3. a key is prefix-compressed only when that saves bytes, and never on a root page.
"""

import struct
from dataclasses import dataclass, field
from enum import IntFlag

from .checksum import is_large, seal, seal_old

TAG_SIZE = 4
NODE_COMPRESSED = 4
SHORTEST_PREFIX = 3  # a shorter one costs as much as it saves


class PageFlag(IntFlag):
    TABLE = 0  # a page of a table has no mark of its own
    ROOT = 0x1
    LEAF = 0x2
    PARENT_OF_LEAF = 0x4
    SPACE_TREE = 0x20
    INDEX = 0x40
    LONG_VALUE = 0x80
    NON_UNIQUE = 0x400
    NEW_RECORD_FORMAT = 0x800
    NEW_CHECKSUM = 0x2000
    FLUSH_TYPE_1 = 0x8000


@dataclass(frozen=True)
class Geometry:
    """What depends on the page size and on the file format."""

    page_size: int
    old_checksum: bool = False
    reserved_tags: int = 0

    @property
    def large(self) -> bool:
        return is_large(self.page_size)

    @property
    def header_size(self) -> int:
        return 80 if self.large else 40

    @property
    def data_size(self) -> int:
        """Bytes for tags and lines together."""
        return self.page_size - self.header_size

    @property
    def long_value_chunk(self) -> int:
        return {16384: 4050, 32768: 8150}.get(self.page_size, self.page_size - 82)


def shared_length(one: bytes, other: bytes) -> int:
    """Length of the common beginning."""
    for at, (a, b) in enumerate(zip(one, other)):
        if a != b:
            return at
    return min(len(one), len(other))


@dataclass(frozen=True)
class Entry:
    """A key with its data: a line of a page, independent of the page it lies on."""

    key: bytes
    data: bytes

    def prefix_length(self, prefix: bytes) -> int:
        """How many bytes of the key the page prefix replaces; 0 when compression does not pay."""
        shared = shared_length(self.key, prefix)
        return shared if shared >= SHORTEST_PREFIX else 0

    def stored_size(self, prefix: bytes) -> int:
        """Size of the line, tag included."""
        shared = self.prefix_length(prefix)
        return TAG_SIZE + (2 if shared else 0) + 2 + len(self.key) - shared + len(self.data)


@dataclass
class Page:
    pgno: int
    objid: int
    flags: PageFlag
    lines: list[Entry] = field(default_factory=list)
    external: bytes = b""  # tag 0: space header of a root page, key prefix of any other
    previous: int = 0
    next: int = 0
    dbtime: int = 0

    def encode(self, geometry: Geometry) -> bytes:
        external_in_use = self.external if not self.flags & PageFlag.ROOT else b""
        nodes = [_encode_node(entry, external_in_use, geometry.large) for entry in self.lines]
        data = bytearray(self.external)
        tags = [(len(self.external), 0)]
        for flags, node in nodes:
            if geometry.large:
                tags.append((len(node), len(data)))
            else:
                tags.append((len(node), flags << 13 | len(data)))
            data += node
        free = geometry.data_size - TAG_SIZE * len(tags) - len(data)
        if free < 0:
            raise ValueError(f"page {self.pgno} is overfull by {-free} bytes")
        body = data + bytes(free) + b"".join(struct.pack("<HH", *tag) for tag in reversed(tags))
        page = bytearray(self._encode_header(geometry, free, len(data), len(tags)) + body)
        (seal_old if geometry.old_checksum else seal)(page, self.pgno)
        return bytes(page)

    def _encode_header(self, geometry: Geometry, free: int, used: int, tag_count: int) -> bytes:
        flags = self.flags | PageFlag.NEW_RECORD_FORMAT | PageFlag.FLUSH_TYPE_1
        if not geometry.old_checksum:
            flags |= PageFlag.NEW_CHECKSUM
        header = struct.pack(
            "<8xQIIIHHHHI",
            self.dbtime, self.previous, self.next, self.objid,
            free, 0, used, geometry.reserved_tags << 12 | tag_count, flags,
        )  # fmt: skip
        if geometry.large:
            header += struct.pack("<24xI12x", self.pgno)
        return header


def _encode_node(entry: Entry, prefix: bytes, large: bool) -> tuple[int, bytes]:
    """Node flags and bytes.  Large pages keep the flags in the node, small ones in the tag."""
    shared = entry.prefix_length(prefix)
    suffix = entry.key[shared:]
    sizes = [shared, len(suffix)] if shared else [len(suffix)]
    flags = NODE_COMPRESSED if shared else 0
    if large:
        sizes[0] |= flags << 13
    return flags, struct.pack(f"<{len(sizes)}H", *sizes) + suffix + entry.data
