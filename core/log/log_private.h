/* What the writers of records share: a batch in the making. */
#pragma once

#include "log/log.h"

enum { ESE_LOG__ROOM = 3072 }; /* longer batches take memory */

/*
 * Who changes, as the records of one batch say it. For nobody's transaction, and outside of one, the batch is a transaction of its own. Made by ese_log__batch_begin.
 */
typedef struct ese_log__batch {
    ese_log_stream *stream;
    ese_log_origin *origin; /* NULL: nobody */
    uint16_t procid;
    uint8_t level;
    uint32_t trx;
    bool is_own;   /* a transaction of its own */
    bool is_first; /* the begin of the outermost level stands at its front */
    uint8_t *bytes, *memory;
    size_t size, room;
    uint64_t begin; /* where the begin of the transaction stands: known when it has been appended */
    uint64_t end;
    unsigned n;
    uint32_t sizes[ESE_LOG_BATCH_MAX];
    uint8_t small[ESE_LOG__ROOM];
} ese_log__batch;

/* Puts the begin in front, if the log does not know it. */
JET_ERR ese_log__batch_begin(ese_log_stream *stream, ese_log_origin *origin, ese_log__batch *batch);

JET_ERR ese_log__batch_put(ese_log__batch *batch, const ese_log_entry *entry);

/* An entry of a page with what the transaction says; all else is zero. */
ese_log_entry ese_log__page_entry(const ese_log__batch *batch, ese_log_type type);

/* Appends all of it, or nothing; `placed` (may be NULL) is called as that of ese_log_batch is. */
JET_ERR ese_log__batch_append(ese_log__batch *batch, void (*placed)(void *self), void *self);

/* In any case. */
void ese_log__batch_end(ese_log__batch *batch);

/* log_write.c: writes the records of an edit whose pages are latched and not changed yet. Sets edit->lgpos. */
JET_ERR ese_log__write_edit(ese_log_edit *edit, const ese_log_record *records, unsigned n);
