/*
 * Limits of ranges, and the substrings of a tuple index.
 *
 * INV-1  A limit that lies above all keys with its prefix is filled with ff up to key_most + 1 bytes, one more
 *        than any stored key has; a binary prefix needs only to outlast its group.
 */
#include "record/record_key_private.h"

enum {
    SORT_SEPARATOR = 1,
    GROUP = ESE_RECORD__KEY_GROUP,
};

/* Appends `n` bytes ff, at most to the length of a limit. */
static void
fill(ese_record_key *key, const ese_record_key_rules *rules, size_t n)
{
    size_t most = (size_t)rules->key_most + 1;
    size_t left = most > key->size ? most - key->size : 0;

    if (n > left)
        n = left;
    memset(key->bytes + key->size, 0xff, n);
    key->size += n;
}

/* End of the primary weights of a sort key that starts at `start`. They are pairs of which the first is never 01. */
static size_t
end_of_primary(const ese_record_key *key, size_t start, uint8_t inversion)
{
    size_t i = start;

    while (i < key->size && (key->bytes[i] ^ inversion) != SORT_SEPARATOR)
        i += 2;
    return i < key->size ? i : key->size;
}

/* Takes away what stands behind the characters of a text, so that longer texts match. */
static void
drop_text_end(ese_record_key *key, const ese_record_key_rules *rules,
              const ese_record_key_column *column, size_t start)
{
    uint8_t inversion = column->is_descending ? 0xff : 0;
    bool is_unicode = ese_record__key_kind_of(column) == ESE_RECORD__KEY_UNICODE;

    if (is_unicode && (rules->lcmap_flags & ESE_RECORD__UPPERCASE) == 0)
        key->size = end_of_primary(key, start + 1, inversion);
    else if (!key->is_truncated && (key->bytes[key->size - 1] ^ inversion) == 0)
        key->size -= is_unicode ? 2 : 1;
}

/* Takes away padding and marker behind the bytes of a value; returns how many bytes that were. */
static size_t
drop_group_end(ese_record_key *key, size_t start, size_t value_size)
{
    size_t groups_before = (value_size - 1) / GROUP;
    size_t end = start + 1 + value_size + groups_before;
    size_t dropped;

    if (end > key->size)
        end = key->size;
    dropped = key->size - end;
    key->size = end;
    return dropped;
}

static bool
is_prefix_limit(ese_record_key_limit limit)
{
    return limit == ESE_RECORD_KEY_PREFIX_START || limit == ESE_RECORD_KEY_PREFIX_END;
}

static void
limit_text(ese_record_key *key, const ese_record_key_rules *rules,
           const ese_record_key_column *column, size_t start, ese_record_key_limit limit)
{
    if (is_prefix_limit(limit) || limit == ESE_RECORD_KEY_SUBSTRING_END)
        drop_text_end(key, rules, column, start);
    if (limit != ESE_RECORD_KEY_PREFIX_START && limit != ESE_RECORD_KEY_COLUMN_START)
        fill(key, rules, rules->key_most + 1U);
}

static void
limit_binary(ese_record_key *key, const ese_record_key_rules *rules, size_t start,
             size_t value_size, ese_record_key_limit limit)
{
    size_t dropped;

    if (limit == ESE_RECORD_KEY_COLUMN_END)
        fill(key, rules, rules->key_most + 1U);
    if (!is_prefix_limit(limit) && limit != ESE_RECORD_KEY_STRING_END)
        return;
    dropped = drop_group_end(key, start, value_size);
    if (limit != ESE_RECORD_KEY_PREFIX_START)
        fill(key, rules, dropped + 1);
}

JET_ERR
ese_record_key_append_limit(ese_record_key *key, const ese_record_key_rules *rules,
                            const ese_record_key_column *column, const ese_bytes *value,
                            ese_record_key_limit limit)
{
    JET_ERR err;
    ese_record__key_kind kind = ese_record__key_kind_of(column);
    size_t start = key->size;
    bool has_text = kind >= ESE_RECORD__KEY_LATIN;
    bool has_value = value != NULL && value->size > 0 && !key->is_truncated;

    if (kind == ESE_RECORD__KEY_NUMBER && is_prefix_limit(limit))
        return ese_raise(JET_errInvalidGrbit, "a value of fixed size has no prefix");
    ESE_TRY(ese_record_key_append(key, rules, column, value));
    if (limit == ESE_RECORD_KEY_SUBSTRING_END && !has_text)
        goto out;
    if (has_value && has_text)
        limit_text(key, rules, column, start, limit);
    else if (has_value && kind == ESE_RECORD__KEY_BINARY)
        limit_binary(key, rules, start, value->size, limit);
    else if (limit != ESE_RECORD_KEY_PREFIX_START && limit != ESE_RECORD_KEY_COLUMN_START)
        fill(key, rules, rules->key_most + 1U);
out:
    return err;
}

bool
ese_record_tuple_at(const ese_record_tuple_limits *limits, bool is_utf16, ese_bytes value,
                    uint32_t index, ese_bytes *tuple_out)
{
    uint64_t width = is_utf16 ? 2 : 1;
    uint64_t increment =
        limits->increment > 0 ? limits->increment : 1; /* 0 stands for the default */
    uint64_t start = (limits->start + index * increment) * width;
    uint64_t most = limits->length_max * width;
    uint64_t left = value.size / width * width;

    if (index >= limits->to_index_max || start > left)
        return false;
    left -= start;
    if (left > most)
        left = most;
    if (left == 0 || left < limits->length_min * width)
        return false;
    *tuple_out = (ese_bytes){value.data + start, (size_t)left};
    return true;
}
