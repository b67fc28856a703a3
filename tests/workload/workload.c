/*
 * A random workload against a model: every value of every row is a function of (row, column, version), so the model is the versions alone.
 *
 *     workload DATABASE [--seed N] [--operations N] [--page-size N] [--threads N] [--rows N] [--check-every N]
 *
 * Each thread works on its own rows (number modulo threads) of one table that all share, so pages and indexes are contended and the model of each thread is its own.
 * After each transaction the rows it touched are compared, value by value and through the unique index; every --check-every transactions all rows of the thread are, in the order of each index.
 * One thread alone also changes the schema on the way. The last line is "N operations, N transactions, N rows"; the first difference ends the program with status 1.
 */
#include "esent.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    COL_NUMBER,  /* Long, may be NULL */
    COL_UNIQUE,  /* LongLong */
    COL_NAME,    /* Text, code page 1252 */
    COL_UNICODE, /* Text, code page 1200 */
    COL_TAGS,    /* Long, multi-valued */
    COL_MEMO,    /* LongText, code page 1252, compressed */
    COL_BLOB,    /* LongBinary */
    N_COLUMNS,

    N_TAGS_MAX = 5,
    OPERATIONS_PER_TRANSACTION = 24,
    LEVELS_MAX = 3,
    VALUE_MAX = 300000,
    BIG = 1 << 20
};

static const char *const indexes[] = {"pk",      "number", "number-desc", "unique", "name-number",
                                      "unicode", "tags",   "memo-tuple",  "named"};

enum { N_INDEXES = sizeof indexes / sizeof indexes[0] };

typedef struct row {
    bool exists;
    uint32_t versions[N_COLUMNS];
} row;

typedef struct options {
    const char *path;
    uint64_t seed;
    uint64_t n_operations;
    uint32_t page_size;
    uint32_t n_threads;
    uint32_t n_rows; /* of one thread */
    uint32_t check_every;
} options;

/* A row as it was before a level changed it. */
typedef struct saved {
    uint32_t row;
    row before;
} saved;

typedef struct worker {
    const options *options;
    uint32_t number;
    uint64_t random;
    JET_SESID sesid;
    JET_DBID dbid;
    JET_TABLEID tableid;
    JET_COLUMNID id, columns[N_COLUMNS];
    row *rows;
    saved *undo;
    size_t n_undo, undo_capacity;
    size_t level_start[LEVELS_MAX + 1];
    uint32_t *touched;
    size_t n_touched;
    uint64_t n_operations, n_transactions;
    uint8_t *expected, *found;
    uint32_t next_version;
} worker;

static JET_INSTANCE instance;

static void
fail(const worker *w, const char *format, ...)
{
    va_list args;

    fprintf(stderr, "seed %llu, thread %u, operation %llu: ", (unsigned long long)w->options->seed,
            w->number, (unsigned long long)w->n_operations);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

static void
must(const worker *w, JET_ERR err, const char *call)
{
    if (err < JET_errSuccess)
        fail(w, "%s: %d", call, (int)err);
}

#define MUST(w, call) must((w), (call), #call)

/* ---- random numbers: splitmix64 */

static uint64_t
mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static uint32_t
below(worker *w, uint32_t n)
{
    w->random = mix(w->random);
    return (uint32_t)(w->random >> 32) % n;
}

/* ---- values */

static int32_t
id_of(const worker *w, uint32_t row)
{
    return (int32_t)(row * w->options->n_threads + w->number);
}

/* The seed of a value: the same for the same (row, column, version). */
static uint64_t
seed_of(const worker *w, uint32_t row, unsigned column)
{
    uint64_t x = (uint64_t)(uint32_t)id_of(w, row) << 32 | w->rows[row].versions[column];

    return mix(x ^ mix(column + w->options->seed));
}

static size_t
make_text(uint64_t seed, uint8_t *to, size_t n)
{
    static const char letters[] = "etaoin shrdlucmfwypvbgkjqxzETAOIN";

    for (size_t i = 0; i < n; i++) {
        if (i % 8 == 0)
            seed = mix(seed);
        to[i] = (uint8_t)letters[(seed >> i % 8 * 8 & 0xff) % (sizeof letters - 1)];
    }
    return n;
}

static size_t
size_of_long(uint64_t seed)
{
    switch (seed % 16) {
    case 0: return 0;
    case 1: return 2000 + seed / 16 % 9000;
    case 2: return seed / 16 % 50 == 0 ? seed / 800 % VALUE_MAX : 5000;
    case 3:
    case 4: return 900 + seed / 16 % 400;
    default: return 1 + seed / 16 % 120;
    }
}

/* Value of a single-valued column; false: NULL. */
static bool
make_value(const worker *w, uint32_t row, unsigned column, uint8_t *to, size_t *size_out)
{
    uint64_t seed = seed_of(w, row, column);
    int32_t number;
    int64_t unique;
    size_t n;

    switch (column) {
    case COL_NUMBER:
        number = (int32_t)(seed % 2000) - 1000;
        memcpy(to, &number, sizeof number);
        *size_out = sizeof number;
        return seed >> 32 & 7;
    case COL_UNIQUE:
        unique = (int64_t)((uint64_t)(uint32_t)id_of(w, row) << 20 | (seed & 0xfffff));
        memcpy(to, &unique, sizeof unique);
        *size_out = sizeof unique;
        return true;
    case COL_NAME: *size_out = make_text(seed, to, 1 + seed % 40); return seed >> 32 & 3;
    case COL_UNICODE:
        n = 1 + seed % 30;
        make_text(seed, to, n);
        for (size_t i = n; i-- > 0;) {
            to[2 * i] = to[i];
            to[2 * i + 1] = 0;
        }
        *size_out = 2 * n;
        return true;
    case COL_MEMO: *size_out = make_text(seed, to, size_of_long(seed)); return seed >> 40 & 3;
    default:
        n = size_of_long(seed);
        for (size_t i = 0; i < n; i += 8) {
            uint64_t word = mix(seed + i);

            memcpy(to + i, &word, n - i < 8 ? n - i : 8);
        }
        *size_out = n;
        return seed >> 40 & 3;
    }
}

static unsigned
make_tags(const worker *w, uint32_t row, int32_t tags[N_TAGS_MAX])
{
    uint64_t seed = seed_of(w, row, COL_TAGS);
    unsigned n = (unsigned)(seed % (N_TAGS_MAX + 1));

    for (unsigned i = 0; i < n; i++)
        tags[i] = (int32_t)(mix(seed + i) % 500 * N_TAGS_MAX + i); /* distinct within the row */
    return n;
}

/* ---- the model */

static void
touch(worker *w, uint32_t row)
{
    if (w->n_undo == w->undo_capacity) {
        w->undo_capacity = w->undo_capacity == 0 ? 256 : 2 * w->undo_capacity;
        w->undo = realloc(w->undo, w->undo_capacity * sizeof *w->undo);
        w->touched = realloc(w->touched, w->undo_capacity * sizeof *w->touched);
        if (w->undo == NULL || w->touched == NULL)
            fail(w, "out of memory");
    }
    w->touched[w->n_undo] = row;
    w->n_touched = w->n_undo + 1;
    w->undo[w->n_undo++] = (saved){row, w->rows[row]};
}

static void
undo_to(worker *w, size_t n)
{
    while (w->n_undo > n) {
        w->n_undo--;
        w->rows[w->undo[w->n_undo].row] = w->undo[w->n_undo].before;
    }
}

/* ---- writing */

static void
set_column(worker *w, uint32_t row, unsigned column)
{
    JET_SETINFO info = {sizeof info, 0, 1};
    size_t size = 0;
    bool is_set;

    if (column == COL_TAGS) {
        int32_t tags[N_TAGS_MAX];
        unsigned n = make_tags(w, row, tags);

        for (unsigned i = N_TAGS_MAX; i > 0;
             i--) { /* from behind: a removal renumbers what follows */
            info.itagSequence = i;
            if (i > n)
                MUST(w, JetSetColumn(w->sesid, w->tableid, w->columns[column], NULL, 0, 0, &info));
        }
        for (unsigned i = 0; i < n; i++) {
            info.itagSequence = i + 1;
            MUST(w, JetSetColumn(w->sesid, w->tableid, w->columns[column], &tags[i], sizeof tags[i],
                                 0, &info));
        }
        return;
    }
    is_set = make_value(w, row, column, w->expected, &size);
    MUST(w, JetSetColumn(w->sesid, w->tableid, w->columns[column], is_set ? w->expected : NULL,
                         is_set ? (uint32_t)size : 0,
                         is_set && size == 0 ? JET_bitSetZeroLength : 0, NULL));
}

static bool
seek(worker *w, uint32_t row)
{
    int32_t id = id_of(w, row);
    JET_ERR err;

    MUST(w, JetSetCurrentIndex(w->sesid, w->tableid, NULL));
    MUST(w, JetMakeKey(w->sesid, w->tableid, &id, sizeof id, JET_bitNewKey));
    err = JetSeek(w->sesid, w->tableid, JET_bitSeekEQ);
    if (err != JET_errRecordNotFound)
        must(w, err, "JetSeek");
    return err == JET_errSuccess;
}

static void
insert_row(worker *w, uint32_t row)
{
    int32_t id = id_of(w, row);

    touch(w, row);
    w->rows[row].exists = true;
    MUST(w, JetPrepareUpdate(w->sesid, w->tableid, JET_prepInsert));
    MUST(w, JetSetColumn(w->sesid, w->tableid, w->id, &id, sizeof id, 0, NULL));
    for (unsigned column = 0; column < N_COLUMNS; column++) {
        w->rows[row].versions[column] = ++w->next_version;
        set_column(w, row, column);
    }
    MUST(w, JetUpdate(w->sesid, w->tableid, NULL, 0, NULL));
}

static void
replace_row(worker *w, uint32_t row)
{
    touch(w, row);
    if (!seek(w, row))
        fail(w, "row %u is not there", row);
    MUST(w, JetPrepareUpdate(w->sesid, w->tableid, JET_prepReplace));
    for (unsigned column = 0; column < N_COLUMNS; column++) {
        if (below(w, 3) != 0)
            continue;
        w->rows[row].versions[column] = ++w->next_version;
        set_column(w, row, column);
    }
    MUST(w, JetUpdate(w->sesid, w->tableid, NULL, 0, NULL));
}

static void
delete_row(worker *w, uint32_t row)
{
    touch(w, row);
    if (!seek(w, row))
        fail(w, "row %u is not there", row);
    MUST(w, JetDelete(w->sesid, w->tableid));
    w->rows[row].exists = false;
}

/* A duplicate of a key is refused, and nothing of it stays. */
static void
insert_duplicate(worker *w, uint32_t row)
{
    int32_t id = id_of(w, row);
    JET_ERR err;

    MUST(w, JetPrepareUpdate(w->sesid, w->tableid, JET_prepInsert));
    MUST(w, JetSetColumn(w->sesid, w->tableid, w->id, &id, sizeof id, 0, NULL));
    err = JetUpdate(w->sesid, w->tableid, NULL, 0, NULL);
    if (err != JET_errKeyDuplicate)
        fail(w, "a duplicate of row %u: %d", row, (int)err);
    MUST(w, JetPrepareUpdate(w->sesid, w->tableid, JET_prepCancel));
}

/* ---- checking */

static void
check_column(worker *w, uint32_t row, unsigned column)
{
    uint32_t found = 0;
    size_t size = 0;
    JET_ERR err;

    if (!make_value(w, row, column, w->expected, &size)) {
        err = JetRetrieveColumn(w->sesid, w->tableid, w->columns[column], w->found, VALUE_MAX,
                                &found, 0, NULL);
        if (err != JET_wrnColumnNull)
            fail(w, "row %u column %u: %d instead of NULL", row, column, (int)err);
        return;
    }
    MUST(w, JetRetrieveColumn(w->sesid, w->tableid, w->columns[column], w->found, VALUE_MAX, &found,
                              0, NULL));
    if (found != size || memcmp(w->found, w->expected, size) != 0)
        fail(w, "row %u column %u: %u bytes differ from the %zu expected", row, column, found,
             size);
}

static void
check_tags(worker *w, uint32_t row)
{
    int32_t tags[N_TAGS_MAX];
    unsigned n = make_tags(w, row, tags);

    for (unsigned i = 0; i <= n; i++) {
        JET_RETINFO info = {sizeof info, 0, i + 1, 0};
        int32_t tag = 0;
        uint32_t size = 0;
        JET_ERR err = JetRetrieveColumn(w->sesid, w->tableid, w->columns[COL_TAGS], &tag,
                                        sizeof tag, &size, 0, &info);

        if (i == n ? err != JET_wrnColumnNull : err < JET_errSuccess || tag != tags[i])
            fail(w, "row %u tag %u: %d (%d)", row, i, (int)tag, (int)err);
    }
}

static void
check_values(worker *w, uint32_t row)
{
    for (unsigned column = 0; column < N_COLUMNS; column++) {
        if (column == COL_TAGS)
            check_tags(w, row);
        else
            check_column(w, row, column);
    }
}

static void
check_row(worker *w, uint32_t row)
{
    int32_t id = 0;
    uint32_t size;
    size_t unique_size = 0;

    if (seek(w, row) != w->rows[row].exists)
        fail(w, "row %u %s", row, w->rows[row].exists ? "is not there" : "is there");
    if (!w->rows[row].exists)
        return;
    check_values(w, row);
    make_value(w, row, COL_UNIQUE, w->expected, &unique_size);
    MUST(w, JetSetCurrentIndex(w->sesid, w->tableid, "unique"));
    MUST(w, JetMakeKey(w->sesid, w->tableid, w->expected, (uint32_t)unique_size, JET_bitNewKey));
    MUST(w, JetSeek(w->sesid, w->tableid, JET_bitSeekEQ));
    MUST(w, JetRetrieveColumn(w->sesid, w->tableid, w->id, &id, sizeof id, &size, 0, NULL));
    if (id != id_of(w, row))
        fail(w, "row %u: the unique index leads to %d", row, id);
}

/* How many entries a row must have in an index; -1: some. */
static int
entries_of(const worker *w, uint32_t row, unsigned index, uint8_t *room)
{
    int32_t tags[N_TAGS_MAX];
    size_t size;
    unsigned n;

    switch (index) {
    case 2: return make_value(w, row, COL_NUMBER, room, &size); /* ignores NULL */
    case 6: n = make_tags(w, row, tags); return n == 0 ? 1 : (int)n;
    case 7: return -1; /* tuples; the checker of the library makes them anew */
    case 8: return make_value(w, row, COL_NAME, room, &size); /* only with a name */
    default: return 1;
    }
}

static void
check_order(worker *w, unsigned index, int *counts)
{
    uint8_t keys[2][2048];
    uint32_t sizes[2] = {0, 0}, size;
    unsigned now = 0;
    JET_ERR err;

    memset(counts, 0, w->options->n_rows * sizeof *counts);
    MUST(w, JetSetCurrentIndex(w->sesid, w->tableid, indexes[index]));
    for (err = JetMove(w->sesid, w->tableid, (int32_t)JET_MoveFirst, 0); err == JET_errSuccess;
         err = JetMove(w->sesid, w->tableid, JET_MoveNext, 0)) {
        int32_t id = 0;
        uint32_t least;

        MUST(w, JetRetrieveKey(w->sesid, w->tableid, keys[now], sizeof keys[now], &sizes[now], 0));
        least = sizes[0] < sizes[1] ? sizes[0] : sizes[1];
        if (sizes[!now] != 0 &&
            (memcmp(keys[!now], keys[now], least) > 0 ||
             (memcmp(keys[!now], keys[now], least) == 0 && sizes[!now] > sizes[now])))
            fail(w, "index %s: keys out of order", indexes[index]);
        now = !now;
        MUST(w, JetRetrieveColumn(w->sesid, w->tableid, w->id, &id, sizeof id, &size, 0, NULL));
        if ((uint32_t)id % w->options->n_threads == w->number)
            counts[(uint32_t)id / w->options->n_threads]++;
    }
    if (err != JET_errNoCurrentRecord)
        must(w, err, "JetMove");
}

static uint32_t
check_all(worker *w)
{
    int *counts = calloc(w->options->n_rows, sizeof *counts);
    uint32_t n_rows = 0;

    if (counts == NULL)
        fail(w, "out of memory");
    MUST(w, JetBeginTransaction(w->sesid));
    for (unsigned index = 0; index < N_INDEXES; index++) {
        check_order(w, index, counts);
        for (uint32_t row = 0; row < w->options->n_rows; row++) {
            int expected = w->rows[row].exists ? entries_of(w, row, index, w->expected) : 0;

            if (expected >= 0 && counts[row] != expected)
                fail(w, "index %s: row %u has %d entries, not %d", indexes[index], row, counts[row],
                     expected);
        }
    }
    for (uint32_t row = 0; row < w->options->n_rows; row++) {
        check_row(w, row);
        n_rows += w->rows[row].exists;
    }
    MUST(w, JetCommitTransaction(w->sesid, 0));
    free(counts);
    return n_rows;
}

/* ---- transactions */

static void
operate(worker *w)
{
    uint32_t row = below(w, w->options->n_rows);

    w->n_operations++;
    if (!w->rows[row].exists)
        insert_row(w, row);
    else if (below(w, 20) == 0)
        insert_duplicate(w, row);
    else if (below(w, 3) == 0)
        delete_row(w, row);
    else
        replace_row(w, row);
}

static void
transact(worker *w)
{
    unsigned level = 1;

    w->n_undo = w->n_touched = 0;
    w->level_start[1] = 0;
    MUST(w, JetBeginTransaction(w->sesid));
    for (uint32_t n = 1 + below(w, OPERATIONS_PER_TRANSACTION); n > 0; n--) {
        uint32_t choice = below(w, 16);

        if (choice == 0 && level < LEVELS_MAX) {
            MUST(w, JetBeginTransaction(w->sesid));
            w->level_start[++level] = w->n_undo;
        } else if (choice == 1 && level > 1) {
            MUST(w, JetCommitTransaction(w->sesid, 0));
            level--;
        } else if (choice == 2 && level > 1) {
            MUST(w, JetRollback(w->sesid, 0));
            undo_to(w, w->level_start[level--]);
        } else {
            operate(w);
        }
    }
    for (; level > 1; level--)
        MUST(w, JetCommitTransaction(w->sesid, 0));
    if (below(w, 5) == 0) {
        MUST(w, JetRollback(w->sesid, 0));
        undo_to(w, 0);
    } else {
        MUST(w, JetCommitTransaction(w->sesid, 0));
    }
    w->n_transactions++;
    for (size_t i = 0; i < w->n_touched; i++)
        check_row(w, w->touched[i]);
}

/* ---- schema */

static JET_COLUMNID
add_column(worker *w, const char *name, JET_COLTYP coltyp, uint16_t code_page, JET_GRBIT grbit)
{
    JET_COLUMNDEF definition = {.cbStruct = sizeof definition,
                                .coltyp = coltyp,
                                .cp = code_page,
                                .cbMax = coltyp == JET_coltypText ? 255 : 0,
                                .grbit = grbit};
    JET_COLUMNID columnid = 0;

    MUST(w, JetAddColumn(w->sesid, w->tableid, name, &definition, NULL, 0, &columnid));
    return columnid;
}

static void
create_index(worker *w, unsigned number)
{
    static const struct {
        const char *key;
        uint32_t size;
        JET_GRBIT grbit;
    } plans[N_INDEXES] = {
        {"+id\0", 5, JET_bitIndexPrimary},
        {"+number\0", 9, 0},
        {"-number\0", 9, JET_bitIndexIgnoreNull},
        {"+unique\0", 9, JET_bitIndexUnique | JET_bitIndexDisallowNull},
        {"+name\0-number\0", 15, 0},
        {"+unicode\0+id\0", 14, 0},
        {"+tags\0", 7, 0},
        {"+memo\0", 7, JET_bitIndexTuples | JET_bitIndexIgnoreAnyNull},
        {"+number\0", 9, 0},
    };
    JET_CONDITIONALCOLUMN condition = {sizeof condition, (char *)(uintptr_t) "name",
                                       JET_bitIndexColumnMustBeNonNull};
    JET_INDEXCREATE index = {.cbStruct = sizeof index,
                             .szIndexName = (char *)(uintptr_t)indexes[number],
                             .szKey = (char *)(uintptr_t)plans[number].key,
                             .cbKey = plans[number].size,
                             .grbit = plans[number].grbit,
                             .ulDensity = 80};

    if (number == N_INDEXES - 1) {
        index.rgconditionalcolumn = &condition;
        index.cConditionalColumn = 1;
    }
    MUST(w, JetCreateIndex2(w->sesid, w->tableid, &index, 1));
}

static void
create_table(worker *w)
{
    MUST(w, JetBeginTransaction(w->sesid));
    MUST(w, JetCreateTable(w->sesid, w->dbid, "rows", 8, 80, &w->tableid));
    add_column(w, "id", JET_coltypLong, 0, JET_bitColumnNotNULL);
    add_column(w, "number", JET_coltypLong, 0, 0);
    add_column(w, "unique", JET_coltypLongLong, 0, 0);
    add_column(w, "name", JET_coltypText, 1252, 0);
    add_column(w, "unicode", JET_coltypText, 1200, 0);
    add_column(w, "tags", JET_coltypLong, 0, JET_bitColumnTagged | JET_bitColumnMultiValued);
    add_column(w, "memo", JET_coltypLongText, 1252, JET_bitColumnCompressed);
    add_column(w, "blob", JET_coltypLongBinary, 0, 0);
    for (unsigned i = 0; i < N_INDEXES; i++)
        create_index(w, i);
    MUST(w, JetCloseTable(w->sesid, w->tableid));
    MUST(w, JetCommitTransaction(w->sesid, 0));
}

static JET_COLUMNID
find_column(worker *w, const char *name)
{
    JET_COLUMNDEF definition = {.cbStruct = sizeof definition};

    MUST(w, JetGetTableColumnInfo(w->sesid, w->tableid, name, &definition, sizeof definition,
                                  JET_ColInfo));
    return definition.columnid;
}

static void
open_table(worker *w)
{
    static const char *const names[N_COLUMNS] = {"number", "unique", "name", "unicode",
                                                 "tags",   "memo",   "blob"};

    MUST(w, JetOpenTable(w->sesid, w->dbid, "rows", NULL, 0, 0, &w->tableid));
    w->id = find_column(w, "id");
    for (unsigned i = 0; i < N_COLUMNS; i++)
        w->columns[i] = find_column(w, names[i]);
}

/* Makes an index anew, a column and a table that go again; half of it is rolled back. */
static void
change_schema(worker *w)
{
    unsigned number = 1 + below(w, N_INDEXES - 1);
    bool is_kept = below(w, 2) != 0;
    JET_TABLEID tableid;
    JET_COLUMNID columnid;
    int32_t value = 7;

    MUST(w, JetSetCurrentIndex(w->sesid, w->tableid, NULL));
    MUST(w, JetBeginTransaction(w->sesid));
    MUST(w, JetDeleteIndex(w->sesid, w->tableid, indexes[number]));
    if (is_kept)
        create_index(w, number);
    MUST(w, JetCreateTable(w->sesid, w->dbid, "passing", 1, 100, &tableid));
    MUST(w, JetCloseTable(w->sesid, tableid));
    if (!is_kept) {
        MUST(w, JetRollback(w->sesid, 0));
        return;
    }
    MUST(w, JetCommitTransaction(w->sesid, 0));
    columnid = add_column(w, "passing", JET_coltypLong, 0, JET_bitColumnTagged);
    if (JetMove(w->sesid, w->tableid, (int32_t)JET_MoveFirst, 0) == JET_errSuccess) {
        MUST(w, JetPrepareUpdate(w->sesid, w->tableid, JET_prepReplace));
        MUST(w, JetSetColumn(w->sesid, w->tableid, columnid, &value, sizeof value, 0, NULL));
        MUST(w, JetUpdate(w->sesid, w->tableid, NULL, 0, NULL));
    }
    MUST(w, JetDeleteColumn(w->sesid, w->tableid, "passing"));
    MUST(w, JetDeleteTable(w->sesid, w->dbid, "passing"));
}

/* ---- threads */

static void
start(worker *w)
{
    w->random = mix(w->options->seed * 1000 + w->number);
    w->rows = calloc(w->options->n_rows, sizeof *w->rows);
    w->expected = malloc(2 * (size_t)VALUE_MAX);
    w->found = malloc(VALUE_MAX);
    if (w->rows == NULL || w->expected == NULL || w->found == NULL)
        fail(w, "out of memory");
    MUST(w, JetBeginSession(instance, &w->sesid, NULL, NULL));
}

static void *
work(void *argument)
{
    worker *w = argument;
    uint64_t share = w->options->n_operations / w->options->n_threads;

    while (w->n_operations < share) {
        transact(w);
        if (w->n_transactions % w->options->check_every == 0) {
            if (w->options->n_threads == 1)
                change_schema(w);
            check_all(w);
        }
    }
    return NULL;
}

static void
finish(worker *w)
{
    MUST(w, JetEndSession(w->sesid, 0));
    free(w->rows);
    free(w->expected);
    free(w->found);
    free(w->undo);
    free(w->touched);
}

static void
run(const options *options)
{
    worker *workers = calloc(options->n_threads, sizeof *workers);
    pthread_t *threads = calloc(options->n_threads, sizeof *threads);
    uint64_t n_operations = 0, n_transactions = 0, n_rows = 0;

    if (workers == NULL || threads == NULL)
        exit(2);
    for (uint32_t i = 0; i < options->n_threads; i++) {
        worker *w = &workers[i];

        w->options = options;
        w->number = i;
        start(w);
        if (i == 0) {
            MUST(w, JetCreateDatabase(w->sesid, options->path, NULL, &w->dbid,
                                      JET_bitDbOverwriteExisting));
            create_table(w);
        } else {
            MUST(w, JetOpenDatabase(w->sesid, options->path, NULL, &w->dbid, 0));
        }
        open_table(w);
    }
    for (uint32_t i = 0; i < options->n_threads; i++) {
        if (pthread_create(&threads[i], NULL, work, &workers[i]) != 0)
            exit(2);
    }
    for (uint32_t i = 0; i < options->n_threads; i++)
        pthread_join(threads[i], NULL);
    for (uint32_t i = 0; i < options->n_threads; i++) {
        n_rows += check_all(&workers[i]);
        n_operations += workers[i].n_operations;
        n_transactions += workers[i].n_transactions;
        finish(&workers[i]);
    }
    printf("%llu operations, %llu transactions, %llu rows\n", (unsigned long long)n_operations,
           (unsigned long long)n_transactions, (unsigned long long)n_rows);
    free(workers);
    free(threads);
}

static uint64_t
option(int argc, char **argv, const char *name, uint64_t otherwise)
{
    for (int i = 2; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], name) == 0)
            return strtoull(argv[i + 1], NULL, 10);
    }
    return otherwise;
}

int
main(int argc, char **argv)
{
    options options = {.path = argc > 1 ? argv[1] : NULL};
    worker nobody = {.options = &options};

    if (options.path == NULL) {
        fprintf(stderr, "usage: workload DATABASE [--seed N] [--operations N] [--page-size N] "
                        "[--threads N] [--rows N] [--check-every N] [--cache-pages N]\n");
        return 2;
    }
    options.seed = option(argc, argv, "--seed", 1);
    options.n_operations = option(argc, argv, "--operations", 20000);
    options.page_size = (uint32_t)option(argc, argv, "--page-size", 4096);
    options.n_threads = (uint32_t)option(argc, argv, "--threads", 1);
    options.n_rows = (uint32_t)option(argc, argv, "--rows", 1000);
    options.check_every = (uint32_t)option(argc, argv, "--check-every", 200);
    MUST(&nobody,
         JetSetSystemParameter(NULL, 0, JET_paramDatabasePageSize, options.page_size, NULL));
    MUST(&nobody, JetCreateInstance(&instance, "workload"));
    MUST(&nobody, JetSetSystemParameter(&instance, 0, JET_paramRecovery, 0, "off"));
    MUST(&nobody, JetSetSystemParameter(&instance, 0, JET_paramMaxVerPages, 16384, NULL));
    MUST(&nobody, JetSetSystemParameter(&instance, 0, JET_paramCacheSizeMax,
                                        option(argc, argv, "--cache-pages", 20000), NULL));
    MUST(&nobody, JetInit(&instance));
    run(&options);
    MUST(&nobody, JetTerm(instance));
    return 0;
}
