/* tests/unit/test_ensemble.c - ensembles: every member comes out as it does alone, on any number of cores and on a device;
 * and also when the device is too small for all, promises more than it has, has no room for what members grow to, is
 * slow, or fails. The device is one that is only pretended, and runs the same code as a GPU. */
#include <CUnit/Basic.h>
#include "kernels/kernels.h"
#include "random_design.h"
#include "support/pretend_device.h"
#include "support/share.h"
#include <architech/architech.h>
#include <glob.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_HANDS = 3, MOST_MEMBERS = 256 };

/* ---- scenarios, and what their members come to ------------------------------------------------------------------- */

typedef struct {
    archi_plan_t *plan[8];
    archi_scenario_t scenario[8];
    archi_member_t member[MOST_MEMBERS];
    uint64_t expected[MOST_MEMBERS], events[MOST_MEMBERS]; /* digest of each, alone */
    uint32_t n_scenarios, n_members;
} world_t;

static archi_map_t map_of(const archi_plan_t *plan)
{
    return (archi_map_t){archi_plan_n_elements(plan), 1, archi_plan_n_elements(plan), NULL, NULL};
}

static void run_alone(world_t *w, uint32_t i)
{
    const archi_scenario_t *s = &w->scenario[w->member[i].scenario];
    archi_map_t map = map_of(s->plan);
    uint32_t *all = malloc(map.n_lps * sizeof *all);
    archi_block_t *b = NULL;

    for (uint32_t e = 0; e < map.n_lps; e++)
        all[e] = e;
    if (archi_model_block_create(s->plan, &map, 0, all, map.n_lps, w->member[i].replication, s->seed, &b) != ARCH_OK)
        abort();
    while (archi_model_step(s->plan, &map, b, archi_plan_duration(s->plan)) == ARCHI_NEEDS_ROOM)
        if (archi_block_make_room(&b) != ARCH_OK)
            abort();
    archi_model_finish(s->plan, b, archi_plan_duration(s->plan));
    w->expected[i] = archi_model_digest(s->plan, &map, b);
    w->events[i] = b->n_events;
    archi_block_destroy(&b);
    free(all);
}

static void add_design(world_t *w, arch_design_t *d, arch_time_t duration)
{
    if (d->run.duration > duration)
        d->run.duration = duration;
    if (d->run.warmup != ARCH_AUTO)
        d->run.warmup = d->run.duration / 4;
    if (archi_plan_compile(d, &w->plan[w->n_scenarios]) != ARCH_OK)
        abort();
    w->scenario[w->n_scenarios] = (archi_scenario_t){w->plan[w->n_scenarios], d->run.seed};
    w->n_scenarios++;
    arch_design_destroy(&d);
}

static void add_file(world_t *w, const char *path, arch_time_t duration)
{
    arch_problems_t problems = {0, NULL};
    arch_design_t *d = NULL;

    if (arch_design_read(path, &d, &problems) != ARCH_OK)
        abort();
    add_design(w, d, duration);
}

/* `each` replications of every scenario, from number `first` on. */
static void add_members(world_t *w, uint32_t first, uint32_t each)
{
    for (uint32_t s = 0; s < w->n_scenarios; s++)
        for (uint32_t r = 0; r < each; r++) {
            if (w->n_members == MOST_MEMBERS)
                abort();
            w->member[w->n_members] = (archi_member_t){s, first + r};
            run_alone(w, w->n_members++);
        }
}

static void forget(world_t *w)
{
    for (uint32_t i = 0; i < w->n_scenarios; i++)
        archi_plan_destroy(&w->plan[i]);
    memset(w, 0, sizeof *w);
}

/* ---- hands ------------------------------------------------------------------------------------------------------- */

typedef struct {
    const world_t *world;
    archi_ensemble_t *e;
    uint32_t number;
    uint32_t n_done, n_wrong;
    uint32_t fails_at;      /* members done until it fails; 0: never */
    uint32_t cancels_at;    /* calls of progress; 0: never */
    uint32_t n_told;
    uint64_t memory_limit;
    uint32_t *seen;         /* [n_members] times that a member came */
    arch_status_t status, bad; /* bad: of members */
    char text[256];
} hand_t;

static arch_status_t done(void *user, uint32_t member, const archi_block_t *b, const archi_member_stats_t *stats,
                          arch_status_t st)
{
    hand_t *h = user;
    const world_t *w = h->world;
    const archi_plan_t *plan = w->plan[w->member[member].scenario];
    archi_map_t map = map_of(plan);

    __atomic_fetch_add(&h->seen[member], 1, __ATOMIC_RELAXED);
    h->n_done++;
    if (st != ARCH_OK) {
        h->bad = st;
        return ARCH_OK;
    }
    if (archi_model_digest(plan, &map, b) != w->expected[member] || b->n_events != w->events[member] ||
        stats->run.peak_bytes == 0)
        h->n_wrong++;
    return h->fails_at > 0 && h->n_done >= h->fails_at ? ARCH_FAIL(ARCH_E_IO, "as the test wants it") : ARCH_OK;
}

static int progress(void *user, arch_time_t under_way, uint64_t n_events)
{
    hand_t *h = user;

    (void)under_way, (void)n_events;
    h->n_told++;
    return h->cancels_at > 0 && h->n_told >= h->cancels_at;
}

static void *work(void *user)
{
    hand_t *h = user;
    archi_hand_t hand = {h->memory_limit, done, NULL, progress, NULL, h};

    h->status = archi_ensemble_work(h->e, h->number, &hand);
    snprintf(h->text, sizeof h->text, "%s", h->status != ARCH_OK ? arch_error_text() : "");
    return NULL;
}

static void run_hands(hand_t *hand, uint32_t n)
{
    pthread_t thread[MOST_HANDS];

    for (uint32_t i = 1; i < n; i++)
        if (pthread_create(&thread[i], NULL, work, &hand[i]) != 0)
            abort();
    work(&hand[0]);
    for (uint32_t i = 1; i < n; i++)
        pthread_join(thread[i], NULL);
}

#ifdef ENSEMBLE_ON_GPU /* the same tests with a real one, but for those in which it is to fail or to lie */
static arch_status_t open_device(const pretend_t *how, archi_device_t **out)
{
    (void)how;
    return archi_device_open(0, out);
}

static void count_device(const archi_device_t *d, pretend_count_t *out)
{
    (void)d;
    memset(out, 0, sizeof *out);
}
#else
static arch_status_t open_device(const pretend_t *how, archi_device_t **out) { return pretend_open(how, out); }
static void count_device(const archi_device_t *d, pretend_count_t *out) { pretend_count(d, out); }
#endif

/* What is asked of an ensemble, and what came of it. */
typedef struct {
    uint32_t n_hands;
    const pretend_t *device; /* NULL: none */
    bool unsure, tight;
    uint64_t most_device_bytes, most_host_bytes, memory_limit;
    uint32_t fails_at, cancels_at; /* of hand 0 */
    uint32_t n_sharing;
} how_t;

typedef struct {
    hand_t hand[MOST_HANDS];
    archi_ensemble_figures_t figures;
    pretend_count_t device;
    uint32_t n_once, n_more, n_wrong; /* members that came once, more than once; that differ */
} outcome_t;

static void add_up(const world_t *w, const how_t *how, const uint32_t *seen, outcome_t *out)
{
    for (uint32_t i = 0; i < w->n_members; i++) {
        out->n_once += seen[i] == 1;
        out->n_more += seen[i] > 1;
    }
    for (uint32_t i = 0; i < how->n_hands; i++)
        out->n_wrong += out->hand[i].n_wrong;
}

static void try(const world_t *w, how_t how, outcome_t *out)
{
    uint32_t *seen = calloc(w->n_members, sizeof *seen);
    archi_device_t *device = NULL;
    archi_ensemble_t *e = NULL;
    archi_ensemble_spec_t spec = {.scenario = w->scenario, .n_scenarios = w->n_scenarios, .member = w->member,
                                  .n_members = w->n_members, .n_hands = how.n_hands, .unsure = how.unsure,
                                  .tight = how.tight, .most_device_bytes = how.most_device_bytes,
                                  .n_sharing = how.n_sharing, .most_host_bytes = how.most_host_bytes};

    memset(out, 0, sizeof *out);
    if (how.device != NULL && open_device(how.device, &device) != ARCH_OK) {
        fprintf(stderr, "%s\n", arch_error_text());
        abort();
    }
    spec.device = device;
    CU_ASSERT_EQUAL_FATAL(archi_ensemble_create(&spec, &e), ARCH_OK);
    for (uint32_t i = 0; i < how.n_hands; i++)
        out->hand[i] = (hand_t){.world = w, .e = e, .number = i, .seen = seen, .memory_limit = how.memory_limit,
                                .fails_at = i == 0 ? how.fails_at : 0, .cancels_at = i == 0 ? how.cancels_at : 0};
    run_hands(out->hand, how.n_hands);
    archi_ensemble_figures(e, &out->figures);
    archi_ensemble_destroy(&e);
    if (device != NULL)
        count_device(device, &out->device);
    CU_ASSERT_EQUAL(out->device.live_bytes, 0);
    CU_ASSERT_EQUAL(out->device.live_host, 0);
    archi_device_close(&device);
    add_up(w, &how, seen, out);
    free(seen);
}

/* Everything came, once, and as it is alone. */
static void expect_all(const world_t *w, how_t how, outcome_t *out)
{
    try(w, how, out);
    for (uint32_t i = 0; i < how.n_hands; i++)
        if (out->hand[i].status != ARCH_OK) {
            fprintf(stderr, "hand %u: %s\n", i, out->hand[i].text);
            CU_FAIL("a hand failed");
        }
    CU_ASSERT_EQUAL(out->n_once, w->n_members);
    CU_ASSERT_EQUAL(out->n_wrong, 0);
}

static const pretend_t ample = {.bytes = (uint64_t)1 << 30, .fails_after = -1};

/* ---- tests ------------------------------------------------------------------------------------------------------- */

static void every_example_is_the_same_everywhere(void)
{
    glob_t files;

    CU_ASSERT_EQUAL_FATAL(glob("examples/*.json", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        world_t w = {0};
        outcome_t out;
        add_file(&w, files.gl_pathv[i], ARCH_SECOND);
        add_members(&w, 5, 4);
        expect_all(&w, (how_t){.n_hands = 1}, &out);
        expect_all(&w, (how_t){.n_hands = 3}, &out);
        expect_all(&w, (how_t){.n_hands = 1, .device = &ample}, &out);
        CU_ASSERT_EQUAL(out.figures.n_device, w.n_members - 1); /* the first went ahead */
        CU_ASSERT_EQUAL(out.figures.n_waves, 1);
        expect_all(&w, (how_t){.n_hands = 2, .device = &ample, .tight = true}, &out);
        forget(&w);
    }
    CU_ASSERT(files.gl_pathc >= 10);
    globfree(&files);
}

static void designs_that_nobody_thought_of(void)
{
    static char text[1 << 16];

    for (uint32_t seed = 1; seed <= 8; seed++) {
        world_t w = {0};
        outcome_t out;
        arch_design_t *d = NULL;
        arch_problems_t problems = {0, NULL};
        if (!in_share(seed - 1))
            continue;
        if (!random_design(text, sizeof text, seed) ||
            arch_design_parse("random", NULL, text, strlen(text), &d, &problems) != ARCH_OK)
            abort();
        add_design(&w, d, ARCH_SECOND);
        add_members(&w, 0, 4);
        expect_all(&w, (how_t){.n_hands = 1}, &out);
        expect_all(&w, (how_t){.n_hands = 1, .device = &ample}, &out);
        CU_ASSERT(out.figures.n_device > 0);
        expect_all(&w, (how_t){.n_hands = 1, .device = &ample, .tight = true}, &out);
        forget(&w);
    }
}

/* Three designs, one of them twice, with 20 members each: what is done to them counts, not for how long. */
static void make_several(world_t *w)
{
    arch_time_t second = test_is_long() ? ARCH_SECOND : ARCH_SECOND / 2;

    memset(w, 0, sizeof *w);
    add_file(w, "examples/mm1.json", 20 * second);
    add_file(w, "examples/stage-1-single.json", second / 4);
    add_file(w, "examples/stage-3-read-replicas.json", second / 2);
    add_file(w, "examples/stage-1-single.json", second / 8);
    w->scenario[3].seed = 77;
    add_members(w, 0, 20);
}

static void many_scenarios_fit_one_wave(void)
{
    world_t w;
    outcome_t out;

    make_several(&w);
    expect_all(&w, (how_t){.n_hands = 2, .device = &ample}, &out);
    CU_ASSERT_EQUAL(out.figures.n_waves, 1);
    CU_ASSERT_EQUAL(out.figures.n_device, w.n_members - 3); /* three shapes */
    CU_ASSERT(out.figures.n_launches >= 2);
    CU_ASSERT(out.figures.packed_bytes > 0 && out.figures.packed_bytes < out.figures.region_bytes);
    forget(&w);
}

static void less_memory_takes_more_waves(void)
{
    pretend_t small = ample;
    world_t w;
    outcome_t out;
    uint32_t before = 1;

    make_several(&w);
    for (small.bytes = (uint64_t)24 << 20; small.bytes >= (uint64_t)6 << 20; small.bytes /= 2) {
        expect_all(&w, (how_t){.n_hands = 1, .device = &small, .most_device_bytes = small.bytes / 10 * 9}, &out);
        CU_ASSERT(out.figures.n_waves > before);
        CU_ASSERT(out.device.most_bytes <= small.bytes);
        before = out.figures.n_waves;
    }
    expect_all(&w, (how_t){.n_hands = 2, .device = &ample, .most_device_bytes = (uint64_t)6 << 20}, &out);
    CU_ASSERT(out.figures.n_waves > 2 && out.device.most_bytes <= (uint64_t)6 << 20);
    small.bytes = (uint64_t)24 << 20;
    expect_all(&w, (how_t){.n_hands = 1, .device = &small, .n_sharing = 4}, &out);
#ifndef ENSEMBLE_ON_GPU /* a quarter of a real one is enough for all */
    CU_ASSERT(out.figures.n_waves > 2 && out.device.most_bytes <= small.bytes / 4);
#endif
    forget(&w);
}

#ifndef ENSEMBLE_ON_GPU
static void a_device_may_have_less_than_it_says(void)
{
    pretend_t liar = {.bytes = (uint64_t)8 << 20, .promised = (uint64_t)1 << 30, .fails_after = -1};
    world_t w;
    outcome_t out;

    make_several(&w);
    expect_all(&w, (how_t){.n_hands = 1, .device = &liar}, &out);
    CU_ASSERT(out.figures.n_halved > 0 && out.figures.n_waves > 1);
    CU_ASSERT(out.device.most_bytes <= liar.bytes);
    forget(&w);
}
#endif

static void what_overflows_is_finished_on_cores(void)
{
    world_t w;
    outcome_t out;

    make_several(&w);
    expect_all(&w, (how_t){.n_hands = 2, .device = &ample, .tight = true}, &out);
    CU_ASSERT(out.figures.n_overflowed > 0);
    CU_ASSERT_EQUAL(out.figures.n_device + out.figures.n_overflowed, w.n_members - 3);
    forget(&w);
}

#ifndef ENSEMBLE_ON_GPU
static void no_room_for_a_single_one(void)
{
    const pretend_t tiny = {.bytes = 65536, .fails_after = -1};
    world_t w;
    outcome_t out;

    make_several(&w);
    try(&w, (how_t){.n_hands = 2, .device = &tiny}, &out);
    CU_ASSERT_EQUAL(out.hand[0].status, ARCH_E_NOMEM);
    CU_ASSERT_EQUAL(out.hand[1].status, ARCH_E_CANCELLED);
    CU_ASSERT_PTR_NOT_NULL(strstr(out.hand[0].text, "pretended has no memory for a single replication"));
    expect_all(&w, (how_t){.n_hands = 2, .device = &tiny, .unsure = true}, &out);
    CU_ASSERT(out.figures.given_up && out.figures.n_device == 0);
    forget(&w);
}

/* At every call there is. */
static void a_device_that_fails(void)
{
    pretend_t broken = {.bytes = (uint64_t)16 << 20, .fails_after = 0};
    world_t w = {0};
    outcome_t out;
    uint32_t n_failed = 0;

    add_file(&w, "examples/mm1.json", ARCH_SECOND);
    add_members(&w, 0, 5);
    for (bool fails = true; fails; broken.fails_after++) {
        try(&w, (how_t){.n_hands = 1, .device = &broken}, &out);
        fails = out.hand[0].status != ARCH_OK;
        n_failed += fails;
        CU_ASSERT(out.n_wrong == 0 && out.n_more == 0);
        if (fails)
            CU_ASSERT_EQUAL(out.hand[0].status, ARCH_E_CUDA);
        try(&w, (how_t){.n_hands = 1, .device = &broken, .unsure = true}, &out);
        CU_ASSERT_EQUAL(out.hand[0].status, ARCH_OK);
        CU_ASSERT(out.n_once == w.n_members && out.n_wrong == 0);
    }
    CU_ASSERT(n_failed > 15);
    forget(&w);
}

/* What has come back, whole or packed, before the device failed is not done once more. */
static void a_device_that_fails_amid_what_comes_back(void)
{
    pretend_t broken = {.bytes = (uint64_t)6 << 20, .fails_after = 0};
    world_t w;
    outcome_t out;
    uint32_t n_amid = 0;

    make_several(&w);
    for (bool fails = true; fails; broken.fails_after += 1 + 200 / (long)test_share()) {
        try(&w, (how_t){.n_hands = 1, .device = &broken, .unsure = true, .tight = true}, &out);
        fails = out.figures.given_up;
        n_amid += fails && out.figures.n_device > 0;
        CU_ASSERT_EQUAL(out.hand[0].status, ARCH_OK);
        CU_ASSERT(out.n_once == w.n_members && out.n_more == 0 && out.n_wrong == 0);
    }
    CU_ASSERT(n_amid > 0);
    forget(&w);
}

static void statistics_wait_for_those_before_to_be_read(void)
{
    const pretend_t small = {.bytes = (uint64_t)6 << 20, .fails_after = -1};
    world_t w;
    outcome_t out;

    make_several(&w);
    expect_all(&w, (how_t){.n_hands = 1, .device = &small}, &out);
    CU_ASSERT(out.device.most_host > 2);
    expect_all(&w, (how_t){.n_hands = 1, .device = &small, .most_host_bytes = 1}, &out);
    CU_ASSERT_EQUAL(out.device.most_host, 1);
    forget(&w);
}

static void a_slow_device_is_given_up_by_the_unsure(void)
{
    const pretend_t slow = {.bytes = (uint64_t)1 << 30, .fails_after = -1, .slow_us = 400000};
    world_t w = {0};
    outcome_t out;

    add_file(&w, "examples/mm1.json", 5000 * ARCH_SECOND);
    add_members(&w, 0, 4);
    expect_all(&w, (how_t){.n_hands = 2, .device = &slow, .unsure = true}, &out);
    CU_ASSERT(out.figures.given_up && out.figures.n_device == 0);
    forget(&w);
}
#endif

static void a_hand_that_stops_stops_all(void)
{
    world_t w;
    outcome_t out;

    make_several(&w);
    for (uint32_t at = 1; at < 40; at += 9) {
        if (!in_share(at - 1))
            continue;
        try(&w, (how_t){.n_hands = 3, .cancels_at = at}, &out);
        CU_ASSERT(out.n_more == 0);
        if (out.hand[0].n_told >= at)
            CU_ASSERT_EQUAL(out.hand[0].status, ARCH_E_CANCELLED);
        try(&w, (how_t){.n_hands = 3, .device = &ample, .cancels_at = at}, &out);
        CU_ASSERT(out.n_more == 0);
        if (out.hand[0].n_told >= at)
            CU_ASSERT_EQUAL(out.hand[0].status, ARCH_E_CANCELLED);
        try(&w, (how_t){.n_hands = 2, .device = &ample, .fails_at = at}, &out);
        if (out.hand[0].n_done >= at) {
            CU_ASSERT_EQUAL(out.hand[0].status, ARCH_E_IO);
            CU_ASSERT(out.hand[1].status == ARCH_E_CANCELLED || out.n_once == w.n_members);
        }
    }
    forget(&w);
}

/* It is said of the member, and the others go on. */
static void a_member_may_be_too_large(void)
{
    world_t w = {0};
    outcome_t out;

    add_file(&w, "examples/stage-3-read-replicas.json", ARCH_SECOND);
    add_file(&w, "examples/mm1.json", ARCH_SECOND);
    add_members(&w, 0, 4);
    try(&w, (how_t){.n_hands = 1, .memory_limit = 300000}, &out);
    CU_ASSERT_EQUAL(out.hand[0].status, ARCH_OK);
    CU_ASSERT_EQUAL(out.hand[0].bad, ARCH_E_FULL);
    CU_ASSERT(out.n_once == w.n_members && out.n_wrong == 0);
    forget(&w);
}

int main(void)
{
    CU_pSuite s;
    unsigned failures;

#ifdef ENSEMBLE_ON_GPU
    if (archi_device_count() == 0) {
        puts("skipped: there is no GPU that this build can use");
        return 77;
    }
#endif
    if (CU_initialize_registry() != CUE_SUCCESS || (s = CU_add_suite("ensembles", NULL, NULL)) == NULL)
        return 2;
    CU_ADD_TEST(s, every_example_is_the_same_everywhere);
    CU_ADD_TEST(s, designs_that_nobody_thought_of);
    CU_ADD_TEST(s, many_scenarios_fit_one_wave);
    CU_ADD_TEST(s, less_memory_takes_more_waves);
    CU_ADD_TEST(s, what_overflows_is_finished_on_cores);
#ifndef ENSEMBLE_ON_GPU
    CU_ADD_TEST(s, a_device_may_have_less_than_it_says);
    CU_ADD_TEST(s, no_room_for_a_single_one);
    CU_ADD_TEST(s, a_device_that_fails_amid_what_comes_back);
    CU_ADD_TEST(s, statistics_wait_for_those_before_to_be_read);
    CU_ADD_TEST(s, a_device_that_fails);
    CU_ADD_TEST(s, a_slow_device_is_given_up_by_the_unsure);
#endif
    CU_ADD_TEST(s, a_hand_that_stops_stops_all);
    CU_ADD_TEST(s, a_member_may_be_too_large);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? 0 : 1;
}
