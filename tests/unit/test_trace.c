/* tests/unit/test_trace.c - a trace holds what was noted; when it is full it tells the same more coarsely. Times are
 * multiples of 2^-20 s, so that sums of them are exact. */
#include "engine/trace.h"
#include "support/alloc.h"
#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 20000 };

static const double tick = 0x1p-20;

typedef struct {
    double   seconds[ARCHI_TRACE_KINDS];
    uint64_t n_events, n_merged;
} sums_t;

/* All that was ever noted, beside the trace that it was noted in. */
typedef struct {
    archi_trace_t *trace;
    archi_span_t   noted[MOST];
    uint32_t       n;
    double         clock;
    uint64_t       random;
} notes_t;

static uint64_t draw(notes_t *t, uint64_t n)
{
    t->random ^= t->random << 13;
    t->random ^= t->random >> 7;
    t->random ^= t->random << 17;
    return (t->random >> 11) % n;
}

static notes_t *begin(uint32_t capacity)
{
    notes_t *t = calloc(1, sizeof *t);

    if (t == NULL || archi_trace_create(capacity, &t->trace) != ARCH_OK)
        abort();
    t->random = 88172645463325252u;
    t->clock = 1000.0;
    return t;
}

static void end(notes_t *t)
{
    archi_trace_destroy(&t->trace);
    CU_ASSERT_PTR_NULL(t->trace);
    free(t);
}

static void note(notes_t *t, uint32_t kind, uint64_t gap, uint64_t ticks, uint64_t n_events)
{
    archi_span_t *s = &t->noted[t->n++];

    s->from = t->clock + (double)gap * tick;
    s->to = t->clock = s->from + (double)ticks * tick;
    s->now = (arch_time_t)t->n * 10;
    s->n_events = n_events;
    s->kind = kind;
    s->n_merged = 1;
    archi_trace_note(t->trace, (archi_trace_kind_t)kind, s->from, s->to, s->now, n_events);
}

static void add(sums_t *sums, const archi_span_t *s)
{
    sums->seconds[s->kind] += s->to - s->from;
    sums->n_events += s->n_events;
    sums->n_merged += s->n_merged;
}

static int same(const sums_t *a, const sums_t *b)
{
    for (int k = 0; k < ARCHI_TRACE_KINDS; k++)
        if (a->seconds[k] != b->seconds[k])
            return 0;
    return a->n_events == b->n_events && a->n_merged == b->n_merged;
}

/* Where a group ends, as many spans were noted as these stand for, both agree on the time of every kind and on events,
 * and the next group begins where the next span was noted: the number of such places, the end of the trace among them. */
static uint32_t count_ends(const notes_t *t)
{
    sums_t told, noted;
    uint32_t n, k = 0, n_ends = 0;
    const archi_span_t *span = archi_trace_spans(t->trace, &n);

    memset(&told, 0, sizeof told);
    memset(&noted, 0, sizeof noted);
    for (uint32_t i = 0; i < n; i++) {
        add(&told, &span[i]);
        while (k < t->n && noted.n_merged < told.n_merged)
            add(&noted, &t->noted[k++]);
        n_ends += same(&told, &noted) && span[i].to <= t->noted[k - 1].to &&
                  (i + 1 == n || span[i + 1].from == t->noted[k].from);
    }
    CU_ASSERT_EQUAL(k, t->n);
    CU_ASSERT(same(&told, &noted));
    return n_ends;
}

static void is_in_order(const notes_t *t)
{
    uint32_t n;
    const archi_span_t *span = archi_trace_spans(t->trace, &n);

    CU_ASSERT(span[0].from == t->noted[0].from);
    CU_ASSERT(span[n - 1].to <= t->clock);
    for (uint32_t i = 0; i < n; i++) {
        CU_ASSERT(span[i].from <= span[i].to);
        CU_ASSERT(i == 0 || span[i - 1].to <= span[i].from);
    }
}

/* ---- proofs ------------------------------------------------------------------------------------------------------ */

static void without_a_trace_nothing_happens(void)
{
    archi_trace_t *none = NULL;

    archi_trace_note(NULL, ARCHI_TRACE_RUN, 1.0, 2.0, 3, 4);
    archi_trace_destroy(&none);
    archi_trace_destroy(NULL);
}

static void too_little_room_is_refused(void)
{
    archi_trace_t *t = (archi_trace_t *)&t;

    CU_ASSERT_EQUAL(archi_trace_create(15, &t), ARCH_E_ARG);
    CU_ASSERT_PTR_NULL(t);
    CU_ASSERT_EQUAL(archi_trace_create(16, &t), ARCH_OK);
    archi_trace_destroy(&t);
}

static void what_fits_is_kept_as_it_was_noted(void)
{
    notes_t *t = begin(64);
    const archi_span_t *span;
    uint32_t n;

    for (uint32_t i = 0; i < 58; i++)
        note(t, (uint32_t)draw(t, ARCHI_TRACE_KINDS), draw(t, 5), draw(t, 100), draw(t, 9));
    span = archi_trace_spans(t->trace, &n);
    CU_ASSERT_EQUAL_FATAL(n, 58);
    CU_ASSERT_EQUAL(memcmp(span, t->noted, n * sizeof *span), 0);
    end(t);
}

/* RUN 3, WAIT 1, a gap of 1, RUN 5, WAIT 2 become RUN 8, WAIT 3 and the gap: the case that the head of trace.c describes. */
static void neighbours_of_one_kind_become_one(void)
{
    notes_t *t = begin(18);
    const archi_span_t *span;
    uint32_t n;

    for (uint32_t i = 0; i < 4; i++) {
        note(t, ARCHI_TRACE_RUN, 0, 3, 10);
        note(t, ARCHI_TRACE_WAIT, 0, 1, 0);
        note(t, ARCHI_TRACE_RUN, 1, 5, 20);
        note(t, ARCHI_TRACE_WAIT, 0, 2, 0);
    }
    span = archi_trace_spans(t->trace, &n);
    CU_ASSERT_EQUAL_FATAL(n, 8);
    for (uint32_t g = 0; g < 4; g++) {
        const archi_span_t *run = &span[2 * g], *wait = &span[2 * g + 1];
        double from = t->noted[4 * g].from;
        CU_ASSERT(run->kind == ARCHI_TRACE_RUN && run->from == from && run->to == from + 8 * tick);
        CU_ASSERT(wait->kind == ARCHI_TRACE_WAIT && wait->from == run->to && wait->to == from + 11 * tick);
        CU_ASSERT(run->n_events == 30 && run->n_merged == 2 && run->now == t->noted[4 * g + 2].now);
        CU_ASSERT(wait->n_events == 0 && wait->n_merged == 2 && wait->now == t->noted[4 * g + 3].now);
    }
    end(t);
}

/* Windows of three kinds are told with one resolution from the first to the last but one group. */
static void a_long_run_is_told_evenly(void)
{
    notes_t *t = begin(100);
    const archi_span_t *span;
    uint32_t n;

    for (uint32_t i = 0; i < MOST / 3; i++)
        for (uint32_t kind = ARCHI_TRACE_RUN; kind <= ARCHI_TRACE_WAIT; kind++)
            note(t, kind, draw(t, 3), 1 + draw(t, 50), kind == ARCHI_TRACE_RUN ? draw(t, 1000) : 0);
    is_in_order(t);
    span = archi_trace_spans(t->trace, &n);
    CU_ASSERT(n > 40 && n < 100);
    for (uint32_t i = 0; i + 3 < n; i++) {
        CU_ASSERT_EQUAL(span[i].n_merged, span[0].n_merged);
        CU_ASSERT_EQUAL(span[i].kind, i % 3);
    }
    CU_ASSERT(count_ends(t) >= n / 3);
    end(t);
}

/* Whatever comes: nothing is missing, times of every kind add up, and groups stay small. */
static void nothing_is_ever_missing(void)
{
    static const uint32_t capacities[] = {16, 17, 23, 64, 1000};

    for (uint32_t c = 0; c < 5; c++) {
        notes_t *t = begin(capacities[c]);
        uint32_t n, kinds = 1;
        for (uint32_t i = 0; i < MOST; i++) {
            if (i % 500 == 0)
                kinds = 1 + (uint32_t)draw(t, ARCHI_TRACE_KINDS);
            note(t, (uint32_t)draw(t, kinds), draw(t, 4) / 3, draw(t, 1000), draw(t, 1u << 20));
            (void)archi_trace_spans(t->trace, &n);
            CU_ASSERT(n >= 1 && n < capacities[c]);
        }
        is_in_order(t);
        CU_ASSERT(count_ends(t) >= n / ARCHI_TRACE_KINDS);
        end(t);
    }
}

/* The time of a kind is right even then. */
static void a_span_inside_another_is_put_behind_it(void)
{
    notes_t *t = begin(16);
    const archi_span_t *span;
    uint32_t n;

    archi_trace_note(t->trace, ARCHI_TRACE_RUN, 1.0, 2.0, 5, 6);
    archi_trace_note(t->trace, ARCHI_TRACE_MAIL, 1.5, 1.75, 5, 0);
    span = archi_trace_spans(t->trace, &n);
    CU_ASSERT_EQUAL_FATAL(n, 2);
    CU_ASSERT(span[0].from == 1.0 && span[0].to == 2.0);
    CU_ASSERT(span[1].from == 2.0 && span[1].to == 2.25);
    end(t);
}

static void survives_a_failing_allocation(void)
{
    archi_trace_t *t = NULL;
    long before = test_live_bytes();

    test_alloc_budget(0);
    CU_ASSERT_EQUAL(archi_trace_create(1000, &t), ARCH_E_NOMEM);
    test_alloc_budget(-1);
    CU_ASSERT_PTR_NULL(t);
    CU_ASSERT_EQUAL(archi_trace_create(1000, &t), ARCH_OK);
    archi_trace_destroy(&t);
    CU_ASSERT_EQUAL(test_live_bytes(), before);
}

int main(void)
{
    unsigned failures;
    CU_pSuite suite;

    CU_initialize_registry();
    suite = CU_add_suite("trace", NULL, NULL);
    CU_ADD_TEST(suite, without_a_trace_nothing_happens);
    CU_ADD_TEST(suite, too_little_room_is_refused);
    CU_ADD_TEST(suite, what_fits_is_kept_as_it_was_noted);
    CU_ADD_TEST(suite, neighbours_of_one_kind_become_one);
    CU_ADD_TEST(suite, a_long_run_is_told_evenly);
    CU_ADD_TEST(suite, nothing_is_ever_missing);
    CU_ADD_TEST(suite, a_span_inside_another_is_put_behind_it);
    CU_ADD_TEST(suite, survives_a_failing_allocation);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? 0 : 1;
}
