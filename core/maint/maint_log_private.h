/* Values of the log on their way to the visitor. */
#pragma once

#include "log/log_file.h"
#include "maint/maint_log.h"

enum { ESE_MAINT__LOG_TEXT_SIZE = 8192, ESE_MAINT__LOG_ITEMS = 48 };

/* A list of values and the texts they point to. */
typedef struct ese_maint__log_list {
    unsigned n;
    ese_maint_log_value items[ESE_MAINT__LOG_ITEMS];
    size_t text_used;
    char text[ESE_MAINT__LOG_TEXT_SIZE];
} ese_maint__log_list;

ese_maint_log_values ese_maint__log_values(const ese_maint__log_list *list);
const char *ese_maint__log_position_text(ese_lgpos lgpos, char *to, size_t room);

/* Each fills an empty list. */
void ese_maint__log_describe(ese_maint__log_list *list, const ese_log_entry *entry);
void ese_maint__log_describe_header(ese_maint__log_list *list, const ese_log_header *header);
void ese_maint__log_describe_checkpoint(ese_maint__log_list *list,
                                        const ese_log_checkpoint *checkpoint);
void ese_maint__log_describe_attachment(ese_maint__log_list *list,
                                        const ese_log_attachment *attached);
