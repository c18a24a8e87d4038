/* model/compile.c - a design becomes a plan: groups, elements, network, load; programs in
 * compile_steps.c, links in compile_network.c, the flat region in compile_flat.c. Host only. */
#include "model/compile.h"
#include "engine/pages.h"
#include <architech/dist.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLACK_SENDS = 12, SLACK_FRAMES = 8, MAX_INTERVALS = 1000000 };
enum { MOST_AUTO = 64, LEAST_AUTO = 16, MANY_CELLS = 1 << 23 };

/* In 1/64 of the run: where a warm-up may end. Every element has a tally for each. */
static const uint32_t auto_slices[] = {0, 1, 2, 4, 8, 12, 16, 24, 32}, few_slices[] = {0, 2, 8, 16, 32};

/* ---- growing arrays --------------------------------------------------------------------------------------------- */

static arch_status_t grow_by(archi_growing_t *g, const void *entries, uint32_t n, uint32_t *index)
{
    if (g->n > UINT32_MAX - 1 - n)
        return ARCH_FAIL(ARCH_E_RANGE, "the design needs more than 4,294,967,294 entries of a kind");
    if (g->n + n > g->capacity) {
        uint64_t capacity = (uint64_t)g->capacity * 2 > g->n + n ? (uint64_t)g->capacity * 2 : g->n + n + 16;
        void *more = realloc(g->data, capacity * g->entry_bytes);
        if (more == NULL)
            return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the compiled design");
        archi_pages_large(more, capacity * g->entry_bytes);
        g->data = more;
        g->capacity = capacity > UINT32_MAX ? UINT32_MAX : (uint32_t)capacity;
    }
    if (n > 0) /* of nothing there may be no data at all */
        memcpy((char *)g->data + (size_t)g->n * g->entry_bytes, entries, (size_t)n * g->entry_bytes);
    if (index != NULL)
        *index = g->n;
    g->n += n;
    return ARCH_OK;
}

arch_status_t archi_grow_append(archi_growing_t *g, const void *entry, uint32_t *index)
{
    return grow_by(g, entry, 1, index);
}

arch_status_t archi_compile_name(archi_compile_t *c, const char *name, uint32_t *offset)
{
    return grow_by(&c->names, name, (uint32_t)strlen(name) + 1, offset);
}

arch_status_t archi_compile_var(archi_compile_t *c, const arch_dist_t *dist, uint32_t *var)
{
    archi_var_t v;
    archi_moments_t m = {arch_dist_mean(dist, c->design->table), arch_dist_min(dist, c->design->table)};

    memset(&v, 0, sizeof v);
    archi_var_from_dist(dist, c->design->table, &v);
    ARCH_TRY(archi_grow_append(&c->moments, &m, NULL));
    return archi_grow_append(&c->var, &v, var);
}

/* ---- routes ----------------------------------------------------------------------------------------------------- */

/* Words in which the current caller remembers the replicas of `target`: a cursor, and a count or time for each if
 * `counts`. */
static arch_status_t peers_of(archi_compile_t *c, uint32_t target, bool counts, uint32_t *first)
{
    archi_group_t *g = archi_compile_group(c, c->caller);
    uint32_t n = counts ? archi_compile_group(c, target)->n : 0;
    archi_peers_t fresh = {target, g->n_peer_words, n};

    for (uint32_t i = 0; i < g->n_peers; i++) {
        const archi_peers_t *p = (const archi_peers_t *)c->peers.data + g->peers + i;
        if (p->target == target && p->n == n) {
            *first = p->first;
            return ARCH_OK;
        }
    }
    ARCH_TRY(archi_grow_append(&c->peers, &fresh, NULL));
    *first = fresh.first;
    g->n_peers++;
    g->n_peer_words += 1 + n;
    return ARCH_OK;
}

arch_status_t archi_compile_way(archi_compile_t *c, uint32_t group, uint32_t node, const arch_balance_t *balance,
                                archi_route_t *out)
{
    memset(out, 0, sizeof *out);
    out->group = group;
    out->first = archi_compile_group(c, group)->first;
    out->n = archi_compile_group(c, group)->n;
    out->peers = ARCHI_NIL;
    out->link = archi_compile_link_between(c, c->caller_node, node);
    out->policy = balance->kind == ARCH_BALANCE_RANDOM          ? ARCHI_PICK_RANDOM
                  : balance->kind == ARCH_BALANCE_LEAST_REQUEST ? ARCHI_PICK_LEAST_REQUEST
                                                                : ARCHI_PICK_ROUND_ROBIN;
    out->choices = (uint16_t)(balance->choices > UINT16_MAX ? UINT16_MAX : balance->choices);
    if (archi_compile_group(c, group)->n > 1)
        ARCH_TRY(peers_of(c, group, out->policy == ARCHI_PICK_LEAST_REQUEST, &out->peers));
    return ARCH_OK;
}

/* A balancer asks its own, everybody else that of whom they call; a primary is the only one. */
static archi_picker_t *picker_for(archi_compile_t *c, uint32_t group, uint32_t node)
{
    const archi_group_t *to = archi_compile_group(c, group);
    uint32_t at;

    if (c->picker_of == NULL || (to->kind == ARCH_DATABASE && c->replicas[to->index] != ARCHI_NIL && !to->is_read_replica))
        return NULL;
    at = c->picker_of[archi_compile_group(c, c->caller)->is == ARCHI_IS_BALANCER ? c->caller_node : node];
    return at > 0 ? &c->picker[at - 1] : NULL;
}

arch_status_t archi_compile_route(archi_compile_t *c, uint32_t group, uint32_t node, const arch_balance_t *balance,
                                  archi_route_t *out)
{
    static const arch_balance_t counting = {ARCH_BALANCE_LEAST_REQUEST, 1}; /* what is in flight, for it to know */
    archi_picker_t *picker = picker_for(c, group, node);
    const archi_group_t *to = archi_compile_group(c, group);

    if (picker == NULL && to->is_read_replica) /* a database says itself how its readers pick */
        balance = &c->design->database[to->index].balance;
    if (picker == NULL)
        return archi_compile_way(c, group, node, balance, out);
    picker->asked = true;
    ARCH_TRY(archi_compile_way(c, group, node, &counting, out));
    out->policy = ARCHI_PICK_PLUGGED;
    out->choices = (uint16_t)picker->policy;
    return ARCH_OK;
}

void archi_compile_target(const archi_compile_t *c, const arch_ref_t *ref, uint32_t *group, uint32_t *endpoint,
                          uint32_t *node)
{
    const arch_database_t *db;

    *endpoint = ref->endpoint;
    *node = archi_node_of(c->design, false, ref->kind, ref->element);
    switch (ref->kind) {
    case ARCH_SERVICE:
        *group = c->first_service + ref->element;
        break;
    case ARCH_BALANCER:
        *group = c->first_balancer + ref->element;
        break;
    case ARCH_CACHE:
        *group = c->first_cache + ref->element;
        break;
    default:
        db = &c->design->database[ref->element];
        *group = c->primary[ref->element];
        if (c->replicas[ref->element] != ARCHI_NIL && db->read_from == ARCH_READ_REPLICAS &&
            !db->query[ref->endpoint].writes)
            *group = c->replicas[ref->element];
    }
}

/* ---- groups and elements ---------------------------------------------------------------------------------------- */

static uint64_t hash_of(const char *name) { return archi_hash_bytes(name, strlen(name)); }

/* Append group g with g->n elements named `name`, or `name`#1, `name`#2 ... */
static arch_status_t add_group(archi_compile_t *c, archi_group_t *g, const char *stable, const char *name)
{
    uint32_t index, offset;
    char text[512];

    g->first = c->group_of.n;
    g->active = g->n;
    g->name_hash = hash_of(stable);
    ARCH_TRY(archi_compile_name(c, stable, &g->name));
    ARCH_TRY(archi_grow_append(&c->group, g, &index));
    for (uint32_t i = 0; i < g->n; i++) {
        if (g->n == 1 && !g->is_read_replica)
            snprintf(text, sizeof text, "%s", name);
        else
            snprintf(text, sizeof text, "%s#%u", name, i + 1);
        ARCH_TRY(archi_compile_name(c, text, &offset));
        ARCH_TRY(archi_grow_append(&c->element_name, &offset, NULL));
        ARCH_TRY(archi_grow_append(&c->group_of, &index, NULL));
    }
    return ARCH_OK;
}

static archi_group_t server_group(arch_kind_t kind, uint32_t index, uint32_t n, uint32_t cores, uint32_t threads,
                                  uint32_t queue_limit, arch_discipline_t discipline)
{
    archi_group_t g;

    memset(&g, 0, sizeof g);
    g.is = ARCHI_IS_SERVER;
    g.kind = (uint32_t)kind;
    g.index = index;
    g.n = n;
    g.cores = cores;
    g.threads = threads;
    g.queue_limit = queue_limit;
    g.discipline = discipline == ARCH_LIFO                ? ARCHI_SERVE_LIFO
                   : discipline == ARCH_PRIORITY          ? ARCHI_SERVE_PRIORITY
                   : discipline == ARCH_PROCESSOR_SHARING ? ARCHI_SERVE_SHARED
                                                          : ARCHI_SERVE_FIFO;
    return g;
}

static arch_status_t add_workload(archi_compile_t *c, uint32_t i)
{
    const arch_workload_t *w = &c->design->workload[i];
    archi_group_t g;
    arch_dist_t gap = w->gap;

    memset(&g, 0, sizeof g);
    g.is = ARCHI_IS_SOURCE;
    g.kind = ARCH_N_KINDS;
    g.index = i;
    g.n = 1;
    g.load = w->kind == ARCH_CLOSED         ? ARCHI_LOAD_CLOSED
             : w->kind == ARCH_OPEN_PROFILE ? ARCHI_LOAD_PROFILE
                                            : ARCHI_LOAD_RENEWAL;
    if (w->kind == ARCH_OPEN_POISSON || w->kind == ARCH_OPEN_PROFILE) {
        memset(&gap, 0, sizeof gap);
        gap.kind = ARCH_DIST_EXPONENTIAL;
        gap.p[0] = 1e9 / w->rate;
        gap.table = ARCH_NONE;
    }
    ARCH_TRY(archi_compile_var(c, &gap, &g.gap));
    g.users = w->users;
    g.priority = w->priority;
    g.top_rate = w->rate;
    g.linear = w->linear;
    g.period = w->kind == ARCH_OPEN_PROFILE ? w->period : ARCH_TIME_MAX;
    g.points = c->point.n;
    g.n_points = w->kind == ARCH_OPEN_PROFILE ? w->n_points : 0;
    for (uint32_t k = 0; k < g.n_points; k++) {
        archi_point_t p = {w->point[k].at, w->point[k].rate};
        ARCH_TRY(archi_grow_append(&c->point, &p, NULL));
    }
    return add_group(c, &g, w->name, w->name);
}

static arch_status_t add_database(archi_compile_t *c, uint32_t i)
{
    const arch_database_t *d = &c->design->database[i];
    archi_group_t g = server_group(ARCH_DATABASE, i, 1, d->cores, d->connections, d->queue_limit, d->discipline);
    char name[300];

    c->primary[i] = c->group.n;
    c->replicas[i] = ARCHI_NIL;
    snprintf(name, sizeof name, d->read_replicas > 0 ? "%s.primary" : "%s", d->name);
    ARCH_TRY(add_group(c, &g, d->name, name));
    if (d->read_replicas == 0)
        return ARCH_OK;
    g = server_group(ARCH_DATABASE, i, d->read_replicas, d->replica_cores, d->connections, d->queue_limit,
                     d->discipline);
    g.is_read_replica = 1;
    c->replicas[i] = c->group.n;
    snprintf(name, sizeof name, "%s.replica", d->name);
    return add_group(c, &g, d->name, name);
}

/* Heads of hash chains: about as many as entries that the cache can come to hold. */
static uint32_t hash_words_of(const arch_design_t *d, const arch_cache_t *cache)
{
    uint64_t want = cache->capacity, keys = 0;
    uint32_t words = 16;

    for (uint32_t i = 0; i < d->n_keyspaces; i++)
        keys += d->keyspace[i].count < UINT32_MAX ? d->keyspace[i].count : UINT32_MAX;
    if (want > keys)
        want = keys;
    if (cache->capacity == ARCH_UNLIMITED && want > 1u << 22)
        want = 1u << 22;
    while (words < want && words < 1u << 30)
        words *= 2;
    return words;
}

static arch_status_t add_cache(archi_compile_t *c, uint32_t i)
{
    const arch_cache_t *k = &c->design->cache[i];
    archi_group_t g = server_group(ARCH_CACHE, i, 1, k->cores, k->connections, ARCH_UNLIMITED, ARCH_FIFO);

    g.is_cache = 1;
    g.store = k->kind == ARCH_CACHE_RATIO ? ARCHI_STORE_BY_RATIO : ARCHI_STORE_BY_KEY;
    g.capacity = k->capacity;
    g.ttl = k->ttl;
    g.hash_words = k->kind == ARCH_CACHE_RATIO ? 0 : hash_words_of(c->design, k);
    return add_group(c, &g, k->name, k->name);
}

static arch_status_t add_groups(archi_compile_t *c)
{
    const arch_design_t *d = c->design;

    for (uint32_t i = 0; i < d->n_workloads; i++)
        ARCH_TRY(add_workload(c, i));
    c->first_service = c->group.n;
    for (uint32_t i = 0; i < d->n_services; i++) {
        const arch_service_t *s = &d->service[i];
        archi_group_t g =
            server_group(ARCH_SERVICE, i, s->replicas, s->cores, s->threads, s->queue_limit, s->discipline);
        ARCH_TRY(add_group(c, &g, s->name, s->name));
    }
    c->first_balancer = c->group.n;
    for (uint32_t i = 0; i < d->n_balancers; i++) {
        archi_group_t g = server_group(ARCH_BALANCER, i, 1, 0, ARCH_UNLIMITED, ARCH_UNLIMITED, ARCH_FIFO);
        g.is = ARCHI_IS_BALANCER;
        ARCH_TRY(archi_compile_var(c, &d->balancer[i].overhead, &g.overhead));
        ARCH_TRY(add_group(c, &g, d->balancer[i].name, d->balancer[i].name));
    }
    for (uint32_t i = 0; i < d->n_databases; i++)
        ARCH_TRY(add_database(c, i));
    c->first_cache = c->group.n;
    for (uint32_t i = 0; i < d->n_caches; i++)
        ARCH_TRY(add_cache(c, i));
    return ARCH_OK;
}

/* ---- load, keys, tables, time ----------------------------------------------------------------------------------- */

static arch_status_t compile_operations(archi_compile_t *c)
{
    const arch_design_t *d = c->design;

    for (uint32_t i = 0; i < d->n_workloads; i++) {
        const arch_workload_t *w = &d->workload[i];
        double sum = 0.0;
        c->caller = i;
        c->caller_node = i;
        archi_compile_group(c, i)->peers = c->peers.n;
        archi_compile_group(c, i)->operation = c->operation.n;
        archi_compile_group(c, i)->n_operations = w->n_operations;
        for (uint32_t k = 0; k < w->n_operations; k++) {
            archi_operation_t o;
            uint32_t group, node;
            memset(&o, 0, sizeof o);
            archi_compile_target(c, &w->operation[k].target, &group, &o.endpoint, &node);
            ARCH_TRY(archi_compile_route(c, group, node, &w->operation[k].balance, &o.route));
            sum += w->operation[k].weight;
            o.cumulative = sum;
            o.element = archi_compile_group(c, i)->first;
            ARCH_TRY(archi_compile_name(c, w->operation[k].name, &o.name));
            ARCH_TRY(archi_grow_append(&c->operation, &o, NULL));
        }
    }
    return ARCH_OK;
}

static arch_status_t compile_keyspaces(archi_compile_t *c)
{
    for (uint32_t i = 0; i < c->design->n_keyspaces; i++) {
        archi_keys_t k;
        memset(&k, 0, sizeof k);
        k.name_hash = hash_of(c->design->keyspace[i].name);
        archi_zipf_init(c->design->keyspace[i].count, c->design->keyspace[i].zipf_s, &k.zipf);
        ARCH_TRY(archi_grow_append(&c->keys, &k, NULL));
    }
    return ARCH_OK;
}

static arch_status_t compile_tables(archi_compile_t *c)
{
    size_t n = archi_tables_size(c->design->table, c->design->n_tables);
    double *flat;
    arch_status_t st;

    if (n >= UINT32_MAX)
        return ARCH_FAIL(ARCH_E_RANGE, "the empirical distributions have %zu entries together, at most 4,294,967,294",
                         n);
    flat = calloc(n + 1, sizeof *flat);
    if (flat == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the empirical distributions");
    archi_tables_fill(c->design->table, c->design->n_tables, flat);
    st = grow_by(&c->table, flat, (uint32_t)n, NULL);
    free(flat);
    return st;
}

/* Every element has a cell for every interval: a large design gets fewer of them, or time series are most of its memory. */
static arch_time_t auto_intervals(uint32_t n_elements)
{
    uint32_t n = MOST_AUTO;

    while (n > LEAST_AUTO && (uint64_t)n * n_elements > MANY_CELLS)
        n /= 2;
    return n;
}

static arch_status_t compile_time(archi_compile_t *c)
{
    const arch_run_settings_t *run = &c->design->run;
    archi_plan_t *p = &c->head;
    arch_time_t interval = run->interval;

    if (interval == ARCH_AUTO)
        interval = run->duration / auto_intervals(c->group_of.n) + 1;
    p->duration = run->duration;
    p->fine = (interval + ARCHI_FINE - 1) / ARCHI_FINE;
    p->interval = p->fine * ARCHI_FINE;
    if ((run->duration - 1) / p->interval + 1 > MAX_INTERVALS)
        return ARCH_FAIL(ARCH_E_RANGE, "/run/interval: gives %lld intervals, at most %d are possible",
                         (long long)((run->duration - 1) / p->interval + 1), MAX_INTERVALS);
    p->n_intervals = (uint32_t)((run->duration - 1) / p->interval + 1);
    if (run->warmup != ARCH_AUTO) {
        p->n_slices = run->warmup > 0 ? 2 : 1;
        p->slice_begin[1] = run->warmup;
    } else {
        bool large = auto_intervals(c->group_of.n) < MOST_AUTO;
        uint32_t most = large ? sizeof few_slices / sizeof *few_slices : sizeof auto_slices / sizeof *auto_slices;
        p->n_slices = run->duration < 64 ? 1 : most;
        for (uint32_t s = 0; s < p->n_slices; s++)
            p->slice_begin[s] = run->duration / 64 * (arch_time_t)(large ? few_slices[s] : auto_slices[s]);
    }
    p->slice_begin[p->n_slices] = run->duration;
    return ARCH_OK;
}

/* ---- a plan ------------------------------------------------------------------------------------------------------ */

/* Room for all sends and frames that one event may use: the dearest single instruction, and some more. */
static void bound_events(archi_compile_t *c)
{
    uint32_t sends = 1, frames = 2;

    for (uint32_t i = 0; i < c->instr.n; i++) {
        const archi_instr_t *in = (const archi_instr_t *)c->instr.data + i;
        if (in->op == ARCHI_OP_REPLICATE && archi_compile_group(c, in->route.group)->n > sends)
            sends = archi_compile_group(c, in->route.group)->n;
        if (in->op == ARCHI_OP_PARALLEL && in->n + 1 > frames)
            frames = in->n + 1;
    }
    c->head.max_sends = sends + SLACK_SENDS;
    c->head.max_frames = frames + SLACK_FRAMES;
}

static void release(archi_compile_t *c)
{
    archi_growing_t *all[] = {&c->group,  &c->group_of, &c->element_name, &c->endpoint, &c->instr,
                              &c->branch, &c->var,      &c->moments,      &c->table,    &c->operation,
                              &c->point,  &c->keys,     &c->peers,        &c->edge,     &c->names};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]->data);
    free(c->primary);
    free(c->replicas);
    free(c->link_of);
    free(c->link_var);
    free(c->picker_of);
}

static void prepare(archi_compile_t *c, const arch_design_t *design)
{
    memset(c, 0, sizeof *c);
    c->design = design;
    c->group.entry_bytes = sizeof(archi_group_t);
    c->group_of.entry_bytes = c->element_name.entry_bytes = c->endpoint.entry_bytes = c->branch.entry_bytes =
        sizeof(uint32_t);
    c->instr.entry_bytes = sizeof(archi_instr_t);
    c->var.entry_bytes = sizeof(archi_var_t);
    c->moments.entry_bytes = sizeof(archi_moments_t);
    c->table.entry_bytes = sizeof(double);
    c->operation.entry_bytes = sizeof(archi_operation_t);
    c->point.entry_bytes = sizeof(archi_point_t);
    c->keys.entry_bytes = sizeof(archi_keys_t);
    c->peers.entry_bytes = sizeof(archi_peers_t);
    c->edge.entry_bytes = sizeof(archi_edge_t);
    c->names.entry_bytes = 1;
}

static arch_status_t place_pickers(archi_compile_t *c, archi_picker_t *picker, uint32_t n)
{
    const arch_design_t *d = c->design;

    if (n == 0)
        return ARCH_OK;
    c->picker = picker;
    c->picker_of = calloc((size_t)archi_node_of(d, false, ARCH_CACHE, d->n_caches), sizeof *c->picker_of);
    if (c->picker_of == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u policies", n);
    for (uint32_t i = 0; i < n; i++) {
        c->picker_of[archi_node_of(d, false, picker[i].kind, picker[i].index)] = i + 1;
        picker[i].asked = false;
    }
    return ARCH_OK;
}

arch_status_t archi_plan_compile(const arch_design_t *design, archi_plan_t **out)
{
    return archi_plan_compile_picking(design, NULL, 0, out);
}

arch_status_t archi_plan_compile_picking(const arch_design_t *design, archi_picker_t *picker, uint32_t n,
                                         archi_plan_t **out)
{
    archi_compile_t c;
    arch_status_t st = ARCH_OK;

    *out = NULL;
    prepare(&c, design);
    c.primary = calloc((size_t)design->n_databases + 1, sizeof *c.primary);
    c.replicas = calloc((size_t)design->n_databases + 1, sizeof *c.replicas);
    if (c.primary == NULL || c.replicas == NULL) {
        st = ARCH_FAIL(ARCH_E_NOMEM, "no memory for the compiled design");
        goto done;
    }
    ARCH_TRY_TO(done, archi_compile_reserve(&c));
    ARCH_TRY_TO(done, place_pickers(&c, picker, n));
    ARCH_TRY_TO(done, archi_compile_links(&c));
    ARCH_TRY_TO(done, compile_tables(&c));
    ARCH_TRY_TO(done, compile_keyspaces(&c));
    ARCH_TRY_TO(done, add_groups(&c));
    ARCH_TRY_TO(done, compile_time(&c));
    ARCH_TRY_TO(done, compile_operations(&c));
    ARCH_TRY_TO(done, archi_compile_programs(&c));
    bound_events(&c);
    ARCH_TRY_TO(done, archi_compile_finish(&c, out));
done:
    release(&c);
    return st;
}

void archi_plan_destroy(archi_plan_t **plan)
{
    if (plan == NULL)
        return;
    free(*plan);
    *plan = NULL;
}
