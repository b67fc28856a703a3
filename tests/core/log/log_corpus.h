/* The real log streams of the corpus, where there is one. */
#pragma once

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOG_CORPUS_PATH = 1024 };

static inline bool
log_corpus_find(char *path)
{
    const char *shared = getenv("ESE_SHARED");
    struct stat status;

    if (shared != NULL)
        snprintf(path, LOG_CORPUS_PATH, "%s/corpus/golden", shared);
    else
        snprintf(path, LOG_CORPUS_PATH, "%s/../shared/corpus/golden", ESE_TEST_SOURCE_DIR);
    if (stat(path, &status) == 0)
        return true;
    puts("no corpus beside the checkout: skipped");
    return false;
}

/* True for logs and checkpoints, packed. The log that is only being prepared is none. */
static inline bool
log_corpus_is_wanted(const char *name)
{
    size_t n = strlen(name);

    return n > 7 && strstr(name, "tmp") == NULL &&
           (strcmp(name + n - 7, ".log.gz") == 0 || strcmp(name + n - 7, ".chk.gz") == 0);
}

static inline void
log_corpus_unpack_file(const char *from, const char *to)
{
    char command[4 * LOG_CORPUS_PATH], block[65536];
    FILE *pipe, *file = fopen(to, "wb");
    size_t n;

    snprintf(command, sizeof command, "gzip -dc '%s'", from);
    pipe = popen(command, "r");
    if (file == NULL || pipe == NULL)
        abort();
    while ((n = fread(block, 1, sizeof block, pipe)) > 0) {
        if (fwrite(block, 1, n, file) != n)
            abort();
    }
    if (fclose(file) != 0 || pclose(pipe) != 0)
        abort();
}

/* Unpacks the logs and checkpoints of a folder into a new one; false: it has none. */
static inline bool
log_corpus_unpack(const char *from, char *to)
{
    DIR *entries = opendir(from);
    struct dirent *entry;
    bool has_any = false;

    snprintf(to, LOG_CORPUS_PATH, ESE_TEST_FOLDER "/ese-log-XXXXXX");
    if (entries == NULL || mkdtemp(to) == NULL)
        abort();
    while ((entry = readdir(entries)) != NULL) {
        char packed[3 * LOG_CORPUS_PATH], unpacked[3 * LOG_CORPUS_PATH];

        if (!log_corpus_is_wanted(entry->d_name))
            continue;
        snprintf(packed, sizeof packed, "%s/%s", from, entry->d_name);
        snprintf(unpacked, sizeof unpacked, "%s/%.*s", to, (int)strlen(entry->d_name) - 3,
                 entry->d_name);
        log_corpus_unpack_file(packed, unpacked);
        has_any = true;
    }
    closedir(entries);
    return has_any;
}

static inline void
log_corpus_remove(const char *folder)
{
    DIR *entries = opendir(folder);
    struct dirent *entry;

    while (entries != NULL && (entry = readdir(entries)) != NULL) {
        char path[3 * LOG_CORPUS_PATH];

        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        (void)unlink(path); /* not the folders . and .. */
    }
    if (entries != NULL)
        closedir(entries);
    (void)rmdir(folder);
}

/* Calls `visit` with an unpacked copy of each stream whose set begins with `prefix`, and the name of the set. */
static inline void
log_corpus_each(const char *prefix, void (*visit)(const char *folder, const char *set, void *self),
                void *self)
{
    static const char *const places[] = {"", "/backup", "/live"};
    char golden[LOG_CORPUS_PATH], to[LOG_CORPUS_PATH];
    struct dirent **sets = NULL;
    int n;

    if (!log_corpus_find(golden))
        return;
    n = scandir(golden, &sets, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        for (unsigned j = 0; j < 3 && strncmp(sets[i]->d_name, prefix, strlen(prefix)) == 0; j++) {
            char from[2 * LOG_CORPUS_PATH], name[LOG_CORPUS_PATH];
            struct stat status;

            snprintf(name, sizeof name, "%s%s", sets[i]->d_name, places[j]);
            snprintf(from, sizeof from, "%s/%s", golden, name);
            if (sets[i]->d_name[0] == '.' || stat(from, &status) != 0 || !S_ISDIR(status.st_mode))
                continue;
            if (log_corpus_unpack(from, to))
                visit(to, name, self);
            log_corpus_remove(to);
        }
        free(sets[i]);
    }
    free(sets);
}
