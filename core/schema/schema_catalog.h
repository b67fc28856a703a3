/* Changing rows of the catalog, for the files of this folder that change the schema. */
#pragma once

#include "schema/schema_ddl.h"
#include "schema/schema_private.h"

/* Where and as what rows are changed. */
typedef struct ese_schema__place {
    ese_txn_session *session; /* in a transaction */
    ese_schema *schema;
    ese_btree_how how; /* UNVERSIONED in a fresh database only */
} ese_schema__place;

/* JET_errKeyDuplicate: the name is taken, by somebody whom the session need not see. */
JET_ERR ese_schema__insert_row(const ese_schema__place *at, const ese_schema__row *row);

/* `by` has the same table, type and id. JET_errKeyDuplicate as above, JET_errWriteConflict. */
JET_ERR ese_schema__replace_row(const ese_schema__place *at, const ese_schema__row *row,
                                const ese_schema__row *by);
JET_ERR ese_schema__delete_row(const ese_schema__place *at, const ese_schema__row *row);

/* A row with its bytes; do not copy. */
typedef struct ese_schema__row_copy {
    ese_schema__row row;
    uint8_t bytes[ESE_SCHEMA__ROW_MAX];
} ese_schema__row_copy;

/* The row with the table, type and id of `wanted`. JET_errCatalogCorrupted: there is none. */
JET_ERR ese_schema__read_row(const ese_schema__place *at, const ese_schema__row *wanted,
                             ese_schema__row_copy *copy_out);

/* The entry of the table, secondary index or long-value tree `row` is about in the table of objects. */
JET_ERR ese_schema__insert_object(const ese_schema__place *at, const ese_schema__row *row);
JET_ERR ese_schema__delete_object(const ese_schema__place *at, uint32_t objid);

/* One more index sorts text by this version of a locale: MSysLocales, catalog specification 6.2. */
JET_ERR ese_schema__count_locale(const ese_schema__place *at, const ese_schema__row *index);
JET_ERR ese_schema__insert_locale_version(const ese_schema__place *at, const char *key,
                                          uint8_t type, uint32_t value);

/* Space hints as the catalog stores them, fields from `first_field` on (schema_build.c reads them); returns the size, 0 = all zero. */
enum { ESE_SCHEMA__HINTS_MAX = 1 + 7 * 4 };
size_t ese_schema__hints_encode(const JET_SPACEHINTS *hints, unsigned first_field,
                                uint8_t to[ESE_SCHEMA__HINTS_MAX]);

/* A name as the catalog stores it. */
typedef struct ese_schema__name {
    uint8_t bytes[ESE_SCHEMA_NAME_MAX];
    size_t size;
} ese_schema__name;

/* Checks it, too: JET_errInvalidName. */
JET_ERR ese_schema__name_make(const char *name, ese_schema__name *name_out);

static inline ese_bytes
ese_schema__name_bytes(const ese_schema__name *name)
{
    return (ese_bytes){name->bytes, name->size};
}

/* 0 becomes the default; JET_errDensityInvalid. */
JET_ERR ese_schema__density_make(uint32_t density, uint32_t *density_out);

/* Pages of the first extent of a tree; at least 1. */
uint32_t ese_schema__initial_pages(const ese_schema *schema, uint32_t n_pages,
                                   const JET_SPACEHINTS *hints);
