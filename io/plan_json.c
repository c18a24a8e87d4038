/* io/plan_json.c - a plan for programs. Costs are texts, exact; 64-bit integers are texts, as in results. */
#include "io/plan_words.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

enum { FORMAT_VERSION = 1 };

static void add_number(archi_strbuf_t *buf, double v)
{
    if (isfinite(v))
        archi_strbuf_double(buf, v);
    else
        archi_strbuf_add(buf, "null");
}

/* Of the period that people read, with six decimals. */
static void add_cost(archi_strbuf_t *buf, const arch_plan_t *plan, arch_money_t money)
{
    int64_t millionths = (money + plan->per_year / 2) / plan->per_year;

    archi_strbuf_printf(buf, "\"%" PRId64 ".%06" PRId64 "\"", millionths / 1000000, millionths % 1000000);
}

static void add_words(archi_strbuf_t *buf, const char *key, archi_strbuf_t *words)
{
    char *text = NULL;

    if (archi_strbuf_take(words, &text) != ARCH_OK)
        buf->failed = true;
    archi_strbuf_printf(buf, "\"%s\": ", key);
    archi_strbuf_json(buf, text != NULL ? text : "");
    free(text);
}

static void add_objectives(archi_strbuf_t *buf, const arch_plan_t *plan)
{
    archi_strbuf_add(buf, "  \"objectives\": [");
    for (uint32_t o = 0; o < plan->n_objectives; o++) {
        archi_strbuf_add(buf, o > 0 ? ",\n    {\"name\": " : "\n    {\"name\": ");
        archi_strbuf_json(buf, plan->objective[o].name);
        archi_strbuf_add(buf, ", \"subject\": ");
        archi_strbuf_json(buf, plan->objective[o].subject);
        archi_strbuf_printf(buf, ", \"below\": %s, \"limit\": ", plan->objective[o].below ? "true" : "false");
        add_number(buf, plan->objective[o].limit);
        archi_strbuf_add(buf, "}");
    }
    archi_strbuf_add(buf, "\n  ],\n");
}

static void add_changes(archi_strbuf_t *buf, const arch_plan_t *plan)
{
    archi_strbuf_add(buf, "  \"changes\": [");
    for (uint32_t i = 0; i < plan->n_changes; i++) {
        const arch_planned_change_t *c = &plan->change[i];
        archi_strbuf_add(buf, i > 0 ? ",\n    {\"name\": " : "\n    {\"name\": ");
        archi_strbuf_json(buf, c->name);
        archi_strbuf_printf(buf, ", \"boring\": %u, \"monotone\": %s, \"needed\": ", c->boring,
                            c->monotone ? "true" : "false");
        archi_strbuf_add(buf, plan->answer == ARCH_NONE ? "null" : archi_is_spared(plan, i) ? "false" : "true");
        archi_strbuf_add(buf, ", \"options\": [");
        for (uint32_t o = 0; o < c->n_options; o++) {
            archi_strbuf_add(buf, o > 0 ? ", {\"name\": " : "{\"name\": ");
            archi_strbuf_json(buf, c->option[o].name);
            archi_strbuf_add(buf, ", \"cost\": ");
            add_cost(buf, plan, c->option[o].cost);
            archi_strbuf_add(buf, "}");
        }
        archi_strbuf_add(buf, "]}");
    }
    archi_strbuf_add(buf, "\n  ],\n");
}

static void add_measured(archi_strbuf_t *buf, const arch_plan_t *plan, const arch_case_t *x)
{
    archi_strbuf_add(buf, ", \"measured\": [");
    for (uint32_t o = 0; o < plan->n_objectives; o++) {
        archi_strbuf_add(buf, o > 0 ? ", " : "");
        if (!x->measured[o].supported) {
            archi_strbuf_add(buf, "null");
            continue;
        }
        archi_strbuf_add(buf, "{\"value\": ");
        add_number(buf, x->measured[o].value);
        archi_strbuf_add(buf, ", \"half_width\": ");
        add_number(buf, x->measured[o].half_width);
        archi_strbuf_add(buf, "}");
    }
    archi_strbuf_add(buf, "]");
}

static void add_case(archi_strbuf_t *buf, const arch_plan_t *plan, uint32_t c)
{
    const arch_case_t *x = &plan->cases[c];
    archi_strbuf_t words = {0};

    archi_strbuf_add(buf, c > 0 ? ",\n    {\"options\": [" : "\n    {\"options\": [");
    for (uint32_t i = 0; i < plan->n_changes; i++)
        archi_strbuf_printf(buf, "%s%u", i > 0 ? ", " : "", x->option[i]);
    archi_strbuf_add(buf, "], \"cost\": ");
    add_cost(buf, plan, x->cost);
    archi_strbuf_printf(buf, ", \"verdict\": \"%s\"", arch_case_name(x->kind));
    if (x->kind == ARCH_CASE_DOMINATED)
        archi_strbuf_printf(buf, ", \"by\": %u", x->by);
    if (x->objective != ARCH_NONE)
        archi_strbuf_printf(buf, ", \"objective\": %u", x->objective);
    if (x->kind != ARCH_CASE_DOMINATED && x->kind != ARCH_CASE_COSTLIER) {
        archi_say_reason(&words, plan, c);
        archi_strbuf_add(buf, ", ");
        add_words(buf, "reason", &words);
    }
    if (x->measured != NULL) {
        archi_strbuf_printf(buf, ", \"replications\": %u, \"requests\": \"%" PRIu64 "\", \"digest\": \"%016" PRIx64 "\"",
                            x->replications, x->requests, x->digest);
        add_measured(buf, plan, x);
    }
    archi_strbuf_add(buf, "}");
}

static void add_bound(archi_strbuf_t *buf, const arch_plan_t *plan)
{
    const arch_plan_bound_t *b = &plan->bound;

    archi_strbuf_add(buf, "  \"perfect_autoscaler\": ");
    if (!b->known) {
        archi_strbuf_add(buf, "null,\n");
        return;
    }
    archi_strbuf_add(buf, "{\"cost\": ");
    add_cost(buf, plan, b->cost);
    archi_strbuf_printf(buf, ", \"change\": %u, \"least\": ", b->change);
    add_number(buf, b->least);
    archi_strbuf_add(buf, ", \"most\": ");
    add_number(buf, b->most);
    archi_strbuf_printf(buf, ", \"instants\": %u},\n", b->n_instants);
}

static void add_case_number(archi_strbuf_t *buf, const char *key, uint32_t c)
{
    if (c == ARCH_NONE)
        archi_strbuf_printf(buf, "  \"%s\": null,\n", key);
    else
        archi_strbuf_printf(buf, "  \"%s\": %u,\n", key, c);
}

arch_status_t arch_plan_json(const arch_plan_t *plan, char **text)
{
    static const char *const period[] = {"hour", "day", "month", "year"};
    archi_strbuf_t buf = {0}, words = {0};
    arch_status_t st;

    archi_strbuf_printf(&buf, "{\n  \"architech_plan\": %d,\n  \"design\": ", FORMAT_VERSION);
    archi_strbuf_json(&buf, plan->design);
    archi_strbuf_add(&buf, ",\n  ");
    archi_say_answer(&words, plan);
    add_words(&buf, "says", &words);
    archi_strbuf_add(&buf, ",\n  \"confidence\": ");
    add_number(&buf, plan->confidence);
    archi_strbuf_add(&buf, ",\n  \"currency\": ");
    archi_strbuf_json(&buf, plan->currency);
    archi_strbuf_printf(&buf, ",\n  \"per\": \"%s\",\n",
                        period[plan->per_year == 8760 ? 0 : plan->per_year == 365 ? 1 : plan->per_year == 12 ? 2 : 3]);
    add_objectives(&buf, plan);
    add_changes(&buf, plan);
    add_case_number(&buf, "answer", plan->answer);
    add_case_number(&buf, "nearest", plan->nearest);
    add_bound(&buf, plan);
    archi_strbuf_printf(&buf, "  \"simulated\": {\"configurations\": %u, \"replications\": \"%" PRIu64
                        "\", \"requests\": \"%" PRIu64 "\", \"digest\": \"%016" PRIx64 "\"},\n  \"cases\": [",
                        plan->n_simulated, plan->replications, plan->requests, plan->digest);
    for (uint32_t c = 0; c < plan->n_cases; c++)
        add_case(&buf, plan, c);
    archi_strbuf_add(&buf, "\n  ]\n}\n");
    st = archi_strbuf_take(&buf, text);
    return st;
}
