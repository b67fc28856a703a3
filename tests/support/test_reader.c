#include "test_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_cursor.h"
#include "api/api_database.h"
#include "record/record.h"

enum {
    KEY_ROOM = 4096,
    VALUE_MAX = 1 << 16, /* bytes of a value that are looked at */
    SEEK_EVERY = 3,      /* one entry of so many is sought */
    COLUMNS_MAX = 400,
};

/* What is being read. */
typedef struct reading {
    test_reader *reader;
    JET_DBID dbid;
    JET_TABLEID tableid, seeker;
    const ese_schema_table *table;
    uint64_t table_hash;
} reading;

/* ---- facts ---- */

static uint64_t
hash_bytes(uint64_t hash, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;

    hash = (hash ^ n) * 1099511628211u;
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ p[i]) * 1099511628211u;
    return hash;
}

static uint64_t
hash_text(uint64_t hash, const char *text)
{
    return hash_bytes(hash, text, strlen(text));
}

static uint64_t
hash_number(uint64_t hash, uint64_t number)
{
    return hash_bytes(hash, &number, sizeof number);
}

static void
tell(test_reader *reader, uint64_t fact)
{
    reader->n_facts++;
    if (reader->fact != NULL)
        reader->fact(reader->self, fact);
}

bool
test_reader_is_damage(JET_ERR err)
{
    switch (err) {
    case JET_errReadVerifyFailure:
    case JET_errPageNotInitialized:
    case JET_errDatabaseCorrupted:
    case JET_errCatalogCorrupted:
    case JET_errBadPageLink:
    case JET_errDecompressionFailed:
    case JET_errRecordNotFound:  /* an index entry without its record */
    case JET_errObjectNotFound:  /* a name that the catalog does not lead to */
    case JET_errIndexNotFound:   /* likewise */
    case JET_errInvalidName:     /* a name that no table can have */
    case JET_errInvalidBookmark: /* an index entry with an empty one */
    case JET_errInvalidDatabaseVersion:
    case JET_errDatabaseDirtyShutdown:
    case JET_errDatabaseIncompleteUpgrade: return true;
    default: return false;
    }
}

static void
strange(test_reader *reader, const char *what, JET_ERR err)
{
    if (reader->n_strange++ == 0)
        snprintf(reader->strange_text, sizeof reader->strange_text, "%s: %d: %.300s", what,
                 (int)err, ese_error_text(err));
}

/* True when the call succeeded; otherwise its error is noted. */
static bool
worked(test_reader *reader, const char *what, JET_ERR err)
{
    if (err >= 0)
        return true;
    if (!test_reader_is_damage(err)) {
        strange(reader, what, err);
        return false;
    }
    if (reader->n_errors++ == 0) {
        reader->first_error = err;
        snprintf(reader->error_text, sizeof reader->error_text, "%s", ese_error_text(err));
    }
    return false;
}

/* ---- a row ---- */

/* A value in two pieces, as a program with a small buffer reads it. */
static void
read_value(const reading *r, uint64_t row, const ese_schema_column *column)
{
    static uint8_t bytes[VALUE_MAX];
    JET_RETINFO info = {.cbStruct = sizeof info, .itagSequence = 1};
    uint32_t size = 0, rest = 0;
    JET_ERR err = JetRetrieveColumn(r->reader->sesid, r->tableid, column->columnid, bytes, 7, &size,
                                    0, &info);

    if (!worked(r->reader, "JetRetrieveColumn", err))
        return;
    if (err == JET_wrnBufferTruncated && column->fid >= ESE_RECORD_TAGGED_FIRST) {
        info.ibLongValue = 7;
        err = JetRetrieveColumn(r->reader->sesid, r->tableid, column->columnid, bytes + 7,
                                sizeof bytes - 7, &rest, 0, &info);
        if (!worked(r->reader, "JetRetrieveColumn behind the start", err))
            return;
        if (rest + 7 != size)
            strange(r->reader, "the size of a value depends on where it is read from", err);
    } else if (err == JET_wrnBufferTruncated) {
        err = JetRetrieveColumn(r->reader->sesid, r->tableid, column->columnid, bytes, sizeof bytes,
                                &size, 0, NULL);
        if (!worked(r->reader, "JetRetrieveColumn again", err))
            return;
    }
    row = hash_number(hash_number(row, column->columnid), size);
    tell(r->reader, hash_bytes(row, bytes, size < sizeof bytes ? size : sizeof bytes));
}

static void *JET_API
reallocate(void *context, void *block, uint32_t size)
{
    (void)context;
    if (size == 0) {
        free(block);
        return NULL;
    }
    return realloc(block, size);
}

static void
enumerate(const reading *r)
{
    JET_ENUMCOLUMN *columns = NULL;
    uint32_t n = 0;

    if (!worked(r->reader, "JetEnumerateColumns",
                JetEnumerateColumns(r->reader->sesid, r->tableid, 0, NULL, &n, &columns, reallocate,
                                    NULL, VALUE_MAX, JET_bitEnumerateCompressOutput)))
        return;
    for (uint32_t i = 0; i < n; i++) {
        if (columns[i].err == JET_wrnColumnSingleValue) {
            free(columns[i].pvData);
            continue;
        }
        for (uint32_t k = 0; columns[i].err == 0 && k < columns[i].cEnumColumnValue; k++)
            free(columns[i].rgEnumColumnValue[k].pvData);
        if (columns[i].err == 0)
            free(columns[i].rgEnumColumnValue);
    }
    free(columns);
}

static uint64_t
hash_row(uint64_t hash, const ese_column *columns, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        hash = hash_number(hash_number(hash, columns[i].columnid), columns[i].n_values);
        for (uint32_t k = 0; k < columns[i].n_values; k++)
            hash = hash_bytes(hash, columns[i].values[k].data, columns[i].values[k].size);
    }
    return hash;
}

static void
read_row(const reading *r, uint64_t row)
{
    static ese_column columns[COLUMNS_MAX];
    uint32_t n = r->table->n_columns < COLUMNS_MAX ? r->table->n_columns : COLUMNS_MAX;
    JET_RECSIZE2 size = {0};
    JET_SESID sesid = r->reader->sesid;

    for (uint32_t i = 0; i < n; i++)
        columns[i] = (ese_column){.columnid = r->table->columns[i].columnid};
    if (worked(r->reader, "ese_get_row", ese_get_row(sesid, r->tableid, VALUE_MAX, columns, n)))
        tell(r->reader, hash_row(row, columns, n));
    for (uint32_t i = 0; i < n; i++)
        read_value(r, row, &r->table->columns[i]);
    enumerate(r);
    if (worked(r->reader, "JetGetRecordSize2", JetGetRecordSize2(sesid, r->tableid, &size, 0)))
        tell(r->reader, hash_number(hash_number(row, size.cbData), size.cbLongValueData));
}

/* ---- an index ---- */

typedef struct entry {
    uint8_t key[KEY_ROOM], bookmark[KEY_ROOM];
    uint32_t key_size, bookmark_size;
} entry;

static bool
read_entry(const reading *r, JET_TABLEID tableid, entry *to)
{
    JET_SESID sesid = r->reader->sesid;

    return worked(r->reader, "JetRetrieveKey",
                  JetRetrieveKey(sesid, tableid, to->key, sizeof to->key, &to->key_size, 0)) &&
           worked(r->reader, "JetGetBookmark",
                  JetGetBookmark(sesid, tableid, to->bookmark, sizeof to->bookmark,
                                 &to->bookmark_size));
}

static uint64_t
hash_entry(uint64_t hash, const entry *e)
{
    return hash_bytes(hash_bytes(hash, e->key, e->key_size), e->bookmark, e->bookmark_size);
}

static int
compare_bytes(const uint8_t *a, uint32_t a_size, const uint8_t *b, uint32_t b_size)
{
    int order = memcmp(a, b, a_size < b_size ? a_size : b_size);

    return order != 0 ? order : (a_size > b_size) - (a_size < b_size);
}

static int
compare_entries(const entry *a, const entry *b)
{
    int order = compare_bytes(a->key, a->key_size, b->key, b->key_size);

    return order != 0 ? order
                      : compare_bytes(a->bookmark, a->bookmark_size, b->bookmark, b->bookmark_size);
}

/* The record of an entry may be lost, or have no such entry any more. */
static void
go_to_record(const reading *r, entry *wanted)
{
    JET_ERR err =
        JetGotoBookmark(r->reader->sesid, r->seeker, wanted->bookmark, wanted->bookmark_size);

    if (err == JET_errRecordDeleted || err == JET_errNoCurrentRecord)
        r->reader->n_errors++;
    else
        (void)worked(r->reader, "JetGotoBookmark", err);
}

/* What a walk has shown is found again by its key. */
static void
seek_entry(const reading *r, entry *wanted)
{
    JET_SESID sesid = r->reader->sesid;
    JET_RECPOS position = {.cbStruct = sizeof position};
    JET_ERR err;

    if (wanted->key_size == 0 || !worked(r->reader, "JetMakeKey",
                                         JetMakeKey(sesid, r->seeker, wanted->key, wanted->key_size,
                                                    JET_bitNormalizedKey | JET_bitNewKey)))
        return;
    err = JetSeek(sesid, r->seeker, JET_bitSeekEQ);
    if (err == JET_errRecordNotFound)
        strange(r->reader, "an entry that was walked over is not found by its key", err);
    else if (worked(r->reader, "JetSeek", err) &&
             worked(r->reader, "JetGetRecordPosition",
                    JetGetRecordPosition(sesid, r->seeker, &position, sizeof position)))
        go_to_record(r, wanted);
}

typedef struct walk {
    uint64_t n, sum;
    bool is_whole; /* ended at the end, not with an error */
} walk;

static walk
walk_index(const reading *r, uint64_t hash, int32_t step, bool with_rows)
{
    static entry last, now;
    JET_SESID sesid = r->reader->sesid;
    walk result = {0, 0, false};
    JET_ERR err = JetMove(sesid, r->tableid, step > 0 ? (int32_t)JET_MoveFirst : JET_MoveLast, 0);

    for (; err >= 0; err = JetMove(sesid, r->tableid, step, 0)) {
        if (!read_entry(r, r->tableid, &now))
            return result;
        if (result.n != 0 && (step > 0) != (compare_entries(&last, &now) < 0))
            strange(r->reader, "entries out of order", 0);
        last = now;
        result.sum += hash_entry(hash, &now);
        tell(r->reader, hash_entry(hash, &now));
        if (with_rows && result.n % r->reader->detail_every == 0)
            read_row(r, hash_entry(hash, &now));
        if (step > 0 && result.n % (SEEK_EVERY * r->reader->detail_every) == 0)
            seek_entry(r, &now);
        result.n++;
    }
    result.is_whole = err == JET_errNoCurrentRecord || !worked(r->reader, "JetMove", err);
    result.is_whole = result.is_whole && err == JET_errNoCurrentRecord;
    return result;
}

static void
read_index(const reading *r, const ese_schema_index *index)
{
    bool is_primary = index == NULL || index == r->table->primary;
    const char *name = index != NULL ? index->name : NULL;
    uint64_t hash = hash_text(r->table_hash, name != NULL ? name : "");
    uint32_t count = 0;
    walk forward, back;

    if (!worked(r->reader, "JetSetCurrentIndex",
                JetSetCurrentIndexA(r->reader->sesid, r->seeker, name)) ||
        !worked(r->reader, "JetSetCurrentIndex",
                JetSetCurrentIndexA(r->reader->sesid, r->tableid, name)))
        return;
    forward = walk_index(r, hash, JET_MoveNext, is_primary);
    back = walk_index(r, hash, JET_MovePrevious, false);
    if (forward.is_whole && back.is_whole && (forward.n != back.n || forward.sum != back.sum))
        strange(r->reader, "forward and backward differ", 0);
    if (JetMove(r->reader->sesid, r->tableid, (int32_t)JET_MoveFirst, 0) >= 0 &&
        worked(r->reader, "JetIndexRecordCount",
               JetIndexRecordCount(r->reader->sesid, r->tableid, &count, 0)) &&
        forward.is_whole && count != forward.n)
        strange(r->reader, "the count is not that of the walk", 0);
}

/* ---- a table ---- */

static uint64_t
hash_definition(const ese_schema_table *table)
{
    uint64_t hash = hash_text(14695981039346656037u, table->name);

    for (unsigned i = 0; i < table->n_columns; i++) {
        const ese_schema_column *column = &table->columns[i];

        hash = hash_text(hash_number(hash, column->columnid), column->name);
        hash = hash_number(hash_number(hash, column->coltyp), column->flags);
        hash = hash_bytes(hash, column->default_value.data, column->default_value.size);
    }
    for (unsigned i = 0; i < table->n_indexes; i++) {
        hash = hash_text(hash_number(hash, table->indexes[i].flags), table->indexes[i].name);
        hash = hash_number(hash, table->indexes[i].n_segments);
    }
    return hash;
}

static const ese_schema_table *
descriptor_of(JET_SESID sesid, JET_TABLEID tableid)
{
    ese_api_session *session;
    const ese_schema_table *table;

    if (ese_api_enter(sesid, ESE_API_ORDINARY, &session) < 0)
        abort();
    table = ese_table_descriptor(ese_api_cursor_find(session, tableid));
    ese_api_leave(session, JET_errSuccess);
    return table;
}

static JET_ERR
read_table(void *self, const ese_schema_object *object)
{
    reading r = *(const reading *)self;
    JET_SESID sesid = r.reader->sesid;

    if (r.reader->leaves_out_system_tables && (object->flags & (uint32_t)ESE_SCHEMA_TABLE_SYSTEM))
        return JET_errSuccess;
    if (!worked(r.reader, "JetOpenTable",
                JetOpenTableA(sesid, r.dbid, object->name, NULL, 0, 0, &r.tableid)))
        return JET_errSuccess;
    if (worked(r.reader, "JetDupCursor", JetDupCursor(sesid, r.tableid, &r.seeker, 0))) {
        r.table = descriptor_of(sesid, r.tableid);
        r.table_hash = hash_definition(r.table);
        tell(r.reader, r.table_hash);
        if (r.table->primary == NULL)
            read_index(&r, NULL);
        for (unsigned i = 0; i < r.table->n_indexes; i++)
            read_index(&r, &r.table->indexes[i]);
        (void)worked(r.reader, "JetCloseTable", JetCloseTable(sesid, r.seeker));
    }
    (void)worked(r.reader, "JetCloseTable", JetCloseTable(sesid, r.tableid));
    return JET_errSuccess;
}

/* ---- a database ---- */

static void
read_info(test_reader *reader, JET_DBID dbid)
{
    JET_DBINFOMISC4 misc;
    uint32_t pages;
    ese_problem problem;

    if (worked(reader, "JetGetDatabaseInfo",
               JetGetDatabaseInfoA(reader->sesid, dbid, &misc, sizeof misc, JET_DbInfoMisc)))
        tell(reader, hash_bytes(1, &misc, sizeof misc));
    (void)worked(
        reader, "JetGetDatabaseInfo",
        JetGetDatabaseInfoA(reader->sesid, dbid, &pages, sizeof pages, JET_DbInfoSpaceOwned));
    (void)worked(
        reader, "JetGetDatabaseInfo",
        JetGetDatabaseInfoA(reader->sesid, dbid, &pages, sizeof pages, JET_DbInfoSpaceAvailable));
    while (ese_get_problem(reader->sesid, dbid, (uint32_t)reader->n_problems, &problem) >= 0)
        reader->n_problems++;
}

static void
read_open(test_reader *reader, JET_DBID dbid)
{
    reading r = {.reader = reader, .dbid = dbid};
    ese_api_session *session;
    ese_api_database *database;
    ese_schema *schema;

    if (ese_api_enter(reader->sesid, ESE_API_ORDINARY, &session) < 0 ||
        ese_api_find_database(session, dbid, &database) < 0)
        abort();
    schema = ese_api_database_schema(database);
    ese_api_leave(session, JET_errSuccess);
    (void)worked(reader, "ese_schema_list", ese_schema_list(schema, NULL, &r, read_table));
    read_info(reader, dbid);
}

JET_ERR
test_reader_read(test_reader *reader, const char *path, JET_GRBIT grbit)
{
    JET_DBID dbid = 0;
    JET_ERR err;

    reader->n_facts = reader->n_errors = reader->n_strange = reader->n_problems = 0;
    reader->first_error = JET_errSuccess;
    reader->error_text[0] = reader->strange_text[0] = '\0';
    err = JetAttachDatabaseA(reader->sesid, path, ESE_bitDbReader | JET_bitDbReadOnly | grbit);
    if (!worked(reader, "JetAttachDatabase", err))
        return err;
    if (worked(reader, "JetOpenDatabase",
               JetOpenDatabaseA(reader->sesid, path, NULL, &dbid, JET_bitDbReadOnly))) {
        read_open(reader, dbid);
        (void)worked(reader, "JetCloseDatabase", JetCloseDatabase(reader->sesid, dbid, 0));
    }
    (void)worked(reader, "JetDetachDatabase", JetDetachDatabaseA(reader->sesid, path));
    return err;
}

bool
test_reader_begin(test_reader *reader, size_t cache_bytes)
{
    JET_API_PTR pages = cache_bytes / 4096;

    reader->detail_every = 1;
    return JetSetSystemParameterA(NULL, 0, JET_paramCacheSizeMax, pages, NULL) >= 0 &&
           JetCreateInstanceA(&reader->instance, "reader") >= 0 &&
           JetSetSystemParameterA(&reader->instance, 0, JET_paramRecovery, 0, "off") >= 0 &&
           JetInit(&reader->instance) >= 0 &&
           JetBeginSessionA(reader->instance, &reader->sesid, NULL, NULL) >= 0;
}

void
test_reader_end(test_reader *reader)
{
    (void)JetTerm(reader->instance);
}
