/* Messages on standard error: errors, wrong usage, progress. */
#include "tools/tools.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PROGRESS_INTERVAL_MS = 200 };

static bool progress_is_visible; /* a line of progress stands on the terminal */

static void
clear_line(void)
{
    if (progress_is_visible)
        fputs("\r\033[K", stderr);
    progress_is_visible = false;
}

ese_tools__status
ese_tools__usage(const ese_tools__command *command, const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "ese %s: ", command->name);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\nTry 'ese %s --help'.\n", command->name);
    return ESE_TOOLS__USAGE;
}

const char *
ese_tools__without_path(const char *path, const char *text)
{
    size_t n = strlen(path);

    return strncmp(text, path, n) == 0 && strncmp(text + n, ": ", 2) == 0 ? text + n + 2 : text;
}

/* One that begins with the path of a file in this folder says more than the folder. */
static bool
names_file_in(const char *path, const char *text)
{
    size_t n = strlen(path);

    return n > 0 && strncmp(text, path, n) == 0 && text[n] == '/';
}

void
ese_tools__complain(const char *path, uint32_t pgno, JET_ERR err, const char *text)
{
    const char *name = ese_error_name(err);
    bool is_told = names_file_in(path, text);
    char page[24] = "";

    text = ese_tools__without_path(path, text);
    if (pgno != 0 && strncmp(text, "page ", 5) != 0)
        snprintf(page, sizeof page, "page %" PRIu32 ": ", pgno);
    ese_tools__out_flush(&ese_tools__stdout);
    clear_line();
    fprintf(stderr, "ese: %s%s%s%s (%s, %" PRId32 ")\n", is_told ? "" : path, is_told ? "" : ": ",
            page, text, name == NULL ? "unknown error" : name, err);
}

ese_tools__status
ese_tools__report(const char *path, JET_ERR err)
{
    ese_tools__complain(path, 0, err, ese_error_text(err));
    return ESE_TOOLS__FAILED;
}

/* ---- Progress ---- */

static uint64_t
now_ms(void)
{
    struct timespec now;

    timespec_get(&now, TIME_UTC);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void
ese_tools__progress_start(ese_tools__progress *progress, bool is_quiet)
{
    progress->is_shown = !is_quiet && isatty(STDERR_FILENO);
    progress->next_ms = progress->is_shown ? now_ms() + PROGRESS_INTERVAL_MS : 0;
}

void
ese_tools__progress_step(ese_tools__progress *progress, const char *what, uint64_t done,
                         uint64_t total)
{
    uint64_t now;

    if (!progress->is_shown)
        return;
    now = now_ms();
    if (now < progress->next_ms)
        return;
    progress->next_ms = now + PROGRESS_INTERVAL_MS;
    clear_line();
    if (total != 0)
        fprintf(stderr, "%s: %" PRIu64 " of %" PRIu64 " (%u %%)", what, done, total,
                (unsigned)(done >= total ? 100 : done * 100 / total));
    else
        fprintf(stderr, "%s: %" PRIu64, what, done);
    fflush(stderr);
    progress_is_visible = true;
}

void
ese_tools__progress_clear(ese_tools__progress *progress)
{
    (void)progress;
    clear_line();
}
