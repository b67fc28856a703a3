/*
 * JetCompact: the tables of an attached database that nobody has open go to a new one, in the order of their keys and without the room that deleted records have left.
 *
 * INV-1  The work is done in a session of its own, through the public functions: the session of the caller is taken, and nothing of it is used but its instance.
 * INV-2  The source is open for the sole use of that session as long as the work lasts.
 * INV-3  The new file is not attached afterwards. When the work fails or is given up, there is none.
 */
#include "api/api_compact.h"

#include "base/alloc.h"
#include "os/os_file.h"
#include "os/os_thread.h"

#include <stdio.h>
#include <string.h>

enum {
    OBJECTS_BYTES_MAX = 256 << 20,
    STATISTICS_BYTES_MAX = 256 << 20,
    PAGES_MIN = 16,
    NS_PER_MS = 1000000,
};

static const char statistics_path[] = "dfrginfo.txt";

typedef struct request {
    const char *source, *target;
    JET_PFNSTATUS status;
    JET_SESID sesid; /* of the caller, for the status function */
    JET_GRBIT grbit;
} request;

/* A table of the source. */
typedef struct object {
    char name[ESE_API__COMPACT_NAME];
    JET_GRBIT flags;
    uint32_t n_pages;
} object;

typedef struct work {
    const request *asked;
    ese_api__compaction c;
    ese_growbuf objects;
    JET_OBJECTLIST layout;
    uint64_t n_pages_done, n_pages;
    uint32_t n_pages_table; /* of the table on its way */
    uint64_t began_ns;
    ese_growbuf statistics; /* text */
} work;

static object *
objects_of(const work *w, size_t *n_out)
{
    *n_out = w->objects.size / sizeof(object);
    return (object *)(void *)w->objects.data;
}

/* ---- Progress: in pages of the source ---- */

static JET_ERR
tell(const work *w, JET_SNT snt, uint64_t n_done)
{
    JET_SNPROG progress = {.cbStruct = sizeof progress};
    JET_ERR err;

    if (w->asked->status == NULL)
        return JET_errSuccess;
    progress.cunitTotal = (uint32_t)w->n_pages;
    progress.cunitDone = (uint32_t)(n_done < w->n_pages ? n_done : w->n_pages);
    err = w->asked->status(w->asked->sesid, JET_snpCompact, snt, &progress);
    return err < JET_errSuccess ? err : JET_errSuccess;
}

static JET_ERR
tell_part(void *self, uint64_t part, uint64_t whole)
{
    const work *w = self;
    uint64_t n = whole == 0 ? 0 : (uint64_t)w->n_pages_table * part / whole;

    return tell(w, JET_sntProgress, w->n_pages_done + n);
}

/* ---- Tables ---- */

static JET_ERR
count_pages(const ese_api__compaction *c, object *table)
{
    JET_TABLEID tableid;
    JET_ERR err =
        JetOpenTableA(c->sesid, c->from, table->name, NULL, 0, JET_bitTableReadOnly, &tableid);

    if (err < JET_errSuccess)
        return err;
    err = JetGetTableInfoA(c->sesid, tableid, &table->n_pages, sizeof table->n_pages,
                           JET_TblInfoSpaceOwned);
    JetCloseTable(c->sesid, tableid);
    return err;
}

static JET_ERR
add_object(void *self)
{
    work *w = self;
    const JET_OBJECTLIST *list = &w->layout;
    object table = {.flags = 0};
    JET_ERR err;

    ESE_TRY(JetRetrieveColumn(w->c.sesid, list->tableid, list->columnidflags, &table.flags,
                              sizeof table.flags, NULL, 0, NULL));
    if ((table.flags & JET_bitObjectSystem) != 0)
        return JET_errSuccess;
    ESE_TRY(JetRetrieveColumn(w->c.sesid, list->tableid, list->columnidobjectname, table.name,
                              sizeof table.name - 1, NULL, 0, NULL));
    ESE_TRY(count_pages(&w->c, &table));
    w->n_pages += table.n_pages;
    ESE_TRY(ese_growbuf_append(&w->objects, &table, sizeof table));
out:
    return err;
}

static JET_ERR
load_objects(work *w)
{
    JET_ERR err;

    w->layout.cbStruct = sizeof w->layout;
    ESE_TRY(JetGetObjectInfoA(w->c.sesid, w->c.from, JET_objtypTable, NULL, NULL, &w->layout,
                              sizeof w->layout, JET_ObjInfoListNoStats));
    ESE_TRY(ese_api__compact_each(w->c.sesid, w->layout.tableid, w, add_object));
out:
    return err;
}

/* ---- Statistics: lines of fields with tabs between them ---- */

static JET_ERR
add_line(work *w, const char *line)
{
    if ((w->asked->grbit & JET_bitCompactStats) == 0)
        return JET_errSuccess;
    return ese_growbuf_append(&w->statistics, line, strlen(line));
}

static JET_ERR
add_table_line(work *w, const object *table, const ese_api__compacted *counts)
{
    char line[ESE_API__COMPACT_NAME + 100];

    (void)snprintf(line, sizeof line, "%s\t%llu\t%llu\t%llu\t%u\n", table->name,
                   (unsigned long long)counts->n_rows, (unsigned long long)counts->n_bytes,
                   (unsigned long long)counts->n_long_bytes, (unsigned)table->n_pages);
    return add_line(w, line);
}

static JET_ERR
add_summary(work *w)
{
    uint64_t n_source = 0, n_target = 0;
    char line[200];
    JET_ERR err;

    ESE_TRY(
        JetGetDatabaseInfoA(w->c.sesid, w->c.from, &n_source, sizeof n_source, JET_DbInfoFilesize));
    ESE_TRY(
        JetGetDatabaseInfoA(w->c.sesid, w->c.to, &n_target, sizeof n_target, JET_DbInfoFilesize));
    (void)snprintf(
        line, sizeof line,
        "pages of the source\t%llu\npages of the new database\t%llu\nmilliseconds\t%llu\n",
        (unsigned long long)n_source, (unsigned long long)n_target,
        (unsigned long long)((ese_os_now_ns() - w->began_ns) / NS_PER_MS));
    ESE_TRY(add_line(w, line));
out:
    return err;
}

static JET_ERR
write_statistics(work *w)
{
    ese_os_file *file = NULL;
    JET_ERR err;

    ESE_TRY(add_summary(w));
    ESE_TRY(ese_os_file_open_for(statistics_path, ESE_OS_FILE_REPLACE, &file));
    ESE_TRY(ese_os_file_write(file, 0, w->statistics.data, w->statistics.size));
out:
    ese_os_file_close(&file);
    return err;
}

/* ---- The work ---- */

static JET_ERR
copy_tables_of_kind(work *w, bool is_template)
{
    size_t n;
    const object *tables = objects_of(w, &n);
    JET_ERR err = JET_errSuccess;

    for (size_t i = 0; i < n; i++) {
        ese_api__compacted counts = {0};

        if (((tables[i].flags & JET_bitObjectTableTemplate) != 0) != is_template)
            continue;
        w->n_pages_table = tables[i].n_pages;
        ESE_TRY(ese_api__compact_table(&w->c, tables[i].name, tables[i].flags, &counts));
        w->n_pages_done += tables[i].n_pages;
        ESE_TRY(tell(w, JET_sntProgress, w->n_pages_done));
        ESE_TRY(add_table_line(w, &tables[i], &counts));
    }
out:
    return err;
}

/* Templates come before the tables that are made after them. What the last growth of the file left over is cut off, if it can be. */
static JET_ERR
copy_all(work *w)
{
    uint32_t n_pages = 0;
    JET_ERR err;

    ESE_TRY(load_objects(w));
    ESE_TRY(tell(w, JET_sntBegin, 0));
    ESE_TRY(add_line(w, "table\trecords\tbytes\tbytes of long values\tpages in the source\n"));
    ESE_TRY(copy_tables_of_kind(w, true));
    ESE_TRY(copy_tables_of_kind(w, false));
    (void)JetResizeDatabase(w->c.sesid, w->c.to, PAGES_MIN, &n_pages,
                            JET_bitResizeDatabaseOnlyShrink);
    if ((w->asked->grbit & JET_bitCompactStats) != 0)
        ESE_TRY(write_statistics(w));
out:
    return err;
}

/* A file that is complete is closed as clean; another one goes. */
static JET_ERR
finish_target(work *w, JET_ERR err)
{
    (void)JetCloseDatabase(w->c.sesid, w->c.to, 0);
    ESE_KEEP_FIRST(err, JetDetachDatabaseA(w->c.sesid, w->asked->target));
    if (err < JET_errSuccess)
        (void)ese_os_file_delete(w->asked->target);
    return err;
}

static JET_ERR
run(work *w)
{
    const request *asked = w->asked;
    JET_ERR err;

    ESE_TRY(JetOpenDatabaseA(w->c.sesid, asked->source, NULL, &w->c.from,
                             JET_bitDbReadOnly | JET_bitDbExclusive));
    ESE_TRY(JetCreateDatabase2A(w->c.sesid, asked->target, 0, &w->c.to, 0));
    err = finish_target(w, copy_all(w));
    if (err >= JET_errSuccess)
        (void)tell(w, JET_sntComplete, w->n_pages); /* too late to be given up */
out:
    return err;
}

static JET_ERR
run_in_own_session(JET_INSTANCE instance, const request *asked)
{
    work w = {
        .asked = asked,
        .c = {.counts_bytes = (asked->grbit & JET_bitCompactStats) != 0, .progress = tell_part},
        .objects = ese_growbuf_make(OBJECTS_BYTES_MAX),
        .statistics = ese_growbuf_make(STATISTICS_BYTES_MAX),
        .began_ns = ese_os_now_ns(),
    };
    JET_ERR err;

    w.c.self = &w;
    ESE_TRY(ese_alloc(ESE_API__COMPACT_PIECE, &w.c.piece));
    ESE_TRY(JetBeginSessionA(instance, &w.c.sesid, NULL, NULL));
    err = run(&w);
    (void)JetEndSession(w.c.sesid, 0);
out:
    ese_free(&w.c.piece);
    ese_growbuf_destroy(&w.objects);
    ese_growbuf_destroy(&w.statistics);
    return err < JET_errSuccess ? err : JET_errSuccess;
}

static JET_ERR
check(const ese_api_session *session, const request *asked, const void *convert)
{
    const JET_GRBIT known = JET_bitCompactStats | JET_bitCompactRepair;

    if ((asked->grbit & ~known) != 0)
        return ese_raise(JET_errInvalidGrbit, "unknown options %x",
                         (unsigned)(asked->grbit & ~known));
    if (convert != NULL)
        return ese_raise(JET_errFeatureNotAvailable, "there are no older formats to convert");
    if ((asked->grbit & JET_bitCompactRepair) != 0)
        return ese_raise(JET_errFeatureNotAvailable, "damaged databases are for ese repair");
    if (asked->source == NULL || *asked->source == '\0' || asked->target == NULL ||
        *asked->target == '\0')
        return ese_raise(JET_errDatabaseInvalidPath, "a database needs a name");
    if (session->txn.level > 0)
        return ese_raise(JET_errInTransaction, "%s: not possible within a transaction",
                         asked->source);
    return JET_errSuccess;
}

static JET_ERR
compact(const request *asked, const void *convert)
{
    ese_api_session *session = NULL;
    JET_ERR err = ese_api_enter(asked->sesid, ESE_API_ORDINARY, &session);

    if (err < JET_errSuccess)
        return err;
    err = check(session, asked, convert);
    if (err >= JET_errSuccess)
        err = run_in_own_session(session->instance->handle, asked);
    return ese_api_leave(session, err);
}

JET_ERR JET_API
JetCompactA(JET_SESID sesid, JET_PCSTR szDatabaseSrc, JET_PCSTR szDatabaseDest,
            JET_PFNSTATUS pfnStatus, JET_CONVERT_A *pconvert, JET_GRBIT grbit)
{
    const request asked = {szDatabaseSrc, szDatabaseDest, pfnStatus, sesid, grbit};

    return compact(&asked, pconvert);
}

JET_ERR JET_API
JetCompactW(JET_SESID sesid, JET_PCWSTR szDatabaseSrc, JET_PCWSTR szDatabaseDest,
            JET_PFNSTATUS pfnStatus, JET_CONVERT_W *pconvert, JET_GRBIT grbit)
{
    char *source = NULL, *target = NULL;
    request asked = {.status = pfnStatus, .sesid = sesid, .grbit = grbit};
    JET_ERR err;

    ESE_TRY(ese_api_utf8_from_wide(szDatabaseSrc, &source));
    ESE_TRY(ese_api_utf8_from_wide(szDatabaseDest, &target));
    asked.source = source;
    asked.target = target;
    err = compact(&asked, pconvert);
out:
    ese_free(&source);
    ese_free(&target);
    return err;
}
