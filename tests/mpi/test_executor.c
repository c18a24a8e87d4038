/* tests/mpi/test_executor.c - a run on MPI ranks: the bits of a sequential run, and one rank's failure is everyone's. */
#include "support/hop_model.h"
#include <stdio.h>

static uint64_t sequential_digest(void)
{
    spark_run_t s;
    uint64_t digest = 0;

    if (spark_open(&s, NULL, 1, 0, 5000) && archi_execute(&s.run, &s.stats) == ARCH_OK)
        digest = spark_digest(&s);
    spark_close(&s);
    return digest;
}

static int finds_the_same_by(archi_executor_kind_t kind, archi_moving_t moving, archi_net_t *net, uint32_t n_blocks,
                             int dealt)
{
    uint64_t wanted = sequential_digest(), digest = 0;
    spark_run_t s;

    if (spark_open(&s, net, n_blocks, dealt, 0)) {
        s.run.moving = moving;
        s.run.moving_seed = n_blocks;
        if (kind == ARCHI_AUTOMATIC)
            s.run.kind = kind;
        if (kind == ARCHI_OPTIMISTIC) {
            s.run.kind = kind;
            s.run.lookahead /= 100; /* less is promised than kept: there is more to win by running ahead */
        }
        if (archi_execute(&s.run, &s.stats) == ARCH_OK)
            digest = spark_digest(&s);
    }
    spark_close(&s);
    if (archi_net_rank(net) == 0)
        printf("digest %u %d %016llx\n", (unsigned)n_blocks, dealt, (unsigned long long)digest);
    return wanted != 0 && digest == wanted;
}

static int finds_the_same(archi_net_t *net, uint32_t n_blocks, int dealt)
{
    int n_same = 0;

    n_same += finds_the_same_by(ARCHI_CONSERVATIVE, ARCHI_STAY, net, n_blocks, dealt);
    n_same += finds_the_same_by(ARCHI_OPTIMISTIC, ARCHI_STAY, net, n_blocks, dealt);
    n_same += finds_the_same_by(ARCHI_OPTIMISTIC, ARCHI_WANDER, net, n_blocks, dealt);
    n_same += finds_the_same_by(ARCHI_AUTOMATIC, ARCHI_WANDER, net, n_blocks, dealt);
    n_same += finds_the_same_by(ARCHI_AUTOMATIC, ARCHI_BALANCE, net, n_blocks, dealt);
    return n_same == 5;
}

static int all_learn_of_the_full_rank(archi_net_t *net)
{
    spark_run_t s;
    uint32_t n_holders = archi_net_size(net) < 8 ? archi_net_size(net) : 8;
    int as_told = 0;

    if (spark_open(&s, net, 8, 1, 0)) {
        s.run.memory_limit = archi_net_rank(net) == n_holders / 2 ? 1 : 0;
        as_told = archi_execute(&s.run, &s.stats) == ARCH_E_FULL && strstr(arch_error_text(), "block ") != NULL;
    }
    spark_close(&s);
    return as_told;
}

/* Hours between events that promise each other a microsecond. */
static int jumps_over_hours(archi_net_t *net)
{
    const hop_plan_t plan = {3600 * ARCH_SECOND, ARCH_MICROSECOND, 300, 0, 0};
    uint64_t digest[2] = {0, 1};

    for (int i = 0; i < 2; i++) {
        archi_net_t *on = i == 0 ? NULL : net;
        hop_run_t h;
        if (hop_open(&h, on, &plan, i == 0 ? 1 : 9, 1, i) && archi_execute(&h.spark.run, &h.spark.stats) == ARCH_OK)
            digest[i] = spark_digest(&h.spark);
        spark_close(&h.spark);
    }
    return digest[0] == digest[1];
}

static int cancels(void *user, arch_time_t now, uint64_t n_events)
{
    (void)user;
    (void)now;
    (void)n_events;
    return 1;
}

static int the_last_rank_cancels_for_all(archi_net_t *net)
{
    spark_run_t s;
    int as_told = 0;

    if (spark_open(&s, net, 8, 0, 0)) {
        s.run.until = ARCH_TIME_MAX;
        s.run.progress = archi_net_rank(net) + 1 == archi_net_size(net) ? cancels : NULL;
        as_told = archi_execute(&s.run, &s.stats) == ARCH_E_CANCELLED;
    }
    spark_close(&s);
    return as_told;
}

/* `way`: see archi_net_set_rings(). */
static uint64_t check_way(archi_net_t *net, uint32_t way)
{
    uint64_t n_wrong = 0;

    archi_net_set_rings(net, way);
    for (uint32_t n_blocks = 1; n_blocks <= 9; n_blocks += 4)
        for (int dealt = 0; dealt < 2; dealt++)
            n_wrong += !finds_the_same(net, n_blocks, dealt);
    n_wrong += !jumps_over_hours(net);
    n_wrong += !all_learn_of_the_full_rank(net);
    n_wrong += !the_last_rank_cancels_for_all(net);
    n_wrong += !finds_the_same(net, 40, 0); /* the net is as good as before */
    return n_wrong;
}

static int run_checks(archi_net_t *net)
{
    uint64_t n_wrong = check_way(net, 0) + check_way(net, 1) + check_way(net, ARCHI_NET_APART);

    if (n_wrong != 0)
        fprintf(stderr, "rank %u: %u wrong; last failure: %s\n", (unsigned)archi_net_rank(net), (unsigned)n_wrong,
                arch_error_text());
    return archi_net_sum_u64(net, &n_wrong, 1) == ARCH_OK && n_wrong == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(void)
{
    archi_net_t *net = NULL;
    int exit_status;

    if (archi_net_mpi_open(&net) != ARCH_OK) {
        fprintf(stderr, "%s\n", arch_error_text());
        return EXIT_FAILURE;
    }
    exit_status = run_checks(net);
    archi_net_destroy(&net);
    return exit_status;
}
