/* cli/sensitivity.c - architech sensitivity: which number of a design is worth measuring next. */
#include "cli/lab.h"
#include <architech/sensitivity.h>
#include <getopt.h>
#include <string.h>

enum { FORMAT = 256, METRIC, RANGE, ONLY, TRAJECTORIES, MOST, BASE, REPLICATIONS, SEED, SET, UNSET, JOURNAL };
enum { MOST_ONLY = 256 };

static const struct option options[] = {
    {"format", required_argument, NULL, FORMAT},
    {"metric", required_argument, NULL, METRIC},
    {"range", required_argument, NULL, RANGE},
    {"only", required_argument, NULL, ONLY},
    {"trajectories", required_argument, NULL, TRAJECTORIES},
    {"most", required_argument, NULL, MOST},
    {"base", required_argument, NULL, BASE},
    {"replications", required_argument, NULL, REPLICATIONS},
    {"seed", required_argument, NULL, SEED},
    {"set", required_argument, NULL, SET},
    {"unset", required_argument, NULL, UNSET},
    {"journal", required_argument, NULL, JOURNAL},
    CLI_LAB_OPTIONS,
    {0},
};

typedef struct {
    const char *design, *journal, *only[MOST_ONLY];
    bool json;
    arch_sensitivity_options_t o;
    cli_changes_t changes;
    cli_lab_t lab;
    arch_design_t *read;
    arch_sensitivity_t *found;
} request_t;

static const char *read_only(request_t *r, const char *value)
{
    if (value[0] != '/')
        return "the beginning of a JSON pointer, such as /databases/db";
    if (r->o.n_only == MOST_ONLY)
        return "at most 256 of them";
    r->only[r->o.n_only++] = value;
    r->o.only = r->only;
    return NULL;
}

static const char *read_option(void *request, int answer, const char *value)
{
    request_t *r = request;

    switch (answer) {
    case FORMAT: return cli_take_json(value, &r->json);
    case METRIC: r->o.metric = value; return NULL;
    case RANGE: return cli_parse_share(value, &r->o.range) ? NULL : "a share, such as 20%";
    case ONLY: return read_only(r, value);
    case TRAJECTORIES: return cli_take_count(value, 1, 1000000, &r->o.trajectories);
    case MOST: return cli_take_count(value, 1, 1000000, &r->o.most);
    case BASE: return cli_take_count(value, 1, 1000000, &r->o.base);
    case REPLICATIONS: return cli_take_count(value, 1, 1000000, &r->o.replications);
    case SEED: return cli_parse_count(value, 1, UINT64_MAX, &r->o.seed) ? NULL : "a whole number from 1 on";
    case JOURNAL: r->journal = value; return NULL;
    case SET: return cli_take_set(&r->changes, value);
    default: return cli_take_unset(&r->changes, value);
    }
}

static int read_command(const cli_t *cli, int argc, char **argv, request_t *r)
{
    int status = cli_lab_options(cli, &cli_sensitivity, argc, argv, options, &r->lab, read_option, r);

    if (status != CLI_DONE)
        return status;
    if (argc - optind != 1)
        return cli_misuse(cli, &cli_sensitivity, "sensitivity: expected one design, found %d", argc - optind);
    r->design = argv[optind];
    return CLI_DONE;
}

static arch_status_t study(void *request, arch_lab_t *lab)
{
    request_t *r = request;

    return arch_sensitivity(lab, r->read, &r->o, &r->found);
}

static arch_status_t say(const void *request, char **text)
{
    const request_t *r = request;

    return r->json ? arch_sensitivity_json(r->found, text)
                   : arch_sensitivity_text(r->found, cli_columns(stdout), cli_colour(stdout), text);
}

static int sensitivity_main(cli_t *cli, int argc, char **argv)
{
    request_t r;
    int status;

    memset(&r, 0, sizeof r);
    status = read_command(cli, argc, argv, &r);
    if (status == CLI_DONE)
        status = cli_read_changed(cli, r.design, &r.changes, &r.read);
    if (status == CLI_DONE)
        status = cli_lab_run(cli, &r.lab,
                             &(cli_experiment_t){.request = &r, .journal = r.journal, .run = study, .say = say});
    arch_sensitivity_destroy(&r.found);
    arch_design_destroy(&r.read);
    cli_changes_clear(&r.changes);
    return status;
}

const cli_command_t cli_sensitivity = {
    "sensitivity", "find the number of a design that is worth measuring next",
    "Usage: architech sensitivity DESIGN.json [options]\n"
    "\n"
    "Multiply every number of the design that somebody measured or guessed (times, rates, hit ratios; no decisions such as\n"
    "replicas) by factors within a range. All are screened by elementary effects (Morris); the strongest are told apart by\n"
    "their shares of the metric's variance (Sobol). See docs/experiments.md.\n"
    "\n"
    "      --metric NAME      \"web lb/read p95\", \"db utilisation\" ... (default: the first objective's)\n"
    "      --range P          factors from 1 / (1 + P) to 1 + P (default: 20%)\n"
    "      --only POINTER     vary only what begins so: /databases/db; as often as you like\n"
    "      --trajectories N   of the screening (default: 8)\n"
    "      --most N           numbers whose shares of variance are looked for (default: 4)\n"
    "      --base N           points of those, times --most + 2; a power of two (default: 64)\n"
    "      --replications N   of every point (default: 2)\n"
    "      --seed N           of the points (default: 1)\n"
    "      --set POINTER=VALUE  change the design first, as for run\n"
    "      --unset POINTER    take a value out first\n"
    "      --format F         print \"text\" (default) or \"json\"\n"
    "      --journal DIR      keep answers there until the end, so that the same command goes on where it was stopped\n"
    "\n"
    CLI_LAB_USAGE
    "\n"
    "Example:\n"
    "  architech sensitivity examples/stage-2-horizontal.json --metric 'web lb/read p95'\n"
    "\n"
    "Exit status: 0 done, 2 the input is at fault, 3 the machine is.\n",
    false, sensitivity_main,
};
