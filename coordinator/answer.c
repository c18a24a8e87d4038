/* coordinator/answer.c - archi_answer(): from the ledger to results, step by step. */
#include "coordinator/answer.h"
#include "coordinator/machine.h"
#include <architech/version.h>
#include <stdlib.h>
#include <string.h>

/* Measured spans by replication, and the first whole interval after the warm-up of the only one. */
static arch_status_t measure_spans(archi_answer_t *a)
{
    const archi_ledger_t *l = &a->job->ledger;
    const archi_plan_t *plan = a->job->plan;
    uint32_t n = l->n_replications > l->n_intervals ? l->n_replications : l->n_intervals;
    arch_time_t begin = 0;

    a->span = calloc(l->n_replications, sizeof *a->span);
    a->over = calloc(n, sizeof *a->over);
    a->under = calloc(n, sizeof *a->under);
    if (a->span == NULL || a->over == NULL || a->under == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the results of %u replications", l->n_replications);
    for (uint32_t r = 0; r < l->n_replications; r++) {
        begin = archi_plan_slice_begin(plan, (uint32_t)archi_ledger_replication(l, r)[ARCHI_R_CUT]);
        a->span[r] = (double)(archi_plan_duration(plan) - begin);
    }
    a->first_interval = (uint32_t)((begin + archi_plan_interval(plan) - 1) / archi_plan_interval(plan));
    return ARCH_OK;
}

static void put_warmup(const archi_answer_t *a, arch_provenance_t *p)
{
    const archi_ledger_t *l = &a->job->ledger;
    uint32_t cut = 0, trusted = 0;

    for (uint32_t r = 0; r < l->n_replications; r++) {
        const uint64_t *row = archi_ledger_replication(l, r);
        cut = row[ARCHI_R_CUT] > cut ? (uint32_t)row[ARCHI_R_CUT] : cut;
        trusted += row[ARCHI_R_TRUSTED] != 0;
    }
    p->warmup = archi_plan_slice_begin(a->job->plan, cut);
    p->warmup_automatic = a->job->design->run.warmup == ARCH_AUTO;
    p->stationary = 2 * trusted > l->n_replications; /* one unlucky replication of ten proves nothing */
}

static arch_status_t put_provenance(archi_answer_t *a, archi_net_t *net)
{
    const archi_job_t *job = a->job;
    const uint64_t *total = job->ledger.total;
    arch_provenance_t *p = &a->out->provenance;
    bool mpi = archi_net_comm(net) != NULL;
    char host[256];

    archi_machine_name(host, sizeof host);
    p->version = arch_version();
    p->executor = job->layout.group_size > 1 ? "conservative" : "sequential";
    if (job->options->executor == ARCH_EXECUTOR_OPTIMISTIC && job->layout.n_blocks > 1)
        p->executor = "optimistic";
    if (job->device != NULL)
        p->executor = "gpu";
    p->host = archi_text(a->out, "%s", host);
    p->started = archi_text(a->out, "%s", job->started);
    p->seed = job->design->run.seed;
    p->ranks = mpi ? archi_net_size(net) : 1;
    p->threads = mpi ? 1 : archi_net_size(net);
    p->partitions = job->layout.n_blocks;
    p->replications = job->design->run.replications;
    p->wall_seconds = archi_machine_seconds() - job->began;
    p->events = total[ARCHI_T_EVENTS];
    p->windows = total[ARCHI_T_WINDOWS];
    p->messages = total[ARCHI_T_MESSAGES];
    p->peak_bytes = total[ARCHI_T_PEAK_BYTES];
    p->events_per_second = p->wall_seconds > 0 ? (double)p->events / p->wall_seconds : 0;
    p->duration = archi_plan_duration(job->plan);
    put_warmup(a, p);
    if (p->host == NULL || p->started == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the results");
    return ARCH_OK;
}

/* The design as it ran: every default, and what the caller changed, written out. */
static arch_status_t put_design(archi_answer_t *a)
{
    const arch_design_t *d = a->job->design;
    char *text = NULL;

    ARCH_TRY(arch_design_explain(d, &text));
    a->out->design = archi_text(a->out, "%s", text);
    free(text);
    a->out->name = archi_text(a->out, "%s", d->name);
    a->out->design_hash = d->hash;
    if (a->out->design == NULL || a->out->name == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the text of a design");
    return ARCH_OK;
}

static arch_status_t put_root(archi_answer_t *a, archi_net_t *net)
{
    ARCH_TRY(put_design(a));
    ARCH_TRY(put_provenance(a, net));
    archi_precision_look(a);
    if (a->out->provenance.precision_figure == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the results");
    ARCH_TRY(archi_answer_engine(a));
    ARCH_TRY(archi_answer_objectives(a));
    ARCH_TRY(archi_answer_findings(a));
    if (a->job->last_event > 0) /* else all was in the checkpoint */
        a->out->engine.end_seconds = archi_machine_seconds() - a->job->last_event;
    return ARCH_OK;
}

static arch_status_t put_all(archi_answer_t *a, archi_net_t *net)
{
    ARCH_TRY(archi_answer_components(a, net));
    ARCH_TRY(archi_answer_operations(a, net));
    return ARCH_OK;
}

arch_status_t archi_answer(archi_job_t *job, archi_net_t *net, void *user)
{
    arch_results_t *out = user;
    bool alone = archi_net_comm(net) == NULL;
    arch_status_t st;
    archi_answer_t a;

    memset(&a, 0, sizeof a);
    a.job = job;
    a.out = out;
    a.is_root = archi_net_rank(net) == 0;
    out->digest = job->ledger.total[ARCHI_T_DIGEST];
    st = measure_spans(&a);
    st = alone ? st : archi_net_agree(net, st);
    if (st == ARCH_OK)
        st = put_all(&a, net);
    if (st == ARCH_OK && a.is_root)
        st = put_root(&a, net);
    st = alone ? st : archi_net_agree(net, st);
    if (st == ARCH_OK && job->track != NULL)
        st = archi_track_gather(job->track, net, out);
    free(a.span);
    free(a.over);
    free(a.under);
    free(a.element_of);
    free(a.trend);
    return st;
}
