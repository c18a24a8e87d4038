/* cli/inspect.c - architech inspect: what is in a checkpoint, or in a file of results. */
#include "cli/cli.h"
#include "io/checkpoint_file.h"
#include <architech/run.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static arch_status_t describe_results(const char *path, bool json, char **text)
{
    arch_results_t *results = NULL;
    arch_status_t st;

    ARCH_TRY(arch_results_read(path, &results));
    st = json ? arch_results_json(results, text)
              : arch_results_text(results, cli_columns(stdout), cli_colour(stdout), text);
    arch_results_destroy(&results);
    return st;
}

/* Results say so when they are opened; everything else is taken for a checkpoint. */
static arch_status_t describe(const char *path, bool json, char **text)
{
    struct stat about;
    bool is_file = stat(path, &about) == 0 && S_ISREG(about.st_mode);

    if (is_file && !archi_checkpoint_is(path) && describe_results(path, json, text) == ARCH_OK)
        return ARCH_OK;
    return arch_inspect(path, json, text);
}

static int inspect_main(cli_t *cli, int argc, char **argv)
{
    static const struct option options[] = {{"format", required_argument, NULL, 'f'}, {0}};
    bool json = false;
    char *text = NULL;
    arch_status_t st;
    int answer;

    opterr = 0;
    while ((answer = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (answer != 'f')
            return cli_bad_option(cli, &cli_inspect, argv, answer);
        json = strcmp(optarg, "json") == 0;
        if (!json && strcmp(optarg, "text") != 0)
            return cli_misuse(cli, &cli_inspect, "inspect: --format: found \"%s\", expected \"text\" or \"json\"",
                              optarg);
    }
    if (argc - optind != 1)
        return cli_misuse(cli, &cli_inspect, "inspect: expected one file or folder, found %d", argc - optind);
    st = describe(argv[optind], json, &text);
    if (text != NULL)
        fputs(text, stdout);
    free(text);
    return st == ARCH_OK ? CLI_DONE : cli_failed(cli, st);
}

const cli_command_t cli_inspect = {
    "inspect",
    "say what is in a checkpoint or a file of results",
    "Usage: architech inspect PATH [--format text|json]\n"
    "\n"
    "Say what a checkpoint holds and whether it is sound: of which design and seed it is, which replications are\n"
    "finished, and how far the others are. PATH is a file, a checkpoint, or a folder of them. Of a file of results it\n"
    "prints what the run printed.\n"
    "\n"
    "      --format F         \"text\" (default) or \"json\"\n"
    "\n"
    "Examples:\n"
    "  architech inspect checkpoints\n"
    "  architech inspect run.h5 --format json | jq .digest\n"
    "\n"
    "Exit status: 0 all are sound, 2 one is not, 3 the machine failed.\n",
    false,
    inspect_main,
};
