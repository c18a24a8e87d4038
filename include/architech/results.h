/* architech/results.h - what a run found out: plain structs, owned by their arch_results_t.
 * Times are nanoseconds as double where they are estimates; rates are per second of simulated time; shares are 0..1.
 * Every array below lives as long as the arch_results_t and is freed by arch_results_destroy(). */
#ifndef ARCHITECH_RESULTS_H
#define ARCHITECH_RESULTS_H

#include <architech/design.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An estimate with the half width of its 95 % confidence interval. */
typedef struct {
    double value;
    double half_width; /* NaN when the data cannot say (a single replication without enough batches) */
    bool supported;    /* false: the data cannot carry this figure; value is then NaN and must not be shown */
} arch_estimate_t;

/* A histogram over latency: counts of log-spaced buckets, empty ones left out. */
typedef struct {
    uint32_t n;
    double *low;  /* ns, lower edge */
    double *high; /* ns, upper edge */
    uint64_t *count;
} arch_histogram_t;

/* Requests of one entry of a workload's mix, as the caller sees them. Counts are of the whole measured span, summed over
 * replications; generated = completed + failed + rejected + in_flight over the whole run, warm-up included. */
typedef struct {
    const char *workload, *name; /* "web", "lb/read" */
    uint32_t workload_index, operation_index;
    uint64_t run_generated, run_completed, run_failed, run_rejected, run_in_flight; /* warm-up included */
    uint64_t completed, failed, rejected;                                           /* after the warm-up */
    arch_estimate_t throughput;                                                     /* successful, per second */
    arch_estimate_t errors;                    /* share of the finished that failed or were rejected */
    arch_estimate_t mean, p50, p95, p99, p999; /* latency of the successful */
    double max;
    arch_histogram_t latency; /* successful, all replications, after the warm-up */
} arch_operation_result_t;

/* One element as it runs: a replica of a service, a database server, a balancer, a cache. */
typedef struct {
    const char *name;  /* "app#2", "db.primary", "db.replica#1", "lb" */
    const char *group; /* "app", "db": the name in the design */
    arch_kind_t kind;
    uint32_t element; /* index in the design's array of that kind */
    uint32_t cores;
    uint64_t arrived, completed, failed, rejected;
    arch_estimate_t utilisation; /* busy cores / cores; balancers have none (supported = false) */
    arch_estimate_t queue;       /* mean number waiting, for a thread or a core */
    arch_estimate_t wait;        /* mean time waiting per request, ns */
    arch_estimate_t sojourn;     /* mean time inside per request, ns */
    arch_estimate_t threads;     /* mean number of threads or connections held */
    arch_estimate_t throughput;  /* completed, per second */
    arch_estimate_t hit_ratio;   /* caches */
    arch_estimate_t lag;         /* read replicas: mean replication lag, ns */
    uint64_t queue_max;
} arch_component_result_t;

/* Time series over the run, warm-up included, averaged over replications: value[row * n_intervals + interval]. Under MPI a
 * rank may hold only some rows; row r here is component or operation first_row + r. n_rows_total is n_components or
 * n_operations of rank 0, or 0 for no series at all. */
typedef struct {
    arch_time_t interval;
    uint32_t n_intervals;
    uint32_t n_rows, first_row, n_rows_total;          /* this rank holds rows first_row .. first_row + n_rows - 1 */
    float *utilisation, *queue, *throughput, *latency; /* latency: mean sojourn, ns; NaN where nothing finished */
} arch_series_t;

/* Whether an objective is met, or its interval lies on both sides of the limit. */
typedef enum { ARCH_OBJECTIVE_MET, ARCH_OBJECTIVE_MISSED, ARCH_OBJECTIVE_UNCERTAIN } arch_verdict_t;

/* An objective of the design and what was measured. */
typedef struct {
    const char *name;
    const char *subject; /* "web lb/read p95", "db utilisation" */
    arch_metric_t metric;
    bool below;
    double limit;
    arch_estimate_t measured;
    arch_verdict_t verdict; /* UNCERTAIN: the interval straddles the limit; the value itself decides `met` */
    bool met;               /* unsupported figures are not met */
} arch_objective_result_t;

/* How bad a finding is. */
typedef enum { ARCH_FINDING_INFO, ARCH_FINDING_WARNING, ARCH_FINDING_CRITICAL } arch_severity_t;

/* Something about the design that the run has shown. */
typedef struct {
    arch_severity_t severity;
    const char *code;    /* stable: "saturated", "rejecting", "replication-lag", "not-needed-yet" ... */
    const char *element; /* name, or "" */
    const char *text;    /* one sentence with its evidence */
} arch_finding_t;

/* Where the results come from. */
typedef struct {
    const char *version, *executor, *host, *started; /* started: ISO 8601 UTC */
    uint64_t seed;
    uint32_t ranks, threads, partitions, replications;
    double wall_seconds;
    uint64_t events, windows, messages, peak_bytes;
    double events_per_second;
    arch_time_t duration, warmup; /* warm-up: the largest cut of any replication */
    bool warmup_automatic;
    bool stationary; /* false: no cut within half the run was found, figures are doubtful */
    /* Of a run to a precision: the half width that was asked for and the largest that there is, as shares of the values, and
     * the figure that has it, "web lb/read p95". Else 0, NaN and "". */
    double precision_asked, precision_reached;
    const char *precision_figure;
} arch_provenance_t;

/* What one rank did, or the ranks of one replication group together, over all replications that they simulated. What
 * happens on ranks side by side is added up, also memory; windows and wall time, which they spend together, are those of
 * the rank that had most. A share or ratio of nothing is NaN. */
typedef struct {
    const char *name;           /* "rank 3", "group 0" */
    const char *host;           /* "" for a group on several */
    uint32_t rank, ranks;       /* the first one, and how many */
    uint32_t group;             /* ranks that share a replication; ARCH_NONE: had nothing to do */
    uint32_t replications;      /* simulated one after the other */
    uint32_t blocks;            /* of each */
    uint64_t events;            /* handled for good */
    uint64_t windows;           /* rounds of synchronisation between blocks; 0 for a single block */
    uint64_t messages;          /* events from one block to another */
    uint64_t bytes;             /* of them that left the rank */
    uint64_t rollbacks;         /* times a block was put back */
    uint64_t undone;            /* events handled too early and taken back */
    uint64_t repeated;          /* events handled again after that, from a copy on */
    uint64_t copies;            /* of blocks */
    uint64_t copy_bytes;        /* that they took at once, at most */
    uint64_t moved, moved_bytes; /* blocks that left for another rank */
    uint64_t changes;           /* of executor, or of the number of ranks at work */
    uint64_t grown;             /* times a block was moved to a larger region */
    uint64_t peak_bytes;        /* that the blocks took at once, at most */
    double wall_seconds;        /* from the first event to the last; without making blocks and reading their statistics */
    double wait_seconds;        /* of these, waiting for other ranks */
    double event_rate;          /* events per second of wall_seconds */
    double events_per_window;
    double wait_share;          /* of the wall time of all its ranks */
    double efficiency;          /* events / (events + undone + repeated) */
} arch_engine_row_t;

/* How the run went on this machine. None of it says anything about the design. */
typedef struct {
    const char *executor;
    arch_time_t lookahead;      /* between blocks, at least; 0 with a single block */
    uint32_t partitions;        /* blocks of one replication */
    uint64_t links, links_cut;  /* pairs of elements that talk; those in different blocks */
    double cut_share;           /* links_cut / links */
    /* Wall time before the first event and after the last, on rank 0; with several replications, blocks of all of them. */
    double read_seconds;        /* the design, as the caller said: arch_run_options_t.read_seconds */
    double compile_seconds;     /* from the design to the plan, with the traffic equations */
    double cut_seconds;         /* into blocks, dealing them out, and room for statistics */
    double blocks_seconds;      /* making blocks */
    double end_seconds;         /* from the last event to the results, which are not written yet */
    uint32_t n_ranks;
    arch_engine_row_t *rank;
    uint32_t n_groups;
    arch_engine_row_t *group;
} arch_engine_t;

/* What a rank is doing. */
typedef enum {
    ARCH_SPAN_RUN,  /* handling events */
    ARCH_SPAN_MAIL, /* carrying events between blocks and ranks */
    ARCH_SPAN_WAIT, /* waiting for other ranks */
    ARCH_SPAN_BACK, /* copying blocks, and putting them back */
    ARCH_SPAN_MOVE, /* blocks between ranks */
    ARCH_SPAN_SAVE  /* a checkpoint */
} arch_span_kind_t;

/* A stretch of wall time, in seconds since the ranks began together. */
typedef struct {
    double from, to;
    arch_time_t now; /* simulated time at its end */
    uint64_t events; /* handled in it */
    arch_span_kind_t kind;
    uint32_t merged; /* spans that it stands for: more than 1 where a long run is told coarsely */
} arch_span_t;

/* When a replication began on a rank. */
typedef struct {
    double at;
    uint32_t replication; /* begins; the first is 0 */
} arch_mark_t;

/* What one rank did when. Spans are in order and do not overlap. */
typedef struct {
    uint32_t n_spans, n_marks;
    arch_span_t *span;
    arch_mark_t *mark; /* of few replications all, of many every 2nd, 4th ... */
} arch_track_t;

/* All that a run found out. */
typedef struct {
    const char *name;   /* of the design */
    const char *design; /* its JSON */
    uint64_t design_hash;
    uint64_t digest; /* of everything that was simulated; equal on any rank, thread or partition count */
    uint32_t n_operations;
    arch_operation_result_t *operation;
    uint32_t n_components;
    arch_component_result_t *component;
    uint32_t n_objectives;
    arch_objective_result_t *objective;
    uint32_t n_findings;
    arch_finding_t *finding;
    arch_series_t component_series; /* rows = components */
    arch_series_t operation_series; /* rows = operations; utilisation and queue are NULL */
    arch_provenance_t provenance;
    arch_engine_t engine;
    arch_track_t *track; /* [engine.n_ranks] when arch_run_options_t.trace asked for it, else NULL; not in the file */
    bool objectives_met; /* all of them; true when there are none */
    arch_arena_t *arena;
} arch_results_t;

/* Empty results; the caller owns *out (arch_results_destroy), NULL on ARCH_E_NOMEM. */
arch_status_t arch_results_create(arch_results_t **out);
void arch_results_destroy(arch_results_t **results);             /* NULL and *NULL are fine; sets *results to NULL */
void *arch_results_alloc(arch_results_t *results, size_t bytes); /* zeroed; NULL when memory is out */

/* Write `path` (HDF5, docs/results.md) under a temporary name beside it, renamed when complete: a failure leaves neither
 * that nor a change of what was there. With `comm`, an MPI_Comm* over whose ranks the rows of the series are spread:
 * collective, every rank calls; all but those rows is rank 0's; all answer ARCH_OK or none does. Without, this process
 * holds all. ARCH_E_IO: disk full, no permission ...; ARCH_E_ARG: rows that do not fit. HDF5 is one per process: one
 * thread at a time may write or read. */
arch_status_t arch_results_write(const char *path, const arch_results_t *results, void *comm);
/* Whether `path` could be written: creates its temporary file and removes it. To be asked before a long run. Local. */
arch_status_t arch_results_probe(const char *path);

/* Local. ARCH_E_FORMAT on files that are foreign, cut short or changed since they were written, ARCH_E_NOTFOUND, ARCH_E_IO;
 * *out is then NULL. All rows of the series are there, on whichever ranks they were. */
arch_status_t arch_results_read(const char *path, arch_results_t **out);

/* Compare two results: *equal, and a text (malloc'ed, the caller frees) that says "equal" or lists what differs, up to 20
 * lines of it. How they were computed (host, ranks, executor, wall time, messages, all of `engine`) is no difference. */
arch_status_t arch_results_diff(const arch_results_t *a, const arch_results_t *b, bool *equal, char **text);

/* The answer as text for people, or as JSON for programs (docs/json.md). malloc'ed, the caller frees. `width`: columns of
 * the terminal, 0 for the default of 100; `colour`: ANSI colours. */
arch_status_t arch_results_text(const arch_results_t *results, uint32_t width, bool colour, char **text);
arch_status_t arch_results_json(const arch_results_t *results, char **text); /* see arch_results_text() */
/* The same with `engine`: as a section at the end of the text, as a member of the JSON. */
arch_status_t arch_results_text_with_engine(const arch_results_t *results, uint32_t width, bool colour, char **text);
arch_status_t arch_results_json_with_engine(const arch_results_t *results, char **text); /* see above */

/* Write the tracks to `path` as Chrome trace events, which chrome://tracing and https://ui.perfetto.dev show: whole under
 * its name or not there, as arch_results_write(). Local; ARCH_E_ARG without tracks. */
arch_status_t arch_results_write_trace(const char *path, const arch_results_t *results);

#ifdef __cplusplus
}
#endif
#endif
