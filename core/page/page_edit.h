/*
 * Changing pages: one node, the external header, the whole layout. Bytes in, bytes out; no memory, no state.
 *
 * INV-1  Every function leaves a page that passes ese_page_verify, if the caller keeps the order of keys.
 * INV-2  Whether a change fits is asked beforehand; the change itself cannot fail. Redo of a log record calls the same functions.
 * INV-3  Keys and data that are given lie elsewhere than on the page that changes: its bytes may move before they are read. Nodes and keys
 *        borrowed from the page are void after a change.
 *
 * Format: database-file specification, sections 3 and 5; rules of splits and merges: recovery specification, 5.6 and 5.7.
 */
#pragma once

#include "page/page.h"

/* A page that may be changed: bytes of a writable page of the cache, or a buffer. */
typedef struct ese_page_mut {
    uint8_t *bytes;
    uint32_t size;
    ese_pgno pgno;
} ese_page_mut;

static inline ese_page
ese_page_of_mut(const ese_page_mut *page)
{
    return (ese_page){page->bytes, page->size, page->pgno};
}

/* A fresh page without lines and with an empty external header; `flags` are ese_page_flag, to which the record format and the checksum in use are added. */
void ese_page_format(ese_page_mut *page, uint32_t objid, uint32_t flags);

/* A page with the old kind of checksum gets the new one with its first change. */
void ese_page_set_dbtime(ese_page_mut *page, uint64_t dbtime);
void ese_page_set_prev(ese_page_mut *page, ese_pgno pgno);
void ese_page_set_next(ese_page_mut *page, ese_pgno pgno);
void ese_page_set_flags(ese_page_mut *page, uint32_t flags);

/* Bytes for lines and their tags that are free, wherever they lie. */
static inline unsigned
ese_page_free_bytes(const ese_page *page)
{
    return ese_load_le16(page->bytes + 28);
}

/* How many bytes of `key` a new node on this page shares with the page prefix; 0 when that is not worth it (2 or fewer, or a root). */
size_t ese_page_shared_prefix(const ese_page *page, ese_bytes key);

/* Bytes a node takes, its tag included. */
size_t ese_page_node_size(size_t n_prefix, size_t key_size, size_t data_size);

/* Largest node (key, data and their sizes, without the tag) that any page of this size takes: database-file section 9. */
size_t ese_page_node_max(uint32_t page_size);

/* Would a new node fit / a line with other data fit? */
bool ese_page_fits_insert(const ese_page *page, ese_bytes key, ese_bytes data);
bool ese_page_fits_replace(const ese_page *page, unsigned line, size_t data_size);

/* Would another key of a line of an internal page / another tag 0 fit? */
bool ese_page_fits_key(const ese_page *page, unsigned line, ese_bytes key);
bool ese_page_fits_external_header(const ese_page *page, size_t size);

/* Puts a node before line `line` (line count: at the end). `n_prefix` is what ese_page_shared_prefix says, or 0. `flags`: ese_page_node_flag; COMPRESSED follows from n_prefix. */
void ese_page_insert(ese_page_mut *page, unsigned line, ese_bytes key, size_t n_prefix,
                     ese_bytes data, uint8_t flags);
void ese_page_replace(ese_page_mut *page, unsigned line, ese_bytes data);
void ese_page_remove(ese_page_mut *page, unsigned line);
void ese_page_set_line_flags(ese_page_mut *page, unsigned line,
                             uint8_t flags); /* COMPRESSED is kept as it is */

/* Adds to the little-endian signed integer of `width` (4 or 8) bytes at `offset` of the data; it wraps. */
void ese_page_add(ese_page_mut *page, unsigned line, unsigned offset, unsigned width,
                  int64_t delta);

/* Changes the key of a line of an internal page, keeping its child. */
void ese_page_set_key(ese_page_mut *page, unsigned line, ese_bytes key);

/* Changes the child of a line of an internal page. */
void ese_page_set_child(ese_page_mut *page, unsigned line, ese_pgno child);

/* Replaces tag 0 of a root page, or of a page without compressed nodes. It must fit. */
void ese_page_set_external_header(ese_page_mut *page, ese_bytes header);

/* Removes all lines, keeps header and tag 0. On a page whose flags are EMPTY (set them before) nothing but an empty tag 0 is left. */
void ese_page_clear(ese_page_mut *page);

/* ---- Splits ---- */

typedef enum ese_page_split_type {
    ESE_PAGE_SPLIT_VERTICAL,
    ESE_PAGE_SPLIT_RIGHT,
    ESE_PAGE_SPLIT_APPEND
} ese_page_split_type;

typedef enum ese_page_split_oper {
    ESE_PAGE_SPLIT_NONE,
    ESE_PAGE_SPLIT_INSERT,
    ESE_PAGE_SPLIT_REPLACE,
    ESE_PAGE_SPLIT_FLAG_INSERT_AND_REPLACE,
} ese_page_split_oper;

/* What a Split2 log record says of one page: log-files section 6.5. Lines are those of the page after the operation. */
typedef struct ese_page_split {
    ese_page_split_type type;
    ese_page_split_oper oper;
    unsigned oper_line;  /* NONE: where the next line will come, as a hint */
    ese_bytes oper_key;  /* INSERT: whole key */
    ese_bytes oper_data; /* INSERT, REPLACE, FLAG_INSERT_AND_REPLACE */
    uint8_t oper_flags;  /* node flags of the node inserted or replaced */
    unsigned line;       /* the first line that moves */
    unsigned n_lines;
    int prefix_line; /* RIGHT: line whose key becomes the prefix of the split page, -1 none. Other splits leave tag 0 as it is */
    int new_prefix_line; /* line, counted from `line`, whose key becomes the prefix of the new page, -1 none */
} ese_page_split;

/*
 * Chooses where to split `page` so that the operation in `split_inout` (oper…) fits, and fills the other fields. `density`: percent that stays on a page that lines
 * leave in ascending order (an end of the tree, a run in the middle); a last leaf is left as full as it is.
 *
 * A root is split vertically, the last leaf by an append when a line comes behind all others, everything else to the right.
 *
 * `oper` may come back as NONE: with the operation the lines do not fit on two pages (a large node between two others), or not below the root. The caller then splits
 * without it, and does the operation anew afterwards, from the search on; where it goes is then an end of a page, and one more split is enough.
 *
 * False: the node is larger than ese_page_node_max, or there is but one line and it is not on a root. The latter happens where tag 0 holds a long prefix that the last line of
 * the page does not need: ese_page_set_prefix with an empty one makes room for any legal node.
 *
 * Needs about 80 KiB of stack.
 */
bool ese_page_split_choose(const ese_page *page, unsigned density, ese_page_split *split_inout);

/* Would a line behind all others of the last leaf leave 100 - `density` percent of the page free (or be the only one)? If not, it is time for an append. */
bool ese_page_fits_append(const ese_page *page, unsigned density, ese_bytes key, ese_bytes data);

/* Page flags after a split: of the split page (ese_page_split_apply sets them), of the new one (ese_page_format takes them). */
uint32_t ese_page_split_flags(const ese_page *page, ese_page_split_type type);
uint32_t ese_page_split_new_flags(const ese_page *page);

/*
 * The separator between what stays and what moves, shortest possible: database-file 6.3. Room for ESE_PAGE_KEY_MAX bytes (key and data for a tree ordered by both); returns the size.
 * Not for VERTICAL.
 */
size_t ese_page_split_separator(const ese_page *page, const ese_page_split *split, uint8_t *to);

/*
 * Splits. `from` is the image before (another buffer than `page`; for an APPEND it may be `page`, which then stays as it is); `page` gets what stays and `new_page`
 * (formatted: objid, flags) what moves. All bytes of both follow from `from`, `split` and the header of `new_page`. Left to the caller: links between siblings, dbtimes,
 * parents, and on an internal page the child of the line behind the operation's (it is on one of the two pages): the new page of the split below.
 */
void ese_page_split_apply(const ese_page *from, const ese_page_split *split, ese_page_mut *page,
                          ese_page_mut *new_page);

/*
 * Can `split`, which comes from a log and may say anything, be done to this page: are there such lines, and do they fit on the two pages? Whether keys
 * stay in order is not looked at.
 */
bool ese_page_split_is_possible(const ese_page *from, const ese_page_split *split);

/* The key that becomes the prefix of the split page (RIGHT), of the size returned; room for ESE_PAGE_KEY_MAX bytes. */
size_t ese_page_split_prefix(const ese_page *from, const ese_page_split *split, uint8_t *to);

/* Writes the lines of `from`, another buffer, with another prefix in tag 0. Not for roots; it must fit, as an empty one does on a page with one line. */
void ese_page_set_prefix(const ese_page *from, ese_bytes prefix, ese_page_mut *page);

/* ---- Merges ---- */

/* Would all lines of `from` that are not flagged deleted fit at the end of `to` (or the front)? */
bool ese_page_fits_merge(const ese_page *from, const ese_page *to);

/* Moves them: at the front of a right neighbour, at the end of a left one. `from` is only read. */
void ese_page_merge_right(const ese_page *from, ese_page_mut *to);
void ese_page_merge_left(const ese_page *from, ese_page_mut *to);
