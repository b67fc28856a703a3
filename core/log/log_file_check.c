/* Whether a log is the next of its stream: the checks of section 2.3, in their order, with the code of each. */
#include "log/log_file.h"

#include <inttypes.h>

/* What each engine format version writes. */
typedef struct version {
    uint16_t efv, update_major, update_minor;
} version;

static const version versions[] = {
    {8020, 4, 3},     {8620, 5, 14},    {8720, 5, 15},    {8820, 5, 16},   {8940, 6, 20},
    {8980, 7, 40},    {9040, 20, 60},   {9100, 30, 80},   {9120, 40, 100}, {9140, 50, 120},
    {9160, 60, 140},  {9320, 70, 160},  {9340, 80, 180},  {9360, 90, 200}, {9420, 100, 220},
    {9480, 110, 240}, {9500, 120, 260}, {9580, 130, 280},
};

enum { N_VERSIONS = sizeof versions / sizeof versions[0], LEGACY_SECTOR = 512 };

static JET_ERR
check_version(const ese_log_header *header, bool allow_newer)
{
    const version *newest = &versions[N_VERSIONS - 1];
    bool is_newer = header->update_major > newest->update_major ||
                    (header->update_major == newest->update_major &&
                     header->update_minor > newest->update_minor);

    if (header->major == ESE_LOG_MAJOR_LEGACY && header->minor == ESE_LOG_MINOR_LEGACY)
        return JET_errSuccess;
    if (header->major != ESE_LOG_MAJOR || header->minor != ESE_LOG_MINOR ||
        (is_newer && !allow_newer))
        return ese_raise(JET_errBadLogVersion,
                         "a log of the version %" PRIu32 ".%" PRIu32 ".%" PRIu32 ".%" PRIu32
                         " is not supported",
                         header->major, header->minor, header->update_major, header->update_minor);
    return JET_errSuccess;
}

/* The newest version that the cap allows. */
static JET_ERR
check_cap(const ese_log_header *header, uint32_t efv_max)
{
    uint32_t allowed = 0;

    if (efv_max == 0 || header->major == ESE_LOG_MAJOR_LEGACY)
        return JET_errSuccess;
    for (unsigned i = 0; i < N_VERSIONS; i++) {
        if (versions[i].efv <= efv_max)
            allowed = versions[i].update_major;
    }
    if (header->update_major > allowed)
        return ese_raise(JET_errEngineFormatVersionSpecifiedTooLowForLogVersion,
                         "the log is newer than the engine format version %" PRIu32, efv_max);
    return JET_errSuccess;
}

static JET_ERR
check_geometry(const ese_log_header *header)
{
    bool is_legacy = header->major == ESE_LOG_MAJOR_LEGACY;

    if ((header->sector_size != ESE_LOG_SEGMENT_SIZE &&
         !(is_legacy && header->sector_size == LEGACY_SECTOR)) ||
        header->n_header_sectors * header->sector_size != ESE_LOG_HEADER_SIZE)
        return ese_raise(JET_errLogFileCorrupt,
                         "sectors of %" PRIu32 " bytes, %" PRIu32 " of them for the header",
                         header->sector_size, header->n_header_sectors);
    if (header->n_sectors < header->n_header_sectors + 2)
        return ese_raise(JET_errLogFileCorrupt, "a log of only %" PRIu32 " sectors",
                         header->n_sectors);
    if (header->generation <= 0)
        return ese_raise(JET_errLogFileCorrupt, "a log of the generation %" PRId32,
                         header->generation);
    return JET_errSuccess;
}

static JET_ERR
check_stream(const ese_log_header *header, const ese_log_expect *expect)
{
    uint64_t size = (uint64_t)header->sector_size * header->n_sectors;

    if (expect->sign != NULL && memcmp(&header->sign, expect->sign, sizeof header->sign) != 0)
        return ese_raise(JET_errBadLogSignature, "the log belongs to another sequence of logs");
    if (expect->page_size != 0 && header->page_size != expect->page_size)
        return ese_raise(JET_errPageSizeMismatch,
                         "the log is of databases with pages of %" PRIu32 " bytes",
                         header->page_size);
    if (expect->file_size != 0 && expect->file_size != size)
        return ese_raise(JET_errLogFileSizeMismatch,
                         "a file of %" PRIu64 " bytes, the header says %" PRIu64, expect->file_size,
                         size);
    return JET_errSuccess;
}

static JET_ERR
check_chain(const ese_log_header *header, const ese_log_expect *expect)
{
    bool is_behind_gap = expect->prev_created != NULL && header->generation > expect->generation;

    if (expect->generation != 0 && is_behind_gap)
        return ese_raise(JET_errInvalidLogSequence,
                         "generation 0x%" PRIX32 " is missing in front of this log of 0x%" PRIX32,
                         (uint32_t)expect->generation, (uint32_t)header->generation);
    if (expect->generation != 0 && header->generation != expect->generation)
        return ese_raise(JET_errInvalidLogSequence,
                         "the log is of the generation %" PRId32 ", expected was %" PRId32,
                         header->generation, expect->generation);
    if (expect->prev_created != NULL &&
        memcmp(header->prev_created, expect->prev_created, sizeof header->prev_created) != 0)
        return ese_raise(JET_errInvalidLogSequence,
                         "the log does not continue the generation before it");
    if (expect->has_checksum_prev && header->major != ESE_LOG_MAJOR_LEGACY &&
        header->checksum_prev != expect->checksum_prev)
        return ese_raise(JET_errLogSequenceChecksumMismatch,
                         "the log was written behind another generation than the one there is");
    return JET_errSuccess;
}

JET_ERR
ese_log_header_check(const ese_log_header *header, const ese_log_expect *expect)
{
    JET_ERR err;

    ESE_TRY(check_version(header, expect->allow_newer));
    ESE_TRY(check_cap(header, expect->efv_max));
    ESE_TRY(check_geometry(header));
    ESE_TRY(check_stream(header, expect));
    ESE_TRY(check_chain(header, expect));
out:
    return err;
}
