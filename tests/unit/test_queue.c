/* tests/unit/test_queue.c - the pending event set against a heap: whatever is pushed and however the horizon moves, both
 * give the same events in the same order. */
#include "engine/queue.h"
#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

/* ---- the set and the heap, side by side -------------------------------------------------------------------------- */

typedef struct {
    archi_block_t *set;  /* what is tested */
    archi_block_t *heap; /* what it is held against */
    arch_time_t    now;
    uint64_t       random; /* state */
    uint64_t       n_wrong;
    uint32_t       seq;
} pair_t;

static uint64_t draw(pair_t *p)
{
    p->random ^= p->random << 13;
    p->random ^= p->random >> 7;
    p->random ^= p->random << 17;
    return p->random * 0x2545f4914f6cdd1dull >> 8;
}

static double uniform(pair_t *p) { return ((double)(draw(p) >> 4) + 0.5) * 0x1p-52; }

static archi_block_t *make_block(uint32_t hint)
{
    archi_block_spec_t spec;
    archi_block_t *b = NULL;

    memset(&spec, 0, sizeof spec);
    spec.n_lps = 1;
    spec.n_events_hint = hint;
    spec.max_sends = 2;
    if (archi_block_create(&spec, &b) != ARCH_OK)
        abort();
    return b;
}

static void open_pair(pair_t *p, uint32_t hint, uint64_t seed)
{
    memset(p, 0, sizeof *p);
    p->set = make_block(hint);
    p->heap = make_block(1);
    p->random = seed * 0x9e3779b97f4a7c15ull + 1;
}

static void grow(archi_block_t **b)
{
    const archi_section_t *s = &(*b)->section[(*b)->wants];

    if (archi_block_grow(b, (*b)->wants, s->capacity + s->capacity / 2 + 16) != ARCH_OK)
        abort();
}

static void push_event(pair_t *p, const archi_event_t *ev)
{
    while (!archi_queue_has_room(p->set, 1))
        grow(&p->set);
    while (!archi_heap_has_room(p->heap, 1))
        grow(&p->heap);
    archi_queue_push(p->set, ev);
    archi_heap_push(p->heap, ev);
}

static void push(pair_t *p, arch_time_t at, uint32_t src)
{
    archi_event_t ev;

    memset(&ev, 0, sizeof ev);
    ev.at = at;
    ev.src = src;
    ev.seq = p->seq++;
    ev.dst = src;
    ev.word[2] = ~(uint64_t)ev.seq;
    push_event(p, &ev);
}

/* Pop from both; whether there was an event before the horizon. */
static int pop(pair_t *p, arch_time_t horizon)
{
    archi_event_t a, b;
    int got = archi_queue_pop_before(p->set, horizon, &a), expected = archi_heap_pop_before(p->heap, horizon, &b);
    archi_lp_t soon[2];

    archi_queue_look_ahead(p->set, soon);
    if (got != expected || (got && memcmp(&a, &b, sizeof a) != 0))
        p->n_wrong++;
    if (archi_queue_count(p->set) != archi_heap_count(p->heap))
        p->n_wrong++;
    if (expected)
        p->now = b.at;
    return expected;
}

static void compare_next(pair_t *p) { p->n_wrong += archi_queue_next_time(p->set) != archi_heap_next_time(p->heap); }

static void sound(pair_t *p)
{
    const char *wrong = archi_block_check(p->set);

    CU_ASSERT_PTR_NULL(wrong);
    p->n_wrong += wrong != NULL;
}

static void drain(pair_t *p)
{
    sound(p);
    while (p->n_wrong == 0 && pop(p, ARCH_TIME_MAX))
        ;
    sound(p);
    compare_next(p);
}

static void close_pair(pair_t *p)
{
    CU_ASSERT_EQUAL(p->n_wrong, 0);
    archi_block_destroy(&p->set);
    archi_block_destroy(&p->heap);
}

/* ---- delays ------------------------------------------------------------------------------------------------------ */

/* A whole delay whose logarithm is uniform: many scales at once, most of them short. */
static uint64_t of_any_scale(pair_t *p, uint32_t bits) { return draw(p) & (((uint64_t)1 << draw(p) % bits) - 1); }

static uint64_t exponential(pair_t *p) /* by von Neumann's comparisons: no logarithm */
{
    uint64_t whole = 0;

    for (;;) {
        double first = uniform(p), least = first, next;
        uint32_t n = 1;
        for (; (next = uniform(p)) < least; n++)
            least = next;
        if (n % 2 == 1)
            return (uint64_t)(((double)whole + first) * 1e9);
        whole++;
    }
}

static uint64_t pareto(pair_t *p) { return (uint64_t)(1e6 / (uniform(p) + 1e-9)); }

static uint64_t constant(pair_t *p)
{
    (void)p;
    return 1000000000;
}

static uint64_t none(pair_t *p)
{
    (void)p;
    return 0;
}

static uint64_t few_values(pair_t *p) { return draw(p) % 4 * 1000000; }
static uint64_t bimodal(pair_t *p) { return draw(p) % 2 ? draw(p) % 5000 : draw(p) % 3600000000000; }
static uint64_t rarely_far(pair_t *p) { return draw(p) % 64 ? draw(p) % 1000 : draw(p) % 3600000000000; }
static uint64_t bursts(pair_t *p) { return 1000000000 - (uint64_t)p->now % 1000000000 + draw(p) % 100; }
static uint64_t any_scale(pair_t *p) { return of_any_scale(p, 60); }

typedef uint64_t (*delay_t)(pair_t *p);

static arch_time_t later(const pair_t *p, uint64_t delay)
{
    uint64_t left = (uint64_t)(ARCH_TIME_MAX - 1 - p->now);

    return p->now + (arch_time_t)(delay < left ? delay : left);
}

static void push_later(pair_t *p, uint64_t delay, uint32_t n_src)
{
    push(p, later(p, delay), (uint32_t)(draw(p) % n_src));
}

/* The hold model: as many events as at first, each replaced by a later one; the horizon stops now and then. */
static void hold(delay_t delay, uint32_t n, uint32_t n_src, uint64_t n_ops)
{
    arch_time_t horizon = ARCH_TIME_MAX;
    pair_t p;

    open_pair(&p, n % 3 == 0 ? n : 4, n + n_src);
    for (uint32_t i = 0; i < n; i++)
        push_later(&p, delay(&p), n_src);
    sound(&p);
    for (uint64_t i = 0; i < n_ops && p.n_wrong == 0; i++) {
        if (i % 1000 == 0)
            horizon = i % 2000 == 0 ? ARCH_TIME_MAX : later(&p, of_any_scale(&p, 40));
        if (i % 64 == 0)
            compare_next(&p);
        if (pop(&p, horizon))
            push_later(&p, delay(&p), n_src);
        if (i % 8192 == 0)
            sound(&p);
    }
    drain(&p);
    close_pair(&p);
}

static void hold_at_all_sizes(delay_t delay)
{
    static const uint32_t size[] = {1, 10, 33, 100, 1000, 12000};

    for (uint32_t i = 0; i < sizeof size / sizeof size[0]; i++) {
        hold(delay, size[i], size[i], 20000);
        hold(delay, size[i], 1, 5000); /* one sender: only its counter tells equal times apart */
    }
}

static void agrees_on_exponential_delays(void) { hold_at_all_sizes(exponential); }
static void agrees_on_pareto_delays(void) { hold_at_all_sizes(pareto); }
static void agrees_on_constant_delays(void) { hold_at_all_sizes(constant); }
static void agrees_on_a_few_values(void) { hold_at_all_sizes(few_values); }
static void agrees_on_microseconds_and_hours(void) { hold_at_all_sizes(bimodal); }
static void agrees_on_a_rare_far_event(void) { hold_at_all_sizes(rarely_far); }
static void agrees_on_bursts(void) { hold_at_all_sizes(bursts); }
static void agrees_on_any_scale(void) { hold_at_all_sizes(any_scale); }

static void agrees_without_any_delay(void)
{
    hold(none, 20, 20, 2000);
    hold(none, 300, 300, 5000);
    hold(none, 5000, 5000, 5000);
    hold(none, 5000, 3, 5000);
}

/* ---- order ------------------------------------------------------------------------------------------------------- */

static void pops_equal_times_by_source_then_sequence(void)
{
    pair_t p;

    open_pair(&p, 0, 1);
    for (uint32_t i = 0; i < 3000; i++)
        push(&p, 5000, (uint32_t)(draw(&p) % 40));
    drain(&p);
    close_pair(&p);
}

static void keeps_a_senders_order_when_its_counter_wraps(void)
{
    pair_t p;
    archi_event_t ev;

    open_pair(&p, 0, 2);
    p.seq = 0xffffff00u;
    for (uint32_t i = 0; i < 1000; i++)
        push(&p, 77, i % 2);
    CU_ASSERT(archi_queue_pop_before(p.set, 78, &ev) && archi_heap_pop_before(p.heap, 78, &ev));
    CU_ASSERT_EQUAL(ev.seq, 0xffffff00u);
    drain(&p);
    p.seq = 0xffffff00u;
    for (uint32_t i = 0; i < 1000; i++) /* a few at a time, so that one run holds both sides of the wrap */
        push(&p, 100 + i / 12 * 1000, i % 2);
    drain(&p);
    close_pair(&p);
}

static void gives_back_events_that_nothing_tells_apart(void)
{
    archi_event_t ev;
    pair_t p;

    open_pair(&p, 0, 3);
    memset(&ev, 0, sizeof ev);
    ev.at = 12;
    for (uint32_t i = 0; i < 5000; i++)
        push_event(&p, &ev);
    drain(&p);
    close_pair(&p);
}

/* A handler at time t may send to t: what it sends comes before or after what is left at t, by its sender's number. */
static void accepts_events_at_the_time_that_it_has_come_to(void)
{
    pair_t p;

    open_pair(&p, 0, 4);
    for (uint32_t i = 0; i < 2000; i++)
        push(&p, (arch_time_t)(i / 500 * 1000), 100 + (uint32_t)(draw(&p) % 1000));
    for (uint32_t i = 0; i < 10000 && pop(&p, ARCH_TIME_MAX); i++)
        for (uint32_t k = 0; i < 3000 && k < draw(&p) % 3; k++)
            push(&p, p.now, (uint32_t)(draw(&p) % 1200));
    drain(&p);
    close_pair(&p);
}

/* Mail arrives between two windows: before what the set has looked at already. */
static void accepts_events_before_the_next_one(void)
{
    pair_t p;

    open_pair(&p, 0, 5);
    for (uint32_t i = 0; i < 500; i++)
        push(&p, 1000000000000 + (arch_time_t)(draw(&p) % 1000), i);
    for (arch_time_t window = 0; window < 300; window++) {
        compare_next(&p);
        while (pop(&p, window * 1000))
            ;
        for (uint32_t i = 0; i < 40; i++)
            push(&p, window * 1000 + (arch_time_t)(draw(&p) % 3000), i);
        compare_next(&p);
        sound(&p);
    }
    drain(&p);
    close_pair(&p);
}

static void stops_at_the_horizon_and_goes_on(void)
{
    archi_event_t ev;
    pair_t p;

    open_pair(&p, 0, 6);
    for (uint32_t i = 0; i < 4000; i++)
        push(&p, (arch_time_t)(draw(&p) % 100000), i);
    for (arch_time_t horizon = 0; horizon <= 100000; horizon += (arch_time_t)(draw(&p) % 200)) {
        while (pop(&p, horizon))
            CU_ASSERT_FATAL(p.now < horizon);
        CU_ASSERT(!archi_queue_pop_before(p.set, horizon, &ev));
        CU_ASSERT(archi_queue_next_time(p.set) >= horizon);
        compare_next(&p);
    }
    drain(&p);
    close_pair(&p);
}

static void reaches_to_the_end_of_time(void)
{
    pair_t p;

    open_pair(&p, 0, 7);
    for (uint32_t i = 0; i < 3000; i++)
        push(&p, i % 2 ? (arch_time_t)i : ARCH_TIME_MAX - 1 - (arch_time_t)of_any_scale(&p, 62), i);
    for (uint32_t i = 0; i < 20000; i++)
        if (pop(&p, ARCH_TIME_MAX))
            push_later(&p, of_any_scale(&p, 50), 100);
    drain(&p);
    CU_ASSERT_EQUAL(p.now, ARCH_TIME_MAX - 1);
    close_pair(&p);
}

/* ---- size -------------------------------------------------------------------------------------------------------- */

/* From none to many and back, several times, ever denser: widths and number of buckets have to follow. */
static void follows_ramps(void)
{
    pair_t p;

    open_pair(&p, 0, 8);
    for (uint32_t ramp = 0; ramp < 4; ramp++) {
        for (uint32_t i = 0; i < 30000; i++) {
            push_later(&p, 1 + (draw(&p) % 1000000000 >> 7 * ramp), 1000);
            if (i % 3 == 0)
                pop(&p, ARCH_TIME_MAX);
        }
        sound(&p);
        while (archi_queue_count(p.set) > 5)
            pop(&p, ARCH_TIME_MAX);
        sound(&p);
    }
    drain(&p);
    close_pair(&p);
}

static void hold_on(pair_t *p, uint32_t n, double scale)
{
    for (uint32_t i = 0; i < n && pop(p, ARCH_TIME_MAX); i++)
        push_later(p, (uint64_t)((double)exponential(p) * scale), 1000);
}

/* A bucket is to hold a handful of events when it is reached, and the ring some delays. */
static void fits_what_comes(pair_t *p, double scale)
{
    const archi_queue_state_t *q = &p->set->queue;
    arch_time_t before = p->now;
    double distance, in_bucket, pending = (double)archi_queue_count(p->set), ring;

    hold_on(p, 2000, scale);
    distance = (double)(p->now - before) / 2000;
    in_bucket = (double)((uint64_t)1 << q->shift) / distance;
    ring = (double)(1u << q->ring_bits);
    CU_ASSERT(in_bucket > 4 && in_bucket < 40);
    CU_ASSERT(ring >= pending / 8 && ring <= pending);
}

static void fits_its_widths_to_the_events(void)
{
    pair_t p;

    open_pair(&p, 0, 12);
    for (uint32_t i = 0; i < 200; i++)
        push_later(&p, exponential(&p), 1000);
    hold_on(&p, 2000, 1);
    fits_what_comes(&p, 1);
    for (uint32_t i = 0; i < 10000; i++) /* more of them */
        push_later(&p, exponential(&p), 1000);
    hold_on(&p, 20000, 1);
    fits_what_comes(&p, 1);
    hold_on(&p, 60000, 0.001); /* denser */
    fits_what_comes(&p, 0.001);
    hold_on(&p, 100000, 100); /* sparser */
    fits_what_comes(&p, 100);
    drain(&p);
    close_pair(&p);
}

/* What is due soon goes into the row next to its end: sets of up to 64 events need no buckets then. */
static void keeps_a_small_set_in_a_row(void)
{
    pair_t p;

    open_pair(&p, 0, 13);
    for (uint32_t i = 0; i < 40; i++) /* a few dozen users who think for long */
        push_later(&p, 1000000000000 + i, 100);
    for (uint32_t i = 0; i < 5000; i++) {
        push_later(&p, 1 + draw(&p) % 1000, 100);
        push_later(&p, 1 + draw(&p) % 100, 100);
        p.n_wrong += !pop(&p, ARCH_TIME_MAX) + !pop(&p, ARCH_TIME_MAX);
        compare_next(&p);
        p.set->n_events += 2; /* as the step would */
    }
    sound(&p);
    CU_ASSERT_EQUAL(p.set->queue.ring_bits, 0);
    for (uint32_t i = 0; i < 40; i++)
        push_later(&p, draw(&p) % 1000, 100);
    CU_ASSERT(p.set->queue.ring_bits != 0);
    sound(&p);
    while (archi_queue_count(p.set) > 12)
        pop(&p, ARCH_TIME_MAX);
    push_later(&p, 5, 100);
    CU_ASSERT_EQUAL(p.set->queue.ring_bits, 0);
    drain(&p);
    close_pair(&p);
}

static void leaves_the_row_where_insertions_have_a_long_way(void)
{
    pair_t p;

    open_pair(&p, 0, 14);
    for (uint32_t i = 0; i < 30; i++)
        push_later(&p, exponential(&p), 100);
    CU_ASSERT_EQUAL(p.set->queue.ring_bits, 0);
    for (uint32_t i = 0; i < 500 && pop(&p, ARCH_TIME_MAX); i++) {
        p.set->n_events++;
        push_later(&p, exponential(&p), 100);
    }
    CU_ASSERT(p.set->queue.ring_bits != 0);
    drain(&p);
    close_pair(&p);
}

static void one_phase(pair_t *p)
{
    static const delay_t delay[] = {exponential, pareto, constant, none, few_values, bimodal, rarely_far, bursts, any_scale};
    delay_t some = delay[draw(p) % (sizeof delay / sizeof delay[0])];
    uint64_t n = draw(p) % (draw(p) % 4 == 0 ? 20000 : 2000), pushes = draw(p) % 100;
    uint32_t n_src = draw(p) % 3 == 0 ? 1 : 1 + (uint32_t)(draw(p) % 100000);

    for (uint64_t i = 0; i < n && p->n_wrong == 0; i++) {
        if (draw(p) % 100 < pushes) {
            push_later(p, some(p), n_src);
        } else {
            pop(p, draw(p) % 2 ? ARCH_TIME_MAX : later(p, of_any_scale(p, 45)));
        }
        if (draw(p) % 4 == 0)
            compare_next(p);
    }
    sound(p);
}

static void agrees_on_anything(void)
{
    for (uint64_t seed = 1; seed <= 60; seed++) {
        pair_t p;
        open_pair(&p, (uint32_t)(seed % 4 == 0 ? seed * 7 : 0), seed);
        p.now = seed % 5 == 0 ? ARCH_TIME_MAX - 1000000 * (arch_time_t)seed : 0;
        for (uint64_t n = 2 + draw(&p) % 5; n > 0; n--)
            one_phase(&p);
        drain(&p);
        close_pair(&p);
    }
}

/* Nothing is moved while events run: only has_room() and credit() may ask for room, and say where. */
static void names_the_section_that_must_grow(void)
{
    archi_block_t *b = make_block(0);
    archi_event_t ev;
    uint32_t n_grown = 0;

    memset(&ev, 0, sizeof ev);
    for (; ev.seq < 5000; ev.seq++, ev.at += 17) {
        while (!archi_queue_has_room(b, 1)) {
            CU_ASSERT_FATAL(b->wants == ARCHI_SEC_QUEUE || b->wants == ARCHI_SEC_HEAP || b->wants == ARCHI_SEC_RING);
            grow(&b);
            n_grown++;
        }
        CU_ASSERT_EQUAL(b->wants, ARCHI_NIL);
        archi_queue_push(b, &ev);
    }
    CU_ASSERT(n_grown > 3 && n_grown < 40);
    CU_ASSERT_EQUAL(archi_queue_count(b), 5000);
    archi_block_destroy(&b);
}

static uint64_t bytes_of_sections(const archi_block_t *b)
{
    uint64_t bytes = 0;

    for (uint32_t i = ARCHI_SEC_QUEUE; i < ARCHI_FIRST_MODEL_SECTION; i++)
        bytes += (uint64_t)b->section[i].capacity * b->section[i].entry_bytes;
    return bytes;
}

static void takes_a_cache_line_for_each_event(void)
{
    const uint32_t n = 1000000;
    archi_block_t *b = make_block(n), *grown = make_block(0);

    CU_ASSERT_EQUAL(sizeof(archi_slot_t), 64);
    CU_ASSERT(bytes_of_sections(b) < (uint64_t)n * 67);
    CU_ASSERT_EQUAL(archi_block_grow(&grown, ARCHI_SEC_QUEUE, n), ARCH_OK);
    CU_ASSERT(bytes_of_sections(grown) < (uint64_t)n * 67);
    archi_block_destroy(&b);
    archi_block_destroy(&grown);
}

static void knows_where_the_next_events_go(void)
{
    archi_event_t ev;
    archi_lp_t said;
    uint32_t n_said = 0;
    pair_t p;

    open_pair(&p, 0, 9);
    for (uint32_t i = 0; i < 1000; i++)
        push(&p, (arch_time_t)(draw(&p) % 100000), i);
    do {
        said = archi_queue_peek_dst(p.set, 0);
        if (!archi_queue_pop_before(p.set, ARCH_TIME_MAX, &ev))
            break;
        CU_ASSERT(said == ARCHI_NIL || said == ev.dst);
        n_said += said != ARCHI_NIL;
    } while (archi_heap_pop_before(p.heap, ARCH_TIME_MAX, &ev));
    CU_ASSERT(n_said > 500);
    close_pair(&p);
}

/* Fetching early pays only for processes that have not had their event yet, and that have it before long. */
static void names_processes_before_their_turn(void)
{
    enum { N = 40000 };
    static unsigned char named[N];
    uint32_t n_in_time = 0, n_too_late = 0;
    archi_event_t ev;
    archi_lp_t soon[2];
    pair_t p;

    open_pair(&p, 0, 11);
    memset(named, 0, sizeof named);
    for (uint32_t i = 0; i < N; i++)
        push(&p, (arch_time_t)(draw(&p) % 100000000), i);
    for (uint32_t i = 0; i < N && archi_queue_has_room(p.set, 1); i++) {
        if (!archi_queue_pop_before(p.set, ARCH_TIME_MAX, &ev))
            break;
        n_in_time += named[ev.src] == 1;
        named[ev.src] |= 2;
        archi_queue_look_ahead(p.set, soon);
        for (int k = 0; k < 2; k++) {
            archi_lp_t src = soon[k]; /* every process has sent one event, to itself */
            if (src == ARCHI_NIL)
                continue;
            CU_ASSERT_FATAL(src < N);
            n_too_late += named[src] >> 1;
            named[src] |= 1;
        }
    }
    CU_ASSERT(n_in_time > N / 2);
    CU_ASSERT(n_too_late < N / 50);
    close_pair(&p);
}

/* ---- damage ------------------------------------------------------------------------------------------------------ */

static void fill_pair(pair_t *p)
{
    open_pair(p, 0, 10);
    for (uint32_t i = 0; i < 3000; i++)
        push_later(p, bimodal(p), 50);
    for (uint32_t i = 0; i < 1000; i++) {
        pop(p, ARCH_TIME_MAX);
        push_later(p, draw(p) % 8 == 0 ? 0 : bimodal(p), 50);
        push_later(p, bimodal(p), 50);
    }
    sound(p);
}

/* Every part of every key counts, and so does their order. */
static void finds_what_is_wrong_in_a_row(void)
{
    archi_queue_key_t *row, first;
    pair_t p;

    open_pair(&p, 0, 15);
    for (uint32_t i = 0; i < 10; i++)
        push(&p, i / 2, i / 3);
    sound(&p);
    row = archi_heap_keys(p.set) + ARCHI_HEAP_PAD;
    for (uint32_t i = 0; i + 1 < 10; i++) {
        first = row[i];
        row[i].at++;
        CU_ASSERT_PTR_NOT_NULL(archi_block_check(p.set));
        row[i] = first;
        row[i].src++;
        CU_ASSERT_PTR_NOT_NULL(archi_block_check(p.set));
        row[i] = row[i + 1];
        CU_ASSERT_PTR_NOT_NULL(archi_block_check(p.set));
        row[i + 1] = first; /* the two have changed places */
        CU_ASSERT_PTR_NOT_NULL(archi_block_check(p.set));
        row[i + 1] = row[i];
        row[i] = first;
        sound(&p);
    }
    p.set->section[ARCHI_SEC_HEAP].used--;
    CU_ASSERT_PTR_NOT_NULL(archi_block_check(p.set));
    p.set->section[ARCHI_SEC_HEAP].used = ARCHI_HEAP_PAD - 1;
    CU_ASSERT_PTR_NOT_NULL(archi_block_check(p.set));
    p.set->section[ARCHI_SEC_HEAP].used = ARCHI_HEAP_PAD + 10;
    drain(&p);
    close_pair(&p);
}

static void finds_what_is_wrong(void)
{
    archi_queue_key_t *heap;
    archi_slot_t *slots, before;
    uint32_t live = 0;
    pair_t p;

    fill_pair(&p);
    heap = archi_heap_keys(p.set) + ARCHI_HEAP_PAD;
    slots = archi_queue_slots(p.set);
    while (slots[live].next == ARCHI_SLOT_FREE)
        live++;
    before = slots[live];
    slots[live].ev.at ^= (arch_time_t)1 << 41;
    CU_ASSERT_PTR_NOT_NULL(archi_block_check(p.set));
    slots[live] = before;
    slots[live].next = live; /* a ring of one */
    CU_ASSERT_PTR_NOT_NULL(archi_block_check(p.set));
    slots[live] = before;
    slots[live].next = ARCHI_SLOT_FREE;
    CU_ASSERT_PTR_NOT_NULL(archi_block_check(p.set));
    slots[live] = before;
    sound(&p);
    if (archi_heap_count(p.set) > 1) {
        heap[0].at += 1000000000000;
        CU_ASSERT_PTR_NOT_NULL(archi_block_check(p.set));
        heap[0].at -= 1000000000000;
    }
    p.set->queue.n_ring++;
    CU_ASSERT_PTR_NOT_NULL(archi_block_check(p.set));
    p.set->queue.n_ring--;
    drain(&p);
    close_pair(&p);
}

/* Whatever a bit does, the check comes to an end and stays inside the block (the sanitizers would tell). */
static void looks_at_any_damage_without_harm(void)
{
    pair_t p;
    uint64_t n_found = 0;

    fill_pair(&p);
    for (uint32_t i = 0; i < 20000; i++) {
        uint64_t where = draw(&p) % (i % 2 == 0 ? sizeof(archi_block_t) : p.set->bytes);
        unsigned char *byte = (unsigned char *)p.set + where, kept = *byte;
        *byte ^= (unsigned char)(1u << draw(&p) % 8);
        if (i % 2 == 0 || where < p.set->section[ARCHI_SEC_QUEUE].offset + 20000)
            n_found += archi_block_check(p.set) != NULL;
        *byte = kept;
    }
    CU_ASSERT(n_found > 1000);
    drain(&p);
    close_pair(&p);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"agrees_on_exponential_delays", agrees_on_exponential_delays},
        {"agrees_on_pareto_delays", agrees_on_pareto_delays},
        {"agrees_on_constant_delays", agrees_on_constant_delays},
        {"agrees_on_a_few_values", agrees_on_a_few_values},
        {"agrees_on_microseconds_and_hours", agrees_on_microseconds_and_hours},
        {"agrees_on_a_rare_far_event", agrees_on_a_rare_far_event},
        {"agrees_on_bursts", agrees_on_bursts},
        {"agrees_on_any_scale", agrees_on_any_scale},
        {"agrees_without_any_delay", agrees_without_any_delay},
        {"agrees_on_anything", agrees_on_anything},
        {"follows_ramps", follows_ramps},
        {"fits_its_widths_to_the_events", fits_its_widths_to_the_events},
        {"pops_equal_times_by_source_then_sequence", pops_equal_times_by_source_then_sequence},
        {"keeps_a_senders_order_when_its_counter_wraps", keeps_a_senders_order_when_its_counter_wraps},
        {"gives_back_events_that_nothing_tells_apart", gives_back_events_that_nothing_tells_apart},
        {"accepts_events_at_the_time_that_it_has_come_to", accepts_events_at_the_time_that_it_has_come_to},
        {"accepts_events_before_the_next_one", accepts_events_before_the_next_one},
        {"stops_at_the_horizon_and_goes_on", stops_at_the_horizon_and_goes_on},
        {"reaches_to_the_end_of_time", reaches_to_the_end_of_time},
        {"names_the_section_that_must_grow", names_the_section_that_must_grow},
        {"takes_a_cache_line_for_each_event", takes_a_cache_line_for_each_event},
        {"knows_where_the_next_events_go", knows_where_the_next_events_go},
        {"names_processes_before_their_turn", names_processes_before_their_turn},
        {"finds_what_is_wrong", finds_what_is_wrong},
        {"finds_what_is_wrong_in_a_row", finds_what_is_wrong_in_a_row},
        {"keeps_a_small_set_in_a_row", keeps_a_small_set_in_a_row},
        {"leaves_the_row_where_insertions_have_a_long_way", leaves_the_row_where_insertions_have_a_long_way},
        {"looks_at_any_damage_without_harm", looks_at_any_damage_without_harm},
        CU_TEST_INFO_NULL};
    CU_SuiteInfo suites[] = {{"queue", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
    unsigned failures;

    if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS)
        return EXIT_FAILURE;
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
