/*
 * Crash torture.
 *
 *     crash [--seed N] [--states N] [--state N] [--kills N] [--transactions N] [--page-size N] [--folder F] [--keep F]
 *
 * Records one run of the seed's kind and tries --states of its crashes, or the one of --state; and kills a process of eight threads --kills times. The last line is
 * "N passed, N failed". What is wrong is told with the seed and the state, and the files as the crash left them are kept in --keep.
 *
 * The seed tells what is done and which crashes are tried. When the threads of the engine itself write is their own affair, so the same number of a state may be
 * another crash in another run; the files that are kept are those of the crash.
 */
#define _DEFAULT_SOURCE 1

#include "crash.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const folder_names[] = {"logs", "data"};

enum { N_FOLDERS = 2, CACHE_PAGES_LEAST = 24, COPY_SIZE = 65536 };

/* ---- folders */

static void
make_folder(const char *path)
{
    if (mkdir(path, 0777) != 0 && errno != EEXIST) { /* of a run that was ended */
        perror(path);
        exit(2);
    }
}

void
make_folders(const settings *options)
{
    char path[PATH_SIZE];

    make_folder(options->folder);
    for (unsigned i = 0; i < N_FOLDERS; i++) {
        snprintf(path, sizeof path, "%s/%s", options->folder, folder_names[i]);
        make_folder(path);
    }
}

void
clear_folders(const settings *options)
{
    char path[PATH_SIZE];

    for (unsigned i = 0; i < N_FOLDERS; i++) {
        snprintf(path, sizeof path, "%s/%s", options->folder, folder_names[i]);
        test_disk_clear_folder(path);
    }
}

void
remove_folders(const settings *options)
{
    char path[PATH_SIZE];

    clear_folders(options);
    for (unsigned i = 0; i < N_FOLDERS; i++) {
        snprintf(path, sizeof path, "%s/%s", options->folder, folder_names[i]);
        rmdir(path);
    }
    rmdir(options->folder);
}

static void
copy_file(const char *from, const char *to)
{
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    static char bytes[COPY_SIZE];
    size_t n;

    while (in != NULL && out != NULL && (n = fread(bytes, 1, sizeof bytes, in)) != 0)
        fwrite(bytes, 1, n, out);
    if (in != NULL)
        fclose(in);
    if (out != NULL)
        fclose(out);
}

void
keep_files(const settings *options, uint64_t number)
{
    char from[4 * PATH_SIZE], to[4 * PATH_SIZE], folder[2 * PATH_SIZE];

    mkdir(options->keep, 0777);
    snprintf(folder, sizeof folder, "%s/%llu-%llu", options->keep,
             (unsigned long long)options->seed, (unsigned long long)number);
    mkdir(folder, 0777);
    for (unsigned i = 0; i < N_FOLDERS; i++) {
        struct dirent *entry;
        DIR *open_folder;

        snprintf(from, sizeof from, "%s/%s", options->folder, folder_names[i]);
        snprintf(to, sizeof to, "%s/%s", folder, folder_names[i]);
        mkdir(to, 0777);
        open_folder = opendir(from);
        while (open_folder != NULL && (entry = readdir(open_folder)) != NULL) {
            if (entry->d_type != DT_REG)
                continue;
            snprintf(from, sizeof from, "%s/%s/%s", options->folder, folder_names[i],
                     entry->d_name);
            snprintf(to, sizeof to, "%s/%s/%s", folder, folder_names[i], entry->d_name);
            copy_file(from, to);
        }
        if (open_folder != NULL)
            closedir(open_folder);
    }
}

/* ---- options */

static const char *
find_option(int argc, char **argv, const char *name)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], name) == 0)
            return argv[i + 1];
    }
    return NULL;
}

static uint64_t
number_option(int argc, char **argv, const char *name, uint64_t otherwise)
{
    const char *text = find_option(argc, argv, name);

    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

/* What kind of run it is follows from the seed. */
static settings
read_settings(int argc, char **argv)
{
    static char folder[PATH_SIZE / 2], keep[PATH_SIZE];
    settings s = {.seed = number_option(argc, argv, "--seed", 1)};
    uint64_t draw = mix(s.seed);

    s.n_states = (uint32_t)number_option(argc, argv, "--states", 0);
    s.n_kills = (uint32_t)number_option(argc, argv, "--kills", 0);
    s.only = number_option(argc, argv, "--state", UINT64_MAX);
    s.n_transactions = (uint32_t)number_option(argc, argv, "--transactions", 120);
    s.is_circular = draw % 2 == 0;
    s.n_actors = s.n_kills != 0 ? ACTORS_MAX : (uint32_t[]){1, 3, 1, 5}[(draw >> 1) % 4];
    s.n_rows = 90 / s.n_actors + 10;
    s.page_size = (uint32_t[]){4096, 4096, 4096, 8192, 32768}[(draw >> 8) % 5];
    if (s.n_kills != 0) /* larger ones need a disk */
        s.page_size = PAGE_SIZE_DEFAULT;
    s.page_size = (uint32_t)number_option(argc, argv, "--page-size", s.page_size);
    s.cache_pages = CACHE_PAGES_LEAST + (uint32_t)(draw >> 16) % 150;
    snprintf(folder, sizeof folder, "/dev/shm/ese-crash-%llu-%d", (unsigned long long)s.seed,
             s.n_kills != 0);
    s.folder =
        find_option(argc, argv, "--folder") != NULL ? find_option(argc, argv, "--folder") : folder;
    snprintf(keep, sizeof keep, "%.200s-kept", s.folder);
    s.keep = find_option(argc, argv, "--keep") != NULL ? find_option(argc, argv, "--keep") : keep;
    return s;
}

int
main(int argc, char **argv)
{
    settings options = read_settings(argc, argv);
    struct rlimit none = {0, 0};
    uint64_t n_tried = 0;
    unsigned n_violated = 0;

    if (options.n_states == 0 && options.n_kills == 0 && options.only == UINT64_MAX) {
        fprintf(stderr, "usage: crash [--seed N] [--states N] [--state N] [--kills N] "
                        "[--transactions N] [--page-size N] [--folder F] [--keep F]\n");
        return 2;
    }
    setrlimit(RLIMIT_CORE, &none);
    make_folders(&options);
    clear_folders(&options);
    if (options.n_kills != 0)
        n_violated = run_kills(&options, &n_tried);
    else
        n_violated = run_states(&options, &n_tried);
    remove_folders(&options);
    printf("%llu passed, %u failed\n", (unsigned long long)(n_tried - n_violated), n_violated);
    return n_violated == 0 ? 0 : 1;
}
