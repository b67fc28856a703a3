/* JetCompact: what its files share. They work through the public functions, in a session of their own. */
#pragma once

#include "api/api_private.h"

enum {
    ESE_API__COMPACT_PIECE = 1 << 20, /* longer values go from file to file in pieces */
    ESE_API__COMPACT_NAME = 4 * JET_cbNameMost + 1 /* room for a name */
};

typedef struct ese_api__compaction {
    JET_SESID sesid;
    JET_DBID from, to;
    uint8_t *piece; /* ESE_API__COMPACT_PIECE bytes */
    bool counts_bytes;
    void *self;
    /* So much of the table on its way is done. An error ends the work. */
    JET_ERR (*progress)(void *self, uint64_t part, uint64_t whole);
} ese_api__compaction;

/* What went into the new table. */
typedef struct ese_api__compacted {
    uint64_t n_rows;
    uint64_t n_bytes,
        n_long_bytes; /* with counts_bytes: of records, and of long values beside them */
} ese_api__compacted;

/* A list that the API has made, row by row; closes it. */
JET_ERR ese_api__compact_each(JET_SESID sesid, JET_TABLEID list, void *self,
                              JET_ERR (*visit)(void *self));

/* A table with its columns, indexes and records; `flags` are JET_bitObject... of the list of objects. */
JET_ERR ese_api__compact_table(ese_api__compaction *c, const char *name, JET_GRBIT flags,
                               ese_api__compacted *compacted_out);

/* A table on its way. */
typedef struct ese_api__compacting {
    ese_api__compaction *c;
    JET_TABLEID from, to; /* JET_tableidNil: not open */
    uint32_t n_columns;
    ese_column_info *columns; /* of the old table */
    JET_COLUMNID *ids;        /* of the same columns in the new one */
    ese_column *values;
    ese_growbuf sets; /* array of JET_SETCOLUMN */
    uint64_t n_bytes; /* in the open transaction */
    ese_api__compacted counts;
} ese_api__compacting;

/* api_compact_rows.c: the records, in the order they have. */
JET_ERR ese_api__compact_rows(ese_api__compacting *t);
