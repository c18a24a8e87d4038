/* engine/block.h - a partition: one flat region of memory that holds all that the partition is.
 *
 * A block is a header and up to ARCHI_MAX_SECTIONS sections, each an array of equal entries reached by index.
 * Nothing in it is a pointer, so it may be copied, sent, written to a file and moved at any time between two events.
 * Sections come in three forms: arrays (fixed), pools (entries taken and given, free ones on a list threaded through
 * their first word) and logs (appended to and emptied as a whole). Handling one event may take at most `headroom`
 * entries of a section; the executor grows a block whose room falls below that *between* events, so that a handler
 * never meets a full section.
 *
 * Sections 0..ARCHI_FIRST_MODEL_SECTION-1 belong to the engine, the rest to the model. */
#ifndef ARCHI_BLOCK_H
#define ARCHI_BLOCK_H

#include "engine/event.h"
#include <architech/status.h>

#define ARCHI_MAX_SECTIONS        32
#define ARCHI_FIRST_MODEL_SECTION 10
#define ARCHI_NIL                 UINT32_MAX
#define ARCHI_BLOCK_MAGIC         0x4b4c4248435241ull /* "ARCHBLK" */

enum {
    ARCHI_SEC_LP = 0,     /* archi_lp_state_t per local process */
    ARCHI_SEC_OUTBOX = 1, /* log of archi_event_t for processes of other blocks */
    ARCHI_SEC_QUEUE = 2,  /* 2..6 belong to the pending event set, see engine/queue.h: pool of archi_slot_t */
    ARCHI_SEC_HEAP = 3,   /* log of archi_queue_key_t: a heap */
    ARCHI_SEC_RING = 4,   /* uint32_t: first slot of each bucket */
    ARCHI_SEC_LEVELS = 5, /* archi_queue_level_t: buckets of other widths */
    ARCHI_SEC_RUN = 6,    /* archi_queue_key_t: the bucket that was reached, in order */
    ARCHI_SEC_SENT = 7    /* log of arch_time_t: when each event of the outbox was sent; no room: nobody asks */
};

typedef struct {
    uint64_t offset;      /* from the block's start; 64-byte aligned */
    uint32_t entry_bytes;
    uint32_t capacity;    /* entries that fit */
    uint32_t used;        /* array: all; pool: entries ever taken; log: entries in it */
    uint32_t free_head;   /* pool: first free entry, ARCHI_NIL when none */
    uint32_t n_free;      /* pool: length of the free list */
    uint32_t headroom;    /* entries that one event may take; 0: never grows */
} archi_section_t;

/* What the kernel keeps for each logical process. */
typedef struct {
    uint32_t seq;         /* counter of the events it sent */
    uint32_t n_draws;     /* for models that draw by ordinal */
    uint64_t key;         /* of its draws, see archi_draw_key() */
} archi_lp_state_t;

/* Where each logical process lives. Shared by all blocks of a run, read-only while it runs, not part of any block. */
typedef struct {
    uint32_t        n_lps;
    uint32_t        n_blocks;
    uint32_t        stripe;   /* > 0: process p is in block p / stripe, at place p % stripe; tables are NULL */
    const uint32_t *block_of; /* stripe == 0: [n_lps] */
    const uint32_t *place_of; /* stripe == 0: [n_lps], place among its block's processes, ascending with the number */
} archi_map_t;

/* Scalar state of the pending event set, see engine/queue_calendar.h. */
typedef struct {
    arch_time_t last;       /* events up to it are in the run or in the heap, later ones in buckets */
    arch_time_t open;       /* a time in the bucket opened last */
    uint64_t    far;        /* end of the times that the ring covers */
    arch_time_t peek;       /* time of the first event in a bucket, or -1: not known */
    uint32_t    run_head;   /* the run's first event still pending */
    uint32_t    run_tail;   /* past its last one */
    uint32_t    shift;      /* a bucket of the ring is 2^shift ns wide */
    uint32_t    ring_bits;  /* the ring has 2^ring_bits buckets; 0: no buckets at all, only the row */
    uint32_t    n_ring;     /* events in the ring */
    uint32_t    levels;     /* bit l: level l is not empty */
    uint32_t    seq_from;   /* where the counters that levels 6..11 split begin */
    uint32_t    scout[8];   /* slots that the prefetcher has come to, */
    uint32_t    scout_bucket[8]; /* in these buckets of the ring */
    uint32_t    row_until;  /* only the row is used up to so many events */
    uint32_t    tuned_for;  /* events pending when widths were last chosen */
    uint32_t    bear_late;  /* so many late events are borne before somebody looks at them */
    arch_time_t reached;    /* no event in the run or in a bucket is earlier */
    arch_time_t measured_from; /* the same when the two below were 0 */
    uint64_t    waste;      /* work done since then that better widths would save; row: keys moved by insertions, */
    uint64_t    taken;      /* events that came out of buckets since then; row: since so many had been handled */
} archi_queue_state_t;

typedef struct {
    uint64_t        magic;
    uint64_t        bytes;       /* of the whole region in use */
    uint32_t        id;          /* block number within its replication */
    uint32_t        replication;
    uint64_t        seed;
    arch_time_t     now;         /* time of the last event handled */
    uint64_t        n_events;    /* handled so far */
    uint64_t        n_sent_out;  /* events that left for other blocks */
    uint32_t        n_lps;
    uint32_t        wants;       /* section that must grow before the next event, or ARCHI_NIL */
    uint32_t        n_sections;
    uint32_t        growing;     /* bit i: section i has headroom to keep */
    uint32_t        per_lp;      /* model's section with an entry for each process, fetched before its turn; 0: none */
    uint32_t        unused;
    archi_queue_state_t queue;
    archi_section_t section[ARCHI_MAX_SECTIONS];
} archi_block_t;

ARCH_HD static ARCH_ALWAYS_INLINE void *archi_section(archi_block_t *b, uint32_t id)
{
    return (char *)b + b->section[id].offset;
}

ARCH_HD static ARCH_ALWAYS_INLINE const void *archi_section_const(const archi_block_t *b, uint32_t id)
{
    return (const char *)b + b->section[id].offset;
}

/* Entries that can still be taken or appended. */
ARCH_HD static ARCH_ALWAYS_INLINE uint32_t archi_section_room(const archi_section_t *s)
{
    return s->capacity - s->used + s->n_free;
}

/* Take an entry of a pool: its content is what it last held. There is room: see `headroom`. */
ARCH_HD static ARCH_ALWAYS_INLINE uint32_t archi_pool_take(archi_block_t *b, uint32_t id)
{
    archi_section_t *s = &b->section[id];
    uint32_t i = s->free_head;

    if (i != ARCHI_NIL) {
        s->free_head = *(const uint32_t *)((const char *)b + s->offset + (uint64_t)i * s->entry_bytes);
        s->n_free--;
        return i;
    }
    ARCH_ASSERT(s->used < s->capacity);
    return s->used++;
}

ARCH_HD static ARCH_ALWAYS_INLINE void archi_pool_give(archi_block_t *b, uint32_t id, uint32_t i)
{
    archi_section_t *s = &b->section[id];

    *(uint32_t *)((char *)b + s->offset + (uint64_t)i * s->entry_bytes) = s->free_head;
    s->free_head = i;
    s->n_free++;
}

/* ---- making blocks; host only ----------------------------------------------------------------------------------- */

#ifdef __cplusplus
extern "C" {
#endif

typedef enum { ARCHI_ARRAY, ARCHI_POOL, ARCHI_LOG } archi_section_form_t;

typedef struct {
    archi_section_form_t form;
    uint32_t             entry_bytes; /* multiple of 4; 0: section not used */
    uint32_t             capacity;    /* ARRAY: the number of entries, zeroed */
    uint32_t             headroom;    /* POOL and LOG that may grow */
} archi_section_spec_t;

typedef struct {
    uint32_t             id, replication;
    uint64_t             seed;
    uint32_t             n_lps;
    uint32_t             n_events_hint; /* events expected to be pending at once; the set grows as needed */
    uint32_t             max_sends;     /* events that handling one event may send, itself included; >= 1 */
    /* section ARCHI_FIRST_MODEL_SECTION + i */
    archi_section_spec_t model[ARCHI_MAX_SECTIONS - ARCHI_FIRST_MODEL_SECTION];
} archi_block_spec_t;

/* Make an empty block. The caller owns *out and returns it to archi_block_destroy(). *out is NULL on ARCH_E_NOMEM and
 * ARCH_E_ARG. Local. */
arch_status_t archi_block_create(const archi_block_spec_t *spec, archi_block_t **out);
void          archi_block_destroy(archi_block_t **b);

/* Memory for a block of so many bytes whose content comes from elsewhere. *out is NULL on ARCH_E_NOMEM. Local. */
arch_status_t archi_block_reserve(uint64_t bytes, archi_block_t **out);

/* Size of the region that archi_block_grow() would move the block to. */
uint64_t archi_block_grown_bytes(const archi_block_t *b, uint32_t id, uint32_t capacity);

/* Move *b to a region in which section `id` has at least `capacity` entries; every index stays valid, *b changes. On
 * ARCH_E_NOMEM the block is as it was. */
arch_status_t archi_block_grow(archi_block_t **b, uint32_t id, uint32_t capacity);

/* Make *b hold what `from` holds, whose sections are the same and no larger; its own capacities stay. */
void archi_block_copy_into(const archi_block_t *from, archi_block_t *b);

/* Walk every invariant that can be checked; NULL when sound, else what is wrong (for tests and for foreign bytes). */
const char *archi_block_check(const archi_block_t *b);

#ifdef __cplusplus
}
#endif
#endif
