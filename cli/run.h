/* cli/run.h - shared by the files of the run command. */
#ifndef ARCHI_CLI_RUN_H
#define ARCHI_CLI_RUN_H

#include "cli/cli.h"
#include "workers/show.h"
#include <architech/run.h>

/* What the command line asks for. Settings of the design that it overrides are flagged. */
typedef struct {
    const char         *design, *output, *trace; /* NULL: not asked for */
    const char         *show, *key, *allow; /* where progress is published, and who may see it */
    bool                json, quiet, no_progress, explain, engine_stats;
    bool                has_seed, has_replications, has_duration, has_warmup, insecure;
    bool                automatic;    /* as many replications as the precision takes */
    char               *figures;      /* of --precision-of, owned, as are */
    const char        **figure;       /* the pointers into it */
    uint64_t            seed, replications;
    arch_time_t         duration, warmup; /* ARCH_AUTO for "auto" */
    cli_changes_t       changes;          /* the caller's to clear */
    arch_run_options_t  options;
} cli_request_t;

/* Read the options; CLI_DONE or CLI_INPUT, with the reason printed. */
int cli_run_options(const cli_t *cli, int argc, char **argv, cli_request_t *request);

/* Progress on a terminal, and the signals that cancel a run. */
typedef struct {
    bool   shows;      /* a line is wanted */
    bool   shown;      /* there is one to wipe off */
    bool   warns, notes; /* what is said about checkpoints is passed on */
    double began, published, done;
    uint64_t events;
    archi_show_t *show; /* NULL: nobody is told but the terminal */
    const char   *what;
} cli_progress_t;

/* First of all: a signal that has the run saved may come while MPI starts or the design is read. It is heard where the
 * command line speaks of checkpoints; what it means is seen when cli_progress_begin() is told. */
void cli_progress_listen(int argc, char **argv);

/* `saves`: checkpoints are written, and SIGTERM and SIGUSR1 ask for one. */
void cli_progress_begin(cli_progress_t *progress, bool shows, bool saves);
int  cli_progress_tell(void *progress, double done, uint64_t events, double seconds_left);
int  cli_progress_interrupted(void *progress);
void cli_progress_note(void *progress, int is_warning, const char *text);
void cli_progress_end(cli_progress_t *progress);
int  cli_progress_signal(void);  /* that cancelled the run or had it saved, or 0 */

#endif
