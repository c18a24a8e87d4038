/* model/graft.c - see graft.h. Host only.
 *
 * In a single block frames, tickets, entries and chunks keep their numbers: their pools are copied as they are. Numbers of
 * elements, instructions, variates and of callers' words are the plan's, and get their new values. */
#include "model/graft.h"
#include "engine/executor.h" /* archi_block_make_room() */
#include "model/handle.h"
#include "model/inside.h"
#include <stdlib.h>
#include <string.h>

/* A way from one group to another: the variate of its latency. */
typedef struct {
    uint32_t from, to, link;
} way_t;

typedef struct {
    const archi_plan_t *from, *to;
    const archi_block_t *b;
    arch_time_t now;
    archi_map_t map;     /* of `to` */
    archi_block_t *out;
    uint32_t *group;     /* [from->n_groups] its number in `to` */
    uint32_t *instr;     /* [from->n_instrs] */
    uint32_t *var;       /* [from->n_vars] of what read replicas apply; else ARCHI_NIL */
    uint32_t *keys;      /* [from->n_keyspaces] */
    uint32_t *peer;      /* [words] of callers, in the new block; ARCHI_NIL: forgotten */
    way_t *way;          /* [n_ways] of `to`, sorted */
    uint32_t n_ways;
    uint8_t *free_frame, *free_ticket;
} graft_t;

static const archi_group_t *old_groups(const graft_t *w) { return archi_plan_groups(w->from); }
static const archi_group_t *new_groups(const graft_t *w) { return archi_plan_groups(w->to); }
static const char *name_of(const archi_plan_t *p, const archi_group_t *g) { return (const char *)p + p->names + g->name; }

/* ---- a plan that ends earlier ------------------------------------------------------------------------------------- */

arch_status_t archi_plan_until(const archi_plan_t *plan, arch_time_t until, archi_plan_t **out)
{
    archi_plan_t *p = malloc(plan->bytes);

    *out = p;
    if (p == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a plan of %llu bytes", (unsigned long long)plan->bytes);
    memcpy(p, plan, plan->bytes);
    p->duration = until;
    p->n_intervals = (uint32_t)((until + p->interval - 1) / p->interval);
    while (p->n_slices > 1 && p->slice_begin[p->n_slices - 1] >= until)
        p->n_slices--;
    p->slice_begin[p->n_slices] = until;
    return ARCH_OK;
}

/* ---- what becomes what -------------------------------------------------------------------------------------------- */

static bool same_group(const archi_group_t *a, const archi_group_t *b)
{
    return a->is == b->is && a->kind == b->kind && a->name_hash == b->name_hash && a->is_read_replica == b->is_read_replica;
}

/* Nearly always the one behind the last. */
static uint32_t find_group(const graft_t *w, const archi_group_t *g, uint32_t guess)
{
    if (guess < w->to->n_groups && same_group(g, new_groups(w) + guess))
        return guess;
    for (uint32_t i = 0; i < w->to->n_groups; i++)
        if (same_group(g, new_groups(w) + i))
            return i;
    return ARCHI_NIL;
}

static const char *unlike(const archi_group_t *a, const archi_group_t *b)
{
    if (b->n < a->n)
        return "has fewer replicas, and those that go hold requests";
    if (a->is == ARCHI_IS_SERVER && a->discipline != b->discipline)
        return "serves in another order, and some are in line";
    if (a->is_cache != b->is_cache || a->store != b->store)
        return "remembers in another way";
    if (b->n_endpoints < a->n_endpoints)
        return "has fewer endpoints, and requests are under way to those that go";
    if (a->is != ARCHI_IS_SOURCE)
        return NULL;
    if ((a->load == ARCHI_LOAD_CLOSED) != (b->load == ARCHI_LOAD_CLOSED))
        return "has users in one design and arrivals in the other";
    if (b->users < a->users)
        return "has fewer users, and those that go are waiting";
    return a->n_operations == b->n_operations ? NULL : "has another mix";
}

static arch_status_t match_groups(graft_t *w)
{
    for (uint32_t i = 0; i < w->from->n_groups; i++) {
        const archi_group_t *g = old_groups(w) + i;
        const char *why = "is not there any more";
        w->group[i] = find_group(w, g, i > 0 ? w->group[i - 1] + 1 : 0);
        if (w->group[i] != ARCHI_NIL)
            why = unlike(g, new_groups(w) + w->group[i]);
        if (why != NULL)
            return ARCH_FAIL(ARCH_E_ARG, "the design cannot go on from here: %s %s", name_of(w->from, g), why);
    }
    return ARCH_OK;
}

static uint32_t end_of_endpoint(const archi_plan_t *p, uint32_t endpoint)
{
    return endpoint + 1 < p->n_endpoints ? archi_plan_endpoints(p)[endpoint + 1] : p->n_instrs;
}

/* The same steps, with whatever times and targets. */
static bool match_program(graft_t *w, uint32_t a, uint32_t b)
{
    uint32_t i = archi_plan_endpoints(w->from)[a], k = archi_plan_endpoints(w->to)[b], n = end_of_endpoint(w->from, a) - i;

    if (end_of_endpoint(w->to, b) - k != n)
        return false;
    for (uint32_t j = 0; j < n; j++) {
        const archi_instr_t *x = archi_plan_instrs(w->from) + i + j, *y = archi_plan_instrs(w->to) + k + j;
        if (x->op != y->op)
            return false;
        w->instr[i + j] = k + j;
        if (x->op == ARCHI_OP_REPLICATE)
            w->var[x->var] = y->var;
    }
    return true;
}

static arch_status_t match_programs(graft_t *w)
{
    for (uint32_t i = 0; i < w->from->n_groups; i++) {
        const archi_group_t *a = old_groups(w) + i, *b = new_groups(w) + w->group[i];
        for (uint32_t e = 0; a->is == ARCHI_IS_SERVER && e < a->n_endpoints; e++)
            if (!match_program(w, a->endpoint + e, b->endpoint + e))
                return ARCH_FAIL(ARCH_E_ARG,
                                 "the design cannot go on from here: endpoint %u of %s has other steps, and requests may be "
                                 "in the middle of them; times, shares and targets may change",
                                 (unsigned)e + 1, name_of(w->from, a));
    }
    return ARCH_OK;
}

static arch_status_t match_keyspaces(graft_t *w)
{
    for (uint32_t i = 0; i < w->from->n_keyspaces; i++) {
        uint64_t wanted = archi_plan_keys(w->from)[i].name_hash;
        w->keys[i] = ARCHI_NIL;
        for (uint32_t k = 0; k < w->to->n_keyspaces; k++)
            if (archi_plan_keys(w->to)[k].name_hash == wanted)
                w->keys[i] = k;
        if (w->keys[i] == ARCHI_NIL)
            return ARCH_FAIL(ARCH_E_ARG, "the design cannot go on from here: a key space is not there any more");
    }
    return ARCH_OK;
}

/* ---- ways --------------------------------------------------------------------------------------------------------- */

static int by_ends(const void *x, const void *y)
{
    const way_t *a = x, *b = y;

    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    return (a->to > b->to) - (a->to < b->to);
}

static void note_way(graft_t *w, uint32_t from, const archi_route_t *r)
{
    w->way[w->n_ways++] = (way_t){from, r->group, r->link};
}

static bool asks(uint8_t op) { return op == ARCHI_OP_CALL || op == ARCHI_OP_SEND || op == ARCHI_OP_CACHE; }

static arch_status_t list_ways(graft_t *w)
{
    const archi_plan_t *p = w->to;

    w->way = malloc(((size_t)p->n_instrs + p->n_operations + p->n_groups + 1) * sizeof *w->way);
    if (w->way == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u instructions", (unsigned)p->n_instrs);
    for (uint32_t i = 0; i < p->n_groups; i++) {
        const archi_group_t *g = new_groups(w) + i;
        uint32_t last = g->endpoint + g->n_endpoints;
        if (g->is == ARCHI_IS_BALANCER)
            note_way(w, i, &g->forward);
        for (uint32_t k = 0; g->is == ARCHI_IS_SOURCE && k < g->n_operations; k++)
            note_way(w, i, &archi_plan_operations(p)[g->operation + k].route);
        if (g->is != ARCHI_IS_SERVER || g->n_endpoints == 0)
            continue;
        for (uint32_t k = archi_plan_endpoints(p)[g->endpoint]; k < end_of_endpoint(p, last - 1); k++)
            if (asks(archi_plan_instrs(p)[k].op))
                note_way(w, i, &archi_plan_instrs(p)[k].route);
    }
    qsort(w->way, w->n_ways, sizeof *w->way, by_ends);
    return ARCH_OK;
}

static uint32_t new_element(const graft_t *w, uint32_t e)
{
    uint32_t g = archi_plan_group_of(w->from)[e];

    return e - old_groups(w)[g].first + new_groups(w)[w->group[g]].first;
}

/* Variate of the latency from a caller to a callee; what nobody calls any more answers over the default. */
static uint32_t link_of(const graft_t *w, uint32_t caller, uint32_t callee)
{
    way_t wanted = {archi_plan_group_of(w->to)[caller], archi_plan_group_of(w->to)[callee], 0};
    const way_t *found = bsearch(&wanted, w->way, w->n_ways, sizeof *w->way, by_ends);

    return found != NULL ? found->link : 0;
}

/* ---- elements ----------------------------------------------------------------------------------------------------- */

static const archi_element_t *old_element(const graft_t *w, uint32_t e)
{
    return (const archi_element_t *)archi_section_const(w->b, ARCHI_SEC_ELEMENT) + e;
}

static archi_element_t *element_now(const graft_t *w, uint32_t e)
{
    return (archi_element_t *)archi_section(w->out, ARCHI_SEC_ELEMENT) + e;
}

/* Entries [from, from + n) of a section to [to, ...). */
static void copy(const graft_t *w, uint32_t section, uint64_t from, uint64_t to, uint64_t n)
{
    size_t bytes = w->b->section[section].entry_bytes;

    if (n > 0)
        memcpy((char *)archi_section(w->out, section) + to * bytes,
               (const char *)archi_section_const(w->b, section) + from * bytes, n * bytes);
}

/* What a caller remembers of its targets: those that it still remembers, of as many replicas as there are. */
static void carry_peers(graft_t *w, const archi_group_t *a, const archi_group_t *b, uint32_t from, uint32_t to)
{
    for (uint32_t i = 0; i < a->n_peers; i++) {
        const archi_peers_t *x = archi_plan_peers(w->from) + a->peers + i;
        for (uint32_t k = 0; k < b->n_peers; k++) {
            const archi_peers_t *y = archi_plan_peers(w->to) + b->peers + k;
            uint32_t n = x->n < y->n ? x->n : y->n;
            if (y->target != w->group[x->target] || (x->n > 0) != (y->n > 0))
                continue;
            copy(w, ARCHI_SEC_PEER, from + x->first, to + y->first, 1 + (uint64_t)n);
            for (uint32_t j = 0; j < n; j++)
                w->peer[from + x->first + 1 + j] = to + y->first + 1 + j;
        }
    }
}

static void carry_counts(const graft_t *w, uint32_t old, uint32_t new, const archi_element_t *from,
                         const archi_element_t *to)
{
    uint64_t slices = w->from->n_slices < w->to->n_slices ? w->from->n_slices : w->to->n_slices;
    uint64_t intervals = w->from->n_intervals < w->to->n_intervals ? w->from->n_intervals : w->to->n_intervals;
    const archi_group_t *g = old_groups(w) + archi_plan_group_of(w->from)[old];

    copy(w, ARCHI_SEC_TALLY, (uint64_t)old * w->from->n_slices, (uint64_t)new * w->to->n_slices, slices);
    copy(w, ARCHI_SEC_SERIES, (uint64_t)old * w->from->n_intervals, (uint64_t)new * w->to->n_intervals, intervals);
    for (uint64_t op = 0; g->is == ARCHI_IS_SOURCE && op < g->n_operations; op++) {
        uint64_t a = from->operation + op, b = to->operation + op;
        copy(w, ARCHI_SEC_OP, a * w->from->n_slices, b * w->to->n_slices, slices);
        copy(w, ARCHI_SEC_OPCELL, a * w->from->n_intervals * ARCHI_FINE, b * w->to->n_intervals * ARCHI_FINE,
             intervals * ARCHI_FINE);
        copy(w, ARCHI_SEC_CHUNKREF, a * w->from->n_slices * ARCHI_N_OCTAVES, b * w->to->n_slices * ARCHI_N_OCTAVES,
             slices * ARCHI_N_OCTAVES);
    }
}

/* Chains are threaded anew, since there may be more of them, and the least used go where there is less room. */
static void carry_cache(graft_t *w, uint32_t place, const archi_group_t *g)
{
    archi_context_t c;

    archi_context_init(&c, w->to, &w->map, w->out, place, place, w->now);
    for (uint32_t i = c.el->oldest; g->hash_words > 0 && i != ARCHI_NIL; i = archi_entry(&c, i)->newer) {
        archi_entry_t *e = archi_entry(&c, i);
        uint32_t *chain;
        e->keyspace = w->keys[e->keyspace];
        chain = archi_chain_of(&c, e->keyspace, e->key);
        e->next = *chain;
        *chain = i;
    }
    while (g->hash_words > 0 && c.el->n_entries > g->capacity)
        archi_entry_drop(&c, c.el->oldest);
}

/* Bursts that share cores have been served up to now at the old speed. */
static void carry_shared(const graft_t *w, archi_element_t *el, const archi_group_t *a, const archi_group_t *b)
{
    uint32_t n = el->running + el->ready;

    if (a->is != ARCHI_IS_SERVER || a->discipline != ARCHI_SERVE_SHARED || a->cores == b->cores || n == 0)
        return;
    el->shared += (double)(w->now - el->shared_at) / (n <= a->cores ? 1.0 : (double)n / (double)a->cores);
    el->shared_at = w->now;
}

static void carry_element(graft_t *w, uint32_t old)
{
    uint32_t new = new_element(w, old);
    const archi_element_t *from = old_element(w, old);
    const archi_group_t *a = old_groups(w) + from->group, *b = new_groups(w) + w->group[from->group];
    archi_element_t *el = element_now(w, new), fresh = *el;
    archi_lp_state_t *lp = archi_lp_state(w->out, new);
    uint64_t key = lp->key;

    *el = *from;
    el->group = fresh.group;
    el->number = fresh.number;
    el->peers = fresh.peers;
    el->hash = fresh.hash;
    el->operation = fresh.operation;
    if (from->spill_at != ARCH_TIME_MAX)
        el->spill_at = archi_next_spill(w->to, el);
    *lp = ((const archi_lp_state_t *)archi_section_const(w->b, ARCHI_SEC_LP))[old];
    lp->key = key;
    carry_peers(w, a, b, from->peers, el->peers);
    carry_counts(w, old, new, from, el);
    carry_cache(w, new, b);
    carry_shared(w, el, a, b);
}

/* What is new has been idle until now. */
static void begin_new_elements(graft_t *w)
{
    for (uint32_t e = 0; e < w->to->n_elements; e++) {
        archi_context_t c;
        archi_context_init(&c, w->to, &w->map, w->out, e, e, w->now);
        archi_count_to_now(&c);
    }
}

/* ---- requests ----------------------------------------------------------------------------------------------------- */

static uint8_t *free_ones(const archi_block_t *b, uint32_t section)
{
    const archi_section_t *s = &b->section[section];
    uint8_t *is_free = calloc((size_t)s->used + 1, 1);

    for (uint32_t i = s->free_head; is_free != NULL && i != ARCHI_NIL;
         i = *(const uint32_t *)((const char *)b + s->offset + (uint64_t)i * s->entry_bytes))
        is_free[i] = 1;
    return is_free;
}

static void carry_pool(const graft_t *w, uint32_t section)
{
    archi_section_t *to = &w->out->section[section];
    const archi_section_t *from = &w->b->section[section];

    copy(w, section, 0, 0, from->used);
    to->used = from->used;
    to->free_head = from->free_head;
    to->n_free = from->n_free;
}

static uint32_t new_peer(const graft_t *w, uint32_t peer) { return peer == ARCHI_NIL ? ARCHI_NIL : w->peer[peer]; }

static void carry_frames(const graft_t *w)
{
    archi_frame_t *frame = (archi_frame_t *)archi_section(w->out, ARCHI_SEC_FRAME);

    for (uint32_t i = 0; i < archi_pool_used(w->out, ARCHI_FRAMES); i++) {
        archi_frame_t *f = &frame[i];
        if (w->free_frame[i])
            continue;
        f->owner = new_element(w, f->owner);
        f->pc = f->pc < w->from->n_instrs ? w->instr[f->pc] : 0;
        if (f->type == ARCHI_FRAME_CHANGE) {
            f->count = w->var[f->count];
            continue;
        }
        f->peer = new_peer(w, f->peer);
        if (f->type == ARCHI_FRAME_LOOP)
            f->slot = w->instr[f->slot];
        if (f->type != ARCHI_FRAME_REQUEST)
            continue;
        f->caller = new_element(w, f->caller);
        f->link = (uint16_t)link_of(w, f->caller, f->owner);
    }
}

static void carry_tickets(const graft_t *w)
{
    archi_ticket_t *ticket = (archi_ticket_t *)archi_section(w->out, ARCHI_SEC_TICKET);

    for (uint32_t i = 0; i < archi_pool_used(w->out, ARCHI_TICKETS); i++)
        if (!w->free_ticket[i]) {
            ticket[i].owner = new_element(w, ticket[i].owner);
            ticket[i].peer = new_peer(w, ticket[i].peer);
        }
}

static arch_status_t carry_events(graft_t *w)
{
    for (uint32_t i = 0; i < archi_pending_end(w->b); i++) {
        const archi_event_t *from = archi_pending_at(w->b, i);
        archi_event_t ev;
        if (from == NULL)
            continue;
        ev = *from;
        ev.src = new_element(w, ev.src);
        ev.dst = new_element(w, ev.dst);
        if (ev.kind == ARCHI_EV_REQUEST)
            ev.word[2] = (ev.word[2] & ~0xffff0000ull) | (uint64_t)link_of(w, ev.src, ev.dst) << 16;
        if (ev.kind == ARCHI_EV_CHANGE)
            ev.word[1] = (uint64_t)w->var[ev.word[1] >> 32] << 32 | (uint32_t)ev.word[1];
        ARCH_TRY(archi_block_make_room(&w->out));
        archi_queue_push(w->out, &ev);
    }
    return ARCH_OK;
}

/* ---- what the new settings set going ------------------------------------------------------------------------------ */

/* One request that a thread or a core is free for now. */
static bool take_up_one(archi_context_t *c)
{
    archi_element_t *el = c->el;
    uint32_t f;

    if (el->waiting > 0 && el->inside < c->group->threads) {
        el->waiting--;
        archi_admit(c, archi_line_pop(c, &el->wait_head));
        archi_run_frames(c);
        return true;
    }
    if (c->group->discipline == ARCHI_SERVE_SHARED || el->ready == 0 || el->running >= c->group->cores)
        return false;
    f = archi_line_pop(c, &el->ready_head);
    el->ready--;
    if (archi_frame(c, f)->type != ARCHI_FRAME_CHANGE)
        el->wait += (uint64_t)(c->now - archi_frame(c, f)->since);
    archi_core_start(c, f);
    return true;
}

static arch_status_t take_up(graft_t *w, uint32_t e, bool other_cores)
{
    archi_context_t c;
    bool more = true;

    while (more) {
        ARCH_TRY(archi_block_make_room(&w->out));
        archi_context_init(&c, w->to, &w->map, w->out, e, e, w->now);
        more = take_up_one(&c);
    }
    if (other_cores && c.group->discipline == ARCHI_SERVE_SHARED && c.el->running > 0) {
        archi_shared_count(&c, c.el->running + c.el->ready);
        archi_shared_announce(&c);
    }
    return ARCH_OK;
}

static arch_status_t add_users(graft_t *w, uint32_t e, uint32_t from, uint32_t to)
{
    for (uint32_t u = from; u < to; u++) {
        archi_context_t c;
        archi_ticket_t *t;
        uint32_t ticket;
        ARCH_TRY(archi_block_make_room(&w->out));
        archi_context_init(&c, w->to, &w->map, w->out, e, e, w->now);
        ticket = archi_ticket_take(&c);
        t = archi_ticket(&c, ticket);
        t->operation = 0;
        t->user = u;
        t->count = 0;
        t->peer = ARCHI_NIL;
        archi_think(&c, ticket);
    }
    return ARCH_OK;
}

static arch_status_t set_going(graft_t *w)
{
    for (uint32_t old = 0; old < w->from->n_elements; old++) {
        uint32_t g = archi_plan_group_of(w->from)[old], e = new_element(w, old);
        const archi_group_t *a = old_groups(w) + g, *b = new_groups(w) + w->group[g];
        if (a->is == ARCHI_IS_SERVER && (a->cores != b->cores || a->threads != b->threads))
            ARCH_TRY(take_up(w, e, a->cores != b->cores));
        if (a->is == ARCHI_IS_SOURCE && a->load == ARCHI_LOAD_CLOSED)
            ARCH_TRY(add_users(w, e, a->users, b->users));
    }
    return ARCH_OK;
}

/* ---- all of it ---------------------------------------------------------------------------------------------------- */

static arch_status_t allocate(graft_t *w)
{
    const archi_plan_t *p = w->from;
    size_t words = w->b->section[ARCHI_SEC_PEER].used;

    w->group = malloc(((size_t)p->n_groups + 1) * sizeof *w->group);
    w->instr = calloc((size_t)p->n_instrs + 1, sizeof *w->instr);
    w->var = calloc((size_t)p->n_vars + 1, sizeof *w->var);
    w->keys = malloc(((size_t)p->n_keyspaces + 1) * sizeof *w->keys);
    w->peer = malloc((words + 1) * sizeof *w->peer);
    w->free_frame = free_ones(w->b, ARCHI_SEC_FRAME);
    w->free_ticket = free_ones(w->b, ARCHI_SEC_TICKET);
    if (w->group == NULL || w->instr == NULL || w->var == NULL || w->keys == NULL || w->peer == NULL ||
        w->free_frame == NULL || w->free_ticket == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to go on with %u elements", (unsigned)p->n_elements);
    memset(w->peer, 0xff, (words + 1) * sizeof *w->peer);
    return ARCH_OK;
}

/* The block under the new plan, with nothing in it. */
static arch_status_t make_empty(graft_t *w, uint64_t seed)
{
    uint32_t n = w->to->n_elements, *all = malloc(((size_t)n + 1) * sizeof *all);
    archi_room_t room;
    arch_status_t st;

    if (all == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u elements", (unsigned)n);
    for (uint32_t e = 0; e < n; e++)
        all[e] = e;
    for (uint32_t pool = 0; pool < ARCHI_N_POOLS; pool++)
        room.n[pool] = archi_pool_used(w->b, pool);
    st = archi_model_block_empty(w->to, 0, all, n, w->b->replication, seed, &room, &w->out);
    free(all);
    ARCH_TRY(st);
    w->map = (archi_map_t){n, 1, n, NULL, NULL};
    w->out->now = w->b->now;
    w->out->n_events = w->b->n_events;
    w->out->n_sent_out = w->b->n_sent_out;
    return ARCH_OK;
}

static arch_status_t carry_all(graft_t *w)
{
    for (uint32_t pool = 0; pool < ARCHI_N_POOLS; pool++)
        carry_pool(w, archi_pool_section(pool));
    for (uint32_t e = 0; e < w->from->n_elements; e++)
        carry_element(w, e);
    carry_frames(w);
    carry_tickets(w);
    return carry_events(w);
}

static void release(graft_t *w)
{
    free(w->group);
    free(w->instr);
    free(w->var);
    free(w->keys);
    free(w->peer);
    free(w->way);
    free(w->free_frame);
    free(w->free_ticket);
}

arch_status_t archi_model_graft(const archi_plan_t *from, const archi_plan_t *to, const archi_block_t *b, arch_time_t now,
                                uint64_t seed, archi_block_t **out)
{
    arch_status_t st = ARCH_OK;
    graft_t w;

    memset(&w, 0, sizeof w);
    w.from = from;
    w.to = to;
    w.b = b;
    w.now = now;
    ARCH_TRY_TO(done, allocate(&w));
    ARCH_TRY_TO(done, match_groups(&w));
    ARCH_TRY_TO(done, match_programs(&w));
    ARCH_TRY_TO(done, match_keyspaces(&w));
    ARCH_TRY_TO(done, list_ways(&w));
    ARCH_TRY_TO(done, make_empty(&w, seed));
    ARCH_TRY_TO(done, carry_all(&w));
    if (to->n_elements > from->n_elements)
        begin_new_elements(&w);
    ARCH_TRY_TO(done, set_going(&w));
done:
    if (st != ARCH_OK)
        archi_block_destroy(&w.out);
    *out = w.out;
    release(&w);
    return st;
}
