/* kernels/wave.h - members of an ensemble that run side by side on a device, and what is done to one of them: C11 that is
 * also CUDA C++. A wave is described by flat tables in the device's memory; its pointers are the device's.
 *
 * A member begins as a copy of its scenario's prototype, goes on by a slice of so many events at a call, and is in the end
 * packed: what the collection of statistics reads, as a block of its own that holds nothing else. A member that runs out of
 * room stays as it is after the last event that it handled: another machine can go on from there. */
#ifndef ARCHI_WAVE_H
#define ARCHI_WAVE_H

#include "model/begin.h"

typedef enum {
    ARCHI_MEMBER_RUNS,
    ARCHI_MEMBER_DONE, /* handled every event, integrals closed */
    ARCHI_MEMBER_OVERFLOWED, /* a section of its block is full; it stands as after the last event handled */
    ARCHI_MEMBER_CROWDED /* not even its first events had room: it has to begin elsewhere */
} archi_member_state_t;

typedef struct {
    const archi_plan_t  *plan;
    const archi_block_t *prototype; /* empty, with the capacities that its members get */
    uint64_t             bytes;     /* of the prototype; multiple of 16 */
} archi_wave_scenario_t;

typedef struct {
    uint64_t at;          /* where in the region its block lies */
    uint64_t packed_at;   /* where in the output it is packed to; set when all are done */
    uint64_t seed;
    uint32_t scenario, replication;
} archi_wave_member_t;

/* What the host looks at after each slice. */
typedef struct {
    uint64_t    n_events, packed_bytes;
    arch_time_t reached;  /* simulated time */
    uint32_t    state;    /* archi_member_state_t */
    uint32_t    unused;
} archi_wave_report_t;

typedef struct {
    const archi_wave_scenario_t *scenario;
    const archi_wave_member_t   *member;  /* [n] */
    archi_wave_report_t         *report;  /* [n] */
    char                        *region, *output;
    uint64_t                     slice; /* events that each member handles at most in a launch */
    uint32_t                     n, unused;
} archi_wave_t;

/* What is done to each member of a wave by a launch. COPY and PACK: lanes of a member share the work. */
typedef enum {
    ARCHI_LAUNCH_COPY,
    ARCHI_LAUNCH_BEGIN,
    ARCHI_LAUNCH_ADVANCE,
    ARCHI_LAUNCH_PACK,
    ARCHI_N_LAUNCHES
} archi_launch_t;

ARCH_HD static ARCH_INLINE archi_block_t *archi_wave_block(const archi_wave_t *w, uint32_t i)
{
    return (archi_block_t *)(w->region + w->member[i].at);
}

ARCH_HD static ARCH_INLINE const archi_plan_t *archi_wave_plan(const archi_wave_t *w, uint32_t i)
{
    return w->scenario[w->member[i].scenario].plan;
}

/* Lane `lane` of n_lanes: its share of n 16-byte words, which a GPU loads and stores in one go. */
#if defined(__CUDACC__)
typedef struct __align__(16) {
#else
typedef struct {
#endif
    uint64_t half[2];
} archi_wave_word_t;

ARCH_HD static ARCH_INLINE void archi_wave_copy_words(void *to, const void *from, uint64_t n, uint32_t lane,
                                                      uint32_t n_lanes)
{
    archi_wave_word_t *t = (archi_wave_word_t *)to;
    const archi_wave_word_t *f = (const archi_wave_word_t *)from;
    uint64_t k;

    for (k = lane; k < n; k += n_lanes)
        t[k] = f[k];
}

/* ---- begin ------------------------------------------------------------------------------------------------------- */

ARCH_HD static ARCH_INLINE void archi_wave_copy(const archi_wave_t *w, uint32_t i, uint32_t lane, uint32_t n_lanes)
{
    const archi_wave_scenario_t *s = w->scenario + w->member[i].scenario;

    archi_wave_copy_words(archi_wave_block(w, i), s->prototype, s->bytes / sizeof(archi_wave_word_t), lane, n_lanes);
}

ARCH_HD static ARCH_INLINE archi_map_t archi_wave_map(const archi_block_t *b)
{
    archi_map_t map;

    map.n_lps = b->n_lps;
    map.n_blocks = 1;
    map.stripe = b->n_lps;
    map.block_of = NULL;
    map.place_of = NULL;
    return map;
}

ARCH_HD static ARCH_INLINE void archi_wave_note(const archi_wave_t *w, uint32_t i, const archi_block_t *b,
                                                archi_member_state_t state, arch_time_t reached)
{
    archi_wave_report_t *r = w->report + i;

    r->n_events = b->n_events;
    r->reached = reached;
    r->state = (uint32_t)state;
    r->packed_bytes = 0;
    r->unused = 0;
}

ARCH_HD static ARCH_INLINE void archi_wave_begin(const archi_wave_t *w, uint32_t i)
{
    archi_block_t *b = archi_wave_block(w, i);
    archi_map_t map = archi_wave_map(b);
    archi_stop_t stop;

    b->seed = w->member[i].seed;
    b->replication = w->member[i].replication;
    stop = archi_begin_block(archi_wave_plan(w, i), &map, b);
    archi_wave_note(w, i, b, stop == ARCHI_REACHED ? ARCHI_MEMBER_RUNS : ARCHI_MEMBER_CROWDED, 0);
}

/* ---- go on ------------------------------------------------------------------------------------------------------- */

/* Sections that archi_model_tally() and its like read. */
ARCH_HD static ARCH_INLINE bool archi_wave_keeps(uint32_t section)
{
    return section == ARCHI_SEC_ELEMENT || (section >= ARCHI_SEC_TALLY && section <= ARCHI_SEC_CHUNK);
}

ARCH_HD static ARCH_INLINE uint64_t archi_wave_align(uint64_t n) { return (n + 63) & ~(uint64_t)63; }

ARCH_HD static ARCH_INLINE uint64_t archi_wave_used_bytes(const archi_section_t *s)
{
    return (uint64_t)s->entry_bytes * s->used;
}

ARCH_HD static ARCH_INLINE uint64_t archi_wave_packed_bytes(const archi_block_t *b)
{
    uint64_t n = archi_wave_align(sizeof *b);
    uint32_t i;

    for (i = ARCHI_FIRST_MODEL_SECTION; i < ARCHI_MAX_SECTIONS; i++)
        if (archi_wave_keeps(i))
            n += archi_wave_align(archi_wave_used_bytes(&b->section[i]));
    return n;
}

/* As many events for each: of members that a GPU runs side by side none waits for another before its end. */
ARCH_HD static ARCH_INLINE void archi_wave_advance(const archi_wave_t *w, uint32_t i)
{
    archi_block_t *b = archi_wave_block(w, i);
    const archi_plan_t *plan = archi_wave_plan(w, i);
    archi_map_t map = archi_wave_map(b);
    archi_stop_t stop;

    if (w->report[i].state != ARCHI_MEMBER_RUNS)
        return;
    stop = archi_run_some(plan, &map, b, plan->duration, w->slice, archi_handle);
    if (stop != ARCHI_REACHED) {
        archi_wave_note(w, i, b, stop == ARCHI_PAUSED ? ARCHI_MEMBER_RUNS : ARCHI_MEMBER_OVERFLOWED, b->now);
        return;
    }
    archi_end_block(plan, b, plan->duration);
    archi_wave_note(w, i, b, ARCHI_MEMBER_DONE, plan->duration);
    w->report[i].packed_bytes = archi_wave_packed_bytes(b);
}

/* ---- pack -------------------------------------------------------------------------------------------------------- */

/* The header of the packed block: every section that is kept has the capacity that it uses, the others none. */
ARCH_HD static ARCH_INLINE void archi_wave_pack_header(const archi_block_t *b, archi_block_t *to)
{
    uint64_t at = archi_wave_align(sizeof *b);
    uint32_t i;

    for (i = sizeof *b / sizeof(uint64_t); i < at / sizeof(uint64_t); i++)
        ((uint64_t *)to)[i] = 0; /* up to the first section: no byte goes home that nobody wrote */
    *to = *b;
    to->growing = 0;
    to->per_lp = 0;
    for (i = 0; i < ARCHI_MAX_SECTIONS; i++) {
        archi_section_t *s = &to->section[i];
        s->offset = at;
        s->used = archi_wave_keeps(i) ? s->used : 0;
        s->capacity = s->used;
        at += archi_wave_align(archi_wave_used_bytes(s));
    }
    to->bytes = at;
}

ARCH_HD static ARCH_INLINE void archi_wave_pack(const archi_wave_t *w, uint32_t i, uint32_t lane, uint32_t n_lanes)
{
    const archi_block_t *b = archi_wave_block(w, i);
    char *to = w->output + w->member[i].packed_at;
    uint64_t at = archi_wave_align(sizeof *b);
    uint32_t k;

    if (w->report[i].state != ARCHI_MEMBER_DONE)
        return;
    if (lane == 0)
        archi_wave_pack_header(b, (archi_block_t *)to);
    for (k = ARCHI_FIRST_MODEL_SECTION; k < ARCHI_MAX_SECTIONS; k++)
        if (archi_wave_keeps(k)) {
            uint64_t bytes = archi_wave_align(archi_wave_used_bytes(&b->section[k]));
            archi_wave_copy_words(to + at, (const char *)b + b->section[k].offset, bytes / sizeof(archi_wave_word_t), lane,
                                  n_lanes);
            at += bytes;
        }
}

#endif
