"""Checksums of header pages and of data pages.

A data page carries an error-correcting sum: an XOR of all its words, which also proves that the page lies at its own
page number, and the XOR of the positions of all set bits, from which a reader finds a single flipped bit.
"""

import struct

HEADER_SEED = 0x89ABCDEF
FIRST_BLOCK_SUM = 0  # offset of the sum of the first block
OTHER_BLOCK_SUMS = (40, 48, 56)  # offsets of the sums of blocks 2, 3, 4 of a large page


def is_large(page_size: int) -> bool:
    """Large pages (16 and 32 KiB) have a longer header and other places for flags."""
    return page_size > 8192


def words(data: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(data) // 4}I", data)


def header_checksum(page: bytes) -> int:
    """Sum of a whole database header page; its own place, the first word, does not count."""
    total = HEADER_SEED
    for word in words(page[4:]):
        total ^= word
    return total


def ecc_checksum(block: bytes, pgno: int, first: bool) -> int:
    """Error-correcting sum of one block; in the first block of a page the place of the sum counts as zero."""
    if first:
        block = bytes(8) + block[8:]
    xor = 0
    positions = 0  # XOR of the positions of all set bits
    odd = 0  # 1 when the number of set bits is odd
    for number, word in enumerate(words(block)):
        xor ^= word
        if word.bit_count() & 1:
            positions ^= number * 32  # an even number of bits in a word cancels the word's position
            odd ^= 1
    for bit in range(32):
        if xor >> bit & 1:
            positions ^= bit
    inverse = positions ^ (8 * len(block) - 1 if odd else 0)
    return (inverse << 16 | positions) << 32 | (xor ^ pgno)


def seal(page: bytearray, pgno: int) -> None:
    """Put the sums of a data page in their places."""
    if not is_large(len(page)):
        struct.pack_into("<Q", page, FIRST_BLOCK_SUM, ecc_checksum(bytes(page), pgno, first=True))
        return
    size = len(page) // 4
    for number, offset in enumerate(OTHER_BLOCK_SUMS, start=1):
        block = bytes(page[number * size : (number + 1) * size])
        struct.pack_into("<Q", page, offset, ecc_checksum(block, pgno, first=False))
    # The sums just stored lie in the first block, so it comes last.
    struct.pack_into("<Q", page, FIRST_BLOCK_SUM, ecc_checksum(bytes(page[:size]), pgno, first=True))


def seal_old(page: bytearray, pgno: int) -> None:
    """The sum of files older than the error-correcting one: an XOR and the page number beside it."""
    struct.pack_into("<I", page, 4, pgno)
    struct.pack_into("<I", page, 0, header_checksum(bytes(page)))
