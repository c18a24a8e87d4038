/* cli/cli.h - what the subcommands share. The command wires the library together and owns no logic of its own. */
#ifndef ARCHI_CLI_H
#define ARCHI_CLI_H

#include "engine/net.h"
#include <architech/design.h>
#include <stdbool.h>
#include <stdio.h>

/* Exit statuses, the same for every subcommand. */
enum { CLI_DONE = 0, CLI_MISSED = 1, CLI_INPUT = 2, CLI_MACHINE = 3, CLI_SAVED = 75 /* EX_TEMPFAIL */ };

typedef struct {
    archi_net_t *net;     /* ranks of MPI, NULL without */
    bool         is_root; /* the one that reads and prints */
} cli_t;

typedef struct {
    const char *name, *summary, *usage;
    bool        every_rank; /* all ranks of MPI take part; else rank 0 alone runs it */
    int       (*main)(cli_t *cli, int argc, char **argv);
} cli_command_t;

extern const cli_command_t cli_capacity;
extern const cli_command_t cli_compare;
extern const cli_command_t cli_diff;
extern const cli_command_t cli_explain;
extern const cli_command_t cli_help;
extern const cli_command_t cli_inspect;
extern const cli_command_t cli_keys;
extern const cli_command_t cli_partition;
extern const cli_command_t cli_plan;
extern const cli_command_t cli_run;
extern const cli_command_t cli_sensitivity;
extern const cli_command_t cli_sweep;
extern const cli_command_t cli_top;
extern const cli_command_t cli_validate;
extern const cli_command_t cli_version;
extern const cli_command_t cli_worker;

/* The subcommands in the order that help shows them, NULL at the end. */
extern const cli_command_t *const cli_commands[];
const cli_command_t *cli_command(const char *name); /* NULL when there is none */

/* ---- saying what is wrong, on standard error, once -------------------------------------------------------------- */

/* A mistake on the command line; CLI_INPUT. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
int cli_misuse(const cli_t *cli, const cli_command_t *command, const char *format, ...);
/* A status of the library; its exit status. */
int cli_failed(const cli_t *cli, arch_status_t st);
/* getopt_long() answered '?' or ':'. */
int cli_bad_option(const cli_t *cli, const cli_command_t *command, char **argv, int answer);

/* ---- reading ---------------------------------------------------------------------------------------------------- */

/* Read a design on rank 0. All its problems are printed; CLI_DONE or the exit status. */
int cli_read_design(const cli_t *cli, const char *path, arch_design_t **out);
/* Collective over the ranks of MPI, if any: rank 0's status is everyone's, and so is its design when that is CLI_DONE. */
int cli_share_design(const cli_t *cli, const char *path, int status, arch_design_t **out);

/* What --set and --unset ask for, in their order. */
typedef struct {
    arch_change_t *change;
    char         **text; /* [n], what the change points into */
    uint32_t       n;
} cli_changes_t; /* zeroed: none */

/* "POINTER=VALUE" of --set, VALUE as JSON or else taken as text; "POINTER" of --unset. What was expected, or NULL. */
const char *cli_take_set(cli_changes_t *changes, const char *text);
const char *cli_take_unset(cli_changes_t *changes, const char *text);
void cli_changes_clear(cli_changes_t *changes);
/* The options of a command that takes one design, argv[optind], and these two options; CLI_DONE, or CLI_INPUT with the
 * reason printed. */
int cli_change_options(const cli_t *cli, const cli_command_t *command, int argc, char **argv, cli_changes_t *changes);
/* cli_read_design(), changed. */
int cli_read_changed(const cli_t *cli, const char *path, const cli_changes_t *changes, arch_design_t **out);

/* Values of options; false when the text is not one. */
bool cli_parse_count(const char *text, uint64_t least, uint64_t most, uint64_t *out);
bool cli_parse_time(const char *text, arch_time_t *ns);   /* "90s", "5min" */
bool cli_parse_bytes(const char *text, uint64_t *bytes);  /* "4GiB" */
/* A 32-bit count; what was expected instead, or NULL. */
const char *cli_take_count(const char *text, uint32_t least, uint32_t most, uint32_t *out);
bool cli_parse_share(const char *text, double *share);    /* "95%", "0.95": above 0, below 1 */

/* ---- writing ---------------------------------------------------------------------------------------------------- */

/* Close standard output. A reader that went away is no failure; a full disk is: CLI_MACHINE, else `status`. */
int cli_close_output(int status);
uint32_t cli_columns(FILE *f); /* of the terminal, 0 when it is none */
bool     cli_colour(FILE *f);

#endif
