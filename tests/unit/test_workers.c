/* tests/unit/test_workers.c - jobs over ZeroMQ: every id is answered once. */
#include "worker_hands.h"
#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void answers_every_job_once_in_threads(void)
{
    archi_farm_t *farm = open_farm((archi_farm_options_t){0});
    static hand_t hand[3];
    archi_farm_stats_t s;

    for (int i = 0; i < 3; i++)
        hire(&hand[i], archi_farm_endpoint(farm));
    put_squares(farm, 1000, 0);
    CU_ASSERT_EQUAL(take_squares(farm, 1000), 0);
    CU_ASSERT(nothing_comes(farm));
    archi_farm_stats(farm, &s);
    CU_ASSERT_EQUAL(s.done, 1000);
    CU_ASSERT_EQUAL(s.queued + s.under_way + s.untaken + s.failed + s.malformed, 0);
    archi_farm_close(&farm);
    for (int i = 0; i < 3; i++) {
        see_off(&hand[i]);
        CU_ASSERT_EQUAL(hand[i].st, ARCH_OK);
        CU_ASSERT_EQUAL(hand[i].stats.hellos, 1);
    }
}

static void answers_every_job_once_in_processes(void)
{
    archi_farm_t *farm = open_farm((archi_farm_options_t){0});

    spawn_hands(farm, 2);
    put_squares(farm, 500, 0);
    CU_ASSERT_EQUAL(take_squares(farm, 500), 0);
    archi_farm_close(&farm);
}

static void passes_a_failure_on_with_its_reason(void)
{
    archi_farm_t *farm = open_farm((archi_farm_options_t){0});
    static hand_t hand;
    archi_farm_answer_t a = {0};
    bool got = false;

    hire(&hand, archi_farm_endpoint(farm));
    put_text(farm, 7, "fail");
    CU_ASSERT_EQUAL(archi_farm_take(farm, PATIENT_MS, &a, &got), ARCH_OK);
    CU_ASSERT(got && a.id == 7 && a.status == ARCH_E_UNSTABLE);
    CU_ASSERT_STRING_EQUAL(a.bytes, "there are more requests than the server can bear");
    free(a.bytes);
    archi_farm_close(&farm);
    see_off(&hand);
}

static void gives_a_job_up_that_every_worker_dies_of(void)
{
    static const struct {
        const char *job;
        uint64_t starts; /* at least: three crashes, or eight deaths that may have other causes */
        const char *how;
    } poison[] = {{"crash", 3, "signal 6"}, {"kill", 8, "signal 9"}};

    for (int i = 0; i < 2; i++) {
        archi_farm_t *farm = open_farm((archi_farm_options_t){0});
        archi_farm_answer_t a = {0};
        archi_farm_stats_t s;
        bool got = false;
        spawn_hands(farm, 1);
        put_text(farm, 1, poison[i].job);
        CU_ASSERT_EQUAL(archi_farm_take(farm, PATIENT_MS, &a, &got), ARCH_OK);
        CU_ASSERT(got && a.status == ARCH_E_PEER);
        CU_ASSERT_PTR_NOT_NULL(strstr(a.bytes, poison[i].how));
        free(a.bytes);
        put_text(farm, 0, "square 0"); /* others are done all the same */
        CU_ASSERT_EQUAL(take_squares(farm, 1), 0);
        archi_farm_stats(farm, &s);
        CU_ASSERT(s.started > poison[i].starts && s.started <= poison[i].starts + 1);
        archi_farm_close(&farm);
    }
}

static void says_so_when_no_worker_can_live(void)
{
    const char *argv[] = {"false", NULL}, *missing[] = {"there-is-no-such-command", NULL};
    archi_farm_t *farm = open_farm((archi_farm_options_t){0});
    archi_farm_answer_t a;
    bool got = true;

    CU_ASSERT_EQUAL(archi_farm_spawn(farm, 2, missing), ARCH_E_NOTFOUND);
    CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), "there-is-no-such-command"));
    archi_farm_close(&farm);
    farm = open_farm((archi_farm_options_t){0});
    CU_ASSERT_EQUAL(archi_farm_spawn(farm, 1, argv), ARCH_OK);
    put_text(farm, 1, "square 1");
    CU_ASSERT_EQUAL(archi_farm_take(farm, PATIENT_MS, &a, &got), ARCH_E_PEER);
    CU_ASSERT(!got);
    CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), "ended with status 1"));
    archi_farm_close(&farm);
}

static void gives_the_last_jobs_to_idle_workers_too(void)
{
    archi_farm_t *farm = open_farm((archi_farm_options_t){0});
    static hand_t hand[2];
    archi_farm_stats_t s;

    hire(&hand[0], archi_farm_endpoint(farm));
    for (uint64_t i = 0; i < 2; i++) /* one is done, one waits behind it */
        put_text(farm, i, i == 0 ? "sleep 400 0" : "square 1");
    do
        archi_farm_stats(farm, &s);
    while (s.under_way < 2);
    hire(&hand[1], archi_farm_endpoint(farm));
    CU_ASSERT_EQUAL(take_squares(farm, 2), 0);
    archi_farm_stats(farm, &s);
    CU_ASSERT(s.tail_issues >= 1);
    CU_ASSERT_EQUAL(s.lost_issues, 0);
    CU_ASSERT(nothing_comes(farm));
    archi_farm_close(&farm);
    for (int i = 0; i < 2; i++)
        see_off(&hand[i]);
}

static void answers_a_cancelled_job_and_frees_its_worker(void)
{
    archi_farm_t *farm = open_farm((archi_farm_options_t){0});
    static hand_t hand;
    archi_farm_answer_t a = {0};
    archi_farm_job_t job = {0};
    bool got = false;

    hire(&hand, archi_farm_endpoint(farm));
    put_text(farm, 9, "sleep 1000000 1");
    while (archi_farm_slowest(farm, &job, 1) == 0 || job.share == 0) /* until it tells of its progress */
        nap(1e-3);
    CU_ASSERT(job.id == 9 && job.copies == 1 && job.worker[0] != '\0');
    archi_farm_cancel(farm, 9);
    archi_farm_cancel(farm, 9);
    archi_farm_cancel(farm, 10); /* of which nobody knows */
    CU_ASSERT_EQUAL(archi_farm_take(farm, PATIENT_MS, &a, &got), ARCH_OK);
    CU_ASSERT(got && a.id == 9 && a.status == ARCH_E_CANCELLED);
    free(a.bytes);
    put_text(farm, 0, "square 0");
    CU_ASSERT_EQUAL(take_squares(farm, 1), 0);
    archi_farm_close(&farm);
    see_off(&hand);
    CU_ASSERT_EQUAL(hand.stats.wasted, 1);
}

static void goes_on_with_whoever_comes_and_leaves(void)
{
    archi_farm_t *farm = open_farm((archi_farm_options_t){0});
    static hand_t hand[3];
    archi_farm_stats_t s;

    put_squares(farm, 40, 10);
    hire(&hand[0], archi_farm_endpoint(farm));
    nap(0.08);
    atomic_store(&hand[0].leaves, true); /* in the middle of a job */
    see_off(&hand[0]);
    CU_ASSERT_EQUAL(hand[0].st, ARCH_OK);
    hire(&hand[1], archi_farm_endpoint(farm));
    hire(&hand[2], archi_farm_endpoint(farm));
    CU_ASSERT_EQUAL(take_squares(farm, 40), 0);
    archi_farm_stats(farm, &s);
    CU_ASSERT_EQUAL(s.workers_seen, 3);
    CU_ASSERT_EQUAL(s.workers_lost, 0); /* it said goodbye */
    CU_ASSERT_EQUAL(s.workers, 2);
    archi_farm_close(&farm);
    see_off(&hand[1]);
    see_off(&hand[2]);
}

static void refuses_an_id_twice_and_what_is_too_large(void)
{
    archi_farm_t *farm = open_farm((archi_farm_options_t){.job_bytes_most = 4});

    put_text(farm, 1, "four");
    CU_ASSERT_EQUAL(archi_farm_put(farm, 1, "x", 1), ARCH_E_ARG);
    CU_ASSERT_EQUAL(archi_farm_put(farm, 2, "fives", 5), ARCH_E_RANGE);
    archi_farm_cancel(farm, 1);
    CU_ASSERT_EQUAL(archi_farm_put(farm, 1, "x", 1), ARCH_E_ARG); /* answered, but not taken */
    archi_farm_close(&farm);
}

static void refuses_to_be_open_to_the_world(void)
{
    archi_farm_options_t o = {.endpoint = "tcp://*:*"};
    archi_farm_t *farm = NULL;

    CU_ASSERT_EQUAL(archi_farm_open(&o, &farm), ARCH_E_ARG);
    CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), "keys"));
    o.insecure = true;
    CU_ASSERT_EQUAL(archi_farm_open(&o, &farm), ARCH_OK);
    CU_ASSERT_PTR_NULL(strchr(archi_farm_endpoint(farm) + 6, '*'));
    archi_farm_close(&farm);
    o.endpoint = "a farm";
    CU_ASSERT_EQUAL(archi_farm_open(&o, &farm), ARCH_E_ARG);
    CU_ASSERT_PTR_NULL(farm);
}

static void leaves_no_file_and_takes_no_place(void)
{
    archi_farm_options_t o = {.endpoint = "ipc://unit_workers.ipc"};
    archi_farm_t *farm = open_farm(o), *second = NULL;

    CU_ASSERT_EQUAL(access("unit_workers.ipc", F_OK), 0);
    CU_ASSERT_EQUAL(archi_farm_open(&o, &second), ARCH_E_IO);
    CU_ASSERT_EQUAL(access("unit_workers.ipc", F_OK), 0);
    archi_farm_close(&farm);
    CU_ASSERT_NOT_EQUAL(access("unit_workers.ipc", F_OK), 0);
}

static void sixty_four_workers_share_the_work(void)
{
    archi_farm_t *farm = open_farm((archi_farm_options_t){.expiry_s = 20});
    static hand_t hand[64];
    archi_farm_stats_t s;
    int n_lazy = 0;

    for (int i = 0; i < 64; i++)
        hire(&hand[i], archi_farm_endpoint(farm));
    do
        archi_farm_stats(farm, &s);
    while (s.workers < 64);
    put_squares(farm, 2000, 1);
    CU_ASSERT_EQUAL(take_squares(farm, 2000), 0);
    archi_farm_stats(farm, &s);
    CU_ASSERT_EQUAL(s.workers_seen, 64);
    archi_farm_close(&farm);
    for (int i = 0; i < 64; i++) {
        see_off(&hand[i]);
        n_lazy += hand[i].stats.jobs == 0;
    }
    CU_ASSERT_EQUAL(n_lazy, 0);
}

static void leaves_a_coordinator_that_is_not_there(void)
{
    archi_worker_options_t o = {.endpoint = "ipc://@architech-nobody", .patience_s = 0.3};

    CU_ASSERT_EQUAL(archi_worker_run(&o, hand_work, NULL), ARCH_E_PEER);
    CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), "nothing heard of a coordinator for 0.3 s"));
}

static void sends_workers_of_another_version_away(void)
{
    archi_farm_t *farm = open_farm((archi_farm_options_t){.program = "architech/2"});
    archi_worker_options_t o = {.endpoint = archi_farm_endpoint(farm), .program = "architech/1"};

    CU_ASSERT_EQUAL(archi_worker_run(&o, hand_work, NULL), ARCH_E_PEER);
    CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), "the coordinator is architech/2, this worker architech/1"));
    archi_farm_close(&farm);
}

int main(int argc, char **argv)
{
    int worker = be_a_worker(argc, argv);
    CU_pSuite suite;

    if (worker >= 0)
        return worker;
    CU_initialize_registry();
    suite = CU_add_suite("workers", NULL, NULL);
    CU_ADD_TEST(suite, answers_every_job_once_in_threads);
    CU_ADD_TEST(suite, answers_every_job_once_in_processes);
    CU_ADD_TEST(suite, sixty_four_workers_share_the_work);
    CU_ADD_TEST(suite, passes_a_failure_on_with_its_reason);
    CU_ADD_TEST(suite, gives_a_job_up_that_every_worker_dies_of);
    CU_ADD_TEST(suite, says_so_when_no_worker_can_live);
    CU_ADD_TEST(suite, gives_the_last_jobs_to_idle_workers_too);
    CU_ADD_TEST(suite, answers_a_cancelled_job_and_frees_its_worker);
    CU_ADD_TEST(suite, goes_on_with_whoever_comes_and_leaves);
    CU_ADD_TEST(suite, refuses_an_id_twice_and_what_is_too_large);
    CU_ADD_TEST(suite, refuses_to_be_open_to_the_world);
    CU_ADD_TEST(suite, leaves_no_file_and_takes_no_place);
    CU_ADD_TEST(suite, leaves_a_coordinator_that_is_not_there);
    CU_ADD_TEST(suite, sends_workers_of_another_version_away);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    return CU_get_number_of_failures() != 0;
}
