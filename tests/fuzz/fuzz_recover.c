/*
 * Recovery of a small set whose logs say anything. The set is one of the corpus ($ESE_SHARED, or beside the checkout); without it there is nothing to do. The input is
 * edits of six bytes: log (modulo their number), segment and place in it (two bytes each, modulo), new value. All segments and headers are
 * sealed again, so that what is edited is read.
 */
#define _POSIX_C_SOURCE 200809L

#include "../core/recovery/recovery_corpus.h"

#include "base/alloc.h"

enum { EDIT_SIZE = 6, LOGS_MAX = 16, NAME_SIZE = 32, CACHE = 256 << 10 };

typedef struct set {
    char folder[LOG_CORPUS_PATH];
    bool is_there;
    unsigned n;
    char names[LOGS_MAX][NAME_SIZE];
    recovery_file logs[LOGS_MAX];
} set;

static set good;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
load(void)
{
    static bool is_loaded;
    const char *name = getenv("ESE_FUZZ_SET");

    if (is_loaded)
        return;
    is_loaded = true;
    good.is_there = recovery_corpus_unpack(name != NULL ? name : "dmg-intact", good.folder);
    for (unsigned i = 1; good.is_there && i <= LOGS_MAX; i++) {
        if (i < LOGS_MAX)
            snprintf(good.names[good.n], NAME_SIZE, "edb%08X.log", i);
        else
            snprintf(good.names[good.n], NAME_SIZE, "edb.log");
        good.logs[good.n] = recovery_file_read(good.folder, good.names[good.n]);
        if (good.logs[good.n].bytes != NULL)
            good.n++;
    }
}

/* Seals a segment if it was right before. */
static void
edit(recovery_file *log, const uint8_t *how)
{
    size_t n_segments = log->size / ESE_LOG_SEGMENT_SIZE;
    size_t sector = ese_load_le16(how) % n_segments;
    size_t at = ese_load_le16(how + 2) % ESE_LOG_SEGMENT_SIZE;
    uint8_t *segment = log->bytes + sector * ESE_LOG_SEGMENT_SIZE;
    uint8_t time[8];

    if (sector != 0 && at < ESE_LOG_SEGMENT_HEADER)
        at += ESE_LOG_SEGMENT_HEADER;
    segment[at] = how[4];
    if (sector == 0) {
        ese_store_le32(segment, ese_page_header_checksum(segment, ESE_LOG_HEADER_SIZE));
        return;
    }
    memcpy(time, segment + 16, sizeof time);
    if (ese_load_le64(segment) != 0)
        ese_log_segment_seal(segment, ese_log_segment_lgpos(segment), time);
}

/* What each log says of the one before follows the edits. */
static void
chain(recovery_file *logs)
{
    uint64_t checksum = 0;

    for (unsigned i = 0; i < good.n; i++) {
        uint8_t *bytes = logs[i].bytes;
        uint32_t generation = ese_load_le32(bytes + 4);

        if (i > 0) {
            ese_store_le32(bytes + 653, (uint32_t)checksum);
            ese_store_le32(bytes + 657, (uint32_t)(checksum >> 32));
            ese_store_le32(bytes, ese_page_header_checksum(bytes, ESE_LOG_HEADER_SIZE));
        }
        checksum = 0;
        for (size_t at = ESE_LOG_SEGMENT_SIZE; at + ESE_LOG_SEGMENT_SIZE < logs[i].size;
             at += ESE_LOG_SEGMENT_SIZE) {
            ese_lgpos lgpos = ese_log_segment_lgpos(bytes + at);

            if ((uint32_t)lgpos.generation == generation &&
                lgpos.sector == at / ESE_LOG_SEGMENT_SIZE)
                checksum ^= ese_log_segment_checksum(bytes + at);
        }
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    recovery_file logs[LOGS_MAX];
    char target[2 * LOG_CORPUS_PATH];
    ese_recovery_options options = {.cache_bytes = CACHE, .flags = ESE_RECOVERY_IGNORE_LOST_LOGS};
    ese_recovery_report report;
    int64_t live = ese_alloc_live();

    load();
    if (!good.is_there)
        return 0;
    for (unsigned i = 0; i < good.n; i++) {
        logs[i] = good.logs[i];
        logs[i].bytes = malloc(logs[i].size);
        if (logs[i].bytes == NULL)
            abort();
        memcpy(logs[i].bytes, good.logs[i].bytes, logs[i].size);
    }
    for (size_t i = 0; i + EDIT_SIZE <= size; i += EDIT_SIZE)
        edit(&logs[data[i + 5] % good.n], data + i);
    chain(logs);
    for (unsigned i = 0; i < good.n; i++) {
        recovery_file_write(good.folder, good.names[i], &logs[i]);
        free(logs[i].bytes);
    }
    snprintf(target, sizeof target, "%s/result", good.folder);
    mkdir(target, 0777);
    options.log_folder = good.folder;
    options.target_folder = target;
    (void)ese_recovery_run(&options, &report);
    ese_recovery_report_clear(&report);
    if (ese_alloc_live() != live)
        abort();
    return 0;
}
