/* `ese checkpoint`: what a checkpoint file says. */
#include "tools/log_values.h"

typedef struct showing {
    ese_tools__common common;
    bool is_json;
} showing;

static void
show_head(void *self, const ese_maint_log_head *head)
{
    const showing *how = self;

    if (how->is_json)
        ese_tools__out_log_head_json(&ese_tools__stdout, "checkpoint", head);
    else
        ese_tools__out_log_head(&ese_tools__stdout, head);
}

static ese_tools__status
show_file(showing *how, const char *path)
{
    const ese_maint_log_visitor visitor = {.self = how, .head = show_head};
    unsigned copy = 0;
    JET_ERR err = ese_maint_checkpoint_read(path, &visitor, &copy);

    if (err < JET_errSuccess)
        return ese_tools__report(path, err);
    if (copy == 0)
        return ESE_TOOLS__OK;
    ese_tools__complain(path, 0, JET_errCheckpointCorrupt,
                        "the first copy is damaged; shown is the second");
    return ESE_TOOLS__PROBLEMS;
}

static ese_tools__status
run(int argc, char **argv)
{
    showing how = {0};
    ese_tools__parsed parsed =
        ese_tools__parse_json(argc, argv, &ese_tools__checkpoint, &how.common, &how.is_json);
    ese_tools__status status = ESE_TOOLS__OK;

    if (parsed != ESE_TOOLS__GO_ON)
        return ese_tools__parse_status(parsed);
    if (argc == optind)
        return ese_tools__usage(&ese_tools__checkpoint, "a file is expected");
    for (int i = optind; i < argc; i++) {
        if (i != optind && !how.is_json)
            ese_tools__out_text(&ese_tools__stdout, "\n");
        status = ese_tools__worse(status, show_file(&how, argv[i]));
    }
    return status;
}

const ese_tools__command ese_tools__checkpoint = {
    "checkpoint",
    "[OPTION]... FILE...",
    "Show what a checkpoint file says",
    "      --json      one line of JSON for each file\n",
    run,
};
