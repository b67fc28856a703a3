/* An instance without recovery, one session, one database, read-only. */
#include "tools/tools.h"

static JET_ERR
start_instance(ese_tools__database *database)
{
    JET_ERR err = JetCreateInstance(&database->instance, "ese");

    if (err >= JET_errSuccess)
        err = JetSetSystemParameter(&database->instance, JET_sesidNil, JET_paramRecovery, 0, "off");
    if (err >= JET_errSuccess)
        err = JetInit(&database->instance);
    if (err >= JET_errSuccess)
        err = JetBeginSession(database->instance, &database->sesid, NULL, NULL);
    return err;
}

ese_tools__status
ese_tools__database_open(ese_tools__database *database, const char *path,
                         const ese_tools__common *common)
{
    JET_GRBIT grbit =
        JET_bitDbReadOnly | ESE_bitDbReader | (common->is_damaged ? ESE_bitDbReadDamaged : 0);
    JET_ERR err;

    *database = (ese_tools__database){
        .path = path, .common = *common, .instance = JET_instanceNil, .sesid = JET_sesidNil};
    err = start_instance(database);
    if (err >= JET_errSuccess)
        err = JetAttachDatabase(database->sesid, path, grbit);
    if (err >= JET_errSuccess)
        err = JetOpenDatabase(database->sesid, path, NULL, &database->dbid, JET_bitDbReadOnly);
    if (err >= JET_errSuccess)
        return ESE_TOOLS__OK;
    ese_tools__report(path, err);
    ese_tools__database_close(database);
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
