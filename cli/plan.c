/* cli/plan.c - architech plan: the cheapest configuration that meets the objectives. */
#include "cli/lab.h"
#include <architech/plan.h>
#include <getopt.h>
#include <string.h>

typedef struct {
    const char *design, *changes, *output, *journal;
    bool json;
    cli_changes_t set;
    arch_plan_options_t options;
    cli_lab_t lab;
    arch_design_t *read;
    arch_changes_t *may; /* what the file of changes allows */
    arch_plan_t *found;
} request_t;

enum { CONFIDENCE = 256, FIRST, MOST, INDIFFERENCE, SIDE_BY_SIDE, TRUST_NOTHING, ALL, FORMAT, CHANGE, SET, UNSET, RESUME };

/* ---- options ---------------------------------------------------------------------------------------------------- */

static const char *read_value(void *request, int answer, const char *value)
{
    request_t *r = request;
    static const char share[] = "a share such as 99% or 0.99";

    switch (answer) {
    case CHANGE: r->changes = value; break;
    case 'o': r->output = value; break;
    case RESUME: r->journal = value; break;
    case FORMAT: return cli_take_json(value, &r->json);
    case CONFIDENCE:
        return cli_parse_share(value, &r->options.confidence) && r->options.confidence > 0.5 ? NULL : "a share above 50%";
    case INDIFFERENCE: return cli_parse_share(value, &r->options.indifference) ? NULL : share;
    case FIRST: return cli_take_count(value, 2, 1000000, &r->options.first);
    case MOST: return cli_take_count(value, 2, 1000000, &r->options.most);
    case SIDE_BY_SIDE: return cli_take_count(value, 1, 1000, &r->options.side_by_side);
    case TRUST_NOTHING: r->options.trust_nothing = 1; break;
    case ALL: r->options.all = 1; break;
    case SET: return cli_take_set(&r->set, value);
    default: return cli_take_unset(&r->set, value);
    }
    return NULL;
}

static int read_options(const cli_t *cli, int argc, char **argv, request_t *r)
{
    static const struct option options[] = {
        {"change", required_argument, NULL, CHANGE}, {"output", required_argument, NULL, 'o'},
        {"format", required_argument, NULL, FORMAT}, {"confidence", required_argument, NULL, CONFIDENCE},
        {"indifference", required_argument, NULL, INDIFFERENCE}, {"first", required_argument, NULL, FIRST},
        {"most", required_argument, NULL, MOST}, {"side-by-side", required_argument, NULL, SIDE_BY_SIDE},
        {"trust-nothing", no_argument, NULL, TRUST_NOTHING}, {"all", no_argument, NULL, ALL},
        {"set", required_argument, NULL, SET}, {"unset", required_argument, NULL, UNSET},
        {"journal", required_argument, NULL, RESUME}, CLI_LAB_OPTIONS, {0}};
    int status = cli_lab_options(cli, &cli_plan, argc, argv, options, &r->lab, read_value, r);

    if (status != CLI_DONE)
        return status;
    if (argc - optind != 1)
        return cli_misuse(cli, &cli_plan, "plan: expected one design, found %d", argc - optind);
    if (r->changes == NULL)
        return cli_misuse(cli, &cli_plan, "plan: expected --change FILE, what may be different and what it costs");
    r->design = argv[optind];
    return CLI_DONE;
}

/* ---- the plan --------------------------------------------------------------------------------------------------- */

static int read_changes(const cli_t *cli, const char *path, const arch_design_t *design, arch_changes_t **out)
{
    arch_problems_t problems = {0, NULL};
    arch_status_t st = arch_changes_read(path, design, out, &problems);
    int status = arch_status_exit(st);

    if (st != ARCH_OK && problems.n == 0)
        status = cli_failed(cli, st);
    for (uint32_t i = 0; i < problems.n; i++)
        fprintf(stderr, "architech: %s: %s%s%s\n", path, problems.problem[i].at, *problems.problem[i].at != '\0' ? ": " : "",
                problems.problem[i].text);
    arch_problems_clear(&problems);
    return status;
}

static arch_status_t make(void *request, arch_lab_t *lab)
{
    request_t *r = request;

    return arch_plan(lab, r->read, r->may, &r->options, &r->found);
}

static arch_status_t write_file(const void *request)
{
    const request_t *r = request;

    return r->output != NULL ? arch_plan_write(r->found, r->output) : ARCH_OK;
}

static arch_status_t say(const void *request, char **text)
{
    const request_t *r = request;

    return r->json ? arch_plan_json(r->found, text)
                   : arch_plan_text(r->found, cli_columns(stdout), cli_colour(stdout), text);
}

static int plan_main(cli_t *cli, int argc, char **argv)
{
    request_t r = {0};
    int status = read_options(cli, argc, argv, &r);

    if (status == CLI_DONE)
        status = cli_read_changed(cli, r.design, &r.set, &r.read);
    if (status == CLI_DONE)
        status = read_changes(cli, r.changes, r.read, &r.may);
    if (status == CLI_DONE)
        status = cli_lab_run(cli, &r.lab, &(cli_experiment_t){&r, r.journal, {r.output}, make, write_file, say});
    if (status == CLI_DONE && r.found->answer == ARCH_NONE)
        status = CLI_MISSED;
    arch_plan_destroy(&r.found);
    arch_changes_destroy(&r.may);
    arch_design_destroy(&r.read);
    cli_changes_clear(&r.set);
    return status;
}

const cli_command_t cli_plan = {
    "plan", "find the cheapest configuration that meets the objectives",
    "Usage: architech plan DESIGN.json --change CHANGES.json [options]\n"
    "\n"
    "Of all configurations that the changes allow, find the cheapest that meets all objectives of the design at the\n"
    "stated confidence, and say why each cheaper one fails. Exit status 1 when none does. See docs/experiments.md.\n"
    "\n"
    "Options:\n"
    "      --change FILE      what may be different, and what it costs\n"
    "      --confidence P     that all of the answer is right: 99% (default 95%)\n"
    "      --indifference P   share of a limit that does not matter (default 0.5%)\n"
    "      --first N          replications of a configuration at first (default 4)\n"
    "      --most N           replications of a configuration at most (default 256)\n"
    "      --side-by-side N   configurations looked at in one round (default 4): more for many workers\n"
    "      --trust-nothing    let no configuration speak for others, whatever is declared monotone\n"
    "      --all              simulate every configuration\n"
    "      --set POINTER=VALUE\n"
    "      --unset POINTER    change the design first, see \"architech help run\"\n"
    "      --format text|json how the answer is printed\n"
    "  -o, --output FILE      write it as HDF5, too\n"
    "      --journal FOLDER   keep answers of simulations there, and go on from those that are\n"
    "\n"
    CLI_LAB_USAGE
    "\n"
    "Example:\n"
    "  architech plan examples/stage-2-horizontal.json --change examples/plan/stage-2-changes.json --confidence 99%\n",
    false, plan_main,
};
