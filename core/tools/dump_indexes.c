/*
 * The order of a secondary index as one line: the bookmarks of its entries, or for more than 2,000 of them their number and the SHA-256 of, for each,
 * its length (32 bits, little-endian) and its bytes.
 */
#include "tools/dump.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { LISTED_MAX = 2000, BOOKMARK_ROOM = 4096 };

/* The bookmarks of one index as they come. The first ones are kept, each behind its length. */
typedef struct order {
    uint64_t n;
    ese_tools__sha256 hash;
    uint8_t *kept;
    size_t used, room;
} order;

static void
keep(order *at, const uint8_t *bytes, size_t n)
{
    if (at->used + n > at->room) {
        size_t room = 2 * (at->used + n);
        uint8_t *grown = ese_tools__alloc(room, 1);

        if (at->used != 0)
            memcpy(grown, at->kept, at->used);
        free(at->kept);
        at->kept = grown;
        at->room = room;
    }
    memcpy(at->kept + at->used, bytes, n);
    at->used += n;
}

static void
add_bookmark(order *at, const uint8_t *bookmark, uint32_t size)
{
    const uint8_t length[4] = {(uint8_t)size, (uint8_t)(size >> 8), (uint8_t)(size >> 16),
                               (uint8_t)(size >> 24)};

    ese_tools__sha256_add(&at->hash, length, sizeof length);
    ese_tools__sha256_add(&at->hash, bookmark, size);
    if (at->n++ < LISTED_MAX) {
        keep(at, length, sizeof length);
        keep(at, bookmark, size);
    }
}

static JET_ERR
walk(const ese_tools__database *database, const ese_tools__table *table, order *at)
{
    uint8_t bookmark[BOOKMARK_ROOM];
    uint32_t size = 0;
    JET_ERR err = JetMove(database->sesid, table->tableid, (int32_t)JET_MoveFirst, 0);

    while (err >= JET_errSuccess) {
        err = JetGetBookmark(database->sesid, table->tableid, bookmark, sizeof bookmark, &size);
        if (err < JET_errSuccess)
            break;
        add_bookmark(at, bookmark, size);
        err = JetMove(database->sesid, table->tableid, JET_MoveNext, 0);
    }
    return err == JET_errNoCurrentRecord ? JET_errSuccess : err;
}

static void
write_list(ese_tools__out *out, const order *at)
{
    size_t i = 0;

    ese_tools__out_text(out, ",\"order\":[");
    while (i < at->used) {
        const uint8_t *length = at->kept + i;
        size_t size = (size_t)length[0] | (size_t)length[1] << 8;

        ese_tools__out_text(out, i == 0 ? "\"" : ",\"");
        ese_tools__out_hex(out, length + 4, size);
        ese_tools__out_text(out, "\"");
        i += 4 + size;
    }
    ese_tools__out_text(out, "]}\n");
}

static void
write_digest(ese_tools__out *out, order *at)
{
    uint8_t digest[32];

    ese_tools__sha256_end(&at->hash, digest);
    ese_tools__out_printf(out, ",\"count\":%" PRIu64 ",\"sha256\":\"", at->n);
    ese_tools__out_hex(out, digest, sizeof digest);
    ese_tools__out_text(out, "\"}\n");
}

static JET_ERR
dump_index(const ese_tools__database *database, const ese_tools__table *table,
           const ese_tools__index *index, ese_tools__out *out)
{
    order at = {0};
    JET_ERR err = JetSetCurrentIndex(database->sesid, table->tableid, index->name);

    ese_tools__sha256_start(&at.hash);
    if (err >= JET_errSuccess)
        err = walk(database, table, &at);
    if (err >= JET_errSuccess) {
        ese_tools__out_text(out, "{\"table\":");
        ese_tools__out_json(out, table->name);
        ese_tools__out_text(out, ",\"index\":");
        ese_tools__out_json(out, index->name);
        if (at.n <= LISTED_MAX)
            write_list(out, &at);
        else
            write_digest(out, &at);
    }
    free(at.kept);
    return err;
}

JET_ERR
ese_tools__dump_indexes(const ese_tools__database *database, const ese_tools__table *table,
                        ese_tools__out *out)
{
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 0; i < table->n_indexes && err >= JET_errSuccess; i++) {
        if ((table->indexes[i].grbit & JET_bitIndexPrimary) == 0)
            err = dump_index(database, table, &table->indexes[i], out);
    }
    return err;
}
