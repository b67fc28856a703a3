/* Sets of databases and logs of the corpus, unpacked where a test may change them. */
#pragma once

#include "recovery/recovery.h"

#include "../log/log_corpus.h"

/* Runs a command that must succeed. */
static inline void
recovery_corpus_shell(const char *command)
{
    FILE *pipe = popen(command, "r");

    if (pipe == NULL || pclose(pipe) != 0)
        abort();
}

/* Unpacks all files of a set into a new folder; false: there is no corpus. */
static inline bool
recovery_corpus_unpack(const char *name, char *to)
{
    char golden[LOG_CORPUS_PATH], command[5 * LOG_CORPUS_PATH];

    if (!log_corpus_find(golden))
        return false;
    snprintf(to, LOG_CORPUS_PATH, ESE_TEST_FOLDER "/ese-recovery-XXXXXX");
    if (mkdtemp(to) == NULL)
        abort();
    snprintf(command, sizeof command,
             "cp '%s/%s'/*.gz '%s' && chmod u+w '%s'/* && gzip -d '%s'/*.gz", golden, name, to, to,
             to);
    recovery_corpus_shell(command);
    return true;
}

static inline void
recovery_corpus_remove(const char *folder)
{
    char command[2 * LOG_CORPUS_PATH];

    snprintf(command, sizeof command, "rm -r '%s'", folder);
    recovery_corpus_shell(command);
}

typedef struct recovery_file {
    uint8_t *bytes;
    size_t size;
} recovery_file;

/* Empty when there is no such file. */
static inline recovery_file
recovery_file_read(const char *folder, const char *name)
{
    char path[2 * LOG_CORPUS_PATH];
    recovery_file file = {NULL, 0};
    FILE *from;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    from = fopen(path, "rb");
    if (from == NULL)
        return file;
    fseek(from, 0, SEEK_END);
    file.size = (size_t)ftell(from);
    rewind(from);
    file.bytes = malloc(file.size);
    if (file.bytes == NULL || fread(file.bytes, 1, file.size, from) != file.size)
        abort();
    fclose(from);
    return file;
}

static inline void
recovery_file_write(const char *folder, const char *name, const recovery_file *file)
{
    char path[2 * LOG_CORPUS_PATH];
    FILE *to;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    to = fopen(path, "wb");
    if (to == NULL || fwrite(file->bytes, 1, file->size, to) != file->size || fclose(to) != 0)
        abort();
}
