/* cli/lab.h - what the commands that make experiments share: where replications are simulated, how far it is, and the
 * signals that end it. */
#ifndef ARCHI_CLI_LAB_H
#define ARCHI_CLI_LAB_H

#include "cli/run.h"
#include <architech/lab.h>
#include <getopt.h>
#include <limits.h>

/* Answers of getopt_long() that are the lab's. */
enum {
    CLI_LAB_WORKERS = 4096, CLI_LAB_THREADS, CLI_LAB_LISTEN, CLI_LAB_KEY, CLI_LAB_ALLOW, CLI_LAB_INSECURE, CLI_LAB_PUBLISH,
    CLI_LAB_MEMORY, CLI_LAB_EXECUTOR, CLI_LAB_NO_PROGRESS, CLI_LAB_QUIET
};

/* For the command's table of long options. */
#define CLI_LAB_OPTIONS                                                                                                \
    {"workers", required_argument, NULL, CLI_LAB_WORKERS}, {"threads", required_argument, NULL, CLI_LAB_THREADS},      \
        {"listen", required_argument, NULL, CLI_LAB_LISTEN}, {"key", required_argument, NULL, CLI_LAB_KEY},            \
        {"allow", required_argument, NULL, CLI_LAB_ALLOW}, {"insecure", no_argument, NULL, CLI_LAB_INSECURE},          \
        {"publish", required_argument, NULL, CLI_LAB_PUBLISH}, {"memory", required_argument, NULL, CLI_LAB_MEMORY},    \
        {"executor", required_argument, NULL, CLI_LAB_EXECUTOR},                                                       \
        {"no-progress", no_argument, NULL, CLI_LAB_NO_PROGRESS}, {"quiet", no_argument, NULL, CLI_LAB_QUIET}

/* For the command's usage. */
#define CLI_LAB_USAGE                                                                                                  \
    "Where it is simulated; no answer depends on it:\n"                                                                \
    "      --workers N        worker processes that it starts itself (default: one per core)\n"                        \
    "      --threads N        threads of this process instead of workers\n"                                            \
    "      --executor E       \"auto\" (default): a GPU where there is one and nothing else is said; \"cpu\"; \"gpu\":\n" \
    "                         on a GPU, with threads of this process beside it (docs/gpu.md)\n"                        \
    "      --listen ENDPOINT  let workers from elsewhere connect: tcp://HOST:PORT, see \"architech help worker\"\n"    \
    "      --key FILE         secret key of this side, see \"architech help keys\"\n"                                  \
    "      --allow PATH       file or folder of the public keys of workers that are let in\n"                          \
    "      --insecure         do without keys, although other machines can reach the endpoint\n"                       \
    "      --publish ENDPOINT where progress is published for \"architech top\"\n"                                     \
    "      --memory SIZE      for the simulated state of one job: 4GiB (default: its share of what is free)\n"         \
    "      --no-progress      no progress line on the terminal\n"                                                      \
    "  -q, --quiet            print errors only\n"

typedef struct {
    arch_lab_options_t options;
    cli_progress_t progress;
    bool quiet, no_progress, has_workers;
    char program[PATH_MAX], memory[32];
    const char *command[8];
} cli_lab_t;

/* Read all options of a command, the lab's and, through `take`, its own: `take` is given the answer of getopt_long() and the
 * value, and says what was expected instead, or NULL. optind is then at the first argument. CLI_DONE, or CLI_INPUT with the
 * reason printed. */
int cli_lab_options(const cli_t *cli, const cli_command_t *command, int argc, char **argv, const struct option *options,
                    cli_lab_t *lab, const char *(*take)(void *user, int answer, const char *value), void *user);

/* An experiment, from its files to the answer on standard output; each is called with the command's request. */
typedef struct {
    void *request;
    const char *journal;     /* folder for answers, NULL: none; it goes when all files are written */
    const char *files[2];    /* to be written: that they can be is tried before anything is simulated; NULL: none */
    arch_status_t (*run)(void *request, arch_lab_t *lab);
    arch_status_t (*write)(const void *request);              /* the files; NULL: none */
    arch_status_t (*say)(const void *request, char **text);   /* what is printed, unless --quiet; malloc'ed */
} cli_experiment_t;

/* CLI_DONE, or the exit status with the reason printed. */
int cli_lab_run(const cli_t *cli, cli_lab_t *lab, const cli_experiment_t *experiment);

/* What --format may say; what was expected, or NULL. */
const char *cli_take_json(const char *text, bool *json);

#endif
