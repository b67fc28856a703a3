/*
 * The integrity check, step by step: headers, every page by itself, the trees that the catalog names, the space each of them owns, what
 * their leaves hold, and last what one tree says of another.
 */
#include "maint/maint_private.h"

#include <stdarg.h>
#include <stdio.h>

enum { TEXT_MAX = 600, PROGRESS_STEP = 4096 };

/* ---- Telling ---- */

static void
tell(ese_maint__check *check, const ese_maint__place *place, ese_maint_finding *finding)
{
    finding->area = place->area;
    finding->pgno = place->pgno;
    if (place->tree != NULL) {
        finding->table = place->tree->table;
        finding->index = place->tree->index;
    }
    if (finding->severity == ESE_MAINT_ERROR)
        check->summary.n_errors++;
    else
        check->summary.n_notes++;
    if (check->watcher != NULL && check->watcher->found != NULL)
        check->watcher->found(check->watcher->self, finding);
}

/* Texts raised by the layers below begin with the path of the file, which every reader of a finding knows. */
static const char *
without_path(const ese_maint__check *check, const char *text)
{
    const char *path = check->file.file == NULL ? "" : ese_os_file_path(check->file.file);
    size_t n = strlen(path);

    return n != 0 && strncmp(text, path, n) == 0 && strncmp(text + n, ": ", 2) == 0 ? text + n + 2
                                                                                    : text;
}

void
ese_maint__found(ese_maint__check *check, const ese_maint__place *place, JET_ERR err,
                 const char *format, ...)
{
    char text[TEXT_MAX];
    ese_maint_finding finding = {.severity = ESE_MAINT_ERROR, .err = err};
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    finding.text = without_path(check, text);
    tell(check, place, &finding);
}

void
ese_maint__noted(ese_maint__check *check, const ese_maint__place *place, const char *format, ...)
{
    char text[TEXT_MAX];
    ese_maint_finding finding = {.severity = ESE_MAINT_NOTE};
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    finding.text = without_path(check, text);
    tell(check, place, &finding);
}

void
ese_maint__progress(ese_maint__check *check, const char *phase, uint64_t done, uint64_t total)
{
    if (check->watcher != NULL && check->watcher->progress != NULL)
        check->watcher->progress(check->watcher->self, phase, done, total);
}

/* ---- Opening ---- */

/* The schema tells of pages of the catalog that it had to leave out. */
static void
catalog_page_skipped(void *self, ese_pgno pgno, JET_ERR why, const char *text)
{
    ese_maint__check *check = self;

    check->is_catalog_complete = false;
    if (pgno <= check->file.n_pages) {
        if ((check->map.state[pgno] & ESE_MAINT__REPORTED) != 0)
            return;
        check->map.state[pgno] |= ESE_MAINT__REPORTED;
    }
    ese_maint__found(check, &(ese_maint__place){ESE_MAINT_CATALOG, pgno, NULL}, why, "%s", text);
}

static JET_ERR
create_map(ese_maint__check *check)
{
    size_t n = (size_t)check->file.n_pages + 1;
    JET_ERR err;

    ESE_TRY(ese_alloc(n, &check->map.state));
    ESE_TRY(ese_alloc(n, &check->map.use));
    ESE_TRY(ese_alloc(n * sizeof *check->map.owner, &check->map.owner));
    ESE_TRY(ese_alloc(n * sizeof *check->map.user, &check->map.user));
out:
    return err;
}

JET_ERR
ese_maint__check_open(ese_maint__check *check, const char *path, const ese_maint_watcher *watcher)
{
    JET_ERR err;

    check->watcher = watcher;
    ESE_TRY(ese_maint__file_open(path, &check->file));
    ESE_TRY(create_map(check));
    check->damage = (ese_btree_damage){check, catalog_page_skipped};
    check->summary.state = check->file.header.state;
    check->summary.page_size = check->file.page_size;
    check->summary.n_pages = check->file.n_pages;
out:
    return err;
}

JET_ERR
ese_maint__check_read_catalog(ese_maint__check *check)
{
    JET_ERR err;

    check->is_catalog_complete = true;
    err = ese_schema_open(check->file.pages, NULL, &check->file.header, &check->damage,
                          &check->schema);
    if (ese_maint__is_damage(err)) {
        ese_maint__found(check, &(ese_maint__place){ESE_MAINT_CATALOG, 0, NULL}, err, "%s",
                         ese_err_text(err));
        check->is_catalog_complete = false;
        err = JET_errSuccess;
    }
    return err < JET_errSuccess ? err : ese_maint__trees_collect(check);
}

void
ese_maint__check_close(ese_maint__check *check)
{
    ese_schema_close(&check->schema);
    ese_arena_clear(&check->arena);
    ese_free(&check->trees);
    ese_free(&check->map.state);
    ese_free(&check->map.use);
    ese_free(&check->map.owner);
    ese_free(&check->map.user);
    ese_maint__file_close(&check->file);
}

/* ---- Pages ---- */

static JET_ERR
take_page(void *self, const ese_maint__scanned *scanned)
{
    ese_maint__check *check = self;
    ese_pgno pgno = scanned->page.pgno;

    check->map.state[pgno] = (uint8_t)scanned->state;
    switch (scanned->state) {
    case ESE_MAINT_PAGE_GOOD: break;
    case ESE_MAINT_PAGE_CORRECTED: check->summary.n_corrected_pages++; break;
    case ESE_MAINT_PAGE_BLANK: check->summary.n_blank_pages++; break;
    case ESE_MAINT_PAGE_BAD_CHECKSUM:
    case ESE_MAINT_PAGE_BAD_STRUCTURE: check->summary.n_bad_pages++; break;
    }
    if (pgno % PROGRESS_STEP == 0)
        ese_maint__progress(check, "reading pages", pgno, check->file.n_pages);
    return JET_errSuccess;
}

static bool
is_questionable(const ese_maint__check *check, ese_pgno pgno)
{
    uint8_t state = check->map.state[pgno];

    return state != ESE_MAINT_PAGE_GOOD && state != ESE_MAINT_PAGE_BLANK &&
           (state & ESE_MAINT__REPORTED) == 0;
}

/* What is wrong with an owned page that no walk has told of. */
static JET_ERR
report_page(ese_maint__check *check, ese_pgno pgno, uint8_t *room)
{
    uint32_t owner = check->map.owner[pgno];
    ese_maint__place place = {ESE_MAINT_PAGE, pgno,
                              owner == 0 ? NULL : ese_maint__tree_at(check, owner)};
    uint32_t size = check->file.page_size;
    ese_maint__scanned scanned;
    JET_ERR err = ese_os_file_read(check->file.file, ((uint64_t)pgno + 1) * size, room, size);

    if (err < JET_errSuccess)
        return err;
    scanned = ese_maint__judge(room, size, pgno);
    if (scanned.state == ESE_MAINT_PAGE_CORRECTED)
        ese_maint__found(check, &place, JET_errReadVerifyFailure,
                         "one bit of the page is wrong; it is corrected when the page is read");
    else if (scanned.problem != NULL)
        ese_maint__found(check, &place,
                         scanned.state == ESE_MAINT_PAGE_BAD_CHECKSUM ? JET_errReadVerifyFailure
                                                                      : JET_errDatabaseCorrupted,
                         "%s%s", check->map.use[pgno] == ESE_MAINT_USE_FREE ? "free page: " : "",
                         scanned.problem);
    return JET_errSuccess;
}

/* Pages from `first` on that nothing owns and that are no pages of a database; returns the page behind them. */
static ese_pgno
note_foreign(ese_maint__check *check, ese_pgno first)
{
    ese_maint__place place = {ESE_MAINT_PAGE, first, NULL};
    ese_pgno end = first;

    while (end <= check->file.n_pages && check->map.owner[end] == 0 && is_questionable(check, end))
        end++;
    if (end - first == 1)
        ese_maint__noted(check, &place, "the page is not in use, and no page of a database");
    else
        ese_maint__noted(
            check, &place,
            "this page and those up to page %u are not in use, and no pages of a database",
            (unsigned)(end - 1));
    return end;
}

static JET_ERR
report_pages(ese_maint__check *check)
{
    ese_pgno pgno = 1;
    uint8_t *room = NULL;
    JET_ERR err;

    ESE_TRY(ese_alloc_aligned(check->file.page_size, 64, &room));
    while (pgno <= check->file.n_pages) {
        if (!is_questionable(check, pgno)) {
            pgno++;
        } else if (check->map.owner[pgno] == 0 && check->last_owned != 0) {
            pgno = note_foreign(check, pgno);
        } else {
            ESE_TRY(report_page(check, pgno, room));
            pgno++;
        }
    }
out:
    ese_free(&room);
    return err;
}

/* ---- Trees ---- */

static JET_ERR
walk_long_values(ese_maint__check *check, uint32_t number)
{
    ese_maint__tree *tree = ese_maint__tree_at(check, number);
    ese_maint__lv_check values = {.check = check, .number = number};
    ese_maint__walk_ops ops = {&values, ESE_MAINT_USE_TREE, ese_maint__check_lv_leaf};
    JET_ERR err = ese_maint__walk(check, number, &tree->btree, &ops, &tree->is_sound);

    if (err >= JET_errSuccess && tree->is_sound)
        ese_maint__check_lv_end(&values, tree->btree.root);
    return err;
}

static JET_ERR
walk_tree(ese_maint__check *check, uint32_t number)
{
    ese_maint__tree *tree = ese_maint__tree_at(check, number);
    ese_maint__leaf_check leaf = {.check = check, .number = number};
    ese_maint__walk_ops ops = {&leaf, ESE_MAINT_USE_TREE, NULL};
    JET_ERR err;

    if (tree->role == ESE_MAINT__LONG_VALUES)
        return walk_long_values(check, number);
    if (tree->role == ESE_MAINT__TABLE)
        ops.leaf = ese_maint__check_table_leaf;
    else if (tree->role == ESE_MAINT__INDEX)
        ops.leaf = ese_maint__check_index_leaf;
    err = ese_maint__walk(check, number, &tree->btree, &ops, &tree->is_sound);
    if (tree->role == ESE_MAINT__TABLE)
        tree->stored = leaf.references;
    return err;
}

/* Claims come first and from the top: what a tree owns must be known before its children take from it. */
JET_ERR
ese_maint__check_map(ese_maint__check *check, bool with_contents)
{
    JET_ERR err = JET_errSuccess;

    for (uint32_t number = 1; number <= check->n_trees; number++)
        ESE_TRY(ese_maint__space_claim(check, number));
    for (uint32_t number = 1; number <= check->n_trees; number++) {
        ese_maint__tree *tree = ese_maint__tree_at(check, number);
        ese_maint__walk_ops ops = {NULL, ESE_MAINT_USE_TREE, NULL};

        ese_maint__progress(check, "walking trees", number, check->n_trees);
        ESE_TRY(with_contents
                    ? walk_tree(check, number)
                    : ese_maint__walk(check, number, &tree->btree, &ops, &tree->is_sound));
    }
    ese_maint__space_settle(check);
out:
    return err;
}

/* ---- Between trees ---- */

/* The references that records of a table make and those that its long values count. */
static JET_ERR
check_long_values(ese_maint__check *check, uint32_t table)
{
    ese_maint__tree *tree = ese_maint__tree_at(check, table);
    ese_maint__place place = {ESE_MAINT_LONG_VALUE, 0, tree};
    uint32_t values = table + 1;
    ese_maint__tree *stored;

    if (values > check->n_trees ||
        ese_maint__tree_at(check, values)->role != ESE_MAINT__LONG_VALUES) {
        if (tree->stored.n != 0)
            ese_maint__found(check, &place, JET_errDatabaseCorrupted,
                             "records refer to long values, but the table has none");
        return JET_errSuccess;
    }
    stored = ese_maint__tree_at(check, values);
    if (!stored->is_sound || ese_maint__sum_equal(&tree->stored, &stored->stored))
        return JET_errSuccess;
    return ese_maint__check_lv_differences(check, table, values);
}

static JET_ERR
check_table(ese_maint__check *check, uint32_t table)
{
    const ese_maint__tree *tree = ese_maint__tree_at(check, table);
    ese_maint__place place = {ESE_MAINT_TREE, 0, tree};
    JET_ERR err;

    if (!tree->is_sound || tree->is_damaged_inside) {
        ese_maint__noted(check, &place,
                         "the table is damaged: its indexes and long values were not compared");
        return JET_errSuccess;
    }
    ESE_TRY(check_long_values(check, table));
    ESE_TRY(ese_maint__check_indexes(check, table));
out:
    return err;
}

static JET_ERR
check_everything(ese_maint__check *check)
{
    ese_maint__scan_ops ops = {check, take_page};
    JET_ERR err;

    ESE_TRY(ese_maint__check_headers(check));
    ESE_TRY(ese_maint__scan(&check->file, &ops));
    ESE_TRY(ese_maint__check_read_catalog(check));
    ESE_TRY(ese_maint__check_shadow(check));
    ESE_TRY(ese_maint__check_map(check, true));
    ESE_TRY(report_pages(check));
    for (uint32_t number = 1; number <= check->n_trees; number++) {
        if (ese_maint__tree_at(check, number)->role == ESE_MAINT__TABLE)
            ESE_TRY(check_table(check, number));
    }
out:
    return err;
}

JET_ERR
ese_maint_check(const char *path, const ese_maint_watcher *watcher, ese_maint_summary *summary_out)
{
    ese_maint__check check = {0};
    JET_ERR err;

    ESE_TRY(ese_maint__check_open(&check, path, watcher));
    ESE_TRY(check_everything(&check));
    *summary_out = check.summary;
out:
    ese_maint__check_close(&check);
    return err;
}
