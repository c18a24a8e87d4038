/* coordinator/simulation_read.c - what a simulation has found out: as results of a run that ends now, or over a span. */
#include "coordinator/collect.h"
#include "coordinator/job.h"
#include "coordinator/machine.h"
#include "coordinator/simulation.h"
#include "coordinator/threads.h"
#include "model/estimate.h"
#include "model/graft.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- results -------------------------------------------------------------------------------------------------------- */

/* A run of this one replication that ends now. */
typedef struct {
    archi_job_t     job;
    arch_design_t   design; /* shares all but the settings */
    archi_block_t  *block;
    archi_map_t     map;
    arch_results_t *results;
} ending_t;

static arch_status_t end_now(const arch_simulation_t *s, ending_t *e)
{
    static const arch_run_options_t alone = {.threads = 1, .partitions = 1, .group = 1};
    archi_grouping_t known = archi_grouping_hoped(1);
    archi_job_t *job = &e->job;

    e->design = *s->design;
    e->design.run.replications = 1;
    e->design.run.duration = s->now;
    e->map = s->map;
    job->design = &e->design;
    job->options = &alone;
    job->began = archi_machine_seconds();
    archi_machine_now(job->started);
    ARCH_TRY(archi_plan_until(s->plan, s->now, &job->plan));
    ARCH_TRY(archi_model_graft(s->plan, job->plan, s->block, s->now, s->block->seed, &e->block));
    archi_model_finish(job->plan, e->block, s->now);
    ARCH_TRY(archi_layout_make(job->plan, job->options, 1, &known, 1, &job->layout));
    return archi_ledger_make(job->plan, job->design, 1, NULL, 0, false, &job->ledger);
}

static void put_rank(ending_t *e)
{
    uint64_t *row = archi_ledger_rank(&e->job.ledger, 0);

    row[ARCHI_S_REPLICATIONS] = row[ARCHI_S_BLOCKS] = 1;
    row[ARCHI_S_EVENTS] = e->block->n_events;
    row[ARCHI_S_PEAK_BYTES] = e->block->bytes;
    archi_machine_name((char *)&row[ARCHI_S_HOST], ARCHI_HOST_WORDS * sizeof *row);
    e->job.ledger.total[ARCHI_T_EVENTS] = e->block->n_events;
    e->job.ledger.total[ARCHI_T_PEAK_BYTES] = e->block->bytes;
}

static arch_status_t answer(void *user, archi_net_t *net)
{
    ending_t *e = user;
    archi_finished_t done = {e->job.plan, &e->map, &e->block, 1, 0};
    uint32_t cut;
    bool trusted;
    uint64_t *row = archi_ledger_replication(&e->job.ledger, 0);

    ARCH_TRY(archi_collect_warmup(&done, e->job.design, NULL, &cut, &trusted));
    archi_collect(&done, cut, &e->job.ledger);
    row[ARCHI_R_CUT] = cut;
    row[ARCHI_R_TRUSTED] = trusted;
    put_rank(e);
    return archi_answer(&e->job, net, e->results);
}

arch_status_t arch_simulation_results(const arch_simulation_t *s, arch_results_t **out)
{
    ending_t e;
    arch_status_t st;

    *out = NULL;
    if (s->now == 0)
        return ARCH_FAIL(ARCH_E_ARG, "a simulation that has not begun has no results");
    memset(&e, 0, sizeof e);
    st = arch_results_create(&e.results);
    if (st == ARCH_OK)
        st = end_now(s, &e);
    if (st == ARCH_OK)
        st = archi_threads_run(1, answer, &e);
    if (st != ARCH_OK)
        arch_results_destroy(&e.results);
    *out = e.results;
    archi_block_destroy(&e.block);
    archi_ledger_free(&e.job.ledger);
    archi_layout_free(&e.job.layout);
    archi_plan_destroy(&e.job.plan);
    return st;
}

/* ---- readings ------------------------------------------------------------------------------------------------------- */

static void reading_free(archi_reading_t *r)
{
    free(r->element);
    free(r->op);
    free(r->histogram);
    memset(r, 0, sizeof *r);
}

static void read_operation(const arch_simulation_t *s, uint32_t op, archi_reading_t *r)
{
    archi_op_reading_t *to = &r->op[op];

    for (uint32_t k = 0; k < archi_plan_n_slices(s->plan); k++) {
        const archi_op_tally_t *t = archi_model_op_tally(s->plan, &s->map, s->block, op, k);
        to->n_generated += t->n_generated;
        to->n_completed += t->n_completed;
        to->n_failed += t->n_failed;
        to->n_rejected += t->n_rejected;
        to->n_in_flight += t->n_in_flight;
        archi_u128_merge(&to->latency, &t->latency);
        archi_model_op_histogram(s->plan, &s->map, s->block, op, k, r->histogram + (size_t)op * ARCHI_N_BUCKETS);
    }
}

static arch_status_t reading(const arch_simulation_t *s, archi_reading_t *r)
{
    uint32_t n = archi_plan_n_elements(s->plan), n_ops = archi_plan_n_operations(s->plan);

    memset(r, 0, sizeof *r);
    r->at = s->now;
    r->element = calloc((size_t)n + 1, sizeof *r->element);
    r->op = calloc((size_t)n_ops + 1, sizeof *r->op);
    r->histogram = calloc((size_t)n_ops * ARCHI_N_BUCKETS + 1, sizeof *r->histogram);
    if (r->element == NULL || r->op == NULL || r->histogram == NULL) {
        reading_free(r);
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to read %u elements and %u operations", (unsigned)n, (unsigned)n_ops);
    }
    for (uint32_t e = 0; e < n; e++)
        archi_model_total(s->plan, s->block, e, s->now, &r->element[e]);
    for (uint32_t op = 0; op < n_ops; op++)
        read_operation(s, op, r);
    return ARCH_OK;
}

void archi_watching_free(archi_watching_t *w)
{
    reading_free(&w->mark);
    free(w->seen.operation);
    free(w->seen.component);
}

arch_status_t archi_observe_from(const arch_simulation_t *s, archi_watching_t *w)
{
    archi_reading_t fresh;

    ARCH_TRY(reading(s, &fresh));
    reading_free(&w->mark);
    w->mark = fresh;
    return ARCH_OK;
}

arch_status_t arch_simulation_mark(arch_simulation_t *s) { return archi_observe_from(s, &s->user); }

/* ---- a span --------------------------------------------------------------------------------------------------------- */

static double quotient(double over, double under) { return under > 0 ? over / under : (double)NAN; }

static double growth(const archi_u128_t *now, const archi_u128_t *before)
{
    archi_u128_t since = archi_u128_since(*now, before);

    return archi_u128_to_double(&since);
}

static void put_operation(const archi_reading_t *now, const archi_reading_t *before, uint32_t op,
                          arch_observed_operation_t *out)
{
    const archi_op_reading_t *a = &now->op[op], *b = &before->op[op];
    uint64_t *count = now->histogram + (size_t)op * ARCHI_N_BUCKETS;

    for (uint32_t k = 0; k < ARCHI_N_BUCKETS; k++)
        count[k] -= before->histogram[(size_t)op * ARCHI_N_BUCKETS + k];
    out->generated = a->n_generated - b->n_generated;
    out->completed = a->n_completed - b->n_completed;
    out->failed = a->n_failed - b->n_failed;
    out->rejected = a->n_rejected - b->n_rejected;
    out->in_flight = a->n_in_flight;
    out->mean = quotient(growth(&a->latency, &b->latency), (double)out->completed);
    (void)archi_quantile(count, 0.5, &out->p50); /* few observations give a rough figure, not a wrong one */
    (void)archi_quantile(count, 0.95, &out->p95);
    (void)archi_quantile(count, 0.99, &out->p99);
    (void)archi_quantile(count, 0.999, &out->p999);
}

static void put_component(const arch_simulation_t *s, const archi_reading_t *now, const archi_reading_t *before,
                          uint32_t e, arch_observed_component_t *out)
{
    const archi_tally_t *a = &now->element[e], *b = &before->element[e];
    double ns = (double)(now->at - before->at);
    archi_element_info_t info;

    archi_plan_element(s->plan, e, &info);
    out->name = info.name;
    out->group = info.group;
    out->cores = info.cores;
    out->arrived = a->n_arrived - b->n_arrived;
    out->completed = a->n_completed - b->n_completed;
    out->failed = a->n_failed - b->n_failed;
    out->rejected = a->n_rejected - b->n_rejected;
    out->utilisation = quotient(growth(&a->busy, &b->busy), ns * info.cores);
    out->queue = quotient(growth(&a->queued, &b->queued), ns);
    out->sojourn = quotient(growth(&a->sojourn, &b->sojourn), (double)out->completed);
    archi_model_now(s->block, e, &out->inside, &out->waiting);
}

static bool is_component(const arch_simulation_t *s, uint32_t e)
{
    archi_element_info_t info;

    archi_plan_element(s->plan, e, &info);
    return !info.is_workload;
}

static arch_status_t make_observation(const arch_simulation_t *s, arch_observation_t *seen)
{
    uint32_t n = archi_plan_n_elements(s->plan), n_ops = archi_plan_n_operations(s->plan);

    if (seen->component != NULL)
        return ARCH_OK;
    seen->operation = calloc((size_t)n_ops + 1, sizeof *seen->operation);
    seen->component = calloc((size_t)n + 1, sizeof *seen->component);
    if (seen->operation == NULL || seen->component == NULL) {
        free(seen->operation);
        free(seen->component);
        memset(seen, 0, sizeof *seen);
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the figures of %u elements", (unsigned)n);
    }
    seen->n_operations = n_ops;
    return ARCH_OK;
}

/* Nothing was counted before time 0. */
static arch_status_t mark_the_beginning(const arch_simulation_t *s, archi_watching_t *w)
{
    ARCH_TRY(archi_observe_from(s, w));
    memset(w->mark.element, 0, archi_plan_n_elements(s->plan) * sizeof *w->mark.element);
    memset(w->mark.op, 0, w->seen.n_operations * sizeof *w->mark.op);
    memset(w->mark.histogram, 0, (size_t)w->seen.n_operations * ARCHI_N_BUCKETS * sizeof *w->mark.histogram);
    w->mark.at = 0;
    return ARCH_OK;
}

static void put_operations(const arch_simulation_t *s, const archi_reading_t *now, archi_watching_t *w)
{
    uint32_t op = 0;

    for (uint32_t k = 0; k < s->design->n_workloads; k++)
        for (uint32_t i = 0; i < s->design->workload[k].n_operations; i++, op++) {
            w->seen.operation[op].workload = s->design->workload[k].name;
            w->seen.operation[op].name = s->design->workload[k].operation[i].name;
            put_operation(now, &w->mark, op, &w->seen.operation[op]);
        }
}

arch_status_t archi_observe(const arch_simulation_t *s, archi_watching_t *w, const arch_observation_t **out)
{
    archi_reading_t now;

    *out = NULL;
    ARCH_TRY(make_observation(s, &w->seen));
    if (w->mark.element == NULL)
        ARCH_TRY(mark_the_beginning(s, w));
    ARCH_TRY(reading(s, &now));
    w->seen.from = w->mark.at;
    w->seen.to = s->now;
    w->seen.n_components = 0;
    put_operations(s, &now, w);
    for (uint32_t e = 0; e < archi_plan_n_elements(s->plan); e++)
        if (is_component(s, e))
            put_component(s, &now, &w->mark, e, &w->seen.component[w->seen.n_components++]);
    reading_free(&now);
    *out = &w->seen;
    return ARCH_OK;
}

arch_status_t arch_simulation_observe(arch_simulation_t *s, const arch_observation_t **out)
{
    return archi_observe(s, &s->user, out);
}
