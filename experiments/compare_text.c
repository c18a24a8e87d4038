/* experiments/compare_text.c - a comparison as an engineer reads it in a terminal: what differs, what cannot be told,
 * where on the way it arises, and the objectives side by side. */
#include "experiments/look.h"
#include "io/results_text.h"
#include <architech/compare.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_WIDTH = 100, OTHERS_SHOWN = 12, PARTS_SHOWN = 6, PATHS_SHOWN = 20, ONLY_SHOWN = 20, SIDE_BY_SIDE = 6 };

/* ---- the designs ------------------------------------------------------------------------------------------------ */

static void add_head(archi_report_t *r, const arch_comparison_t *c)
{
    char duration[ARCHI_SHOWN_BYTES], warmup[ARCHI_SHOWN_BYTES], text[1024];

    archi_show_setting((double)c->duration, ARCHI_AS_TIME, duration);
    archi_show_setting((double)c->warmup, ARCHI_AS_TIME, warmup);
    archi_add_inked(&r->buf, c->name[0], ARCHI_BOLD, r->colour);
    archi_strbuf_add(&r->buf, ", the base, against");
    for (uint32_t k = 1; k < c->n_designs; k++) {
        archi_strbuf_add(&r->buf, k > 1 ? ", " : " ");
        archi_add_inked(&r->buf, c->name[k], ARCHI_BOLD, r->colour);
    }
    archi_strbuf_printf(&r->buf, "\n%s simulated x %u replications of each, warm-up %s%s, seed %" PRIu64 "\n", duration,
                        c->replications, warmup, c->warmup_found ? " (found by trial)" : "", c->seed);
    for (uint32_t k = 1; k < c->n_designs; k++)
        if (c->set_aside[k][0] != '\0') {
            snprintf(text, sizeof text, "%s has its own %s: set aside, all run as the base does", c->name[k],
                     c->set_aside[k]);
            archi_report_wrap(r, "! ", ARCHI_YELLOW, text);
        }
    if (!c->settled)
        archi_report_wrap(r, "! ", ARCHI_YELLOW,
                          "A design never settled: its figures, and differences from them, are doubtful.");
    if (!c->precise)
        archi_report_wrap(r, "! ", ARCHI_YELLOW,
                          "The precision asked for was not reached with the most replications allowed.");
    archi_strbuf_add(&r->buf, "\n");
}

/* ---- metrics ---------------------------------------------------------------------------------------------------- */

static bool is_clear(const arch_compared_t *m)
{
    return m->effect == ARCH_EFFECT_LESS || m->effect == ARCH_EFFECT_MORE;
}

/* Headlines first, of these what clearly differs, the largest change first. */
static double size_of(const arch_compared_t *m)
{
    double base = fabs(m->of.a.value), change = fabs(m->of.difference.value);

    return !m->of.difference.supported ? -1 : base > 0 ? change / base : change > 0 ? HUGE_VAL : 0;
}

static int by_weight(const void *a, const void *b)
{
    const arch_compared_t *x = *(arch_compared_t *const *)a, *y = *(arch_compared_t *const *)b;
    double p = size_of(x), q = size_of(y);

    if (x->headline != y->headline)
        return x->headline ? -1 : 1;
    if (is_clear(x) != is_clear(y))
        return is_clear(x) ? -1 : 1;
    if (p != q)
        return p > q ? -1 : 1;
    return x < y ? -1 : x > y; /* as they come */
}

static const char *const effect_words[] = {"not shown", "less", "more", "the same", "not known"};

static void metric_row(archi_grid_t *grid, const arch_compared_t *m)
{
    arch_estimate_t difference = m->of.difference;
    archi_look_t look = archi_look_of(m->figure);
    char shown[ARCHI_SHOWN_BYTES], ratio[ARCHI_SHOWN_BYTES];

    if (m->headline)
        difference.half_width = m->joint_half_width;
    archi_grid_row(grid);
    archi_grid_set(grid, 0, m->name, m->headline ? ARCHI_BOLD : ARCHI_PLAIN);
    archi_show_value(m->of.a.value, look, shown);
    archi_grid_set(grid, 1, shown, ARCHI_PLAIN);
    archi_show_value(m->of.b.value, look, shown);
    archi_grid_set(grid, 2, shown, ARCHI_PLAIN);
    archi_show_estimate(&difference, look, false, shown);
    archi_grid_set(grid, 3, shown, ARCHI_PLAIN);
    archi_show_estimate(&m->of.ratio, ARCHI_AS_LEVEL, true, ratio);
    archi_grid_set(grid, 4, m->of.ratio.supported ? ratio : "-", ARCHI_PLAIN);
    snprintf(shown, sizeof shown, "%.2f", m->of.correlation);
    archi_grid_set(grid, 5, isfinite(m->of.correlation) ? shown : "-", ARCHI_DIM);
    archi_grid_set(grid, 6, effect_words[m->effect], is_clear(m) ? ARCHI_YELLOW : ARCHI_PLAIN);
}

static bool is_shown(const arch_compared_t *m, bool all, uint32_t *others)
{
    if (m->headline || all)
        return true;
    if (!is_clear(m) || m->figure == ARCH_FIGURE_BUSIEST || *others == OTHERS_SHOWN)
        return false;
    (*others)++;
    return true;
}

/* "no difference that these data can show", with what they could have shown and what it takes to see one per cent. */
static void explain_none(archi_report_t *r, const arch_compared_t *m)
{
    double half = m->headline ? m->joint_half_width : m->of.difference.half_width, base = fabs(m->of.a.value);
    char shown[ARCHI_SHOWN_BYTES], takes[ARCHI_SHOWN_BYTES], text[512];

    archi_show_value(half, archi_look_of(m->figure), shown);
    archi_show_count(
        isfinite(m->replications_for_one_percent) ? (uint64_t)fmin(m->replications_for_one_percent, 1e18) : 0, takes);
    if (base > 0 && isfinite(m->replications_for_one_percent))
        snprintf(text, sizeof text,
                 "%s: no difference that these data can show; one of %s (%.2g %%) would have been seen; for 1 %% it "
                 "takes %s "
                 "replications",
                 m->name, shown, 100 * half / base, takes);
    else
        snprintf(text, sizeof text, "%s: no difference that these data can show; one of %s would have been seen",
                 m->name, shown);
    archi_report_wrap(r, "  -  ", ARCHI_PLAIN, text);
}

static void add_only(archi_report_t *r, const char *whose, const char *const *only, uint32_t n)
{
    char lead[300];
    archi_strbuf_t list = {0};
    char *text = NULL;

    if (n == 0)
        return;
    for (uint32_t i = 0; i < n && i < ONLY_SHOWN; i++)
        archi_strbuf_printf(&list, "%s%s", i > 0 ? ", " : "", only[i]);
    if (n > ONLY_SHOWN)
        archi_strbuf_printf(&list, " and %u more", n - ONLY_SHOWN);
    snprintf(lead, sizeof lead, "only in %s: ", whose);
    if (archi_strbuf_take(&list, &text) == ARCH_OK)
        archi_report_wrap(r, lead, ARCHI_PLAIN, text);
    else
        r->buf.failed = true;
    free(text);
}

static void add_metrics(archi_report_t *r, const arch_comparison_t *c, uint32_t k, bool all)
{
    static const char *const heads[] = {NULL, "base", NULL, "difference", "ratio", "corr.", ""};
    const arch_pair_t *pair = &c->pair[k - 1];
    arch_compared_t **order = archi_arena_alloc(r->arena, ((size_t)pair->n_metrics + 1) * sizeof *order);
    uint32_t others = 0, left = 0;
    archi_grid_t grid;

    if (order == NULL) {
        r->buf.failed = true;
        return;
    }
    for (uint32_t i = 0; i < pair->n_metrics; i++)
        order[i] = &pair->metric[i];
    qsort(order, pair->n_metrics, sizeof *order, by_weight);
    archi_grid_init(&grid, r->arena, 7, 1, pair->n_metrics + 1);
    archi_grid_row(&grid);
    for (uint32_t i = 0; i < 7; i++)
        archi_grid_set(&grid, i,
                       heads[i] != NULL   ? heads[i]
                       : c->n_designs > 2 ? c->name[k]
                       : i == 0           ? "metrics"
                                          : "other",
                       ARCHI_BOLD);
    for (uint32_t i = 0; i < pair->n_metrics; i++) {
        if (is_shown(order[i], all, &others))
            metric_row(&grid, order[i]);
        else
            left++;
    }
    archi_grid_add(&r->buf, &grid, r->width, r->colour);
    if (left > 0)
        archi_strbuf_printf(&r->buf, "and %u more, which --all shows\n", left);
    for (uint32_t i = 0; i < pair->n_metrics; i++)
        if (order[i]->headline && order[i]->effect == ARCH_EFFECT_NONE)
            explain_none(r, order[i]);
    add_only(r, c->name[0], pair->only_base, pair->n_only_base);
    add_only(r, c->name[k], pair->only_other, pair->n_only_other);
    archi_strbuf_add(&r->buf, "\n");
}

static void add_confidence(archi_report_t *r, const arch_comparison_t *c)
{
    char text[512];

    snprintf(text, sizeof text,
             "The %u intervals of differences in bold hold together with %.4g %% confidence (Bonferroni: each with "
             "%.4g %%); every "
             "other interval holds by itself with %.4g %%.",
             c->n_joint, 100 * c->confidence, 100 * c->joint_confidence, 100 * c->confidence);
    archi_report_wrap(r, "", ARCHI_PLAIN, text);
    archi_strbuf_add(&r->buf, "\n");
}

/* ---- ways ------------------------------------------------------------------------------------------------------- */

static void part_row(archi_grid_t *grid, const arch_path_t *path, const arch_path_part_t *p, bool is_first)
{
    arch_estimate_t change = {p->change, p->half_width > 0 ? p->half_width : NAN, true};
    char name[600], shown[ARCHI_SHOWN_BYTES], visits[2][ARCHI_SHOWN_BYTES];

    snprintf(name, sizeof name, "  %s %s", path->workload, path->operation);
    archi_grid_row(grid);
    archi_grid_set(grid, 0, is_first ? name : "", ARCHI_PLAIN);
    archi_grid_set(grid, 1, p->component[0] != '\0' ? p->component : "not told apart", ARCHI_PLAIN);
    archi_show_value(p->base, ARCHI_AS_TIME, shown);
    archi_grid_set(grid, 2, shown, ARCHI_PLAIN);
    archi_show_value(p->other, ARCHI_AS_TIME, shown);
    archi_grid_set(grid, 3, shown, ARCHI_PLAIN);
    archi_show_estimate(&change, ARCHI_AS_TIME, false, shown);
    archi_grid_set(grid, 4, shown, ARCHI_BOLD);
    if (isnan(p->base_visits))
        return;
    archi_show_value(p->other_waiting - p->base_waiting, ARCHI_AS_TIME, shown);
    archi_grid_set(grid, 5, shown, ARCHI_PLAIN);
    archi_show_value(p->base_visits, ARCHI_AS_LEVEL, visits[0]);
    archi_show_value(p->other_visits, ARCHI_AS_LEVEL, visits[1]);
    snprintf(shown, sizeof shown, "%.20s > %.20s", visits[0], visits[1]);
    archi_grid_set(grid, 6, strcmp(visits[0], visits[1]) == 0 ? visits[0] : shown, ARCHI_PLAIN);
}

static void add_paths(archi_report_t *r, const arch_pair_t *pair)
{
    static const char *const heads[] = {"where it arises", "", "base", "other", "change", "waiting", "visits"};
    archi_grid_t grid;

    if (pair->n_paths == 0)
        return;
    archi_grid_init(&grid, r->arena, 7, 2, PATHS_SHOWN * (PARTS_SHOWN + 1) + 1);
    archi_grid_row(&grid);
    for (uint32_t i = 0; i < 7; i++)
        archi_grid_set(&grid, i, heads[i], ARCHI_BOLD);
    for (uint32_t i = 0; i < pair->n_paths && i < PATHS_SHOWN; i++) {
        const arch_path_t *path = &pair->path[i];
        for (uint32_t k = 0; k < path->n_parts; k++)
            if (k < PARTS_SHOWN || k + 1 == path->n_parts)
                part_row(&grid, path, &path->part[k], k == 0);
    }
    archi_grid_add(&r->buf, &grid, r->width, r->colour);
    archi_report_wrap(
        r, "  ", ARCHI_PLAIN,
        "Mean time per request: demand as the design says, waiting as measured. Not told apart: what parallel "
        "branches, failures and unequal waits leave.");
    if (pair->n_paths > PATHS_SHOWN)
        archi_strbuf_printf(&r->buf, "  and %u operations more, all in the JSON\n", pair->n_paths - PATHS_SHOWN);
    archi_strbuf_add(&r->buf, "\n");
}

/* ---- objectives ------------------------------------------------------------------------------------------------- */

static void judged_cell(archi_grid_t *grid, uint32_t column, const arch_compared_objective_t *o)
{
    char shown[ARCHI_SHOWN_BYTES], limit[ARCHI_SHOWN_BYTES], text[3 * ARCHI_SHOWN_BYTES];
    bool doubtful = o->verdict == ARCH_OBJECTIVE_UNCERTAIN;

    if (!o->present) {
        archi_grid_set(grid, column, "-", ARCHI_PLAIN);
        return;
    }
    archi_show_estimate(&o->measured, archi_look_of(o->figure), true, shown);
    archi_show_setting(o->limit, archi_look_of(o->figure), limit);
    snprintf(text, sizeof text, "%s%s %s %s %s", o->met ? "met" : "MISSED", doubtful ? " ?" : "", shown,
             o->below ? "<" : ">", limit);
    archi_grid_set(grid, column, text, doubtful ? ARCHI_YELLOW : o->met ? ARCHI_GREEN : ARCHI_RED);
}

static void add_objectives(archi_report_t *r, const arch_comparison_t *c)
{
    for (uint32_t first = 0; first < c->n_designs && c->n_objectives > 0; first += SIDE_BY_SIDE) {
        uint32_t n = c->n_designs - first < SIDE_BY_SIDE ? c->n_designs - first : SIDE_BY_SIDE;
        archi_grid_t grid;
        archi_grid_init(&grid, r->arena, n + 1, 1, c->n_objectives + 1);
        archi_grid_row(&grid);
        archi_grid_set(&grid, 0, "objectives", ARCHI_BOLD);
        for (uint32_t k = 0; k < n; k++)
            archi_grid_set(&grid, k + 1, c->name[first + k], ARCHI_BOLD);
        for (uint32_t i = 0; i < c->n_objectives; i++) {
            archi_grid_row(&grid);
            archi_grid_set(&grid, 0, c->objective[i], ARCHI_PLAIN);
            for (uint32_t k = 0; k < n; k++)
                judged_cell(&grid, k + 1, &c->judged[(size_t)i * c->n_designs + first + k]);
        }
        archi_grid_add(&r->buf, &grid, r->width, r->colour);
        archi_strbuf_add(&r->buf, "\n");
    }
}

/* ---- all -------------------------------------------------------------------------------------------------------- */

arch_status_t arch_comparison_text(const arch_comparison_t *c, uint32_t width, bool colour, bool all, char **text)
{
    archi_report_t r = {NULL, {0}, archi_arena_create(), width == 0 ? DEFAULT_WIDTH : width, colour};
    arch_status_t st;

    *text = NULL;
    if (r.arena == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the report");
    add_head(&r, c);
    for (uint32_t k = 1; k < c->n_designs; k++) {
        if (c->n_designs > 2) {
            archi_add_inked(&r.buf, c->name[k], ARCHI_BOLD, colour);
            archi_strbuf_printf(&r.buf, " against %s\n", c->name[0]);
        }
        add_metrics(&r, c, k, all);
        add_paths(&r, &c->pair[k - 1]);
    }
    add_confidence(&r, c);
    add_objectives(&r, c);
    for (uint32_t k = 0; k < c->n_designs; k++)
        archi_strbuf_printf(&r.buf, "digest %016" PRIx64 "  %s\n", c->digest[k], c->name[k]);
    st = archi_strbuf_take(&r.buf, text);
    archi_arena_destroy(&r.arena);
    return st;
}
