/*
 * Runs a fuzz target over given files, for builds without libFuzzer: the seeds and every file that once
 * led to a finding stay tests under any compiler and sanitizer.
 *
 *   fuzz_page FILE_OR_DIRECTORY ...      a path that does not exist holds no files
 */
#define _POSIX_C_SOURCE 200809L

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t n_replayed;

static int
replay_file(const char *path, size_t size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(size > 0 ? size : 1);
    int rc = -1;

    if (file != NULL && data != NULL && fread(data, 1, size, file) == size) {
        LLVMFuzzerTestOneInput(data, size);
        n_replayed++;
        rc = 0;
    } else {
        fprintf(stderr, "cannot read %s\n", path);
    }
    free(data);
    if (file != NULL)
        fclose(file);
    return rc;
}

static int replay_path(const char *path);

static int
replay_directory(const char *path)
{
    DIR *directory = opendir(path);
    struct dirent *entry;
    int rc = 0;

    if (directory == NULL)
        return -1;
    while ((entry = readdir(directory)) != NULL) {
        char child[4096];

        if (entry->d_name[0] == '.')
            continue;
        snprintf(child, sizeof child, "%s/%s", path, entry->d_name);
        if (replay_path(child) != 0)
            rc = -1;
    }
    closedir(directory);
    return rc;
}

static int
replay_path(const char *path)
{
    struct stat status;

    if (stat(path, &status) != 0)
        return errno == ENOENT ? 0 : -1;
    if (S_ISDIR(status.st_mode))
        return replay_directory(path);
    return replay_file(path, (size_t)status.st_size);
}

int
main(int argc, char **argv)
{
    int failed = 0;

    for (int i = 1; i < argc; i++)
        failed |= replay_path(argv[i]) != 0;
    printf("%zu files replayed\n", n_replayed);
    return failed;
}
