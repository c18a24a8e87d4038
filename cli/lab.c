/* cli/lab.c - where experiments are simulated, as the command line says it. */
#include "cli/lab.h"
#include "coordinator/machine.h"
#include "kernels/gpu.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_WORKERS = 4096 };

/* ---- options ---------------------------------------------------------------------------------------------------- */

static const char *read_executor(const char *text, uint32_t *executor)
{
    *executor = strcmp(text, "cpu") == 0 ? ARCH_EXECUTOR_CPU : strcmp(text, "gpu") == 0 ? ARCH_EXECUTOR_GPU
                                                                                        : ARCH_EXECUTOR_AUTO;
    return *executor != ARCH_EXECUTOR_AUTO || strcmp(text, "auto") == 0 ? NULL : "\"auto\", \"cpu\" or \"gpu\"";
}

static const char *read_option(cli_lab_t *lab, int answer, const char *value)
{
    arch_lab_options_t *o = &lab->options;

    switch (answer) {
    case CLI_LAB_WORKERS: lab->has_workers = true; return cli_take_count(value, 0, MOST_WORKERS, &o->workers);
    case CLI_LAB_THREADS: return cli_take_count(value, 1, MOST_WORKERS, &o->threads);
    case CLI_LAB_LISTEN: o->endpoint = value; break;
    case CLI_LAB_KEY: o->key = value; break;
    case CLI_LAB_ALLOW: o->allowed = value; break;
    case CLI_LAB_INSECURE: o->insecure = 1; break;
    case CLI_LAB_PUBLISH: o->publish = value; break;
    case CLI_LAB_MEMORY: return cli_parse_bytes(value, &o->memory_limit) ? NULL : "a size with a unit, such as 4GiB";
    case CLI_LAB_EXECUTOR: return read_executor(value, &o->executor);
    case CLI_LAB_NO_PROGRESS: lab->no_progress = true; break;
    default: lab->quiet = true; break;
    }
    return NULL;
}

/* The value of a long option may follow in a word of its own: its name is that of the table. */
static const char *name_of(const struct option *options, int answer)
{
    while (options->name != NULL && options->val != answer)
        options++;
    return options->name != NULL ? options->name : "?";
}

int cli_lab_options(const cli_t *cli, const cli_command_t *command, int argc, char **argv, const struct option *options,
                    cli_lab_t *lab, const char *(*take)(void *user, int answer, const char *value), void *user)
{
    int answer;

    opterr = 0;
    while ((answer = getopt_long(argc, argv, ":o:q", options, NULL)) != -1) {
        const char *expected;
        if (answer == '?' || answer == ':' || (answer == 'o' && strcmp(name_of(options, 'o'), "?") == 0))
            return cli_bad_option(cli, command, argv, answer);
        answer = answer == 'q' ? CLI_LAB_QUIET : answer;
        if (answer >= CLI_LAB_WORKERS && answer <= CLI_LAB_QUIET)
            expected = read_option(lab, answer, optarg);
        else
            expected = take(user, answer, optarg);
        if (expected != NULL)
            return cli_misuse(cli, command, "%s: --%s: found \"%s\", expected %s", command->name, name_of(options, answer),
                              optarg, expected);
    }
    return CLI_DONE;
}

/* ---- progress --------------------------------------------------------------------------------------------------- */

static void say_left(double s, char *out, size_t bytes)
{
    if (s < 0)
        snprintf(out, bytes, "?");
    else if (s < 60)
        snprintf(out, bytes, "%.0f s", s);
    else if (s < 3600)
        snprintf(out, bytes, "%.0f min %02d s", s / 60, (int)s % 60);
    else
        snprintf(out, bytes, "%.0f h %02d min", s / 3600, (int)s / 60 % 60);
}

static int tell(void *user, const arch_lab_progress_t *p)
{
    cli_progress_t *progress = user;
    char left[48];

    if (progress->shows) {
        say_left(p->seconds_left, left, sizeof left);
        fprintf(stderr, "\r\033[K%s%s%llu of %llu jobs  %.3g/s  %u worker%s  %s left", p->doing,
                p->doing[0] != '\0' ? "  " : "", (unsigned long long)p->jobs_done, (unsigned long long)p->jobs_asked,
                p->jobs_per_second, p->workers, p->workers == 1 ? "" : "s", left);
        fflush(stderr);
        progress->shown = true;
    }
    return cli_progress_signal() != 0;
}

/* ---- open and close --------------------------------------------------------------------------------------------- */

/* Workers are this very program, wherever it lies. Those of one machine share its memory. */
static void set_command(cli_lab_t *lab)
{
    arch_lab_options_t *o = &lab->options;
    ssize_t n = readlink("/proc/self/exe", lab->program, sizeof lab->program - 1);
    uint64_t memory = o->memory_limit > 0 ? o->memory_limit
                                          : archi_machine_free_bytes() / 5 * 4 / (o->workers > 0 ? o->workers : 1);
    const char *const command[8] = {n > 0 ? lab->program : "architech", "worker", "--alone", "--memory", lab->memory,
                                    "--connect", "ENDPOINT", NULL};

    if (n > 0)
        lab->program[n] = '\0';
    snprintf(lab->memory, sizeof lab->memory, "%llu", (unsigned long long)(memory > 0 ? memory : 1));
    memcpy(lab->command, command, sizeof command);
    o->worker_command = lab->command;
}

/* Nothing was said of workers or threads. */
static bool may_use_gpu(const arch_lab_options_t *o)
{
    return o->executor == ARCH_EXECUTOR_GPU ||
           (o->executor == ARCH_EXECUTOR_AUTO && o->endpoint == NULL && o->publish == NULL && archi_device_count() > 0);
}

static int open_lab(const cli_t *cli, cli_lab_t *lab, const char *journal, arch_lab_t **out)
{
    arch_lab_options_t *o = &lab->options;

    cli_progress_begin(&lab->progress, cli->is_root && !lab->quiet && !lab->no_progress && isatty(fileno(stderr)), false);
    lab->progress.warns = true;
    lab->progress.notes = !lab->quiet;
    if (!lab->has_workers && o->threads == 0 && !may_use_gpu(o))
        o->workers = archi_machine_cores();
    set_command(lab);
    o->journal = journal;
    o->progress = tell;
    o->note = cli_progress_note;
    o->user = &lab->progress;
    return arch_lab_open(o, out) == ARCH_OK ? CLI_DONE : cli_failed(cli, arch_error_status());
}

/* The progress line is wiped off; `finished`: the journal goes, too. */
static void close_lab(cli_lab_t *lab, arch_lab_t **open, bool finished)
{
    cli_progress_end(&lab->progress);
    if (finished)
        arch_lab_finish(open);
    else
        arch_lab_close(open);
}

static int say_failed(const cli_t *cli, arch_status_t st)
{
    if (st != ARCH_E_CANCELLED)
        return cli_failed(cli, st);
    if (cli->is_root)
        fprintf(stderr, "architech: stopped by %s before the end\n",
                cli_progress_signal() == SIGTERM ? "SIGTERM" : "SIGINT");
    return CLI_MACHINE;
}

static arch_status_t say(const cli_lab_t *lab, const cli_experiment_t *e)
{
    char *text = NULL;

    if (lab->quiet)
        return ARCH_OK;
    ARCH_TRY(e->say(e->request, &text));
    fputs(text, stdout);
    free(text);
    return ARCH_OK;
}

int cli_lab_run(const cli_t *cli, cli_lab_t *lab, const cli_experiment_t *e)
{
    arch_lab_t *open = NULL;
    arch_status_t st = ARCH_OK;
    int status;

    for (size_t i = 0; i < sizeof e->files / sizeof *e->files && st == ARCH_OK; i++)
        if (e->files[i] != NULL)
            st = arch_results_probe(e->files[i]);
    if (st != ARCH_OK)
        return cli_failed(cli, st);
    status = open_lab(cli, lab, e->journal, &open);
    if (status == CLI_DONE)
        st = e->run(e->request, open);
    if (status == CLI_DONE && st == ARCH_OK && e->write != NULL)
        st = e->write(e->request);
    close_lab(lab, &open, status == CLI_DONE && st == ARCH_OK);
    if (status != CLI_DONE)
        return status;
    if (st == ARCH_OK)
        st = say(lab, e);
    return st == ARCH_OK ? CLI_DONE : say_failed(cli, st);
}

const char *cli_take_json(const char *text, bool *json)
{
    *json = strcmp(text, "json") == 0;
    return *json || strcmp(text, "text") == 0 ? NULL : "\"text\" or \"json\"";
}
