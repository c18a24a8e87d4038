/* cli/compare.c - architech compare: which figures of two or more designs differ, and why. */
#include "cli/lab.h"
#include <architech/compare.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum {
    FORMAT = 256,
    REPLICATIONS,
    MOST,
    PRECISION,
    CONFIDENCE,
    DURATION,
    WARMUP,
    SEED,
    ALL,
    INDEPENDENT,
    SET,
    UNSET,
    JOURNAL
};

static const struct option options[] = {
    {"output", required_argument, NULL, 'o'},
    {"format", required_argument, NULL, FORMAT},
    {"replications", required_argument, NULL, REPLICATIONS},
    {"most-replications", required_argument, NULL, MOST},
    {"precision", required_argument, NULL, PRECISION},
    {"confidence", required_argument, NULL, CONFIDENCE},
    {"duration", required_argument, NULL, DURATION},
    {"warmup", required_argument, NULL, WARMUP},
    {"seed", required_argument, NULL, SEED},
    {"all", no_argument, NULL, ALL},
    {"independent", no_argument, NULL, INDEPENDENT},
    {"set", required_argument, NULL, SET},
    {"unset", required_argument, NULL, UNSET},
    {"journal", required_argument, NULL, JOURNAL},
    CLI_LAB_OPTIONS,
    {0},
};

typedef struct {
    const char *output, *journal;
    bool json, all, has_seed, has_duration, has_warmup;
    uint64_t seed;
    arch_time_t duration, warmup;
    arch_compare_options_t o;
    cli_changes_t changes;
    cli_lab_t lab;
    char **path;
    uint32_t n;
    arch_design_t **design; /* [n] */
    arch_comparison_t *found;
} request_t;

/* ---- the command line ------------------------------------------------------------------------------------------- */

static const char *read_warmup(request_t *r, const char *text)
{
    r->has_warmup = true;
    r->warmup = ARCH_AUTO;
    return strcmp(text, "auto") == 0 || cli_parse_time(text, &r->warmup)
               ? NULL
               : "a time with a unit, such as 5s, or \"auto\"";
}

static const char *read_option(void *request, int answer, const char *value)
{
    request_t *r = request;

    switch (answer) {
    case 'o':
        r->output = value;
        return NULL;
    case FORMAT:
        return cli_take_json(value, &r->json);
    case REPLICATIONS:
        return cli_take_count(value, 2, 1000000, &r->o.replications);
    case MOST:
        return cli_take_count(value, 2, 1000000, &r->o.most_replications);
    case PRECISION:
        return cli_parse_share(value, &r->o.precision) ? NULL : "a share, such as 1%";
    case CONFIDENCE:
        return cli_parse_share(value, &r->o.confidence) ? NULL : "a share, such as 95%";
    case DURATION:
        r->has_duration = true;
        return cli_parse_time(value, &r->duration) && r->duration > 0 ? NULL
                                                                      : "a time with a unit above 0, such as 60s";
    case WARMUP:
        return read_warmup(r, value);
    case SEED:
        r->has_seed = true;
        return cli_parse_count(value, 0, UINT64_MAX, &r->seed) ? NULL : "a whole number";
    case ALL:
        r->all = true;
        return NULL;
    case INDEPENDENT:
        r->o.independent = 1;
        return NULL;
    case JOURNAL:
        r->journal = value;
        return NULL;
    case SET:
        return cli_take_set(&r->changes, value);
    default:
        return cli_take_unset(&r->changes, value);
    }
}

static int read_command(const cli_t *cli, int argc, char **argv, request_t *r)
{
    int status = cli_lab_options(cli, &cli_compare, argc, argv, options, &r->lab, read_option, r);

    if (status != CLI_DONE)
        return status;
    r->path = argv + optind;
    r->n = (uint32_t)(argc - optind);
    if (r->n < 2)
        return cli_misuse(cli, &cli_compare, "compare: expected two or more designs, found %u", r->n);
    return CLI_DONE;
}

static int read_designs(const cli_t *cli, request_t *r)
{
    r->design = calloc(r->n, sizeof(arch_design_t *));
    if (r->design == NULL)
        return cli_failed(cli, ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u designs", r->n));
    for (uint32_t k = 0; k < r->n; k++) {
        int status = cli_read_changed(cli, r->path[k], &r->changes, &r->design[k]);
        if (status != CLI_DONE)
            return status;
        if (r->has_seed)
            r->design[k]->run.seed = r->seed;
        if (r->has_duration)
            r->design[k]->run.duration = r->duration;
        if (r->has_warmup)
            r->design[k]->run.warmup = r->warmup;
        if (r->o.replications > 0)
            r->design[k]->run.replications = r->o.replications;
        if (r->design[k]->run.warmup != ARCH_AUTO && r->design[k]->run.warmup >= r->design[k]->run.duration)
            return cli_misuse(cli, &cli_compare, "compare: the warm-up of %s takes its whole duration", r->path[k]);
    }
    return CLI_DONE;
}

/* ---- the answer ------------------------------------------------------------------------------------------------- */

static arch_status_t compare(void *request, arch_lab_t *lab)
{
    request_t *r = request;

    return arch_compare(lab, (const arch_design_t *const *)r->design, r->n, &r->o, &r->found);
}

static arch_status_t write_file(const void *request)
{
    const request_t *r = request;

    return r->output != NULL ? arch_comparison_write(r->output, r->found) : ARCH_OK;
}

static arch_status_t say(const void *request, char **text)
{
    const request_t *r = request;

    return r->json ? arch_comparison_json(r->found, text)
                   : arch_comparison_text(r->found, cli_columns(stdout), cli_colour(stdout), r->all, text);
}

static int compare_main(cli_t *cli, int argc, char **argv)
{
    request_t r;
    int status;

    memset(&r, 0, sizeof r);
    status = read_command(cli, argc, argv, &r);
    if (status == CLI_DONE)
        status = read_designs(cli, &r);
    if (status == CLI_DONE)
        status = cli_lab_run(cli, &r.lab, &(cli_experiment_t){&r, r.journal, {r.output}, compare, write_file, say});
    arch_comparison_destroy(&r.found);
    for (uint32_t k = 0; r.design != NULL && k < r.n; k++)
        arch_design_destroy(&r.design[k]);
    free(r.design);
    cli_changes_clear(&r.changes);
    return status;
}

const cli_command_t cli_compare = {
    "compare",
    "say which figures of designs differ, and where on the way it arises",
    "Usage: architech compare BASE.json OTHER.json [...] [options]\n"
    "\n"
    "Run designs on the same random numbers and set each beside the first: the difference and ratio of every metric\n"
    "with confidence intervals, where the change of mean latency arises, objectives side by side. Says so where the\n"
    "data can show no difference, and what it would take. All run with the base's seed, duration and warm-up.\n"
    "\n"
    "      --replications N   of every design (default: what the base says)\n"
    "      --precision SHARE  add replications until the difference of every headline is known to within that share of "
    "the\n"
    "                         base's figure: 1%\n"
    "      --most-replications N  with --precision: stop there (default: 1000)\n"
    "      --confidence SHARE of intervals; all headlines' hold together (default: 95%)\n"
    "      --independent      no common random numbers: to see what they buy\n"
    "      --all              print every metric, not only headlines and what clearly differs\n"
    "      --format text|json what to print (default: text)\n"
    "  -o, --output FILE.h5   write everything to an HDF5 file as well\n"
    "      --journal FOLDER   keep answers there until the end, so that the same command goes on after a crash\n"
    "Instead of what the designs say:\n"
    "      --duration TIME    simulated time of each replication: 60s, 5min\n"
    "      --warmup TIME|auto what is left out at its beginning; auto finds one for all\n"
    "      --seed N           of the random numbers\n"
    "      --set POINTER=VALUE  with another value in every design: /workloads/web/rate=800/s; as often as you like\n"
    "      --unset POINTER    without a value\n" CLI_LAB_USAGE "\n"
    "Example:\n"
    "  architech compare examples/stage-2-horizontal.json examples/stage-3-read-replicas.json \\\n"
    "      --set /workloads/web/rate=800/s\n"
    "\n"
    "Exit status: 0 answered, 2 the input is at fault, 3 the machine is.\n",
    false,
    compare_main,
};
