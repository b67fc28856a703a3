/* RocksDB: rows under the prefix 'r', index entries under 'a' and 'b'; batches without a write-ahead log, or when it must be durable, with one that is synced. A batch is written at commit. */
#include "store.h"

#include <rocksdb/c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct store {
    rocksdb_t *db;
    rocksdb_options_t *options;
    rocksdb_readoptions_t *reading;
    rocksdb_writeoptions_t *writing;
    bool has_indexes;
};

struct reader {
    store *store;
    rocksdb_writebatch_t *batch;
};

static void
must(char *error)
{
    if (error == NULL)
        return;
    fprintf(stderr, "rocksdb: %s\n", error);
    exit(1);
}

static void
make_key(char to[17], char kind, uint64_t first, uint64_t second)
{
    first = __builtin_bswap64(first);
    second = __builtin_bswap64(second);
    to[0] = kind;
    memcpy(to + 1, &first, 8);
    memcpy(to + 9, &second, 8);
}

store *
store_open(const store_options *options)
{
    store *store = calloc(1, sizeof *store);
    rocksdb_block_based_table_options_t *table = rocksdb_block_based_options_create();
    rocksdb_cache_t *cache = rocksdb_cache_create_lru(options->cache_bytes);
    char *error = NULL;

    store->has_indexes = options->has_indexes;
    store->options = rocksdb_options_create();
    rocksdb_options_set_create_if_missing(store->options, 1);
    rocksdb_options_set_compression(store->options, rocksdb_no_compression);
    rocksdb_block_based_options_set_block_cache(table, cache);
    rocksdb_block_based_options_set_filter_policy(table, rocksdb_filterpolicy_create_bloom(10));
    rocksdb_options_set_block_based_table_factory(store->options, table);
    store->reading = rocksdb_readoptions_create();
    store->writing = rocksdb_writeoptions_create();
    rocksdb_writeoptions_disable_WAL(store->writing, !options->is_durable);
    rocksdb_writeoptions_set_sync(store->writing, options->is_durable);
    if (options->keeps_log)
        rocksdb_options_set_write_buffer_size(store->options, (size_t)1 << 30);
    store->db = rocksdb_open(store->options, options->folder, &error);
    must(error);
    return store;
}

void
store_close(store *store)
{
    rocksdb_flushoptions_t *flush = rocksdb_flushoptions_create();
    char *error = NULL;

    rocksdb_flush(store->db, flush, &error);
    must(error);
    rocksdb_flushoptions_destroy(flush);
    rocksdb_close(store->db);
    rocksdb_readoptions_destroy(store->reading);
    rocksdb_writeoptions_destroy(store->writing);
    rocksdb_options_destroy(store->options);
    free(store);
}

reader *
store_reader(store *store)
{
    reader *reader = calloc(1, sizeof *reader);

    reader->store = store;
    reader->batch = rocksdb_writebatch_create();
    return reader;
}

void
store_reader_end(reader *reader)
{
    rocksdb_writebatch_destroy(reader->batch);
    free(reader);
}

void
store_begin(reader *reader, bool is_write)
{
    if (is_write)
        rocksdb_writebatch_clear(reader->batch);
}

void
store_commit(reader *reader)
{
    char *error = NULL;

    if (rocksdb_writebatch_count(reader->batch) == 0)
        return;
    rocksdb_write(reader->store->db, reader->store->writing, reader->batch, &error);
    must(error);
    rocksdb_writebatch_clear(reader->batch);
}

void
store_insert(reader *reader, uint64_t key, const uint8_t value[STORE_VALUE])
{
    char k[17];

    make_key(k, 'r', key, 0);
    rocksdb_writebatch_put(reader->batch, k, 9, (const char *)value, STORE_VALUE);
    for (unsigned i = 0; i < 2 && reader->store->has_indexes; i++) {
        uint64_t number;

        memcpy(&number, value + 8 * i, 8);
        make_key(k, i == 0 ? 'a' : 'b', number, key);
        rocksdb_writebatch_put(reader->batch, k, 17, "", 0);
    }
}

void
store_replace(reader *reader, uint64_t key, const uint8_t value[STORE_VALUE])
{
    char k[17];

    make_key(k, 'r', key, 0);
    rocksdb_writebatch_put(reader->batch, k, 9, (const char *)value, STORE_VALUE);
}

bool
store_get(reader *reader, uint64_t key, uint8_t value[STORE_VALUE])
{
    char k[17], *error = NULL;
    rocksdb_pinnableslice_t *slice;
    const char *data;
    size_t size = 0;

    make_key(k, 'r', key, 0);
    slice = rocksdb_get_pinned(reader->store->db, reader->store->reading, k, 9, &error);
    must(error);
    if (slice == NULL)
        return false;
    data = rocksdb_pinnableslice_value(slice, &size);
    memcpy(value, data, STORE_VALUE);
    rocksdb_pinnableslice_destroy(slice);
    return true;
}

uint64_t
store_scan(reader *reader, uint64_t from, unsigned n)
{
    rocksdb_iterator_t *at = rocksdb_create_iterator(reader->store->db, reader->store->reading);
    uint64_t sum = 0;
    char k[17];

    make_key(k, 'r', from, 0);
    for (rocksdb_iter_seek(at, k, 9); n > 0 && rocksdb_iter_valid(at); rocksdb_iter_next(at), n--) {
        size_t size;
        uint64_t id;
        const char *key = rocksdb_iter_key(at, &size);

        memcpy(&id, key + 1, sizeof id);
        sum += __builtin_bswap64(id) + *(const uint8_t *)rocksdb_iter_value(at, &size);
    }
    rocksdb_iter_destroy(at);
    return sum;
}
