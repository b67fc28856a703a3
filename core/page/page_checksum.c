/*
 * Checksums of pages: database-file section 4.
 *
 * The error-correcting checksum of a block is, for every bit of a bit's index, the parity of all
 * 1-bits whose index has that bit set. The index bits that select a 64-bit word are found by
 * folding the block in halves: the parity of the upper half is the top bit, and the XOR of both
 * halves is a block of half the size with the same remaining parities. One word is left, whose bits
 * give the six lowest index bits.
 */
#include "page/page.h"

#include <stddef.h>

enum {
    N_LARGE_BLOCKS = 4,
    SMALL_BLOCK_WORDS_MAX = ESE_PAGE_SIZE_SMALL_MAX / 8,
    BLOCK_CHECKSUMS_OFFSET = 40, /* of blocks 1 to 3 */
    FLAGS_OFFSET = 36,
    NEW_CHECKSUM_BIT = 9 * 32 + 13, /* index of ESE_PAGE_NEW_CHECKSUM in the first block */
};

static const uint32_t header_seed = 0x89abcdef;

typedef struct checksum_block {
    uint8_t *bytes;
    uint32_t size;
    uint8_t *stored; /* where its checksum lies */
    bool is_first;   /* its own checksum lies in it and counts as zero */
} checksum_block;

static unsigned
parity(uint64_t v)
{
    v ^= v >> 32;
    v ^= v >> 16;
    v ^= v >> 8;
    v ^= v >> 4;
    return 0x6996u >> (v & 15) & 1;
}

/* One halving of the bytes as read: folded[i] = word i ^ word i + n. Returns the XOR of the upper
 * words. */
static uint64_t
fold_bytes(const uint8_t *bytes, size_t n, uint64_t *folded)
{
    const uint8_t *upper_bytes = bytes + 8 * n;
    uint64_t odd = 0;

    for (size_t i = 0; i < n; i++) {
        uint64_t upper = ese_load_le64(upper_bytes + 8 * i);

        odd ^= upper;
        folded[i] = ese_load_le64(bytes + 8 * i) ^ upper;
    }
    return odd;
}

static uint64_t
fold_words(uint64_t *words, size_t n)
{
    uint64_t odd = 0;

    for (size_t i = 0; i < n; i++) {
        odd ^= words[i + n];
        words[i] ^= words[i + n];
    }
    return odd;
}

static uint64_t
block_checksum(const checksum_block *block, ese_pgno pgno)
{
    static const uint64_t index_masks[6] = {
        0xaaaaaaaaaaaaaaaa, 0xcccccccccccccccc, 0xf0f0f0f0f0f0f0f0,
        0xff00ff00ff00ff00, 0xffff0000ffff0000, 0xffffffff00000000,
    };
    uint64_t words[SMALL_BLOCK_WORDS_MAX / 2];
    size_t n = block->size / 16;
    uint32_t low = parity(fold_bytes(block->bytes, n, words));
    uint64_t rest;
    uint32_t high, column;

    while (n > 1) {
        n /= 2;
        low = low << 1 | parity(fold_words(words, n));
    }
    /* The analyser does not see that every block has more than one word. */
    rest = words[0];     /* NOLINT(clang-analyzer-core.uninitialized.Assign) */
    if (block->is_first) /* word 0 takes part in nothing but `rest` */
        rest ^= ese_load_le64(block->bytes);
    for (unsigned bit = 6; bit-- > 0;)
        low = low << 1 | parity(rest & index_masks[bit]);
    high = parity(rest) != 0 ? low ^ (8 * block->size - 1) : low;
    column = (uint32_t)rest ^ (uint32_t)(rest >> 32);
    return (uint64_t)(high << 16 | low) << 32 | (column ^ pgno);
}

static checksum_block
block_of_page(uint8_t *bytes, uint32_t page_size, unsigned number)
{
    uint32_t size = page_size > ESE_PAGE_SIZE_SMALL_MAX ? page_size / N_LARGE_BLOCKS : page_size;

    return (checksum_block){
        .bytes = bytes + number * size,
        .size = size,
        .stored = number == 0 ? bytes : bytes + BLOCK_CHECKSUMS_OFFSET + 8 * (number - 1),
        .is_first = number == 0,
    };
}

static unsigned
block_count(uint32_t page_size)
{
    return page_size > ESE_PAGE_SIZE_SMALL_MAX ? N_LARGE_BLOCKS : 1;
}

static void
flip_bit(uint8_t *bytes, uint32_t index)
{
    bytes[index / 8] = (uint8_t)(bytes[index / 8] ^ 1u << index % 8);
}

/*
 * One wrong bit changes the lower half of the checksum by its index, the upper half by the
 * complement, and the column sum by one bit. The flag that chose this algorithm is never corrected.
 */
static ese_page_state
verify_block(const checksum_block *block, ese_pgno pgno)
{
    uint64_t difference = ese_load_le64(block->stored) ^ block_checksum(block, pgno);
    uint32_t column = (uint32_t)difference;
    uint32_t halves = (uint32_t)(difference >> 32);
    uint32_t mask = 8 * block->size - 1;
    uint32_t index = halves & 0xffff & mask;

    if (difference == 0)
        return ESE_PAGE_STATE_GOOD;
    if (((halves >> 16 ^ halves) & mask) != mask || column == 0 || (column & (column - 1)) != 0)
        return ESE_PAGE_STATE_BAD;
    if (block->is_first && index == NEW_CHECKSUM_BIT)
        return ESE_PAGE_STATE_BAD;
    flip_bit(block->bytes, index);
    if (ese_load_le64(block->stored) == block_checksum(block, pgno))
        return ESE_PAGE_STATE_CORRECTED;
    flip_bit(block->bytes, index);
    return ESE_PAGE_STATE_BAD;
}

static bool
is_blank(const uint8_t *bytes, uint32_t size)
{
    return bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0;
}

static bool
has_new_checksum(const uint8_t *bytes)
{
    return (ese_load_le32(bytes + FLAGS_OFFSET) & ESE_PAGE_NEW_CHECKSUM) != 0;
}

bool
ese_page_size_is_legal(uint32_t size)
{
    return size >= ESE_PAGE_SIZE_MIN && size <= ESE_PAGE_SIZE_MAX && (size & (size - 1)) == 0;
}

uint32_t
ese_page_header_checksum(const uint8_t *bytes, size_t size)
{
    uint64_t sum = (uint64_t)ese_load_le32(bytes + 4) << 32;

    for (size_t i = 8; i + 8 <= size; i += 8)
        sum ^= ese_load_le64(bytes + i);
    return header_seed ^ (uint32_t)sum ^ (uint32_t)(sum >> 32);
}

ese_page_state
ese_page_checksum_verify(uint8_t *bytes, uint32_t size, ese_pgno pgno)
{
    ese_page_state state = ESE_PAGE_STATE_GOOD;

    if (is_blank(bytes, size))
        return ESE_PAGE_STATE_BLANK;
    if (!has_new_checksum(bytes)) {
        bool is_good = ese_load_le32(bytes) == ese_page_header_checksum(bytes, size) &&
                       ese_load_le32(bytes + 4) == pgno;

        return is_good ? ESE_PAGE_STATE_GOOD : ESE_PAGE_STATE_BAD;
    }
    for (unsigned i = 0; i < block_count(size);
         i++) { /* the first holds the checksums of the others */
        checksum_block block = block_of_page(bytes, size, i);
        ese_page_state of_block = verify_block(&block, pgno);

        if (of_block == ESE_PAGE_STATE_BAD)
            return ESE_PAGE_STATE_BAD;
        if (of_block == ESE_PAGE_STATE_CORRECTED)
            state = ESE_PAGE_STATE_CORRECTED;
    }
    return state;
}

void
ese_page_checksum_update(uint8_t *bytes, uint32_t size, ese_pgno pgno)
{
    if (!has_new_checksum(bytes)) {
        ese_store_le32(bytes + 4, pgno);
        ese_store_le32(bytes, ese_page_header_checksum(bytes, size));
        return;
    }
    for (unsigned i = block_count(size);
         i-- > 0;) { /* the first last: it covers the others' checksums */
        checksum_block block = block_of_page(bytes, size, i);

        ese_store_le64(block.stored, block_checksum(&block, pgno));
    }
}
