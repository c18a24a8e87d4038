/* engine/executor_course.h - what the parts of a run in segments share; see executor_course.c. */
#ifndef ARCHI_EXECUTOR_COURSE_H
#define ARCHI_EXECUTOR_COURSE_H

#include "engine/executor_impl.h"

/* How a segment is run: by which executor, on ranks 0 .. n_active - 1. */
typedef struct {
    uint32_t kind; /* archi_executor_kind_t */
    uint32_t n_active;
} archi_way_t;

/* What rank 0 decides at a pause, for all. */
typedef struct {
    arch_time_t until; /* end of the next segment */
    archi_way_t way;
} archi_order_t;

/* What all ranks put together at a pause: rank by rank, then block by block, each of them filled in by one rank alone. */
enum {
    ARCHI_OF_RANK_WALL,   /* ns that the last segment took, */
    ARCHI_OF_RANK_BUSY,   /* of these neither waiting nor kept from the core */
    ARCHI_OF_RANK_BYTES,  /* of its blocks */
    ARCHI_OF_RANK_LIMIT,  /* of memory; 0: none */
    ARCHI_RANK_WORDS,
    ARCHI_OF_BLOCK_EVENTS = 0, /* handled in the last segment */
    ARCHI_OF_BLOCK_BYTES,
    ARCHI_BLOCK_WORDS
};

typedef struct {
    uint32_t        size, n_blocks;
    uint64_t       *word;   /* [size * ARCHI_RANK_WORDS + n_blocks * ARCHI_BLOCK_WORDS] */
    const uint32_t *holder; /* [n_blocks] */
    arch_time_t     next;   /* time of the next event anywhere */
    arch_time_t     until;  /* of the whole run */
} archi_measures_t;

static inline uint64_t *archi_of_rank(const archi_measures_t *m, uint32_t r)
{
    return m->word + (size_t)r * ARCHI_RANK_WORDS;
}

static inline uint64_t *archi_of_block(const archi_measures_t *m, uint32_t b)
{
    return m->word + (size_t)m->size * ARCHI_RANK_WORDS + (size_t)b * ARCHI_BLOCK_WORDS;
}

/* Something that may be tried: how long to leave it alone, and how long after it has failed once more. In segments. */
typedef struct {
    uint32_t rest, patience;
} archi_try_t;

enum { ARCHI_TRY_FEWER, ARCHI_TRY_MORE, ARCHI_TRY_KIND, ARCHI_N_TRIES };

/* What rank 0 remembers from one pause to the next. */
typedef struct {
    archi_run_t        run;       /* as it was asked for: its kind and its end are not those of a segment */
    uint32_t           size, n_blocks;
    const uint32_t    *home;      /* [n_blocks] */
    archi_way_t        way;       /* of the next segment */
    uint32_t           most;      /* ranks that may be at work at a time */
    uint32_t           n_chosen;  /* 0: nothing has been measured yet; counts to 2 */
    double             length;    /* of the next segment in simulated ns */
    double             aim;       /* wall seconds that it should take */
    double             rate;      /* events per wall second of this way, over the last segments */
    double             efficiency; /* share of the ranks' time that they were busy */
    double            *load;      /* [n_blocks] seconds, or events, in a segment: over the last segments */
    double            *rank_load; /* [size] */
    uint64_t          *rank_bytes; /* [size] */
    uint32_t           n_rated;   /* segments that rate and efficiency are of */
    uint32_t           n_drifted; /* segments in a row in which the ranks' loads were apart */
    uint64_t           dice;
    /* a trial */
    archi_try_t        attempt[ARCHI_N_TRIES];
    uint32_t           trying;    /* ARCHI_N_TRIES: nothing */
    uint32_t           n_left;    /* segments of the trial */
    archi_way_t        way_before;
    uint32_t          *holder_before; /* [n_blocks] */
    double             trial_events, trial_seconds;
} archi_choice_t;

/* For a run on `size` ranks. The caller owns *c (archi_choice_free), which is safe to free on failure too. */
arch_status_t archi_choice_make(const archi_run_t *run, uint32_t size, const uint32_t *home, archi_choice_t *c);
void          archi_choice_free(archi_choice_t *c);

/* The run begins, or a segment is over: choose the next, and who is to hold which block in it. wanted[n_blocks] comes in as
 * it is now. */
void archi_choose(archi_choice_t *c, const archi_measures_t *m, archi_order_t *order, uint32_t *wanted);

/* What was chosen could not be done: blocks stay where they are, and so do the ranks at work. */
void archi_choice_refused(archi_choice_t *c, archi_way_t now);

#endif
