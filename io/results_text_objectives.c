/* io/results_text_objectives.c - the report's objectives: met or missed, by which figure. */
#include "io/results_text.h"
#include <stdio.h>

static archi_look_t look_of(arch_metric_t metric)
{
    if (metric == ARCH_METRIC_ERRORS)
        return ARCHI_AS_PERCENT;
    if (metric == ARCH_METRIC_UTILISATION)
        return ARCHI_AS_LEVEL;
    return metric == ARCH_METRIC_THROUGHPUT ? ARCHI_AS_NUMBER : ARCHI_AS_TIME;
}

/* "web lb/read p95 = 14.8 ± 0.2 ms < 50 ms": what was measured, and the limit as it was asked for. */
static void describe(const arch_objective_result_t *o, char *out, size_t bytes)
{
    const char *per_second = o->metric == ARCH_METRIC_THROUGHPUT ? " /s" : "";
    char measured[ARCHI_SHOWN_BYTES], limit[ARCHI_SHOWN_BYTES];

    archi_show_estimate(&o->measured, look_of(o->metric), false, measured);
    archi_show_setting(o->limit, look_of(o->metric), limit);
    if (!o->measured.supported)
        snprintf(out, bytes, "%s: too few requests to say, must be %s %s%s", o->subject == NULL ? "" : o->subject,
                 o->below ? "<" : ">", limit, per_second);
    else
        snprintf(out, bytes, "%s = %s%s, must be %s %s%s", o->subject == NULL ? "" : o->subject, measured, per_second,
                 o->below ? "<" : ">", limit, per_second);
}

static void objective_row(archi_grid_t *grid, const arch_objective_result_t *o)
{
    bool doubtful = o->verdict == ARCH_OBJECTIVE_UNCERTAIN;
    char sentence[512], verdict[32];

    snprintf(verdict, sizeof verdict, "  %s%s", o->met ? "met" : "MISSED", doubtful ? " ?" : "");
    describe(o, sentence, sizeof sentence);
    archi_grid_row(grid);
    archi_grid_set(grid, 0, verdict, doubtful ? ARCHI_YELLOW : o->met ? ARCHI_GREEN : ARCHI_RED);
    archi_grid_set(grid, 1, o->name == NULL ? "" : o->name, ARCHI_PLAIN);
    archi_grid_set(grid, 2, sentence, ARCHI_PLAIN);
}

void archi_report_objectives(archi_report_t *report)
{
    const arch_results_t *results = report->results;
    bool doubtful = false;
    archi_grid_t grid;

    if (results->n_objectives == 0)
        return;
    archi_grid_init(&grid, report->arena, 3, 3, results->n_objectives + 1);
    archi_grid_row(&grid);
    archi_grid_set(&grid, 0, "objectives", ARCHI_BOLD);
    for (uint32_t i = 0; i < results->n_objectives; i++) {
        objective_row(&grid, &results->objective[i]);
        doubtful = doubtful || results->objective[i].verdict == ARCH_OBJECTIVE_UNCERTAIN;
    }
    archi_grid_add(&report->buf, &grid, report->width, report->colour);
    if (doubtful)
        archi_report_wrap(report, "  ?  ", ARCHI_YELLOW,
                          "the limit lies within the confidence interval; more replications would decide it");
    archi_strbuf_add(&report->buf, "\n");
}
