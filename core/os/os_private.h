/* What the files of core/os share: how a refusal of the system becomes an error. */
#pragma once

#include "base/err.h"

/* The error for errno `reason` of a call that opens, makes, renames or deletes `name`s; `otherwise` for one that says nothing special. */
JET_ERR ese_os__code_of(int reason, JET_ERR otherwise);

/* Raises `code` with the system's text for errno `reason`. */
JET_ERR ese_os__raise(JET_ERR code, const char *path, const char *action, int reason);
