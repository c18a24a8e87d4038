/* support/thread_ranks.h - run a function on several ranks that are threads. */
#ifndef ARCH_TEST_THREAD_RANKS_H
#define ARCH_TEST_THREAD_RANKS_H

#include "engine/net.h"
#include <pthread.h>
#include <stdlib.h>

typedef int (*on_rank_t)(archi_net_t *net, void *user); /* returns how much was wrong */

typedef struct {
    archi_net_group_t *group;
    uint32_t           rank;
    on_rank_t          function;
    void              *user;
    int                n_wrong;
} thread_rank_t;

static void *thread_rank_main(void *arg)
{
    thread_rank_t *t = arg;
    archi_net_t *net = NULL;

    if (archi_net_group_join(t->group, t->rank, &net) != ARCH_OK)
        abort();
    t->n_wrong = t->function(net, t->user);
    archi_net_destroy(&net);
    return NULL;
}

/* The sum over ranks of what was wrong. */
static int run_on_thread_ranks(uint32_t size, on_rank_t function, void *user)
{
    thread_rank_t *rank = calloc(size, sizeof *rank);
    pthread_t *thread = calloc(size, sizeof *thread);
    archi_net_group_t *group = NULL;
    int n_wrong = 0;

    if (rank == NULL || thread == NULL || archi_net_group_create(size, &group) != ARCH_OK)
        abort();
    for (uint32_t r = 0; r < size; r++) {
        rank[r] = (thread_rank_t){group, r, function, user, 0};
        if (pthread_create(&thread[r], NULL, thread_rank_main, &rank[r]) != 0)
            abort();
    }
    for (uint32_t r = 0; r < size; r++) {
        pthread_join(thread[r], NULL);
        n_wrong += rank[r].n_wrong;
    }
    archi_net_group_destroy(&group);
    free(thread);
    free(rank);
    return n_wrong;
}

#endif
