/*
 * Normalization of column values into index keys: unsigned byte order of the keys is the order of the values.
 * Keys specification, sections 1 to 5.
 */
#pragma once

#include "base/bytes.h"
#include "base/err.h"

enum {
    ESE_RECORD_KEY_MOST_DEFAULT = 255,
    ESE_RECORD_KEY_MOST_MAX = 2000,
    ESE_RECORD_KEY_SEGMENTS_MAX = 16,
};

/* How text and GUIDs of one index are normalized. */
typedef struct ese_record_key_rules {
    uint32_t lcmap_flags; /* 0x30401 by default */
    bool sort_nulls_high;
    bool dotnet_guid;
    uint16_t key_most;    /* longest key in bytes */
    uint16_t var_seg_mac; /* limit of a variable segment, key_most when there is none */
} ese_record_key_rules;

/* The column of one segment. */
typedef struct ese_record_key_column {
    uint8_t coltyp;     /* JET_coltyp */
    uint16_t code_page; /* 1200 or 1252, for text */
    bool is_fixed;      /* fixed column ids 1 to 127 */
    bool is_descending;
} ese_record_key_column;

/* Size of every value of a type that has one; 0 for text and binary, and for what is no type. */
uint32_t ese_record_type_size(JET_COLTYP coltyp);

/* A key under construction. */
typedef struct ese_record_key {
    uint8_t bytes[ESE_RECORD_KEY_MOST_MAX + 8];
    size_t size;
    bool is_truncated; /* a segment was cut by key_most: later ones are dropped */
} ese_record_key;

static inline void
ese_record_key_start(ese_record_key *key)
{
    key->size = 0;
    key->is_truncated = false;
}

/* A key has room for the longest one and is mostly short: only what is in use is copied. */
static inline void
ese_record_key_copy(ese_record_key *key, const ese_record_key *from)
{
    memcpy(key->bytes, from->bytes, from->size);
    key->size = from->size;
    key->is_truncated = from->is_truncated;
}

/* Appends one segment; `value` NULL is the null value, an empty one is a zero-length value. */
JET_ERR ese_record_key_append(ese_record_key *key, const ese_record_key_rules *rules,
                              const ese_record_key_column *column, const ese_bytes *value);

/* The wildcards of JetMakeKey. */
typedef enum ese_record_key_limit {
    ESE_RECORD_KEY_PREFIX_START, /* JET_bitPartialColumnStartLimit */
    ESE_RECORD_KEY_PREFIX_END,   /* JET_bitPartialColumnEndLimit */
    ESE_RECORD_KEY_STRING_END, /* JET_bitStrLimit: as PREFIX_END for binary values, else as COLUMN_END */
    ESE_RECORD_KEY_SUBSTRING_END, /* JET_bitSubStrLimit: as PREFIX_END for text, nothing for other types */
    ESE_RECORD_KEY_COLUMN_START, /* JET_bitFullColumnStartLimit: the key as it is */
    ESE_RECORD_KEY_COLUMN_END,   /* JET_bitFullColumnEndLimit */
} ese_record_key_limit;

/*
 * As ese_record_key_append for the last segment of a search key, turned into a limit of a range. The key may
 * become key_most + 1 bytes long. JET_errInvalidGrbit for a prefix of a type that has none; the key is unchanged.
 */
JET_ERR ese_record_key_append_limit(ese_record_key *key, const ese_record_key_rules *rules,
                                    const ese_record_key_column *column, const ese_bytes *value,
                                    ese_record_key_limit limit);

/* The substring of a text or binary value that tuple `index` covers; false when there is none. Sizes in characters. */
typedef struct ese_record_tuple_limits {
    uint32_t length_min, length_max, to_index_max, increment, start;
} ese_record_tuple_limits;

bool ese_record_tuple_at(const ese_record_tuple_limits *limits, bool is_utf16, ese_bytes value,
                         uint32_t index, ese_bytes *tuple_out);
