/* tests/unit/test_fetch.c - events are known to the fetcher before their turn, and what it fetches changes nothing. */
#include "engine/draw.h"
#include "engine/executor.h"
#include "engine/fetch.h"
#include "model/fetch.h"
#include "model/handle.h"
#include "model/model.h"
#include <CUnit/Basic.h>
#include <architech/design.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the engine's part: processes that pass events on to each other ---------------------------------------------- */

enum { N_LPS = 2000, LAST = ARCHI_FETCH_STAGES - 1 };

typedef struct {
    uint32_t n_handled, n_in_time, n_calls, n_out_of_order;
} counts_t;

static counts_t counts;
static uint32_t reached[N_LPS]; /* stages that the pending event of a process has been through */

static void pass_on(const void *plan, const archi_map_t *map, archi_block_t *b, const archi_event_t *ev)
{
    archi_lp_state_t *lp = archi_lp_state(b, ev->dst);
    archi_bits_t bits = archi_draw(lp->key, lp->n_draws++, 0);
    archi_event_t next;

    (void)plan;
    counts.n_handled++;
    counts.n_in_time += reached[ev->dst] == ARCHI_FETCH_STAGES;
    reached[ev->dst] = 0;
    memset(&next, 0, sizeof next);
    next.at = b->now + 100000 + bits.w[0] % 1000000; /* later than the scout sees, as over a network */
    next.dst = ev->dst;
    archi_send(map, b, ev->dst, ev->dst, &next);
}

static void note_stage(const void *plan, const archi_map_t *map, const archi_block_t *b, const archi_event_t *ev,
                       uint32_t stage, uint32_t *note)
{
    (void)plan;
    (void)map;
    (void)b;
    counts.n_calls++;
    counts.n_out_of_order += *note != stage; /* nothing is forgotten between two stages */
    *note = stage + 1;
    if (reached[ev->dst] == stage)
        reached[ev->dst]++;
}

static archi_block_t *make_hops(const archi_map_t *map)
{
    archi_block_spec_t spec;
    archi_block_t *b = NULL;

    memset(&spec, 0, sizeof spec);
    memset(&counts, 0, sizeof counts);
    memset(reached, 0, sizeof reached);
    spec.n_lps = spec.n_events_hint = N_LPS;
    spec.max_sends = 1;
    if (archi_block_create(&spec, &b) != ARCH_OK)
        return NULL;
    for (uint32_t p = 0; p < N_LPS; p++) {
        archi_event_t ev;
        if (archi_block_make_room(&b) != ARCH_OK)
            return NULL;
        memset(&ev, 0, sizeof ev);
        archi_lp_state(b, p)->key = archi_mix64(p);
        ev.at = (arch_time_t)(archi_mix64(p) % 1000000);
        ev.dst = p;
        archi_send(map, b, p, p, &ev);
    }
    return b;
}

static void events_are_known_before_their_turn(void)
{
    const archi_map_t map = {N_LPS, 1, N_LPS, NULL, NULL};
    archi_block_t *b = make_hops(&map);

    CU_ASSERT_PTR_NOT_NULL_FATAL(b);
    while (archi_run_until_fetching(NULL, &map, b, 20000000, pass_on, note_stage) == ARCHI_NEEDS_ROOM)
        CU_ASSERT_EQUAL_FATAL(archi_block_make_room(&b), ARCH_OK);
    CU_ASSERT(counts.n_handled > 20 * N_LPS);
    CU_ASSERT(counts.n_in_time > counts.n_handled / 10 * 9);
    CU_ASSERT(counts.n_calls < counts.n_handled * (ARCHI_FETCH_STAGES + 1)); /* each once, hardly any twice */
    CU_ASSERT_EQUAL(counts.n_out_of_order, 0);
    archi_block_destroy(&b);
}

/* ---- the model's part: every kind of element, in numbers ---------------------------------------------------------- */

static const char design[] =
    "{\"architech\":1,\"name\":\"all kinds\",\"run\":{\"duration\":\"500ms\",\"replications\":1,\"seed\":\"7\"},"
    "\"services\":{"
    "\"a\":{\"replicas\":2500,\"cores\":1,\"threads\":3,\"queue_limit\":5,\"endpoints\":{"
    "\"one\":[{\"cpu\":{\"exponential\":{\"mean\":\"2ms\"}}},{\"choose\":[{\"weight\":1,\"steps\":[{\"call\":\"b\"}]},"
    "{\"weight\":2,\"steps\":[{\"call\":\"b\"},{\"cpu\":\"1ms\"}]}]}],"
    "\"two\":[{\"parallel\":[[{\"call\":\"b\"}],[{\"call\":\"b\"},{\"delay\":\"3ms\"}]]}]}},"
    "\"b\":{\"replicas\":1800,\"cores\":2,\"discipline\":\"processor_sharing\",\"endpoints\":{"
    "\"get\":[{\"cache\":\"k\",\"miss\":[{\"call\":\"d/read\"}]},{\"repeat\":2,\"steps\":[{\"cpu\":\"300us\"}]}]}}},"
    "\"databases\":{\"d\":{\"cores\":64,\"queries\":{\"read\":{\"cpu\":\"1ms\",\"io\":\"2ms\"}}}},"
    "\"caches\":{\"k\":{\"hit_ratio\":0.7}},"
    "\"network\":{\"latency\":\"500us\"},"
    "\"workloads\":{\"open\":{\"rate\":\"20000/s\",\"mix\":{\"a/one\":3,\"a/two\":1}},"
    "\"closed\":{\"users\":300,\"think\":\"100ms\",\"mix\":{\"a/one\":1}}}}";

static archi_stop_t step_plain(const void *plan, const archi_map_t *map, archi_block_t *b, arch_time_t horizon)
{
    return archi_run_until(plan, map, b, horizon, archi_handle);
}

/* The whole run in one block, in windows of 5 ms. */
static archi_block_t *run_design(const archi_plan_t *plan, archi_step_t step)
{
    uint32_t n = archi_plan_n_elements(plan), *all = malloc(n * sizeof *all);
    archi_map_t map = {n, 1, n, NULL, NULL};
    archi_block_t *b = NULL;

    for (uint32_t e = 0; all != NULL && e < n; e++)
        all[e] = e;
    if (all == NULL || archi_model_block_create(plan, &map, 0, all, n, 0, 7, &b) != ARCH_OK)
        b = NULL;
    for (arch_time_t t = 0; b != NULL && t < archi_plan_duration(plan); t += 5 * ARCH_MILLISECOND)
        while (step(plan, &map, b, t) == ARCHI_NEEDS_ROOM)
            if (archi_block_make_room(&b) != ARCH_OK)
                return NULL;
    free(all);
    return b;
}

static void fetching_changes_nothing(void)
{
    arch_design_t *d = NULL;
    arch_problems_t problems = {0, NULL};
    archi_plan_t *plan = NULL;
    archi_block_t *plain, *fetching;

    if (arch_design_parse("test", ".", design, strlen(design), &d, &problems) != ARCH_OK)
        for (uint32_t i = 0; i < problems.n; i++)
            fprintf(stderr, "%s: %s\n", problems.problem[i].at, problems.problem[i].text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(d);
    CU_ASSERT_EQUAL_FATAL(archi_plan_compile(d, &plan), ARCH_OK);
    CU_ASSERT(archi_plan_n_elements(plan) >= ARCHI_FETCH_FROM);
    plain = run_design(plan, step_plain);
    fetching = run_design(plan, archi_model_step);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plain);
    CU_ASSERT_PTR_NOT_NULL_FATAL(fetching);
    CU_ASSERT(plain->n_events > 50000);
    CU_ASSERT_EQUAL(plain->n_events, fetching->n_events);
    CU_ASSERT_EQUAL(plain->bytes, fetching->bytes);
    for (uint32_t s = ARCHI_FIRST_MODEL_SECTION; s < ARCHI_MAX_SECTIONS; s++)
        CU_ASSERT_EQUAL(memcmp(archi_section(plain, s), archi_section(fetching, s),
                               (size_t)plain->section[s].used * plain->section[s].entry_bytes), 0);
    archi_block_destroy(&plain);
    archi_block_destroy(&fetching);
    archi_plan_destroy(&plan);
    arch_design_destroy(&d);
    arch_problems_clear(&problems);
}

/* What events need first lies in the first line of whatever it is, and nothing of it in two. */
static void what_is_hot_is_in_whole_lines(void)
{
    CU_ASSERT_EQUAL(sizeof(archi_instr_t), 64);
    CU_ASSERT_EQUAL(sizeof(archi_group_t) % 64, 0);
    CU_ASSERT_EQUAL(sizeof(archi_element_t) % 64, 0);
    CU_ASSERT_EQUAL(sizeof(archi_frame_t) % 64, 0);
    CU_ASSERT(offsetof(archi_element_t, held) < 64 && offsetof(archi_element_t, queue_max) < 128);
    CU_ASSERT(offsetof(archi_group_t, n) < 64 && offsetof(archi_frame_t, arrived) < 64);
}

int main(void)
{
    CU_TestInfo tests[] = {{"events_are_known_before_their_turn", events_are_known_before_their_turn},
                           {"fetching_changes_nothing", fetching_changes_nothing},
                           {"what_is_hot_is_in_whole_lines", what_is_hot_is_in_whole_lines},
                           CU_TEST_INFO_NULL};
    CU_SuiteInfo suites[] = {{"fetch", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
    unsigned failures;

    if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS)
        return EXIT_FAILURE;
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
