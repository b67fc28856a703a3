/* What is known of an error, and the switches for tests. */
#include "api/api_private.h"

#include "base/alloc.h"
#include "base/fault.h"
#include "ese.h"

/* ---- Categories --------------------------------------------------------------------------------------- */

/* The category above each one; the root is its own. */
static JET_ERRCAT
parent_of(JET_ERRCAT category)
{
    switch (category) {
    case JET_errcatOperation:
    case JET_errcatData:
    case JET_errcatApi: return JET_errcatError;
    case JET_errcatFatal:
    case JET_errcatIO:
    case JET_errcatResource: return JET_errcatOperation;
    case JET_errcatMemory:
    case JET_errcatQuota:
    case JET_errcatDisk: return JET_errcatResource;
    case JET_errcatCorruption:
    case JET_errcatInconsistent:
    case JET_errcatFragmentation: return JET_errcatData;
    case JET_errcatUsage:
    case JET_errcatState:
    case JET_errcatObsolete: return JET_errcatApi;
    default: return category;
    }
}

static void
fill_hierarchy(JET_ERRCAT category, uint8_t hierarchy[8])
{
    JET_ERRCAT chain[4];
    size_t n = 0;

    memset(hierarchy, 0, 8);
    for (JET_ERRCAT c = category; c != JET_errcatUnknown; c = parent_of(c)) {
        chain[n++] = c;
        if (c == JET_errcatError)
            break;
    }
    for (size_t i = 0; i < n; i++)
        hierarchy[i] = (uint8_t)chain[n - 1 - i];
}

JET_ERR JET_API
JetGetErrorInfoW(void *pvContext, void *pvResult, uint32_t cbMax, uint32_t InfoLevel,
                 JET_GRBIT grbit)
{
    JET_ERRINFOBASIC_W info = {.cbStruct = sizeof info};
    const ese_err_info *row;

    if (pvContext == NULL || InfoLevel != JET_ErrorInfoSpecificErr || grbit != 0)
        return JET_errInvalidParameter;
    if (pvResult == NULL || cbMax < sizeof info)
        return JET_errInvalidBufferSize;
    memcpy(&info.errValue, pvContext, sizeof info.errValue);
    row = ese_err_find(info.errValue);
    if (row == NULL)
        return JET_errInvalidParameter;
    info.errcatMostSpecific = row->category;
    fill_hierarchy(row->category, info.rgCategoricalHierarchy);
    memcpy(pvResult, &info, sizeof info);
    return JET_errSuccess;
}

/* ---- Additions of ese.h ------------------------------------------------------------------------------- */

const char *
ese_error_text(JET_ERR err)
{
    return ese_err_text(err);
}

const char *
ese_error_name(JET_ERR err)
{
    const ese_err_info *row = ese_err_find(err);

    return row != NULL ? row->name : NULL;
}

JET_ERRCAT
ese_error_category(JET_ERR err)
{
    const ese_err_info *row = ese_err_find(err);

    return row != NULL ? row->category : JET_errcatUnknown;
}

void
ese_error_list(void *context, void (*visit)(void *context, JET_ERR err, const char *name,
                                            JET_ERRCAT category, const char *text))
{
    const ese_err_info *row;

    for (size_t i = 0; (row = ese_err_at(i)) != NULL; i++)
        visit(context, row->code, row->name, row->category, row->text);
}

JET_ERR
ese_fault_arm(ese_fault_kind kind, uint64_t nth, int repeat)
{
    static const ese_fault points[] = {
        [ESE_faultAlloc] = ESE_FAULT_POINT_ALLOC,        [ESE_faultOpen] = ESE_FAULT_POINT_OPEN,
        [ESE_faultRead] = ESE_FAULT_POINT_READ,          [ESE_faultFatal] = ESE_FAULT_POINT_FATAL,
        [ESE_faultTerm] = ESE_FAULT_POINT_TERM,          [ESE_faultWrite] = ESE_FAULT_POINT_WRITE,
        [ESE_faultDiskFull] = ESE_FAULT_POINT_DISK_FULL, [ESE_faultSync] = ESE_FAULT_POINT_SYNC,
    };

    if ((size_t)kind >= sizeof points / sizeof points[0])
        return JET_errInvalidParameter;
    ese_fault_set(points[kind], nth, repeat != 0);
    return JET_errSuccess;
}

int64_t
ese_live_allocations(void)
{
    return ese_alloc_live();
}
