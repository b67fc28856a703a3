/*
 * The temporary database of an instance: trees that do not fit into memory. A file without a header, a log or a name; it goes with the instance, or with the process.
 *
 * The file is made when the first tree is wanted.
 */
#pragma once

#include "btree/btree_space.h"

typedef struct ese_btree_temp ese_btree_temp;

typedef struct ese_btree_temp_options {
    ese_cache *cache;
    ese_txn_store *store;
    const char *path; /* of the file (UTF-8), or of the folder it is made in; copied */
    uint32_t page_size;
} ese_btree_temp_options;

/* Touches no disk. Cache and store outlive it. */
JET_ERR ese_btree_temp_create(const ese_btree_temp_options *options, ese_btree_temp **temp_out);

/* No tree of it is in use. NULL is fine; clears the pointer. */
void ese_btree_temp_destroy(ese_btree_temp **temp_inout);

/*
 * The database, for ese_btree_create in its root (page 1). Any thread. The errors of creating a file, JET_errDiskFull, JET_errOutOfMemory: then the next call tries again.
 */
JET_ERR ese_btree_temp_db(ese_btree_temp *temp, ese_btree_db **db_out);
