/* coordinator/scaled.c - autoscalers in a replication of a run.
 *
 * They see and act as those of a simulation that is stepped do: the replication is one, whose block is the run's. */
#include "coordinator/scaled.h"
#include "coordinator/simulation.h"
#include "model/graft.h"
#include <string.h>

static arch_status_t register_all(const archi_job_t *job, arch_simulation_t *s)
{
    for (uint32_t i = 0; i < job->options->n_autoscalers; i++)
        ARCH_TRY(arch_simulation_autoscale(s, &job->options->autoscaler[i]));
    return ARCH_OK;
}

/* The block may move when it grows. */
static arch_status_t run_spans(arch_simulation_t *s, archi_run_t *run,
                               arch_status_t (*advance)(void *user, archi_run_t *run), void *user)
{
    arch_time_t end = run->until;

    while (s->now < end) {
        arch_time_t next = archi_scalers_next(s);
        run->until = next < end ? next : end;
        ARCH_TRY(advance(user, run));
        s->now = run->until;
        s->block = run->block[0];
        ARCH_TRY(archi_scalers_act(s));
    }
    return ARCH_OK;
}

arch_status_t archi_scaled_run(const archi_job_t *job, archi_run_t *run,
                               arch_status_t (*advance)(void *user, archi_run_t *run), void *user)
{
    arch_status_t st = ARCH_OK;
    arch_design_t design = *job->design; /* its arrays stay the job's */
    arch_simulation_t s;

    ARCH_ASSERT(run->n_local == 1 && run->map->n_blocks == 1);
    memset(&s, 0, sizeof s);
    s.design = &design;
    s.map = *run->map;
    s.block = run->block[0];
    ARCH_TRY_TO(done, archi_plan_until(job->plan, archi_plan_duration(job->plan), &s.plan));
    run->plan = s.plan;
    ARCH_TRY_TO(done, register_all(job, &s));
    ARCH_TRY_TO(done, run_spans(&s, run, advance, user));
done:
    archi_scalers_free(&s);
    archi_plan_destroy(&s.plan);
    run->plan = job->plan;
    return st;
}
