/* model/compile_steps.c - steps become instructions. The branches of a step follow its instruction. Host only. */
#include "model/compile.h"
#include <string.h>

static archi_instr_t *instr_at(archi_compile_t *c, uint32_t i) { return (archi_instr_t *)c->instr.data + i; }

/* Append an instruction; its draws are named by its number within the endpoint. */
static arch_status_t emit(archi_compile_t *c, const archi_instr_t *in, uint32_t *index)
{
    archi_instr_t numbered = *in;

    numbered.local = c->local++;
    if (numbered.local >= ARCHI_DRAW_PICK)
        return ARCH_FAIL(ARCH_E_RANGE, "an endpoint has more than %u steps", (unsigned)ARCHI_DRAW_PICK);
    return archi_grow_append(&c->instr, &numbered, index);
}

static archi_instr_t plain(uint8_t op)
{
    archi_instr_t in;

    memset(&in, 0, sizeof in);
    in.op = op;
    in.route.peers = ARCHI_NIL;
    return in;
}

static arch_status_t emit_plain(archi_compile_t *c, uint8_t op, uint32_t *index)
{
    archi_instr_t in = plain(op);

    return emit(c, &in, index);
}

static arch_status_t emit_timed(archi_compile_t *c, uint8_t op, const arch_dist_t *time)
{
    archi_instr_t in = plain(op);

    ARCH_TRY(archi_compile_var(c, time, &in.var));
    return emit(c, &in, NULL);
}

static arch_status_t compile_steps(archi_compile_t *c, const arch_steps_t *steps);

static arch_status_t compile_call(archi_compile_t *c, const arch_step_t *s)
{
    archi_instr_t in = plain(s->async ? ARCHI_OP_SEND : ARCHI_OP_CALL);
    uint32_t group, node;

    archi_compile_target(c, &s->target, &group, &in.b, &node);
    ARCH_TRY(archi_compile_route(c, group, node, &s->balance, &in.route));
    return emit(c, &in, NULL);
}

/* Reserve places for the starts of n branches. */
static arch_status_t reserve_branches(archi_compile_t *c, uint32_t n, uint32_t *first)
{
    uint32_t none = 0;

    *first = c->branch.n;
    for (uint32_t i = 0; i < n; i++)
        ARCH_TRY(archi_grow_append(&c->branch, &none, NULL));
    return ARCH_OK;
}

static arch_status_t compile_parallel(archi_compile_t *c, const arch_step_t *s)
{
    archi_instr_t in = plain(ARCHI_OP_PARALLEL);
    uint32_t here;

    in.n = s->n_branches;
    in.b = s->join;
    ARCH_TRY(reserve_branches(c, s->n_branches, &in.a));
    ARCH_TRY(emit(c, &in, &here));
    for (uint32_t i = 0; i < s->n_branches; i++) {
        ((uint32_t *)c->branch.data)[in.a + i] = c->instr.n;
        ARCH_TRY(compile_steps(c, &s->branch[i]));
        ARCH_TRY(emit_plain(c, ARCHI_OP_END, NULL));
    }
    instr_at(c, here)->c = c->instr.n;
    return ARCH_OK;
}

static arch_status_t compile_choose(archi_compile_t *c, const arch_step_t *s)
{
    archi_instr_t in = plain(ARCHI_OP_CHOOSE);
    uint32_t first_jump = ARCHI_NIL;
    double sum = 0.0;

    in.n = s->n_branches;
    in.b = c->table.n;
    for (uint32_t i = 0; i < s->n_branches; i++) {
        sum += s->weight[i];
        ARCH_TRY(archi_grow_append(&c->table, &sum, NULL));
    }
    ARCH_TRY(reserve_branches(c, s->n_branches, &in.a));
    ARCH_TRY(emit(c, &in, NULL));
    for (uint32_t i = 0; i < s->n_branches; i++) { /* each ends in a JUMP; until the end is known they form a chain */
        uint32_t jump;
        ((uint32_t *)c->branch.data)[in.a + i] = c->instr.n;
        ARCH_TRY(compile_steps(c, &s->branch[i]));
        ARCH_TRY(emit_plain(c, ARCHI_OP_JUMP, &jump));
        instr_at(c, jump)->a = first_jump;
        first_jump = jump;
    }
    while (first_jump != ARCHI_NIL) {
        uint32_t next = instr_at(c, first_jump)->a;
        instr_at(c, first_jump)->a = c->instr.n;
        first_jump = next;
    }
    return ARCH_OK;
}

static arch_status_t compile_repeat(archi_compile_t *c, const arch_step_t *s)
{
    archi_instr_t in = plain(ARCHI_OP_REPEAT);
    uint32_t here;

    ARCH_TRY(archi_compile_var(c, &s->count, &in.var));
    ARCH_TRY(emit(c, &in, &here));
    instr_at(c, here)->a = c->instr.n;
    ARCH_TRY(compile_steps(c, &s->branch[0]));
    ARCH_TRY(emit_plain(c, ARCHI_OP_END, NULL));
    instr_at(c, here)->c = c->instr.n;
    return ARCH_OK;
}

/* Cache-aside: ask; on a miss do the work and store, without waiting for the store. */
static arch_status_t compile_cache(archi_compile_t *c, const arch_step_t *s)
{
    archi_instr_t get = plain(ARCHI_OP_CACHE), put = plain(ARCHI_OP_SEND);
    uint32_t group, endpoint, node, here;

    archi_compile_target(c, &s->target, &group, &endpoint, &node);
    get.b = s->keyspace == ARCH_NONE ? 0 : 2 * s->keyspace;
    put.b = get.b + 1;
    ARCH_TRY(archi_compile_route(c, group, node, &s->balance, &get.route));
    put.route = get.route;
    ARCH_TRY(emit(c, &get, &here));
    ARCH_TRY(compile_steps(c, &s->branch[0]));
    ARCH_TRY(emit(c, &put, NULL));
    instr_at(c, here)->c = c->instr.n;
    return ARCH_OK;
}

static arch_status_t compile_step(archi_compile_t *c, const arch_step_t *s)
{
    archi_instr_t fail = plain(ARCHI_OP_FAIL);

    switch (s->kind) {
    case ARCH_STEP_CPU:
        return emit_timed(c, ARCHI_OP_CPU, &s->time);
    case ARCH_STEP_DELAY:
        return emit_timed(c, ARCHI_OP_DELAY, &s->time);
    case ARCH_STEP_CALL:
        return compile_call(c, s);
    case ARCH_STEP_PARALLEL:
        return compile_parallel(c, s);
    case ARCH_STEP_CHOOSE:
        return compile_choose(c, s);
    case ARCH_STEP_REPEAT:
        return compile_repeat(c, s);
    case ARCH_STEP_CACHE:
        return compile_cache(c, s);
    case ARCH_STEP_FAIL:
        fail.p = s->probability;
        return emit(c, &fail, NULL);
    default:
        return ARCH_FAIL(ARCH_E_ARG, "%s: step of unknown kind %d", s->at, (int)s->kind);
    }
}

static arch_status_t compile_steps(archi_compile_t *c, const arch_steps_t *steps)
{
    for (uint32_t i = 0; i < steps->n; i++)
        ARCH_TRY(compile_step(c, &steps->step[i]));
    return ARCH_OK;
}

/* ---- endpoints of each kind of group ---------------------------------------------------------------------------- */

static arch_status_t begin_endpoint(archi_compile_t *c)
{
    c->local = 0;
    return archi_grow_append(&c->endpoint, &c->instr.n, NULL);
}

static arch_status_t service_programs(archi_compile_t *c, const arch_service_t *s)
{
    for (uint32_t e = 0; e < s->n_endpoints; e++) {
        ARCH_TRY(begin_endpoint(c));
        ARCH_TRY(compile_steps(c, &s->endpoint[e].steps));
        ARCH_TRY(emit_plain(c, ARCHI_OP_END, NULL));
    }
    return ARCH_OK;
}

static arch_status_t replicate(archi_compile_t *c, const arch_query_t *q, uint32_t replicas)
{
    archi_instr_t in = plain(ARCHI_OP_REPLICATE);
    arch_balance_t every = {ARCH_BALANCE_LEAST_REQUEST, 1};
    archi_group_t *g = (archi_group_t *)c->group.data + c->caller;

    ARCH_TRY(archi_compile_var(c, &q->apply, &in.var));
    ARCH_TRY(archi_compile_way(c, replicas, c->caller_node, &every, &in.route));
    if (in.route.peers == ARCHI_NIL) { /* a single replica: its last arrival needs a word all the same */
        archi_peers_t p = {replicas, g->n_peer_words, 1};
        for (uint32_t i = 0; i < g->n_peers; i++)
            if (((const archi_peers_t *)c->peers.data)[g->peers + i].target == replicas)
                p.first = ((const archi_peers_t *)c->peers.data)[g->peers + i].first;
        in.route.peers = p.first;
        if (p.first == g->n_peer_words) {
            ARCH_TRY(archi_grow_append(&c->peers, &p, NULL));
            g->n_peers++;
            g->n_peer_words += 2;
        }
    }
    return emit(c, &in, NULL);
}

static arch_status_t database_programs(archi_compile_t *c, const arch_database_t *d, uint32_t replicas, bool is_replica)
{
    for (uint32_t e = 0; e < d->n_queries; e++) {
        const arch_query_t *q = &d->query[e];
        ARCH_TRY(begin_endpoint(c));
        ARCH_TRY(emit_timed(c, ARCHI_OP_CPU, &q->cpu));
        ARCH_TRY(emit_timed(c, ARCHI_OP_DELAY, &q->io));
        if (q->writes && replicas != ARCHI_NIL && !is_replica)
            ARCH_TRY(replicate(c, q, replicas));
        ARCH_TRY(emit_plain(c, ARCHI_OP_END, NULL));
    }
    return ARCH_OK;
}

/* A cache has two endpoints for each keyspace, lookup and store; one pair when it works by ratio. */
static arch_status_t cache_programs(archi_compile_t *c, const arch_cache_t *k)
{
    uint32_t n = c->design->n_keyspaces > 0 && k->kind != ARCH_CACHE_RATIO ? c->design->n_keyspaces : 1;

    for (uint32_t i = 0; i < n; i++)
        for (uint8_t op = ARCHI_OP_GET; op <= ARCHI_OP_PUT; op++) {
            archi_instr_t in = plain(op);
            in.a = i;
            in.p = k->hit_ratio;
            ARCH_TRY(begin_endpoint(c));
            ARCH_TRY(emit_timed(c, ARCHI_OP_CPU, &k->service));
            ARCH_TRY(emit(c, &in, NULL));
            ARCH_TRY(emit_plain(c, ARCHI_OP_END, NULL));
        }
    return ARCH_OK;
}

static arch_status_t balancer_programs(archi_compile_t *c, const arch_balancer_t *b)
{
    archi_route_t route;
    uint32_t node = archi_node_of(c->design, false, ARCH_SERVICE, b->service);

    ARCH_TRY(archi_compile_route(c, c->first_service + b->service, node, &b->policy, &route));
    ((archi_group_t *)c->group.data)[c->caller].forward = route;
    return ARCH_OK;
}

static arch_status_t group_programs(archi_compile_t *c, const archi_group_t *g)
{
    const arch_design_t *d = c->design;

    switch (g->kind) {
    case ARCH_SERVICE:
        return service_programs(c, &d->service[g->index]);
    case ARCH_BALANCER:
        return balancer_programs(c, &d->balancer[g->index]);
    case ARCH_DATABASE:
        return database_programs(c, &d->database[g->index], c->replicas[g->index], g->is_read_replica != 0);
    default:
        return cache_programs(c, &d->cache[g->index]);
    }
}

/* A JUMP to an END need not go there to find out. */
static void shorten_jumps(archi_compile_t *c)
{
    for (uint32_t i = 0; i < c->instr.n; i++)
        if (instr_at(c, i)->op == ARCHI_OP_JUMP)
            instr_at(c, i)->n = instr_at(c, instr_at(c, i)->a)->op == ARCHI_OP_END;
}

arch_status_t archi_compile_programs(archi_compile_t *c)
{
    for (uint32_t i = c->first_service; i < c->group.n; i++) {
        archi_group_t *g = (archi_group_t *)c->group.data + i;
        c->caller = i;
        c->caller_node = archi_node_of(c->design, false, (arch_kind_t)g->kind, g->index);
        g->peers = c->peers.n;
        g->endpoint = c->endpoint.n;
        ARCH_TRY(group_programs(c, g));
        g->n_endpoints = c->endpoint.n - g->endpoint;
        g->program = g->n_endpoints > 0 ? ((const uint32_t *)c->endpoint.data)[g->endpoint] : 0;
        if (g->n_endpoints > UINT16_MAX)
            return ARCH_FAIL(ARCH_E_RANGE, "%s: %u endpoints, at most %d are possible",
                             (const char *)c->names.data + g->name, g->n_endpoints, UINT16_MAX);
    }
    shorten_jumps(c);
    return ARCH_OK;
}
