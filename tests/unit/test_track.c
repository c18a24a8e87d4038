/* tests/unit/test_track.c - tracks of several ranks become times of one clock per host, and stay small. */
#include "coordinator/track.h"
#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

enum { N_RANKS = 3 };

/* Results as archi_track_gather() wants them: who runs where. */
static arch_results_t *results_on(const char *const *host)
{
    arch_results_t *r = NULL;

    if (arch_results_create(&r) != ARCH_OK)
        abort();
    r->engine.n_ranks = N_RANKS;
    r->engine.rank = arch_results_alloc(r, N_RANKS * sizeof *r->engine.rank);
    for (uint32_t i = 0; i < N_RANKS; i++)
        r->engine.rank[i].host = host[i];
    return r;
}

static void gather(archi_track_t *const *track, arch_results_t *out)
{
    archi_net_group_t *group = NULL;
    archi_net_t *net[N_RANKS];

    CU_ASSERT_EQUAL_FATAL(archi_net_group_create(N_RANKS, &group), ARCH_OK);
    for (uint32_t i = 0; i < N_RANKS; i++)
        CU_ASSERT_EQUAL_FATAL(archi_net_group_join(group, i, &net[i]), ARCH_OK);
    CU_ASSERT_EQUAL(archi_track_gather(track, net[0], out), ARCH_OK);
    for (uint32_t i = 0; i < N_RANKS; i++)
        archi_net_destroy(&net[i]);
    archi_net_group_destroy(&group);
}

/* Ranks 0 and 2 share a clock and a host; that of rank 1 shows something else altogether. */
static void clocks_begin_with_the_first_rank_of_their_host(void)
{
    static const char *const host[N_RANKS] = {"a", "b", "a"};
    static const double origin[N_RANKS] = {100.5, 7000.0, 100.25};
    arch_results_t *r = results_on(host);
    archi_track_t *track[N_RANKS];

    for (uint32_t i = 0; i < N_RANKS; i++) {
        CU_ASSERT_EQUAL_FATAL(archi_track_create(16, 1, &track[i]), ARCH_OK);
        track[i]->origin = origin[i];
        archi_trace_note(track[i]->trace, ARCHI_TRACE_BACK, origin[i] + 1.0, origin[i] + 1.5, 7, 8);
        archi_track_mark(track[i], i);
        track[i]->mark[0].at = origin[i];
    }
    gather(track, r);
    CU_ASSERT(r->track[0].span[0].from == 1.25 && r->track[0].span[0].to == 1.75 && r->track[0].mark[0].at == 0.25);
    CU_ASSERT(r->track[1].span[0].from == 1.0 && r->track[1].span[0].to == 1.5 && r->track[1].mark[0].at == 0.0);
    CU_ASSERT(r->track[2].span[0].from == 1.0 && r->track[2].span[0].to == 1.5 && r->track[2].mark[0].at == 0.0);
    CU_ASSERT(r->track[0].span[0].kind == ARCH_SPAN_BACK && r->track[0].span[0].now == 7);
    CU_ASSERT(r->track[0].span[0].events == 8 && r->track[0].span[0].merged == 1);
    CU_ASSERT(r->track[2].mark[0].replication == 2 && r->track[2].n_marks == 1 && r->track[2].n_spans == 1);
    for (uint32_t i = 0; i < N_RANKS; i++)
        archi_track_destroy(&track[i]);
    arch_results_destroy(&r);
}

static void of_many_replications_some_are_marked_evenly(void)
{
    static const uint32_t many[] = {1, 1023, 1024, 1025, 5000, 1000000};

    for (uint32_t i = 0; i < sizeof many / sizeof *many; i++) {
        archi_track_t *t = NULL;
        CU_ASSERT_EQUAL_FATAL(archi_track_create(16, many[i], &t), ARCH_OK);
        for (uint32_t r = 0; r < many[i]; r++)
            archi_track_mark(t, r);
        CU_ASSERT_EQUAL(t->n_marks, (many[i] - 1) / t->every + 1);
        CU_ASSERT(t->n_marks <= ARCHI_TRACK_MARKS && (t->every == 1 || t->n_marks > ARCHI_TRACK_MARKS / 3));
        CU_ASSERT_EQUAL(t->mark[t->n_marks - 1].replication, (t->n_marks - 1) * t->every);
        archi_track_destroy(&t);
    }
    archi_track_mark(NULL, 1);
}

static void many_ranks_share_one_bound(void)
{
    CU_ASSERT_EQUAL(archi_track_capacity(16384, 1), 16384);
    CU_ASSERT_EQUAL(archi_track_capacity(16384, 64), 16384);
    CU_ASSERT_EQUAL(archi_track_capacity(16384, 1024), 1024);
    CU_ASSERT_EQUAL(archi_track_capacity(16384, 1u << 30), 16);
    CU_ASSERT_EQUAL(archi_track_capacity(1, 1), 16);
}

int main(void)
{
    unsigned failures;
    CU_pSuite suite;

    CU_initialize_registry();
    suite = CU_add_suite("tracks", NULL, NULL);
    CU_ADD_TEST(suite, clocks_begin_with_the_first_rank_of_their_host);
    CU_ADD_TEST(suite, of_many_replications_some_are_marked_evenly);
    CU_ADD_TEST(suite, many_ranks_share_one_bound);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? 0 : 1;
}
