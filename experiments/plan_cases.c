/* experiments/plan_cases.c - the configurations of a plan: in order of cost, as designs, and what needs no simulation. */
#include "experiments/plan_impl.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CASES = 100000 };

/* Where the traffic equations estimate hit ratios or average over a profile, what they say must be clear. */
static const double doubt = 1.1;

/* ---- order ------------------------------------------------------------------------------------------------------ */

typedef struct {
    arch_money_t cost;
    uint64_t boring; /* the least boring of what is used, then how much of it all */
    uint32_t index;
} key_t_;

static uint32_t option_of(const archi_planner_t *p, uint32_t index, uint32_t change)
{
    return index / p->stride[change] % p->changes->change[change].n_options;
}

static key_t_ key_of(const archi_planner_t *p, uint32_t index)
{
    key_t_ k = {p->changes->base, 0, index};
    uint64_t most = 0, sum = 0;

    for (uint32_t i = 0; i < p->changes->n_changes; i++) {
        const arch_planned_change_t *c = &p->changes->change[i];
        uint32_t o = option_of(p, index, i);
        k.cost += c->option[o].cost;
        most = o > 0 && c->boring > most ? c->boring : most;
        sum += (uint64_t)o * c->boring;
    }
    k.boring = most << 40 | (sum < (UINT64_C(1) << 40) ? sum : (UINT64_C(1) << 40) - 1);
    return k;
}

static int by_cost(const void *x, const void *y)
{
    const key_t_ *a = x, *b = y;

    if (a->cost != b->cost)
        return a->cost < b->cost ? -1 : 1;
    if (a->boring != b->boring)
        return a->boring < b->boring ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

static arch_status_t count_cases(archi_planner_t *p)
{
    uint64_t n = 1;

    p->stride = archi_arena_alloc(p->out->arena, p->changes->n_changes * sizeof *p->stride);
    if (p->stride == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a plan");
    for (uint32_t i = p->changes->n_changes; i-- > 0;) { /* the last change varies fastest */
        p->stride[i] = (uint32_t)n;
        n *= p->changes->change[i].n_options;
        if (n > MOST_CASES)
            return ARCH_FAIL(ARCH_E_ARG, "the changes make more than %d configurations: leave out values, or plan in two "
                             "steps", MOST_CASES);
    }
    p->n = (uint32_t)n;
    return ARCH_OK;
}

static void fill_case(archi_planner_t *p, uint32_t c, const key_t_ *key, uint32_t *option)
{
    p->index[c] = key->index;
    p->at[key->index] = c;
    p->load[c] = NAN;
    p->open[c] = 1;
    p->out->cases[c] = (arch_case_t){.option = option, .cost = key->cost, .by = ARCH_NONE, .objective = ARCH_NONE,
                                     .element = "", .why = ""};
    for (uint32_t i = 0; i < p->changes->n_changes; i++)
        option[i] = option_of(p, key->index, i);
}

arch_status_t archi_plan_enumerate(archi_planner_t *p)
{
    arch_arena_t *arena = p->out->arena;
    uint32_t *options;
    key_t_ *key;

    ARCH_TRY(count_cases(p));
    key = malloc(p->n * sizeof *key);
    options = archi_arena_alloc(arena, (size_t)p->n * p->changes->n_changes * sizeof *options);
    p->index = archi_arena_alloc(arena, p->n * sizeof *p->index);
    p->at = archi_arena_alloc(arena, p->n * sizeof *p->at);
    p->load = archi_arena_alloc(arena, p->n * sizeof *p->load);
    p->open = archi_arena_alloc(arena, p->n);
    p->weaker = archi_arena_alloc(arena, p->n * sizeof *p->weaker);
    p->out->cases = archi_arena_alloc(arena, p->n * sizeof *p->out->cases);
    p->trial = calloc(p->n, sizeof *p->trial);
    if (key == NULL || options == NULL || p->index == NULL || p->at == NULL || p->load == NULL || p->open == NULL ||
        p->weaker == NULL || p->out->cases == NULL || p->trial == NULL) {
        free(key);
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u configurations", p->n);
    }
    for (uint32_t i = 0; i < p->n; i++)
        key[i] = key_of(p, i);
    qsort(key, p->n, sizeof *key, by_cost);
    for (uint32_t c = 0; c < p->n; c++)
        fill_case(p, c, &key[c], options + (size_t)c * p->changes->n_changes);
    p->out->n_cases = p->n;
    free(key);
    return ARCH_OK;
}

bool archi_plan_is_weaker(const archi_planner_t *p, uint32_t b, uint32_t a)
{
    const uint32_t *x = p->out->cases[a].option, *y = p->out->cases[b].option;

    for (uint32_t i = 0; i < p->changes->n_changes; i++)
        if (y[i] != x[i] && (y[i] > x[i] || !p->changes->change[i].monotone || p->options.trust_nothing))
            return false;
    return true;
}

/* ---- designs ---------------------------------------------------------------------------------------------------- */

arch_status_t archi_plan_design(const archi_planner_t *p, uint32_t c, uint32_t change, uint32_t instead, arch_design_t **out,
                                char why[256])
{
    arch_problems_t problems = {0, NULL};
    const arch_option_t *option;
    arch_change_t *set;
    uint32_t n = 0;
    arch_status_t st;

    why[0] = '\0';
    for (uint32_t pass = 0; pass < 2; pass++) {
        set = pass == 0 ? NULL : malloc(((size_t)n + 1) * sizeof *set);
        if (pass == 1 && set == NULL)
            return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the changes of a design");
        n = 0;
        for (uint32_t i = 0; i < p->changes->n_changes; i++) {
            option = &p->changes->change[i].option[i == change ? instead : p->out->cases[c].option[i]];
            if (set != NULL && option->n_sets > 0) /* what changes nothing may have no list */
                memcpy(set + n, option->set, option->n_sets * sizeof *set);
            n += option->n_sets;
        }
    }
    st = arch_design_change(p->design, set, n, out, &problems);
    if (st == ARCH_E_FORMAT && problems.n > 0)
        snprintf(why, 256, "%s%s%s", problems.problem[0].at, problems.problem[0].at[0] != '\0' ? ": " : "",
                 problems.problem[0].text);
    else if (st == ARCH_OK && (*out)->n_objectives != p->design->n_objectives) {
        snprintf(why, 256, "its options change the objectives");
        arch_design_destroy(out);
        st = ARCH_FAIL(ARCH_E_FORMAT, "%s", why);
    }
    arch_problems_clear(&problems);
    free(set);
    return st;
}

/* ---- traffic ---------------------------------------------------------------------------------------------------- */

double archi_plan_busiest(const arch_traffic_t *t, const char *name, uint32_t *element)
{
    double most = 0;

    *element = ARCH_NONE;
    for (uint32_t e = 0; e < t->n_elements; e++) {
        size_t n = strcspn(t->name[e], "#");
        if (name != NULL && (strlen(name) != n || strncmp(name, t->name[e], n) != 0))
            continue;
        if (*element == ARCH_NONE || t->utilisation[e] > most) {
            most = t->utilisation[e];
            *element = e;
        }
    }
    return most;
}

static const char *element_name(const arch_design_t *d, arch_kind_t kind, uint32_t i)
{
    switch (kind) {
    case ARCH_SERVICE: return d->service[i].name;
    case ARCH_BALANCER: return d->balancer[i].name;
    case ARCH_DATABASE: return d->database[i].name;
    default: return d->cache[i].name;
    }
}

/* Whether requests that arrive are served, all of them: none is turned away, and none waits for others to come back. */
static bool serves_all(const arch_design_t *d)
{
    for (uint32_t i = 0; i < d->n_workloads; i++)
        if (d->workload[i].kind == ARCH_CLOSED)
            return false;
    for (uint32_t i = 0; i < d->n_services; i++)
        if (d->service[i].queue_limit != ARCH_UNLIMITED)
            return false;
    for (uint32_t i = 0; i < d->n_databases; i++)
        if (d->database[i].queue_limit != ARCH_UNLIMITED)
            return false;
    return true;
}

static bool is_exact(const arch_design_t *d)
{
    for (uint32_t i = 0; i < d->n_workloads; i++)
        if (d->workload[i].kind == ARCH_OPEN_PROFILE)
            return false;
    for (uint32_t i = 0; i < d->n_caches; i++)
        if (d->cache[i].kind != ARCH_CACHE_RATIO)
            return false;
    return true;
}

static void overloaded(archi_planner_t *p, uint32_t c, const arch_traffic_t *t, uint32_t element, uint32_t objective)
{
    arch_case_t *x = &p->out->cases[c];
    const char *name = archi_arena_copy(p->out->arena, t->name[element], strcspn(t->name[element], "#"));

    x->kind = ARCH_CASE_OVERLOADED;
    x->objective = objective;
    x->element = name != NULL ? name : "";
    x->expected = t->utilisation[element];
    p->open[c] = 0;
}

static void judge(archi_planner_t *p, uint32_t c, const arch_design_t *d, const arch_traffic_t *t)
{
    double factor = is_exact(d) ? 1 : doubt;
    uint32_t e;

    p->load[c] = archi_plan_busiest(t, NULL, &e);
    if (p->options.all || !serves_all(d))
        return;
    if (e != ARCH_NONE && p->load[c] >= factor) {
        overloaded(p, c, t, e, ARCH_NONE);
        return;
    }
    for (uint32_t o = 0; o < d->n_objectives && p->open[c]; o++) {
        const arch_objective_t *x = &d->objective[o];
        if (x->metric != ARCH_METRIC_UTILISATION || !x->below)
            continue;
        if (archi_plan_busiest(t, element_name(d, x->kind, x->element), &e) >= factor * x->limit && e != ARCH_NONE)
            overloaded(p, c, t, e, o);
    }
}

static arch_status_t compute(archi_planner_t *p, uint32_t c)
{
    arch_design_t *design = NULL;
    arch_traffic_t *traffic = NULL;
    char why[256];
    arch_status_t st = archi_plan_design(p, c, ARCH_NONE, 0, &design, why);

    if (st == ARCH_E_FORMAT) {
        p->out->cases[c].kind = ARCH_CASE_UNSOUND;
        p->out->cases[c].why = archi_arena_copy(p->out->arena, why, strlen(why));
        p->open[c] = 0;
        return p->out->cases[c].why != NULL ? ARCH_OK : ARCH_FAIL(ARCH_E_NOMEM, "no memory for a plan");
    }
    if (st == ARCH_OK)
        st = arch_traffic(design, &traffic);
    if (st == ARCH_OK)
        judge(p, c, design, traffic);
    arch_traffic_destroy(&traffic);
    arch_design_destroy(&design);
    return st;
}

/* A stronger neighbour that is overloaded, or what speaks for it; ARCH_NONE: there is none. */
static uint32_t spoken_for(const archi_planner_t *p, uint32_t index)
{
    const arch_case_t *x = &p->out->cases[p->at[index]];

    for (uint32_t i = 0; i < p->changes->n_changes && !p->options.trust_nothing; i++) {
        const arch_planned_change_t *c = &p->changes->change[i];
        uint32_t up;
        if (!c->monotone || x->option[i] + 1 == c->n_options)
            continue;
        up = p->at[index + p->stride[i]];
        if (p->out->cases[up].kind == ARCH_CASE_OVERLOADED)
            return up;
        if (p->out->cases[up].kind == ARCH_CASE_DOMINATED)
            return p->out->cases[up].by;
    }
    return ARCH_NONE;
}

/* From the strongest down: an index has all that are stronger above it. */
arch_status_t archi_plan_refute(archi_planner_t *p)
{
    for (uint32_t index = p->n; index-- > 0;) {
        uint32_t c = p->at[index], by = spoken_for(p, index);
        if (by == ARCH_NONE) {
            ARCH_TRY(compute(p, c));
            continue;
        }
        p->out->cases[c].kind = ARCH_CASE_DOMINATED;
        p->out->cases[c].by = by;
        p->open[c] = 0;
    }
    return ARCH_OK;
}
