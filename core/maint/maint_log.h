/*
 * What is in log and checkpoint files, for people: headers, records and sums as named values. Nothing is written.
 *
 * INV-1  Any bytes may stand in the files: damage is told to the visitor, and everything that can be read still comes.
 */
#pragma once

#include "esent.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum ese_maint_log_kind {
    ESE_MAINT_LOG_NUMBER,
    ESE_MAINT_LOG_SIGNED, /* two's complement in `number` */
    ESE_MAINT_LOG_FLAGS,  /* a number best shown in hex digits */
    ESE_MAINT_LOG_TEXT,   /* UTF-8; positions, times and signatures, too */
    ESE_MAINT_LOG_BYTES,
} ese_maint_log_kind;

/* Lives as long as the call that tells it. */
typedef struct ese_maint_log_value {
    const char *name;
    ese_maint_log_kind kind;
    uint64_t number;
    const char *text;
    const uint8_t *bytes;
    size_t size;
} ese_maint_log_value;

typedef struct ese_maint_log_values {
    unsigned n;
    const ese_maint_log_value *items;
} ese_maint_log_values;

/* A log or checkpoint: what its header says, and of each database attached then. */
typedef struct ese_maint_log_head {
    const char *path;
    int32_t generation; /* 0: a checkpoint */
    ese_maint_log_values values;
    unsigned n_attached;
    ese_maint_log_values attached[6];
} ese_maint_log_head;

typedef struct ese_maint_log_record {
    const char *position; /* "1:2:3a" */
    unsigned type;
    const char *name;
    uint32_t size;
    ese_maint_log_values values;
} ese_maint_log_record;

enum { ESE_MAINT_LOG_TYPES = 102 };

/* A log when all of it was read; or several of them. */
typedef struct ese_maint_log_sum {
    uint64_t n_logs;
    uint64_t n_segments; /* with records; version 7: ranges */
    uint64_t n_repaired; /* of these: a flipped bit corrected, or read from their copy */
    uint64_t n_records, n_fragmented, n_torn;
    uint64_t record_bytes, fill_bytes;
    uint64_t by_type[ESE_MAINT_LOG_TYPES];
    bool is_clean;   /* the last record is that of a clean shutdown */
    bool is_damaged; /* records end before the log does */
    bool is_cut;     /* the last segment is blank, though a copy of it is there: records are lost */
    const char *end; /* position behind the last segment; NULL of several logs */
} ese_maint_log_sum;

/* Which records to tell; members that are zero select nothing. */
typedef struct ese_maint_log_filter {
    bool with_records;
    bool has_type;
    unsigned type;
    uint32_t page;
    uint64_t from;     /* as ese_maint_log_position gives it */
    bool allow_damage; /* newer versions and cut files are read as far as they go */
    const char *base;  /* of a folder: base name; NULL: there must be one only */
} ese_maint_log_filter;

/* Who is told; an error of `record` ends the walk and is returned. */
typedef struct ese_maint_log_visitor {
    void *self;
    void (*head)(void *self, const ese_maint_log_head *head);
    JET_ERR (*record)(void *self, const ese_maint_log_record *record);
    void (*end)(void *self, const char *path, const ese_maint_log_sum *sum);
    void (*problem)(void *self, const char *path, JET_ERR err, const char *text);
} ese_maint_log_visitor;

/* One log. An error: nothing of it could be read, or `record` ended it; what is damaged is a problem. */
JET_ERR ese_maint_log_read(const char *path, const ese_maint_log_filter *filter,
                           const ese_maint_log_visitor *visitor, ese_maint_log_sum *sum_inout);

/* All generations in a folder, in order, and whether they follow one another. Adds up what they sum to. */
JET_ERR ese_maint_log_read_folder(const char *folder, const ese_maint_log_filter *filter,
                                  const ese_maint_log_visitor *visitor,
                                  ese_maint_log_sum *sum_inout);

/* A checkpoint; *copy_out: which of its two copies was read, from 0. */
JET_ERR ese_maint_checkpoint_read(const char *path, const ese_maint_log_visitor *visitor,
                                  unsigned *copy_out);

bool ese_maint_is_folder(const char *path);

/* "Insert" for 29; NULL: there is no such type. */
const char *ese_maint_log_type_name(unsigned type);
/* By name, whatever its capitals, or number. */
bool ese_maint_log_type(const char *text, unsigned *type_out);
/* "1:2:3a", hex digits; the last parts may be missing. A number that sorts as positions do. */
bool ese_maint_log_position(const char *text, uint64_t *position_out);
