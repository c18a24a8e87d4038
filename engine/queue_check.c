/* engine/queue_check.c - walking every invariant of a pending event set, for tests and for bytes from elsewhere: whatever
 * stands there, the walk ends and stays inside the block. */
#include "engine/queue.h"
#include <stdlib.h>

typedef struct {
    const archi_block_t       *b;
    const archi_queue_state_t *q;
    const archi_slot_t        *slots;
    uint8_t                   *seen;     /* a bit for each slot */
    uint32_t                   n_seen;
    arch_time_t                least;    /* of what lies in buckets */
} walk_t;

/* ---- sections and scalars ---------------------------------------------------------------------------------------- */

static const char *check_sections(const archi_block_t *b)
{
    static const uint32_t size[] = {sizeof(archi_slot_t), sizeof(archi_queue_key_t), sizeof(uint32_t),
                                    sizeof(archi_queue_level_t), sizeof(archi_queue_key_t)};
    const archi_section_t *s = &b->section[ARCHI_SEC_QUEUE];
    const archi_queue_key_t *heap = archi_section_const(b, ARCHI_SEC_HEAP);

    for (uint32_t i = 0; i < sizeof size / sizeof size[0]; i++)
        if (s[i].entry_bytes != size[i])
            return "a section of the pending events has the wrong kind of entries";
    if (s[ARCHI_SEC_HEAP - ARCHI_SEC_QUEUE].headroom == 0 || s[0].headroom == 0)
        return "the pending events have no headroom";
    if (s[ARCHI_SEC_HEAP - ARCHI_SEC_QUEUE].used < ARCHI_HEAP_PAD)
        return "the heap has no root";
    if (heap[ARCHI_HEAP_PAD - 1].at != ARCH_TIME_MAX)
        return "the row has no end";
    return NULL;
}

static const char *check_empty(const archi_block_t *b)
{
    const archi_queue_state_t *q = &b->queue;

    if (q->last != ARCH_TIME_MAX || q->run_head != q->run_tail || q->levels != 0 || q->n_ring != 0)
        return "there are no buckets, yet something is in them";
    return NULL;
}

static const char *check_shape(const archi_block_t *b)
{
    const archi_queue_state_t *q = &b->queue;
    uint32_t unit;

    if (q->ring_bits < 4 || q->ring_bits > 31 || q->shift > ARCHI_QUEUE_HORIZON - q->ring_bits)
        return "the buckets have an impossible width or number";
    if (b->section[ARCHI_SEC_RING].used != 1u << q->ring_bits ||
        b->section[ARCHI_SEC_LEVELS].used != ARCHI_QUEUE_LEVELS || b->section[ARCHI_SEC_RUN].used != ARCHI_QUEUE_RUN)
        return "the buckets and their sections disagree";
    unit = archi_queue_quarter(q);
    if (q->open < 0 || q->reached < 0 || q->reached - 1 > q->last || (q->last != q->open && q->last != q->open - 1) ||
        q->far != (((uint64_t)q->open >> unit) + 4) << unit)
        return "the buckets cover an impossible stretch of time";
    return NULL;
}

/* ---- slots ------------------------------------------------------------------------------------------------------- */

/* An event is met here: is it there, and for the first time? */
static const char *meet(walk_t *w, uint32_t slot)
{
    if (slot >= w->b->section[ARCHI_SEC_QUEUE].used || w->slots[slot].next == ARCHI_SLOT_FREE)
        return "a slot without an event is named";
    if (w->seen[slot / 8] >> slot % 8 & 1)
        return "an event is in two places";
    w->seen[slot / 8] |= (uint8_t)(1u << slot % 8);
    w->n_seen++;
    return NULL;
}

static bool in_right_place(const walk_t *w, const archi_event_t *ev, uint32_t slot, uint32_t level, uint32_t digit)
{
    const archi_queue_state_t *q = w->q;
    uint64_t at = (uint64_t)ev->at, bucket = at >> q->shift;
    uint32_t near = archi_queue_near(q), unit = archi_queue_quarter(q), group;

    if (level < ARCHI_QUEUE_BY_TIME) {
        uint32_t ties = level >= ARCHI_QUEUE_BY_SEQ ? ev->seq - q->seq_from : slot;
        ties = level >= ARCHI_QUEUE_BY_SRC ? ev->src : ties;
        return ev->at == q->last && (ties >> 6 * (level % 6) & 63) == digit;
    }
    if (ev->at <= q->last)
        return false;
    if (level == ARCHI_QUEUE_IN_RING)
        return at < q->far && bucket != (uint64_t)q->open >> q->shift &&
               (bucket & (((uint64_t)1 << q->ring_bits) - 1)) == digit;
    if (level < near) {
        group = archi_top_bit((at ^ (uint64_t)q->open) | 1) / 6;
        return bucket == (uint64_t)q->open >> q->shift && ARCHI_QUEUE_BY_TIME + group == level &&
               (at >> 6 * group & 63) == digit;
    }
    if (at < q->far)
        return false;
    group = (archi_top_bit(at ^ (q->far - 1)) - unit) / 6;
    return near + group == level && (at >> (unit + 6 * group) & 63) == digit;
}

static const char *check_chain(walk_t *w, uint32_t slot, uint32_t level, uint32_t digit)
{
    const char *wrong = NULL;

    for (; slot != ARCHI_NIL && wrong == NULL; slot = w->slots[slot].next) {
        wrong = meet(w, slot); /* ends: each slot is met once */
        if (wrong != NULL)
            return wrong;
        if (!in_right_place(w, &w->slots[slot].ev, slot, level, digit))
            return "an event is in the wrong bucket";
        if (w->slots[slot].ev.at < w->least)
            w->least = w->slots[slot].ev.at;
    }
    return wrong;
}

/* Entry i of the row or heap, as seen from the entry that it must not come before; all before i have been met. */
static bool in_order(const walk_t *w, const archi_queue_key_t *key, uint32_t i)
{
    const archi_event_t *ev = &w->slots[key[i].slot].ev;

    if (i == ARCHI_HEAP_PAD)
        return true;
    if (w->q->ring_bits == 0)
        return !archi_event_before(&w->slots[key[i - 1].slot].ev, ev);
    return !archi_event_before(ev, &w->slots[key[i / 4 + 2].slot].ev);
}

static const char *check_heap(walk_t *w)
{
    const archi_queue_key_t *key = archi_section_const(w->b, ARCHI_SEC_HEAP);
    const char *wrong;

    for (uint32_t i = ARCHI_HEAP_PAD; i < w->b->section[ARCHI_SEC_HEAP].used; i++) {
        const archi_event_t *ev;
        wrong = meet(w, key[i].slot);
        if (wrong != NULL)
            return wrong;
        ev = &w->slots[key[i].slot].ev;
        if (ev->at != key[i].at || ev->src != key[i].src)
            return "the heap and its events disagree";
        if (ev->at > w->q->last)
            return "an event of the heap belongs into a bucket";
        if (!in_order(w, key, i))
            return "the heap is out of order";
    }
    return NULL;
}

static const char *check_run(walk_t *w)
{
    const archi_queue_key_t *run = archi_section_const(w->b, ARCHI_SEC_RUN);
    const char *wrong;

    if (w->q->run_tail > ARCHI_QUEUE_RUN || w->q->run_head > w->q->run_tail)
        return "the run is longer than it can be";
    for (uint32_t i = w->q->run_head; i < w->q->run_tail; i++) {
        wrong = meet(w, run[i].slot);
        if (wrong != NULL)
            return wrong;
        if (w->slots[run[i].slot].ev.at != run[i].at || w->slots[run[i].slot].ev.src != run[i].src ||
            run[i].at > w->q->last || run[i].at < w->q->reached)
            return "the run and its events disagree";
        if (i > w->q->run_head && archi_event_before(&w->slots[run[i].slot].ev, &w->slots[run[i - 1].slot].ev))
            return "the run is out of order";
    }
    return NULL;
}

static const char *check_ring(walk_t *w)
{
    const uint32_t *ring = archi_section_const(w->b, ARCHI_SEC_RING);
    uint32_t before = w->n_seen;
    const char *wrong = NULL;

    for (uint32_t i = 0; i < w->b->section[ARCHI_SEC_RING].used && wrong == NULL; i++)
        wrong = check_chain(w, ring[i], ARCHI_QUEUE_IN_RING, i);
    if (wrong == NULL && w->n_seen - before != w->q->n_ring)
        return "the ring holds more or fewer events than it says";
    return wrong;
}

static const char *check_levels(walk_t *w)
{
    const archi_queue_level_t *level = archi_section_const(w->b, ARCHI_SEC_LEVELS);
    const char *wrong = NULL;

    if (w->q->levels >> ARCHI_QUEUE_LEVELS != 0)
        return "there are more levels than there can be";
    for (uint32_t l = 0; l < ARCHI_QUEUE_LEVELS && wrong == NULL; l++) {
        if ((level[l].map != 0) != (w->q->levels >> l & 1))
            return "a level is empty and should not be, or the other way round";
        for (uint32_t d = 0; d < 64 && wrong == NULL; d++)
            if (level[l].map >> d & 1)
                wrong = level[l].head[d] == ARCHI_NIL ? "a bucket that should hold events is empty"
                                                      : check_chain(w, level[l].head[d], l, d);
    }
    return wrong;
}

static const char *check_buckets(walk_t *w)
{
    const char *wrong = check_run(w);

    if (wrong == NULL)
        wrong = check_ring(w);
    if (wrong == NULL)
        wrong = check_levels(w);
    if (wrong != NULL)
        return wrong;
    return w->q->peek == -1 || w->q->peek == w->least ? NULL : "the time of the first event is wrong";
}

/* Every slot that holds an event has been met. */
static const char *check_slots(const walk_t *w)
{
    const archi_section_t *pool = &w->b->section[ARCHI_SEC_QUEUE];
    uint32_t n_free = 0;

    for (uint32_t i = 0; i < pool->used; i++)
        n_free += w->slots[i].next == ARCHI_SLOT_FREE;
    if (n_free != pool->n_free || w->n_seen != pool->used - pool->n_free)
        return "an event is neither in a bucket nor in the heap";
    return NULL;
}

const char *archi_queue_check(const archi_block_t *b)
{
    walk_t w = {b, &b->queue, NULL, NULL, 0, ARCH_TIME_MAX};
    bool only_heap = b->queue.ring_bits == 0;
    const char *wrong = check_sections(b);

    if (wrong == NULL)
        wrong = only_heap ? check_empty(b) : check_shape(b);
    if (wrong != NULL)
        return wrong;
    w.slots = archi_section_const(b, ARCHI_SEC_QUEUE);
    w.seen = calloc(b->section[ARCHI_SEC_QUEUE].used / 8 + (size_t)1, 1);
    if (w.seen == NULL)
        return "no memory to check the pending events";
    wrong = check_heap(&w);
    if (wrong == NULL && !only_heap)
        wrong = check_buckets(&w);
    if (wrong == NULL)
        wrong = check_slots(&w);
    free(w.seen);
    return wrong;
}
