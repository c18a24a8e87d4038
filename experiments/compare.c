/* experiments/compare.c - arch_compare(): run the designs on the same random numbers, and set their figures side by side. */
#include "experiments/compare.h"
#include "model/estimate.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_REPLICATIONS = 1000, TRIALS = 5, NAME_BYTES = 512 };

static arch_status_t no_memory(void) { return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a comparison"); }

static void *take(arch_comparison_t *out, size_t n, size_t bytes) { return archi_arena_alloc(out->arena, n * bytes); }

const char *archi_compare_text(arch_comparison_t *out, const char *format, ...)
{
    va_list args;
    char *text;
    int n;

    va_start(args, format);
    n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    text = n < 0 ? NULL : archi_arena_alloc(out->arena, (size_t)n + 1);
    if (text == NULL)
        return NULL;
    va_start(args, format);
    vsnprintf(text, (size_t)n + 1, format, args);
    va_end(args);
    return text;
}

/* ---- metrics that both have ------------------------------------------------------------------------------------- */

typedef struct {
    char *name;
    arch_metric_at_t at;
} named_t;

typedef struct {
    named_t *metric; /* in order of the samples */
    named_t *sorted; /* by name */
    uint32_t n;
} metrics_t;

static int by_name(const void *a, const void *b)
{
    return strcmp(((const named_t *)a)->name, ((const named_t *)b)->name);
}

static arch_status_t list_metrics(arch_comparison_t *out, const arch_samples_t *samples, metrics_t *m)
{
    arch_metric_at_t *at = NULL;
    char name[NAME_BYTES];

    ARCH_TRY(arch_samples_metrics(samples, &at, &m->n));
    m->metric = take(out, m->n, sizeof *m->metric);
    m->sorted = take(out, m->n, sizeof *m->sorted);
    for (uint32_t i = 0; m->metric != NULL && m->sorted != NULL && i < m->n; i++) {
        arch_samples_name(samples, at[i], name, sizeof name);
        m->metric[i] = (named_t){archi_arena_copy(out->arena, name, strlen(name)), at[i]};
        if (m->metric[i].name == NULL)
            m->metric = NULL;
    }
    free(at);
    if (m->metric == NULL || m->sorted == NULL)
        return no_memory();
    memcpy(m->sorted, m->metric, m->n * sizeof *m->metric);
    qsort(m->sorted, m->n, sizeof *m->sorted, by_name);
    return ARCH_OK;
}

static const named_t *find(const metrics_t *m, char *name)
{
    named_t key = {name, {ARCH_FIGURE_MEAN, 0, 0}};

    return bsearch(&key, m->sorted, m->n, sizeof key, by_name);
}

/* "web lb/read p95" is of "web lb/read". */
static size_t subject_length(const char *name)
{
    const char *space = strrchr(name, ' ');

    return space != NULL ? (size_t)(space - name) : strlen(name);
}

static bool same_subject(const char *a, const char *b)
{
    size_t n = subject_length(a);

    return n == subject_length(b) && memcmp(a, b, n) == 0;
}

/* Subjects of a, none of whose metrics b has. */
static arch_status_t list_only(arch_comparison_t *out, const metrics_t *a, const metrics_t *b, const char ***only,
                               uint32_t *n)
{
    uint32_t end;

    *n = 0;
    *only = take(out, (size_t)a->n + 1, sizeof **only);
    if (*only == NULL)
        return no_memory();
    for (uint32_t i = 0; i < a->n; i = end) {
        bool there = false;
        for (end = i; end < a->n && same_subject(a->metric[i].name, a->metric[end].name); end++)
            there = there || find(b, a->metric[end].name) != NULL;
        if (there)
            continue;
        (*only)[*n] = archi_arena_copy(out->arena, a->metric[i].name, subject_length(a->metric[i].name));
        if ((*only)[(*n)++] == NULL)
            return no_memory();
    }
    return ARCH_OK;
}

static bool same_metric(arch_metric_at_t a, arch_metric_at_t b)
{
    return a.figure == b.figure && a.first == b.first && a.n == b.n;
}

/* Mean and p95 of operations, and what objectives of the base ask for. */
static bool is_headline(const archi_compare_t *c, arch_metric_at_t at)
{
    const arch_design_t *d = &c->design[0];
    arch_metric_at_t asked;

    if (at.figure == ARCH_FIGURE_MEAN || at.figure == ARCH_FIGURE_P95)
        return true;
    for (uint32_t i = 0; i < d->n_objectives; i++)
        if (arch_samples_objective(c->point[0].samples, d, i, &asked) == ARCH_OK && same_metric(asked, at))
            return true;
    return false;
}

static arch_status_t match_metrics(archi_compare_t *c, uint32_t other, const metrics_t *base, const metrics_t *its)
{
    arch_pair_t *pair = &c->out->pair[other - 1];

    pair->metric = take(c->out, base->n, sizeof *pair->metric);
    if (pair->metric == NULL)
        return no_memory();
    for (uint32_t i = 0; i < base->n; i++) {
        const named_t *same = find(its, base->metric[i].name);
        arch_compared_t *m = &pair->metric[pair->n_metrics];
        if (same == NULL)
            continue;
        *m = (arch_compared_t){.name = base->metric[i].name,
                               .figure = base->metric[i].at.figure,
                               .headline = is_headline(c, base->metric[i].at),
                               .joint_half_width = NAN};
        ARCH_TRY(arch_samples_compare(c->point[0].samples, base->metric[i].at, c->point[other].samples, same->at,
                                      c->out->confidence, &m->of));
        pair->n_metrics++;
        pair->n_headlines += m->headline;
    }
    ARCH_TRY(list_only(c->out, base, its, &pair->only_base, &pair->n_only_base));
    return list_only(c->out, its, base, &pair->only_other, &pair->n_only_other);
}

/* ---- what may be said ------------------------------------------------------------------------------------------- */

/* The half width that decides, and what it says. Student's t of the replications: of quantiles that took several together
 * for a section it is a little too small in the ratio of the two, which is near 1. */
static void judge(const arch_comparison_t *out, arch_compared_t *m)
{
    double n = out->replications, half = m->of.difference.half_width, base = m->of.a.value, target = 0.01 * fabs(base);

    if (m->headline && isfinite(half))
        m->joint_half_width =
            half * archi_student(n - 1, out->joint_confidence) / archi_student(n - 1, out->confidence);
    if (m->headline)
        half = m->joint_half_width;
    m->replications_for_one_percent =
        isfinite(half) && target > 0 ? fmax(2, ceil(n * (half / target) * (half / target))) : NAN;
    if (!m->of.difference.supported || !isfinite(half))
        m->effect = ARCH_EFFECT_UNKNOWN;
    else if (m->of.difference.value == 0 && half == 0)
        m->effect = ARCH_EFFECT_SAME;
    else if (fabs(m->of.difference.value) <= half)
        m->effect = ARCH_EFFECT_NONE;
    else
        m->effect = m->of.difference.value < 0 ? ARCH_EFFECT_LESS : ARCH_EFFECT_MORE;
}

static arch_status_t compare_metrics(archi_compare_t *c)
{
    arch_comparison_t *out = c->out;
    metrics_t base = {0}, its = {0};

    ARCH_TRY(list_metrics(out, c->point[0].samples, &base));
    out->n_joint = 0;
    for (uint32_t k = 1; k < out->n_designs; k++) {
        memset(&out->pair[k - 1], 0, sizeof *out->pair);
        ARCH_TRY(list_metrics(out, c->point[k].samples, &its));
        ARCH_TRY(match_metrics(c, k, &base, &its));
        out->n_joint += out->pair[k - 1].n_headlines;
    }
    out->joint_confidence = 1 - (1 - out->confidence) / (out->n_joint > 0 ? out->n_joint : 1);
    for (uint32_t k = 1; k < out->n_designs; k++)
        for (uint32_t i = 0; i < out->pair[k - 1].n_metrics; i++)
            judge(out, &out->pair[k - 1].metric[i]);
    return ARCH_OK;
}

/* Replications that the least known headline takes for `precision`; at most `most`. */
static uint32_t needed(const arch_comparison_t *out, double precision, uint32_t most)
{
    double need = out->replications;

    for (uint32_t k = 0; k + 1 < out->n_designs; k++)
        for (uint32_t i = 0; i < out->pair[k].n_metrics; i++) {
            const arch_compared_t *m = &out->pair[k].metric[i];
            double at_one = m->replications_for_one_percent * (0.01 / precision) * (0.01 / precision);
            if (m->headline && !(m->joint_half_width <= precision * fabs(m->of.a.value)))
                need = fmax(need, isfinite(at_one) ? ceil(1.1 * at_one) : 2.0 * out->replications);
        }
    need = fmin(need, 4.0 * out->replications);
    return need < most ? (uint32_t)need : most;
}

/* ---- objectives ------------------------------------------------------------------------------------------------- */

static arch_verdict_t verdict_of(const arch_compared_objective_t *o)
{
    double v = o->measured.value, half = o->measured.half_width;

    if (o->measured.supported && half > 0 && v - half <= o->limit && o->limit <= v + half)
        return ARCH_OBJECTIVE_UNCERTAIN;
    return o->met ? ARCH_OBJECTIVE_MET : ARCH_OBJECTIVE_MISSED;
}

static arch_status_t judge_objective(archi_compare_t *c, uint32_t design, uint32_t i, arch_compared_objective_t *o)
{
    const arch_objective_t *asked = &c->design[design].objective[i];
    const arch_samples_t *samples = c->point[design].samples;
    arch_metric_at_t at;
    char name[NAME_BYTES];

    ARCH_TRY(arch_samples_objective(samples, &c->design[design], i, &at));
    ARCH_TRY(arch_samples_estimate(samples, at, c->out->confidence, &o->measured));
    arch_samples_name(samples, at, name, sizeof name);
    o->present = true;
    o->below = asked->below;
    o->limit = asked->limit;
    o->figure = at.figure;
    o->met = o->measured.supported && (o->below ? o->measured.value < o->limit : o->measured.value > o->limit);
    o->verdict = verdict_of(o);
    o->subject = archi_compare_text(c->out, "%s", name);
    return o->subject != NULL ? ARCH_OK : no_memory();
}

static arch_status_t judge_objectives(archi_compare_t *c)
{
    arch_comparison_t *out = c->out;
    uint32_t most = 0;

    for (uint32_t k = 0; k < out->n_designs; k++)
        most += c->design[k].n_objectives;
    out->objective = take(out, (size_t)most + 1, sizeof *out->objective);
    out->judged = take(out, (size_t)most * out->n_designs + 1, sizeof *out->judged);
    if (out->objective == NULL || out->judged == NULL)
        return no_memory();
    for (uint32_t k = 0; k < out->n_designs; k++)
        for (uint32_t i = 0; i < c->design[k].n_objectives; i++) {
            const char *name = c->design[k].objective[i].name;
            uint32_t row = 0;
            while (row < out->n_objectives && strcmp(out->objective[row], name) != 0)
                row++;
            if (row == out->n_objectives)
                out->objective[out->n_objectives++] = archi_compare_text(out, "%s", name);
            if (out->objective[row] == NULL)
                return no_memory();
            ARCH_TRY(judge_objective(c, k, i, &out->judged[(size_t)row * out->n_designs + k]));
        }
    return ARCH_OK;
}

/* ---- the runs --------------------------------------------------------------------------------------------------- */

/* What the design's own run settings say otherwise. */
static const char *set_aside(arch_comparison_t *out, const arch_run_settings_t *base, const arch_run_settings_t *own)
{
    const char *word[4];
    uint32_t n = 0;

    if (own->duration != base->duration)
        word[n++] = "duration";
    if (own->warmup != base->warmup)
        word[n++] = "warm-up";
    if (own->seed != base->seed)
        word[n++] = "seed";
    if (own->replications != base->replications)
        word[n++] = "replications";
    return archi_compare_text(out, "%s%s%s%s%s%s%s", n > 0 ? word[0] : "", n > 1 ? n > 2 ? ", " : " and " : "",
                              n > 1 ? word[1] : "", n > 2 ? n > 3 ? ", " : " and " : "", n > 2 ? word[2] : "",
                              n > 3 ? " and " : "", n > 3 ? word[3] : "");
}

/* Its name, with a number behind it when an earlier one has the same. */
static const char *name_of(arch_comparison_t *out, const arch_design_t *const *design, uint32_t k)
{
    uint32_t same = 1;

    for (uint32_t i = 0; i < k; i++)
        same += strcmp(design[i]->name, design[k]->name) == 0;
    return same > 1 ? archi_compare_text(out, "%s (%u)", design[k]->name, same)
                    : archi_compare_text(out, "%s", design[k]->name);
}

static arch_status_t put_design(archi_compare_t *c, const arch_compare_options_t *o, const arch_design_t *const *design,
                                uint32_t k)
{
    arch_comparison_t *out = c->out;

    c->design[k] = *design[k];
    c->design[k].run = design[0]->run;
    if (o->replications > 0)
        c->design[k].run.replications = o->replications;
    if (o->independent)
        c->design[k].run.seed += k;
    c->point[k] = (arch_point_t){.design = &c->design[k], .wanted = c->design[k].run.replications};
    out->name[k] = name_of(out, design, k);
    out->set_aside[k] = set_aside(out, &design[0]->run, &design[k]->run);
    return out->name[k] != NULL && out->set_aside[k] != NULL ? ARCH_OK : no_memory();
}

/* The designs as they run. */
static arch_status_t put_texts(archi_compare_t *c)
{
    for (uint32_t k = 0; k < c->out->n_designs; k++) {
        char *text = NULL;
        ARCH_TRY(arch_design_explain(&c->design[k], &text));
        c->out->text[k] = archi_compare_text(c->out, "%s", text);
        free(text);
        if (c->out->text[k] == NULL)
            return no_memory();
    }
    return ARCH_OK;
}

static arch_status_t prepare(archi_compare_t *c, const arch_design_t *const *design, uint32_t n,
                             const arch_compare_options_t *o)
{
    arch_comparison_t *out = c->out;

    out->n_designs = n;
    out->name = take(out, n, sizeof *out->name);
    out->text = take(out, n, sizeof *out->text);
    out->digest = take(out, n, sizeof *out->digest);
    out->set_aside = take(out, n, sizeof *out->set_aside);
    out->pair = take(out, n, sizeof *out->pair);
    c->design = take(out, n, sizeof *c->design);
    c->point = take(out, n, sizeof *c->point);
    if (out->name == NULL || out->text == NULL || out->digest == NULL || out->set_aside == NULL || out->pair == NULL ||
        c->design == NULL || c->point == NULL)
        return no_memory();
    for (uint32_t k = 0; k < n; k++)
        ARCH_TRY(put_design(c, o, design, k));
    out->seed = c->design[0].run.seed;
    out->duration = c->design[0].run.duration;
    out->warmup = c->design[0].run.warmup;
    out->confidence = o->confidence > 0 ? o->confidence : 0.95;
    out->replications = c->point[0].wanted;
    out->settled = 1;
    return put_texts(c);
}

static arch_status_t extend(archi_compare_t *c, arch_lab_t *lab, uint32_t replications)
{
    for (uint32_t k = 0; k < c->out->n_designs; k++)
        c->point[k].wanted = replications;
    ARCH_TRY(arch_lab_extend(lab, c->point, c->out->n_designs));
    for (uint32_t k = 0; k < c->out->n_designs; k++)
        if (c->point[k].status != ARCH_OK)
            return ARCH_FAIL(c->point[k].status, "%s: %s", c->out->name[k], c->point[k].why);
    return ARCH_OK;
}

/* More than half of the replications settled. */
static bool has_settled(const arch_samples_t *s)
{
    uint32_t found = 0;

    for (uint32_t i = 0; i < s->n; i++)
        found += s->sample[i]->found;
    return 2 * found > s->n;
}

/* One warm-up for all, where it is to be found: the longest that any design needed in a few trial replications. Cut by each
 * replication's own, pairs would be of different requests, and most of what they have in common lost. */
static arch_status_t find_warmup(archi_compare_t *c, arch_lab_t *lab)
{
    arch_comparison_t *out = c->out;
    double longest = 0;

    if (out->warmup != ARCH_AUTO)
        return ARCH_OK;
    out->warmup_found = 1;
    arch_lab_say(lab, "comparing: looking for the warm-up");
    ARCH_TRY(extend(c, lab, out->replications < TRIALS ? out->replications : TRIALS));
    for (uint32_t k = 0; k < out->n_designs; k++) {
        const arch_samples_t *s = c->point[k].samples;
        for (uint32_t i = 0; i < s->n; i++)
            longest = fmax(longest, (double)out->duration - s->sample[i]->span);
        out->settled = out->settled && has_settled(s);
        out->events += s->events;
        arch_samples_destroy(&c->point[k].samples);
    }
    out->warmup = (arch_time_t)longest;
    for (uint32_t k = 0; k < out->n_designs; k++)
        c->design[k].run.warmup = out->warmup;
    return put_texts(c);
}

static arch_status_t simulate(archi_compare_t *c, arch_lab_t *lab)
{
    arch_comparison_t *out = c->out;

    arch_lab_say(lab, "comparing: %u designs x %u replications", out->n_designs, out->replications);
    ARCH_TRY(extend(c, lab, out->replications));
    return compare_metrics(c);
}

/* More replications, until the headlines are as precise as was asked. */
static arch_status_t sharpen(archi_compare_t *c, arch_lab_t *lab, const arch_compare_options_t *o)
{
    arch_comparison_t *out = c->out;
    uint32_t most = o->most_replications > 0 ? o->most_replications : MOST_REPLICATIONS, more;

    out->precise = true;
    if (!(o->precision > 0))
        return ARCH_OK;
    while ((more = needed(out, o->precision, most)) > out->replications) {
        out->replications = more;
        ARCH_TRY(simulate(c, lab));
    }
    for (uint32_t k = 0; k + 1 < out->n_designs; k++)
        for (uint32_t i = 0; i < out->pair[k].n_metrics; i++) {
            const arch_compared_t *m = &out->pair[k].metric[i];
            if (m->headline && !(m->joint_half_width <= o->precision * fabs(m->of.a.value)))
                out->precise = false;
        }
    return ARCH_OK;
}

static void sum_up(archi_compare_t *c)
{
    arch_comparison_t *out = c->out;

    for (uint32_t k = 0; k < out->n_designs; k++) {
        const arch_samples_t *s = c->point[k].samples;
        out->settled = out->settled && has_settled(s);
        out->digest[k] = s->digest;
        out->events += s->events;
    }
}

static arch_status_t compare(archi_compare_t *c, arch_lab_t *lab, const arch_compare_options_t *o)
{
    ARCH_TRY(find_warmup(c, lab));
    ARCH_TRY(simulate(c, lab));
    ARCH_TRY(sharpen(c, lab, o));
    sum_up(c);
    ARCH_TRY(judge_objectives(c));
    for (uint32_t k = 1; k < c->out->n_designs; k++)
        ARCH_TRY(archi_compare_paths(c, k, &c->out->pair[k - 1]));
    return ARCH_OK;
}

static arch_status_t check(const arch_design_t *const *design, uint32_t n, const arch_compare_options_t *o)
{
    if (n < 2)
        return ARCH_FAIL(ARCH_E_ARG, "found %u design%s, expected two or more to compare", n, n == 1 ? "" : "s");
    if (o->confidence != 0 && !(o->confidence > 0 && o->confidence < 1))
        return ARCH_FAIL(ARCH_E_ARG, "confidence: is %g, must be above 0 and below 1", o->confidence);
    if (!(o->precision >= 0))
        return ARCH_FAIL(ARCH_E_ARG, "precision: is %g, must be 0 or more", o->precision);
    if ((o->replications > 0 ? o->replications : design[0]->run.replications) < 2)
        return ARCH_FAIL(ARCH_E_ARG, "replications: is 1, must be 2 or more: a single pair says nothing about chance");
    return ARCH_OK;
}

arch_status_t arch_compare(arch_lab_t *lab, const arch_design_t *const *design, uint32_t n,
                           const arch_compare_options_t *options, arch_comparison_t **out)
{
    static const arch_compare_options_t defaults;
    const arch_compare_options_t *o = options != NULL ? options : &defaults;
    arch_arena_t *arena;
    archi_compare_t c = {0};
    arch_status_t st;

    *out = NULL;
    ARCH_TRY(check(design, n, o));
    arena = archi_arena_create();
    c.out = arena != NULL ? archi_arena_alloc(arena, sizeof *c.out) : NULL;
    if (c.out == NULL) {
        archi_arena_destroy(&arena);
        return no_memory();
    }
    c.out->arena = arena;
    st = prepare(&c, design, n, o);
    if (st == ARCH_OK)
        st = compare(&c, lab, o);
    for (uint32_t k = 0; c.point != NULL && k < n; k++)
        arch_samples_destroy(&c.point[k].samples);
    if (st != ARCH_OK)
        arch_comparison_destroy(&c.out);
    *out = c.out;
    return st;
}

void arch_comparison_destroy(arch_comparison_t **comparison)
{
    arch_arena_t *arena;

    if (comparison == NULL || *comparison == NULL)
        return;
    arena = (*comparison)->arena;
    *comparison = NULL;
    archi_arena_destroy(&arena);
}
