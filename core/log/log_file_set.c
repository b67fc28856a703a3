/*
 * The generations of a log in a folder: names of both extensions, with five and eight digits, in numeric order. Log specification, section 1.1.
 *
 * INV-1  Members ascend by generation, the current log is the last; of two names of one generation both are members.
 */
#include "log/log_file_private.h"

#include "base/alloc.h"
#include "os/os_list.h"
#include "os/os_path.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    BASE_SIZE = 3,
    EXTENSION_SIZE = 4,
    DIGITS_SHORT = 5,
    DIGITS_LONG = 8,
    FIRST_ROOM = 64,
};

typedef struct member {
    char *path;
    char base[BASE_SIZE + 1];
    int32_t generation; /* 0: current */
} member;

struct ese_log_set {
    const char *folder; /* borrowed, while the set is opened */
    const char *base;
    unsigned n, room;
    member *members;

    bool has_prev; /* what the log opened last was */
    unsigned prev_index;
    ese_signature sign;
    int32_t generation;
    uint8_t created[8];
    uint64_t checksum;
    bool has_checksum;
};

/* ---- names */

static char
lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

/* Names of one file system may stand in another one that tells capitals apart. */
static bool
equals(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (lower(a[i]) != lower(b[i]))
            return false;
    }
    return true;
}

static bool
parse_generation(const char *digits, size_t n, int32_t *generation_out)
{
    uint32_t number = 0;

    for (size_t i = 0; i < n; i++) {
        char c = lower(digits[i]);

        if (c >= '0' && c <= '9')
            number = number << 4 | (uint32_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            number = number << 4 | (uint32_t)(c - 'a' + 10);
        else
            return false;
    }
    *generation_out = (int32_t)number;
    return number != 0 && number <= INT32_MAX;
}

bool
ese_log__parse_name(const char *name, const char *base, int32_t *generation_out)
{
    size_t n = strlen(name), n_digits;
    const char *extension;

    if (n < BASE_SIZE + EXTENSION_SIZE)
        return false;
    extension = name + n - EXTENSION_SIZE;
    n_digits = n - BASE_SIZE - EXTENSION_SIZE;
    if ((base != NULL && !equals(name, base, BASE_SIZE)) ||
        (!equals(extension, ".log", EXTENSION_SIZE) && !equals(extension, ".jtx", EXTENSION_SIZE)))
        return false;
    *generation_out = 0;
    if (n_digits == 0)
        return true;
    return (n_digits == DIGITS_SHORT || n_digits == DIGITS_LONG) &&
           parse_generation(name + BASE_SIZE, n_digits, generation_out);
}

/* ---- finding them */

static JET_ERR
add(void *self, const char *name)
{
    ese_log_set *set = self;
    int32_t generation = 0;
    unsigned room;
    JET_ERR err = JET_errSuccess;

    if (!ese_log__parse_name(name, set->base, &generation))
        goto out;
    if (set->n == set->room) {
        room = set->room == 0 ? FIRST_ROOM : 2 * set->room;
        ESE_TRY(ese_realloc(room * sizeof *set->members, &set->members));
        set->room = room;
    }
    set->members[set->n] = (member){.generation = generation};
    for (unsigned i = 0; i < BASE_SIZE; i++)
        set->members[set->n].base[i] = lower(name[i]);
    ESE_TRY(ese_os_path_join(set->folder, name, "", &set->members[set->n].path));
    set->n++;
out:
    return err;
}

/* The current log has no number and comes last. */
static int
compare(const void *a, const void *b)
{
    const member *x = a, *y = b;
    uint32_t i = (uint32_t)x->generation - 1, j = (uint32_t)y->generation - 1;

    if (i != j)
        return i < j ? -1 : 1;
    return strcmp(x->path, y->path);
}

static JET_ERR
check_base(const ese_log_set *set)
{
    for (unsigned i = 1; i < set->n; i++) {
        if (memcmp(set->members[i].base, set->members[0].base, BASE_SIZE) != 0)
            return ese_raise(JET_errInvalidParameter, "%s: logs of several base names: %s, %s",
                             set->folder, set->members[0].base, set->members[i].base);
    }
    return JET_errSuccess;
}

JET_ERR
ese_log_set_open(const char *folder, const char *base, ese_log_set **set_out)
{
    ese_log_set *set = NULL;
    JET_ERR err;

    if (base != NULL && strlen(base) != BASE_SIZE)
        return ese_raise(JET_errInvalidParameter, "a base name has three characters");
    ESE_TRY(ese_alloc(sizeof *set, &set));
    set->folder = folder;
    set->base = base;
    ESE_TRY(ese_os_folder_list(folder, add, set));
    if (set->n == 0) {
        err = ese_raise(JET_errMissingLogFile, "%s: there are no log files", folder);
        goto out;
    }
    ESE_TRY(check_base(set));
    qsort(set->members, set->n, sizeof *set->members, compare);
    *set_out = set;
    set = NULL;
out:
    ese_log_set_close(&set);
    return err;
}

void
ese_log_set_close(ese_log_set **set_inout)
{
    ese_log_set *set = *set_inout;

    if (set == NULL)
        return;
    for (unsigned i = 0; i < set->n; i++)
        ese_free(&set->members[i].path);
    ese_free(&set->members);
    ese_free(set_inout);
}

unsigned
ese_log_set_count(const ese_log_set *set)
{
    return set->n;
}

ese_log_member
ese_log_set_member(const ese_log_set *set, unsigned index)
{
    return (ese_log_member){set->members[index].path, set->members[index].generation};
}

/* ---- opening them one after another */

static void
remember(ese_log_set *set, unsigned index, const ese_log_file *file)
{
    const ese_log_header *header = ese_log_file_header(file);

    set->has_prev = true;
    set->prev_index = index;
    set->sign = header->sign;
    set->generation = header->generation;
    memcpy(set->created, header->created, sizeof set->created);
    set->checksum = ese_log_file_extent(file)->scan.checksum;
    set->has_checksum = ese_log_file_extent(file)->damage >= JET_errSuccess;
}

JET_ERR
ese_log_set_open_file(ese_log_set *set, unsigned index, const ese_log_expect *expect,
                      ese_log_file **file_out)
{
    const member *wanted = &set->members[index];
    ese_log_expect all = {0};
    ese_log_file *file = NULL;
    JET_ERR err;

    if (expect != NULL)
        all = *expect;
    if (set->has_prev && index == set->prev_index + 1) {
        all.sign = &set->sign;
        all.generation = set->generation + 1;
        all.prev_created = set->created;
        all.has_checksum_prev = set->has_checksum;
        all.checksum_prev = set->checksum;
    }
    all.is_last = index + 1 == set->n;
    if (wanted->generation != 0 && all.generation == 0)
        all.generation = wanted->generation;
    set->has_prev = false;
    ESE_TRY(ese_log_file_open(wanted->path, &all, &file));
    if (wanted->generation != 0 && ese_log_file_header(file)->generation != wanted->generation) {
        err = ese_raise(JET_errInvalidLogSequence,
                        "%s: the log is of the generation %" PRId32 ", its name says %" PRId32,
                        wanted->path, ese_log_file_header(file)->generation, wanted->generation);
        goto out;
    }
    if (!all.is_header_only)
        remember(set, index, file);
    *file_out = file;
    file = NULL;
out:
    ese_log_file_close(&file);
    return err;
}
