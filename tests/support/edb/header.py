"""The database header and what the format version stands for."""

import struct
from dataclasses import dataclass

from .checksum import header_checksum

MAGIC = 0x89ABCDEF
VERSION = 0x620
STATE_DIRTY = 2
STATE_CLEAN = 3
DATABASE_FILE = 1

# Every file says it was made at the same moment, 2024-01-02 03:04:05 UTC, so that equal input gives equal bytes.
MADE_AT = bytes([5, 4, 3, 2, 1, 124, 1, 0])
SIGNATURE = struct.pack("<I", 0x45534544) + MADE_AT + bytes(16)
GENERATION_OF_DIRTY_FILE = 1
SORT_VERSIONS_IN_CATALOG = 0xFFFFFFFFFFFFFFFF
SORT_VERSION_WINDOWS_7 = 0x0006010100060101


@dataclass(frozen=True)
class Format:
    """Version of the file format, and what comes with it."""

    major: int
    minor: int

    @property
    def windows_7(self) -> bool:
        return self.major < 18

    @property
    def extended_header(self) -> bool:
        """Root pages keep the autoincrement limit of their table."""
        return self.major >= 30

    @property
    def wide_ids(self) -> bool:
        """Ids of long values are of 64 bits."""
        return self.major >= 70

    @property
    def movable_roots(self) -> bool:
        """The catalog has a column for the time a root page was last moved."""
        return self.major >= 100

    @property
    def reserved_tags(self) -> int:
        """The count as stored in pages; before it was stored, there was one."""
        return 1 if self.major >= 270 else 0


def encode_header(page_size: int, format: Format, dbtime: int, last_objid: int, dirty: bool) -> bytes:
    """The header page.  Its copy follows it in the file."""
    state = STATE_DIRTY if dirty else STATE_CLEAN
    closed_at = bytes(8) if dirty else MADE_AT
    generation = GENERATION_OF_DIRTY_FILE if dirty else 0
    os_version = (6, 1, 7601, 1) if format.windows_7 else (6, 2, 9200, 0)
    page = bytearray(page_size)

    def put(offset: int, layout: str, *values: int | bytes) -> None:
        struct.pack_into("<" + layout, page, offset, *values)

    put(4, "II", MAGIC, VERSION)
    put(16, "Q", dbtime)
    put(24, "28s", SIGNATURE)
    put(52, "I", state)
    put(64, "8s8s", closed_at, MADE_AT)  # consistent, attached
    put(88, "8s", closed_at)  # detached
    put(104, "I", 1)  # database id in its instance
    put(212, "I", last_objid)
    put(216, "IIII", *os_version)
    put(232, "II", format.major, page_size)
    put(296, "II", generation, generation)  # log generations required
    put(340, "II", VERSION, format.major)  # created as
    put(416, "I", generation)  # log generation committed
    put(508, "Q", SORT_VERSION_WINDOWS_7 if format.windows_7 else SORT_VERSIONS_IN_CATALOG)
    put(644, "I", format.minor)
    put(667, "I", DATABASE_FILE)
    put(0, "I", header_checksum(bytes(page)))
    return bytes(page)
