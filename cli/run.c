/* cli/run.c - architech run: read, simulate, print, write. */
#include "cli/run.h"
#include "cli/explain.h"
#include <errno.h>
#include <libgen.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- before the run --------------------------------------------------------------------------------------------- */

/* Spans that each rank keeps for --trace: a file of some megabytes per rank, whatever the length of the run. */
enum { TRACE_SPANS = 16384 };

/* Could `what` be written? Better asked now than after hours. */
static int check_output(const cli_t *cli, const char *path, const char *what)
{
    char *copy = strdup(path);
    const char *folder = copy != NULL ? dirname(copy) : ".";
    struct stat info;
    int status = CLI_DONE;

    errno = 0;
    if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
        status = cli_failed(cli, ARCH_FAIL(ARCH_E_IO, "%s: is a folder, not a file to write %s to", path, what));
    else if (access(folder, W_OK | X_OK) != 0)
        status = cli_failed(cli, ARCH_FAIL(ARCH_E_IO, "%s: cannot be written: %s: %s", path, folder, strerror(errno)));
    free(copy);
    return status;
}

static const double default_precision = 0.05;

static void override_precision(cli_request_t *r, arch_design_t *design)
{
    arch_run_options_t *o = &r->options;
    bool wanted = r->automatic || o->n_precision_of > 0 || o->most_replications > 0;

    if (r->has_replications)
        design->run.precision = 0;
    if (o->precision > 0)
        design->run.precision = o->precision;
    else if (wanted && design->run.precision == 0)
        design->run.precision = default_precision;
}

static void override_settings(cli_request_t *r, arch_design_t *design)
{
    if (r->has_seed)
        design->run.seed = r->seed;
    if (r->has_replications)
        design->run.replications = (uint32_t)r->replications;
    if (r->has_duration)
        design->run.duration = r->duration;
    if (r->has_warmup)
        design->run.warmup = r->warmup;
    override_precision(r, design);
}

/* ---- after the run ---------------------------------------------------------------------------------------------- */

static arch_status_t as_text(const cli_request_t *r, const arch_results_t *results, char **text)
{
    uint32_t columns = cli_columns(stdout);
    bool colour = cli_colour(stdout);

    if (r->json)
        return r->engine_stats ? arch_results_json_with_engine(results, text) : arch_results_json(results, text);
    return r->engine_stats ? arch_results_text_with_engine(results, columns, colour, text)
                           : arch_results_text(results, columns, colour, text);
}

static arch_status_t print_results(const cli_request_t *r, const arch_results_t *results)
{
    char *text = NULL;

    if (r->quiet)
        return ARCH_OK;
    ARCH_TRY(as_text(r, results, &text));
    fputs(text, stdout);
    free(text);
    return ARCH_OK;
}

static int deliver(const cli_t *cli, const cli_request_t *r, const arch_results_t *results)
{
    arch_status_t st = ARCH_OK;

    if (cli->is_root)
        st = print_results(r, results);
    if (cli->net != NULL)
        st = archi_net_agree(cli->net, st);
    if (st == ARCH_OK && r->output != NULL)
        st = arch_results_write(r->output, results, cli->net != NULL ? archi_net_comm(cli->net) : NULL);
    if (st == ARCH_OK && r->trace != NULL && cli->is_root)
        st = arch_results_write_trace(r->trace, results);
    if (cli->net != NULL)
        st = archi_net_agree(cli->net, st);
    if (st != ARCH_OK)
        return cli_failed(cli, st);
    return results->objectives_met ? CLI_DONE : CLI_MISSED;
}

/* Under MPI another rank may have been told. */
static const char *signal_name(void)
{
    switch (cli_progress_signal()) {
    case SIGTERM: return "SIGTERM";
    case SIGINT: return "SIGINT";
    case SIGUSR1: return "SIGUSR1";
    default: return "a signal to another rank";
    }
}

static int cancelled(const cli_t *cli)
{
    if (cli->is_root)
        fprintf(stderr, "architech: stopped by %s before the end; no results were written\n", signal_name());
    return CLI_MACHINE;
}

static int saved(const cli_t *cli, const cli_request_t *r)
{
    if (cli->is_root)
        fprintf(stderr, "architech: stopped by %s and saved; go on with --resume auto%s%s\n", signal_name(),
                r->options.checkpoint_dir != NULL ? " --checkpoint-dir " : "",
                r->options.checkpoint_dir != NULL ? r->options.checkpoint_dir : "");
    return CLI_SAVED;
}

/* ---- the run ---------------------------------------------------------------------------------------------------- */

static int simulate(const cli_t *cli, cli_request_t *r, const arch_design_t *design, archi_show_t *show)
{
    arch_results_t *results = NULL;
    cli_progress_t progress;
    arch_status_t st;
    int status;

    cli_progress_begin(&progress, cli->is_root && !r->quiet && !r->no_progress && isatty(fileno(stderr)),
                       r->options.checkpoint_every > 0 || r->options.checkpoint_every_simulated > 0);
    progress.warns = true;
    progress.show = show;
    progress.what = r->design;
    progress.notes = !r->quiet;
    r->options.interrupted = cli_progress_interrupted;
    r->options.note = cli_progress_note;
    r->options.mpi = cli->net != NULL;
    r->options.progress = cli_progress_tell;
    r->options.user = &progress;
    r->options.trace = r->trace != NULL ? TRACE_SPANS : 0;
    st = arch_run(design, &r->options, &results);
    cli_progress_end(&progress);
    if (st == ARCH_OK)
        status = deliver(cli, r, results);
    else
        status = st == ARCH_E_CANCELLED ? cancelled(cli) : st == ARCH_E_SAVED ? saved(cli, r) : cli_failed(cli, st);
    arch_results_destroy(&results);
    return status;
}

static double wall_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Where progress is published, if anywhere. */
static int open_show(const cli_t *cli, const cli_request_t *r, archi_show_t **out)
{
    if (r->show == NULL && (r->key != NULL || r->allow != NULL || r->insecure))
        return cli_misuse(cli, &cli_run, "run: --key, --allow and --insecure are about --show, which is missing");
    if (r->show == NULL || r->explain)
        return CLI_DONE;
    if (archi_show_open(r->show, r->key, r->allow, r->insecure, out) != ARCH_OK)
        return cli_failed(cli, arch_error_status());
    return CLI_DONE;
}

static int run_request(cli_t *cli, cli_request_t *r)
{
    arch_design_t *design = NULL;
    archi_show_t *show = NULL;
    double begun = wall_seconds();
    int status = cli_read_changed(cli, r->design, &r->changes, &design);

    r->options.read_seconds = wall_seconds() - begun;
    if (cli->is_root && status == CLI_DONE && r->output != NULL && !r->explain)
        status = check_output(cli, r->output, "results");
    if (cli->is_root && status == CLI_DONE && r->trace != NULL && !r->explain)
        status = check_output(cli, r->trace, "a trace");
    if (cli->is_root && status == CLI_DONE)
        status = open_show(cli, r, &show);
    status = cli_share_design(cli, r->design, status, &design);
    if (status == CLI_DONE) {
        override_settings(r, design);
        if (!r->explain)
            status = simulate(cli, r, design, show);
        else if (cli->is_root)
            status = cli_print_explained(cli, design);
    }
    archi_show_close(&show);
    arch_design_destroy(&design);
    return status;
}

static int run_main(cli_t *cli, int argc, char **argv)
{
    cli_request_t request;
    int status = cli_run_options(cli, argc, argv, &request);

    if (status == CLI_DONE) /* the same on every rank */
        status = run_request(cli, &request);
    cli_changes_clear(&request.changes);
    free(request.figures);
    free(request.figure);
    return status;
}

const cli_command_t cli_run = {
    "run", "simulate a design",
    "Usage: architech run DESIGN.json [options]\n"
    "\n"
    "Simulate the design and print latencies, throughput, errors and utilisation with their 95 % confidence intervals,\n"
    "objectives met or missed, and findings with their evidence. Under mpirun or srun the ranks share the work;\n"
    "otherwise all cores of this machine do. The digest is the same however the work is shared.\n"
    "\n"
    "Answers:\n"
    "  -o, --output FILE.h5   write everything to an HDF5 file as well\n"
    "      --format F         print \"text\" (default) or \"json\"\n"
    "      --engine-stats     print as well where the time of the run went, rank by rank\n"
    "      --trace FILE.json  write what each rank did when, for https://ui.perfetto.dev or chrome://tracing\n"
    "      --explain          print the design with every default filled in; run nothing\n"
    "  -q, --quiet            print errors only\n"
    "      --no-progress      no progress line on the terminal\n"
    "      --show ENDPOINT    say how far it is to whoever watches (see architech help top): ipc://PATH, tcp://IP:PORT\n"
    "      --key FILE         the secret key of this run, where whoever watches must have one (see architech help keys)\n"
    "      --allow DIR        the public keys of those who may watch\n"
    "      --insecure         to be watched over a network without keys\n"
    "\n"
    "Instead of what the design says:\n"
    "      --set POINTER=VALUE  any value, by JSON pointer: /services/app/replicas=6, /run/interval=1s; as often as\n"
    "                         you like. VALUE is JSON; what is not JSON is taken as a text\n"
    "      --unset POINTER    take a value out\n"
    "      --seed N           of the random numbers\n"
    "      --replications N   independent repetitions, from which the confidence intervals come; \"auto\": as many as the\n"
    "                         precision takes\n"
    "      --precision P      repeat until figures are known to 5% or 0.02 of their values: half their interval (default\n"
    "                         with --replications auto: 5%)\n"
    "      --precision-of L   which figures: \"web lb/read p95,db utilisation\", named as objectives are in the results\n"
    "                         (default: those of the objectives; without any, mean and p95 of every operation)\n"
    "      --most-replications N  that this may take (default: 1000)\n"
    "      --duration T       simulated time of each: 60s, 5min, 1h\n"
    "      --warmup T         left out at the beginning of each; \"auto\" finds it (MSER-5)\n"
    "\n"
    "How to run; no answer depends on it:\n"
    "      --threads N        ranks as threads of this process (default: one per core that has work)\n"
    "      --group N          ranks that share one replication (default: chosen)\n"
    "      --partitions N     parts that a replication is cut into (default: chosen)\n"
    "      --executor E       \"auto\" (default): a GPU where there is one and replications are many, else \"cpu\": as\n"
    "                         suits the cores; \"gpu\": replications side by side on a GPU (docs/gpu.md); \"sequential\":\n"
    "                         each on one rank; \"conservative\" or \"optimistic\": its parts on several, in steps that\n"
    "                         are safe, or further and back when that was too far\n"
    "      --memory SIZE      for the simulated state of this process: 4GiB (default: four fifths of what is free,\n"
    "                         shared by the MPI ranks of a machine)\n"
    "\n"
    "To survive (see docs/checkpoints.md); no answer depends on it:\n"
    "      --checkpoint-every T            save the run every 30s, 10min ... of real time\n"
    "      --checkpoint-every-simulated T  or of simulated time\n"
    "      --checkpoint-dir DIR            where; default: checkpoints\n"
    "      --checkpoint-keep N             how many (default: 3)\n"
    "      --resume auto|PATH              go on from the newest sound checkpoint of this design, or from that one, on\n"
    "                                      any number of ranks\n"
    "\n"
    "Examples:\n"
    "  architech run examples/stage-2-horizontal.json\n"
    "  architech run design.json --replications 30 --seed 7 -o run.h5\n"
    "  mpirun -n 4 architech run design.json --format json > run.json\n"
    "\n"
    "Exit status: 0 done and every objective met, 1 done and an objective missed, 2 the input is at fault,\n"
    "             3 the machine is (no space, no memory, stopped by a signal), 75 stopped by SIGTERM or SIGUSR1 and saved:\n"
    "             run again with --resume. When a rank is killed, the launcher ends the others and gives a status of its\n"
    "             own: mpirun 137 after SIGKILL.\n",
    true, run_main,
};
