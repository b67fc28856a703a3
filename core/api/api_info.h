/* What the information functions on objects, tables, columns and indexes share. */
#pragma once

#include "api/api_list.h"

/* Where an answer goes. */
typedef struct ese_api_answer {
    void *to;
    uint32_t room;
    ese_api_text_form form;
} ese_api_answer;

/* JET_errBufferTooSmall when there is less room; JET_errInvalidParameter when there is none at all. */
JET_ERR ese_api_answer_check(const ese_api_answer *answer, size_t size);

/* Copies all of a structure or number. */
JET_ERR ese_api_answer_give(const ese_api_answer *answer, const void *from, size_t size);

/* UTF-8 text with its terminator, as UTF-8 or UTF-16. */
JET_ERR ese_api_answer_give_text(const ese_api_answer *answer, const char *utf8);

/* The table a question is about. */
typedef struct ese_api_subject {
    ese_api_session *session;
    ese_schema *schema;
    const ese_schema_table *table;
    ese_table_cursor *cursor; /* NULL: the table was given by name */
} ese_api_subject;

typedef JET_ERR ese_api_subject_work(const ese_api_subject *subject, void *arguments);

/* Enters, finds the table of the cursor (JET_errIllegalOperation for a temporary one), runs `work`, leaves. */
JET_ERR ese_api_on_table(JET_SESID sesid, JET_TABLEID tableid, ese_api_subject_work *work,
                         void *arguments);

/* The same for a table by name. JET_errInvalidParameter: no name, JET_errInvalidName, JET_errObjectNotFound. */
JET_ERR ese_api_on_named_table(JET_SESID sesid, JET_DBID dbid, const char *name,
                               ese_api_subject_work *work, void *arguments);

/* Pages that belong to a table, and how many of them are free. */
typedef struct ese_api_space {
    uint32_t n_owned, n_available;
    uint32_t n_owned_extents, n_available_extents;
} ese_api_space;

/*
 * Space of a table with its indexes and long values: their pages come out of those of the table, which owns them all, while
 * each tree keeps free pages of its own.
 */
JET_ERR ese_api_space_of_table(const ese_schema_table *table, ese_api_space *space_out);

/* Numbers and names of locales: api_locale.c. */

/* JET_errInvalidLanguageId: a locale whose order of text is not the one made here. */
JET_ERR ese_api_locale_check(uint32_t lcid);
JET_ERR ese_api_locale_check_name(const char16_t *name); /* NULL and "" are the invariant locale */

/* Name of a locale; "" for the invariant one, and for a language without a country. JET_errInvalidLanguageId. */
JET_ERR ese_api_locale_name(uint32_t lcid, const char **name_out);

/* Flags of LCMapString as the key codec wants them, 0 = none given. JET_errInvalidLCMapStringFlags. */
JET_ERR ese_api_locale_flags(uint32_t given, uint32_t *flags_out);

/* LCID of a locale name, 0 when it is not known. */
uint32_t ese_api_locale_number(const char *name);

/* JET_IdxInfoCreateIndex and its successors: api_info_create.c. */
JET_ERR ese_api_info_create_index(const ese_schema_index *index, uint32_t level,
                                  const ese_api_answer *answer);

/* Locale of an index as a number. */
uint32_t ese_api_info_lcid(const ese_schema_index *index);
