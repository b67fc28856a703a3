/* What the tests of instances with a log share: a folder with logs and databases, rows in a table, ends that are crashes. */
#pragma once

#include "api_test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOG_KIB = 128 };

typedef struct shop {
    char folder[64];
    JET_INSTANCE instance;
    JET_SESID sesid;
} shop;

typedef struct shelf {
    JET_DBID dbid;
    JET_TABLEID tableid;
    JET_COLUMNID number, payload;
} shelf;

static inline const char *
in_shop(const shop *s, const char *name)
{
    static _Thread_local char paths[8][400];
    static _Thread_local unsigned next;
    char *path = paths[next++ % 8];

    (void)snprintf(path, sizeof paths[0], "%s/%s", s->folder, name);
    return path;
}

static inline void
shop_make(shop *s)
{
    *s = (shop){.folder = ESE_TEST_FOLDER "/ese-shop-XXXXXX"};
    assert_non_null(mkdtemp(s->folder));
}

static inline void
shop_empty(const shop *s)
{
    DIR *folder = opendir(s->folder);
    struct dirent *entry;

    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.')
            (void)unlink(in_shop(s, entry->d_name));
    }
    (void)closedir(folder);
}

static inline void
shop_destroy(shop *s)
{
    shop_empty(s);
    assert_int_equal(rmdir(s->folder), 0);
}

/* An instance before JetInit. */
static inline JET_ERR
shop_create(shop *s)
{
    char folder[80];
    JET_ERR err = JetCreateInstanceA(&s->instance, s->folder);

    (void)snprintf(folder, sizeof folder, "%s/", s->folder);
    if (err >= JET_errSuccess)
        err = set_text(&s->instance, JET_paramLogFilePath, folder);
    if (err >= JET_errSuccess)
        err = set_text(&s->instance, JET_paramSystemPath, folder);
    if (err >= JET_errSuccess)
        err = set_text(&s->instance, JET_paramTempPath, folder);
    if (err >= JET_errSuccess)
        err = set_integer(&s->instance, JET_paramLogFileSize, LOG_KIB);
    if (err >= JET_errSuccess)
        err = set_integer(&s->instance, JET_paramMaxVerPages, 1024);
    return err;
}

static inline JET_ERR
shop_open_with(shop *s, JET_GRBIT grbit)
{
    JET_ERR err = JetInit2(&s->instance, grbit);

    if (err < JET_errSuccess)
        return err;
    return JetBeginSessionA(s->instance, &s->sesid, NULL, NULL);
}

static inline JET_ERR
shop_open(shop *s)
{
    JET_ERR err = shop_create(s);

    return err < JET_errSuccess ? err : shop_open_with(s, 0);
}

static inline JET_ERR
shop_close(shop *s)
{
    return JetTerm(s->instance);
}

/* As a crash leaves it. */
static inline void
shop_crash(shop *s)
{
    assert_int_equal(JetTerm2(s->instance, JET_bitTermDirty), JET_errDirtyShutdown);
}

static inline JET_ERR
shelf_columns(shop *s, shelf *f)
{
    JET_COLUMNDEF column = {.cbStruct = sizeof column};
    JET_ERR err =
        JetGetTableColumnInfoA(s->sesid, f->tableid, "number", &column, sizeof column, JET_ColInfo);

    f->number = column.columnid;
    if (err >= JET_errSuccess)
        err = JetGetTableColumnInfoA(s->sesid, f->tableid, "payload", &column, sizeof column,
                                     JET_ColInfo);
    f->payload = column.columnid;
    return err;
}

/* A new database with a table whose primary key is a number. */
static inline JET_ERR
shelf_create(shop *s, const char *name, shelf *f)
{
    JET_COLUMNDEF number = {.cbStruct = sizeof number, .coltyp = JET_coltypLong};
    JET_COLUMNDEF payload = {.cbStruct = sizeof payload, .coltyp = JET_coltypBinary, .cbMax = 255};
    JET_ERR err = JetCreateDatabaseA(s->sesid, in_shop(s, name), NULL, &f->dbid, 0);

    if (err >= JET_errSuccess)
        err = JetCreateTableA(s->sesid, f->dbid, "rows", 0, 80, &f->tableid);
    if (err >= JET_errSuccess)
        err = JetAddColumnA(s->sesid, f->tableid, "number", &number, NULL, 0, &f->number);
    if (err >= JET_errSuccess)
        err = JetAddColumnA(s->sesid, f->tableid, "payload", &payload, NULL, 0, &f->payload);
    if (err >= JET_errSuccess)
        err = JetCreateIndexA(s->sesid, f->tableid, "primary", JET_bitIndexPrimary, "+number\0", 9,
                              80);
    if (err >= JET_errSuccess)
        err = JetCloseTable(s->sesid, f->tableid);
    if (err >= JET_errSuccess)
        err = JetOpenTableA(s->sesid, f->dbid, "rows", NULL, 0, 0, &f->tableid);
    return err;
}

static inline JET_ERR
shelf_open(shop *s, const char *name, shelf *f)
{
    JET_ERR err = JetAttachDatabaseA(s->sesid, in_shop(s, name), 0);

    if (err >= JET_errSuccess)
        err = JetOpenDatabaseA(s->sesid, in_shop(s, name), NULL, &f->dbid, 0);
    if (err >= JET_errSuccess)
        err = JetOpenTableA(s->sesid, f->dbid, "rows", NULL, 0, 0, &f->tableid);
    return err < JET_errSuccess ? err : shelf_columns(s, f);
}

static inline JET_ERR
shelf_set(shop *s, const shelf *f, int32_t number, uint8_t fill)
{
    uint8_t payload[255];
    JET_ERR err;

    memset(payload, fill, sizeof payload);
    err = JetSetColumn(s->sesid, f->tableid, f->number, &number, sizeof number, 0, NULL);
    if (err >= JET_errSuccess)
        err = JetSetColumn(s->sesid, f->tableid, f->payload, payload, sizeof payload, 0, NULL);
    return err < JET_errSuccess ? err : JetUpdate(s->sesid, f->tableid, NULL, 0, NULL);
}

static inline JET_ERR
shelf_insert(shop *s, const shelf *f, int32_t number)
{
    JET_ERR err = JetPrepareUpdate(s->sesid, f->tableid, JET_prepInsert);

    return err < JET_errSuccess ? err : shelf_set(s, f, number, (uint8_t)number);
}

static inline JET_ERR
shelf_seek(shop *s, const shelf *f, int32_t number)
{
    JET_ERR err = JetMakeKey(s->sesid, f->tableid, &number, sizeof number, JET_bitNewKey);

    return err < JET_errSuccess ? err : JetSeek(s->sesid, f->tableid, JET_bitSeekEQ);
}

static inline JET_ERR
shelf_replace(shop *s, const shelf *f, int32_t number, uint8_t fill)
{
    uint8_t payload[255];
    JET_ERR err = shelf_seek(s, f, number);

    memset(payload, fill, sizeof payload);
    if (err >= JET_errSuccess)
        err = JetPrepareUpdate(s->sesid, f->tableid, JET_prepReplace);
    if (err >= JET_errSuccess)
        err = JetSetColumn(s->sesid, f->tableid, f->payload, payload, sizeof payload, 0, NULL);
    return err < JET_errSuccess ? err : JetUpdate(s->sesid, f->tableid, NULL, 0, NULL);
}

/* The first byte of the payload of a row, which must be the same as all others; -1: there is no such row. */
static inline int
shelf_look(shop *s, const shelf *f, int32_t number)
{
    uint8_t payload[255] = {0};
    uint32_t n = 0;
    JET_ERR err = shelf_seek(s, f, number);

    if (err == JET_errRecordNotFound)
        return -1;
    assert_ok(err);
    assert_ok(
        JetRetrieveColumn(s->sesid, f->tableid, f->payload, payload, sizeof payload, &n, 0, NULL));
    assert_int_equal(n, sizeof payload);
    for (uint32_t i = 1; i < n; i++)
        assert_int_equal(payload[i], payload[0]);
    return payload[0];
}

/* Number of rows, which are 0 … n - 1. */
static inline int32_t
shelf_count(shop *s, const shelf *f)
{
    int32_t n = 0;
    JET_ERR err = JetMove(s->sesid, f->tableid, (int32_t)JET_MoveFirst, 0);

    while (err >= JET_errSuccess) {
        int32_t number = -1;

        assert_ok(JetRetrieveColumn(s->sesid, f->tableid, f->number, &number, sizeof number, NULL,
                                    0, NULL));
        assert_int_equal(number, n);
        n++;
        err = JetMove(s->sesid, f->tableid, JET_MoveNext, 0);
    }
    assert_int_equal(err, JET_errNoCurrentRecord);
    return n;
}

/* Rows first … first + n - 1 in one transaction. */
static inline JET_ERR
shelf_fill(shop *s, const shelf *f, int32_t first, int32_t n)
{
    JET_ERR err = JetBeginTransaction(s->sesid);

    for (int32_t i = 0; i < n && err >= JET_errSuccess; i++)
        err = shelf_insert(s, f, first + i);
    return err < JET_errSuccess ? err : JetCommitTransaction(s->sesid, 0);
}

static inline JET_DBINFOMISC4
shop_header(const shop *s, const char *name)
{
    JET_DBINFOMISC4 misc;

    assert_ok(JetGetDatabaseFileInfoA(in_shop(s, name), &misc, sizeof misc, JET_DbInfoMisc));
    return misc;
}

static inline bool
shop_has(const shop *s, const char *name)
{
    return access(in_shop(s, name), F_OK) == 0;
}

/* Runs `body` in a process of its own, which ends as a crash would: no exit handler, nothing is closed. Returns what it gives. */
static inline int
in_other_process(int (*body)(void *), void *self)
{
    pid_t child = fork();
    int status = 0;

    assert_true(child >= 0);
    if (child == 0)
        _exit(body(self));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}
