/* cli/worker.c - architech worker: do jobs for a coordinator. */
#include "cli/worker.h"
#include "cli/cli.h"
#include "workers/endpoint.h"
#include <architech/version.h>
#include <getopt.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { CONNECT = 256, KEY, SERVER_KEY, INSECURE, PATIENCE, JOBS, CREDIT, THREADS, MEMORY, ALONE };

static volatile sig_atomic_t caught; /* a signal handler has nothing else to write to */

static void catch_signal(int number) { caught = number; }

static bool must_leave(void *user)
{
    (void)user;
    return caught != 0;
}

/* The job does not stop, and a worker has nothing to lose. */
static void abandon(void *user)
{
    (void)user;
    _exit(CLI_MACHINE);
}

/* A second signal finds the default again and ends the program at once. */
static void catch_signals(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = catch_signal;
    action.sa_flags = SA_RESETHAND | SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

typedef struct {
    archi_worker_options_t options;
    cli_worker_t work;
    bool insecure;
} request_t;

/* What was expected instead, or NULL. */
static const char *read_value(int answer, const char *text, request_t *r)
{
    arch_time_t ns;
    uint64_t n;

    switch (answer) {
    case CONNECT: r->options.endpoint = text; return NULL;
    case KEY: r->options.key = text; return NULL;
    case SERVER_KEY: r->options.server_key = text; return NULL;
    case INSECURE: r->insecure = true; return NULL;
    case ALONE: return NULL; /* main() looked for it before MPI was begun */
    case MEMORY: return cli_parse_bytes(text, &r->work.memory) ? NULL : "a size such as 4GiB";
    case THREADS:
        if (!cli_parse_count(text, 1, 4096, &n))
            return "a whole number from 1 to 4096";
        r->work.threads = (uint32_t)n;
        return NULL;
    case PATIENCE:
        if (!cli_parse_time(text, &ns) || ns <= 0)
            return "a time such as 60s or 5min";
        r->options.patience_s = (double)ns * 1e-9;
        return NULL;
    case JOBS:
        return cli_parse_count(text, 1, UINT64_MAX / 2, &r->options.jobs_most) ? NULL : "a whole number from 1 on";
    default:
        if (!cli_parse_count(text, 1, 64, &n))
            return "a whole number from 1 to 64";
        r->options.credit = (uint32_t)n;
        return NULL;
    }
}

static int read_options(const cli_t *cli, int argc, char **argv, request_t *r)
{
    static const struct option options[] = {
        {"connect", required_argument, NULL, CONNECT},   {"key", required_argument, NULL, KEY},
        {"server-key", required_argument, NULL, SERVER_KEY}, {"insecure", no_argument, NULL, INSECURE},
        {"patience", required_argument, NULL, PATIENCE}, {"jobs", required_argument, NULL, JOBS},
        {"credit", required_argument, NULL, CREDIT},     {"threads", required_argument, NULL, THREADS},
        {"memory", required_argument, NULL, MEMORY},     {"alone", no_argument, NULL, ALONE},
        {0}};
    int answer, at;

    opterr = 0;
    while ((answer = getopt_long(argc, argv, ":", options, &at)) != -1) {
        const char *expected;
        if (answer == '?' || answer == ':')
            return cli_bad_option(cli, &cli_worker, argv, answer);
        expected = read_value(answer, optarg, r);
        if (expected != NULL)
            return cli_misuse(cli, &cli_worker, "worker: --%s %s: expected %s", options[at].name, optarg, expected);
    }
    if (optind != argc)
        return cli_misuse(cli, &cli_worker, "worker: takes no argument, found %s", argv[optind]);
    if (r->options.endpoint == NULL)
        return cli_misuse(cli, &cli_worker, "worker: --connect ENDPOINT is missing");
    if ((r->options.key == NULL) != (r->options.server_key == NULL))
        return cli_misuse(cli, &cli_worker, "worker: --key and --server-key go together");
    return CLI_DONE;
}

/* The rank that talks to the coordinator. */
static int serve(const cli_t *cli, request_t *r)
{
    arch_status_t st;

    if (archi_endpoint_check(r->options.endpoint, r->options.key, r->options.server_key, false) != ARCH_OK) {
        if (!r->insecure)
            return cli_misuse(cli, &cli_worker, "worker: %s", arch_error_text());
        if (archi_endpoint_check(r->options.endpoint, NULL, NULL, true) != ARCH_OK)
            return cli_failed(cli, arch_error_status());
        fprintf(stderr, "architech: %s is not encrypted, and anyone may pass for the coordinator\n", r->options.endpoint);
    }
    catch_signals();
    st = archi_worker_run(&r->options, cli_work, NULL);
    return st == ARCH_OK ? CLI_DONE : cli_failed(cli, st);
}

static int worker_main(cli_t *cli, int argc, char **argv)
{
    char program[64];
    request_t r = {.options = {.leaves = must_leave, .abandon = abandon, .program = program},
                   .work = {.cli = cli, .threads = 1}};
    int status = read_options(cli, argc, argv, &r);

    if (status != CLI_DONE)
        return status; /* the same on every rank */
    snprintf(program, sizeof program, "architech/%s", arch_version());
    r.options.user = &r.work;
    if (!cli->is_root)
        return cli_work_help(&r.work);
    status = serve(cli, &r);
    cli_work_end(&r.work);
    return status;
}

const cli_command_t cli_worker = {
    "worker", "work for a coordinator",
    "Usage: architech worker --connect ENDPOINT [options]\n"
    "\n"
    "Do what a command hands out that has a lot to run, until it is done. Any number of workers may come and go at any\n"
    "time, on any machine; what one had not finished is done by another. No answer depends on who did the work.\n"
    "\n"
    "Options:\n"
    "      --connect ENDPOINT  of the command: tcp://HOST:PORT, or ipc://PATH on the same machine\n"
    "      --key FILE          the secret key of this worker (see architech help keys)\n"
    "      --server-key FILE   the public key of the command\n"
    "      --insecure          over a network without keys: anyone may listen, or pass for the other side\n"
    "      --patience T        leave when nothing has been heard of the command for so long (default: 60s)\n"
    "      --jobs N            leave after so many jobs\n"
    "      --credit N          jobs held at a time, the one under way included (default: 2)\n"
    "      --threads N         that do a job together (default: 1)\n"
    "      --memory SIZE       for the simulated state of a job: 4GiB (default: four fifths of what is free)\n"
    "      --alone             do not ask whether MPI started this process\n"
    "\n"
    "Under mpirun or srun --mpi=pmix all ranks together are one worker, for designs that need it; with --alone each of\n"
    "them is one.\n"
    "\n"
    "Example:\n"
    "  architech worker --connect tcp://10.0.0.1:5555 --key worker.key --server-key coordinator.pub\n"
    "\n"
    "Exit status: 0 the command is done, or a signal came, or all N jobs are done; 2 the options or a key file are at\n"
    "             fault; 3 nobody is there, or the command does not want this worker.\n",
    true, worker_main,
};
