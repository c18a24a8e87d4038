/* model/check.c - see check.h. Host only. */
#include "model/check.h"
#include "model/cache.h"
#include "model/inside.h"
#include "model/order.h"
#include <stdlib.h>
#include <string.h>

#define WRONG_IF(condition, what)                                                                                      \
    do {                                                                                                               \
        if (condition)                                                                                                 \
            return (what);                                                                                             \
    } while (0)
#define TRY(check)                                                                                                     \
    do {                                                                                                               \
        const char *wrong_ = (check);                                                                                  \
        if (wrong_ != NULL)                                                                                            \
            return wrong_;                                                                                             \
    } while (0)

static const char no_memory[] = "no memory to check it";

/* Marks: in no use; in use, nobody met yet that waits with it; met; met in its chain, too. */
enum { FREE, IDLE, HELD, CHAINED };

/* What there is of an element. */
typedef struct {
    uint32_t n_requests, n_changes, n_bursts, n_tickets, n_thinking, n_arrivals;
} found_t;

typedef struct {
    const archi_plan_t *plan;
    const archi_map_t *map;
    const archi_block_t *b;
    uint8_t *mark[ARCHI_N_POOLS];
    found_t *found;      /* [n_lps] */
    uint32_t *branches;  /* [frames] met of each join */
    uint32_t *stack;     /* [frames] */
    uint32_t *in_flight; /* [peer words] requests that will be taken off it */
} walk_t;

static const archi_element_t *element_at(const walk_t *w, uint32_t place)
{
    return (const archi_element_t *)archi_section_const(w->b, ARCHI_SEC_ELEMENT) + place;
}

static const archi_frame_t *frames(const walk_t *w) { return archi_section_const(w->b, ARCHI_SEC_FRAME); }
static const archi_ticket_t *tickets(const walk_t *w) { return archi_section_const(w->b, ARCHI_SEC_TICKET); }
static const archi_entry_t *entries(const walk_t *w) { return archi_section_const(w->b, ARCHI_SEC_ENTRY); }

static const archi_group_t *group_of(const walk_t *w, uint32_t element)
{
    return archi_plan_groups(w->plan) + archi_plan_group_of(w->plan)[element];
}

/* ARCHI_NIL: not here. */
static uint32_t place_of(const walk_t *w, uint32_t element)
{
    uint32_t place = element < w->map->n_lps ? archi_place(w->map, w->b, element) : ARCHI_NIL;

    return place < w->b->n_lps ? place : ARCHI_NIL;
}

/* ---- shape ------------------------------------------------------------------------------------------------------ */

/* Elements are those of the map, and what belongs to them lies one behind the other. */
static const char *check_elements(const walk_t *w, uint32_t *number)
{
    uint64_t peers = 0, hash = 0, operations = 0;

    for (uint32_t p = 0; p < w->b->n_lps; p++) {
        const archi_element_t *el = element_at(w, p);
        const archi_group_t *g;
        WRONG_IF(place_of(w, el->number) != p, "an element is not where the map says");
        WRONG_IF(el->group != archi_plan_group_of(w->plan)[el->number], "an element is of another group");
        g = group_of(w, el->number);
        WRONG_IF(el->peers != peers || el->hash != hash || el->operation != operations,
                 "what belongs to an element is not where it should be");
        WRONG_IF(el->slice >= w->plan->n_slices || el->interval >= w->plan->n_intervals ||
                     el->fine >= w->plan->n_intervals * ARCHI_FINE,
                 "an element counts in a slice or interval that there is not");
        peers += g->n_peer_words;
        hash += g->hash_words;
        operations += g->is == ARCHI_IS_SOURCE ? g->n_operations : 0;
        number[p] = el->number;
    }
    return NULL;
}

static const char *check_sections(const walk_t *w, const uint32_t *number)
{
    static const archi_room_t none = {{0}};
    archi_block_spec_t spec;

    if (archi_model_block_spec(w->plan, number, w->b->n_lps, &none, &spec) != ARCH_OK)
        return "the block is larger than one can be";
    for (uint32_t i = 0; i < ARCHI_MAX_SECTIONS - ARCHI_FIRST_MODEL_SECTION; i++) {
        const archi_section_t *s = &w->b->section[ARCHI_FIRST_MODEL_SECTION + i];
        WRONG_IF(s->entry_bytes != spec.model[i].entry_bytes || s->headroom != spec.model[i].headroom ||
                     (spec.model[i].form == ARCHI_ARRAY && s->used != spec.model[i].capacity) ||
                     s->capacity < spec.model[i].capacity,
                 "a section is not what the design makes it");
    }
    return NULL;
}

static const char *check_shape(const walk_t *w)
{
    uint32_t n = w->b->n_lps, *number;
    const char *wrong;

    WRONG_IF(w->map->n_lps != w->plan->n_elements || w->b->id >= w->map->n_blocks, "there is no such block");
    WRONG_IF(w->b->section[ARCHI_SEC_ELEMENT].entry_bytes != sizeof(archi_element_t) ||
                 w->b->section[ARCHI_SEC_ELEMENT].used != n,
             "it does not hold as many elements as it says");
    WRONG_IF(w->b->section[ARCHI_SEC_OUTBOX].used != 0, "there are events in the outbox");
    number = malloc(((size_t)n + 1) * sizeof *number);
    if (number == NULL)
        return no_memory;
    wrong = check_elements(w, number);
    if (wrong == NULL)
        wrong = check_sections(w, number);
    free(number);
    return wrong;
}

/* ---- marks ------------------------------------------------------------------------------------------------------ */

static const char *make_marks(walk_t *w)
{
    size_t n_frames = (size_t)archi_pool_used(w->b, ARCHI_FRAMES) + 1;

    for (uint32_t pool = 0; pool < ARCHI_N_POOLS; pool++) {
        const archi_section_t *s = &w->b->section[archi_pool_section(pool)];
        w->mark[pool] = malloc((size_t)s->used + 1);
        if (w->mark[pool] == NULL)
            return no_memory;
        memset(w->mark[pool], IDLE, s->used);
        for (uint32_t i = s->free_head; i != ARCHI_NIL;
             i = *(const uint32_t *)((const char *)w->b + s->offset + (uint64_t)i * s->entry_bytes)) {
            WRONG_IF(w->mark[pool][i] == FREE, "an entry is free twice");
            w->mark[pool][i] = FREE;
        }
    }
    w->found = calloc((size_t)w->b->n_lps + 1, sizeof *w->found);
    w->branches = calloc(n_frames, sizeof *w->branches);
    w->stack = calloc(n_frames, sizeof *w->stack);
    w->in_flight = calloc((size_t)w->b->section[ARCHI_SEC_PEER].used + 1, sizeof *w->in_flight);
    return w->found == NULL || w->branches == NULL || w->stack == NULL || w->in_flight == NULL ? no_memory : NULL;
}

static void release(walk_t *w)
{
    for (uint32_t pool = 0; pool < ARCHI_N_POOLS; pool++)
        free(w->mark[pool]);
    free(w->found);
    free(w->branches);
    free(w->stack);
    free(w->in_flight);
}

static bool in_use(const walk_t *w, uint32_t pool, uint32_t i)
{
    return i < archi_pool_used(w->b, pool) && w->mark[pool][i] != FREE;
}

static const char *hold(const walk_t *w, uint32_t pool, uint32_t i)
{
    WRONG_IF(!in_use(w, pool, i), "something refers to an entry that there is not");
    WRONG_IF(w->mark[pool][i] != IDLE, "two refer to an entry that only one can");
    w->mark[pool][i] = HELD;
    return NULL;
}

/* Somebody waits with frame i of this element. Joins are only waited for. */
static const char *hold_frame(const walk_t *w, uint32_t element, uint32_t i)
{
    TRY(hold(w, ARCHI_FRAMES, i));
    WRONG_IF(frames(w)[i].owner != element || frames(w)[i].type == ARCHI_FRAME_JOIN,
             "something refers to a frame that cannot be meant");
    return NULL;
}

/* What was sent to be heard again with the answer: a source's ticket, another's frame. */
static const char *hold_slot(const walk_t *w, uint32_t element, uint32_t slot)
{
    if (group_of(w, element)->is != ARCHI_IS_SOURCE)
        return hold_frame(w, element, slot);
    TRY(hold(w, ARCHI_TICKETS, slot));
    WRONG_IF(tickets(w)[slot].owner != element, "something refers to another workload's request");
    return NULL;
}

/* ---- lines ------------------------------------------------------------------------------------------------------ */

static const char *check_list(const walk_t *w, uint32_t element, uint32_t head, uint32_t tail, uint32_t n)
{
    uint32_t last = head;

    for (uint32_t i = head; i != ARCHI_NIL; i = frames(w)[i].next) {
        WRONG_IF(n-- == 0, "a line is longer than it says");
        TRY(hold_frame(w, element, i));
        last = i;
    }
    WRONG_IF(n != 0, "a line is shorter than it says");
    WRONG_IF(head != ARCHI_NIL && last != tail, "a line does not end where it says");
    return NULL;
}

static const char *check_heap(const walk_t *w, uint32_t element, uint32_t root, uint32_t n)
{
    const archi_frame_t *f = frames(w);
    uint32_t depth = 0, n_met = 0;

    if (root != ARCHI_NIL)
        TRY(hold_frame(w, element, w->stack[depth++] = root));
    while (depth > 0) {
        uint32_t i = w->stack[--depth], child[2] = {f[i].next, f[i].right};
        n_met++;
        for (int k = 0; k < 2; k++)
            if (child[k] != ARCHI_NIL) {
                TRY(hold_frame(w, element, child[k]));
                WRONG_IF(archi_frame_before(&f[child[k]], &f[i]), "a line is out of order");
                w->stack[depth++] = child[k];
            }
    }
    return n_met == n ? NULL : "a line is longer or shorter than it says";
}

static const char *check_lines(const walk_t *w, uint32_t place)
{
    const archi_element_t *el = element_at(w, place);
    const archi_group_t *g = group_of(w, el->number);
    bool ranked = g->discipline == ARCHI_SERVE_PRIORITY;
    uint32_t busy = el->running + el->ready;

    if (g->is != ARCHI_IS_SERVER)
        return el->waiting == 0 && busy == 0 && el->n_changes == 0 ? NULL : "an element that has no line has one";
    TRY(ranked ? check_heap(w, el->number, el->wait_head, el->waiting)
               : check_list(w, el->number, el->wait_head, el->wait_tail, el->waiting));
    if (g->discipline == ARCHI_SERVE_SHARED) {
        WRONG_IF(el->running != (busy < g->cores ? busy : g->cores), "more or fewer cores are busy than can be");
        TRY(check_heap(w, el->number, el->ready_head, busy));
    } else {
        WRONG_IF(el->ready > 0 && el->running < g->cores, "fewer cores are busy than can be"); /* more: see graft.h */
        TRY(ranked ? check_heap(w, el->number, el->ready_head, el->ready)
                   : check_list(w, el->number, el->ready_head, el->ready_tail, el->ready));
    }
    /* the first change record is being applied */
    return check_list(w, el->number, el->change_head, el->change_tail, el->n_changes > 0 ? el->n_changes - 1 : 0);
}

/* ---- caches ----------------------------------------------------------------------------------------------------- */

static const char *check_use(const walk_t *w, const archi_element_t *el)
{
    uint32_t n = 0, older = ARCHI_NIL, i;

    for (i = el->oldest; i != ARCHI_NIL; i = entries(w)[i].newer) {
        TRY(hold(w, ARCHI_ENTRIES, i));
        WRONG_IF(entries(w)[i].older != older, "the order of use of a cache is broken");
        older = i;
        n++;
    }
    return older == el->newest && n == el->n_entries ? NULL : "the order of use of a cache is broken";
}

static const char *check_chains(const walk_t *w, const archi_element_t *el, const archi_group_t *g)
{
    const uint32_t *head = (const uint32_t *)archi_section_const(w->b, ARCHI_SEC_HASH) + el->hash;
    uint32_t n = 0;

    for (uint32_t h = 0; h < g->hash_words; h++)
        for (uint32_t i = head[h]; i != ARCHI_NIL; i = entries(w)[i].next) {
            WRONG_IF(!in_use(w, ARCHI_ENTRIES, i) || w->mark[ARCHI_ENTRIES][i] != HELD, "a chain of a cache is broken");
            w->mark[ARCHI_ENTRIES][i] = CHAINED;
            n++;
            WRONG_IF(archi_chain_number(entries(w)[i].keyspace, entries(w)[i].key, g->hash_words) != h,
                     "a key is in another's chain");
        }
    return n == el->n_entries ? NULL : "a chain of a cache is broken";
}

static const char *check_cache(const walk_t *w, uint32_t place)
{
    const archi_element_t *el = element_at(w, place);
    const archi_group_t *g = group_of(w, el->number);

    TRY(check_use(w, el));
    WRONG_IF(el->n_entries > 0 && g->hash_words == 0, "what is no cache has entries");
    WRONG_IF(g->hash_words > 0 && el->n_entries > g->capacity, "a cache holds more than fits");
    return check_chains(w, el, g);
}

/* ---- frames ----------------------------------------------------------------------------------------------------- */

/* The word of its element that a request will be taken off. */
static const char *check_peer(const walk_t *w, uint32_t element, uint32_t peer)
{
    const archi_element_t *el = element_at(w, place_of(w, element));

    if (peer == ARCHI_NIL)
        return NULL;
    WRONG_IF(peer < el->peers || peer - el->peers >= group_of(w, element)->n_peer_words,
             "a request is counted where its sender counts nothing");
    w->in_flight[peer]++;
    return NULL;
}

static const char *check_inner(const walk_t *w, const archi_frame_t *f)
{
    bool join = f->type == ARCHI_FRAME_JOIN;
    const archi_frame_t *around;

    if (join && f->parent == ARCHI_NIL)
        return NULL; /* nobody waits for the stragglers */
    WRONG_IF(!in_use(w, ARCHI_FRAMES, f->parent), "a branch or a loop is inside nothing");
    around = frames(w) + f->parent;
    WRONG_IF(around->owner != f->owner, "a branch or a loop is inside another element's request");
    WRONG_IF((around->type == ARCHI_FRAME_JOIN) != (f->type == ARCHI_FRAME_BRANCH) ||
                 around->type == ARCHI_FRAME_CHANGE,
             "a branch or a loop is in something that has none");
    WRONG_IF(f->type == ARCHI_FRAME_LOOP &&
                 (f->slot >= w->plan->n_instrs || archi_plan_instrs(w->plan)[f->slot].op != ARCHI_OP_REPEAT),
             "a loop goes round nothing");
    if (f->type != ARCHI_FRAME_BRANCH)
        return hold_frame(w, f->owner, f->parent);
    w->branches[f->parent]++;
    return NULL;
}

static const char *check_frame(const walk_t *w, const archi_frame_t *f)
{
    uint32_t place = place_of(w, f->owner);
    const archi_group_t *g;

    WRONG_IF(place == ARCHI_NIL, "a frame belongs to an element that is not here");
    g = group_of(w, f->owner);
    WRONG_IF(g->is == ARCHI_IS_SOURCE || (g->is == ARCHI_IS_BALANCER && f->type != ARCHI_FRAME_REQUEST),
             "an element has a frame that it cannot have");
    switch (f->type) {
    case ARCHI_FRAME_REQUEST:
        w->found[place].n_requests++;
        WRONG_IF(f->link >= w->plan->n_vars || f->caller >= w->map->n_lps, "a request comes from nowhere");
        WRONG_IF(g->is == ARCHI_IS_SERVER && f->endpoint >= g->n_endpoints, "a request wants what there is not");
        WRONG_IF(f->parent != ARCHI_NIL, "a request is inside something");
        break;
    case ARCHI_FRAME_CHANGE:
        w->found[place].n_changes++;
        return f->count < w->plan->n_vars ? NULL : "a change record takes a time that there is not";
    case ARCHI_FRAME_BRANCH:
    case ARCHI_FRAME_JOIN:
    case ARCHI_FRAME_LOOP:
        TRY(check_inner(w, f));
        break;
    default:
        return "there is no such kind of frame";
    }
    WRONG_IF(f->pc >= w->plan->n_instrs, "a frame stands at no instruction");
    return check_peer(w, f->owner, f->peer);
}

static const char *check_frames(const walk_t *w)
{
    uint32_t n = archi_pool_used(w->b, ARCHI_FRAMES);

    for (uint32_t i = 0; i < n; i++)
        if (w->mark[ARCHI_FRAMES][i] != FREE)
            TRY(check_frame(w, frames(w) + i));
    for (uint32_t i = 0; i < n; i++)
        if (w->mark[ARCHI_FRAMES][i] != FREE && frames(w)[i].type == ARCHI_FRAME_JOIN) {
            WRONG_IF(frames(w)[i].n_live == 0 || frames(w)[i].n_live != w->branches[i],
                     "a join waits for more or fewer branches than there are");
            w->mark[ARCHI_FRAMES][i] = HELD;
        }
    return NULL;
}

/* ---- events ----------------------------------------------------------------------------------------------------- */

static const char *check_run_list(const walk_t *w, const archi_event_t *ev)
{
    uint32_t i = (uint32_t)ev->word[0], last = (uint32_t)ev->word[1];

    TRY(hold_frame(w, ev->dst, i));
    while (i != last) {
        i = frames(w)[i].next;
        TRY(hold_frame(w, ev->dst, i));
    }
    return frames(w)[last].next == ARCHI_NIL ? NULL : "a list of what can go on does not end";
}

static const char *check_request_event(const walk_t *w, const archi_event_t *ev, const archi_group_t *g)
{
    const archi_group_t *target = g->is == ARCHI_IS_BALANCER ? archi_plan_groups(w->plan) + g->forward.group : g;

    WRONG_IF(ev->small >= target->n_endpoints, "a request wants what there is not");
    WRONG_IF((uint16_t)(ev->word[2] >> 16) >= w->plan->n_vars, "a request's answer takes a time that there is not");
    return NULL;
}

static const char *check_server_event(const walk_t *w, const archi_event_t *ev, const archi_group_t *g)
{
    switch (ev->kind) {
    case ARCHI_EV_CPU:
        w->found[place_of(w, ev->dst)].n_bursts++;
        WRONG_IF(g->discipline == ARCHI_SERVE_SHARED, "cores that are shared have a burst of their own");
        return hold_frame(w, ev->dst, (uint32_t)ev->word[0]);
    case ARCHI_EV_CONTINUE:
        return check_run_list(w, ev);
    case ARCHI_EV_CHANGE:
        return ev->word[1] >> 32 < w->plan->n_vars ? NULL : "a change record takes a time that there is not";
    case ARCHI_EV_SHARED:
        return g->discipline == ARCHI_SERVE_SHARED ? NULL : "cores that are not shared are treated as such";
    default:
        return "an event is for an element that does not know its kind";
    }
}

static const char *check_source_event(const walk_t *w, const archi_event_t *ev, const archi_group_t *g)
{
    found_t *found = &w->found[place_of(w, ev->dst)];

    if (ev->kind == ARCHI_EV_ARRIVAL && g->load != ARCHI_LOAD_CLOSED) {
        found->n_arrivals++;
        return NULL;
    }
    WRONG_IF(ev->kind != ARCHI_EV_THINK || g->load != ARCHI_LOAD_CLOSED,
             "an event is for an element that does not know its kind");
    found->n_thinking++;
    return hold_slot(w, ev->dst, (uint32_t)ev->word[0]);
}

static const char *check_event(const walk_t *w, const archi_event_t *ev)
{
    const archi_group_t *g;

    WRONG_IF(place_of(w, ev->dst) == ARCHI_NIL, "an event is for an element that is not here");
    WRONG_IF(ev->src >= w->map->n_lps || (ev->kind > ARCHI_EV_CHANGE && ev->src != ev->dst),
             "an event comes from nowhere");
    WRONG_IF(ev->at < w->b->now, "an event lies in the past");
    g = group_of(w, ev->dst);
    if (ev->kind == ARCHI_EV_REPLY)
        return hold_slot(w, ev->dst, archi_event_slot(ev));
    if (g->is == ARCHI_IS_SOURCE)
        return check_source_event(w, ev, g);
    if (ev->kind == ARCHI_EV_REQUEST)
        return check_request_event(w, ev, g);
    if (ev->kind == ARCHI_EV_DELAY)
        return hold_frame(w, ev->dst, (uint32_t)ev->word[0]);
    WRONG_IF(g->is != ARCHI_IS_SERVER, "an event is for an element that does not know its kind");
    return check_server_event(w, ev, g);
}

static const char *check_events(const walk_t *w)
{
    uint64_t n = 0;

    for (uint32_t i = 0; i < archi_pending_end(w->b); i++) {
        const archi_event_t *ev = archi_pending_at(w->b, i);
        n += ev != NULL;
        if (ev != NULL)
            TRY(check_event(w, ev));
    }
    return n == archi_queue_count(w->b) ? NULL : "there are more or fewer events than counted";
}

/* ---- what is counted -------------------------------------------------------------------------------------------- */

static uint32_t n_operations(const walk_t *w, uint32_t place)
{
    const archi_group_t *g = group_of(w, element_at(w, place)->number);

    return g->is == ARCHI_IS_SOURCE ? g->n_operations : 0;
}

static const char *check_histogram(const walk_t *w, uint64_t row, uint64_t n_completed)
{
    const uint32_t *ref = (const uint32_t *)archi_section_const(w->b, ARCHI_SEC_CHUNKREF) + row * ARCHI_N_OCTAVES;
    uint64_t n = 0;

    for (uint32_t o = 0; o < ARCHI_N_OCTAVES; o++)
        if (ref[o] != ARCHI_NIL) {
            TRY(hold(w, ARCHI_CHUNKS, ref[o]));
            for (uint32_t i = 0; i < 64; i++)
                n += ((const archi_chunk_t *)archi_section_const(w->b, ARCHI_SEC_CHUNK) + ref[o])->count[i];
        }
    return n == n_completed ? NULL : "a histogram holds more or fewer latencies than requests were completed";
}

/* Requests of an operation neither vanish nor come from nowhere. */
static const char *check_operation(const walk_t *w, uint64_t local, uint64_t *on_their_way)
{
    uint64_t row = local * w->plan->n_slices;
    const archi_op_tally_t *t = (const archi_op_tally_t *)archi_section_const(w->b, ARCHI_SEC_OP) + row;
    uint64_t generated = 0, over = 0;

    for (uint32_t s = 0; s < w->plan->n_slices; s++) {
        generated += t[s].n_generated;
        over += t[s].n_completed + t[s].n_failed + t[s].n_rejected;
        TRY(check_histogram(w, row + s, t[s].n_completed));
    }
    *on_their_way += t[0].n_in_flight;
    return generated == over + t[0].n_in_flight ? NULL : "requests have vanished, or come from nowhere";
}

static const char *check_tickets(const walk_t *w)
{
    for (uint32_t i = 0; i < archi_pool_used(w->b, ARCHI_TICKETS); i++) {
        const archi_ticket_t *t = tickets(w) + i;
        uint32_t place = place_of(w, t->owner);
        if (w->mark[ARCHI_TICKETS][i] == FREE)
            continue;
        WRONG_IF(place == ARCHI_NIL || group_of(w, t->owner)->is != ARCHI_IS_SOURCE,
                 "a request on its way belongs to nobody");
        WRONG_IF(t->operation >= n_operations(w, place), "a request on its way is of no operation");
        w->found[place].n_tickets++;
        TRY(check_peer(w, t->owner, t->peer));
    }
    return NULL;
}

static const char *check_source(const walk_t *w, uint32_t place)
{
    const archi_element_t *el = element_at(w, place);
    const archi_group_t *g = group_of(w, el->number);
    const found_t *found = &w->found[place];
    uint64_t on_their_way = 0;

    for (uint32_t op = 0; op < g->n_operations; op++)
        TRY(check_operation(w, (uint64_t)el->operation + op, &on_their_way));
    WRONG_IF(el->inside != on_their_way || el->inside != found->n_tickets - found->n_thinking,
             "a workload counts more or fewer requests on their way than there are");
    WRONG_IF(g->load == ARCHI_LOAD_CLOSED && found->n_tickets != g->users,
             "a workload has more or fewer users than it should");
    WRONG_IF(found->n_arrivals > 1, "a workload's next request is announced twice");
    return NULL;
}

static const char *check_counts(const walk_t *w, uint32_t place)
{
    const archi_element_t *el = element_at(w, place);
    const archi_group_t *g = group_of(w, el->number);
    const found_t *found = &w->found[place];

    if (g->is == ARCHI_IS_SOURCE)
        return check_source(w, place);
    WRONG_IF((uint64_t)el->inside + el->waiting != found->n_requests, "an element counts other requests than it has");
    WRONG_IF(el->n_changes != found->n_changes, "a replica counts other change records than it has");
    if (g->is == ARCHI_IS_SERVER && g->discipline != ARCHI_SERVE_SHARED)
        WRONG_IF(el->running != found->n_bursts, "more or fewer cores are busy than bursts are pending");
    return NULL;
}

/* Words count requests in flight, but also remember turns and times: what is in flight tells which is which. */
static const char *check_in_flight(const walk_t *w)
{
    const uint64_t *word = archi_section_const(w->b, ARCHI_SEC_PEER);

    for (uint32_t i = 0; i < w->b->section[ARCHI_SEC_PEER].used; i++)
        WRONG_IF(w->in_flight[i] != 0 && w->in_flight[i] != word[i],
                 "an element counts other requests in flight to a replica than there are");
    return NULL;
}

/* ---- a block ---------------------------------------------------------------------------------------------------- */

static const char *check_block(walk_t *w)
{
    TRY(check_shape(w));
    TRY(make_marks(w));
    TRY(check_frames(w));
    TRY(check_tickets(w));
    for (uint32_t p = 0; p < w->b->n_lps; p++) {
        TRY(check_lines(w, p));
        TRY(check_cache(w, p));
    }
    TRY(check_events(w));
    for (uint32_t p = 0; p < w->b->n_lps; p++)
        TRY(check_counts(w, p));
    TRY(check_in_flight(w));
    for (uint32_t pool = ARCHI_ENTRIES; pool < ARCHI_N_POOLS; pool++)
        for (uint32_t i = 0; i < archi_pool_used(w->b, pool); i++)
            WRONG_IF(w->mark[pool][i] == IDLE, "an entry is in use and belongs to nobody");
    return NULL;
}

const char *archi_model_check_block(const archi_plan_t *plan, const archi_map_t *map, const archi_block_t *b)
{
    walk_t w;
    const char *wrong;

    memset(&w, 0, sizeof w);
    w.plan = plan;
    w.map = map;
    w.b = b;
    wrong = check_block(&w);
    release(&w);
    return wrong;
}

/* ---- all blocks ------------------------------------------------------------------------------------------------- */

/* The callers of what this block has been asked, or will be: wherever they are, they wait for it. */
static const char *check_callers(const walk_t *all, const walk_t *w)
{
    for (uint32_t i = 0; i < archi_pool_used(w->b, ARCHI_FRAMES); i++) {
        const archi_frame_t *f = frames(w) + i;
        if (w->mark[ARCHI_FRAMES][i] != FREE && f->type == ARCHI_FRAME_REQUEST && (f->flags & ARCHI_NO_REPLY) == 0)
            TRY(hold_slot(&all[archi_block_of(w->map, f->caller)], f->caller, f->slot));
    }
    for (uint32_t i = 0; i < archi_pending_end(w->b); i++) {
        const archi_event_t *ev = archi_pending_at(w->b, i);
        if (ev != NULL && ev->kind == ARCHI_EV_REQUEST && archi_event_wants_reply(ev))
            TRY(hold_slot(&all[archi_block_of(w->map, ev->src)], ev->src, archi_event_slot(ev)));
    }
    return NULL;
}

static const char *check_waited_with(const walk_t *w)
{
    for (uint32_t pool = 0; pool <= ARCHI_TICKETS; pool++)
        for (uint32_t i = 0; i < archi_pool_used(w->b, pool); i++)
            WRONG_IF(w->mark[pool][i] == IDLE, "a request will never go on");
    return NULL;
}

static const char *check_all(walk_t *w, uint32_t n, uint32_t *id)
{
    uint64_t n_elements = 0;

    for (*id = 0; *id < n; ++*id) {
        TRY(check_block(&w[*id]));
        n_elements += w[*id].b->n_lps;
    }
    *id = 0;
    WRONG_IF(n_elements != w->map->n_lps, "elements are missing");
    for (*id = 0; *id < n; ++*id)
        TRY(check_callers(w, &w[*id]));
    for (*id = 0; *id < n; ++*id)
        TRY(check_waited_with(&w[*id]));
    return NULL;
}

const char *archi_model_check(const archi_plan_t *plan, const archi_map_t *map, archi_block_t *const *block,
                              uint32_t *id)
{
    walk_t *w = calloc((size_t)map->n_blocks + 1, sizeof *w);
    const char *wrong;

    *id = 0;
    if (w == NULL)
        return no_memory;
    for (uint32_t b = 0; b < map->n_blocks; b++) {
        w[b].plan = plan;
        w[b].map = map;
        w[b].b = block[b];
    }
    wrong = check_all(w, map->n_blocks, id);
    for (uint32_t b = 0; b < map->n_blocks; b++)
        release(&w[b]);
    free(w);
    return wrong;
}
