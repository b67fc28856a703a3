/* An instance of a snapshot of files. The caller has the lock of all snapshots. */
#pragma once

#include "api/api_backup.h"

typedef struct ese_api__snapshot_member {
    JET_INSTANCE handle;
    ese_api_instance *instance; /* while it is pinned, else NULL */
    ese_log_backup_mark mark;   /* since it was frozen */
} ese_api__snapshot_member;

/* The instance stays until it is let go of. JET_errOSSnapshotNotAllowed: it has no log, or a backup is running. */
JET_ERR ese_api__snapshot_pin(ese_api__snapshot_member *m);
void ese_api__snapshot_unpin(ese_api__snapshot_member *m);

/* Everything so far is on the disk, and headers tell which logs the copy needs. */
JET_ERR ese_api__snapshot_mark(ese_api__snapshot_member *m);

/*
 * The copy was made: headers and the log say so. Databases that were attached since are told of a copy that they are not in; it says which logs it has, so nothing relies
 * on it. An instance that has ended since is told nothing.
 */
JET_ERR ese_api__snapshot_register(const ese_api__snapshot_member *m, JET_GRBIT grbit);

/* What the copy holds is needed here no more, as far as recovery does not need it. */
JET_ERR ese_api__snapshot_truncate(const ese_api__snapshot_member *m);
