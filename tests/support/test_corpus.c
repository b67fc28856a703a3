#define _POSIX_C_SOURCE 200809L

#include "test_corpus.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_PATH = 1024 };

static bool
find_corpus(char *path)
{
    const char *shared = getenv("ESE_SHARED");
    struct stat status;

    if (shared != NULL)
        snprintf(path, MAX_PATH, "%s/corpus", shared);
    else
        snprintf(path, MAX_PATH, "%s/../shared/corpus", ESE_TEST_SOURCE_DIR);
    return stat(path, &status) == 0;
}

static bool
ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), k = strlen(end);

    return n >= k && strcmp(text + n - k, end) == 0;
}

static bool
is_database(const char *name)
{
    static const char *const ends[] = {".edb.gz", ".dat.gz", ".mdb.gz", ".xbim.gz"};

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        if (ends_with(name, ends[i]))
            return true;
    }
    return false;
}

static bool
unpack(const char *from, char *to)
{
    char command[2 * MAX_PATH], block[65536];
    FILE *pipe;
    size_t n;
    bool ok = true;
    int fd;

    snprintf(to, MAX_PATH, ESE_TEST_FOLDER "/ese-corpus-XXXXXX");
    fd = mkstemp(to);
    if (fd < 0)
        return false;
    snprintf(command, sizeof command, "gzip -dc '%s'", from);
    pipe = popen(command, "r");
    while (pipe != NULL && (n = fread(block, 1, sizeof block, pipe)) > 0)
        ok = ok && write(fd, block, n) == (ssize_t)n;
    close(fd);
    return pipe != NULL && pclose(pipe) == 0 && ok;
}

static void
visit_directory(const char *directory, const char *set,
                void (*visit)(const char *path, const char *name))
{
    DIR *entries = opendir(directory);
    struct dirent *entry;

    while (entries != NULL && (entry = readdir(entries)) != NULL) {
        char from[MAX_PATH], to[MAX_PATH], name[MAX_PATH];

        if (!is_database(entry->d_name))
            continue;
        snprintf(from, sizeof from, "%s/%s", directory, entry->d_name);
        snprintf(name, sizeof name, "%s%s", set, entry->d_name);
        if (unpack(from, to))
            visit(to, name);
        unlink(to);
    }
    if (entries != NULL)
        closedir(entries);
}

bool
test_corpus_each(void (*visit)(const char *path, const char *name))
{
    char corpus[MAX_PATH], golden[MAX_PATH + 16];
    DIR *sets;
    struct dirent *set;

    if (!find_corpus(corpus)) {
        puts("no corpus beside the checkout: skipped");
        return false;
    }
    visit_directory(corpus, "", visit);
    snprintf(golden, sizeof golden, "%s/golden", corpus);
    sets = opendir(golden);
    while (sets != NULL && (set = readdir(sets)) != NULL) {
        char directory[2 * MAX_PATH], name[300];

        if (strncmp(set->d_name, "clean-", 6) != 0)
            continue;
        snprintf(directory, sizeof directory, "%s/%s", golden, set->d_name);
        snprintf(name, sizeof name, "%s/", set->d_name);
        visit_directory(directory, name, visit);
    }
    if (sets != NULL)
        closedir(sets);
    return true;
}
