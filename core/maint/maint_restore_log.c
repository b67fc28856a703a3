/* Logs of a backup, and those of an instance that go on behind them. */
#include "maint/maint_restore.h"

#include "base/alloc.h"
#include "base/utf.h"
#include "os/os_path.h"

#include <inttypes.h>

/* A log that was looked through. */
typedef struct item {
    char *path;
    int32_t generation;
    bool is_current;
    uint8_t created[8], prev_created[8];
} item;

/* Those of a folder in their order. */
typedef struct items {
    item *all;
    unsigned n;
} items;

struct ese_maint_restore_logs {
    const char *log_folder;
    bool has_sign;
    ese_signature sign; /* of the first log of the backup */
    items given, existing, more;
    uint64_t n_bytes; /* of the given ones */
    items copied;     /* paths only */
};

/* What is wrong with logs depends on where they stand. */
typedef struct codes {
    JET_ERR signature, sequence, torn, corrupt;
} codes;

static const codes codes_given = {
    JET_errGivenLogFileHasBadSignature,
    JET_errGivenLogFileIsNotContiguous,
    JET_errLogTornWriteDuringHardRestore,
    JET_errLogCorruptDuringHardRestore,
};
static const codes codes_existing = {
    JET_errExistingLogFileHasBadSignature,
    JET_errExistingLogFileIsNotContiguous,
    JET_errLogTornWriteDuringHardRecovery,
    JET_errLogCorruptDuringHardRecovery,
};
static const codes codes_more = {
    JET_errBadRestoreTargetInstance,
    JET_errBadRestoreTargetInstance,
    JET_errLogTornWriteDuringHardRecovery,
    JET_errLogCorruptDuringHardRecovery,
};

static void
free_items(items *list)
{
    for (unsigned i = 0; i < list->n; i++)
        ese_free(&list->all[i].path);
    ese_free(&list->all);
    list->n = 0;
}

static JET_ERR
append(items *list, const char *path)
{
    JET_ERR err;

    ESE_TRY(ese_realloc((list->n + 1) * sizeof *list->all, &list->all));
    list->all[list->n] = (item){0};
    ESE_TRY(ese_alloc_copy(path, strlen(path) + 1, &list->all[list->n].path));
    list->n++;
out:
    return err;
}

/* ---- looking through */

static JET_ERR
judge(const ese_log_file *file, const char *path, bool is_current, const codes *wrong)
{
    const ese_log_extent *extent = ese_log_file_extent(file);

    if (extent->damage < JET_errSuccess)
        return ese_raise(wrong->corrupt, "%s: the log is damaged", path);
    if (!is_current && extent->scan.counts[ESE_LOG_VERDICT_RESTORED] != 0)
        return ese_raise(wrong->torn, "%s: a segment was not written to its end", path);
    return JET_errSuccess;
}

/* Does the last one of the list continue the one before? */
static JET_ERR
check_sequence(const items *list, const codes *wrong)
{
    const item *last = &list->all[list->n - 1], *before = last - 1;

    if (list->n > 1 && (last->generation != before->generation + 1 ||
                        memcmp(last->prev_created, before->created, sizeof before->created) != 0))
        return ese_raise(wrong->sequence, "%s: does not follow %s", last->path, before->path);
    return JET_errSuccess;
}

static JET_ERR
look_at(ese_maint_restore_logs *logs, items *list, const ese_log_member *member, const codes *wrong)
{
    const ese_log_header *header;
    ese_log_file *file = NULL;
    item *last;
    JET_ERR err;

    err = ese_log_file_open(member->path, NULL, &file);
    if (err == JET_errLogFileCorrupt)
        err = ese_raise(wrong->corrupt, "%s: the header of the log is damaged", member->path);
    ESE_TRY(err);
    header = ese_log_file_header(file);
    if (!logs->has_sign)
        logs->sign = header->sign;
    logs->has_sign = true;
    if (memcmp(&header->sign, &logs->sign, sizeof header->sign) != 0)
        ESE_TRY(ese_raise(wrong->signature, "%s: of another sequence of logs", member->path));
    ESE_TRY(judge(file, member->path, member->generation == 0, wrong));
    ESE_TRY(append(list, member->path));
    last = &list->all[list->n - 1];
    last->generation = header->generation;
    last->is_current = member->generation == 0;
    memcpy(last->created, header->created, sizeof last->created);
    memcpy(last->prev_created, header->prev_created, sizeof last->prev_created);
    if (list == &logs->given)
        logs->n_bytes += ese_log_file_extent(file)->file_size;
    ESE_TRY(check_sequence(list, wrong));
out:
    ese_log_file_close(&file);
    return err;
}

/* Generations from `low` to `high` (0: any); the current log only when `with_current`. */
typedef struct choice {
    int32_t low, high;
    bool with_current;
} choice;

static JET_ERR
look_through(ese_maint_restore_logs *logs, items *list, const char *folder, const char *base,
             const choice *wanted)
{
    const codes *wrong = list == &logs->given      ? &codes_given
                         : list == &logs->existing ? &codes_existing
                                                   : &codes_more;
    ese_log_set *set = NULL;
    JET_ERR err;

    err = ese_log_set_open(folder, base, &set);
    if (err == JET_errMissingLogFile)
        return JET_errSuccess;
    ESE_TRY(err);
    for (unsigned i = 0; i < ese_log_set_count(set); i++) {
        ese_log_member member = ese_log_set_member(set, i);

        if (member.generation == 0 ? !wanted->with_current
                                   : member.generation < wanted->low ||
                                         (wanted->high != 0 && member.generation > wanted->high))
            continue;
        ESE_TRY(look_at(logs, list, &member, wrong));
    }
out:
    ese_log_set_close(&set);
    return err;
}

static JET_ERR
look_through_backup(ese_maint_restore_logs *logs, const ese_maint_restore_places *places)
{
    const choice wanted = {.low = places->low, .high = places->high};
    const items *given = &logs->given;
    JET_ERR err;

    ESE_TRY(look_through(logs, &logs->given, places->backup_folder, places->base, &wanted));
    if (given->n == 0)
        err = ese_raise(JET_errFileNotFound, "%s: there are no logs of a backup",
                        places->backup_folder);
    else if ((places->low != 0 && given->all[0].generation != places->low) ||
             (places->high != 0 && given->all[given->n - 1].generation != places->high))
        err = ese_raise(JET_errMissingRestoreLogFiles,
                        "%s: not all logs from generation 0x%X to 0x%X are there",
                        places->backup_folder, (unsigned)places->low, (unsigned)places->high);
out:
    return err;
}

/* ---- what follows */

/* Logs of both lists are the same, and there is no gap between them. */
static JET_ERR
check_fit(const items *before, const items *after, JET_ERR signature, JET_ERR sequence)
{
    const item *first, *last, *newest;

    if (before->n == 0 || after->n == 0)
        return JET_errSuccess;
    first = &before->all[0];
    last = &before->all[before->n - 1];
    newest = &after->all[after->n - 1];
    if (after->all[0].generation > last->generation + 1 ||
        newest->generation + 1 < first->generation ||
        (newest->is_current && newest->generation <= last->generation))
        return ese_raise(sequence, "%s: does not lead on from %s", newest->path, last->path);
    for (unsigned i = 0; i < after->n; i++) {
        const item *own = &after->all[i];
        bool is_given = own->generation >= first->generation && own->generation <= last->generation;

        if (is_given && memcmp(own->created, first[own->generation - first->generation].created,
                               sizeof own->created) != 0)
            return ese_raise(signature, "%s: another log than that of the backup", own->path);
        if (own->generation == last->generation + 1 &&
            memcmp(own->prev_created, last->created, sizeof own->prev_created) != 0)
            return ese_raise(sequence, "%s: does not follow %s", own->path, last->path);
    }
    return JET_errSuccess;
}

JET_ERR
ese_maint_restore_open_logs(const ese_maint_restore_places *places,
                            ese_maint_restore_logs **logs_out)
{
    const choice any = {.with_current = true};
    ese_maint_restore_logs *logs = NULL;
    const items *newest;
    JET_ERR err;

    ESE_TRY(ese_alloc(sizeof *logs, &logs));
    logs->log_folder = places->log_folder;
    ESE_TRY(look_through_backup(logs, places));
    ESE_TRY(look_through(logs, &logs->existing, places->log_folder, places->base, &any));
    ESE_TRY(check_fit(&logs->given, &logs->existing, codes_existing.signature,
                      codes_existing.sequence));
    if (places->more_folder != NULL) {
        newest = logs->existing.n != 0 ? &logs->existing : &logs->given;
        ESE_TRY(look_through(logs, &logs->more, places->more_folder, places->base, &any));
        ESE_TRY(check_fit(newest, &logs->more, codes_more.signature, codes_more.sequence));
    }
    *logs_out = logs;
    logs = NULL;
out:
    ese_maint_restore_close_logs(&logs);
    return err;
}

void
ese_maint_restore_close_logs(ese_maint_restore_logs **logs_inout)
{
    ese_maint_restore_logs *logs = *logs_inout;

    if (logs == NULL)
        return;
    for (unsigned i = 0; i < logs->copied.n; i++) {
        if (logs->copied.all[i].path != NULL)
            (void)ese_os_file_delete(logs->copied.all[i].path);
    }
    free_items(&logs->given);
    free_items(&logs->existing);
    free_items(&logs->more);
    free_items(&logs->copied);
    ese_free(logs_inout);
}

uint64_t
ese_maint_restore_log_bytes(const ese_maint_restore_logs *logs)
{
    return logs->n_bytes;
}

int32_t
ese_maint_restore_low(const ese_maint_restore_logs *logs)
{
    return logs->given.all[0].generation;
}

int32_t
ese_maint_restore_high(const ese_maint_restore_logs *logs)
{
    return logs->given.all[logs->given.n - 1].generation;
}

/* ---- copying */

static bool
has_generation(const items *list, int32_t generation)
{
    return list->n != 0 && generation >= list->all[0].generation &&
           generation <= list->all[list->n - 1].generation;
}

/* Under another name until it is whole: a restore that is begun anew looks at every log. */
static JET_ERR
copy_log(ese_maint_restore_logs *logs, const char *from, const ese_maint_backup_watcher *watcher)
{
    const char *name = ese_os_path_name(from);
    char *to = NULL, *part = NULL;
    JET_ERR err;

    ESE_TRY(ese_os_path_join(logs->log_folder, name, "", &to));
    ESE_TRY(ese_os_path_join(logs->log_folder, name, ".restoring", &part));
    ESE_TRY(append(&logs->copied, to));
    err = ese_maint_restore_copy(from, part, watcher);
    if (err >= JET_errSuccess)
        err = ese_os_file_rename(part, to);
    if (err < JET_errSuccess)
        (void)ese_os_file_delete(part);
    ESE_TRY(err);
    ESE_TRY(ese_os_folder_sync(to));
out:
    ese_free(&part);
    ese_free(&to);
    return err;
}

/* A current log that was copied is gone on with. */
static JET_ERR
copy_more(ese_maint_restore_logs *logs, const item *log)
{
    JET_ERR err;

    ESE_TRY(copy_log(logs, log->path, NULL));
    if (log->is_current)
        ese_free(&logs->copied.all[logs->copied.n - 1].path);
out:
    return err;
}

/* The logs of the instance itself stay, whoever has the same ones. */
JET_ERR
ese_maint_restore_copy_logs(ese_maint_restore_logs *logs, const ese_maint_backup_watcher *watcher)
{
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 0; i < logs->given.n; i++) {
        if (!has_generation(&logs->existing, logs->given.all[i].generation))
            ESE_TRY(copy_log(logs, logs->given.all[i].path, watcher));
    }
    for (unsigned i = 0; i < logs->more.n; i++) {
        int32_t generation = logs->more.all[i].generation;

        if (!has_generation(&logs->existing, generation) &&
            !has_generation(&logs->given, generation))
            ESE_TRY(copy_more(logs, &logs->more.all[i]));
    }
out:
    return err;
}

/* ---- names of databases */

static JET_ERR
path_of(ese_bytes name, bool is_wide, char **path_out)
{
    size_t n = 0, room = 3 * name.size + 1;
    char *path = NULL;
    JET_ERR err;

    ESE_TRY(ese_alloc(room, &path));
    if (is_wide) {
        while (2 * n + 1 < name.size && ese_load_le16(name.data + 2 * n) != 0)
            n++;
        (void)ese_utf16_to_utf8(name.data, n, path, room - 1);
    } else {
        while (n < name.size && name.data[n] != 0)
            n++;
        (void)ese_cp1252_to_utf8(name.data, n, path, room - 1);
    }
    *path_out = path;
out:
    return err;
}

static bool
is_same(const ese_signature *a, const ese_signature *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* In the list at the begin of the log, or in a record of it; *path_out stays NULL when it is in neither. */
static JET_ERR
find_in_log(ese_log_file *file, const ese_signature *sign, char **path_out)
{
    const ese_log_attachments *attached = &ese_log_file_header(file)->attached;
    const ese_log_entry *entry = NULL;
    ese_lgpos lgpos;
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 0; i < attached->n && *path_out == NULL; i++) {
        const ese_log_attachment *a = &attached->items[i];

        if (is_same(&a->sign_db, sign))
            ESE_TRY(path_of(a->name, (a->flags & 0x20) != 0, path_out));
    }
    while (*path_out == NULL) {
        ESE_TRY(ese_log_file_next(file, &entry, &lgpos));
        if (entry == NULL)
            break;
        if ((entry->type == ESE_LOG_CREATE_DB || entry->type == ESE_LOG_ATTACH_DB) &&
            is_same(&entry->u.db.sign_db, sign))
            ESE_TRY(path_of(entry->u.db.path, (entry->u.db.flags & 8) != 0, path_out));
    }
out:
    return err;
}

JET_ERR
ese_maint_restore_logged_path(const ese_maint_restore_logs *logs, const ese_signature *sign,
                              char **path_out)
{
    char *path = NULL;
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 0; i < logs->given.n && path == NULL; i++) {
        ese_log_file *file = NULL;

        ESE_TRY(ese_log_file_open(logs->given.all[i].path, NULL, &file));
        err = find_in_log(file, sign, &path);
        ese_log_file_close(&file);
        ESE_TRY(err);
    }
    if (path == NULL)
        err = ese_raise(JET_errRestoreOfNonBackupDatabase,
                        "the logs of the backup do not tell of the database");
    else
        *path_out = path;
out:
    if (err < JET_errSuccess)
        ese_free(&path);
    return err;
}
