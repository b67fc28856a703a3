/* `ese info`: what the header of a database says. Works on databases in any state. */
#include "tools/tools.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *
state_name(uint32_t state)
{
    static const char *const names[] = {
        "unknown",
        "just created",
        "dirty shutdown",
        "clean shutdown",
        "being converted",
        "force detach",
        "incremental reseed",
        "dirty and patched",
        "revert in progress",
    };

    return state < sizeof names / sizeof names[0] ? names[state] : names[0];
}

static void
format_time(const JET_LOGTIME *time, char *to, size_t room)
{
    unsigned ms = (unsigned)time->bMillisecondsLow | (unsigned)time->bMillisecondsHigh << 7;

    if (time->bMonth == 0 && time->bDay == 0)
        snprintf(to, room, "none");
    else
        snprintf(to, room, "%04u-%02u-%02u %02u:%02u:%02u.%03u%s", 1900u + (uint8_t)time->bYear,
                 (unsigned)(uint8_t)time->bMonth, (unsigned)(uint8_t)time->bDay,
                 (unsigned)(uint8_t)time->bHours, (unsigned)(uint8_t)time->bMinutes,
                 (unsigned)(uint8_t)time->bSeconds, ms, time->fTimeIsUTC ? " UTC" : "");
}

static void
print_time(const char *label, const JET_LOGTIME *time)
{
    char text[64];

    format_time(time, text, sizeof text);
    ese_tools__out_printf(&ese_tools__stdout, "%-18s%s\n", label, text);
}

static void
print_position(const char *label, const JET_LGPOS *position)
{
    ese_tools__out_printf(&ese_tools__stdout, "%-18s0x%" PRIx32 ",0x%x,0x%x\n", label,
                          (uint32_t)position->lGeneration, (unsigned)position->isec,
                          (unsigned)position->ib);
}

static void
print_signature(const char *label, const JET_SIGNATURE *signature)
{
    char time[64];

    format_time(&signature->logtimeCreate, time, sizeof time);
    ese_tools__out_printf(&ese_tools__stdout, "%-18s0x%08" PRIx32 ", created %s\n", label,
                          signature->ulRandom, time);
}

static void
print_header(const char *path, const JET_DBINFOMISC4 *header, uint64_t size)
{
    ese_tools__out *out = &ese_tools__stdout;

    ese_tools__out_printf(out, "%-18s%s\n", "file", path);
    ese_tools__out_printf(out, "%-18s%" PRIu64 " bytes\n", "size", size);
    ese_tools__out_printf(out, "%-18s%" PRIu32 " bytes\n", "page size", header->cbPageSize);
    ese_tools__out_printf(out, "%-18s%" PRIu64 "\n", "pages",
                          size / header->cbPageSize < 2 ? 0 : size / header->cbPageSize - 2);
    ese_tools__out_printf(out, "%-18s0x%" PRIx32 ", update 0x%" PRIx32 " (%" PRIu32 ")\n", "format",
                          header->ulVersion, header->ulUpdate, header->ulUpdate);
    ese_tools__out_printf(out, "%-18s%s (%" PRIu32 ")\n", "state", state_name(header->dbstate),
                          header->dbstate);
    print_signature("signature", &header->signDb);
    print_signature("log signature", &header->signLog);
    ese_tools__out_printf(out, "%-18s%" PRIu32 " to %" PRIu32 ", committed %" PRIu32 "\n",
                          "logs required", header->genMinRequired, header->genMaxRequired,
                          header->genCommitted);
    print_time("last attach", &header->logtimeAttach);
    print_time("last detach", &header->logtimeDetach);
    print_time("last consistent", &header->logtimeConsistent);
    print_position("consistent at", &header->lgposConsistent);
    ese_tools__out_printf(
        out, "%-18s%" PRIu32 ".%" PRIu32 ".%" PRIu32 " service pack %" PRId32 "\n", "written by",
        header->dwMajorVersion, header->dwMinorVersion, header->dwBuildNumber, header->lSPNumber);
    ese_tools__out_printf(out, "%-18s%s\n", "shadow catalog",
                          header->fShadowingDisabled ? "no" : "yes");
    ese_tools__out_printf(out, "%-18s%" PRIu32 "\n", "repairs", header->ulRepairCount);
}

static ese_tools__status
show_file(const char *path)
{
    JET_DBINFOMISC4 header;
    uint64_t size = 0;
    JET_ERR err = JetGetDatabaseFileInfo(path, &header, sizeof header, JET_DbInfoMisc);

    if (err >= JET_errSuccess)
        err = JetGetDatabaseFileInfo(path, &size, sizeof size, JET_DbInfoFilesize);
    if (err < JET_errSuccess)
        return ese_tools__report(path, err);
    print_header(path, &header, size);
    return ESE_TOOLS__OK;
}

static ese_tools__status
run(int argc, char **argv)
{
    ese_tools__common common = {0};
    ese_tools__parsed parsed = ese_tools__parse_common(argc, argv, &ese_tools__info, &common);
    ese_tools__status status = ESE_TOOLS__OK;

    if (parsed != ESE_TOOLS__GO_ON)
        return ese_tools__parse_status(parsed);
    if (argc == optind)
        return ese_tools__usage(&ese_tools__info, "a file is expected");
    for (int i = optind; i < argc; i++) {
        if (i != optind)
            ese_tools__out_text(&ese_tools__stdout, "\n");
        status = ese_tools__worse(status, show_file(argv[i]));
    }
    return status;
}

const ese_tools__command ese_tools__info = {
    "info",
    "[OPTION]... FILE...",
    "Show what the header of a database says, whatever its state",
    "",
    run,
};
