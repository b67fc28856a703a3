/* A stream in a folder of its own, a journal of what was appended, and the comparison with what the reader finds. */
#pragma once

#include "base/alloc.h"
#include "base/fault.h"
#include "log/log_stream.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STREAM_FILE_SIZE = 64 * 1024, STREAM_TEXT_MAX = 65535, STREAM_TRACE_HEAD = 5 };

typedef struct stream_record {
    uint64_t lgpos;
    uint32_t size;
    uint8_t *bytes;
} stream_record;

typedef struct stream_fixture {
    char folder[64];
    ese_log_stream_options options;
    ese_log_stream *stream;
    stream_record *journal;
    size_t n, room;
    uint32_t n_made;
    unsigned n_begun, n_failed;
    ese_log_generation begun;
    JET_ERR begun_result, failed;
    int64_t live;
} stream_fixture;

static inline JET_ERR
stream_begun(void *self, const ese_log_generation *generation)
{
    stream_fixture *f = self;

    f->n_begun++;
    f->begun = *generation;
    return f->begun_result;
}

static inline void
stream_failed(void *self, JET_ERR err)
{
    stream_fixture *f = self;

    f->n_failed++;
    f->failed = err;
}

static inline void
stream_options(stream_fixture *f)
{
    f->options = (ese_log_stream_options){
        .folder = f->folder,
        .system_folder = f->folder,
        .base = "edb",
        .file_size = STREAM_FILE_SIZE,
        .buffer_size = STREAM_FILE_SIZE,
        .page_size = 4096,
        .names = 3,
        .params = {.sessions_max = 16, .cache_size_max = 1000},
        .ops = {f, stream_begun, stream_failed},
    };
}

static inline stream_fixture *
stream_fixture_open(void)
{
    stream_fixture *f = calloc(1, sizeof *f);

    if (f == NULL)
        abort();
    snprintf(f->folder, sizeof f->folder, ESE_TEST_FOLDER "/ese-stream-XXXXXX");
    if (mkdtemp(f->folder) == NULL)
        abort();
    f->live = ese_alloc_live();
    stream_options(f);
    return f;
}

/* Calls `each` for every file of a folder. */
static inline void
stream_each_file(const char *folder, void (*each)(void *self, const char *path, const char *name),
                 void *self)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    char path[400];

    if (dir == NULL)
        abort();
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        each(self, path, entry->d_name);
    }
    closedir(dir);
}

static inline void
stream_unlink(void *self, const char *path, const char *name)
{
    (void)self;
    (void)name;
    if (unlink(path) != 0)
        abort();
}

static inline void
stream_forget_journal(stream_fixture *f)
{
    for (size_t i = 0; i < f->n; i++)
        free(f->journal[i].bytes);
    free(f->journal);
    f->journal = NULL;
    f->n = f->room = 0;
}

static inline void
stream_fixture_close(stream_fixture *f)
{
    ese_log_stream_close(&f->stream);
    stream_each_file(f->folder, stream_unlink, NULL);
    (void)rmdir(f->folder);
    stream_forget_journal(f);
    free(f);
}

/* A record whose bytes no other one has, of `size` bytes in all. */
static inline uint8_t *
stream_make_record(stream_fixture *f, uint32_t size)
{
    uint32_t n = size - STREAM_TRACE_HEAD, number = ++f->n_made;
    uint8_t *bytes = malloc(size);

    if (bytes == NULL || size < STREAM_TRACE_HEAD || n > STREAM_TEXT_MAX)
        abort();
    bytes[0] = ESE_LOG_TRACE;
    ese_store_le16(bytes + 1, (uint16_t)number);
    ese_store_le16(bytes + 3, (uint16_t)n);
    for (uint32_t i = 0; i < n; i++)
        bytes[STREAM_TRACE_HEAD + i] = (uint8_t)(number * 31 + i * 7 + (i >> 8));
    return bytes;
}

static inline void
stream_note(stream_fixture *f, uint64_t lgpos, uint8_t *bytes, uint32_t size)
{
    if (f->n == f->room) {
        f->room = f->room == 0 ? 64 : 2 * f->room;
        f->journal = realloc(f->journal, f->room * sizeof *f->journal);
        if (f->journal == NULL)
            abort();
    }
    f->journal[f->n++] = (stream_record){lgpos, size, bytes};
}

/* A batch of `n` records of the given sizes; what was appended is in the journal. */
static inline JET_ERR
stream_put_batch(stream_fixture *f, const uint32_t *sizes, unsigned n, bool is_urgent,
                 uint64_t *end_out)
{
    ese_log_batch batch = {.sizes = sizes, .n = n, .is_urgent = is_urgent};
    uint8_t *all, *parts[ESE_LOG_BATCH_MAX];
    size_t total = 0;
    JET_ERR err;

    for (unsigned i = 0; i < n; i++)
        total += sizes[i];
    all = malloc(total);
    if (all == NULL)
        abort();
    total = 0;
    for (unsigned i = 0; i < n; i++) {
        parts[i] = stream_make_record(f, sizes[i]);
        memcpy(all + total, parts[i], sizes[i]);
        total += sizes[i];
    }
    batch.bytes = all;
    err = ese_log_stream_append(f->stream, &batch);
    for (unsigned i = 0; i < n; i++) {
        if (err >= JET_errSuccess)
            stream_note(f, batch.lgpos[i], parts[i], sizes[i]);
        else
            free(parts[i]);
    }
    free(all);
    if (err >= JET_errSuccess && end_out != NULL)
        *end_out = batch.end;
    return err;
}

static inline JET_ERR
stream_put(stream_fixture *f, uint32_t size)
{
    return stream_put_batch(f, &size, 1, false, NULL);
}

/* With this, recovery goes on behind what a crash has torn. */
static inline JET_ERR
stream_put_recovery_undo(stream_fixture *f)
{
    const ese_log_entry entry = {.type = ESE_LOG_RECOVERY_UNDO2};
    uint32_t size = (uint32_t)ese_log_record_encoded_size(&entry);
    uint8_t *bytes = calloc(1, size);
    uint64_t lgpos = 0;
    JET_ERR err;

    if (bytes == NULL)
        abort();
    ese_log_record_encode(&entry, bytes);
    err = ese_log_stream_append_entry(f->stream, &entry, &lgpos, NULL);
    if (err >= JET_errSuccess)
        stream_note(f, lgpos, bytes, size);
    else
        free(bytes);
    return err;
}

/* ---- around each test */

static inline int
stream_set_up(void **state)
{
    *state = stream_fixture_open();
    return 0;
}

static inline int
stream_tear_down(void **state)
{
    stream_fixture *f = *state;
    int64_t live;

    ese_log_stream_close(&f->stream);
    live = ese_alloc_live() - f->live;
    stream_fixture_close(f);
    assert_int_equal(live, 0);
    return 0;
}

static inline void
stream_must_create(stream_fixture *f)
{
    assert_int_equal(ese_log_stream_create(&f->options, &f->stream), JET_errSuccess);
}

static inline void
stream_must_put(stream_fixture *f, uint32_t size)
{
    assert_int_equal(stream_put(f, size), JET_errSuccess);
}

/* ---- reading */

/* What the reader makes of all logs of the folder. */
typedef struct stream_found {
    size_t n; /* records of the journal, from its first on, that are there as they were appended */
    size_t n_other;              /* records that are not */
    unsigned n_logs, n_reserves; /* of these, logs that came out of a reserve */
    JET_ERR err;
    ese_log_stream_end end;
} stream_found;

static inline JET_ERR
stream_read_log(const stream_fixture *f, ese_log_file *file, stream_found *found)
{
    const ese_log_entry *entry = NULL;
    ese_lgpos lgpos = {0};
    JET_ERR err;

    for (;;) {
        ese_bytes bytes;

        ESE_TRY(ese_log_file_next(file, &entry, &lgpos));
        if (entry == NULL)
            break;
        if (entry->type == ESE_LOG_NOP2)
            continue;
        bytes = ese_log_file_record_bytes(file);
        if (found->n < f->n && found->n_other == 0 &&
            f->journal[found->n].lgpos == ese_log_lgpos_number(lgpos) &&
            f->journal[found->n].size == bytes.size &&
            memcmp(f->journal[found->n].bytes, bytes.data, bytes.size) == 0)
            found->n++;
        else
            found->n_other++;
    }
out:
    return err;
}

/* Reads all logs, and where the stream would go on. */
static inline stream_found
stream_read(const stream_fixture *f, const char *folder)
{
    stream_found found = {0};
    ese_log_set *set = NULL;
    ese_log_file *file = NULL;
    JET_ERR err;

    ESE_TRY(ese_log_set_open(folder, "edb", &set));
    found.n_logs = ese_log_set_count(set);
    for (unsigned i = 0; i < found.n_logs; i++) {
        const ese_log_header *header;
        const ese_log_extent *extent;

        ESE_TRY(ese_log_set_open_file(set, i, NULL, &file));
        ESE_TRY(stream_read_log(f, file, &found));
        header = ese_log_file_header(file);
        extent = ese_log_file_extent(file);
        found.n_reserves += header->flags & 1;
        found.end.sign = header->sign;
        found.end.previous = found.end.last;
        found.end.last.number = header->generation;
        memcpy(found.end.last.created, header->created, 8);
        found.end.next_sector = extent->end.sector;
        found.end.is_current = ese_log_set_member(set, i).generation == 0 &&
                               extent->end.sector < header->n_sectors - 1;
        found.end.checksum = extent->scan.checksum;
        ese_log_file_close(&file);
    }
out:
    found.err = err;
    ese_log_file_close(&file);
    ese_log_set_close(&set);
    return found;
}
