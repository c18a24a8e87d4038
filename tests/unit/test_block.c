/* tests/unit/test_block.c - blocks are made, grown and destroyed without losing a byte, and a handler never meets a full
 * section. */
#include "engine/run.h"
#include "support/alloc.h"
#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

enum {
    TALLY = ARCHI_FIRST_MODEL_SECTION, /* array of one tally_t */
    POOL,                              /* pool of entry_t */
    LOG,                               /* log of uint64_t */
    N_LPS = 8,
    MAX_SENDS = 4,
    POOL_HEADROOM = 3
};

typedef struct {
    uint64_t n_short; /* times that a handler met less room than it may need */
    uint64_t random;
    uint64_t digest;
} tally_t;

typedef struct {
    uint32_t next, owner;
    uint64_t what;
} entry_t;

static archi_block_spec_t spec_of(uint32_t hint)
{
    archi_block_spec_t spec;

    memset(&spec, 0, sizeof spec);
    spec.id = 1;
    spec.replication = 7;
    spec.seed = 42;
    spec.n_lps = N_LPS;
    spec.n_events_hint = hint;
    spec.max_sends = MAX_SENDS;
    spec.model[0] = (archi_section_spec_t){ARCHI_ARRAY, sizeof(tally_t), 1, 0};
    spec.model[1] = (archi_section_spec_t){ARCHI_POOL, sizeof(entry_t), 5, POOL_HEADROOM};
    spec.model[2] = (archi_section_spec_t){ARCHI_LOG, sizeof(uint64_t), 1, 1};
    return spec;
}

static archi_block_t *make(uint32_t hint)
{
    archi_block_spec_t spec = spec_of(hint);
    archi_block_t *b = NULL;

    if (archi_block_create(&spec, &b) != ARCH_OK)
        abort();
    return b;
}

static tally_t *tally_of(archi_block_t *b) { return (tally_t *)archi_section(b, TALLY); }
static entry_t *entries_of(archi_block_t *b) { return (entry_t *)archi_section(b, POOL); }

static int all_zero(const void *bytes, size_t n)
{
    const unsigned char *c = bytes;

    for (size_t i = 0; i < n; i++)
        if (c[i] != 0)
            return 0;
    return 1;
}

/* ---- create ------------------------------------------------------------------------------------------------------ */

static void makes_what_was_asked_for(void)
{
    archi_block_t *b, *before[8];

    for (uint32_t i = 0; i < 8; i++) {
        before[i] = make(100);
        memset(before[i], 0xff, before[i]->bytes); /* the next one is likely to get the same memory */
    }
    for (uint32_t i = 0; i < 8; i++)
        archi_block_destroy(&before[i]);
    b = make(100);
    CU_ASSERT_EQUAL(b->id, 1);
    CU_ASSERT_EQUAL(b->replication, 7);
    CU_ASSERT_EQUAL(b->seed, 42);
    CU_ASSERT_EQUAL(b->n_lps, N_LPS);
    CU_ASSERT_EQUAL(b->section[ARCHI_SEC_LP].used, N_LPS);
    CU_ASSERT_EQUAL(b->section[TALLY].used, 1);
    CU_ASSERT_EQUAL(b->section[POOL].capacity, 5);
    CU_ASSERT_EQUAL(b->section[POOL].used, 0);
    CU_ASSERT_EQUAL(archi_queue_count(b), 0);
    CU_ASSERT_EQUAL(archi_queue_next_time(b), ARCH_TIME_MAX);
    CU_ASSERT(all_zero(archi_section(b, ARCHI_SEC_LP), N_LPS * sizeof(archi_lp_state_t)));
    CU_ASSERT(all_zero(tally_of(b), sizeof(tally_t)));
    CU_ASSERT(all_zero(entries_of(b), 5 * sizeof(entry_t)));
    CU_ASSERT(archi_block_has_room(b));
    CU_ASSERT_PTR_NULL(archi_block_check(b));
    for (uint32_t i = 0; i < ARCHI_MAX_SECTIONS; i++)
        CU_ASSERT_EQUAL((uintptr_t)archi_section(b, i) % 64, 0);
    archi_block_destroy(&b);
    CU_ASSERT_PTR_NULL(b);
    archi_block_destroy(&b);
    archi_block_destroy(NULL);
}

static void refuses_handlers_that_may_send_nothing(void)
{
    archi_block_spec_t spec = spec_of(10);
    archi_block_t *b = (archi_block_t *)&spec;

    spec.max_sends = 0;
    CU_ASSERT_EQUAL(archi_block_create(&spec, &b), ARCH_E_ARG);
    CU_ASSERT_PTR_NULL(b);
}

static void gives_every_section_its_headroom(void)
{
    archi_block_spec_t spec = spec_of(0);
    archi_block_t *b = NULL;

    spec.model[1].capacity = 0;
    spec.model[2].capacity = 0;
    CU_ASSERT_EQUAL_FATAL(archi_block_create(&spec, &b), ARCH_OK);
    CU_ASSERT_EQUAL(b->section[POOL].capacity, POOL_HEADROOM);
    CU_ASSERT(archi_block_has_room(b));
    archi_block_destroy(&b);
}

static uint64_t make_bytes(uint32_t hint)
{
    archi_block_t *b = make(hint);
    uint64_t bytes = b->bytes;

    archi_block_destroy(&b);
    return bytes;
}

static void stays_small_when_little_is_expected(void)
{
    archi_block_t *b = make(4);

    CU_ASSERT(b->bytes < make_bytes(1000) / 4);
    CU_ASSERT_EQUAL(b->section[ARCHI_SEC_RING].capacity, 0); /* no buckets */
    CU_ASSERT(b->bytes - b->section[ARCHI_SEC_HEAP].offset < 4096);
    archi_block_destroy(&b);
}

/* ---- pools ------------------------------------------------------------------------------------------------------- */

static void takes_from_a_pool_what_was_given_back(void)
{
    archi_block_t *b = make(4);
    uint32_t i[5], again;

    for (uint32_t k = 0; k < 5; k++) {
        CU_ASSERT_EQUAL(archi_section_room(&b->section[POOL]), 5 - k);
        i[k] = archi_pool_take(b, POOL);
        entries_of(b)[i[k]].what = k;
    }
    archi_pool_give(b, POOL, i[1]);
    archi_pool_give(b, POOL, i[3]);
    CU_ASSERT_EQUAL(archi_section_room(&b->section[POOL]), 2);
    CU_ASSERT_PTR_NULL(archi_block_check(b));
    again = archi_pool_take(b, POOL);
    CU_ASSERT_EQUAL(again, i[3]);
    CU_ASSERT_EQUAL(entries_of(b)[again].what, 3);
    CU_ASSERT_EQUAL(archi_pool_take(b, POOL), i[1]);
    CU_ASSERT_EQUAL(archi_section_room(&b->section[POOL]), 0);
    archi_block_destroy(&b);
}

/* ---- a model that takes what it may ------------------------------------------------------------------------------ */

static uint64_t draw(tally_t *t)
{
    t->random = t->random * 6364136223846793005ull + 1442695040888963407ull;
    return t->random >> 33;
}

static int is_short(const archi_block_t *b)
{
    return archi_section_room(&b->section[POOL]) < POOL_HEADROOM || archi_section_room(&b->section[LOG]) < 1 ||
           archi_section_room(&b->section[ARCHI_SEC_OUTBOX]) < MAX_SENDS ||
           archi_section_room(&b->section[ARCHI_SEC_HEAP]) < MAX_SENDS ||
           archi_section_room(&b->section[ARCHI_SEC_QUEUE]) < MAX_SENDS;
}

static void use_the_pool(archi_block_t *b, tally_t *t)
{
    for (uint64_t n = draw(t) % (POOL_HEADROOM + 1); n > 0; n--) {
        uint32_t i = archi_pool_take(b, POOL);
        t->digest = t->digest * 31 + i;
        entries_of(b)[i].what = t->digest;
        if (draw(t) % 4 != 0)
            archi_pool_give(b, POOL, i);
    }
}

static void handle(const void *plan, const archi_map_t *map, archi_block_t *b, const archi_event_t *ev)
{
    const uint64_t *most = plan; /* pending events to aim at */
    tally_t *t = tally_of(b);
    uint64_t n = archi_queue_count(b) < *most ? draw(t) % (MAX_SENDS + 1) : draw(t) % 2;
    archi_event_t next;

    t->n_short += (uint64_t)is_short(b);
    t->digest = t->digest * 0x9e3779b97f4a7c15ull + (uint64_t)ev->at + ev->seq;
    use_the_pool(b, t);
    if (draw(t) % 8 == 0)
        ((uint64_t *)archi_section(b, LOG))[b->section[LOG].used++] = t->digest;
    for (n = archi_queue_count(b) == 0 ? MAX_SENDS : n; n > 0; n--) {
        memset(&next, 0, sizeof next);
        next.at = b->now + (arch_time_t)(draw(t) % 100 == 0 ? draw(t) % 1000000 : draw(t) % 500);
        next.dst = (archi_lp_t)(draw(t) % (2 * N_LPS)); /* half of them elsewhere */
        if (next.dst < N_LPS)
            next.dst = draw(t) % 16 == 0 ? next.dst : next.dst + N_LPS;
        archi_send(map, b, ev->dst, archi_place(map, b, ev->dst), &next);
    }
}

static void start(archi_block_t *b, const archi_map_t *map, uint64_t seed)
{
    archi_event_t ev;

    memset(&ev, 0, sizeof ev);
    ev.dst = N_LPS;
    tally_of(b)->random = seed;
    archi_send(map, b, N_LPS, 0, &ev);
}

/* What the block must grow by when it stops, or nothing when a section it may ask for is not full after all. */
static uint32_t really_wants(const archi_block_t *b)
{
    const archi_section_t *s;

    if (b->wants >= ARCHI_MAX_SECTIONS)
        return ARCHI_NIL;
    s = &b->section[b->wants];
    if (b->wants == ARCHI_SEC_RING) /* buckets, for more than the row holds */
        return s->capacity == 0 && archi_queue_count(b) > ARCHI_QUEUE_SHORT ? b->wants : ARCHI_NIL;
    return archi_section_room(s) < s->headroom ? b->wants : ARCHI_NIL;
}

/* Run n windows, with as little room as can be or with plenty; the digest, or 0 when something went wrong. */
static uint64_t run_in_windows(uint64_t seed, uint64_t most, uint32_t by, uint32_t *n_grown)
{
    const archi_map_t map = {2 * N_LPS, 2, N_LPS, NULL, NULL};
    archi_block_t *b = make(0);
    uint64_t digest, n_wrong = 0;

    start(b, &map, seed);
    for (arch_time_t window = 1; window <= 40; window++) {
        while (archi_run_until(&most, &map, b, window * 1000, handle) == ARCHI_NEEDS_ROOM) {
            n_wrong += really_wants(b) == ARCHI_NIL;
            if (b->wants >= ARCHI_MAX_SECTIONS ||
                archi_block_grow(&b, b->wants, b->section[b->wants].capacity + by) != ARCH_OK)
                abort();
            ++*n_grown;
        }
        n_wrong += archi_queue_next_time(b) < window * 1000;
        n_wrong += archi_block_check(b) != NULL;
        b->section[ARCHI_SEC_OUTBOX].used = 0; /* carried away */
    }
    CU_ASSERT(b->n_events > 200);
    CU_ASSERT(b->n_sent_out > 0);
    n_wrong += tally_of(b)->n_short;
    digest = tally_of(b)->digest ^ b->n_events;
    archi_block_destroy(&b);
    return n_wrong == 0 ? digest : 0;
}

static void never_lets_a_handler_meet_a_full_section(void)
{
    for (uint64_t seed = 1; seed <= 12; seed++) {
        uint32_t often = 0, seldom = 0;
        uint64_t most = seed % 3 == 0 ? 400 : seed % 3 == 1 ? 40 : 6;
        uint64_t tight = run_in_windows(seed, most, 9, &often), ample = run_in_windows(seed, most, 900, &seldom);
        CU_ASSERT_NOT_EQUAL(tight, 0);
        CU_ASSERT_EQUAL(tight, ample);
        CU_ASSERT(often > seldom);
    }
}

/* So many events at a time, never more and, where more are due, never fewer; the digest. */
static uint64_t run_in_slices(uint64_t slice, uint32_t *n_slices)
{
    const archi_map_t map = {2 * N_LPS, 2, N_LPS, NULL, NULL};
    const uint64_t most = 40;
    archi_block_t *b = make(0);
    archi_stop_t stop = ARCHI_PAUSED;
    uint64_t digest;

    start(b, &map, 5);
    while (stop != ARCHI_REACHED) {
        uint64_t before = b->n_events;
        stop = archi_run_some(&most, &map, b, 40000, slice, handle);
        CU_ASSERT(b->n_events - before <= slice);
        CU_ASSERT(stop != ARCHI_PAUSED || b->n_events - before == slice);
        CU_ASSERT(stop != ARCHI_REACHED || archi_queue_next_time(b) >= 40000);
        *n_slices += stop == ARCHI_PAUSED;
        b->section[ARCHI_SEC_OUTBOX].used = 0;
        if (stop == ARCHI_NEEDS_ROOM && archi_block_grow(&b, b->wants, b->section[b->wants].capacity + 50) != ARCH_OK)
            abort();
    }
    digest = tally_of(b)->digest ^ b->n_events;
    archi_block_destroy(&b);
    return digest;
}

static void stops_after_so_many_events(void)
{
    uint32_t n = 0, n_all = 0;
    uint64_t all = run_in_slices(UINT64_MAX, &n_all);

    CU_ASSERT_EQUAL(n_all, 0);
    CU_ASSERT_EQUAL(run_in_slices(1, &n), all);
    CU_ASSERT(n > 200);
    n = 0;
    CU_ASSERT_EQUAL(run_in_slices(7, &n), all);
    CU_ASSERT(n > 30);
    CU_ASSERT_EQUAL(run_in_slices(1000, &n), all);
}

/* k times the headroom is good for k events, and what one section lacks counts although all others have plenty. */
static void credit_is_exact(void)
{
    archi_block_t *b = make(0);

    CU_ASSERT_EQUAL(archi_block_grow(&b, ARCHI_SEC_HEAP, 4000), ARCH_OK);
    CU_ASSERT_EQUAL(archi_block_grow(&b, ARCHI_SEC_QUEUE, 4000), ARCH_OK);
    CU_ASSERT_EQUAL(archi_block_grow(&b, ARCHI_SEC_OUTBOX, 4000), ARCH_OK);
    CU_ASSERT_EQUAL(archi_block_grow(&b, LOG, 4000), ARCH_OK);
    for (uint32_t room = 3; room < 60; room++) {
        CU_ASSERT_EQUAL(archi_block_grow(&b, POOL, room), ARCH_OK);
        b->section[POOL].used = b->section[POOL].capacity - room;
        CU_ASSERT_EQUAL(archi_block_credit(b), room / POOL_HEADROOM);
    }
    b->section[POOL].used = b->section[POOL].capacity - POOL_HEADROOM + 1;
    CU_ASSERT_EQUAL(archi_block_credit(b), 0);
    CU_ASSERT_EQUAL(b->wants, POOL);
    CU_ASSERT(!archi_block_has_room(b));
    b->section[POOL].used = 0;
    for (uint32_t room = 0; room < 6 * MAX_SENDS; room++) {
        b->section[ARCHI_SEC_OUTBOX].used = b->section[ARCHI_SEC_OUTBOX].capacity - room;
        CU_ASSERT_EQUAL(archi_block_credit(b), room / MAX_SENDS < 19 ? room / MAX_SENDS : 19);
    }
    archi_block_destroy(&b);
}

/* ---- grow -------------------------------------------------------------------------------------------------------- */

static void fill(archi_block_t *b)
{
    for (uint32_t i = 0; i < N_LPS; i++)
        archi_lp_state(b, i)->key = 1000 + i;
    tally_of(b)->digest = 99;
    for (uint32_t i = 0; i < 5; i++)
        entries_of(b)[archi_pool_take(b, POOL)].what = 50 + i;
    archi_pool_give(b, POOL, 2);
    ((uint64_t *)archi_section(b, LOG))[b->section[LOG].used++] = 77;
}

static int is_filled(archi_block_t *b)
{
    int same = tally_of(b)->digest == 99 && b->section[POOL].free_head == 2 && b->section[POOL].n_free == 1 &&
               b->section[LOG].used == 1 && *(uint64_t *)archi_section(b, LOG) == 77;

    for (uint32_t i = 0; i < N_LPS; i++)
        same = same && archi_lp_state(b, i)->key == 1000 + i;
    for (uint32_t i = 0; i < 5; i++)
        same = same && entries_of(b)[i].what == 50 + i;
    return same;
}

static void keeps_every_entry_when_it_grows(void)
{
    archi_block_t *b = make(3);

    fill(b);
    for (uint32_t round = 1; round <= 4; round++)
        for (uint32_t id = ARCHI_SEC_OUTBOX; id <= LOG; id++) {
            uint32_t before = b->section[id].capacity;
            if (id == TALLY || b->section[id].entry_bytes == 0)
                continue;
            b->wants = id;
            CU_ASSERT_EQUAL_FATAL(archi_block_grow(&b, id, before + 10 * round), ARCH_OK);
            CU_ASSERT(b->section[id].capacity >= before + 10 * round);
            CU_ASSERT_EQUAL(b->wants, ARCHI_NIL);
            CU_ASSERT(is_filled(b));
            CU_ASSERT_PTR_NULL(archi_block_check(b));
        }
    CU_ASSERT(all_zero(entries_of(b) + 5, (b->section[POOL].capacity - 5) * sizeof(entry_t)));
    archi_block_destroy(&b);
}

static void does_not_move_when_there_is_room_already(void)
{
    archi_block_t *b = make(3), *before = b;

    CU_ASSERT_EQUAL(archi_block_grow(&b, POOL, 5), ARCH_OK);
    CU_ASSERT_EQUAL(archi_block_grow(&b, POOL, 0), ARCH_OK);
    CU_ASSERT_PTR_EQUAL(b, before);
    archi_block_destroy(&b);
}

static void survives_every_failing_allocation(void)
{
    archi_block_spec_t spec = spec_of(100);
    archi_block_t *b = NULL, *before;

    long live = test_live_bytes();

    test_alloc_budget(0);
    CU_ASSERT_EQUAL(archi_block_create(&spec, &b), ARCH_E_NOMEM);
    CU_ASSERT_PTR_NULL(b);
    test_alloc_budget(1);
    CU_ASSERT_EQUAL_FATAL(archi_block_create(&spec, &b), ARCH_OK);
    fill(b);
    before = b;
    CU_ASSERT_EQUAL(archi_block_grow(&b, POOL, 1000), ARCH_E_NOMEM);
    CU_ASSERT_PTR_EQUAL(b, before);
    CU_ASSERT_EQUAL(b->section[POOL].capacity, 5);
    CU_ASSERT(is_filled(b));
    test_alloc_budget(-1);
    CU_ASSERT_PTR_NULL(archi_block_check(b));
    CU_ASSERT_EQUAL(archi_block_grow(&b, POOL, 1000), ARCH_OK);
    CU_ASSERT(is_filled(b));
    archi_block_destroy(&b);
    CU_ASSERT_EQUAL(test_live_bytes(), live);
}

/* ---- check ------------------------------------------------------------------------------------------------------- */

#define BREAKS(member, value)                                                                                          \
    do {                                                                                                               \
        memcpy(kept, b, b->bytes);                                                                                     \
        (member) = (value);                                                                                            \
        CU_ASSERT_PTR_NOT_NULL(archi_block_check(b));                                                                  \
        memcpy(b, kept, kept->bytes);                                                                                  \
        CU_ASSERT_PTR_NULL(archi_block_check(b));                                                                      \
    } while (0)

static void finds_what_is_wrong(void)
{
    archi_block_t *b = make(100), *kept;

    fill(b);
    kept = malloc(b->bytes);
    CU_ASSERT_PTR_NOT_NULL_FATAL(kept);
    BREAKS(b->magic, b->magic + 1);
    BREAKS(b->bytes, b->bytes + 64);
    BREAKS(b->n_sections, 33);
    BREAKS(b->wants, 32);
    BREAKS(b->n_lps, N_LPS + 1);
    BREAKS(b->growing, 0);
    BREAKS(b->section[POOL].offset, 64);
    BREAKS(b->section[POOL].capacity, 4000000000u);
    BREAKS(b->section[POOL].entry_bytes, 1);
    BREAKS(b->section[POOL].used, 6);
    BREAKS(b->section[POOL].n_free, 2);
    BREAKS(b->section[POOL].free_head, 5);
    BREAKS(entries_of(b)[2].next, 2); /* a free list in a circle */
    BREAKS(b->section[ARCHI_SEC_OUTBOX].entry_bytes, 12);
    BREAKS(b->section[ARCHI_SEC_QUEUE].headroom, 0);
    BREAKS(b->queue.last, 5);
    free(kept);
    archi_block_destroy(&b);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"makes_what_was_asked_for", makes_what_was_asked_for},
        {"refuses_handlers_that_may_send_nothing", refuses_handlers_that_may_send_nothing},
        {"gives_every_section_its_headroom", gives_every_section_its_headroom},
        {"stays_small_when_little_is_expected", stays_small_when_little_is_expected},
        {"takes_from_a_pool_what_was_given_back", takes_from_a_pool_what_was_given_back},
        {"never_lets_a_handler_meet_a_full_section", never_lets_a_handler_meet_a_full_section},
        {"stops_after_so_many_events", stops_after_so_many_events},
        {"credit_is_exact", credit_is_exact},
        {"keeps_every_entry_when_it_grows", keeps_every_entry_when_it_grows},
        {"does_not_move_when_there_is_room_already", does_not_move_when_there_is_room_already},
        {"survives_every_failing_allocation", survives_every_failing_allocation},
        {"finds_what_is_wrong", finds_what_is_wrong},
        CU_TEST_INFO_NULL};
    CU_SuiteInfo suites[] = {{"block", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
    unsigned failures;

    if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS)
        return EXIT_FAILURE;
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
