/* tests/unit/results_sample.c - results made by hand. */
#include "unit/results_sample.h"
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

enum { N_OPERATIONS = 2, N_COMPONENTS = 6, N_OBJECTIVES = 4, N_FINDINGS = 3, N_INTERVALS = 4 };

arch_estimate_t results_estimate(double value, double half_width)
{
    arch_estimate_t e = {value, half_width, true};

    return e;
}

arch_estimate_t results_unsupported(void)
{
    arch_estimate_t e = {(double)NAN, (double)NAN, false};

    return e;
}

void results_limit_file_size(unsigned long bytes)
{
    struct rlimit limit;

    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes == 0 ? limit.rlim_max : bytes;
    signal(SIGXFSZ, SIG_IGN); /* an error instead of a death */
    setrlimit(RLIMIT_FSIZE, &limit);
}

static void fill_histogram(arch_results_t *r, arch_histogram_t *h, uint32_t n, double first)
{
    h->n = n;
    h->low = arch_results_alloc(r, n * sizeof *h->low);
    h->high = arch_results_alloc(r, n * sizeof *h->high);
    h->count = arch_results_alloc(r, n * sizeof *h->count);
    for (uint32_t i = 0; i < n; i++) {
        h->low[i] = first * (1.0 + i);
        h->high[i] = first * (2.0 + i);
        h->count[i] = 100 * (uint64_t)(n - i);
    }
}

static void fill_read(arch_results_t *r, arch_operation_result_t *o)
{
    o->workload = "web";
    o->name = "lb/read";
    o->run_generated = 436380;
    o->run_completed = 436300;
    o->run_in_flight = 80;
    o->completed = 410000;
    o->throughput = results_estimate(727.31, 2.14);
    o->errors = results_estimate(0.0, 0.0);
    o->mean = results_estimate(6.4123e6, 5.1e4);
    o->p50 = results_estimate(5.21e6, 9.6e4);
    o->p95 = results_estimate(14.84e6, 2.2e5);
    o->p99 = results_estimate(22.13e6, 6.4e5);
    o->p999 = results_estimate(41.0e6, 3.1e6);
    o->max = 9.13e7;
    fill_histogram(r, &o->latency, 3, 1e6);
}

static void fill_write(arch_results_t *r, arch_operation_result_t *o)
{
    o->workload = "web";
    o->name = "lb/write";
    o->operation_index = 1;
    o->run_generated = UINT64_C(9007199254740993); /* 2^53 + 1: no double holds it */
    o->run_completed = UINT64_C(9007199254740000);
    o->run_failed = 900;
    o->run_rejected = 93;
    o->completed = 3100;
    o->failed = 31;
    o->rejected = 3;
    o->throughput = results_estimate(5.2, 0.34);
    o->errors = results_estimate(0.0108, 0.0013);
    o->mean = results_estimate(812.0e3, 14.0e3);
    o->p50 = results_estimate(790.0e3, 12.0e3);
    o->p95 = results_estimate(1.61e6, 0.04e6);
    o->p99 = results_estimate(2.4e6, (double)NAN);
    o->p999 = results_unsupported();
    o->max = 3.9e6;
    fill_histogram(r, &o->latency, 2, 2.5e5);
}

static void fill_component(arch_component_result_t *c, const char *name, const char *group, arch_kind_t kind,
                           double utilisation)
{
    c->name = name;
    c->group = group;
    c->kind = kind;
    c->cores = 2;
    c->arrived = 1000;
    c->completed = 990;
    c->utilisation = utilisation < 0.0 ? results_unsupported() : results_estimate(utilisation, 0.012);
    c->queue = results_estimate(utilisation * 1.7, 0.1);
    c->wait = results_estimate(1.43e6, 2.0e4);
    c->sojourn = results_estimate(4.0e6, 3.0e4);
    c->threads = results_estimate(3.5, 0.2);
    c->throughput = results_estimate(181.2, 0.7);
    c->hit_ratio = results_unsupported();
    c->lag = results_unsupported();
    c->queue_max = 17;
}

static void fill_components(arch_component_result_t *c)
{
    fill_component(&c[0], "lb", "lb", ARCH_BALANCER, -1.0);
    c[0].queue = results_unsupported();
    c[0].wait = results_unsupported();
    c[0].threads = results_unsupported();
    fill_component(&c[1], "app#0", "app", ARCH_SERVICE, 0.412);
    fill_component(&c[2], "app#1", "app", ARCH_SERVICE, 0.431);
    fill_component(&c[3], "app#2", "app", ARCH_SERVICE, 0.405);
    fill_component(&c[4], "cache", "cache", ARCH_CACHE, 0.05);
    c[4].hit_ratio = results_estimate(0.8127, 0.0021);
    fill_component(&c[5], "db.primary", "db", ARCH_DATABASE, 0.968);
    c[5].rejected = 1234;
}

static void fill_objective(arch_objective_result_t *o, const char *name, const char *subject, arch_metric_t metric,
                           double limit, arch_estimate_t measured)
{
    o->name = name;
    o->subject = subject;
    o->metric = metric;
    o->below = true;
    o->limit = limit;
    o->measured = measured;
}

static void fill_objectives(arch_objective_result_t *o)
{
    fill_objective(&o[0], "reads are quick", "web lb/read p95", ARCH_METRIC_P95, 5e7, results_estimate(14.84e6, 2.2e5));
    o[0].verdict = ARCH_OBJECTIVE_MET;
    o[0].met = true;
    fill_objective(&o[1], "database has room", "db utilisation", ARCH_METRIC_UTILISATION, 0.7,
                   results_estimate(0.968, 0.012));
    o[1].verdict = ARCH_OBJECTIVE_MISSED;
    fill_objective(&o[2], "few errors", "web lb/write errors", ARCH_METRIC_ERRORS, 0.01,
                   results_estimate(0.0108, 0.0013));
    o[2].verdict = ARCH_OBJECTIVE_UNCERTAIN;
    fill_objective(&o[3], "tail", "web lb/write p99.9", ARCH_METRIC_P999, 1e9, results_unsupported());
    o[3].verdict = ARCH_OBJECTIVE_MISSED;
}

static void fill_findings(arch_finding_t *f)
{
    f[0].severity = ARCH_FINDING_CRITICAL;
    f[0].code = "saturated";
    f[0].element = "db.primary";
    f[0].text = "db.primary is 97 % busy; a request waits 1.4 ms there, more than anywhere else on its way, and every "
                "further request per second adds to that.";
    f[1].severity = ARCH_FINDING_WARNING;
    f[1].code = "rejecting";
    f[1].element = "db.primary";
    f[1].text = "db.primary rejected 1,234 queries: its \"queue\" is full.";
    f[2].severity = ARCH_FINDING_INFO;
    f[2].code = "not-needed-yet";
    f[2].element = "cache";
    f[2].text = "cache is 5 % busy.";
}

static void fill_provenance(arch_provenance_t *p)
{
    p->version = "0.1.0";
    p->executor = "sequential";
    p->host = "node-1";
    p->started = "2024-05-01T12:00:00Z";
    p->seed = UINT64_MAX;
    p->ranks = 1;
    p->threads = 2;
    p->partitions = 1;
    p->replications = 10;
    p->wall_seconds = 2.084;
    p->events = 12345678;
    p->windows = 10;
    p->messages = 77;
    p->peak_bytes = 1 << 24;
    p->events_per_second = 5.924e6;
    p->duration = 60 * ARCH_SECOND;
    p->warmup = 3750 * ARCH_MILLISECOND;
    p->warmup_automatic = true;
    p->stationary = true;
    p->precision_reached = NAN;
    p->precision_figure = "";
}

/* Rank 2 of three had nothing to do. */
static void fill_row(arch_engine_row_t *row, const char *name, uint32_t rank, uint32_t ranks, uint32_t group)
{
    bool idle = group == ARCH_NONE;

    row->name = name;
    row->host = "node-1";
    row->rank = rank;
    row->ranks = ranks;
    row->group = group;
    row->replications = idle ? 0 : 5;
    row->blocks = idle ? 0 : 2 * ranks;
    row->events = idle ? 0 : 6172839 * (uint64_t)ranks;
    row->windows = idle ? 0 : 4096;
    row->messages = idle ? 0 : 12345 * (uint64_t)ranks;
    row->bytes = idle ? 0 : 790080 * (uint64_t)ranks;
    row->peak_bytes = idle ? 0 : ((uint64_t)8 << 20) * ranks;
    row->wall_seconds = idle ? 0.0 : 2.0;
    row->wait_seconds = idle ? 0.0 : 0.25 * ranks;
    row->event_rate = idle ? (double)NAN : 3086419.5 * ranks;
    row->events_per_window = idle ? (double)NAN : (double)row->events / 4096.0;
    row->wait_share = idle ? (double)NAN : 0.125;
    row->efficiency = idle ? (double)NAN : 1.0;
}

static void fill_engine(arch_results_t *r)
{
    arch_engine_t *e = &r->engine;

    e->executor = "conservative";
    e->lookahead = 500 * ARCH_MICROSECOND;
    e->partitions = 4;
    e->links = 40;
    e->links_cut = 12;
    e->cut_share = 0.3;
    e->read_seconds = 0.5;
    e->compile_seconds = 0.25;
    e->cut_seconds = 0.125;
    e->blocks_seconds = 0.375;
    e->end_seconds = 1.5;
    e->n_ranks = 3;
    e->rank = arch_results_alloc(r, 3 * sizeof *e->rank);
    e->n_groups = 1;
    e->group = arch_results_alloc(r, sizeof *e->group);
    fill_row(&e->rank[0], "rank 0", 0, 1, 0);
    fill_row(&e->rank[1], "rank 1", 1, 1, 0);
    fill_row(&e->rank[2], "rank 2", 2, 1, ARCH_NONE);
    fill_row(&e->group[0], "group 0", 0, 2, 0);
}

/* RUN and WAIT in turn, 1 ms and 0.25 ms, on the ranks that work. */
static void fill_tracks(arch_results_t *r)
{
    enum { N_SPANS = 8 };

    r->track = arch_results_alloc(r, r->engine.n_ranks * sizeof *r->track);
    for (uint32_t rank = 0; rank < 2; rank++) {
        arch_track_t *t = &r->track[rank];
        t->n_spans = N_SPANS;
        t->span = arch_results_alloc(r, N_SPANS * sizeof *t->span);
        t->n_marks = 1;
        t->mark = arch_results_alloc(r, sizeof *t->mark);
        t->mark[0].replication = 4;
        for (uint32_t i = 0; i < N_SPANS; i++) {
            arch_span_t *s = &t->span[i];
            s->kind = i % 2 == 0 ? ARCH_SPAN_RUN : ARCH_SPAN_WAIT;
            s->from = i == 0 ? 0.001 * rank : s[-1].to;
            s->to = s->from + (i % 2 == 0 ? 1e-3 : 0.25e-3);
            s->now = (arch_time_t)(i / 2 + 1) * ARCH_SECOND / 2;
            s->events = i % 2 == 0 ? 100 + i : 0;
            s->merged = 1 + rank;
        }
    }
}

static void fill_series(arch_results_t *r, arch_series_t *s, uint32_t n_rows, bool of_components)
{
    size_t n = (size_t)n_rows * N_INTERVALS;

    s->interval = 15 * ARCH_SECOND;
    s->n_intervals = N_INTERVALS;
    s->n_rows = s->n_rows_total = n_rows;
    s->throughput = arch_results_alloc(r, n * sizeof(float));
    s->latency = arch_results_alloc(r, n * sizeof(float));
    s->utilisation = of_components ? arch_results_alloc(r, n * sizeof(float)) : NULL;
    s->queue = of_components ? arch_results_alloc(r, n * sizeof(float)) : NULL;
    for (size_t i = 0; i < n; i++) {
        s->throughput[i] = 100.0f + (float)i;
        s->latency[i] = i == 1 ? NAN : 1e6f * (float)i;
        if (of_components) {
            s->utilisation[i] = 0.1f * (float)(i % 10);
            s->queue[i] = 0.25f * (float)i;
        }
    }
}

arch_results_t *results_sample(void)
{
    arch_results_t *r;

    if (arch_results_create(&r) != ARCH_OK)
        return NULL;
    r->name = "stage-2 horizontal";
    r->design = "{\"name\": \"stage-2 horizontal\", \"run\": {\"duration\": \"60s\"}}\n";
    r->design_hash = UINT64_C(0x0123456789abcdef);
    r->digest = UINT64_C(0x8c1f20d61e2f3a4b);
    r->n_operations = N_OPERATIONS;
    r->operation = arch_results_alloc(r, N_OPERATIONS * sizeof *r->operation);
    r->n_components = N_COMPONENTS;
    r->component = arch_results_alloc(r, N_COMPONENTS * sizeof *r->component);
    r->n_objectives = N_OBJECTIVES;
    r->objective = arch_results_alloc(r, N_OBJECTIVES * sizeof *r->objective);
    r->n_findings = N_FINDINGS;
    r->finding = arch_results_alloc(r, N_FINDINGS * sizeof *r->finding);
    fill_read(r, &r->operation[0]);
    fill_write(r, &r->operation[1]);
    fill_components(r->component);
    fill_objectives(r->objective);
    fill_findings(r->finding);
    fill_provenance(&r->provenance);
    fill_series(r, &r->component_series, N_COMPONENTS, true);
    fill_series(r, &r->operation_series, N_OPERATIONS, false);
    fill_engine(r);
    fill_tracks(r);
    r->objectives_met = false;
    return r;
}

arch_results_t *results_sample_large(uint32_t n_components)
{
    arch_results_t *r;

    if (arch_results_create(&r) != ARCH_OK)
        return NULL;
    r->name = "large";
    r->n_components = n_components;
    r->component = arch_results_alloc(r, n_components * sizeof *r->component);
    for (uint32_t i = 0; i < n_components; i++) {
        char *name = arch_results_alloc(r, 24);

        snprintf(name, 24, "service-%06u", i);
        fill_component(&r->component[i], name, name, ARCH_SERVICE, 0.95 * (double)(n_components - i) / n_components);
    }
    fill_provenance(&r->provenance);
    return r;
}
