/* coordinator/threads.c - starting the threads of a run, all or none. */
#include "coordinator/threads.h"
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

/* Threads wait here until all of them exist: a rank that could not be started would leave the others waiting for it. */
typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t  opened;
    bool            decided, go;
} gate_t;

typedef struct {
    gate_t           *gate;
    archi_net_t      *net;
    pthread_t         thread;
    archi_rank_work_t work;
    void             *user;
} seat_t;

static bool pass(gate_t *gate)
{
    bool go;

    pthread_mutex_lock(&gate->lock);
    while (!gate->decided)
        pthread_cond_wait(&gate->opened, &gate->lock);
    go = gate->go;
    pthread_mutex_unlock(&gate->lock);
    return go;
}

static void open_gate(gate_t *gate, bool go)
{
    pthread_mutex_lock(&gate->lock);
    gate->decided = true;
    gate->go = go;
    pthread_cond_broadcast(&gate->opened);
    pthread_mutex_unlock(&gate->lock);
}

static void *thread_main(void *argument)
{
    seat_t *seat = argument;

    if (pass(seat->gate))
        (void)seat->work(seat->user, seat->net); /* ranks agree: rank 0 has the same status and a text */
    return NULL;
}

static arch_status_t run_seats(seat_t *seat, uint32_t n, gate_t *gate)
{
    uint32_t started = 1;
    arch_status_t st = ARCH_OK;

    while (started < n && pthread_create(&seat[started].thread, NULL, thread_main, &seat[started]) == 0)
        started++;
    open_gate(gate, started == n);
    if (started == n)
        st = seat[0].work(seat[0].user, seat[0].net);
    else
        st = ARCH_FAIL(ARCH_E_NOMEM, "the machine starts %u threads of %u; ask for fewer", started, n);
    for (uint32_t i = 1; i < started; i++)
        pthread_join(seat[i].thread, NULL);
    return st;
}

/* All nets are there before any is used: a rank without one would leave the others waiting, too. */
static arch_status_t prepare_seats(seat_t *seat, uint32_t n, gate_t *gate, archi_net_group_t *group,
                                   archi_rank_work_t work, void *user)
{
    for (uint32_t i = 0; i < n; i++) {
        seat[i].gate = gate;
        seat[i].work = work;
        seat[i].user = user;
        ARCH_TRY(archi_net_group_join(group, i, &seat[i].net));
    }
    return ARCH_OK;
}

arch_status_t archi_threads_run(uint32_t n, archi_rank_work_t work, void *user)
{
    gate_t gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, false};
    archi_net_group_t *group = NULL;
    arch_status_t st;
    seat_t *seat;

    ARCH_TRY(archi_net_group_create(n, &group));
    seat = calloc(n, sizeof *seat);
    if (seat == NULL) {
        archi_net_group_destroy(&group);
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u threads", n);
    }
    st = prepare_seats(seat, n, &gate, group, work, user);
    if (st == ARCH_OK)
        st = run_seats(seat, n, &gate);
    for (uint32_t i = 0; i < n; i++)
        archi_net_destroy(&seat[i].net);
    free(seat);
    archi_net_group_destroy(&group);
    return st;
}
