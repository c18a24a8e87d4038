/* experiments/parameters.c - the walk over a design's numbers. */
#include "experiments/parameters.h"
#include "io/results_number.h"
#include <architech/dist.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    arch_design_t *design;
    arch_status_t (*each)(void *user, uint32_t index, const archi_parameter_t *parameter);
    void *user;
    uint32_t n;
} walk_t;

/* What is nothing stays nothing whatever it is multiplied by, and a table's values belong to all who use it. */
static bool can_vary(const walk_t *w, const archi_parameter_t *p)
{
    if (p->dist != NULL)
        return p->dist->kind != ARCH_DIST_EMPIRICAL && arch_dist_mean(p->dist, w->design->table) > 0;
    if (p->time != NULL)
        return *p->time > 0 && *p->time != ARCH_TIME_MAX;
    return p->profile != NULL || *p->number > 0;
}

#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
static arch_status_t visit(walk_t *w, archi_parameter_t p, const char *format, ...)
{
    va_list args;

    if (!can_vary(w, &p))
        return ARCH_OK;
    va_start(args, format);
    vsnprintf(p.name, sizeof p.name, format, args);
    va_end(args);
    return w->each(w->user, w->n++, &p);
}

static archi_parameter_t dist(arch_dist_t *d) { return (archi_parameter_t){.dist = d}; }
static archi_parameter_t number(double *x, double most) { return (archi_parameter_t){.number = x, .most = most}; }

static arch_status_t visit_steps(walk_t *w, const arch_steps_t *steps)
{
    for (uint32_t i = 0; i < steps->n; i++) {
        arch_step_t *s = &steps->step[i];
        const char *at = s->at != NULL ? s->at : "";
        switch (s->kind) {
        case ARCH_STEP_CPU: ARCH_TRY(visit(w, dist(&s->time), "%s/cpu", at)); break;
        case ARCH_STEP_DELAY: ARCH_TRY(visit(w, dist(&s->time), "%s/delay", at)); break;
        case ARCH_STEP_REPEAT: ARCH_TRY(visit(w, dist(&s->count), "%s/repeat", at)); break;
        case ARCH_STEP_FAIL: ARCH_TRY(visit(w, number(&s->probability, 1), "%s/fail", at)); break;
        default: break;
        }
        for (uint32_t b = 0; b < s->n_branches; b++)
            ARCH_TRY(visit_steps(w, &s->branch[b]));
    }
    return ARCH_OK;
}

static arch_status_t visit_database(walk_t *w, arch_database_t *d)
{
    for (uint32_t i = 0; i < d->n_queries; i++) {
        arch_query_t *q = &d->query[i];
        ARCH_TRY(visit(w, dist(&q->cpu), "/databases/%s/queries/%s/cpu", d->name, q->name));
        ARCH_TRY(visit(w, dist(&q->io), "/databases/%s/queries/%s/io", d->name, q->name));
        if (q->writes && d->read_replicas > 0)
            ARCH_TRY(visit(w, dist(&q->apply), "/databases/%s/queries/%s/apply", d->name, q->name));
    }
    return ARCH_OK;
}

static arch_status_t visit_cache(walk_t *w, arch_cache_t *c)
{
    ARCH_TRY(visit(w, dist(&c->service), "/caches/%s/service", c->name));
    if (c->kind == ARCH_CACHE_RATIO)
        ARCH_TRY(visit(w, number(&c->hit_ratio, 1), "/caches/%s/hit_ratio", c->name));
    return visit(w, (archi_parameter_t){.time = &c->ttl}, "/caches/%s/ttl", c->name);
}

static arch_status_t visit_workload(walk_t *w, arch_workload_t *l)
{
    switch (l->kind) {
    case ARCH_OPEN_POISSON: return visit(w, number(&l->rate, 1e9), "/workloads/%s/rate", l->name);
    case ARCH_OPEN_PROFILE: return visit(w, (archi_parameter_t){.profile = l}, "/workloads/%s/rate", l->name);
    case ARCH_OPEN_RENEWAL: return visit(w, dist(&l->gap), "/workloads/%s/gap", l->name);
    default: return visit(w, dist(&l->gap), "/workloads/%s/think", l->name);
    }
}

static arch_status_t visit_network(walk_t *w)
{
    ARCH_TRY(visit(w, dist(&w->design->latency), "/network/latency"));
    for (uint32_t i = 0; i < w->design->n_links; i++)
        ARCH_TRY(visit(w, dist(&w->design->link[i].latency), "/network/links/%u/latency", i));
    return ARCH_OK;
}

arch_status_t archi_parameters_each(arch_design_t *design,
                                    arch_status_t (*each)(void *user, uint32_t index, const archi_parameter_t *parameter),
                                    void *user)
{
    walk_t w = {design, each, user, 0};

    for (uint32_t i = 0; i < design->n_services; i++)
        for (uint32_t k = 0; k < design->service[i].n_endpoints; k++)
            ARCH_TRY(visit_steps(&w, &design->service[i].endpoint[k].steps));
    for (uint32_t i = 0; i < design->n_balancers; i++)
        ARCH_TRY(visit(&w, dist(&design->balancer[i].overhead), "/balancers/%s/overhead", design->balancer[i].name));
    for (uint32_t i = 0; i < design->n_databases; i++)
        ARCH_TRY(visit_database(&w, &design->database[i]));
    for (uint32_t i = 0; i < design->n_caches; i++)
        ARCH_TRY(visit_cache(&w, &design->cache[i]));
    for (uint32_t i = 0; i < design->n_keyspaces; i++)
        ARCH_TRY(visit(&w, number(&design->keyspace[i].zipf_s, 100), "/keyspaces/%s/zipf", design->keyspace[i].name));
    ARCH_TRY(visit_network(&w));
    for (uint32_t i = 0; i < design->n_workloads; i++)
        ARCH_TRY(visit_workload(&w, &design->workload[i]));
    return ARCH_OK;
}

void archi_parameter_scale(const archi_parameter_t *p, double factor)
{
    if (p->dist != NULL)
        arch_dist_scale(p->dist, factor);
    else if (p->time != NULL)
        *p->time = (double)*p->time * factor < 2e18 ? (arch_time_t)((double)*p->time * factor + 0.5) : *p->time;
    else if (p->number != NULL)
        *p->number = *p->number * factor < p->most ? *p->number * factor : p->most;
    else {
        p->profile->rate *= factor;
        for (uint32_t i = 0; i < p->profile->n_points; i++)
            p->profile->point[i].rate *= factor;
    }
}

static bool is_count(const archi_parameter_t *p)
{
    size_t n = strlen(p->name);

    return n > 7 && strcmp(p->name + n - 7, "/repeat") == 0;
}

void archi_parameter_say(const arch_design_t *design, const archi_parameter_t *p, char *out, size_t bytes)
{
    size_t n = strlen(p->name);
    bool rate = n > 5 && strcmp(p->name + n - 5, "/rate") == 0;
    char text[ARCHI_SHOWN_BYTES];

    if (p->dist != NULL)
        archi_show_setting(arch_dist_mean(p->dist, design->table), is_count(p) ? ARCHI_AS_NUMBER : ARCHI_AS_TIME, text);
    else if (p->time != NULL)
        archi_show_setting((double)*p->time, ARCHI_AS_TIME, text);
    else
        archi_show_setting(p->number != NULL ? *p->number : p->profile->rate, ARCHI_AS_NUMBER, text);
    snprintf(out, bytes, "%s%s", text, rate ? "/s" : "");
}
