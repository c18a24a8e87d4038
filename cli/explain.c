/* cli/explain.c - architech explain: a design with every default filled in. */
#include "cli/cli.h"
#include "cli/explain.h"
#include <getopt.h>
#include <stdlib.h>

int cli_print_explained(const cli_t *cli, const arch_design_t *design)
{
    char *text = NULL;
    arch_status_t st = arch_design_explain(design, &text);

    if (st != ARCH_OK)
        return cli_failed(cli, st);
    fputs(text, stdout);
    free(text);
    return CLI_DONE;
}

static int explain_main(cli_t *cli, int argc, char **argv)
{
    static const struct option none[] = {{0}};
    arch_design_t *design = NULL;
    int status, answer;

    opterr = 0;
    while ((answer = getopt_long(argc, argv, ":", none, NULL)) != -1)
        return cli_bad_option(cli, &cli_explain, argv, answer);
    if (argc - optind != 1)
        return cli_misuse(cli, &cli_explain, "explain: expected one design, found %d", argc - optind);
    status = cli_read_design(cli, argv[optind], &design);
    if (status == CLI_DONE)
        status = cli_print_explained(cli, design);
    arch_design_destroy(&design);
    return status;
}

const cli_command_t cli_explain = {
    "explain", "print a design with every default filled in",
    "Usage: architech explain DESIGN.json\n"
    "\n"
    "Print the design as it would be simulated: every default filled in, every unit resolved. The same as\n"
    "architech run DESIGN.json --explain, which also applies the other options of run.\n",
    false, explain_main,
};
