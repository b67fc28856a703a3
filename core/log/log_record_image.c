/*
 * Page images in records: whole, with the free bytes cut out, and compressed after that.
 *
 * INV-1  The tags stand at the end of a short image; only they move when the gap comes back.
 */
#include "log/log_record.h"
#include "record/record_compress.h"

enum {
    DBTIME_OFFSET = 8,
    FREE_BYTES_OFFSET = 28,
    USED_END_OFFSET = 32, /* counted from the end of the header */
    FREE_TAG_OFFSET = 34,
    TAG_COUNT_MASK = 0xfff,
    TAG_SIZE = 4,
};

static JET_ERR
refuse(const char *why)
{
    return ese_raise(JET_errLogFileCorrupt, "the image of a page in the log %s", why);
}

/* Gives the `size` bytes at `page` their gap back. */
static JET_ERR
rehydrate(uint8_t *page, size_t size, uint32_t page_size)
{
    size_t header = ese_page_header_size(page_size), cut = page_size - size, tags;
    unsigned free_bytes;

    if (size < header)
        return refuse("has no header");
    tags = (size_t)TAG_SIZE * (ese_load_le16(page + FREE_TAG_OFFSET) & TAG_COUNT_MASK);
    free_bytes = ese_load_le16(page + FREE_BYTES_OFFSET);
    if (tags > size - header || free_bytes + cut > UINT16_MAX)
        return refuse("has more lines than fit");
    memmove(page + page_size - tags, page + size - tags, tags);
    memset(page + size - tags, 0, cut);
    ese_store_le16(page + FREE_BYTES_OFFSET, (uint16_t)(free_bytes + cut));
    return JET_errSuccess;
}

/* The compressed form has scheme and size in front, as compressed values have. */
static JET_ERR
decompress(ese_bytes image, uint32_t page_size, uint8_t *to, size_t *size_out)
{
    size_t size = 0;
    JET_ERR err;

    ESE_TRY(ese_record_decompressed_size(image, &size));
    if (size > page_size)
        return refuse("is larger than a page");
    ESE_TRY(ese_record_decompress(image, to, page_size, size_out));
out:
    return err == JET_errDecompressionFailed ? refuse("cannot be decompressed") : err;
}

JET_ERR
ese_log_image_decode(ese_bytes image, uint32_t flags, uint32_t page_size, uint8_t *work,
                     uint8_t *page)
{
    size_t size = image.size;
    JET_ERR err = JET_errSuccess;

    if (!ese_page_size_is_legal(page_size) || image.size == 0)
        return refuse("is not there");
    if ((flags & ESE_LOG_IMAGE_COMPRESSED) != 0) {
        ESE_TRY(decompress(image, page_size, work, &size));
        image = (ese_bytes){work, size};
    }
    if (size > page_size || (size < page_size && (flags & ESE_LOG_IMAGE_DEHYDRATED) == 0))
        return refuse("is not as large as a page");
    memcpy(page, image.data, size);
    if (size < page_size)
        ESE_TRY(rehydrate(page, size, page_size));
out:
    return err;
}

size_t
ese_log_image_encode(const ese_page *page, uint64_t dbtime, uint8_t *to, uint32_t *flags_out)
{
    size_t tags =
        (size_t)TAG_SIZE * (ese_load_le16(page->bytes + FREE_TAG_OFFSET) & TAG_COUNT_MASK);
    size_t head = ese_page_header_size(page->size) + ese_load_le16(page->bytes + USED_END_OFFSET);
    size_t cut = page->size - tags - head; /* a page that was verified has room for both */

    memcpy(to, page->bytes, head);
    memcpy(to + head, page->bytes + page->size - tags, tags);
    ese_store_le64(to + DBTIME_OFFSET, dbtime);
    ese_store_le16(to + FREE_BYTES_OFFSET,
                   (uint16_t)(ese_load_le16(page->bytes + FREE_BYTES_OFFSET) - cut));
    *flags_out = cut == 0 ? 0 : ESE_LOG_IMAGE_DEHYDRATED;
    return head + tags;
}

JET_ERR
ese_log_move_image(const ese_log_entry *entry, uint32_t page_size, uint8_t *page)
{
    ese_bytes head = entry->u.move.head, tail = entry->u.move.tail;

    if (!ese_page_size_is_legal(page_size) || head.size > page_size ||
        tail.size > page_size - head.size || head.size < ese_page_header_size(page_size))
        return refuse("is not as large as a page");
    memcpy(page, head.data, head.size);
    memset(page + head.size, 0, page_size - head.size - tail.size);
    if (tail.size != 0)
        memcpy(page + page_size - tail.size, tail.data, tail.size);
    return JET_errSuccess;
}
