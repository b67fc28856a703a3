/*
 * Headers of logs and checkpoints out of anything. The input is laid over a good header that the target builds itself:
 *
 *   byte 0      bit 0: a checkpoint; bit 7: the checksum is left wrong
 *   then        edits of three bytes: position (little-endian, modulo the size), new value
 */
#include "log/log_file.h"

#include <stdlib.h>

enum { EDIT_SIZE = 3, IS_CHECKPOINT = 1, LEAVE_CHECKSUM = 0x80 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
    if (!holds)
        abort();
}

static ese_log_attachments
two_databases(void)
{
    static const char name[] = "C:\\data.edb";
    ese_log_attachments attached = {.n = 2};

    for (uint8_t i = 0; i < 2; i++)
        attached.items[i] = (ese_log_attachment){.dbid = (uint8_t)(i + 1),
                                                 .name = {(const uint8_t *)name, sizeof name}};
    return attached;
}

static void
build_header(uint8_t *bytes)
{
    const ese_log_header header = {
        .generation = 7,
        .sector_size = 4096,
        .n_header_sectors = 1,
        .n_sectors = 16,
        .page_size = 4096,
        .major = ESE_LOG_MAJOR,
        .minor = ESE_LOG_MINOR,
        .update_major = 5,
        .update_minor = 16,
        .file_type = ESE_LOG_FILE_TYPE_LOG,
        .attached = two_databases(),
    };

    require(ese_log_header_encode(&header, bytes));
}

static void
build_checkpoint(uint8_t *bytes)
{
    const ese_log_checkpoint checkpoint = {
        .file_type = ESE_LOG_FILE_TYPE_CHECKPOINT,
        .checkpoint = {0, 1, 7},
        .attached = two_databases(),
    };

    require(ese_log_checkpoint_encode(&checkpoint, bytes));
}

/* Borrowed texts lie in the bytes. */
static void
touch(ese_bytes text, const uint8_t *bytes)
{
    require(text.size == 0 ||
            (text.data >= bytes && text.data + text.size <= bytes + ESE_LOG_HEADER_SIZE));
}

static void
check_attached(const ese_log_attachments *attached, const uint8_t *bytes)
{
    require(attached->n <= ESE_LOG_MAX_DATABASES);
    for (unsigned i = 0; i < attached->n; i++)
        touch(attached->items[i].name, bytes);
}

static void
check_header(const uint8_t *bytes)
{
    uint8_t again[ESE_LOG_HEADER_SIZE];
    ese_log_expect expect = {.file_size = 16 * 4096, .efv_max = 8920};
    ese_log_header header, twice;

    if (ese_log_header_decode(bytes, &header) < JET_errSuccess)
        return;
    check_attached(&header.attached, bytes);
    touch(header.params.system_path, bytes);
    touch(header.params.log_path, bytes);
    if (ese_log_header_check(&header, &expect) == JET_errSuccess)
        require((uint64_t)header.sector_size * header.n_sectors == expect.file_size);
    require(ese_log_header_encode(&header, again));
    require(ese_log_header_decode(again, &twice) == JET_errSuccess);
    require(twice.generation == header.generation && twice.attached.n == header.attached.n);
}

static void
check_checkpoint(const uint8_t *bytes)
{
    uint8_t again[ESE_LOG_CHECKPOINT_SIZE];
    ese_log_checkpoint checkpoint, twice;

    if (ese_log_checkpoint_decode(bytes, &checkpoint) < JET_errSuccess)
        return;
    check_attached(&checkpoint.attached, bytes);
    require(ese_log_checkpoint_encode(&checkpoint, again));
    require(ese_log_checkpoint_decode(again, &twice) == JET_errSuccess);
    require(ese_log_lgpos_number(twice.checkpoint) == ese_log_lgpos_number(checkpoint.checkpoint));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t bytes[ESE_LOG_HEADER_SIZE];
    bool is_checkpoint;

    if (size == 0)
        return 0;
    is_checkpoint = (data[0] & IS_CHECKPOINT) != 0;
    if (is_checkpoint)
        build_checkpoint(bytes);
    else
        build_header(bytes);
    for (size_t i = 1; i + EDIT_SIZE <= size; i += EDIT_SIZE)
        bytes[ese_load_le16(data + i) % sizeof bytes] = data[i + 2];
    if ((data[0] & LEAVE_CHECKSUM) == 0)
        ese_store_le32(bytes, ese_page_header_checksum(bytes, sizeof bytes));
    if (is_checkpoint)
        check_checkpoint(bytes);
    else
        check_header(bytes);
    return 0;
}
