/*
 * Reading records. The header is checked once, when the record is opened; what an offset array says is
 * checked where it is followed, so that a row of thousands of columns costs only what is asked of it.
 */
#include "record/record.h"

enum {
    VARIABLE_NONE = ESE_RECORD_VARIABLE_FIRST - 1,
    VARIABLE_IS_NULL = 0x8000,
    VARIABLE_OFFSET = 0x7fff,
    SMALL_PAGE_MAX = 8192,
};

/* An entry of the tagged array: u16 column id, u16 offset and flags. Large pages need the flag bits for the offset. */
enum {
    ENTRY_SIZE = 4,
    ENTRY_IS_DERIVED = 0x8000,
    ENTRY_HAS_HEADER = 0x4000,
    ENTRY_IS_NULL = 0x2000,
    ENTRY_OFFSET_SMALL = 0x1fff,
    ENTRY_OFFSET_LARGE = 0x7fff,
};

/* The byte before a tagged value. */
enum {
    TAGGED_COMPRESSED = 0x02,
    TAGGED_SEPARATED = 0x04,
    TAGGED_MULTI = 0x08,
    TAGGED_TWO = 0x10,
    TAGGED_NULL = 0x20,
    TAGGED_ENCRYPTED = 0x40,
};

enum {
    MULTI_IS_SEPARATED = 0x8000,
    MULTI_OFFSET = 0x7fff,
};

static bool
is_large_page(const ese_record *record)
{
    return record->page_size > SMALL_PAGE_MAX;
}

static ese_bytes
slice(ese_bytes bytes, size_t from, size_t to)
{
    return (ese_bytes){bytes.data + from, to - from};
}

static unsigned
entry_id(const ese_record *record, uint32_t index)
{
    return ese_load_le16(record->tagged.data + (size_t)index * ENTRY_SIZE);
}

static unsigned
entry_word(const ese_record *record, uint32_t index)
{
    return ese_load_le16(record->tagged.data + (size_t)index * ENTRY_SIZE + 2);
}

static unsigned
offset_mask(uint32_t page_size)
{
    return page_size > SMALL_PAGE_MAX ? ENTRY_OFFSET_LARGE : ENTRY_OFFSET_SMALL;
}

static unsigned
entry_offset(const ese_record *record, uint32_t index)
{
    return entry_word(record, index) & offset_mask(record->page_size);
}

/* The tagged array ends where its first value starts. */
static JET_ERR
count_tagged(ese_bytes tagged, uint32_t page_size, uint32_t *n_out)
{
    size_t array_size;

    if (tagged.size < ENTRY_SIZE)
        return ese_raise(JET_errDatabaseCorrupted,
                         "%zu bytes left for the tagged columns of a record", tagged.size);
    array_size = ese_load_le16(tagged.data + 2) & offset_mask(page_size);
    if (array_size == 0 || array_size % ENTRY_SIZE != 0 || array_size > tagged.size)
        return ese_raise(JET_errDatabaseCorrupted,
                         "the first tagged column of a record is at byte %zu of %zu", array_size,
                         tagged.size);
    *n_out = (uint32_t)(array_size / ENTRY_SIZE);
    return JET_errSuccess;
}

/*
 * Sets the parts behind the fixed columns, which end at `end` together with their bitmap. Every scan comes through here: the parts
 * are stored where they stay, because copying a whole ese_record costs more than checking it.
 */
static JET_ERR
split(ese_bytes bytes, size_t end, uint32_t page_size, ese_record *record_out)
{
    size_t n = bytes.data[1] - (size_t)VARIABLE_NONE;
    size_t start = end + 2 * n;
    size_t size = 0;
    ese_bytes tagged;
    uint32_t n_tagged = 0;
    JET_ERR err = JET_errSuccess;

    if (start > bytes.size)
        return ese_raise(JET_errDatabaseCorrupted, "a record of %zu bytes has %zu variable columns",
                         bytes.size, n);
    if (n > 0)
        size = ese_load_le16(bytes.data + start - 2) & VARIABLE_OFFSET;
    if (size > bytes.size - start)
        return ese_raise(JET_errDatabaseCorrupted,
                         "the variable columns of a record of %zu bytes end at byte %zu",
                         bytes.size, start + size);
    tagged = slice(bytes, start + size, bytes.size);
    if (tagged.size != 0)
        ESE_TRY(count_tagged(tagged, page_size, &n_tagged));
    record_out->ends = bytes.data + end;
    record_out->variable = slice(bytes, start, start + size);
    record_out->tagged = tagged;
    record_out->n_tagged = n_tagged;
out:
    return err;
}

JET_ERR
ese_record_open(ese_bytes bytes, uint32_t page_size, ese_record *record_out)
{
    unsigned fixed_last, variable_last;
    size_t end, bitmap_size;
    JET_ERR err;

    if (bytes.size < ESE_RECORD_HEADER_SIZE)
        return ese_raise(JET_errDatabaseCorrupted, "a record of %zu bytes", bytes.size);
    fixed_last = bytes.data[0];
    variable_last = bytes.data[1];
    end = ese_load_le16(bytes.data + 2);
    bitmap_size = ((size_t)fixed_last + 7) / 8;
    if (fixed_last > ESE_RECORD_FIXED_LAST || variable_last < VARIABLE_NONE ||
        end < ESE_RECORD_HEADER_SIZE + bitmap_size || end > bytes.size)
        return ese_raise(
            JET_errDatabaseCorrupted,
            "a record of %zu bytes says last columns %u and %u, fixed columns end at byte %zu",
            bytes.size, fixed_last, variable_last, end);
    err = split(bytes, end, page_size, record_out);
    if (err < JET_errSuccess)
        return err;
    record_out->bytes = bytes;
    record_out->page_size = page_size;
    record_out->fixed_last = (uint16_t)fixed_last;
    record_out->variable_last = (uint16_t)variable_last;
    record_out->fixed_end = (uint32_t)(end - bitmap_size);
    record_out->null_bitmap = bytes.data + record_out->fixed_end;
    return err;
}

JET_ERR
ese_record_misplaced(const ese_record *record, ese_record_place place)
{
    return ese_raise(JET_errDatabaseCorrupted,
                     "fixed column %u ends at byte %u of a record, the fixed columns at %u",
                     (unsigned)place.id, (unsigned)place.offset + place.size,
                     (unsigned)record->fixed_end);
}

JET_ERR
ese_record_variable(const ese_record *record, uint32_t id, ese_record_state *state_out,
                    ese_bytes *value_out)
{
    size_t index = (size_t)id - ESE_RECORD_VARIABLE_FIRST;
    unsigned start, end;

    if (id < ESE_RECORD_VARIABLE_FIRST || id > record->variable_last) {
        *state_out = ESE_RECORD_ABSENT;
        return JET_errSuccess;
    }
    end = ese_load_le16(record->ends + 2 * index);
    if ((end & VARIABLE_IS_NULL) != 0) {
        *state_out = ESE_RECORD_NULL;
        return JET_errSuccess;
    }
    start = index == 0 ? 0 : ese_load_le16(record->ends + 2 * (index - 1)) & VARIABLE_OFFSET;
    if (start > end || end > record->variable.size)
        return ese_raise(JET_errDatabaseCorrupted, "variable column %u spans bytes %u to %u of %zu",
                         (unsigned)id, start, end, record->variable.size);
    *value_out = slice(record->variable, start, end);
    *state_out = ESE_RECORD_VALUE;
    return JET_errSuccess;
}

/* Position in the order of the array: derived columns come first. */
static unsigned
tagged_rank(unsigned id, bool is_derived)
{
    return is_derived ? id : id + 0x10000U;
}

JET_ERR
ese_record_tagged_find(const ese_record *record, uint32_t id, bool is_derived,
                       ese_record_tagged *tagged_out)
{
    unsigned wanted = tagged_rank(id, is_derived);
    uint32_t low = 0, high = record->n_tagged;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        bool derived = (entry_word(record, middle) & ENTRY_IS_DERIVED) != 0;
        unsigned rank = tagged_rank(entry_id(record, middle), derived);

        if (rank == wanted)
            return ese_record_tagged_at(record, middle, tagged_out);
        if (rank < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    *tagged_out =
        (ese_record_tagged){.id = id, .is_derived = is_derived, .state = ESE_RECORD_ABSENT};
    return JET_errSuccess;
}

/* How many values the body of a column holds, by its header byte. */
static JET_ERR
count_values(ese_record_tagged *tagged)
{
    unsigned first = 0;

    if ((tagged->header & (TAGGED_MULTI | TAGGED_TWO)) == 0) {
        tagged->n_values = 1;
        return JET_errSuccess;
    }
    if ((tagged->header & TAGGED_TWO) != 0) {
        if ((tagged->header & TAGGED_MULTI) != 0 && tagged->body.size >= 1 &&
            tagged->body.data[0] < tagged->body.size) {
            tagged->n_values = 2;
            return JET_errSuccess;
        }
    } else if (tagged->body.size >= 2) {
        first = ese_load_le16(tagged->body.data) & MULTI_OFFSET;
        if (first >= 2 && first % 2 == 0 && first <= tagged->body.size) {
            tagged->n_values = first / 2;
            return JET_errSuccess;
        }
    }
    return ese_raise(JET_errDatabaseCorrupted,
                     "the values of tagged column %u (header %02x, %zu bytes)",
                     (unsigned)tagged->id, tagged->header, tagged->body.size);
}

JET_ERR
ese_record_tagged_at(const ese_record *record, uint32_t index, ese_record_tagged *tagged_out)
{
    JET_ERR err;
    unsigned word = entry_word(record, index);
    size_t start = entry_offset(record, index);
    size_t end =
        index + 1 < record->n_tagged ? entry_offset(record, index + 1) : record->tagged.size;
    ese_record_tagged tagged = {
        .id = entry_id(record, index),
        .is_derived = (word & ENTRY_IS_DERIVED) != 0,
        .state = ESE_RECORD_VALUE,
    };
    bool has_header = is_large_page(record) ? end > start : (word & ENTRY_HAS_HEADER) != 0;
    bool is_null = !is_large_page(record) && (word & ENTRY_IS_NULL) != 0;

    if (tagged.id < ESE_RECORD_TAGGED_FIRST || start > end || end > record->tagged.size ||
        start < (size_t)record->n_tagged * ENTRY_SIZE || (has_header && !is_null && start == end))
        return ese_raise(JET_errDatabaseCorrupted, "tagged column %u spans bytes %zu to %zu of %zu",
                         (unsigned)tagged.id, start, end, record->tagged.size);
    if (has_header && start < end)
        tagged.header = record->tagged.data[start++];
    if (is_null || (is_large_page(record) && (tagged.header & TAGGED_NULL) != 0)) {
        tagged.state = ESE_RECORD_NULL;
    } else {
        tagged.body = slice(record->tagged, start, end);
        ESE_TRY(count_values(&tagged));
    }
    *tagged_out = tagged;
    err = JET_errSuccess;
out:
    return err;
}

/* Value `index` of the form with an array of offsets. */
static JET_ERR
multi_value(const ese_record_tagged *tagged, uint32_t index, ese_record_value *value)
{
    const uint8_t *offset = tagged->body.data + 2 * (size_t)index;
    unsigned word = ese_load_le16(offset);
    size_t start = word & MULTI_OFFSET;
    size_t end = tagged->body.size;

    if (index + 1 < tagged->n_values)
        end = ese_load_le16(offset + 2) & MULTI_OFFSET;
    if (start < 2 * (size_t)tagged->n_values || start > end || end > tagged->body.size)
        return ese_raise(JET_errDatabaseCorrupted,
                         "value %u of tagged column %u spans bytes %zu to %zu of %zu",
                         (unsigned)index + 1, (unsigned)tagged->id, start, end, tagged->body.size);
    value->bytes = slice(tagged->body, start, end);
    if ((word & MULTI_IS_SEPARATED) != 0)
        value->form |= ESE_RECORD_SEPARATED;
    else if (index == 0 && (tagged->header & TAGGED_COMPRESSED) != 0)
        value->form |= ESE_RECORD_COMPRESSED;
    return JET_errSuccess;
}

/* Value `index` of the form for two short values: u8 length of the first, both values. */
static void
one_of_two(const ese_record_tagged *tagged, uint32_t index, ese_record_value *value)
{
    size_t border = 1 + (size_t)tagged->body.data[0];

    value->bytes = index == 0 ? slice(tagged->body, 1, border)
                              : slice(tagged->body, border, tagged->body.size);
    if (index == 0 && (tagged->header & TAGGED_COMPRESSED) != 0)
        value->form |= ESE_RECORD_COMPRESSED;
}

bool
ese_record_tagged_is_array(const ese_record_tagged *tagged)
{
    return (tagged->header & (TAGGED_MULTI | TAGGED_TWO)) == TAGGED_MULTI;
}

JET_ERR
ese_record_tagged_value(const ese_record_tagged *tagged, uint32_t index,
                        ese_record_value *value_out)
{
    JET_ERR err = JET_errSuccess;
    ese_record_value value = {.bytes = tagged->body};

    if ((tagged->header & TAGGED_ENCRYPTED) != 0)
        value.form |= ESE_RECORD_ENCRYPTED;
    if ((tagged->header & TAGGED_TWO) != 0) {
        one_of_two(tagged, index, &value);
    } else if ((tagged->header & TAGGED_MULTI) != 0) {
        ESE_TRY(multi_value(tagged, index, &value));
    } else {
        if ((tagged->header & TAGGED_COMPRESSED) != 0)
            value.form |= ESE_RECORD_COMPRESSED;
        if ((tagged->header & TAGGED_SEPARATED) != 0)
            value.form |= ESE_RECORD_SEPARATED;
        if ((value.form & ESE_RECORD_COMPRESSED) != 0 && (value.form & ESE_RECORD_SEPARATED) != 0)
            return ese_raise(JET_errDatabaseCorrupted,
                             "tagged column %u is compressed and separated", (unsigned)tagged->id);
    }
    *value_out = value;
out:
    return err;
}
