/* bench/mm1_model.h - the handlers of the M/M/1 queue, for bench/mm1.c and for ensembles of it; C11 that is also CUDA
 * C++. */
#ifndef ARCH_BENCH_MM1_MODEL_H
#define ARCH_BENCH_MM1_MODEL_H

#include "engine/draw.h"
#include "engine/elementary.h"
#include "engine/run.h"

typedef struct {
    double   gap_ticks, service_ticks;
    uint64_t customers;
} plan_t;

typedef struct {
    int64_t  born; /* of a customer who waits or is served */
    int64_t  service;
    uint32_t next; /* behind this one in the line */
    uint32_t reserved;
} waiting_t;

typedef struct {
    uint64_t n_born, n_left, checksum;
    uint64_t sojourn_ticks; /* sum over those who left */
    uint64_t longest_line;
    uint64_t line;
    uint32_t first, last;   /* of the line; the first is being served */
} station_t;

enum { STATION = ARCHI_FIRST_MODEL_SECTION, WAITING };
enum { SOURCE, SERVER, N_LPS };
enum { BORN, REACHES, LEAVES };

ARCH_HD static ARCH_ALWAYS_INLINE station_t *station(archi_block_t *b)
{
    return (station_t *)archi_section(b, STATION);
}

ARCH_HD static ARCH_ALWAYS_INLINE waiting_t *waiting(archi_block_t *b, uint32_t i)
{
    return (waiting_t *)archi_section(b, WAITING) + i;
}

ARCH_HD static ARCH_ALWAYS_INLINE void send(const archi_map_t *map, archi_block_t *b, archi_lp_t from, archi_lp_t to,
                                            arch_time_t at, uint16_t kind, uint64_t word)
{
    archi_event_t ev;

    ev.at = at;
    ev.dst = to;
    ev.kind = kind;
    ev.small = 0;
    ev.word[0] = word;
    ev.word[1] = ev.word[2] = 0;
    archi_send(map, b, from, from, &ev);
}

ARCH_HD static ARCH_ALWAYS_INLINE int64_t exponential(uint64_t bits, double mean)
{
    return (int64_t)(-archi_log(archi_uniform(bits)) * mean);
}

ARCH_HD static ARCH_ALWAYS_INLINE void born(const plan_t *plan, const archi_map_t *map, archi_block_t *b)
{
    archi_lp_state_t *lp = archi_lp_state(b, SOURCE);
    archi_bits_t bits = archi_draw(lp->key, lp->n_draws++, 0);

    send(map, b, SOURCE, SERVER, b->now, REACHES, (uint64_t)exponential(archi_bits64(bits, 1), plan->service_ticks));
    if (++station(b)->n_born < plan->customers)
        send(map, b, SOURCE, SOURCE, b->now + exponential(archi_bits64(bits, 0), plan->gap_ticks), BORN, 0);
}

ARCH_HD static ARCH_ALWAYS_INLINE void reaches(const archi_map_t *map, archi_block_t *b, int64_t service)
{
    uint32_t i = archi_pool_take(b, WAITING);
    station_t *s = station(b);
    waiting_t *w = waiting(b, i);

    w->born = b->now;
    w->service = service;
    w->next = ARCHI_NIL;
    if (s->line++ == 0) {
        s->first = i;
        send(map, b, SERVER, SERVER, b->now + service, LEAVES, 0);
    } else {
        waiting(b, s->last)->next = i;
    }
    s->last = i;
    if (s->line > s->longest_line)
        s->longest_line = s->line;
}

ARCH_HD static ARCH_ALWAYS_INLINE void leaves(const archi_map_t *map, archi_block_t *b)
{
    station_t *s = station(b);
    uint32_t i = s->first;
    int64_t sojourn = b->now - waiting(b, i)->born;

    s->n_left++;
    s->sojourn_ticks += (uint64_t)sojourn;
    s->checksum = s->checksum * 0x9e3779b97f4a7c15ull + ((uint64_t)b->now ^ (uint64_t)sojourn << 20);
    s->first = waiting(b, i)->next;
    archi_pool_give(b, WAITING, i);
    if (--s->line > 0)
        send(map, b, SERVER, SERVER, b->now + waiting(b, s->first)->service, LEAVES, 0);
}

ARCH_HD static ARCH_ALWAYS_INLINE void handle(const void *plan, const archi_map_t *map, archi_block_t *b,
                                              const archi_event_t *ev)
{
    if (ev->kind == BORN)
        born((const plan_t *)plan, map, b);
    else if (ev->kind == REACHES)
        reaches(map, b, (int64_t)ev->word[0]);
    else
        leaves(map, b);
}

#endif
