/* What types of records are, and which pages a record is about. */
#include "log/log_record_private.h"

enum { LISTED_PAGE_SIZE = 16 };

const char *
ese_log_record_name(ese_log_type type)
{
    return (unsigned)type < ESE_LOG_TYPE_COUNT ? ese_log__formats[type].name : NULL;
}

ese_log_class
ese_log_record_class(ese_log_type type)
{
    if (ese_log_record_name(type) == NULL)
        return ESE_LOG_CLASS_UNKNOWN;
    return (ese_log_class)ese_log__formats[type].class;
}

JET_ERR
ese_log_record_refusal(ese_log_type type)
{
    if (ese_log_record_name(type) == NULL)
        return JET_errLogFileCorrupt;
    return ese_log__formats[type].refusal;
}

bool
ese_log_record_is_page(ese_log_type type)
{
    return ese_log_record_name(type) != NULL && ese_log__formats[type].head != ESE_LOG__HEAD_NONE;
}

/* ---- pages */

unsigned
ese_log_empty_tree_count(const ese_log_entry *entry)
{
    return entry->type == ESE_LOG_EMPTY_TREE ? (unsigned)(entry->data.size / LISTED_PAGE_SIZE) : 0;
}

ese_log_listed_page
ese_log_empty_tree_page(const ese_log_entry *entry, unsigned index)
{
    const uint8_t *at = entry->data.data + (size_t)index * LISTED_PAGE_SIZE;

    return (ese_log_listed_page){
        .dbtime_before = ese_load_le64(at),
        .pgno = ese_load_le32(at + 8),
        .flags = ese_load_le32(at + 12),
    };
}

static bool
is_in_list(ese_bytes list, ese_pgno pgno)
{
    for (size_t at = 0; at + 4 <= list.size; at += 4) {
        if (ese_load_le32(list.data + at) == pgno)
            return true;
    }
    return false;
}

static bool
is_in_extent(const ese_log_entry *entry, ese_pgno pgno)
{
    return pgno >= entry->pgno && pgno - entry->pgno < entry->u.extent.n_pages;
}

static bool
is_in_empty_tree(const ese_log_entry *entry, ese_pgno pgno)
{
    for (unsigned i = 0; i < ese_log_empty_tree_count(entry); i++) {
        if (ese_log_empty_tree_page(entry, i).pgno == pgno)
            return true;
    }
    return false;
}

bool
ese_log_record_touches(const ese_log_entry *entry, ese_pgno pgno)
{
    if (entry->pgno == pgno && pgno != 0)
        return true;
    switch (entry->type) {
    case ESE_LOG_CREATE_MULTIPLE:
    case ESE_LOG_CONVERT: return entry->u.tree.oe == pgno || entry->u.tree.ae == pgno;
    case ESE_LOG_SPLIT:
        return entry->u.split.new_page == pgno || entry->u.split.right == pgno ||
               entry->u.split.parent == pgno;
    case ESE_LOG_MERGE:
        return entry->u.merge.left == pgno || entry->u.merge.right == pgno ||
               entry->u.merge.parent == pgno;
    case ESE_LOG_PAGE_MOVE:
        return entry->u.move.target == pgno || entry->u.move.left == pgno ||
               entry->u.move.right == pgno || entry->u.move.parent == pgno;
    case ESE_LOG_EMPTY_TREE: return is_in_empty_tree(entry, pgno);
    case ESE_LOG_MACRO_INFO:
    case ESE_LOG_MACRO_INFO2: return is_in_list(entry->data, pgno);
    case ESE_LOG_TRIM_DB:
    case ESE_LOG_EXTENT_FREED:
    case ESE_LOG_EXTENT_FREED2: return is_in_extent(entry, pgno);
    case ESE_LOG_FREE_TREE: return entry->root == pgno;
    default: return false;
    }
}
