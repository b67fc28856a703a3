/*
 * Every log of the corpus, record by record: all bytes accounted for, nothing that cannot be decoded, the same bytes when encoded again, logs that follow one
 * another, pages whose times follow one another.
 */
#define _DEFAULT_SOURCE

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "log/log_file.h"
#include "log_corpus.h"

enum {
    MAX_PAGES = 1 << 16,
    MAX_MACROS = 64,
    MAX_CHANGES = 512,
    DATA_SIZE = 4056,
    ATTACH_OFFSET = 671,
    CHECKPOINT_ATTACH_OFFSET = 679
};

/* One page that a record changes. */
typedef struct change {
    uint8_t dbid;
    ese_pgno pgno;
    uint64_t before, after;
} change;

/* The changes of a macro that is not committed yet. */
typedef struct macro {
    bool is_open;
    uint16_t procid;
    unsigned n;
    change changes[MAX_CHANGES];
} macro;

typedef struct tester {
    uint64_t *dbtimes[ESE_LOG_MAX_DATABASES + 1]; /* of each page; 0: not known */
    macro macros[MAX_MACROS];
    const char *set;
    uint64_t n_streams, n_logs, n_segments, n_records, n_fragmented, n_torn, n_restored;
    uint64_t record_bytes, fill_bytes;
    uint64_t n_chained, n_diffs, n_images, n_moves, n_links;
    uint64_t by_type[ESE_LOG_TYPE_COUNT];
} tester;

/* ---- times of pages */

static void
apply(tester *t, const change *c)
{
    uint64_t *dbtime;

    assert_in_range(c->dbid, 1, ESE_LOG_MAX_DATABASES);
    assert_in_range(c->pgno, 1, MAX_PAGES - 1);
    dbtime = &t->dbtimes[c->dbid][c->pgno];
    if (c->before != ESE_LOG_DBTIME_NONE && *dbtime != 0) {
        if (c->before != *dbtime)
            print_message("%s: database %u, page %u\n", t->set, c->dbid, (unsigned)c->pgno);
        assert_int_equal(c->before, *dbtime);
        t->n_chained++;
    }
    *dbtime = c->after;
}

static macro *
macro_of(tester *t, uint16_t procid)
{
    for (unsigned i = 0; i < MAX_MACROS; i++) {
        if (t->macros[i].is_open && t->macros[i].procid == procid)
            return &t->macros[i];
    }
    return NULL;
}

static void
change_page(tester *t, const ese_log_entry *entry, ese_pgno pgno, uint64_t before)
{
    const change c = {entry->dbid, pgno, before, entry->dbtime};
    macro *m = macro_of(t, entry->procid);

    if (pgno == 0)
        return;
    if (m == NULL) {
        apply(t, &c);
        return;
    }
    assert_true(m->n < MAX_CHANGES);
    m->changes[m->n++] = c;
}

static void
begin_macro(tester *t, uint16_t procid)
{
    assert_null(macro_of(t, procid));
    for (unsigned i = 0; i < MAX_MACROS; i++) {
        if (!t->macros[i].is_open) {
            t->macros[i].is_open = true;
            t->macros[i].procid = procid;
            t->macros[i].n = 0;
            return;
        }
    }
    fail();
}

/* A page that is changed twice in a macro comes with its time before the macro once only. */
static void
commit_macro(tester *t, uint16_t procid)
{
    macro *m = macro_of(t, procid);

    assert_non_null(m);
    for (unsigned i = 0; i < m->n; i++) {
        const change *c = &m->changes[i];

        if (c->before != c->after && !(t->dbtimes[c->dbid][c->pgno] == c->after))
            apply(t, c);
    }
    m->is_open = false;
}

static void
drop_macros(tester *t)
{
    for (unsigned i = 0; i < MAX_MACROS; i++)
        t->macros[i].is_open = false;
}

static void
forget_pages(tester *t, uint8_t dbid, ese_pgno from)
{
    assert_in_range(dbid, 1, ESE_LOG_MAX_DATABASES);
    for (ese_pgno pgno = from; pgno < MAX_PAGES; pgno++)
        t->dbtimes[dbid][pgno] = 0;
}

static void
follow_tree(tester *t, const ese_log_entry *entry)
{
    change_page(t, entry, entry->pgno, entry->dbtime_before);
    if (entry->type == ESE_LOG_EMPTY_TREE) {
        for (unsigned i = 0; i < ese_log_empty_tree_count(entry); i++) {
            ese_log_listed_page page = ese_log_empty_tree_page(entry, i);

            change_page(t, entry, page.pgno, page.dbtime_before);
        }
        return;
    }
    change_page(t, entry, entry->u.tree.oe, ESE_LOG_DBTIME_NONE);
    change_page(t, entry, entry->u.tree.ae, ESE_LOG_DBTIME_NONE);
}

static void
follow_structure(tester *t, const ese_log_entry *entry)
{
    change_page(t, entry, entry->pgno, entry->dbtime_before);
    if (entry->type == ESE_LOG_SPLIT) {
        change_page(t, entry, entry->u.split.new_page, ESE_LOG_DBTIME_NONE);
        change_page(t, entry, entry->u.split.right, entry->u.split.right_before);
        change_page(t, entry, entry->u.split.parent, entry->u.split.parent_before);
    } else if (entry->type == ESE_LOG_MERGE) {
        change_page(t, entry, entry->u.merge.right, entry->u.merge.right_before);
        change_page(t, entry, entry->u.merge.left, entry->u.merge.left_before);
        change_page(t, entry, entry->u.merge.parent, entry->u.merge.parent_before);
    } else {
        change_page(t, entry, entry->u.move.target, ESE_LOG_DBTIME_NONE);
        change_page(t, entry, entry->u.move.left, entry->u.move.left_before);
        change_page(t, entry, entry->u.move.right, entry->u.move.right_before);
        change_page(t, entry, entry->u.move.parent, entry->u.move.parent_before);
    }
}

static void
follow(tester *t, const ese_log_entry *entry)
{
    switch (entry->type) {
    case ESE_LOG_MACRO_BEGIN: begin_macro(t, entry->procid); break;
    case ESE_LOG_MACRO_COMMIT: commit_macro(t, entry->procid); break;
    case ESE_LOG_INIT2:
    case ESE_LOG_RECOVERY_UNDO2: drop_macros(t); break;
    case ESE_LOG_CREATE_DB:
    case ESE_LOG_ATTACH_DB: forget_pages(t, entry->dbid, 1); break;
    case ESE_LOG_SHRINK_DB3: forget_pages(t, entry->dbid, entry->pgno + 1); break;
    case ESE_LOG_CREATE_MULTIPLE:
    case ESE_LOG_CREATE_SINGLE:
    case ESE_LOG_CONVERT:
    case ESE_LOG_EMPTY_TREE: follow_tree(t, entry); break;
    case ESE_LOG_SPLIT:
    case ESE_LOG_MERGE:
    case ESE_LOG_PAGE_MOVE: follow_structure(t, entry); break;
    case ESE_LOG_NEW_PAGE: change_page(t, entry, entry->pgno, ESE_LOG_DBTIME_NONE); break;
    default:
        if (ese_log_record_class(entry->type) == ESE_LOG_CLASS_PAGE)
            change_page(t, entry, entry->pgno, entry->dbtime_before);
    }
}

/* ---- contents */

static void
check_image(tester *t, const ese_log_entry *entry, uint32_t page_size)
{
    static uint8_t work[ESE_PAGE_SIZE_MAX], bytes[ESE_PAGE_SIZE_MAX];
    const ese_page page = {bytes, page_size, entry->pgno};
    bool is_split = entry->type == ESE_LOG_SPLIT;
    ese_bytes image = is_split ? entry->u.split.image : entry->u.merge.image;
    uint32_t flags = is_split ? entry->u.split.flags : entry->u.merge.flags;

    if (entry->type == ESE_LOG_PAGE_MOVE) {
        assert_int_equal(ese_log_move_image(entry, page_size, bytes), JET_errSuccess);
        t->n_moves++;
    } else if (image.size != 0) {
        assert_int_equal(ese_log_image_decode(image, flags, page_size, work, bytes),
                         JET_errSuccess);
        t->n_images++;
    } else {
        return;
    }
    assert_int_equal(ese_page_verify(&page), JET_errSuccess);
    assert_int_equal(ese_page_dbtime(&page), entry->dbtime);
    assert_int_equal(ese_page_objid(&page), entry->objid);
}

/* Which splits and merges need the image of a page: it is there then, and only then. */
static bool
has_image_by_rule(const ese_log_entry *entry)
{
    enum { VERTICAL = 0, RIGHT = 1, INSERT = 1 };
    const ese_log_entry_split *split = &entry->u.split;
    bool is_behind_all = split->oper == INSERT && split->line_split == split->line_oper &&
                         split->line_split + 1 == split->n_lines;

    if (entry->type == ESE_LOG_MERGE)
        return entry->u.merge.type == 2 || entry->u.merge.type == 3 || entry->u.merge.type == 5 ||
               entry->u.merge.type == 6;
    return split->new_page != 0 &&
           (split->type == VERTICAL || (split->type == RIGHT && !is_behind_all));
}

static void
check_structure(tester *t, const ese_log_entry *entry, uint32_t page_size)
{
    ese_bytes image = entry->type == ESE_LOG_SPLIT ? entry->u.split.image : entry->u.merge.image;

    if (entry->type != ESE_LOG_PAGE_MOVE)
        assert_int_equal(image.size != 0, has_image_by_rule(entry));
    check_image(t, entry, page_size);
}

static void
check_record(tester *t, const ese_log_file *file, const ese_log_entry *entry)
{
    static uint8_t again[ESE_LOG_RECORD_MAX];
    ese_log_value values[ESE_LOG_VALUES_MAX];
    ese_bytes bytes = ese_log_file_record_bytes(file);
    size_t size = 0;

    assert_int_equal(bytes.size, entry->size);
    assert_int_equal(ese_log_record_encoded_size(entry), entry->size);
    ese_log_record_encode(entry, again);
    assert_memory_equal(again, bytes.data, bytes.size);
    assert_in_range(ese_log_record_describe(entry, values), 0, ESE_LOG_VALUES_MAX - 1);
    if (entry->type == ESE_LOG_REPLACE_DIFF) {
        assert_int_equal(ese_log_diff_measure(entry->data, entry->u.node.is_wide_diff,
                                              entry->u.node.old_size, &size),
                         JET_errSuccess);
        assert_int_equal(size, entry->u.node.new_size);
        t->n_diffs++;
    }
    if (entry->type == ESE_LOG_SPLIT || entry->type == ESE_LOG_MERGE ||
        entry->type == ESE_LOG_PAGE_MOVE)
        check_structure(t, entry, ese_log_file_header(file)->page_size);
    t->by_type[entry->type]++;
}

static void
check_header(const ese_log_file *file, const char *path)
{
    uint8_t bytes[ESE_LOG_HEADER_SIZE], again[ESE_LOG_HEADER_SIZE];
    FILE *from = fopen(path, "rb");
    ese_log_header decoded;

    assert_non_null(from);
    assert_int_equal(fread(bytes, 1, sizeof bytes, from), sizeof bytes);
    fclose(from);
    assert_true(ese_log_header_encode(ese_log_file_header(file), again));
    if (memcmp(again + ATTACH_OFFSET, bytes + ATTACH_OFFSET, sizeof again - ATTACH_OFFSET) == 0)
        assert_memory_equal(again, bytes, sizeof bytes);
    /* Behind the end of the list of databases there may be what once stood there. */
    assert_memory_equal(again + 4, bytes + 4, ATTACH_OFFSET - 4);
    assert_int_equal(ese_log_header_decode(again, &decoded), JET_errSuccess);
    assert_int_equal(decoded.attached.n, ese_log_file_header(file)->attached.n);
}

static void
add_up(tester *t, ese_log_file *file)
{
    const ese_log_extent *extent = ese_log_file_extent(file);
    const ese_log_tally *tally = ese_log_file_tally(file);
    uint64_t n_good = (uint64_t)extent->scan.counts[ESE_LOG_VERDICT_DATA] +
                      extent->scan.counts[ESE_LOG_VERDICT_REPAIRED] +
                      extent->scan.counts[ESE_LOG_VERDICT_RESTORED];

    assert_int_equal(tally->record_bytes + tally->fill_bytes, n_good * DATA_SIZE);
    t->n_logs++;
    t->n_segments += n_good;
    t->n_restored += extent->scan.counts[ESE_LOG_VERDICT_RESTORED] +
                     extent->scan.counts[ESE_LOG_VERDICT_REPAIRED];
    t->n_records += tally->n_records;
    t->n_fragmented += tally->n_fragmented;
    t->n_torn += tally->n_torn;
    t->record_bytes += tally->record_bytes;
    t->fill_bytes += tally->fill_bytes;
}

static void
check_log(tester *t, ese_log_file *file)
{
    const ese_log_entry *entry = NULL;
    ese_lgpos at = {0};
    uint64_t before = 0;
    JET_ERR err;

    while ((err = ese_log_file_next(file, &entry, &at)) == JET_errSuccess && entry != NULL) {
        assert_true(ese_log_lgpos_number(at) > before);
        before = ese_log_lgpos_number(at);
        check_record(t, file, entry);
        follow(t, entry);
    }
    assert_int_equal(err, JET_errSuccess);
    add_up(t, file);
}

static void
check_stream(const char *folder, const char *set, void *self)
{
    tester *t = self;
    ese_log_set *logs = NULL;
    int64_t live = ese_alloc_live();

    t->set = set;
    drop_macros(t);
    for (uint8_t dbid = 1; dbid <= ESE_LOG_MAX_DATABASES; dbid++)
        forget_pages(t, dbid, 1);
    assert_int_equal(ese_log_set_open(folder, "edb", &logs), JET_errSuccess);
    for (unsigned i = 0; i < ese_log_set_count(logs); i++) {
        ese_log_member member = ese_log_set_member(logs, i);
        ese_log_file *file = NULL;

        assert_int_equal(ese_log_set_open_file(logs, i, NULL, &file), JET_errSuccess);
        check_header(file, member.path);
        check_log(t, file);
        t->n_links += i != 0;
        ese_log_file_close(&file);
    }
    ese_log_set_close(&logs);
    assert_int_equal(ese_alloc_live(), live);
    t->n_streams++;
}

static tester *
create_tester(void)
{
    tester *t = calloc(1, sizeof *t);

    assert_non_null(t);
    for (unsigned i = 1; i <= ESE_LOG_MAX_DATABASES; i++) {
        t->dbtimes[i] = calloc(MAX_PAGES, sizeof **t->dbtimes);
        assert_non_null(t->dbtimes[i]);
    }
    return t;
}

static void
destroy_tester(tester *t)
{
    for (unsigned i = 1; i <= ESE_LOG_MAX_DATABASES; i++)
        free(t->dbtimes[i]);
    free(t);
}

static void
print_figures(const tester *t)
{
    print_message("%llu streams, %llu logs (%llu links), %llu segments (%llu repaired)\n",
                  (unsigned long long)t->n_streams, (unsigned long long)t->n_logs,
                  (unsigned long long)t->n_links, (unsigned long long)t->n_segments,
                  (unsigned long long)t->n_restored);
    print_message("%llu records (%llu in pieces, %llu torn), %llu + %llu bytes\n",
                  (unsigned long long)t->n_records, (unsigned long long)t->n_fragmented,
                  (unsigned long long)t->n_torn, (unsigned long long)t->record_bytes,
                  (unsigned long long)t->fill_bytes);
    print_message("%llu times chained, %llu differences, %llu images, %llu moves\n",
                  (unsigned long long)t->n_chained, (unsigned long long)t->n_diffs,
                  (unsigned long long)t->n_images, (unsigned long long)t->n_moves);
    for (unsigned i = 0; i < ESE_LOG_TYPE_COUNT; i++) {
        if (t->by_type[i] != 0)
            print_message("%8llu %s\n", (unsigned long long)t->by_type[i],
                          ese_log_record_name((ese_log_type)i));
    }
}

static void
test_log_corpus__every_byte_of_every_log_is_accounted_for(void **state)
{
    static const char *const prefixes[] = {"clean-", "crash-", "backup-", "dmg-intact",
                                           "dmg-old-copy"};
    tester *t = create_tester();

    (void)state;
    for (unsigned i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        log_corpus_each(prefixes[i], check_stream, t);
    if (t->n_streams != 0) {
        print_figures(t);
        assert_in_range(t->n_torn, 0, t->n_streams); /* what a crash cut off */
        assert_true(t->n_chained > 0 && t->n_diffs > 0 && t->n_images > 0 && t->n_moves > 0);
    }
    destroy_tester(t);
}

/* ---- damaged streams */

typedef struct damaged_set {
    const char *name;
    JET_ERR err;         /* what reading the stream gives */
    unsigned n_repaired; /* segments that are read after a correction */
    bool is_cut;         /* the end is lost, and only its copy tells so */
} damaged_set;

static const damaged_set damaged_sets[] = {
    {"dmg-bitflip-archive", JET_errSuccess, 1, false},
    {"dmg-bitflip-archive-hdr", JET_errLogFileCorrupt, 0, false},
    {"dmg-bitflip-current", JET_errSuccess, 1, false},
    {"dmg-damage-archive", JET_errLogFileCorrupt, 0, false},
    {"dmg-damage-current", JET_errLogFileCorrupt, 0, false},
    {"dmg-foreign-archive", JET_errBadLogSignature, 0, false},
    {"dmg-foreign-current", JET_errBadLogSignature, 0, false},
    {"dmg-missing-last-archive", JET_errInvalidLogSequence, 0, false},
    {"dmg-missing-middle", JET_errInvalidLogSequence, 0, false},
    {"dmg-torn-both-half", JET_errLogFileCorrupt, 0, false},
    {"dmg-torn-garbage", JET_errSuccess, 1, false},
    {"dmg-torn-half", JET_errSuccess, 1, false},
    {"dmg-torn-shadow-garbage", JET_errLogFileCorrupt, 0, false},
    {"dmg-torn-zero", JET_errSuccess, 0, true},
    {"dmg-truncated-archive", JET_errLogFileSizeMismatch, 0, false},
    {"dmg-way-damage-current-first", JET_errLogFileCorrupt, 0, false},
    {"dmg-way-damage-current-inner", JET_errLogFileCorrupt, 0, false},
};

static damaged_set
expected_of(const char *set)
{
    for (unsigned i = 0; i < sizeof damaged_sets / sizeof damaged_sets[0]; i++) {
        if (strcmp(damaged_sets[i].name, set) == 0)
            return damaged_sets[i];
    }
    return (damaged_set){set, JET_errSuccess, 0, false};
}

static JET_ERR
read_stream(ese_log_set *logs, damaged_set *met)
{
    JET_ERR err = JET_errSuccess;

    for (unsigned i = 0; i < ese_log_set_count(logs) && err == JET_errSuccess; i++) {
        const ese_log_entry *entry = NULL;
        ese_log_file *file = NULL;
        ese_lgpos at = {0};

        err = ese_log_set_open_file(logs, i, NULL, &file);
        if (err < JET_errSuccess)
            break;
        while ((err = ese_log_file_next(file, &entry, &at)) == JET_errSuccess && entry != NULL)
            ;
        met->n_repaired += ese_log_file_extent(file)->scan.counts[ESE_LOG_VERDICT_REPAIRED] +
                           ese_log_file_extent(file)->scan.counts[ESE_LOG_VERDICT_RESTORED];
        met->is_cut = met->is_cut || ese_log_file_extent(file)->scan.lost_sector != 0;
        ese_log_file_close(&file);
    }
    return err;
}

static void
check_damaged(const char *folder, const char *set, void *self)
{
    damaged_set expected = expected_of(set), met = {set, JET_errSuccess, 0, false};
    ese_log_set *logs = NULL;

    (void)self;
    assert_int_equal(ese_log_set_open(folder, NULL, &logs), JET_errSuccess);
    met.err = read_stream(logs, &met);
    ese_log_set_close(&logs);
    if (met.err != expected.err)
        print_message("%s: %s\n", set, ese_err_text(met.err));
    assert_int_equal(met.err, expected.err);
    if (met.n_repaired != expected.n_repaired || met.is_cut != expected.is_cut)
        print_message("%s: %u repaired, %d cut\n", set, met.n_repaired, met.is_cut);
    assert_int_equal(met.is_cut, expected.is_cut);
    if (expected.err == JET_errSuccess)
        assert_int_equal(met.n_repaired, expected.n_repaired);
}

static void
test_log_corpus__damage_is_met_as_the_engine_meets_it(void **state)
{
    (void)state;
    log_corpus_each("dmg-", check_damaged, NULL);
}

/* ---- checkpoints */

static void
check_checkpoint(const char *folder, const char *set, void *self)
{
    uint8_t bytes[ESE_LOG_CHECKPOINT_SIZE], again[ESE_LOG_CHECKPOINT_SIZE];
    /* Their damage turns a whole number of pairs of words around, which the checksum does not see. */
    bool is_damaged = strncmp(set, "dmg-bad-chk", 11) == 0;
    char path[2 * LOG_CORPUS_PATH];
    ese_log_checkpoint checkpoint;
    unsigned copy = 9;

    snprintf(path, sizeof path, "%s/edb.chk", folder);
    if (access(path, R_OK) != 0)
        return;
    assert_int_equal(ese_log_checkpoint_read(path, bytes, &checkpoint, &copy), JET_errSuccess);
    assert_int_equal(copy, 0);
    assert_int_equal(checkpoint.file_type, ESE_LOG_FILE_TYPE_CHECKPOINT);
    assert_true(ese_log_lgpos_number(checkpoint.consistency) >=
                ese_log_lgpos_number(checkpoint.checkpoint));
    assert_true(ese_log_checkpoint_encode(&checkpoint, again));
    if (!is_damaged)
        assert_memory_equal(again + 4, bytes + 4, CHECKPOINT_ATTACH_OFFSET - 4);
    ++*(unsigned *)self;
}

static void
test_log_corpus__checkpoints_are_read_and_written_alike(void **state)
{
    unsigned n = 0;

    (void)state;
    log_corpus_each("", check_checkpoint, &n);
    print_message("%u checkpoints\n", n);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_log_corpus__every_byte_of_every_log_is_accounted_for),
        cmocka_unit_test(test_log_corpus__damage_is_met_as_the_engine_meets_it),
        cmocka_unit_test(test_log_corpus__checkpoints_are_read_and_written_alike),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
