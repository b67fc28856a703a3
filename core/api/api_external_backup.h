/* What the steps of an external backup share: the way in, and lists of names. */
#pragma once

#include "api/api_backup.h"
#include "api/api_list.h"

/* A call on a backup in steps: holds the lock of the backup. */
typedef struct ese_api__external {
    ese_api_instance *instance;
    ese_api_backup *backup;
} ese_api__external;

/* JET_errNoBackup, and the errors of ese_api_enter_instance. */
JET_ERR ese_api__external_enter(JET_INSTANCE handle, ese_api__external *call_out);

/* The same; JET_errBackupAbortByServer: it was stopped. */
JET_ERR ese_api__external_enter_going(JET_INSTANCE handle, ese_api__external *call_out);
JET_ERR ese_api__external_leave(const ese_api__external *call, JET_ERR err);

/* Names, given out one behind the other, each with its end, and one end more. */
typedef struct ese_api__names {
    char **items;
    size_t n;
} ese_api__names;

typedef struct ese_api__names_place {
    void *to; /* NULL: only the size is wanted */
    uint32_t room;
    uint32_t *actual; /* NULL is fine */
    ese_api_text_form form;
} ese_api__names_place;

JET_ERR ese_api__names_add(ese_api__names *names, const char *name);
void ese_api__names_free(ese_api__names *names);

/* *actual is set even when it fails with JET_errBufferTooSmall. */
JET_ERR ese_api__names_give(const ese_api__names *names, const ese_api__names_place *place);
