/*
 * Database headers out of anything. The input is edits of a good header that the target builds itself:
 *
 *   byte 0      page size; top bit: the checksum is left wrong
 *   then        edits of three bytes: position (little-endian, modulo the size), new value
 */
#include "page/page_dbheader.h"

#include <stdlib.h>

enum { EDIT_SIZE = 3, LEAVE_CHECKSUM = 0x80 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
    if (!holds)
        abort();
}

static void
build(uint8_t *bytes, uint32_t size)
{
    memset(bytes, 0, size);
    ese_store_le32(bytes + 4, 0x89abcdef);
    ese_store_le32(bytes + 8, 0x620);
    ese_store_le64(bytes + 16, 0x193);
    ese_store_le32(bytes + 52, ESE_DBSTATE_CLEAN);
    ese_store_le32(bytes + 212, 8);
    ese_store_le32(bytes + 232, 20);
    ese_store_le32(bytes + 236, size);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t page_size;
    uint8_t *bytes;
    ese_dbheader header;

    if (size == 0)
        return 0;
    page_size = (uint32_t)ESE_PAGE_SIZE_MIN << (data[0] & 0x7f) % 5;
    bytes = malloc(page_size);
    require(bytes != NULL);
    build(bytes, page_size);
    for (size_t i = 1; i + EDIT_SIZE <= size; i += EDIT_SIZE)
        bytes[ese_load_le16(data + i) % page_size] = data[i + 2];
    if ((data[0] & LEAVE_CHECKSUM) == 0)
        ese_store_le32(bytes, ese_page_header_checksum(bytes, page_size));
    if (ese_dbheader_decode(bytes, page_size, &header) == JET_errSuccess) {
        require(ese_page_size_is_legal(header.page_size) && header.page_size <= page_size);
        require(header.state >= ESE_DBSTATE_JUST_CREATED &&
                header.state <= ESE_DBSTATE_REVERT_IN_PROGRESS);
    }
    require(ese_dbheader_decode(bytes, page_size / 4, &header) < JET_errSuccess ||
            header.page_size <= page_size / 4);
    free(bytes);
    return 0;
}
