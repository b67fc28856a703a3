/* An instance without recovery, one session, one database: read-only, or for change. */
#include "tools/tools.h"

#include <sys/stat.h>

enum { VERSION_PAGES = 16384 }; /* room for batches of long rows */

/* `page_size` 0: that of nothing, for nothing is written. */
static JET_ERR
start_instance(ese_tools__database *database, uint32_t page_size)
{
    JET_ERR err = JetCreateInstance(&database->instance, "ese");

    if (err >= JET_errSuccess)
        err = JetSetSystemParameter(&database->instance, JET_sesidNil, JET_paramRecovery, 0, "off");
    if (err >= JET_errSuccess && page_size != 0)
        err = ese_set_page_size(database->instance, page_size);
    if (err >= JET_errSuccess && page_size != 0)
        err = JetSetSystemParameter(&database->instance, JET_sesidNil, JET_paramMaxVerPages,
                                    VERSION_PAGES, NULL);
    if (err >= JET_errSuccess)
        err = JetInit(&database->instance);
    if (err >= JET_errSuccess)
        err = JetBeginSession(database->instance, &database->sesid, NULL, NULL);
    return err;
}

static JET_ERR
open_reader(ese_tools__database *database)
{
    JET_GRBIT grbit = JET_bitDbReadOnly | ESE_bitDbReader |
                      (database->common.is_damaged ? ESE_bitDbReadDamaged : 0);
    JET_ERR err = JetAttachDatabase(database->sesid, database->path, grbit);

    if (err >= JET_errSuccess)
        err = JetOpenDatabase(database->sesid, database->path, NULL, &database->dbid,
                              JET_bitDbReadOnly);
    return err;
}

ese_tools__status
ese_tools__database_open(ese_tools__database *database, const char *path,
                         const ese_tools__common *common)
{
    JET_ERR err;

    *database = (ese_tools__database){
        .path = path, .common = *common, .instance = JET_instanceNil, .sesid = JET_sesidNil};
    err = start_instance(database, 0);
    if (err >= JET_errSuccess)
        err = open_reader(database);
    if (err >= JET_errSuccess)
        return ESE_TOOLS__OK;
    ese_tools__report(path, err);
    ese_tools__database_close(database);
    return ESE_TOOLS__FAILED;
}

static JET_ERR
open_or_create(ese_tools__database *database, const ese_tools__opening *opening, bool is_there)
{
    JET_ERR err;

    if (!is_there || opening->must_create)
        return JetCreateDatabase2(database->sesid, opening->path, 0, &database->dbid, 0);
    err = JetAttachDatabase(database->sesid, opening->path, 0);
    if (err >= JET_errSuccess)
        err = JetOpenDatabase(database->sesid, opening->path, NULL, &database->dbid, 0);
    return err;
}

ese_tools__status
ese_tools__database_change(ese_tools__database *database, const ese_tools__opening *opening,
                           const ese_tools__common *common)
{
    uint32_t page_size = 0;
    JET_ERR err =
        JetGetDatabaseFileInfo(opening->path, &page_size, sizeof page_size, JET_DbInfoPageSize);
    bool is_there = err >= JET_errSuccess;

    *database = (ese_tools__database){.path = opening->path,
                                      .common = *common,
                                      .instance = JET_instanceNil,
                                      .sesid = JET_sesidNil,
                                      .is_writable = true};
    if (err == JET_errFileNotFound && (opening->may_create || opening->must_create))
        err = JET_errSuccess;
    if (err >= JET_errSuccess)
        err = start_instance(database,
                             is_there && !opening->must_create ? page_size : opening->page_size);
    if (err >= JET_errSuccess)
        err = open_or_create(database, opening, is_there);
    if (err >= JET_errSuccess)
        return ESE_TOOLS__OK;
    ese_tools__report(opening->path, err);
    ese_tools__database_close(database);
    return ESE_TOOLS__FAILED;
}

/* Of a file whose headers are both damaged: what its pages tell. */
static JET_ERR
find_page_size(ese_tools__database *probe, uint32_t *page_size_out)
{
    JET_ERR err = JetGetDatabaseFileInfo(probe->path, page_size_out, sizeof *page_size_out,
                                         JET_DbInfoPageSize);

    if (err >= JET_errSuccess || !probe->common.is_damaged)
        return err;
    err = start_instance(probe, 0);
    if (err >= JET_errSuccess)
        err = open_reader(probe);
    if (err >= JET_errSuccess)
        err = JetGetDatabaseInfoA(probe->sesid, probe->dbid, page_size_out, sizeof *page_size_out,
                                  JET_DbInfoPageSize);
    return err;
}

/* What was there before belongs to somebody else: it is an error, and stays. */
static JET_ERR
create_part(ese_tools__database *target)
{
    struct stat status;
    JET_ERR err;

    if (stat(target->path, &status) != 0)
        ese_tools__part_begin(target->path);
    err = JetCreateDatabase2(target->sesid, target->path, 0, &target->dbid, 0);
    if (err < JET_errSuccess)
        ese_tools__part_end(target->path);
    return err;
}

ese_tools__status
ese_tools__database_copy(ese_tools__database *source, ese_tools__database *target,
                         const char *source_path, const char *target_path)
{
    ese_tools__database probe = {.path = source_path,
                                 .common = source->common,
                                 .instance = JET_instanceNil,
                                 .sesid = JET_sesidNil};
    uint32_t page_size = 0;
    const char *failed = source_path;
    JET_ERR err;

    *source = (ese_tools__database){.path = source_path,
                                    .common = source->common,
                                    .instance = JET_instanceNil,
                                    .sesid = JET_sesidNil};
    err = find_page_size(&probe, &page_size);
    if (err < JET_errSuccess)
        ese_tools__report(source_path, err); /* the end of an instance forgets the text */
    ese_tools__database_close(&probe);
    if (err < JET_errSuccess)
        return ESE_TOOLS__FAILED;
    err = start_instance(source, page_size);
    if (err >= JET_errSuccess)
        err = open_reader(source);
    if (err >= JET_errSuccess) {
        failed = target_path;
        *target = (ese_tools__database){.path = target_path,
                                        .common = source->common,
                                        .instance = JET_instanceNil,
                                        .sesid = source->sesid,
                                        .is_writable = true};
        err = create_part(target);
    }
    if (err >= JET_errSuccess)
        return ESE_TOOLS__OK;
    ese_tools__report(failed, err);
    ese_tools__database_close(source);
    return ESE_TOOLS__FAILED;
}

void
ese_tools__database_close(ese_tools__database *database)
{
    if (database->instance != JET_instanceNil)
        JetTerm2(database->instance, JET_bitTermComplete); /* closes what is open in it */
    database->instance = JET_instanceNil;
}

ese_tools__status
ese_tools__database_problems(ese_tools__database *database)
{
    ese_problem problem;
    bool is_new = false;

    if (!database->common.is_damaged)
        return ESE_TOOLS__OK;
    while (ese_get_problem(database->sesid, database->dbid, database->n_told, &problem) >=
           JET_errSuccess) {
        ese_tools__complain(database->path, problem.pgno, problem.err, problem.text);
        database->n_told++;
        is_new = true;
    }
    return is_new ? ESE_TOOLS__PROBLEMS : ESE_TOOLS__OK;
}
