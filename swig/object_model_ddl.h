/*
 * Changing a schema: tables, columns and indexes from plain values. What describes an index here is what ese_model_list_indexes
 * gives, so an index can be made as another one is.
 */
#pragma once

#include "object_model.h"

/* A column to make. What is 0 is as the engine likes it. */
typedef struct ese_model_column_spec {
    char name[ESE_MODEL_NAME_MAX];
    JET_COLTYP coltyp;
    uint32_t cp;
    uint32_t size_max;
    JET_GRBIT grbit;
    ese_model_value default_value; /* borrowed; NULL for none */
} ese_model_column_spec;

typedef struct ese_model_table_spec {
    const char *name;
    const char *template_name; /* NULL or empty for none */
    uint32_t n_pages;          /* to begin with */
    uint32_t density;          /* percent of a page that is filled before the next is begun */
    JET_GRBIT grbit;           /* JET_bitTableCreate... */
} ese_model_table_spec;

/* A table with its columns and indexes, all or nothing. */
JET_ERR ese_model_create_table(ese_model_database *database, const ese_model_table_spec *table,
                               const ese_model_column_spec *columns, uint32_t n_columns,
                               const ese_model_index_info *indexes, uint32_t n_indexes);
JET_ERR ese_model_delete_table(ese_model_database *database, const char *table);
JET_ERR ese_model_rename_table(ese_model_database *database, const char *table,
                               const char *new_name);

/* Columns and indexes of the table of a cursor. */
JET_ERR ese_model_add_column(ese_model_cursor *cursor, const ese_model_column_spec *column);
JET_ERR ese_model_delete_column(ese_model_cursor *cursor, const char *column);
JET_ERR ese_model_rename_column(ese_model_cursor *cursor, const char *column, const char *new_name);
JET_ERR ese_model_create_index(ese_model_cursor *cursor, const ese_model_index_info *index);
JET_ERR ese_model_delete_index(ese_model_cursor *cursor, const char *index);
