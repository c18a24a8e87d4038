/* experiments/compare_path.c - where on the way of a request a change of its mean latency arises.
 *
 * A request is followed through the design's call graph: how often it comes by each component, what it asks for there
 * (demand: the means of the design's CPU and delay steps), how often it crosses which link. The waiting of a visit is
 * what the samples say of that component, over all its endpoints, and so is a cache's hit ratio. What a service waits
 * for from those it calls is theirs. Approximate are: of parallel branches, the one that takes longest on average (of k
 * that are waited for, the k-th) stands for all; each visit waits as long as any other there; failures and rejections
 * are left out. What is measured beyond the sum is told as what is not told apart. */
#include "experiments/compare.h"
#include "model/estimate.h"
#include <architech/dist.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 200 };            /* calls within calls that are followed; cycles have an end by chance */
static const double least = 1e-9; /* visits per request that are not followed further */

/* Places where time is spent, numbered: services, balancers, primaries and replicas of databases in turn, caches. */
typedef struct {
    const arch_design_t *d;
    const arch_samples_t *s;
    uint32_t n_places, n_nodes; /* nodes: endpoints of places */
    uint32_t *first_node;       /* [n_places + 1] by place; databases: primary and replica both have all queries */
    double *wait;               /* [n_places] of a visit, ns */
    double *waits;              /* [n_places * replications], NaN where unknown */
    double *hit;                /* [n_caches] */
    double *time;               /* [n_nodes] expected, with all that it calls */
    double *now, *next;         /* [n_nodes] visits that are still to be followed */
    double *visits, *demand;    /* [n_places] per request, of the operation at hand */
    double network, messages;
} graph_t;

/* ---- places ----------------------------------------------------------------------------------------------------- */

static uint32_t place_of(const graph_t *g, const arch_ref_t *ref)
{
    const arch_design_t *d = g->d;
    const arch_database_t *db;

    switch (ref->kind) {
    case ARCH_SERVICE:
        return ref->element;
    case ARCH_BALANCER:
        return d->n_services + ref->element;
    case ARCH_CACHE:
        return d->n_services + d->n_balancers + 2 * d->n_databases + ref->element;
    default:
        break;
    }
    db = &d->database[ref->element];
    return d->n_services + d->n_balancers + 2 * ref->element +
           (db->read_replicas > 0 && db->read_from == ARCH_READ_REPLICAS && !db->query[ref->endpoint].writes);
}

/* The element that a place is of, and for how many endpoints. */
static arch_ref_t element_at(const arch_design_t *d, uint32_t place, uint32_t *endpoints)
{
    uint32_t i = place;

    if (i < d->n_services) {
        *endpoints = d->service[i].n_endpoints;
        return (arch_ref_t){ARCH_SERVICE, i, 0};
    }
    i -= d->n_services;
    if (i < d->n_balancers) {
        *endpoints = d->service[d->balancer[i].service].n_endpoints;
        return (arch_ref_t){ARCH_BALANCER, i, 0};
    }
    i -= d->n_balancers;
    if (i < 2 * d->n_databases) {
        *endpoints = d->database[i / 2].n_queries;
        return (arch_ref_t){ARCH_DATABASE, i / 2, 0};
    }
    *endpoints = 1;
    return (arch_ref_t){ARCH_CACHE, i - 2 * d->n_databases, 0};
}

static uint32_t node_of(const graph_t *g, const arch_ref_t *ref)
{
    return g->first_node[place_of(g, ref)] + (ref->kind == ARCH_CACHE ? 0 : ref->endpoint);
}

/* ---- links ------------------------------------------------------------------------------------------------------ */

/* There and back; a workload is no element. */
static double round_trip(const arch_design_t *d, bool of_workload, arch_kind_t kind, uint32_t element,
                         const arch_ref_t *to)
{
    const arch_dist_t *latency = &d->latency;

    for (uint32_t i = 0; i < d->n_links; i++) {
        const arch_link_t *l = &d->link[i];
        bool there = l->is_workload_a == of_workload && l->a == element && (of_workload || l->kind_a == kind) &&
                     l->kind_b == to->kind && l->b == to->element;
        bool back = !of_workload && !l->is_workload_a && l->kind_b == kind && l->b == element &&
                    l->kind_a == to->kind && l->a == to->element;
        if (there || back)
            latency = &l->latency;
    }
    return 2 * arch_dist_mean(latency, d->table);
}

/* ---- expected times --------------------------------------------------------------------------------------------- */

static double time_of_steps(const graph_t *g, arch_kind_t kind, uint32_t element, const arch_steps_t *steps);

static int by_size(const void *a, const void *b)
{
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

/* The branch that decides when the step is over. */
static uint32_t deciding(const graph_t *g, arch_kind_t kind, uint32_t element, const arch_step_t *s)
{
    double *t = malloc(2 * ((size_t)s->n_branches + 1) * sizeof *t), *sorted = t != NULL ? t + s->n_branches + 1 : NULL;
    uint32_t join = s->join < 1 ? 1 : s->join > s->n_branches ? s->n_branches : s->join, at = 0;

    for (uint32_t i = 0; t != NULL && i < s->n_branches; i++)
        sorted[i] = t[i] = time_of_steps(g, kind, element, &s->branch[i]);
    if (t != NULL)
        qsort(sorted, s->n_branches, sizeof *sorted, by_size);
    while (t != NULL && at + 1 < s->n_branches && t[at] != sorted[join - 1])
        at++;
    free(t);
    return at;
}

static double visit_time(const graph_t *g, arch_kind_t kind, uint32_t element, const arch_ref_t *to)
{
    return round_trip(g->d, false, kind, element, to) + g->time[node_of(g, to)];
}

static double step_time(const graph_t *g, arch_kind_t kind, uint32_t element, const arch_step_t *s)
{
    double sum = 0;

    switch (s->kind) {
    case ARCH_STEP_CPU:
    case ARCH_STEP_DELAY:
        return arch_dist_mean(&s->time, g->d->table);
    case ARCH_STEP_CALL:
        return s->async ? 0 : visit_time(g, kind, element, &s->target);
    case ARCH_STEP_PARALLEL:
        return time_of_steps(g, kind, element, &s->branch[deciding(g, kind, element, s)]);
    case ARCH_STEP_CHOOSE:
        for (uint32_t i = 0; i < s->n_branches; i++)
            sum += s->weight[i] * time_of_steps(g, kind, element, &s->branch[i]);
        return sum;
    case ARCH_STEP_REPEAT:
        return arch_dist_mean(&s->count, g->d->table) * time_of_steps(g, kind, element, &s->branch[0]);
    case ARCH_STEP_CACHE:
        return visit_time(g, kind, element, &s->target) +
               (1 - g->hit[s->target.element]) * time_of_steps(g, kind, element, &s->branch[0]);
    default:
        return 0;
    }
}

static double time_of_steps(const graph_t *g, arch_kind_t kind, uint32_t element, const arch_steps_t *steps)
{
    double sum = 0;

    for (uint32_t i = 0; i < steps->n; i++)
        sum += step_time(g, kind, element, &steps->step[i]);
    return sum;
}

static double node_time(const graph_t *g, uint32_t place, uint32_t endpoint)
{
    const arch_design_t *d = g->d;
    uint32_t endpoints;
    arch_ref_t of = element_at(d, place, &endpoints), to;

    switch (of.kind) {
    case ARCH_SERVICE:
        return time_of_steps(g, of.kind, of.element, &d->service[of.element].endpoint[endpoint].steps);
    case ARCH_BALANCER:
        to = (arch_ref_t){ARCH_SERVICE, d->balancer[of.element].service, endpoint};
        return arch_dist_mean(&d->balancer[of.element].overhead, d->table) + visit_time(g, of.kind, of.element, &to);
    case ARCH_DATABASE:
        return arch_dist_mean(&d->database[of.element].query[endpoint].cpu, d->table) +
               arch_dist_mean(&d->database[of.element].query[endpoint].io, d->table);
    default:
        return arch_dist_mean(&d->cache[of.element].service, d->table);
    }
}

/* Calls within calls: once more around for each level, until nothing changes. */
static void settle_times(graph_t *g)
{
    bool changed = true;

    for (uint32_t round = 0; round < ROUNDS && changed; round++) {
        changed = false;
        for (uint32_t p = g->n_places; p-- > 0;)
            for (uint32_t e = 0; e < g->first_node[p + 1] - g->first_node[p]; e++) {
                double t = g->wait[p] + node_time(g, p, e), *old = &g->time[g->first_node[p] + e];
                changed = changed || fabs(t - *old) > 1e-9 * t;
                *old = t;
            }
    }
}

/* ---- an operation's way ----------------------------------------------------------------------------------------- */

static void follow_steps(graph_t *g, const arch_ref_t *at, uint32_t place, const arch_steps_t *steps, double times);

static void visit(graph_t *g, const arch_ref_t *at, const arch_ref_t *to, double times)
{
    g->network += times * round_trip(g->d, false, at->kind, at->element, to);
    g->messages += 2 * times;
    g->next[node_of(g, to)] += times;
}

static void follow_step(graph_t *g, const arch_ref_t *at, uint32_t place, const arch_step_t *s, double times)
{
    switch (s->kind) {
    case ARCH_STEP_CPU:
    case ARCH_STEP_DELAY:
        g->demand[place] += times * arch_dist_mean(&s->time, g->d->table);
        break;
    case ARCH_STEP_CALL:
        if (!s->async)
            visit(g, at, &s->target, times);
        break;
    case ARCH_STEP_PARALLEL:
        follow_steps(g, at, place, &s->branch[deciding(g, at->kind, at->element, s)], times);
        break;
    case ARCH_STEP_CHOOSE:
        for (uint32_t i = 0; i < s->n_branches; i++)
            follow_steps(g, at, place, &s->branch[i], times * s->weight[i]);
        break;
    case ARCH_STEP_REPEAT:
        follow_steps(g, at, place, &s->branch[0], times * arch_dist_mean(&s->count, g->d->table));
        break;
    case ARCH_STEP_CACHE:
        visit(g, at, &s->target, times);
        follow_steps(g, at, place, &s->branch[0], times * (1 - g->hit[s->target.element]));
        break;
    default:
        break;
    }
}

static void follow_steps(graph_t *g, const arch_ref_t *at, uint32_t place, const arch_steps_t *steps, double times)
{
    for (uint32_t i = 0; i < steps->n && times > least; i++)
        follow_step(g, at, place, &steps->step[i], times);
}

static void follow_node(graph_t *g, uint32_t place, uint32_t endpoint, double times)
{
    const arch_design_t *d = g->d;
    uint32_t endpoints;
    arch_ref_t at = element_at(d, place, &endpoints), to;

    g->visits[place] += times;
    switch (at.kind) {
    case ARCH_SERVICE:
        follow_steps(g, &at, place, &d->service[at.element].endpoint[endpoint].steps, times);
        break;
    case ARCH_BALANCER:
        g->demand[place] += times * arch_dist_mean(&d->balancer[at.element].overhead, d->table);
        to = (arch_ref_t){ARCH_SERVICE, d->balancer[at.element].service, endpoint};
        visit(g, &at, &to, times);
        break;
    default:
        g->demand[place] += times * node_time(g, place, endpoint);
    }
}

static void follow(graph_t *g, uint32_t workload, uint32_t operation)
{
    const arch_ref_t *to = &g->d->workload[workload].operation[operation].target;
    bool more = true;

    memset(g->visits, 0, g->n_places * sizeof *g->visits);
    memset(g->demand, 0, g->n_places * sizeof *g->demand);
    memset(g->now, 0, g->n_nodes * sizeof *g->now);
    g->network = round_trip(g->d, true, ARCH_SERVICE, workload, to);
    g->messages = 2;
    g->now[node_of(g, to)] = 1;
    for (uint32_t round = 0; round < ROUNDS && more; round++) {
        double *turn = g->now;
        more = false;
        memset(g->next, 0, g->n_nodes * sizeof *g->next);
        for (uint32_t p = 0; p < g->n_places; p++)
            for (uint32_t e = 0; e < g->first_node[p + 1] - g->first_node[p]; e++)
                if (g->now[g->first_node[p] + e] > least) {
                    follow_node(g, p, e, g->now[g->first_node[p] + e]);
                    more = true;
                }
        g->now = g->next;
        g->next = turn;
    }
}

/* ---- what was measured ------------------------------------------------------------------------------------------ */

/* The rows of a place: databases have their primary first. */
static bool rows_of(const graph_t *g, uint32_t place, uint32_t first_row, arch_metric_at_t *out)
{
    uint32_t endpoints, n = 0;
    arch_ref_t of = element_at(g->d, place, &endpoints);

    while (first_row + n < g->s->n_components && g->s->component[first_row + n].kind == (uint32_t)of.kind &&
           g->s->component[first_row + n].element == of.element)
        n++;
    *out = (arch_metric_at_t){ARCH_FIGURE_WAIT, first_row, n};
    if (of.kind == ARCH_DATABASE && (place - g->d->n_services - g->d->n_balancers) % 2 == 0)
        out->n = n > 0 ? 1 : 0;
    else if (of.kind == ARCH_DATABASE)
        *out = (arch_metric_at_t){ARCH_FIGURE_WAIT, first_row + 1, n > 1 ? n - 1 : 0};
    return out->n > 0;
}

static arch_status_t measure_place(graph_t *g, uint32_t place, uint32_t first_row)
{
    double *x = g->waits + (size_t)place * g->s->n;
    arch_metric_at_t at;
    arch_estimate_t e = {NAN, NAN, false};

    for (uint32_t k = 0; k < g->s->n; k++)
        x[k] = 0;
    if (!rows_of(g, place, first_row, &at))
        return ARCH_OK;
    ARCH_TRY(arch_samples_estimate(g->s, at, 0.95, &e));
    if (!e.supported) /* nobody came by */
        return ARCH_OK;
    g->wait[place] = e.value;
    return arch_samples_values(g->s, at, x);
}

static arch_status_t measure(graph_t *g)
{
    const arch_design_t *d = g->d;
    uint32_t *row = malloc((size_t)g->n_places * sizeof *row + 1), caches = g->n_places - d->n_caches;
    arch_status_t st = row != NULL ? ARCH_OK : ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u components", g->n_places);

    for (uint32_t p = 0; st == ARCH_OK && p < g->n_places; p++)
        row[p] = g->s->n_components;
    for (uint32_t i = g->s->n_components; st == ARCH_OK && i-- > 0;) {
        const arch_component_row_t *c = &g->s->component[i];
        uint32_t p = c->kind == ARCH_SERVICE    ? c->element
                     : c->kind == ARCH_BALANCER ? d->n_services + c->element
                     : c->kind == ARCH_DATABASE ? d->n_services + d->n_balancers + 2 * c->element
                                                : caches + c->element;
        row[p] = i;
        if (c->kind == ARCH_DATABASE)
            row[p + 1] = i;
    }
    for (uint32_t p = 0; st == ARCH_OK && p < g->n_places; p++)
        st = measure_place(g, p, row[p]);
    for (uint32_t i = 0; st == ARCH_OK && i < d->n_caches; i++) {
        arch_estimate_t e = {NAN, NAN, false};
        if (row[caches + i] < g->s->n_components)
            st = arch_samples_estimate(g->s, (arch_metric_at_t){ARCH_FIGURE_HIT_RATIO, row[caches + i], 1}, 0.95, &e);
        g->hit[i] = e.supported ? e.value : d->cache[i].hit_ratio;
    }
    free(row);
    return st;
}

static arch_status_t make_graph(arch_arena_t *arena, const arch_design_t *d, const arch_samples_t *s, graph_t *g)
{
    *g = (graph_t){.d = d, .s = s, .n_places = d->n_services + d->n_balancers + 2 * d->n_databases + d->n_caches};
    g->first_node = archi_arena_alloc(arena, ((size_t)g->n_places + 1) * sizeof *g->first_node);
    for (uint32_t p = 0; g->first_node != NULL && p < g->n_places; p++) {
        uint32_t endpoints;
        element_at(d, p, &endpoints);
        g->first_node[p + 1] = g->first_node[p] + endpoints;
    }
    g->n_nodes = g->first_node != NULL ? g->first_node[g->n_places] : 0;
    g->wait = archi_arena_alloc(arena, (size_t)g->n_places * sizeof *g->wait);
    g->waits = archi_arena_alloc(arena, (size_t)g->n_places * s->n * sizeof *g->waits);
    g->hit = archi_arena_alloc(arena, (size_t)d->n_caches * sizeof *g->hit);
    g->time = archi_arena_alloc(arena, (size_t)g->n_nodes * sizeof *g->time);
    g->now = archi_arena_alloc(arena, (size_t)g->n_nodes * sizeof *g->now);
    g->next = archi_arena_alloc(arena, (size_t)g->n_nodes * sizeof *g->next);
    g->visits = archi_arena_alloc(arena, (size_t)g->n_places * sizeof *g->visits);
    g->demand = archi_arena_alloc(arena, (size_t)g->n_places * sizeof *g->demand);
    if (g->first_node == NULL || g->wait == NULL || g->waits == NULL || g->hit == NULL || g->time == NULL ||
        g->now == NULL || g->next == NULL || g->visits == NULL || g->demand == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the call graph of a design");
    ARCH_TRY(measure(g));
    settle_times(g);
    return ARCH_OK;
}

/* ---- two designs ------------------------------------------------------------------------------------------------ */

static const char *name_at(const arch_design_t *d, uint32_t place)
{
    uint32_t endpoints;
    arch_ref_t at = element_at(d, place, &endpoints);

    switch (at.kind) {
    case ARCH_SERVICE:
        return d->service[at.element].name;
    case ARCH_BALANCER:
        return d->balancer[at.element].name;
    case ARCH_DATABASE:
        return d->database[at.element].name;
    default:
        return d->cache[at.element].name;
    }
}

/* The part of that name, made when it is not there. */
static arch_path_part_t *part_named(arch_path_t *path, const char *name)
{
    uint32_t i = 0;

    while (i < path->n_parts && strcmp(path->part[i].component, name) != 0)
        i++;
    if (i == path->n_parts) {
        path->part[i] = (arch_path_part_t){.component = name};
        path->n_parts++;
    }
    return &path->part[i];
}

static void add_places(arch_path_t *path, const graph_t *g, bool is_base, double *e, uint32_t n, double sign)
{
    for (uint32_t p = 0; p < g->n_places; p++) {
        arch_path_part_t *part;
        if (!(g->visits[p] > 0))
            continue;
        part = part_named(path, name_at(g->d, p));
        *(is_base ? &part->base : &part->other) += g->demand[p] + g->visits[p] * g->wait[p];
        *(is_base ? &part->base_waiting : &part->other_waiting) += g->visits[p] * g->wait[p];
        *(is_base ? &part->base_visits : &part->other_visits) += g->visits[p];
        for (uint32_t k = 0; k < n; k++)
            e[(size_t)(part - path->part) * n + k] += sign * g->visits[p] * (g->waits[(size_t)p * n + k] - g->wait[p]);
    }
}

static int by_change(const void *a, const void *b)
{
    const arch_path_part_t *x = a, *y = b;
    double p = fabs(x->change), q = fabs(y->change);

    return p != q ? (p < q) - (p > q) : strcmp(x->component, y->component);
}

/* Network and what is left; then changes, the largest first. */
static void finish_path(arch_path_t *path, const graph_t *a, const graph_t *b, const double *e, uint32_t n,
                        double confidence)
{
    arch_path_part_t rest = {.component = "",
                             .base = path->base,
                             .other = path->other,
                             .half_width = NAN,
                             .base_visits = NAN,
                             .other_visits = NAN};
    arch_path_part_t network = {.component = "network",
                                .base = a->network,
                                .other = b->network,
                                .base_visits = a->messages,
                                .other_visits = b->messages};

    for (uint32_t i = 0; i < path->n_parts; i++)
        path->part[i].half_width = archi_mean_interval(e + (size_t)i * n, n, confidence).half;
    path->part[path->n_parts++] = network;
    for (uint32_t i = 0; i < path->n_parts; i++) {
        path->part[i].change = path->part[i].other - path->part[i].base;
        rest.base -= path->part[i].base;
        rest.other -= path->part[i].other;
    }
    rest.change = rest.other - rest.base;
    qsort(path->part, path->n_parts, sizeof *path->part, by_change);
    path->part[path->n_parts++] = rest;
}

static arch_status_t put_path(archi_compare_t *c, graph_t *a, graph_t *b, const arch_operation_row_t *of_a,
                              const arch_operation_row_t *of_b, arch_path_t *path)
{
    uint32_t n = a->s->n;
    size_t most = (size_t)a->n_places + b->n_places + 2;
    double *e = calloc(most * n, sizeof *e);

    path->part = archi_arena_alloc(c->out->arena, most * sizeof *path->part);
    path->workload = archi_compare_text(c->out, "%s", of_a->workload);
    path->operation = archi_compare_text(c->out, "%s", of_a->name);
    if (e == NULL || path->part == NULL || path->workload == NULL || path->operation == NULL) {
        free(e);
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the way of a request");
    }
    follow(a, of_a->workload_index, of_a->operation_index);
    follow(b, of_b->workload_index, of_b->operation_index);
    add_places(path, a, true, e, n, -1);
    add_places(path, b, false, e, n, 1);
    finish_path(path, a, b, e, n, c->out->confidence);
    for (uint32_t i = 0; i < path->n_parts; i++) {
        path->part[i].component = archi_compare_text(c->out, "%s", path->part[i].component);
        if (path->part[i].component == NULL)
            path->n_parts = 0;
    }
    free(e);
    return ARCH_OK;
}

static const arch_operation_row_t *same_row(const arch_samples_t *s, const arch_operation_row_t *row)
{
    for (uint32_t i = 0; i < s->n_operations; i++)
        if (strcmp(s->operation[i].workload, row->workload) == 0 && strcmp(s->operation[i].name, row->name) == 0)
            return &s->operation[i];
    return NULL;
}

static arch_status_t mean_of(const arch_samples_t *s, const arch_operation_row_t *row, double *mean)
{
    arch_estimate_t e;

    ARCH_TRY(
        arch_samples_estimate(s, (arch_metric_at_t){ARCH_FIGURE_MEAN, (uint32_t)(row - s->operation), 1}, 0.95, &e));
    *mean = e.supported ? e.value : NAN;
    return ARCH_OK;
}

static arch_status_t put_paths(archi_compare_t *c, graph_t *a, graph_t *b, arch_pair_t *pair)
{
    for (uint32_t i = 0; i < a->s->n_operations; i++) {
        const arch_operation_row_t *row = &a->s->operation[i], *same = same_row(b->s, row);
        arch_path_t *path = &pair->path[pair->n_paths];
        if (same == NULL || row->operation_index == ARCH_NONE || same->operation_index == ARCH_NONE)
            continue;
        ARCH_TRY(mean_of(a->s, row, &path->base));
        ARCH_TRY(mean_of(b->s, same, &path->other));
        if (isnan(path->base) || isnan(path->other))
            continue;
        ARCH_TRY(put_path(c, a, b, row, same, path));
        pair->n_paths++;
    }
    return ARCH_OK;
}

arch_status_t archi_compare_paths(archi_compare_t *c, uint32_t other, arch_pair_t *pair)
{
    arch_arena_t *arena = archi_arena_create();
    arch_status_t st = arena != NULL ? ARCH_OK : ARCH_FAIL(ARCH_E_NOMEM, "no memory for the ways of requests");
    graph_t a, b;

    if (st == ARCH_OK)
        st = make_graph(arena, &c->design[0], c->point[0].samples, &a);
    if (st == ARCH_OK)
        st = make_graph(arena, &c->design[other], c->point[other].samples, &b);
    pair->path = archi_arena_alloc(c->out->arena, ((size_t)c->point[0].samples->n_operations + 1) * sizeof *pair->path);
    if (st == ARCH_OK && pair->path == NULL)
        st = ARCH_FAIL(ARCH_E_NOMEM, "no memory for the ways of requests");
    if (st == ARCH_OK)
        st = put_paths(c, &a, &b, pair);
    archi_arena_destroy(&arena);
    return st;
}
