/* cli/validate.c - architech validate: is a design sound, and what load is to be expected? */
#include "cli/cli.h"
#include <architech/run.h>
#include <getopt.h>
#include <stdlib.h>

/* More rows than this are not read by anyone: the busiest stay. */
enum { MOST_ROWS = 40 };

typedef struct {
    uint32_t element;
    double   utilisation;
} row_t;

static int busiest_first(const void *x, const void *y)
{
    const row_t *a = x, *b = y;

    if (a->utilisation != b->utilisation)
        return a->utilisation > b->utilisation ? -1 : 1;
    return (a->element > b->element) - (a->element < b->element);
}

static int by_number(const void *x, const void *y)
{
    const row_t *a = x, *b = y;

    return (a->element > b->element) - (a->element < b->element);
}

static int name_width(const arch_traffic_t *t, const row_t *row, uint32_t n)
{
    int width = 7;

    for (uint32_t i = 0; i < n; i++) {
        int one = snprintf(NULL, 0, "%s", t->name[row[i].element]);
        width = one > width ? one : width;
    }
    return width;
}

static void print_rows(const arch_traffic_t *t, const row_t *row, uint32_t n)
{
    int width = name_width(t, row, n);

    printf("%-*s  %12s  %19s\n", width, "element", "requests/s", "expected busy");
    for (uint32_t i = 0; i < n; i++) {
        uint32_t e = row[i].element;
        if (t->arrival_rate[e] > 0)
            printf("%-*s  %12.6g", width, t->name[e], t->arrival_rate[e]);
        else
            printf("%-*s  %12s", width, t->name[e], "-");
        if (t->utilisation[e] > 0)
            printf("  %17.1f %%\n", 100 * t->utilisation[e]);
        else
            printf("  %19s\n", "-");
    }
}

/* Users of a closed workload wait for each other: they keep a bottleneck at exactly 1 and ask no more of it. */
static bool has_closed(const arch_design_t *design)
{
    for (uint32_t w = 0; w < design->n_workloads; w++)
        if (design->workload[w].kind == ARCH_CLOSED)
            return true;
    return false;
}

static void warn(const arch_traffic_t *t, bool closed)
{
    for (uint32_t e = 0; e < t->n_elements; e++)
        if (closed && t->utilisation[e] > 1 - 1e-6 && t->utilisation[e] < 1 + 1e-6)
            printf("warning: %s is what its users wait for: they could keep it busy all the time\n", t->name[e]);
        else if (t->utilisation[e] >= 1)
            printf("warning: %s needs %.0f %% of its cores: its queue would grow without end\n", t->name[e],
                   100 * t->utilisation[e]);
}

static arch_status_t print_traffic(const arch_traffic_t *t, bool closed)
{
    uint32_t shown = t->n_elements < MOST_ROWS ? t->n_elements : MOST_ROWS;
    row_t *row = malloc(((size_t)t->n_elements + 1) * sizeof *row);

    if (row == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u elements", t->n_elements);
    for (uint32_t e = 0; e < t->n_elements; e++)
        row[e] = (row_t){e, t->utilisation[e]};
    qsort(row, t->n_elements, sizeof *row, busiest_first);
    qsort(row, shown, sizeof *row, by_number);
    print_rows(t, row, shown);
    if (shown < t->n_elements)
        printf("... and %u elements less busy than these\n", t->n_elements - shown);
    warn(t, closed);
    free(row);
    return ARCH_OK;
}

static int judge(const cli_t *cli, const arch_design_t *design)
{
    arch_traffic_t *traffic = NULL;
    arch_status_t st = arch_traffic(design, &traffic);

    if (st == ARCH_OK)
        st = print_traffic(traffic, has_closed(design));
    arch_traffic_destroy(&traffic);
    if (st != ARCH_OK)
        return cli_failed(cli, st);
    puts("ok");
    return CLI_DONE;
}

static int validate_main(cli_t *cli, int argc, char **argv)
{
    cli_changes_t changes = {NULL, NULL, 0};
    arch_design_t *design = NULL;
    int status = cli_change_options(cli, &cli_validate, argc, argv, &changes);

    if (status == CLI_DONE)
        status = cli_read_changed(cli, argv[optind], &changes, &design);
    if (status == CLI_DONE)
        status = judge(cli, design);
    arch_design_destroy(&design);
    cli_changes_clear(&changes);
    return status;
}

const cli_command_t cli_validate = {
    "validate", "read and judge a design, run nothing",
    "Usage: architech validate DESIGN.json [options]\n"
    "\n"
    "Read the design and report all of its errors in one go, each with its place in the file. A sound design is\n"
    "answered with the load that the traffic equations expect of every element, warnings where that is more than\n"
    "it can bear, and \"ok\".\n"
    "\n"
    "      --set POINTER=VALUE  with another value, by JSON pointer: /services/app/replicas=6; as often as you like\n"
    "      --unset POINTER    without a value\n"
    "\n"
    "Exit status: 0 sound, 2 not sound or not there, 3 the machine failed.\n",
    false, validate_main,
};
