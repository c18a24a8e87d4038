/* io/results_trace.c - what the ranks did when, as Chrome trace events: https://ui.perfetto.dev and chrome://tracing show
 * the file. A process is a host and a thread is a rank; times are whole nanoseconds, written in microseconds.
 * docs/engine.md describes the file. */
#include "io/output.h"
#include "io/strbuf.h"
#include <architech/results.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE_BYTES = 1 << 16, FORMAT_VERSION = 1 };

/* One file being written. */
typedef struct {
    const arch_results_t *results;
    archi_output_t        file;
    archi_strbuf_t        buf; /* what is not yet in the file */
    off_t                 at;
} writer_t;

static const char *or_empty(const char *text) { return text == NULL ? "" : text; }

static arch_status_t flush(writer_t *w, size_t least)
{
    if (w->buf.failed)
        return ARCH_FAIL(ARCH_E_NOMEM, "%s: no memory to write it", w->file.path);
    if (w->buf.length < least)
        return ARCH_OK;
    ARCH_TRY(archi_output_write(&w->file, w->buf.text, w->buf.length, w->at));
    w->at += (off_t)w->buf.length;
    w->buf.length = 0;
    return ARCH_OK;
}

/* ---- the head ----------------------------------------------------------------------------------------------------- */

static void add_head(writer_t *w)
{
    const arch_results_t *r = w->results;
    uint64_t n_written = 0, n_noted = 0;

    for (uint32_t rank = 0; rank < r->engine.n_ranks; rank++) {
        n_written += r->track[rank].n_spans;
        for (uint32_t i = 0; i < r->track[rank].n_spans; i++)
            n_noted += r->track[rank].span[i].merged;
    }
    archi_strbuf_printf(&w->buf, "{\"displayTimeUnit\": \"ms\",\n\"otherData\": {\"format\": \"architech trace\", "
                        "\"format_version\": %d, \"design\": ", FORMAT_VERSION);
    archi_strbuf_json(&w->buf, or_empty(r->name));
    archi_strbuf_printf(&w->buf, ", \"digest\": \"%016" PRIx64 "\", \"executor\": ", r->digest);
    archi_strbuf_json(&w->buf, or_empty(r->engine.executor));
    archi_strbuf_printf(&w->buf, ",\n  \"spans_noted\": %" PRIu64 ", \"spans_written\": %" PRIu64 "},\n\"traceEvents\": [\n",
                        n_noted, n_written);
}

/* ---- a rank ------------------------------------------------------------------------------------------------------- */

/* The first rank on the same host stands for it. */
static uint32_t process_of(const arch_engine_t *e, uint32_t rank)
{
    uint32_t first = 0;

    while (strcmp(or_empty(e->rank[first].host), or_empty(e->rank[rank].host)) != 0)
        first++;
    return first;
}

static void add_names(writer_t *w, uint32_t rank, uint32_t process)
{
    const arch_engine_row_t *row = &w->results->engine.rank[rank];

    if (rank == process) {
        archi_strbuf_printf(&w->buf, "%s{\"ph\": \"M\", \"name\": \"process_name\", \"pid\": %u, \"args\": {\"name\": ",
                            rank == 0 ? "" : ",\n", process);
        archi_strbuf_json(&w->buf, or_empty(row->host));
        archi_strbuf_add(&w->buf, "}}");
    }
    archi_strbuf_printf(&w->buf, ",\n{\"ph\": \"M\", \"name\": \"thread_name\", \"pid\": %u, \"tid\": %u, \"args\": "
                        "{\"name\": ", process, rank);
    archi_strbuf_json(&w->buf, or_empty(row->name));
    archi_strbuf_printf(&w->buf, "}},\n{\"ph\": \"M\", \"name\": \"thread_sort_index\", \"pid\": %u, \"tid\": %u, \"args\": "
                        "{\"sort_index\": %u}}", process, rank, rank);
}

/* Nanoseconds as microseconds, every digit. */
static void add_time(archi_strbuf_t *buf, const char *name, int64_t ns)
{
    archi_strbuf_printf(buf, ", \"%s\": %" PRId64 ".%03d", name, ns / 1000, (int)(ns % 1000));
}

static int64_t ns_of(double seconds) { return seconds > 0.0 ? llround(seconds * 1e9) : 0; }

static arch_status_t add_marks(writer_t *w, uint32_t rank, uint32_t process)
{
    const arch_track_t *track = &w->results->track[rank];

    for (uint32_t i = 0; i < track->n_marks; i++) {
        archi_strbuf_printf(&w->buf, ",\n{\"ph\": \"i\", \"s\": \"t\", \"name\": \"replication %u\", \"pid\": %u, "
                            "\"tid\": %u", track->mark[i].replication + 1, process, rank);
        add_time(&w->buf, "ts", ns_of(track->mark[i].at));
        archi_strbuf_add(&w->buf, "}");
        ARCH_TRY(flush(w, PIECE_BYTES));
    }
    return ARCH_OK;
}

/* Ends are rounded, not lengths, so that spans that touch do so in the file. */
static arch_status_t add_spans(writer_t *w, uint32_t rank, uint32_t process)
{
    static const char *const names[] = {"run", "mail", "wait", "back", "move", "save"};
    const arch_track_t *track = &w->results->track[rank];

    for (uint32_t i = 0; i < track->n_spans; i++) {
        const arch_span_t *s = &track->span[i];
        int64_t from = ns_of(s->from), to = ns_of(s->to);

        archi_strbuf_printf(&w->buf, ",\n{\"ph\": \"X\", \"name\": \"%s\", \"cat\": \"engine\", \"pid\": %u, \"tid\": %u",
                            (unsigned)s->kind <= ARCH_SPAN_SAVE ? names[s->kind] : "unknown", process, rank);
        add_time(&w->buf, "ts", from);
        add_time(&w->buf, "dur", to - from);
        archi_strbuf_add(&w->buf, ", \"args\": {\"simulated_s\": ");
        archi_strbuf_double(&w->buf, (double)s->now * 1e-9);
        archi_strbuf_printf(&w->buf, ", \"events\": %" PRIu64 ", \"merged\": %u}}", s->events, s->merged);
        ARCH_TRY(flush(w, PIECE_BYTES));
    }
    return ARCH_OK;
}

/* ---- the file ----------------------------------------------------------------------------------------------------- */

static arch_status_t write_all(writer_t *w)
{
    const arch_engine_t *e = &w->results->engine;

    add_head(w);
    for (uint32_t rank = 0; rank < e->n_ranks; rank++) {
        uint32_t process = process_of(e, rank);
        add_names(w, rank, process);
        ARCH_TRY(add_marks(w, rank, process));
        ARCH_TRY(add_spans(w, rank, process));
    }
    archi_strbuf_add(&w->buf, "\n]}\n");
    ARCH_TRY(flush(w, 0));
    return archi_output_finish(&w->file);
}

arch_status_t arch_results_write_trace(const char *path, const arch_results_t *results)
{
    writer_t *w;
    arch_status_t st;

    if (results->track == NULL)
        return ARCH_FAIL(ARCH_E_ARG, "%s: this run kept no trace; ask for one in its options", path);
    w = calloc(1, sizeof *w);
    if (w == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "%s: no memory to write it", path);
    w->results = results;
    st = archi_output_open(path, &w->file);
    if (st == ARCH_OK)
        st = write_all(w);
    archi_output_clear(&w->file);
    archi_strbuf_fini(&w->buf);
    free(w);
    return st == ARCH_OK ? ARCH_OK : arch_fail_from(st, __func__, __FILE__, __LINE__);
}
