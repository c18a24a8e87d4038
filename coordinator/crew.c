/* coordinator/crew.c - replications of a job as an ensemble, and whether a GPU works on it. */
#include "coordinator/crew.h"
#include "coordinator/batch.h"
#include "coordinator/machine.h"
#include "coordinator/survive.h"
#include <stdlib.h>
#include <string.h>

/* Below so many events, and ARCHI_MANY_REPLICATIONS, nothing can be gained that is worth a GPU's start. Whether it then is
 * faster than the cores it finds out itself, and leaves them the rest if not. */
static const double many_events = 1e9;

/* ---- on a GPU? --------------------------------------------------------------------------------------------------- */

/* What a GPU cannot do; NULL: nothing of it is asked for. */
static const char *obstacle(const arch_run_options_t *o)
{
    if (o->n_policies > 0)
        return "policies that a program plugs in run on its own cores";
    if (o->n_autoscalers > 0)
        return "autoscalers that a program plugs in run on its own cores";
    if (o->partitions > 1 || o->group > 1)
        return "a replication is whole on a GPU: partitions and groups must be 1, or not be given";
    if (o->checkpoint_every_simulated > 0)
        return "replications on a GPU are at many simulated times: checkpoints are by the clock there";
    return o->trace != 0 ? "a trace is of ranks that simulate, not of a GPU" : NULL;
}

/* Nor does it keep what is under way when a run is saved: cores do, where nobody has asked for a GPU. */
static bool is_large(const archi_job_t *job)
{
    uint32_t n = job->design->run.replications;
    bool saved = job->options->checkpoint_every > 0 || job->options->resume != NULL;

    return !saved && n >= ARCHI_MANY_REPLICATIONS && n * archi_layout_expected_events(job->plan) >= many_events;
}

/* A GPU wants it so, and autoscalers, which see and change all of a replication at one instant. */
static void keep_whole(archi_job_t *job)
{
    job->own_options.executor = ARCH_EXECUTOR_SEQUENTIAL;
    job->own_options.partitions = 1;
    job->own_options.group = 1;
}

static arch_status_t take_given(archi_job_t *job, const char *why)
{
    if (why != NULL)
        return ARCH_FAIL(ARCH_E_ARG, "executor \"gpu\": %s", why);
    return archi_device_open(job->rank_here, &job->device);
}

arch_status_t archi_crew_choose(archi_job_t *job, uint32_t rank_here)
{
    const char *why = obstacle(job->options);
    uint32_t wanted = job->options->executor;

    job->own_options = *job->options;
    job->options = &job->own_options;
    job->rank_here = rank_here;
    if (wanted == ARCH_EXECUTOR_GPU)
        ARCH_TRY(take_given(job, why));
    if (wanted == ARCH_EXECUTOR_CPU)
        job->own_options.executor = ARCH_EXECUTOR_AUTO;
    if (wanted == ARCH_EXECUTOR_AUTO && why == NULL && is_large(job)) {
        job->unsure = true;
        if (archi_device_open(rank_here, &job->device) != ARCH_OK)
            arch_error_clear(); /* then not */
    }
    if (job->device != NULL || job->options->n_autoscalers > 0)
        keep_whole(job);
    return ARCH_OK;
}

arch_status_t archi_crew_agree(archi_job_t *job, archi_net_t *net)
{
    uint32_t first, near = archi_net_near(net, &first), n_gpus = job->device != NULL ? archi_device_count() : 0;
    int64_t all = job->device != NULL;

    job->n_sharing = n_gpus > 0 ? (near + n_gpus - 1) / n_gpus : 1;
    ARCH_TRY(archi_net_min_i64(net, &all, 1));
    if (all == 0 && job->device != NULL) { /* only where nobody insists: else a rank without has failed */
        archi_device_close(&job->device);
        job->own_options.executor = ARCH_EXECUTOR_AUTO;
        job->own_options.partitions = job->own_options.group = 0;
    }
    return ARCH_OK;
}

/* ---- the ensemble ------------------------------------------------------------------------------------------------ */

/* Is each replication one block on one rank, run in one go, of which nothing is kept but what it counts? On cores those that
 * are under way are saved as well; on a GPU they are not. */
static bool are_apart(const archi_job_t *job)
{
    bool under_way = job->device == NULL && (job->keeper != NULL || job->resume != NULL);

    return job->layout.n_blocks == 1 && job->layout.group_size == 1 && !under_way && job->track == NULL &&
           job->options->n_autoscalers == 0;
}

static arch_status_t list_members(archi_job_t *job, uint32_t first, uint32_t n_here, uint32_t *n)
{
    archi_crew_t *c = &job->crew;
    uint32_t all = archi_survive_replications(job), n_groups = job->layout.n_groups;

    *n = 0;
    c->member = malloc(((size_t)all + 1) * sizeof *c->member);
    c->replication = malloc(((size_t)all + 1) * sizeof *c->replication);
    if (c->member == NULL || c->replication == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u replications", all);
    for (uint32_t i = 0; i < all; i++)
        if (i % n_groups >= first && i % n_groups < first + n_here) { /* groups are ranks */
            c->replication[*n] = archi_survive_replication(job, i);
            c->member[*n] = (archi_member_t){0, job->first + c->replication[*n]};
            ++*n;
        }
    return ARCH_OK;
}

arch_status_t archi_crew_begin(archi_job_t *job, uint32_t first, uint32_t n_here)
{
    archi_crew_t *c = &job->crew;
    archi_ensemble_spec_t spec;

    archi_crew_free(job);
    if (!are_apart(job))
        return ARCH_OK;
    memset(&spec, 0, sizeof spec);
    c->scenario = (archi_scenario_t){job->plan, job->design->run.seed};
    ARCH_TRY(list_members(job, first, n_here, &spec.n_members));
    spec.scenario = &c->scenario;
    spec.n_sharing = job->n_sharing;
    spec.member = c->member;
    spec.n_scenarios = 1;
    spec.n_hands = n_here;
    spec.device = job->device;
    spec.unsure = job->unsure;
    return archi_ensemble_create(&spec, &c->ensemble);
}

static void tell(const archi_job_t *job, const archi_ensemble_figures_t *f)
{
    char text[320];

    if (job->options->note == NULL)
        return;
    archi_batch_say(job->device, f, text, sizeof text);
    job->options->note(job->options->user, 0, text);
}

/* Hand 0 had the device do it. */
static void put_row(archi_job_t *job, uint32_t rank, const archi_ensemble_figures_t *f)
{
    uint64_t *row = archi_ledger_rank(&job->ledger, rank);

    row[ARCHI_S_EVENTS] += f->device_events;
    row[ARCHI_S_WALL] = archi_word_of(archi_number_of(row[ARCHI_S_WALL]) + f->device_seconds);
    if (f->device_bytes > row[ARCHI_S_PEAK_BYTES])
        row[ARCHI_S_PEAK_BYTES] = f->device_bytes;
}

void archi_crew_end(archi_job_t *job, uint32_t first)
{
    archi_ensemble_figures_t f;

    if (job->crew.ensemble == NULL || job->device == NULL)
        return;
    archi_ensemble_figures(job->crew.ensemble, &f);
    put_row(job, first, &f);
    tell(job, &f);
}

void archi_crew_free(archi_job_t *job)
{
    archi_ensemble_destroy(&job->crew.ensemble);
    free(job->crew.member);
    free(job->crew.replication);
    memset(&job->crew, 0, sizeof job->crew);
}
