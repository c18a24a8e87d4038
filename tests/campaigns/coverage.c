/* coverage.c - do 95 % intervals hold the truth 95 times in a hundred?
 *
 * Each case is a design that is run many times, every time with another seed, as a user would run it; a run's intervals of
 * mean, p95 and p99 hold the truth or do not. Truth is a closed form where queueing theory has one, and a reference run of
 * another seed, two hundred times as long, where it has not. Printed as a table for docs/statistics.md; exit status 1 when a
 * share lies outside what was asked for.
 *
 *     coverage [--case NAME] [--runs N] [--seed N] [--threads N] [--least PERCENT] [--most PERCENT] [--warmup SECONDS] */
#include <architech/run.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIGURES = 3, MOST_OPERATIONS = 4 };
static const char *const figure_name[FIGURES] = {"mean", "p95", "p99"};
static const double quantile_of[FIGURES] = {0, 0.95, 0.99};

typedef struct {
    const char *only;
    uint64_t runs, seed, threads; /* seed: of the first run */
    double   least, most; /* percent */
    double   warmup;      /* seconds; < 0: found in each replication */
} options_t;

typedef struct case_s {
    const char *name;
    const char *said;      /* in the table */
    int         cores;     /* of the station; 0: the design of stage 2 */
    double      rate;      /* per second, of services of 1 ms */
    uint32_t    replications;
    double      seconds;   /* of each */
} case_t;

/* Lengths that people use, or shorter where 400 runs would be dear. Those at the end are too short for what they ask, and
 * show how intervals fail then: they are run by name only. */
static const case_t cases[] = {
    {"mm1-half", "M/M/1, 50 % busy, 10 x 4 s", 1, 500, 10, 4},
    {"mm1", "M/M/1, 80 % busy, 10 x 60 s", 1, 800, 10, 60},
    {"mm1-single", "M/M/1, 80 % busy, 1 x 200 s", 1, 800, 1, 200},
    {"mm4", "M/M/4, 85 % busy, 10 x 20 s", 4, 3400, 10, 20},
    {"stage-2", "stage 2, 10 x 20 s", 0, 0, 10, 20},
    {"stage-2-single", "stage 2, 1 x 200 s", 0, 0, 1, 200},
    {"short-20", "M/M/1, 80 % busy, 10 x 20 s", 1, 800, 10, 20},
    {"short-40", "M/M/4, 85 % busy, 40 x 4 s", 4, 3400, 40, 4},
    {"short-4", "M/M/1, 80 % busy, 10 x 4 s", 1, 800, 10, 4},
};

/* ---- truth ------------------------------------------------------------------------------------------------------- */

static double erlang_c(int c, double a)
{
    double term = 1.0, sum = 0.0;

    for (int k = 0; k < c; k++) {
        sum += term;
        term *= a / (k + 1);
    }
    return term / (1.0 - a / c) / (sum + term / (1.0 - a / c));
}

/* Chance that a sojourn in M/M/c takes longer than t: service ~ exp(mu), and with chance C before it a wait ~ exp(c mu -
 * lambda) (Gross, Shortle, Thompson and Harris, Fundamentals of Queueing Theory, 2008, 2.3.2). */
static double longer(int c, double lambda, double mu, double t)
{
    double wait = c * mu - lambda, chance = erlang_c(c, lambda / mu);

    return (1 - chance) * exp(-mu * t) + chance * (wait * exp(-mu * t) - mu * exp(-wait * t)) / (wait - mu);
}

static double theory(const case_t *k, int figure)
{
    double mu = 1000, low = 0, high = 10, p = quantile_of[figure];

    if (figure == 0)
        return 1e9 * (1 / mu + erlang_c(k->cores, k->rate / mu) / (k->cores * mu - k->rate));
    for (int i = 0; i < 200; i++) {
        double middle = 0.5 * (low + high);
        if (longer(k->cores, k->rate, mu, middle) > 1 - p)
            low = middle;
        else
            high = middle;
    }
    return 1e9 * low;
}

/* ---- runs -------------------------------------------------------------------------------------------------------- */

static void give_up(const char *what)
{
    fprintf(stderr, "coverage: %s: %s\n", what, arch_error_text());
    exit(2);
}

static arch_time_t warmup_of(const options_t *o) { return o->warmup < 0 ? ARCH_AUTO : (arch_time_t)(1e9 * o->warmup); }

static arch_design_t *make_design(const case_t *k, const options_t *o)
{
    arch_problems_t problems = {0, NULL};
    arch_design_t *design = NULL;
    char text[512];

    snprintf(text, sizeof text,
             "{\"architech\":1,\"services\":{\"s\":{\"cores\":%d,\"endpoints\":{\"e\":[{\"cpu\":{\"exponential\":"
             "{\"mean\":\"1ms\"}}}]}}},\"workloads\":{\"w\":{\"rate\":\"%.9g/s\",\"mix\":{\"s/e\":1}}}}", k->cores, k->rate);
    if ((k->cores > 0 ? arch_design_parse(k->name, ".", text, strlen(text), &design, &problems)
                      : arch_design_read("examples/stage-2-horizontal.json", &design, &problems)) != ARCH_OK)
        give_up(k->name);
    design->run.replications = k->replications;
    design->run.duration = (arch_time_t)(1e9 * k->seconds);
    design->run.warmup = warmup_of(o);
    return design;
}

static arch_results_t *run(const arch_design_t *design, const options_t *o)
{
    arch_run_options_t options = {0};
    arch_results_t *results = NULL;

    options.threads = (uint32_t)o->threads;
    options.group = 1;
    if (arch_run(design, &options, &results) != ARCH_OK)
        give_up("run");
    return results;
}

static arch_estimate_t figure(const arch_results_t *r, uint32_t op, int f)
{
    const arch_operation_result_t *o = &r->operation[op];

    return f == 0 ? o->mean : f == 1 ? o->p95 : o->p99;
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

typedef struct {
    double   truth, unsure;  /* half width of the truth itself; 0: exact */
    uint32_t covered, given; /* intervals */
    double   half, off;      /* sums of half widths, and of value - truth */
} cell_t;

/* A quarter of a million simulated seconds would be dear: 200 times one run is enough for a 14th of its half width. */
static void find_truth(const case_t *k, const options_t *o, arch_design_t *design, uint32_t n, cell_t cell[][FIGURES])
{
    arch_results_t *r = NULL;

    if (k->cores == 0) {
        design->run.replications = 1000;
        design->run.duration = 44 * ARCH_SECOND;
        design->run.warmup = 4 * ARCH_SECOND;
        design->run.seed = 1000000;
        r = run(design, o);
        design->run.replications = k->replications;
        design->run.duration = (arch_time_t)(1e9 * k->seconds);
        design->run.warmup = warmup_of(o);
    }
    for (uint32_t op = 0; op < n; op++)
        for (int f = 0; f < FIGURES; f++) {
            cell[op][f].truth = r != NULL ? figure(r, op, f).value : theory(k, f);
            cell[op][f].unsure = r != NULL ? figure(r, op, f).half_width : 0;
        }
    arch_results_destroy(&r);
}

static void count(const arch_results_t *r, uint32_t n, cell_t cell[][FIGURES])
{
    for (uint32_t op = 0; op < n; op++)
        for (int f = 0; f < FIGURES; f++) {
            arch_estimate_t e = figure(r, op, f);
            cell_t *c = &cell[op][f];
            if (!e.supported || isnan(e.half_width))
                continue;
            c->given++;
            c->covered += fabs(e.value - c->truth) <= e.half_width;
            c->half += e.half_width;
            c->off += e.value - c->truth;
        }
}

static bool print_row(const case_t *k, const options_t *o, const arch_operation_result_t *op, int f, const cell_t *c)
{
    double n = c->given, share = 100.0 * c->covered / n, half = c->half / n;
    bool fine = c->given > 0 && share >= o->least && share <= o->most;
    char what[80];

    snprintf(what, sizeof what, "%s %s", k->cores == 0 ? op->name : "sojourn", figure_name[f]);
    printf("| %s | %s | %.4g ms | %.2g %% | %u of %u | %.2f | %.3f | %.1f %%%s |\n", k->said, what, 1e-6 * c->truth,
           100 * half / c->truth, c->given, (unsigned)o->runs, c->off / n / half, c->unsure / half, share, fine ? "" : " !");
    fflush(stdout);
    return fine;
}

static bool try_case(const case_t *k, const options_t *o)
{
    arch_design_t *design = make_design(k, o);
    cell_t cell[MOST_OPERATIONS][FIGURES];
    arch_results_t *r = NULL;
    uint32_t n = k->cores == 0 ? 3 : 1;
    bool fine = true;

    memset(cell, 0, sizeof cell);
    find_truth(k, o, design, n, cell);
    for (uint64_t i = 0; i < o->runs; i++) {
        arch_results_destroy(&r);
        design->run.seed = o->seed + i;
        r = run(design, o);
        count(r, n, cell);
    }
    for (uint32_t op = 0; op < n; op++)
        for (int f = 0; f < FIGURES; f++)
            fine = print_row(k, o, &r->operation[op], f, &cell[op][f]) && fine;
    arch_results_destroy(&r);
    arch_design_destroy(&design);
    return fine;
}

static void read_options(int argc, char **argv, options_t *o)
{
    static const struct option known[] = {{"case", required_argument, NULL, 'c'}, {"runs", required_argument, NULL, 'r'},
                                          {"seed", required_argument, NULL, 's'},
                                          {"threads", required_argument, NULL, 't'}, {"least", required_argument, NULL, 'l'},
                                          {"most", required_argument, NULL, 'm'},
                                          {"warmup", required_argument, NULL, 'w'}, {0}};
    int option;

    *o = (options_t){NULL, 400, 1, 1, 92, 98, -1};
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1)
        switch (option) {
        case 'c': o->only = optarg; break;
        case 'r': o->runs = strtoull(optarg, NULL, 10); break;
        case 's': o->seed = strtoull(optarg, NULL, 10); break;
        case 't': o->threads = strtoull(optarg, NULL, 10); break;
        case 'l': o->least = strtod(optarg, NULL); break;
        case 'm': o->most = strtod(optarg, NULL); break;
        case 'w': o->warmup = strtod(optarg, NULL); break;
        default: exit(2);
        }
    if (o->runs == 0 || o->threads == 0 || optind != argc) {
        fprintf(stderr, "usage: coverage [--case NAME] [--runs N] [--seed N] [--threads N] [--least PERCENT] "
                        "[--most PERCENT] [--warmup SECONDS]\n");
        exit(2);
    }
}

int main(int argc, char **argv)
{
    options_t o;
    bool fine = true, any = false;

    read_options(argc, argv, &o);
    printf("| design and run | figure | truth | half width | with interval | bias / half width | truth's own / half "
           "width | covered |\n|---|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (o.only != NULL ? strcmp(o.only, cases[i].name) == 0 : strncmp(cases[i].name, "short", 5) != 0) {
            any = true;
            fine = try_case(&cases[i], &o) && fine;
        }
    if (!any)
        fprintf(stderr, "coverage: there is no case \"%s\"\n", o.only);
    return !any ? 2 : fine ? 0 : 1;
}
