/* cli/main.c - architech: find the subcommand, run it, say how it went. */
#include "cli/cli.h"
#include "cli/run.h"
#include <signal.h>
#include <string.h>

const cli_command_t *const cli_commands[] = {
    &cli_run,
    &cli_validate,
    &cli_explain,
    &cli_compare,
    &cli_sweep,
    &cli_capacity,
    &cli_sensitivity,
    &cli_plan,
    &cli_partition,
    &cli_diff,
    &cli_inspect,
    &cli_worker,
    &cli_keys,
    &cli_top,
    &cli_help,
    &cli_version,
    NULL,
};

const cli_command_t *cli_command(const char *name)
{
    for (int i = 0; cli_commands[i] != NULL; i++)
        if (strcmp(cli_commands[i]->name, name) == 0)
            return cli_commands[i];
    return NULL;
}

/* Options instead of a subcommand that people try first. */
static const char *meant_by(const char *word)
{
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        return "help";
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)
        return "version";
    return word;
}

/* "architech run --help" is "architech help run". */
static bool asks_for_help(int argc, char **argv)
{
    for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

/* A worker that a command starts has its surroundings, but is no rank of its MPI. */
static bool is_alone(int argc, char **argv)
{
    for (int i = 2; i < argc && strcmp(argv[1], "worker") == 0; i++)
        if (strcmp(argv[i], "--alone") == 0)
            return true;
    return false;
}

static int dispatch(cli_t *cli, int argc, char **argv)
{
    const cli_command_t *command;

    if (argc < 2) {
        if (cli->is_root)
            fputs(cli_help.usage, stderr);
        return CLI_INPUT;
    }
    command = cli_command(meant_by(argv[1]));
    if (command == NULL)
        return cli_misuse(cli, &cli_help, "there is no command \"%s\"", argv[1]);
    if (asks_for_help(argc, argv)) {
        if (cli->is_root)
            fputs(command->usage, stdout);
        return CLI_DONE;
    }
    if (!command->every_rank && !cli->is_root)
        return CLI_DONE;
    return command->main(cli, argc - 1, argv + 1);
}

/* Ranks leave with one exit status: rank 0's. */
static int share_status(cli_t *cli, int status)
{
    if (cli->net == NULL)
        return status;
    if (archi_net_bcast(cli->net, &status, sizeof status, 0) != ARCH_OK)
        return cli_failed(cli, arch_error_status());
    return status;
}

int main(int argc, char **argv)
{
    cli_t cli = {NULL, true};
    int status;

    cli_progress_listen(argc, argv);
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is seen where the output is closed */
    if (archi_net_mpi_launched() && !is_alone(argc, argv)) {
        if (archi_net_mpi_open(&cli.net) != ARCH_OK)
            return cli_failed(&cli, arch_error_status());
        cli.is_root = archi_net_rank(cli.net) == 0;
    }
    status = cli_close_output(dispatch(&cli, argc, argv));
    status = share_status(&cli, status);
    archi_net_destroy(&cli.net);
    return status;
}
