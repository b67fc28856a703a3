/*
 * Sessions: who works, and at which transaction level. A session knows nothing of handles or of the API.
 *
 * INV-1  A session is used by one thread at a time; core/api sees to it.
 */
#pragma once

#include "base/err.h"
#include "base/list.h"

#include <stdbool.h>
#include <stdint.h>

enum { ESE_TXN_LEVEL_MAX = 7 };

typedef struct ese_txn_session {
    uint8_t level;     /* 0 = outside any transaction */
    bool is_read_only; /* of the outermost begin */
    uint32_t commit_default;
    uint64_t clock; /* number of begins so far */
    uint64_t begins[ESE_TXN_LEVEL_MAX +
                    1]; /* the clock at the begin of each level, 1 to 7; kept after its end */
    ese_list cursors;   /* open cursors of the table layer (ese_table_cursor.link) */
} ese_txn_session;

/*
 * Right after a rollback to `level`: did what is stamped with the clock `stamp` happen within the part that was undone?
 */
static inline bool
ese_txn_is_undone(const ese_txn_session *session, uint64_t stamp, uint8_t level)
{
    return stamp >= session->begins[level + 1];
}

void ese_txn_session_init(ese_txn_session *session);

/* JET_errTransTooDeep at level 7. */
JET_ERR ese_txn_begin(ese_txn_session *session, bool is_read_only);

/* JET_errNotInTransaction at level 0. */
JET_ERR ese_txn_commit(ese_txn_session *session);

/* Undoes one level, or all of them; JET_errNotInTransaction at level 0. */
JET_ERR ese_txn_rollback(ese_txn_session *session, bool is_whole_transaction);
