/*
 * Trees whose upper pages are lost, put on top of their leaves anew: what `ese repair` does before it reads a database.
 *
 * Leaves tell whose they are and hold the keys that pages above them only repeat. So a tree of a table or of long values can be read again when its root or any
 * other page above its leaves is damaged, or does not know of a leaf yet, as after a crash. Secondary indexes are left as they are: they follow from the rows.
 *
 * INV-1  The source is only read. The copy is made only when there is something to mend, and is gone when this fails.
 * INV-2  The copy is for reading with ESE_bitDbReadDamaged: its new pages belong to no tree of extents.
 * INV-3  Memory: 20 bytes for each page of the file, and about 40 for each leaf of one tree.
 */
#pragma once

#include "maint/maint.h"

typedef struct ese_maint_repaired {
    uint32_t n_trees;          /* that were put together; 0: there is no copy */
    uint64_t n_leaves;         /* of these trees */
    uint64_t n_unreached;      /* of them: no page led to them */
    uint64_t n_leaves_dropped; /* older images of what other leaves hold */
    uint64_t n_lines_dropped;  /* the same, in part of a leaf */
} ese_maint_repaired;

/*
 * Looks for leaves that cannot be reached, and if there are any makes `copy` with trees that reach them. A file without a right
 * header is left as it is. `watcher`, which may be NULL, is told of progress, and of each tree that is put together.
 */
JET_ERR ese_maint_repair_trees(const char *source, const char *copy,
                               const ese_maint_watcher *watcher, ese_maint_repaired *repaired_out);
