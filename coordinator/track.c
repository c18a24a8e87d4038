/* coordinator/track.c - spans and marks from every rank to the results on rank 0.
 *
 * Clocks of hosts begin at different times. All ranks note theirs when they leave one barrier; ranks of a host share a
 * clock, so the earliest of them is the host's. Between hosts times are right to within the barrier's own latency. */
#include "coordinator/track.h"
#include "coordinator/machine.h"
#include <stdlib.h>
#include <string.h>

enum { LEAST_SPANS = 16, MOST_IN_ALL = 1 << 20 };

uint32_t archi_track_capacity(uint32_t asked, uint32_t n_ranks)
{
    uint32_t most = MOST_IN_ALL / n_ranks;

    asked = asked < most ? asked : most;
    return asked > LEAST_SPANS ? asked : LEAST_SPANS;
}

arch_status_t archi_track_create(uint32_t capacity, uint32_t replications, archi_track_t **out)
{
    archi_track_t *t = calloc(1, sizeof *t);
    arch_status_t st = ARCH_OK;

    *out = NULL;
    if (t == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the trace of a rank");
    for (t->every = 1; replications / t->every >= ARCHI_TRACK_MARKS; t->every *= 2)
        ;
    ARCH_TRY_TO(failed, archi_trace_create(capacity, &t->trace));
    *out = t;
    return ARCH_OK;
failed:
    archi_track_destroy(&t);
    return st;
}

void archi_track_destroy(archi_track_t **track)
{
    if (*track != NULL)
        archi_trace_destroy(&(*track)->trace);
    free(*track);
    *track = NULL;
}

void archi_track_mark(archi_track_t *t, uint32_t replication)
{
    if (t != NULL && t->n_begun++ % t->every == 0 && t->n_marks < ARCHI_TRACK_MARKS)
        t->mark[t->n_marks++] = (arch_mark_t){archi_machine_seconds(), replication};
}

/* ---- from one rank ------------------------------------------------------------------------------------------------ */

/* A track on its way: this, its marks, its spans. */
typedef struct {
    double   origin;
    uint32_t n_marks, n_spans;
} parcel_t;

static arch_status_t pack(const archi_track_t *t, char **bytes, size_t *n)
{
    uint32_t n_spans;
    const archi_span_t *span = archi_trace_spans(t->trace, &n_spans);
    const parcel_t head = {t->origin, t->n_marks, n_spans};
    size_t marks = t->n_marks * sizeof t->mark[0], spans = n_spans * sizeof *span;

    *n = sizeof head + marks + spans;
    *bytes = malloc(*n);
    if (*bytes == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to send a trace of %u spans", n_spans);
    memcpy(*bytes, &head, sizeof head);
    memcpy(*bytes + sizeof head, t->mark, marks);
    if (spans > 0)
        memcpy(*bytes + sizeof head + marks, span, spans);
    return ARCH_OK;
}

_Static_assert((int)ARCHI_TRACE_RUN == ARCH_SPAN_RUN && (int)ARCHI_TRACE_MAIL == ARCH_SPAN_MAIL &&
                   (int)ARCHI_TRACE_WAIT == ARCH_SPAN_WAIT && (int)ARCHI_TRACE_BACK == ARCH_SPAN_BACK &&
                   (int)ARCHI_TRACE_MOVE == ARCH_SPAN_MOVE && (int)ARCHI_TRACE_SAVE == ARCH_SPAN_SAVE &&
                   ARCHI_TRACE_KINDS == ARCH_SPAN_SAVE + 1,
               "kinds of spans are the same within and without");

/* Times as they are on the rank's clock: in order, as the engine noted them. */
static arch_status_t unpack(const char *bytes, arch_results_t *out, arch_track_t *to, double *origin)
{
    parcel_t head;
    archi_span_t s;

    memcpy(&head, bytes, sizeof head);
    bytes += sizeof head;
    *origin = head.origin;
    to->n_marks = head.n_marks;
    to->n_spans = head.n_spans;
    to->mark = arch_results_alloc(out, head.n_marks * sizeof *to->mark);
    to->span = arch_results_alloc(out, head.n_spans * sizeof *to->span);
    if (to->mark == NULL || to->span == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a trace of %u spans", head.n_spans);
    memcpy(to->mark, bytes, head.n_marks * sizeof *to->mark);
    bytes += head.n_marks * sizeof *to->mark;
    for (uint32_t i = 0; i < head.n_spans; i++) {
        memcpy(&s, bytes + i * sizeof s, sizeof s);
        to->span[i] = (arch_span_t){s.from, s.to, s.now, s.n_events, (arch_span_kind_t)s.kind, s.n_merged};
    }
    return ARCH_OK;
}

/* ---- together ----------------------------------------------------------------------------------------------------- */

static void set_back(arch_track_t *t, double origin)
{
    for (uint32_t i = 0; i < t->n_spans; i++) {
        t->span[i].from -= origin;
        t->span[i].to -= origin;
    }
    for (uint32_t i = 0; i < t->n_marks; i++)
        t->mark[i].at -= origin;
}

/* The beginning of each rank's time: that of its host. */
static void set_all_back(arch_results_t *out, const double *origin)
{
    const arch_engine_t *e = &out->engine;

    for (uint32_t r = 0; r < e->n_ranks; r++) {
        double first = origin[r];
        for (uint32_t k = 0; k < e->n_ranks; k++)
            if (origin[k] < first && strcmp(e->rank[k].host, e->rank[r].host) == 0)
                first = origin[k];
        set_back(&out->track[r], first);
    }
}

static arch_status_t receive(const char *const *parcel, arch_results_t *out)
{
    uint32_t n = out->engine.n_ranks;
    double *origin = calloc(n, sizeof *origin);
    arch_status_t st = ARCH_OK;

    out->track = arch_results_alloc(out, n * sizeof *out->track);
    if (origin == NULL || out->track == NULL)
        st = ARCH_FAIL(ARCH_E_NOMEM, "no memory for the traces of %u ranks", n);
    for (uint32_t r = 0; r < n && st == ARCH_OK; r++)
        st = unpack(parcel[r], out, &out->track[r], &origin[r]);
    if (st == ARCH_OK)
        set_all_back(out, origin);
    free(origin);
    return st;
}

/* Threads: the tracks are all here. */
static arch_status_t gather_here(archi_track_t *const *track, uint32_t n, arch_results_t *out)
{
    char **parcel = calloc(n, sizeof *parcel);
    arch_status_t st = parcel != NULL ? ARCH_OK : ARCH_FAIL(ARCH_E_NOMEM, "no memory for the traces of %u ranks", n);
    size_t bytes;

    for (uint32_t r = 0; r < n && st == ARCH_OK; r++)
        st = pack(track[r], &parcel[r], &bytes);
    if (st == ARCH_OK)
        st = receive((const char *const *)parcel, out);
    for (uint32_t r = 0; parcel != NULL && r < n; r++)
        free(parcel[r]);
    free(parcel);
    return st;
}

static arch_status_t receive_all(const char *all, const uint64_t *offset, arch_results_t *out)
{
    uint32_t n = out->engine.n_ranks;
    const char **parcel = calloc(n, sizeof *parcel);
    arch_status_t st;

    if (parcel == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the traces of %u ranks", n);
    for (uint32_t r = 0; r < n; r++)
        parcel[r] = all + offset[r];
    st = receive(parcel, out);
    free(parcel);
    return st;
}

static arch_status_t gather_over(const archi_track_t *track, archi_net_t *net, arch_results_t *out)
{
    uint64_t *offset = calloc((size_t)archi_net_size(net) + 1, sizeof *offset);
    char *bytes = NULL;
    void *all = NULL;
    size_t n = 0;
    arch_status_t st = pack(track, &bytes, &n);

    if (st == ARCH_OK && offset == NULL)
        st = ARCH_FAIL(ARCH_E_NOMEM, "no memory for the traces of %u ranks", archi_net_size(net));
    st = archi_net_agree(net, st);
    if (st == ARCH_OK) {
        st = archi_net_gather(net, bytes, n, 0, &all, offset);
        if (st == ARCH_OK && archi_net_rank(net) == 0)
            st = receive_all(all, offset, out);
        st = archi_net_agree(net, st);
    }
    free(bytes);
    free(all);
    free(offset);
    return st;
}

arch_status_t archi_track_gather(archi_track_t *const *track, archi_net_t *net, arch_results_t *out)
{
    if (archi_net_comm(net) == NULL)
        return gather_here(track, archi_net_size(net), out);
    return gather_over(track[0], net, out);
}
