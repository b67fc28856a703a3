/*
 * The error idiom of the engine.
 *
 * INV-1  Below core/api a JET_ERR is 0 or negative: an expected outcome is an out-value, never a
 * warning. INV-2  A code is raised once, where it is understood, with a text that names file and
 * page where there are any; on the way up it travels unchanged.
 */
#pragma once

#include "esent.h"

#include <stddef.h>

/* Runs `expr`; on an error leaves it in `err` and goes to `out`. */
#define ESE_TRY(expr)                                                                              \
    do {                                                                                           \
        err = (expr);                                                                              \
        if (err < JET_errSuccess)                                                                  \
            goto out;                                                                              \
    } while (0)

/* For cleanup that can itself fail: the first error is the one reported. */
#define ESE_KEEP_FIRST(err, expr)                                                                  \
    do {                                                                                           \
        JET_ERR err_cleanup = (expr);                                                              \
        if ((err) >= JET_errSuccess && err_cleanup < JET_errSuccess)                               \
            (err) = err_cleanup;                                                                   \
    } while (0)

#if defined(__GNUC__)
#    define ESE_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#    define ESE_PRINTF(fmt, args)
#endif

/* One row of err.def. */
typedef struct ese_err_info {
    JET_ERR code;
    const char *name; /* "JET_errKeyDuplicate" */
    JET_ERRCAT category;
    const char *text; /* one short sentence */
} ese_err_info;

/* The row of `code`, or NULL when the code is not in the list. */
const ese_err_info *ese_err_find(JET_ERR code);

/* Row number `index` (from 0) of the list, or NULL behind the last one. */
const ese_err_info *ese_err_at(size_t index);

/* Records `code` with a formatted text for the calling thread. */
void ese_err_record(JET_ERR code, const char *format, ...) ESE_PRINTF(2, 3);

/* ese_raise(code, format, ...) records and is `code`: compilers and analyzers see that it is an error. */
#define ese_raise(code, ...) (ese_err_record((code), __VA_ARGS__), (JET_ERR)(code))

/* The text of the last ese_raise of this thread if it raised `code`, else the text of err.def;
 * never NULL. */
const char *ese_err_text(JET_ERR code);

/* Forgets the recorded text, so that an older one is not shown for a newer error of the same code.
 */
void ese_err_clear(void);
