/* JetIntersectIndexes: the bookmarks that index ranges have in common, as a temporary table. */
#include "api/api_list.h"

#include "api/api_private.h"
#include "base/alloc.h"
#include "table/table_intersect.h"

enum { RANGES_MAX = 256 };

/* Without key columns the rows keep the order of insertion, whatever the length of the bookmarks. */
static const ese_api_list_column list_columns[] = {{JET_coltypLongBinary, 0}};

static JET_ERR
find_cursors(ese_api_session *session, const JET_INDEXRANGE *ranges, uint32_t n,
             ese_table_cursor **cursors)
{
    for (uint32_t i = 0; i < n; i++) {
        JET_ERR err;

        if (ranges[i].cbStruct != sizeof ranges[i])
            return ese_raise(JET_errInvalidParameter, "JET_INDEXRANGE of %u bytes",
                             (unsigned)ranges[i].cbStruct);
        if (ranges[i].grbit != JET_bitRecordInIndex)
            return ese_raise(JET_errInvalidGrbit, "records not in a range are not found");
        for (uint32_t k = 0; k < i; k++) {
            if (ranges[k].tableid == ranges[i].tableid)
                return ese_raise(JET_errInvalidParameter, "a cursor has one range only");
        }
        err = ese_api_sync_cursor(session, ranges[i].tableid, &cursors[i]);
        if (err < JET_errSuccess)
            return err;
    }
    return JET_errSuccess;
}

static JET_ERR
add_bookmark(void *self, ese_bytes bookmark)
{
    const ese_api_list_value value = {bookmark.data, (uint32_t)bookmark.size, NULL};

    return ese_api_list_add(self, &value, 1, ESE_API_TEXT_A);
}

static JET_ERR
list_common(ese_api_session *session, ese_table_cursor *const *cursors, uint32_t n,
            JET_RECORDLIST *answer_out)
{
    JET_RECORDLIST answer = {.cbStruct = sizeof answer};
    ese_api_list list = {0};
    const ese_table_bookmarks_ops ops = {&list, add_bookmark};
    size_t limit = ese_api__cache_limit(ese_api_session_instance(session));
    JET_ERR err;

    ESE_TRY(ese_api_list_begin(session, list_columns, 1, ESE_API_TEXT_A, &answer.columnidBookmark,
                               &list));
    ESE_TRY(ese_table_intersect(cursors, n, limit, &ops));
    answer.cRecord = list.n_rows;
    ESE_TRY(ese_api_list_finish(&list, &answer.tableid));
    *answer_out = answer;
out:
    ese_api_list_cancel(&list);
    return err;
}

static JET_ERR
intersect(ese_api_session *session, const JET_INDEXRANGE *ranges, uint32_t n,
          JET_RECORDLIST *answer_out)
{
    ese_table_cursor *cursors[RANGES_MAX];
    JET_ERR err;

    if (ranges == NULL || n == 0 || n > RANGES_MAX || answer_out == NULL ||
        answer_out->cbStruct != sizeof *answer_out)
        return ese_raise(JET_errInvalidParameter, "1 to %d ranges and a place for the result",
                         RANGES_MAX);
    ESE_TRY(find_cursors(session, ranges, n, cursors));
    ESE_TRY(list_common(session, cursors, n, answer_out));
out:
    return err;
}

JET_ERR JET_API
JetIntersectIndexes(JET_SESID sesid, JET_INDEXRANGE *rgindexrange, uint32_t cindexrange,
                    JET_RECORDLIST *precordlist, JET_GRBIT grbit)
{
    ese_api_session *session;
    JET_ERR err = ese_api_enter(sesid, ESE_API_ORDINARY, &session);

    (void)grbit; /* reserved */
    if (err >= JET_errSuccess)
        err = ese_api_leave(session, intersect(session, rgindexrange, cindexrange, precordlist));
    return err;
}
