/*
 * Splits: one page becomes two, or the root another level, until there is room for what is to be put into a leaf.
 *
 * Each split is one edit and leaves a sound tree, so a split that needs room in the parent first splits the parent, for itself. The operation that asked for room is part of
 * the last one.
 *
 * INV-1  Who splits holds structure_lock (in a space tree: the space lock), so that separators and children stay as they are; entries of leaves may change until the leaf is latched.
 * INV-2  The page a split needs is taken before anything is latched, because space latches the root of the tree.
 * INV-3  Besides who holds structure_lock nobody has more than one page of the tree latched, so the parent may be latched after its child.
 *
 * Rules: database-file specification, section 6.
 */
#include "btree/btree_private.h"

enum { CHILD_SIZE = 4 };

typedef struct splitter {
    const ese_btree__writer *writer;
    const ese_btree__request *request;
    ese_pgno spare; /* taken, not yet in the tree; 0 = none */
    bool is_done;
    ese_btree__way way;
} splitter;

/* One page and how it is to be split. */
typedef struct job {
    unsigned level;
    ese_cache_page *page; /* latched */
    ese_page_split split;
    ese_btree__plan *plan; /* of a leaf: what is done with the split, if split.oper says so */
    ese_bytes separator;
    uint8_t room[ESE_PAGE_KEY_MAX]; /* for the separator */
} job;

/* ---- one split */

static void
link_leaves(ese_log_edit *edit, ese_page_mut *page, ese_page_mut *new_page, int right)
{
    ese_page view = ese_page_of_mut(page);

    ese_page_set_prev(new_page, page->pgno);
    ese_page_set_next(new_page, ese_page_next(&view));
    ese_page_set_next(page, new_page->pgno);
    if (right >= 0) {
        ese_page_mut neighbour = ese_log_edit_page(edit, (unsigned)right);

        ese_page_set_prev(&neighbour, new_page->pgno);
    }
}

/* The line that led to the page that was split leads to what moved; before it stands a new one for what stayed. */
static void
add_to_parent(ese_page_mut *parent, unsigned line, ese_bytes separator, ese_pgno page,
              ese_pgno new_page)
{
    ese_page view = ese_page_of_mut(parent);
    uint8_t child[CHILD_SIZE];

    ese_store_le32(child, page);
    ese_page_insert(parent, line, separator, ese_page_shared_prefix(&view, separator),
                    (ese_bytes){child, sizeof child}, 0);
    ese_page_set_child(parent, line + 1, new_page);
}

/* Which pages of the edit are which. */
typedef struct places {
    int parent, page, new_page, right;
} places;

static void
change_pages(const splitter *s, const job *j, const places *at, ese_log_edit *edit)
{
    uint8_t image[ESE_PAGE_SIZE_MAX];
    ese_page_mut page = ese_log_edit_page(edit, (unsigned)at->page);
    ese_page_mut new_page = ese_log_edit_page(edit, (unsigned)at->new_page);
    ese_page from = {image, page.size, page.pgno};
    bool is_vertical = j->split.type == ESE_PAGE_SPLIT_VERTICAL;

    memcpy(image, page.bytes, page.size);
    ese_page_format(&new_page, ese_page_objid(&from), ese_page_split_new_flags(&from));
    ese_page_split_apply(&from, &j->split, &page, &new_page);
    if (!is_vertical && ese_btree__is_leaf(&from))
        link_leaves(edit, &page, &new_page, at->right);
    if (at->parent >= 0) {
        ese_page_mut parent = ese_log_edit_page(edit, (unsigned)at->parent);

        add_to_parent(&parent, s->way.lines[j->level - 1], j->separator, page.pgno, new_page.pgno);
    }
}

static unsigned
make_records(const splitter *s, const job *j, const places *at, ese_log_record *records)
{
    const ese_page *page = &j->page->page;
    unsigned n = 0;

    if (at->parent >= 0) {
        records[n] = ese_btree__record(s->writer, ESE_LOG_SPLIT);
        records[n].page = at->parent;
        records[n++].u.split =
            (ese_log_split){.page = at->parent, .new_page = -1, .right = -1, .parent = -1};
    }
    records[n] = ese_btree__record(s->writer, ESE_LOG_SPLIT);
    records[n].page = at->page;
    records[n++].u.split = (ese_log_split){
        .page = at->page,
        .new_page = at->new_page,
        .right = at->right,
        .parent = at->parent,
        .split = &j->split,
        .separator = j->separator,
        .new_flags = ese_page_split_new_flags(page),
        .flags = ese_page_split_flags(page, j->split.type),
    };
    if (j->split.oper != ESE_PAGE_SPLIT_NONE) {
        records[n] = j->plan->record;
        records[n++].page = at->page;
    }
    return n;
}

/* Adds a page that is latched to the edit. */
static JET_ERR
add_latched(ese_log_edit *edit, const ese_btree *tree, ese_pgno pgno, int *index_out)
{
    JET_ERR err = ese_cache_latch(tree->file, pgno, &edit->pages[edit->n_pages]);

    if (err >= JET_errSuccess)
        *index_out = (int)edit->n_pages++;
    return err;
}

/* Latches what is changed besides the page itself; what is latched is in the edit, on an error too. */
static JET_ERR
latch_others(const splitter *s, const job *j, ese_log_edit *edit, places *at)
{
    JET_ERR err = JET_errSuccess;
    const ese_btree *tree = s->writer->tree;
    bool is_vertical = j->split.type == ESE_PAGE_SPLIT_VERTICAL;
    ese_pgno right = is_vertical ? 0 : ese_page_next(&j->page->page);

    if (!is_vertical)
        ESE_TRY(add_latched(edit, tree, s->way.pgnos[j->level - 1], &at->parent));
    ESE_TRY(ese_cache_latch_blank(tree->file, s->spare, &edit->pages[edit->n_pages]));
    at->new_page = (int)edit->n_pages++;
    if (right != 0)
        ESE_TRY(add_latched(edit, tree, right, &at->right));
out:
    return err;
}

static void
note_last_leaf(const ese_btree *tree, const ese_page *page, ese_pgno pgno)
{
    if (tree->shared != NULL && ese_btree__is_leaf(page) && ese_page_next(page) == 0)
        atomic_store_explicit(&tree->shared->last_leaf, pgno, memory_order_relaxed);
}

/*
 * Recovery may find the page on the disk without the lines that move, and the page with them not: then it has them from the record, changes and all, and what was before the changes from
 * nowhere else.
 */
static JET_ERR
log_what_moves(const splitter *s, const job *j)
{
    uint64_t lgpos = 0; /* what it is raised to lies in front of the edit */

    if (j->split.type == ESE_PAGE_SPLIT_APPEND)
        return JET_errSuccess;
    return ese_btree_log_undo_info(s->writer->db, &j->page->page, &lgpos);
}

/* Splits the page of the job, which is unlatched in any case. */
static JET_ERR
split_page(splitter *s, job *j)
{
    JET_ERR err;
    const ese_btree__writer *writer = s->writer;
    ese_log_edit edit = {
        .db = writer->db->log_db, .origin = writer->origin, .pages = {j->page}, .n_pages = 1};
    places at = {.parent = -1, .page = 0, .new_page = -1, .right = -1};
    bool has_oper = j->split.oper != ESE_PAGE_SPLIT_NONE;
    ese_log_record records[3];

    /* The page is the job's to look at, but not to unlatch any more. */
    ESE_TRY(log_what_moves(s, j));
    ESE_TRY(latch_others(s, j, &edit, &at));
    if (has_oper) /* behind log_what_moves: the log does not know the version yet */
        ESE_TRY(ese_btree__plan_begin(writer, s->request, j->plan));
    err = ese_log_edit_begin(&edit, records, make_records(s, j, &at, records));
    if (err < JET_errSuccess) {
        if (has_oper)
            ese_btree__plan_cancel(writer, j->plan);
        goto out;
    }
    note_last_leaf(writer->tree, &edit.pages[0]->page, s->spare);
    ese_btree__structure_begin(writer->tree);
    change_pages(s, j, &at, &edit);
    ese_log_edit_end(&edit);
    ese_btree__structure_end(writer->tree);
    s->spare = 0;
    s->is_done = has_oper;
out:
    j->page = NULL;
    if (err < JET_errSuccess)
        ese_log_edit_cancel(&edit);
    return err;
}

/* ---- which page */

/* Is there room in the parent for another child? */
static JET_ERR
has_room_above(const splitter *s, const job *j, bool *has_room_out)
{
    static const uint8_t child[CHILD_SIZE];
    JET_ERR err;
    ese_cache_page *parent = NULL;

    if (j->split.type == ESE_PAGE_SPLIT_VERTICAL) {
        *has_room_out = true;
        return JET_errSuccess;
    }
    ESE_TRY(ese_cache_pin(s->writer->tree->file, s->way.pgnos[j->level - 1], &parent));
    *has_room_out =
        ese_page_fits_insert(&parent->page, j->separator, (ese_bytes){child, sizeof child});
    ese_cache_unpin(&parent);
out:
    return err;
}

/* Where the page is split, and what its parent says then. False: nowhere. */
static bool
choose(const splitter *s, job *j)
{
    const ese_btree *tree = s->writer->tree;
    const ese_page *page = &j->page->page;
    unsigned density = 100;

    if (tree->shared != NULL)
        density = atomic_load_explicit(&tree->shared->density, memory_order_relaxed);
    if (!ese_page_split_choose(page, density, &j->split) ||
        (j->split.type == ESE_PAGE_SPLIT_VERTICAL) != (j->level == 0))
        return false;
    if (j->level != 0)
        j->separator = (ese_bytes){j->room, ese_page_split_separator(page, &j->split, j->room)};
    return true;
}

/* Bytes of the prefix of the page that some line leaves out of its key. */
static size_t
count_needed(const ese_page *page)
{
    size_t n = 0;

    for (unsigned line = 0; line < ese_page_line_count(page); line++) {
        ese_page_node node = ese_page_line(page, line);

        if (node.prefix.size > n)
            n = node.prefix.size;
    }
    return n;
}

/*
 * A page of one line that takes no more, and cannot be split either: the prefix is in the way, which was made for lines that have gone. What is left of it is what the line leaves out of its
 * key. Unlatches the page of the job; on an error it is still latched.
 */
static JET_ERR
cut_prefix(const splitter *s, job *j)
{
    const ese_btree__writer *writer = s->writer;
    const ese_page *page = &j->page->page;
    ese_bytes prefix = ese_page_external_header(page);
    size_t needed = count_needed(page);
    ese_log_record record = ese_btree__record(writer, ESE_LOG_SET_EXTERNAL_HEADER);
    uint8_t rest[ESE_PAGE_KEY_MAX];

    if ((ese_page_flags(page) & ESE_PAGE_ROOT) != 0 || needed >= prefix.size ||
        needed > sizeof rest)
        return ese_raise(JET_errRecordTooBig, "%s: no place to split page %u",
                         ese_cache_path(writer->tree->file), (unsigned)page->pgno);
    if (needed != 0)
        memcpy(rest, prefix.data, needed);
    record.flags &= (uint8_t)~ESE_LOG_VERSIONED;
    record.u.node.data = (ese_bytes){rest, needed};
    return ese_log_change_node(writer->db->log_db, writer->origin, &j->page, &record);
}

/* Splits the internal page of a level, or what is above it when there is no room either. */
static JET_ERR
split_internal(splitter *s, unsigned level)
{
    JET_ERR err;
    job j = {.level = level};
    bool has_room = false;

    while (!has_room) {
        ESE_TRY(ese_cache_latch(s->writer->tree->file, s->way.pgnos[j.level], &j.page));
        j.split = (ese_page_split){.oper = ESE_PAGE_SPLIT_NONE, .oper_line = s->way.lines[j.level]};
        if (!choose(s, &j)) {
            err = cut_prefix(s, &j);
            goto out;
        }
        ESE_TRY(has_room_above(s, &j, &has_room));
        if (!has_room) {
            ese_cache_unlatch(&j.page, ESE_CACHE_UNCHANGED);
            j.level--;
        }
    }
    err = split_page(s, &j);
out:
    ese_cache_unlatch(&j.page, ESE_CACHE_UNCHANGED);
    return err;
}

static ese_page_split
split_of(const splitter *s, const ese_btree__plan *plan, const ese_btree__spot *spot)
{
    unsigned flags = s->writer->how == ESE_BTREE_VERSIONED ? ESE_PAGE_NODE_VERSION : 0;

    if (plan->oper == ESE_PAGE_SPLIT_REPLACE)
        flags |= spot->node.flags & ESE_PAGE_NODE_VERSION;
    return (ese_page_split){
        .oper = plan->oper,
        .oper_line = spot->line,
        .oper_key = s->request->key,
        .oper_data = s->request->data,
        .oper_flags = (uint8_t)flags,
    };
}

/* Splits the leaf of the job, or what has to be split before. Where no split helps, its prefix is cut. */
static JET_ERR
split_leaf(splitter *s, job *j)
{
    bool has_room = false;
    JET_ERR err;

    j->level = s->way.depth - 1;
    if (!choose(s, j))
        return cut_prefix(s, j);
    /* Taking back is no operation of a split in the log: it is done behind it, in the room it makes. */
    if (j->plan->record.type == ESE_LOG_UNDO)
        j->split.oper = ESE_PAGE_SPLIT_NONE;
    ESE_TRY(has_room_above(s, j, &has_room));
    if (has_room)
        return split_page(s, j);
    ese_cache_unlatch(&j->page, ESE_CACHE_UNCHANGED);
    err = split_internal(s, j->level - 1);
out:
    return err;
}

/* Does what is asked for if there is room by now; else takes one step towards it. */
static JET_ERR
split_once(splitter *s)
{
    JET_ERR err;
    const ese_btree__writer *writer = s->writer;
    ese_btree__spot spot = {0};
    ese_btree__plan plan;
    job j = {.plan = &plan};

    ESE_TRY(ese_btree__way_find(writer->tree, s->request->key, s->request->data, &s->way));
    if (s->spare == 0)
        ESE_TRY(ese_btree__take_page(writer->db, writer->origin, writer->tree,
                                     s->way.pgnos[s->way.depth - 1], &s->spare));
    ESE_TRY(ese_cache_latch(writer->tree->file, s->way.pgnos[s->way.depth - 1], &spot.page));
    ese_btree__spot_find(writer->tree, s->request->key, s->request->data, &spot);
    ESE_TRY(ese_btree__plan_make(writer, s->request, &spot, &plan));
    if (plan.fits && !s->request->must_split) {
        ESE_TRY(ese_btree__plan_do(writer, s->request, &plan, &spot.page));
        s->is_done = true;
        goto out;
    }
    j.page = spot.page;
    spot.page = NULL;
    j.split = split_of(s, &plan, &spot);
    err = split_leaf(s, &j);
out:
    ese_cache_unlatch(&j.page, ESE_CACHE_UNCHANGED);
    ese_cache_unlatch(&spot.page, ESE_CACHE_UNCHANGED);
    return err;
}

JET_ERR
ese_btree__split_for(const ese_btree__writer *writer, const ese_btree__request *request)
{
    JET_ERR err = JET_errSuccess;
    splitter s = {.writer = writer, .request = request};

    ese_btree__structure_lock(writer->tree);
    while (!s.is_done)
        ESE_TRY(split_once(&s));
out:
    ese_btree__structure_unlock(writer->tree);
    if (s.spare != 0)
        ese_btree__give_page(writer->db, writer->origin, writer->tree, s.spare);
    return err;
}
