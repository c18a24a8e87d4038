/* tests/unit/test_coordinator.c - arch_run(), arch_cut() and arch_traffic() from the outside: one answer however the work is
 * shared, nothing lost, and sentences that say what is wrong. */
#include "support/designs.h"
#include <CUnit/Basic.h>
#include <architech/run.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Two tiers behind a balancer, with a cache and read replicas: all kinds of elements, latency between all of them. */
static const char shop[] =
    "{\"architech\": 1, \"name\": \"shop\", \"keyspaces\": {\"items\": {\"count\": 1000, \"zipf\": 1.0}},"
    " \"services\": {\"app\": {\"replicas\": 3, \"threads\": 20, \"endpoints\": {"
    "   \"read\": [{\"cpu\": {\"exponential\": {\"mean\": \"1ms\"}}},"
    "              {\"cache\": \"hot\", \"keys\": \"items\", \"miss\": [{\"call\": \"db/find\"}]}],"
    "   \"write\": [{\"cpu\": \"2ms\"}, {\"call\": \"db/save\"}]}}},"
    " \"balancers\": {\"lb\": {\"to\": \"app\"}},"
    " \"caches\": {\"hot\": {\"capacity\": 100, \"service\": \"20us\"}},"
    " \"databases\": {\"db\": {\"cores\": 2, \"read_replicas\": {\"count\": 2}, \"queries\": {"
    "   \"find\": {\"cpu\": {\"exponential\": {\"mean\": \"2ms\"}}},"
    "   \"save\": {\"writes\": true, \"cpu\": \"3ms\", \"apply\": \"1ms\"}}}},"
    " \"network\": {\"latency\": \"200us\"},"
    " \"workloads\": {\"web\": {\"rate\": \"400/s\", \"mix\": {\"lb/read\": 9, \"lb/write\": 1}},"
    "                \"batch\": {\"users\": 3, \"think\": \"50ms\", \"mix\": {\"app/write\": 1}}},"
    " \"run\": {\"duration\": \"4s\", \"replications\": 4%s}%s}";

/* The shop with more run settings (", ...") and more members (", ..."). */
static arch_design_t *make_shop(const char *settings, const char *members)
{
    char text[sizeof shop + 1024];

    snprintf(text, sizeof text, shop, settings, members);
    return design_of_text(".", text);
}

static arch_design_t *single_server(const char *rate, const char *service, const char *run)
{
    char text[1024];

    snprintf(text, sizeof text,
             "{\"architech\": 1, \"services\": {\"app\": {%s \"endpoints\": {\"serve\": [{\"cpu\": {\"exponential\": "
             "{\"mean\": \"1ms\"}}}]}}}, \"workloads\": {\"web\": {\"rate\": \"%s\", \"mix\": {\"app/serve\": 1}}},"
             " \"run\": {%s}}", service, rate, run);
    return design_of_text(".", text);
}

static arch_results_t *run_with(const arch_design_t *design, arch_run_options_t options)
{
    arch_results_t *results = NULL;
    arch_status_t st = arch_run(design, &options, &results);

    if (st != ARCH_OK) {
        fprintf(stderr, "%s\n", arch_error_text());
        abort();
    }
    return results;
}

static arch_run_options_t shared_by(uint32_t threads, uint32_t group, uint32_t partitions)
{
    arch_run_options_t options = {0};

    options.threads = threads;
    options.group = group;
    options.partitions = partitions;
    return options;
}

/* ---- one answer ------------------------------------------------------------------------------------------------- */

static void same(double a, double b) { CU_ASSERT(memcmp(&a, &b, sizeof a) == 0); }

static void same_estimate(const arch_estimate_t *a, const arch_estimate_t *b)
{
    same(a->value, b->value);
    same(a->half_width, b->half_width);
    CU_ASSERT_EQUAL(a->supported, b->supported);
}

static void same_component(const arch_component_result_t *a, const arch_component_result_t *b)
{
    CU_ASSERT_STRING_EQUAL(a->name, b->name);
    CU_ASSERT_EQUAL(a->arrived, b->arrived);
    CU_ASSERT_EQUAL(a->completed, b->completed);
    CU_ASSERT_EQUAL(a->queue_max, b->queue_max);
    same_estimate(&a->utilisation, &b->utilisation);
    same_estimate(&a->queue, &b->queue);
    same_estimate(&a->wait, &b->wait);
    same_estimate(&a->sojourn, &b->sojourn);
    same_estimate(&a->hit_ratio, &b->hit_ratio);
    same_estimate(&a->lag, &b->lag);
}

static void same_operation(const arch_operation_result_t *a, const arch_operation_result_t *b)
{
    CU_ASSERT_EQUAL(a->run_generated, b->run_generated);
    CU_ASSERT_EQUAL(a->completed, b->completed);
    same_estimate(&a->mean, &b->mean);
    same_estimate(&a->p50, &b->p50);
    same_estimate(&a->p95, &b->p95);
    same_estimate(&a->p99, &b->p99);
    same_estimate(&a->throughput, &b->throughput);
    same(a->max, b->max);
    CU_ASSERT_EQUAL(a->latency.n, b->latency.n);
}

static void same_results(const arch_results_t *a, const arch_results_t *b)
{
    const arch_series_t *s = &a->component_series;

    CU_ASSERT_EQUAL(a->digest, b->digest);
    CU_ASSERT_EQUAL_FATAL(a->n_components, b->n_components);
    CU_ASSERT_EQUAL_FATAL(a->n_operations, b->n_operations);
    for (uint32_t i = 0; i < a->n_components; i++)
        same_component(&a->component[i], &b->component[i]);
    for (uint32_t i = 0; i < a->n_operations; i++)
        same_operation(&a->operation[i], &b->operation[i]);
    CU_ASSERT_EQUAL_FATAL(s->n_rows, a->n_components);
    CU_ASSERT_EQUAL_FATAL(b->component_series.n_rows, a->n_components);
    CU_ASSERT_EQUAL(memcmp(s->queue, b->component_series.queue, s->n_rows * s->n_intervals * sizeof *s->queue), 0);
    CU_ASSERT_EQUAL(a->n_findings, b->n_findings);
    for (uint32_t i = 0; i < a->n_findings; i++)
        CU_ASSERT_STRING_EQUAL(a->finding[i].text, b->finding[i].text);
}

static void answers_alike_however_the_work_is_shared(void)
{
    static const struct {
        uint32_t threads, group, partitions;
    } way[] = {{2, 1, 1}, {3, 1, 1}, {1, 1, 4}, {1, 1, 1000}, {2, 2, 0}, {3, 3, 5}, {4, 2, 7}, {5, 2, 3}, {8, 4, 8}};
    arch_design_t *design = make_shop("", "");
    arch_results_t *first = run_with(design, shared_by(1, 1, 1));

    CU_ASSERT(first->digest != 0);
    for (size_t i = 0; i < sizeof way / sizeof *way; i++) {
        arch_results_t *other = run_with(design, shared_by(way[i].threads, way[i].group, way[i].partitions));
        same_results(first, other);
        arch_results_destroy(&other);
    }
    arch_results_destroy(&first);
    arch_design_destroy(&design);
}

static void answers_alike_by_any_executor(void)
{
    static const char *const name[] = {NULL, "sequential", "conservative", "optimistic"};
    arch_design_t *design = make_shop("", "");
    arch_results_t *first = run_with(design, shared_by(1, 1, 1));

    for (uint32_t executor = ARCH_EXECUTOR_SEQUENTIAL; executor <= ARCH_EXECUTOR_OPTIMISTIC; executor++) {
        arch_run_options_t options = shared_by(2, 2, 5);
        arch_results_t *other;

        options.executor = executor;
        other = run_with(design, options);
        CU_ASSERT_STRING_EQUAL(other->provenance.executor, name[executor]);
        same_results(first, other);
        arch_results_destroy(&other);
    }
    arch_results_destroy(&first);
    arch_design_destroy(&design);
}

static void another_seed_gives_another_digest(void)
{
    arch_design_t *design = make_shop("", ""), *other = make_shop(", \"seed\": 2", "");
    arch_results_t *a = run_with(design, shared_by(1, 1, 1)), *b = run_with(other, shared_by(1, 1, 1));

    CU_ASSERT_NOT_EQUAL(a->digest, b->digest);
    arch_results_destroy(&a);
    arch_results_destroy(&b);
    arch_design_destroy(&design);
    arch_design_destroy(&other);
}

static void cuts_really_divide_the_work(void)
{
    arch_design_t *design = make_shop("", "");
    arch_results_t *r = run_with(design, shared_by(3, 3, 5));

    CU_ASSERT_EQUAL(r->provenance.threads, 3);
    CU_ASSERT_EQUAL(r->provenance.partitions, 5);
    CU_ASSERT_STRING_EQUAL(r->provenance.executor, "conservative");
    CU_ASSERT(r->provenance.messages > 1000);
    CU_ASSERT(r->provenance.windows > 100);
    arch_results_destroy(&r);
    arch_design_destroy(&design);
}

/* ---- nothing lost ----------------------------------------------------------------------------------------------- */

static void counts_every_request_once(void)
{
    arch_design_t *design = make_shop("", "");
    arch_results_t *r = run_with(design, shared_by(2, 2, 3));

    CU_ASSERT_EQUAL(r->n_operations, 3);
    for (uint32_t i = 0; i < r->n_operations; i++) {
        const arch_operation_result_t *op = &r->operation[i];
        uint64_t in_histogram = 0;
        CU_ASSERT(op->run_generated > 0);
        CU_ASSERT_EQUAL(op->run_generated, op->run_completed + op->run_failed + op->run_rejected + op->run_in_flight);
        CU_ASSERT(op->run_in_flight < op->run_generated / 10);
        CU_ASSERT(op->completed <= op->run_completed);
        for (uint32_t k = 0; k < op->latency.n; k++)
            in_histogram += op->latency.count[k];
        CU_ASSERT_EQUAL(in_histogram, op->completed);
    }
    arch_results_destroy(&r);
    arch_design_destroy(&design);
}

static void measures_what_theory_says_of_one_server(void)
{
    arch_design_t *design = single_server("500/s", "", "\"duration\": \"40s\", \"replications\": 10");
    arch_results_t *r = run_with(design, shared_by(0, 0, 0));
    const arch_component_result_t *c = &r->component[0];
    const arch_operation_result_t *op = &r->operation[0];

    CU_ASSERT_STRING_EQUAL(c->name, "app");
    CU_ASSERT_DOUBLE_EQUAL(c->utilisation.value, 0.5, 0.02);
    CU_ASSERT_DOUBLE_EQUAL(c->queue.value, 0.5, 0.06);           /* rho^2 / (1 - rho) */
    CU_ASSERT_DOUBLE_EQUAL(c->wait.value, 1e6, 1e5);             /* rho / (mu - lambda) */
    CU_ASSERT_DOUBLE_EQUAL(op->mean.value, 2e6, 1e5);            /* 1 / (mu - lambda) */
    CU_ASSERT_DOUBLE_EQUAL(op->p99.value, 2e6 * 4.605, 8e5);
    CU_ASSERT_DOUBLE_EQUAL(op->throughput.value, 500, 5);
    CU_ASSERT(op->mean.half_width > 0 && op->mean.half_width < 2e5);
    arch_results_destroy(&r);
    arch_design_destroy(&design);
}

static void one_replication_says_how_sure_it_is(void)
{
    arch_design_t *design = single_server("500/s", "", "\"duration\": \"100s\", \"warmup\": \"10s\", \"replications\": 1");
    arch_results_t *r = run_with(design, shared_by(0, 0, 0));

    CU_ASSERT(r->operation[0].mean.half_width > 0);
    CU_ASSERT(r->operation[0].mean.half_width < 4e5);
    CU_ASSERT(r->component[0].utilisation.half_width > 0);
    CU_ASSERT_EQUAL(r->provenance.warmup, 10 * ARCH_SECOND);
    CU_ASSERT_FALSE(r->provenance.warmup_automatic);
    arch_results_destroy(&r);
    arch_design_destroy(&design);
}

static void a_run_that_is_steady_from_the_start_loses_little(void)
{
    arch_design_t *design = single_server("300/s", "", "\"duration\": \"40s\", \"replications\": 8");
    arch_results_t *r = run_with(design, shared_by(0, 0, 0));

    CU_ASSERT_TRUE(r->provenance.warmup_automatic);
    CU_ASSERT_TRUE(r->provenance.stationary);
    CU_ASSERT(r->provenance.warmup <= design->run.duration / 5);
    CU_ASSERT(r->operation[0].completed > r->operation[0].run_completed / 4 * 3);
    arch_results_destroy(&r);
    arch_design_destroy(&design);
}

/* The load begins at three times what the server bears; the backlog takes some seconds to work off. */
static void a_start_up_is_left_out(void)
{
    arch_design_t *design = design_of_text(
        ".",
        "{\"architech\": 1, \"services\": {\"app\": {\"endpoints\": {\"serve\": [{\"cpu\": {\"exponential\": {\"mean\": "
        "\"1ms\"}}}]}}}, \"workloads\": {\"web\": {\"rate\": {\"points\": [[\"0s\", \"3000/s\"], [\"2s\", \"300/s\"]]}, "
        "\"mix\": {\"app/serve\": 1}}}, \"run\": {\"duration\": \"40s\", \"replications\": 4}}");
    arch_results_t *r = run_with(design, shared_by(0, 0, 0));

    CU_ASSERT(r->provenance.warmup >= 5 * ARCH_SECOND);
    CU_ASSERT(r->operation[0].mean.value < 2e6); /* 1.43 ms without the backlog, hundreds of ms with it */
    arch_results_destroy(&r);
    arch_design_destroy(&design);
}

static void refuses_a_percentile_that_few_requests_cannot_carry(void)
{
    arch_design_t *design = single_server("2/s", "", "\"duration\": \"20s\", \"replications\": 2");
    arch_results_t *r = run_with(design, shared_by(0, 0, 0));

    CU_ASSERT_FALSE(r->operation[0].p999.supported);
    CU_ASSERT(isnan(r->operation[0].p999.value));
    CU_ASSERT(r->operation[0].mean.supported);
    arch_results_destroy(&r);
    arch_design_destroy(&design);
}

/* ---- what the engine did ----------------------------------------------------------------------------------------- */

static void add_rank(arch_engine_row_t *sum, const arch_engine_row_t *rank)
{
    sum->blocks += rank->blocks;
    sum->events += rank->events;
    sum->messages += rank->messages;
    sum->bytes += rank->bytes;
    sum->peak_bytes += rank->peak_bytes;
    sum->wait_seconds += rank->wait_seconds;
}

static void group_is_the_sum_of_its_ranks(const arch_engine_t *e, const arch_engine_row_t *g)
{
    arch_engine_row_t sum = {0};

    for (uint32_t r = g->rank; r < g->rank + g->ranks; r++) {
        CU_ASSERT_EQUAL(e->rank[r].group, g->group);
        CU_ASSERT_EQUAL(e->rank[r].replications, g->replications);
        CU_ASSERT(e->rank[r].wall_seconds <= g->wall_seconds);
        add_rank(&sum, &e->rank[r]);
    }
    CU_ASSERT(sum.blocks == g->blocks && sum.events == g->events && sum.messages == g->messages);
    CU_ASSERT(sum.bytes == g->bytes && sum.peak_bytes == g->peak_bytes);
    CU_ASSERT_DOUBLE_EQUAL(sum.wait_seconds, g->wait_seconds, 1e-9);
}

static void rank_makes_sense(const arch_engine_row_t *r, bool shares)
{
    CU_ASSERT(r->events > 0 && r->peak_bytes > 0 && r->blocks > 0 && r->host[0] != '\0');
    CU_ASSERT(r->wall_seconds > 0 && r->wait_seconds >= 0 && r->wait_seconds <= r->wall_seconds);
    CU_ASSERT_DOUBLE_EQUAL(r->wait_share, r->wait_seconds / r->wall_seconds, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(r->event_rate * r->wall_seconds, (double)r->events, 1e-3);
    CU_ASSERT(r->efficiency == 1.0 && r->rollbacks == 0 && r->copies == 0);
    CU_ASSERT_EQUAL(shares, r->bytes > 0);
}

static void the_engine_s_figures_add_up(void)
{
    static const uint32_t way[][3] = {{1, 1, 1}, {1, 1, 3}, {3, 1, 1}, {2, 2, 3}, {4, 2, 4}};
    arch_design_t *design = make_shop(", \"warmup\": \"100ms\"", "");

    design->run.duration = ARCH_SECOND / 2;
    for (size_t i = 0; i < sizeof way / sizeof *way; i++) {
        arch_run_options_t options = shared_by(way[i][0], way[i][1], way[i][2]);
        options.executor = way[i][2] > 1 ? ARCH_EXECUTOR_CONSERVATIVE : ARCH_EXECUTOR_SEQUENTIAL;
        arch_results_t *r = run_with(design, options);
        const arch_engine_t *e = &r->engine;
        arch_engine_row_t all = {0};
        uint32_t replications = 0;
        CU_ASSERT_EQUAL_FATAL(e->n_ranks, way[i][0]);
        CU_ASSERT_EQUAL_FATAL(e->n_groups, way[i][0] / way[i][1]);
        for (uint32_t k = 0; k < e->n_ranks; k++)
            rank_makes_sense(&e->rank[k], way[i][1] > 1);
        for (uint32_t g = 0; g < e->n_groups; g++) {
            group_is_the_sum_of_its_ranks(e, &e->group[g]);
            add_rank(&all, &e->group[g]);
            replications += e->group[g].replications;
            CU_ASSERT_EQUAL(e->group[g].blocks, e->partitions);
            CU_ASSERT_EQUAL(e->group[g].windows > 0, way[i][2] > 1);
        }
        CU_ASSERT_EQUAL(replications, 4);
        CU_ASSERT(all.events == r->provenance.events && all.messages == r->provenance.messages);
        CU_ASSERT_EQUAL(all.peak_bytes, r->provenance.peak_bytes);
        CU_ASSERT_EQUAL(e->links_cut > 0, way[i][2] > 1);
        CU_ASSERT(e->links_cut <= e->links);
        CU_ASSERT_EQUAL(e->lookahead, way[i][2] > 1 ? 200 * ARCH_MICROSECOND : 0);
        CU_ASSERT_PTR_NULL(r->track);
        arch_results_destroy(&r);
    }
    arch_design_destroy(&design);
}

/* Replications one after the other need what the largest of them does, side by side what they do together. */
static void memory_is_that_of_the_replications_at_one_time(void)
{
    arch_design_t *design = single_server("990/s", "", "\"duration\": \"20s\", \"replications\": 3");
    arch_results_t *one = run_with(design, shared_by(1, 1, 1)), *three = run_with(design, shared_by(3, 1, 1));
    uint64_t largest = 0, together = 0;

    CU_ASSERT_EQUAL_FATAL(three->engine.n_ranks, 3);
    for (uint32_t r = 0; r < 3; r++) {
        uint64_t bytes = three->engine.rank[r].peak_bytes;
        largest = bytes > largest ? bytes : largest;
        together += bytes;
    }
    CU_ASSERT_EQUAL(one->engine.rank[0].peak_bytes, largest);
    CU_ASSERT_EQUAL(one->engine.rank[0].replications, 3);
    CU_ASSERT_EQUAL(one->provenance.peak_bytes, largest);
    CU_ASSERT_EQUAL(three->provenance.peak_bytes, together);
    CU_ASSERT(together > largest);
    arch_results_destroy(&one);
    arch_results_destroy(&three);
    arch_design_destroy(&design);
}

/* Spans in order, within the time that the engine says it took, with all events of the rank in them. */
static void track_is_of_rank(const arch_track_t *t, const arch_engine_row_t *rank)
{
    double run = 0, wait = 0;
    uint64_t events = 0;

    CU_ASSERT(t->n_spans > 0 && t->span[0].from >= 0);
    CU_ASSERT_EQUAL(t->n_marks, rank->replications);
    for (uint32_t i = 0; i < t->n_spans; i++) {
        const arch_span_t *s = &t->span[i];
        CU_ASSERT(s->from <= s->to && s->merged >= 1 && (i == 0 || s[-1].to <= s->from));
        run += s->kind == ARCH_SPAN_RUN ? s->to - s->from : 0;
        wait += s->kind == ARCH_SPAN_WAIT ? s->to - s->from : 0;
        events += s->events;
    }
    CU_ASSERT_EQUAL(events, rank->events);
    CU_ASSERT(run > 0 && run <= rank->wall_seconds && run + wait <= rank->wall_seconds + 1e-6);
    CU_ASSERT_DOUBLE_EQUAL(wait, rank->wait_seconds, 1e-6);
}

static void a_trace_says_when_every_rank_did_what(void)
{
    static const uint32_t way[][4] = {{1, 1, 1, 1000}, {3, 1, 1, 1000}, {2, 2, 2, 1000}, {2, 2, 2, 1}};
    arch_design_t *design = make_shop(", \"warmup\": \"100ms\"", "");
    arch_results_t *plain;

    design->run.duration = ARCH_SECOND / 2;
    plain = run_with(design, shared_by(1, 1, 1));
    for (size_t i = 0; i < sizeof way / sizeof *way; i++) {
        arch_run_options_t options = shared_by(way[i][0], way[i][1], way[i][2]);
        options.executor = way[i][2] > 1 ? ARCH_EXECUTOR_CONSERVATIVE : ARCH_EXECUTOR_SEQUENTIAL;
        options.trace = way[i][3];
        arch_results_t *r = run_with(design, options);
        CU_ASSERT_EQUAL(r->digest, plain->digest);
        CU_ASSERT_PTR_NOT_NULL_FATAL(r->track);
        for (uint32_t k = 0; k < r->engine.n_ranks; k++) {
            track_is_of_rank(&r->track[k], &r->engine.rank[k]);
            CU_ASSERT(r->track[k].n_spans <= (way[i][3] < 16 ? 16 : way[i][3]));
        }
        arch_results_destroy(&r);
    }
    arch_results_destroy(&plain);
    arch_design_destroy(&design);
}

/* ---- objectives and findings ------------------------------------------------------------------------------------ */

static const arch_finding_t *finding(const arch_results_t *r, const char *code)
{
    for (uint32_t i = 0; i < r->n_findings; i++)
        if (strcmp(r->finding[i].code, code) == 0)
            return &r->finding[i];
    return NULL;
}

static bool judged(const char *metric, const char *relation, double limit_ns)
{
    char objective[256];
    arch_design_t *design;
    arch_results_t *r;
    bool met;

    snprintf(objective, sizeof objective, ", \"objectives\": {\"o\": {\"workload\": \"web\", \"operation\": \"lb/read\", "
             "\"%s\": {\"%s\": \"%.3fns\"}}}", metric, relation, limit_ns);
    design = make_shop("", objective);
    r = run_with(design, shared_by(1, 1, 1));
    met = r->objectives_met;
    CU_ASSERT_EQUAL(met, r->objective[0].met);
    arch_results_destroy(&r);
    arch_design_destroy(&design);
    return met;
}

/* A limit a thousandth to either side of what is measured: the verdict turns between them. */
static void an_objective_turns_at_its_limit(void)
{
    arch_design_t *design = make_shop("", "");
    arch_results_t *r = run_with(design, shared_by(1, 1, 1));
    double p95 = r->operation[0].p95.value;

    CU_ASSERT_TRUE(judged("p95", "below", p95 * 1.001));
    CU_ASSERT_FALSE(judged("p95", "below", p95 * 0.999));
    arch_results_destroy(&r);
    arch_design_destroy(&design);
}

static void judges_objectives(void)
{
    arch_design_t *design = make_shop("", ", \"objectives\": {"
        "\"quick\": {\"workload\": \"web\", \"operation\": \"lb/read\", \"p95\": {\"below\": \"5s\"}},"
        "\"too quick\": {\"workload\": \"web\", \"mean\": {\"below\": \"1us\"}},"
        "\"room\": {\"element\": \"app\", \"utilisation\": {\"below\": 0.99}},"
        "\"flow\": {\"workload\": \"web\", \"throughput\": {\"above\": \"100/s\"}}}");
    arch_results_t *r = run_with(design, shared_by(2, 0, 0));

    CU_ASSERT_EQUAL_FATAL(r->n_objectives, 4);
    CU_ASSERT_TRUE(r->objective[0].met);
    CU_ASSERT_STRING_EQUAL(r->objective[0].subject, "web lb/read p95");
    CU_ASSERT_FALSE(r->objective[1].met);
    CU_ASSERT_EQUAL(r->objective[1].verdict, ARCH_OBJECTIVE_MISSED);
    CU_ASSERT_STRING_EQUAL(r->objective[1].subject, "web mean");
    CU_ASSERT_TRUE(r->objective[2].met);
    CU_ASSERT_STRING_EQUAL(r->objective[2].subject, "app utilisation");
    CU_ASSERT_TRUE(r->objective[3].met);
    CU_ASSERT_DOUBLE_EQUAL(r->objective[3].measured.value, 400, 20);
    CU_ASSERT_FALSE(r->objectives_met);
    arch_results_destroy(&r);
    arch_design_destroy(&design);
}

static void finds_the_saturated_element_and_says_how_full_it_is(void)
{
    arch_design_t *design = single_server("960/s", "", "\"duration\": \"30s\", \"replications\": 4");
    arch_results_t *r = run_with(design, shared_by(0, 0, 0));
    const arch_finding_t *f = finding(r, "saturated");

    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_STRING_EQUAL(f->element, "app");
    CU_ASSERT_PTR_NOT_NULL(strstr(f->text, "app is 9"));
    CU_ASSERT_PTR_NOT_NULL(strstr(f->text, "% busy"));
    CU_ASSERT_PTR_NOT_NULL(finding(r, "waiting"));
    CU_ASSERT_PTR_NULL(finding(r, "not-needed-yet"));
    arch_results_destroy(&r);
    arch_design_destroy(&design);
}

static void finds_a_queue_that_never_settles(void)
{
    arch_design_t *design = single_server("1500/s", "", "\"duration\": \"10s\", \"replications\": 2");
    arch_results_t *r = run_with(design, shared_by(0, 0, 0));
    const arch_finding_t *f = finding(r, "saturated");

    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_EQUAL(f->severity, ARCH_FINDING_CRITICAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(f->text, "150 %"));
    CU_ASSERT_PTR_NOT_NULL(finding(r, "unstable"));
    arch_results_destroy(&r);
    arch_design_destroy(&design);
}

static void finds_rejections_and_counts_them(void)
{
    arch_design_t *design = single_server("1500/s", "\"threads\": 1, \"queue_limit\": 5,",
                                          "\"duration\": \"10s\", \"replications\": 2");
    arch_results_t *r = run_with(design, shared_by(0, 0, 0));
    const arch_component_result_t *c = &r->component[0];
    char share[32];

    snprintf(share, sizeof share, "%.0f %% of those", 100.0 * (double)c->rejected / (double)c->arrived);
    CU_ASSERT_PTR_NOT_NULL_FATAL(finding(r, "rejecting"));
    CU_ASSERT_PTR_NOT_NULL(strstr(finding(r, "rejecting")->text, share));
    CU_ASSERT_EQUAL(c->rejected, r->operation[0].rejected);
    CU_ASSERT_PTR_NOT_NULL(finding(r, "errors"));
    CU_ASSERT(r->operation[0].rejected > 1000);
    CU_ASSERT_DOUBLE_EQUAL(r->operation[0].errors.value, 0.35, 0.05);
    arch_results_destroy(&r);
    arch_design_destroy(&design);
}

static void says_when_nothing_more_is_needed(void)
{
    arch_design_t *design = single_server("100/s", "", "\"duration\": \"30s\", \"replications\": 4");
    arch_results_t *r = run_with(design, shared_by(0, 0, 0));
    const arch_finding_t *f = finding(r, "not-needed-yet");

    CU_ASSERT_EQUAL(r->n_findings, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_EQUAL(f->severity, ARCH_FINDING_INFO);
    CU_ASSERT_PTR_NOT_NULL(strstr(f->text, "(app)"));
    arch_results_destroy(&r);
    arch_design_destroy(&design);
}

/* ---- stopping early --------------------------------------------------------------------------------------------- */

typedef struct {
    int    calls;
    double done;
} told_t;

static int stop_at_once(void *user, double done, uint64_t events, double seconds_left)
{
    told_t *told = user;

    (void)events;
    CU_ASSERT(done >= told->done && done <= 1.0);
    CU_ASSERT(seconds_left >= 0);
    told->done = done;
    told->calls++;
    return 1;
}

static void a_cancelled_run_ends_everywhere(void)
{
    static const uint32_t way[][2] = {{1, 1}, {3, 1}, {2, 2}};
    arch_design_t *design = make_shop(", \"warmup\": \"1s\"", "");

    design->run.duration = 100000 * ARCH_SECOND;
    for (size_t i = 0; i < sizeof way / sizeof *way; i++) {
        told_t told = {0, 0};
        arch_run_options_t options = shared_by(way[i][0], way[i][1], 0);
        arch_results_t *r = NULL;
        options.progress = stop_at_once;
        options.user = &told;
        CU_ASSERT_EQUAL(arch_run(design, &options, &r), ARCH_E_CANCELLED);
        CU_ASSERT_PTR_NULL(r);
        CU_ASSERT(told.calls >= 1);
    }
    arch_design_destroy(&design);
}

static void a_full_memory_names_who_filled_it(void)
{
    arch_design_t *design = single_server("100000/s", "", "\"duration\": \"1000s\", \"replications\": 2");
    arch_run_options_t options = shared_by(2, 1, 0);
    arch_results_t *r = NULL;

    options.memory_limit = 32 << 20;
    CU_ASSERT_EQUAL(arch_run(design, &options, &r), ARCH_E_FULL);
    CU_ASSERT_PTR_NULL(r);
    CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), "app holds"));
    CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), "expected utilisation 100"));
    arch_design_destroy(&design);
}

static void impossible_settings_are_refused(void)
{
    arch_design_t *design = make_shop("", "");
    arch_results_t *r = NULL;

    design->run.replications = 0;
    CU_ASSERT_EQUAL(arch_run(design, NULL, &r), ARCH_E_ARG);
    design->run.replications = 1;
    design->run.warmup = design->run.duration;
    CU_ASSERT_EQUAL(arch_run(design, NULL, &r), ARCH_E_ARG);
    CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), "/run/warmup"));
    design->run.warmup = 0;
    design->run.duration = 0;
    CU_ASSERT_EQUAL(arch_run(design, NULL, &r), ARCH_E_ARG);
    CU_ASSERT_PTR_NULL(r);
    arch_design_destroy(&design);
}

/* ---- cut and traffic -------------------------------------------------------------------------------------------- */

static void a_cut_is_described_and_drawn(void)
{
    arch_design_t *design = make_shop("", "");
    arch_cut_t *cut = NULL;
    double load = 0;

    CU_ASSERT_EQUAL_FATAL(arch_cut(design, 3, &cut), ARCH_OK);
    CU_ASSERT_EQUAL(cut->n_parts, 3);
    CU_ASSERT_EQUAL(cut->lookahead, 200 * ARCH_MICROSECOND);
    CU_ASSERT_EQUAL(cut->n_elements, 10); /* 2 workloads, 3 app, lb, hot, 3 servers of db */
    for (uint32_t p = 0; p < cut->n_parts; p++)
        load += cut->load[p];
    CU_ASSERT(load > 400 && cut->balance >= 1.0 && cut->edge_cut > 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(cut->dot, "subgraph cluster_2"));
    CU_ASSERT_PTR_NOT_NULL(strstr(cut->dot, "\"db.primary\""));
    arch_cut_destroy(&cut);
    CU_ASSERT_EQUAL(arch_cut(design, 0, &cut), ARCH_E_ARG);
    arch_design_destroy(&design);
}

static void expected_traffic_is_what_is_measured(void)
{
    arch_design_t *design = make_shop("", "");
    arch_results_t *r = run_with(design, shared_by(0, 0, 0));
    arch_traffic_t *traffic = NULL;
    uint32_t n_compared = 0;

    CU_ASSERT_EQUAL_FATAL(arch_traffic(design, &traffic), ARCH_OK);
    for (uint32_t e = 0; e < traffic->n_elements; e++)
        for (uint32_t i = 0; i < r->n_components; i++)
            if (strcmp(traffic->name[e], r->component[i].name) == 0 && r->component[i].kind == ARCH_SERVICE) {
                CU_ASSERT_DOUBLE_EQUAL(traffic->utilisation[e], r->component[i].utilisation.value, 0.05);
                CU_ASSERT_DOUBLE_EQUAL(traffic->arrival_rate[e], r->component[i].throughput.value, 20);
                n_compared++;
            }
    CU_ASSERT_EQUAL(n_compared, 3);
    arch_traffic_destroy(&traffic);
    arch_results_destroy(&r);
    arch_design_destroy(&design);
}

int main(void)
{
    static const struct {
        const char *name;
        void      (*test)(void);
    } tests[] = {
        {"answers alike however the work is shared", answers_alike_however_the_work_is_shared},
        {"answers alike by any executor", answers_alike_by_any_executor},
        {"another seed gives another digest", another_seed_gives_another_digest},
        {"cuts really divide the work", cuts_really_divide_the_work},
        {"counts every request once", counts_every_request_once},
        {"measures what theory says of one server", measures_what_theory_says_of_one_server},
        {"one replication says how sure it is", one_replication_says_how_sure_it_is},
        {"a run that is steady from the start loses little", a_run_that_is_steady_from_the_start_loses_little},
        {"a start-up is left out", a_start_up_is_left_out},
        {"refuses a percentile that few requests cannot carry", refuses_a_percentile_that_few_requests_cannot_carry},
        {"the engine's figures add up", the_engine_s_figures_add_up},
        {"memory is that of the replications at one time", memory_is_that_of_the_replications_at_one_time},
        {"a trace says when every rank did what", a_trace_says_when_every_rank_did_what},
        {"judges objectives", judges_objectives},
        {"an objective turns at its limit", an_objective_turns_at_its_limit},
        {"finds the saturated element and says how full it is", finds_the_saturated_element_and_says_how_full_it_is},
        {"finds a queue that never settles", finds_a_queue_that_never_settles},
        {"finds rejections and counts them", finds_rejections_and_counts_them},
        {"says when nothing more is needed", says_when_nothing_more_is_needed},
        {"a cancelled run ends everywhere", a_cancelled_run_ends_everywhere},
        {"a full memory names who filled it", a_full_memory_names_who_filled_it},
        {"impossible settings are refused", impossible_settings_are_refused},
        {"a cut is described and drawn", a_cut_is_described_and_drawn},
        {"expected traffic is what is measured", expected_traffic_is_what_is_measured},
    };
    CU_pSuite suite;

    if (CU_initialize_registry() != CUE_SUCCESS || (suite = CU_add_suite("coordinator", NULL, NULL)) == NULL)
        return EXIT_FAILURE;
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        CU_add_test(suite, tests[i].name, tests[i].test);
    CU_basic_run_tests();
    return CU_get_number_of_failures() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
