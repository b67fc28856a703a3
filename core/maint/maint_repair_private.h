/* What the files of the repair share. */
#pragma once

#include "maint/maint_private.h"
#include "maint/maint_repair.h"

typedef enum ese_maint__kind {
    ESE_MAINT__OTHER = 0, /* unreadable, empty, of a space tree or a secondary index */
    ESE_MAINT__LEAF = 1,
    ESE_MAINT__INNER = 2,
    ESE_MAINT__ROOT = 4, /* beside one of the two */
} ese_maint__kind;

/* What the scan keeps of a page. */
typedef struct ese_maint__note {
    uint32_t objid;
    ese_pgno parent;     /* a page that names it as its child, 0 none */
    ese_pgno prev, next; /* of a leaf */
    uint8_t kind;        /* ese_maint__kind */
} ese_maint__note;

/* The copy that is being mended. */
typedef struct ese_maint__mend {
    ese_os_file *file;
    uint32_t page_size;
    ese_pgno n_pages; /* of the source */
    ese_pgno last;    /* page of the copy: new ones follow */
    const ese_maint__note *notes;
    const ese_maint_watcher *watcher; /* or NULL */
    ese_maint_repaired *repaired;
} ese_maint__mend;

/* Reads a page of the copy that was good when it was scanned. */
JET_ERR ese_maint__mend_read(const ese_maint__mend *mend, ese_pgno pgno, uint8_t *bytes);
JET_ERR ese_maint__mend_write(const ese_maint__mend *mend, ese_page_mut *page);

/* Does a chain of pages lead from a root to this one? */
bool ese_maint__mend_reaches(const ese_maint__note *notes, ese_pgno pgno);

/* Of a leaf that nothing leads to: is it one that is missed? Not one that its neighbours, who can be read, do not know: it was removed. */
bool ese_maint__mend_misses(const ese_maint__mend *mend, ese_pgno pgno);

/* maint_repair_leaves.c: the leaves of a tree in the order of their keys, and none that overlaps another. */
enum { ESE_MAINT__KEY_HEAD = 24 };

typedef struct ese_maint__leaf {
    ese_pgno pgno;
    uint8_t n; /* bytes of `head` */
    uint8_t head[ESE_MAINT__KEY_HEAD];
} ese_maint__leaf;

typedef struct ese_maint__leaves {
    ese_maint__leaf *leaves;
    uint32_t n;
    uint64_t dbtime; /* the newest of them */
    uint32_t flags;  /* of the first of them */
} ese_maint__leaves;

JET_ERR ese_maint__mend_leaves(ese_maint__mend *mend, uint32_t objid,
                               ese_maint__leaves *leaves_out);

/* maint_repair_build.c: links them, and writes the pages above them up to a new root. */
JET_ERR ese_maint__mend_build(ese_maint__mend *mend, const ese_btree *tree,
                              const ese_maint__leaves *leaves);
