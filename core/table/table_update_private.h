/*
 * The record in preparation, shared by table_update*.c.
 *
 * A record is what it started from (`base`: the record to replace or to copy, the defaults of the table, nothing) and the columns that were set since
 * (`fields`). It is encoded when somebody wants to see it, not with each column: `bound` tells that it fits. Values of a row of a temporary table are all
 * fields, and own their bytes.
 *
 * The object stays with its cursor from one update to the next, and so does the memory of small values.
 */
#pragma once

#include "record/record_compress.h"
#include "table/table_temp_private.h"
#include "table/table_update.h"

enum {
    ESE_TABLE__UPDATE_LID =
        0x40000000, /* marks long-value ids of a row of a temporary table in preparation */
    ESE_TABLE__PLACEMENT_BITS = JET_bitSetSeparateLV | JET_bitSetIntrinsicLV |
                                JET_bitSetCompressed | JET_bitSetUncompressed,
};

/* Memory for values, given back all at once; the largest block stays for the next update. */
typedef struct ese_table__pool_block {
    struct ese_table__pool_block *next;
    size_t size;
} ese_table__pool_block;

typedef struct ese_table__pool {
    ese_table__pool_block *blocks; /* newest and largest first */
    size_t used;                   /* of the newest */
} ese_table__pool;

/* One value. */
typedef struct ese_table__item {
    uint8_t *data;   /* as it is to stand in the record */
    size_t size;     /* of data */
    size_t capacity; /* 0: borrowed from the base */
    JET_GRBIT
    placement; /* JET_bitSetSeparateLV, JET_bitSetIntrinsicLV, JET_bitSetCompressed, JET_bitSetUncompressed */
    uint8_t form; /* ese_record_form of `data` */
    bool is_heap; /* `data` is a block of its own */
    bool
        is_separated; /* temporary tables: in the record as it was encoded last only a reference is there */
    bool is_own;        /* SEPARATED: a long value that this update has made */
    bool is_compressed; /* SEPARATED, own: its chunks are compressed */
    uint32_t long_size; /* SEPARATED, own: bytes of it, and */
    uint32_t root_size; /* what its root says */
    uint64_t stamp;     /* SEPARATED, own: clock of the session when it was made */
} ese_table__item;

/* A column with something to say in the record. */
typedef struct ese_table__field {
    const ese_schema_column *column;
    uint32_t rank; /* its place in the record: ese_table__rank */
    bool
        is_absent; /* without items: not in the record, so that the default applies; else an explicit NULL */
    bool is_array;    /* had more than two values: keeps the form for many */
    uint32_t n_items; /* 0 = NULL */
    uint32_t capacity;
    ese_table__item one;    /* the item, when capacity is 1 */
    ese_table__item *items; /* in the pool, when it is more */
} ese_table__field;

/* What updates need to know of a table; made from its descriptor when the first update is prepared. */
typedef struct ese_table__layout {
    const ese_schema_table *table;
    const ese_schema_column *fixed[ESE_RECORD_FIXED_LAST + 1]; /* by id */
    const ese_schema_column *variable[ESE_RECORD_VARIABLE_LAST - ESE_RECORD_VARIABLE_FIRST + 1];
    const ese_schema_column *auto_increment; /* NULL: none */
    const ese_schema_column *version;
    unsigned n_not_null;
    const ese_schema_column **not_null; /* columns that must have a value */
    ese_growbuf defaults;               /* the record that an insertion starts from */
} ese_table__layout;

typedef struct ese_table__update {
    bool is_active; /* an update is in preparation */
    uint32_t prep;
    uint64_t stamp; /* clock of the session when it was prepared */
    bool is_in_transaction;
    bool is_encoded; /* `record` is the encoding of base and fields */
    bool is_changed; /* a column was set */
    bool has_own;    /* a long value was made: items may be `is_own` */
    JET_ERR broken;  /* a long value was left half changed: the update can only be cancelled */
    ese_table__row *original; /* temporary tables: held; NULL for an insertion */
    ese_growbuf bookmark;     /* databases: key of the original */
    ese_growbuf base;
    ese_growbuf old_base; /* what fields may still borrow from after ese_table__update_rebase */
    ese_record base_record;
    ese_table__layout layout;
    ese_table__pool pool;
    ese_table__field *fields; /* by rank */
    size_t n_fields;
    size_t fields_capacity;
    uint64_t n_moves;       /* how often values were moved to the tree of long values */
    size_t record_max;      /* bytes of the largest record of the table */
    size_t bound;           /* the record is not larger */
    size_t fixed_end;       /* of the fixed columns and */
    uint32_t variable_last; /* highest variable column that `bound` counts */
    ese_growbuf record;
    ese_growbuf next;       /* an encoding being made */
    ese_growbuf columns;    /* ese_record_column of each field, while encoding */
    ese_growbuf values;     /* ese_record_value of each item */
    ese_growbuf references; /* long-value references of separated items of temporary tables */
    ese_growbuf chunk;      /* a chunk of a long value, and */
    ese_record_compressor *compressor; /* made when it is needed */
    ese_growbuf packed;                /* compressed; table_update_lv.c */
    ese_growbuf list;                  /* values on their way into the tree */
    ese_growbuf keys;                  /* table_update_index.c */
    ese_growbuf key_places;
} ese_table__update;

/* The update in preparation, or NULL. */
static inline ese_table__update *
ese_table__update_of(const ese_table_cursor *cursor)
{
    ese_table__update *update = cursor->update;

    return update != NULL && update->is_active ? update : NULL;
}

static inline ese_table__item *
ese_table__field_items(ese_table__field *field)
{
    return field->capacity > 1 ? field->items : &field->one;
}

/* An untagged column that is not in the record, although a call looked at it. */
static inline bool
ese_table__field_says_nothing(const ese_table__field *field)
{
    return field->is_absent && field->n_items == 0 && field->column->fid < ESE_RECORD_TAGGED_FIRST;
}

static inline bool
ese_table__is_long(const ese_schema_column *column)
{
    return column->coltyp == JET_coltypLongBinary || column->coltyp == JET_coltypLongText;
}

/* Order of columns in a record: by id, tagged ones of the template table before the others. */
static inline uint32_t
ese_table__rank(const ese_schema_column *column)
{
    bool is_late = column->fid >= ESE_RECORD_TAGGED_FIRST && !column->is_derived;

    return column->fid | (is_late ? 0x10000U : 0U);
}

/* ---- table_update.c */

/* The object of the cursor, made when there is none. */
JET_ERR ese_table__update_create(ese_table_cursor *cursor);

/* The field of a column, made when there is none: with the values of the base. */
JET_ERR ese_table__update_field(ese_table_cursor *cursor, const ese_schema_column *column,
                                ese_table__field **field_out);

/* The field of a column; NULL: there is none. */
ese_table__field *ese_table__update_find(const ese_table__update *update, uint32_t rank);

/* JET_errPermissionDenied, JET_errTransReadOnly, JET_errIllegalOperation for a sort whose rows are being read. */
JET_ERR ese_table__update_check_writable(const ese_table_cursor *cursor);

/* The update is over: forgets its values, but for long values it has made in the tree. */
void ese_table__update_end(ese_table_cursor *cursor);

/* ---- table_update_set.c */

/* A new value at the place of another one, or behind the last one. Takes the item over on success. */
JET_ERR ese_table__store_item(ese_table_cursor *cursor, ese_table__field *field, uint32_t index,
                              ese_table__item *item_inout);

JET_ERR ese_table__value_too_big(const ese_schema_column *column, uint64_t size);

/* ---- table_update_layout.c */

/* The default as it stands in a record: a fixed Bit is 0 or 0xff there, while the catalog of some files has 1. */
ese_bytes ese_table__default_in_record(const ese_schema_column *column);

/* Makes the layout fit the descriptor of the cursor. */
JET_ERR ese_table__layout_bind(ese_table_cursor *cursor, ese_table__layout *layout);
void ese_table__layout_clear(ese_table__layout *layout);

/* ---- table_update_encode.c */

/* Bytes of the largest record of the table. */
size_t ese_table__record_max(const ese_table_cursor *cursor);

/* Starts from nothing, or from the record in update->base. */
JET_ERR ese_table__update_start(ese_table_cursor *cursor);

/* Highest column id up to `last` that a field has, or `least`. */
uint32_t ese_table__highest_field(const ese_table__update *update, uint32_t least, uint32_t last);

/* Encodes the record unless it is. On failure (JET_errRecordTooBig) the old encoding stays. */
JET_ERR ese_table__update_encode(ese_table_cursor *cursor);

/*
 * The field of a column changed: is the record still small enough? Its values have grown by at most `more` bytes. Long values are separated to make
 * it fit; JET_errRecordTooBig when that is not enough: the caller takes its change back. Fields may move.
 */
JET_ERR ese_table__update_fit(ese_table_cursor *cursor, const ese_schema_column *column,
                              size_t more);

/* The same for a column without a field, when it is certain without encoding the record. False: nothing is known yet. */
bool ese_table__update_has_room(ese_table__update *update, const ese_schema_column *column,
                                size_t more);

/* ---- table_update_direct.c */

enum { ESE_TABLE__ENCODE_SLACK = 64 }; /* room beside `bound` */

/* Encodes a plain record of at most `max` bytes into update->next. *is_done_out = false: it is not plain. */
JET_ERR ese_table__encode_directly(ese_table__update *update, size_t max, bool *is_done_out);

/* ---- table_update_temp.c */

JET_ERR ese_table__temp_prepare(ese_table_cursor *cursor, uint32_t prep);
JET_ERR ese_table__temp_update(ese_table_cursor *cursor, void *to, uint32_t room,
                               uint32_t *size_out);
JET_ERR ese_table__temp_delete(ese_table_cursor *cursor);
JET_ERR ese_table__temp_check_writable(const ese_table_cursor *cursor);

/* ---- table_update_item.c */

void ese_table__pool_clear(ese_table__pool *pool);
void ese_table__pool_destroy(ese_table__pool *pool);

/* n bytes, aligned for any type, not initialised. */
JET_ERR ese_table__pool_alloc(ese_table__pool *pool, size_t n, void *pointer_out);

/* A copy of the bytes. */
JET_ERR ese_table__item_make(ese_table__update *update, ese_bytes bytes, ese_table__item *item_out);

/* Room for `size` bytes of its own; what there is stays. */
JET_ERR ese_table__item_reserve(ese_table__update *update, ese_table__item *item, size_t size);
void ese_table__item_clear(ese_table__item *item);

/* Room for one more item. */
JET_ERR ese_table__field_reserve(ese_table__update *update, ese_table__field *field);
void ese_table__field_insert(ese_table__field *field, uint32_t index, ese_table__item item);
ese_table__item ese_table__field_remove(ese_table__field *field, uint32_t index);
