/* Standard output, written in pieces of a quarter of a megabyte. */
#include "tools/tools.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PRINTED_MAX = 4096 };

ese_tools__out ese_tools__stdout;

void
ese_tools__out_flush(ese_tools__out *out)
{
    const uint8_t *at = out->bytes;
    size_t left = out->used;

    out->used = 0;
    while (left != 0 && !out->has_failed) {
        ssize_t written = write(STDOUT_FILENO, at, left);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            out->has_failed = true;
            fputs("ese: standard output cannot be written\n", stderr);
            return;
        }
        at += written;
        left -= (size_t)written;
    }
}

void
ese_tools__out_write(ese_tools__out *out, const void *bytes, size_t n)
{
    const uint8_t *at = bytes;

    while (n != 0) {
        size_t piece = n < ESE_TOOLS__OUT_RESERVE_MAX ? n : ESE_TOOLS__OUT_RESERVE_MAX;

        memcpy(ese_tools__out_reserve(out, piece), at, piece);
        out->used += piece;
        at += piece;
        n -= piece;
    }
}

void
ese_tools__out_text(ese_tools__out *out, const char *text)
{
    ese_tools__out_write(out, text, strlen(text));
}

void
ese_tools__out_printf(ese_tools__out *out, const char *format, ...)
{
    char text[PRINTED_MAX];
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (n > 0)
        ese_tools__out_write(out, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

ese_tools__status
ese_tools__out_finish(ese_tools__out *out)
{
    ese_tools__out_flush(out);
    return out->has_failed ? ESE_TOOLS__FAILED : ESE_TOOLS__OK;
}
