"""Page images inside records: unpacked, grown to a page again, and looked at."""

import struct

DEHYDRATED, COMPRESSED = 1, 2
SCHEME_XPRESS = 3
SMALL_HEADER, LARGE_HEADER = 40, 80


class ImageError(ValueError):
    """An image that is no page."""


def xpress(data: bytes, size: int) -> bytes:
    """Undoes plain LZ77; the result has `size` bytes."""
    out = bytearray()
    at = 0
    flags = 0
    n_flags = 0
    half: int | None = None
    while len(out) < size:
        if n_flags == 0:
            (flags,) = struct.unpack_from("<I", data, at)
            at += 4
            n_flags = 32
        n_flags -= 1
        if not flags >> n_flags & 1:
            out.append(data[at])
            at += 1
            continue
        (token,) = struct.unpack_from("<H", data, at)
        at += 2
        length = token & 7
        if length == 7:
            if half is None:
                half = at
                length = data[at] & 15
                at += 1
            else:
                length = data[half] >> 4
                half = None
            if length == 15:
                length = data[at]
                at += 1
                if length == 255:
                    (length,) = struct.unpack_from("<H", data, at)
                    at += 2
                    length -= 15 + 7
                length += 15
            length += 7
        length += 3
        begin = len(out) - (token >> 3) - 1
        if begin < 0 or len(out) + length > size:
            raise ImageError("a match lies outside of the data")
        for i in range(length):
            out.append(out[begin + i])
    return bytes(out)


def unpack(image: bytes, flags: int, page_size: int) -> bytes:
    """The page that an image stands for."""
    try:
        if flags & COMPRESSED:
            if image[0] >> 3 != SCHEME_XPRESS:
                raise ImageError(f"compression scheme {image[0] >> 3}")
            image = xpress(image[3:], struct.unpack_from("<H", image, 1)[0])
        if len(image) > page_size or len(image) < SMALL_HEADER:
            raise ImageError(f"{len(image)} bytes")
        if len(image) < page_size:
            if not flags & DEHYDRATED:
                raise ImageError(f"{len(image)} bytes of a page, and not told that room was cut out")
            image = _hydrate(image, page_size)
    except (struct.error, IndexError) as error:
        raise ImageError("the compressed image ends early") from error
    return image


def _hydrate(image: bytes, page_size: int) -> bytes:
    n_tags = struct.unpack_from("<H", image, 34)[0] & 0xFFF
    growth = page_size - len(image)
    if 4 * n_tags > len(image) - SMALL_HEADER:
        raise ImageError(f"{n_tags} tags in {len(image)} bytes")
    page = bytearray(image[: len(image) - 4 * n_tags] + bytes(growth) + image[len(image) - 4 * n_tags :])
    (free,) = struct.unpack_from("<H", page, 28)
    struct.pack_into("<H", page, 28, free + growth)
    return bytes(page)


class Page:
    """The header of a page, and the sum of what is in it."""

    def __init__(self, page: bytes) -> None:
        self.size = len(page)
        self.header = LARGE_HEADER if len(page) > 8192 else SMALL_HEADER
        self.dbtime, self.prev, self.next, self.objid, self.free = struct.unpack_from("<QIIIH", page, 8)
        self.n_tags = struct.unpack_from("<H", page, 34)[0] & 0xFFF
        (self.flags,) = struct.unpack_from("<I", page, 36)
        self.bytes = page

    def problem(self) -> str | None:
        """Room, lines and tags make up the page."""
        room = self.size - self.header - 4 * self.n_tags
        if self.n_tags == 0 or room < 0:
            return f"{self.n_tags} tags"
        mask = 0x7FFF if self.size > 8192 else 0x1FFF
        used = 0
        for tag in range(self.n_tags):
            used += struct.unpack_from("<H", self.bytes, self.size - 4 * (tag + 1))[0] & mask
        return None if used + self.free == room else f"{used} bytes in use and {self.free} free of {room}"
