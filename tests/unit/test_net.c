/* tests/unit/test_net.c - ranks that are threads do what ranks must. */
#include "support/alloc.h"
#include "support/net_checks.h"
#include "support/thread_ranks.h"
#include <CUnit/Basic.h>
#include <stdatomic.h>

static const uint32_t sizes[] = {1, 2, 3, 4, 8};

enum { N_SIZES = sizeof sizes / sizeof sizes[0], MOST_RANKS = 8 };

static int on_rank(archi_net_t *net, void *user)
{
    checks_t c = {net, archi_net_rank(net), archi_net_size(net), 0};

    (*(net_check_t *)user)(&c);
    return c.n_wrong;
}

static void on_all_sizes(net_check_t check)
{
    for (int i = 0; i < N_SIZES; i++)
        CU_ASSERT_EQUAL(run_on_thread_ranks(sizes[i], on_rank, &check), 0);
}

#define OVER_THREADS(name)                                                                                             \
    static void threads_##name(void) { on_all_sizes(name); }
OVER_THREADS(reduces_element_by_element)
OVER_THREADS(broadcasts_from_every_rank)
OVER_THREADS(gathers_in_order_of_rank)
OVER_THREADS(exchanges_messages_of_all_sizes)
OVER_THREADS(keeps_calls_apart)
OVER_THREADS(agrees_on_the_first_failure)
OVER_THREADS(splits_by_colour)
OVER_THREADS(shares_memory)
OVER_THREADS(parts_of_parts_work)

static int nobody_leaves_early(archi_net_t *net, void *user)
{
    atomic_uint *n_came = user;
    int n_wrong = 0;

    for (uint32_t i = 1; i <= 500; i++) {
        atomic_fetch_add(n_came, 1);
        n_wrong += archi_net_barrier(net) != ARCH_OK;
        n_wrong += atomic_load(n_came) < i * archi_net_size(net);
        n_wrong += archi_net_barrier(net) != ARCH_OK;
    }
    return n_wrong;
}

static void barrier_holds_until_all_came(void)
{
    for (int i = 0; i < N_SIZES; i++) {
        atomic_uint n_came = 0;
        CU_ASSERT_EQUAL(run_on_thread_ranks(sizes[i], nobody_leaves_early, &n_came), 0);
    }
}

/* Rank 0 has much to say to the last rank; memory is out on the sender (allocations 0) or on the receiver (1). Nobody hangs,
 * all learn of it, the round is settled, the next one works. */
typedef struct {
    long     allocations;
    uint32_t n_failed; /* ranks that should know at once */
    int      apart;    /* 0: rounds go through memory, but not this one */
} shortage_t;

static int one_runs_out_of_memory(archi_net_t *net, void *user)
{
    enum { MUCH = 1 << 20 };
    const shortage_t *shortage = user;
    uint32_t rank = archi_net_rank(net), size = archi_net_size(net);
    uint64_t *offset = calloc(size + 1, sizeof *offset), n = 1, n_failed;
    archi_net_round_t round = {{(int64_t)rank, 0}, 1};
    checks_t c = {net, rank, size, 0};
    char *much = calloc(1, MUCH);
    arch_status_t st;
    const void *recv;

    if (shortage->apart)
        archi_net_set_rings(net, ARCHI_NET_APART);
    else
        CHECK(&c, archi_net_exchange(net, NULL, offset, &recv, &n) == ARCH_OK);
    offset[size] = rank == 0 ? MUCH : 0;
    CHECK(&c, archi_net_barrier(net) == ARCH_OK);
    if (rank == 0)
        test_alloc_budget(shortage->allocations);
    CHECK(&c, archi_net_barrier(net) == ARCH_OK);
    st = archi_net_exchange_round(net, much, offset, &recv, &n, &round);
    n_failed = st == ARCH_E_NOMEM;
    CHECK(&c, (st == ARCH_OK || n_failed) && n == 0 && round.least[0] == 0 && round.sum == size);
    CHECK(&c, archi_net_sum_u64(net, &n_failed, 1) == ARCH_OK);
    CHECK(&c, n_failed == (shortage->n_failed < size ? shortage->n_failed : size));
    CHECK(&c, archi_net_agree(net, st) == ARCH_E_NOMEM);
    test_alloc_budget(-1);
    CHECK(&c, archi_net_barrier(net) == ARCH_OK);
    exchange_once(&c, 4);
    free(much);
    free(offset);
    return c.n_wrong;
}

static void running_out_of_memory_is_everyones(void)
{
    for (int i = 0; i < 2 * N_SIZES; i++) {
        shortage_t sender = {0, UINT32_MAX, i % 2}, receiver = {1, 1, i % 2};

        CU_ASSERT_EQUAL(run_on_thread_ranks(sizes[i / 2], one_runs_out_of_memory, &sender), 0);
        CU_ASSERT_EQUAL(run_on_thread_ranks(sizes[i / 2], one_runs_out_of_memory, &receiver), 0);
    }
}

/* All say something to all: whoever has no memory to put it together is told, the round is settled, the next one works. From
 * one rank alone nothing need be put together. */
static int has_no_room_for_what_comes(archi_net_t *net, void *user)
{
    uint32_t rank = archi_net_rank(net), size = archi_net_size(net);
    uint64_t *offset = calloc(size + 1, sizeof *offset), n = 1;
    archi_net_round_t round = {{-(int64_t)rank, 5}, 1};
    char *said = calloc(size, 104);
    checks_t c = {net, rank, size, 0};
    const void *recv;

    (void)user;
    CHECK(&c, archi_net_exchange(net, NULL, offset, &recv, &n) == ARCH_OK && n == 0); /* opens what rounds go through */
    for (uint32_t r = 0; r < size; r++)
        offset[r + 1] = offset[r] + 104;
    CHECK(&c, archi_net_barrier(net) == ARCH_OK);
    test_alloc_budget(0);
    CHECK(&c, archi_net_barrier(net) == ARCH_OK);
    CHECK(&c, archi_net_exchange_round(net, said, offset, &recv, &n, &round) == ARCH_E_NOMEM && n == 0 && recv == NULL);
    CHECK(&c, round.least[0] == 1 - (int64_t)size && round.least[1] == 5 && round.sum == size);
    memset(offset, 0, rank == 0 ? 0 : (size + 1) * sizeof *offset); /* what one rank says is read where it lies */
    offset[size] = offset[size - 1];
    CHECK(&c, archi_net_exchange(net, said, offset, &recv, &n) == ARCH_OK && n == (rank + 1 < size ? 104 : 0));
    for (uint32_t r = 0; r < size; r++)
        offset[r + 1] = offset[r] + 104;
    CHECK(&c, archi_net_barrier(net) == ARCH_OK);
    test_alloc_budget(-1);
    CHECK(&c, archi_net_barrier(net) == ARCH_OK);
    CHECK(&c, archi_net_exchange(net, said, offset, &recv, &n) == ARCH_OK && n == 104 * size);
    free(said);
    free(offset);
    return c.n_wrong;
}

/* Where there is no memory to share, rounds go by messages. */
static int exchanges_all_the_same(archi_net_t *net, void *user)
{
    checks_t c = {net, archi_net_rank(net), archi_net_size(net), 0};
    const uint64_t nothing[MOST_RANKS + 1] = {0};
    const void *recv;
    uint64_t n = 1;

    (void)user;
    CHECK(&c, archi_net_barrier(net) == ARCH_OK);
    test_alloc_budget(0);
    CHECK(&c, archi_net_barrier(net) == ARCH_OK);
    CHECK(&c, archi_net_exchange(net, NULL, nothing, &recv, &n) == ARCH_OK && n == 0);
    CHECK(&c, archi_net_barrier(net) == ARCH_OK);
    test_alloc_budget(-1);
    CHECK(&c, archi_net_barrier(net) == ARCH_OK);
    exchange_once(&c, 1);
    exchange_once(&c, 2);
    return c.n_wrong;
}

static void rounds_need_no_memory_but_for_what_comes(void)
{
    for (int i = 1; i < N_SIZES; i++) {
        CU_ASSERT_EQUAL(run_on_thread_ranks(sizes[i], has_no_room_for_what_comes, NULL), 0);
        CU_ASSERT_EQUAL(run_on_thread_ranks(sizes[i], exchanges_all_the_same, NULL), 0);
    }
}

static int splits_or_says_why(archi_net_t *net, void *user)
{
    long *budget = user;
    archi_net_t *half = NULL;
    arch_status_t st = ARCH_E_NOMEM;
    int n_wrong = 0;

    for (long i = 0; st == ARCH_E_NOMEM; i++) {
        n_wrong += archi_net_barrier(net) != ARCH_OK;
        if (archi_net_rank(net) == 0)
            test_alloc_budget(*budget = i);
        n_wrong += archi_net_barrier(net) != ARCH_OK;
        st = archi_net_split(net, archi_net_rank(net) % 2, &half);
        n_wrong += (half != NULL) != (st == ARCH_OK);
    }
    test_alloc_budget(-1);
    archi_net_destroy(&half);
    return n_wrong + (st != ARCH_OK);
}

static void survives_every_failing_allocation(void)
{
    archi_net_group_t *group = NULL;
    arch_status_t st = ARCH_E_NOMEM;
    archi_net_t *net = NULL;
    long before = test_live_bytes(), budget = 0;

    for (long i = 0; st == ARCH_E_NOMEM; i++) {
        test_alloc_budget(i);
        st = archi_net_group_create(3, &group);
        CU_ASSERT_EQUAL(group != NULL, st == ARCH_OK);
        budget = i;
    }
    CU_ASSERT_EQUAL(st, ARCH_OK);
    CU_ASSERT(budget > 6);
    test_alloc_budget(0);
    CU_ASSERT_EQUAL(archi_net_group_join(group, 0, &net), ARCH_E_NOMEM);
    CU_ASSERT_PTR_NULL(net);
    test_alloc_budget(-1);
    archi_net_group_destroy(&group);
    CU_ASSERT_EQUAL(run_on_thread_ranks(4, splits_or_says_why, &budget), 0);
    CU_ASSERT(budget > 6);
    CU_ASSERT_EQUAL(test_live_bytes(), before);
}

static void refuses_a_group_of_nobody_and_a_rank_too_many(void)
{
    archi_net_group_t *group = (archi_net_group_t *)&group;
    archi_net_t *net = (archi_net_t *)&net;

    CU_ASSERT_EQUAL(archi_net_group_create(0, &group), ARCH_E_ARG);
    CU_ASSERT_PTR_NULL(group);
    CU_ASSERT_EQUAL_FATAL(archi_net_group_create(2, &group), ARCH_OK);
    CU_ASSERT_EQUAL(archi_net_group_join(group, 2, &net), ARCH_E_ARG);
    CU_ASSERT_PTR_NULL(net);
    archi_net_group_destroy(&group);
    CU_ASSERT_PTR_NULL(group);
    archi_net_group_destroy(&group);
    archi_net_destroy(&net);
}

static void knows_its_kind(void)
{
    archi_net_group_t *group = NULL;
    archi_net_t *net = NULL;

    CU_ASSERT_EQUAL_FATAL(archi_net_group_create(1, &group), ARCH_OK);
    CU_ASSERT_EQUAL_FATAL(archi_net_group_join(group, 0, &net), ARCH_OK);
    CU_ASSERT_STRING_EQUAL(archi_net_kind(net), "threads");
    CU_ASSERT_PTR_NULL(archi_net_comm(net));
    CU_ASSERT_EQUAL(archi_net_agree(NULL, ARCH_E_IO), ARCH_E_IO);
    archi_net_destroy(&net);
    archi_net_group_destroy(&group);
}

int main(void)
{
    CU_TestInfo tests[] = {{"reduces_element_by_element", threads_reduces_element_by_element},
                           {"broadcasts_from_every_rank", threads_broadcasts_from_every_rank},
                           {"gathers_in_order_of_rank", threads_gathers_in_order_of_rank},
                           {"exchanges_messages_of_all_sizes", threads_exchanges_messages_of_all_sizes},
                           {"keeps_calls_apart", threads_keeps_calls_apart},
                           {"agrees_on_the_first_failure", threads_agrees_on_the_first_failure},
                           {"splits_by_colour", threads_splits_by_colour},
                           {"shares_memory", threads_shares_memory},
                           {"parts_of_parts_work", threads_parts_of_parts_work},
                           {"barrier_holds_until_all_came", barrier_holds_until_all_came},
                           {"running_out_of_memory_is_everyones", running_out_of_memory_is_everyones},
                           {"rounds_need_no_memory_but_for_what_comes", rounds_need_no_memory_but_for_what_comes},
                           {"survives_every_failing_allocation", survives_every_failing_allocation},
                           {"refuses_a_group_of_nobody_and_a_rank_too_many",
                            refuses_a_group_of_nobody_and_a_rank_too_many},
                           {"knows_its_kind", knows_its_kind},
                           CU_TEST_INFO_NULL};
    CU_SuiteInfo suites[] = {{"net over threads", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
    unsigned failures;

    if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS)
        return EXIT_FAILURE;
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
