/* `ese pages`: what each page of a file is, or one page with its lines. */
#include "maint/maint.h"
#include "tools/dump.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { BYTES_SHOWN = 32 };

typedef struct pages {
    const char *path;
    ese_tools__common common;
    bool has_page;
    uint32_t page;
    ese_tools__progress progress;
} pages;

static const char *const state_names[] = {"good", "corrected", "blank", "bad checksum",
                                          "bad structure"};
static const char *const use_names[] = {
    "leaked", "outside", "tree", "owned space", "free space", "split buffer", "free",
};

static const char *
level_name(const ese_maint_page *page)
{
    static const char *const names[] = {"leaf", "parent", "internal"};

    if (page->is_root && page->level == 0)
        return "root leaf";
    return page->is_root ? "root" : names[page->level];
}

static bool
has_content(const ese_maint_page *page)
{
    return page->state == ESE_MAINT_PAGE_GOOD || page->state == ESE_MAINT_PAGE_CORRECTED;
}

static void
print_owner(const ese_maint_page *page)
{
    ese_tools__out *out = &ese_tools__stdout;

    if (page->table == NULL && page->use == ESE_MAINT_USE_OUTSIDE)
        return;
    ese_tools__out_printf(out, "  %s", page->table == NULL ? "(database)" : page->table);
    if (page->index != NULL)
        ese_tools__out_printf(out, ", index %s", page->index);
    else if (page->is_long_value)
        ese_tools__out_text(out, ", long values");
}

static JET_ERR
print_page(void *self, const ese_maint_page *page)
{
    pages *listing = self;
    ese_tools__out *out = &ese_tools__stdout;

    ese_tools__progress_clear(&listing->progress);
    ese_tools__out_printf(out, "%10" PRIu32 "  %-13s  ", page->pgno, state_names[page->state]);
    if (!has_content(page) && page->use == ESE_MAINT_USE_OUTSIDE) {
        ese_tools__out_printf(out, "%s\n", use_names[page->use]);
        return JET_errSuccess;
    }
    ese_tools__out_printf(out, "%-12s", use_names[page->use]);
    if (has_content(page))
        ese_tools__out_printf(
            out, "  %-9s  %6" PRIu32 "  %5u  %5" PRIu32 "  0x%05" PRIx32 "  %10" PRIu64,
            level_name(page), page->objid, page->n_lines, page->free_bytes, page->flags,
            page->dbtime);
    else
        ese_tools__out_printf(out, "  %-9s  %6s  %5s  %5s  %7s  %10s", "", "", "", "", "", "");
    print_owner(page);
    ese_tools__out_text(out, "\n");
    return JET_errSuccess;
}

static void
progress(void *self, const char *phase, uint64_t done, uint64_t total)
{
    pages *listing = self;

    ese_tools__progress_step(&listing->progress, phase, done, total);
}

/* ---- One page ---- */

static JET_ERR
print_head(void *self, const ese_maint_page *page)
{
    ese_tools__out *out = &ese_tools__stdout;

    (void)self;
    ese_tools__out_printf(out, "page %" PRIu32 " at offset 0x%" PRIx64 "\n", page->pgno,
                          page->offset);
    ese_tools__out_printf(out, "state    %s%s%s\n", state_names[page->state],
                          page->problem == NULL ? "" : ": ",
                          page->problem == NULL ? "" : page->problem);
    ese_tools__out_printf(out, "use      %s", use_names[page->use]);
    print_owner(page);
    ese_tools__out_text(out, "\n");
    if (!has_content(page))
        return JET_errSuccess;
    ese_tools__out_printf(out, "level    %s\nobjid    %" PRIu32 "\nflags    0x%" PRIx32 "\n",
                          level_name(page), page->objid, page->flags);
    ese_tools__out_printf(out,
                          "previous %" PRIu32 "\nnext     %" PRIu32 "\ndbtime   %" PRIu64
                          "\nlines    %u, %u of them deleted\nfree     %" PRIu32 " bytes\n",
                          page->prev, page->next, page->dbtime, page->n_lines, page->n_deleted,
                          page->free_bytes);
    return JET_errSuccess;
}

static void
print_bytes(const uint8_t *bytes, size_t n)
{
    size_t shown = n < BYTES_SHOWN ? n : BYTES_SHOWN;

    ese_tools__out_hex(&ese_tools__stdout, bytes, shown);
    if (shown < n)
        ese_tools__out_text(&ese_tools__stdout, "...");
}

static JET_ERR
print_line(void *self, const ese_maint_line *line)
{
    ese_tools__out *out = &ese_tools__stdout;

    (void)self;
    if (line->number < 0)
        ese_tools__out_text(out, "header");
    else
        ese_tools__out_printf(out, "line %d", line->number);
    ese_tools__out_printf(out, ": offset %" PRIu32 ", %" PRIu32 " bytes", line->offset, line->size);
    if (line->number >= 0) {
        ese_tools__out_printf(out, ", key %zu bytes", line->key_size);
        if (line->prefix_size != 0)
            ese_tools__out_printf(out, " (%zu from the prefix)", line->prefix_size);
        ese_tools__out_text(out, " ");
        print_bytes(line->key, line->key_size);
    }
    ese_tools__out_printf(out, ", data %zu bytes ", line->data_size);
    print_bytes(line->data, line->data_size);
    ese_tools__out_printf(out, "%s%s\n", (line->flags & 2) != 0 ? " deleted" : "",
                          (line->flags & 1) != 0 ? " version" : "");
    return JET_errSuccess;
}

/* ---- The command ---- */

static ese_tools__status
show(pages *listing)
{
    const ese_maint_line_visitor in_detail = {listing, print_head, print_line};
    const ese_maint_page_visitor in_list = {listing, print_page, progress};
    JET_ERR err;

    ese_tools__progress_start(&listing->progress, listing->common.is_quiet);
    if (listing->has_page) {
        err = ese_maint_show_page(listing->path, listing->page, &in_detail);
    } else {
        if (!listing->common.is_quiet)
            ese_tools__out_printf(&ese_tools__stdout,
                                  "%10s  %-13s  %-12s  %-9s  %6s  %5s  %5s  %7s  %10s  %s\n",
                                  "page", "state", "use", "level", "objid", "lines", "free",
                                  "flags", "dbtime", "table");
        err = ese_maint_list_pages(listing->path, &in_list);
    }
    ese_tools__progress_clear(&listing->progress);
    return err < JET_errSuccess ? ese_tools__report(listing->path, err) : ESE_TOOLS__OK;
}

static ese_tools__parsed
choose_page(pages *listing, const char *text)
{
    char *end;
    unsigned long long number;

    errno = 0;
    number = strtoull(text, &end, 0);
    if (errno != 0 || end == text || *end != '\0' || text[0] == '-' || number > UINT32_MAX) {
        ese_tools__usage(&ese_tools__pages, "'%s' is no page number", text);
        return ESE_TOOLS__WRONG;
    }
    listing->page = (uint32_t)number;
    listing->has_page = true;
    return ESE_TOOLS__GO_ON;
}

static ese_tools__parsed
parse(int argc, char **argv, pages *listing)
{
    static const struct option options[] = {
        {"page", required_argument, NULL, 'p'},
        ESE_TOOLS__COMMON_OPTIONS,
        {NULL, 0, NULL, 0},
    };
    ese_tools__parsed parsed = ESE_TOOLS__GO_ON;
    int option;

    while (parsed == ESE_TOOLS__GO_ON &&
           (option = getopt_long(argc, argv, "p:hqV", options, NULL)) != -1) {
        if (option == 'p')
            parsed = choose_page(listing, optarg);
        else
            parsed = ese_tools__common_option(option, &ese_tools__pages, &listing->common);
    }
    return parsed;
}

static ese_tools__status
run(int argc, char **argv)
{
    pages listing = {0};
    ese_tools__parsed parsed = parse(argc, argv, &listing);

    if (parsed != ESE_TOOLS__GO_ON)
        return ese_tools__parse_status(parsed);
    if (argc - optind != 1)
        return ese_tools__usage(&ese_tools__pages, "one file is expected");
    listing.path = argv[optind];
    return show(&listing);
}

const ese_tools__command ese_tools__pages = {
    "pages",
    "[OPTION]... FILE",
    "Show what each page of a file is",
    "  -p, --page N    one page in detail, with its lines\n",
    run,
};
