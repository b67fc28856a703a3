/* What the parts of the reader of log files share. */
#pragma once

#include "base/growbuf.h"
#include "log/log_file.h"
#include "os/os_file.h"

enum { ESE_LOG__WINDOW_SIZE = 64 * 1024, ESE_LOG__CHECKSUM_SIZE = 22 };

/* Version 8: where the walk over the segments is. */
typedef struct ese_log__walk8 {
    uint32_t sector; /* of `segment`; 0: nothing is loaded */
    size_t at;       /* next byte of it */
    uint8_t segment[ESE_LOG_SEGMENT_SIZE];
    bool is_seeking;  /* pieces without a beginning are passed over */
    uint32_t pending; /* size of the record that is collected in pieces; 0: none is */
    ese_lgpos pending_at;
} ese_log__walk8;

/* Version 7: where the walk over the stream of bytes is. All are offsets in the file. */
typedef struct ese_log__walk7 {
    uint64_t at;
    uint64_t next_sum; /* the next checksum record; UINT64_MAX: there is none */
    uint64_t end;      /* of the data */
    uint64_t
        moved_at; /* from here on bytes come from the next sector: the copy of a torn one; UINT64_MAX: nowhere */
} ese_log__walk7;

struct ese_log_file {
    ese_os_file *os; /* [const] */
    ese_log_header header;
    ese_log_extent extent;
    ese_log_tally tally;
    uint32_t n_sectors; /* that the file has */
    bool is_last;       /* in its stream */
    uint64_t window_at;
    size_t window_size;
    uint8_t *window; /* ESE_LOG__WINDOW_SIZE bytes of the file from window_at on */
    ese_growbuf record;
    ese_bytes record_bytes;
    ese_log_entry entry;
    bool is_over;
    JET_ERR failed; /* the walk ended with this error */
    ese_log__walk8 walk8;
    ese_log__walk7 walk7;
    uint8_t header_bytes[ESE_LOG_HEADER_SIZE];
};

/* `n` <= ESE_LOG__WINDOW_SIZE bytes of the file, which has them; valid until the next call. */
JET_ERR ese_log__file_view(ese_log_file *file, uint64_t offset, size_t n,
                           const uint8_t **bytes_out);

/* JET_errLogFileCorrupt with file and sector. */
JET_ERR ese_log__file_corrupt(const ese_log_file *file, uint32_t sector, const char *what);

/* Finds the end of the data: extent and, of version 7, the end of the walk. */
JET_ERR ese_log__find_end8(ese_log_file *file);
JET_ERR ese_log__find_end7(ese_log_file *file);

/* The next record into file->entry; file->is_over behind the last one. */
JET_ERR ese_log__next8(ese_log_file *file, ese_lgpos *lgpos_out);
JET_ERR ese_log__next7(ese_log_file *file, ese_lgpos *lgpos_out);

JET_ERR ese_log__seek8(ese_log_file *file, ese_lgpos lgpos);
JET_ERR ese_log__seek7(ese_log_file *file, ese_lgpos lgpos);

/* Whether a name is that of a log of `base` (NULL: any), and of which generation (0: the current one). */
bool ese_log__parse_name(const char *name, const char *base, int32_t *generation_out);
