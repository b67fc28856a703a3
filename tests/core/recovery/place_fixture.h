/* Starts on sets of the corpus, in place, and what must come out: what recovery of a copy makes. */
#pragma once

#include "recovery_corpus.h"

#include "base/alloc.h"
#include "base/fault.h"
#include "os/os_file.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum {
    HEADER_PAGES = 2,
    SMALL_CACHE = 64 << 10,
    LOG_SIZE = 64 << 10,
    BUFFER_SIZE = 64 << 10,
    NAMES = 1,
    RUNS_MAX = 60,
};

/* ---- starting */

typedef struct start {
    const char *folder;
    uint32_t page_size;
    uint32_t flags;
    uint32_t log_file_size;
    size_t cache_bytes;
    const ese_recovery_map *maps;
    unsigned n_maps;
    ese_recovery_report report; /* filled */
} start;

/* The stream is closed at once: what the next start finds is the end that this one has made. */
static inline JET_ERR
run_start(start *s)
{
    const ese_recovery_options options = {
        .log_folder = s->folder,
        .cache_bytes = s->cache_bytes,
        .page_size = s->page_size,
        .log_file_size = s->log_file_size,
        .flags = s->flags,
        .maps = s->maps,
        .n_maps = s->n_maps,
        .base = "edb",
    };
    const ese_log_stream_options stream_options = {
        .folder = s->folder,
        .system_folder = s->folder,
        .base = "edb",
        .file_size = LOG_SIZE,
        .buffer_size = BUFFER_SIZE,
        .page_size = s->page_size,
        .names = NAMES,
    };
    ese_log_stream *stream = NULL;
    JET_ERR err = ese_recovery_start(&options, &stream_options, &s->report, &stream);

    assert_int_equal(stream != NULL, err >= JET_errSuccess);
    ese_log_stream_close(&stream);
    return err;
}

static inline JET_ERR
start_once(start *s)
{
    int64_t live = ese_alloc_live();
    JET_ERR err = run_start(s);

    ese_recovery_report_clear(&s->report);
    assert_int_equal(ese_alloc_live(), live);
    return err;
}

/* ---- comparing */

static inline ese_dbheader
header_of(const recovery_file *file)
{
    size_t n = file->size < ESE_PAGE_SIZE_MAX ? file->size : ESE_PAGE_SIZE_MAX;
    ese_dbheader header;

    assert_int_equal(ese_dbheader_decode(file->bytes, n, &header), JET_errSuccess);
    return header;
}

static inline void
assert_same_line(const ese_page *a, const ese_page *b, unsigned line)
{
    uint8_t key_a[ESE_PAGE_KEY_MAX], key_b[ESE_PAGE_KEY_MAX];
    ese_page_node x = ese_page_line(a, line), y = ese_page_line(b, line);
    size_t n = ese_page_node_copy_key(&x, key_a, sizeof key_a);

    assert_int_equal(n, ese_page_node_copy_key(&y, key_b, sizeof key_b));
    assert_memory_equal(key_a, key_b, n);
    assert_int_equal(x.data.size, y.data.size);
    assert_memory_equal(x.data.data, y.data.data, x.data.size);
    assert_int_equal((x.flags ^ y.flags) & ESE_PAGE_NODE_DELETED, 0);
}

static inline bool
is_blank(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] != 0)
            return false;
    }
    return true;
}

/* But for times, and marks that somebody might have a version of a line. */
static inline void
assert_same_page(const ese_page *a, const ese_page *b)
{
    const uint32_t unlike = 0x18000; /* counts writes */

    if (is_blank(a->bytes, a->size) || ese_page_verify(a) < JET_errSuccess) {
        assert_memory_equal(a->bytes, b->bytes, a->size);
        return;
    }
    assert_int_equal(ese_page_verify(b), JET_errSuccess);
    assert_int_equal(ese_page_objid(a), ese_page_objid(b));
    assert_int_equal(ese_page_flags(a) & ~unlike, ese_page_flags(b) & ~unlike);
    assert_int_equal(ese_page_prev(a), ese_page_prev(b));
    assert_int_equal(ese_page_next(a), ese_page_next(b));
    assert_int_equal(ese_page_line_count(a), ese_page_line_count(b));
    for (unsigned i = 0; i < ese_page_line_count(a); i++)
        assert_same_line(a, b, i);
}

static inline void
assert_same_database(const recovery_file *is, const recovery_file *wanted)
{
    ese_dbheader header = header_of(is);
    uint32_t size = header.page_size;

    assert_int_equal(header.state, ESE_DBSTATE_CLEAN);
    assert_int_equal(header.gen_max_required, 0);
    assert_int_equal(is->size, wanted->size);
    for (size_t at = HEADER_PAGES * (size_t)size; at + size <= is->size; at += size) {
        ese_pgno pgno = (ese_pgno)(at / size) - 1;
        const ese_page a = {is->bytes + at, size, pgno};
        const ese_page b = {wanted->bytes + at, size, pgno};

        assert_same_page(&a, &b);
    }
}

/* ---- sets */

static const char *const databases[] = {"data.edb", "second.edb"};

typedef struct set {
    char folder[LOG_CORPUS_PATH];
    char pristine[LOG_CORPUS_PATH];
    uint32_t page_size;
    recovery_file wanted[2];
    JET_ERR copy_result;
} set;

static inline void
copy_folder(const char *from, const char *to)
{
    char command[4 * LOG_CORPUS_PATH];

    snprintf(command, sizeof command, "rm -rf '%s' && cp -r '%s' '%s'", to, from, to);
    recovery_corpus_shell(command);
}

static inline bool
is_removed(const ese_recovery_report *report, const char *name)
{
    for (unsigned i = 0; i < report->n_databases; i++) {
        if (report->databases[i].outcome == ESE_RECOVERY_REMOVED &&
            strstr(report->databases[i].logged_path, name) != NULL)
            return true;
    }
    return false;
}

/* Recovers copies, which tell what is wanted. False: there is no corpus. */
static inline bool
load_set_with(const char *name, uint32_t flags, set *s)
{
    char target[LOG_CORPUS_PATH + 8];
    ese_recovery_options options = {.target_folder = target, .flags = flags};
    ese_recovery_report report;

    memset(s, 0, sizeof *s);
    if (!recovery_corpus_unpack(name, s->pristine))
        return false;
    snprintf(s->folder, sizeof s->folder, "%.*s-x", LOG_CORPUS_PATH - 3, s->pristine);
    snprintf(target, sizeof target, "%s-made", s->pristine);
    assert_int_equal(mkdir(target, 0777), 0);
    options.log_folder = s->pristine;
    s->copy_result = ese_recovery_run(&options, &report);
    for (unsigned i = 0; i < 2; i++) {
        s->wanted[i] = recovery_file_read(target, databases[i]);
        if (s->wanted[i].bytes == NULL && !is_removed(&report, databases[i])) /* it was clean */
            s->wanted[i] = recovery_file_read(s->pristine, databases[i]);
        if (s->wanted[i].bytes != NULL)
            s->page_size = ese_load_le32(s->wanted[i].bytes + 236);
    }
    ese_recovery_report_clear(&report);
    recovery_corpus_remove(target);
    copy_folder(s->pristine, s->folder);
    return true;
}

static inline bool
load_set(const char *name, set *s)
{
    bool is_there = load_set_with(name, 0, s);

    if (is_there)
        assert_int_equal(s->copy_result, JET_errSuccess);
    return is_there;
}

static inline void
free_set(set *s)
{
    for (unsigned i = 0; i < 2; i++)
        free(s->wanted[i].bytes);
    recovery_corpus_remove(s->folder);
    recovery_corpus_remove(s->pristine);
}

static inline void
assert_recovered(const set *s)
{
    for (unsigned i = 0; i < 2; i++) {
        recovery_file now = recovery_file_read(s->folder, databases[i]);

        assert_int_equal(now.bytes != NULL, s->wanted[i].bytes != NULL);
        if (now.bytes != NULL)
            assert_same_database(&now, &s->wanted[i]);
        free(now.bytes);
    }
}

static inline start
start_of(const set *s, size_t cache_bytes)
{
    return (start){.folder = s->folder, .page_size = s->page_size, .cache_bytes = cache_bytes};
}

/* A start on the copy of a set; skips the test when there is no corpus. */
static inline start
start_on(const char *name, set *s)
{
    if (!load_set(name, s))
        skip();
    return start_of(s, 0);
}

static inline void
assert_as_found(const set *s)
{
    char command[3 * LOG_CORPUS_PATH];

    snprintf(command, sizeof command, "diff -r '%s' '%s'", s->pristine, s->folder);
    recovery_corpus_shell(command);
}
