/* LMDB: one database of rows, one per index (number and key -> nothing); no sync unless it must be durable. */
#include "store.h"

#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct store {
    MDB_env *env;
    MDB_dbi rows, indexes[2];
    bool has_indexes;
};

struct reader {
    store *store;
    MDB_txn *txn;
    MDB_cursor *cursor;
};

static void
must(int status)
{
    if (status == MDB_SUCCESS)
        return;
    fprintf(stderr, "lmdb: %s\n", mdb_strerror(status));
    exit(1);
}

static uint64_t
big_endian(uint64_t x)
{
    return __builtin_bswap64(x);
}

store *
store_open(const store_options *options)
{
    store *store = calloc(1, sizeof *store);
    unsigned flags = options->is_durable ? 0 : MDB_NOSYNC | MDB_NOMETASYNC;
    MDB_txn *txn = NULL;

    store->has_indexes = options->has_indexes; /* the cache is the system's */
    must(mdb_env_create(&store->env));
    must(mdb_env_set_mapsize(store->env, (size_t)8 << 30));
    must(mdb_env_set_maxdbs(store->env, 4));
    must(mdb_env_open(store->env, options->folder, flags | MDB_NOTLS, 0600));
    must(mdb_txn_begin(store->env, NULL, 0, &txn));
    must(mdb_dbi_open(txn, "rows", MDB_CREATE, &store->rows));
    for (unsigned i = 0; i < 2 && options->has_indexes; i++)
        must(mdb_dbi_open(txn, i == 0 ? "a" : "b", MDB_CREATE, &store->indexes[i]));
    must(mdb_txn_commit(txn));
    return store;
}

void
store_close(store *store)
{
    must(mdb_env_sync(store->env, 0));
    mdb_env_close(store->env);
    free(store);
}

reader *
store_reader(store *store)
{
    reader *reader = calloc(1, sizeof *reader);

    reader->store = store;
    return reader;
}

void
store_reader_end(reader *reader)
{
    free(reader);
}

void
store_begin(reader *reader, bool is_write)
{
    must(mdb_txn_begin(reader->store->env, NULL, is_write ? 0 : MDB_RDONLY, &reader->txn));
    must(mdb_cursor_open(reader->txn, reader->store->rows, &reader->cursor));
}

void
store_commit(reader *reader)
{
    mdb_cursor_close(reader->cursor);
    must(mdb_txn_commit(reader->txn));
}

void
store_insert(reader *reader, uint64_t key, const uint8_t value[STORE_VALUE])
{
    uint64_t stored = big_endian(key);
    MDB_val k = {sizeof stored, &stored}, v = {STORE_VALUE, (void *)(uintptr_t)value};

    must(mdb_put(reader->txn, reader->store->rows, &k, &v, MDB_NOOVERWRITE));
    for (unsigned i = 0; i < 2 && reader->store->has_indexes; i++) {
        uint64_t entry[2];
        MDB_val e = {sizeof entry, entry}, nothing = {0, NULL};

        memcpy(entry, value + 8 * i, 8);
        entry[0] = big_endian(entry[0]);
        entry[1] = stored;
        must(mdb_put(reader->txn, reader->store->indexes[i], &e, &nothing, 0));
    }
}

void
store_replace(reader *reader, uint64_t key, const uint8_t value[STORE_VALUE])
{
    uint64_t stored = big_endian(key);
    MDB_val k = {sizeof stored, &stored}, v = {STORE_VALUE, (void *)(uintptr_t)value};

    must(mdb_put(reader->txn, reader->store->rows, &k, &v, 0));
}

bool
store_get(reader *reader, uint64_t key, uint8_t value[STORE_VALUE])
{
    uint64_t stored = big_endian(key);
    MDB_val k = {sizeof stored, &stored}, v;

    if (mdb_get(reader->txn, reader->store->rows, &k, &v) != MDB_SUCCESS)
        return false;
    memcpy(value, v.mv_data, STORE_VALUE);
    return true;
}

uint64_t
store_scan(reader *reader, uint64_t from, unsigned n)
{
    uint64_t stored = big_endian(from), sum = 0;
    MDB_val k = {sizeof stored, &stored}, v;
    int status = mdb_cursor_get(reader->cursor, &k, &v, MDB_SET_RANGE);

    for (; status == MDB_SUCCESS && n > 0; n--) {
        uint64_t id;

        memcpy(&id, k.mv_data, sizeof id);
        sum += big_endian(id) + *(const uint8_t *)v.mv_data;
        status = mdb_cursor_get(reader->cursor, &k, &v, MDB_NEXT);
    }
    return sum;
}
