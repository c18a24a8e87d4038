/* io/design_loops.c - users without think time whose requests may come back in the instant in which they were made: they
 * would ask again for ever, and simulated time would stand still. */
#include "io/design_reader.h"
#include <stdio.h>

enum { MAX_CALLS_DEEP = 100, MAX_LOOKS = 1000000 };

typedef struct {
    const arch_design_t *d;
    uint32_t looks; /* steps and links still looked at before the answer is taken to be "yes" */
} loops_t;

static bool steps_take_time(loops_t *l, const arch_steps_t *steps, arch_kind_t kind, uint32_t element, int deep);

/* Between the workload (kind ARCH_N_KINDS) or element `a` and element `b`. */
static bool link_takes_time(loops_t *l, arch_kind_t kind_a, uint32_t a, arch_kind_t kind_b, uint32_t b)
{
    for (uint32_t i = 0; i < l->d->n_links && l->looks > 0; i++, l->looks--) {
        const arch_link_t *k = &l->d->link[i];
        bool ends_here = k->kind_b == kind_b && k->b == b;
        if (k->is_workload_a ? kind_a == ARCH_N_KINDS && k->a == a && ends_here
                             : (k->kind_a == kind_a && k->a == a && ends_here) ||
                                   (k->kind_a == kind_b && k->a == b && k->kind_b == kind_a && k->b == a))
            return arch_dist_min(&k->latency, l->d->table) >= 0.5;
    }
    return arch_dist_min(&l->d->latency, l->d->table) >= 0.5;
}

static bool takes_time(const loops_t *l, const arch_dist_t *dist) { return !archi_dist_is_zero(l->d, dist); }

static bool service_takes_time(loops_t *l, uint32_t service, uint32_t endpoint, int deep)
{
    const arch_service_t *s = &l->d->service[service];

    if (s->queue_limit != ARCH_UNLIMITED && s->threads != ARCH_UNLIMITED)
        return false; /* turned away at once */
    return steps_take_time(l, &s->endpoint[endpoint].steps, ARCH_SERVICE, service, deep);
}

static bool query_takes_time(const loops_t *l, uint32_t database, uint32_t query)
{
    const arch_database_t *d = &l->d->database[database];

    if (d->queue_limit != ARCH_UNLIMITED && d->connections != ARCH_UNLIMITED)
        return false;
    return takes_time(l, &d->query[query].cpu) || takes_time(l, &d->query[query].io);
}

static bool call_takes_time(loops_t *l, arch_kind_t kind, uint32_t element, const arch_ref_t *t, int deep)
{
    uint32_t service = t->element;

    if (deep == 0 || link_takes_time(l, kind, element, t->kind, t->element))
        return true;
    if (t->kind == ARCH_DATABASE)
        return query_takes_time(l, t->element, t->endpoint);
    if (t->kind == ARCH_BALANCER) {
        service = l->d->balancer[t->element].service;
        if (takes_time(l, &l->d->balancer[t->element].overhead) ||
            link_takes_time(l, ARCH_BALANCER, t->element, ARCH_SERVICE, service))
            return true;
    }
    return service_takes_time(l, service, t->endpoint, deep - 1);
}

static bool branches_take_time(loops_t *l, const arch_step_t *s, arch_kind_t kind, uint32_t element, int deep)
{
    for (uint32_t i = 0; i < s->n_branches; i++)
        if (!(s->weight && s->weight[i] <= 0.0) && !steps_take_time(l, &s->branch[i], kind, element, deep))
            return false;
    return true;
}

static bool step_takes_time(loops_t *l, const arch_step_t *s, arch_kind_t kind, uint32_t element, int deep)
{
    switch (s->kind) {
    case ARCH_STEP_CPU:
    case ARCH_STEP_DELAY:
        return takes_time(l, &s->time);
    case ARCH_STEP_CALL:
        return !s->async && call_takes_time(l, kind, element, &s->target, deep);
    case ARCH_STEP_REPEAT:
        return arch_dist_min(&s->count, l->d->table) >= 0.5 && branches_take_time(l, s, kind, element, deep);
    case ARCH_STEP_CACHE:
        return takes_time(l, &l->d->cache[s->target.element].service) ||
               link_takes_time(l, kind, element, ARCH_CACHE, s->target.element);
    case ARCH_STEP_PARALLEL:
    case ARCH_STEP_CHOOSE:
        return branches_take_time(l, s, kind, element, deep);
    case ARCH_STEP_FAIL:
    case ARCH_N_STEPS:
        break;
    }
    return false;
}

/* Surely, on every way through them. */
static bool steps_take_time(loops_t *l, const arch_steps_t *steps, arch_kind_t kind, uint32_t element, int deep)
{
    for (uint32_t i = 0; i < steps->n; i++) {
        if (l->looks == 0)
            return true;
        l->looks--;
        if (steps->step[i].kind == ARCH_STEP_FAIL && steps->step[i].probability > 0.0)
            return false;
        if (step_takes_time(l, &steps->step[i], kind, element, deep))
            return true;
    }
    return false;
}

void archi_check_closed_loops(archi_reader_t *r)
{
    loops_t l = {r->design, MAX_LOOKS};
    char at[256];

    for (uint32_t i = 0; i < r->design->n_workloads; i++) {
        const arch_workload_t *w = &r->design->workload[i];
        for (uint32_t k = 0; w->kind == ARCH_CLOSED && !takes_time(&l, &w->gap) && k < w->n_operations; k++) {
            if (call_takes_time(&l, ARCH_N_KINDS, i, &w->operation[k].target, MAX_CALLS_DEEP))
                continue;
            snprintf(at, sizeof at, "/workloads/%s/think", w->name);
            archi_problem_at(r, at, 0,
                             "found no time to think, expected some: requests may be answered in the instant in "
                             "which they are made, and users would ask again for ever");
            break;
        }
    }
}
