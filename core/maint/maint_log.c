/* The walk over logs for people who look into them. */
#include "maint/maint_log.h"

#include "base/alloc.h"
#include "maint/maint_log_private.h"
#include "os/os_file.h"

#include <ctype.h>
#include <stdlib.h>

enum { POSITION_TEXT = 40 };

/* What a walk needs besides the files. */
typedef struct reading {
    const ese_maint_log_filter *filter;
    const ese_maint_log_visitor *visitor;
    ese_maint__log_list values;
    ese_maint__log_list attached[ESE_LOG_MAX_DATABASES];
    char end[POSITION_TEXT];
} reading;

static void
tell_problem(const reading *r, const char *path, JET_ERR err)
{
    if (r->visitor->problem != NULL)
        r->visitor->problem(r->visitor->self, path, err, ese_err_text(err));
}

/* ---- heads */

static void
clear(ese_maint__log_list *list)
{
    list->n = 0;
    list->text_used = 0;
}

static void
tell_head(reading *r, const char *path, int32_t generation, const ese_log_attachments *attached)
{
    ese_maint_log_head head = {
        .path = path,
        .generation = generation,
        .values = ese_maint__log_values(&r->values),
        .n_attached = attached->n,
    };

    for (unsigned i = 0; i < attached->n; i++) {
        clear(&r->attached[i]);
        ese_maint__log_describe_attachment(&r->attached[i], &attached->items[i]);
        head.attached[i] = ese_maint__log_values(&r->attached[i]);
    }
    if (r->visitor->head != NULL)
        r->visitor->head(r->visitor->self, &head);
}

static void
tell_log_head(reading *r, const char *path, const ese_log_header *header)
{
    clear(&r->values);
    ese_maint__log_describe_header(&r->values, header);
    tell_head(r, path, header->generation, &header->attached);
}

/* ---- records */

static bool
is_wanted(const ese_maint_log_filter *filter, const ese_log_entry *entry, ese_lgpos at)
{
    return filter->with_records && ese_log_lgpos_number(at) >= filter->from &&
           (!filter->has_type || entry->type == (ese_log_type)filter->type) &&
           (filter->page == 0 || ese_log_record_touches(entry, filter->page));
}

static JET_ERR
tell_record(reading *r, const ese_log_entry *entry, ese_lgpos at)
{
    char position[POSITION_TEXT];
    ese_maint_log_record record = {
        .position = ese_maint__log_position_text(at, position, sizeof position),
        .type = entry->type,
        .name = ese_log_record_name(entry->type),
        .size = entry->size,
    };

    ese_maint__log_describe(&r->values, entry);
    record.values = ese_maint__log_values(&r->values);
    return r->visitor->record(r->visitor->self, &record);
}

static void
sum_up(reading *r, ese_log_file *file, ese_maint_log_sum *sum)
{
    const ese_log_extent *extent = ese_log_file_extent(file);
    const ese_log_tally *tally = ese_log_file_tally(file);
    const uint32_t *counts = extent->scan.counts;
    uint64_t n_repaired = (uint64_t)counts[ESE_LOG_VERDICT_REPAIRED] +
                          counts[ESE_LOG_VERDICT_RESTORED] + extent->n_short;

    sum->n_logs = 1;
    sum->n_segments = extent->n_ranges != 0 ? extent->n_ranges
                                            : (uint64_t)counts[ESE_LOG_VERDICT_DATA] + n_repaired;
    sum->n_repaired = n_repaired;
    sum->n_records = tally->n_records;
    sum->n_fragmented = tally->n_fragmented;
    sum->n_torn = tally->n_torn;
    sum->record_bytes = tally->record_bytes;
    sum->fill_bytes = tally->fill_bytes;
    sum->is_clean = ese_log_file_is_clean(file);
    sum->is_damaged = extent->damage < JET_errSuccess;
    sum->is_cut = extent->scan.lost_sector != 0;
    sum->end = ese_maint__log_position_text(extent->end, r->end, sizeof r->end);
}

static void
add_sum(ese_maint_log_sum *to, const ese_maint_log_sum *sum)
{
    to->n_logs += sum->n_logs;
    to->n_segments += sum->n_segments;
    to->n_repaired += sum->n_repaired;
    to->n_records += sum->n_records;
    to->n_fragmented += sum->n_fragmented;
    to->n_torn += sum->n_torn;
    to->record_bytes += sum->record_bytes;
    to->fill_bytes += sum->fill_bytes;
    for (unsigned i = 0; i < ESE_MAINT_LOG_TYPES; i++)
        to->by_type[i] += sum->by_type[i];
    to->is_clean = sum->is_clean;
    to->is_damaged = to->is_damaged || sum->is_damaged;
    to->is_cut = to->is_cut || sum->is_cut;
}

/* Header, records and sum of an open log. Damage in it is a problem, an error of the visitor ends all. */
static JET_ERR
read_file(reading *r, const char *path, ese_log_file *file, ese_maint_log_sum *sum_inout)
{
    ese_maint_log_sum sum = {0};
    const ese_log_entry *entry = NULL;
    ese_lgpos at = {0};
    JET_ERR err, told = JET_errSuccess;

    tell_log_head(r, path, ese_log_file_header(file));
    while ((err = ese_log_file_next(file, &entry, &at)) >= JET_errSuccess && entry != NULL &&
           told >= JET_errSuccess) {
        sum.by_type[entry->type]++;
        if (is_wanted(r->filter, entry, at))
            told = tell_record(r, entry, at);
    }
    if (told < JET_errSuccess)
        return told;
    sum_up(r, file, &sum);
    sum.is_damaged = sum.is_damaged || err < JET_errSuccess;
    if (err < JET_errSuccess)
        tell_problem(r, path, err);
    if (r->visitor->end != NULL)
        r->visitor->end(r->visitor->self, path, &sum);
    add_sum(sum_inout, &sum);
    return JET_errSuccess;
}

static ese_log_expect
expect_of(const ese_maint_log_filter *filter)
{
    return (ese_log_expect){.allow_newer = filter->allow_damage, .allow_cut = filter->allow_damage};
}

static JET_ERR
create_reading(const ese_maint_log_filter *filter, const ese_maint_log_visitor *visitor,
               reading **reading_out)
{
    JET_ERR err = ese_alloc(sizeof **reading_out, reading_out);

    if (err >= JET_errSuccess) {
        (*reading_out)->filter = filter;
        (*reading_out)->visitor = visitor;
    }
    return err;
}

JET_ERR
ese_maint_log_read(const char *path, const ese_maint_log_filter *filter,
                   const ese_maint_log_visitor *visitor, ese_maint_log_sum *sum_inout)
{
    ese_log_expect expect = expect_of(filter);
    ese_log_file *file = NULL;
    reading *r = NULL;
    JET_ERR err;

    ESE_TRY(create_reading(filter, visitor, &r));
    ESE_TRY(ese_log_file_open(path, &expect, &file));
    ESE_TRY(read_file(r, path, file, sum_inout));
out:
    ese_log_file_close(&file);
    ese_free(&r);
    return err;
}

/* What ends the reading of a folder: no more logs will do better. */
static bool
is_fatal(JET_ERR err)
{
    return err == JET_errOutOfMemory || err == JET_errOutOfFileHandles;
}

/* A log that does not follow the one before is a problem, and is read nevertheless. */
static JET_ERR
read_member(reading *r, ese_log_set *set, unsigned index, ese_maint_log_sum *sum_inout)
{
    ese_log_expect expect = expect_of(r->filter);
    ese_log_member member = ese_log_set_member(set, index);
    ese_log_file *file = NULL;
    JET_ERR err = ese_log_set_open_file(set, index, &expect, &file);

    if (err < JET_errSuccess && !is_fatal(err)) {
        tell_problem(r, member.path, err);
        sum_inout->is_damaged = true;
        err = ese_log_file_open(member.path, &expect, &file);
        if (err < JET_errSuccess && !is_fatal(err))
            return JET_errSuccess;
    }
    if (err >= JET_errSuccess)
        err = read_file(r, member.path, file, sum_inout);
    ese_log_file_close(&file);
    return err;
}

JET_ERR
ese_maint_log_read_folder(const char *folder, const ese_maint_log_filter *filter,
                          const ese_maint_log_visitor *visitor, ese_maint_log_sum *sum_inout)
{
    ese_log_set *set = NULL;
    reading *r = NULL;
    JET_ERR err;

    ESE_TRY(create_reading(filter, visitor, &r));
    ESE_TRY(ese_log_set_open(folder, filter->base, &set));
    for (unsigned i = 0; i < ese_log_set_count(set); i++)
        ESE_TRY(read_member(r, set, i, sum_inout));
out:
    ese_log_set_close(&set);
    ese_free(&r);
    return err;
}

JET_ERR
ese_maint_checkpoint_read(const char *path, const ese_maint_log_visitor *visitor,
                          unsigned *copy_out)
{
    static const ese_maint_log_filter no_filter = {0};
    ese_log_checkpoint checkpoint;
    uint8_t *bytes = NULL;
    reading *r = NULL;
    JET_ERR err;

    ESE_TRY(create_reading(&no_filter, visitor, &r));
    ESE_TRY(ese_alloc(ESE_LOG_CHECKPOINT_SIZE, &bytes));
    ESE_TRY(ese_log_checkpoint_read(path, bytes, &checkpoint, copy_out));
    ese_maint__log_describe_checkpoint(&r->values, &checkpoint);
    tell_head(r, path, 0, &checkpoint.attached);
out:
    ese_free(&bytes);
    ese_free(&r);
    return err;
}

/* ---- words of the command line */

bool
ese_maint_is_folder(const char *path)
{
    return ese_os_folder_exists(path);
}

const char *
ese_maint_log_type_name(unsigned type)
{
    return type < ESE_MAINT_LOG_TYPES ? ese_log_record_name((ese_log_type)type) : NULL;
}

static bool
is_same_word(const char *a, const char *b)
{
    while (*a != '\0' && tolower((unsigned char)*a) == tolower((unsigned char)*b)) {
        a++;
        b++;
    }
    return *a == '\0' && *b == '\0';
}

bool
ese_maint_log_type(const char *text, unsigned *type_out)
{
    char *end;
    unsigned long number;

    for (unsigned type = 0; type < ESE_MAINT_LOG_TYPES; type++) {
        const char *name = ese_maint_log_type_name(type);

        if (name != NULL && is_same_word(name, text)) {
            *type_out = type;
            return true;
        }
    }
    if (!isdigit((unsigned char)text[0]))
        return false;
    number = strtoul(text, &end, 10);
    if (*end != '\0' || number >= ESE_MAINT_LOG_TYPES ||
        ese_maint_log_type_name((unsigned)number) == NULL)
        return false;
    *type_out = (unsigned)number;
    return true;
}

bool
ese_maint_log_position(const char *text, uint64_t *position_out)
{
    ese_lgpos lgpos;
    bool is_one = ese_log_lgpos_parse(text, &lgpos);

    if (is_one)
        *position_out = ese_log_lgpos_number(lgpos);
    return is_one;
}
