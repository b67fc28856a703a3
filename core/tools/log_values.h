/* How the commands that show logs and checkpoints print their values. */
#pragma once

#include "maint/maint_log.h"
#include "tools/tools.h"

/* "previous created  2024-..." a line each. */
void ese_tools__out_log_lines(ese_tools__out *out, ese_maint_log_values values);

/* " name=value" each, in one line; bytes are cut. */
void ese_tools__out_log_words(ese_tools__out *out, ese_maint_log_values values);

/* "name":value with commas between and, unless `is_first`, in front; bytes are whole. */
void ese_tools__out_log_members(ese_tools__out *out, ese_maint_log_values values, bool is_first);

/* Header of a log or a checkpoint: lines, or one object {"NAME":{...}}. */
void ese_tools__out_log_head(ese_tools__out *out, const ese_maint_log_head *head);
void ese_tools__out_log_head_json(ese_tools__out *out, const char *name,
                                  const ese_maint_log_head *head);
