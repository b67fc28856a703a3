/* How records are laid out: the table that decodes, encodes and describes. */
#pragma once

#include "log/log_record.h"

/* How a field stands in a record and where it goes. Fields follow one another without gaps. */
typedef enum ese_log__kind {
    ESE_LOG__NUMBER, /* as wide as the member */
    ESE_LOG__SIGNED,
    ESE_LOG__FLAGS,
    ESE_LOG__DBTIME,
    ESE_LOG__LGPOS,
    ESE_LOG__TIME,
    ESE_LOG__SIGNATURE,
    ESE_LOG__MARK,   /* of a backup */
    ESE_LOG__RAW,    /* `width` bytes */
    ESE_LOG__SIZE16, /* of a part that follows later */
    ESE_LOG__SIZE32,
    ESE_LOG__SIZE_DIFF,  /* 15 bits of size, one of u.node.is_wide_diff */
    ESE_LOG__LENGTH,     /* 32 bits: how many bytes of the record follow */
    ESE_LOG__IF_VERSION, /* a number that is there when u.db.flags has bit 4 */
    ESE_LOG__PART,       /* bytes, their size came before */
    ESE_LOG__TEXT,
    ESE_LOG__PATH, /* UTF-16 or ANSI: u.db.flags */
    ESE_LOG__REST, /* all that LENGTH leaves */
} ese_log__kind;

typedef struct ese_log__field {
    const char *name;
    uint8_t kind;   /* ese_log__kind */
    uint16_t width; /* bytes in the record; of sizes and parts 0 */
    uint16_t to;    /* offset of the member of ese_log_entry */
} ese_log__field;

/* Common parts in front of a type's own fields. */
typedef enum ese_log__head {
    ESE_LOG__HEAD_NONE,
    ESE_LOG__HEAD_PAGE, /* LRPAGE_ */
    ESE_LOG__HEAD_NODE, /* LRPAGE_ and LRNODE_ */
} ese_log__head;

typedef struct ese_log__format {
    const char *name; /* NULL: no such type */
    uint8_t class;    /* ese_log_class */
    uint8_t head;     /* ese_log__head */
    bool is_known;    /* the layout is */
    uint8_t n_fields;
    const ese_log__field *fields;
    JET_ERR refusal; /* class REFUSED */
} ese_log__format;

extern const ese_log__format ese_log__formats[ESE_LOG_TYPE_COUNT];
extern const ese_log__field ese_log__page_head[];
extern const ese_log__field ese_log__node_head[];

enum { ESE_LOG__N_PAGE_HEAD = 9, ESE_LOG__N_NODE_HEAD = 3, ESE_LOG__FIELDS_MAX = 48 };

/* The fields of a type in order, heads included; returns their number. */
unsigned ese_log__list_fields(const ese_log__format *format,
                              const ese_log__field *fields_out[ESE_LOG__FIELDS_MAX]);

enum { ESE_LOG__DB_FLAG_VERSION = 4, ESE_LOG__DB_FLAG_WIDE = 8, ESE_LOG__DETACH_FLAG_WIDE = 0x10 };
