/* model/recut.c - see recut.h. Host only.
 *
 * Two walks over the old blocks. The first counts what every element has in each pool and ranks it among what else the
 * element has there; then it is known where everything goes (`first` + rank). The second carries it over, element by
 * element, entry by entry, event by event, and gives every index its new value on the way. */
#include "model/recut.h"
#include "engine/executor.h" /* archi_block_make_room() */
#include "model/check.h"
#include "model/inside.h"
#include <stdlib.h>
#include <string.h>

enum {
    RANKED = ARCHI_TICKETS + 1
}; /* pools whose entries others name; of entries and chunks only their element knows */

typedef struct {
    uint32_t n[RANKED];
    uint32_t *rank[RANKED]; /* [n] among the owner's; ARCHI_NIL: free */
} ranks_t;

typedef struct {
    const archi_plan_t *plan;
    const archi_recut_t *how;
    ranks_t *old;        /* [from->n_blocks] */
    archi_room_t *share; /* [n_elements] what the element has in each pool */
    archi_room_t *first; /* [n_elements] where that begins in its new block */
    archi_room_t *room;  /* [to->n_blocks] */
    uint32_t *element;   /* [n_elements] sorted by new block, ascending in each */
    uint32_t *begin;     /* [to->n_blocks + 1] into element[] */
    uint32_t *out_of;    /* [to->n_blocks] which of `out`, or ARCHI_NIL */
    uint8_t *needed;     /* [from->n_blocks] holds something of a block to be made */
    archi_block_t **out;
    const char *wrong; /* what was met that cannot be; NULL: nothing */
    /* of all old blocks */
    uint32_t replication;
    uint64_t seed, n_events, n_sent_out, n_elements;
    arch_time_t now;
} work_t;

static const archi_group_t *group_of(const work_t *w, uint32_t element)
{
    return archi_plan_groups(w->plan) + archi_plan_group_of(w->plan)[element];
}

static const archi_element_t *element_at(const archi_block_t *b, uint32_t place)
{
    return (const archi_element_t *)archi_section_const(b, ARCHI_SEC_ELEMENT) + place;
}

/* ---- the first walk: who has what ------------------------------------------------------------------------------- */

static uint32_t owner_of(const archi_block_t *b, uint32_t pool, uint32_t i)
{
    if (pool == ARCHI_TICKETS)
        return ((const archi_ticket_t *)archi_section_const(b, ARCHI_SEC_TICKET))[i].owner;
    return ((const archi_frame_t *)archi_section_const(b, ARCHI_SEC_FRAME))[i].owner;
}

static arch_status_t rank_pool(work_t *w, const archi_block_t *b, uint32_t pool)
{
    const archi_section_t *s = &b->section[archi_pool_section(pool)];
    uint32_t *rank = calloc((size_t)s->used + 1, sizeof *rank);

    w->old[b->id].n[pool] = s->used;
    w->old[b->id].rank[pool] = rank;
    if (rank == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to cut a block of %u entries anew", (unsigned)s->used);
    for (uint32_t i = s->free_head; i != ARCHI_NIL;
         i = *(const uint32_t *)((const char *)b + s->offset + (uint64_t)i * s->entry_bytes))
        rank[i] = ARCHI_NIL;
    for (uint32_t i = 0; i < s->used; i++)
        if (rank[i] != ARCHI_NIL)
            rank[i] = w->share[owner_of(b, pool, i)].n[pool]++;
    return ARCH_OK;
}

static const uint32_t *chunk_refs(const work_t *w, const archi_block_t *b, uint32_t place)
{
    return (const uint32_t *)archi_section_const(b, ARCHI_SEC_CHUNKREF) +
           (uint64_t)element_at(b, place)->operation * w->plan->n_slices * ARCHI_N_OCTAVES;
}

static uint64_t n_chunk_refs(const work_t *w, uint32_t element)
{
    const archi_group_t *g = group_of(w, element);

    return g->is == ARCHI_IS_SOURCE ? (uint64_t)g->n_operations * w->plan->n_slices * ARCHI_N_OCTAVES : 0;
}

static void count_own(work_t *w, const archi_block_t *b)
{
    for (uint32_t p = 0; p < b->n_lps; p++) {
        uint32_t e = element_at(b, p)->number;
        const uint32_t *ref = chunk_refs(w, b, p);
        w->share[e].n[ARCHI_ENTRIES] = element_at(b, p)->n_entries;
        for (uint64_t i = 0; i < n_chunk_refs(w, e); i++)
            w->share[e].n[ARCHI_CHUNKS] += ref[i] != ARCHI_NIL;
    }
}

static arch_status_t fetch(const work_t *w, uint32_t id, const archi_block_t **b)
{
    ARCH_TRY(w->how->old(w->how->user, id, b));
    if ((*b)->id != id)
        return ARCH_FAIL(ARCH_E_FORMAT, "block %u was asked for and block %u was given", (unsigned)id,
                         (unsigned)(*b)->id);
    return ARCH_OK;
}

static arch_status_t learn(work_t *w, uint32_t id)
{
    const archi_block_t *b;
    const char *wrong;

    ARCH_TRY(fetch(w, id, &b));
    wrong = archi_model_check_block(w->plan, w->how->from, b);
    if (wrong != NULL)
        return ARCH_FAIL(ARCH_E_FORMAT, "block %u cannot be cut anew: %s", (unsigned)id, wrong);
    if (id > 0 && (b->replication != w->replication || b->seed != w->seed))
        return ARCH_FAIL(ARCH_E_FORMAT, "block %u is of another replication or seed", (unsigned)id);
    w->replication = b->replication;
    w->seed = b->seed;
    w->n_events += b->n_events;
    w->n_sent_out += b->n_sent_out;
    w->n_elements += b->n_lps;
    w->now = b->now > w->now ? b->now : w->now;
    for (uint32_t pool = 0; pool < RANKED; pool++)
        ARCH_TRY(rank_pool(w, b, pool));
    count_own(w, b);
    return ARCH_OK;
}

/* ---- between: where everything goes ----------------------------------------------------------------------------- */

static arch_status_t deal(work_t *w)
{
    const archi_map_t *to = w->how->to;

    if (w->n_elements != to->n_lps)
        return ARCH_FAIL(ARCH_E_FORMAT, "the old blocks hold %llu elements of %u", (unsigned long long)w->n_elements,
                         (unsigned)to->n_lps);
    for (uint32_t e = 0; e < to->n_lps; e++) {
        uint32_t block = archi_block_of(to, e);
        w->element[w->begin[block + 1]++] = e; /* begin[block + 1] is where the block's next element goes */
        w->first[e] = w->room[block];
        for (uint32_t pool = 0; pool < ARCHI_N_POOLS; pool++) {
            if (w->share[e].n[pool] > UINT32_MAX / 2 - w->room[block].n[pool])
                return ARCH_FAIL(ARCH_E_RANGE, "block %u would hold more than it can; use more partitions",
                                 (unsigned)block);
            w->room[block].n[pool] += w->share[e].n[pool];
        }
        if (w->out_of[block] != ARCHI_NIL)
            w->needed[archi_block_of(w->how->from, e)] = 1;
    }
    return ARCH_OK;
}

/* Sizes of the new blocks, as far as deal() needs them: begin[b + 1] is the number of elements of the blocks before b. */
static void count_elements(work_t *w)
{
    const archi_map_t *to = w->how->to;

    for (uint32_t e = 0; e < to->n_lps; e++)
        w->begin[archi_block_of(to, e) + 2]++;
    for (uint32_t b = 2; b <= to->n_blocks + 1; b++)
        w->begin[b] += w->begin[b - 1];
}

static arch_status_t make(work_t *w, uint32_t id, archi_block_t **out)
{
    const archi_room_t *room = &w->room[id];
    bool has_first = archi_block_of(w->how->to, 0) == id;

    ARCH_TRY(archi_model_block_empty(w->plan, id, w->element + w->begin[id], w->begin[id + 1] - w->begin[id],
                                     w->replication, w->seed, room, out));
    for (uint32_t pool = 0; pool < ARCHI_N_POOLS; pool++)
        (*out)->section[archi_pool_section(pool)].used = room->n[pool];
    (*out)->now = w->now;
    (*out)->n_events = has_first ? w->n_events : 0;
    (*out)->n_sent_out = has_first ? w->n_sent_out : 0;
    return ARCH_OK;
}

/* ---- the second walk: carrying over ----------------------------------------------------------------------------- */

/* New number of what the element calls its frame or ticket i. */
static uint32_t moved(work_t *w, uint32_t pool, uint32_t element, uint32_t i)
{
    const ranks_t *old = &w->old[archi_block_of(w->how->from, element)];
    uint32_t rank = i < old->n[pool] ? old->rank[pool][i] : ARCHI_NIL;

    if (rank >= w->share[element].n[pool]) {
        w->wrong = "something refers to a request that there is not; are all blocks of one instant?";
        return ARCHI_NIL;
    }
    return w->first[element].n[pool] + rank;
}

/* A frame that is linked to from within its element. Links that nobody will follow again may say anything. */
static uint32_t moved_link(work_t *w, const archi_block_t *b, uint32_t element, uint32_t i)
{
    const ranks_t *old = &w->old[b->id];

    if (i >= old->n[ARCHI_FRAMES] || old->rank[ARCHI_FRAMES][i] == ARCHI_NIL || owner_of(b, ARCHI_FRAMES, i) != element)
        return ARCHI_NIL;
    return moved(w, ARCHI_FRAMES, element, i);
}

/* What a caller wants to hear again with the answer to its request. */
static uint32_t moved_slot(work_t *w, uint32_t caller, uint32_t slot)
{
    return moved(w, group_of(w, caller)->is == ARCHI_IS_SOURCE ? ARCHI_TICKETS : ARCHI_FRAMES, caller, slot);
}

static archi_block_t **new_block_of(const work_t *w, uint32_t element)
{
    uint32_t k = w->out_of[archi_block_of(w->how->to, element)];

    return k == ARCHI_NIL ? NULL : &w->out[k];
}

static archi_element_t *new_element(const work_t *w, archi_block_t *to, uint32_t element)
{
    return (archi_element_t *)archi_section(to, ARCHI_SEC_ELEMENT) + archi_place(w->how->to, to, element);
}

/* Copy n entries of a section that need no change. */
static void copy(const archi_block_t *b, uint64_t at, archi_block_t *to, uint64_t to_at, uint32_t section, uint64_t n)
{
    uint64_t bytes = b->section[section].entry_bytes;

    if (n != 0)
        memcpy((char *)archi_section(to, section) + to_at * bytes,
               (const char *)archi_section_const(b, section) + at * bytes, n * bytes);
}

static void carry_chunks(work_t *w, const archi_block_t *b, uint32_t place, archi_block_t *to,
                         const archi_element_t *el)
{
    const uint32_t *ref = chunk_refs(w, b, place);
    uint32_t *new_ref = (uint32_t *)archi_section(to, ARCHI_SEC_CHUNKREF) +
                        (uint64_t)el->operation * w->plan->n_slices * ARCHI_N_OCTAVES;
    uint32_t next = w->first[el->number].n[ARCHI_CHUNKS];

    for (uint64_t i = 0; i < n_chunk_refs(w, el->number); i++)
        if (ref[i] != ARCHI_NIL) {
            copy(b, ref[i], to, next, ARCHI_SEC_CHUNK, 1);
            new_ref[i] = next++;
        }
}

static uint32_t moved_entry(const uint32_t *new_of, uint32_t i) { return i == ARCHI_NIL ? ARCHI_NIL : new_of[i]; }

/* What a cache holds, numbered in order of use. */
static void carry_cache(const work_t *w, const archi_block_t *b, const archi_element_t *old, archi_block_t *to,
                        archi_element_t *el, uint32_t *new_of)
{
    const archi_entry_t *from = archi_section_const(b, ARCHI_SEC_ENTRY);
    archi_entry_t *entry = archi_section(to, ARCHI_SEC_ENTRY);
    uint32_t next = w->first[el->number].n[ARCHI_ENTRIES];

    for (uint32_t i = old->oldest; i != ARCHI_NIL; i = from[i].newer)
        new_of[i] = next++;
    for (uint32_t i = old->oldest; i != ARCHI_NIL; i = from[i].newer) {
        archi_entry_t *e = &entry[new_of[i]];
        *e = from[i];
        e->next = moved_entry(new_of, e->next);
        e->newer = moved_entry(new_of, e->newer);
        e->older = moved_entry(new_of, e->older);
    }
    for (uint32_t i = 0; i < group_of(w, el->number)->hash_words; i++)
        ((uint32_t *)archi_section(to, ARCHI_SEC_HASH))[el->hash + i] =
            moved_entry(new_of, ((const uint32_t *)archi_section_const(b, ARCHI_SEC_HASH))[old->hash + i]);
    el->oldest = moved_entry(new_of, old->oldest);
    el->newest = moved_entry(new_of, old->newest);
}

static void carry_line(work_t *w, const archi_block_t *b, uint32_t element, uint32_t *head, uint32_t *tail)
{
    *head = moved_link(w, b, element, *head);
    *tail = moved_link(w, b, element, *tail);
}

/* The element and what it counts. */
static void carry_element(work_t *w, const archi_block_t *b, uint32_t place, archi_block_t *to, uint32_t *new_of)
{
    const archi_plan_t *plan = w->plan;
    const archi_element_t *old = element_at(b, place);
    archi_element_t *el = new_element(w, to, old->number), fresh = *el;
    const archi_group_t *g = archi_plan_groups(plan) + old->group;
    uint32_t at = archi_place(w->how->to, to, old->number);
    uint64_t ops = g->is == ARCHI_IS_SOURCE ? g->n_operations : 0, cells = (uint64_t)plan->n_intervals * ARCHI_FINE;

    *el = *old;
    el->peers = fresh.peers;
    el->hash = fresh.hash;
    el->operation = fresh.operation;
    carry_line(w, b, el->number, &el->wait_head, &el->wait_tail);
    carry_line(w, b, el->number, &el->ready_head, &el->ready_tail);
    carry_line(w, b, el->number, &el->change_head, &el->change_tail);
    copy(b, place, to, at, ARCHI_SEC_LP, 1);
    copy(b, old->peers, to, el->peers, ARCHI_SEC_PEER, g->n_peer_words);
    copy(b, (uint64_t)place * plan->n_slices, to, (uint64_t)at * plan->n_slices, ARCHI_SEC_TALLY, plan->n_slices);
    copy(b, (uint64_t)place * plan->n_intervals, to, (uint64_t)at * plan->n_intervals, ARCHI_SEC_SERIES,
         plan->n_intervals);
    copy(b, (uint64_t)old->operation * plan->n_slices, to, (uint64_t)el->operation * plan->n_slices, ARCHI_SEC_OP,
         ops * plan->n_slices);
    copy(b, old->operation * cells, to, el->operation * cells, ARCHI_SEC_OPCELL, ops * cells);
    carry_chunks(w, b, place, to, el);
    carry_cache(w, b, old, to, el, new_of);
}

/* The word that counts a request in flight to a replica, among its caller's words. */
static uint32_t moved_peer(const work_t *w, const archi_block_t *b, archi_block_t *to, uint32_t element, uint32_t peer)
{
    const archi_element_t *old = element_at(b, archi_place(w->how->from, b, element));

    return peer == ARCHI_NIL ? ARCHI_NIL : peer - old->peers + new_element(w, to, element)->peers;
}

static void carry_frame(work_t *w, const archi_block_t *b, uint32_t i, archi_block_t *to)
{
    const archi_frame_t *from = (const archi_frame_t *)archi_section_const(b, ARCHI_SEC_FRAME) + i;
    uint32_t owner = from->owner;
    archi_frame_t *f = (archi_frame_t *)archi_section(to, ARCHI_SEC_FRAME) + moved(w, ARCHI_FRAMES, owner, i);

    *f = *from;
    f->next = moved_link(w, b, owner, f->next);
    f->right = moved_link(w, b, owner, f->right);
    f->parent = f->type == ARCHI_FRAME_CHANGE ? ARCHI_NIL : moved_link(w, b, owner, f->parent);
    f->peer = f->type == ARCHI_FRAME_CHANGE ? ARCHI_NIL : moved_peer(w, b, to, owner, f->peer);
    if (f->type == ARCHI_FRAME_REQUEST)
        f->slot = (f->flags & ARCHI_NO_REPLY) != 0 ? ARCHI_NIL : moved_slot(w, f->caller, f->slot);
}

static void carry_ticket(work_t *w, const archi_block_t *b, uint32_t i, archi_block_t *to)
{
    const archi_ticket_t *from = (const archi_ticket_t *)archi_section_const(b, ARCHI_SEC_TICKET) + i;
    archi_ticket_t *t = (archi_ticket_t *)archi_section(to, ARCHI_SEC_TICKET) + moved(w, ARCHI_TICKETS, from->owner, i);

    *t = *from;
    t->next = ARCHI_NIL;
    t->peer = moved_peer(w, b, to, from->owner, t->peer);
}

/* A pending event as its element knows it in the new cut. */
static void translate(work_t *w, archi_event_t *ev)
{
    uint32_t slot = archi_event_slot(ev);

    switch (ev->kind) {
    case ARCHI_EV_REQUEST:
        slot = archi_event_wants_reply(ev) ? moved_slot(w, ev->src, slot) : ARCHI_NIL;
        break;
    case ARCHI_EV_REPLY:
        slot = moved_slot(w, ev->dst, slot);
        break;
    case ARCHI_EV_CPU:
    case ARCHI_EV_DELAY:
        ev->word[0] = moved(w, ARCHI_FRAMES, ev->dst, (uint32_t)ev->word[0]);
        return;
    case ARCHI_EV_CONTINUE:
        ev->word[0] = moved(w, ARCHI_FRAMES, ev->dst, (uint32_t)ev->word[0]);
        ev->word[1] = moved(w, ARCHI_FRAMES, ev->dst, (uint32_t)ev->word[1]);
        return;
    case ARCHI_EV_THINK:
        ev->word[0] = moved(w, ARCHI_TICKETS, ev->dst, (uint32_t)ev->word[0]);
        return;
    default:
        return; /* change records, arrivals and ends of shared bursts name nothing */
    }
    ev->word[1] = (uint64_t)slot << 32 | (uint32_t)ev->word[1];
}

static arch_status_t carry_events(work_t *w, const archi_block_t *b)
{
    for (uint32_t i = 0; i < archi_pending_end(b); i++) {
        const archi_event_t *from = archi_pending_at(b, i);
        archi_block_t **to = from == NULL ? NULL : new_block_of(w, from->dst);
        archi_event_t ev;
        if (to == NULL)
            continue;
        ev = *from;
        translate(w, &ev);
        ARCH_TRY(archi_block_make_room(to));
        archi_queue_push(*to, &ev);
    }
    return ARCH_OK;
}

static void carry_pool(work_t *w, const archi_block_t *b, uint32_t pool,
                       void (*carry)(work_t *w, const archi_block_t *b, uint32_t i, archi_block_t *to))
{
    const ranks_t *old = &w->old[b->id];

    for (uint32_t i = 0; i < old->n[pool]; i++) {
        archi_block_t **to = old->rank[pool][i] == ARCHI_NIL ? NULL : new_block_of(w, owner_of(b, pool, i));
        if (to != NULL)
            carry(w, b, i, *to);
    }
}

static arch_status_t carry_over(work_t *w, uint32_t id)
{
    const archi_block_t *b;
    uint32_t *new_of; /* [entries] of caches */

    ARCH_TRY(fetch(w, id, &b));
    new_of = malloc(((size_t)archi_pool_used(b, ARCHI_ENTRIES) + 1) * sizeof *new_of);
    if (new_of == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to cut a block of %u entries anew",
                         (unsigned)archi_pool_used(b, ARCHI_ENTRIES));
    for (uint32_t place = 0; place < b->n_lps; place++) {
        archi_block_t **to = new_block_of(w, element_at(b, place)->number);
        if (to != NULL)
            carry_element(w, b, place, *to, new_of);
    }
    free(new_of);
    carry_pool(w, b, ARCHI_FRAMES, carry_frame);
    carry_pool(w, b, ARCHI_TICKETS, carry_ticket);
    ARCH_TRY(carry_events(w, b));
    if (w->wrong != NULL)
        return ARCH_FAIL(ARCH_E_FORMAT, "block %u cannot be cut anew: %s", (unsigned)id, w->wrong);
    return ARCH_OK;
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

static arch_status_t allocate(work_t *w, const uint32_t *id, uint32_t n)
{
    const archi_map_t *from = w->how->from, *to = w->how->to;
    size_t elements = (size_t)from->n_lps + 1, blocks = (size_t)to->n_blocks + 1;

    if (from->n_lps != w->plan->n_elements || to->n_lps != w->plan->n_elements)
        return ARCH_FAIL(ARCH_E_ARG, "the plan has %u elements, the cuts have %u and %u", (unsigned)w->plan->n_elements,
                         (unsigned)from->n_lps, (unsigned)to->n_lps);
    w->old = calloc((size_t)from->n_blocks + 1, sizeof *w->old);
    w->needed = calloc((size_t)from->n_blocks + 1, sizeof *w->needed);
    w->share = calloc(elements, sizeof *w->share);
    w->first = calloc(elements, sizeof *w->first);
    w->element = calloc(elements, sizeof *w->element);
    w->room = calloc(blocks, sizeof *w->room);
    w->begin = calloc(blocks + 1, sizeof *w->begin);
    w->out_of = malloc(blocks * sizeof *w->out_of);
    if (w->old == NULL || w->needed == NULL || w->share == NULL || w->first == NULL || w->element == NULL ||
        w->room == NULL || w->begin == NULL || w->out_of == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to cut %u elements anew", (unsigned)from->n_lps);
    memset(w->out_of, 0xff, blocks * sizeof *w->out_of);
    for (uint32_t k = 0; k < n; k++) {
        if (id[k] >= to->n_blocks)
            return ARCH_FAIL(ARCH_E_ARG, "there is no block %u of %u", (unsigned)id[k], (unsigned)to->n_blocks);
        w->out_of[id[k]] = k;
    }
    return ARCH_OK;
}

static void release(work_t *w)
{
    for (uint32_t b = 0; w->old != NULL && b < w->how->from->n_blocks; b++)
        for (uint32_t pool = 0; pool < RANKED; pool++)
            free(w->old[b].rank[pool]);
    free(w->old);
    free(w->needed);
    free(w->share);
    free(w->first);
    free(w->element);
    free(w->room);
    free(w->begin);
    free(w->out_of);
}

arch_status_t archi_recut_from_all(void *user, uint32_t id, const archi_block_t **out)
{
    *out = ((archi_block_t *const *)user)[id];
    return ARCH_OK;
}

arch_status_t archi_model_recut(const archi_recut_t *recut, const uint32_t *id, uint32_t n, archi_block_t **out)
{
    arch_status_t st = ARCH_OK;
    work_t w;

    memset(&w, 0, sizeof w);
    w.plan = recut->plan;
    w.how = recut;
    w.out = out;
    for (uint32_t k = 0; k < n; k++)
        out[k] = NULL;
    ARCH_TRY_TO(done, allocate(&w, id, n));
    for (uint32_t b = 0; b < recut->from->n_blocks; b++)
        ARCH_TRY_TO(done, learn(&w, b));
    count_elements(&w);
    ARCH_TRY_TO(done, deal(&w));
    for (uint32_t k = 0; k < n; k++)
        ARCH_TRY_TO(done, make(&w, id[k], &out[k]));
    for (uint32_t b = 0; b < recut->from->n_blocks; b++)
        if (w.needed[b])
            ARCH_TRY_TO(done, carry_over(&w, b));
done:
    for (uint32_t k = 0; st != ARCH_OK && k < n; k++)
        archi_block_destroy(&out[k]);
    release(&w);
    return st;
}
