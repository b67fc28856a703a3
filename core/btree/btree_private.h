/*
 * What the files of this folder share: databases and trees that change, the way from the root to a leaf on which searches and steps move, writers.
 *
 * A path holds a pin on the page of each level. Each page has the range of keys between the separators next to the line that led to it;
 * `begin` and `end` delimit the lines that lie in that range. On a sound page these are all lines; a page with others is an error, or with
 * tree->damage reported and used as far as it lies in its range.
 *
 * Why that bounds the work: the ranges of the lines of a page are disjoint, and of a page with two or more lines at least one separator must lie in the
 * range. However many parents point to it, its lines are visited once in all, but for one line at each border.
 *
 * In a tree that changes, a walk takes the number `structure` when it begins and counts only if it is still the same at the end: then no entry moved from page
 * to page meanwhile, and every page was where its parent says. What looks wrong is damage only in that case.
 */
#pragma once

#include "btree/btree_space_private.h"

/* ---- Databases and trees that change: btree_db.c ---- */

enum { ESE_BTREE__BUCKETS = 256 }; /* a power of two */

struct ese_btree_db {
    ese_log_db *log_db;                          /* [const] */
    ese_txn_store *store;                        /* [const] */
    ese_os_mutex lock;                           /* of the trees in use */
    ese_btree_shared *trees[ESE_BTREE__BUCKETS]; /* [lock: lock] by objid */
    ese_btree__space space;
    _Atomic uint64_t
        settled; /* [atomic] who changed a page with a number up to this one has left no version of it */
};

/* The number of the structure when nobody is changing it; waits for who is. */
uint64_t ese_btree__structure_read(const ese_btree *tree);

/* Is it still that one? Trees without `shared` never change under anybody. */
static inline bool
ese_btree__structure_is(const ese_btree *tree, uint64_t number)
{
    if (tree->shared == NULL)
        return true;
    /*
     * Acquire, for what the caller does next. What was seen before is no newer than what is compared, because pages are pinned with acquire: who has seen a page of a
     * change also sees the number of that change.
     */
    return atomic_load_explicit(&tree->shared->structure, memory_order_acquire) == number;
}

/* One at a time splits or merges pages of a tree. In space trees the space lock sees to it. */
void ese_btree__structure_lock(const ese_btree *tree);
void ese_btree__structure_unlock(const ese_btree *tree);

/* Around the moment in which the pages of a split or merge appear. Holds: structure_lock. */
void ese_btree__structure_begin(const ese_btree *tree);
void ese_btree__structure_end(const ese_btree *tree);

/* ---- What a session sees of a line: btree_see.c ---- */

typedef struct ese_btree__sight {
    bool is_visible;
    bool is_before; /* with the data given */
    bool is_stale;  /* the answer counts for nothing: look at the newest image of the page */
} ese_btree__sight;

/* Where the versions of an entry are found; `room` (ESE_PAGE_KEY_MAX bytes) takes its key if it is in pieces. */
ese_txn_place ese_btree__place(const ese_btree *tree, const ese_page_node *node, uint8_t *room);

/*
 * Looks at a line of a leaf with the eyes of the session. When the line is not plain the answer counts only if the image is current afterwards. Data of an
 * older state is left in `before`. May take the latch of the page.
 */
JET_ERR ese_btree__see(const ese_btree_cursor *cursor, ese_cache_page *page, unsigned line,
                       ese_growbuf *before, ese_btree__sight *sight_out);

/*
 * If there is no version at all, notes that what has changed so far is settled. Locks are versions that change no page, so this is for readers only.
 */
bool ese_btree__settle(ese_btree_db *db);

/* Is every line for everybody as the page says, if the image is current afterwards? The tree has `shared`. */
static inline bool
ese_btree__is_settled(const ese_btree *tree, const ese_page *page)
{
    ese_btree_db *db = tree->shared->db;

    /* Acquire: matches the release in ese_btree__settle. An image with changes that were undone before is then seen not to be current. */
    return ese_page_dbtime(page) <= atomic_load_explicit(&db->settled, memory_order_acquire) ||
           ese_btree__settle(db);
}

/* Is a line with these flags for everybody as the page says? */
static inline bool
ese_btree__is_plain(const ese_btree *tree, const ese_page *page, uint8_t flags)
{
    if ((flags & (ESE_PAGE_NODE_VERSION | ESE_PAGE_NODE_DELETED)) == 0)
        return true;
    if ((flags & ESE_PAGE_NODE_DELETED) != 0)
        return false;
    return tree->shared == NULL || ese_btree__is_settled(tree, page);
}

/* Does the image show the page as it is? */
static inline bool
ese_btree__is_current(const ese_btree *tree, const ese_cache_page *page)
{
    return tree->shared == NULL || ese_cache_is_current(page);
}

/* ---- Paths ---- */

typedef enum ese_btree__direction { ESE_BTREE__BACKWARD, ESE_BTREE__FORWARD } ese_btree__direction;

/* What a walk looks for. */
typedef enum ese_btree__goal {
    ESE_BTREE__EDGE,   /* the first entry forward, the last one backward */
    ESE_BTREE__BORDER, /* what lies behind (forward) or before (backward) a border between entries */
    ESE_BTREE__FRACTION, /* the entry at some part of the lines of each page */
} ese_btree__goal;

typedef struct ese_btree__target {
    ese_btree__goal goal;
    bool is_after;        /* BORDER: behind all entries equal to key and data, not before them */
    ese_bytes key;        /* BORDER */
    ese_bytes data;       /* BORDER: NULL = by key alone */
    ese_bytes data_above; /* BORDER: what takes its place on internal pages */
    double fraction;      /* FRACTION: 0 <= fraction < 1 */
} ese_btree__target;

/* A separator, or where there is none (is_set = false) the end of the tree. */
typedef struct ese_btree__bound {
    bool is_set;
    ese_bytes prefix, suffix;
} ese_btree__bound;

typedef struct ese_btree__level {
    ese_cache_page *page;
    unsigned line;       /* internal: whose child is or will be below; leaf: the entry found */
    unsigned begin, end; /* lines in the range */
    bool has_range;      /* the next two are set */
    ese_btree__bound lower, upper; /* lower <= entry < upper; borrowed from the pages above */
} ese_btree__level;

/* The leaf that was left last, and where its link points. */
typedef struct ese_btree__left {
    ese_pgno pgno, link;
} ese_btree__left;

typedef struct ese_btree__path {
    const ese_btree *tree;
    ese_btree_cursor *cursor; /* whose eyes, whose memory */
    ese_btree__direction direction;
    bool sees_all; /* stops at entries too that the session does not see */
    ese_btree__target target;
    const ese_cache_page *passed; /* leaf that is not entered again; NULL = none */
    ese_btree__left left;
    bool is_before;     /* the data of the entry found is in cursor->spare */
    bool is_stale;      /* the tree changed under the walk: it begins again */
    ese_pgno n_entered; /* pages */
    bool has_seen;      /* nothing was found up to `seen`: a new beginning goes on from there */
    ese_btree__target seen;
    unsigned depth; /* levels in use */
    ese_btree__level levels[ESE_BTREE_DEPTH_MAX];
    uint8_t room[2 * ESE_PAGE_KEY_MAX]; /* for `seen` */
} ese_btree__path;

static inline bool
ese_btree__is_leaf(const ese_page *page)
{
    return (ese_page_flags(page) & ESE_PAGE_LEAF) != 0;
}

/* Is it a page of this tree, in this place? `parent` is NULL for the root. */
JET_ERR ese_btree__check_page(const ese_btree *tree, const ese_page *page, const ese_page *parent);

/* The same as an answer. */
bool ese_btree__is_placed(const ese_btree *tree, const ese_page *page, const ese_page *parent);

/*
 * Stands the cursor on the first entry that is not before the sought one, if the short way leads there: btree_descend.c. False: it is where it was, and nothing is known.
 * Like ese_btree_seek it wants no data in trees that are not ordered by it.
 */
bool ese_btree__find_shortly(ese_btree_cursor *cursor, ese_bytes key, ese_bytes data);

/* Nothing pinned yet. The cursor stays where it is until ese_btree__go. */
void ese_btree__path_init(ese_btree__path *path, ese_btree_cursor *cursor,
                          ese_btree__direction direction);
void ese_btree__path_release(ese_btree__path *path);

/* Walks from the root to the nearest entry that path->target asks for. When found the last level of the path is its leaf. */
JET_ERR ese_btree__path_walk(ese_btree__path *path, bool *found_out);

static inline ese_btree__level *
ese_btree__path_leaf(ese_btree__path *path)
{
    return &path->levels[path->depth - 1];
}

/* Walks, and on success stands its cursor where the path ends. */
JET_ERR ese_btree__go(ese_btree__path *path, bool *found_out);

/* Makes the entry the cursor stands on the target; `room` (ESE_PAGE_KEY_MAX bytes) takes its key if it is in pieces. */
ese_btree__target ese_btree__target_here(const ese_btree_cursor *cursor, uint8_t *room);

/* Entries are ordered by key and data. Space trees never are, though their pages carry the flag of their owner. */
static inline bool
ese_btree__has_order_by_data(const ese_btree *tree)
{
    return !tree->is_unique && (tree->kind & ESE_PAGE_SPACE) == 0;
}

/* ---- Writers ---- */

/* Who changes what. */
typedef struct ese_btree__writer {
    const ese_btree *tree;
    ese_btree_db *db;
    ese_txn_session *session; /* NULL: a change of space, which has no versions */
    ese_log_origin *origin;
    ese_btree_how how;
    const ese_txn_change *undone; /* the change that is taken back; NULL: a new one */
} ese_btree__writer;

ese_btree__writer ese_btree__writer_of(ese_txn_session *session, const ese_btree *tree,
                                       ese_btree_how how);

/* An entry in a latched leaf, or where it would stand. */
typedef struct ese_btree__spot {
    ese_cache_page *page; /* latched; owned */
    unsigned line;        /* first line that is not before it */
    bool is_there;
    ese_page_node node; /* when it is there */
} ese_btree__spot;

/*
 * Latches the leaf in which an entry is or would be. `data` takes part in trees that are ordered by it. Until the page is unlatched no entry of its range goes to
 * another page.
 */
JET_ERR ese_btree__spot_latch(const ese_btree *tree, ese_bytes key, ese_bytes data,
                              ese_btree__spot *spot_out);

/* Finds the entry in spot->page. */
void ese_btree__spot_find(const ese_btree *tree, ese_bytes key, ese_bytes data,
                          ese_btree__spot *spot);

/* The line of an internal page to go down by. The page has lines. */
unsigned ese_btree__child_line(const ese_btree *tree, const ese_page *page, ese_bytes key,
                               ese_bytes data);

/* The pages from the root to a leaf. Holds: structure_lock, while it is used. */
typedef struct ese_btree__way {
    unsigned depth;
    ese_pgno pgnos[ESE_BTREE_DEPTH_MAX];
    unsigned lines[ESE_BTREE_DEPTH_MAX];  /* of internal pages: that it goes by */
    unsigned counts[ESE_BTREE_DEPTH_MAX]; /* and how many there are */
} ese_btree__way;

/* The way to the leaf in which an entry is or would be. */
JET_ERR ese_btree__way_find(const ese_btree *tree, ese_bytes key, ese_bytes data,
                            ese_btree__way *way_out);

/* A record of taking back a change, with its line: what recovery specification 5.5 wants. */
ese_log_record ese_btree__undo_record(const ese_btree__writer *writer, unsigned line);

/* The part of a record that is the same for all changes of the tree. */
ese_log_record ese_btree__record(const ese_btree__writer *writer, ese_log_type type);

/* An insertion or a replacement: what may need more room than the leaf has. */
typedef struct ese_btree__request {
    bool is_replacement;
    bool must_split; /* though there may be room in the leaf */
    ese_bytes key;
    ese_bytes data;
} ese_btree__request;

/* What it means for the leaf in which it is to be done. */
typedef struct ese_btree__plan {
    ese_log_record record;
    ese_page_split_oper oper;
    bool fits;
    bool has_before;  /* a version keeps `before` */
    ese_bytes before; /* in the page */
    ese_txn_version *inserted, *replaced;
} ese_btree__plan;

/* Decides. JET_errKeyDuplicate, JET_errRecordDeleted, JET_errWriteConflict, ... */
JET_ERR ese_btree__plan_make(const ese_btree__writer *writer, const ese_btree__request *request,
                             const ese_btree__spot *spot, ese_btree__plan *plan_out);

/* Adds the versions of what is about to happen, and takes them back when it does not. */
JET_ERR ese_btree__plan_begin(const ese_btree__writer *writer, const ese_btree__request *request,
                              ese_btree__plan *plan);
void ese_btree__plan_cancel(const ese_btree__writer *writer, ese_btree__plan *plan);

/* Does it to the latched page, in which there is room; unlatches it. On an error the page is still latched. */
JET_ERR ese_btree__plan_do(const ese_btree__writer *writer, const ese_btree__request *request,
                           ese_btree__plan *plan, ese_cache_page **page_inout);

/* Does it, splitting pages as long as there is no room: btree_split.c. Nothing is latched. Takes: structure_lock. */
JET_ERR ese_btree__split_for(const ese_btree__writer *writer, const ese_btree__request *request);

/* One change of a tree that is no split or merge, on its way: an insertion or a replacement, wherever there is room. */
JET_ERR ese_btree__put(const ese_btree__writer *writer, const ese_btree__request *request);

/* Latches the leaf of an entry that is there and not deleted, and that the session may change. */
JET_ERR ese_btree__entry_latch(const ese_btree__writer *writer, ese_bytes key, ese_bytes data,
                               ese_txn_oper oper, ese_btree__spot *spot_out);

/* Adds the version and makes the change that the record says, in its place; unlatches the page. */
JET_ERR ese_btree__entry_change(const ese_btree__writer *writer, const ese_txn_change *change,
                                ese_log_record *record, ese_btree__spot *spot);

/*
 * Takes a node that nobody sees away; unlatches the page. The last one of a leaf that is no root stays, flagged deleted, until the leaf leaves the tree, which
 * is tried at once: btree_merge.c.
 */
JET_ERR ese_btree__remove(const ese_btree__writer *writer, ese_btree__spot *spot, ese_bytes key,
                          ese_bytes data);
