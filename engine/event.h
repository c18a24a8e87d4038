/* engine/event.h - the event and the one order that events have.
 *
 * The order depends on the model only: time, then the sending logical process, then that process's own counter. It never
 * depends on insertion, partition, rank or executor; that is why every run of a design gives the same bits. */
#ifndef ARCHI_EVENT_H
#define ARCHI_EVENT_H

#include "engine/portable.h"
#include <architech/time.h>

typedef uint32_t archi_lp_t; /* number of a logical process in the whole model, the same in every partition */

typedef struct {
    arch_time_t at;    /* when it happens */
    archi_lp_t  src;   /* who sent it */
    uint32_t    seq;   /* the sender's own counter; wraps, see archi_event_before() */
    archi_lp_t  dst;   /* who handles it */
    uint16_t    kind;  /* the model's */
    uint16_t    small; /* the model's */
    uint64_t    word[3]; /* the model's: 24 bytes by value */
} archi_event_t;       /* 48 bytes */

/* Strictly before, in the one order. Two pending events of one sender at one time are far less than 2^31 sends apart, so
 * the counter is compared by signed distance and may wrap. */
ARCH_HD static ARCH_ALWAYS_INLINE bool archi_event_before(const archi_event_t *a, const archi_event_t *b)
{
    if (a->at != b->at)
        return a->at < b->at;
    if (a->src != b->src)
        return a->src < b->src;
    return (int32_t)(a->seq - b->seq) < 0;
}

#endif
