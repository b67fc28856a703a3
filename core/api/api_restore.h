/* A restore: what JetRestore and JetExternalRestore share. */
#pragma once

#include "api/api_private.h"
#include "maint/maint_restore.h"
#include "recovery/recovery.h"

/* A database on its way back. */
typedef struct ese_api__restore_item {
    char *from; /* in the backup; NULL: it lies where it shall be */
    char *to;
    char *logged; /* its name for the log; NULL: the signature tells */
    bool is_copied;
} ese_api__restore_item;

typedef struct ese_api__restore {
    /* ---- set by the caller */
    const char *source;     /* folder of the backup, or of its logs */
    const char *base;       /* of names of logs */
    const char *log_folder; /* of the instance */
    const char *system_folder;
    const char *more_folder; /* of logs that follow; NULL: none */
    int32_t low, high;       /* 0: what is there */
    JET_PFNSTATUS status;
    ese_api__restore_item *items; /* freed by ese_api__restore_run */
    unsigned n_items;

    /* ---- for the work */
    ese_api_instance *instance;
    ese_api_session *session; /* what the status function is called with */
    ese_maint_restore_logs *logs;
    uint64_t n_done, n_total; /* bytes */
    JET_ERR refusal;          /* of the status function */
} ese_api__restore;

/* An instance that has not begun to run is one that restores from now on. Holds: registry. */
JET_ERR ese_api__restore_admit(ese_api_instance *instance);

/* The work. `prepare` finds the databases when the logs are known; NULL: they are known. */
JET_ERR ese_api__restore_run(ese_api_instance *instance, ese_api__restore *restore,
                             JET_ERR (*prepare)(ese_api__restore *restore, const void *how),
                             const void *how);

JET_ERR ese_api__restore_add(ese_api__restore *restore, const ese_api__restore_item *item);

/* A folder as seen from the root, without a slash at its end. JET_errInvalidPath: it is not there, and may not be made. */
JET_ERR ese_api__restore_folder(const char *path, bool may_make, char **full_out);
