/* engine/queue_calendar.h - pending events in buckets of time: near O(1) from a hundred to a hundred million of them.
 *
 * After the calendar queue (Brown, CACM 31(10), 1988) and the ladder queue (Tang, Goh and Thng, TOMACS 15(3), 2005), laid
 * out for caches. An event lies by value in a slot of one cache line; buckets are chains of slots. A ring of buckets, each
 * 2^shift ns wide, covers the near future. The bucket that is reached becomes the run: its keys sorted, its events left in
 * place. What comes too late for the run goes to the heap of engine/queue_heap.h. So
 *
 *     run and heap  <=  queue.last  <  levels inside the open bucket  <  ring  <  queue.far  <=  levels beyond the ring
 *
 * A bucket with more events than a run holds is split: its events go to one of a few levels of 64 buckets, each a digit of
 * the time as in a radix heap (Ahuja, Mehlhorn, Orlin and Tarjan, JACM 37(2), 1990); events of one time are split by digits
 * of their sender, those of one sender by digits of its counter. What lies beyond the ring waits in levels of the same
 * kind and comes nearer digit by digit. Splitting and coming nearer only chain slots anew: no event is copied and nothing
 * can run out of memory, so it may happen while events run.
 *
 * Widths follow from the rate at which events came out lately, see archi_queue_tend(), which runs between events. */
#ifndef ARCHI_QUEUE_CALENDAR_H
#define ARCHI_QUEUE_CALENDAR_H

#include "engine/queue_row.h"

enum {
    ARCHI_QUEUE_RUN = 64,    /* events that a run may hold */
    ARCHI_QUEUE_AIM = 20,    /* and those that it should */
    ARCHI_QUEUE_ROW = 64,    /* up to so many events the row alone is used, */
    ARCHI_QUEUE_SHORT = 12,  /* up to so many even when an insertion has a long way to go in it; */
    ARCHI_QUEUE_FEW = 16,    /* it is used again when no more than these are left, or half of what it bears */
    ARCHI_QUEUE_LARGE = 24576, /* from so many on they lie outside the nearest caches */
    ARCHI_QUEUE_LEAD = 16,    /* buckets that the prefetcher may be ahead */
    ARCHI_QUEUE_BY_SLOT = 0, /* levels: 6 for each 32 bits of ties, 12 for the time */
    ARCHI_QUEUE_BY_SEQ = 6,
    ARCHI_QUEUE_BY_SRC = 12,
    ARCHI_QUEUE_BY_TIME = 18,
    ARCHI_QUEUE_LEVELS = 30,
    ARCHI_QUEUE_IN_RING = 30 /* stands for a level where a bucket of the ring is meant */
};
#define ARCHI_QUEUE_TIES    ((1u << ARCHI_QUEUE_BY_TIME) - 1) /* levels of events of one time */
#define ARCHI_QUEUE_HORIZON 60                                /* most that shift + ring_bits may be */

typedef struct {
    uint64_t map;      /* bit d: bucket d is not empty */
    uint32_t head[64]; /* meaningful where the bit is set */
} archi_queue_level_t;

/* A bucket that was found. */
typedef struct {
    uint32_t level; /* or ARCHI_QUEUE_IN_RING */
    uint32_t digit; /* which of the level's, or of the ring's */
    uint32_t head;
    uint32_t width; /* 2^width ns */
    uint64_t start; /* none of its events is earlier */
} archi_bucket_t;

/* ---- parts ------------------------------------------------------------------------------------------------------- */

ARCH_HD static ARCH_ALWAYS_INLINE uint32_t *archi_queue_ring(archi_block_t *b)
{
    return (uint32_t *)archi_section(b, ARCHI_SEC_RING);
}

ARCH_HD static ARCH_ALWAYS_INLINE archi_queue_level_t *archi_queue_level(archi_block_t *b, uint32_t level)
{
    return (archi_queue_level_t *)archi_section(b, ARCHI_SEC_LEVELS) + level;
}

ARCH_HD static ARCH_ALWAYS_INLINE archi_queue_key_t *archi_queue_run(archi_block_t *b)
{
    return (archi_queue_key_t *)archi_section(b, ARCHI_SEC_RUN);
}

/* Highest and lowest bit that is set; x is not 0. */
ARCH_HD static ARCH_ALWAYS_INLINE uint32_t archi_top_bit(uint64_t x)
{
#if defined(__CUDA_ARCH__)
    return 63u - (uint32_t)__clzll((long long)x);
#else
    return 63u - (uint32_t)__builtin_clzll(x);
#endif
}

ARCH_HD static ARCH_ALWAYS_INLINE uint32_t archi_low_bit(uint64_t x)
{
#if defined(__CUDA_ARCH__)
    return (uint32_t)__ffsll((long long)x) - 1u;
#else
    return (uint32_t)__builtin_ctzll(x);
#endif
}

/* x with its lowest `bits` bits cleared. */
ARCH_HD static ARCH_ALWAYS_INLINE uint64_t archi_high_part(uint64_t x, uint32_t bits)
{
    return bits >= 64 ? 0 : x >> bits << bits;
}

/* Levels 18 .. near-1 split the open bucket of the ring, levels near .. 29 hold what lies beyond the ring. */
ARCH_HD static ARCH_ALWAYS_INLINE uint32_t archi_queue_near(const archi_queue_state_t *q)
{
    return ARCHI_QUEUE_BY_TIME + q->shift / 6 + 1;
}

/* What lies beyond the ring comes into it in quarters of the ring, 2^this ns at a time. */
ARCH_HD static ARCH_ALWAYS_INLINE uint32_t archi_queue_quarter(const archi_queue_state_t *q)
{
    return q->shift + q->ring_bits - 2;
}

/* ---- putting a slot into its bucket ------------------------------------------------------------------------------ */

ARCH_HD static ARCH_ALWAYS_INLINE void archi_queue_chain(archi_block_t *b, uint32_t slot, uint32_t level, uint32_t digit)
{
    archi_queue_level_t *l = archi_queue_level(b, level);

    archi_queue_slots(b)[slot].next = l->map >> digit & 1 ? l->head[digit] : ARCHI_NIL;
    l->head[digit] = slot;
    l->map |= (uint64_t)1 << digit;
    b->queue.levels |= 1u << level;
}

/* Not in the ring: inside its open bucket, or beyond it. */
ARCHI_QUEUE_COLD void archi_queue_file_elsewhere(archi_block_t *b, uint32_t slot)
{
    const archi_queue_state_t *q = &b->queue;
    uint64_t at = (uint64_t)archi_queue_slots(b)[slot].ev.at;
    uint32_t group, unit = archi_queue_quarter(q);

    if (at < q->far) {
        group = archi_top_bit((at ^ (uint64_t)q->open) | 1) / 6;
        archi_queue_chain(b, slot, ARCHI_QUEUE_BY_TIME + group, at >> 6 * group & 63);
    } else {
        group = (archi_top_bit(at ^ (q->far - 1)) - unit) / 6;
        archi_queue_chain(b, slot, archi_queue_near(q) + group, at >> (unit + 6 * group) & 63);
    }
}

/* The slot's event is later than queue.last. */
ARCH_HD static ARCH_ALWAYS_INLINE void archi_queue_file(archi_block_t *b, uint32_t slot, arch_time_t time)
{
    archi_queue_state_t *q = &b->queue;
    archi_slot_t *s = &archi_queue_slots(b)[slot];
    uint64_t at = (uint64_t)time, bucket = at >> q->shift;

    if (ARCH_LIKELY(at < q->far && bucket != (uint64_t)q->open >> q->shift)) {
        uint32_t *head = &archi_queue_ring(b)[bucket & (((uint64_t)1 << q->ring_bits) - 1)];
        s->next = *head;
        *head = slot;
        q->n_ring++;
    } else {
        archi_queue_file_elsewhere(b, slot);
    }
}

/* File every slot of a chain; how many they were. */
ARCHI_QUEUE_COLD uint32_t archi_queue_file_chain(archi_block_t *b, uint32_t slot)
{
    const archi_slot_t *slots = archi_queue_slots(b);
    uint32_t n = 0;

    while (slot != ARCHI_NIL) {
        uint32_t next = slots[slot].next;
        archi_queue_file(b, slot, slots[slot].ev.at);
        slot = next;
        n++;
    }
    b->queue.waste += n;
    return n;
}

/* ---- moving the ring --------------------------------------------------------------------------------------------- */

ARCH_HD static ARCH_INLINE void archi_queue_forget(archi_block_t *b, const archi_bucket_t *k, uint32_t n)
{
    if (k->level == ARCHI_QUEUE_IN_RING) {
        archi_queue_ring(b)[k->digit] = ARCHI_NIL;
        b->queue.n_ring -= n;
        return;
    }
    archi_queue_level(b, k->level)->map &= ~((uint64_t)1 << k->digit);
    if (archi_queue_level(b, k->level)->map == 0)
        b->queue.levels &= ~(1u << k->level);
}

/* The ring covers one quarter more: fetch what waits there. With the last digits of `far` at 0, that is one bucket, and
 * the levels below it are empty. */
ARCHI_QUEUE_COLD void archi_queue_turn(archi_block_t *b)
{
    archi_queue_state_t *q = &b->queue;
    uint32_t unit = archi_queue_quarter(q), group = (archi_top_bit(q->far ^ (q->far - 1)) - unit) / 6;
    archi_bucket_t k;

    k.level = archi_queue_near(q) + group;
    k.digit = q->far >> (unit + 6 * group) & 63;
    q->far += (uint64_t)1 << unit;
    if (k.level < ARCHI_QUEUE_LEVELS && (archi_queue_level(b, k.level)->map >> k.digit & 1)) {
        k.head = archi_queue_level(b, k.level)->head[k.digit];
        archi_queue_forget(b, &k, 0);
        archi_queue_file_chain(b, k.head);
    }
}

/* `open` has moved: the ring is to reach at least three quarters beyond it. */
ARCH_HD static ARCH_ALWAYS_INLINE void archi_queue_open(archi_block_t *b, uint64_t open)
{
    archi_queue_state_t *q = &b->queue;
    uint32_t unit = archi_queue_quarter(q);

    q->open = (arch_time_t)open;
    while (ARCH_UNLIKELY(q->far < ((open >> unit) + 4) << unit))
        archi_queue_turn(b);
}

/* ---- the next bucket --------------------------------------------------------------------------------------------- */

ARCHI_QUEUE_COLD void archi_queue_find_in_level(archi_block_t *b, uint32_t level, archi_bucket_t *k)
{
    const archi_queue_state_t *q = &b->queue;
    const archi_queue_level_t *l = archi_queue_level(b, level);
    uint64_t from = level < archi_queue_near(q) ? (uint64_t)q->open : q->far - 1;

    k->level = level;
    k->digit = archi_low_bit(l->map);
    k->head = l->head[k->digit];
    k->width = 0;
    k->start = (uint64_t)q->last;
    if (level < ARCHI_QUEUE_BY_TIME)
        return;
    k->width = level < archi_queue_near(q) ? 6 * (level - ARCHI_QUEUE_BY_TIME)
                                           : archi_queue_quarter(q) + 6 * (level - archi_queue_near(q));
    k->start = archi_high_part(from, k->width + 6) | (uint64_t)k->digit << k->width;
}

/* The first bucket that is not empty, by the order of events; false when there is none. */
ARCH_HD static ARCH_INLINE bool archi_queue_find(archi_block_t *b, archi_bucket_t *k)
{
    archi_queue_state_t *q = &b->queue;
    const uint32_t *ring = archi_queue_ring(b);
    uint32_t inside = q->levels & ((1u << archi_queue_near(q)) - 1), mask;
    uint64_t bucket;

    if (inside != 0 || q->n_ring == 0) {
        if (q->levels != 0)
            archi_queue_find_in_level(b, archi_low_bit(q->levels), k);
        return q->levels != 0;
    }
    mask = (uint32_t)(((uint64_t)1 << q->ring_bits) - 1);
    bucket = ((uint64_t)q->open >> q->shift) + 1;
    while (ring[bucket & mask] == ARCHI_NIL)
        bucket++;
    k->level = ARCHI_QUEUE_IN_RING;
    k->digit = (uint32_t)bucket & mask;
    k->head = ring[k->digit];
    k->width = q->shift;
    k->start = bucket << q->shift;
    q->waste += (bucket - ((uint64_t)q->open >> q->shift)) / 8;
    return true;
}

/* Time of the first event of a chain. */
ARCHI_QUEUE_COLD arch_time_t archi_queue_least(archi_block_t *b, uint32_t slot)
{
    const archi_slot_t *slots = archi_queue_slots(b);
    arch_time_t least = ARCH_TIME_MAX;

    for (; slot != ARCHI_NIL; slot = slots[slot].next)
        if (slots[slot].ev.at < least)
            least = slots[slot].ev.at;
    return least;
}

/* ---- making a run ------------------------------------------------------------------------------------------------ */

/* Insertion sort: for few keys, and for those that tie. */
ARCH_HD static ARCH_INLINE void archi_queue_insert(archi_block_t *b, const archi_queue_key_t *key, uint32_t n)
{
    const archi_slot_t *slots = archi_queue_slots(b);
    archi_queue_key_t *run = archi_queue_run(b);
    uint32_t i, k;

    for (k = 0; k < n; k++) {
        for (i = k; i > 0 && archi_queue_key_before(slots, &key[k], &run[i - 1]); i--)
            run[i] = run[i - 1];
        run[i] = key[k];
    }
}

/* Rank sort: a key's place is the number of those before it. Quadratic, but without a branch to guess wrong and four at a
 * time where the machine can; where two are equal the ranks do not add up, and false is the answer. `at` is padded with
 * INT32_MAX to a multiple of four. */
ARCH_HD static ARCH_INLINE bool archi_queue_rank(archi_block_t *b, const archi_queue_key_t *key, const int32_t *at,
                                                 uint32_t n)
{
    archi_queue_key_t *run = archi_queue_run(b);
    uint32_t padded = (n + 3) & ~3u, sum = 0, i, j, rank;

    for (i = 0; i < n; i++) {
        rank = 0;
        for (j = 0; j < padded; j++)
            rank += at[j] < at[i];
        sum += rank;
        run[rank] = key[i];
    }
    return sum == n * (n - 1) / 2;
}

/* Sort as many of a bucket as a run holds into the run; the first slot left over, or ARCHI_NIL. */
ARCH_HD static ARCH_INLINE uint32_t archi_queue_collect(archi_block_t *b, const archi_bucket_t *k, uint32_t *count)
{
    const archi_slot_t *slots = archi_queue_slots(b);
    archi_queue_key_t key[ARCHI_QUEUE_RUN];
    int32_t at[ARCHI_QUEUE_RUN + 4];
    uint32_t n, slot = k->head, coarse = k->width > 31 ? k->width - 31 : 0;

    for (n = 0; slot != ARCHI_NIL && n < ARCHI_QUEUE_RUN; n++) {
        key[n].at = slots[slot].ev.at;
        key[n].src = slots[slot].ev.src;
        key[n].slot = slot;
        at[n] = (int32_t)(((uint64_t)key[n].at - k->start) >> coarse);
        slot = slots[slot].next;
    }
    *count = n;
    at[n] = at[n + 1] = at[n + 2] = INT32_MAX;
    if (slot == ARCHI_NIL && !archi_queue_rank(b, key, at, n))
        archi_queue_insert(b, key, n);
    return slot;
}

/* ---- fetching what comes next ------------------------------------------------------------------------------------ */

/* The chains of several buckets are followed side by side, for a step has to wait until the one before it has arrived:
 * scout i looks after every eighth bucket of the ring and is up to ARCHI_QUEUE_LEAD buckets ahead of the run. The process
 * that the event it leaves goes to, or ARCHI_NIL. */
ARCH_HD static ARCH_ALWAYS_INLINE archi_lp_t archi_queue_scout(archi_block_t *b, uint32_t i)
{
    archi_queue_state_t *q = &b->queue;
    uint32_t open = (uint32_t)((uint64_t)q->open >> q->shift), lead = q->scout_bucket[i] - open, slot = q->scout[i];
    archi_lp_t dst = ARCHI_NIL;

    if (lead - 1 < ARCHI_QUEUE_LEAD && slot < b->section[ARCHI_SEC_QUEUE].used) {
        dst = archi_queue_slots(b)[slot].ev.dst;
        slot = archi_queue_slots(b)[slot].next;
    } else {
        if (lead - 1 >= ARCHI_QUEUE_LEAD) /* the run has overtaken it */
            q->scout_bucket[i] = open + 8 - ((open - i) & 7);
        else if (lead + 8 <= ARCHI_QUEUE_LEAD)
            q->scout_bucket[i] += 8;
        else
            return ARCHI_NIL;
        slot = archi_queue_ring(b)[q->scout_bucket[i] & (uint32_t)(((uint64_t)1 << q->ring_bits) - 1)];
    }
    q->scout[i] = slot;
    if (slot < b->section[ARCHI_SEC_QUEUE].used)
        ARCH_PREFETCH(&archi_queue_slots(b)[slot]);
    return dst;
}

/* In a set that lies in the second cache one step along the next bucket's chain for each event of the run is enough. */
ARCH_HD static ARCH_ALWAYS_INLINE archi_lp_t archi_queue_walk(archi_block_t *b)
{
    uint32_t slot = b->queue.scout[0];
    const archi_slot_t *s = &archi_queue_slots(b)[slot];

    if (b->queue.run_head == b->queue.run_tail || slot >= b->section[ARCHI_SEC_QUEUE].used)
        return ARCHI_NIL;
    b->queue.scout[0] = s->next;
    ARCH_PREFETCH(&archi_queue_slots(b)[s->next]);
    return s->ev.dst;
}

/* The run holds bucket k's n events: from now on later ones belong behind it. */
ARCH_HD static ARCH_INLINE void archi_queue_commit(archi_block_t *b, const archi_bucket_t *k, uint32_t n)
{
    archi_queue_state_t *q = &b->queue;

    archi_queue_forget(b, k, n);
    q->run_head = 0;
    q->run_tail = n;
    q->taken += n;
    q->peek = -1;
    q->reached = archi_queue_run(b)[0].at;
    if (k->level < ARCHI_QUEUE_BY_TIME)
        return;
    q->last = (arch_time_t)(k->start + (((uint64_t)1 << k->width) - 1));
    archi_queue_open(b, (uint64_t)q->last);
    if (q->tuned_for < ARCHI_QUEUE_LARGE)
        q->scout[0] = archi_queue_ring(b)[(((uint64_t)q->open >> q->shift) + 1) & (((uint64_t)1 << q->ring_bits) - 1)];
}

/* In what the events of a chain differ. */
typedef struct {
    arch_time_t least;
    uint64_t    at;
    uint32_t    src, seq, slot;
} archi_spread_t;

ARCHI_QUEUE_COLD void archi_queue_survey(archi_block_t *b, uint32_t slot, uint32_t seq_from, archi_spread_t *d)
{
    const archi_slot_t *slots = archi_queue_slots(b);
    const archi_event_t *first = &slots[slot].ev, *ev;
    uint32_t first_slot = slot;

    d->least = first->at;
    d->at = 0;
    d->src = d->seq = d->slot = 0;
    for (; slot != ARCHI_NIL; slot = slots[slot].next) {
        ev = &slots[slot].ev;
        d->at |= (uint64_t)ev->at ^ (uint64_t)first->at;
        d->src |= ev->src ^ first->src;
        d->seq |= (ev->seq - seq_from) ^ (first->seq - seq_from);
        d->slot |= slot ^ first_slot;
        if (ev->at < d->least)
            d->least = ev->at;
    }
}

/* Split by the highest digit of the time that differs. All share what is above it: open what they share. */
ARCHI_QUEUE_COLD uint32_t archi_queue_split_by_time(archi_block_t *b, const archi_bucket_t *k, const archi_spread_t *d)
{
    uint64_t from = archi_high_part((uint64_t)d->least, 6 * (archi_top_bit(d->at) / 6) + 6);

    if (from < k->start)
        from = k->start;
    b->queue.last = (arch_time_t)from - 1;
    archi_queue_open(b, from);
    return archi_queue_file_chain(b, k->head);
}

/* What a level splits events of one time by: all digits of it are split before those of the next. */
ARCH_HD static ARCH_ALWAYS_INLINE uint32_t archi_queue_tie(const archi_queue_state_t *q, const archi_event_t *ev,
                                                           uint32_t slot, uint32_t level)
{
    if (level >= ARCHI_QUEUE_BY_SRC)
        return ev->src;
    return level >= ARCHI_QUEUE_BY_SEQ ? ev->seq - q->seq_from : slot;
}

ARCHI_QUEUE_COLD uint32_t archi_queue_spread_over(archi_block_t *b, uint32_t slot, uint32_t level)
{
    const archi_slot_t *slots = archi_queue_slots(b);
    uint32_t n = 0;

    for (; slot != ARCHI_NIL; n++) {
        uint32_t next = slots[slot].next, digits = archi_queue_tie(&b->queue, &slots[slot].ev, slot, level);
        archi_queue_chain(b, slot, level, digits >> 6 * (level % 6) & 63);
        slot = next;
    }
    return n;
}

ARCHI_QUEUE_COLD uint32_t archi_queue_split_ties(archi_block_t *b, const archi_bucket_t *k, const archi_spread_t *d)
{
    uint32_t level = ARCHI_QUEUE_BY_SLOT, differ = d->slot;

    if (d->src != 0 || d->seq != 0) {
        level = d->src != 0 ? ARCHI_QUEUE_BY_SRC : ARCHI_QUEUE_BY_SEQ;
        differ = d->src != 0 ? d->src : d->seq;
    }
    b->queue.last = d->least;
    archi_queue_open(b, (uint64_t)d->least);
    return archi_queue_spread_over(b, k->head, level + archi_top_bit(differ) / 6);
}

/* Bucket k holds more than a run: spread its events over a level. False when all lie at or after the horizon; nothing is
 * changed then. */
ARCHI_QUEUE_COLD bool archi_queue_split(archi_block_t *b, const archi_bucket_t *k, arch_time_t horizon)
{
    archi_queue_state_t *q = &b->queue;
    archi_spread_t d;
    uint32_t n;

    if (k->level < ARCHI_QUEUE_BY_TIME && k->level % 6 != 0) { /* of one time, and more digits to go */
        archi_queue_forget(b, k, 0);
        archi_queue_spread_over(b, k->head, k->level - 1);
        return true;
    }
    if (k->level >= ARCHI_QUEUE_BY_SRC)
        q->seq_from = archi_queue_slots(b)[k->head].ev.seq - 0x80000000u;
    archi_queue_survey(b, k->head, q->seq_from, &d);
    if (d.least >= horizon) {
        q->peek = d.least;
        return false;
    }
    archi_queue_forget(b, k, 0);
    n = d.at != 0 ? archi_queue_split_by_time(b, k, &d) : archi_queue_split_ties(b, k, &d);
    if (k->level == ARCHI_QUEUE_IN_RING)
        q->n_ring -= n;
    return true;
}

/* Bucket k lies beyond the ring, which is empty: move the ring to the quarter of its first event. */
ARCHI_QUEUE_COLD bool archi_queue_jump(archi_block_t *b, const archi_bucket_t *k, arch_time_t horizon)
{
    archi_queue_state_t *q = &b->queue;
    arch_time_t least = archi_queue_least(b, k->head);
    uint32_t unit = archi_queue_quarter(q);
    uint64_t to = archi_high_part((uint64_t)least, unit);

    if (least >= horizon) {
        q->peek = least;
        return false;
    }
    archi_queue_forget(b, k, 0);
    q->last = q->open = (arch_time_t)to - 1;
    q->far = to + ((uint64_t)1 << unit);
    archi_queue_file_chain(b, k->head);
    archi_queue_open(b, to - 1);
    return true;
}

/* Make the first bucket the run, if an event of it lies before the horizon. The run is empty. */
ARCHI_QUEUE_COLD bool archi_queue_advance(archi_block_t *b, arch_time_t horizon)
{
    archi_queue_state_t *q = &b->queue;
    archi_bucket_t k;
    uint32_t n;

    if (q->peek >= horizon)
        return false;
    while (archi_queue_find(b, &k) && k.start < (uint64_t)horizon) {
        if (k.level != ARCHI_QUEUE_IN_RING && k.level >= archi_queue_near(q)) {
            if (!archi_queue_jump(b, &k, horizon))
                return false;
        } else if (archi_queue_collect(b, &k, &n) != ARCHI_NIL) {
            if (!archi_queue_split(b, &k, horizon))
                return false;
        } else if (archi_queue_run(b)[0].at >= horizon) {
            q->peek = archi_queue_run(b)[0].at;
            return false;
        } else {
            archi_queue_commit(b, &k, n);
            return true;
        }
    }
    return false;
}

#endif
