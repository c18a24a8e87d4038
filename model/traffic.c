/* model/traffic.c - what can be said before anything runs: the traffic equations (Jackson 1957; with branching, fan-out
 * and caches as visit ratios), expected utilisation, events per second, and who exchanges messages with whom.
 *
 * Nodes are endpoints of groups. Walking a node's program gives its demand on the cores and its expected calls to other
 * nodes; the rates solve x = external + A'x by Gauss-Seidel in an order in which an acyclic call graph is done in one
 * sweep. Hit ratios of caches by key are Che's approximation (Che, Tung and Wang 2002). These are estimates: they steer
 * the partition and the advice, never a simulated result. Host only. */
#include "model/compile.h"
#include <stdlib.h>
#include <string.h>

enum { MAX_SWEEPS = 200, CACHE_ROUNDS = 4, CHE_STEPS = 60, RANK_CLASSES = 512 };

typedef struct {
    uint32_t node, group, caller; /* called endpoint, its group, the calling group */
    uint32_t link;
    double weight; /* expected calls per visit of the caller */
    bool answered;
} call_t;

typedef struct {
    double cpu, delay, events; /* per visit: demand on cores (ns), other time (ns), events handled */
    uint32_t first_call, n_calls;
} node_t;

typedef struct {
    const archi_plan_t *plan;
    const archi_group_t *group;
    node_t *node;
    call_t *call;
    uint32_t n_calls, call_capacity;
    uint32_t *order; /* callers before callees */
    double *rate;    /* [n_endpoints + balancers' forwarding] requests per second */
    double *hit;     /* [n_endpoints]: expected hit ratio of a lookup endpoint */
    double *balancer_rate; /* [n_groups] requests per second through balancers */
    arch_status_t st;
    archi_growing_t *edges;
} traffic_t;

static double mean_of(const traffic_t *t, uint32_t var) { return archi_plan_moments(t->plan)[var].mean; }

/* ---- walking a program ------------------------------------------------------------------------------------------ */

static void add_call(traffic_t *t, node_t *n, const archi_route_t *r, uint32_t endpoint, uint32_t caller, double weight,
                     bool answered)
{
    call_t *c;

    if (t->n_calls == t->call_capacity) {
        uint32_t more = t->call_capacity == 0 ? 1024 : t->call_capacity * 2;
        call_t *bigger = realloc(t->call, more * sizeof *bigger);
        if (bigger == NULL) {
            t->st = ARCH_FAIL(ARCH_E_NOMEM, "no memory for the traffic equations");
            return;
        }
        t->call = bigger;
        t->call_capacity = more;
    }
    c = &t->call[t->n_calls++];
    c->group = r->group;
    c->node = t->group[r->group].is == ARCHI_IS_BALANCER ? ARCHI_NIL : t->group[r->group].endpoint + endpoint;
    if (t->group[r->group].is == ARCHI_IS_BALANCER) /* through the balancer to what stands behind it */
        c->node = t->group[t->group[r->group].forward.group].endpoint + endpoint;
    c->caller = caller;
    c->link = r->link;
    c->weight = weight;
    c->answered = answered;
    n->n_calls++;
}

static void walk(traffic_t *t, node_t *n, uint32_t caller, uint32_t pc, uint32_t stop, double w);

static void walk_choose(traffic_t *t, node_t *n, uint32_t caller, const archi_instr_t *in, double w)
{
    const double *cumulative = archi_plan_tables(t->plan) + in->b;
    double before = 0.0;

    for (uint32_t i = 0; i < in->n; i++) {
        walk(t, n, caller, archi_plan_branches(t->plan)[in->a + i], ARCHI_NIL, w * (cumulative[i] - before));
        before = cumulative[i];
    }
}

/* Where the branches of a CHOOSE meet again: the target of the JUMP that ends the first of them. */
static uint32_t after_choose(const archi_plan_t *plan, const archi_instr_t *in)
{
    const archi_instr_t *all = archi_plan_instrs(plan);
    uint32_t pc = archi_plan_branches(plan)[in->a];

    for (;;) {
        const archi_instr_t *here = &all[pc];
        if (here->op == ARCHI_OP_JUMP)
            return here->a;
        if (here->op == ARCHI_OP_PARALLEL || here->op == ARCHI_OP_REPEAT)
            pc = here->c;
        else if (here->op == ARCHI_OP_CHOOSE)
            pc = after_choose(plan, here);
        else
            pc++;
    }
}

/* Expected work from pc up to `stop`, an END or a JUMP, visited w times. */
static void walk(traffic_t *t, node_t *n, uint32_t caller, uint32_t pc, uint32_t stop, double w)
{
    while (pc != stop && t->st == ARCH_OK) {
        const archi_instr_t *in = archi_plan_instrs(t->plan) + pc;
        switch (in->op) {
        case ARCHI_OP_CPU:
            n->cpu += w * mean_of(t, in->var);
            n->events += mean_of(t, in->var) > 0.0 ? w : 0.0;
            break;
        case ARCHI_OP_DELAY:
            n->delay += w * mean_of(t, in->var);
            n->events += mean_of(t, in->var) > 0.0 ? w : 0.0;
            break;
        case ARCHI_OP_CALL:
        case ARCHI_OP_SEND:
            n->events += in->op == ARCHI_OP_CALL ? w : 0.0;
            add_call(t, n, &in->route, in->b, caller, w, in->op == ARCHI_OP_CALL);
            break;
        case ARCHI_OP_CACHE: {
            uint32_t get = t->group[in->route.group].endpoint + in->b;
            n->events += w;
            add_call(t, n, &in->route, in->b, caller, w, true);
            walk(t, n, caller, pc + 1, in->c, w * (1.0 - t->hit[get]));
            pc = in->c;
            continue;
        }
        case ARCHI_OP_PARALLEL:
            for (uint32_t i = 0; i < in->n; i++)
                walk(t, n, caller, archi_plan_branches(t->plan)[in->a + i], ARCHI_NIL, w);
            pc = in->c;
            continue;
        case ARCHI_OP_CHOOSE:
            walk_choose(t, n, caller, in, w);
            pc = after_choose(t->plan, in);
            continue;
        case ARCHI_OP_REPEAT:
            walk(t, n, caller, in->a, ARCHI_NIL, w * mean_of(t, in->var));
            pc = in->c;
            continue;
        case ARCHI_OP_FAIL:
            w *= 1.0 - in->p;
            break;
        case ARCHI_OP_END:
        case ARCHI_OP_JUMP:
            return;
        default:
            break;
        }
        pc++;
    }
}

static void walk_all(traffic_t *t)
{
    t->n_calls = 0;
    for (uint32_t g = 0; g < t->plan->n_groups; g++)
        for (uint32_t e = 0; e < t->group[g].n_endpoints; e++) {
            node_t *n = &t->node[t->group[g].endpoint + e];
            memset(n, 0, sizeof *n);
            n->events = 1.0;
            n->first_call = t->n_calls;
            walk(t, n, g, archi_plan_endpoints(t->plan)[t->group[g].endpoint + e], ARCHI_NIL, 1.0);
        }
}

/* ---- rates ------------------------------------------------------------------------------------------------------ */

/* Reverse postorder of a depth-first search along calls: in an acyclic graph every caller precedes its callees. */
static arch_status_t sort_nodes(traffic_t *t)
{
    uint32_t n = t->plan->n_endpoints, filled = n, depth;
    uint32_t *stack = calloc((size_t)n + 1, sizeof *stack), *next = calloc((size_t)n + 1, sizeof *next);
    char *seen = calloc((size_t)n + 1, 1);

    if (stack == NULL || next == NULL || seen == NULL) {
        free(stack);
        free(next);
        free(seen);
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the traffic equations");
    }
    for (uint32_t root = 0; root < n; root++) {
        if (seen[root])
            continue;
        depth = 0;
        stack[depth++] = root;
        seen[root] = 1;
        while (depth > 0) {
            uint32_t at = stack[depth - 1];
            if (next[at] < t->node[at].n_calls) {
                uint32_t to = t->call[t->node[at].first_call + next[at]++].node;
                if (!seen[to]) {
                    seen[to] = 1;
                    stack[depth++] = to;
                }
            } else {
                t->order[--filled] = at;
                depth--;
            }
        }
    }
    free(stack);
    free(next);
    free(seen);
    return ARCH_OK;
}

/* Spread external rates along calls. `flow` is what each node still has to pass on: each sweep passes it to its
 * callees, and only cycles leave something for the next sweep. A cycle that returns as much as it gets has no finite
 * rate. */
static arch_status_t spread(traffic_t *t, double *rate, const double *external)
{
    uint32_t n = t->plan->n_endpoints;
    double *flow = calloc((size_t)n + 1, sizeof *flow), left = 1.0, half_way = 0.0, total = 0.0;

    if (flow == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the traffic equations");
    for (uint32_t i = 0; i < n; i++) {
        rate[i] = 0.0;
        flow[i] = external[i];
        total += external[i];
    }
    for (int sweep = 0; sweep < MAX_SWEEPS && left > 0.0; sweep++) {
        for (uint32_t i = 0; i < n; i++) {
            uint32_t at = t->order[i];
            double f = flow[at];
            flow[at] = 0.0;
            rate[at] += f;
            for (uint32_t k = 0; f > 0.0 && k < t->node[at].n_calls; k++) {
                const call_t *c = &t->call[t->node[at].first_call + k];
                flow[c->node] += f * c->weight;
            }
        }
        left = 0.0;
        for (uint32_t i = 0; i < n; i++)
            if (flow[i] > 1e-9 * total)
                left += flow[i];
        if (sweep == MAX_SWEEPS / 2)
            half_way = left;
    }
    free(flow);
    if (left > 0.0 && !(left < half_way))
        return ARCH_FAIL(ARCH_E_UNSTABLE,
                         "the calls of an endpoint lead back to it at least once on average: every request "
                         "causes requests without end; lower the share of calls that go round");
    return ARCH_OK;
}

/* ---- caches ----------------------------------------------------------------------------------------------------- */

typedef struct {
    double keys, weight; /* how many keys, and P of each */
} rank_class_t;

/* Group the ranks of a key space into classes of nearly equal popularity. */
static uint32_t rank_classes(const archi_zipf_t *z, rank_class_t *class)
{
    double total = 0.0, first = 1.0;
    uint32_t n = 0;

    while (first <= (double)z->count && n < RANK_CLASSES) {
        double last = n < 64 ? first : first * 1.1 + 1.0, middle;
        if (last > (double)z->count || n + 1 == RANK_CLASSES)
            last = (double)z->count;
        last = (double)(uint64_t)last;
        middle = archi_sqrt(first * last);
        class[n].keys = last - first + 1.0;
        class[n].weight = z->s == 0.0 ? 1.0 : archi_exp(-z->s * archi_log(middle));
        total += class[n].keys * class[n].weight;
        first = last + 1.0;
        n++;
    }
    for (uint32_t i = 0; i < n; i++)
        class[i].weight /= total;
    return n;
}

/* Entries held, and hit ratio, when a key stays for `window` requests after its last use (LRU) or its storing (TTL). */
static double che_at(const rank_class_t *class, uint32_t n, double window, bool renewed, double *held)
{
    double hits = 0.0;

    *held = 0.0;
    for (uint32_t i = 0; i < n; i++) {
        double x = class[i].weight * window, in = renewed ? 1.0 - archi_exp(-x) : x / (1.0 + x);
        *held += class[i].keys * in;
        hits += class[i].keys * class[i].weight * in;
    }
    return hits;
}

static double expected_hits(const archi_zipf_t *z, double capacity, double ttl_requests)
{
    rank_class_t class[RANK_CLASSES];
    uint32_t n = rank_classes(z, class);
    double low = 0.0, high = 1.0, held, by_capacity = 1.0, by_ttl = 1.0;

    if (capacity < (double)z->count) {
        for (che_at(class, n, high, true, &held); held < capacity && high < 1e18; che_at(class, n, high, true, &held))
            high *= 2.0;
        for (int i = 0; i < CHE_STEPS; i++) {
            double middle = (low + high) / 2.0;
            che_at(class, n, middle, true, &held);
            if (held < capacity)
                low = middle;
            else
                high = middle;
        }
        by_capacity = che_at(class, n, high, true, &held);
    }
    if (ttl_requests >= 0.0)
        by_ttl = che_at(class, n, ttl_requests, false, &held);
    return by_capacity < by_ttl ? by_capacity : by_ttl;
}

/* Hit ratios for the rates as they stand. False: they are what they were, and so would be all that follows from them. */
static bool estimate_hits(traffic_t *t)
{
    bool changed = false;


    for (uint32_t g = 0; g < t->plan->n_groups; g++) {
        const archi_group_t *group = &t->group[g];
        for (uint32_t e = 0; group->is_cache && e + 1 < group->n_endpoints; e += 2) {
            const archi_instr_t *in =
                archi_plan_instrs(t->plan) + archi_plan_endpoints(t->plan)[group->endpoint + e] + 1;
            uint32_t node = group->endpoint + e;
            double seconds = group->ttl == ARCH_TIME_MAX ? -1.0 : (double)group->ttl * 1e-9, before = t->hit[node];
            if (group->store == ARCHI_STORE_BY_RATIO)
                t->hit[node] = in->p;
            else if (t->rate[node] > 0.0)
                t->hit[node] = expected_hits(&archi_plan_keys(t->plan)[in->a].zipf, group->capacity,
                                             seconds < 0.0 ? -1.0 : seconds * t->rate[node]);
            changed = changed || t->hit[node] < before || t->hit[node] > before;
        }
    }
    return changed;
}

/* ---- load ------------------------------------------------------------------------------------------------------- */

/* Time that a request takes when it meets no queue. Calls to a node that is being computed (a cycle) count as nothing. */
static double empty_response(const traffic_t *t, const double *known, uint32_t node)
{
    double r = t->node[node].cpu + t->node[node].delay;

    for (uint32_t k = 0; k < t->node[node].n_calls; k++) {
        const call_t *c = &t->call[t->node[node].first_call + k];
        if (c->answered)
            r += c->weight * (2.0 * mean_of(t, c->link) + known[c->node]);
    }
    return r;
}

static double average_profile(const archi_plan_t *plan, const archi_group_t *g)
{
    const archi_point_t *p = archi_plan_points(plan) + g->points;
    double area = 0.0;
    arch_time_t at = 0, end = g->period < plan->duration ? g->period : plan->duration;
    double rate = p[0].rate;

    for (uint32_t i = 0; i < g->n_points && p[i].at < end; i++) {
        area += (double)(p[i].at - at) * (g->linear ? (rate + p[i].rate) / 2.0 : rate);
        at = p[i].at;
        rate = p[i].rate;
    }
    area += (double)(end - at) * rate;
    return end > 0 ? area / (double)end : rate;
}

/* Requests per second that a workload offers; `response` of each node without queues, for closed ones. */
static double offered(const traffic_t *t, const archi_group_t *g, const double *response)
{
    const archi_operation_t *op = archi_plan_operations(t->plan) + g->operation;
    double before = 0.0, r = 0.0, think = mean_of(t, g->gap);

    if (g->load == ARCHI_LOAD_PROFILE)
        return average_profile(t->plan, g);
    if (g->load == ARCHI_LOAD_RENEWAL)
        return think > 0.0 ? 1e9 / think : 0.0;
    for (uint32_t k = 0; k < g->n_operations; k++) {
        const archi_group_t *to = &t->group[op[k].route.group];
        uint32_t node =
            (to->is == ARCHI_IS_BALANCER ? t->group[to->forward.group].endpoint : to->endpoint) + op[k].endpoint;
        r += (op[k].cumulative - before) * (2.0 * mean_of(t, op[k].route.link) + response[node]);
        before = op[k].cumulative;
    }
    return (double)g->users * 1e9 / (think + r > 1.0 ? think + r : 1.0);
}

/* External rates of open (or of closed) workloads, onto the endpoints behind their operations. */
static void external_rates(const traffic_t *t, bool closed, const double *response, double *external)
{
    memset(external, 0, ((size_t)t->plan->n_endpoints + 1) * sizeof *external);
    for (uint32_t g = 0; g < t->plan->n_groups; g++) {
        const archi_group_t *w = &t->group[g];
        const archi_operation_t *op = archi_plan_operations(t->plan) + w->operation;
        double before = 0.0, rate;
        if (w->is != ARCHI_IS_SOURCE || (w->load == ARCHI_LOAD_CLOSED) != closed)
            continue;
        rate = offered(t, w, response);
        for (uint32_t k = 0; k < w->n_operations; k++) {
            const archi_group_t *to = &t->group[op[k].route.group];
            uint32_t node =
                (to->is == ARCHI_IS_BALANCER ? t->group[to->forward.group].endpoint : to->endpoint) + op[k].endpoint;
            external[node] += rate * (op[k].cumulative - before);
            before = op[k].cumulative;
        }
    }
}

/* Busy cores of each group. */
static void demand_of(const traffic_t *t, const double *rate, double *busy)
{
    for (uint32_t g = 0; g < t->plan->n_groups; g++) {
        busy[g] = 0.0;
        for (uint32_t e = 0; e < t->group[g].n_endpoints; e++)
            busy[g] += rate[t->group[g].endpoint + e] * t->node[t->group[g].endpoint + e].cpu * 1e-9;
    }
}

/* Closed workloads cannot offer more than the bottleneck lets through (asymptotic bounds, Denning and Buzen 1978). */
static double closed_share(const traffic_t *t, const double *open_busy, const double *closed_busy)
{
    double share = 1.0;

    for (uint32_t g = 0; g < t->plan->n_groups; g++) {
        double cores = (double)t->group[g].cores * t->group[g].n;
        double left = cores > open_busy[g] ? cores - open_busy[g] : 0.0;
        if (closed_busy[g] > left && closed_busy[g] > 0.0 && left / closed_busy[g] < share)
            share = left / closed_busy[g];
    }
    return share;
}

static arch_status_t solve_rates(traffic_t *t, double *busy)
{
    uint32_t n = t->plan->n_endpoints;
    double *response = calloc((size_t)n + 1, sizeof *response), *external = calloc((size_t)n + 1, sizeof *external),
           *closed = calloc((size_t)n + 1, sizeof *closed),
           *closed_busy = calloc((size_t)t->plan->n_groups + 1, sizeof *closed_busy);
    double share;
    arch_status_t st = ARCH_OK;

    if (response == NULL || external == NULL || closed == NULL || closed_busy == NULL) {
        st = ARCH_FAIL(ARCH_E_NOMEM, "no memory for the traffic equations");
        goto done;
    }
    for (uint32_t i = n; i-- > 0;)
        response[t->order[i]] = empty_response(t, response, t->order[i]);
    external_rates(t, true, response, external);
    ARCH_TRY_TO(done, spread(t, closed, external));
    external_rates(t, false, response, external);
    ARCH_TRY_TO(done, spread(t, t->rate, external));
    demand_of(t, t->rate, busy);
    demand_of(t, closed, closed_busy);
    share = closed_share(t, busy, closed_busy);
    for (uint32_t i = 0; i < n; i++)
        t->rate[i] += share * closed[i];
    for (uint32_t g = 0; g < t->plan->n_groups; g++)
        busy[g] += share * closed_busy[g];
done:
    free(response);
    free(external);
    free(closed);
    free(closed_busy);
    return st;
}

/* ---- edges ------------------------------------------------------------------------------------------------------ */

static arch_status_t add_edge(traffic_t *t, uint32_t from, uint32_t to, arch_time_t lookahead, double rate)
{
    archi_edge_t edge = {from < to ? from : to, from < to ? to : from, rate, lookahead};

    return from == to ? ARCH_OK : archi_grow_append(t->edges, &edge, NULL);
}

/* Messages at `rate` between the replicas of two groups. Few replicas: every pair. Many: a walk that visits all of
 * them, back and forth. Every pair has the same lookahead, and where any pair is cut the walk is cut too, so that a
 * partition learns the same from it. */
static arch_status_t add_edges(traffic_t *t, const archi_group_t *from, const archi_group_t *to, uint32_t link,
                               double rate)
{
    arch_time_t lookahead = archi_time_from_ns(archi_plan_moments(t->plan)[link].least);
    uint32_t most = from->n > to->n ? from->n : to->n;

    if ((uint64_t)from->n * to->n <= ARCHI_MOST_PAIRS) {
        for (uint32_t i = 0; i < from->n; i++)
            for (uint32_t k = 0; k < to->n; k++)
                ARCH_TRY(add_edge(t, from->first + i, to->first + k, lookahead, rate / ((double)from->n * to->n)));
        return ARCH_OK;
    }
    for (uint32_t i = 0; i < most; i++) {
        ARCH_TRY(add_edge(t, from->first + i % from->n, to->first + i % to->n, lookahead, rate / (2.0 * most)));
        ARCH_TRY(add_edge(t, from->first + (i + 1) % from->n, to->first + i % to->n, lookahead, rate / (2.0 * most)));
    }
    return ARCH_OK;
}

/* Stable, by one end: counts of each, where its edges begin, the edges. */
static void sort_by_end(const archi_edge_t *from, archi_edge_t *to, uint32_t n, bool by_b, uint32_t *begin, uint32_t n_ends)
{
    uint32_t at = 0;

    memset(begin, 0, (size_t)n_ends * sizeof *begin);
    for (uint32_t i = 0; i < n; i++)
        begin[by_b ? from[i].b : from[i].a]++;
    for (uint32_t e = 0; e < n_ends; e++) {
        uint32_t many = begin[e];
        begin[e] = at;
        at += many;
    }
    for (uint32_t i = 0; i < n; i++)
        to[begin[by_b ? from[i].b : from[i].a]++] = from[i];
}

/* One edge for each pair, ascending: sorted by one digit after the other, as ends are small numbers. What leads to the same
 * pair is added up in the order in which it was found. */
static arch_status_t merge_edges(archi_growing_t *edges, uint32_t n_elements)
{
    archi_edge_t *e = edges->data, *spare = malloc(((size_t)edges->n + 1) * sizeof *spare);
    uint32_t *begin = malloc(((size_t)n_elements + 1) * sizeof *begin), n = 0;

    if (spare != NULL && begin != NULL && edges->n > 0) {
        sort_by_end(e, spare, edges->n, true, begin, n_elements);
        sort_by_end(spare, e, edges->n, false, begin, n_elements);
        for (uint32_t i = 1; i < edges->n; i++)
            if (e[n].a == e[i].a && e[n].b == e[i].b) {
                e[n].rate += e[i].rate;
                e[n].lookahead = e[i].lookahead < e[n].lookahead ? e[i].lookahead : e[n].lookahead;
            } else {
                e[++n] = e[i];
            }
        edges->n = n + 1;
    }
    free(spare);
    free(begin);
    return spare != NULL && begin != NULL ? ARCH_OK : ARCH_FAIL(ARCH_E_NOMEM, "no memory for the traffic equations");
}

/* Call edges of a node; calls of one caller to one group merge before the replicas multiply them. */
static arch_status_t call_edges(traffic_t *t)
{
    for (uint32_t g = 0; g < t->plan->n_groups; g++) {
        const archi_group_t *from = &t->group[g];
        for (uint32_t e = 0; e < from->n_endpoints; e++) {
            uint32_t node = from->endpoint + e;
            for (uint32_t k = 0; k < t->node[node].n_calls; k++) {
                const call_t *c = &t->call[t->node[node].first_call + k];
                ARCH_TRY(add_edges(t, from, &t->group[c->group], c->link,
                                   t->rate[node] * c->weight * (c->answered ? 2.0 : 1.0)));
            }
        }
    }
    return ARCH_OK;
}

/* Requests per second of every balancer: those of operations, then those of calls, in the order of both. */
static void find_balancer_rates(traffic_t *t)
{
    for (uint32_t w = 0; w < t->plan->n_operations; w++) { /* operations */
        const archi_operation_t *op = archi_plan_operations(t->plan) + w;
        const archi_group_t *source = &t->group[archi_plan_group_of(t->plan)[op->element]];
        const archi_operation_t *first = archi_plan_operations(t->plan) + source->operation;
        double before = op == first ? 0.0 : op[-1].cumulative;
        if (t->group[op->route.group].is == ARCHI_IS_BALANCER && source->load != ARCHI_LOAD_CLOSED)
            t->balancer_rate[op->route.group] += (op->cumulative - before) * offered(t, source, NULL);
    }
    for (uint32_t node = 0; node < t->plan->n_endpoints; node++)
        for (uint32_t k = 0; k < t->node[node].n_calls; k++) {
            const call_t *c = &t->call[t->node[node].first_call + k];
            if (t->group[c->group].is == ARCHI_IS_BALANCER)
                t->balancer_rate[c->group] += t->rate[node] * c->weight;
        }
}

/* Workloads to what they call, balancers to what stands behind them, primaries to their replicas. */
static arch_status_t other_edges(traffic_t *t)
{
    for (uint32_t i = 0; i < t->plan->n_operations; i++) {
        const archi_operation_t *op = archi_plan_operations(t->plan) + i;
        const archi_group_t *source = &t->group[archi_plan_group_of(t->plan)[op->element]];
        double share = op->cumulative - (i > source->operation ? op[-1].cumulative : 0.0);
        double rate = source->load == ARCHI_LOAD_CLOSED ? source->users : offered(t, source, NULL);
        ARCH_TRY(add_edges(t, source, &t->group[op->route.group], op->route.link, 2.0 * rate * share));
    }
    for (uint32_t g = 0; g < t->plan->n_groups; g++)
        if (t->group[g].is == ARCHI_IS_BALANCER)
            ARCH_TRY(add_edges(t, &t->group[g], &t->group[t->group[g].forward.group], t->group[g].forward.link,
                               2.0 * t->balancer_rate[g]));
    for (uint32_t g = 0; g < t->plan->n_groups; g++)
        for (uint32_t e = 0; e < t->group[g].n_endpoints; e++) {
            uint32_t pc = archi_plan_endpoints(t->plan)[t->group[g].endpoint + e];
            for (; t->group[g].kind == ARCH_DATABASE && archi_plan_instrs(t->plan)[pc].op != ARCHI_OP_END; pc++) {
                const archi_instr_t *in = archi_plan_instrs(t->plan) + pc;
                if (in->op == ARCHI_OP_REPLICATE)
                    ARCH_TRY(add_edges(t, &t->group[g], &t->group[in->route.group], in->route.link,
                                       t->rate[t->group[g].endpoint + e] * t->group[in->route.group].n));
            }
        }
    return ARCH_OK;
}

/* ---- what is told ----------------------------------------------------------------------------------------------- */

/* Applying change records costs the replicas cores and events. */
static void add_replication(const traffic_t *t, double *busy, double *events)
{
    for (uint32_t g = 0; g < t->plan->n_groups; g++)
        for (uint32_t e = 0; e < t->group[g].n_endpoints; e++) {
            uint32_t node = t->group[g].endpoint + e, pc = archi_plan_endpoints(t->plan)[node];
            for (; t->group[g].kind == ARCH_DATABASE && archi_plan_instrs(t->plan)[pc].op != ARCHI_OP_END; pc++) {
                const archi_instr_t *in = archi_plan_instrs(t->plan) + pc;
                if (in->op != ARCHI_OP_REPLICATE)
                    continue;
                busy[in->route.group] += t->rate[node] * mean_of(t, in->var) * 1e-9 * t->group[in->route.group].n;
                events[in->route.group] += 2.0 * t->rate[node] * t->group[in->route.group].n;
            }
        }
}

static void tell(const traffic_t *t, double *busy, double *events, double *arrival_rate, double *utilisation,
                 double *event_rate)
{
    for (uint32_t g = 0; g < t->plan->n_groups; g++) {
        const archi_group_t *group = &t->group[g];
        double arrivals = 0.0;
        for (uint32_t e = 0; e < group->n_endpoints; e++) {
            arrivals += t->rate[group->endpoint + e];
            events[g] += t->rate[group->endpoint + e] * t->node[group->endpoint + e].events;
        }
        if (group->is == ARCHI_IS_BALANCER) {
            arrivals = t->balancer_rate[g];
            events[g] = arrivals * (mean_of(t, group->overhead) > 0.0 ? 3.0 : 2.0);
        } else if (group->is == ARCHI_IS_SOURCE) {
            arrivals = group->load == ARCHI_LOAD_CLOSED ? 0.0 : offered(t, group, NULL);
            events[g] = group->load == ARCHI_LOAD_CLOSED ? 2.0 * group->users : 2.0 * arrivals;
        }
        for (uint32_t i = group->first; i < group->first + group->n; i++) {
            arrival_rate[i] = arrivals / group->n;
            utilisation[i] = group->cores > 0 ? busy[g] / ((double)group->cores * group->n) : 0.0;
            event_rate[i] = events[g] / group->n;
        }
    }
}

static arch_status_t prepare(traffic_t *t, const archi_plan_t *plan, archi_growing_t *edges)
{
    size_t n = (size_t)plan->n_endpoints + 1;

    memset(t, 0, sizeof *t);
    t->plan = plan;
    t->group = archi_plan_groups(plan);
    t->edges = edges;
    t->node = calloc(n, sizeof *t->node);
    t->order = calloc(n, sizeof *t->order);
    t->rate = calloc(n, sizeof *t->rate);
    t->hit = calloc(n, sizeof *t->hit);
    t->balancer_rate = calloc((size_t)plan->n_groups + 1, sizeof *t->balancer_rate);
    if (t->node == NULL || t->order == NULL || t->rate == NULL || t->hit == NULL || t->balancer_rate == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the traffic equations");
    for (uint32_t i = 0; i < plan->n_endpoints; i++)
        t->hit[i] = 0.5;
    return ARCH_OK;
}

/* Caches by ratio alone leave nothing to find out: the first round has their ratios already. */
static void begin_hits(traffic_t *t)
{
    for (uint32_t g = 0; g < t->plan->n_groups; g++)
        if (t->group[g].is_cache && t->group[g].store != ARCHI_STORE_BY_RATIO)
            return;
    (void)estimate_hits(t);
}

static void release(traffic_t *t)
{
    free(t->node);
    free(t->call);
    free(t->order);
    free(t->rate);
    free(t->hit);
    free(t->balancer_rate);
}

arch_status_t archi_traffic_solve(archi_plan_t *plan, double *arrival_rate, double *utilisation, double *event_rate,
                                  archi_growing_t *edges)
{
    traffic_t t;
    double *busy = calloc((size_t)plan->n_groups + 1, sizeof *busy),
           *events = calloc((size_t)plan->n_groups + 1, sizeof *events);
    arch_status_t st = prepare(&t, plan, edges);
    bool changed = true;

    if (st == ARCH_OK && (busy == NULL || events == NULL))
        st = ARCH_FAIL(ARCH_E_NOMEM, "no memory for the traffic equations");
    if (st == ARCH_OK)
        begin_hits(&t);
    for (int round = 0; st == ARCH_OK && round < CACHE_ROUNDS && changed; round++) {
        walk_all(&t);
        ARCH_TRY_TO(done, t.st);
        ARCH_TRY_TO(done, sort_nodes(&t));
        ARCH_TRY_TO(done, solve_rates(&t, busy));
        changed = estimate_hits(&t);
    }
    if (st != ARCH_OK)
        goto done;
    find_balancer_rates(&t);
    add_replication(&t, busy, events);
    tell(&t, busy, events, arrival_rate, utilisation, event_rate);
    ARCH_TRY_TO(done, call_edges(&t));
    ARCH_TRY_TO(done, other_edges(&t));
    ARCH_TRY_TO(done, merge_edges(edges, plan->n_elements));
done:
    release(&t);
    free(busy);
    free(events);
    return st;
}
