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
    cli_changes_t changes = {NULL, NULL, 0};
    arch_design_t *design = NULL;
    int status = cli_change_options(cli, &cli_explain, argc, argv, &changes);

    if (status == CLI_DONE)
        status = cli_read_changed(cli, argv[optind], &changes, &design);
    if (status == CLI_DONE)
        status = cli_print_explained(cli, design);
    arch_design_destroy(&design);
    cli_changes_clear(&changes);
    return status;
}

const cli_command_t cli_explain = {
    "explain", "print a design with every default filled in",
    "Usage: architech explain DESIGN.json [options]\n"
    "\n"
    "Print the design as it would be simulated: every default filled in, every unit resolved. The same as\n"
    "architech run DESIGN.json --explain, which also applies the other options of run.\n"
    "\n"
    "      --set POINTER=VALUE  with another value, by JSON pointer: /services/app/replicas=6; as often as you like\n"
    "      --unset POINTER    without a value\n",
    false, explain_main,
};
