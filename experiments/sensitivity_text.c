/* experiments/sensitivity_text.c - a study of sensitivity as people and programs read it. */
#include "io/json_figure.h"
#include "io/results_text.h"
#include <architech/sensitivity.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- text ------------------------------------------------------------------------------------------------------- */

enum { N_COLUMNS = 7 };

static archi_look_t look_of(const arch_sensitivity_t *s)
{
    size_t n = strlen(s->metric);

    if (strcmp(s->unit, "ns") == 0)
        return ARCHI_AS_TIME;
    if (n > 5 && (strcmp(s->metric + n - 5, "queue") == 0))
        return ARCHI_AS_LEVEL;
    return strcmp(s->unit, "1") == 0 ? ARCHI_AS_PERCENT : ARCHI_AS_NUMBER;
}

static void put_share(archi_grid_t *g, uint32_t column, const arch_estimate_t *e)
{
    char text[ARCHI_SHOWN_BYTES] = "";

    if (e->supported)
        archi_show_estimate(e, ARCHI_AS_PERCENT, true, text);
    archi_grid_set(g, column, text, ARCHI_PLAIN);
}

static void put_row(archi_grid_t *g, const arch_parameter_t *p, archi_look_t look)
{
    char text[ARCHI_SHOWN_BYTES];
    arch_estimate_t spread = {p->spread, NAN, !isnan(p->spread)};

    archi_grid_row(g);
    archi_grid_set(g, 0, p->name, ARCHI_PLAIN);
    archi_grid_set(g, 1, p->value, ARCHI_DIM);
    archi_show_estimate(&p->strength, look, true, text);
    archi_grid_set(g, 2, text, ARCHI_PLAIN);
    archi_grid_set(g, 3, !(p->strength.value > 0) ? "none" : p->effect > 0 ? "up" : "down", ARCHI_PLAIN);
    archi_show_estimate(&spread, look, true, text);
    archi_grid_set(g, 4, text, ARCHI_PLAIN);
    put_share(g, 5, &p->first);
    put_share(g, 6, &p->total);
}

static void put_table(archi_strbuf_t *b, const arch_sensitivity_t *s, size_t width, bool colour)
{
    static const char *const heading[N_COLUMNS] = {"number", "is", "effect", "way", "spread", "alone", "in all"};
    arch_arena_t *arena = archi_arena_create();
    archi_grid_t g;

    archi_grid_init(&g, arena, N_COLUMNS, 2, s->n_parameters + 1);
    archi_grid_row(&g);
    for (uint32_t i = 0; i < N_COLUMNS; i++)
        archi_grid_set(&g, i, heading[i], ARCHI_BOLD);
    for (uint32_t i = 0; i < s->n_parameters; i++)
        put_row(&g, &s->parameter[i], look_of(s));
    archi_grid_add(b, &g, width, colour);
    archi_arena_destroy(&arena);
}

/* The one with the largest share; where shares were not looked for, the largest effect. */
static const arch_parameter_t *worth_measuring(const arch_sensitivity_t *s)
{
    const arch_parameter_t *best = &s->parameter[0];

    for (uint32_t i = 0; i < s->n_parameters; i++)
        if (s->parameter[i].total.supported && (!best->total.supported || s->parameter[i].total.value > best->total.value))
            best = &s->parameter[i];
    return best;
}

static void put_verdict(archi_strbuf_t *b, const arch_sensitivity_t *s)
{
    const arch_parameter_t *p = worth_measuring(s);
    char share[ARCHI_SHOWN_BYTES], least[ARCHI_SHOWN_BYTES], most[ARCHI_SHOWN_BYTES], now[ARCHI_SHOWN_BYTES];

    archi_show_estimate(&s->at_design, look_of(s), false, now);
    archi_show_value(s->low, look_of(s), least);
    archi_show_value(s->high, look_of(s), most);
    archi_strbuf_printf(b, "%s of %s is %s.\nWith every number known to within a factor of %.4g it lies from %s to %s.\n",
                        s->metric, s->name, now, 1 + s->range, least, most);
    if (!p->strength.supported || !(p->strength.value > p->strength.half_width)) {
        archi_strbuf_add(b, "No number moves it by more than these data can show.\n");
        return;
    }
    archi_strbuf_printf(b, "Measure next: %s (now %s)", p->name, p->value);
    if (p->total.supported) {
        archi_show_estimate(&p->total, ARCHI_AS_PERCENT, false, share);
        archi_strbuf_printf(b, ": it has a part in %s of the variance of what is not known", share);
    }
    archi_strbuf_add(b, ".\n");
}

arch_status_t arch_sensitivity_text(const arch_sensitivity_t *s, uint32_t width, bool colour, char **text)
{
    archi_strbuf_t b = {0};

    put_verdict(&b, s);
    archi_strbuf_add(&b, "\n");
    put_table(&b, s, width > 0 ? width : 100, colour);
    archi_strbuf_printf(&b, "\neffect: what the whole range of the number does to the metric, on average over the others\n"
                            "spread: how much that depends on the others, or is no line\n"
                            "alone, in all: shares of the metric's variance, by itself and with what it acts through\n"
                            "%u designs tried", s->n_points);
    if (s->n_failed > 0)
        archi_strbuf_printf(&b, ", %u of which had no such metric and were left out", s->n_failed);
    archi_strbuf_printf(&b, "\ndigest %016llx\n", (unsigned long long)s->digest);
    return archi_strbuf_take(&b, text);
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

static void put_parameter(archi_strbuf_t *b, const arch_parameter_t *p)
{
    archi_strbuf_add(b, "    {\"name\": ");
    archi_strbuf_json(b, p->name);
    archi_strbuf_add(b, ", \"value\": ");
    archi_strbuf_json(b, p->value);
    archi_strbuf_add(b, ", ");
    archi_json_put_estimate(b, "strength", p->strength);
    archi_strbuf_add(b, ", ");
    archi_json_put_member(b, "effect", p->effect);
    archi_strbuf_add(b, ", ");
    archi_json_put_member(b, "spread", p->spread);
    archi_strbuf_add(b, ", ");
    archi_json_put_estimate(b, "first", p->first);
    archi_strbuf_add(b, ", ");
    archi_json_put_estimate(b, "total", p->total);
    archi_strbuf_add(b, "}");
}

arch_status_t arch_sensitivity_json(const arch_sensitivity_t *s, char **text)
{
    archi_strbuf_t b = {0};

    archi_strbuf_add(&b, "{\n  \"format\": \"architech sensitivity\",\n  \"format_version\": 1,\n  \"name\": ");
    archi_strbuf_json(&b, s->name);
    archi_strbuf_add(&b, ",\n  \"metric\": ");
    archi_strbuf_json(&b, s->metric);
    archi_strbuf_printf(&b, ",\n  \"unit\": \"%s\",\n  \"digest\": \"%016llx\",\n  ", s->unit,
                        (unsigned long long)s->digest);
    archi_json_put_member(&b, "range", s->range);
    archi_strbuf_add(&b, ",\n  ");
    archi_json_put_estimate(&b, "at_design", s->at_design);
    archi_strbuf_add(&b, ",\n  ");
    archi_json_put_member(&b, "low", s->low);
    archi_strbuf_add(&b, ",\n  ");
    archi_json_put_member(&b, "high", s->high);
    archi_strbuf_add(&b, ",\n  \"measure_next\": ");
    archi_strbuf_json(&b, worth_measuring(s)->name);
    archi_strbuf_add(&b, ",\n  \"parameters\": [\n");
    for (uint32_t i = 0; i < s->n_parameters; i++) {
        put_parameter(&b, &s->parameter[i]);
        archi_strbuf_add(&b, i + 1 < s->n_parameters ? ",\n" : "\n");
    }
    archi_strbuf_printf(&b, "  ],\n  \"points\": %u,\n  \"failed\": %u,\n", s->n_points, s->n_failed);
    archi_strbuf_printf(&b, "  \"requests\": \"%llu\",\n  \"events\": \"%llu\"\n}\n", (unsigned long long)s->requests,
                        (unsigned long long)s->events);
    return archi_strbuf_take(&b, text);
}
