/* experiments/capacity_text.c - a capacity as people and programs read it. */
#include "io/json_figure.h"
#include "io/results_text.h"
#include <architech/capacity.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- text ------------------------------------------------------------------------------------------------------- */

static const char *verdict_word(arch_carried_t v)
{
    return v == ARCH_CARRIED ? "carried" : v == ARCH_UNDECIDED ? "undecided" : "too much";
}

static void say_load(double load, char out[ARCHI_SHOWN_BYTES])
{
    archi_show_value(load, ARCHI_AS_NUMBER, out);
}

/* "1,430 to 1,450 requests/s (1.74 to 1.77 x the design's load)" */
static void say_bracket(archi_strbuf_t *b, const arch_bracket_t *k)
{
    char low[ARCHI_SHOWN_BYTES], high[ARCHI_SHOWN_BYTES];

    say_load(k->carried_load, low);
    say_load(k->too_much_load, high);
    if (!isfinite(k->too_much) && k->carried > 0)
        archi_strbuf_printf(b, "%s requests/s (%.3g x the design's load) are carried, and no more was tried", low,
                            k->carried);
    else if (!(k->carried > 0) && k->at != ARCH_NONE && k->at > 0)
        archi_strbuf_printf(b, "not known: %s requests/s (%.3g x the design's load) are too much, and no load below\n"
                               "             could be judged; give more replications or a longer duration",
                            high, k->too_much);
    else if (!(k->carried > 0) && isfinite(k->too_much))
        archi_strbuf_printf(b, "none: even %s requests/s (%.3g x the design's load) are too much", high, k->too_much);
    else if (!isfinite(k->too_much))
        archi_strbuf_add(b, "no load could be judged");
    else
        archi_strbuf_printf(b, "%s requests/s are carried, %s are too much (%.3g and %.3g x the design's load)", low, high,
                            k->carried, k->too_much);
}

static void say_time(arch_time_t t, char out[ARCHI_SHOWN_BYTES]) { archi_show_setting((double)t, ARCHI_AS_TIME, out); }

static void say_recovery(archi_strbuf_t *b, const arch_capacity_t *c)
{
    char over[ARCHI_SHOWN_BYTES], time[ARCHI_SHOWN_BYTES], rest[ARCHI_SHOWN_BYTES];

    if (c->verdict == ARCH_RECOVERY_UNKNOWN)
        return;
    say_load(c->overload * c->designed_load, over);
    say_time(c->overload_time, time);
    say_time(c->recovery_time, rest);
    archi_strbuf_printf(b, "recovery     after %s of %s requests/s and %s to recover:\n             ", time, over, rest);
    say_bracket(b, &c->recovery);
    archi_strbuf_add(b, "\nverdict      ");
    if (c->verdict == ARCH_RECOVERS)
        archi_strbuf_add(b, "recovers by itself: no load that was carried before is too much after the overload, as\n"
                            "             far as these data can show");
    else
        archi_strbuf_printf(b, "%s from %.3g to %.3g x the design's load",
                            c->verdict == ARCH_METASTABLE
                                ? "metastable: does not recover, even in four times as long, from an overload at loads"
                                : "recovers slowly: the backlog is still there after the time to recover, at loads",
                            c->recovery.carried, c->capacity.carried);
    archi_strbuf_add(b, "\n");
}

enum { N_COLUMNS = 7 };

static void put_cell(archi_grid_t *g, uint32_t column, const arch_estimate_t *e, archi_look_t look)
{
    char text[ARCHI_SHOWN_BYTES];

    archi_show_estimate(e, look, true, text);
    archi_grid_set(g, column, text, ARCHI_PLAIN);
}

static void put_row(archi_grid_t *g, const arch_load_point_t *p)
{
    static const archi_ink_t ink[] = {ARCHI_GREEN, ARCHI_YELLOW, ARCHI_RED};
    char text[ARCHI_SHOWN_BYTES + 64];

    archi_grid_row(g);
    say_load(p->load, text);
    archi_grid_set(g, 0, text, ARCHI_PLAIN);
    snprintf(text, sizeof text, "%.3f", p->factor);
    archi_grid_set(g, 1, text, ARCHI_PLAIN);
    archi_grid_set(g, 2, verdict_word(p->verdict), ink[p->verdict]);
    snprintf(text, sizeof text, "%u", p->replications);
    archi_grid_set(g, 3, text, ARCHI_PLAIN);
    put_cell(g, 4, &p->throughput, ARCHI_AS_NUMBER);
    put_cell(g, 5, &p->mean, ARCHI_AS_TIME);
    archi_show_estimate(&p->utilisation, ARCHI_AS_PERCENT, true, text);
    if (p->busiest[0] != '\0')
        snprintf(text + strlen(text), sizeof text - strlen(text), " %.60s", p->busiest);
    archi_grid_set(g, 6, text, ARCHI_PLAIN);
}

static void put_points(archi_strbuf_t *b, const char *title, const arch_load_point_t *point, uint32_t n, size_t width,
                       bool colour)
{
    static const char *const heading[N_COLUMNS] = {NULL, "factor", "verdict", "runs", "answered/s", "mean", "busiest"};
    arch_arena_t *arena = n > 0 ? archi_arena_create() : NULL;
    archi_grid_t g;

    if (n == 0)
        return;
    archi_grid_init(&g, arena, N_COLUMNS, 0, n + 1);
    archi_grid_row(&g);
    for (uint32_t i = 0; i < N_COLUMNS; i++)
        archi_grid_set(&g, i, i == 0 ? title : heading[i], ARCHI_BOLD);
    for (uint32_t i = 0; i < n; i++)
        put_row(&g, &point[i]);
    archi_strbuf_add(b, "\n");
    archi_grid_add(b, &g, width, colour);
    archi_arena_destroy(&arena);
}

static void put_head(archi_strbuf_t *b, const arch_capacity_t *c)
{
    char load[ARCHI_SHOWN_BYTES], knee[ARCHI_SHOWN_BYTES], full[ARCHI_SHOWN_BYTES];

    say_load(c->designed_load, load);
    archi_strbuf_printf(b, "%s: designed for %s requests/s; every judgement at %.4g %% confidence\n\ncapacity     ", c->name,
                        load, 100 * c->confidence);
    say_bracket(b, &c->capacity);
    archi_strbuf_add(b, "\n");
    if (c->capacity.at != ARCH_NONE)
        archi_strbuf_printf(b, "breaks first %s\n", c->point[c->capacity.at].why);
    if (c->knee > 0) {
        say_load(c->knee_load, knee);
        archi_strbuf_printf(b, "knee         %s requests/s (%.3g x): the most throughput for its latency\n", knee, c->knee);
    }
    if (isfinite(c->saturation)) {
        say_load(c->saturation * c->designed_load, full);
        archi_strbuf_printf(b, "saturates    %s first, at %s requests/s (%.3g x), by the traffic equations\n", c->saturates,
                            full, c->saturation);
    }
}

arch_status_t arch_capacity_text(const arch_capacity_t *c, uint32_t width, bool colour, char **text)
{
    archi_strbuf_t b = {0};

    width = width > 0 ? width : 100;
    put_head(&b, c);
    say_recovery(&b, c);
    put_points(&b, "requests/s", c->point, c->n_points, width, colour);
    put_points(&b, "after overload", c->recovery_point, c->n_recovery_points, width, colour);
    archi_strbuf_printf(&b, "\ndigest %016llx\n", (unsigned long long)c->digest);
    return archi_strbuf_take(&b, text);
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

static void put_bracket(archi_strbuf_t *b, const char *name, const arch_bracket_t *k)
{
    archi_strbuf_printf(b, "  \"%s\": {", name);
    archi_json_put_member(b, "carried", k->carried);
    archi_strbuf_add(b, ", ");
    archi_json_put_member(b, "too_much", k->too_much);
    archi_strbuf_add(b, ", ");
    archi_json_put_member(b, "carried_per_s", k->carried_load);
    archi_strbuf_add(b, ", ");
    archi_json_put_member(b, "too_much_per_s", k->too_much_load);
    archi_strbuf_add(b, "},\n");
}

static void put_point(archi_strbuf_t *b, const arch_load_point_t *p)
{
    archi_strbuf_add(b, "    {");
    archi_json_put_member(b, "factor", p->factor);
    archi_strbuf_add(b, ", ");
    archi_json_put_member(b, "load_per_s", p->load);
    archi_strbuf_printf(b, ", \"verdict\": \"%s\", \"replications\": %u, \"why\": ", verdict_word(p->verdict),
                        p->replications);
    archi_strbuf_json(b, p->why);
    archi_strbuf_add(b, ", ");
    archi_json_put_estimate(b, "throughput_per_s", p->throughput);
    archi_strbuf_add(b, ", ");
    archi_json_put_estimate(b, "mean_ns", p->mean);
    archi_strbuf_add(b, ", \"busiest\": ");
    archi_strbuf_json(b, p->busiest);
    archi_strbuf_add(b, ", ");
    archi_json_put_estimate(b, "utilisation", p->utilisation);
    archi_strbuf_add(b, "}");
}

static void put_list(archi_strbuf_t *b, const char *name, const arch_load_point_t *point, uint32_t n)
{
    archi_strbuf_printf(b, "  \"%s\": [", name);
    for (uint32_t i = 0; i < n; i++) {
        archi_strbuf_add(b, i > 0 ? ",\n" : "\n");
        put_point(b, &point[i]);
    }
    archi_strbuf_add(b, n > 0 ? "\n  ],\n" : "],\n");
}

static void put_line(archi_strbuf_t *b, const char *name, double x)
{
    archi_strbuf_add(b, "  ");
    archi_json_put_member(b, name, x);
    archi_strbuf_add(b, ",\n");
}

arch_status_t arch_capacity_json(const arch_capacity_t *c, char **text)
{
    static const char *const word[] = {"unknown", "recovers", "recovers slowly", "metastable"};
    archi_strbuf_t b = {0};

    archi_strbuf_add(&b, "{\n  \"format\": \"architech capacity\",\n  \"format_version\": 1,\n  \"name\": ");
    archi_strbuf_json(&b, c->name);
    archi_strbuf_printf(&b, ",\n  \"digest\": \"%016llx\",\n", (unsigned long long)c->digest);
    put_line(&b, "confidence", c->confidence);
    put_line(&b, "designed_per_s", c->designed_load);
    put_bracket(&b, "capacity", &c->capacity);
    put_line(&b, "knee", c->knee);
    put_line(&b, "knee_per_s", c->knee_load);
    put_line(&b, "saturation", c->saturation);
    archi_strbuf_add(&b, "  \"saturates\": ");
    archi_strbuf_json(&b, c->saturates);
    archi_strbuf_printf(&b, ",\n  \"verdict\": \"%s\",\n", word[c->verdict]);
    if (c->verdict != ARCH_RECOVERY_UNKNOWN) {
        put_line(&b, "overload", c->overload);
        put_line(&b, "overload_ns", (double)c->overload_time);
        put_line(&b, "recovery_ns", (double)c->recovery_time);
        put_bracket(&b, "recovery", &c->recovery);
    }
    put_list(&b, "points", c->point, c->n_points);
    put_list(&b, "recovery_points", c->recovery_point, c->n_recovery_points);
    archi_strbuf_printf(&b, "  \"requests\": \"%llu\",\n  \"events\": \"%llu\"\n}\n", (unsigned long long)c->requests,
                        (unsigned long long)c->events);
    return archi_strbuf_take(&b, text);
}
