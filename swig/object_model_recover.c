/* Recovery, and the private copy in which a dirty database is read. */
#define _XOPEN_SOURCE 700

#include "object_model_recover.h"

#include "object_model_private.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_MAX = 512 };

JET_ERR
ese_model_recover(const ese_recover_options *options, ese_recover_report **report_out)
{
    JET_ERR err;

    ese_model__forget_failure();
    err = ese_recover(options, report_out);
    if ((options->grbit & ESE_bitRecoverWithoutUndo) != 0 &&
        (err == JET_errRecoveredWithoutUndo ||
         err == JET_errRecoveredWithoutUndoDatabasesConsistent))
        return JET_errSuccess;
    return err;
}

/* ---- A folder that goes ---------------------------------------------------------------------------------- */

/* Where there is room for large files that need not outlive the machine. */
static const char *
temporary_folder(void)
{
    const char *named = getenv("TMPDIR");

    if (named != NULL && named[0] != '\0')
        return named;
    return access("/var/tmp", W_OK) == 0 ? "/var/tmp" : "/tmp";
}

static JET_ERR
make_folder(const char *parent, char **folder_out)
{
    static const char name[] = "/ese-XXXXXX";
    size_t n;
    char *folder;

    if (parent == NULL)
        parent = temporary_folder();
    n = strlen(parent);
    folder = malloc(n + sizeof name);
    if (folder == NULL)
        return ese_model__fail(JET_errOutOfMemory, "out of memory");
    memcpy(folder, parent, n);
    memcpy(folder + n, name, sizeof name);
    if (mkdtemp(folder) == NULL) {
        char text[TEXT_MAX];
        JET_ERR err = errno == ENOENT || errno == ENOTDIR ? JET_errInvalidPath
                      : errno == ENOSPC                   ? JET_errDiskFull
                                                          : JET_errFileAccessDenied;

        snprintf(text, sizeof text, "%s: no folder for the copy can be made there", parent);
        free(folder);
        return ese_model__fail(err, text);
    }
    *folder_out = folder;
    return JET_errSuccess;
}

/* With the files in it; open ones stay until they are closed. */
static void
remove_folder(char *folder)
{
    DIR *dir = folder != NULL ? opendir(folder) : NULL;

    if (dir != NULL) {
        for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
            (void)unlinkat(dirfd(dir), entry->d_name, 0);
        closedir(dir);
        (void)rmdir(folder);
    }
    free(folder);
}

/* ---- Reading a database that is not clean ----------------------------------------------------------------- */

static JET_ERR
find_state(const char *path, uint32_t *state_out)
{
    JET_DBINFOMISC4 info;
    JET_ERR err = JetGetDatabaseFileInfoA(path, &info, sizeof info, JET_DbInfoMisc);

    if (err >= JET_errSuccess)
        *state_out = info.dbstate;
    return err;
}

/* Error sentences are those of the last call of the engine: the one that counts is kept. */
static JET_ERR
keep_failure(JET_ERR err)
{
    char text[TEXT_MAX];

    snprintf(text, sizeof text, "%s", ese_model_error_text(err));
    return ese_model__fail(err, text);
}

static JET_ERR
open_reader(const char *path, ese_model_database **database_out)
{
    const ese_model_opening opening = {.path = path, .access = ESE_MODEL_READ};

    return ese_model_open_file(&opening, database_out);
}

/* The result of the database that was asked for, among those of its log. */
static JET_ERR
open_result(const ese_recover_report *report, const char *path, ese_model_database **database_out)
{
    char text[TEXT_MAX];

    for (uint32_t i = 0; i < report->n_databases; i++) {
        const ese_recover_database *database = &report->databases[i];

        if (database->source != NULL && strcmp(database->source, path) == 0 &&
            database->result != NULL)
            return open_reader(database->result, database_out);
    }
    snprintf(text, sizeof text, "%s: the logs do not tell of this database", path);
    return ese_model__fail(JET_errAttachedDatabaseMismatch, text);
}

static JET_ERR
recover_and_open(const ese_recover_options *options, const char *folder,
                 ese_recover_report **report_out, ese_model_database **database_out)
{
    ese_recover_options copy = *options;
    ese_recover_report *report = NULL;
    JET_ERR err;

    copy.target = folder;
    copy.databases = folder; /* nothing is there: other databases of the log are not asked for */
    copy.grbit |= ESE_bitRecoverIgnoreMissing;
    err = ese_model_recover(&copy, &report);
    if (err >= JET_errSuccess)
        err = open_result(report, options->source, database_out);
    if (err >= JET_errSuccess) {
        *report_out = report;
        report = NULL;
    } else {
        err = keep_failure(err);
    }
    ese_recover_free(&report);
    return err;
}

JET_ERR
ese_model_open_recovered(const ese_recover_options *options, ese_recover_report **report_out,
                         ese_model_database **database_out)
{
    uint32_t state = 0;
    char *folder = NULL;
    JET_ERR err;

    ese_model__forget_failure();
    if (options->source == NULL)
        return ese_model__fail(JET_errDatabaseInvalidPath, "a database needs a path");
    err = find_state(options->source, &state);
    if (err < JET_errSuccess)
        return err;
    if (state == JET_dbstateCleanShutdown)
        return open_reader(options->source, database_out);
    err = make_folder(options->target, &folder);
    if (err >= JET_errSuccess)
        err = recover_and_open(options, folder, report_out, database_out);
    remove_folder(folder);
    return err;
}
