/* Replacements by difference: runs of new bytes, in ascending order of where they go in the old data. */
#include "log/log_record.h"

enum {
    SAME_LENGTH = 1, /* flags of a run, whatever its form */
    INSERT = 2,
    TWO_BYTES = 4,
    OFFSET_MASK = 0x1fff, /* form 1 */
    FLAGS_SHIFT = 13,
    WIDE_FLAGS_SHIFT = 5, /* form 2 */
};

typedef struct run {
    size_t offset; /* in the old data */
    size_t n_old;
    ese_bytes new;
} run;

typedef struct cursor {
    const uint8_t *at;
    size_t left;
} cursor;

static bool
take_number(cursor *from, size_t width, size_t *number_out)
{
    if (from->left < width)
        return false;
    *number_out = width == 1 ? from->at[0] : ese_load_le16(from->at);
    from->at += width;
    from->left -= width;
    return true;
}

static bool
take_head(cursor *from, bool is_wide, size_t *offset_out, unsigned *flags_out)
{
    size_t word = 0, flags = 0;

    if (!take_number(from, 2, &word) || (is_wide && !take_number(from, 1, &flags)))
        return false;
    *offset_out = is_wide ? word : word & OFFSET_MASK;
    *flags_out = (unsigned)(is_wide ? flags >> WIDE_FLAGS_SHIFT : word >> FLAGS_SHIFT) & 7;
    return true;
}

static bool
take_run(cursor *from, bool is_wide, run *run_out)
{
    unsigned flags = 0;
    size_t width, n_new = 0, n_old = 0;

    if (!take_head(from, is_wide, &run_out->offset, &flags))
        return false;
    width = (flags & TWO_BYTES) != 0 ? 2 : 1;
    if (!take_number(from, width, &n_new))
        return false;
    if ((flags & SAME_LENGTH) != 0)
        n_old = n_new;
    else if ((flags & INSERT) == 0 && !take_number(from, width, &n_old))
        return false;
    if (from->left < n_new)
        return false;
    run_out->n_old = n_old;
    run_out->new = (ese_bytes){from->at, n_new};
    from->at += n_new;
    from->left -= n_new;
    return true;
}

static JET_ERR
refuse(void)
{
    return ese_raise(JET_errLogFileCorrupt, "a difference does not fit the data it changes");
}

JET_ERR
ese_log_diff_measure(ese_bytes diff, bool is_wide, size_t old_size, size_t *size_out)
{
    cursor from = {diff.data, diff.size};
    size_t done = 0, size = 0;

    while (from.left != 0) {
        run next;

        if (!take_run(&from, is_wide, &next) || next.offset < done || next.offset > old_size ||
            next.n_old > old_size - next.offset)
            return refuse();
        size += next.offset - done + next.new.size;
        done = next.offset + next.n_old;
    }
    *size_out = size + (old_size - done);
    return JET_errSuccess;
}

JET_ERR
ese_log_diff_apply(ese_bytes diff, bool is_wide, ese_bytes old, uint8_t *to, size_t room,
                   size_t *size_out)
{
    cursor from = {diff.data, diff.size};
    size_t done = 0, size = 0;
    JET_ERR err = ese_log_diff_measure(diff, is_wide, old.size, &size);
    run next;

    if (err < JET_errSuccess)
        return err;
    if (size > room)
        return refuse();
    while (from.left != 0 && take_run(&from, is_wide, &next)) {
        memcpy(to, old.data + done, next.offset - done);
        to += next.offset - done;
        memcpy(to, next.new.data, next.new.size);
        to += next.new.size;
        done = next.offset + next.n_old;
    }
    if (done < old.size)
        memcpy(to, old.data + done, old.size - done);
    *size_out = size;
    return JET_errSuccess;
}

/* ---- encoding */

typedef struct encoder {
    ese_bytes old, new;
    bool is_wide;
    uint8_t *to;
    size_t size;
    bool is_too_long;
} encoder;

/* Old bytes from `offset` on, n_old of them, become new bytes from `from` on, n_new of them. */
static void
put_run(encoder *e, size_t offset, size_t n_old, size_t from, size_t n_new)
{
    size_t width = n_old > UINT8_MAX || n_new > UINT8_MAX ? 2 : 1;
    unsigned kind = n_old == n_new ? SAME_LENGTH : n_old == 0 ? INSERT : 0;
    unsigned flags = kind | (width == 2 ? TWO_BYTES : 0u);
    size_t head = (e->is_wide ? 3u : 2u) + width + (kind == 0 ? width : 0u);
    uint8_t *at = e->to + e->size;

    e->is_too_long = e->is_too_long || head + n_new >= e->new.size - e->size;
    if (e->is_too_long)
        return;
    if (e->is_wide) {
        ese_store_le16(at, (uint16_t)offset);
        at[2] = (uint8_t)(flags << WIDE_FLAGS_SHIFT);
        at += 3;
    } else {
        ese_store_le16(at, (uint16_t)(offset | flags << FLAGS_SHIFT));
        at += 2;
    }
    for (unsigned i = 0; i < (kind == 0 ? 2u : 1u); i++, at += width) {
        size_t n = i == 0 ? n_new : n_old;

        if (width == 1)
            *at = (uint8_t)n;
        else
            ese_store_le16(at, (uint16_t)n);
    }
    memcpy(at, e->new.data + from, n_new);
    e->size += head + n_new;
}

/* Equal bytes between two differences that are worth another run. */
enum { GAP_MIN = 5 };

/* Runs of one length each, of what differs in old and new bytes from `offset` on, `n` of both. */
static void
put_same_length(encoder *e, size_t offset, size_t n)
{
    const uint8_t *old = e->old.data + offset, *new = e->new.data + offset;
    size_t i = 0;

    while (i < n) {
        size_t first = i, end;

        if (old[i] == new[i]) {
            i++;
            continue;
        }
        for (end = i; i < n && i - end < GAP_MIN; i++) {
            if (old[i] != new[i])
                end = i + 1;
        }
        put_run(e, offset + first, end - first, offset + first, end - first);
    }
}

size_t
ese_log_diff_encode(ese_bytes old, ese_bytes new, bool is_wide, uint8_t *to)
{
    encoder e = {.old = old, .new = new, .is_wide = is_wide, .to = to};
    size_t n = old.size < new.size ? old.size : new.size;
    size_t n_front = 0, n_back = 0;

    if (old.size > (is_wide ? (size_t)UINT16_MAX : (size_t)OFFSET_MASK))
        return 0;
    while (n_front < n && old.data[n_front] == new.data[n_front])
        n_front++;
    while (n_back < n - n_front &&
           old.data[old.size - 1 - n_back] == new.data[new.size - 1 - n_back])
        n_back++;
    if (old.size == new.size)
        put_same_length(&e, n_front, n - n_front - n_back);
    else
        put_run(&e, n_front, old.size - n_front - n_back, n_front, new.size - n_front - n_back);
    return e.is_too_long ? 0 : e.size;
}
