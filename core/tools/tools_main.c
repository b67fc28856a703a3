/* The `ese` command: finds the command that was asked for and lets it run. */
#include "tools/tools.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const ese_tools__command *const commands[] = {
    &ese_tools__info,   &ese_tools__tables,  &ese_tools__schema,  &ese_tools__dump,
    &ese_tools__check,  &ese_tools__pages,   &ese_tools__log,     &ese_tools__checkpoint,
    &ese_tools__import, &ese_tools__compact, &ese_tools__recover, &ese_tools__repair,
};

enum { N_COMMANDS = sizeof commands / sizeof commands[0] };

static void
print_version(void)
{
    puts("ese " ESE_VERSION);
}

static void
print_help(FILE *to)
{
    fputs("Usage: ese COMMAND [OPTION]... FILE...\n"
          "Extensible Storage Engine (JET Blue) databases: SRUDB.dat, ntds.dit, Windows.edb, ...\n"
          "Files are opened read-only and never changed, except by import.\n\nCommands:\n",
          to);
    for (unsigned i = 0; i < N_COMMANDS; i++)
        fprintf(to, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\nOptions:\n"
          "  -h, --help      show this help; \"ese COMMAND --help\" shows that of a command\n"
          "  -V, --version   show the version\n"
          "\nExit status: 0 done, 1 problems found, 2 wrong usage, 3 failed.\n",
          to);
}

static void
print_command_help(const ese_tools__command *command)
{
    printf("Usage: ese %s %s\n%s.\n\n%s", command->name, command->synopsis, command->summary,
           command->help);
    fputs("  -q, --quiet     no progress and no summary\n"
          "      --damaged   read a dirty or damaged file as far as it can be trusted\n"
          "  -h, --help      show this help\n"
          "  -V, --version   show the version\n",
          stdout);
}

ese_tools__parsed
ese_tools__common_option(int option, const ese_tools__command *command, ese_tools__common *common)
{
    switch (option) {
    case 'q': common->is_quiet = true; return ESE_TOOLS__GO_ON;
    case 'D': common->is_damaged = true; return ESE_TOOLS__GO_ON;
    case 'h': print_command_help(command); return ESE_TOOLS__DONE;
    case 'V': print_version(); return ESE_TOOLS__DONE;
    default: /* getopt_long has said what is wrong */
        fprintf(stderr, "Try 'ese %s --help'.\n", command->name);
        return ESE_TOOLS__WRONG;
    }
}

ese_tools__parsed
ese_tools__parse_json(int argc, char **argv, const ese_tools__command *command,
                      ese_tools__common *common, bool *is_json_out)
{
    enum { OPTION_JSON = 256 };
    static const struct option options[] = {
        {"json", no_argument, NULL, OPTION_JSON},
        ESE_TOOLS__COMMON_OPTIONS,
        {NULL, 0, NULL, 0},
    };
    const struct option *known = is_json_out == NULL ? options + 1 : options;
    ese_tools__parsed parsed = ESE_TOOLS__GO_ON;
    int option;

    while (parsed == ESE_TOOLS__GO_ON &&
           (option = getopt_long(argc, argv, "hqV", known, NULL)) != -1) {
        if (option == OPTION_JSON && is_json_out != NULL)
            *is_json_out = true;
        else
            parsed = ese_tools__common_option(option, command, common);
    }
    return parsed;
}

ese_tools__parsed
ese_tools__parse_common(int argc, char **argv, const ese_tools__command *command,
                        ese_tools__common *common)
{
    return ese_tools__parse_json(argc, argv, command, common, NULL);
}

static const ese_tools__command *
find_command(const char *name)
{
    for (unsigned i = 0; i < N_COMMANDS; i++) {
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    }
    return NULL;
}

/* getopt_long names the program by argv[0] in its messages. */
static ese_tools__status
run_command(const ese_tools__command *command, int argc, char **argv)
{
    static char name[32];
    ese_tools__status status;

    snprintf(name, sizeof name, "ese %s", command->name);
    argv[0] = name;
    status = command->run(argc, argv);
    if (fflush(stdout) != 0)
        status = ESE_TOOLS__FAILED;
    return ese_tools__worse(status, ese_tools__out_finish(&ese_tools__stdout));
}

int
main(int argc, char **argv)
{
    const char *word = argc < 2 ? "" : argv[1];
    const ese_tools__command *command;

    signal(SIGPIPE, SIG_DFL); /* `ese dump FILE | head` ends quietly, whatever was inherited */
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow any more is told as a full disk */
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
        command = argc > 2 ? find_command(argv[2]) : NULL;
        if (command != NULL)
            print_command_help(command);
        else
            print_help(stdout);
        return ESE_TOOLS__OK;
    }
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
        print_version();
        return ESE_TOOLS__OK;
    }
    command = find_command(word);
    if (command != NULL)
        return (int)run_command(command, argc - 1, argv + 1);
    if (argc < 2)
        print_help(stderr);
    else
        fprintf(stderr, "ese: there is no command '%s'\nTry 'ese --help'.\n", word);
    return ESE_TOOLS__USAGE;
}
