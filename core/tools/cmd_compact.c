/*
 * `ese compact`: a new database with the tables, columns, indexes and records of another one, in the order of their keys and without
 * the room that deleted ones have left.
 */
#include "tools/copy.h"

#include <stdio.h>
#include <stdlib.h>

/* Templates come before the tables that are made after them. */
static ese_tools__status
copy_tables(ese_tools__copy *copy)
{
    ese_tools__names names;
    ese_tools__copied copied;
    ese_tools__status status = ESE_TOOLS__OK;
    JET_ERR err = ese_tools__names_load(&copy->source, &names);

    if (err < JET_errSuccess)
        return ese_tools__report(copy->source.path, err);
    for (int pass = 0; pass < 2; pass++) {
        for (unsigned i = 0; i < names.n && status == ESE_TOOLS__OK; i++) {
            bool is_template = (names.grbits[i] & JET_bitObjectTableTemplate) != 0;

            if (!ese_tools__is_system(names.names[i]) && is_template == (pass == 0))
                status = ese_tools__copy_table(copy, names.names[i], names.grbits[i], &copied);
        }
    }
    ese_tools__names_free(&names);
    return status;
}

static ese_tools__status
run_parsed(ese_tools__copy *copy, const char *source, const char *target)
{
    ese_tools__status status =
        ese_tools__database_copy(&copy->source, &copy->target, source, target);

    if (status != ESE_TOOLS__OK)
        return status;
    copy->piece = ese_tools__alloc(ESE_TOOLS__COPY_PIECE, 1);
    ese_tools__progress_start(&copy->progress, copy->source.common.is_quiet);
    status = copy_tables(copy);
    ese_tools__progress_clear(&copy->progress);
    if (status == ESE_TOOLS__OK)
        ese_tools__copy_give_back_room(copy);
    status = ese_tools__worse(status, ese_tools__database_problems(&copy->source));
    ese_tools__database_close(&copy->source);
    ese_tools__part_end(target);
    if (status == ESE_TOOLS__FAILED)
        remove(target); /* it was made here, and is only a part */
    free(copy->piece);
    return status;
}

static ese_tools__status
run(int argc, char **argv)
{
    ese_tools__copy copy = {0};
    ese_tools__parsed parsed =
        ese_tools__parse_common(argc, argv, &ese_tools__compact, &copy.source.common);

    if (parsed != ESE_TOOLS__GO_ON)
        return ese_tools__parse_status(parsed);
    if (argc - optind != 2)
        return ese_tools__usage(&ese_tools__compact, "a database and a new one are expected");
    return run_parsed(&copy, argv[optind], argv[optind + 1]);
}

const ese_tools__command ese_tools__compact = {
    "compact",
    "[OPTION]... SOURCE TARGET",
    "Write the tables of a database to a new one, in the order of their keys and without gaps",
    "",
    run,
};
