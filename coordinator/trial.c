/* coordinator/trial.c - whether ranks that share a replication are faster than one alone.
 *
 * That depends on what an event costs, what a message costs and how much the ranks' cores are their own; none of it can be
 * known without trying. So the first milliseconds of a replication are simulated twice, on one rank and in a group, and
 * both are dropped: what is decided by it is who works with whom, which no result depends on. */
#include "coordinator/trial.h"
#include "coordinator/machine.h"
#include "engine/executor.h"
#include <stdlib.h>
#include <string.h>

static const double longest = 0.008;      /* seconds on one rank, */
static const double share = 0.004;        /* or this part of the run, */
static const double shortest = 0.0002;    /* below which nothing can be measured, nor gained */
static const double event_seconds = 8e-8; /* roughly, for the length of the run */
static const double worth = 1.1;          /* so much faster must a group be than one rank */
enum { FEW_ELEMENTS = 20000, STEPS = 4 }; /* making the blocks of a larger design takes longer than the trial may */

typedef struct {
    archi_job_t    *job;
    archi_net_t    *group;
    archi_block_t **block;
    uint32_t        n_blocks;
    arch_time_t     until;    /* simulated by one rank */
    double          alone;    /* seconds that took */
} trial_t;

static double budget(const archi_job_t *job)
{
    double run = archi_layout_expected_events(job->plan) * event_seconds * job->design->run.replications;

    return run * share < longest ? run * share : longest;
}

/* A run that goes on has the blocks that it had. */
int archi_trial_wanted(const archi_job_t *job)
{
    return !job->tried && job->resume == NULL && job->layout.group_size > 1 && job->options->group == 0;
}

static archi_run_t run_of(const trial_t *t)
{
    archi_run_t run;

    memset(&run, 0, sizeof run);
    run.plan = t->job->plan;
    run.step = archi_model_step;
    run.block = t->block;
    run.n_local = t->n_blocks;
    run.memory_limit = t->job->rank_memory;
    return run;
}

static void drop(trial_t *t)
{
    for (uint32_t i = 0; i < t->n_blocks; i++)
        archi_block_destroy(&t->block[i]);
    t->n_blocks = 0;
}

/* ---- alone ------------------------------------------------------------------------------------------------------- */

static arch_status_t make_whole(trial_t *t, uint32_t *element, const archi_map_t *map)
{
    for (uint32_t e = 0; e < map->n_lps; e++)
        element[e] = e;
    ARCH_TRY(archi_model_block_create(t->job->plan, map, 0, element, map->n_lps, 0, t->job->design->run.seed, &t->block[0]));
    t->n_blocks = 1;
    return ARCH_OK;
}

/* Further and further, until it has taken as long as it may. */
static arch_status_t run_whole(trial_t *t, const archi_map_t *map)
{
    double limit = budget(t->job), events = archi_layout_expected_events(t->job->plan);
    double length = (double)archi_plan_duration(t->job->plan) * (1000 / (events + 1000));
    archi_run_t run = run_of(t);
    archi_executor_stats_t stats;

    run.map = map;
    while (t->alone < limit && run.until < archi_plan_duration(t->job->plan)) {
        arch_time_t left = archi_plan_duration(t->job->plan) - run.until;
        run.until += length + 1 < (double)left ? (arch_time_t)length + 1 : left;
        ARCH_TRY(archi_execute(&run, &stats));
        t->alone += stats.wall_seconds;
        length *= 1.5;
    }
    t->until = run.until;
    return ARCH_OK;
}

static arch_status_t alone(trial_t *t)
{
    uint32_t n = archi_plan_n_elements(t->job->plan);
    archi_map_t map = {n, 1, n, NULL, NULL};
    uint32_t *element = malloc((size_t)n * sizeof *element);
    arch_status_t st = ARCH_OK;

    if (element == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u elements", n);
    ARCH_TRY_TO(done, make_whole(t, element, &map));
    ARCH_TRY_TO(done, run_whole(t, &map));
done:
    drop(t);
    free(element);
    return st;
}

/* ---- together ---------------------------------------------------------------------------------------------------- */

static arch_status_t make_parts(trial_t *t)
{
    const archi_layout_t *l = &t->job->layout;

    for (uint32_t b = 0; b < l->n_blocks; b++)
        if (l->rank_of[b] == archi_net_rank(t->group)) {
            ARCH_TRY(archi_model_block_create(t->job->plan, &l->map, b, l->element + l->first[b],
                                              l->first[b + 1] - l->first[b], 0, t->job->design->run.seed,
                                              &t->block[t->n_blocks]));
            t->n_blocks++;
        }
    return ARCH_OK;
}

/* In steps, so that what is far slower is given up early. *seconds: 0 when it was. */
static arch_status_t run_parts(trial_t *t, double *seconds)
{
    const archi_layout_t *l = &t->job->layout;
    archi_executor_stats_t stats;
    archi_run_t run = run_of(t);
    double took = 0;

    run.net = t->group;
    run.map = &l->map;
    run.rank_of = l->rank_of;
    run.lookahead = l->lookahead;
    run.link = l->link;
    run.n_links = l->n_links;
    run.kind = t->job->options->executor == ARCH_EXECUTOR_OPTIMISTIC ? ARCHI_OPTIMISTIC : ARCHI_CONSERVATIVE;
    for (int step = STEPS - 1; step >= 0; step--) {
        int64_t ns;
        run.until = t->until >> 2 * step;
        ARCH_TRY(archi_execute(&run, &stats));
        ns = (int64_t)(1e9 * stats.wall_seconds);
        ARCH_TRY(archi_net_max_i64(t->group, &ns, 1));
        took += 1e-9 * (double)ns;
        if (took > 2 * t->alone / (double)(1 << 2 * step) + 0.001)
            return ARCH_OK;
    }
    *seconds = took;
    return ARCH_OK;
}

static arch_status_t together(trial_t *t, double *seconds)
{
    arch_status_t st = archi_net_agree(t->group, make_parts(t));

    if (st == ARCH_OK)
        st = run_parts(t, seconds);
    drop(t);
    return st;
}

/* ---- both -------------------------------------------------------------------------------------------------------- */

/* The group's efficiency in thousandths; 0: one rank is as fast. */
static arch_status_t compare(trial_t *t, int64_t *efficiency)
{
    uint32_t size = archi_net_size(t->group);
    double seconds = 0, told[2] = {0, 0};
    arch_status_t st;

    *efficiency = 0;
    st = archi_net_rank(t->group) == 0 ? alone(t) : ARCH_OK;
    ARCH_TRY(archi_net_agree(t->group, st));
    told[0] = (double)t->until;
    told[1] = t->alone;
    ARCH_TRY(archi_net_bcast(t->group, told, sizeof told, 0));
    t->until = (arch_time_t)told[0];
    t->alone = told[1];
    ARCH_TRY(together(t, &seconds));
    if (seconds > 0 && t->alone > worth * seconds)
        *efficiency = (int64_t)(1000 * t->alone / (seconds * size));
    return ARCH_OK;
}

enum { NOT_ASKED = -2, UNKNOWN = -1 }; /* instead of an efficiency */

/* The first group tries; the others wait. What does not fit on one rank may fit on several: the run does not fail by it. */
static arch_status_t try_group(archi_job_t *job, archi_net_t *net, int64_t *efficiency)
{
    uint32_t group = archi_layout_group(&job->layout, archi_net_rank(net));
    arch_status_t st = ARCH_OK;
    trial_t t;

    memset(&t, 0, sizeof t);
    t.job = job;
    ARCH_TRY(archi_net_split(net, group == 0 ? 0 : 1, &t.group));
    t.block = calloc((size_t)job->layout.n_blocks + 1, sizeof(archi_block_t *));
    ARCH_TRY_TO(done, archi_net_agree(net, t.block == NULL ? ARCH_E_NOMEM : ARCH_OK));
    if (group == 0 && (st = compare(&t, efficiency)) != ARCH_OK)
        *efficiency = UNKNOWN;
    st = st == ARCH_E_MPI ? st : ARCH_OK;
done:
    free(t.block);
    archi_net_destroy(&t.group);
    return st;
}

static void learn(archi_job_t *job, int64_t efficiency)
{
    uint32_t size = job->layout.group_size;

    if (efficiency < 0)
        job->known = archi_grouping_guessed(job->layout.n_ranks);
    else if (efficiency > 0)
        job->known.efficiency = 1e-3 * (double)efficiency;
    if (efficiency >= 0)
        job->known.most = efficiency > 0 ? size : size / 2;
    job->tried = efficiency != 0;
}

arch_status_t archi_trial(archi_job_t *job, archi_net_t *net, uint32_t rank_here)
{
    int64_t efficiency = NOT_ASKED;

    if (archi_plan_n_elements(job->plan) >= FEW_ELEMENTS)
        efficiency = UNKNOWN;
    else if (budget(job) < shortest)
        efficiency = 0;
    else
        ARCH_TRY(archi_net_agree(net, try_group(job, net, &efficiency)));
    ARCH_TRY(archi_net_max_i64(net, &efficiency, 1));
    if (rank_here == 0)
        learn(job, efficiency);
    return ARCH_OK;
}
