"""Compression of column values: 7-bit text and the Xpress variant of LZ77.

A compressed value starts with one byte: the scheme in the upper five bits, data of the scheme in the lower three.
"""

import struct

SCHEME_ASCII = 1
SCHEME_UNICODE = 2
SCHEME_XPRESS = 3

SMALLEST_FOR_XPRESS = 1024
XPRESS_WINDOW = 8192
SHORTEST_MATCH = 3


def compress(data: bytes) -> bytes | None:
    """The compressed form an engine would store, or None when the value is better left alone."""
    narrow = _seven_bit_form(data)
    result = narrow
    if len(data) >= SMALLEST_FOR_XPRESS:
        packed = xpress(data)
        if packed is not None and (narrow is None or len(packed) <= len(narrow)):
            result = packed
    return result if result is not None and len(result) < len(data) else None


def _seven_bit_form(data: bytes) -> bytes | None:
    if not data:
        return None
    if len(data) % 2 == 0:
        units = struct.unpack(f"<{len(data) // 2}H", data)
        if max(units) <= 0x7F:
            return seven_bit(units, SCHEME_UNICODE)
    return seven_bit(data, SCHEME_ASCII) if max(data) <= 0x7F else None


def seven_bit(units: bytes | tuple[int, ...], scheme: int) -> bytes:
    """Units of 7 bits behind each other, lowest bit first; the scheme byte tells how full the last byte is."""
    bits = 0
    for number, unit in enumerate(units):
        bits |= unit << 7 * number
    count = 7 * len(units)
    in_last_byte = (count - 1) % 8 + 1
    return bytes([scheme << 3 | (in_last_byte - 1)]) + bits.to_bytes((count + 7) // 8, "little")


def xpress(data: bytes) -> bytes | None:
    """Xpress form with its 3-byte head, or None when it would not be shorter."""
    if not 8 < len(data) <= 0xFFFF:
        return None
    stream = XpressStream()
    seen: dict[bytes, int] = {}  # last position of every three bytes
    at = 0
    while at < len(data):
        earlier = seen.get(data[at : at + SHORTEST_MATCH])
        if earlier is not None and at - earlier <= XPRESS_WINDOW:
            length = _match_length(data, earlier, at)
            stream.match(at - earlier, length)
        else:
            length = 1
            stream.literal(data[at])
        for position in range(at, min(at + length, len(data) - 2)):
            seen[data[position : position + SHORTEST_MATCH]] = position
        at += length
    body = stream.finish()
    if len(body) < 8 or len(body) + 3 >= len(data):
        return None
    return struct.pack("<BH", SCHEME_XPRESS << 3, len(data)) + body


def _match_length(data: bytes, earlier: int, at: int) -> int:
    length = 0
    while at + length < len(data) and data[earlier + length] == data[at + length]:
        length += 1
    return length


class XpressStream:
    """Tokens and, before every 32 of them, a word with one flag for each: 0 a literal, 1 a match or the end."""

    def __init__(self) -> None:
        self.out = bytearray()
        self.half_byte_at: int | None = None  # a byte whose upper half waits for the next long match
        self._open_flag_word()

    def _open_flag_word(self) -> None:
        self.flags_at = len(self.out)
        self.flags = 0
        self.flag_count = 0
        self.out += bytes(4)

    def _flag(self, bit: int) -> None:
        self.flags = self.flags << 1 | bit
        self.flag_count += 1

    def _close_full_flag_word(self) -> None:
        if self.flag_count == 32:
            struct.pack_into("<I", self.out, self.flags_at, self.flags)
            self._open_flag_word()

    def literal(self, byte: int) -> None:
        self._flag(0)
        self.out.append(byte)
        self._close_full_flag_word()

    def match(self, distance: int, length: int) -> None:
        self._flag(1)
        rest = length - SHORTEST_MATCH
        self.out += struct.pack("<H", (distance - 1) << 3 | min(rest, 7))
        if rest >= 7:
            self._half_byte(min(rest - 7, 15))
            if rest >= 7 + 15:
                self.out.append(min(rest - 22, 255))
            if rest >= 7 + 15 + 255:
                self.out += struct.pack("<H", rest)
        self._close_full_flag_word()

    def _half_byte(self, value: int) -> None:
        if self.half_byte_at is None:
            self.half_byte_at = len(self.out)
            self.out.append(value)
        else:
            self.out[self.half_byte_at] |= value << 4
            self.half_byte_at = None

    def finish(self) -> bytes:
        """The flag after the last token must be 1, so the rest of the last flag word is filled with ones."""
        unused = 32 - self.flag_count
        struct.pack_into("<I", self.out, self.flags_at, self.flags << unused | (1 << unused) - 1)
        return bytes(self.out)
