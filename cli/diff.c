/* cli/diff.c - architech diff: are two results the same? */
#include "cli/cli.h"
#include <architech/results.h>
#include <getopt.h>
#include <stdlib.h>

static arch_status_t compare(const char *path_a, const char *path_b, bool *equal, char **text)
{
    arch_status_t st = ARCH_OK;
    arch_results_t *a = NULL, *b = NULL;

    ARCH_TRY_TO(done, arch_results_read(path_a, &a));
    ARCH_TRY_TO(done, arch_results_read(path_b, &b));
    ARCH_TRY_TO(done, arch_results_diff(a, b, equal, text));
done:
    arch_results_destroy(&a);
    arch_results_destroy(&b);
    return st;
}

static int diff_main(cli_t *cli, int argc, char **argv)
{
    static const struct option none[] = {{0}};
    bool equal = false;
    char *text = NULL;
    arch_status_t st;
    int answer;

    opterr = 0;
    while ((answer = getopt_long(argc, argv, ":", none, NULL)) != -1)
        return cli_bad_option(cli, &cli_diff, argv, answer);
    if (argc - optind != 2)
        return cli_misuse(cli, &cli_diff, "diff: expected two result files, found %d", argc - optind);
    st = compare(argv[optind], argv[optind + 1], &equal, &text);
    if (st != ARCH_OK)
        return cli_failed(cli, st);
    fputs(text, stdout);
    free(text);
    return equal ? CLI_DONE : CLI_MISSED;
}

const cli_command_t cli_diff = {
    "diff", "compare the results of two runs",
    "Usage: architech diff A.h5 B.h5\n"
    "\n"
    "Compare two results: says \"equal\", or lists what differs. Where and how long a run took is not compared.\n"
    "\n"
    "Example:\n"
    "  architech run design.json -o one.h5 --threads 1\n"
    "  architech run design.json -o two.h5 --threads 2\n"
    "  architech diff one.h5 two.h5\n"
    "\n"
    "Exit status: 0 equal, 1 not equal, 2 a file is not a result, 3 the machine failed.\n",
    false, diff_main,
};
