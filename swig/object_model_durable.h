/*
 * What has to do with a log that survives a crash: the recovery at the start of an instance, commits that wait for the disk or do not, backup.
 */
#pragma once

#include "object_model.h"

typedef struct ese_model_starting {
    const char *database; /* may have moved since it was logged; NULL: none */
    JET_GRBIT grbit;      /* of JetInit3 */
    ese_model_progress progress;
} ese_model_starting;

/*
 * JetInit, which recovers the databases of the log when the last run did not end cleanly. A failed start takes the instance of the engine with it, so the
 * object is closed. JET_errTermInProgress: progress ended it.
 */
JET_ERR ese_model_start_with(ese_model_instance *instance, const ese_model_starting *starting);

/*
 * JetBackupInstance: databases and logs go into a folder, which is made when there is none, while others read and write. An incremental one adds the
 * logs since to a folder with a backup.
 */
JET_ERR ese_model_backup(ese_model_instance *instance, const char *folder, JET_GRBIT grbit,
                         const ese_model_progress *progress);

/* Waits until what this session (all sessions of the instance) committed lazily so far is on the disk. */
JET_ERR ese_model_flush(ese_model_session *session, bool is_all);

/* Whether commits of the session wait for the disk when they do not say so themselves. */
JET_ERR ese_model_set_lazy(ese_model_session *session, bool is_lazy);
JET_ERR ese_model_get_lazy(ese_model_session *session, bool *is_lazy_out);

/* The innermost transaction, whoever has begun it. JET_errNotInTransaction. */
JET_ERR ese_model_commit_innermost(ese_model_session *session, JET_GRBIT grbit);
JET_ERR ese_model_rollback_innermost(ese_model_session *session);
