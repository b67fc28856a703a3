"""Long values: values that lie outside of their record, cut into chunks, in a tree of their own."""

import struct

from .compress import compress
from .page import Entry
from .record import Value

FIRST_WIDE_ID = 0x8000000080000001
REFERENCES = 1  # every long value belongs to exactly one record


class LongValues:
    """The long values of one table.  Ids are of 32 bits, in newer formats of 64."""

    def __init__(self, chunk_size: int, wide_ids: bool) -> None:
        self.chunk_size = chunk_size
        self.key_format, self.reference_format = (">Q", "<Q") if wide_ids else (">I", "<I")
        self.next_id = FIRST_WIDE_ID if wide_ids else 1
        self.entries: list[Entry] = []  # in key order, as ids only grow

    def add(self, data: bytes, compressed: bool) -> Value:
        """Store a value; returns the reference to put in the record."""
        number = self.next_id
        self.next_id += 1
        key = struct.pack(self.key_format, number)
        self.entries.append(Entry(key, struct.pack("<II", REFERENCES, len(data))))
        for offset in range(0, len(data), self.chunk_size):
            chunk = data[offset : offset + self.chunk_size]
            stored = compress(chunk) if compressed else None
            self.entries.append(Entry(key + struct.pack(">I", offset), stored or chunk))
        return Value(struct.pack(self.reference_format, number), separated=True)
