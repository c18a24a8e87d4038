/* experiments/plan_bound.c - what a perfect autoscaler would cost: a fluid bound. At each instant of the load's profile, the
 * fewest replicas among a change's values whose expected utilisation rho = load x demand / (replicas x cores) stays below
 * the limit of its objective, else below 1; the least load within each instant, so that it is a bound from below. It knows
 * no waiting, no warm-up of replicas and no objectives of latency: nobody who scales this design by these values is
 * cheaper. */
#include "experiments/plan_impl.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { INSTANTS = 96 };

/* ---- the load --------------------------------------------------------------------------------------------------- */

static double rate_at(const arch_workload_t *w, double at)
{
    double before_at = 0, before = w->point[0].rate;

    if (w->period < ARCH_TIME_MAX)
        at = fmod(at, (double)w->period);
    for (uint32_t i = 0; i < w->n_points; before_at = (double)w->point[i].at, before = w->point[i].rate, i++) {
        double next = (double)w->point[i].at;
        if (next <= at)
            continue;
        if (!w->linear || next <= before_at)
            return before;
        return before + (w->point[i].rate - before) * (at - before_at) / (next - before_at);
    }
    return before;
}

/* The least from `from` to `to`: at an end, or at a point of the profile between. */
static double least_rate(const arch_workload_t *w, double from, double to)
{
    double least = fmin(rate_at(w, from), rate_at(w, to)), period = w->period < ARCH_TIME_MAX ? (double)w->period : 0;

    for (uint32_t i = 0; i < w->n_points; i++) {
        double at = (double)w->point[i].at;
        if (period > 0)
            at += ceil((from - at) / period) * period;
        if (at >= from && at <= to)
            least = fmin(least, w->point[i].rate);
    }
    return least;
}

static bool varies(const arch_design_t *d)
{
    for (uint32_t i = 0; i < d->n_workloads; i++)
        if (d->workload[i].kind == ARCH_OPEN_PROFILE)
            return true;
    return false;
}

/* ---- one change ------------------------------------------------------------------------------------------------- */

typedef struct {
    const arch_planned_change_t *change;
    uint32_t number;
    const char *service;    /* its name, in `text` */
    double limit;
    arch_design_t **design; /* [n_options] the answer with that option */
    arch_workload_t *load;  /* scratch: workloads at an instant */
    double cost, least, most; /* average; values over the profile */
} scaling_t;

/* "/services/NAME/replicas" of whole numbers is what scales; NAME, malloc'ed, else NULL. */
static char *scaled_service(const arch_planned_change_t *c)
{
    static const char front[] = "/services/", end[] = "/replicas";
    size_t n = c->pointer != NULL ? strlen(c->pointer) : 0, m = sizeof front - 1, e = sizeof end - 1;
    char *name;

    if (c->kind != ARCH_CHANGE_VALUES || !c->monotone || n <= m + e || strncmp(c->pointer, front, m) != 0 ||
        strcmp(c->pointer + n - e, end) != 0 || memchr(c->pointer + m, '/', n - m - e) != NULL)
        return NULL;
    name = calloc(n - m - e + 1, 1);
    if (name != NULL)
        memcpy(name, c->pointer + m, n - m - e);
    return name;
}

static double limit_of(const arch_design_t *d, const char *service)
{
    double limit = 1;

    for (uint32_t o = 0; o < d->n_objectives; o++) {
        const arch_objective_t *x = &d->objective[o];
        if (x->metric == ARCH_METRIC_UTILISATION && x->below && x->kind == ARCH_SERVICE &&
            strcmp(d->service[x->element].name, service) == 0)
            limit = fmin(limit, x->limit);
    }
    return limit;
}

/* A copy of the design whose profiles stand still at what they are at least within the instant. */
static arch_status_t utilisation(const scaling_t *s, uint32_t option, double from, double to, double *out)
{
    arch_design_t still = *s->design[option];
    arch_traffic_t *traffic = NULL;
    uint32_t element;

    memcpy(s->load, still.workload, still.n_workloads * sizeof *s->load);
    for (uint32_t i = 0; i < still.n_workloads; i++)
        if (s->load[i].kind == ARCH_OPEN_PROFILE) {
            s->load[i].rate = fmax(least_rate(&still.workload[i], from, to), 1e-9);
            s->load[i].kind = ARCH_OPEN_POISSON;
            s->load[i].n_points = 0;
        }
    still.workload = s->load;
    ARCH_TRY(arch_traffic(&still, &traffic));
    *out = archi_plan_busiest(traffic, s->service, &element);
    arch_traffic_destroy(&traffic);
    return ARCH_OK;
}

static arch_status_t over_profile(scaling_t *s, uint32_t instants, double duration)
{
    s->cost = s->most = 0;
    s->least = INFINITY;
    for (uint32_t i = 0; i < instants; i++) {
        double from = duration * i / instants, to = duration * (i + 1) / instants, u = 0, value;
        uint32_t o = 0;
        for (; o < s->change->n_options; o++) {
            ARCH_TRY(utilisation(s, o, from, to, &u));
            if (u < s->limit)
                break;
        }
        o = o < s->change->n_options ? o : s->change->n_options - 1;
        value = strtod(s->change->option[o].name, NULL);
        s->cost += (double)s->change->option[o].cost / instants;
        s->least = fmin(s->least, value);
        s->most = fmax(s->most, value);
    }
    return ARCH_OK;
}

static arch_status_t scale(archi_planner_t *p, scaling_t *s, uint32_t instants)
{
    uint32_t n = s->change->n_options;
    arch_status_t st = ARCH_OK;
    char why[256];

    s->design = calloc(n, sizeof(arch_design_t *));
    s->load = malloc(((size_t)p->design->n_workloads + 1) * sizeof *s->load);
    if (s->design == NULL || s->load == NULL)
        st = ARCH_FAIL(ARCH_E_NOMEM, "no memory for a plan");
    for (uint32_t o = 0; o < n && st == ARCH_OK; o++)
        st = archi_plan_design(p, p->out->answer, s->number, o, &s->design[o], why);
    for (uint32_t o = 0; o < n && st == ARCH_OK; o++)
        if (s->design[o]->n_workloads != p->design->n_workloads)
            st = ARCH_FAIL(ARCH_E_FORMAT, "its options change the workloads");
    if (st == ARCH_OK)
        st = over_profile(s, instants, (double)p->design->run.duration);
    for (uint32_t o = 0; o < n && s->design != NULL; o++)
        arch_design_destroy(&s->design[o]);
    free(s->design);
    free(s->load);
    return st;
}

static bool has_closed(const arch_design_t *d)
{
    for (uint32_t i = 0; i < d->n_workloads; i++)
        if (d->workload[i].kind == ARCH_CLOSED)
            return true;
    return false;
}

arch_status_t archi_plan_find_bound(archi_planner_t *p)
{
    const arch_case_t *answer = p->out->answer != ARCH_NONE ? &p->out->cases[p->out->answer] : NULL;
    arch_plan_bound_t *b = &p->out->bound;
    double cost = (double)p->changes->base;

    b->change = ARCH_NONE;
    b->n_instants = varies(p->design) ? INSTANTS : 1;
    if (answer == NULL || has_closed(p->design))
        return ARCH_OK;
    for (uint32_t i = 0; i < p->changes->n_changes; i++) {
        const arch_planned_change_t *c = &p->changes->change[i];
        scaling_t s = {.change = c, .number = i};
        char *service = scaled_service(c);
        arch_status_t st = ARCH_OK;
        s.service = service;
        if (service == NULL) {
            cost += (double)c->option[answer->option[i]].cost;
            continue;
        }
        s.limit = limit_of(p->design, service);
        st = scale(p, &s, b->n_instants);
        free(service);
        if (st == ARCH_E_FORMAT) /* an option that goes with nothing else of the answer */
            return ARCH_OK;
        ARCH_TRY(st);
        cost += s.cost;
        if (b->change == ARCH_NONE) {
            b->change = i;
            b->least = s.least;
            b->most = s.most;
        }
    }
    b->known = b->change != ARCH_NONE;
    b->cost = (arch_money_t)llround(cost);
    return ARCH_OK;
}
