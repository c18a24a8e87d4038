/* cli/explain.h */
#ifndef ARCHI_CLI_EXPLAIN_H
#define ARCHI_CLI_EXPLAIN_H

#include "cli/cli.h"

/* Print the design with its defaults; exit status. */
int cli_print_explained(const cli_t *cli, const arch_design_t *design);

#endif
