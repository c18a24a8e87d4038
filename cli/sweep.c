/* cli/sweep.c - architech sweep: a design simulated over axes of its values. */
#include "cli/lab.h"
#include "io/output.h"
#include <architech/results.h>
#include <architech/sweep.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum { FORMAT = 256, CSV, REPLICATIONS, CONFIDENCE, DRY_RUN, ROWS, JOURNAL };
enum { AS_TEXT, AS_CSV };

static const struct option options[] = {
    {"output", required_argument, NULL, 'o'},
    {"csv", required_argument, NULL, CSV},
    {"format", required_argument, NULL, FORMAT},
    {"replications", required_argument, NULL, REPLICATIONS},
    {"confidence", required_argument, NULL, CONFIDENCE},
    {"rows", required_argument, NULL, ROWS},
    {"dry-run", no_argument, NULL, DRY_RUN},
    {"journal", required_argument, NULL, JOURNAL},
    CLI_LAB_OPTIONS,
    {0},
};

typedef struct {
    const char *spec, *output, *csv, *journal;
    char *own_journal; /* beside the output */
    int format;
    bool dry;
    uint32_t replications, rows;
    double confidence;
    cli_lab_t lab;
    arch_sweep_t *sweep;
    arch_swept_t *found;
} request_t;

/* ---- the command line ------------------------------------------------------------------------------------------- */

static const char *read_option(void *request, int answer, const char *value)
{
    request_t *r = request;

    switch (answer) {
    case 'o':
        r->output = value;
        return NULL;
    case CSV:
        r->csv = value;
        return NULL;
    case FORMAT:
        r->format = strcmp(value, "csv") == 0 ? AS_CSV : AS_TEXT;
        return r->format == AS_CSV || strcmp(value, "text") == 0 ? NULL : "\"text\" or \"csv\"";
    case REPLICATIONS:
        return cli_take_count(value, 1, 1000000, &r->replications);
    case CONFIDENCE:
        return cli_parse_share(value, &r->confidence) ? NULL : "a share, such as 95%";
    case ROWS:
        return cli_take_count(value, 0, 1000000, &r->rows);
    case DRY_RUN:
        r->dry = true;
        return NULL;
    default:
        r->journal = value;
        return NULL;
    }
}

static int read_command(const cli_t *cli, int argc, char **argv, request_t *r)
{
    int status = cli_lab_options(cli, &cli_sweep, argc, argv, options, &r->lab, read_option, r);

    if (status != CLI_DONE)
        return status;
    if (argc - optind != 1)
        return cli_misuse(cli, &cli_sweep, "sweep: expected one sweep file, found %d", argc - optind);
    r->spec = argv[optind];
    return CLI_DONE;
}

static int read_sweep(const cli_t *cli, request_t *r)
{
    arch_problems_t problems = {0, NULL};
    arch_status_t st = arch_sweep_read(r->spec, &r->sweep, &problems);
    int status = st == ARCH_OK ? CLI_DONE : problems.n == 0 ? cli_failed(cli, st) : arch_status_exit(st);

    for (uint32_t i = 0; st != ARCH_OK && i < problems.n; i++)
        fprintf(stderr, "architech: %s: %s%s%s\n", r->spec, problems.problem[i].at,
                *problems.problem[i].at != '\0' ? ": " : "", problems.problem[i].text);
    arch_problems_clear(&problems);
    if (st == ARCH_OK && r->replications > 0)
        r->sweep->replications = r->replications;
    return status;
}

/* ---- the answer ------------------------------------------------------------------------------------------------- */

static arch_status_t write_csv(const char *path, const arch_swept_t *swept)
{
    archi_output_t file;
    char *text = NULL;
    arch_status_t st;

    ARCH_TRY(arch_swept_csv(swept, &text));
    st = archi_output_open(path, &file);
    if (st == ARCH_OK)
        st = archi_output_write(&file, text, strlen(text), 0);
    if (st == ARCH_OK)
        st = archi_output_finish(&file);
    archi_output_clear(&file);
    free(text);
    return st;
}

static arch_status_t sweep(void *request, arch_lab_t *lab)
{
    request_t *r = request;

    return arch_sweep(lab, r->sweep, r->confidence, &r->found);
}

static arch_status_t write_files(const void *request)
{
    const request_t *r = request;

    if (r->output != NULL)
        ARCH_TRY(arch_swept_write(r->output, r->found));
    return r->csv != NULL ? write_csv(r->csv, r->found) : ARCH_OK;
}

static arch_status_t say(const void *request, char **text)
{
    const request_t *r = request;

    return r->format == AS_CSV ? arch_swept_csv(r->found, text)
                               : arch_swept_text(r->found, cli_columns(stdout), cli_colour(stdout), r->rows, text);
}

static int list(const cli_t *cli, const request_t *r)
{
    char *text = NULL;
    arch_status_t st = arch_sweep_list(r->sweep, cli_columns(stdout), cli_colour(stdout), &text);

    if (st != ARCH_OK)
        return cli_failed(cli, st);
    fputs(text, stdout);
    free(text);
    return CLI_DONE;
}

/* Answers are kept beside the output until that is there, so that the same command goes on after a crash. */
static const char *journal_of(request_t *r)
{
    size_t n = r->output != NULL ? strlen(r->output) + sizeof ".jobs" : 0;

    if (r->journal != NULL || r->output == NULL)
        return r->journal;
    r->own_journal = malloc(n);
    if (r->own_journal != NULL)
        snprintf(r->own_journal, n, "%s.jobs", r->output);
    return r->own_journal;
}

static int sweep_main(cli_t *cli, int argc, char **argv)
{
    request_t r;
    int status;

    memset(&r, 0, sizeof r);
    r.rows = 50;
    status = read_command(cli, argc, argv, &r);
    if (status == CLI_DONE)
        status = read_sweep(cli, &r);
    if (status == CLI_DONE)
        status = r.dry ? list(cli, &r)
                       : cli_lab_run(cli, &r.lab, &(cli_experiment_t){&r, journal_of(&r), {r.output, r.csv}, sweep,
                                                                      write_files, say});
    arch_swept_destroy(&r.found);
    arch_sweep_destroy(&r.sweep);
    free(r.own_journal);
    return status;
}

const cli_command_t cli_sweep = {
    "sweep",
    "simulate a design over axes of its values",
    "Usage: architech sweep SPEC.json [-o FILE.h5] [options]\n"
    "\n"
    "Simulate every point of a sweep: combinations of values, pairs, a Latin hypercube or Sobol's sequence, as the "
    "file\n"
    "says. One HDF5 file has an array per metric over the axes. A sweep that was stopped goes on when the same "
    "command\n"
    "is given again: until its end, answers are kept in FILE.h5.jobs.\n"
    "\n"
    "  -o, --output FILE.h5   write everything to an HDF5 file\n"
    "      --csv FILE.csv     write the table as comma-separated values\n"
    "      --format text|csv  what to print (default: text)\n"
    "      --rows N           points printed as text; 0: all (default: 50)\n"
    "      --dry-run          list the points and simulate nothing\n"
    "      --replications N   of each point, instead of what the file says\n"
    "      --confidence SHARE of intervals (default: 95%)\n"
    "      --journal FOLDER   keep answers there instead\n" CLI_LAB_USAGE "\n"
    "Example:\n"
    "  architech sweep examples/experiments/sweep.json -o sweep.h5\n"
    "\n"
    "Exit status: 0 answered, 2 the input is at fault, 3 the machine is.\n",
    false,
    sweep_main,
};
