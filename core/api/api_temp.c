/* JetOpenTempTable, JetOpenTemporaryTable and their variants: four ways to say the same. */
#include "api/api_info.h"

#include "table/table_temp.h"

enum {
    LCID_DEFAULT = 1033, /* en-US */
};

/* What all variants come down to. */
typedef struct request {
    const JET_COLUMNDEF *columns;
    uint32_t n_columns;
    uint32_t lcid;
    uint32_t map_flags;
    JET_GRBIT grbit;
    uint32_t key_most;
    uint32_t var_seg_mac;
    JET_TABLEID *tableid;
    JET_COLUMNID *columnids;
} request;

static JET_ERR
open_temporary(ese_api_session *session, const request *asked)
{
    ese_table_temp_options options = {
        .columns = asked->columns,
        .n_columns = asked->n_columns,
        .grbit = asked->grbit,
        .key_most = asked->key_most,
        .var_seg_mac = asked->var_seg_mac,
    };
    ese_table_cursor *cursor = NULL;
    JET_ERR err;

    if (asked->columns == NULL || asked->n_columns == 0 || asked->tableid == NULL ||
        asked->columnids == NULL)
        return ese_raise(JET_errInvalidParameter, "columns and places for the results are needed");
    ESE_TRY(ese_api_locale_check(asked->lcid));
    ESE_TRY(ese_api_locale_flags(asked->map_flags, &options.lcmap_flags));
    if (options.lcmap_flags == 0)
        options.lcmap_flags = ESE_TABLE_LCMAP_DEFAULT;
    ESE_TRY(ese_api_open_temporary(session, &options, asked->columnids, &cursor));
    ESE_TRY(ese_api_publish_cursor(session, cursor, asked->tableid));
out:
    return err;
}

static JET_ERR
enter_and_open(JET_SESID sesid, const request *asked)
{
    ese_api_session *session;
    JET_ERR err = ese_api_enter(sesid, ESE_API_ORDINARY, &session);

    if (err >= JET_errSuccess)
        err = ese_api_leave(session, open_temporary(session, asked));
    return err;
}

JET_ERR JET_API
JetOpenTempTable2(JET_SESID sesid, const JET_COLUMNDEF *prgcolumndef, uint32_t ccolumn,
                  uint32_t lcid, JET_GRBIT grbit, JET_TABLEID *ptableid, JET_COLUMNID *prgcolumnid)
{
    const request asked = {
        .columns = prgcolumndef,
        .n_columns = ccolumn,
        .lcid = lcid == 0 ? LCID_DEFAULT : lcid,
        .grbit = grbit,
        .tableid = ptableid,
        .columnids = prgcolumnid,
    };

    return enter_and_open(sesid, &asked);
}

JET_ERR JET_API
JetOpenTempTable(JET_SESID sesid, const JET_COLUMNDEF *prgcolumndef, uint32_t ccolumn,
                 JET_GRBIT grbit, JET_TABLEID *ptableid, JET_COLUMNID *prgcolumnid)
{
    return JetOpenTempTable2(sesid, prgcolumndef, ccolumn, 0, grbit, ptableid, prgcolumnid);
}

JET_ERR JET_API
JetOpenTempTable3(JET_SESID sesid, const JET_COLUMNDEF *prgcolumndef, uint32_t ccolumn,
                  JET_UNICODEINDEX *pidxunicode, JET_GRBIT grbit, JET_TABLEID *ptableid,
                  JET_COLUMNID *prgcolumnid)
{
    const request asked = {
        .columns = prgcolumndef,
        .n_columns = ccolumn,
        .lcid = pidxunicode == NULL ? LCID_DEFAULT : pidxunicode->lcid,
        .map_flags = pidxunicode == NULL ? 0 : pidxunicode->dwMapFlags,
        .grbit = grbit,
        .tableid = ptableid,
        .columnids = prgcolumnid,
    };

    return enter_and_open(sesid, &asked);
}

JET_ERR JET_API
JetOpenTemporaryTable(JET_SESID sesid, JET_OPENTEMPORARYTABLE *popentemporarytable)
{
    const JET_OPENTEMPORARYTABLE *open = popentemporarytable;
    request asked;

    if (open == NULL || open->cbStruct != sizeof *open)
        return ese_raise(JET_errInvalidParameter, "no JET_OPENTEMPORARYTABLE");
    asked = (request){
        .columns = open->prgcolumndef,
        .n_columns = open->ccolumn,
        .lcid = open->pidxunicode == NULL ? LCID_DEFAULT : open->pidxunicode->lcid,
        .map_flags = open->pidxunicode == NULL ? 0 : open->pidxunicode->dwMapFlags,
        .grbit = open->grbit,
        .key_most = open->cbKeyMost,
        .var_seg_mac = open->cbVarSegMac,
        .tableid = &popentemporarytable->tableid,
        .columnids = open->prgcolumnid,
    };
    return enter_and_open(sesid, &asked);
}

JET_ERR JET_API
JetOpenTemporaryTable2(JET_SESID sesid, JET_OPENTEMPORARYTABLE2 *popentemporarytable)
{
    const JET_OPENTEMPORARYTABLE2 *open = popentemporarytable;
    request asked;
    JET_ERR err = JET_errSuccess;

    if (open == NULL || open->cbStruct != sizeof *open)
        return ese_raise(JET_errInvalidParameter, "no JET_OPENTEMPORARYTABLE2");
    if (open->pidxunicode != NULL)
        err = ese_api_locale_check_name(open->pidxunicode->szLocaleName);
    if (err < JET_errSuccess)
        return err;
    asked = (request){
        .columns = open->prgcolumndef,
        .n_columns = open->ccolumn,
        .lcid = LCID_DEFAULT,
        .map_flags = open->pidxunicode == NULL ? 0 : open->pidxunicode->dwMapFlags,
        .grbit = open->grbit,
        .key_most = open->cbKeyMost,
        .var_seg_mac = open->cbVarSegMac,
        .tableid = &popentemporarytable->tableid,
        .columnids = open->prgcolumnid,
    };
    return enter_and_open(sesid, &asked);
}
