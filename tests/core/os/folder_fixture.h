/* A folder for the tests of a program, and the paths of two files in it. Included behind the definition of _DEFAULT_SOURCE. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PATH_SIZE = 200 };

static char directory[PATH_SIZE / 2];
static char path[PATH_SIZE], other_path[PATH_SIZE];

static inline int
make_folder(void **state)
{
    const char *parent = getenv("TMPDIR");

    (void)state;
    snprintf(directory, sizeof directory, "%.60s/ese-os-XXXXXX", parent != NULL ? parent : "/tmp");
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/file", directory);
    snprintf(other_path, sizeof other_path, "%s/other", directory);
    return 0;
}

static inline int
remove_files(void **state)
{
    (void)state;
    unlink(path);
    unlink(other_path);
    return 0;
}

static inline int
remove_folder(void **state)
{
    (void)remove_files(state);
    return rmdir(directory);
}
