/*
 * The same work through libesedb: all values of all records of a table. run.py compiles it when the library is installed.
 *
 *     libesedb_scan FILE TABLE ROUNDS      prints one JSON object, as readers.py does
 */
#define _POSIX_C_SOURCE 200809L

#include <libesedb.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROOM = 1 << 20 };

static uint8_t room[ROOM];
static long n_values;

static void
must(int result, const char *call)
{
    if (result == 1)
        return;
    fprintf(stderr, "%s failed\n", call);
    exit(1);
}

static double
seconds(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void
read_record(libesedb_table_t *table, int at)
{
    libesedb_record_t *record = NULL;
    int n = 0;

    must(libesedb_table_get_record(table, at, &record, NULL), "libesedb_table_get_record");
    must(libesedb_record_get_number_of_values(record, &n, NULL), "get_number_of_values");
    for (int i = 0; i < n; i++) {
        size_t size = 0;
        int found = libesedb_record_get_value_data_size(record, i, &size, NULL);

        if (found == 1 && size > 0 && size <= ROOM)
            must(libesedb_record_get_value_data(record, i, room, size, NULL), "get_value_data");
        n_values += found == 1;
    }
    must(libesedb_record_free(&record, NULL), "libesedb_record_free");
}

int
main(int argc, char **argv)
{
    libesedb_file_t *file = NULL;
    libesedb_table_t *table = NULL;
    int n_rows = 0, n_rounds = argc == 4 ? (int)strtol(argv[3], NULL, 10) : 0;

    if (n_rounds < 1)
        return 2;
    must(libesedb_file_initialize(&file, NULL), "libesedb_file_initialize");
    must(libesedb_file_open(file, argv[1], LIBESEDB_OPEN_READ, NULL), "libesedb_file_open");
    must(libesedb_file_get_table_by_utf8_name(file, (const uint8_t *)argv[2], strlen(argv[2]),
                                              &table, NULL),
         "get_table_by_utf8_name");
    must(libesedb_table_get_number_of_records(table, &n_rows, NULL), "get_number_of_records");
    printf("{\"rounds\": [");
    for (int round = 0; round < n_rounds; round++) {
        double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);

        n_values = 0;
        for (int i = 0; i < n_rows; i++)
            read_record(table, i);
        printf("%s[%.6f, %.6f]", round == 0 ? "" : ", ", seconds(CLOCK_MONOTONIC) - wall,
               seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu);
    }
    printf("], \"rows\": %d, \"values\": %ld, \"version\": \"%s\"}\n", n_rows, n_values,
           libesedb_get_version());
    libesedb_table_free(&table, NULL);
    libesedb_file_close(file, NULL);
    libesedb_file_free(&file, NULL);
    return 0;
}
