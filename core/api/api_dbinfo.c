/* JetGetDatabaseInfo and JetGetDatabaseFileInfo: what the header and the space trees of a database tell. */
#include "api/api_database.h"

#include "page/page_space.h"

#include <stddef.h>

enum {
    CODE_PAGE = 1252,
    LCID_EN_US = 1033,
    COUNTRY_USA = 1,
    OWNED_ROOT = 2,
    AVAILABLE_ROOT = 3,
    ROOT_OBJID = 1
};

/* ---- JET_DBINFOMISC ---- */

/* Which bytes of the stored header a field of JET_DBINFOMISC4 is; the smaller structures are its beginnings. */
typedef struct field {
    uint16_t to;
    uint16_t from;
    uint16_t size;
} field;

#define FIELD(member, from)                                                                        \
    {                                                                                              \
        offsetof(JET_DBINFOMISC4, member), from, sizeof((JET_DBINFOMISC4 *)0)->member              \
    }

static const field fields[] = {
    FIELD(ulVersion, 8),
    FIELD(ulUpdate, 232),
    FIELD(signDb, 24),
    FIELD(dbstate, 52),
    FIELD(lgposConsistent, 56),
    FIELD(logtimeConsistent, 64),
    FIELD(logtimeAttach, 72),
    FIELD(lgposAttach, 80),
    FIELD(logtimeDetach, 88),
    FIELD(lgposDetach, 96),
    FIELD(signLog, 108),
    FIELD(bkinfoFullPrev, 136),
    FIELD(bkinfoIncPrev, 160),
    FIELD(bkinfoFullCur, 184),
    FIELD(dwMajorVersion, 216),
    FIELD(dwMinorVersion, 220),
    FIELD(dwBuildNumber, 224),
    FIELD(lSPNumber, 228),
    FIELD(genMinRequired, 296),
    FIELD(genMaxRequired, 300),
    FIELD(logtimeGenMaxCreate, 348),
    FIELD(ulRepairCount, 240),
    FIELD(logtimeRepair, 244),
    FIELD(ulRepairCountOld, 364),
    FIELD(ulECCFixSuccess, 368),
    FIELD(logtimeECCFixSuccess, 372),
    FIELD(ulECCFixSuccessOld, 380),
    FIELD(ulECCFixFail, 384),
    FIELD(logtimeECCFixFail, 388),
    FIELD(ulECCFixFailOld, 396),
    FIELD(ulBadChecksum, 400),
    FIELD(logtimeBadChecksum, 404),
    FIELD(ulBadChecksumOld, 412),
    FIELD(genCommitted, 416),
    FIELD(bkinfoCopyPrev, 420),
    FIELD(bkinfoDiffPrev, 444),
};

enum { DBFLAG_SHADOWING_DISABLED = 1, DBFLAG_UPGRADE = 2 };

static JET_ERR
wrong_size(uint32_t room)
{
    return ese_raise(JET_errInvalidBufferSize, "%u bytes do not fit this level", (unsigned)room);
}

static JET_ERR
give_misc(const ese_api_header *header, void *to, uint32_t room)
{
    JET_DBINFOMISC4 misc = {0};

    if (room != sizeof(JET_DBINFOMISC) && room != sizeof(JET_DBINFOMISC2) &&
        room != sizeof(JET_DBINFOMISC3) && room != sizeof(JET_DBINFOMISC4))
        return wrong_size(room);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        memcpy((uint8_t *)&misc + fields[i].to, header->raw + fields[i].from, fields[i].size);
    misc.fShadowingDisabled = (header->fields.flags & DBFLAG_SHADOWING_DISABLED) != 0;
    misc.fUpgradeDb = (header->fields.flags & DBFLAG_UPGRADE) != 0;
    misc.cbPageSize = header->fields.page_size;
    memcpy(to, &misc, room);
    return JET_errSuccess;
}

/* ---- Answers ---- */

static JET_ERR
give_number(uint32_t value, void *to, uint32_t room)
{
    if (room != sizeof value)
        return wrong_size(room);
    memcpy(to, &value, sizeof value);
    return JET_errSuccess;
}

static JET_ERR
give_size(uint64_t value, void *to, uint32_t room)
{
    if (room != sizeof value)
        return wrong_size(room);
    memcpy(to, &value, sizeof value);
    return JET_errSuccess;
}

static JET_ERR
too_small(uint32_t room)
{
    return ese_raise(JET_errBufferTooSmall, "%u bytes are too few", (unsigned)room);
}

JET_ERR
ese_api_extent_at(const ese_btree_cursor *cursor, ese_page_extent *extent_out)
{
    JET_ERR err = ese_page_extent_decode(&cursor->node, extent_out);

    if (err < JET_errSuccess)
        err = ese_raise(err, "%s: page %u: %s", ese_cache_path(cursor->tree->file),
                        (unsigned)cursor->page->page.pgno, ese_err_text(err));
    return err;
}

/* Sum of the extents of a space tree. */
static JET_ERR
count_space(const ese_api_database *database, ese_pgno root, uint32_t *count_out)
{
    ese_btree tree = {.file = database->pages,
                      .root = root,
                      .objid = ROOT_OBJID,
                      .kind = ESE_PAGE_SPACE,
                      .is_unique = true};
    ese_btree_cursor cursor = {0};
    uint32_t count = 0;
    bool found = false;
    JET_ERR err;

    ese_btree_cursor_init(&cursor, &tree, NULL);
    ESE_TRY(ese_btree_first(&cursor, &found));
    while (found) {
        ese_page_extent extent;

        ESE_TRY(ese_api_extent_at(&cursor, &extent));
        count += extent.count;
        ESE_TRY(ese_btree_next(&cursor, &found));
    }
    *count_out = count;
out:
    ese_btree_cursor_reset(&cursor);
    return err;
}

/* The same while others change the space trees. */
static JET_ERR
count_changing_space(const ese_api_database *database, ese_pgno root, uint32_t *count_out)
{
    ese_pgno n_pages = 0, n_free = 0;
    JET_ERR err = ese_btree_db_size(database->trees, &n_pages, &n_free);

    if (err >= JET_errSuccess)
        *count_out = root == OWNED_ROOT ? n_pages : n_free;
    return err;
}

static JET_ERR
give_space(const ese_api_database *database, ese_pgno root, void *to, uint32_t room)
{
    uint32_t count = 0;
    JET_ERR err;

    if (room != sizeof count)
        return wrong_size(room);
    if (database->trees != NULL)
        err = count_changing_space(database, root, &count);
    else
        err = count_space(database, root, &count);
    return err < JET_errSuccess ? err : give_number(count, to, room);
}

/* The answers that are a number, the same for every database or from the header. */
static JET_ERR
give_level(ese_api_database *database, void *to, uint32_t room, uint32_t level)
{
    ese_api_header header;

    switch (level) {
    case JET_DbInfoConnect:
        if (room == 0)
            return too_small(room);
        *(char *)to = '\0';
        return JET_errSuccess;
    case JET_DbInfoCountry: return give_number(COUNTRY_USA, to, room);
    case JET_DbInfoLCID: return give_number(LCID_EN_US, to, room);
    case JET_DbInfoCp: return give_number(CODE_PAGE, to, room);
    case JET_DbInfoCollate:
    case JET_DbInfoOptions: return give_number(0, to, room);
    case JET_DbInfoTransactions: return give_number(ESE_TXN_LEVEL_MAX, to, room);
    case JET_DbInfoVersion: return give_number(database->header.fields.version, to, room);
    case JET_DbInfoFilesize: /* in pages, unlike that of a file */
        return give_size(ese_os_file_size(database->file) / database->header.fields.page_size, to,
                         room);
    case JET_DbInfoSpaceOwned: return give_space(database, OWNED_ROOT, to, room);
    case JET_DbInfoSpaceAvailable: return give_space(database, AVAILABLE_ROOT, to, room);
    case JET_DbInfoMisc:
        ese_api_database_header_copy(database, &header);
        return give_misc(&header, to, room);
    case JET_DbInfoPageSize:
        return room != 4 ? too_small(room)
                         : give_number(database->header.fields.page_size, to, room);
    default:
        return ese_raise(JET_errInvalidParameter,
                         "level %u does not exist for an attached database", (unsigned)level);
    }
}

/* ---- JetGetDatabaseInfo ---- */

static JET_ERR
check_target(const void *to, uint32_t room)
{
    if (to == NULL && room != 0)
        return ese_raise(JET_errInvalidParameter, "no place for the answer");
    return JET_errSuccess;
}

JET_ERR
JetGetDatabaseInfoA(JET_SESID sesid, JET_DBID dbid, void *pvResult, uint32_t cbMax,
                    uint32_t InfoLevel)
{
    ese_api_session *session;
    ese_api_database *database = NULL;
    JET_ERR err = ese_api_enter(sesid, ESE_API_ORDINARY, &session);

    if (err < JET_errSuccess)
        return err;
    ESE_TRY(check_target(pvResult, cbMax));
    ESE_TRY(ese_api_find_database(session, dbid, &database));
    if (InfoLevel == JET_DbInfoFilename) {
        const char *path = database->full_path;
        size_t size = strlen(path) + 1;

        if (size > cbMax)
            ESE_TRY(too_small(cbMax));
        memcpy(pvResult, path, size);
    } else {
        ESE_TRY(give_level(database, pvResult, cbMax, InfoLevel));
    }
out:
    return ese_api_leave(session, err);
}

JET_ERR
JetGetDatabaseInfoW(JET_SESID sesid, JET_DBID dbid, void *pvResult, uint32_t cbMax,
                    uint32_t InfoLevel)
{
    ese_api_session *session;
    ese_api_database *database = NULL;
    JET_ERR err;

    if (InfoLevel != JET_DbInfoFilename)
        return JetGetDatabaseInfoA(sesid, dbid, pvResult, cbMax, InfoLevel);
    err = ese_api_enter(sesid, ESE_API_ORDINARY, &session);
    if (err < JET_errSuccess)
        return err;
    ESE_TRY(check_target(pvResult, cbMax));
    ESE_TRY(ese_api_find_database(session, dbid, &database));
    ESE_TRY(ese_api_give_wide(database->full_path, pvResult, cbMax));
out:
    return ese_api_leave(session, err);
}

/* ---- JetGetDatabaseFileInfo ---- */

static JET_ERR
give_file_level(ese_os_file *file, void *to, uint32_t room, uint32_t level)
{
    ese_api_header header;
    JET_ERR err;

    if (level == JET_DbInfoFilesize || level == JET_DbInfoFilesizeOnDisk)
        return give_size(ese_os_file_size(file), to, room);
    err = ese_api_header_read(file, &header);
    if (err == JET_errDatabaseCorrupted) /* this function calls it so */
        err = ese_raise(JET_errReadVerifyFailure, "%s", ese_err_text(err));
    if (err < JET_errSuccess)
        return err;
    switch (level) {
    case JET_DbInfoMisc: return give_misc(&header, to, room);
    case JET_DbInfoPageSize: return give_number(header.fields.page_size, to, room);
    default:
        return give_number(header.fields.file_type != 0 ? header.fields.file_type
                                                        : JET_filetypeDatabase,
                           to, room);
    }
}

static bool
is_file_level(uint32_t level)
{
    return level == JET_DbInfoFilesize || level == JET_DbInfoFilesizeOnDisk ||
           level == JET_DbInfoMisc || level == JET_DbInfoPageSize || level == JET_DbInfoFileType;
}

JET_ERR
JetGetDatabaseFileInfoA(JET_PCSTR szDatabaseName, void *pvResult, uint32_t cbMax,
                        uint32_t InfoLevel)
{
    ese_os_file *file = NULL;
    JET_ERR err;

    if (szDatabaseName == NULL || pvResult == NULL)
        return ese_raise(JET_errInvalidParameter, "a file and a place for the answer are needed");
    if (InfoLevel == JET_DbInfoDBInUse)
        return wrong_size(cbMax);
    if (!is_file_level(InfoLevel))
        return ese_raise(JET_errInvalidParameter, "level %u does not exist for a file",
                         (unsigned)InfoLevel);
    ESE_TRY(ese_os_file_open(szDatabaseName, &file));
    ESE_TRY(give_file_level(file, pvResult, cbMax, InfoLevel));
out:
    ese_os_file_close(&file);
    return err;
}

JET_ERR
JetGetDatabaseFileInfoW(JET_PCWSTR szDatabaseName, void *pvResult, uint32_t cbMax,
                        uint32_t InfoLevel)
{
    char *path = NULL;
    JET_ERR err = ese_api_utf8_from_wide(szDatabaseName, &path);

    if (err >= JET_errSuccess)
        err = JetGetDatabaseFileInfoA(path, pvResult, cbMax, InfoLevel);
    ese_free(&path);
    return err;
}
