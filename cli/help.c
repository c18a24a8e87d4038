/* cli/help.c - architech help [COMMAND] and architech version. */
#include "cli/cli.h"
#include <architech/version.h>

static int help_main(cli_t *cli, int argc, char **argv)
{
    const cli_command_t *command = &cli_help;

    if (argc > 2)
        return cli_misuse(cli, &cli_help, "help: one command at a time");
    if (argc == 2)
        command = cli_command(argv[1]);
    if (command == NULL)
        return cli_misuse(cli, &cli_help, "there is no command \"%s\"", argv[1]);
    fputs(command->usage, stdout);
    return CLI_DONE;
}

const cli_command_t cli_help = {
    "help", "say how a command is used",
    "Usage: architech COMMAND [options] ...\n"
    "\n"
    "Simulate a system architecture, request by request, before it is built or paid for.\n"
    "\n"
    "Commands:\n"
    "  run DESIGN.json           simulate it; print latencies, utilisation, objectives and findings\n"
    "  validate DESIGN.json      read and judge it; print the expected load; run nothing\n"
    "  explain DESIGN.json       print it with every default filled in\n"
    "  compare A.json B.json     say which figures differ, and where on the way it arises\n"
    "  sweep SPEC.json           simulate a design over axes of its values\n"
    "  capacity DESIGN.json      find the load that it carries, and whether it recovers from more\n"
    "  sensitivity DESIGN.json   find the number in it that is worth measuring next\n"
    "  plan DESIGN.json          find the cheapest configuration that meets its objectives\n"
    "  partition DESIGN.json     show how it would be cut for several ranks\n"
    "  diff A.h5 B.h5            compare the results of two runs\n"
    "  inspect PATH              say what is in a checkpoint or a file of results\n"
    "  worker --connect ENDPOINT work for a command that has a lot to run, from anywhere\n"
    "  keys [DIR]                make the keys for that\n"
    "  top ENDPOINT              watch a run, live\n"
    "  help [COMMAND]            this page, or the page of a command\n"
    "  version                   the version of the library\n"
    "\n"
    "Examples:\n"
    "  architech run examples/stage-2-horizontal.json\n"
    "  mpirun -n 4 architech run design.json -o run.h5\n"
    "  architech run design.json --format json | jq .digest\n"
    "\n"
    "Exit status: 0 done and objectives met, 1 an objective missed (diff: not equal),\n"
    "             2 the input is at fault, 3 the machine is, 75 stopped and saved (see architech help run).\n",
    false, help_main,
};

static int version_main(cli_t *cli, int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        return cli_misuse(cli, &cli_version, "version takes no arguments");
    printf("architech %s\n", arch_version());
    return CLI_DONE;
}

const cli_command_t cli_version = {
    "version", "say which version this is", "Usage: architech version\n", false, version_main,
};
