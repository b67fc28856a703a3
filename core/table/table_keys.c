/*
 * The entries a record has in an index: keys specification, sections 1, 4 and 5.
 *
 * One entry is chosen by a sequence number per segment: all 1 for a plain index, running over the values of the first
 * multi-valued segment, over all combinations (cross product) or in step (nested table). A tuple index adds substrings
 * of the first segment.
 */
#include "table/table_private.h"

enum { TUPLES_MAX = 32768, COMBINATIONS_MAX = 1 << 20 };

/* Which value of each segment an entry is made of (from 0); a tuple index also has a substring number. */
typedef struct key_choice {
    uint32_t value[ESE_RECORD_KEY_SEGMENTS_MAX];
    uint32_t tuple;
} key_choice;

typedef struct key_maker {
    ese_table_cursor *cursor;
    const ese_record *record;
    const ese_schema_index *index;
    bool
        is_new; /* the record is about to be written: what the index refuses is the caller's error */
} key_maker;

/* The segments of one entry that are NULL. */
typedef struct null_count {
    unsigned n;
    bool first;
} null_count;

static bool
is_stored(uint32_t flags, null_count nulls, unsigned n_segments)
{
    if (nulls.n == 0)
        return true;
    if (nulls.n == n_segments)
        return (flags & ESE_SCHEMA_INDEX_ALLOW_ALL_NULLS) != 0;
    return (flags & (nulls.first ? ESE_SCHEMA_INDEX_ALLOW_FIRST_NULL
                                 : ESE_SCHEMA_INDEX_ALLOW_SOME_NULLS)) != 0;
}

static bool
is_unicode(const ese_schema_column *column)
{
    return column->code_page == 1200 &&
           (column->coltyp == JET_coltypText || column->coltyp == JET_coltypLongText);
}

/*
 * The bytes of a value as far as a key can need them. A key of the default length looks at no more than 255 bytes of a value; a
 * tuple index must get to where its substring begins.
 */
static JET_ERR
load_for_key(const key_maker *maker, const ese_record_value *value, ese_bytes *bytes_out)
{
    const ese_record_key_rules *rules = &maker->index->rules;
    const ese_record_tuple_limits *tuple = &maker->index->tuple;
    uint32_t tuples_end = tuple->start + tuple->to_index_max * tuple->increment + tuple->length_max;
    uint32_t limit = maker->index->is_tuple                           ? 2 * tuples_end
                     : rules->key_most == ESE_RECORD_KEY_MOST_DEFAULT ? ESE_RECORD_KEY_MOST_DEFAULT
                                                                      : 2 * ESE_PAGE_SIZE_MAX;
    ese_growbuf *to = &maker->cursor->key_bytes;
    ese_table__part part = {0, limit, to};
    ese_table__loaded loaded;
    JET_ERR err;

    ese_growbuf_clear(to);
    err = ese_table__load_value(maker->cursor, value, &part, &loaded);
    if (err < JET_errSuccess)
        return err;
    *bytes_out =
        loaded.is_borrowed ? loaded.borrowed : (ese_bytes){to->data + loaded.start, loaded.size};
    return JET_errSuccess;
}

/* Appends segment `i`; *exists_out = false when a tuple index has no such substring. */
static JET_ERR
append_segment(const key_maker *maker, unsigned i, const key_choice *choice, ese_record_key *key,
               bool *is_null_out, bool *exists_out)
{
    const ese_schema_segment *segment = &maker->index->segments[i];
    ese_record_key_column column = ese_table__key_column(segment);
    ese_table__value value;
    ese_bytes bytes = {0};
    JET_ERR err;

    *exists_out = true;
    ESE_TRY(ese_table__get_value(maker->record, segment->column, choice->value[i], &value));
    *is_null_out = value.state == ESE_TABLE_NULL;
    if (value.state == ESE_TABLE_VALUE)
        ESE_TRY(load_for_key(maker, &value.value, &bytes));
    if (maker->index->is_tuple && i == 0) {
        *exists_out =
            !*is_null_out && ese_record_tuple_at(&maker->index->tuple, is_unicode(segment->column),
                                                 bytes, choice->tuple, &bytes);
        if (!*exists_out)
            return JET_errSuccess;
    }
    err = ese_record_key_append(key, &maker->index->rules, &column, *is_null_out ? NULL : &bytes);
    if (err < JET_errSuccess && !ese_table_is_temporary(maker->cursor) && !maker->is_new)
        err = ese_raise(JET_errDatabaseCorrupted, "a value has no key in index '%s': %s",
                        maker->index->name, ese_err_text(err));
out:
    return err < JET_errSuccess ? ese_table__say_where(maker->cursor, err) : err;
}

static JET_ERR
check_key(const key_maker *maker, null_count nulls, const ese_record_key *key)
{
    const ese_schema_index *index = maker->index;

    if (nulls.n != 0 && (index->flags & ESE_SCHEMA_INDEX_NO_NULL) != 0)
        return ese_raise(JET_errNullKeyDisallowed, "index '%s' takes no NULL", index->name);
    if (key->is_truncated && (index->flags & ESE_SCHEMA_INDEX_DISALLOW_TRUNCATION) != 0)
        return ese_raise(JET_errKeyTruncated, "a key of index '%s' would be longer than %u bytes",
                         index->name, (unsigned)index->rules.key_most);
    return JET_errSuccess;
}

/* *exists_out = false: no such tuple, or the null rules keep the entry out. */
static JET_ERR
make_key(const key_maker *maker, const key_choice *choice, ese_record_key *key, bool *exists_out)
{
    null_count nulls = {0, false};
    bool is_null = false, exists = true;
    JET_ERR err = JET_errSuccess;

    ese_record_key_start(key);
    for (unsigned i = 0; exists && i < maker->index->n_segments; i++) {
        ESE_TRY(append_segment(maker, i, choice, key, &is_null, &exists));
        nulls.n += is_null;
        nulls.first |= is_null && i == 0;
    }
    if (exists && maker->is_new)
        ESE_TRY(check_key(maker, nulls, key));
    *exists_out = exists && is_stored(maker->index->flags, nulls, maker->index->n_segments);
out:
    return err;
}

/* Conditional columns: the record is in the index only if each is NULL, or not, as it must be. */
static JET_ERR
meets_conditions(const key_maker *maker, bool *meets_out)
{
    JET_ERR err = JET_errSuccess;

    *meets_out = true;
    for (unsigned i = 0; i < maker->index->n_conditions; i++) {
        const ese_schema_segment *condition = &maker->index->conditions[i];
        ese_table__value value;

        ESE_TRY(ese_table__get_value(maker->record, condition->column, 0, &value));
        if ((value.state == ESE_TABLE_NULL) != condition->must_be_null)
            *meets_out = false;
    }
out:
    return err;
}

static bool
is_multi_valued(const ese_schema_column *column)
{
    return column->fid >= ESE_RECORD_TAGGED_FIRST && (column->flags & ESE_SCHEMA_MULTI_VALUED) != 0;
}

/* How many values each segment runs over: 1 but for those that the kind of index lets run. */
static JET_ERR
count_choices(const key_maker *maker, uint32_t counts[ESE_RECORD_KEY_SEGMENTS_MAX],
              uint32_t *most_out)
{
    uint32_t flags = maker->index->flags;
    bool all_run = (flags & (ESE_SCHEMA_INDEX_CROSS_PRODUCT | ESE_SCHEMA_INDEX_NESTED_TABLE)) != 0;
    bool has_run = false;
    JET_ERR err = JET_errSuccess;

    *most_out = 1;
    for (unsigned i = 0; i < maker->index->n_segments; i++) {
        const ese_schema_column *column = maker->index->segments[i].column;

        counts[i] = 1;
        if (!is_multi_valued(column) || (has_run && !all_run))
            continue;
        has_run = true;
        ESE_TRY(ese_table__count_values(maker->record, column, &counts[i]));
        if (counts[i] == 0)
            counts[i] = 1;
        if (counts[i] > *most_out)
            *most_out = counts[i];
    }
out:
    return err;
}

/* One choice of values: a single entry, or one per substring. */
static JET_ERR
visit_choice(const key_maker *maker, key_choice *choice, const ese_table_entries_ops *ops)
{
    uint32_t n_tuples = maker->index->is_tuple ? maker->index->tuple.to_index_max : 1;
    ese_record_key key;
    bool exists = true;
    JET_ERR err = JET_errSuccess;

    for (choice->tuple = 0; choice->tuple < n_tuples && choice->tuple < TUPLES_MAX;
         choice->tuple++) {
        ESE_TRY(make_key(maker, choice, &key, &exists));
        if (exists)
            ESE_TRY(ops->visit(ops->self, (ese_bytes){key.bytes, key.size}));
        else if (maker->index->is_tuple)
            break;
    }
out:
    return err;
}

/* Like an odometer, the last segment fastest. */
static bool
next_combination(uint32_t *value, const uint32_t *counts, unsigned n)
{
    for (unsigned i = n; i-- > 0;) {
        if (++value[i] < counts[i])
            return true;
        value[i] = 0;
    }
    return false;
}

static JET_ERR
visit_cross_product(const key_maker *maker, const uint32_t *counts,
                    const ese_table_entries_ops *ops)
{
    key_choice choice = {0};
    uint32_t n = 0;
    JET_ERR err;

    do {
        if (n++ == COMBINATIONS_MAX)
            return ese_raise(JET_errDatabaseCorrupted,
                             "table '%s': a record with too many entries in index '%s'",
                             maker->cursor->table->name, maker->index->name);
        err = visit_choice(maker, &choice, ops);
    } while (err >= JET_errSuccess &&
             next_combination(choice.value, counts, maker->index->n_segments));
    return err;
}

/* The k-th values of all running segments together; a segment with fewer values is NULL there in a nested table. */
static JET_ERR
visit_in_step(const key_maker *maker, const uint32_t *counts, uint32_t most,
              const ese_table_entries_ops *ops)
{
    bool is_nested = (maker->index->flags & ESE_SCHEMA_INDEX_NESTED_TABLE) != 0;
    key_choice choice = {0};
    JET_ERR err = JET_errSuccess;

    for (uint32_t k = 0; k < most; k++) {
        for (unsigned i = 0; i < maker->index->n_segments; i++) {
            bool runs =
                counts[i] > 1 || (is_nested && is_multi_valued(maker->index->segments[i].column));

            choice.value[i] = runs ? k : 0;
        }
        ESE_TRY(visit_choice(maker, &choice, ops));
    }
out:
    return err;
}

static JET_ERR
check_key_known(const ese_table_cursor *cursor, const ese_schema_index *index)
{
    if (index->is_key_known)
        return JET_errSuccess;
    return ese_raise(index == cursor->table->primary ? JET_errPrimaryIndexCorrupted
                                                     : JET_errSecondaryIndexCorrupted,
                     "index '%s' was made with a sort version whose order is not known here",
                     index->name);
}

static JET_ERR
visit_entries(const key_maker *maker, const ese_table_entries_ops *ops)
{
    uint32_t counts[ESE_RECORD_KEY_SEGMENTS_MAX];
    uint32_t most = 1;
    bool meets = false;
    JET_ERR err;

    ESE_TRY(check_key_known(maker->cursor, maker->index));
    ESE_TRY(meets_conditions(maker, &meets));
    if (!meets)
        return JET_errSuccess;
    ESE_TRY(count_choices(maker, counts, &most));
    ESE_TRY(maker->index->flags & ESE_SCHEMA_INDEX_CROSS_PRODUCT
                ? visit_cross_product(maker, counts, ops)
                : visit_in_step(maker, counts, most, ops));
out:
    return err;
}

JET_ERR
ese_table__entries_of(ese_table_cursor *cursor, const ese_record *record,
                      const ese_schema_index *index, const ese_table_entries_ops *ops)
{
    const key_maker maker = {cursor, record, index, false};

    return visit_entries(&maker, ops);
}

JET_ERR
ese_table__new_entries_of(ese_table_cursor *cursor, const ese_record *record,
                          const ese_schema_index *index, const ese_table_entries_ops *ops)
{
    const key_maker maker = {cursor, record, index, true};

    return visit_entries(&maker, ops);
}

/* Has a record just one entry there, made of values that it has once? */
static bool
is_simple(const ese_schema_index *index)
{
    bool is_simple = index->n_conditions == 0 && !index->is_tuple && index->is_key_known;

    for (unsigned i = 0; i < index->n_segments; i++)
        is_simple &= index->segments[i].column->fid < ESE_RECORD_TAGGED_FIRST;
    return is_simple;
}

/* Of the entries in a primary index the last one counts. */
static JET_ERR
keep_key(void *self, ese_bytes key)
{
    ese_record_key *kept = self;

    memcpy(kept->bytes, key.data, key.size);
    kept->size = key.size;
    return JET_errSuccess;
}

JET_ERR
ese_table__new_primary_key(ese_table_cursor *cursor, const ese_record *record,
                           const ese_schema_index *primary, ese_record_key *key_out)
{
    const key_maker maker = {cursor, record, primary, true};
    const ese_table_entries_ops ops = {key_out, keep_key};
    static const key_choice first = {.tuple = 0};
    bool exists = true;
    JET_ERR err;

    if (!is_simple(primary)) {
        ese_record_key_start(key_out);
        return visit_entries(&maker, &ops);
    }
    err = make_key(&maker, &first, key_out, &exists);
    if (!exists)
        ese_record_key_start(key_out);
    return err;
}

JET_ERR
ese_table_entries(ese_table_cursor *cursor, const ese_schema_index *index,
                  const ese_table_entries_ops *ops)
{
    ese_record record;
    JET_ERR err = ese_table__current_record(cursor, &record);

    return err < JET_errSuccess ? err : ese_table__entries_of(cursor, &record, index, ops);
}

JET_ERR
ese_table__entry_key(ese_table_cursor *cursor, const ese_record *record,
                     const ese_schema_index *index, uint32_t itag, ese_record_key *key_out,
                     bool *exists_out)
{
    key_maker maker = {cursor, record, index, false};
    uint32_t counts[ESE_RECORD_KEY_SEGMENTS_MAX];
    key_choice choice = {0};
    uint32_t most = 1;
    bool meets = false;
    JET_ERR err;

    *exists_out = false;
    ESE_TRY(check_key_known(cursor, index));
    ESE_TRY(meets_conditions(&maker, &meets));
    ESE_TRY(count_choices(&maker, counts, &most));
    if (!meets || itag > most)
        return JET_errSuccess;
    for (unsigned i = 0; i < index->n_segments; i++) {
        if (is_multi_valued(index->segments[i].column)) {
            choice.value[i] = itag - 1;
            if (!(index->flags & ESE_SCHEMA_INDEX_NESTED_TABLE))
                break;
        }
    }
    ESE_TRY(make_key(&maker, &choice, key_out, exists_out));
out:
    return err;
}
