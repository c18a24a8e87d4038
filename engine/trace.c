/* engine/trace.c - spans of wall time in a bounded list that becomes coarser as it fills.
 *
 * Spans are taken into groups. A group holds one span of each kind that occurs in it, in the order in which the kinds first
 * did, without gaps from its beginning on, and is complete when it stands for `stride` noted spans per kind. At first the
 * stride is 1: every span is a group, kept as it was noted. When the list is full the stride doubles: neighbouring groups
 * are taken together until half of their spans are left, and what is noted from then on is as coarse. So the whole run is
 * told with one resolution, however long it is.
 *
 * Within the time from a group's first noted span to its last the time spent on each kind is what was noted, exactly but for
 * the last bits of a double; so are the numbers of events and of merged spans. Where in it each kind's time lay is lost, and
 * time that nothing was noted for comes last. Groups keep their order, and no spans overlap. */
#include "engine/trace.h"
#include "engine/portable.h"
#include <stdlib.h>

struct archi_trace {
    uint32_t     capacity, n;
    uint32_t     open;   /* where the group begins that still takes spans; n when the last one is complete */
    uint64_t     taken;  /* noted spans in it */
    uint64_t     stride;
    uint8_t     *first;  /* [capacity] 1: a group begins with this span */
    archi_span_t span[]; /* [capacity] */
};

enum { LEAST_CAPACITY = 16 };
_Static_assert(LEAST_CAPACITY / 2 + ARCHI_TRACE_KINDS <= LEAST_CAPACITY, "halving must leave room for one group more");

arch_status_t archi_trace_create(uint32_t capacity, archi_trace_t **out)
{
    archi_trace_t *t;

    *out = NULL;
    if (capacity < LEAST_CAPACITY)
        return ARCH_FAIL(ARCH_E_ARG, "a trace needs room for %d spans, not %u", LEAST_CAPACITY, (unsigned)capacity);
    t = malloc(sizeof *t + (size_t)capacity * (sizeof t->span[0] + sizeof t->first[0]));
    if (t == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a trace of %u spans", (unsigned)capacity);
    *t = (archi_trace_t){.capacity = capacity, .stride = 1};
    t->first = (uint8_t *)(t->span + capacity);
    *out = t;
    return ARCH_OK;
}

void archi_trace_destroy(archi_trace_t **trace)
{
    if (trace == NULL)
        return;
    free(*trace);
    *trace = NULL;
}

/* The first of its kind in the group: behind the others of the group, or where it was noted. */
static void append(archi_trace_t *t, const archi_span_t *s)
{
    double before = t->n > 0 ? t->span[t->n - 1].to : s->from;
    archi_span_t *last = &t->span[t->n];

    *last = *s;
    t->first[t->n] = t->n == t->open;
    if (t->n > t->open || s->from < before) {
        last->from = before;
        last->to = before + (s->to - s->from);
    }
    t->n++;
}

/* Make span i of the group longer; those behind it move on. */
static void extend(archi_span_t *group, uint32_t n, uint32_t i, const archi_span_t *s)
{
    double more = s->to - s->from;

    group[i].to += more;
    group[i].now = s->now;
    group[i].n_events += s->n_events;
    group[i].n_merged += s->n_merged;
    for (uint32_t k = i + 1; k < n; k++) {
        group[k].from += more;
        group[k].to += more;
    }
}

/* Into the open group. */
static void take(archi_trace_t *t, const archi_span_t *s)
{
    archi_span_t *group = &t->span[t->open];
    uint32_t n = t->n - t->open, i = 0;

    while (i < n && group[i].kind != s->kind)
        i++;
    if (i == n)
        append(t, s);
    else
        extend(group, n, i, s);
    t->taken++;
}

/* The open group is complete when it took `least` spans for each of its kinds. */
static void close_group(archi_trace_t *t, uint64_t least)
{
    if (t->taken < least * (t->n - t->open))
        return;
    t->open = t->n;
    t->taken = 0;
}

/* Two spans of each kind become one; groups stay whole, so that what was said of them holds. What is written lies before
 * what is still to be read. */
static void halve(archi_trace_t *t)
{
    uint32_t n = t->n;

    t->n = t->open = 0;
    for (uint32_t i = 0; i < n; i++) {
        archi_span_t s = t->span[i];
        take(t, &s);
        if (i + 1 == n || t->first[i + 1] != 0)
            close_group(t, 2);
    }
    t->taken *= t->stride;
    t->stride *= 2;
}

void archi_trace_note(archi_trace_t *trace, archi_trace_kind_t kind, double from, double to, arch_time_t now,
                      uint64_t n_events)
{
    const archi_span_t s = {from, to, now, n_events, (uint32_t)kind, 1};

    if (trace == NULL)
        return;
    ARCH_ASSERT(kind < ARCHI_TRACE_KINDS && from <= to);
    take(trace, &s);
    close_group(trace, trace->stride);
    if (trace->open == trace->n && trace->n + ARCHI_TRACE_KINDS > trace->capacity)
        halve(trace); /* the next group might not fit */
}

const archi_span_t *archi_trace_spans(const archi_trace_t *trace, uint32_t *n)
{
    *n = trace->n;
    return trace->span;
}
