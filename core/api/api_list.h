/* Temporary tables for the files of this folder: those of a caller, and lists as results. */
#pragma once

#include "api/api_cursor.h"

typedef struct ese_table_temp_options ese_table_temp_options;

/* Opens a temporary table within the limits of the instance; fills in the limits of `options`. */
JET_ERR ese_api_open_temporary(ese_api_session *session, ese_table_temp_options *options,
                               JET_COLUMNID *columnids_out, ese_table_cursor **cursor_out);

/* A list that is being made: a temporary table, still without a handle. */
typedef struct ese_api_list {
    ese_api_session *session;
    ese_table_cursor *cursor;
    const JET_COLUMNID *columnids;
    uint32_t n_rows;
} ese_api_list;

/* A column of a list; key columns sort it. */
typedef struct ese_api_list_column {
    JET_COLTYP coltyp;
    JET_GRBIT grbit; /* JET_bitColumnTTKey */
} ese_api_list_column;

/* Names are UTF-8 in the answers of A functions and UTF-16 in those of W functions, in lists too. */
typedef enum ese_api_text_form { ESE_API_TEXT_A, ESE_API_TEXT_W } ese_api_text_form;

enum { ESE_API_LIST_COLUMNS_MAX = 16 };

/* Begins a list whose column ids go to columnids_out, which stays with the list. */
JET_ERR ese_api_list_begin(ese_api_session *session, const ese_api_list_column *columns, uint32_t n,
                           ese_api_text_form form, JET_COLUMNID *columnids_out,
                           ese_api_list *list_out);

/* A value of a row; data NULL: the column stays NULL. */
typedef struct ese_api_list_value {
    const void *data;
    uint32_t size;
    const char *text; /* UTF-8, instead of data */
} ese_api_list_value;

JET_ERR ese_api_list_add(ese_api_list *list, const ese_api_list_value *values, uint32_t n,
                         ese_api_text_form form);

/* Stands on the first row and gives the list its handle. */
JET_ERR ese_api_list_finish(ese_api_list *list, JET_TABLEID *tableid_out);

/* Gives up a list that was not finished; nothing for one that was. */
void ese_api_list_cancel(ese_api_list *list);
