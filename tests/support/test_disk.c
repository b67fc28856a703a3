#define _DEFAULT_SOURCE 1

#include "test_disk.h"

#include "page/page.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECTOR_SIZE = 512, N_HEADER_PAGES = 2, PATH_SIZE = 1024 };

const char *const test_loss_names[TEST_LOSS_KINDS] = {
    "nothing",     "all",  "some",         "torn",      "one",
    "all but one", "file", "all but file", "last torn", "pages torn"};

/* A file, whatever it is called. */
typedef struct content {
    uint8_t *bytes; /* as they are on the disk for sure */
    size_t size, room;
    size_t *unsynced; /* changes, oldest first */
    size_t n_unsynced, unsynced_room;
    bool is_database;
} content;

typedef struct name {
    const char *path;
    content *file;
} name;

typedef struct names {
    name *items;
    size_t n, room;
} names;

/* What was done to names: `file` got the path `to`, and `path` is gone. */
typedef struct step {
    const char *path; /* NULL: a new file */
    const char *to;   /* NULL: deleted */
    content *file;
} step;

typedef struct identity {
    ese_os_file_id id;
    content *file;
} identity;

struct test_disk {
    const test_trace *trace;
    uint32_t page_size;
    size_t n; /* changes that have happened */
    names synced, now;
    content **files;
    size_t n_files, files_room;
    step *steps; /* not synced, oldest first */
    size_t n_steps, steps_room;
    identity *identities;
    size_t n_identities, identities_room;
    char **paths; /* loaded */
    size_t n_paths, paths_room;
};

static void broken(const char *what, const char *path) __attribute__((noreturn));

static void
broken(const char *what, const char *path)
{
    fprintf(stderr, "%s: %s\n", path, what);
    abort();
}

/* Room for one more element. */
static void *
reserve(void *items, size_t n, size_t *room, size_t size)
{
    if (n < *room)
        return items;
    *room = *room == 0 ? 16 : 2 * *room;
    items = realloc(items, *room * size);
    if (items == NULL)
        broken("out of memory", "recording");
    return items;
}

/* ---- recording */

/* A path has one spelling. */
static char *
copy_path(const char *path)
{
    char *copy = path != NULL ? strdup(path) : NULL, *to = copy;

    if (path == NULL)
        return NULL;
    if (copy == NULL)
        broken("out of memory", path);
    for (const char *from = path; *from != '\0'; from++) {
        if (from[0] == '/' && from[1] == '/')
            continue;
        if (from[0] == '/' && from[1] == '.' && from[2] == '/')
            from++;
        else
            *to++ = *from;
    }
    *to = '\0';
    return copy;
}

static void
record(void *self, const ese_os_change *change)
{
    test_trace *trace = self;
    size_t n = atomic_load_explicit(&trace->n, memory_order_relaxed);
    ese_os_change copy = *change;
    uint8_t *bytes = NULL;

    if (change->kind == ESE_OS_CHANGE_WRITE) {
        bytes = malloc(change->n + 1);
        if (bytes == NULL)
            broken("out of memory", "recording");
        memcpy(bytes, change->bytes, change->n);
        copy.bytes = bytes;
    }
    copy.path = copy_path(change->path);
    copy.to = copy_path(change->to);
    trace->changes = reserve(trace->changes, n, &trace->capacity, sizeof *trace->changes);
    trace->changes[n] = copy;
    atomic_store_explicit(&trace->n, n + 1, memory_order_release); /* for those who ask for it */
}

void
test_trace_start(test_trace *trace)
{
    ese_os_recorder recorder = {trace, record};

    ese_os_record(&recorder);
}

void
test_trace_stop(void)
{
    ese_os_record(NULL);
}

size_t
test_trace_length(const test_trace *trace)
{
    return atomic_load_explicit(&trace->n, memory_order_acquire); /* what `record` has stored */
}

void
test_trace_free(test_trace *trace)
{
    size_t n = test_trace_length(trace);

    for (size_t i = 0; i < n; i++) {
        const ese_os_change *change = &trace->changes[i];

        free((void *)(uintptr_t)change->bytes);
        free((void *)(uintptr_t)change->path);
        free((void *)(uintptr_t)change->to);
    }
    free(trace->changes);
    trace->changes = NULL;
    trace->capacity = 0;
    atomic_store_explicit(&trace->n, 0, memory_order_relaxed);
}

/* ---- names */

/* Whatever follows its name: it may get it late. */
static bool
is_database_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return strstr(slash != NULL ? slash : path, ".edb") != NULL;
}

static name *
find_name(const names *in, const char *path)
{
    for (size_t i = 0; i < in->n; i++) {
        if (strcmp(in->items[i].path, path) == 0)
            return &in->items[i];
    }
    return NULL;
}

static void
set_name(names *in, const char *path, content *file)
{
    name *found = find_name(in, path);

    if (found == NULL) {
        in->items = reserve(in->items, in->n, &in->room, sizeof *in->items);
        found = &in->items[in->n++];
        found->path = path;
    }
    found->file = file;
}

static void
remove_name(names *in, const char *path)
{
    name *found = find_name(in, path);

    if (found != NULL)
        *found = in->items[--in->n];
}

static void
take_step(names *in, const step *s)
{
    if (s->path != NULL)
        remove_name(in, s->path);
    if (s->to != NULL)
        set_name(in, s->to, s->file);
}

static size_t
folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? (size_t)(slash - path) : 0;
}

static bool
is_in_folder(const step *s, const char *folder, size_t length)
{
    const char *path = s->to != NULL ? s->to : s->path;

    return folder_length(path) == length && memcmp(path, folder, length) == 0;
}

/* ---- content */

static content *
add_file(test_disk *disk, const char *path)
{
    content *file = calloc(1, sizeof *file);

    if (file == NULL)
        broken("out of memory", path);
    file->is_database = is_database_name(path);
    disk->files = reserve(disk->files, disk->n_files, &disk->files_room, sizeof(content *));
    disk->files[disk->n_files++] = file;
    return file;
}

static void
set_size(content *file, size_t size)
{
    if (size > file->room) {
        size_t room = size + size / 2 + SECTOR_SIZE;

        file->bytes = realloc(file->bytes, room);
        if (file->bytes == NULL)
            broken("out of memory", "recording");
        file->room = room;
    }
    if (size > file->size)
        memset(file->bytes + file->size, 0, size - file->size);
    file->size = size;
}

static void
write_part(content *to, const ese_os_change *change, size_t from, size_t n)
{
    size_t end = (size_t)change->offset + from + n;

    if (end > to->size)
        set_size(to, end);
    memcpy(to->bytes + change->offset + from, (const uint8_t *)change->bytes + from, n);
}

static void
apply(content *to, const ese_os_change *change)
{
    if (change->kind == ESE_OS_CHANGE_RESIZE)
        set_size(to, (size_t)change->n);
    else
        write_part(to, change, 0, (size_t)change->n);
}

static const ese_os_change *
change_at(const test_disk *disk, size_t i)
{
    return &disk->trace->changes[i];
}

static void
sync_file(const test_disk *disk, content *file)
{
    for (size_t i = 0; i < file->n_unsynced; i++)
        apply(file, change_at(disk, file->unsynced[i]));
    file->n_unsynced = 0;
}

static content *
find_identity(test_disk *disk, ese_os_file_id id)
{
    for (size_t i = disk->n_identities; i-- > 0;) {
        if (disk->identities[i].id.inode == id.inode && disk->identities[i].id.device == id.device)
            return disk->identities[i].file;
    }
    broken("a change of a file that was never opened", "recording");
}

static void
set_identity(test_disk *disk, ese_os_file_id id, content *file)
{
    size_t i = 0;

    while (i < disk->n_identities &&
           (disk->identities[i].id.inode != id.inode || disk->identities[i].id.device != id.device))
        i++;
    if (i == disk->n_identities) {
        disk->identities = reserve(disk->identities, disk->n_identities, &disk->identities_room,
                                   sizeof *disk->identities);
        disk->n_identities++;
    }
    disk->identities[i] = (identity){id, file};
}

/* ---- what happens */

static void
add_step(test_disk *disk, step s)
{
    disk->steps = reserve(disk->steps, disk->n_steps, &disk->steps_room, sizeof *disk->steps);
    disk->steps[disk->n_steps++] = s;
    take_step(&disk->now, &s);
}

static void
open_file(test_disk *disk, const ese_os_change *change)
{
    name *found = find_name(&disk->now, change->path);
    content *file = found != NULL ? found->file : NULL;

    if (file == NULL) {
        file = add_file(disk, change->path);
        add_step(disk, (step){.to = change->path, .file = file});
    }
    set_identity(disk, change->id, file);
}

static void
sync_folder(test_disk *disk, const char *folder)
{
    size_t n = 0;

    for (size_t i = 0; i < disk->n_steps; i++) {
        if (is_in_folder(&disk->steps[i], folder, strlen(folder)))
            take_step(&disk->synced, &disk->steps[i]);
        else
            disk->steps[n++] = disk->steps[i];
    }
    disk->n_steps = n;
}

static void
happen(test_disk *disk, size_t i)
{
    const ese_os_change *change = change_at(disk, i);
    name *found;
    content *file;

    switch (change->kind) {
    case ESE_OS_CHANGE_OPEN: open_file(disk, change); break;
    case ESE_OS_CHANGE_WRITE:
    case ESE_OS_CHANGE_RESIZE:
        file = find_identity(disk, change->id);
        file->unsynced =
            reserve(file->unsynced, file->n_unsynced, &file->unsynced_room, sizeof(size_t));
        file->unsynced[file->n_unsynced++] = i;
        break;
    case ESE_OS_CHANGE_SYNC: sync_file(disk, find_identity(disk, change->id)); break;
    case ESE_OS_CHANGE_RENAME:
        found = find_name(&disk->now, change->path);
        if (found == NULL)
            broken("renamed, but was never there", change->path);
        add_step(disk, (step){change->path, change->to, found->file});
        break;
    case ESE_OS_CHANGE_DELETE: add_step(disk, (step){.path = change->path}); break;
    case ESE_OS_CHANGE_FOLDER_SYNC: sync_folder(disk, change->path); break;
    }
}

test_disk *
test_disk_create(const test_trace *trace, uint32_t page_size)
{
    test_disk *disk = calloc(1, sizeof *disk);

    if (disk == NULL)
        broken("out of memory", "disk");
    disk->trace = trace;
    disk->page_size = page_size;
    return disk;
}

void
test_disk_free(test_disk *disk)
{
    for (size_t i = 0; i < disk->n_files; i++) {
        free(disk->files[i]->bytes);
        free(disk->files[i]->unsynced);
        free(disk->files[i]);
    }
    for (size_t i = 0; i < disk->n_paths; i++)
        free(disk->paths[i]);
    free(disk->paths);
    free(disk->files);
    free(disk->steps);
    free(disk->identities);
    free(disk->synced.items);
    free(disk->now.items);
    free(disk);
}

void
test_disk_advance(test_disk *disk, size_t n)
{
    while (disk->n < n)
        happen(disk, disk->n++);
}

size_t
test_disk_count_unsynced(const test_disk *disk)
{
    size_t n = disk->n_steps;

    for (size_t i = 0; i < disk->n_files; i++)
        n += disk->files[i]->n_unsynced;
    return n;
}

/* ---- real files */

static void
load_file(test_disk *disk, const char *path)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *copy = copy_path(path);
    content *file = add_file(disk, path);

    if (fd < 0 || fstat(fd, &status) != 0)
        broken("cannot read", path);
    set_size(file, (size_t)status.st_size);
    if (file->size != 0 && read(fd, file->bytes, file->size) != (ssize_t)file->size)
        broken("cannot read", path);
    close(fd);
    disk->paths = reserve(disk->paths, disk->n_paths, &disk->paths_room, sizeof(char *));
    disk->paths[disk->n_paths++] = copy;
    set_name(&disk->synced, copy, file);
    set_name(&disk->now, copy, file);
}

/* Calls `visit` for the path of every file in the folder. */
static void
walk_folder(const char *folder, void (*visit)(test_disk *disk, const char *path), test_disk *disk)
{
    DIR *open_folder = opendir(folder);
    struct dirent *entry;

    if (open_folder == NULL)
        return;
    while ((entry = readdir(open_folder)) != NULL) {
        char path[PATH_SIZE];

        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (entry->d_type == DT_REG)
            visit(disk, path);
    }
    closedir(open_folder);
}

void
test_disk_load(test_disk *disk, const char *folder)
{
    walk_folder(folder, load_file, disk);
}

static void
remove_file(test_disk *disk, const char *path)
{
    (void)disk;
    if (unlink(path) != 0)
        broken("cannot remove", path);
}

void
test_disk_clear_folder(const char *folder)
{
    walk_folder(folder, remove_file, NULL);
}

static void
save_file(const char *path, const content *file)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

    if (fd < 0 || (file->size != 0 && write(fd, file->bytes, file->size) != (ssize_t)file->size))
        broken("cannot write", path);
    close(fd);
}

/* ---- what is lost */

/* A loss, looked at closer: what it says of each change follows from it alone. */
typedef struct plan {
    test_loss_kind kind;
    uint64_t seed;
    uint64_t share;      /* SOME, TORN: changes that stay, of 8 */
    size_t chosen;       /* ONE: the change */
    const content *file; /* FILE */
} plan;

static uint64_t
mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static uint64_t
draw(const plan *p, uint64_t what, uint64_t part)
{
    return mix(mix(p->seed ^ mix(what)) + part);
}

static size_t
count_writes(const test_disk *disk)
{
    return test_disk_count_unsynced(disk) - disk->n_steps;
}

/* The nth change, and the nth file that has some. */
static void
choose(const test_disk *disk, plan *p, size_t nth)
{
    for (size_t i = 0; i < disk->n_files; i++) {
        const content *file = disk->files[i];

        if (nth < file->n_unsynced) {
            p->chosen = file->unsynced[nth];
            p->file = file;
            return;
        }
        nth -= file->n_unsynced;
    }
}

static void
choose_newest(const test_disk *disk, plan *p)
{
    for (size_t i = 0; i < disk->n_files; i++) {
        const content *file = disk->files[i];

        if (file->n_unsynced != 0 &&
            (p->file == NULL || file->unsynced[file->n_unsynced - 1] > p->chosen)) {
            p->chosen = file->unsynced[file->n_unsynced - 1];
            p->file = file;
        }
    }
}

static plan
make_plan(const test_disk *disk, const test_loss *loss)
{
    static const uint64_t shares[] = {1, 4, 7, 6};
    plan p = {.kind = loss->kind, .seed = mix(loss->seed + 1), .chosen = SIZE_MAX};
    size_t n = count_writes(disk);

    p.share = shares[draw(&p, 0, 0) % 4];
    if (loss->kind == TEST_LOSS_LAST_TORN)
        choose_newest(disk, &p);
    else if (n != 0)
        choose(disk, &p, (size_t)(draw(&p, 0, 1) % n));
    return p;
}

static bool
is_kept(const plan *p, const content *file, size_t change)
{
    switch (p->kind) {
    case TEST_LOSS_ALL: return false;
    case TEST_LOSS_SOME: return draw(p, change, 2) % 8 < p->share;
    case TEST_LOSS_ONE: return change != p->chosen;
    case TEST_LOSS_ALL_BUT_ONE: return change == p->chosen;
    case TEST_LOSS_FILE: return file != p->file;
    case TEST_LOSS_ALL_BUT_FILE: return file == p->file;
    default: return true;
    }
}

/* What stays together: a sector, or a page of a database. */
static size_t
unit_at(const test_disk *disk, const plan *p, const content *file, uint64_t offset)
{
    size_t unit = SECTOR_SIZE;

    if (file->is_database && p->kind != TEST_LOSS_PAGES_TORN &&
        offset >= (uint64_t)N_HEADER_PAGES * disk->page_size)
        unit = disk->page_size;
    return unit - (size_t)(offset % unit);
}

static void
apply_torn(const test_disk *disk, const plan *p, content *to, size_t i)
{
    const ese_os_change *change = change_at(disk, i);
    bool is_last = p->kind == TEST_LOSS_LAST_TORN;
    size_t n = (size_t)change->n, unit;
    size_t whole = is_last ? (size_t)(draw(p, i, 3) % (n + 1)) : 0;

    if (draw(p, i, 4) % 2 == 0 && change->offset + n > to->size)
        set_size(to, (size_t)change->offset + n); /* its size came to the disk before it did */
    for (size_t at = 0; at < n; at += unit) {
        unit = unit_at(disk, p, to, change->offset + at);
        if (unit > n - at)
            unit = n - at;
        if (is_last ? at + unit <= whole : draw(p, i, 5 + at) % 8 < p->share)
            write_part(to, change, at, unit);
    }
}

static void
copy_content(const content *file, content *to)
{
    to->is_database = file->is_database;
    to->size = 0;
    set_size(to, file->size);
    if (file->size != 0)
        memcpy(to->bytes, file->bytes, file->size);
}

/* Whether the bytes at `offset` of both are the same page. */
static bool
is_same_page(const test_disk *disk, const content *a, const content *b, size_t offset)
{
    return offset + disk->page_size <= a->size && offset + disk->page_size <= b->size &&
           memcmp(a->bytes + offset, b->bytes + offset, disk->page_size) == 0;
}

static bool
is_damage_seen(const test_disk *disk, const content *file, size_t offset)
{
    _Alignas(64) uint8_t page[ESE_PAGE_SIZE_MAX]; /* the check may correct a bit */
    ese_pgno pgno = (ese_pgno)(offset / disk->page_size) - N_HEADER_PAGES + 1;

    memcpy(page, file->bytes + offset, disk->page_size);
    return ese_page_checksum_verify(page, disk->page_size, pgno) == ESE_PAGE_STATE_BAD;
}

/*
 * A checksum that is made of exclusive ors misses a few tears (the same flag of four lines that follow one another), and then nobody can notice the damage: such a page is
 * whole instead.
 */
static void
mend_unseen_tears(const test_disk *disk, const content *file, content *to)
{
    content newest = {0};

    copy_content(file, &newest);
    for (size_t i = 0; i < file->n_unsynced; i++)
        apply(&newest, change_at(disk, file->unsynced[i]));
    for (size_t at = N_HEADER_PAGES * (size_t)disk->page_size;
         at + disk->page_size <= to->size && at + disk->page_size <= newest.size;
         at += disk->page_size) {
        if (!is_same_page(disk, to, &newest, at) && !is_same_page(disk, to, file, at) &&
            !is_damage_seen(disk, to, at))
            memcpy(to->bytes + at, newest.bytes + at, disk->page_size);
    }
    free(newest.bytes);
}

static void
build_content(const test_disk *disk, const plan *p, const content *file, content *to)
{
    bool is_torn = p->kind == TEST_LOSS_TORN || p->kind == TEST_LOSS_PAGES_TORN;

    copy_content(file, to);
    for (size_t i = 0; i < file->n_unsynced; i++) {
        size_t at = file->unsynced[i];
        bool is_write = change_at(disk, at)->kind == ESE_OS_CHANGE_WRITE;

        if (is_write && (is_torn || (p->kind == TEST_LOSS_LAST_TORN && at == p->chosen)))
            apply_torn(disk, p, to, at);
        else if (is_torn ? draw(p, at, 2) % 8 < p->share : is_kept(p, file, at))
            apply(to, change_at(disk, at));
    }
    if (p->kind == TEST_LOSS_PAGES_TORN && file->is_database)
        mend_unseen_tears(disk, file, to);
}

/* How many of the `n` changes of names of a folder are on the disk. */
static size_t
count_kept_steps(const plan *p, const char *folder, size_t length, size_t n)
{
    uint64_t what = length;

    for (size_t i = 0; i < length; i++)
        what = mix(what + (uint8_t)folder[i]);
    if (p->kind == TEST_LOSS_NOTHING || p->kind == TEST_LOSS_LAST_TORN)
        return n;
    if (p->kind == TEST_LOSS_ALL)
        return 0;
    return draw(p, what, 6) % 2 == 0 ? n : (size_t)(draw(p, what, 7) % (n + 1));
}

static void
take_kept_steps(const test_disk *disk, const plan *p, names *to)
{
    for (size_t i = 0; i < disk->n_steps; i++) {
        const step *s = &disk->steps[i];
        const char *path = s->to != NULL ? s->to : s->path;
        size_t length = folder_length(path), before = 0, all = 0;

        for (size_t j = 0; j < disk->n_steps; j++) {
            if (is_in_folder(&disk->steps[j], path, length)) {
                before += j < i;
                all++;
            }
        }
        if (before < count_kept_steps(p, path, length, all))
            take_step(to, s);
    }
}

void
test_disk_materialise(const test_disk *disk, const test_loss *loss)
{
    plan p = make_plan(disk, loss);
    names there = {0};
    content image = {0};

    for (size_t i = 0; i < disk->synced.n; i++)
        set_name(&there, disk->synced.items[i].path, disk->synced.items[i].file);
    take_kept_steps(disk, &p, &there);
    for (size_t i = 0; i < there.n; i++) {
        build_content(disk, &p, there.items[i].file, &image);
        save_file(there.items[i].path, &image);
    }
    free(there.items);
    free(image.bytes);
}
