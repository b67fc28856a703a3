/* Small logs made in memory, for tests that damage them. */
#pragma once

#include "log/log_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LOG_SECTORS = 16, LOG_SIZE = LOG_SECTORS * 4096, LOG_DATA = ESE_LOG_SEGMENT_HEADER };

typedef struct log_builder {
    uint8_t bytes[LOG_SIZE];
    ese_log_header header;
    uint32_t sector; /* being filled */
    size_t at;
    char path[64];
} log_builder;

static const uint8_t log_builder_time[8] = {1, 2, 3, 4, 5, 120, 1, 0};

static inline void
log_builder_seal_header(log_builder *b)
{
    if (!ese_log_header_encode(&b->header, b->bytes))
        abort();
}

static inline void
log_builder_start(log_builder *b, uint32_t major, uint32_t sector_size)
{
    memset(b, 0, sizeof *b);
    b->header = (ese_log_header){
        .generation = 5,
        .sector_size = sector_size,
        .n_header_sectors = ESE_LOG_HEADER_SIZE / sector_size,
        .n_sectors = LOG_SIZE / sector_size,
        .page_size = 4096,
        .major = major,
        .minor = major == ESE_LOG_MAJOR ? ESE_LOG_MINOR : ESE_LOG_MINOR_LEGACY,
        .update_major = major == ESE_LOG_MAJOR ? 5 : 15,
        .update_minor = major == ESE_LOG_MAJOR ? 16 : 0,
        .file_type = ESE_LOG_FILE_TYPE_LOG,
    };
    memcpy(b->header.created, log_builder_time, 8);
    b->header.sign.random = 0x1234;
    log_builder_seal_header(b);
    b->sector = 1;
    b->at = LOG_DATA;
}

static inline uint8_t *
log_builder_segment(log_builder *b, uint32_t sector)
{
    return b->bytes + (size_t)sector * ESE_LOG_SEGMENT_SIZE;
}

static inline size_t
log_builder_left(const log_builder *b)
{
    return ESE_LOG_SEGMENT_SIZE - b->at;
}

static inline void
log_builder_seal(log_builder *b, uint32_t sector)
{
    ese_log_segment_seal(log_builder_segment(b, sector),
                         (ese_lgpos){0, (uint16_t)sector, b->header.generation}, log_builder_time);
}

/* Ends the segment; what is left of it is fill. */
static inline void
log_builder_next(log_builder *b)
{
    log_builder_seal(b, b->sector++);
    b->at = LOG_DATA;
}

/* Bytes as they are, which must fit. */
static inline void
log_builder_put(log_builder *b, const void *bytes, size_t n)
{
    if (n > log_builder_left(b))
        abort();
    memcpy(log_builder_segment(b, b->sector) + b->at, bytes, n);
    b->at += n;
}

static inline void
log_builder_entry(log_builder *b, const ese_log_entry *entry)
{
    if (ese_log_record_encoded_size(entry) > log_builder_left(b))
        abort();
    ese_log_record_encode(entry, log_builder_segment(b, b->sector) + b->at);
    b->at += ese_log_record_encoded_size(entry);
}

/* Begin records with numbers that tell them apart. */
static inline void
log_builder_begin(log_builder *b, uint16_t procid)
{
    const ese_log_entry entry = {.type = ESE_LOG_BEGIN, .procid = procid, .levels = 0x10};

    log_builder_entry(b, &entry);
}

/* The copy of a segment behind it. */
static inline void
log_builder_shadow(log_builder *b, uint32_t sector)
{
    memcpy(log_builder_segment(b, sector + 1), log_builder_segment(b, sector),
           ESE_LOG_SEGMENT_SIZE);
}

/* A piece of a record: of the type FRAGMENT_BEGIN when `total` is not 0. */
static inline void
log_builder_piece(log_builder *b, uint32_t total, const uint8_t *bytes, size_t n)
{
    const ese_log_entry entry = {
        .type = total != 0 ? ESE_LOG_FRAGMENT_BEGIN : ESE_LOG_FRAGMENT,
        .total = total,
        .data = {bytes, n},
    };

    log_builder_entry(b, &entry);
}

/* Writes the file, at first under a new name. */
static inline const char *
log_builder_write(log_builder *b, size_t size)
{
    FILE *file;

    if (b->path[0] == '\0') {
        snprintf(b->path, sizeof b->path, ESE_TEST_FOLDER "/ese-log-XXXXXX");
        if (close(mkstemp(b->path)) != 0)
            abort();
    }
    file = fopen(b->path, "wb");
    if (file == NULL || fwrite(b->bytes, 1, size, file) != size || fclose(file) != 0)
        abort();
    return b->path;
}

static inline void
log_builder_remove(log_builder *b)
{
    if (b->path[0] != '\0')
        (void)unlink(b->path);
}
