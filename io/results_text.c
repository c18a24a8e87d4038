/* io/results_text.c - the report that an engineer reads in a terminal: the run, requests, findings and the digest; its
 * tables of components and objectives are in files of their own. */
#include "io/results_text.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { DEFAULT_WIDTH = 100, OPERATIONS_MAX = 40, FINDINGS_MAX = 20, N_LATENCIES = 5 };

static const char *or_empty(const char *text) { return text == NULL ? "" : text; }

/* ---- words wrapped ------------------------------------------------------------------------------------------------ */

void archi_report_wrap(archi_report_t *report, const char *lead, archi_ink_t ink, const char *text)
{
    size_t indent = archi_text_columns(lead), used = indent;
    char word[512];

    archi_add_inked(&report->buf, lead, ink, report->colour);
    while (*text != '\0') {
        size_t bytes = strcspn(text, " \n"), columns;

        snprintf(word, sizeof word, "%.*s", (int)(bytes < sizeof word ? bytes : sizeof word - 1), text);
        columns = archi_text_columns(word);
        if (used > indent && used + 1 + columns > report->width) {
            archi_strbuf_add(&report->buf, "\n");
            archi_strbuf_repeat(&report->buf, ' ', indent);
            used = indent;
        } else if (used > indent) {
            archi_strbuf_add(&report->buf, " ");
            used++;
        }
        archi_strbuf_add(&report->buf, word);
        used += columns;
        text += bytes;
        text += strspn(text, " \n");
    }
    archi_strbuf_add(&report->buf, "\n");
}

/* ---- the run ------------------------------------------------------------------------------------------------------ */

static void describe_run(const arch_provenance_t *run, char *out, size_t bytes)
{
    char duration[ARCHI_SHOWN_BYTES], warmup[ARCHI_SHOWN_BYTES];

    archi_show_setting((double)run->duration, ARCHI_AS_TIME, duration);
    archi_show_setting((double)run->warmup, ARCHI_AS_TIME, warmup);
    snprintf(out, bytes, "%s simulated x %u replication%s, warm-up %s%s", duration, run->replications,
             run->replications == 1 ? "" : "s", warmup, run->warmup_automatic ? " (automatic)" : "");
}

/* A half width of gamma / (1 + gamma) of the value is one of gamma of the truth, see coordinator/precision.h. */
static void add_precision(archi_report_t *report)
{
    const arch_provenance_t *run = &report->results->provenance;
    double asked = run->precision_asked;
    bool reached = run->precision_reached <= asked / (1 + asked);
    char text[256], known[64] = "has no confidence interval";

    if (!(asked > 0) || *or_empty(run->precision_figure) == '\0')
        return;
    if (!isnan(run->precision_reached))
        snprintf(known, sizeof known, "is known to %.2g %%", 100 * run->precision_reached);
    snprintf(text, sizeof text, "%s %s; %s%.3g %% was asked for", run->precision_figure, known,
             reached ? "" : "only: ", 100 * asked);
    archi_report_wrap(report, reached ? "Precision: " : "! ", reached ? ARCHI_PLAIN : ARCHI_YELLOW, text);
}

static void add_head(archi_report_t *report)
{
    const char *name = or_empty(report->results->name);
    size_t n = archi_text_columns(name), m;
    char run[256];

    describe_run(&report->results->provenance, run, sizeof run);
    m = archi_text_columns(run);
    archi_add_inked(&report->buf, name, ARCHI_BOLD, report->colour);
    if (n + 2 + m <= report->width)
        archi_strbuf_repeat(&report->buf, ' ', report->width - n - m);
    else
        archi_strbuf_add(&report->buf, "\n");
    archi_strbuf_printf(&report->buf, "%s\n", run);
    if (!report->results->provenance.stationary)
        archi_report_wrap(report, "! ", ARCHI_YELLOW,
                          "The run never settled: its figures are doubtful.");
    add_precision(report);
    archi_strbuf_add(&report->buf, "\n");
}

/* ---- requests ----------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    size_t      offset;
} latency_t;

static const latency_t latencies[N_LATENCIES] = {
    {"mean", offsetof(arch_operation_result_t, mean)}, {"p50", offsetof(arch_operation_result_t, p50)},
    {"p95", offsetof(arch_operation_result_t, p95)},   {"p99", offsetof(arch_operation_result_t, p99)},
    {"p99.9", offsetof(arch_operation_result_t, p999)},
};

static const arch_estimate_t *latency(const arch_operation_result_t *operation, uint32_t which)
{
    return (const arch_estimate_t *)(const void *)((const char *)operation + latencies[which].offset);
}

static uint32_t n_shown(const arch_results_t *results)
{
    return results->n_operations < OPERATIONS_MAX ? results->n_operations : OPERATIONS_MAX;
}

static void request_row(archi_grid_t *grid, const arch_operation_result_t *o, uint32_t n_latencies, bool tight)
{
    char shown[ARCHI_SHOWN_BYTES];

    archi_grid_row(grid);
    archi_grid_set(grid, 0, or_empty(o->workload), ARCHI_PLAIN);
    archi_grid_set(grid, 1, or_empty(o->name), ARCHI_PLAIN);
    archi_show_estimate(&o->throughput, ARCHI_AS_NUMBER, tight, shown);
    archi_grid_set(grid, 2, shown, ARCHI_PLAIN);
    archi_show_estimate(&o->errors, ARCHI_AS_PERCENT, tight, shown);
    archi_grid_set(grid, 3, shown, o->errors.supported && o->errors.value > 0.0 ? ARCHI_YELLOW : ARCHI_PLAIN);
    for (uint32_t l = 0; l < n_latencies; l++) {
        archi_show_estimate(latency(o, l), ARCHI_AS_TIME, tight, shown);
        archi_grid_set(grid, 4 + l, shown, ARCHI_PLAIN);
    }
}

static void request_grid(archi_report_t *report, archi_grid_t *grid, uint32_t n_latencies, bool tight)
{
    uint32_t n = n_shown(report->results);

    archi_grid_init(grid, report->arena, 4 + n_latencies, 2, n + 1);
    archi_grid_row(grid);
    archi_grid_set(grid, 0, "requests", ARCHI_BOLD);
    archi_grid_set(grid, 2, "per s", ARCHI_BOLD);
    archi_grid_set(grid, 3, "errors", ARCHI_BOLD);
    for (uint32_t l = 0; l < n_latencies; l++)
        archi_grid_set(grid, 4 + l, latencies[l].name, ARCHI_BOLD);
    for (uint32_t i = 0; i < n; i++)
        request_row(grid, &report->results->operation[i], n_latencies, tight);
}

/* Which of the latencies shown some operation cannot state, and whether some estimate came without an interval. */
static void note_gaps(const archi_report_t *report, uint32_t n_latencies, char *missing, size_t bytes,
                      bool *no_interval)
{
    size_t n = 0;

    missing[0] = '\0';
    *no_interval = false;
    for (uint32_t l = 0; l < n_latencies; l++) {
        bool gap = false;

        for (uint32_t i = 0; i < n_shown(report->results); i++) {
            const arch_estimate_t *e = latency(&report->results->operation[i], l);

            gap = gap || !e->supported;
            *no_interval = *no_interval || (e->supported && isnan(e->half_width));
        }
        if (gap)
            n += (size_t)snprintf(missing + n, bytes - n, "%s%s", n == 0 ? "" : ", ", latencies[l].name);
    }
}

static void add_request_notes(archi_report_t *report, uint32_t n_latencies)
{
    uint32_t left_out = report->results->n_operations - n_shown(report->results);
    char missing[64], sentence[256], count[ARCHI_SHOWN_BYTES];
    bool no_interval;

    if (left_out > 0) {
        archi_show_count(left_out, count);
        archi_strbuf_printf(&report->buf, "and %s more, all in the results file\n", count);
    }
    note_gaps(report, n_latencies, missing, sizeof missing, &no_interval);
    if (missing[0] != '\0') {
        snprintf(sentence, sizeof sentence,
                 "too few requests to state %s: simulate longer, or with more replications", missing);
        archi_report_wrap(report, "-  ", ARCHI_PLAIN, sentence);
    }
    if (no_interval)
        archi_report_wrap(report, "   ", ARCHI_PLAIN,
                          "no ± where the data give no confidence interval: simulate more replications");
}

/* As much as fits: first without the blanks around the sign, then without p99.9, then in blocks below each other. */
static void add_requests(archi_report_t *report)
{
    uint32_t n_latencies = N_LATENCIES;
    archi_grid_t grid;

    if (report->results->n_operations == 0)
        return;
    request_grid(report, &grid, n_latencies, false);
    if (archi_grid_width(&grid) > report->width)
        request_grid(report, &grid, n_latencies, true);
    if (archi_grid_width(&grid) > report->width)
        request_grid(report, &grid, --n_latencies, true);
    archi_grid_add(&report->buf, &grid, report->width, report->colour);
    add_request_notes(report, n_latencies);
    archi_strbuf_add(&report->buf, "\n");
}

/* ---- findings and the end ------------------------------------------------------------------------------------------- */

static void add_findings(archi_report_t *report)
{
    static const char *const leads[] = {"  -  ", "  !  ", "  !! "};
    static const archi_ink_t inks[] = {ARCHI_PLAIN, ARCHI_YELLOW, ARCHI_RED};
    const arch_results_t *results = report->results;

    if (results->n_findings == 0)
        return;
    archi_add_inked(&report->buf, "findings", ARCHI_BOLD, report->colour);
    archi_strbuf_add(&report->buf, "\n");
    for (uint32_t i = 0; i < results->n_findings && i < FINDINGS_MAX; i++) {
        unsigned severity = (unsigned)results->finding[i].severity;

        severity = severity > ARCH_FINDING_CRITICAL ? ARCH_FINDING_CRITICAL : severity;
        archi_report_wrap(report, leads[severity], inks[severity], or_empty(results->finding[i].text));
    }
    if (results->n_findings > FINDINGS_MAX)
        archi_strbuf_printf(&report->buf, "  and %u more\n", results->n_findings - FINDINGS_MAX);
    archi_strbuf_add(&report->buf, "\n");
}

/* The digest is of the results, the line below it of the machine: the same design prints the one and not the other. */
static void add_end(archi_report_t *report)
{
    const arch_provenance_t *run = &report->results->provenance;
    char events[ARCHI_SHOWN_BYTES], wall[ARCHI_SHOWN_BYTES], rate[ARCHI_SHOWN_BYTES];

    archi_show_value((double)run->events, ARCHI_AS_NUMBER, events);
    archi_show_value(run->wall_seconds * 1e9, ARCHI_AS_TIME, wall);
    archi_show_value(run->events_per_second, ARCHI_AS_NUMBER, rate);
    archi_strbuf_printf(&report->buf, "digest %016" PRIx64 "\n", report->results->digest);
    archi_strbuf_printf(&report->buf, "%s events in %s (%s/s)", events, wall, rate);
    if (run->ranks > 1)
        archi_strbuf_printf(&report->buf, ", %u ranks", run->ranks);
    if (run->threads > 0)
        archi_strbuf_printf(&report->buf, ", %u thread%s", run->threads, run->threads == 1 ? "" : "s");
    if (*or_empty(run->executor) != '\0')
        archi_strbuf_printf(&report->buf, ", %s", run->executor);
    archi_strbuf_add(&report->buf, "\n");
}

static arch_status_t compose(const arch_results_t *results, uint32_t width, bool colour, bool with_engine, char **text)
{
    archi_report_t report = {results, {0}, archi_arena_create(), width == 0 ? DEFAULT_WIDTH : width, colour};

    *text = NULL;
    if (report.arena == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the report");
    add_head(&report);
    add_requests(&report);
    archi_report_components(&report);
    archi_report_objectives(&report);
    add_findings(&report);
    add_end(&report);
    if (with_engine)
        archi_report_engine(&report);
    archi_arena_destroy(&report.arena);
    return archi_strbuf_take(&report.buf, text);
}

arch_status_t arch_results_text(const arch_results_t *results, uint32_t width, bool colour, char **text)
{
    return compose(results, width, colour, false, text);
}

arch_status_t arch_results_text_with_engine(const arch_results_t *results, uint32_t width, bool colour, char **text)
{
    return compose(results, width, colour, true, text);
}
