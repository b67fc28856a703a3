#define _POSIX_C_SOURCE 200809L

#include "test_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "page/page_dbheader.h"

enum { HEADER_PAGES = 2 };

static bool
read_all(test_image *image, const char *from)
{
    FILE *file = fopen(from, "rb");
    bool is_read = false;
    long size = -1;

    if (file != NULL && fseek(file, 0, SEEK_END) == 0)
        size = ftell(file);
    if (size > 0 && fseek(file, 0, SEEK_SET) == 0) {
        image->size = (size_t)size;
        image->bytes = malloc(image->size);
        is_read = image->bytes != NULL && fread(image->bytes, 1, image->size, file) == image->size;
    }
    if (file != NULL)
        fclose(file);
    return is_read;
}

bool
test_image_open(test_image *image, const char *from)
{
    ese_dbheader header;

    memset(image, 0, sizeof *image);
    image->fd = -1;
    snprintf(image->path, sizeof image->path, ESE_TEST_FOLDER "/ese-image-XXXXXX");
    if (!read_all(image, from) || ese_dbheader_decode(image->bytes, image->size, &header) < 0)
        return false;
    image->page_size = header.page_size;
    image->fd = mkstemp(image->path);
    if (image->fd < 0)
        return false;
    test_image_write(image, 0, image->size);
    return true;
}

void
test_image_close(test_image *image)
{
    free(image->bytes);
    image->bytes = NULL;
    if (image->fd >= 0) {
        close(image->fd);
        unlink(image->path);
    }
    image->fd = -1;
}

uint8_t *
test_image_page(const test_image *image, int64_t pgno)
{
    return image->bytes + (size_t)(pgno + HEADER_PAGES - 1) * image->page_size;
}

void
test_image_write(const test_image *image, size_t at, size_t n)
{
    while (n > 0) {
        ssize_t done = pwrite(image->fd, image->bytes + at, n, (off_t)at);

        if (done <= 0)
            abort(); /* no room for the copy: nothing that follows would mean anything */
        at += (size_t)done;
        n -= (size_t)done;
    }
}

void
test_image_seal_page(const test_image *image, int64_t pgno)
{
    uint8_t *page = test_image_page(image, pgno);

    if (pgno > 0)
        ese_page_checksum_update(page, image->page_size, (ese_pgno)pgno);
    else
        ese_store_le32(page, ese_page_header_checksum(page, image->page_size));
    test_image_write(image, (size_t)(page - image->bytes), image->page_size);
}

void
test_image_seal(const test_image *image, size_t at)
{
    test_image_seal_page(image, (int64_t)(at / image->page_size) - HEADER_PAGES + 1);
}
