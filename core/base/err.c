#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TEXT = 512 };

/* The detail belongs to the call in progress, and a call stays on its thread: no lock, no session
 * needed. */
static _Thread_local struct {
    JET_ERR code;
    char text[MAX_TEXT];
} last;

static const ese_err_info table[] = {
#define ESE_ERR(symbol, value, category, text) {symbol, #symbol, category, text},
#include "base/err.def"
#undef ESE_ERR
};

const ese_err_info *
ese_err_at(size_t index)
{
    return index < sizeof table / sizeof table[0] ? &table[index] : NULL;
}

const ese_err_info *
ese_err_find(JET_ERR code)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].code == code)
            return &table[i];
    }
    return NULL;
}

void
ese_err_record(JET_ERR code, const char *format, ...)
{
    va_list args;
    char text[MAX_TEXT]; /* the arguments may hold the last text, to be put in a wider one */

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    last.code = code;
    memcpy(last.text, text, sizeof text);
}

const char *
ese_err_text(JET_ERR code)
{
    const ese_err_info *info;

    if (last.code == code && last.text[0] != '\0')
        return last.text;
    info = ese_err_find(code);
    return info != NULL ? info->text : "unknown error";
}

void
ese_err_clear(void)
{
    last.code = JET_errSuccess;
    last.text[0] = '\0';
}
