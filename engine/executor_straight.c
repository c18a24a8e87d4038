/* engine/executor_straight.c - one block on one rank: nothing to wait for. */
#include "engine/executor_impl.h"
#include "engine/trace.h"
#include "engine/hot.h"

static arch_status_t one_slice(archi_exec_t *x)
{
    arch_time_t until = x->until, horizon = until;
    uint64_t n_before = x->n_events;
    double begun = x->clock;

    if ((x->run->progress != NULL || x->run->trace != NULL) && archi_time_add(x->next[0], x->slice) < until)
        horizon = archi_time_add(x->next[0], x->slice);
    x->n_ran = 0;
    ARCH_TRY(archi_exec_run_block(x, 0, horizon));
    archi_exec_keep_pace(x, x->next[0], x->n_events);
    archi_trace_note(x->run->trace, ARCHI_TRACE_RUN, begun, x->clock, horizon, x->n_events - n_before);
    return ARCH_OK;
}

arch_status_t archi_exec_straight(archi_exec_t *x)
{
    while (x->next[0] < x->until && !x->cancelled)
        ARCH_TRY(one_slice(x));
    if (x->cancelled)
        return ARCH_FAIL(ARCH_E_CANCELLED, "the run was cancelled");
    return ARCH_OK;
}
