/*
 * Codec of database pages: header, tags, nodes, checksums. Bytes in, values out; no I/O, no memory, no state.
 *
 * INV-1  ese_page_checksum_verify and ese_page_verify are the only functions that take untrusted bytes.
 *        All others require a page that passed ese_page_verify and need no further checks.
 * INV-2  On a verified page every line has data, every key fits, keys ascend strictly (key, then data, on
 *        pages of non-unique trees), and an empty key stands only on the last line of an internal page.
 *
 * Format: database-file specification, sections 3 to 5.
 */
#pragma once

#include "base/bytes.h"
#include "base/err.h"

typedef uint32_t ese_pgno; /* 0 = none */

enum {
    ESE_PAGE_SIZE_MIN = 2048,
    ESE_PAGE_SIZE_SMALL_MAX = 8192, /* larger pages have a longer header and four checksums */
    ESE_PAGE_SIZE_MAX = 32768,
    ESE_PAGE_HEADER_SMALL = 40, /* pages up to 8 KiB */
    ESE_PAGE_HEADER_LARGE = 80, /* 16 and 32 KiB */
    /* The longest node key: a separator in a secondary index may be the largest KeyMost (2000) of key and as much of data, and slack. */
    ESE_PAGE_KEY_MAX = 2 * 2000 + 8,
    ESE_PAGE_NODE_SIZE_MASK = 0x1fff, /* of the two sizes in front of a key */
    ESE_PAGE_PGNO_MAX = 0x7fefffff,
};

typedef enum ese_page_flag {
    ESE_PAGE_ROOT = 0x1,
    ESE_PAGE_LEAF = 0x2,
    ESE_PAGE_PARENT_OF_LEAF = 0x4,
    ESE_PAGE_EMPTY = 0x8,
    ESE_PAGE_REPAIR = 0x10,
    ESE_PAGE_SPACE = 0x20,
    ESE_PAGE_INDEX = 0x40,
    ESE_PAGE_LONG_VALUE = 0x80,
    ESE_PAGE_NON_UNIQUE = 0x400,
    ESE_PAGE_NEW_RECORD_FORMAT = 0x800,
    ESE_PAGE_NEW_CHECKSUM = 0x2000,
    ESE_PAGE_SCRUBBED = 0x4000,
    ESE_PAGE_PRE_INIT = 0x20000,
    ESE_PAGE_FDP_DELETE = 0x40000,
} ese_page_flag;

typedef enum ese_page_node_flag {
    ESE_PAGE_NODE_VERSION = 1,
    ESE_PAGE_NODE_DELETED = 2,
    ESE_PAGE_NODE_COMPRESSED = 4,
} ese_page_node_flag;

/* A page in memory. Cheap to copy; borrows the bytes. */
typedef struct ese_page {
    const uint8_t *bytes;
    uint32_t size; /* 2048, 4096, 8192, 16384 or 32768 */
    ese_pgno pgno; /* where it was read from */
} ese_page;

/* One line. Key = prefix then suffix; all three borrow from the page. */
typedef struct ese_page_node {
    ese_bytes prefix;
    ese_bytes suffix;
    ese_bytes data;
    uint8_t flags; /* ese_page_node_flag */
} ese_page_node;

typedef enum ese_page_state {
    ESE_PAGE_STATE_GOOD,
    ESE_PAGE_STATE_CORRECTED, /* one flipped bit, repaired in place */
    ESE_PAGE_STATE_BLANK,     /* all zero: allocated in the file, never written */
    ESE_PAGE_STATE_BAD,
} ese_page_state;

/* True for the five legal sizes. */
bool ese_page_size_is_legal(uint32_t size);

/*
 * Checks, and where one bit is wrong corrects, `size` bytes read from the place of page `pgno`. A large page that
 * is bad may come back with those of its blocks corrected that could be.
 */
ese_page_state ese_page_checksum_verify(uint8_t *bytes, uint32_t size, ese_pgno pgno);

/* Computes and stores the checksum(s) of a page in the format its flags select. */
void ese_page_checksum_update(uint8_t *bytes, uint32_t size, ese_pgno pgno);

/* Checksum of a header page (database, log, checkpoint): section 4.1. */
uint32_t ese_page_header_checksum(const uint8_t *bytes, size_t size);

/* Checks the whole structure; JET_errDatabaseCorrupted with a text that says what is wrong (not where: the caller knows the file). */
JET_ERR ese_page_verify(const ese_page *page);

static inline uint32_t
ese_page_header_size(uint32_t page_size)
{
    return page_size > ESE_PAGE_SIZE_SMALL_MAX ? ESE_PAGE_HEADER_LARGE : ESE_PAGE_HEADER_SMALL;
}

static inline bool
ese_page_is_large(const ese_page *page)
{
    return page->size > ESE_PAGE_SIZE_SMALL_MAX;
}

/* No change has a later time: what is above are marks of pages that are not in use, or nonsense. */
static const uint64_t ESE_PAGE_DBTIME_MAX = INT64_MAX;

static inline uint64_t
ese_page_dbtime(const ese_page *page)
{
    return ese_load_le64(page->bytes + 8);
}

static inline ese_pgno
ese_page_prev(const ese_page *page)
{
    return ese_load_le32(page->bytes + 16);
}

static inline ese_pgno
ese_page_next(const ese_page *page)
{
    return ese_load_le32(page->bytes + 20);
}

static inline uint32_t
ese_page_objid(const ese_page *page)
{
    return ese_load_le32(page->bytes + 24);
}

static inline uint32_t
ese_page_flags(const ese_page *page)
{
    return ese_load_le32(page->bytes + 36);
}

static inline unsigned
ese_page_tag_count(const ese_page *page)
{
    return ese_load_le16(page->bytes + 34) & 0xfff;
}

static inline unsigned
ese_page_reserved_tags(const ese_page *page)
{
    unsigned n = ese_load_le16(page->bytes + 34) >> 12 & 7;

    return n == 0 ? 1 : n;
}

/* Number of lines: tags without the reserved ones. */
static inline unsigned
ese_page_line_count(const ese_page *page)
{
    unsigned tags = ese_page_tag_count(page);
    unsigned reserved = ese_page_reserved_tags(page);

    return tags > reserved ? tags - reserved : 0;
}

/*
 * The tag array grows down from the end of the page: length, then offset from the end of the page header.
 * Small pages keep the node flags in the top three bits of the offset, large pages in those of the node.
 */
static inline const uint8_t *
ese_page_tag(const ese_page *page, unsigned tag)
{
    return page->bytes + page->size - 4 * (tag + 1);
}

static inline unsigned
ese_page_tag_mask(const ese_page *page)
{
    return ese_page_is_large(page) ? 0x7fff : 0x1fff;
}

/* Tag 0: space header on a root, split buffer on a space root, prefix key elsewhere. */
static inline ese_bytes
ese_page_external_header(const ese_page *page)
{
    const uint8_t *tag = ese_page_tag(page, 0);
    unsigned mask = ese_page_tag_mask(page);

    if (ese_page_tag_count(page) == 0)
        return (ese_bytes){NULL, 0};
    return (ese_bytes){page->bytes + ese_page_header_size(page->size) +
                           (ese_load_le16(tag + 2) & mask),
                       ese_load_le16(tag) & mask};
}

/* Flags of line `line` < ese_page_line_count of a verified page. */
static inline uint8_t
ese_page_line_flags(const ese_page *page, unsigned line)
{
    const uint8_t *tag = ese_page_tag(page, line + ese_page_reserved_tags(page));
    unsigned offset = ese_load_le16(tag + 2);

    if (!ese_page_is_large(page))
        return (uint8_t)(offset >> 13);
    return page->bytes[ESE_PAGE_HEADER_LARGE + (offset & ese_page_tag_mask(page)) + 1] >> 5;
}

/*
 * Decodes line `line` < ese_page_line_count of a verified page, field by field into where the node stays: a scan does it for each row,
 * and copying a whole node costs more than decoding one.
 */
static inline void
ese_page_line_decode(const ese_page *page, unsigned line, ese_page_node *node_out)
{
    const uint8_t *tag = ese_page_tag(page, line + ese_page_reserved_tags(page));
    unsigned mask = ese_page_tag_mask(page);
    unsigned offset = ese_load_le16(tag + 2);
    const uint8_t *at = page->bytes + ese_page_header_size(page->size) + (offset & mask);
    const uint8_t *end = at + (ese_load_le16(tag) & mask);
    uint8_t flags = (uint8_t)(ese_page_is_large(page) ? at[1] >> 5 : offset >> 13);
    ese_bytes prefix = {NULL, 0};
    size_t suffix_size;

    if ((flags & ESE_PAGE_NODE_COMPRESSED) != 0) {
        prefix.data = ese_page_external_header(page).data;
        prefix.size = ese_load_le16(at) & ESE_PAGE_NODE_SIZE_MASK;
        at += 2;
    }
    suffix_size = ese_load_le16(at) & ESE_PAGE_NODE_SIZE_MASK;
    at += 2;
    node_out->prefix.data = prefix.data;
    node_out->prefix.size = prefix.size;
    node_out->suffix.data = at;
    node_out->suffix.size = suffix_size;
    node_out->data.data = at + suffix_size;
    node_out->data.size = (size_t)(end - at) - suffix_size;
    node_out->flags = flags;
}

static inline ese_page_node
ese_page_line(const ese_page *page, unsigned line)
{
    ese_page_node node;

    ese_page_line_decode(page, line, &node);
    return node;
}

static inline size_t
ese_page_node_key_size(const ese_page_node *node)
{
    return node->prefix.size + node->suffix.size;
}

/* Copies as much of the key as fits in `room`; returns the whole size. */
size_t ese_page_node_copy_key(const ese_page_node *node, uint8_t *to, size_t room);

/* Order of the node's key relative to `key`: <0, 0, >0. */
int ese_page_node_compare_key(const ese_page_node *node, ese_bytes key);

/* The child of a line of an internal page. */
static inline ese_pgno
ese_page_node_child(const ese_page_node *node)
{
    return ese_load_le32(node->data.data);
}

/*
 * An empty key on the last line of an internal page stands for infinity here: it is greater than anything sought.
 *
 * First line of a verified page whose (key, data) is >= or > the sought one, line count when there is none.
 * `data` takes part only on pages of non-unique trees and only when data.data is not NULL; on internal pages
 * of such trees the separator is compared with key and data concatenated.
 */
unsigned ese_page_find_ge(const ese_page *page, ese_bytes key, ese_bytes data);
unsigned ese_page_find_gt(const ese_page *page, ese_bytes key, ese_bytes data);

/*
 * Has (key, data) its place before `line` (at most the line count) of a verified leaf, where nothing equals it? As both searches finding `line`, for the price of two
 * comparisons. `data` counts on pages of non-unique trees.
 */
bool ese_page_is_between(const ese_page *page, unsigned line, ese_bytes key, ese_bytes data);
