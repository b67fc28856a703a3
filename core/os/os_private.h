/* What the files of core/os share: how a refusal of the system becomes an error. */
#pragma once

#include "os/os_record.h"

/* The error for errno `reason` of a call that opens, makes, renames or deletes `name`s; `otherwise` for one that says nothing special. */
JET_ERR ese_os__code_of(int reason, JET_ERR otherwise);

/* Raises `code` with the system's text for errno `reason`. */
JET_ERR ese_os__raise(JET_ERR code, const char *path, const char *action, int reason);

/* Around a change of the file system: what was begun is ended, with NULL when nothing changed. */
bool ese_os__record_begin(void);
void ese_os__record_end(bool is_begun, const ese_os_change *change);
