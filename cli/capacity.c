/* cli/capacity.c - architech capacity: how much load a design carries. */
#include "cli/lab.h"
#include <architech/capacity.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum { FORMAT = 256, CONFIDENCE, TOLERANCE, REPLICATIONS, MOST, OVERLOAD, OVERLOAD_TIME, RECOVERY_TIME, NO_RECOVERY, SET,
       UNSET, JOURNAL };

static const struct option options[] = {
    {"format", required_argument, NULL, FORMAT},
    {"confidence", required_argument, NULL, CONFIDENCE},
    {"tolerance", required_argument, NULL, TOLERANCE},
    {"replications", required_argument, NULL, REPLICATIONS},
    {"most-replications", required_argument, NULL, MOST},
    {"overload", required_argument, NULL, OVERLOAD},
    {"overload-time", required_argument, NULL, OVERLOAD_TIME},
    {"recovery-time", required_argument, NULL, RECOVERY_TIME},
    {"no-recovery", no_argument, NULL, NO_RECOVERY},
    {"set", required_argument, NULL, SET},
    {"unset", required_argument, NULL, UNSET},
    {"journal", required_argument, NULL, JOURNAL},
    CLI_LAB_OPTIONS,
    {0},
};

typedef struct {
    const char *design, *journal;
    bool json;
    arch_capacity_options_t o;
    cli_changes_t changes;
    cli_lab_t lab;
    arch_design_t *read;
    arch_capacity_t *found;
} request_t;

static const char *read_time(const char *text, arch_time_t *out)
{
    return cli_parse_time(text, out) && *out > 0 ? NULL : "a time with a unit above 0, such as 30s";
}

static const char *read_number(const char *text, double *out)
{
    char *end;

    *out = strtod(text, &end);
    return end != text && *end == '\0' && *out > 0 ? NULL : "a number above 0";
}

static const char *read_option(void *request, int answer, const char *value)
{
    request_t *r = request;

    switch (answer) {
    case FORMAT: return cli_take_json(value, &r->json);
    case CONFIDENCE: return cli_parse_share(value, &r->o.confidence) ? NULL : "a share, such as 95%";
    case TOLERANCE: return cli_parse_share(value, &r->o.tolerance) ? NULL : "a share, such as 1%";
    case REPLICATIONS: return cli_take_count(value, 1, 1000000, &r->o.replications);
    case MOST: return cli_take_count(value, 1, 1000000, &r->o.most_replications);
    case OVERLOAD: return read_number(value, &r->o.overload);
    case OVERLOAD_TIME: return read_time(value, &r->o.overload_time);
    case RECOVERY_TIME: return read_time(value, &r->o.recovery_time);
    case NO_RECOVERY: r->o.no_recovery = 1; return NULL;
    case JOURNAL: r->journal = value; return NULL;
    case SET: return cli_take_set(&r->changes, value);
    default: return cli_take_unset(&r->changes, value);
    }
}

static int read_command(const cli_t *cli, int argc, char **argv, request_t *r)
{
    int status = cli_lab_options(cli, &cli_capacity, argc, argv, options, &r->lab, read_option, r);

    if (status != CLI_DONE)
        return status;
    if (argc - optind != 1)
        return cli_misuse(cli, &cli_capacity, "capacity: expected one design, found %d", argc - optind);
    r->design = argv[optind];
    return CLI_DONE;
}

static arch_status_t find(void *request, arch_lab_t *lab)
{
    request_t *r = request;

    return arch_capacity(lab, r->read, &r->o, &r->found);
}

static arch_status_t say(const void *request, char **text)
{
    const request_t *r = request;

    return r->json ? arch_capacity_json(r->found, text)
                   : arch_capacity_text(r->found, cli_columns(stdout), cli_colour(stdout), text);
}

/* Missed: not even the load that the design names is carried. */
static int capacity_main(cli_t *cli, int argc, char **argv)
{
    request_t r;
    int status;

    memset(&r, 0, sizeof r);
    status = read_command(cli, argc, argv, &r);
    if (status == CLI_DONE)
        status = cli_read_changed(cli, r.design, &r.changes, &r.read);
    if (status == CLI_DONE)
        status = cli_lab_run(cli, &r.lab,
                             &(cli_experiment_t){.request = &r, .journal = r.journal, .run = find, .say = say});
    if (status == CLI_DONE && !(r.found->capacity.carried >= 1))
        status = CLI_MISSED;
    arch_capacity_destroy(&r.found);
    arch_design_destroy(&r.read);
    cli_changes_clear(&r.changes);
    return status;
}

const cli_command_t cli_capacity = {
    "capacity", "find the load that a design carries",
    "Usage: architech capacity DESIGN.json [options]\n"
    "\n"
    "Find the largest load at which every objective is clearly met, the smallest at which one is clearly missed, which\n"
    "one breaks first, the knee before that, and the load that is carried again after an overload. Load is a factor on\n"
    "the rates and users of all workloads. Without objectives a load is carried as long as requests do not pile up.\n"
    "See docs/experiments.md.\n"
    "\n"
    "      --confidence P     of every judgement (default: 95%)\n"
    "      --tolerance P      how closely the capacity is bracketed (default: 2%)\n"
    "      --replications N   of a load at first (default: 4)\n"
    "      --most-replications N  of a load that is hard to judge (default: twice the design's)\n"
    "      --overload X       recovery is asked after X times the capacity (default: 1.5) ...\n"
    "      --overload-time T  ... for so long (default: half of the design's duration) ...\n"
    "      --recovery-time T  ... and so long to recover (default: the design's duration)\n"
    "      --no-recovery      leave recovery out\n"
    "      --set POINTER=VALUE  change the design first, as for run\n"
    "      --unset POINTER    take a value out first\n"
    "      --format F         print \"text\" (default) or \"json\"\n"
    "      --journal DIR      keep answers there until the end, so that the same command goes on where it was stopped\n"
    "\n"
    CLI_LAB_USAGE
    "\n"
    "Example:\n"
    "  architech capacity examples/stage-2-horizontal.json\n"
    "\n"
    "Exit status: 0 the design's own load is carried, 1 it is not, 2 the input is at fault, 3 the machine is.\n",
    false, capacity_main,
};
