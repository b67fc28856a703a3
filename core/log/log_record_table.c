/*
 * The layout of every record type: log specification, sections 5 and 6.
 *
 * INV-1  Fields stand in the order of their bytes and leave no gap; the size of a part stands before the part.
 */
#include "log/log_record_private.h"

#define TO(member)    offsetof(ese_log_entry, member)
#define WIDTH(member) sizeof(((ese_log_entry *)0)->member)
#define FIELD(name, kind, member)                                                                  \
    {                                                                                              \
        name, ESE_LOG__##kind, WIDTH(member), TO(member)                                           \
    }
#define SIZE(kind, member)                                                                         \
    {                                                                                              \
        NULL, ESE_LOG__##kind, 0, TO(member)                                                       \
    }
#define PART(name, member)                                                                         \
    {                                                                                              \
        name, ESE_LOG__PART, 0, TO(member)                                                         \
    }
#define TEXT(name, member)                                                                         \
    {                                                                                              \
        name, ESE_LOG__TEXT, 0, TO(member)                                                         \
    }
#define PATH                                                                                       \
    {                                                                                              \
        "path", ESE_LOG__PATH, 0, TO(u.db.path)                                                    \
    }
#define LENGTH                                                                                     \
    {                                                                                              \
        NULL, ESE_LOG__LENGTH, 0, 0                                                                \
    }
#define REST(name)                                                                                 \
    {                                                                                              \
        name, ESE_LOG__REST, 0, TO(data)                                                           \
    }
#define RAW(name, width, member)                                                                   \
    {                                                                                              \
        name, ESE_LOG__RAW, width, TO(member)                                                      \
    }
#define PROCID     FIELD("procid", NUMBER, procid)
#define DBID       FIELD("dbid", NUMBER, dbid)
#define PGNO(name) FIELD(name, NUMBER, pgno)

const ese_log__field ese_log__page_head[ESE_LOG__N_PAGE_HEAD] = {
    PROCID,
    DBID,
    PGNO("pgno"),
    FIELD("dbtime", DBTIME, dbtime),
    FIELD("dbtimeBefore", DBTIME, dbtime_before),
    FIELD("trxBegin0", NUMBER, trx),
    FIELD("level", NUMBER, level),
    FIELD("line", NUMBER, line),
    FIELD("flags", FLAGS, flags),
};

const ese_log__field ese_log__node_head[ESE_LOG__N_NODE_HEAD] = {
    FIELD("rceid", NUMBER, rceid),
    FIELD("root", NUMBER, root),
    FIELD("objid", NUMBER, objid),
};

/* ---- nodes */

static const ese_log__field insert[] = {
    SIZE(SIZE16, key),      SIZE(SIZE16, prefix), SIZE(SIZE16, data),
    PART("prefix", prefix), PART("suffix", key),  PART("data", data),
};
static const ese_log__field flag_insert[] = {
    SIZE(SIZE16, key),
    SIZE(SIZE16, data),
    PART("key", key),
    PART("data", data),
};
static const ese_log__field flag_insert_replace[] = {
    SIZE(SIZE16, key), SIZE(SIZE16, data), FIELD("rceidReplace", NUMBER, u.node.rceid_replace),
    PART("key", key),  PART("data", data),
};
static const ese_log__field replace[] = {
    SIZE(SIZE16, data),
    FIELD("oldSize", NUMBER, u.node.old_size),
    FIELD("newSize", NUMBER, u.node.new_size),
    PART("data", data),
};
static const ese_log__field replace_diff[] = {
    SIZE(SIZE_DIFF, data),
    FIELD("oldSize", NUMBER, u.node.old_size),
    FIELD("newSize", NUMBER, u.node.new_size),
    PART("diff", data),
};
static const ese_log__field undo_info[] = {
    SIZE(SIZE16, key),
    SIZE(SIZE16, key_data),
    FIELD("oper", NUMBER, oper),
    FIELD("sizeMax", NUMBER, u.node.size_max),
    FIELD("sizeDelta", SIGNED, u.node.size_delta),
    SIZE(SIZE16, data),
    PART("key", key),
    PART("keyData", key_data),
    PART("before", data),
};
static const ese_log__field delta[] = {
    SIZE(SIZE16, key),
    SIZE(SIZE16, key_data),
    FIELD("delta", SIGNED, u.node.delta),
    FIELD("offset", NUMBER, u.node.offset),
    PART("key", key),
    PART("keyData", key_data),
};
static const ese_log__field delta64[] = {
    SIZE(SIZE16, key),
    SIZE(SIZE16, key_data),
    FIELD("delta", SIGNED, u.node.delta64),
    FIELD("offset", NUMBER, u.node.offset),
    PART("key", key),
    PART("keyData", key_data),
};
static const ese_log__field undo[] = {
    SIZE(SIZE16, key),
    SIZE(SIZE16, key_data),
    FIELD("oper", NUMBER, oper),
    FIELD("undoLevel", NUMBER, u.node.undo_level),
    PART("key", key),
    PART("keyData", key_data),
};
static const ese_log__field external_header[] = {SIZE(SIZE16, data), PART("data", data)};
static const ese_log__field scrub[] = {
    FIELD("scrubFlags", FLAGS, u.node.scrub_flags),
    FIELD("count", NUMBER, u.node.scrub_count),
    SIZE(SIZE16, data),
    PART("operations", data),
};

/* ---- trees, splits, merges, moves */

static const ese_log__field create_multiple[] = {
    FIELD("objid", NUMBER, objid),
    FIELD("oe", NUMBER, u.tree.oe),
    FIELD("ae", NUMBER, u.tree.ae),
    FIELD("parent", NUMBER, u.tree.parent),
    FIELD("pages", NUMBER, u.tree.n_primary),
    FIELD("pageFlags", FLAGS, u.tree.page_flags),
};
static const ese_log__field create_single[] = {
    FIELD("objid", NUMBER, objid),
    FIELD("parent", NUMBER, u.tree.parent),
    FIELD("pages", NUMBER, u.tree.n_primary),
    FIELD("pageFlags", FLAGS, u.tree.page_flags),
};
static const ese_log__field convert[] = {
    FIELD("objid", NUMBER, objid),
    FIELD("oe", NUMBER, u.tree.oe),
    FIELD("ae", NUMBER, u.tree.ae),
    FIELD("parent", NUMBER, u.tree.parent),
    FIELD("secondaryFirst", NUMBER, u.tree.secondary_first),
    FIELD("pages", NUMBER, u.tree.n_primary),
    FIELD("secondaryPages", NUMBER, u.tree.n_secondary),
    FIELD("free", FLAGS, u.tree.free_bits),
    FIELD("pageFlags", FLAGS, u.tree.page_flags),
};
static const ese_log__field free_tree[] = {
    LENGTH,
    DBID,
    FIELD("root", NUMBER, root),
    FIELD("trxCommitted", NUMBER, trx),
    FIELD("what", NUMBER, u.tree.what),
    REST("rest"),
};
static const ese_log__field split[] = {
    FIELD("newPage", NUMBER, u.split.new_page),
    FIELD("right", NUMBER, u.split.right),
    FIELD("rightBefore", DBTIME, u.split.right_before),
    FIELD("parent", NUMBER, u.split.parent),
    FIELD("parentBefore", DBTIME, u.split.parent_before),
    FIELD("root", NUMBER, root),
    FIELD("objid", NUMBER, objid),
    FIELD("splitType", NUMBER, u.split.type),
    FIELD("splitOper", NUMBER, u.split.oper),
    FIELD("lineOper", NUMBER, u.split.line_oper),
    FIELD("lineSplit", NUMBER, u.split.line_split),
    FIELD("lines", NUMBER, u.split.n_lines),
    FIELD("newPageFlags", FLAGS, u.split.new_page_flags),
    FIELD("pageFlags", FLAGS, u.split.page_flags),
    FIELD("uncommitted", SIGNED, u.split.uncommitted),
    FIELD("newUncommitted", SIGNED, u.split.new_uncommitted),
    FIELD("linePrefix", SIGNED, u.split.line_prefix),
    FIELD("newLinePrefix", SIGNED, u.split.new_line_prefix),
    SIZE(SIZE16, u.split.prefix_old),
    SIZE(SIZE16, u.split.prefix_new),
    SIZE(SIZE16, u.split.separator),
    FIELD("imageFlags", FLAGS, u.split.flags),
    SIZE(SIZE32, u.split.image),
    PART("separator", u.split.separator),
    PART("prefixOld", u.split.prefix_old),
    PART("prefixNew", u.split.prefix_new),
    PART("image", u.split.image),
};
static const ese_log__field merge[] = {
    FIELD("right", NUMBER, u.merge.right),
    FIELD("rightBefore", DBTIME, u.merge.right_before),
    FIELD("left", NUMBER, u.merge.left),
    FIELD("leftBefore", DBTIME, u.merge.left_before),
    FIELD("parent", NUMBER, u.merge.parent),
    FIELD("parentBefore", DBTIME, u.merge.parent_before),
    FIELD("root", NUMBER, root),
    FIELD("objid", NUMBER, objid),
    FIELD("sizeTotal", NUMBER, u.merge.size_total),
    FIELD("sizeMaxTotal", NUMBER, u.merge.size_max_total),
    FIELD("uncommitted", NUMBER, u.merge.uncommitted),
    FIELD("lineMerge", NUMBER, u.merge.line),
    FIELD("what", FLAGS, u.merge.what),
    FIELD("mergeType", NUMBER, u.merge.type),
    SIZE(SIZE16, u.merge.separator),
    FIELD("imageFlags", FLAGS, u.merge.flags),
    SIZE(SIZE32, u.merge.image),
    PART("separator", u.merge.separator),
    PART("image", u.merge.image),
};
static const ese_log__field empty_tree[] = {SIZE(SIZE16, data), PART("pages", data)};
static const ese_log__field page_move[] = {
    FIELD("target", NUMBER, u.move.target),
    FIELD("left", NUMBER, u.move.left),
    FIELD("right", NUMBER, u.move.right),
    FIELD("parent", NUMBER, u.move.parent),
    FIELD("leftBefore", DBTIME, u.move.left_before),
    FIELD("rightBefore", DBTIME, u.move.right_before),
    FIELD("parentBefore", DBTIME, u.move.parent_before),
    FIELD("root", NUMBER, root),
    FIELD("objid", NUMBER, objid),
    FIELD("parentLine", SIGNED, u.move.parent_line),
    FIELD("moveFlags", FLAGS, u.move.flags),
    SIZE(SIZE32, u.move.head),
    SIZE(SIZE32, u.move.tail),
    PART("head", u.move.head),
    PART("tail", u.move.tail),
};
static const ese_log__field root_page_move[] = {
    FIELD("dbtime", DBTIME, dbtime),
    DBID,
    FIELD("objid", NUMBER, objid),
    PROCID,
};
static const ese_log__field new_page[] = {
    PROCID, DBID, PGNO("pgno"), FIELD("objid", NUMBER, objid), FIELD("dbtime", DBTIME, dbtime),
};

/* ---- transactions and macros */

static const ese_log__field levels[] = {PROCID, FIELD("levels", FLAGS, levels)};
static const ese_log__field levels_trx[] = {
    PROCID,
    FIELD("levels", FLAGS, levels),
    FIELD("trx", NUMBER, trx),
};
static const ese_log__field refresh[] = {PROCID, FIELD("trx", NUMBER, trx)};
static const ese_log__field macro[] = {PROCID, FIELD("dbtime", DBTIME, dbtime)};
static const ese_log__field macro_info[] = {LENGTH, REST("pages")};
static const ese_log__field macro_info2[] = {
    LENGTH,
    DBID,
    FIELD("count", NUMBER, total),
    REST("pages"),
};
static const ese_log__field commit_context[] = {
    LENGTH,
    PROCID,
    FIELD("flags", FLAGS, flags),
    REST("context"),
};

/* ---- databases */

static const ese_log__field create_db[] = {
    PROCID,
    DBID,
    FIELD("grbit", FLAGS, u.db.grbit),
    FIELD("pagesMax", NUMBER, u.db.n_pages_max),
    FIELD("signDb", SIGNATURE, u.db.sign_db),
    SIZE(SIZE16, u.db.path),
    FIELD("flags", FLAGS, u.db.flags),
    FIELD("version", IF_VERSION, u.db.version),
    FIELD("updateMajor", IF_VERSION, u.db.update_major),
    PATH,
};
static const ese_log__field attach_db[] = {
    PROCID,
    DBID,
    FIELD("pagesMax", NUMBER, u.db.n_pages_max),
    FIELD("consistent", LGPOS, u.db.consistent),
    FIELD("signDb", SIGNATURE, u.db.sign_db),
    FIELD("signLog", SIGNATURE, u.db.sign_log),
    SIZE(SIZE16, u.db.path),
    FIELD("flags", FLAGS, u.db.flags),
    PATH,
};
static const ese_log__field detach_db[] = {
    PROCID, DBID, SIZE(SIZE16, u.db.path), FIELD("flags", FLAGS, u.db.flags), PATH,
};
static const ese_log__field create_db_finish[] = {PROCID, DBID};
static const ese_log__field signal_attach[] = {DBID};
static const ese_log__field set_db_version[] = {
    DBID,
    FIELD("major", NUMBER, u.db.set_major),
    FIELD("updateMajor", NUMBER, u.db.set_update_major),
    FIELD("updateMinor", NUMBER, u.db.set_update_minor),
};
static const ese_log__field reattach[] = {
    LENGTH,
    DBID,
    FIELD("attach", LGPOS, u.db.attach),
    FIELD("consistent", LGPOS, u.db.consistent),
    FIELD("signDb", SIGNATURE, u.db.sign_db),
    REST("rest"),
};
static const ese_log__field extend_db[] = {LENGTH, DBID, PGNO("pgnoLast"), REST("rest")};
static const ese_log__field shrink_db[] = {
    DBID,
    PGNO("pgnoLast"),
    FIELD("pages", NUMBER, u.extent.n_pages),
};
static const ese_log__field shrink_db3[] = {
    DBID,
    PGNO("pgnoLast"),
    FIELD("pages", NUMBER, u.extent.n_pages),
    FIELD("dbtime", DBTIME, dbtime),
};
static const ese_log__field trim_db[] = {
    DBID,
    PGNO("pgnoFirst"),
    FIELD("pages", NUMBER, u.extent.n_pages),
};
static const ese_log__field extent_freed[] = {
    DBID,
    PGNO("pgnoFirst"),
    FIELD("pages", NUMBER, u.extent.n_pages),
    FIELD("flags", FLAGS, u.extent.flags),
};
static const ese_log__field extent_freed2[] = {
    DBID,
    PGNO("pgnoFirst"),
    FIELD("pages", NUMBER, u.extent.n_pages),
    FIELD("flags", FLAGS, u.extent.flags),
    FIELD("dbtime", DBTIME, dbtime),
};
static const ese_log__field page_patch[] = {
    DBID,
    PGNO("pgno"),
    FIELD("dbtime", DBTIME, dbtime),
    RAW("reserved", 32, reserved),
};
static const ese_log__field scan_check[] = {
    LENGTH,
    DBID,
    PGNO("pgno"),
    FIELD("dbtimePage", DBTIME, u.scan.dbtime_page),
    FIELD("dbtimeCurrent", DBTIME, u.scan.dbtime_current),
    FIELD("copy0", DBTIME, u.scan.copies[0]),
    FIELD("copy1", DBTIME, u.scan.copies[1]),
    FIELD("checksum", FLAGS, u.scan.checksum16),
    REST("rest"),
};
static const ese_log__field scan_check2[] = {
    DBID,
    PGNO("pgno"),
    FIELD("flags", FLAGS, u.scan.flags),
    FIELD("dbtimePage", DBTIME, u.scan.dbtime_page),
    FIELD("dbtimeCurrent", DBTIME, u.scan.dbtime_current),
    FIELD("checksum", FLAGS, u.scan.checksum),
};

/* ---- the engine */

static const ese_log__field init[] = {RAW("params", ESE_LOG_PARAMS_SIZE, u.run.params)};
static const ese_log__field init2[] = {
    RAW("params", ESE_LOG_PARAMS_SIZE, u.run.params),
    FIELD("time", TIME, u.run.time),
};
static const ese_log__field quit[] = {
    FIELD("position", LGPOS, u.run.position),
    FIELD("redoFrom", LGPOS, u.run.redo_from),
    FIELD("hard", NUMBER, u.run.is_hard),
};
static const ese_log__field quit2[] = {
    FIELD("position", LGPOS, u.run.position),
    FIELD("redoFrom", LGPOS, u.run.redo_from),
    FIELD("hard", NUMBER, u.run.is_hard),
    FIELD("time", TIME, u.run.time),
};
static const ese_log__field recovery_undo2[] = {FIELD("time", TIME, u.run.time)};
static const ese_log__field trace[] = {PROCID, SIZE(SIZE16, data), TEXT("text", data)};
static const ese_log__field text[] = {SIZE(SIZE16, data), TEXT("text", data)};
static const ese_log__field procid[] = {PROCID};
static const ese_log__field jet_op[] = {PROCID, FIELD("oper", NUMBER, flags)};
static const ese_log__field backup[] = {
    RAW("reserved", 2, reserved),
    SIZE(SIZE16, data),
    PART("content", data),
};
static const ese_log__field backup2[] = {
    FIELD("phase", NUMBER, u.backup.phase),
    FIELD("kind", NUMBER, u.backup.kind),
    FIELD("scope", NUMBER, u.backup.scope),
    DBID,
    FIELD("backup", MARK, u.backup.mark),
    FIELD("reserved", FLAGS, u.backup.reserved),
    SIZE(SIZE16, u.backup.path),
    PART("path", u.backup.path),
};
static const ese_log__field ignored[] = {LENGTH, REST("content")};
static const ese_log__field nop2[] = {LENGTH, REST("fill")};
static const ese_log__field fragment_begin[] = {
    FIELD("total", NUMBER, total),
    SIZE(SIZE16, data),
    PART("piece", data),
};
static const ese_log__field fragment[] = {SIZE(SIZE16, data), PART("piece", data)};
static const ese_log__field ms[] = {RAW("content", 8, reserved)};
static const ese_log__field convert_old[] = {RAW("content", 59, reserved)};
static const ese_log__field begin_dt[] = {RAW("content", 7, reserved)};
static const ese_log__field prep_commit[] = {
    RAW("procid", 2, reserved),
    SIZE(SIZE32, data),
    PART("content", data),
};
static const ese_log__field prep_rollback[] = {RAW("procid", 2, reserved)};
static const ese_log__field checksum[] = {
    FIELD("backwards", NUMBER, u.checksum.n_backwards),
    FIELD("forwards", NUMBER, u.checksum.n_forwards),
    FIELD("next", NUMBER, u.checksum.n_next),
    FIELD("checksum", FLAGS, u.checksum.checksum),
    FIELD("checksumShort", FLAGS, u.checksum.checksum_short),
    FIELD("useShort", FLAGS, u.checksum.use_short),
};

/* ---- all types */

#define N(fields) (uint8_t)(sizeof(fields) / sizeof(fields)[0])
#define KNOWN(name, class, head, fields)                                                           \
    {                                                                                              \
        name, ESE_LOG_CLASS_##class, ESE_LOG__HEAD_##head, true, N(fields), fields, JET_errSuccess \
    }
#define BARE(name, class, head)                                                                    \
    {                                                                                              \
        name, ESE_LOG_CLASS_##class, ESE_LOG__HEAD_##head, true, 0, NULL, JET_errSuccess           \
    }
#define REFUSED(name, fields, err)                                                                 \
    {                                                                                              \
        name, ESE_LOG_CLASS_REFUSED, ESE_LOG__HEAD_NONE, true, N(fields), fields, err              \
    }
#define OPAQUE(name, err)                                                                          \
    {                                                                                              \
        name, ESE_LOG_CLASS_REFUSED, ESE_LOG__HEAD_NONE, false, 0, NULL, err                       \
    }

const ese_log__format ese_log__formats[ESE_LOG_TYPE_COUNT] = {
    [ESE_LOG_NOP] = BARE("NOP", FILL, NONE),
    [ESE_LOG_INIT] = KNOWN("Init", RUN, NONE, init),
    [ESE_LOG_TERM] = KNOWN("Term", RUN, NONE, quit),
    [ESE_LOG_MS] = KNOWN("MS", INFO, NONE, ms),
    [ESE_LOG_END] = BARE("End", FILL, NONE),
    [ESE_LOG_BEGIN] = KNOWN("Begin", TRX, NONE, levels),
    [ESE_LOG_COMMIT] = KNOWN("Commit", TRX, NONE, levels),
    [ESE_LOG_ROLLBACK] = KNOWN("Rollback", TRX, NONE, levels),
    [ESE_LOG_BEGIN0] = KNOWN("Begin0", TRX, NONE, levels_trx),
    [ESE_LOG_COMMIT0] = KNOWN("Commit0", TRX, NONE, levels_trx),
    [ESE_LOG_REFRESH] = KNOWN("Refresh", TRX, NONE, refresh),
    [ESE_LOG_MACRO_BEGIN] = KNOWN("MacroBegin", MACRO, NONE, macro),
    [ESE_LOG_MACRO_COMMIT] = KNOWN("MacroCommit", MACRO, NONE, macro),
    [ESE_LOG_MACRO_ABORT] = KNOWN("MacroAbort", MACRO, NONE, macro),
    [ESE_LOG_CREATE_DB] = KNOWN("CreateDB", DATABASE, NONE, create_db),
    [ESE_LOG_ATTACH_DB] = KNOWN("AttachDB", DATABASE, NONE, attach_db),
    [ESE_LOG_DETACH_DB] = KNOWN("DetachDB", DATABASE, NONE, detach_db),
    [ESE_LOG_RECOVERY_UNDO] = BARE("RecoveryUndo", RUN, NONE),
    [ESE_LOG_RECOVERY_QUIT] = KNOWN("RecoveryQuit", RUN, NONE, quit),
    [ESE_LOG_FULL_BACKUP] = KNOWN("FullBackup", INFO, NONE, text),
    [ESE_LOG_INC_BACKUP] = KNOWN("IncBackup", INFO, NONE, text),
    [ESE_LOG_JET_OP] = KNOWN("JetOp", INFO, NONE, jet_op),
    [ESE_LOG_TRACE] = KNOWN("Trace", INFO, NONE, trace),
    [ESE_LOG_SHUT_DOWN_MARK] = BARE("ShutDownMark", RUN, NONE),
    [ESE_LOG_CREATE_MULTIPLE] = KNOWN("CreateMultipleExtentFDP", PAGE, PAGE, create_multiple),
    [ESE_LOG_CREATE_SINGLE] = KNOWN("CreateSingleExtentFDP", PAGE, PAGE, create_single),
    [ESE_LOG_CONVERT_OLD] = REFUSED("ConvertFDP", convert_old, JET_errBadLogVersion),
    [ESE_LOG_SPLIT_OLD] = OPAQUE("Split", JET_errBadLogVersion),
    [ESE_LOG_MERGE_OLD] = OPAQUE("Merge", JET_errBadLogVersion),
    [ESE_LOG_INSERT] = KNOWN("Insert", PAGE, NODE, insert),
    [ESE_LOG_FLAG_INSERT] = KNOWN("FlagInsert", PAGE, NODE, flag_insert),
    [ESE_LOG_FLAG_INSERT_REPLACE] =
        KNOWN("FlagInsertAndReplaceData", PAGE, NODE, flag_insert_replace),
    [ESE_LOG_FLAG_DELETE] = BARE("FlagDelete", PAGE, NODE),
    [ESE_LOG_REPLACE] = KNOWN("Replace", PAGE, NODE, replace),
    [ESE_LOG_REPLACE_DIFF] = KNOWN("ReplaceD", PAGE, NODE, replace_diff),
    [ESE_LOG_DELETE] = BARE("Delete", PAGE, NODE),
    [ESE_LOG_UNDO_INFO] = KNOWN("UndoInfo", VERSION, NODE, undo_info),
    [ESE_LOG_DELTA] = KNOWN("Delta", PAGE, NODE, delta),
    [ESE_LOG_SET_EXTERNAL_HEADER] = KNOWN("SetExternalHeader", PAGE, NODE, external_header),
    [ESE_LOG_UNDO] = KNOWN("Undo", PAGE, NODE, undo),
    [40] = OPAQUE("Obsolete", JET_errBadLogVersion),
    [41] = OPAQUE("Obsolete", JET_errBadLogVersion),
    [ESE_LOG_CHECKSUM] = KNOWN("Checksum", FILL, NONE, checksum),
    [43] = OPAQUE("Obsolete", JET_errBadLogVersion),
    [44] = OPAQUE("Obsolete", JET_errBadLogVersion),
    [ESE_LOG_EXT_RESTORE] = KNOWN("ExtRestore", INFO, NONE, text),
    [ESE_LOG_BACKUP] = KNOWN("Backup", INFO, NONE, backup),
    [47] = OPAQUE("Obsolete", JET_errBadLogVersion),
    [ESE_LOG_EMPTY_TREE] = KNOWN("EmptyTree", PAGE, NODE, empty_tree),
    [ESE_LOG_INIT2] = KNOWN("Init2", RUN, NONE, init2),
    [ESE_LOG_TERM2] = KNOWN("Term2", RUN, NONE, quit2),
    [ESE_LOG_RECOVERY_UNDO2] = KNOWN("RecoveryUndo2", RUN, NONE, recovery_undo2),
    [ESE_LOG_RECOVERY_QUIT2] = KNOWN("RecoveryQuit2", RUN, NONE, quit2),
    [ESE_LOG_BEGIN_DT] = REFUSED("BeginDT", begin_dt, JET_errLogCorrupted),
    [ESE_LOG_PREP_COMMIT] = REFUSED("PrepCommit", prep_commit, JET_errLogCorrupted),
    [ESE_LOG_PREP_ROLLBACK] = REFUSED("PrepRollback", prep_rollback, JET_errLogCorrupted),
    [56] = OPAQUE("Obsolete", JET_errBadLogVersion),
    [ESE_LOG_FORCE_WRITE] = KNOWN("ForceWriteLog", INFO, NONE, procid),
    [ESE_LOG_CONVERT] = KNOWN("ConvertFDP2", PAGE, PAGE, convert),
    [ESE_LOG_EXT_RESTORE2] = KNOWN("ExtRestore2", INFO, NONE, text),
    [ESE_LOG_BACKUP2] = KNOWN("Backup2", INFO, NONE, backup2),
    [ESE_LOG_FORCE_ROLLOVER] = KNOWN("ForceLogRollover", INFO, NONE, trace),
    [ESE_LOG_SPLIT] = KNOWN("Split2", PAGE, PAGE, split),
    [ESE_LOG_MERGE] = KNOWN("Merge2", PAGE, PAGE, merge),
    [ESE_LOG_SCRUB] = KNOWN("Scrub", PAGE, NODE, scrub),
    [ESE_LOG_PAGE_MOVE] = KNOWN("PageMove", PAGE, PAGE, page_move),
    [ESE_LOG_PAGE_PATCH_REQUEST] = KNOWN("PagePatchRequest", INFO, NONE, page_patch),
    [ESE_LOG_MACRO_INFO] = KNOWN("MacroInfo", INFO, NONE, macro_info),
    [ESE_LOG_EXTEND_DB] = KNOWN("ExtendDB", DATABASE, NONE, extend_db),
    [ESE_LOG_COMMIT_CONTEXT] = KNOWN("CommitCtx", INFO, NONE, commit_context),
    [ESE_LOG_SCAN_CHECK] = KNOWN("ScanCheck", INFO, NONE, scan_check),
    [ESE_LOG_NOP2] = KNOWN("NOP2", FILL, NONE, nop2),
    [ESE_LOG_REATTACH] = KNOWN("ReAttach", INFO, NONE, reattach),
    [ESE_LOG_MACRO_INFO2] = KNOWN("MacroInfo2", INFO, NONE, macro_info2),
    [ESE_LOG_FREE_TREE] = KNOWN("FreeFDP", INFO, NONE, free_tree),
    [ESE_LOG_IGNORED9] = KNOWN("Ignored9", INFO, NONE, ignored),
    [ESE_LOG_FRAGMENT_BEGIN] = KNOWN("FragmentBegin", FILL, NONE, fragment_begin),
    [ESE_LOG_FRAGMENT] = KNOWN("Fragment", FILL, NONE, fragment),
    [ESE_LOG_SHRINK_DB] = KNOWN("ShrinkDB", DATABASE, NONE, shrink_db),
    [ESE_LOG_CREATE_DB_FINISH] = KNOWN("CreateDBFinish", DATABASE, NONE, create_db_finish),
    [ESE_LOG_RECOVERY_QUIT_KEEP] = KNOWN("RecoveryQuitKeepAttachments", RUN, NONE, quit2),
    [ESE_LOG_TRIM_DB] = KNOWN("TrimDB", DATABASE, NONE, trim_db),
    [ESE_LOG_IGNORED10] = KNOWN("Ignored10", INFO, NONE, ignored),
    [83] = KNOWN("Ignored11", INFO, NONE, ignored),
    [84] = KNOWN("Ignored12", INFO, NONE, ignored),
    [85] = KNOWN("Ignored13", INFO, NONE, ignored),
    [86] = KNOWN("Ignored14", INFO, NONE, ignored),
    [87] = KNOWN("Ignored15", INFO, NONE, ignored),
    [88] = KNOWN("Ignored16", INFO, NONE, ignored),
    [89] = KNOWN("Ignored17", INFO, NONE, ignored),
    [90] = KNOWN("Ignored18", INFO, NONE, ignored),
    [ESE_LOG_IGNORED19] = KNOWN("Ignored19", INFO, NONE, ignored),
    [ESE_LOG_SET_DB_VERSION] = KNOWN("SetDbVersion", DATABASE, NONE, set_db_version),
    [ESE_LOG_DELTA64] = KNOWN("Delta64", PAGE, NODE, delta64),
    [ESE_LOG_SHRINK_DB2] = KNOWN("ShrinkDB2", DATABASE, NONE, shrink_db),
    [ESE_LOG_NEW_PAGE] = KNOWN("NewPage", PAGE, NONE, new_page),
    [ESE_LOG_ROOT_PAGE_MOVE] = KNOWN("RootPageMove", PAGE, NONE, root_page_move),
    [ESE_LOG_SIGNAL_ATTACH] = KNOWN("SignalAttachDb", INFO, NONE, signal_attach),
    [ESE_LOG_SCAN_CHECK2] = KNOWN("ScanCheck2", INFO, NONE, scan_check2),
    [ESE_LOG_SHRINK_DB3] = KNOWN("ShrinkDB3", DATABASE, NONE, shrink_db3),
    [ESE_LOG_EXTENT_FREED] = KNOWN("ExtentFreed", INFO, NONE, extent_freed),
    [ESE_LOG_EXTENT_FREED2] = KNOWN("ExtentFreed2", INFO, NONE, extent_freed2),
};

unsigned
ese_log__list_fields(const ese_log__format *format,
                     const ese_log__field *fields_out[ESE_LOG__FIELDS_MAX])
{
    unsigned n = 0;

    if (format->head != ESE_LOG__HEAD_NONE) {
        for (unsigned i = 0; i < ESE_LOG__N_PAGE_HEAD; i++)
            fields_out[n++] = &ese_log__page_head[i];
    }
    if (format->head == ESE_LOG__HEAD_NODE) {
        for (unsigned i = 0; i < ESE_LOG__N_NODE_HEAD; i++)
            fields_out[n++] = &ese_log__node_head[i];
    }
    for (unsigned i = 0; i < format->n_fields; i++)
        fields_out[n++] = &format->fields[i];
    return n;
}
