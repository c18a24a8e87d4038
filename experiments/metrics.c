/* experiments/metrics.c - figures by name: "web lb/read p95", "web errors", "db utilisation", "app#2 queue". */
#include <architech/samples.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *unit;
} figures[ARCH_N_FIGURES] = {
    {"mean", "ns"},      {"p50", "ns"},         {"p95", "ns"},     {"p99", "ns"},  {"p99.9", "ns"},
    {"errors", "1"},     {"throughput", "1/s"}, {"utilisation", "1"}, {"busiest", "1"}, {"queue", "1"},
    {"wait", "ns"},      {"sojourn", "ns"},     {"visits", "1/s"}, {"hit_ratio", "1"}, {"lag", "ns"},
};

const char *arch_figure_name(arch_figure_t figure) { return (unsigned)figure < ARCH_N_FIGURES ? figures[figure].name : "?"; }
const char *arch_figure_unit(arch_figure_t figure) { return (unsigned)figure < ARCH_N_FIGURES ? figures[figure].unit : "?"; }

static bool of_operations(arch_figure_t figure) { return figure <= ARCH_FIGURE_THROUGHPUT; }

/* ---- from a name ------------------------------------------------------------------------------------------------ */

/* A word of the name: up to a space, or the end. */
typedef struct {
    const char *text;
    size_t n;
} word_t;

enum { MOST_WORDS = 3 };

static uint32_t words_of(const char *name, word_t word[MOST_WORDS])
{
    uint32_t n = 0;

    while (*name != '\0') {
        size_t length = strcspn(name, " ");
        if (length > 0 && n == MOST_WORDS)
            return 0;
        if (length > 0)
            word[n++] = (word_t){name, length};
        name += length + strspn(name + length, " ");
    }
    return n;
}

static bool is(word_t word, const char *text) { return strlen(text) == word.n && memcmp(text, word.text, word.n) == 0; }

static bool find_figure(word_t word, arch_figure_t *out)
{
    for (uint32_t f = 0; f < ARCH_N_FIGURES; f++)
        if (is(word, figures[f].name)) {
            *out = (arch_figure_t)f;
            return true;
        }
    return false;
}

/* The only entry of a workload stands for the workload. */
static bool find_operation(const arch_samples_t *s, word_t workload, const word_t *name, arch_metric_at_t *out)
{
    uint32_t found = 0;

    for (uint32_t i = 0; i < s->n_operations; i++) {
        const arch_operation_row_t *o = &s->operation[i];
        if (!is(workload, o->workload) || (name != NULL && (!is(*name, o->name) || o->name[0] == '\0')))
            continue;
        found++;
        out->first = i; /* a workload's own row is the last of its rows */
    }
    out->n = 1;
    return found > 0;
}

/* Rows of a group, which follow each other, or the one of an element. */
static bool find_components(const arch_samples_t *s, word_t name, arch_metric_at_t *out)
{
    out->n = 0;
    for (uint32_t i = 0; i < s->n_components; i++)
        if (is(name, s->component[i].group)) {
            out->first = out->n == 0 ? i : out->first;
            out->n = i + 1 - out->first;
        }
    for (uint32_t i = 0; out->n == 0 && i < s->n_components; i++)
        if (is(name, s->component[i].name)) {
            out->first = i;
            out->n = 1;
        }
    return out->n > 0;
}

static arch_status_t not_found(const arch_samples_t *s, const char *name)
{
    arch_metric_at_t *all = NULL;
    uint32_t n = 0;
    char example[3][200] = {"", "", ""};

    ARCH_TRY(arch_samples_metrics(s, &all, &n));
    for (uint32_t i = 0; i < 3; i++)
        arch_samples_name(s, n > 0 ? all[(uint64_t)i * (n - 1) / 2] : (arch_metric_at_t){0}, example[i], sizeof example[i]);
    free(all);
    return ARCH_FAIL(ARCH_E_NOTFOUND, "there is no metric \"%s\"; metrics are named like \"%s\", \"%s\", \"%s\"", name,
                     example[0], example[1], example[2]);
}

arch_status_t arch_samples_find(const arch_samples_t *samples, const char *name, arch_metric_at_t *out)
{
    word_t word[MOST_WORDS];
    uint32_t n = words_of(name, word);
    bool found = false;

    if (n >= 2 && find_figure(word[n - 1], &out->figure)) {
        if (of_operations(out->figure))
            found = find_operation(samples, word[0], n == 3 ? &word[1] : NULL, out);
        else if (n == 2)
            found = find_components(samples, word[0], out);
    }
    return found ? ARCH_OK : not_found(samples, name);
}

/* ---- to a name -------------------------------------------------------------------------------------------------- */

void arch_samples_name(const arch_samples_t *samples, arch_metric_at_t m, char *out, size_t bytes)
{
    if (of_operations(m.figure) && m.first < samples->n_operations) {
        const arch_operation_row_t *o = &samples->operation[m.first];
        snprintf(out, bytes, "%s%s%s %s", o->workload, o->name[0] != '\0' ? " " : "", o->name, arch_figure_name(m.figure));
    } else if (m.first < samples->n_components) {
        const arch_component_row_t *c = &samples->component[m.first];
        bool whole = (m.first == 0 || strcmp(c[-1].group, c->group) != 0) &&
                     (m.first + m.n == samples->n_components || strcmp(c[m.n].group, c->group) != 0);
        snprintf(out, bytes, "%s %s", whole ? c->group : c->name, arch_figure_name(m.figure));
    } else {
        snprintf(out, bytes, "? %s", arch_figure_name(m.figure));
    }
}

/* ---- all of them ------------------------------------------------------------------------------------------------ */

/* Whether the figure means something there: a balancer is never busy, only caches hit, only replicas lag. */
static bool has_figure(const arch_samples_t *s, arch_figure_t figure, uint32_t first, uint32_t n)
{
    for (uint32_t i = first; i < first + n; i++)
        for (uint32_t k = 0; k < s->n; k++) {
            const arch_component_sample_t *c = &s->sample[k]->component[i];
            if (figure == ARCH_FIGURE_UTILISATION || figure == ARCH_FIGURE_BUSIEST ? s->component[i].cores > 0
                : figure == ARCH_FIGURE_HIT_RATIO                                  ? c->lookups > 0
                : figure == ARCH_FIGURE_LAG                                        ? c->applied > 0
                                                                                   : true)
                return true;
        }
    return false;
}

static uint32_t list_group(const arch_samples_t *s, uint32_t first, uint32_t n, arch_metric_at_t *out)
{
    uint32_t found = 0;

    for (uint32_t f = ARCH_FIGURE_UTILISATION; f < ARCH_N_FIGURES; f++)
        if (has_figure(s, (arch_figure_t)f, first, n))
            out[found++] = (arch_metric_at_t){(arch_figure_t)f, first, n};
    return found;
}

arch_status_t arch_samples_metrics(const arch_samples_t *samples, arch_metric_at_t **out, uint32_t *n)
{
    size_t most = ((size_t)samples->n_operations + samples->n_components + 1) * ARCH_N_FIGURES;
    uint32_t last;

    *n = 0;
    *out = malloc(most * sizeof **out);
    if (*out == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the metrics of %u components", samples->n_components);
    for (uint32_t i = 0; i < samples->n_operations; i++)
        for (uint32_t f = 0; of_operations((arch_figure_t)f); f++)
            (*out)[(*n)++] = (arch_metric_at_t){(arch_figure_t)f, i, 1};
    for (uint32_t i = 0; i < samples->n_components; i = last) {
        for (last = i + 1; last < samples->n_components; last++)
            if (strcmp(samples->component[last].group, samples->component[i].group) != 0)
                break;
        *n += list_group(samples, i, last - i, *out + *n);
    }
    return ARCH_OK;
}

static arch_figure_t figure_of(arch_metric_t metric)
{
    return metric == ARCH_METRIC_UTILISATION ? ARCH_FIGURE_BUSIEST : (arch_figure_t)metric;
}

_Static_assert((int)ARCH_FIGURE_P999 == (int)ARCH_METRIC_P999 && (int)ARCH_FIGURE_THROUGHPUT == (int)ARCH_METRIC_THROUGHPUT,
               "figures of operations are numbered as the metrics of objectives");

static bool find_row(const arch_samples_t *s, uint32_t workload, uint32_t operation, uint32_t *row)
{
    bool found = false;

    for (uint32_t i = 0; i < s->n_operations; i++) {
        const arch_operation_row_t *o = &s->operation[i];
        if (o->workload_index == workload && (operation == ARCH_NONE || o->operation_index == operation)) {
            *row = i; /* the whole workload: its last row */
            found = true;
        }
    }
    return found;
}

static bool find_element(const arch_samples_t *s, arch_kind_t kind, uint32_t element, arch_metric_at_t *out)
{
    out->n = 0;
    for (uint32_t i = 0; i < s->n_components; i++)
        if (s->component[i].kind == (uint32_t)kind && s->component[i].element == element) {
            out->first = out->n == 0 ? i : out->first;
            out->n = i + 1 - out->first;
        }
    return out->n > 0;
}

arch_status_t arch_samples_objective(const arch_samples_t *samples, const arch_design_t *design, uint32_t objective,
                                     arch_metric_at_t *out)
{
    const arch_objective_t *o = &design->objective[objective];
    bool found;

    *out = (arch_metric_at_t){figure_of(o->metric), 0, 1};
    if (o->metric == ARCH_METRIC_UTILISATION)
        found = find_element(samples, o->kind, o->element, out);
    else
        found = find_row(samples, o->workload, o->operation, &out->first);
    return found ? ARCH_OK : ARCH_FAIL(ARCH_E_ARG, "objective %u is not of the design that the samples are of", objective);
}
