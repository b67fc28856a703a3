/* Decoding, encoding and describing of log records by the table of their layouts. */
#include "log/log_record.h"

#include "log/log_record_private.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>

enum { SIGNATURE_SIZE = 28, MARK_SIZE = 24, LGPOS_SIZE = 8, TIME_SIZE = 8, WIDE_DIFF = 0x8000 };

/* A walk along the bytes of a record: how far, and where they end. */
typedef struct walk {
    ese_bytes from;
    size_t at;
    size_t end;  /* as LENGTH says; no further than a record can be long */
    size_t need; /* bytes that must be there to go on; > from.size: too few */
} walk;

static void *
member(ese_log_entry *entry, const ese_log__field *field)
{
    return (uint8_t *)entry + field->to;
}

static const void *
const_member(const ese_log_entry *entry, const ese_log__field *field)
{
    return (const uint8_t *)entry + field->to;
}

/* ---- numbers as wide as their members */

static void
load_number(void *to, const uint8_t *from, size_t width)
{
    uint16_t number16;
    uint32_t number32;
    uint64_t number64;

    switch (width) {
    case 1: memcpy(to, from, 1); break;
    case 2:
        number16 = ese_load_le16(from);
        memcpy(to, &number16, 2);
        break;
    case 4:
        number32 = ese_load_le32(from);
        memcpy(to, &number32, 4);
        break;
    default: number64 = ese_load_le64(from); memcpy(to, &number64, 8);
    }
}

static uint64_t
number_of(const void *from, size_t width)
{
    uint8_t number8;
    uint16_t number16;
    uint32_t number32;
    uint64_t number64;

    switch (width) {
    case 1: memcpy(&number8, from, 1); return number8;
    case 2: memcpy(&number16, from, 2); return number16;
    case 4: memcpy(&number32, from, 4); return number32;
    default: memcpy(&number64, from, 8); return number64;
    }
}

static void
store_number(uint8_t *to, uint64_t number, size_t width)
{
    switch (width) {
    case 1: *to = (uint8_t)number; break;
    case 2: ese_store_le16(to, (uint16_t)number); break;
    case 4: ese_store_le32(to, (uint32_t)number); break;
    default: ese_store_le64(to, number);
    }
}

/* ---- the compound values */

ese_lgpos
ese_log_lgpos_load(const uint8_t *from)
{
    return (ese_lgpos){ese_load_le16(from), ese_load_le16(from + 2),
                       (int32_t)ese_load_le32(from + 4)};
}

void
ese_log_lgpos_store(uint8_t *to, ese_lgpos lgpos)
{
    ese_store_le16(to, lgpos.offset);
    ese_store_le16(to + 2, lgpos.sector);
    ese_store_le32(to + 4, (uint32_t)lgpos.generation);
}

bool
ese_log_lgpos_parse(const char *text, ese_lgpos *lgpos_out)
{
    static const unsigned long limits[3] = {INT32_MAX, UINT16_MAX, UINT16_MAX};
    unsigned long parts[3] = {0};
    char *end = NULL;

    for (unsigned i = 0; i < 3; i++) {
        if (!isxdigit((unsigned char)text[0]))
            return false;
        parts[i] = strtoul(text, &end, 16);
        if (parts[i] > limits[i])
            return false;
        if (*end != ':')
            break;
        text = end + 1;
    }
    if (*end != '\0')
        return false;
    *lgpos_out = (ese_lgpos){(uint16_t)parts[2], (uint16_t)parts[1], (int32_t)parts[0]};
    return true;
}

ese_signature
ese_log_signature_load(const uint8_t *from)
{
    ese_signature signature;

    signature.random = ese_load_le32(from);
    memcpy(signature.created, from + 4, sizeof signature.created);
    memcpy(signature.computer, from + 12, sizeof signature.computer);
    return signature;
}

void
ese_log_signature_store(uint8_t *to, const ese_signature *signature)
{
    ese_store_le32(to, signature->random);
    memcpy(to + 4, signature->created, sizeof signature->created);
    memcpy(to + 12, signature->computer, sizeof signature->computer);
}

static ese_log_backup_mark
load_mark(const uint8_t *from)
{
    ese_log_backup_mark mark;

    mark.mark = ese_log_lgpos_load(from);
    memcpy(mark.time, from + 8, sizeof mark.time);
    mark.generation_low = ese_load_le32(from + 16);
    mark.generation_high = ese_load_le32(from + 20);
    return mark;
}

static void
store_mark(uint8_t *to, const ese_log_backup_mark *mark)
{
    ese_log_lgpos_store(to, mark->mark);
    memcpy(to + 8, mark->time, sizeof mark->time);
    ese_store_le32(to + 16, mark->generation_low);
    ese_store_le32(to + 20, mark->generation_high);
}

/* ---- decoding */

/* Bytes of a field in the record; sizes of parts are known by then. */
static size_t
width_of(const ese_log__field *field, const ese_log_entry *entry)
{
    switch ((ese_log__kind)field->kind) {
    case ESE_LOG__LGPOS: return LGPOS_SIZE;
    case ESE_LOG__TIME: return TIME_SIZE;
    case ESE_LOG__SIGNATURE: return SIGNATURE_SIZE;
    case ESE_LOG__MARK: return MARK_SIZE;
    case ESE_LOG__SIZE16:
    case ESE_LOG__SIZE_DIFF: return 2;
    case ESE_LOG__SIZE32:
    case ESE_LOG__LENGTH: return 4;
    case ESE_LOG__IF_VERSION:
        return (entry->u.db.flags & ESE_LOG__DB_FLAG_VERSION) != 0 ? field->width : 0;
    case ESE_LOG__PART:
    case ESE_LOG__TEXT:
    case ESE_LOG__PATH:
    case ESE_LOG__REST: return ((const ese_bytes *)const_member(entry, field))->size;
    default: return field->width;
    }
}

static void
load_bytes(ese_bytes *to, const uint8_t *at, size_t n)
{
    *to = (ese_bytes){n == 0 ? NULL : at, n};
}

/* Takes a field whose bytes are there. */
static void
load_field(const ese_log__field *field, const uint8_t *at, size_t width, ese_log_entry *entry)
{
    void *to = member(entry, field);
    ese_lgpos lgpos;
    ese_signature signature;
    ese_log_backup_mark mark;

    switch ((ese_log__kind)field->kind) {
    case ESE_LOG__LGPOS:
        lgpos = ese_log_lgpos_load(at);
        memcpy(to, &lgpos, sizeof lgpos);
        break;
    case ESE_LOG__TIME: memcpy(to, at, TIME_SIZE); break;
    case ESE_LOG__SIGNATURE:
        signature = ese_log_signature_load(at);
        memcpy(to, &signature, sizeof signature);
        break;
    case ESE_LOG__MARK:
        mark = load_mark(at);
        memcpy(to, &mark, sizeof mark);
        break;
    case ESE_LOG__SIZE16: ((ese_bytes *)to)->size = ese_load_le16(at); break;
    case ESE_LOG__SIZE32: ((ese_bytes *)to)->size = ese_load_le32(at); break;
    case ESE_LOG__SIZE_DIFF:
        ((ese_bytes *)to)->size = ese_load_le16(at) & ~(unsigned)WIDE_DIFF;
        entry->u.node.is_wide_diff = (ese_load_le16(at) & WIDE_DIFF) != 0;
        break;
    case ESE_LOG__LENGTH: break;
    case ESE_LOG__RAW:
    case ESE_LOG__PART:
    case ESE_LOG__TEXT:
    case ESE_LOG__PATH:
    case ESE_LOG__REST: load_bytes(to, at, width); break;
    case ESE_LOG__NUMBER:
    case ESE_LOG__SIGNED:
    case ESE_LOG__FLAGS:
    case ESE_LOG__DBTIME:
    case ESE_LOG__IF_VERSION:
        if (width != 0)
            load_number(to, at, width);
    }
}

/* False: the record is longer than any can be, or than it says itself. Where bytes are missing, w->need says how many there must be. */
static bool
walk_field(walk *w, const ese_log__field *field, ese_log_entry *entry)
{
    const uint8_t *at = w->from.data + w->at;
    size_t width = field->kind == ESE_LOG__REST ? w->end - w->at : width_of(field, entry);

    if (width > w->end - w->at)
        return false;
    w->need = w->at + width;
    if (w->need > w->from.size)
        return true;
    load_field(field, at, width, entry);
    w->at += width;
    if (field->kind != ESE_LOG__LENGTH)
        return true;
    if (ese_load_le32(at) > w->end - w->at)
        return false;
    w->end = w->at + ese_load_le32(at);
    return true;
}

static const ese_log__format *
format_of(unsigned type)
{
    if (type >= ESE_LOG_TYPE_COUNT || ese_log__formats[type].name == NULL)
        return NULL;
    return &ese_log__formats[type];
}

static JET_ERR
walk_record(ese_bytes from, ese_log_entry *entry, size_t *need_out)
{
    const ese_log__field *fields[ESE_LOG__FIELDS_MAX];
    const ese_log__format *format;
    walk w = {from, 1, ESE_LOG_RECORD_MAX, 1};
    unsigned n;

    *need_out = 1;
    if (from.size == 0)
        return JET_errSuccess;
    format = format_of(from.data[0]);
    if (format == NULL)
        return ese_raise(JET_errLogFileCorrupt, "there is no log record of the type %u",
                         from.data[0]);
    if (!format->is_known)
        return ese_raise(format->refusal, "log records of the type %u are not supported",
                         from.data[0]);
    entry->type = (ese_log_type)from.data[0];
    n = ese_log__list_fields(format, fields);
    for (unsigned i = 0; i < n && w.need <= from.size; i++) {
        if (!walk_field(&w, fields[i], entry))
            return ese_raise(JET_errLogFileCorrupt, "a log record %s is not as long as it says",
                             format->name);
    }
    *need_out = w.need;
    entry->size = (uint32_t)w.need;
    return JET_errSuccess;
}

JET_ERR
ese_log_record_measure(ese_bytes from, size_t *size_out)
{
    ese_log_entry entry;

    memset(&entry, 0, sizeof entry);
    return walk_record(from, &entry, size_out);
}

JET_ERR
ese_log_record_decode(ese_bytes from, ese_log_entry *entry_out)
{
    size_t need = 0;
    JET_ERR err;

    memset(entry_out, 0, sizeof *entry_out);
    err = walk_record(from, entry_out, &need);
    if (err >= JET_errSuccess && need > from.size)
        err = ese_raise(JET_errLogFileCorrupt, "a log record is cut off");
    return err;
}

/* ---- encoding */

static uint8_t *
store_field(const ese_log__field *field, const ese_log_entry *entry, uint8_t *to)
{
    const void *from = const_member(entry, field);
    const ese_bytes *part = from;
    size_t width = width_of(field, entry);

    switch ((ese_log__kind)field->kind) {
    case ESE_LOG__LGPOS: ese_log_lgpos_store(to, *(const ese_lgpos *)from); break;
    case ESE_LOG__TIME: memcpy(to, from, TIME_SIZE); break;
    case ESE_LOG__SIGNATURE: ese_log_signature_store(to, from); break;
    case ESE_LOG__MARK: store_mark(to, from); break;
    case ESE_LOG__SIZE16:
        assert(part->size <= UINT16_MAX);
        ese_store_le16(to, (uint16_t)part->size);
        break;
    case ESE_LOG__SIZE32: ese_store_le32(to, (uint32_t)part->size); break;
    case ESE_LOG__SIZE_DIFF:
        assert(part->size < WIDE_DIFF);
        ese_store_le16(to, (uint16_t)(part->size | (entry->u.node.is_wide_diff ? WIDE_DIFF : 0u)));
        break;
    case ESE_LOG__LENGTH: /* filled in when the end is known */ break;
    case ESE_LOG__RAW:
    case ESE_LOG__PART:
    case ESE_LOG__TEXT:
    case ESE_LOG__PATH:
    case ESE_LOG__REST:
        if (part->size != 0)
            memcpy(to, part->data, width);
        else
            memset(to, 0, width);
        break;
    case ESE_LOG__NUMBER:
    case ESE_LOG__SIGNED:
    case ESE_LOG__FLAGS:
    case ESE_LOG__DBTIME:
    case ESE_LOG__IF_VERSION:
        if (width != 0)
            store_number(to, number_of(from, width), width);
    }
    return to + width;
}

size_t
ese_log_record_encoded_size(const ese_log_entry *entry)
{
    const ese_log__field *fields[ESE_LOG__FIELDS_MAX];
    const ese_log__format *format = format_of(entry->type);
    size_t size = 1;
    unsigned n;

    assert(format != NULL && format->is_known);
    n = ese_log__list_fields(format, fields);
    for (unsigned i = 0; i < n; i++)
        size += width_of(fields[i], entry);
    return size;
}

void
ese_log_record_encode(const ese_log_entry *entry, uint8_t *to)
{
    const ese_log__field *fields[ESE_LOG__FIELDS_MAX];
    const ese_log__format *format = format_of(entry->type);
    uint8_t *length = NULL, *at = to + 1;
    unsigned n;

    assert(format != NULL && format->is_known);
    to[0] = (uint8_t)entry->type;
    n = ese_log__list_fields(format, fields);
    for (unsigned i = 0; i < n; i++) {
        if (fields[i]->kind == ESE_LOG__LENGTH)
            length = at;
        at = store_field(fields[i], entry, at);
    }
    if (length != NULL)
        ese_store_le32(length, (uint32_t)(at - length - 4));
}

/* ---- description */

static ese_log_value_kind
kind_shown(const ese_log__field *field, const ese_log_entry *entry)
{
    unsigned wide =
        entry->type == ESE_LOG_DETACH_DB ? ESE_LOG__DETACH_FLAG_WIDE : ESE_LOG__DB_FLAG_WIDE;

    switch ((ese_log__kind)field->kind) {
    case ESE_LOG__SIGNED: return ESE_LOG_VALUE_SIGNED;
    case ESE_LOG__FLAGS: return ESE_LOG_VALUE_FLAGS;
    case ESE_LOG__DBTIME: return ESE_LOG_VALUE_DBTIME;
    case ESE_LOG__MARK:
    case ESE_LOG__LGPOS: return ESE_LOG_VALUE_LGPOS;
    case ESE_LOG__TIME: return ESE_LOG_VALUE_TIME;
    case ESE_LOG__SIGNATURE: return ESE_LOG_VALUE_SIGNATURE;
    case ESE_LOG__RAW:
    case ESE_LOG__PART:
    case ESE_LOG__REST: return ESE_LOG_VALUE_BYTES;
    case ESE_LOG__TEXT: return ESE_LOG_VALUE_TEXT;
    case ESE_LOG__PATH:
        return (entry->u.db.flags & wide) != 0 ? ESE_LOG_VALUE_TEXT16 : ESE_LOG_VALUE_TEXT;
    default: return ESE_LOG_VALUE_NUMBER;
    }
}

static uint64_t
signed_number(const void *from, size_t width)
{
    uint64_t number = number_of(from, width);
    uint64_t sign = (uint64_t)1 << (width < sizeof number ? 8 * width - 1 : 63);

    return (number ^ sign) - sign;
}

static void
describe_field(const ese_log__field *field, const ese_log_entry *entry, ese_log_value *value)
{
    const void *from = const_member(entry, field);
    size_t width = width_of(field, entry);

    value->kind = kind_shown(field, entry);
    switch (value->kind) {
    case ESE_LOG_VALUE_NUMBER:
    case ESE_LOG_VALUE_FLAGS:
    case ESE_LOG_VALUE_DBTIME: value->number = number_of(from, width); break;
    case ESE_LOG_VALUE_SIGNED: value->number = signed_number(from, width); break;
    case ESE_LOG_VALUE_LGPOS: value->lgpos = *(const ese_lgpos *)from; break;
    case ESE_LOG_VALUE_TIME:
    case ESE_LOG_VALUE_SIGNATURE: value->bytes = (ese_bytes){from, width}; break;
    default: value->bytes = *(const ese_bytes *)from;
    }
}

/* Sizes say nothing that the parts do not; what is not there is not shown. */
static bool
is_shown(const ese_log__field *field, const ese_log_entry *entry)
{
    return field->name != NULL &&
           (field->kind != ESE_LOG__IF_VERSION || width_of(field, entry) != 0);
}

unsigned
ese_log_record_describe(const ese_log_entry *entry, ese_log_value values[ESE_LOG_VALUES_MAX])
{
    const ese_log__field *fields[ESE_LOG__FIELDS_MAX];
    const ese_log__format *format = format_of(entry->type);
    unsigned n_fields, n = 0;

    assert(format != NULL);
    n_fields = ese_log__list_fields(format, fields);
    for (unsigned i = 0; i < n_fields && n < ESE_LOG_VALUES_MAX; i++) {
        if (!is_shown(fields[i], entry))
            continue;
        values[n] = (ese_log_value){.name = fields[i]->name};
        describe_field(fields[i], entry, &values[n++]);
    }
    return n;
}
