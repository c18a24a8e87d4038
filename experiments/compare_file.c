/* experiments/compare_file.c - a comparison for programs: as JSON, and as an HDF5 file. */
#include "io/json_figure.h"
#include "io/sheet.h"
#include "io/strbuf.h"
#include <architech/compare.h>
#include <architech/version.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

static void member(archi_strbuf_t *b, const char *name, double x)
{
    archi_strbuf_printf(b, ", \"%s\": ", name);
    archi_json_put_number(b, x);
}

static void text_member(archi_strbuf_t *b, const char *name, const char *text)
{
    archi_strbuf_printf(b, ", \"%s\": ", name);
    archi_strbuf_json(b, text);
}

static void estimate(archi_strbuf_t *b, const char *name, const arch_estimate_t *e)
{
    archi_strbuf_printf(b, ", \"%s\": {\"value\": ", name);
    archi_json_put_number(b, e->supported ? e->value : NAN);
    member(b, "half_width", e->supported ? e->half_width : NAN);
    archi_strbuf_add(b, "}");
}

static const char *const effects[] = {"none_shown", "less", "more", "same", "unknown"};
static const char *const verdicts[] = {"met", "missed", "uncertain"};

static void put_metric(archi_strbuf_t *b, const arch_compared_t *m)
{
    archi_strbuf_add(b, "{\"metric\": ");
    archi_strbuf_json(b, m->name);
    text_member(b, "unit", arch_figure_unit(m->figure));
    archi_strbuf_printf(b, ", \"headline\": %s, \"effect\": \"%s\"", m->headline ? "true" : "false",
                        effects[m->effect]);
    estimate(b, "base", &m->of.a);
    estimate(b, "other", &m->of.b);
    estimate(b, "difference", &m->of.difference);
    member(b, "joint_half_width", m->joint_half_width);
    estimate(b, "ratio", &m->of.ratio);
    member(b, "correlation", m->of.correlation);
    member(b, "replications_for_one_percent", m->replications_for_one_percent);
    archi_strbuf_add(b, "}");
}

static void put_path(archi_strbuf_t *b, const arch_path_t *p)
{
    archi_strbuf_add(b, "{\"workload\": ");
    archi_strbuf_json(b, p->workload);
    text_member(b, "operation", p->operation);
    member(b, "base_ns", p->base);
    member(b, "other_ns", p->other);
    archi_strbuf_add(b, ", \"parts\": [");
    for (uint32_t i = 0; i < p->n_parts; i++) {
        const arch_path_part_t *x = &p->part[i];
        archi_strbuf_add(b, i > 0 ? ", {\"component\": " : "{\"component\": ");
        archi_strbuf_json(b, x->component);
        member(b, "base_ns", x->base);
        member(b, "other_ns", x->other);
        member(b, "change_ns", x->change);
        member(b, "half_width_ns", x->half_width);
        member(b, "base_waiting_ns", x->base_waiting);
        member(b, "other_waiting_ns", x->other_waiting);
        member(b, "base_visits", x->base_visits);
        member(b, "other_visits", x->other_visits);
        archi_strbuf_add(b, "}");
    }
    archi_strbuf_add(b, "]}");
}

static void put_names(archi_strbuf_t *b, const char *name, const char *const *text, uint32_t n)
{
    archi_strbuf_printf(b, ",\n      \"%s\": [", name);
    for (uint32_t i = 0; i < n; i++) {
        archi_strbuf_add(b, i > 0 ? ", " : "");
        archi_strbuf_json(b, text[i]);
    }
    archi_strbuf_add(b, "]");
}

static void put_pair(archi_strbuf_t *b, const arch_comparison_t *c, uint32_t k)
{
    const arch_pair_t *pair = &c->pair[k - 1];

    archi_strbuf_printf(b, "%s\n    {\n      \"base\": 0, \"other\": %u", k > 1 ? "," : "", k);
    put_names(b, "only_in_base", pair->only_base, pair->n_only_base);
    put_names(b, "only_in_other", pair->only_other, pair->n_only_other);
    archi_strbuf_add(b, ",\n      \"metrics\": [");
    for (uint32_t i = 0; i < pair->n_metrics; i++) {
        archi_strbuf_add(b, i > 0 ? ",\n        " : "\n        ");
        put_metric(b, &pair->metric[i]);
    }
    archi_strbuf_add(b, "\n      ],\n      \"paths\": [");
    for (uint32_t i = 0; i < pair->n_paths; i++) {
        archi_strbuf_add(b, i > 0 ? ",\n        " : "\n        ");
        put_path(b, &pair->path[i]);
    }
    archi_strbuf_add(b, "\n      ]\n    }");
}

static void put_designs(archi_strbuf_t *b, const arch_comparison_t *c)
{
    archi_strbuf_add(b, "  \"designs\": [");
    for (uint32_t k = 0; k < c->n_designs; k++) {
        archi_strbuf_add(b, k > 0 ? ",\n    {\"name\": " : "\n    {\"name\": ");
        archi_strbuf_json(b, c->name[k]);
        archi_strbuf_printf(b, ", \"digest\": \"%016" PRIx64 "\"", c->digest[k]);
        text_member(b, "set_aside", c->set_aside[k]);
        archi_strbuf_add(b, "}");
    }
    archi_strbuf_add(b, "\n  ],\n");
}

static void put_objectives(archi_strbuf_t *b, const arch_comparison_t *c)
{
    archi_strbuf_add(b, "  \"objectives\": [");
    for (uint32_t i = 0; i < c->n_objectives; i++) {
        archi_strbuf_add(b, i > 0 ? ",\n    {\"name\": " : "\n    {\"name\": ");
        archi_strbuf_json(b, c->objective[i]);
        archi_strbuf_add(b, ", \"designs\": [");
        for (uint32_t k = 0; k < c->n_designs; k++) {
            const arch_compared_objective_t *o = &c->judged[(size_t)i * c->n_designs + k];
            archi_strbuf_add(b, k > 0 ? ", " : "");
            if (!o->present) {
                archi_strbuf_add(b, "null");
                continue;
            }
            archi_strbuf_printf(b, "{\"met\": %s, \"verdict\": \"%s\"", o->met ? "true" : "false",
                                verdicts[o->verdict]);
            text_member(b, "metric", o->subject);
            text_member(b, "unit", arch_figure_unit(o->figure));
            member(b, o->below ? "below" : "above", o->limit);
            estimate(b, "measured", &o->measured);
            archi_strbuf_add(b, "}");
        }
        archi_strbuf_add(b, "]}");
    }
    archi_strbuf_add(b, c->n_objectives > 0 ? "\n  ],\n" : "],\n");
}

arch_status_t arch_comparison_json(const arch_comparison_t *c, char **text)
{
    archi_strbuf_t b = {0};

    archi_strbuf_add(&b, "{\n  \"format\": \"architech comparison\", \"format_version\": 1");
    text_member(&b, "version", arch_version());
    archi_strbuf_printf(&b,
                        ",\n  \"replications\": %u, \"seed\": \"%" PRIu64 "\", \"duration_ns\": \"%" PRId64
                        "\", \"warmup_ns\": \"%" PRId64 "\", \"warmup_found\": %s,\n",
                        c->replications, c->seed, c->duration, c->warmup, c->warmup_found ? "true" : "false");
    archi_strbuf_printf(&b, "  \"settled\": %s, \"precise\": %s", c->settled ? "true" : "false",
                        c->precise ? "true" : "false");
    member(&b, "confidence", c->confidence);
    member(&b, "joint_confidence", c->joint_confidence);
    archi_strbuf_printf(&b, ", \"joint_intervals\": %u,\n", c->n_joint);
    put_designs(&b, c);
    put_objectives(&b, c);
    archi_strbuf_add(&b, "  \"comparisons\": [");
    for (uint32_t k = 1; k < c->n_designs; k++)
        put_pair(&b, c, k);
    archi_strbuf_add(&b, "\n  ]\n}\n");
    return archi_strbuf_take(&b, text);
}

/* ---- HDF5 ------------------------------------------------------------------------------------------------------- */

enum { COLUMNS = 11, NAME_BYTES = 48 };
static const char *const columns[COLUMNS] = {"base",
                                             "base_half_width",
                                             "other",
                                             "other_half_width",
                                             "difference",
                                             "difference_half_width",
                                             "joint_half_width",
                                             "ratio",
                                             "ratio_half_width",
                                             "correlation",
                                             "effect"};

static double cell(const arch_compared_t *m, uint32_t column)
{
    const arch_difference_t *d = &m->of;

    switch (column) {
    case 0:
        return d->a.value;
    case 1:
        return d->a.half_width;
    case 2:
        return d->b.value;
    case 3:
        return d->b.half_width;
    case 4:
        return d->difference.value;
    case 5:
        return d->difference.half_width;
    case 6:
        return m->joint_half_width;
    case 7:
        return d->ratio.supported ? d->ratio.value : NAN;
    case 8:
        return d->ratio.half_width;
    default:
        return d->correlation;
    }
}

/* The arrays of a pair, in memory of one piece that the caller frees. */
typedef struct {
    char name[COLUMNS + 2][NAME_BYTES];
    const char **metric, **unit, **effect;
    double *value; /* [COLUMNS - 1][n_metrics] */
} pair_sheet_t;

static arch_status_t fill_pair(const arch_pair_t *pair, uint32_t k, pair_sheet_t *s, archi_sheet_array_t *array,
                               uint32_t *n)
{
    size_t rows = pair->n_metrics;

    s->metric = calloc(rows + 1, sizeof *s->metric);
    s->unit = calloc(rows + 1, sizeof *s->unit);
    s->effect = calloc(rows + 1, sizeof *s->effect);
    s->value = calloc(rows * (COLUMNS - 1) + 1, sizeof *s->value);
    if (s->metric == NULL || s->unit == NULL || s->effect == NULL || s->value == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the file of a comparison");
    for (size_t i = 0; i < rows; i++) {
        s->metric[i] = pair->metric[i].name;
        s->unit[i] = arch_figure_unit(pair->metric[i].figure);
        s->effect[i] = effects[pair->metric[i].effect];
        for (uint32_t column = 0; column + 1 < COLUMNS; column++)
            s->value[column * rows + i] = cell(&pair->metric[i], column);
    }
    snprintf(s->name[COLUMNS], NAME_BYTES, "/pair_%u/metric", k);
    snprintf(s->name[COLUMNS + 1], NAME_BYTES, "/pair_%u/unit", k);
    array[(*n)++] = (archi_sheet_array_t){s->name[COLUMNS], ARCHI_SHEET_TEXT, 1, {rows}, s->metric, NULL, {NULL}};
    array[(*n)++] =
        (archi_sheet_array_t){s->name[COLUMNS + 1], ARCHI_SHEET_TEXT, 1, {rows}, s->unit, NULL, {s->name[COLUMNS]}};
    for (uint32_t column = 0; column < COLUMNS; column++) {
        bool is_text = column == COLUMNS - 1;
        snprintf(s->name[column], NAME_BYTES, "/pair_%u/%s", k, columns[column]);
        array[(*n)++] = (archi_sheet_array_t){s->name[column],
                                              is_text ? ARCHI_SHEET_TEXT : ARCHI_SHEET_DOUBLE,
                                              1,
                                              {rows},
                                              is_text ? (const void *)s->effect : s->value + column * rows,
                                              NULL,
                                              {s->name[COLUMNS]}};
    }
    return ARCH_OK;
}

arch_status_t arch_comparison_write(const char *path, const arch_comparison_t *c)
{
    archi_sheet_attribute_t attribute = {"version", arch_version()};
    size_t most = (size_t)(c->n_designs - 1) * (COLUMNS + 2) + 4;
    archi_sheet_array_t *array = calloc(most, sizeof *array);
    pair_sheet_t *pair = calloc(c->n_designs, sizeof *pair);
    arch_status_t st =
        array != NULL && pair != NULL ? ARCH_OK : ARCH_FAIL(ARCH_E_NOMEM, "no memory for the file of a comparison");
    char *json = NULL;
    uint32_t n = 0;

    if (st == ARCH_OK)
        st = arch_comparison_json(c, &json);
    if (st == ARCH_OK) {
        array[n++] = (archi_sheet_array_t){"/comparison", ARCHI_SHEET_TEXT, 0, {0}, &json, NULL, {NULL}};
        array[n++] = (archi_sheet_array_t){"/name", ARCHI_SHEET_TEXT, 1, {c->n_designs}, c->name, NULL, {NULL}};
        array[n++] = (archi_sheet_array_t){"/design", ARCHI_SHEET_TEXT, 1, {c->n_designs}, c->text, NULL, {"/name"}};
        array[n++] = (archi_sheet_array_t){"/digest", ARCHI_SHEET_U64, 1, {c->n_designs}, c->digest, NULL, {"/name"}};
    }
    for (uint32_t k = 1; st == ARCH_OK && k < c->n_designs; k++)
        st = fill_pair(&c->pair[k - 1], k, &pair[k], array, &n);
    if (st == ARCH_OK)
        st = archi_sheet_write(path, "architech comparison", &attribute, 1, array, n);
    for (uint32_t k = 1; pair != NULL && k < c->n_designs; k++) {
        free(pair[k].metric);
        free(pair[k].unit);
        free(pair[k].effect);
        free(pair[k].value);
    }
    free(pair);
    free(array);
    free(json);
    return st;
}
