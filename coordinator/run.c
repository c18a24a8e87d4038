/* coordinator/run.c - arch_run(): compile once, lay out, start the ranks, answer. */
#include "coordinator/crew.h"
#include "coordinator/job.h"
#include "coordinator/machine.h"
#include "coordinator/plug.h"
#include "coordinator/simulation.h"
#include "coordinator/survive.h"
#include "coordinator/threads.h"
#include "coordinator/trial.h"
#include "engine/draw.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

arch_status_t archi_job_check(const arch_design_t *design)
{
    if (design->run.replications == 0)
        return ARCH_FAIL(ARCH_E_ARG, "/run/replications: is 0, must be at least 1");
    if (design->run.duration <= 0)
        return ARCH_FAIL(ARCH_E_ARG, "/run/duration: is %lld ns, must be > 0", (long long)design->run.duration);
    if (design->run.warmup != ARCH_AUTO && design->run.warmup >= design->run.duration)
        return ARCH_FAIL(ARCH_E_ARG, "/run/warmup: is %.9g s, must be shorter than the run of %.9g s",
                         (double)design->run.warmup * 1e-9, (double)design->run.duration * 1e-9);
    return ARCH_OK;
}

/* ---- the job: what the ranks of this process share -------------------------------------------------------------- */

/* Rows for the elements of this rank's blocks, ascending. */
static arch_status_t choose_slots(archi_job_t *job, uint32_t rank, uint32_t *n_slots)
{
    const archi_layout_t *l = &job->layout;
    uint32_t n = archi_plan_n_elements(job->plan), group = archi_layout_group(l, rank);

    *n_slots = 0;
    job->slot_of = malloc((size_t)n * sizeof *job->slot_of);
    if (job->slot_of == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to lay out %u elements", n);
    for (uint32_t e = 0; e < n; e++) {
        bool here = group != ARCHI_NIL && l->rank_of[l->block_of[e]] == rank % l->group_size;
        job->slot_of[e] = here ? (*n_slots)++ : ARCHI_NIL;
    }
    return ARCH_OK;
}

/* Simulated time that the ranks first .. first + n - 1 go through together. */
static double total_work(const archi_job_t *job, uint32_t first, uint32_t n)
{
    double total = 0;

    for (uint32_t r = first; r < first + n; r++) {
        uint32_t group = archi_layout_group(&job->layout, r);
        if (group != ARCHI_NIL)
            total += archi_survive_share(job, group) * (double)archi_plan_duration(job->plan);
    }
    return total;
}

static arch_status_t make_tracks(archi_job_t *job, uint32_t n_ranks, uint32_t first, uint32_t n_here)
{
    uint32_t capacity = archi_track_capacity(job->options->trace, n_ranks);

    if (job->options->trace == 0)
        return ARCH_OK;
    job->track = calloc(n_here, sizeof *job->track);
    if (job->track == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the traces of %u ranks", n_here);
    job->n_tracks = n_here;
    for (uint32_t i = 0; i < n_here; i++) {
        uint32_t group = archi_layout_group(&job->layout, first + i);
        uint32_t share = group == ARCHI_NIL ? 0 : archi_layout_share(&job->layout, group);
        ARCH_TRY(archi_track_create(capacity, share, &job->track[i]));
    }
    return ARCH_OK;
}

static arch_status_t lay_out(archi_job_t *job, uint32_t n_ranks)
{
    archi_layout_free(&job->layout);
    return archi_survive_layout(job, n_ranks);
}

/* Ranks first .. first + n_here - 1 of those of the layout are those of this process. */
static arch_status_t prepare(archi_job_t *job, uint32_t first, uint32_t n_here)
{
    uint32_t n_slots = 0, n_ranks = job->layout.n_ranks;

    if (n_here < n_ranks)
        ARCH_TRY(choose_slots(job, first, &n_slots));
    ARCH_TRY(archi_ledger_make(job->plan, job->design, n_ranks, job->slot_of, n_slots, job->apart, &job->ledger));
    ARCH_TRY(make_tracks(job, n_ranks, first, n_here));
    ARCH_TRY(archi_survive_restore(job, first, n_here));
    ARCH_TRY(archi_control_make(job->options, n_here, total_work(job, first, n_here), &job->control));
    job->cut_seconds = archi_machine_seconds() - job->began - job->compile_seconds;
    return ARCH_OK;
}

static void release(archi_job_t *job)
{
    for (uint32_t i = 0; i < job->n_tracks; i++)
        archi_track_destroy(&job->track[i]);
    free(job->track);
    archi_control_free(&job->control);
    archi_crew_free(job);
    archi_device_close(&job->device);
    archi_survive_free(job);
    archi_precision_free(job);
    archi_ledger_free(&job->ledger);
    archi_layout_free(&job->layout);
    archi_plan_destroy(&job->plan);
    free(job->slot_of);
}

/* ---- rounds: a run to a precision has several -------------------------------------------------------------------- */

/* Does the last look want more than there is? It was taken on the first rank. */
static bool wants_more(const archi_job_t *job)
{
    return job->precision.asked > 0 && job->precision.next > job->design->run.replications;
}

static void tell_look(const archi_job_t *job)
{
    const archi_precision_t *p = &job->precision;
    const archi_wanted_t *worst = archi_precision_worst(p);
    char text[256], half[32] = "has no confidence interval yet";

    if (worst == NULL || job->options->note == NULL)
        return;
    if (worst->state == ARCHI_WANTED_MEASURED)
        snprintf(half, sizeof half, "is known to %.2g %%", 100 * worst->relative);
    snprintf(text, sizeof text, "after %u replications %s %s, %.3g %% is asked for: going on to %u",
             job->design->run.replications, worst->subject, half, 100 * p->asked, p->next);
    job->options->note(job->options->user, 0, text);
}

/* Local. What was answered is dropped; the ranks first .. first + n_here - 1 are made ready for what is wanted. */
static arch_status_t next_round(archi_job_t *job, uint32_t first, uint32_t n_here)
{
    arch_results_t *results = job->out;
    arch_status_t st;

    arch_results_destroy(&results);
    st = arch_results_create(&results);
    job->out = results;
    ARCH_TRY(st);
    ARCH_TRY(archi_precision_grow(job, job->precision.next));
    return archi_control_go_on(&job->control, total_work(job, first, n_here));
}

static uint64_t memory_limit(const arch_run_options_t *options)
{
    return options->memory_limit > 0 ? options->memory_limit : archi_machine_free_bytes() / 5 * 4;
}

/* ---- ranks as threads ------------------------------------------------------------------------------------------- */

/* Below this many elements memory does not decide how many ranks there may be. */
enum { MANY_ELEMENTS = 10000 };

/* Bytes of all blocks of one replication before its first event. */
static arch_status_t replication_bytes(const archi_job_t *job, uint64_t *bytes)
{
    arch_status_t st;
    uint32_t n = archi_plan_n_elements(job->plan);
    archi_map_t map = {n, 1, n, NULL, NULL};
    archi_block_t *b = NULL;
    uint32_t *all = malloc((size_t)n * sizeof *all);

    if (all == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u elements", n);
    for (uint32_t e = 0; e < n; e++)
        all[e] = e;
    st = archi_model_block_create(job->plan, &map, 0, all, n, 0, job->design->run.seed, &b);
    *bytes = b != NULL ? b->bytes : 0;
    archi_block_destroy(&b);
    free(all);
    return st;
}

/* One rank per core unless told, never more than have work, nor than memory holds replications side by side. */
static arch_status_t choose_threads(const archi_job_t *job, uint32_t *n)
{
    uint32_t wanted = job->options->threads > 0 ? job->options->threads : archi_machine_cores();
    uint32_t left = archi_survive_replications(job);
    uint64_t bytes = 0, limit = memory_limit(job->options);

    left = archi_precision_expected(job, left > 0 ? left : 1, wanted);
    ARCH_TRY(archi_layout_useful_ranks(job->plan, job->options, left, &job->known, wanted, n));
    if (*n == 1 || limit == 0 || job->options->group > 1 || archi_plan_n_elements(job->plan) < MANY_ELEMENTS)
        return ARCH_OK;
    ARCH_TRY(replication_bytes(job, &bytes));
    if (limit / (2 * bytes + 1) < *n)
        *n = limit / (2 * bytes + 1) > 1 ? (uint32_t)(limit / (2 * bytes + 1)) : 1;
    return ARCH_OK;
}

static arch_status_t work_on_thread(void *user, archi_net_t *net)
{
    archi_job_t *job = user;

    ARCH_TRY(archi_net_agree(net, archi_simulate(job, net, archi_net_rank(net))));
    if (archi_net_rank(net) != 0) /* the others have nothing to add: they share the ledger, and agreeing was a barrier */
        return ARCH_OK;
    archi_crew_end(job, 0);
    return job->answer(job, net, job->out);
}

/* One round: whatever is to be simulated now. */
static arch_status_t simulate_on_threads(archi_job_t *job)
{
    ARCH_TRY(archi_crew_begin(job, 0, job->layout.n_ranks));
    return archi_threads_run(job->layout.n_ranks, work_on_thread, job);
}

static arch_status_t try_on_thread(void *job, archi_net_t *net) { return archi_trial(job, net, archi_net_rank(net)); }

static arch_status_t lay_out_threads(archi_job_t *job)
{
    uint32_t n;

    ARCH_TRY(choose_threads(job, &n));
    job->rank_memory = memory_limit(job->options) / n;
    return lay_out(job, n);
}

static arch_status_t run_threads(archi_job_t *job)
{
    ARCH_TRY(archi_crew_choose(job, 0));
    ARCH_TRY(archi_survive_begin(job, NULL));
    job->known = archi_grouping_hoped(UINT32_MAX);
    ARCH_TRY(lay_out_threads(job));
    while (archi_trial_wanted(job)) {
        ARCH_TRY(archi_threads_run(job->layout.n_ranks, try_on_thread, job));
        ARCH_TRY(lay_out_threads(job));
    }
    ARCH_TRY(prepare(job, 0, job->layout.n_ranks));
    ARCH_TRY(archi_survive_keep(job, NULL));
    ARCH_TRY(archi_survive_end(job, simulate_on_threads(job)));
    while (wants_more(job)) {
        tell_look(job);
        ARCH_TRY(next_round(job, 0, job->layout.n_ranks));
        ARCH_TRY(simulate_on_threads(job));
    }
    return ARCH_OK;
}

/* ---- ranks of MPI ----------------------------------------------------------------------------------------------- */

static arch_status_t simulate_on_net(archi_job_t *job, archi_net_t *net)
{
    arch_status_t st = archi_net_agree(net, archi_crew_begin(job, archi_net_rank(net), 1));

    if (st == ARCH_OK)
        st = archi_net_agree(net, archi_survive_end(job, archi_simulate(job, net, 0)));
    if (st == ARCH_OK)
        archi_crew_end(job, archi_net_rank(net));
    return st;
}

/* Simulate and answer. What this process has itself is kept: merged, it could not be merged again. */
static arch_status_t round_on_net(archi_job_t *job, archi_net_t *net)
{
    uint64_t *own = NULL;
    arch_status_t st = simulate_on_net(job, net);

    if (st == ARCH_OK && job->precision.asked > 0)
        st = archi_net_agree(net, archi_ledger_keep_totals(&job->ledger, &own));
    if (st == ARCH_OK)
        st = archi_ledger_merge_totals(&job->ledger, net);
    if (st == ARCH_OK)
        st = job->answer(job, net, job->out);
    if (st == ARCH_OK)
        st = archi_net_bcast(net, &job->precision.next, sizeof job->precision.next, 0);
    if (own != NULL)
        archi_ledger_give_back(&job->ledger, own);
    free(own);
    return st;
}

static arch_status_t run_on_net(archi_job_t *job, archi_net_t *net)
{
    uint64_t share;

    ARCH_TRY(archi_net_agree(net, archi_crew_choose(job, archi_net_place(net))));
    ARCH_TRY(archi_crew_agree(job, net));
    ARCH_TRY(archi_machine_share(net, &share));
    job->rank_memory = job->options->memory_limit > 0 ? job->options->memory_limit : share;
    ARCH_TRY(archi_survive_begin(job, net));
    job->known = archi_grouping_hoped(archi_net_size(net));
    ARCH_TRY(archi_net_agree(net, lay_out(job, archi_net_size(net))));
    while (archi_trial_wanted(job)) {
        ARCH_TRY(archi_trial(job, net, 0));
        ARCH_TRY(archi_net_agree(net, lay_out(job, archi_net_size(net))));
    }
    ARCH_TRY(archi_net_agree(net, prepare(job, archi_net_rank(net), 1)));
    ARCH_TRY(archi_survive_keep(job, net));
    ARCH_TRY(round_on_net(job, net));
    while (wants_more(job)) {
        if (archi_net_rank(net) == 0)
            tell_look(job);
        ARCH_TRY(archi_net_agree(net, next_round(job, archi_net_rank(net), 1)));
        ARCH_TRY(round_on_net(job, net));
    }
    return ARCH_OK;
}

/* Every rank comes this far, whatever its own trouble, so that all leave together. */
static arch_status_t run_mpi(archi_job_t *job, arch_status_t st)
{
    archi_net_t *net = NULL;

    ARCH_TRY(archi_net_mpi_open(&net));
    st = archi_net_agree(net, st);
    if (st == ARCH_OK)
        st = run_on_net(job, net);
    archi_net_destroy(&net);
    return st;
}

/* ---- the call --------------------------------------------------------------------------------------------------- */

static arch_status_t check_autoscalers(const archi_job_t *job)
{
    const arch_run_options_t *o = job->options;

    /* who gets requests now, and who starts, is not in the block */
    if (o->n_autoscalers > 0 && (o->checkpoint_every > 0 || o->checkpoint_every_simulated > 0 || o->resume != NULL))
        return ARCH_FAIL(ARCH_E_ARG, "a run with autoscalers writes no checkpoints and goes on from none");
    return archi_scalers_check(job->design, o->autoscaler, o->n_autoscalers);
}

static arch_status_t begin(archi_job_t *job)
{
    ARCH_TRY(archi_job_check(job->design));
    ARCH_TRY(check_autoscalers(job));
    ARCH_TRY(archi_precision_begin(job));
    ARCH_TRY(archi_plan_compile_plugged(job->design, job->options->policy, job->options->n_policies, &job->plan));
    job->compile_seconds = archi_machine_seconds() - job->began;
    return ARCH_OK;
}

arch_status_t archi_job_run(archi_job_t *job, arch_status_t st)
{
    static const arch_run_options_t defaults;

    if (job->options == NULL)
        job->options = &defaults;
    job->folder_lock = -1;
    job->began = archi_machine_seconds();
    archi_machine_now(job->started);
    if (st == ARCH_OK)
        st = begin(job);
    if (job->options->mpi != 0)
        st = run_mpi(job, st);
    else if (st == ARCH_OK)
        st = run_threads(job);
    release(job);
    return st;
}

arch_status_t arch_run(const arch_design_t *design, const arch_run_options_t *options, arch_results_t **out)
{
    archi_job_t job;
    arch_status_t st;

    *out = NULL;
    memset(&job, 0, sizeof job);
    job.design = design;
    job.options = options;
    job.answer = archi_answer;
    st = arch_results_create(out);
    job.out = *out;
    st = archi_job_run(&job, st);
    *out = job.out; /* rounds have results of their own */
    if (st != ARCH_OK)
        arch_results_destroy(out);
    return st;
}
