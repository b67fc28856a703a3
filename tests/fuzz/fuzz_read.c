/*
 * The whole read path over damaged databases. The input is edits of a small database that has a bit of everything:
 *
 *   byte 0      bit 0: as a damaged file; bit 1: the checksums of the edited pages are left wrong; bit 2: the tables of the system
 *               are read like those of users, too
 *   then        edits of six bytes: what, page, position (little-endian), value (little-endian)
 *
 * Positions are taken modulo what they may be, so every edit does something. The database is the fixture small-4k.edb of the build;
 * ESE_FIXTURES names another folder that has it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ese.h"
#include "test_image.h"
#include "test_reader.h"

enum {
    EDIT_SIZE = 6,
    EDITS_MAX = 40,
    CACHE_BYTES = 1 << 20,
    HEADER_PAGES = 2,
    DETAIL_EVERY = 32,
    AS_DAMAGED = 1,
    LEAVE_CHECKSUMS = 2,
    WITH_SYSTEM_TABLES = 4,
};

typedef enum edit_kind {
    SET_BYTE,   /* anywhere */
    SET_TAG,    /* size or offset of a line */
    SET_FIELD,  /* of the page header */
    SET_NUMBER, /* four bytes anywhere: a link, an id, a count */
    COPY_PAGE,  /* the page becomes another one */
    N_EDIT_KINDS,
} edit_kind;

typedef struct fixture {
    test_image image;
    uint8_t *original;
    test_reader reader;
} fixture;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "fuzz_read: %s\n", what);
    abort();
}

static fixture *
get_fixture(void)
{
    static fixture f;
    const char *folder = getenv("ESE_FIXTURES");
    char path[1024];

    if (f.original != NULL)
        return &f;
    snprintf(path, sizeof path, "%s/small-4k.edb", folder != NULL ? folder : ESE_TEST_FIXTURES);
    require(test_image_open(&f.image, path), "the fixture is missing");
    f.original = malloc(f.image.size);
    require(f.original != NULL, "no memory");
    memcpy(f.original, f.image.bytes, f.image.size);
    require(test_reader_begin(&f.reader, CACHE_BYTES), "no instance");
    f.reader.detail_every = DETAIL_EVERY;
    return &f;
}

static void
apply_edit(fixture *f, const uint8_t *edit)
{
    uint32_t page_size = f->image.page_size;
    size_t n_pages = f->image.size / page_size;
    uint8_t *page = f->image.bytes + edit[1] % n_pages * page_size;
    uint32_t at = ese_load_le16(edit + 2), value = ese_load_le16(edit + 4);

    switch (edit[0] % N_EDIT_KINDS) {
    case SET_BYTE: page[at % page_size] = (uint8_t)value; break;
    case SET_TAG: ese_store_le16(page + page_size - 2 * (at % 128 + 1), (uint16_t)value); break;
    case SET_FIELD: ese_store_le32(page + 4 * (at % 10), value); break;
    case SET_NUMBER: ese_store_le32(page + at % (page_size - 3), value); break;
    case COPY_PAGE: memmove(page, f->original + value % n_pages * page_size, page_size); break;
    }
}

static bool
is_changed(const fixture *f, size_t at)
{
    return memcmp(f->image.bytes + at, f->original + at, f->image.page_size) != 0;
}

/* Brings the pages that differ from the original to the file. */
static void
bring_edits(fixture *f, bool leave_checksums)
{
    for (size_t at = 0; at < f->image.size; at += f->image.page_size) {
        if (!is_changed(f, at))
            continue;
        if (leave_checksums)
            test_image_write(&f->image, at, f->image.page_size);
        else
            test_image_seal(&f->image, at);
    }
}

static void
undo_edits(fixture *f)
{
    for (size_t at = 0; at < f->image.size; at += f->image.page_size) {
        if (!is_changed(f, at))
            continue;
        memcpy(f->image.bytes + at, f->original + at, f->image.page_size);
        test_image_write(&f->image, at, f->image.page_size);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fixture *f = get_fixture();

    if (size < 1 + EDIT_SIZE || size > 1 + EDIT_SIZE * EDITS_MAX)
        return 0;
    for (size_t i = 1; i + EDIT_SIZE <= size; i += EDIT_SIZE)
        apply_edit(f, data + i);
    bring_edits(f, (data[0] & LEAVE_CHECKSUMS) != 0);
    f->reader.leaves_out_system_tables = (data[0] & WITH_SYSTEM_TABLES) == 0;
    (void)test_reader_read(&f->reader, f->image.path,
                           data[0] & AS_DAMAGED ? ESE_bitDbReadDamaged : 0);
    require(f->reader.n_strange == 0, f->reader.strange_text);
    undo_edits(f);
    return 0;
}
