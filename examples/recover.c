/*
 * A ledger that is written while the process dies: what recovery makes of it in a copy, and how it goes on by itself at the next start.
 *
 * usage: recover FILE      the ledger is in FILE.ledger.d, which is made for the time of the program
 */
#define _XOPEN_SOURCE 700

#include <ese.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATH_SIZE = 1024 };

static char folder[PATH_SIZE - 64], database[PATH_SIZE], copies[PATH_SIZE];

static void
check(JET_ERR err)
{
    if (err < JET_errSuccess) {
        fprintf(stderr, "%s\n", ese_error_text(err));
        exit(1);
    }
}

/* An instance with its logs in the folder. Where the last one did not end, JetInit recovers its databases. */
static JET_SESID
start(JET_INSTANCE *instance)
{
    JET_SESID session;

    check(JetCreateInstanceA(instance, "ledger"));
    check(JetSetSystemParameterA(instance, 0, JET_paramCreatePathIfNotExist, 1, NULL));
    check(JetSetSystemParameterA(instance, 0, JET_paramSystemPath, 0, folder));
    check(JetSetSystemParameterA(instance, 0, JET_paramLogFilePath, 0, folder));
    check(JetSetSystemParameterA(instance, 0, JET_paramTempPath, 0, folder));
    check(JetSetSystemParameterA(instance, 0, JET_paramLogFileSize, 1024, NULL));
    check(JetSetSystemParameterA(instance, 0, JET_paramRecovery, 0, "on"));
    check(JetInit(instance));
    check(JetBeginSessionA(*instance, &session, NULL, NULL));
    return session;
}

static void
book(JET_SESID session, JET_TABLEID table, JET_COLUMNID column, const char *text)
{
    check(JetBeginTransaction(session));
    check(JetPrepareUpdate(session, table, JET_prepInsert));
    check(JetSetColumn(session, table, column, text, (uint32_t)strlen(text), 0, NULL));
    check(JetUpdate(session, table, NULL, 0, NULL));
}

/* Books three entries, and dies while it books the fourth. */
static void
write_and_die(void)
{
    JET_INSTANCE instance;
    JET_SESID session = start(&instance);
    JET_COLUMNDEF definition = {
        .cbStruct = sizeof definition, .coltyp = JET_coltypLongText, .cp = 1252};
    JET_DBID db;
    JET_TABLEID table;
    JET_COLUMNID column;

    check(JetCreateDatabaseA(session, database, NULL, &db, 0));
    check(JetCreateTableA(session, db, "entries", 0, 100, &table));
    check(JetAddColumnA(session, table, "text", &definition, NULL, 0, &column));
    for (int i = 0; i < 3; i++) {
        static const char *const texts[] = {"wheels", "cards", "engine"};

        book(session, table, column, texts[i]);
        check(JetCommitTransaction(session, 0)); /* on the disk when it returns */
    }
    book(session, table, column, "never booked");
    _exit(0);
}

static JET_ERR
tell(void *context, const char *phase, uint64_t done, uint64_t total)
{
    (void)context;
    printf("%s %llu of %llu\n", phase, (unsigned long long)done, (unsigned long long)total);
    return JET_errSuccess;
}

/* Nothing is written beside the database and its logs. */
static void
recover_copy(void)
{
    const ese_recover_options options = {
        .source = database, .logs = folder, .target = copies, .progress = tell};
    ese_recover_report *report = NULL;

    check(ese_recover(&options, &report));
    printf("logs %u to %u: %llu transactions committed, %llu rolled back\n", report->first,
           report->last, (unsigned long long)report->n_committed,
           (unsigned long long)report->n_rolled_back);
    for (uint32_t i = 0; i < report->n_databases; i++)
        printf("%s\n", report->databases[i].result);
    ese_recover_free(&report);
}

/* Who goes on with the ledger notices nothing. */
static void
go_on(void)
{
    JET_INSTANCE instance;
    JET_SESID session = start(&instance);
    JET_DBID db;
    JET_TABLEID table;
    uint32_t n = 0;

    check(JetAttachDatabaseA(session, database, 0));
    check(JetOpenDatabaseA(session, database, NULL, &db, 0));
    check(JetOpenTableA(session, db, "entries", NULL, 0, 0, &table));
    check(JetIndexRecordCount(session, table, &n, 0));
    printf("%u entries\n", n);
    check(JetTerm(instance));
    if (n != 3)
        exit(1);
}

static int
remove_folder(const char *path)
{
    DIR *dir = opendir(path);

    if (dir == NULL)
        return -1;
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
        (void)unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    return rmdir(path);
}

int
main(int argc, char **argv)
{
    pid_t child;
    int status = 0;

    if (argc != 2) {
        fprintf(stderr, "usage: recover FILE\n");
        return 1;
    }
    snprintf(folder, sizeof folder, "%s.ledger.d", argv[1]);
    snprintf(database, sizeof database, "%s/ledger.edb", folder);
    snprintf(copies, sizeof copies, "%s/copies", folder);
    child = fork();
    if (child == 0)
        write_and_die();
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
        return 1;
    recover_copy();
    go_on();
    return remove_folder(copies) == 0 && remove_folder(folder) == 0 ? 0 : 1;
}
