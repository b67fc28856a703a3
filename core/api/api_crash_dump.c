/*
 * JetConfigureProcessForCrashDump: what a dump of the process will have of the page caches. A program calls it from where it handles a crash, so nothing is waited for or allocated;
 * the process can go on afterwards.
 */
#include "api/api_private.h"

enum {
    KNOWN = JET_bitDumpMinimum | JET_bitDumpMaximum | JET_bitDumpCacheMinimum |
            JET_bitDumpCacheMaximum | JET_bitDumpCacheIncludeDirtyPages |
            JET_bitDumpCacheIncludeCachedPages | JET_bitDumpCacheIncludeCorruptedPages |
            JET_bitDumpCacheNoDecommit,
    PINNED = JET_bitDumpMinimum | JET_bitDumpCacheMinimum,
    ALL = JET_bitDumpMaximum | JET_bitDumpCacheMaximum | JET_bitDumpCacheIncludeCachedPages |
          JET_bitDumpCacheNoDecommit,
};

/* A page that fails its checksum does not stay in a cache: there are no corrupted ones. */
static ese_cache_dump
kinds_of(JET_GRBIT grbit)
{
    unsigned kinds = 0;

    kinds |= (grbit & (JET_GRBIT)PINNED) != 0 ? ESE_CACHE_DUMP_PINNED : 0;
    kinds |= (grbit & JET_bitDumpCacheIncludeDirtyPages) != 0 ? ESE_CACHE_DUMP_CHANGED : 0;
    kinds |= (grbit & (JET_GRBIT)ALL) != 0 ? ESE_CACHE_DUMP_ALL : 0;
    return (ese_cache_dump)kinds;
}

/* With the registry locked, an instance in one of these states keeps its cache. */
static bool
has_cache(const ese_api_instance *instance)
{
    uint32_t state = atomic_load(&instance->state);

    return state == ESE_API__RUNNING || state == ESE_API__STOPPED || state == ESE_API__UNAVAILABLE;
}

JET_ERR JET_API
JetConfigureProcessForCrashDump(JET_GRBIT grbit)
{
    ese_api__registry *registry;
    JET_ERR err = JET_errSuccess;

    if ((grbit & ~(JET_GRBIT)KNOWN) != 0)
        return ese_raise(JET_errInvalidGrbit, "unknown options %x",
                         (unsigned)(grbit & ~(JET_GRBIT)KNOWN));
    if (grbit == 0)
        return JET_errSuccess;
    registry = ese_api__registry_try_lock();
    if (registry == NULL)
        return JET_errInternalError;
    ESE_LIST_FOREACH (node, &registry->instances) {
        ese_api_instance *instance = ESE_LIST_ENTRY(node, ese_api_instance, link);

        if (has_cache(instance) && !ese_cache_choose_dump(instance->cache, kinds_of(grbit)))
            err = JET_errInternalError; /* a thread is inside: the others all the same */
    }
    ese_api__registry_unlock();
    return err;
}
