/* Codec of long values: references in records, keys and roots of the long-value tree. Records specification, sections 4 and 5. */
#pragma once

#include "base/bytes.h"
#include "base/err.h"

enum { ESE_RECORD_LV_KEY_MAX = 12 };

typedef struct ese_record_lv_root {
    uint32_t refcount; /* 0 and 0xffffffff: not visible to readers */
    uint32_t size;     /* uncompressed */
    bool is_encrypted;
} ese_record_lv_root;

/* Reference in a record (4 or 8 bytes) to a long-value id; JET_errDatabaseCorrupted otherwise. */
JET_ERR ese_record_lv_reference(ese_bytes reference, uint64_t *lid_out);

/* The inverse; returns the size (4 or 8). */
size_t ese_record_lv_reference_encode(uint64_t lid, uint8_t to[8]);

/* Key of the root of `lid`; returns its size (4 or 8). */
size_t ese_record_lv_root_key(uint64_t lid, uint8_t key[ESE_RECORD_LV_KEY_MAX]);

/* Key of the chunk of `lid` at `offset`; returns its size (8 or 12). */
size_t ese_record_lv_chunk_key(uint64_t lid, uint32_t offset, uint8_t key[ESE_RECORD_LV_KEY_MAX]);

typedef enum ese_record_lv_kind { ESE_RECORD_LV_ROOT, ESE_RECORD_LV_CHUNK } ese_record_lv_kind;

/* Splits a node key of a long-value tree; offset_out is 0 for a root. */
JET_ERR ese_record_lv_split_key(ese_bytes key, ese_record_lv_kind *kind_out, uint64_t *lid_out,
                                uint32_t *offset_out);

JET_ERR ese_record_lv_root_decode(ese_bytes data, ese_record_lv_root *root_out);

enum { ESE_RECORD_LV_ROOT_MAX = 9 };

/* The inverse; returns the size: 8, with a byte of flags (encrypted columns) 9. */
size_t ese_record_lv_root_encode(const ese_record_lv_root *root,
                                 uint8_t to[ESE_RECORD_LV_ROOT_MAX]);

enum {
    ESE_RECORD_LV_INTRINSIC_DEFAULT = 1023
}; /* longer values are best kept apart from the record */

/*
 * The largest record of a table whose primary keys have `key_most` bytes at most (JET_INDEXCREATE::cbKeyMost; 4 without a primary index): database-file
 * section 9. A node with the longest key then still fits on a page.
 */
uint32_t ese_record_limit(uint32_t page_size, uint32_t key_most);

/* Bytes of a full chunk for the page size: section 5. */
uint32_t ese_record_lv_chunk_size(uint32_t page_size);
