/* engine/trace.h - what a rank did when: spans of wall time, for people who ask where a run's time went.
 *
 * One per rank, made by whoever starts the run, written by that rank's executor only. It holds a bounded number of spans:
 * when it is full, every other span is merged into the one before it, so that a long run is told more coarsely and none of
 * it is missing. Noting costs a few nanoseconds; without a trace nothing is noted and no clock is read for it. */
#ifndef ARCHI_TRACE_H
#define ARCHI_TRACE_H

#include <architech/status.h>
#include <architech/time.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    ARCHI_TRACE_RUN,   /* handling events */
    ARCHI_TRACE_MAIL,  /* carrying events between blocks and ranks */
    ARCHI_TRACE_WAIT,  /* waiting for other ranks */
    ARCHI_TRACE_BACK,  /* optimistic: copies, and putting blocks back */
    ARCHI_TRACE_MOVE,  /* blocks between ranks */
    ARCHI_TRACE_SAVE,  /* a checkpoint */
    ARCHI_TRACE_KINDS
} archi_trace_kind_t;

typedef struct {
    double      from, to;  /* wall seconds, archi_wall_seconds() */
    arch_time_t now;       /* simulated time reached at its end */
    uint64_t    n_events;  /* handled in it */
    uint32_t    kind;      /* archi_trace_kind_t */
    uint32_t    n_merged;  /* spans of the run that it stands for */
} archi_span_t;

typedef struct archi_trace archi_trace_t;

/* Room for `capacity` spans (>= 16). The caller owns *out and returns it to archi_trace_destroy(). */
arch_status_t archi_trace_create(uint32_t capacity, archi_trace_t **out);
void          archi_trace_destroy(archi_trace_t **trace);

/* Note a span. trace may be NULL: nothing happens. */
void archi_trace_note(archi_trace_t *trace, archi_trace_kind_t kind, double from, double to, arch_time_t now,
                      uint64_t n_events);

/* The spans so far in order; they belong to the trace. */
const archi_span_t *archi_trace_spans(const archi_trace_t *trace, uint32_t *n);

#ifdef __cplusplus
}
#endif
#endif
