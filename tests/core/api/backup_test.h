/* What the tests of backups share: a shop that is busy, folders for backups and what comes out of them. */
#pragma once

#include "log_test.h"

#include "os/os_thread.h"
#include "test_fixture.h"
#include "test_fresh.h"

#include <stdatomic.h>

enum { PER_TRANSACTION = 10, PATH_ROOM = 400 };

typedef struct depot {
    char folder[64];
} depot;

static inline void
depot_make(depot *d)
{
    *d = (depot){ESE_TEST_FOLDER "/ese-depot-XXXXXX"};
    assert_non_null(mkdtemp(d->folder));
}

/* Files, and folders of files. */
static inline void
depot_clear(const char *path)
{
    char command[2 * PATH_ROOM];
    FILE *pipe;

    (void)snprintf(command, sizeof command, "rm -rf '%s' && mkdir '%s'", path, path);
    pipe = popen(command, "r"); /* NOLINT(cert-env33-c) */
    assert_non_null(pipe);
    assert_int_equal(pclose(pipe), 0);
}

static inline void
depot_destroy(const depot *d)
{
    depot_clear(d->folder);
    assert_int_equal(rmdir(d->folder), 0);
}

static inline unsigned
depot_count(const depot *d)
{
    DIR *folder = opendir(d->folder);
    struct dirent *entry;
    unsigned n = 0;

    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL)
        n += entry->d_name[0] != '.';
    (void)closedir(folder);
    return n;
}

static inline bool
depot_has(const depot *d, const char *name)
{
    char path[PATH_ROOM];

    (void)snprintf(path, sizeof path, "%s/%s", d->folder, name);
    return access(path, F_OK) == 0;
}

static inline void
copy_file(const char *from, const char *to)
{
    static uint8_t bytes[1 << 16];
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    size_t n;

    assert_true(in != NULL && out != NULL);
    while ((n = fread(bytes, 1, sizeof bytes, in)) != 0)
        assert_int_equal(fwrite(bytes, 1, n, out), n);
    assert_int_equal(fclose(out), 0);
    (void)fclose(in);
}

/* All files whose names begin so ("": all). */
static inline void
copy_files(const char *from, const char *begin, const char *to)
{
    DIR *folder = opendir(from);
    struct dirent *entry;

    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        char source[PATH_ROOM], target[PATH_ROOM];

        if (entry->d_name[0] == '.' || strncmp(entry->d_name, begin, strlen(begin)) != 0)
            continue;
        (void)snprintf(source, sizeof source, "%s/%s", from, entry->d_name);
        (void)snprintf(target, sizeof target, "%s/%s", to, entry->d_name);
        copy_file(source, target);
    }
    (void)closedir(folder);
}

/* ---- work that goes on meanwhile: transactions of rows, and pairs of rows that change together */

typedef struct worker {
    shop *s;
    JET_SESID sesid;
    _Atomic int32_t n_rows; /* committed */
    _Atomic bool is_over;
    _Atomic bool is_stopped; /* by an error */
    JET_ERR err;
    ese_os_thread thread;
} worker;

/* Rows n … n + 9, and two older ones get the same payload. */
static inline JET_ERR
worker_step(shop *s, const shelf *f, int32_t n)
{
    int32_t pair = n == 0 ? 0 : (n * 7 % n) / 2 * 2;
    JET_ERR err = JetBeginTransaction(s->sesid);

    for (int32_t i = 0; i < PER_TRANSACTION && err >= JET_errSuccess; i++)
        err = JetPrepareUpdate(s->sesid, f->tableid, JET_prepInsert) < JET_errSuccess
                  ? JET_errInternalError
                  : shelf_set(s, f, n + i, (uint8_t)((n + i) / 2));
    if (err >= JET_errSuccess && n != 0)
        err = shelf_replace(s, f, pair, (uint8_t)(n / PER_TRANSACTION));
    if (err >= JET_errSuccess && n != 0)
        err = shelf_replace(s, f, pair + 1, (uint8_t)(n / PER_TRANSACTION));
    if (err >= JET_errSuccess)
        return JetCommitTransaction(s->sesid, 0);
    (void)JetRollback(s->sesid, 0);
    return err;
}

static inline void *
worker_run(void *self)
{
    worker *w = self;
    shop own = *w->s;
    shelf f = {0};

    w->err = JetBeginSessionA(own.instance, &own.sesid, NULL, NULL);
    if (w->err >= JET_errSuccess)
        w->err = JetOpenDatabaseA(own.sesid, in_shop(&own, "a.edb"), NULL, &f.dbid, 0);
    if (w->err >= JET_errSuccess)
        w->err = JetOpenTableA(own.sesid, f.dbid, "rows", NULL, 0, 0, &f.tableid);
    if (w->err >= JET_errSuccess)
        w->err = shelf_columns(&own, &f);
    while (w->err >= JET_errSuccess && !atomic_load(&w->is_over)) {
        w->err = worker_step(&own, &f, atomic_load(&w->n_rows));
        if (w->err >= JET_errSuccess)
            atomic_fetch_add(&w->n_rows, PER_TRANSACTION);
    }
    atomic_store(&w->is_stopped, true);
    (void)JetEndSession(own.sesid, 0);
    return NULL;
}

static inline void
worker_begin(worker *w, shop *s, int32_t n_rows)
{
    *w = (worker){.s = s};
    atomic_store(&w->n_rows, n_rows);
    assert_ok(ese_os_thread_start(&w->thread, worker_run, w));
}

static inline void
worker_await(worker *w, int32_t n_rows)
{
    while (atomic_load(&w->n_rows) < n_rows && !atomic_load(&w->is_stopped))
        ese_os_yield();
}

static inline void
worker_end(worker *w)
{
    atomic_store(&w->is_over, true);
    ese_os_thread_join(&w->thread);
    TEST_OK(w->err);
}

/* Whole transactions, and pairs that agree. Returns the number of rows. */
static inline int32_t
check_rows(shop *s, const shelf *f)
{
    int32_t n = shelf_count(s, f);

    assert_int_equal(n % PER_TRANSACTION, 0);
    for (int32_t i = 0; i < n; i += 2)
        assert_int_equal(shelf_look(s, f, i), shelf_look(s, f, i + 1));
    return n;
}

/* ---- a busy shop */

static inline void
shop_begin(shop *s, const char *name, shelf *f)
{
    assert_ok(shop_create(s));
    assert_ok(set_integer(&s->instance, JET_paramCacheSizeMax, 64)); /* pages come and go */
    assert_ok(shop_open_with(s, 0));
    assert_ok(shelf_create(s, name, f));
    assert_ok(JetCloseTable(s->sesid, f->tableid));
}

/* Restores into the folder of an instance of its own, and leaves that open. */
static inline JET_ERR
restore_from(shop *r, const char *backup, JET_PFNSTATUS status)
{
    JET_ERR err;

    assert_ok(shop_create(r));
    err = JetRestoreInstanceA(r->instance, backup, r->folder, status);
    assert_ok(JetTerm(r->instance));
    return err;
}

/* Opens what was restored, checks it, and returns the number of rows. */
static inline int32_t
open_restored(shop *r)
{
    shelf f = {0};
    int32_t n;

    assert_int_equal(shop_header(r, "a.edb").dbstate, JET_dbstateCleanShutdown);
    (void)test_check_file(in_shop(r, "a.edb"));
    TEST_OK(shop_open(r));
    TEST_OK(shelf_open(r, "a.edb", &f));
    n = check_rows(r, &f);
    TEST_OK(worker_step(r, &f, n)); /* and it can be worked with */
    TEST_OK(shop_close(r));
    return n;
}

/* An instance that met a fatal error ends; the next one finds everything. */
static inline void
shop_revive(shop *s, shelf *f, int32_t n_rows)
{
    JET_ERR err = JetBeginTransaction(s->sesid);

    if (err >= JET_errSuccess)
        err = JetCommitTransaction(s->sesid, 0);
    if (err >= JET_errSuccess && shelf_seek(s, f, 0) >= JET_errSuccess)
        return;
    (void)JetTerm(s->instance);
    TEST_OK(shop_open(s));
    TEST_OK(shelf_open(s, "a.edb", f));
    assert_int_equal(check_rows(s, f), n_rows);
}
