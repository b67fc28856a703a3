/* SQLite: a rowid table; no journal on disk and no sync, or when it must be durable, a write-ahead log that is synced. */
#include "store.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct store {
    char path[4096];
    store_options options;
    bool has_indexes;
    sqlite3 *db;
};

struct reader {
    sqlite3 *db;
    sqlite3_stmt *insert, *replace, *get, *scan, *begin, *begin_write, *commit;
};

static void
must(int status, sqlite3 *db)
{
    if (status == SQLITE_OK || status == SQLITE_DONE || status == SQLITE_ROW)
        return;
    fprintf(stderr, "sqlite: %s\n", sqlite3_errmsg(db));
    exit(1);
}

static void
run(sqlite3 *db, const char *text)
{
    must(sqlite3_exec(db, text, NULL, NULL, NULL), db);
}

static sqlite3 *
open_one(const store *store)
{
    sqlite3 *db = NULL;
    char text[100];

    must(sqlite3_open_v2(store->path, &db,
                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL),
         db);
    sqlite3_busy_timeout(db, 60000);
    run(db, store->options.is_durable ? "PRAGMA journal_mode=WAL" : "PRAGMA journal_mode=MEMORY");
    run(db, store->options.is_durable ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=OFF");
    if (store->options.keeps_log)
        run(db, "PRAGMA wal_autocheckpoint=0");
    snprintf(text, sizeof text, "PRAGMA cache_size=-%zu", store->options.cache_bytes >> 10);
    run(db, text);
    return db;
}

store *
store_open(const store_options *options)
{
    store *store = calloc(1, sizeof *store);

    snprintf(store->path, sizeof store->path, "%s/data.sqlite", options->folder);
    store->options = *options;
    store->has_indexes = options->has_indexes;
    store->db = open_one(store);
    if (options->is_there) {
        run(store->db, "SELECT 1 FROM t LIMIT 1");
    } else if (options->has_indexes) {
        run(store->db, "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER, value BLOB)");
        run(store->db, "CREATE INDEX ta ON t (a)");
        run(store->db, "CREATE INDEX tb ON t (b)");
    } else {
        run(store->db, "CREATE TABLE t (id INTEGER PRIMARY KEY, value BLOB)");
    }
    return store;
}

void
store_close(store *store)
{
    must(sqlite3_close(store->db), store->db);
    free(store);
}

static sqlite3_stmt *
prepare(sqlite3 *db, const char *text)
{
    sqlite3_stmt *statement = NULL;

    must(sqlite3_prepare_v2(db, text, -1, &statement, NULL), db);
    return statement;
}

reader *
store_reader(store *store)
{
    reader *reader = calloc(1, sizeof *reader);

    reader->db = open_one(store);
    if (store->has_indexes)
        reader->insert = prepare(reader->db, "INSERT INTO t VALUES (?1, ?3, ?4, ?2)");
    else
        reader->insert = prepare(reader->db, "INSERT INTO t VALUES (?1, ?2)");
    reader->replace = prepare(reader->db, "UPDATE t SET value = ?2 WHERE id = ?1");
    reader->get = prepare(reader->db, "SELECT value FROM t WHERE id = ?1");
    reader->scan =
        prepare(reader->db, "SELECT id, value FROM t WHERE id >= ?1 ORDER BY id LIMIT ?2");
    reader->begin = prepare(reader->db, "BEGIN");
    reader->begin_write = prepare(reader->db, "BEGIN IMMEDIATE");
    reader->commit = prepare(reader->db, "COMMIT");
    return reader;
}

void
store_reader_end(reader *reader)
{
    sqlite3_finalize(reader->insert);
    sqlite3_finalize(reader->replace);
    sqlite3_finalize(reader->get);
    sqlite3_finalize(reader->scan);
    sqlite3_finalize(reader->begin);
    sqlite3_finalize(reader->begin_write);
    sqlite3_finalize(reader->commit);
    must(sqlite3_close(reader->db), reader->db);
    free(reader);
}

static void
step(reader *reader, sqlite3_stmt *statement)
{
    must(sqlite3_step(statement), reader->db);
    sqlite3_reset(statement);
}

void
store_begin(reader *reader, bool is_write)
{
    step(reader, is_write ? reader->begin_write : reader->begin);
}

void
store_commit(reader *reader)
{
    step(reader, reader->commit);
}

static void
put(reader *reader, sqlite3_stmt *statement, uint64_t key, const uint8_t *value)
{
    sqlite3_bind_int64(statement, 1, (sqlite3_int64)key);
    if (sqlite3_bind_parameter_count(statement) == 4) {
        sqlite3_int64 numbers[2];

        memcpy(numbers, value, sizeof numbers);
        sqlite3_bind_int64(statement, 3, numbers[0]);
        sqlite3_bind_int64(statement, 4, numbers[1]);
        sqlite3_bind_blob(statement, 2, value + 16, STORE_VALUE - 16, SQLITE_STATIC);
    } else {
        sqlite3_bind_blob(statement, 2, value, STORE_VALUE, SQLITE_STATIC);
    }
    step(reader, statement);
}

void
store_insert(reader *reader, uint64_t key, const uint8_t value[STORE_VALUE])
{
    put(reader, reader->insert, key, value);
}

void
store_replace(reader *reader, uint64_t key, const uint8_t value[STORE_VALUE])
{
    put(reader, reader->replace, key, value);
}

bool
store_get(reader *reader, uint64_t key, uint8_t value[STORE_VALUE])
{
    bool found;

    sqlite3_bind_int64(reader->get, 1, (sqlite3_int64)key);
    found = sqlite3_step(reader->get) == SQLITE_ROW;
    if (found)
        memcpy(value, sqlite3_column_blob(reader->get, 0), STORE_VALUE);
    sqlite3_reset(reader->get);
    return found;
}

uint64_t
store_scan(reader *reader, uint64_t from, unsigned n)
{
    uint64_t sum = 0;

    sqlite3_bind_int64(reader->scan, 1, (sqlite3_int64)from);
    sqlite3_bind_int(reader->scan, 2, (int)n);
    while (sqlite3_step(reader->scan) == SQLITE_ROW)
        sum += (uint64_t)sqlite3_column_int64(reader->scan, 0) +
               *(const uint8_t *)sqlite3_column_blob(reader->scan, 1);
    sqlite3_reset(reader->scan);
    return sum;
}
