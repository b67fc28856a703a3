/*
 * The Jet API of the Extensible Storage Engine, for Linux.
 *
 * Source compatible with programs written for the Windows header of this name. Every struct has the
 * layout it has on 64-bit Windows, with fixed-width types: `unsigned long` there is uint32_t here.
 *
 * Text comes in two forms: functions and structs ending in A take UTF-8, those in W take UTF-16.
 * The bare name is the A form, or the W form when JET_UNICODE is defined before this header is
 * included.
 *
 * JET_VERSION hides what is newer than a Windows release: 0x0502 (Server 2003) is the floor, then
 * 0x0600 (Vista), 0x0601 (7), 0x0602 (8), 0x0603 (8.1), 0x0A00 (10). By default all is visible.
 *
 * A result is JET_errSuccess (0), a warning (> 0, the call worked) or an error (< 0). A struct that
 * begins with cbStruct carries its own size there, filled in by the caller.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#if !defined(__cplusplus) && defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#    include <uchar.h>
#endif

#ifndef JET_VERSION
#    define JET_VERSION 0x0A00
#endif

/* The calling convention is the platform's own. */
#define JET_API

#if defined(__GNUC__)
#    define ESE_API     __attribute__((visibility("default")))
#    define ESE_UNNAMED __extension__ /* C99 and C++ lack some of C11's unnamed members */
#else
#    define ESE_API
#    define ESE_UNNAMED
#endif

#ifdef __cplusplus
extern "C" {
#endif

/*
 * ----- Basic types -----
 */

/* Text: bytes of UTF-8, and units of UTF-16. */
#if defined(__cplusplus) || (defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L)
typedef char16_t WCHAR;
#else
typedef uint16_t WCHAR;
#endif
typedef char *JET_PSTR;
typedef const char *JET_PCSTR;
typedef WCHAR *JET_PWSTR;
typedef const WCHAR *JET_PCWSTR;

typedef int32_t JET_ERR;
typedef uint64_t JET_API_PTR; /* an integer or a pointer */

/* Handles. A stale or made-up handle is answered with an error. */
typedef JET_API_PTR JET_HANDLE; /* a file of a backup, or a registered callback */
typedef JET_API_PTR JET_INSTANCE;
typedef JET_API_PTR JET_SESID;
typedef JET_API_PTR JET_TABLEID; /* a cursor */
typedef JET_API_PTR JET_LS;      /* what JetSetLS attaches to a cursor or table */
typedef JET_API_PTR JET_OSSNAPID;
typedef uint32_t JET_DBID;
typedef uint32_t JET_COLUMNID;

typedef uint32_t JET_COLTYP;   /* JET_coltyp... */
typedef uint32_t JET_OBJTYP;   /* JET_objtyp... */
typedef uint32_t JET_GRBIT;    /* options, JET_bit... */
typedef uint32_t JET_CBTYP;    /* JET_cbtyp... */
typedef uint32_t JET_SNP;      /* the work a status report is about, JET_snp... */
typedef uint32_t JET_SNT;      /* the stage of that work, JET_snt... */
typedef double JET_DATESERIAL; /* days since 1899-12-30 */

/* No such object. */
#define JET_instanceNil 0xFFFFFFFFFFFFFFFFu
#define JET_sesidNil    0xFFFFFFFFFFFFFFFFu
#define JET_tableidNil  0xFFFFFFFFFFFFFFFFu
#define JET_LSNil       0xFFFFFFFFFFFFFFFFu
#define JET_dbidNil     0xFFFFFFFFu

#define JET_bitNil      0x00000000u /* no option */

/* Names an index without its text. JetGetTableIndexInfo gives it, JetSetCurrentIndex4 takes it. */
typedef struct JET_INDEXID {
    uint32_t cbStruct;
    uint8_t rgbIndexId[16];
} JET_INDEXID;

/*
 * ----- Limits -----
 */

/* Names and file names. */
#define JET_cbNameMost              64 /* names of tables, columns and indexes */
#define JET_cbFullNameMost          255
#define JET_BASE_NAME_LENGTH        3
#define JET_MAX_COMPUTERNAME_LENGTH 15

/* Columns: counts, and bytes of values. */
#define JET_ccolFixedMost          127 /* fixed columns in a table */
#define JET_ccolKeyMost            16  /* columns in a key */
#define JET_ccolMost               65248
#define JET_ccolTaggedMost         64993 /* tagged columns in a table */
#define JET_ccolVarMost            128   /* variable columns in a table */
#define JET_cbColumnMost           255
#define JET_cbLVDefaultValueMost   255
#define JET_cbColumnLVPageOverhead 82
#define JET_cbLVColumnMost         0x7FFFFFFF /* bytes of one long value */

/* Keys and bookmarks, in bytes. The larger limits depend on the page size. */
#define JET_cbPrimaryKeyMost   255
#define JET_cbSecondaryKeyMost 255
#define JET_cbKeyMost          255
#define JET_cbLimitKeyMost     256
#define JET_cbBookmarkMost     256
#if JET_VERSION >= 0x0600
#    define JET_cbKeyMostMin        255
#    define JET_cbKeyMost2KBytePage 500
#    define JET_cbKeyMost4KBytePage 1000
#    define JET_cbKeyMost8KBytePage 2000
#endif
#if JET_VERSION >= 0x0601
#    define JET_cbKeyMost16KBytePage 2000
#    define JET_cbKeyMost32KBytePage 2000
#    define JET_cbKeyMostMost        2000
#    define JET_cbBookmarkMostMost   2000
#endif

/*
 * ----- Status reports and callbacks -----
 */

/* The work under way. */
#define JET_snpRepair              2
#define JET_snpCompact             4
#define JET_snpRestore             8
#define JET_snpBackup              9
#define JET_snpUpgrade             10
#define JET_snpScrub               11
#define JET_snpUpgradeRecordFormat 12

/* How far it is. */
#define JET_sntProgress     0 /* pv is a JET_SNPROG */
#define JET_sntFail         3
#define JET_sntBegin        5
#define JET_sntComplete     6
#define JET_sntRequirements 7

/* Progress in units of the work at hand. */
typedef struct JET_SNPROG {
    uint32_t cbStruct;
    uint32_t cunitDone;
    uint32_t cunitTotal;
} JET_SNPROG;

/* What a format upgrade would need. */
typedef struct JET_DBINFOUPGRADE {
    uint32_t cbStruct;
    uint32_t cbFilesizeLow;
    uint32_t cbFilesizeHigh;
    uint32_t cbFreeSpaceRequiredLow;
    uint32_t cbFreeSpaceRequiredHigh;
    uint32_t csecToUpgrade;
    ESE_UNNAMED union {
        uint32_t ulFlags;
        ESE_UNNAMED struct {
            uint32_t fUpgradable : 1;
            uint32_t fAlreadyUpgraded : 1;
        };
    };
} JET_DBINFOUPGRADE;

/* Called during long work; a negative result ends it. pv depends on snp and snt. */
typedef JET_ERR(JET_API *JET_PFNSTATUS)(JET_SESID sesid, JET_SNP snp, JET_SNT snt, void *pv);

/* When to call a JET_CALLBACK. */
#define JET_cbtypNull                    0x00000000u
#define JET_cbtypFinalize                0x00000001u
#define JET_cbtypBeforeInsert            0x00000002u
#define JET_cbtypAfterInsert             0x00000004u
#define JET_cbtypBeforeReplace           0x00000008u
#define JET_cbtypAfterReplace            0x00000010u
#define JET_cbtypBeforeDelete            0x00000020u
#define JET_cbtypAfterDelete             0x00000040u
#define JET_cbtypUserDefinedDefaultValue 0x00000080u
#define JET_cbtypOnlineDefragCompleted   0x00000100u
#define JET_cbtypFreeCursorLS            0x00000200u
#define JET_cbtypFreeTableLS             0x00000400u

/* Arguments depend on cbtyp. A negative result makes a "before" operation fail. */
typedef JET_ERR(JET_API *JET_CALLBACK)(JET_SESID sesid, JET_DBID dbid, JET_TABLEID tableid,
                                       JET_CBTYP cbtyp, void *pvArg1, void *pvArg2, void *pvContext,
                                       JET_API_PTR ulUnused);

/*
 * ----- Log positions, times and signatures -----
 */

/* A place in the log: generation (file), sector and byte. */
typedef struct JET_LGPOS {
    uint16_t ib;
    uint16_t isec;
    int32_t lGeneration;
} JET_LGPOS;

/* A moment. bYear counts from 1900, bMonth from 1; all zero means never. */
typedef struct JET_LOGTIME {
    int8_t bSeconds;
    int8_t bMinutes;
    int8_t bHours;
    int8_t bDay;
    int8_t bMonth;
    int8_t bYear;
    ESE_UNNAMED union {
        int8_t bFiller1;
        ESE_UNNAMED struct {
            uint8_t fTimeIsUTC : 1;
            uint8_t bMillisecondsLow : 7;
        };
    };
    ESE_UNNAMED union {
        int8_t bFiller2;
        ESE_UNNAMED struct {
            uint8_t fReserved : 1;
            uint8_t bMillisecondsHigh : 3;
            uint8_t fUnused : 4;
        };
    };
} JET_LOGTIME;

/* The moment of a backup. */
typedef struct JET_BKLOGTIME {
    int8_t bSeconds;
    int8_t bMinutes;
    int8_t bHours;
    int8_t bDay;
    int8_t bMonth;
    int8_t bYear;
    ESE_UNNAMED union {
        int8_t bFiller1;
        ESE_UNNAMED struct {
            uint8_t fTimeIsUTC : 1;
            uint8_t bMillisecondsLow : 7;
        };
    };
    ESE_UNNAMED union {
        int8_t bFiller2;
        ESE_UNNAMED struct {
            uint8_t fOSSnapshot : 1;
            uint8_t bMillisecondsHigh : 3;
            uint8_t fReserved : 4;
        };
    };
} JET_BKLOGTIME;

/* Tells one database, or one sequence of logs, from every other. */
typedef struct JET_SIGNATURE {
    uint32_t ulRandom;
    JET_LOGTIME logtimeCreate;
    char szComputerName[JET_MAX_COMPUTERNAME_LENGTH + 1];
} JET_SIGNATURE;

/* A backup, and the log generations it took. */
typedef struct JET_BKINFO {
    JET_LGPOS lgposMark;
    ESE_UNNAMED union {
        JET_LOGTIME logtimeMark;
        JET_BKLOGTIME bklogtimeMark;
    };
    uint32_t genLow;
    uint32_t genHigh;
} JET_BKINFO;

/*
 * ----- System parameters -----
 */

/* Files and their places. */
#define JET_paramSystemPath                    0
#define JET_paramTempPath                      1
#define JET_paramLogFilePath                   2
#define JET_paramBaseName                      3
#define JET_paramCreatePathIfNotExist          100
#define JET_paramAlternateDatabaseRecoveryPath 113
#define JET_paramDeleteOldLogs                 48
#define JET_paramDeleteOutOfRangeLogs          52
#define JET_paramCleanupMismatchedLogFiles     77
#define JET_paramIgnoreLogVersion              47
#define JET_paramAccessDeniedRetryPeriod       53
#if JET_VERSION >= 0x0600
#    define JET_paramLegacyFileNames 136
#endif

/* Logging and recovery. */
#define JET_paramRecovery            34
#define JET_paramCircularLog         17
#define JET_paramLogFileSize         11
#define JET_paramLogBuffers          12
#define JET_paramLogCheckpointPeriod 14
#define JET_paramLogWaitingUserMax   15
#define JET_paramWaitLogFlush        13
#define JET_paramCommitDefault       16
#define JET_paramLogFileCreateAsynch 69
#define JET_paramCheckpointDepthMax  24
#if JET_VERSION >= 0x0600
#    define JET_paramCheckpointIOMax 135
#endif
#if JET_VERSION >= 0x0601
#    define JET_paramWaypointLatency        153
#    define JET_paramEnableDBScanInRecovery 169
#endif
#if JET_VERSION >= 0x0602
#    define JET_paramDurableCommitCallback 187
#endif

/* How many at once. */
#define JET_paramMaxInstances           104
#define JET_paramMaxSessions            5
#define JET_paramMaxOpenTables          6
#define JET_paramPreferredMaxOpenTables 7
#define JET_paramMaxCursors             8
#define JET_paramMaxTemporaryTables     10
#define JET_paramOneDatabasePerSession  102
#if JET_VERSION >= 0x0600
#    define JET_paramCachedClosedTables 125
#endif

/* Version store. */
#define JET_paramMaxVerPages              9
#define JET_paramPreferredVerPages        63
#define JET_paramGlobalMinVerPages        81
#define JET_paramVersionStoreTaskQueueMax 105
#if JET_VERSION >= 0x0600
#    define JET_paramVerPageSize 128
#endif
#if JET_VERSION >= 0x0602
#    define JET_paramMaxTransactionSize 178
#endif

/* Database pages and keys. */
#define JET_paramDatabasePageSize         64
#define JET_paramDbExtensionSize          18
#define JET_paramPageTempDBMin            19
#define JET_paramPageFragment             20
#define JET_paramZeroDatabaseDuringBackup 71
#define JET_paramCheckFormatWhenOpenFail  44
#define JET_paramRecordUpgradeDirtyLevel  78
#if JET_VERSION >= 0x0600
#    define JET_paramKeyMost   134
#    define JET_paramMaxColtyp 131
#endif
#if JET_VERSION >= 0x0601
#    define JET_paramLVChunkSizeMost 163
#endif
#if JET_VERSION >= 0x0602
#    define JET_paramMinDataForXpress 183
#endif
#if JET_VERSION >= 0x0603
#    define JET_paramEnableShrinkDatabase 184
#endif

/* Page cache. */
#define JET_paramCacheSize              41
#define JET_paramCacheSizeMin           60
#define JET_paramCacheSizeMax           23
#define JET_paramStartFlushThreshold    31
#define JET_paramStopFlushThreshold     32
#define JET_paramLRUKCorrInterval       25
#define JET_paramLRUKHistoryMax         26
#define JET_paramLRUKPolicy             27
#define JET_paramLRUKTimeout            28
#define JET_paramLRUKTrxCorrInterval    29
#define JET_paramEnableBlockCacheDetach 220
#define JET_paramPageHintCacheSize      101
#define JET_paramBatchIOBufferMax       22
#if JET_VERSION >= 0x0600
#    define JET_paramEnableFileCache 126
#    define JET_paramEnableViewCache 127
#endif
#if JET_VERSION >= 0x0602
#    define JET_paramCachePriority 177
#endif

/* Input and output. */
#define JET_paramOutstandingIOMax 30
#define JET_paramIOPriority       152
#if JET_VERSION >= 0x0601
#    define JET_paramIOThrottlingTimeQuanta  162
#    define JET_paramMaxCoalesceReadSize     164
#    define JET_paramMaxCoalesceWriteSize    165
#    define JET_paramMaxCoalesceReadGapSize  166
#    define JET_paramMaxCoalesceWriteGapSize 167
#endif
#if JET_VERSION >= 0x0602
#    define JET_paramPrereadIOMax    179
#    define JET_paramHungIOThreshold 181
#    define JET_paramHungIOActions   182
#endif

/* Indexes. */
#define JET_paramUnicodeIndexDefault       72
#define JET_paramEnableIndexChecking       45
#define JET_paramEnableIndexCleanup        54
#define JET_paramIndexTuplesLengthMin      110
#define JET_paramIndexTuplesLengthMax      111
#define JET_paramIndexTuplesToIndexMax     112
#define JET_paramEnableTempTableVersioning 46
#if JET_VERSION >= 0x0600
#    define JET_paramIndexTupleIncrement 132
#    define JET_paramIndexTupleStart     133
#endif

/* Background work. */
#define JET_paramEnableOnlineDefrag 35
#define JET_paramOSSnapshotTimeout  82
#if JET_VERSION >= 0x0601
#    define JET_paramDefragmentSequentialBTrees                      160
#    define JET_paramDefragmentSequentialBTreesDensityCheckFrequency 161
#    define JET_paramDbScanThrottle                                  170
#    define JET_paramDbScanIntervalMinSec                            171
#    define JET_paramDbScanIntervalMaxSec                            172
#endif
#if JET_VERSION >= 0x0602
#    define JET_paramEnableDBScanSerialization 180
#endif

/* Events, errors, callbacks. */
#define JET_paramEventSource        4
#define JET_paramEventSourceKey     49
#define JET_paramEventLoggingLevel  51
#define JET_paramEventLogCache      99
#define JET_paramNoInformationEvent 50
#define JET_paramErrorToString      70
#define JET_paramExceptionAction    98
#define JET_paramRuntimeCallback    73
#define JET_paramDisableCallbacks   65
#define JET_paramDisablePerfmon     107
#if JET_VERSION >= 0x0600
#    define JET_paramEnablePersistedCallbacks 156
#endif
#if JET_VERSION >= 0x0602
#    define JET_paramProcessFriendlyName 186
#endif
#if JET_VERSION >= 0x0603
#    define JET_paramEnableSqm 188
#endif

/* Parameter sets. */
#define JET_paramMaxValueInvalid 221
#if JET_VERSION >= 0x0600
#    define JET_paramConfiguration  129
#    define JET_paramEnableAdvanced 130
#endif
#if JET_VERSION >= 0x0A00
#    define JET_paramConfigStoreSpec 189
#endif

/* Names for table classes. */
#if JET_VERSION >= 0x0600
#    define JET_paramTableClass1Name  137
#    define JET_paramTableClass2Name  138
#    define JET_paramTableClass3Name  139
#    define JET_paramTableClass4Name  140
#    define JET_paramTableClass5Name  141
#    define JET_paramTableClass6Name  142
#    define JET_paramTableClass7Name  143
#    define JET_paramTableClass8Name  144
#    define JET_paramTableClass9Name  145
#    define JET_paramTableClass10Name 146
#    define JET_paramTableClass11Name 147
#    define JET_paramTableClass12Name 148
#    define JET_paramTableClass13Name 149
#    define JET_paramTableClass14Name 150
#    define JET_paramTableClass15Name 151
#endif

/* Values of JET_paramEventLoggingLevel. */
#define JET_EventLoggingDisable  0
#define JET_EventLoggingLevelMax 100
#if JET_VERSION >= 0x0601
#    define JET_EventLoggingLevelMin    1
#    define JET_EventLoggingLevelLow    25
#    define JET_EventLoggingLevelMedium 50
#    define JET_EventLoggingLevelHigh   75
#endif

/* Values of JET_paramExceptionAction. */
#define JET_ExceptionMsgBox   1
#define JET_ExceptionNone     2
#define JET_ExceptionFailFast 4

/* Values of JET_paramIOPriority. */
#if JET_VERSION >= 0x0600
#    define JET_IOPriorityNormal 0
#    define JET_IOPriorityLow    1
#endif

/* Values of JET_paramEnableOnlineDefrag. */
#define JET_OnlineDefragDisable     0x00000000u
#define JET_OnlineDefragAllOBSOLETE 0x00000001u
#define JET_OnlineDefragDatabases   0x00000002u
#define JET_OnlineDefragSpaceTrees  0x00000004u
#define JET_OnlineDefragAll         0x0000FFFFu

/* Values of JET_paramConfiguration. */
#if JET_VERSION >= 0x0602
#    define JET_configDefault             0x00000001u
#    define JET_configRemoveQuotas        0x00000002u
#    define JET_configLowDiskFootprint    0x00000004u
#    define JET_configMediumDiskFootprint 0x00000008u
#    define JET_configLowMemory           0x00000010u
#    define JET_configDynamicMediumMemory 0x00000020u
#    define JET_configLowPower            0x00000040u
#    define JET_configSSDProfileIO        0x00000080u
#    define JET_configRunSilent           0x00000100u
#endif
#if JET_VERSION >= 0x0A00
#    define JET_configUnthrottledMemory      0x00000200u
#    define JET_configHighConcurrencyScaling 0x00000400u
#endif

/* Values of JET_paramConfigStoreSpec. */
#define JET_bitConfigStoreReadControlDefault     0x00000000u
#define JET_bitConfigStoreReadControlInhibitRead 0x00000001u
#define JET_bitConfigStoreReadControlDisableAll  0x00000002u

/* Values of JET_paramEnableSqm. */
#if JET_VERSION >= 0x0603
#    define JET_sqmDisable  0x00000000u
#    define JET_sqmEnable   0x00000001u
#    define JET_sqmFromCEIP 0x00000002u
#endif

/* Values of JET_paramEnableShrinkDatabase. */
#if JET_VERSION >= 0x0603
#    define JET_bitShrinkDatabaseOff      0x00000000u
#    define JET_bitShrinkDatabaseOn       0x00000001u
#    define JET_bitShrinkDatabaseTrim     0x00000001u
#    define JET_bitShrinkDatabaseRealtime 0x00000002u
#endif

/* Values of JET_paramHungIOActions. */
#define JET_bitHungIOEvent 0x00000001u

/* Values of JET_paramLegacyFileNames. */
#if JET_VERSION >= 0x0600
#    define JET_bitESE98FileNames          0x00000001u
#    define JET_bitEightDotThreeSoftCompat 0x00000002u
#endif

/* One parameter for JetEnableMultiInstance; err receives its own result. */
typedef struct JET_SETSYSPARAM_A {
    uint32_t paramid;
    JET_API_PTR lParam;
    const char *sz;
    JET_ERR err;
} JET_SETSYSPARAM_A;

typedef struct JET_SETSYSPARAM_W {
    uint32_t paramid;
    JET_API_PTR lParam;
    const WCHAR *sz;
    JET_ERR err;
} JET_SETSYSPARAM_W;

ESE_API JET_ERR JET_API JetSetSystemParameterA(JET_INSTANCE *pinstance, JET_SESID sesid,
                                               uint32_t paramid, JET_API_PTR lParam,
                                               JET_PCSTR szParam);
ESE_API JET_ERR JET_API JetSetSystemParameterW(JET_INSTANCE *pinstance, JET_SESID sesid,
                                               uint32_t paramid, JET_API_PTR lParam,
                                               JET_PCWSTR szParam);
ESE_API JET_ERR JET_API JetGetSystemParameterA(JET_INSTANCE instance, JET_SESID sesid,
                                               uint32_t paramid, JET_API_PTR *plParam,
                                               JET_PSTR szParam, uint32_t cbMax);
ESE_API JET_ERR JET_API JetGetSystemParameterW(JET_INSTANCE instance, JET_SESID sesid,
                                               uint32_t paramid, JET_API_PTR *plParam,
                                               JET_PWSTR szParam, uint32_t cbMax);
ESE_API JET_ERR JET_API JetEnableMultiInstanceA(JET_SETSYSPARAM_A *psetsysparam,
                                                uint32_t csetsysparam, uint32_t *pcsetsucceed);
ESE_API JET_ERR JET_API JetEnableMultiInstanceW(JET_SETSYSPARAM_W *psetsysparam,
                                                uint32_t csetsysparam, uint32_t *pcsetsucceed);

/*
 * ----- Instances -----
 */

/* Recovery: a database that has moved, by old and new path. */
typedef struct JET_RSTMAP_A {
    char *szDatabaseName;
    char *szNewDatabaseName;
} JET_RSTMAP_A;

typedef struct JET_RSTMAP_W {
    WCHAR *szDatabaseName;
    WCHAR *szNewDatabaseName;
} JET_RSTMAP_W;

#if JET_VERSION >= 0x0600
/* Recovery: where to stop, and which databases have moved. */
typedef struct JET_RSTINFO_A {
    uint32_t cbStruct;
    JET_RSTMAP_A *rgrstmap;
    int32_t crstmap;
    JET_LGPOS lgposStop;
    JET_LOGTIME logtimeStop;
    JET_PFNSTATUS pfnStatus;
} JET_RSTINFO_A;

typedef struct JET_RSTINFO_W {
    uint32_t cbStruct;
    JET_RSTMAP_W *rgrstmap;
    int32_t crstmap;
    JET_LGPOS lgposStop;
    JET_LOGTIME logtimeStop;
    JET_PFNSTATUS pfnStatus;
} JET_RSTINFO_W;
#endif

/* An instance and its databases. JetFreeBuffer releases the array. */
typedef struct JET_INSTANCE_INFO_A {
    JET_INSTANCE hInstanceId;
    char *szInstanceName;
    JET_API_PTR cDatabases;
    char **szDatabaseFileName;
    char **szDatabaseDisplayName;
    char **szDatabaseSLVFileName_Obsolete;
} JET_INSTANCE_INFO_A;

typedef struct JET_INSTANCE_INFO_W {
    JET_INSTANCE hInstanceId;
    WCHAR *szInstanceName;
    JET_API_PTR cDatabases;
    WCHAR **szDatabaseFileName;
    WCHAR **szDatabaseDisplayName;
    WCHAR **szDatabaseSLVFileName_Obsolete;
} JET_INSTANCE_INFO_W;

/* Options of JetInit2 and JetInit3. */
#define JET_bitReplayIgnoreMissingDB 0x00000004u
#if JET_VERSION >= 0x0600
#    define JET_bitRecoveryWithoutUndo       0x00000008u
#    define JET_bitTruncateLogsAfterRecovery 0x00000010u
#    define JET_bitReplayMissingMapEntryDB   0x00000020u
#    define JET_bitLogStreamMustExist        0x00000040u
#endif
#if JET_VERSION >= 0x0601
#    define JET_bitReplayIgnoreLostLogs 0x00000080u
#endif
#if JET_VERSION >= 0x0602
#    define JET_bitKeepDbAttachedAtEndOfRecovery 0x00001000u
#endif

/* Options of JetTerm2. */
#define JET_bitTermComplete   0x00000001u /* roll everything back and flush all */
#define JET_bitTermAbrupt     0x00000002u /* stop at once; recovery cleans up */
#define JET_bitTermStopBackup 0x00000004u /* end a running backup first */
#if JET_VERSION >= 0x0601
#    define JET_bitTermDirty 0x00000008u /* leave databases in dirty shutdown */
#endif

/* Options of JetStopServiceInstance2. */
#if JET_VERSION >= 0x0602
#    define JET_bitStopServiceAll                 0x00000000u
#    define JET_bitStopServiceBackgroundUserTasks 0x00000002u
#    define JET_bitStopServiceQuiesceCaches       0x00000004u
#    define JET_bitStopServiceResume              0x80000000u
#endif

/* Information levels of JetGetInstanceMiscInfo. */
#if JET_VERSION >= 0x0600
#    define JET_InstanceMiscInfoLogSignature 0
#endif

ESE_API JET_ERR JET_API JetCreateInstanceA(JET_INSTANCE *pinstance, JET_PCSTR szInstanceName);
ESE_API JET_ERR JET_API JetCreateInstanceW(JET_INSTANCE *pinstance, JET_PCWSTR szInstanceName);
ESE_API JET_ERR JET_API JetCreateInstance2A(JET_INSTANCE *pinstance, JET_PCSTR szInstanceName,
                                            JET_PCSTR szDisplayName, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetCreateInstance2W(JET_INSTANCE *pinstance, JET_PCWSTR szInstanceName,
                                            JET_PCWSTR szDisplayName, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetInit(JET_INSTANCE *pinstance);
ESE_API JET_ERR JET_API JetInit2(JET_INSTANCE *pinstance, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetTerm(JET_INSTANCE instance);
ESE_API JET_ERR JET_API JetTerm2(JET_INSTANCE instance, JET_GRBIT grbit);
#if JET_VERSION >= 0x0600
ESE_API JET_ERR JET_API JetInit3A(JET_INSTANCE *pinstance, JET_RSTINFO_A *prstInfo,
                                  JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetInit3W(JET_INSTANCE *pinstance, JET_RSTINFO_W *prstInfo,
                                  JET_GRBIT grbit);
#endif

ESE_API JET_ERR JET_API JetStopService(void);
ESE_API JET_ERR JET_API JetStopServiceInstance(JET_INSTANCE instance);
#if JET_VERSION >= 0x0602
ESE_API JET_ERR JET_API JetStopServiceInstance2(JET_INSTANCE instance, JET_GRBIT grbit);
#endif

ESE_API JET_ERR JET_API JetGetInstanceInfoA(uint32_t *pcInstanceInfo,
                                            JET_INSTANCE_INFO_A **paInstanceInfo);
ESE_API JET_ERR JET_API JetGetInstanceInfoW(uint32_t *pcInstanceInfo,
                                            JET_INSTANCE_INFO_W **paInstanceInfo);
ESE_API JET_ERR JET_API JetFreeBuffer(char *pbBuf);
#if JET_VERSION >= 0x0600
ESE_API JET_ERR JET_API JetGetInstanceMiscInfo(JET_INSTANCE instance, void *pvResult,
                                               uint32_t cbMax, uint32_t InfoLevel);
#endif

/* Options of JetConfigureProcessForCrashDump. */
#if JET_VERSION >= 0x0601
#    define JET_bitDumpMinimum                    0x00000001u
#    define JET_bitDumpMaximum                    0x00000002u
#    define JET_bitDumpCacheMinimum               0x00000004u
#    define JET_bitDumpCacheMaximum               0x00000008u
#    define JET_bitDumpCacheIncludeDirtyPages     0x00000010u
#    define JET_bitDumpCacheIncludeCachedPages    0x00000020u
#    define JET_bitDumpCacheIncludeCorruptedPages 0x00000040u
#    define JET_bitDumpCacheNoDecommit            0x00000080u
#endif

#if JET_VERSION >= 0x0601
ESE_API JET_ERR JET_API JetConfigureProcessForCrashDump(JET_GRBIT grbit);
#endif

/*
 * ----- Sessions -----
 */

/* Parameters of one session. */
#define JET_sesparamCommitDefault 0x1001
#if JET_VERSION >= 0x0A00
#    define JET_sesparamTransactionLevel 0x1003
#    define JET_sesparamOperationContext 0x1004
#    define JET_sesparamCorrelationID    0x1005
#    define JET_sesparamMaxValueInvalid  0x100F
#endif

#if JET_VERSION >= 0x0A00
/* JET_sesparamOperationContext: who works in this session, for diagnosis. */
typedef struct JET_OPERATIONCONTEXT {
    uint32_t ulUserID;
    uint8_t nOperationID;
    uint8_t nOperationType;
    uint8_t nClientType;
    uint8_t fFlags;
} JET_OPERATIONCONTEXT;
#endif

/* Options of JetIdle. */
#define JET_bitIdleFlushBuffers 0x00000001u
#define JET_bitIdleCompact      0x00000002u
#define JET_bitIdleStatus       0x00000004u

#if JET_VERSION >= 0x0600
/* What the calling thread has cost so far. */
typedef struct JET_THREADSTATS {
    uint32_t cbStruct;
    uint32_t cPageReferenced;
    uint32_t cPageRead;
    uint32_t cPagePreread;
    uint32_t cPageDirtied;
    uint32_t cPageRedirtied;
    uint32_t cLogRecord;
    uint32_t cbLogRecord;
} JET_THREADSTATS;
#endif

ESE_API JET_ERR JET_API JetBeginSessionA(JET_INSTANCE instance, JET_SESID *psesid,
                                         JET_PCSTR szUserName, JET_PCSTR szPassword);
ESE_API JET_ERR JET_API JetBeginSessionW(JET_INSTANCE instance, JET_SESID *psesid,
                                         JET_PCWSTR szUserName, JET_PCWSTR szPassword);
ESE_API JET_ERR JET_API JetDupSession(JET_SESID sesid, JET_SESID *psesid);
ESE_API JET_ERR JET_API JetEndSession(JET_SESID sesid, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetSetSessionContext(JET_SESID sesid, JET_API_PTR ulContext);
ESE_API JET_ERR JET_API JetResetSessionContext(JET_SESID sesid);
ESE_API JET_ERR JET_API JetGetVersion(JET_SESID sesid, uint32_t *pwVersion);
ESE_API JET_ERR JET_API JetIdle(JET_SESID sesid, JET_GRBIT grbit);
#if JET_VERSION >= 0x0600
ESE_API JET_ERR JET_API JetGetThreadStats(void *pvResult, uint32_t cbMax);
#endif
#if JET_VERSION >= 0x0602
ESE_API JET_ERR JET_API JetGetSessionParameter(JET_SESID sesid, uint32_t sesparamid, void *pvParam,
                                               uint32_t cbParamMax, uint32_t *pcbParamActual);
ESE_API JET_ERR JET_API JetSetSessionParameter(JET_SESID sesid, uint32_t sesparamid, void *pvParam,
                                               uint32_t cbParam);
#endif

/*
 * ----- Transactions -----
 */

/* Options of JetBeginTransaction2 and JetBeginTransaction3. */
#define JET_bitTransactionReadOnly 0x00000001u /* updates fail with JET_errTransReadOnly */

/* Options of JetCommitTransaction. */
#define JET_bitCommitLazyFlush      0x00000001u /* return before the log is on disk */
#define JET_bitWaitLastLevel0Commit 0x00000002u /* wait for earlier lazy commits of the session */
#define JET_bitWaitAllLevel0Commit  0x00000008u /* wait for earlier lazy commits of the instance */
#if JET_VERSION >= 0x0601
#    define JET_bitForceNewLog 0x00000010u /* begin a new log file */
#endif

/* Options of JetRollback. */
#define JET_bitRollbackAll 0x00000001u /* all levels, not only the innermost */

#if JET_VERSION >= 0x0602
/* A commit: durable once a commit with an equal or later number of the same log is. */
typedef struct JET_COMMIT_ID {
    JET_SIGNATURE signLog;
    int32_t reserved;
    int64_t commitId;
} JET_COMMIT_ID;
#endif

#if JET_VERSION >= 0x0602
/* JET_paramDurableCommitCallback: everything up to this commit is on disk. */
typedef JET_ERR(JET_API *JET_PFNDURABLECOMMITCALLBACK)(JET_INSTANCE instance,
                                                       JET_COMMIT_ID *pCommitIdSeen,
                                                       JET_GRBIT grbit);
#endif

#if JET_VERSION >= 0x0A00
#    define JET_bitDurableCommitCallbackLogUnavailable 0x00000001u
#endif

ESE_API JET_ERR JET_API JetBeginTransaction(JET_SESID sesid);
ESE_API JET_ERR JET_API JetBeginTransaction2(JET_SESID sesid, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetCommitTransaction(JET_SESID sesid, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetRollback(JET_SESID sesid, JET_GRBIT grbit);
#if JET_VERSION >= 0x0602
ESE_API JET_ERR JET_API JetBeginTransaction3(JET_SESID sesid, int64_t trxid, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetCommitTransaction2(JET_SESID sesid, JET_GRBIT grbit,
                                              uint32_t cmsecDurableCommit,
                                              JET_COMMIT_ID *pCommitId);
#endif

/*
 * ----- Databases -----
 */

/* Options of JetCreateDatabase, JetAttachDatabase and JetOpenDatabase. */
#define JET_bitDbReadOnly             0x00000001u /* open for reading only */
#define JET_bitDbExclusive            0x00000002u /* no other session may open the database */
#define JET_bitDbRecoveryOff          0x00000008u /* do not log changes to this database */
#define JET_bitDbDeleteCorruptIndexes 0x00000010u
#define JET_bitDbShadowingOff         0x00000080u /* no second copy of the catalog */
#define JET_bitDbOverwriteExisting    0x00000200u /* replace a file of the same name */
#define JET_bitDbUpgrade              0x00000200u
#define JET_bitDbDeleteUnicodeIndexes 0x00000400u
#if JET_VERSION >= 0x0601
#    define JET_bitDbEnableBackgroundMaintenance 0x00000800u
#endif
#if JET_VERSION >= 0x0602
#    define JET_bitDbPurgeCacheOnAttach 0x00001000u
#endif

/* Options of JetDetachDatabase2. */
#define JET_bitForceDetach         0x00000001u
#define JET_bitForceCloseAndDetach (0x00000002u | JET_bitForceDetach)

/* Options of JetResizeDatabase. */
#if JET_VERSION >= 0x0602
#    define JET_bitResizeDatabaseOnlyGrow 0x00000001u
#endif
#if JET_VERSION >= 0x0603
#    define JET_bitResizeDatabaseOnlyShrink 0x00000002u
#endif

/* Options of JetDefragment. */
#define JET_bitDefragmentBatchStart          0x00000001u
#define JET_bitDefragmentBatchStop           0x00000002u
#define JET_bitDefragmentAvailSpaceTreesOnly 0x00000040u
#if JET_VERSION >= 0x0601
#    define JET_bitDefragmentNoPartialMerges 0x00000080u
#    define JET_bitDefragmentBTree           0x00000100u
#endif

/* Options of JetCompact. */
#define JET_bitCompactStats  0x00000020u
#define JET_bitCompactRepair 0x00000040u

/* Information levels of JetGetDatabaseInfo and JetGetDatabaseFileInfo. */
#define JET_DbInfoFilename       0
#define JET_DbInfoConnect        1
#define JET_DbInfoCountry        2
#define JET_DbInfoLCID           3
#define JET_DbInfoLangid         3
#define JET_DbInfoCp             4
#define JET_DbInfoCollate        5
#define JET_DbInfoOptions        6
#define JET_DbInfoTransactions   7
#define JET_DbInfoVersion        8
#define JET_DbInfoIsam           9
#define JET_DbInfoFilesize       10
#define JET_DbInfoSpaceOwned     11
#define JET_DbInfoSpaceAvailable 12
#define JET_DbInfoUpgrade        13
#define JET_DbInfoMisc           14
#define JET_DbInfoDBInUse        15
#define JET_DbInfoPageSize       17
#if JET_VERSION >= 0x0600
#    define JET_DbInfoFileType 19
#endif
#if JET_VERSION >= 0x0603
#    define JET_DbInfoFilesizeOnDisk 21
#endif

/* Values of JET_DbInfoFileType. */
#if JET_VERSION >= 0x0600
#    define JET_filetypeUnknown      0
#    define JET_filetypeDatabase     1
#    define JET_filetypeLog          3
#    define JET_filetypeCheckpoint   4
#    define JET_filetypeTempDatabase 5
#    define JET_filetypeFlushMap     7
#endif

/* The state of a database file. */
#define JET_dbstateJustCreated    1 /* creation did not finish */
#define JET_dbstateDirtyShutdown  2 /* needs recovery */
#define JET_dbstateCleanShutdown  3 /* complete without its log */
#define JET_dbstateBeingConverted 4 /* a format upgrade did not finish */
#define JET_dbstateForceDetach    5 /* detached by force */

/* JET_DbInfoMisc: the header of a database, in four sizes. */
typedef struct JET_DBINFOMISC {
    uint32_t ulVersion;
    uint32_t ulUpdate;
    JET_SIGNATURE signDb;
    uint32_t dbstate;
    JET_LGPOS lgposConsistent;
    JET_LOGTIME logtimeConsistent;
    JET_LOGTIME logtimeAttach;
    JET_LGPOS lgposAttach;
    JET_LOGTIME logtimeDetach;
    JET_LGPOS lgposDetach;
    JET_SIGNATURE signLog;
    JET_BKINFO bkinfoFullPrev;
    JET_BKINFO bkinfoIncPrev;
    JET_BKINFO bkinfoFullCur;
    uint32_t fShadowingDisabled;
    uint32_t fUpgradeDb;
    uint32_t dwMajorVersion;
    uint32_t dwMinorVersion;
    uint32_t dwBuildNumber;
    int32_t lSPNumber;
    uint32_t cbPageSize;
} JET_DBINFOMISC;

#if JET_VERSION >= 0x0600
typedef struct JET_DBINFOMISC2 {
    uint32_t ulVersion;
    uint32_t ulUpdate;
    JET_SIGNATURE signDb;
    uint32_t dbstate;
    JET_LGPOS lgposConsistent;
    JET_LOGTIME logtimeConsistent;
    JET_LOGTIME logtimeAttach;
    JET_LGPOS lgposAttach;
    JET_LOGTIME logtimeDetach;
    JET_LGPOS lgposDetach;
    JET_SIGNATURE signLog;
    JET_BKINFO bkinfoFullPrev;
    JET_BKINFO bkinfoIncPrev;
    JET_BKINFO bkinfoFullCur;
    uint32_t fShadowingDisabled;
    uint32_t fUpgradeDb;
    uint32_t dwMajorVersion;
    uint32_t dwMinorVersion;
    uint32_t dwBuildNumber;
    int32_t lSPNumber;
    uint32_t cbPageSize;
    uint32_t genMinRequired;
    uint32_t genMaxRequired;
    JET_LOGTIME logtimeGenMaxCreate;
    uint32_t ulRepairCount;
    JET_LOGTIME logtimeRepair;
    uint32_t ulRepairCountOld;
    uint32_t ulECCFixSuccess;
    JET_LOGTIME logtimeECCFixSuccess;
    uint32_t ulECCFixSuccessOld;
    uint32_t ulECCFixFail;
    JET_LOGTIME logtimeECCFixFail;
    uint32_t ulECCFixFailOld;
    uint32_t ulBadChecksum;
    JET_LOGTIME logtimeBadChecksum;
    uint32_t ulBadChecksumOld;
} JET_DBINFOMISC2;
#endif

#if JET_VERSION >= 0x0601
typedef struct JET_DBINFOMISC3 {
    uint32_t ulVersion;
    uint32_t ulUpdate;
    JET_SIGNATURE signDb;
    uint32_t dbstate;
    JET_LGPOS lgposConsistent;
    JET_LOGTIME logtimeConsistent;
    JET_LOGTIME logtimeAttach;
    JET_LGPOS lgposAttach;
    JET_LOGTIME logtimeDetach;
    JET_LGPOS lgposDetach;
    JET_SIGNATURE signLog;
    JET_BKINFO bkinfoFullPrev;
    JET_BKINFO bkinfoIncPrev;
    JET_BKINFO bkinfoFullCur;
    uint32_t fShadowingDisabled;
    uint32_t fUpgradeDb;
    uint32_t dwMajorVersion;
    uint32_t dwMinorVersion;
    uint32_t dwBuildNumber;
    int32_t lSPNumber;
    uint32_t cbPageSize;
    uint32_t genMinRequired;
    uint32_t genMaxRequired;
    JET_LOGTIME logtimeGenMaxCreate;
    uint32_t ulRepairCount;
    JET_LOGTIME logtimeRepair;
    uint32_t ulRepairCountOld;
    uint32_t ulECCFixSuccess;
    JET_LOGTIME logtimeECCFixSuccess;
    uint32_t ulECCFixSuccessOld;
    uint32_t ulECCFixFail;
    JET_LOGTIME logtimeECCFixFail;
    uint32_t ulECCFixFailOld;
    uint32_t ulBadChecksum;
    JET_LOGTIME logtimeBadChecksum;
    uint32_t ulBadChecksumOld;
    uint32_t genCommitted;
} JET_DBINFOMISC3;
#endif

#if JET_VERSION >= 0x0601
typedef struct JET_DBINFOMISC4 {
    uint32_t ulVersion;
    uint32_t ulUpdate;
    JET_SIGNATURE signDb;
    uint32_t dbstate;
    JET_LGPOS lgposConsistent;
    JET_LOGTIME logtimeConsistent;
    JET_LOGTIME logtimeAttach;
    JET_LGPOS lgposAttach;
    JET_LOGTIME logtimeDetach;
    JET_LGPOS lgposDetach;
    JET_SIGNATURE signLog;
    JET_BKINFO bkinfoFullPrev;
    JET_BKINFO bkinfoIncPrev;
    JET_BKINFO bkinfoFullCur;
    uint32_t fShadowingDisabled;
    uint32_t fUpgradeDb;
    uint32_t dwMajorVersion;
    uint32_t dwMinorVersion;
    uint32_t dwBuildNumber;
    int32_t lSPNumber;
    uint32_t cbPageSize;
    uint32_t genMinRequired;
    uint32_t genMaxRequired;
    JET_LOGTIME logtimeGenMaxCreate;
    uint32_t ulRepairCount;
    JET_LOGTIME logtimeRepair;
    uint32_t ulRepairCountOld;
    uint32_t ulECCFixSuccess;
    JET_LOGTIME logtimeECCFixSuccess;
    uint32_t ulECCFixSuccessOld;
    uint32_t ulECCFixFail;
    JET_LOGTIME logtimeECCFixFail;
    uint32_t ulECCFixFailOld;
    uint32_t ulBadChecksum;
    JET_LOGTIME logtimeBadChecksum;
    uint32_t ulBadChecksumOld;
    uint32_t genCommitted;
    JET_BKINFO bkinfoCopyPrev;
    JET_BKINFO bkinfoDiffPrev;
} JET_DBINFOMISC4;
#endif

/* JetCompact: left from an old format upgrade, not used. */
typedef struct JET_CONVERT_A {
    char *szOldDll;
    ESE_UNNAMED union {
        uint32_t fFlags;
        ESE_UNNAMED struct {
            uint32_t fSchemaChangesOnly : 1;
        };
    };
} JET_CONVERT_A;

typedef struct JET_CONVERT_W {
    WCHAR *szOldDll;
    ESE_UNNAMED union {
        uint32_t fFlags;
        ESE_UNNAMED struct {
            uint32_t fSchemaChangesOnly : 1;
        };
    };
} JET_CONVERT_W;

ESE_API JET_ERR JET_API JetCreateDatabaseA(JET_SESID sesid, JET_PCSTR szFilename,
                                           JET_PCSTR szConnect, JET_DBID *pdbid, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetCreateDatabaseW(JET_SESID sesid, JET_PCWSTR szFilename,
                                           JET_PCWSTR szConnect, JET_DBID *pdbid, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetCreateDatabase2A(JET_SESID sesid, JET_PCSTR szFilename,
                                            uint32_t cpgDatabaseSizeMax, JET_DBID *pdbid,
                                            JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetCreateDatabase2W(JET_SESID sesid, JET_PCWSTR szFilename,
                                            uint32_t cpgDatabaseSizeMax, JET_DBID *pdbid,
                                            JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetAttachDatabaseA(JET_SESID sesid, JET_PCSTR szFilename, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetAttachDatabaseW(JET_SESID sesid, JET_PCWSTR szFilename, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetAttachDatabase2A(JET_SESID sesid, JET_PCSTR szFilename,
                                            uint32_t cpgDatabaseSizeMax, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetAttachDatabase2W(JET_SESID sesid, JET_PCWSTR szFilename,
                                            uint32_t cpgDatabaseSizeMax, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetDetachDatabaseA(JET_SESID sesid, JET_PCSTR szFilename);
ESE_API JET_ERR JET_API JetDetachDatabaseW(JET_SESID sesid, JET_PCWSTR szFilename);
ESE_API JET_ERR JET_API JetDetachDatabase2A(JET_SESID sesid, JET_PCSTR szFilename, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetDetachDatabase2W(JET_SESID sesid, JET_PCWSTR szFilename,
                                            JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetOpenDatabaseA(JET_SESID sesid, JET_PCSTR szFilename, JET_PCSTR szConnect,
                                         JET_DBID *pdbid, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetOpenDatabaseW(JET_SESID sesid, JET_PCWSTR szFilename,
                                         JET_PCWSTR szConnect, JET_DBID *pdbid, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetCloseDatabase(JET_SESID sesid, JET_DBID dbid, JET_GRBIT grbit);

ESE_API JET_ERR JET_API JetGetDatabaseInfoA(JET_SESID sesid, JET_DBID dbid, void *pvResult,
                                            uint32_t cbMax, uint32_t InfoLevel);
ESE_API JET_ERR JET_API JetGetDatabaseInfoW(JET_SESID sesid, JET_DBID dbid, void *pvResult,
                                            uint32_t cbMax, uint32_t InfoLevel);
ESE_API JET_ERR JET_API JetGetDatabaseFileInfoA(JET_PCSTR szDatabaseName, void *pvResult,
                                                uint32_t cbMax, uint32_t InfoLevel);
ESE_API JET_ERR JET_API JetGetDatabaseFileInfoW(JET_PCWSTR szDatabaseName, void *pvResult,
                                                uint32_t cbMax, uint32_t InfoLevel);
ESE_API JET_ERR JET_API JetGetAttachInfoA(JET_PSTR szzDatabases, uint32_t cbMax,
                                          uint32_t *pcbActual);
ESE_API JET_ERR JET_API JetGetAttachInfoW(JET_PWSTR wszzDatabases, uint32_t cbMax,
                                          uint32_t *pcbActual);
ESE_API JET_ERR JET_API JetGetAttachInfoInstanceA(JET_INSTANCE instance, JET_PSTR szzDatabases,
                                                  uint32_t cbMax, uint32_t *pcbActual);
ESE_API JET_ERR JET_API JetGetAttachInfoInstanceW(JET_INSTANCE instance, JET_PWSTR szzDatabases,
                                                  uint32_t cbMax, uint32_t *pcbActual);

ESE_API JET_ERR JET_API JetGrowDatabase(JET_SESID sesid, JET_DBID dbid, uint32_t cpg,
                                        uint32_t *pcpgReal);
ESE_API JET_ERR JET_API JetSetDatabaseSizeA(JET_SESID sesid, JET_PCSTR szDatabaseName, uint32_t cpg,
                                            uint32_t *pcpgReal);
ESE_API JET_ERR JET_API JetSetDatabaseSizeW(JET_SESID sesid, JET_PCWSTR szDatabaseName,
                                            uint32_t cpg, uint32_t *pcpgReal);
ESE_API JET_ERR JET_API JetDefragmentA(JET_SESID sesid, JET_DBID dbid, JET_PCSTR szTableName,
                                       uint32_t *pcPasses, uint32_t *pcSeconds, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetDefragmentW(JET_SESID sesid, JET_DBID dbid, JET_PCWSTR szTableName,
                                       uint32_t *pcPasses, uint32_t *pcSeconds, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetDefragment2A(JET_SESID sesid, JET_DBID dbid, JET_PCSTR szTableName,
                                        uint32_t *pcPasses, uint32_t *pcSeconds,
                                        JET_CALLBACK callback, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetDefragment2W(JET_SESID sesid, JET_DBID dbid, JET_PCWSTR szTableName,
                                        uint32_t *pcPasses, uint32_t *pcSeconds,
                                        JET_CALLBACK callback, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetDefragment3A(JET_SESID sesid, JET_PCSTR szDatabaseName,
                                        JET_PCSTR szTableName, uint32_t *pcPasses,
                                        uint32_t *pcSeconds, JET_CALLBACK callback, void *pvContext,
                                        JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetDefragment3W(JET_SESID sesid, JET_PCWSTR szDatabaseName,
                                        JET_PCWSTR szTableName, uint32_t *pcPasses,
                                        uint32_t *pcSeconds, JET_CALLBACK callback, void *pvContext,
                                        JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetCompactA(JET_SESID sesid, JET_PCSTR szDatabaseSrc,
                                    JET_PCSTR szDatabaseDest, JET_PFNSTATUS pfnStatus,
                                    JET_CONVERT_A *pconvert, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetCompactW(JET_SESID sesid, JET_PCWSTR szDatabaseSrc,
                                    JET_PCWSTR szDatabaseDest, JET_PFNSTATUS pfnStatus,
                                    JET_CONVERT_W *pconvert, JET_GRBIT grbit);
#if JET_VERSION >= 0x0602
ESE_API JET_ERR JET_API JetResizeDatabase(JET_SESID sesid, JET_DBID dbid, uint32_t cpgTarget,
                                          uint32_t *pcpgActual, JET_GRBIT grbit);
#endif

/*
 * ----- Column and index definitions -----
 */

/* Types of columns. */
#define JET_coltypNil          0
#define JET_coltypBit          1  /* one byte: 0x00 false, 0xFF true */
#define JET_coltypUnsignedByte 2  /* 1 byte */
#define JET_coltypShort        3  /* 2 bytes, signed */
#define JET_coltypLong         4  /* 4 bytes, signed */
#define JET_coltypCurrency     5  /* 8 bytes, signed */
#define JET_coltypIEEESingle   6  /* 4-byte float */
#define JET_coltypIEEEDouble   7  /* 8-byte float */
#define JET_coltypDateTime     8  /* 8-byte float: days since 1899-12-30 */
#define JET_coltypBinary       9  /* up to 255 bytes */
#define JET_coltypText         10 /* up to 255 bytes of text */
#define JET_coltypLongBinary   11 /* up to 2 GiB of bytes */
#define JET_coltypLongText     12 /* up to 2 GiB of text */
#define JET_coltypSLV          13 /* no longer in use */
#define JET_coltypMax          19 /* one past the last type */
#if JET_VERSION >= 0x0600
#    define JET_coltypUnsignedLong  14 /* 4 bytes, unsigned */
#    define JET_coltypLongLong      15 /* 8 bytes, signed */
#    define JET_coltypGUID          16 /* 16 bytes */
#    define JET_coltypUnsignedShort 17 /* 2 bytes, unsigned */
#endif
#if JET_VERSION >= 0x0A00
#    define JET_coltypUnsignedLongLong 18 /* 8 bytes, unsigned */
#endif

/* Properties of a column. */
#define JET_bitColumnFixed              0x00000001u /* the value always takes its full width */
#define JET_bitColumnTagged             0x00000002u /* costs nothing in records without a value */
#define JET_bitColumnNotNULL            0x00000004u
#define JET_bitColumnVersion            0x00000008u /* counts the updates of the record */
#define JET_bitColumnAutoincrement      0x00000010u /* numbers the records */
#define JET_bitColumnUpdatable          0x00000020u
#define JET_bitColumnTTKey              0x00000040u /* temporary table: part of the key */
#define JET_bitColumnTTDescending       0x00000080u /* temporary table: sort this part downwards */
#define JET_bitColumnMultiValued        0x00000400u /* a record may hold many values */
#define JET_bitColumnEscrowUpdate       0x00000800u /* for JetEscrowUpdate */
#define JET_bitColumnUnversioned        0x00001000u
#define JET_bitColumnMaybeNull          0x00002000u
#define JET_bitColumnFinalize           0x00004000u
#define JET_bitColumnUserDefinedDefault 0x00008000u
#define JET_bitColumnDeleteOnZero       0x00020000u
#if JET_VERSION >= 0x0601
#    define JET_bitColumnCompressed 0x00080000u
#endif

/* A column, for JetAddColumn and temporary tables, and as JetGetColumnInfo reports it. */
typedef struct JET_COLUMNDEF {
    uint32_t cbStruct;
    JET_COLUMNID columnid;
    JET_COLTYP coltyp;
    uint16_t wCountry;
    uint16_t langid;
    uint16_t cp;
    uint16_t wCollate;
    uint32_t cbMax;
    JET_GRBIT grbit;
} JET_COLUMNDEF;

/* A column of a table about to be created; err receives its own result. */
typedef struct JET_COLUMNCREATE_A {
    uint32_t cbStruct;
    char *szColumnName;
    JET_COLTYP coltyp;
    uint32_t cbMax;
    JET_GRBIT grbit;
    void *pvDefault;
    uint32_t cbDefault;
    uint32_t cp;
    JET_COLUMNID columnid;
    JET_ERR err;
} JET_COLUMNCREATE_A;

typedef struct JET_COLUMNCREATE_W {
    uint32_t cbStruct;
    WCHAR *szColumnName;
    JET_COLTYP coltyp;
    uint32_t cbMax;
    JET_GRBIT grbit;
    void *pvDefault;
    uint32_t cbDefault;
    uint32_t cp;
    JET_COLUMNID columnid;
    JET_ERR err;
} JET_COLUMNCREATE_W;

/* The default value of a JET_bitColumnUserDefinedDefault column: a callback "module!function". */
typedef struct JET_USERDEFINEDDEFAULT_A {
    char *szCallback;
    uint8_t *pbUserData;
    uint32_t cbUserData;
    char *szDependantColumns;
} JET_USERDEFINEDDEFAULT_A;

typedef struct JET_USERDEFINEDDEFAULT_W {
    WCHAR *szCallback;
    uint8_t *pbUserData;
    uint32_t cbUserData;
    WCHAR *szDependantColumns;
} JET_USERDEFINEDDEFAULT_W;

/* Properties of an index. */
#define JET_bitIndexUnique          0x00000001u
#define JET_bitIndexPrimary         0x00000002u /* the clustering index */
#define JET_bitIndexDisallowNull    0x00000004u /* no part may be NULL */
#define JET_bitIndexIgnoreNull      0x00000008u /* records whose parts are all NULL have no entry */
#define JET_bitIndexIgnoreAnyNull   0x00000020u /* records with any NULL part have none */
#define JET_bitIndexIgnoreFirstNull 0x00000040u /* records whose first part is NULL have none */
#define JET_bitIndexLazyFlush       0x00000080u
#define JET_bitIndexEmpty           0x00000100u
#define JET_bitIndexUnversioned     0x00000200u
#define JET_bitIndexSortNullsHigh   0x00000400u /* NULL sorts after all values */
#define JET_bitIndexUnicode         0x00000800u /* the locale comes from a JET_UNICODEINDEX */
#define JET_bitIndexTuples          0x00001000u /* indexes every substring */
#define JET_bitIndexTupleLimits     0x00002000u /* the limits of JET_TUPLELIMITS apply */
#if JET_VERSION >= 0x0600
#    define JET_bitIndexCrossProduct       0x00004000u /* an entry for each combination of values */
#    define JET_bitIndexKeyMost            0x00008000u /* cbKeyMost is given */
#    define JET_bitIndexDisallowTruncation 0x00010000u /* an overlong key is an error */
#    define JET_bitIndexNestedTable        0x00020000u
#endif
#if JET_VERSION >= 0x0602
#    define JET_bitIndexDotNetGuid 0x00040000u
#endif
#if JET_VERSION >= 0x0A00
#    define JET_bitIndexImmutableStructure 0x00080000u
#endif

/* Conditional columns of an index. */
#define JET_bitIndexColumnMustBeNull    0x00000001u
#define JET_bitIndexColumnMustBeNonNull 0x00000002u

/* Sort directions, in place of the signs of a key description. */
#define JET_bitKeyAscending  0x00000000u
#define JET_bitKeyDescending 0x00000001u

/* Records enter the index only when this column is, or is not, NULL. */
typedef struct JET_CONDITIONALCOLUMN_A {
    uint32_t cbStruct;
    char *szColumnName;
    JET_GRBIT grbit;
} JET_CONDITIONALCOLUMN_A;

typedef struct JET_CONDITIONALCOLUMN_W {
    uint32_t cbStruct;
    WCHAR *szColumnName;
    JET_GRBIT grbit;
} JET_CONDITIONALCOLUMN_W;

/* How text sorts, by number of the locale. */
typedef struct JET_UNICODEINDEX {
    uint32_t lcid;
    uint32_t dwMapFlags;
} JET_UNICODEINDEX;

#if JET_VERSION >= 0x0602
/* How text sorts, by name of the locale. */
typedef struct JET_UNICODEINDEX2 {
    WCHAR *szLocaleName;
    uint32_t dwMapFlags;
} JET_UNICODEINDEX2;
#endif

/* Which substrings a tuple index holds. */
typedef struct JET_TUPLELIMITS {
    uint32_t chLengthMin;
    uint32_t chLengthMax;
    uint32_t chToIndexMax;
    uint32_t cchIncrement;
    uint32_t ichStart;
} JET_TUPLELIMITS;

/* Options in JET_SPACEHINTS. */
#if JET_VERSION >= 0x0601
#    define JET_bitSpaceHintsUtilizeParentSpace  0x00000001u
#    define JET_bitCreateHintAppendSequential    0x00000002u
#    define JET_bitCreateHintHotpointSequential  0x00000004u
#    define JET_bitRetrieveHintReserve1          0x00000008u
#    define JET_bitRetrieveHintTableScanForward  0x00000010u
#    define JET_bitRetrieveHintTableScanBackward 0x00000020u
#    define JET_bitRetrieveHintReserve2          0x00000040u
#    define JET_bitRetrieveHintReserve3          0x00000080u
#    define JET_bitDeleteHintTableSequential     0x00000100u
#endif

#if JET_VERSION >= 0x0601
/* How a B+ tree is laid out in the file. */
typedef struct JET_SPACEHINTS {
    uint32_t cbStruct;
    uint32_t ulInitialDensity;
    uint32_t cbInitial;
    JET_GRBIT grbit;
    uint32_t ulMaintDensity;
    uint32_t ulGrowth;
    uint32_t cbMinExtent;
    uint32_t cbMaxExtent;
} JET_SPACEHINTS;
#endif

/* An index to create. lcid, or pidxunicode with JET_bitIndexUnicode; cbVarSegMac, or ptuplelimits
 * with JET_bitIndexTupleLimits. */
typedef struct JET_INDEXCREATE_A {
    uint32_t cbStruct;
    char *szIndexName;
    char *szKey;
    uint32_t cbKey;
    JET_GRBIT grbit;
    uint32_t ulDensity;
    ESE_UNNAMED union {
        uint32_t lcid;
        JET_UNICODEINDEX *pidxunicode;
    };
    ESE_UNNAMED union {
        uint32_t cbVarSegMac;
        JET_TUPLELIMITS *ptuplelimits;
    };
    JET_CONDITIONALCOLUMN_A *rgconditionalcolumn;
    uint32_t cConditionalColumn;
    JET_ERR err;
    uint32_t cbKeyMost;
} JET_INDEXCREATE_A;

typedef struct JET_INDEXCREATE_W {
    uint32_t cbStruct;
    WCHAR *szIndexName;
    WCHAR *szKey;
    uint32_t cbKey;
    JET_GRBIT grbit;
    uint32_t ulDensity;
    ESE_UNNAMED union {
        uint32_t lcid;
        JET_UNICODEINDEX *pidxunicode;
    };
    ESE_UNNAMED union {
        uint32_t cbVarSegMac;
        JET_TUPLELIMITS *ptuplelimits;
    };
    JET_CONDITIONALCOLUMN_W *rgconditionalcolumn;
    uint32_t cConditionalColumn;
    JET_ERR err;
    uint32_t cbKeyMost;
} JET_INDEXCREATE_W;

#if JET_VERSION >= 0x0601
typedef struct JET_INDEXCREATE2_A {
    uint32_t cbStruct;
    char *szIndexName;
    char *szKey;
    uint32_t cbKey;
    JET_GRBIT grbit;
    uint32_t ulDensity;
    ESE_UNNAMED union {
        uint32_t lcid;
        JET_UNICODEINDEX *pidxunicode;
    };
    ESE_UNNAMED union {
        uint32_t cbVarSegMac;
        JET_TUPLELIMITS *ptuplelimits;
    };
    JET_CONDITIONALCOLUMN_A *rgconditionalcolumn;
    uint32_t cConditionalColumn;
    JET_ERR err;
    uint32_t cbKeyMost;
    JET_SPACEHINTS *pSpacehints;
} JET_INDEXCREATE2_A;

typedef struct JET_INDEXCREATE2_W {
    uint32_t cbStruct;
    WCHAR *szIndexName;
    WCHAR *szKey;
    uint32_t cbKey;
    JET_GRBIT grbit;
    uint32_t ulDensity;
    ESE_UNNAMED union {
        uint32_t lcid;
        JET_UNICODEINDEX *pidxunicode;
    };
    ESE_UNNAMED union {
        uint32_t cbVarSegMac;
        JET_TUPLELIMITS *ptuplelimits;
    };
    JET_CONDITIONALCOLUMN_W *rgconditionalcolumn;
    uint32_t cConditionalColumn;
    JET_ERR err;
    uint32_t cbKeyMost;
    JET_SPACEHINTS *pSpacehints;
} JET_INDEXCREATE2_W;
#endif

#if JET_VERSION >= 0x0602
typedef struct JET_INDEXCREATE3_A {
    uint32_t cbStruct;
    char *szIndexName;
    char *szKey;
    uint32_t cbKey;
    JET_GRBIT grbit;
    uint32_t ulDensity;
    JET_UNICODEINDEX2 *pidxunicode;
    ESE_UNNAMED union {
        uint32_t cbVarSegMac;
        JET_TUPLELIMITS *ptuplelimits;
    };
    JET_CONDITIONALCOLUMN_A *rgconditionalcolumn;
    uint32_t cConditionalColumn;
    JET_ERR err;
    uint32_t cbKeyMost;
    JET_SPACEHINTS *pSpacehints;
} JET_INDEXCREATE3_A;

typedef struct JET_INDEXCREATE3_W {
    uint32_t cbStruct;
    WCHAR *szIndexName;
    WCHAR *szKey;
    uint32_t cbKey;
    JET_GRBIT grbit;
    uint32_t ulDensity;
    JET_UNICODEINDEX2 *pidxunicode;
    ESE_UNNAMED union {
        uint32_t cbVarSegMac;
        JET_TUPLELIMITS *ptuplelimits;
    };
    JET_CONDITIONALCOLUMN_W *rgconditionalcolumn;
    uint32_t cConditionalColumn;
    JET_ERR err;
    uint32_t cbKeyMost;
    JET_SPACEHINTS *pSpacehints;
} JET_INDEXCREATE3_W;
#endif

/*
 * ----- Tables -----
 */

/* Properties of a table to create. */
#define JET_bitTableCreateFixedDDL                         0x00000001u
#define JET_bitTableCreateTemplateTable                    0x00000002u
#define JET_bitTableCreateNoFixedVarColumnsInDerivedTables 0x00000004u
#if JET_VERSION >= 0x0A00
#    define JET_bitTableCreateImmutableStructure 0x00000008u
#endif

/* A table with its columns and indexes. cCreated counts what exists after the call. */
typedef struct JET_TABLECREATE_A {
    uint32_t cbStruct;
    char *szTableName;
    char *szTemplateTableName;
    uint32_t ulPages;
    uint32_t ulDensity;
    JET_COLUMNCREATE_A *rgcolumncreate;
    uint32_t cColumns;
    JET_INDEXCREATE_A *rgindexcreate;
    uint32_t cIndexes;
    JET_GRBIT grbit;
    JET_TABLEID tableid;
    uint32_t cCreated;
} JET_TABLECREATE_A;

typedef struct JET_TABLECREATE_W {
    uint32_t cbStruct;
    WCHAR *szTableName;
    WCHAR *szTemplateTableName;
    uint32_t ulPages;
    uint32_t ulDensity;
    JET_COLUMNCREATE_W *rgcolumncreate;
    uint32_t cColumns;
    JET_INDEXCREATE_W *rgindexcreate;
    uint32_t cIndexes;
    JET_GRBIT grbit;
    JET_TABLEID tableid;
    uint32_t cCreated;
} JET_TABLECREATE_W;

typedef struct JET_TABLECREATE2_A {
    uint32_t cbStruct;
    char *szTableName;
    char *szTemplateTableName;
    uint32_t ulPages;
    uint32_t ulDensity;
    JET_COLUMNCREATE_A *rgcolumncreate;
    uint32_t cColumns;
    JET_INDEXCREATE_A *rgindexcreate;
    uint32_t cIndexes;
    char *szCallback;
    JET_CBTYP cbtyp;
    JET_GRBIT grbit;
    JET_TABLEID tableid;
    uint32_t cCreated;
} JET_TABLECREATE2_A;

typedef struct JET_TABLECREATE2_W {
    uint32_t cbStruct;
    WCHAR *szTableName;
    WCHAR *szTemplateTableName;
    uint32_t ulPages;
    uint32_t ulDensity;
    JET_COLUMNCREATE_W *rgcolumncreate;
    uint32_t cColumns;
    JET_INDEXCREATE_W *rgindexcreate;
    uint32_t cIndexes;
    WCHAR *szCallback;
    JET_CBTYP cbtyp;
    JET_GRBIT grbit;
    JET_TABLEID tableid;
    uint32_t cCreated;
} JET_TABLECREATE2_W;

#if JET_VERSION >= 0x0601
typedef struct JET_TABLECREATE3_A {
    uint32_t cbStruct;
    char *szTableName;
    char *szTemplateTableName;
    uint32_t ulPages;
    uint32_t ulDensity;
    JET_COLUMNCREATE_A *rgcolumncreate;
    uint32_t cColumns;
    JET_INDEXCREATE2_A *rgindexcreate;
    uint32_t cIndexes;
    char *szCallback;
    JET_CBTYP cbtyp;
    JET_GRBIT grbit;
    JET_SPACEHINTS *pSeqSpacehints;
    JET_SPACEHINTS *pLVSpacehints;
    uint32_t cbSeparateLV;
    JET_TABLEID tableid;
    uint32_t cCreated;
} JET_TABLECREATE3_A;

typedef struct JET_TABLECREATE3_W {
    uint32_t cbStruct;
    WCHAR *szTableName;
    WCHAR *szTemplateTableName;
    uint32_t ulPages;
    uint32_t ulDensity;
    JET_COLUMNCREATE_W *rgcolumncreate;
    uint32_t cColumns;
    JET_INDEXCREATE2_W *rgindexcreate;
    uint32_t cIndexes;
    WCHAR *szCallback;
    JET_CBTYP cbtyp;
    JET_GRBIT grbit;
    JET_SPACEHINTS *pSeqSpacehints;
    JET_SPACEHINTS *pLVSpacehints;
    uint32_t cbSeparateLV;
    JET_TABLEID tableid;
    uint32_t cCreated;
} JET_TABLECREATE3_W;
#endif

#if JET_VERSION >= 0x0602
typedef struct JET_TABLECREATE4_A {
    uint32_t cbStruct;
    char *szTableName;
    char *szTemplateTableName;
    uint32_t ulPages;
    uint32_t ulDensity;
    JET_COLUMNCREATE_A *rgcolumncreate;
    uint32_t cColumns;
    JET_INDEXCREATE3_A *rgindexcreate;
    uint32_t cIndexes;
    char *szCallback;
    JET_CBTYP cbtyp;
    JET_GRBIT grbit;
    JET_SPACEHINTS *pSeqSpacehints;
    JET_SPACEHINTS *pLVSpacehints;
    uint32_t cbSeparateLV;
    JET_TABLEID tableid;
    uint32_t cCreated;
} JET_TABLECREATE4_A;

typedef struct JET_TABLECREATE4_W {
    uint32_t cbStruct;
    WCHAR *szTableName;
    WCHAR *szTemplateTableName;
    uint32_t ulPages;
    uint32_t ulDensity;
    JET_COLUMNCREATE_W *rgcolumncreate;
    uint32_t cColumns;
    JET_INDEXCREATE3_W *rgindexcreate;
    uint32_t cIndexes;
    WCHAR *szCallback;
    JET_CBTYP cbtyp;
    JET_GRBIT grbit;
    JET_SPACEHINTS *pSeqSpacehints;
    JET_SPACEHINTS *pLVSpacehints;
    uint32_t cbSeparateLV;
    JET_TABLEID tableid;
    uint32_t cCreated;
} JET_TABLECREATE4_W;
#endif

/* Options of JetOpenTable. */
#define JET_bitTableClassNone     0x00000000u
#define JET_bitTableDenyWrite     0x00000001u /* no other session may write */
#define JET_bitTableDenyRead      0x00000002u /* no other session may open */
#define JET_bitTableReadOnly      0x00000004u
#define JET_bitTableUpdatable     0x00000008u
#define JET_bitTablePermitDDL     0x00000010u
#define JET_bitTableNoCache       0x00000020u
#define JET_bitTablePreread       0x00000040u
#define JET_bitTableOpportuneRead 0x00000080u
#define JET_bitTableSequential    0x00008000u
#define JET_bitTableClass1        0x00010000u
#define JET_bitTableClass2        0x00020000u
#define JET_bitTableClass3        0x00030000u
#define JET_bitTableClass4        0x00040000u
#define JET_bitTableClass5        0x00050000u
#define JET_bitTableClass6        0x00060000u
#define JET_bitTableClass7        0x00070000u
#define JET_bitTableClass8        0x00080000u
#define JET_bitTableClass9        0x00090000u
#define JET_bitTableClass10       0x000A0000u
#define JET_bitTableClass11       0x000B0000u
#define JET_bitTableClass12       0x000C0000u
#define JET_bitTableClass13       0x000D0000u
#define JET_bitTableClass14       0x000E0000u
#define JET_bitTableClass15       0x000F0000u
#define JET_bitTableClassMask     0x001F0000u

/* Options of JetDeleteColumn2. */
#define JET_bitDeleteColumnIgnoreTemplateColumns 0x00000001u

ESE_API JET_ERR JET_API JetCreateTableA(JET_SESID sesid, JET_DBID dbid, JET_PCSTR szTableName,
                                        uint32_t lPages, uint32_t lDensity, JET_TABLEID *ptableid);
ESE_API JET_ERR JET_API JetCreateTableW(JET_SESID sesid, JET_DBID dbid, JET_PCWSTR szTableName,
                                        uint32_t lPages, uint32_t lDensity, JET_TABLEID *ptableid);
ESE_API JET_ERR JET_API JetCreateTableColumnIndexA(JET_SESID sesid, JET_DBID dbid,
                                                   JET_TABLECREATE_A *ptablecreate);
ESE_API JET_ERR JET_API JetCreateTableColumnIndexW(JET_SESID sesid, JET_DBID dbid,
                                                   JET_TABLECREATE_W *ptablecreate);
ESE_API JET_ERR JET_API JetCreateTableColumnIndex2A(JET_SESID sesid, JET_DBID dbid,
                                                    JET_TABLECREATE2_A *ptablecreate);
ESE_API JET_ERR JET_API JetCreateTableColumnIndex2W(JET_SESID sesid, JET_DBID dbid,
                                                    JET_TABLECREATE2_W *ptablecreate);
ESE_API JET_ERR JET_API JetDeleteTableA(JET_SESID sesid, JET_DBID dbid, JET_PCSTR szTableName);
ESE_API JET_ERR JET_API JetDeleteTableW(JET_SESID sesid, JET_DBID dbid, JET_PCWSTR szTableName);
ESE_API JET_ERR JET_API JetRenameTableA(JET_SESID sesid, JET_DBID dbid, JET_PCSTR szName,
                                        JET_PCSTR szNameNew);
ESE_API JET_ERR JET_API JetRenameTableW(JET_SESID sesid, JET_DBID dbid, JET_PCWSTR szName,
                                        JET_PCWSTR szNameNew);
#if JET_VERSION >= 0x0601
ESE_API JET_ERR JET_API JetCreateTableColumnIndex3A(JET_SESID sesid, JET_DBID dbid,
                                                    JET_TABLECREATE3_A *ptablecreate);
ESE_API JET_ERR JET_API JetCreateTableColumnIndex3W(JET_SESID sesid, JET_DBID dbid,
                                                    JET_TABLECREATE3_W *ptablecreate);
#endif
#if JET_VERSION >= 0x0602
ESE_API JET_ERR JET_API JetCreateTableColumnIndex4A(JET_SESID sesid, JET_DBID dbid,
                                                    JET_TABLECREATE4_A *ptablecreate);
ESE_API JET_ERR JET_API JetCreateTableColumnIndex4W(JET_SESID sesid, JET_DBID dbid,
                                                    JET_TABLECREATE4_W *ptablecreate);
#endif

ESE_API JET_ERR JET_API JetAddColumnA(JET_SESID sesid, JET_TABLEID tableid, JET_PCSTR szColumnName,
                                      const JET_COLUMNDEF *pcolumndef, const void *pvDefault,
                                      uint32_t cbDefault, JET_COLUMNID *pcolumnid);
ESE_API JET_ERR JET_API JetAddColumnW(JET_SESID sesid, JET_TABLEID tableid, JET_PCWSTR szColumnName,
                                      const JET_COLUMNDEF *pcolumndef, const void *pvDefault,
                                      uint32_t cbDefault, JET_COLUMNID *pcolumnid);
ESE_API JET_ERR JET_API JetDeleteColumnA(JET_SESID sesid, JET_TABLEID tableid,
                                         JET_PCSTR szColumnName);
ESE_API JET_ERR JET_API JetDeleteColumnW(JET_SESID sesid, JET_TABLEID tableid,
                                         JET_PCWSTR szColumnName);
ESE_API JET_ERR JET_API JetDeleteColumn2A(JET_SESID sesid, JET_TABLEID tableid,
                                          JET_PCSTR szColumnName, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetDeleteColumn2W(JET_SESID sesid, JET_TABLEID tableid,
                                          JET_PCWSTR szColumnName, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetRenameColumnA(JET_SESID sesid, JET_TABLEID tableid, JET_PCSTR szName,
                                         JET_PCSTR szNameNew, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetRenameColumnW(JET_SESID sesid, JET_TABLEID tableid, JET_PCWSTR szName,
                                         JET_PCWSTR szNameNew, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetSetColumnDefaultValueA(JET_SESID sesid, JET_DBID dbid,
                                                  JET_PCSTR szTableName, JET_PCSTR szColumnName,
                                                  const void *pvData, uint32_t cbData,
                                                  JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetSetColumnDefaultValueW(JET_SESID sesid, JET_DBID dbid,
                                                  JET_PCWSTR szTableName, JET_PCWSTR szColumnName,
                                                  const void *pvData, uint32_t cbData,
                                                  JET_GRBIT grbit);

ESE_API JET_ERR JET_API JetCreateIndexA(JET_SESID sesid, JET_TABLEID tableid, JET_PCSTR szIndexName,
                                        JET_GRBIT grbit, const char *szKey, uint32_t cbKey,
                                        uint32_t lDensity);
ESE_API JET_ERR JET_API JetCreateIndexW(JET_SESID sesid, JET_TABLEID tableid,
                                        JET_PCWSTR szIndexName, JET_GRBIT grbit, const WCHAR *szKey,
                                        uint32_t cbKey, uint32_t lDensity);
ESE_API JET_ERR JET_API JetCreateIndex2A(JET_SESID sesid, JET_TABLEID tableid,
                                         JET_INDEXCREATE_A *pindexcreate, uint32_t cIndexCreate);
ESE_API JET_ERR JET_API JetCreateIndex2W(JET_SESID sesid, JET_TABLEID tableid,
                                         JET_INDEXCREATE_W *pindexcreate, uint32_t cIndexCreate);
ESE_API JET_ERR JET_API JetDeleteIndexA(JET_SESID sesid, JET_TABLEID tableid,
                                        JET_PCSTR szIndexName);
ESE_API JET_ERR JET_API JetDeleteIndexW(JET_SESID sesid, JET_TABLEID tableid,
                                        JET_PCWSTR szIndexName);
#if JET_VERSION >= 0x0601
ESE_API JET_ERR JET_API JetCreateIndex3A(JET_SESID sesid, JET_TABLEID tableid,
                                         JET_INDEXCREATE2_A *pindexcreate, uint32_t cIndexCreate);
ESE_API JET_ERR JET_API JetCreateIndex3W(JET_SESID sesid, JET_TABLEID tableid,
                                         JET_INDEXCREATE2_W *pindexcreate, uint32_t cIndexCreate);
#endif
#if JET_VERSION >= 0x0602
ESE_API JET_ERR JET_API JetCreateIndex4A(JET_SESID sesid, JET_TABLEID tableid,
                                         JET_INDEXCREATE3_A *pindexcreate, uint32_t cIndexCreate);
ESE_API JET_ERR JET_API JetCreateIndex4W(JET_SESID sesid, JET_TABLEID tableid,
                                         JET_INDEXCREATE3_W *pindexcreate, uint32_t cIndexCreate);
#endif

ESE_API JET_ERR JET_API JetOpenTableA(JET_SESID sesid, JET_DBID dbid, JET_PCSTR szTableName,
                                      const void *pvParameters, uint32_t cbParameters,
                                      JET_GRBIT grbit, JET_TABLEID *ptableid);
ESE_API JET_ERR JET_API JetOpenTableW(JET_SESID sesid, JET_DBID dbid, JET_PCWSTR szTableName,
                                      const void *pvParameters, uint32_t cbParameters,
                                      JET_GRBIT grbit, JET_TABLEID *ptableid);
ESE_API JET_ERR JET_API JetDupCursor(JET_SESID sesid, JET_TABLEID tableid, JET_TABLEID *ptableid,
                                     JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetCloseTable(JET_SESID sesid, JET_TABLEID tableid);
ESE_API JET_ERR JET_API JetComputeStats(JET_SESID sesid, JET_TABLEID tableid);
ESE_API JET_ERR JET_API JetSetTableSequential(JET_SESID sesid, JET_TABLEID tableid,
                                              JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetResetTableSequential(JET_SESID sesid, JET_TABLEID tableid,
                                                JET_GRBIT grbit);

/*
 * ----- Description of the schema -----
 */

/* Kinds and properties of objects, and what a cursor on a table allows. */
#define JET_objtypNil                                      0
#define JET_objtypTable                                    1
#define JET_bitObjectSystem                                0x80000000u
#define JET_bitObjectTableDerived                          0x10000000u
#define JET_bitObjectTableFixedDDL                         0x40000000u
#define JET_bitObjectTableNoFixedVarColumnsInDerivedTables 0x04000000u
#define JET_bitObjectTableTemplate                         0x20000000u
#define JET_bitTableInfoBookmark                           0x00000002u
#define JET_bitTableInfoRollback                           0x00000004u
#define JET_bitTableInfoUpdatable                          0x00000001u

/* Information levels of JetGetObjectInfo. */
#define JET_ObjInfo               0
#define JET_ObjInfoListNoStats    1
#define JET_ObjInfoList           2
#define JET_ObjInfoSysTabCursor   3
#define JET_ObjInfoListACM        4
#define JET_ObjInfoNoStats        5
#define JET_ObjInfoSysTabReadOnly 6
#define JET_ObjInfoRulesLoaded    7
#define JET_ObjInfoMax            8

typedef struct JET_OBJECTINFO {
    uint32_t cbStruct;
    JET_OBJTYP objtyp;
    JET_DATESERIAL dtCreate;
    JET_DATESERIAL dtUpdate;
    JET_GRBIT grbit;
    uint32_t flags;
    uint32_t cRecord;
    uint32_t cPage;
} JET_OBJECTINFO;

/* JET_ObjInfoList: a temporary table, and the columns in it. */
typedef struct JET_OBJECTLIST {
    uint32_t cbStruct;
    JET_TABLEID tableid;
    uint32_t cRecord;
    JET_COLUMNID columnidcontainername;
    JET_COLUMNID columnidobjectname;
    JET_COLUMNID columnidobjtyp;
    JET_COLUMNID columniddtCreate;
    JET_COLUMNID columniddtUpdate;
    JET_COLUMNID columnidgrbit;
    JET_COLUMNID columnidflags;
    JET_COLUMNID columnidcRecord;
    JET_COLUMNID columnidcPage;
} JET_OBJECTLIST;

/* Information levels of JetGetTableInfo. */
#define JET_TblInfo                  0
#define JET_TblInfoName              1
#define JET_TblInfoDbid              2
#define JET_TblInfoMostMany          3
#define JET_TblInfoRvt               4
#define JET_TblInfoOLC               5
#define JET_TblInfoResetOLC          6
#define JET_TblInfoSpaceUsage        7
#define JET_TblInfoDumpTable         8
#define JET_TblInfoSpaceAlloc        9
#define JET_TblInfoSpaceOwned        10
#define JET_TblInfoSpaceAvailable    11
#define JET_TblInfoTemplateTableName 12

/* Information levels of JetGetColumnInfo and JetGetTableColumnInfo, and options to add to them. */
#define JET_ColInfo                 0
#define JET_ColInfoList             1
#define JET_ColInfoSysTabCursor     3
#define JET_ColInfoBase             4
#define JET_ColInfoListCompact      5
#define JET_ColInfoByColid          6
#define JET_ColInfoListSortColumnid 7
#if JET_VERSION >= 0x0600
#    define JET_ColInfoBaseByColid                8
#    define JET_ColInfoGrbitSortByColumnid        0x20000000u
#    define JET_ColInfoGrbitMinimalInfo           0x40000000u
#    define JET_ColInfoGrbitNonDerivedColumnsOnly 0x80000000u
#endif

/* JET_ColInfoBase: the column, and where it was inherited from. */
typedef struct JET_COLUMNBASE_A {
    uint32_t cbStruct;
    JET_COLUMNID columnid;
    JET_COLTYP coltyp;
    uint16_t wCountry;
    uint16_t langid;
    uint16_t cp;
    uint16_t wFiller;
    uint32_t cbMax;
    JET_GRBIT grbit;
    char szBaseTableName[256];
    char szBaseColumnName[256];
} JET_COLUMNBASE_A;

typedef struct JET_COLUMNBASE_W {
    uint32_t cbStruct;
    JET_COLUMNID columnid;
    JET_COLTYP coltyp;
    uint16_t wCountry;
    uint16_t langid;
    uint16_t cp;
    uint16_t wFiller;
    uint32_t cbMax;
    JET_GRBIT grbit;
    WCHAR szBaseTableName[256];
    WCHAR szBaseColumnName[256];
} JET_COLUMNBASE_W;

/* JET_ColInfoList: a temporary table, and the columns in it. */
typedef struct JET_COLUMNLIST {
    uint32_t cbStruct;
    JET_TABLEID tableid;
    uint32_t cRecord;
    JET_COLUMNID columnidPresentationOrder;
    JET_COLUMNID columnidcolumnname;
    JET_COLUMNID columnidcolumnid;
    JET_COLUMNID columnidcoltyp;
    JET_COLUMNID columnidCountry;
    JET_COLUMNID columnidLangid;
    JET_COLUMNID columnidCp;
    JET_COLUMNID columnidCollate;
    JET_COLUMNID columnidcbMax;
    JET_COLUMNID columnidgrbit;
    JET_COLUMNID columnidDefault;
    JET_COLUMNID columnidBaseTableName;
    JET_COLUMNID columnidBaseColumnName;
    JET_COLUMNID columnidDefinitionName;
} JET_COLUMNLIST;

/* Information levels of JetGetIndexInfo and JetGetTableIndexInfo. */
#define JET_IdxInfo             0
#define JET_IdxInfoList         1
#define JET_IdxInfoSysTabCursor 2
#define JET_IdxInfoOLC          3
#define JET_IdxInfoResetOLC     4
#define JET_IdxInfoSpaceAlloc   5
#define JET_IdxInfoLCID         6
#define JET_IdxInfoLangid       6
#define JET_IdxInfoCount        7
#define JET_IdxInfoVarSegMac    8
#define JET_IdxInfoIndexId      9
#if JET_VERSION >= 0x0600
#    define JET_IdxInfoKeyMost 10
#endif
#if JET_VERSION >= 0x0601
#    define JET_IdxInfoCreateIndex  11
#    define JET_IdxInfoCreateIndex2 12
#endif
#if JET_VERSION >= 0x0602
#    define JET_IdxInfoCreateIndex3 13
#    define JET_IdxInfoLocaleName   14
#endif

/* JET_IdxInfoList: a temporary table, and the columns in it. */
typedef struct JET_INDEXLIST {
    uint32_t cbStruct;
    JET_TABLEID tableid;
    uint32_t cRecord;
    JET_COLUMNID columnidindexname;
    JET_COLUMNID columnidgrbitIndex;
    JET_COLUMNID columnidcKey;
    JET_COLUMNID columnidcEntry;
    JET_COLUMNID columnidcPage;
    JET_COLUMNID columnidcColumn;
    JET_COLUMNID columnidiColumn;
    JET_COLUMNID columnidcolumnid;
    JET_COLUMNID columnidcoltyp;
    JET_COLUMNID columnidCountry;
    JET_COLUMNID columnidLangid;
    JET_COLUMNID columnidCp;
    JET_COLUMNID columnidCollate;
    JET_COLUMNID columnidgrbitColumn;
    JET_COLUMNID columnidcolumnname;
    JET_COLUMNID columnidLCMapFlags;
} JET_INDEXLIST;

ESE_API JET_ERR JET_API JetGetObjectInfoA(JET_SESID sesid, JET_DBID dbid, JET_OBJTYP objtyp,
                                          JET_PCSTR szContainerName, JET_PCSTR szObjectName,
                                          void *pvResult, uint32_t cbMax, uint32_t InfoLevel);
ESE_API JET_ERR JET_API JetGetObjectInfoW(JET_SESID sesid, JET_DBID dbid, JET_OBJTYP objtyp,
                                          JET_PCWSTR szContainerName, JET_PCWSTR szObjectName,
                                          void *pvResult, uint32_t cbMax, uint32_t InfoLevel);
ESE_API JET_ERR JET_API JetGetTableInfoA(JET_SESID sesid, JET_TABLEID tableid, void *pvResult,
                                         uint32_t cbMax, uint32_t InfoLevel);
ESE_API JET_ERR JET_API JetGetTableInfoW(JET_SESID sesid, JET_TABLEID tableid, void *pvResult,
                                         uint32_t cbMax, uint32_t InfoLevel);
ESE_API JET_ERR JET_API JetGetColumnInfoA(JET_SESID sesid, JET_DBID dbid, JET_PCSTR szTableName,
                                          JET_PCSTR pColumnNameOrId, void *pvResult, uint32_t cbMax,
                                          uint32_t InfoLevel);
ESE_API JET_ERR JET_API JetGetColumnInfoW(JET_SESID sesid, JET_DBID dbid, JET_PCWSTR szTableName,
                                          JET_PCWSTR pwColumnNameOrId, void *pvResult,
                                          uint32_t cbMax, uint32_t InfoLevel);
ESE_API JET_ERR JET_API JetGetTableColumnInfoA(JET_SESID sesid, JET_TABLEID tableid,
                                               JET_PCSTR szColumnName, void *pvResult,
                                               uint32_t cbMax, uint32_t InfoLevel);
ESE_API JET_ERR JET_API JetGetTableColumnInfoW(JET_SESID sesid, JET_TABLEID tableid,
                                               JET_PCWSTR szColumnName, void *pvResult,
                                               uint32_t cbMax, uint32_t InfoLevel);
ESE_API JET_ERR JET_API JetGetIndexInfoA(JET_SESID sesid, JET_DBID dbid, JET_PCSTR szTableName,
                                         JET_PCSTR szIndexName, void *pvResult, uint32_t cbResult,
                                         uint32_t InfoLevel);
ESE_API JET_ERR JET_API JetGetIndexInfoW(JET_SESID sesid, JET_DBID dbid, JET_PCWSTR szTableName,
                                         JET_PCWSTR szIndexName, void *pvResult, uint32_t cbResult,
                                         uint32_t InfoLevel);
ESE_API JET_ERR JET_API JetGetTableIndexInfoA(JET_SESID sesid, JET_TABLEID tableid,
                                              JET_PCSTR szIndexName, void *pvResult,
                                              uint32_t cbResult, uint32_t InfoLevel);
ESE_API JET_ERR JET_API JetGetTableIndexInfoW(JET_SESID sesid, JET_TABLEID tableid,
                                              JET_PCWSTR szIndexName, void *pvResult,
                                              uint32_t cbResult, uint32_t InfoLevel);

/*
 * ----- Temporary tables -----
 */

#define JET_bitTTIndexed                   0x00000001u /* seekable */
#define JET_bitTTUnique                    0x00000002u
#define JET_bitTTUpdatable                 0x00000004u /* records may change after insertion */
#define JET_bitTTScrollable                0x00000008u /* moves both ways */
#define JET_bitTTSortNullsHigh             0x00000010u
#define JET_bitTTErrorOnDuplicateInsertion 0x00000020u
#define JET_bitTTForceMaterialization      0x00000020u /* a B+ tree from the start */
#define JET_bitTTForwardOnly               0x00000040u /* one pass from first to last */
#if JET_VERSION >= 0x0601
#    define JET_bitTTIntrinsicLVsOnly 0x00000080u
#endif
#if JET_VERSION >= 0x0602
#    define JET_bitTTDotNetGuid 0x00000100u
#endif

#if JET_VERSION >= 0x0600
/* A temporary table to open; tableid and prgcolumnid receive the result. */
typedef struct JET_OPENTEMPORARYTABLE {
    uint32_t cbStruct;
    const JET_COLUMNDEF *prgcolumndef;
    uint32_t ccolumn;
    JET_UNICODEINDEX *pidxunicode;
    JET_GRBIT grbit;
    JET_COLUMNID *prgcolumnid;
    uint32_t cbKeyMost;
    uint32_t cbVarSegMac;
    JET_TABLEID tableid;
} JET_OPENTEMPORARYTABLE;
#endif

#if JET_VERSION >= 0x0602
typedef struct JET_OPENTEMPORARYTABLE2 {
    uint32_t cbStruct;
    const JET_COLUMNDEF *prgcolumndef;
    uint32_t ccolumn;
    JET_UNICODEINDEX2 *pidxunicode;
    JET_GRBIT grbit;
    JET_COLUMNID *prgcolumnid;
    uint32_t cbKeyMost;
    uint32_t cbVarSegMac;
    JET_TABLEID tableid;
} JET_OPENTEMPORARYTABLE2;
#endif

ESE_API JET_ERR JET_API JetOpenTempTable(JET_SESID sesid, const JET_COLUMNDEF *prgcolumndef,
                                         uint32_t ccolumn, JET_GRBIT grbit, JET_TABLEID *ptableid,
                                         JET_COLUMNID *prgcolumnid);
ESE_API JET_ERR JET_API JetOpenTempTable2(JET_SESID sesid, const JET_COLUMNDEF *prgcolumndef,
                                          uint32_t ccolumn, uint32_t lcid, JET_GRBIT grbit,
                                          JET_TABLEID *ptableid, JET_COLUMNID *prgcolumnid);
ESE_API JET_ERR JET_API JetOpenTempTable3(JET_SESID sesid, const JET_COLUMNDEF *prgcolumndef,
                                          uint32_t ccolumn, JET_UNICODEINDEX *pidxunicode,
                                          JET_GRBIT grbit, JET_TABLEID *ptableid,
                                          JET_COLUMNID *prgcolumnid);
#if JET_VERSION >= 0x0600
ESE_API JET_ERR JET_API JetOpenTemporaryTable(JET_SESID sesid,
                                              JET_OPENTEMPORARYTABLE *popentemporarytable);
#endif
#if JET_VERSION >= 0x0602
ESE_API JET_ERR JET_API JetOpenTemporaryTable2(JET_SESID sesid,
                                               JET_OPENTEMPORARYTABLE2 *popentemporarytable);
#endif

/*
 * ----- Cursors -----
 */

/* JetMove: how far, and options. */
#define JET_MoveFirst    0x80000000u /* to the first entry of the index or range */
#define JET_MovePrevious (-1)
#define JET_MoveNext     1
#define JET_MoveLast     0x7FFFFFFF  /* to the last entry of the index or range */
#define JET_bitMoveKeyNE 0x00000001u /* step over entries with an equal key */

/* Options of JetSetCurrentIndex2 and later. */
#define JET_bitMoveFirst 0x00000000u
#define JET_bitNoMove    0x00000002u

/* Options of JetMakeKey. */
#define JET_bitNewKey                  0x00000001u /* start a key */
#define JET_bitStrLimit                0x00000002u /* last part: after all values that begin so */
#define JET_bitSubStrLimit             0x00000004u /* last part: after all texts that begin so */
#define JET_bitNormalizedKey           0x00000008u /* pvData is a finished key */
#define JET_bitKeyDataZeroLength       0x00000010u /* a value of length zero, not NULL */
#define JET_bitFullColumnStartLimit    0x00000100u /* before all that match the parts so far */
#define JET_bitFullColumnEndLimit      0x00000200u /* after all that match the parts so far */
#define JET_bitPartialColumnStartLimit 0x00000400u /* before all whose last part begins so */
#define JET_bitPartialColumnEndLimit   0x00000800u /* after all whose last part begins so */

/* Options of JetSeek. */
#define JET_bitSeekEQ          0x00000001u
#define JET_bitSeekLT          0x00000002u
#define JET_bitSeekLE          0x00000004u
#define JET_bitSeekGE          0x00000008u
#define JET_bitSeekGT          0x00000010u
#define JET_bitSetIndexRange   0x00000020u /* with JET_bitSeekEQ: make the matches a range */
#define JET_bitCheckUniqueness 0x00000040u

/* Options of JetSetIndexRange. */
#define JET_bitRangeInclusive       0x00000001u /* the end key belongs to the range */
#define JET_bitRangeUpperLimit      0x00000002u /* the key just made is the upper end */
#define JET_bitRangeInstantDuration 0x00000004u /* test only: leaves no range behind */
#define JET_bitRangeRemove          0x00000008u /* removes the range */

/* Options of JetIntersectIndexes. */
#define JET_bitRecordInIndex    0x00000001u
#define JET_bitRecordNotInIndex 0x00000002u

/* Options of JetGotoSecondaryIndexBookmark. */
#define JET_bitBookmarkPermitVirtualCurrency 0x00000001u

/* Options of JetPrereadKeys and JetPrereadIndexRanges. */
#if JET_VERSION >= 0x0601
#    define JET_bitPrereadForward  0x00000001u
#    define JET_bitPrereadBackward 0x00000002u
#endif
#if JET_VERSION >= 0x0602
#    define JET_bitPrereadFirstPage     0x00000004u
#    define JET_bitPrereadNormalizedKey 0x00000008u
#endif

/* JET_INDEX_COLUMN: pv is a value of length zero. */
#if JET_VERSION >= 0x0602
#    define JET_bitZeroLength 0x00000001u
#endif

/* A cursor with an index range, for JetIntersectIndexes. */
typedef struct JET_INDEXRANGE {
    uint32_t cbStruct;
    JET_TABLEID tableid;
    JET_GRBIT grbit;
} JET_INDEXRANGE;

/* The records found: a temporary table of bookmarks. */
typedef struct JET_RECORDLIST {
    uint32_t cbStruct;
    JET_TABLEID tableid;
    uint32_t cRecord;
    JET_COLUMNID columnidBookmark;
} JET_RECORDLIST;

/* An approximate position: centriesLT of centriesTotal entries come before it. */
typedef struct JET_RECPOS {
    uint32_t cbStruct;
    uint32_t centriesLT;
    uint32_t centriesInRange;
    uint32_t centriesTotal;
} JET_RECPOS;

/* The same beyond 32 bits. */
typedef struct JET_RECPOS2 {
    uint32_t cbStruct;
    uint32_t centriesLTDeprecated;
    uint32_t centriesInRangeDeprecated;
    uint32_t centriesTotalDeprecated;
    uint64_t centriesLT;
    uint64_t centriesTotal;
} JET_RECPOS2;

#if JET_VERSION >= 0x0602
/* How a column compares with a value. Index ranges know the first two only. */
typedef enum JET_RELOP {
    JET_relopEquals = 0,
    JET_relopPrefixEquals,
    JET_relopNotEquals,
    JET_relopLessThanOrEqual,
    JET_relopLessThan,
    JET_relopGreaterThanOrEqual,
    JET_relopGreaterThan,
    JET_relopBitmaskEqualsZero,
    JET_relopBitmaskNotEqualsZero
} JET_RELOP;
#endif

#if JET_VERSION >= 0x0602
/* A condition on one column. */
typedef struct JET_INDEX_COLUMN {
    JET_COLUMNID columnid;
    JET_RELOP relop;
    void *pv;
    uint32_t cb;
    JET_GRBIT grbit;
} JET_INDEX_COLUMN;
#endif

#if JET_VERSION >= 0x0602
/* A range of an index, by the columns of its two ends. */
typedef struct JET_INDEX_RANGE {
    JET_INDEX_COLUMN *rgStartColumns;
    uint32_t cStartColumns;
    JET_INDEX_COLUMN *rgEndColumns;
    uint32_t cEndColumns;
} JET_INDEX_RANGE;
#endif

ESE_API JET_ERR JET_API JetMove(JET_SESID sesid, JET_TABLEID tableid, int32_t cRow,
                                JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetMakeKey(JET_SESID sesid, JET_TABLEID tableid, const void *pvData,
                                   uint32_t cbData, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetSeek(JET_SESID sesid, JET_TABLEID tableid, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetSetIndexRange(JET_SESID sesid, JET_TABLEID tableidSrc, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetIntersectIndexes(JET_SESID sesid, JET_INDEXRANGE *rgindexrange,
                                            uint32_t cindexrange, JET_RECORDLIST *precordlist,
                                            JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetIndexRecordCount(JET_SESID sesid, JET_TABLEID tableid, uint32_t *pcrec,
                                            uint32_t crecMax);
#if JET_VERSION >= 0x0602
ESE_API JET_ERR JET_API JetSetCursorFilter(JET_SESID sesid, JET_TABLEID tableid,
                                           JET_INDEX_COLUMN *rgColumnFilters,
                                           uint32_t cColumnFilters, JET_GRBIT grbit);
#endif

ESE_API JET_ERR JET_API JetSetCurrentIndexA(JET_SESID sesid, JET_TABLEID tableid,
                                            JET_PCSTR szIndexName);
ESE_API JET_ERR JET_API JetSetCurrentIndexW(JET_SESID sesid, JET_TABLEID tableid,
                                            JET_PCWSTR szIndexName);
ESE_API JET_ERR JET_API JetSetCurrentIndex2A(JET_SESID sesid, JET_TABLEID tableid,
                                             JET_PCSTR szIndexName, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetSetCurrentIndex2W(JET_SESID sesid, JET_TABLEID tableid,
                                             JET_PCWSTR szIndexName, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetSetCurrentIndex3A(JET_SESID sesid, JET_TABLEID tableid,
                                             JET_PCSTR szIndexName, JET_GRBIT grbit,
                                             uint32_t itagSequence);
ESE_API JET_ERR JET_API JetSetCurrentIndex3W(JET_SESID sesid, JET_TABLEID tableid,
                                             JET_PCWSTR szIndexName, JET_GRBIT grbit,
                                             uint32_t itagSequence);
ESE_API JET_ERR JET_API JetSetCurrentIndex4A(JET_SESID sesid, JET_TABLEID tableid,
                                             JET_PCSTR szIndexName, JET_INDEXID *pindexid,
                                             JET_GRBIT grbit, uint32_t itagSequence);
ESE_API JET_ERR JET_API JetSetCurrentIndex4W(JET_SESID sesid, JET_TABLEID tableid,
                                             JET_PCWSTR szIndexName, JET_INDEXID *pindexid,
                                             JET_GRBIT grbit, uint32_t itagSequence);
ESE_API JET_ERR JET_API JetGetCurrentIndexA(JET_SESID sesid, JET_TABLEID tableid,
                                            JET_PSTR szIndexName, uint32_t cbIndexName);
ESE_API JET_ERR JET_API JetGetCurrentIndexW(JET_SESID sesid, JET_TABLEID tableid,
                                            JET_PWSTR szIndexName, uint32_t cbIndexName);

ESE_API JET_ERR JET_API JetGetBookmark(JET_SESID sesid, JET_TABLEID tableid, void *pvBookmark,
                                       uint32_t cbMax, uint32_t *pcbActual);
ESE_API JET_ERR JET_API JetGotoBookmark(JET_SESID sesid, JET_TABLEID tableid, void *pvBookmark,
                                        uint32_t cbBookmark);
ESE_API JET_ERR JET_API JetGetSecondaryIndexBookmark(
    JET_SESID sesid, JET_TABLEID tableid, void *pvSecondaryKey, uint32_t cbSecondaryKeyMax,
    uint32_t *pcbSecondaryKeyActual, void *pvPrimaryBookmark, uint32_t cbPrimaryBookmarkMax,
    uint32_t *pcbPrimaryBookmarkActual, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetGotoSecondaryIndexBookmark(JET_SESID sesid, JET_TABLEID tableid,
                                                      void *pvSecondaryKey, uint32_t cbSecondaryKey,
                                                      void *pvPrimaryBookmark,
                                                      uint32_t cbPrimaryBookmark, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetGetRecordPosition(JET_SESID sesid, JET_TABLEID tableid,
                                             JET_RECPOS *precpos, uint32_t cbRecpos);
ESE_API JET_ERR JET_API JetGotoPosition(JET_SESID sesid, JET_TABLEID tableid, JET_RECPOS *precpos);

ESE_API JET_ERR JET_API JetGetCursorInfo(JET_SESID sesid, JET_TABLEID tableid, void *pvResult,
                                         uint32_t cbMax, uint32_t InfoLevel);
#if JET_VERSION >= 0x0601
ESE_API JET_ERR JET_API JetPrereadKeys(JET_SESID sesid, JET_TABLEID tableid, const void **rgpvKeys,
                                       const uint32_t *rgcbKeys, int32_t ckeys,
                                       int32_t *pckeysPreread, JET_GRBIT grbit);
#endif
#if JET_VERSION >= 0x0602
ESE_API JET_ERR JET_API JetPrereadIndexRanges(JET_SESID sesid, JET_TABLEID tableid,
                                              const JET_INDEX_RANGE *rgIndexRanges,
                                              uint32_t cIndexRanges, uint32_t *pcRangesPreread,
                                              const JET_COLUMNID *rgcolumnidPreread,
                                              uint32_t ccolumnidPreread, JET_GRBIT grbit);
#endif

/*
 * ----- Reading records -----
 */

/* Options of JetRetrieveColumn and JetRetrieveKey. */
#define JET_bitRetrieveCopy                0x00000001u /* read the update buffer */
#define JET_bitRetrieveFromIndex           0x00000002u /* read the index entry, not the record */
#define JET_bitRetrieveFromPrimaryBookmark 0x00000004u /* read the bookmark in the entry */
#define JET_bitRetrieveTag                 0x00000008u /* store the itagSequence found */
#define JET_bitRetrieveNull                0x00000010u /* count NULL values in multi-values */
#define JET_bitRetrieveIgnoreDefault       0x00000020u /* NULL instead of the default value */
#if JET_VERSION >= 0x0600
#    define JET_bitRetrieveTuple 0x00000800u
#endif

/* Options of JetEnumerateColumns. */
#define JET_bitEnumerateCopy                     0x00000001u
#define JET_bitEnumerateIgnoreDefault            0x00000020u
#define JET_bitEnumeratePresenceOnly             0x00020000u
#define JET_bitEnumerateTaggedOnly               0x00040000u
#define JET_bitEnumerateCompressOutput           0x00080000u
#define JET_bitEnumerateIgnoreUserDefinedDefault 0x00100000u
#if JET_VERSION >= 0x0601
#    define JET_bitEnumerateInRecordOnly 0x00200000u
#endif

/* Options of JetGetRecordSize. */
#if JET_VERSION >= 0x0600
#    define JET_bitRecordSizeInCopyBuffer 0x00000001u
#    define JET_bitRecordSizeRunningTotal 0x00000002u
#    define JET_bitRecordSizeLocal        0x00000004u
#endif

/* Where in the value, and which value of several. Counts from 1; 0 asks for their number. */
typedef struct JET_RETINFO {
    uint32_t cbStruct;
    uint32_t ibLongValue;
    uint32_t itagSequence;
    JET_COLUMNID columnidNextTagged;
} JET_RETINFO;

/* A column for JetRetrieveColumns; err receives its own result. */
typedef struct JET_RETRIEVECOLUMN {
    JET_COLUMNID columnid;
    void *pvData;
    uint32_t cbData;
    uint32_t cbActual;
    JET_GRBIT grbit;
    uint32_t ibLongValue;
    uint32_t itagSequence;
    JET_COLUMNID columnidNextTagged;
    JET_ERR err;
} JET_RETRIEVECOLUMN;

/* Which columns and values to enumerate. */
typedef struct JET_ENUMCOLUMNID {
    JET_COLUMNID columnid;
    uint32_t ctagSequence;
    uint32_t *rgtagSequence;
} JET_ENUMCOLUMNID;

/* A value found. */
typedef struct JET_ENUMCOLUMNVALUE {
    uint32_t itagSequence;
    JET_ERR err;
    uint32_t cbData;
    void *pvData;
} JET_ENUMCOLUMNVALUE;

/* A column found: its values, or its only value. */
typedef struct JET_ENUMCOLUMN {
    JET_COLUMNID columnid;
    JET_ERR err;
    ESE_UNNAMED union {
        uint32_t cEnumColumnValue;
        uint32_t cbData; /* of the single value, with JET_wrnColumnSingleValue */
    };
    ESE_UNNAMED union {
        JET_ENUMCOLUMNVALUE *rgEnumColumnValue;
        void *pvData; /* of the single value, with JET_wrnColumnSingleValue */
    };
} JET_ENUMCOLUMN;

#if JET_VERSION >= 0x0600
/* What a record takes. */
typedef struct JET_RECSIZE {
    uint64_t cbData;
    uint64_t cbLongValueData;
    uint64_t cbOverhead;
    uint64_t cbLongValueOverhead;
    uint64_t cNonTaggedColumns;
    uint64_t cTaggedColumns;
    uint64_t cLongValues;
    uint64_t cMultiValues;
} JET_RECSIZE;
#endif

#if JET_VERSION >= 0x0601
typedef struct JET_RECSIZE2 {
    uint64_t cbData;
    uint64_t cbLongValueData;
    uint64_t cbOverhead;
    uint64_t cbLongValueOverhead;
    uint64_t cNonTaggedColumns;
    uint64_t cTaggedColumns;
    uint64_t cLongValues;
    uint64_t cMultiValues;
    uint64_t cCompressedColumns;
    uint64_t cbDataCompressed;
    uint64_t cbLongValueDataCompressed;
} JET_RECSIZE2;
#endif

/* Memory for the results of JetEnumerateColumns: allocates, resizes, and frees when cb is 0. */
typedef void *(JET_API *JET_PFNREALLOC)(void *pvContext, void *pv, uint32_t cb);

ESE_API JET_ERR JET_API JetRetrieveColumn(JET_SESID sesid, JET_TABLEID tableid,
                                          JET_COLUMNID columnid, void *pvData, uint32_t cbData,
                                          uint32_t *pcbActual, JET_GRBIT grbit,
                                          JET_RETINFO *pretinfo);
ESE_API JET_ERR JET_API JetRetrieveColumns(JET_SESID sesid, JET_TABLEID tableid,
                                           JET_RETRIEVECOLUMN *pretrievecolumn,
                                           uint32_t cretrievecolumn);
ESE_API JET_ERR JET_API JetRetrieveKey(JET_SESID sesid, JET_TABLEID tableid, void *pvKey,
                                       uint32_t cbMax, uint32_t *pcbActual, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetEnumerateColumns(JET_SESID sesid, JET_TABLEID tableid,
                                            uint32_t cEnumColumnId,
                                            JET_ENUMCOLUMNID *rgEnumColumnId,
                                            uint32_t *pcEnumColumn, JET_ENUMCOLUMN **prgEnumColumn,
                                            JET_PFNREALLOC pfnRealloc, void *pvReallocContext,
                                            uint32_t cbDataMost, JET_GRBIT grbit);
#if JET_VERSION >= 0x0600
ESE_API JET_ERR JET_API JetGetRecordSize(JET_SESID sesid, JET_TABLEID tableid,
                                         JET_RECSIZE *precsize, JET_GRBIT grbit);
#endif
#if JET_VERSION >= 0x0601
ESE_API JET_ERR JET_API JetGetRecordSize2(JET_SESID sesid, JET_TABLEID tableid,
                                          JET_RECSIZE2 *precsize, JET_GRBIT grbit);
#endif

/*
 * ----- Changing records -----
 */

/* Kinds of update, for JetPrepareUpdate. */
#define JET_prepInsert                   0
#define JET_prepReplace                  2
#define JET_prepCancel                   3 /* drop the update in progress */
#define JET_prepReplaceNoLock            4
#define JET_prepInsertCopy               5
#define JET_prepInsertCopyDeleteOriginal 7
#if JET_VERSION >= 0x0603
#    define JET_prepInsertCopyReplaceOriginal 9
#endif

/* Options of JetSetColumn. */
#define JET_bitSetAppendLV                    0x00000001u /* add to the end of the long value */
#define JET_bitSetOverwriteLV                 0x00000004u /* replace a part of the long value */
#define JET_bitSetSizeLV                      0x00000008u /* cut or extend the long value */
#define JET_bitSetZeroLength                  0x00000020u /* an empty value, not NULL */
#define JET_bitSetSeparateLV                  0x00000040u /* never keep the value in the record */
#define JET_bitSetUniqueMultiValues           0x00000080u /* refuse a second equal value */
#define JET_bitSetUniqueNormalizedMultiValues 0x00000100u
#define JET_bitSetRevertToDefaultValue        0x00000200u /* back to the default of the column */
#define JET_bitSetIntrinsicLV                 0x00000400u /* keep the value in the record or fail */
#if JET_VERSION >= 0x0601
#    define JET_bitSetUncompressed 0x00010000u
#    define JET_bitSetCompressed   0x00020000u
#endif

/* Options of JetUpdate2. */
#define JET_bitUpdateCheckESE97Compatibility 0x00000001u

/* Options of JetEscrowUpdate. */
#define JET_bitEscrowNoRollback 0x00000001u /* the change survives a rollback */

/* Options of JetGetLock. */
#define JET_bitReadLock  0x00000001u
#define JET_bitWriteLock 0x00000002u

/* Where in the value, and which value of several. Counts from 1; 0 adds a value. */
typedef struct JET_SETINFO {
    uint32_t cbStruct;
    uint32_t ibLongValue;
    uint32_t itagSequence;
} JET_SETINFO;

/* A column for JetSetColumns; err receives its own result. */
typedef struct JET_SETCOLUMN {
    JET_COLUMNID columnid;
    const void *pvData;
    uint32_t cbData;
    JET_GRBIT grbit;
    uint32_t ibLongValue;
    uint32_t itagSequence;
    JET_ERR err;
} JET_SETCOLUMN;

ESE_API JET_ERR JET_API JetPrepareUpdate(JET_SESID sesid, JET_TABLEID tableid, uint32_t prep);
ESE_API JET_ERR JET_API JetSetColumn(JET_SESID sesid, JET_TABLEID tableid, JET_COLUMNID columnid,
                                     const void *pvData, uint32_t cbData, JET_GRBIT grbit,
                                     JET_SETINFO *psetinfo);
ESE_API JET_ERR JET_API JetSetColumns(JET_SESID sesid, JET_TABLEID tableid,
                                      JET_SETCOLUMN *psetcolumn, uint32_t csetcolumn);
ESE_API JET_ERR JET_API JetUpdate(JET_SESID sesid, JET_TABLEID tableid, void *pvBookmark,
                                  uint32_t cbBookmark, uint32_t *pcbActual);
ESE_API JET_ERR JET_API JetUpdate2(JET_SESID sesid, JET_TABLEID tableid, void *pvBookmark,
                                   uint32_t cbBookmark, uint32_t *pcbActual, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetDelete(JET_SESID sesid, JET_TABLEID tableid);
ESE_API JET_ERR JET_API JetEscrowUpdate(JET_SESID sesid, JET_TABLEID tableid, JET_COLUMNID columnid,
                                        void *pv, uint32_t cbMax, void *pvOld, uint32_t cbOldMax,
                                        uint32_t *pcbOldActual, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetGetLock(JET_SESID sesid, JET_TABLEID tableid, JET_GRBIT grbit);

/*
 * ----- Registered callbacks and local storage -----
 */

/* Options of JetSetLS and JetGetLS. */
#define JET_bitLSReset  0x00000001u
#define JET_bitLSCursor 0x00000002u
#define JET_bitLSTable  0x00000004u

ESE_API JET_ERR JET_API JetRegisterCallback(JET_SESID sesid, JET_TABLEID tableid, JET_CBTYP cbtyp,
                                            JET_CALLBACK pCallback, void *pvContext,
                                            JET_HANDLE *phCallbackId);
ESE_API JET_ERR JET_API JetUnregisterCallback(JET_SESID sesid, JET_TABLEID tableid, JET_CBTYP cbtyp,
                                              JET_HANDLE hCallbackId);
ESE_API JET_ERR JET_API JetSetLS(JET_SESID sesid, JET_TABLEID tableid, JET_LS ls, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetGetLS(JET_SESID sesid, JET_TABLEID tableid, JET_LS *pls,
                                 JET_GRBIT grbit);

/*
 * ----- Backup, restore and snapshots -----
 */

/* Options of JetBackup. */
#define JET_bitBackupIncremental 0x00000001u
#define JET_bitBackupAtomic      0x00000004u
#define JET_bitBackupSnapshot    0x00000010u

/* Options of JetEndExternalBackupInstance2. */
#define JET_bitBackupEndNormal 0x00000001u
#define JET_bitBackupEndAbort  0x00000002u
#if JET_VERSION >= 0x0600
#    define JET_bitBackupTruncateDone 0x00000100u
#endif

/* Options of JetOSSnapshotPrepare. */
#if JET_VERSION >= 0x0600
#    define JET_bitIncrementalSnapshot 0x00000001u
#    define JET_bitCopySnapshot        0x00000002u
#    define JET_bitContinueAfterThaw   0x00000004u
#endif
#if JET_VERSION >= 0x0601
#    define JET_bitExplicitPrepare 0x00000008u
#endif

/* Options of JetOSSnapshotTruncateLog and JetOSSnapshotEnd. */
#if JET_VERSION >= 0x0600
#    define JET_bitAllDatabasesSnapshot 0x00000001u
#    define JET_bitAbortSnapshot        0x00000001u
#endif

/* The log generations of a backup. */
typedef struct JET_LOGINFO_A {
    uint32_t cbSize;
    uint32_t ulGenLow;
    uint32_t ulGenHigh;
    char szBaseName[JET_BASE_NAME_LENGTH + 1];
} JET_LOGINFO_A;

typedef struct JET_LOGINFO_W {
    uint32_t cbSize;
    uint32_t ulGenLow;
    uint32_t ulGenHigh;
    WCHAR szBaseName[JET_BASE_NAME_LENGTH + 1];
} JET_LOGINFO_W;

ESE_API JET_ERR JET_API JetBackupA(JET_PCSTR szBackupPath, JET_GRBIT grbit,
                                   JET_PFNSTATUS pfnStatus);
ESE_API JET_ERR JET_API JetBackupW(JET_PCWSTR szBackupPath, JET_GRBIT grbit,
                                   JET_PFNSTATUS pfnStatus);
ESE_API JET_ERR JET_API JetBackupInstanceA(JET_INSTANCE instance, JET_PCSTR szBackupPath,
                                           JET_GRBIT grbit, JET_PFNSTATUS pfnStatus);
ESE_API JET_ERR JET_API JetBackupInstanceW(JET_INSTANCE instance, JET_PCWSTR szBackupPath,
                                           JET_GRBIT grbit, JET_PFNSTATUS pfnStatus);
ESE_API JET_ERR JET_API JetRestoreA(JET_PCSTR szSource, JET_PFNSTATUS pfn);
ESE_API JET_ERR JET_API JetRestoreW(JET_PCWSTR szSource, JET_PFNSTATUS pfn);
ESE_API JET_ERR JET_API JetRestore2A(JET_PCSTR sz, JET_PCSTR szDest, JET_PFNSTATUS pfn);
ESE_API JET_ERR JET_API JetRestore2W(JET_PCWSTR sz, JET_PCWSTR szDest, JET_PFNSTATUS pfn);
ESE_API JET_ERR JET_API JetRestoreInstanceA(JET_INSTANCE instance, JET_PCSTR sz, JET_PCSTR szDest,
                                            JET_PFNSTATUS pfn);
ESE_API JET_ERR JET_API JetRestoreInstanceW(JET_INSTANCE instance, JET_PCWSTR sz, JET_PCWSTR szDest,
                                            JET_PFNSTATUS pfn);

ESE_API JET_ERR JET_API JetBeginExternalBackup(JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetBeginExternalBackupInstance(JET_INSTANCE instance, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetEndExternalBackup(void);
ESE_API JET_ERR JET_API JetEndExternalBackupInstance(JET_INSTANCE instance);
ESE_API JET_ERR JET_API JetEndExternalBackupInstance2(JET_INSTANCE instance, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetStopBackup(void);
ESE_API JET_ERR JET_API JetStopBackupInstance(JET_INSTANCE instance);

ESE_API JET_ERR JET_API JetOpenFileA(JET_PCSTR szFileName, JET_HANDLE *phfFile,
                                     uint32_t *pulFileSizeLow, uint32_t *pulFileSizeHigh);
ESE_API JET_ERR JET_API JetOpenFileW(JET_PCWSTR szFileName, JET_HANDLE *phfFile,
                                     uint32_t *pulFileSizeLow, uint32_t *pulFileSizeHigh);
ESE_API JET_ERR JET_API JetOpenFileInstanceA(JET_INSTANCE instance, JET_PCSTR szFileName,
                                             JET_HANDLE *phfFile, uint32_t *pulFileSizeLow,
                                             uint32_t *pulFileSizeHigh);
ESE_API JET_ERR JET_API JetOpenFileInstanceW(JET_INSTANCE instance, JET_PCWSTR szFileName,
                                             JET_HANDLE *phfFile, uint32_t *pulFileSizeLow,
                                             uint32_t *pulFileSizeHigh);
ESE_API JET_ERR JET_API JetReadFile(JET_HANDLE hfFile, void *pv, uint32_t cb, uint32_t *pcbActual);
ESE_API JET_ERR JET_API JetReadFileInstance(JET_INSTANCE instance, JET_HANDLE hfFile, void *pv,
                                            uint32_t cb, uint32_t *pcbActual);
ESE_API JET_ERR JET_API JetCloseFile(JET_HANDLE hfFile);
ESE_API JET_ERR JET_API JetCloseFileInstance(JET_INSTANCE instance, JET_HANDLE hfFile);

ESE_API JET_ERR JET_API JetGetLogInfoA(JET_PSTR szzLogs, uint32_t cbMax, uint32_t *pcbActual);
ESE_API JET_ERR JET_API JetGetLogInfoW(JET_PWSTR szzLogs, uint32_t cbMax, uint32_t *pcbActual);
ESE_API JET_ERR JET_API JetGetLogInfoInstanceA(JET_INSTANCE instance, JET_PSTR szzLogs,
                                               uint32_t cbMax, uint32_t *pcbActual);
ESE_API JET_ERR JET_API JetGetLogInfoInstanceW(JET_INSTANCE instance, JET_PWSTR wszzLogs,
                                               uint32_t cbMax, uint32_t *pcbActual);
ESE_API JET_ERR JET_API JetGetLogInfoInstance2A(JET_INSTANCE instance, JET_PSTR szzLogs,
                                                uint32_t cbMax, uint32_t *pcbActual,
                                                JET_LOGINFO_A *pLogInfo);
ESE_API JET_ERR JET_API JetGetLogInfoInstance2W(JET_INSTANCE instance, JET_PWSTR wszzLogs,
                                                uint32_t cbMax, uint32_t *pcbActual,
                                                JET_LOGINFO_W *pLogInfo);
ESE_API JET_ERR JET_API JetGetTruncateLogInfoInstanceA(JET_INSTANCE instance, JET_PSTR szzLogs,
                                                       uint32_t cbMax, uint32_t *pcbActual);
ESE_API JET_ERR JET_API JetGetTruncateLogInfoInstanceW(JET_INSTANCE instance, JET_PWSTR wszzLogs,
                                                       uint32_t cbMax, uint32_t *pcbActual);
ESE_API JET_ERR JET_API JetTruncateLog(void);
ESE_API JET_ERR JET_API JetTruncateLogInstance(JET_INSTANCE instance);

ESE_API JET_ERR JET_API JetExternalRestoreA(JET_PSTR szCheckpointFilePath, JET_PSTR szLogPath,
                                            JET_RSTMAP_A *rgrstmap, int32_t crstfilemap,
                                            JET_PSTR szBackupLogPath, int32_t genLow,
                                            int32_t genHigh, JET_PFNSTATUS pfn);
ESE_API JET_ERR JET_API JetExternalRestoreW(JET_PWSTR szCheckpointFilePath, JET_PWSTR szLogPath,
                                            JET_RSTMAP_W *rgrstmap, int32_t crstfilemap,
                                            JET_PWSTR szBackupLogPath, int32_t genLow,
                                            int32_t genHigh, JET_PFNSTATUS pfn);
ESE_API JET_ERR JET_API JetExternalRestore2A(
    JET_PSTR szCheckpointFilePath, JET_PSTR szLogPath, JET_RSTMAP_A *rgrstmap, int32_t crstfilemap,
    JET_PSTR szBackupLogPath, JET_LOGINFO_A *pLogInfo, JET_PSTR szTargetInstanceName,
    JET_PSTR szTargetInstanceLogPath, JET_PSTR szTargetInstanceCheckpointPath, JET_PFNSTATUS pfn);
ESE_API JET_ERR JET_API JetExternalRestore2W(JET_PWSTR szCheckpointFilePath, JET_PWSTR szLogPath,
                                             JET_RSTMAP_W *rgrstmap, int32_t crstfilemap,
                                             JET_PWSTR szBackupLogPath, JET_LOGINFO_W *pLogInfo,
                                             JET_PWSTR szTargetInstanceName,
                                             JET_PWSTR szTargetInstanceLogPath,
                                             JET_PWSTR szTargetInstanceCheckpointPath,
                                             JET_PFNSTATUS pfn);

ESE_API JET_ERR JET_API JetOSSnapshotPrepare(JET_OSSNAPID *psnapId, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetOSSnapshotFreezeA(JET_OSSNAPID snapId, uint32_t *pcInstanceInfo,
                                             JET_INSTANCE_INFO_A **paInstanceInfo, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetOSSnapshotFreezeW(JET_OSSNAPID snapId, uint32_t *pcInstanceInfo,
                                             JET_INSTANCE_INFO_W **paInstanceInfo, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetOSSnapshotThaw(JET_OSSNAPID snapId, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetOSSnapshotAbort(JET_OSSNAPID snapId, JET_GRBIT grbit);
#if JET_VERSION >= 0x0600
ESE_API JET_ERR JET_API JetOSSnapshotPrepareInstance(JET_OSSNAPID snapId, JET_INSTANCE instance,
                                                     JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetOSSnapshotGetFreezeInfoA(JET_OSSNAPID snapId, uint32_t *pcInstanceInfo,
                                                    JET_INSTANCE_INFO_A **paInstanceInfo,
                                                    JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetOSSnapshotGetFreezeInfoW(JET_OSSNAPID snapId, uint32_t *pcInstanceInfo,
                                                    JET_INSTANCE_INFO_W **paInstanceInfo,
                                                    JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetOSSnapshotTruncateLog(JET_OSSNAPID snapId, JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetOSSnapshotTruncateLogInstance(JET_OSSNAPID snapId, JET_INSTANCE instance,
                                                         JET_GRBIT grbit);
ESE_API JET_ERR JET_API JetOSSnapshotEnd(JET_OSSNAPID snapId, JET_GRBIT grbit);
#endif

/*
 * ----- Errors -----
 */

#if JET_VERSION >= 0x0602
/*
 * Every error belongs to one category. They form a tree:
 *
 *   Error -+- Operation -+- Fatal
 *          |             +- IO
 *          |             +- Resource -+- Memory, Quota, Disk
 *          +- Data ------+- Corruption, Inconsistent, Fragmentation
 *          +- Api -------+- Usage, State, Obsolete
 */
typedef enum JET_ERRCAT {
    JET_errcatUnknown = 0,
    JET_errcatError,
    JET_errcatOperation,
    JET_errcatFatal,
    JET_errcatIO,
    JET_errcatResource,
    JET_errcatMemory,
    JET_errcatQuota,
    JET_errcatDisk,
    JET_errcatData,
    JET_errcatCorruption,
    JET_errcatInconsistent,
    JET_errcatFragmentation,
    JET_errcatApi,
    JET_errcatUsage,
    JET_errcatState,
    JET_errcatObsolete,
    JET_errcatMax
} JET_ERRCAT;
#endif

#if JET_VERSION >= 0x0602
/* What is known of an error. The hierarchy runs from the root to the category itself. */
typedef struct JET_ERRINFOBASIC_W {
    uint32_t cbStruct;
    JET_ERR errValue;
    JET_ERRCAT errcatMostSpecific;
    uint8_t rgCategoricalHierarchy[8];
    uint32_t lSourceLine;
    WCHAR rgszSourceFile[64];
} JET_ERRINFOBASIC_W;
#endif

/* Information levels of JetGetErrorInfoW. */
#if JET_VERSION >= 0x0602
#    define JET_ErrorInfoSpecificErr 1
#endif

#if JET_VERSION >= 0x0602
ESE_API JET_ERR JET_API JetGetErrorInfoW(void *pvContext, void *pvResult, uint32_t cbMax,
                                         uint32_t InfoLevel, JET_GRBIT grbit);
#endif

/* Codes by number. What each means: core/base/err.def of the source tree. */

/* The system */
#define JET_errSuccess                             0 /* the call succeeded */
#define JET_wrnNyi                                 (-1)
#define JET_errRfsFailure                          (-100)
#define JET_errRfsNotArmed                         (-101)
#define JET_errFileClose                           (-102)
#define JET_errOutOfThreads                        (-103)
#define JET_errTooManyIO                           (-105)
#define JET_errTaskDropped                         (-106)
#define JET_errInternalError                       (-107)
#define JET_errDisabledFunctionality               (-112)
#define JET_errUnloadableOSFunctionality           (-113)
#define JET_errDatabaseBufferDependenciesCorrupted (-255)

/* Pages, trees and long values */
#define JET_wrnRemainingVersions          321
#define JET_errPreviousVersion            (-322)
#define JET_errPageBoundary               (-323)
#define JET_errKeyBoundary                (-324)
#define JET_errBadPageLink                (-327)
#define JET_errBadBookmark                (-328)
#define JET_errNTSystemCallFailed         (-334)
#define JET_errBadParentPageLink          (-338)
#define JET_errSPAvailExtCacheOutOfSync   (-340)
#define JET_errSPAvailExtCorrupted        (-341)
#define JET_errSPAvailExtCacheOutOfMemory (-342)
#define JET_errSPOwnExtCorrupted          (-343)
#define JET_errDbTimeCorrupted            (-344)
#define JET_wrnUniqueKey                  345
#define JET_errKeyTruncated               (-346)
#define JET_errDatabaseLeakInSpace        (-348)
#define JET_errBadEmptyPage               (-351)
#define JET_errBadLineCount               (-354)
#define JET_errPageTagCorrupted           (-357)
#define JET_errNodeCorrupted              (-358)
#define JET_wrnSeparateLongValue          406
#define JET_errKeyTooBig                  (-408)
#define JET_errCannotSeparateIntrinsicLV  (-416)
#define JET_errSeparatedLongValue         (-421)
#define JET_errMustBeSeparateLongValue    (-423)
#define JET_errInvalidPreread             (-424)

/* Logging, recovery, text */
#define JET_errInvalidLoggedOperation                               (-500)
#define JET_errLogFileCorrupt                                       (-501)
#define JET_errNoBackupDirectory                                    (-503)
#define JET_errBackupDirectoryNotEmpty                              (-504)
#define JET_errBackupInProgress                                     (-505)
#define JET_errRestoreInProgress                                    (-506)
#define JET_errMissingPreviousLogFile                               (-509)
#define JET_errLogWriteFail                                         (-510)
#define JET_errLogDisabledDueToRecoveryFailure                      (-511)
#define JET_errCannotLogDuringRecoveryRedo                          (-512)
#define JET_errLogGenerationMismatch                                (-513)
#define JET_errBadLogVersion                                        (-514)
#define JET_errInvalidLogSequence                                   (-515)
#define JET_errLoggingDisabled                                      (-516)
#define JET_errLogBufferTooSmall                                    (-517)
#define JET_errLogSequenceEnd                                       (-519)
#define JET_errNoBackup                                             (-520)
#define JET_errInvalidBackupSequence                                (-521)
#define JET_errBackupNotAllowedYet                                  (-523)
#define JET_errDeleteBackupFileFail                                 (-524)
#define JET_errMakeBackupDirectoryFail                              (-525)
#define JET_errInvalidBackup                                        (-526)
#define JET_errRecoveredWithErrors                                  (-527)
#define JET_errMissingLogFile                                       (-528)
#define JET_errLogDiskFull                                          (-529)
#define JET_errBadLogSignature                                      (-530)
#define JET_errBadDbSignature                                       (-531)
#define JET_errBadCheckpointSignature                               (-532)
#define JET_errCheckpointCorrupt                                    (-533)
#define JET_errMissingPatchPage                                     (-534)
#define JET_errBadPatchPage                                         (-535)
#define JET_errRedoAbruptEnded                                      (-536)
#define JET_errPatchFileMissing                                     (-538)
#define JET_errDatabaseLogSetMismatch                               (-539)
#define JET_errDatabaseStreamingFileMismatch                        (-540)
#define JET_errLogFileSizeMismatch                                  (-541)
#define JET_errCheckpointFileNotFound                               (-542)
#define JET_errRequiredLogFilesMissing                              (-543)
#define JET_errSoftRecoveryOnBackupDatabase                         (-544)
#define JET_errLogFileSizeMismatchDatabasesConsistent               (-545)
#define JET_errLogSectorSizeMismatch                                (-546)
#define JET_errLogSectorSizeMismatchDatabasesConsistent             (-547)
#define JET_errLogSequenceEndDatabasesConsistent                    (-548)
#define JET_errStreamingDataNotLogged                               (-549)
#define JET_errDatabaseDirtyShutdown                                (-550)
#define JET_errDatabaseInconsistent                                 (-550)
#define JET_errConsistentTimeMismatch                               (-551)
#define JET_errDatabasePatchFileMismatch                            (-552)
#define JET_errEndingRestoreLogTooLow                               (-553)
#define JET_errStartingRestoreLogTooHigh                            (-554)
#define JET_errGivenLogFileHasBadSignature                          (-555)
#define JET_errGivenLogFileIsNotContiguous                          (-556)
#define JET_errMissingRestoreLogFiles                               (-557)
#define JET_wrnExistingLogFileHasBadSignature                       558
#define JET_wrnExistingLogFileIsNotContiguous                       559
#define JET_errMissingFullBackup                                    (-560)
#define JET_errBadBackupDatabaseSize                                (-561)
#define JET_errDatabaseAlreadyUpgraded                              (-562)
#define JET_errDatabaseIncompleteUpgrade                            (-563)
#define JET_wrnSkipThisRecord                                       564
#define JET_errMissingCurrentLogFiles                               (-565)
#define JET_errDbTimeTooOld                                         (-566)
#define JET_errDbTimeTooNew                                         (-567)
#define JET_errMissingFileToBackup                                  (-569)
#define JET_errLogTornWriteDuringHardRestore                        (-570)
#define JET_errLogTornWriteDuringHardRecovery                       (-571)
#define JET_errLogCorruptDuringHardRestore                          (-573)
#define JET_errLogCorruptDuringHardRecovery                         (-574)
#define JET_errMustDisableLoggingForDbUpgrade                       (-575)
#define JET_errBadRestoreTargetInstance                             (-577)
#define JET_wrnTargetInstanceRunning                                578
#define JET_errRecoveredWithoutUndo                                 (-579)
#define JET_errDatabasesNotFromSameSnapshot                         (-580)
#define JET_errSoftRecoveryOnSnapshot                               (-581)
#define JET_errCommittedLogFilesMissing                             (-582)
#define JET_errSectorSizeNotSupported                               (-583)
#define JET_errRecoveredWithoutUndoDatabasesConsistent              (-584)
#define JET_wrnCommittedLogFilesLost                                585
#define JET_errCommittedLogFileCorrupt                              (-586)
#define JET_wrnCommittedLogFilesRemoved                             587
#define JET_wrnFinishWithUndo                                       588
#define JET_errLogSequenceChecksumMismatch                          (-590)
#define JET_wrnDatabaseRepaired                                     595
#define JET_errPageInitializedMismatch                              (-596)
#define JET_errUnicodeTranslationBufferTooSmall                     (-601)
#define JET_errUnicodeTranslationFail                               (-602)
#define JET_errUnicodeNormalizationNotSupported                     (-603)
#define JET_errUnicodeLanguageValidationFailure                     (-604)
#define JET_errExistingLogFileHasBadSignature                       (-610)
#define JET_errExistingLogFileIsNotContiguous                       (-611)
#define JET_errLogReadVerifyFailure                                 (-612)
#define JET_errCheckpointDepthTooDeep                               (-614)
#define JET_errRestoreOfNonBackupDatabase                           (-615)
#define JET_errLogFileNotCopied                                     (-616)
#define JET_errTransactionTooLong                                   (-618)
#define JET_errEngineFormatVersionNoLongerSupportedTooLow           (-619)
#define JET_errEngineFormatVersionNotYetImplementedTooHigh          (-620)
#define JET_errEngineFormatVersionParamTooLowForRequestedFeature    (-621)
#define JET_errEngineFormatVersionSpecifiedTooLowForLogVersion      (-622)
#define JET_errEngineFormatVersionSpecifiedTooLowForDatabaseVersion (-623)
#define JET_errDbTimeBeyondMaxRequired                              (-625)
#define JET_errLogOperationInconsistentWithDatabase                 (-626)

/* Options and requests */
#define JET_errBackupAbortByServer (-801)
#define JET_errInvalidGrbit        (-900)

/* Calls, parameters and resources */
#define JET_errTermInProgress                            (-1000)
#define JET_errFeatureNotAvailable                       (-1001)
#define JET_errInvalidName                               (-1002)
#define JET_errInvalidParameter                          (-1003)
#define JET_wrnColumnNull                                1004
#define JET_wrnBufferTruncated                           1006
#define JET_wrnDatabaseAttached                          1007
#define JET_errDatabaseFileReadOnly                      (-1008)
#define JET_wrnSortOverflow                              1009
#define JET_errInvalidDatabaseId                         (-1010)
#define JET_errOutOfMemory                               (-1011)
#define JET_errOutOfDatabaseSpace                        (-1012)
#define JET_errOutOfCursors                              (-1013)
#define JET_errOutOfBuffers                              (-1014)
#define JET_errTooManyIndexes                            (-1015)
#define JET_errTooManyKeys                               (-1016)
#define JET_errRecordDeleted                             (-1017)
#define JET_errReadVerifyFailure                         (-1018)
#define JET_errPageNotInitialized                        (-1019)
#define JET_errOutOfFileHandles                          (-1020)
#define JET_errDiskReadVerificationFailure               (-1021)
#define JET_errDiskIO                                    (-1022)
#define JET_errInvalidPath                               (-1023)
#define JET_errInvalidSystemPath                         (-1024)
#define JET_errInvalidLogDirectory                       (-1025)
#define JET_errRecordTooBig                              (-1026)
#define JET_errTooManyOpenDatabases                      (-1027)
#define JET_errInvalidDatabase                           (-1028)
#define JET_errNotInitialized                            (-1029)
#define JET_errAlreadyInitialized                        (-1030)
#define JET_errInitInProgress                            (-1031)
#define JET_errFileAccessDenied                          (-1032)
#define JET_errBufferTooSmall                            (-1038)
#define JET_wrnRecordFoundGreater                        1039
#define JET_wrnRecordFoundLess                           1039
#define JET_wrnSeekNotEqual                              1039
#define JET_errTooManyColumns                            (-1040)
#define JET_errContainerNotEmpty                         (-1043)
#define JET_errInvalidFilename                           (-1044)
#define JET_errInvalidBookmark                           (-1045)
#define JET_errColumnInUse                               (-1046)
#define JET_errInvalidBufferSize                         (-1047)
#define JET_errColumnNotUpdatable                        (-1048)
#define JET_errIndexInUse                                (-1051)
#define JET_errLinkNotSupported                          (-1052)
#define JET_errNullKeyDisallowed                         (-1053)
#define JET_errNotInTransaction                          (-1054)
#define JET_wrnNoErrorInfo                               1055
#define JET_errMustRollback                              (-1057)
#define JET_wrnNoIdleActivity                            1058
#define JET_errTooManyActiveUsers                        (-1059)
#define JET_errInvalidCountry                            (-1061)
#define JET_errInvalidLanguageId                         (-1062)
#define JET_errInvalidCodePage                           (-1063)
#define JET_errInvalidLCMapStringFlags                   (-1064)
#define JET_errVersionStoreEntryTooBig                   (-1065)
#define JET_errVersionStoreOutOfMemoryAndCleanupTimedOut (-1066)
#define JET_wrnNoWriteLock                               1067
#define JET_wrnColumnSetNull                             1068
#define JET_errVersionStoreOutOfMemory                   (-1069)
#define JET_errCannotIndex                               (-1071)
#define JET_errRecordNotDeleted                          (-1072)
#define JET_errTooManyMempoolEntries                     (-1073)
#define JET_errOutOfObjectIDs                            (-1074)
#define JET_errOutOfLongValueIDs                         (-1075)
#define JET_errOutOfAutoincrementValues                  (-1076)
#define JET_errOutOfDbtimeValues                         (-1077)
#define JET_errOutOfSequentialIndexValues                (-1078)
#define JET_errRunningInOneInstanceMode                  (-1080)
#define JET_errRunningInMultiInstanceMode                (-1081)
#define JET_errSystemParamsAlreadySet                    (-1082)
#define JET_errSystemPathInUse                           (-1083)
#define JET_errLogFilePathInUse                          (-1084)
#define JET_errTempPathInUse                             (-1085)
#define JET_errInstanceNameInUse                         (-1086)
#define JET_errSystemParameterConflict                   (-1087)
#define JET_errInstanceUnavailable                       (-1090)
#define JET_errDatabaseUnavailable                       (-1091)
#define JET_errInstanceUnavailableDueToFatalLogDiskFull  (-1092)
#define JET_errInvalidSesparamId                         (-1093)
#define JET_errTooManyRecords                            (-1094)
#define JET_errInvalidDbparamId                          (-1095)

/* Sessions and transactions */
#define JET_errOutOfSessions                        (-1101)
#define JET_errWriteConflict                        (-1102)
#define JET_errTransTooDeep                         (-1103)
#define JET_errInvalidSesid                         (-1104)
#define JET_errWriteConflictPrimaryIndex            (-1105)
#define JET_errInTransaction                        (-1108)
#define JET_errRollbackRequired                     (-1109)
#define JET_errTransReadOnly                        (-1110)
#define JET_errSessionWriteConflict                 (-1111)
#define JET_errRecordTooBigForBackwardCompatibility (-1112)
#define JET_errCannotMaterializeForwardOnlySort     (-1113)
#define JET_errSesidTableIdMismatch                 (-1114)
#define JET_errInvalidInstance                      (-1115)
#define JET_errDirtyShutdown                        (-1116)
#define JET_errReadPgnoVerifyFailure                (-1118)
#define JET_errReadLostFlushVerifyFailure           (-1119)
#define JET_errFileSystemCorruption                 (-1121)
#define JET_wrnShrinkNotPossible                    1122
#define JET_errRecoveryVerifyFailure                (-1123)
#define JET_errFilteredMoveNotSupported             (-1124)

/* Databases */
#define JET_errDatabaseDuplicate                  (-1201)
#define JET_errDatabaseInUse                      (-1202)
#define JET_errDatabaseNotFound                   (-1203)
#define JET_errDatabaseInvalidName                (-1204)
#define JET_errDatabaseInvalidPages               (-1205)
#define JET_errDatabaseCorrupted                  (-1206)
#define JET_errDatabaseLocked                     (-1207)
#define JET_errCannotDisableVersioning            (-1208)
#define JET_errInvalidDatabaseVersion             (-1209)
#define JET_errDatabase200Format                  (-1210)
#define JET_errDatabase400Format                  (-1211)
#define JET_errDatabase500Format                  (-1212)
#define JET_errPageSizeMismatch                   (-1213)
#define JET_errTooManyInstances                   (-1214)
#define JET_errDatabaseSharingViolation           (-1215)
#define JET_errAttachedDatabaseMismatch           (-1216)
#define JET_errDatabaseInvalidPath                (-1217)
#define JET_errDatabaseIdInUse                    (-1218)
#define JET_errForceDetachNotAllowed              (-1219)
#define JET_errCatalogCorrupted                   (-1220)
#define JET_errPartiallyAttachedDB                (-1221)
#define JET_errDatabaseSignInUse                  (-1222)
#define JET_errDatabaseCorruptedNoRepair          (-1224)
#define JET_errInvalidCreateDbVersion             (-1225)
#define JET_errDatabaseNotReady                   (-1230)
#define JET_errDatabaseAttachedForRecovery        (-1231)
#define JET_errTransactionsNotReadyDuringRecovery (-1232)

/* Tables */
#define JET_wrnTableEmpty                            1301
#define JET_errTableLocked                           (-1302)
#define JET_errTableDuplicate                        (-1303)
#define JET_errTableInUse                            (-1304)
#define JET_errObjectNotFound                        (-1305)
#define JET_errDensityInvalid                        (-1307)
#define JET_errTableNotEmpty                         (-1308)
#define JET_errInvalidTableId                        (-1310)
#define JET_errTooManyOpenTables                     (-1311)
#define JET_errIllegalOperation                      (-1312)
#define JET_errTooManyOpenTablesAndCleanupTimedOut   (-1313)
#define JET_errObjectDuplicate                       (-1314)
#define JET_errInvalidObject                         (-1316)
#define JET_errCannotDeleteTempTable                 (-1317)
#define JET_errCannotDeleteSystemTable               (-1318)
#define JET_errCannotDeleteTemplateTable             (-1319)
#define JET_errExclusiveTableLockRequired            (-1322)
#define JET_errFixedDDL                              (-1323)
#define JET_errFixedInheritedDDL                     (-1324)
#define JET_errCannotNestDDL                         (-1325)
#define JET_errDDLNotInheritable                     (-1326)
#define JET_wrnTableInUseBySystem                    1327
#define JET_errInvalidSettings                       (-1328)
#define JET_errClientRequestToStopJetService         (-1329)
#define JET_errCannotAddFixedVarColumnToDerivedTable (-1330)

/* Indexes */
#define JET_errIndexCantBuild                     (-1401)
#define JET_errIndexHasPrimary                    (-1402)
#define JET_errIndexDuplicate                     (-1403)
#define JET_errIndexNotFound                      (-1404)
#define JET_errIndexMustStay                      (-1405)
#define JET_errIndexInvalidDef                    (-1406)
#define JET_errInvalidCreateIndex                 (-1409)
#define JET_errTooManyOpenIndexes                 (-1410)
#define JET_errMultiValuedIndexViolation          (-1411)
#define JET_errIndexBuildCorrupted                (-1412)
#define JET_errPrimaryIndexCorrupted              (-1413)
#define JET_errSecondaryIndexCorrupted            (-1414)
#define JET_wrnCorruptIndexDeleted                1415
#define JET_errInvalidIndexId                     (-1416)
#define JET_wrnPrimaryIndexOutOfDate              1417
#define JET_wrnSecondaryIndexOutOfDate            1418
#define JET_errIndexTuplesSecondaryIndexOnly      (-1430)
#define JET_errIndexTuplesOneColumnOnly           (-1431)
#define JET_errIndexTuplesTooManyColumns          (-1431)
#define JET_errIndexTuplesNonUniqueOnly           (-1432)
#define JET_errIndexTuplesTextBinaryColumnsOnly   (-1433)
#define JET_errIndexTuplesTextColumnsOnly         (-1433)
#define JET_errIndexTuplesVarSegMacNotAllowed     (-1434)
#define JET_errIndexTuplesInvalidLimits           (-1435)
#define JET_errIndexTuplesCannotRetrieveFromIndex (-1436)
#define JET_errIndexTuplesKeyTooSmall             (-1437)
#define JET_errInvalidLVChunkSize                 (-1438)
#define JET_errColumnCannotBeEncrypted            (-1439)
#define JET_errCannotIndexOnEncryptedColumn       (-1440)

/* Columns */
#define JET_errColumnLong                          (-1501)
#define JET_errColumnNoChunk                       (-1502)
#define JET_errColumnDoesNotFit                    (-1503)
#define JET_errColumnIllegalNull                   (-1504)
#define JET_errNullInvalid                         (-1504)
#define JET_errColumnIndexed                       (-1505)
#define JET_errColumnTooBig                        (-1506)
#define JET_errColumnNotFound                      (-1507)
#define JET_errColumnDuplicate                     (-1508)
#define JET_errMultiValuedColumnMustBeTagged       (-1509)
#define JET_errColumnRedundant                     (-1510)
#define JET_errInvalidColumnType                   (-1511)
#define JET_wrnColumnMaxTruncated                  1512
#define JET_errTaggedNotNULL                       (-1514)
#define JET_errNoCurrentIndex                      (-1515)
#define JET_errKeyIsMade                           (-1516)
#define JET_errBadColumnId                         (-1517)
#define JET_errBadItagSequence                     (-1518)
#define JET_errColumnInRelationship                (-1519)
#define JET_wrnCopyLongValue                       1520
#define JET_errCannotBeTagged                      (-1521)
#define JET_errDefaultValueTooBig                  (-1524)
#define JET_errMultiValuedDuplicate                (-1525)
#define JET_errLVCorrupted                         (-1526)
#define JET_errMultiValuedDuplicateAfterTruncation (-1528)
#define JET_errDerivedColumnCorruption             (-1529)
#define JET_errInvalidPlaceholderColumn            (-1530)
#define JET_wrnColumnSkipped                       1531
#define JET_wrnColumnNotLocal                      1532
#define JET_wrnColumnMoreTags                      1533
#define JET_wrnColumnTruncated                     1534
#define JET_wrnColumnPresent                       1535
#define JET_wrnColumnSingleValue                   1536
#define JET_wrnColumnDefault                       1537
#define JET_errColumnCannotBeCompressed            (-1538)
#define JET_wrnColumnNotInRecord                   1539
#define JET_errColumnNoEncryptionKey               (-1540)
#define JET_wrnColumnReference                     1541

/* Records */
#define JET_errRecordNotFound          (-1601)
#define JET_errRecordNoCopy            (-1602)
#define JET_errNoCurrentRecord         (-1603)
#define JET_errRecordPrimaryChanged    (-1604)
#define JET_errKeyDuplicate            (-1605)
#define JET_errAlreadyPrepared         (-1607)
#define JET_errKeyNotMade              (-1608)
#define JET_errUpdateNotPrepared       (-1609)
#define JET_wrnDataHasChanged          1610
#define JET_errDataHasChanged          (-1611)
#define JET_wrnKeyChanged              1618
#define JET_errLanguageNotSupported    (-1619)
#define JET_errDecompressionFailed     (-1620)
#define JET_errUpdateMustVersion       (-1621)
#define JET_errDecryptionFailed        (-1622)
#define JET_errEncryptionBadItag       (-1623)
#define JET_errSetAutoIncrementTooHigh (-1624)
#define JET_errAutoIncrementNotSet     (-1625)

/* Sorts */
#define JET_errTooManySorts  (-1701)
#define JET_errInvalidOnSort (-1702)

/* Files */
#define JET_errTempFileOpenError        (-1803)
#define JET_errTooManyAttachedDatabases (-1805)
#define JET_errDiskFull                 (-1808)
#define JET_errPermissionDenied         (-1809)
#define JET_errFileNotFound             (-1811)
#define JET_errFileInvalidType          (-1812)
#define JET_wrnFileOpenReadOnly         1813
#define JET_errFileAlreadyExists        (-1814)
#define JET_errAfterInitialization      (-1850)
#define JET_errLogCorrupted             (-1852)

/* Operations */
#define JET_errInvalidOperation                 (-1906)
#define JET_errAccessDenied                     (-1907)
#define JET_wrnIdleFull                         1908
#define JET_errTooManySplits                    (-1909)
#define JET_errSessionSharingViolation          (-1910)
#define JET_errEntryPointNotFound               (-1911)
#define JET_errSessionContextAlreadySet         (-1912)
#define JET_errSessionContextNotSetByThisThread (-1913)
#define JET_errSessionInUse                     (-1914)
#define JET_errRecordFormatConversionFailed     (-1915)
#define JET_errOneDatabasePerSession            (-1916)
#define JET_errRollbackError                    (-1917)
#define JET_errFlushMapVersionUnsupported       (-1918)
#define JET_errFlushMapDatabaseMismatch         (-1919)
#define JET_errFlushMapUnrecoverable            (-1920)

/* Defragmentation, callbacks, snapshots */
#define JET_wrnDefragAlreadyRunning              2000
#define JET_wrnDefragNotRunning                  2001
#define JET_errDatabaseAlreadyRunningMaintenance (-2004)
#define JET_wrnCallbackNotRegistered             2100
#define JET_errCallbackFailed                    (-2101)
#define JET_errCallbackNotResolved               (-2102)
#define JET_errSpaceHintsInvalid                 (-2103)
#define JET_errOSSnapshotInvalidSequence         (-2401)
#define JET_errOSSnapshotTimeOut                 (-2402)
#define JET_errOSSnapshotNotAllowed              (-2403)
#define JET_errOSSnapshotInvalidSnapId           (-2404)

/* Local storage */
#define JET_errLSCallbackNotSpecified (-3000)
#define JET_errLSAlreadySet           (-3001)
#define JET_errLSNotSet               (-3002)

/* File input and output */
#define JET_errFileIOSparse    (-4000)
#define JET_errFileIOBeyondEOF (-4001)
#define JET_errFileIOAbort     (-4002)
#define JET_errFileIORetry     (-4003)
#define JET_errFileIOFail      (-4004)
#define JET_errFileCompressed  (-4005)

/* Free for use by clients */
#define JET_errClientSpaceBegin (-10000)
#define JET_errClientSpaceEnd   (-11999)

/*
 * ----- Bare names -----
 */

#ifdef JET_UNICODE
#    define ESE_TEXT_FORM(name) name##W
#else
#    define ESE_TEXT_FORM(name) name##A
#endif

#define JET_RSTMAP                    ESE_TEXT_FORM(JET_RSTMAP_)
#define JET_CONVERT                   ESE_TEXT_FORM(JET_CONVERT_)
#define JET_COLUMNBASE                ESE_TEXT_FORM(JET_COLUMNBASE_)
#define JET_COLUMNCREATE              ESE_TEXT_FORM(JET_COLUMNCREATE_)
#define JET_USERDEFINEDDEFAULT        ESE_TEXT_FORM(JET_USERDEFINEDDEFAULT_)
#define JET_CONDITIONALCOLUMN         ESE_TEXT_FORM(JET_CONDITIONALCOLUMN_)
#define JET_INDEXCREATE               ESE_TEXT_FORM(JET_INDEXCREATE_)
#define JET_INDEXCREATE2              ESE_TEXT_FORM(JET_INDEXCREATE2_)
#define JET_INDEXCREATE3              ESE_TEXT_FORM(JET_INDEXCREATE3_)
#define JET_TABLECREATE               ESE_TEXT_FORM(JET_TABLECREATE_)
#define JET_TABLECREATE2              ESE_TEXT_FORM(JET_TABLECREATE2_)
#define JET_TABLECREATE3              ESE_TEXT_FORM(JET_TABLECREATE3_)
#define JET_TABLECREATE4              ESE_TEXT_FORM(JET_TABLECREATE4_)
#define JET_RSTINFO                   ESE_TEXT_FORM(JET_RSTINFO_)
#define JET_SETSYSPARAM               ESE_TEXT_FORM(JET_SETSYSPARAM_)
#define JET_LOGINFO                   ESE_TEXT_FORM(JET_LOGINFO_)
#define JET_INSTANCE_INFO             ESE_TEXT_FORM(JET_INSTANCE_INFO_)

#define JetAddColumn                  ESE_TEXT_FORM(JetAddColumn)
#define JetAttachDatabase             ESE_TEXT_FORM(JetAttachDatabase)
#define JetAttachDatabase2            ESE_TEXT_FORM(JetAttachDatabase2)
#define JetBackup                     ESE_TEXT_FORM(JetBackup)
#define JetBackupInstance             ESE_TEXT_FORM(JetBackupInstance)
#define JetBeginSession               ESE_TEXT_FORM(JetBeginSession)
#define JetCompact                    ESE_TEXT_FORM(JetCompact)
#define JetCreateDatabase             ESE_TEXT_FORM(JetCreateDatabase)
#define JetCreateDatabase2            ESE_TEXT_FORM(JetCreateDatabase2)
#define JetCreateIndex                ESE_TEXT_FORM(JetCreateIndex)
#define JetCreateIndex2               ESE_TEXT_FORM(JetCreateIndex2)
#define JetCreateIndex3               ESE_TEXT_FORM(JetCreateIndex3)
#define JetCreateIndex4               ESE_TEXT_FORM(JetCreateIndex4)
#define JetCreateInstance             ESE_TEXT_FORM(JetCreateInstance)
#define JetCreateInstance2            ESE_TEXT_FORM(JetCreateInstance2)
#define JetCreateTable                ESE_TEXT_FORM(JetCreateTable)
#define JetCreateTableColumnIndex     ESE_TEXT_FORM(JetCreateTableColumnIndex)
#define JetCreateTableColumnIndex2    ESE_TEXT_FORM(JetCreateTableColumnIndex2)
#define JetCreateTableColumnIndex3    ESE_TEXT_FORM(JetCreateTableColumnIndex3)
#define JetCreateTableColumnIndex4    ESE_TEXT_FORM(JetCreateTableColumnIndex4)
#define JetDefragment                 ESE_TEXT_FORM(JetDefragment)
#define JetDefragment2                ESE_TEXT_FORM(JetDefragment2)
#define JetDefragment3                ESE_TEXT_FORM(JetDefragment3)
#define JetDeleteColumn               ESE_TEXT_FORM(JetDeleteColumn)
#define JetDeleteColumn2              ESE_TEXT_FORM(JetDeleteColumn2)
#define JetDeleteIndex                ESE_TEXT_FORM(JetDeleteIndex)
#define JetDeleteTable                ESE_TEXT_FORM(JetDeleteTable)
#define JetDetachDatabase             ESE_TEXT_FORM(JetDetachDatabase)
#define JetDetachDatabase2            ESE_TEXT_FORM(JetDetachDatabase2)
#define JetEnableMultiInstance        ESE_TEXT_FORM(JetEnableMultiInstance)
#define JetExternalRestore            ESE_TEXT_FORM(JetExternalRestore)
#define JetExternalRestore2           ESE_TEXT_FORM(JetExternalRestore2)
#define JetGetAttachInfo              ESE_TEXT_FORM(JetGetAttachInfo)
#define JetGetAttachInfoInstance      ESE_TEXT_FORM(JetGetAttachInfoInstance)
#define JetGetColumnInfo              ESE_TEXT_FORM(JetGetColumnInfo)
#define JetGetCurrentIndex            ESE_TEXT_FORM(JetGetCurrentIndex)
#define JetGetDatabaseFileInfo        ESE_TEXT_FORM(JetGetDatabaseFileInfo)
#define JetGetDatabaseInfo            ESE_TEXT_FORM(JetGetDatabaseInfo)
#define JetGetIndexInfo               ESE_TEXT_FORM(JetGetIndexInfo)
#define JetGetInstanceInfo            ESE_TEXT_FORM(JetGetInstanceInfo)
#define JetGetLogInfo                 ESE_TEXT_FORM(JetGetLogInfo)
#define JetGetLogInfoInstance         ESE_TEXT_FORM(JetGetLogInfoInstance)
#define JetGetLogInfoInstance2        ESE_TEXT_FORM(JetGetLogInfoInstance2)
#define JetGetObjectInfo              ESE_TEXT_FORM(JetGetObjectInfo)
#define JetGetSystemParameter         ESE_TEXT_FORM(JetGetSystemParameter)
#define JetGetTableColumnInfo         ESE_TEXT_FORM(JetGetTableColumnInfo)
#define JetGetTableIndexInfo          ESE_TEXT_FORM(JetGetTableIndexInfo)
#define JetGetTableInfo               ESE_TEXT_FORM(JetGetTableInfo)
#define JetGetTruncateLogInfoInstance ESE_TEXT_FORM(JetGetTruncateLogInfoInstance)
#define JetInit3                      ESE_TEXT_FORM(JetInit3)
#define JetOSSnapshotFreeze           ESE_TEXT_FORM(JetOSSnapshotFreeze)
#define JetOSSnapshotGetFreezeInfo    ESE_TEXT_FORM(JetOSSnapshotGetFreezeInfo)
#define JetOpenDatabase               ESE_TEXT_FORM(JetOpenDatabase)
#define JetOpenFile                   ESE_TEXT_FORM(JetOpenFile)
#define JetOpenFileInstance           ESE_TEXT_FORM(JetOpenFileInstance)
#define JetOpenTable                  ESE_TEXT_FORM(JetOpenTable)
#define JetRenameColumn               ESE_TEXT_FORM(JetRenameColumn)
#define JetRenameTable                ESE_TEXT_FORM(JetRenameTable)
#define JetRestore                    ESE_TEXT_FORM(JetRestore)
#define JetRestore2                   ESE_TEXT_FORM(JetRestore2)
#define JetRestoreInstance            ESE_TEXT_FORM(JetRestoreInstance)
#define JetSetColumnDefaultValue      ESE_TEXT_FORM(JetSetColumnDefaultValue)
#define JetSetCurrentIndex            ESE_TEXT_FORM(JetSetCurrentIndex)
#define JetSetCurrentIndex2           ESE_TEXT_FORM(JetSetCurrentIndex2)
#define JetSetCurrentIndex3           ESE_TEXT_FORM(JetSetCurrentIndex3)
#define JetSetCurrentIndex4           ESE_TEXT_FORM(JetSetCurrentIndex4)
#define JetSetDatabaseSize            ESE_TEXT_FORM(JetSetDatabaseSize)
#define JetSetSystemParameter         ESE_TEXT_FORM(JetSetSystemParameter)
#ifdef JET_UNICODE /* these two have no A form */
#    define JetGetErrorInfo  JetGetErrorInfoW
#    define JET_ERRINFOBASIC JET_ERRINFOBASIC_W
#endif

#ifdef __cplusplus
}
#endif
