/* kernels/cpu/core.c - a member of an ensemble on a core: the same step and executor as any run. */
#include "kernels/ensemble.h"
#include <string.h>
#include <time.h>

/* archi_run_t.progress; another hand's end is this one's, too. */
static int tell(void *user, arch_time_t now, uint64_t n_events)
{
    const archi_worker_t *w = user;
    bool stopped;

    pthread_mutex_lock(&w->e->lock);
    stopped = w->e->stopped;
    pthread_mutex_unlock(&w->e->lock);
    return stopped || (w->hand->progress != NULL && w->hand->progress(w->hand->user, now, n_events) != 0);
}

static arch_status_t run(archi_worker_t *w, const archi_plan_t *plan, archi_block_t **b, archi_member_stats_t *stats)
{
    uint32_t n = archi_plan_n_elements(plan);
    archi_map_t map = {n, 1, n, NULL, NULL};
    archi_run_t run;

    memset(&run, 0, sizeof run);
    run.map = &map;
    run.block = b;
    run.n_local = 1;
    run.plan = plan;
    run.step = archi_model_step;
    run.until = archi_plan_duration(plan);
    run.memory_limit = w->hand->memory_limit;
    run.kind = ARCHI_SEQUENTIAL;
    run.progress = w->hand->progress != NULL || w->e->spec.n_hands > 1 ? tell : NULL;
    run.user = w;
    ARCH_TRY(archi_execute(&run, &stats->run));
    archi_model_finish(plan, *b, archi_plan_duration(plan));
    return ARCH_OK;
}

void archi_core_release(archi_worker_t *w)
{
    archi_block_destroy(&w->block);
    archi_block_destroy(&w->prototype);
}

/* w->block is one of the scenario, to be made of its prototype. */
static arch_status_t change_scenario(archi_worker_t *w, uint32_t scenario)
{
    archi_core_release(w);
    w->scenario = scenario;
    ARCH_TRY(archi_model_block_prototype(w->e->spec.scenario[scenario].plan, &w->prototype));
    ARCH_TRY(archi_block_reserve(w->prototype->bytes, &w->block));
    memcpy(w->block, w->prototype, w->prototype->bytes);
    return ARCH_OK;
}

static arch_status_t make(archi_worker_t *w, uint32_t member)
{
    const archi_member_t *m = &w->e->spec.member[member];
    const archi_scenario_t *s = &w->e->spec.scenario[m->scenario];
    uint32_t n = archi_plan_n_elements(s->plan);
    archi_map_t map = {n, 1, n, NULL, NULL};

    if (w->block == NULL || w->scenario != m->scenario)
        ARCH_TRY(change_scenario(w, m->scenario));
    ARCH_TRY(archi_model_block_again(s->plan, &map, w->prototype, m->replication, s->seed, &w->block));
    if (w->hand->memory_limit != 0 && w->block->bytes > w->hand->memory_limit)
        return ARCH_FAIL(ARCH_E_FULL,
                         "the design needs more than %llu MiB before its first event; give it more memory or more ranks",
                         (unsigned long long)(w->hand->memory_limit >> 20));
    return ARCH_OK;
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

arch_status_t archi_core_fresh(archi_worker_t *w, uint32_t member, archi_block_t **b, archi_member_stats_t *stats)
{
    double begun = seconds();
    arch_status_t st;

    *b = NULL;
    memset(stats, 0, sizeof *stats);
    st = make(w, member);
    stats->make_seconds = seconds() - begun;
    if (st != ARCH_OK) {
        archi_core_release(w);
        return st;
    }
    st = run(w, w->e->spec.scenario[w->scenario].plan, &w->block, stats);
    *b = w->block;
    return st;
}

arch_status_t archi_core_go_on(archi_worker_t *w, uint32_t member, archi_block_t **b, archi_member_stats_t *stats)
{
    memset(stats, 0, sizeof *stats);
    return run(w, w->e->spec.scenario[w->e->spec.member[member].scenario].plan, b, stats);
}
