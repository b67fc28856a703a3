/*
 * What the commands of `ese` share: options, messages, output, an open database and its schema.
 *
 * The command uses the public header, and core/maint for what the API does not offer. Only `import` and `compact` write, each to
 * the database that it is told to write.
 */
#pragma once

#include "ese.h"

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit statuses; documented in ese.1 and docs/command.md. */
typedef enum ese_tools__status {
    ESE_TOOLS__OK = 0,
    ESE_TOOLS__PROBLEMS = 1, /* done, but something is wrong with the database */
    ESE_TOOLS__USAGE = 2,
    ESE_TOOLS__FAILED = 3,
} ese_tools__status;

/* The worst of two. */
static inline ese_tools__status
ese_tools__worse(ese_tools__status a, ese_tools__status b)
{
    return a > b ? a : b;
}

/* ---- tools_main.c: commands and their options ---- */

typedef struct ese_tools__command {
    const char *name;
    const char *synopsis; /* what follows the name */
    const char *summary;
    const char *help; /* of its options */
    ese_tools__status (*run)(int argc, char **argv);
} ese_tools__command;

extern const ese_tools__command ese_tools__info, ese_tools__tables, ese_tools__schema,
    ese_tools__dump, ese_tools__check, ese_tools__pages, ese_tools__log, ese_tools__checkpoint,
    ese_tools__import, ese_tools__compact, ese_tools__recover, ese_tools__repair;

/* Options every command takes. */
typedef struct ese_tools__common {
    bool is_quiet;
    bool is_damaged; /* best effort on a dirty or damaged file */
} ese_tools__common;

#define ESE_TOOLS__COMMON_OPTIONS                                                                  \
    {"help", no_argument, NULL, 'h'}, {"quiet", no_argument, NULL, 'q'},                           \
        {"damaged", no_argument, NULL, 'D'},                                                       \
    {                                                                                              \
        "version", no_argument, NULL, 'V'                                                          \
    }

typedef enum ese_tools__parsed {
    ESE_TOOLS__GO_ON,
    ESE_TOOLS__DONE,  /* help or version was asked for and shown */
    ESE_TOOLS__WRONG, /* unknown option or missing argument: reported */
} ese_tools__parsed;

/* Deals with what getopt_long returned and the command itself does not know. */
ese_tools__parsed ese_tools__common_option(int option, const ese_tools__command *command,
                                           ese_tools__common *common);

/* The exit status that goes with a result of parsing other than to go on. */
static inline ese_tools__status
ese_tools__parse_status(ese_tools__parsed parsed)
{
    return parsed == ESE_TOOLS__DONE ? ESE_TOOLS__OK : ESE_TOOLS__USAGE;
}

/* Takes options that are all common ones; the arguments stand behind optind. */
ese_tools__parsed ese_tools__parse_common(int argc, char **argv, const ese_tools__command *command,
                                          ese_tools__common *common);

/* The same with --json among them, which sets the flag; NULL: there is no such option. */
ese_tools__parsed ese_tools__parse_json(int argc, char **argv, const ese_tools__command *command,
                                        ese_tools__common *common, bool *is_json_out);

/* ---- tools_report.c: messages ---- */

#if defined(__GNUC__)
#    define ESE_TOOLS__PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#    define ESE_TOOLS__PRINTF(fmt, args)
#endif

/* "ese dump: <text>", and where to find help. */
ese_tools__status ese_tools__usage(const ese_tools__command *command, const char *format, ...)
    ESE_TOOLS__PRINTF(2, 3);

/* "ese: FILE: page N: text (JET_errX, -NNNN)" for an error a call has just returned; ESE_TOOLS__FAILED. */
ese_tools__status ese_tools__report(const char *path, JET_ERR err);

/* The same for a text and an error of some time ago. */
void ese_tools__complain(const char *path, uint32_t pgno, JET_ERR err, const char *text);

/* Texts of the library begin with the path where one is known; messages say it once. */
const char *ese_tools__without_path(const char *path, const char *text);

/* Progress on a terminal; nothing elsewhere, and nothing when quiet. */
typedef struct ese_tools__progress {
    bool is_shown;
    uint64_t next_ms;
} ese_tools__progress;

void ese_tools__progress_start(ese_tools__progress *progress, bool is_quiet);
void ese_tools__progress_step(ese_tools__progress *progress, const char *what, uint64_t done,
                              uint64_t total); /* total 0 = unknown */
void ese_tools__progress_clear(ese_tools__progress *progress);

/* ---- tools_out.c: standard output in large pieces ---- */

enum { ESE_TOOLS__OUT_SIZE = 256 * 1024, ESE_TOOLS__OUT_RESERVE_MAX = 64 * 1024 };

typedef struct ese_tools__out {
    size_t used;
    bool has_failed;
    uint8_t bytes[ESE_TOOLS__OUT_SIZE];
} ese_tools__out;

extern ese_tools__out ese_tools__stdout;

void ese_tools__out_flush(ese_tools__out *out);

/* Room for n <= ESE_TOOLS__OUT_RESERVE_MAX bytes; the caller adds what it wrote to out->used. */
static inline uint8_t *
ese_tools__out_reserve(ese_tools__out *out, size_t n)
{
    if (out->used + n > ESE_TOOLS__OUT_SIZE)
        ese_tools__out_flush(out);
    return out->bytes + out->used;
}

void ese_tools__out_write(ese_tools__out *out, const void *bytes, size_t n);
void ese_tools__out_text(ese_tools__out *out, const char *text);
void ese_tools__out_printf(ese_tools__out *out, const char *format, ...) ESE_TOOLS__PRINTF(2, 3);

/* Writes what is left; ESE_TOOLS__FAILED with a message when anything could not be written. */
ese_tools__status ese_tools__out_finish(ese_tools__out *out);

/* ---- tools_memory.c: memory of the command itself ---- */

/* Zeroed memory; ends the program when there is none, which leaves a database that is being written dirty. */
void *ese_tools__alloc(size_t n, size_t size);
char *ese_tools__copy_text(const char *text);

/* ---- tools_parts.c: files that are removed when the command is interrupted ---- */

/* Who interrupts or ends the command calls the handler, unless that is ignored. */
void ese_tools__catch_end(void (*handler)(int number));

/* The path stays valid until the same pointer is given to ese_tools__part_end; two at a time. */
void ese_tools__part_begin(const char *path);
void ese_tools__part_end(const char *path);

/* ---- tools_database.c ---- */

typedef struct ese_tools__database {
    const char *path;
    ese_tools__common common;
    JET_INSTANCE instance;
    JET_SESID sesid;
    JET_DBID dbid;
    uint32_t n_told; /* problems already shown */
    bool is_writable;
} ese_tools__database;

/* Opens the file read-only in an instance of its own; reports what goes wrong. */
ese_tools__status ese_tools__database_open(ese_tools__database *database, const char *path,
                                           const ese_tools__common *common);

/*
 * Opens the file for change, or creates it with pages of `page_size` bytes when `may_create`, which it always does when it
 * `must_create`; reports what goes wrong.
 */
typedef struct ese_tools__opening {
    const char *path;
    uint32_t page_size;
    bool may_create;
    bool must_create;
} ese_tools__opening;

ese_tools__status ese_tools__database_change(ese_tools__database *database,
                                             const ese_tools__opening *opening,
                                             const ese_tools__common *common);

/*
 * Opens `source_path` for reading, as the options of `source` say, and makes the database `target_path` with the same page size, both in
 * one instance and session, which end with the source. The target is a part until the caller says that it has ended.
 */
ese_tools__status ese_tools__database_copy(ese_tools__database *source, ese_tools__database *target,
                                           const char *source_path, const char *target_path);
void ese_tools__database_close(ese_tools__database *database);

/* Shows what reading a damaged file has met since the last call. ESE_TOOLS__PROBLEMS when there was something. */
ese_tools__status ese_tools__database_problems(ese_tools__database *database);

/* ---- tools_schema.c ---- */

typedef struct ese_tools__column {
    char *name;
    JET_COLUMNID id;
    JET_COLTYP coltyp;
    uint16_t code_page;
    uint32_t size_max;
    JET_GRBIT grbit;
    uint8_t *default_value; /* NULL = none */
    uint32_t default_size;
} ese_tools__column;

typedef struct ese_tools__segment {
    char *column;
    bool is_descending;
} ese_tools__segment;

typedef struct ese_tools__index {
    char *name;
    JET_GRBIT grbit;
    char *locale; /* "" = none recorded */
    unsigned n_segments;
    ese_tools__segment *segments;
} ese_tools__index;

typedef struct ese_tools__table {
    char *name;
    JET_GRBIT grbit;
    JET_TABLEID tableid;
    unsigned n_columns;
    ese_tools__column *columns; /* ascending id */
    unsigned n_indexes;
    ese_tools__index *indexes; /* by name */
} ese_tools__table;

typedef struct ese_tools__names {
    char **names;
    JET_GRBIT *grbits; /* JET_bitObject… */
    unsigned n;
} ese_tools__names;

/* Names of all tables, system tables included, in name order. */
JET_ERR ese_tools__names_load(const ese_tools__database *database, ese_tools__names *names_out);
void ese_tools__names_free(ese_tools__names *names);

/* Opens a table and reads its columns and indexes. */
JET_ERR ese_tools__table_open(const ese_tools__database *database, const char *name,
                              ese_tools__table *table_out);
void ese_tools__table_close(const ese_tools__database *database, ese_tools__table *table);

const ese_tools__column *ese_tools__find_column(const ese_tools__table *table, const char *name);
const ese_tools__index *ese_tools__find_index(const ese_tools__table *table, const char *name);

static inline bool
ese_tools__is_system(const char *name)
{
    return name[0] == 'M' && name[1] == 'S' && name[2] == 'y' && name[3] == 's';
}

/* "Long", "LongText", … */
const char *ese_tools__type_name(JET_COLTYP coltyp);

/* ---- tools_text.c ---- */

/* The value as text for people and for csv, UTF-8, without quotes. Returns its size; at most `room` bytes are written. */
size_t ese_tools__format_value(const ese_tools__column *column, const void *data, uint32_t size,
                               char *to, size_t room);

/* A lower bound on the room that any value of `size` bytes needs. */
static inline size_t
ese_tools__format_room(uint32_t size)
{
    return 3 * (size_t)size + 64;
}

uint16_t ese_tools__cp1252_to_unicode(uint8_t c);
bool ese_tools__is_text(JET_COLTYP coltyp);

/*
 * The bytes of a column value that `n` bytes of text (UTF-8) stand for: a number, a date, true or false, text, hex digits, a GUID. False
 * when it is none. `to` has 4 bytes for each byte of the text, and 16 at least.
 */
bool ese_tools__parse_value(const ese_tools__column *column, const char *text, size_t n,
                            uint8_t *to, size_t *size_out);

/* Pairs of hex digits; dashes between them are passed over. */
bool ese_tools__parse_hex(const char *text, size_t n, uint8_t *to, size_t *size_out);

/* A JSON string with quotes, from UTF-8. */
void ese_tools__out_json(ese_tools__out *out, const char *text);
