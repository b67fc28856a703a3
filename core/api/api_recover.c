/* Recovery as one call, without an instance: what source, target and the rest of the options mean, and the report as callers get it. */
#include "api/api.h"

#include "base/alloc.h"
#include "maint/maint_backup.h"
#include "os/os_file.h"
#include "recovery/recovery.h"

#include <stdio.h>
#include <string.h>

enum { MAX_TEXT = 1024 };

/* The report as the caller has it, and what it points to. */
typedef struct whole_report {
    ese_recover_report report;
    ese_recover_database databases[ESE_RECOVERY_DATABASES_MAX];
    ese_recovery_report found;
} whole_report;

typedef struct recover {
    const ese_recover_options *asked;
    ese_recovery_options options;
    ese_recovery_watcher watcher;
    ese_recovery_map *maps;
    char *folder; /* of the source */
    char *target;
    bool has_made_target;
} recover;

static const struct {
    JET_GRBIT grbit;
    ese_recovery_flag flag;
} flags[] = {
    {ESE_bitRecoverIgnoreMissing, ESE_RECOVERY_IGNORE_MISSING_DATABASES},
    {ESE_bitRecoverIgnoreLostLogs, ESE_RECOVERY_IGNORE_LOST_LOGS},
    {ESE_bitRecoverDropDamaged, ESE_RECOVERY_DROP_DAMAGED_LOGS},
    {ESE_bitRecoverNewer, ESE_RECOVERY_ALLOW_NEWER_LOGS},
    {ESE_bitRecoverWithoutUndo, ESE_RECOVERY_WITHOUT_UNDO},
    {ESE_bitRecoverBackup, ESE_RECOVERY_RESTORE},
};

/* ---- options */

static bool
progress(void *self, const char *phase, uint64_t done, uint64_t total)
{
    const ese_recover_options *asked = ((const recover *)self)->asked;

    return asked->progress(asked->context, phase, done, total) >= JET_errSuccess;
}

static JET_ERR
check_options(const ese_recover_options *asked)
{
    JET_GRBIT known = ESE_bitRecoverInPlace;

    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        known |= flags[i].grbit;
    if (asked == NULL || asked->source == NULL || asked->source[0] == '\0')
        return ese_raise(JET_errInvalidParameter, "recovery needs a folder or a database");
    if (asked->target != NULL && asked->target[0] == '\0')
        return ese_raise(JET_errInvalidParameter, "the folder of the results has no name");
    if ((asked->grbit & ~known) != 0)
        return ese_raise(JET_errInvalidGrbit, "recovery has no option 0x%x",
                         (unsigned)(asked->grbit & ~known));
    if ((asked->grbit & ESE_bitRecoverInPlace) != 0 && asked->target != NULL)
        return ese_raise(JET_errInvalidParameter,
                         "%s: results are made there or in place, not both", asked->target);
    if ((asked->grbit & ESE_bitRecoverInPlace) != 0 && asked->until != NULL)
        return ese_raise(JET_errInvalidParameter,
                         "a database that ends before its logs cannot take the place of this one");
    if (asked->n_maps > 0 && asked->maps == NULL)
        return ese_raise(JET_errInvalidParameter, "there are no maps");
    for (uint32_t i = 0; i < asked->n_maps; i++) {
        if (asked->maps[i].path == NULL || asked->maps[i].path[0] == '\0')
            return ese_raise(JET_errInvalidParameter, "a map without a path");
    }
    return JET_errSuccess;
}

/* "a/b/c" -> "a/b"; "/c" -> "/"; "c" -> "." */
static JET_ERR
folder_of(const char *path, char **folder_out)
{
    const char *bar = strrchr(path, '/');
    size_t n = bar == NULL ? 1 : bar == path ? 1 : (size_t)(bar - path);
    char *folder = NULL;
    JET_ERR err = ese_alloc(n + 1, &folder);

    if (err < JET_errSuccess)
        return err;
    memcpy(folder, bar == NULL ? "." : path, n);
    *folder_out = folder;
    return err;
}

/* A backup may lie in a folder below, which JET_bitBackupAtomic has made. */
static JET_ERR
find_folder(const ese_recover_options *asked, char **folder_out)
{
    const char *base = asked->base != NULL ? asked->base : "edb";
    JET_ERR err;

    if ((asked->grbit & ESE_bitRecoverBackup) != 0) {
        err = ese_maint_backup_find(asked->source, base, folder_out);
        if (err != JET_errFileNotFound)
            return err;
    }
    return ese_alloc_copy(asked->source, strlen(asked->source) + 1, folder_out);
}

/* A source that is no folder: a database, then. */
static JET_ERR
check_file(const char *path)
{
    ese_os_file *file = NULL;
    JET_ERR err = ese_os_file_open(path, &file);

    ese_os_file_close(&file);
    return err;
}

/* The folder of the source; a database that is the source becomes the first map. */
static JET_ERR
take_source(recover *r)
{
    const ese_recover_options *asked = r->asked;
    bool is_folder = ese_os_folder_exists(asked->source);
    unsigned n = 0;
    JET_ERR err;

    ESE_TRY(ese_alloc((asked->n_maps + (size_t)1) * sizeof *r->maps, &r->maps));
    if (!is_folder) {
        ESE_TRY(check_file(asked->source));
        ESE_TRY(folder_of(asked->source, &r->folder));
        r->maps[n++] = (ese_recovery_map){.to = asked->source};
    } else {
        ESE_TRY(find_folder(asked, &r->folder));
    }
    for (uint32_t i = 0; i < asked->n_maps; i++)
        r->maps[n++] = (ese_recovery_map){.from = asked->maps[i].logged, .to = asked->maps[i].path};
    r->options.maps = r->maps;
    r->options.n_maps = n;
out:
    return err;
}

static JET_ERR
take_target(recover *r)
{
    static const char name[] = "/recovered";
    size_t n = strlen(r->folder);
    JET_ERR err = JET_errSuccess;

    if ((r->asked->grbit & ESE_bitRecoverInPlace) != 0)
        return err;
    if (r->asked->target != NULL) {
        ESE_TRY(ese_alloc_copy(r->asked->target, strlen(r->asked->target) + 1, &r->target));
    } else {
        ESE_TRY(ese_alloc(n + sizeof name, &r->target));
        memcpy(r->target, r->folder, n);
        memcpy(r->target + n, name, sizeof name);
    }
    r->has_made_target = !ese_os_folder_exists(r->target);
    ESE_TRY(ese_os_folder_create(r->target));
    r->options.target_folder = r->target;
out:
    return err;
}

static JET_ERR
take_options(recover *r)
{
    const ese_recover_options *asked = r->asked;
    bool is_backup = (asked->grbit & ESE_bitRecoverBackup) != 0;
    JET_ERR err;

    if (asked->until != NULL && !ese_recovery_stop_parse(asked->until, &r->options.stop))
        return ese_raise(JET_errInvalidParameter, "'%s' is neither a position in a log nor a time",
                         asked->until);
    ESE_TRY(take_source(r));
    r->options.log_folder = asked->logs == NULL || is_backup ? r->folder : asked->logs;
    r->options.forward_folder = is_backup ? asked->logs : NULL;
    r->options.system_folder = asked->system;
    r->options.base = asked->base;
    r->options.database_folder = asked->databases != NULL ? asked->databases : r->folder;
    r->options.cache_bytes = (size_t)asked->cache_bytes;
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if ((asked->grbit & flags[i].grbit) != 0)
            r->options.flags |= (uint32_t)flags[i].flag;
    }
    r->watcher = (ese_recovery_watcher){r, progress};
    if (asked->progress != NULL)
        r->options.watcher = &r->watcher;
    ESE_TRY(take_target(r));
out:
    return err;
}

/* What failed leaves no empty folder where nothing was. The text of its error stays. */
static void
drop_target(const recover *r, JET_ERR err)
{
    bool is_done = err >= JET_errSuccess || err == JET_errRecoveredWithoutUndo;
    char text[MAX_TEXT];

    if (is_done || !r->has_made_target)
        return;
    snprintf(text, sizeof text, "%s", ese_err_text(err));
    if (ese_os_folder_delete(r->target) < JET_errSuccess)
        ese_err_record(err, "%s", text);
}

/* ---- the report */

static void
fill_report(whole_report *whole)
{
    const ese_recovery_report *found = &whole->found;

    whole->report = (ese_recover_report){
        .first = (uint32_t)found->gen_first,
        .last = (uint32_t)found->gen_last,
        .missing_from = (uint32_t)found->gen_missing_from,
        .missing_to = (uint32_t)found->gen_missing_to,
        .warning = found->warning,
        .has_checkpoint = found->has_checkpoint,
        .has_stopped = found->has_stopped,
        .log_bytes = found->log_bytes,
        .n_records = found->n_records,
        .n_pages = found->n_page_tests,
        .n_pages_changed = found->n_page_redone,
        .n_committed = found->n_committed,
        .n_rolled_back = found->n_rolled_back,
        .n_undone = found->n_undone,
        .n_databases = found->n_databases,
        .databases = whole->databases,
    };
    for (unsigned i = 0; i < found->n_databases; i++) {
        const ese_recovery_database *from = &found->databases[i];

        whole->databases[i] = (ese_recover_database){
            .logged = from->logged_path,
            .source = from->source,
            .result = from->result,
            .outcome = (ese_recover_outcome)from->outcome,
            .min_required = from->gen_min_required,
            .max_required = from->gen_max_required,
            .max_committed = from->gen_max_committed,
        };
    }
}

void
ese_recover_free(ese_recover_report **report_inout)
{
    whole_report *whole = (whole_report *)*report_inout; /* its first member */

    if (whole == NULL)
        return;
    ese_recovery_report_clear(&whole->found);
    ese_free(&whole);
    *report_inout = NULL;
}

JET_ERR
ese_recover(const ese_recover_options *options, ese_recover_report **report_out)
{
    recover r = {.asked = options};
    whole_report *whole = NULL;
    ese_recover_report *report = NULL;
    JET_ERR err;

    ese_err_clear();
    ESE_TRY(check_options(options));
    ESE_TRY(ese_alloc(sizeof *whole, &whole));
    report = &whole->report;
    ESE_TRY(take_options(&r));
    err = ese_recovery_run(&r.options, &whole->found);
    drop_target(&r, err);
    fill_report(whole);
    if (report_out != NULL) {
        *report_out = report;
        report = NULL;
    }
out:
    ese_recover_free(&report);
    ese_free(&r.maps);
    ese_free(&r.folder);
    ese_free(&r.target);
    return err;
}
