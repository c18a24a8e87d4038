/* tests/unit/test_undo.c - events undone one by one leave no trace: after a run that went too far again and again, every
 * block is what it would be had nobody ever run ahead, to the last pending event. */
#include "engine/draw.h"
#include "engine/executor.h"
#include "support/alloc.h"
#include "support/thread_ranks.h"
#include "support/share.h"
#include <CUnit/Basic.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

/* ---- a model that can be undone: what a process does changes its own entry and sends ------------------------------ */

enum { IMPS = ARCHI_FIRST_MODEL_SECTION, MAX_LPS = 640, MAX_BLOCKS = 16, MAX_SENDS = 6, TICK = 0, JUMP = 1 };

typedef struct {
    uint32_t n_lps, start; /* events that each process begins with */
    arch_time_t lookahead; /* least delay between processes */
    uint32_t grid, steps;  /* delays are multiples of grid ns, below steps * grid, and to oneself 0 may be among them */
    uint32_t most;         /* what a tick throws at others at most */
    uint32_t sink;         /* 1: all of it at the last process, where it arrives when all is over */
} plan_t;

typedef struct {
    uint32_t checksum[2], n_events, last_kind;
    uint32_t odd[3]; /* 28 bytes: no multiple of 8 */
} imp_t;

ARCH_HD static ARCH_INLINE void imp_send(const plan_t *plan, const archi_map_t *map, archi_block_t *b, archi_lp_t from,
                                         archi_lp_t to, uint32_t draw, uint16_t kind, uint64_t hops)
{
    archi_event_t ev;

    memset(&ev, 0, sizeof ev);
    ev.at = b->now + (arch_time_t)(draw % plan->steps) * plan->grid + (to == from ? 0 : plan->lookahead);
    if (plan->sink && kind == JUMP)
        ev.at += draw;
    ev.dst = to;
    ev.kind = kind;
    ev.small = (uint16_t)draw;
    ev.word[0] = hops;
    ev.word[2] = draw;
    archi_send(map, b, from, archi_place(map, b, from), &ev);
}

ARCH_HD static ARCH_INLINE void imp_handle(const void *plan_bytes, const archi_map_t *map, archi_block_t *b,
                                           const archi_event_t *ev)
{
    const plan_t *plan = (const plan_t *)plan_bytes;
    uint32_t place = archi_place(map, b, ev->dst), n, i;
    imp_t *imp = (imp_t *)archi_section(b, IMPS) + place;
    archi_lp_state_t *lp = archi_lp_state(b, place);
    uint64_t who = archi_mix64((uint64_t)ev->src << 32 | ev->seq), sum = (uint64_t)imp->checksum[0] << 32 | imp->checksum[1];
    archi_bits_t bits = archi_draw(lp->key, lp->n_draws++, 0);

    sum = archi_mix64(sum ^ archi_mix64(who ^ archi_mix64((uint64_t)ev->at * 4 + ev->kind)));
    imp->checksum[0] = (uint32_t)(sum >> 32);
    imp->checksum[1] = (uint32_t)sum;
    imp->n_events++;
    imp->last_kind = ev->kind;
    imp->odd[bits.w[0] % 3] += ev->small + 1u;
    if (ev->kind == JUMP) {
        if (ev->word[0] != 0)
            imp_send(plan, map, b, ev->dst, bits.w[1] % 3 == 0 ? ev->dst : bits.w[1] % plan->n_lps, bits.w[2], JUMP,
                     ev->word[0] - 1);
        return;
    }
    n = bits.w[3] % (plan->most + 1);
    if (plan->sink) {
        imp_send(plan, map, b, ev->dst, plan->n_lps - 1, 1u << 30, JUMP, 0);
        imp_send(plan, map, b, ev->dst, ev->dst, bits.w[0], TICK, 0);
        return;
    }
    for (i = 0; i < n / 2; i++)
        imp_send(plan, map, b, ev->dst, (bits.w[1] + i * i) % plan->n_lps, bits.w[2] + i, JUMP, bits.w[2] % 3);
    imp_send(plan, map, b, ev->dst, ev->dst, bits.w[0], TICK, 0);
    for (; i < n; i++) /* others after its own: sends of both kinds, mixed */
        imp_send(plan, map, b, ev->dst, (bits.w[1] + i * i) % plan->n_lps, bits.w[2] + i, JUMP, bits.w[2] % 3);
}

static archi_stop_t imp_step(const void *plan, const archi_map_t *map, archi_block_t *b, arch_time_t horizon)
{
    return archi_run_until(plan, map, b, horizon, imp_handle);
}

static archi_stop_t imp_noting(const void *plan, const archi_map_t *map, archi_block_t *b, arch_time_t horizon,
                               archi_undo_t *undo)
{
    return archi_run_until_noting(plan, map, b, horizon, imp_handle, undo);
}

/* ---- a run of it on one rank -------------------------------------------------------------------------------------- */

typedef struct {
    plan_t plan;
    uint32_t n_blocks;
    int dealt;
    arch_time_t until;
    uint64_t memory_limit;
    arch_time_t ahead;
} shape_t;

typedef struct {
    archi_run_t run;
    archi_executor_stats_t stats;
    archi_map_t map;
    plan_t plan;
    archi_block_t *block[MAX_BLOCKS];
    uint32_t rank_of[MAX_BLOCKS], block_of[MAX_LPS], place_of[MAX_LPS];
} case_t;

static void set_map(case_t *c, const shape_t *shape)
{
    c->map.n_lps = shape->plan.n_lps;
    c->map.n_blocks = shape->n_blocks;
    c->map.stripe = shape->dealt ? 0 : (shape->plan.n_lps + shape->n_blocks - 1) / shape->n_blocks;
    c->map.block_of = c->block_of;
    c->map.place_of = c->place_of;
    for (archi_lp_t lp = 0; lp < c->map.n_lps; lp++) {
        c->block_of[lp] = lp % shape->n_blocks;
        c->place_of[lp] = lp / shape->n_blocks;
    }
}

static int make_block(const case_t *c, uint32_t id, archi_block_t **b)
{
    archi_block_spec_t spec;

    memset(&spec, 0, sizeof spec);
    spec.id = id;
    for (archi_lp_t lp = 0; lp < c->map.n_lps; lp++)
        spec.n_lps += archi_block_of(&c->map, lp) == id;
    spec.max_sends = MAX_SENDS + 1;
    spec.model[0] = (archi_section_spec_t){ARCHI_ARRAY, sizeof(imp_t), spec.n_lps, 0};
    if (archi_block_create(&spec, b) != ARCH_OK)
        return 0;
    for (archi_lp_t lp = 0; lp < c->map.n_lps; lp++) {
        if (archi_block_of(&c->map, lp) != id)
            continue;
        archi_lp_state(*b, archi_place(&c->map, *b, lp))->key = archi_draw_key(1, 0, lp);
        for (uint32_t i = 0; i < c->plan.start; i++) {
            if (archi_block_make_room(b) != ARCH_OK)
                return 0;
            imp_send(&c->plan, &c->map, *b, lp, lp, lp + i, TICK, 0);
        }
    }
    return 1;
}

/* 1 when the run is ready; close_case() in any case. */
static int open_case(case_t *c, archi_net_t *net, const shape_t *shape, archi_executor_kind_t kind)
{
    uint32_t rank = net == NULL ? 0 : archi_net_rank(net), size = net == NULL ? 1 : archi_net_size(net);

    memset(c, 0, sizeof *c);
    c->plan = shape->plan;
    set_map(c, shape);
    for (uint32_t id = 0; id < shape->n_blocks; id++) {
        c->rank_of[id] = id % size;
        if (c->rank_of[id] == rank && !make_block(c, id, &c->block[c->run.n_local++]))
            return 0;
    }
    c->run.net = net;
    c->run.map = &c->map;
    c->run.rank_of = c->rank_of;
    c->run.block = c->block;
    c->run.plan = &c->plan;
    c->run.step = imp_step;
    c->run.noting = imp_noting;
    c->run.lookahead = shape->plan.lookahead;
    c->run.until = shape->until;
    c->run.memory_limit = shape->memory_limit;
    c->run.ahead = shape->ahead;
    c->run.kind = kind;
    return 1;
}

static void close_case(case_t *c)
{
    for (uint32_t i = 0; i < MAX_BLOCKS; i++)
        archi_block_destroy(&c->block[i]);
}

/* ---- what is compared --------------------------------------------------------------------------------------------- */

/* The pending events of both, to the last and in order; they are gone afterwards. */
static int same_pending(archi_block_t *a, archi_block_t *b)
{
    archi_event_t x, y;

    while (archi_queue_pop_before(a, ARCH_TIME_MAX, &x))
        if (!archi_queue_pop_before(b, ARCH_TIME_MAX, &y) || memcmp(&x, &y, sizeof x) != 0)
            return 0;
    return archi_queue_count(b) == 0;
}

static int same_block(archi_block_t *a, archi_block_t *b)
{
    const uint32_t section[] = {ARCHI_SEC_LP, ARCHI_SEC_OUTBOX, IMPS};

    if (archi_block_check(a) != NULL || a->n_events != b->n_events || a->now != b->now || a->n_sent_out != b->n_sent_out)
        return 0;
    for (int i = 0; i < 3; i++)
        if (a->section[section[i]].used != b->section[section[i]].used ||
            memcmp(archi_section(a, section[i]), archi_section(b, section[i]),
                   (size_t)a->section[section[i]].used * a->section[section[i]].entry_bytes) != 0)
            return 0;
    return same_pending(a, b);
}

/* How many of this rank's blocks differ from those of the same number in a run in which nobody ran ahead. */
static int n_different(case_t *c, case_t *plain)
{
    int n = 0;

    for (uint32_t i = 0; i < c->run.n_local; i++)
        n += !same_block(c->block[i], plain->block[c->block[i]->id]);
    return n;
}

typedef struct {
    const shape_t *shape;
    case_t plain;
    atomic_ullong n_rollbacks, n_undone;
} trial_t;

static void run_plain(trial_t *t, const shape_t *shape)
{
    t->shape = shape;
    CU_ASSERT_FATAL(open_case(&t->plain, NULL, shape, ARCHI_SEQUENTIAL));
    t->plain.run.memory_limit = 0;
    CU_ASSERT_EQUAL_FATAL(archi_execute(&t->plain.run, &t->plain.stats), ARCH_OK);
}

static int ends_as_plain(archi_net_t *net, void *user)
{
    trial_t *t = user;
    case_t c;
    int n_wrong = 1;

    if (open_case(&c, net, t->shape, ARCHI_OPTIMISTIC) && archi_execute(&c.run, &c.stats) == ARCH_OK) {
        n_wrong = n_different(&c, &t->plain);
        n_wrong += c.stats.n_repeated != 0 || c.stats.n_copies != 0;
        n_wrong += c.stats.n_rollbacks != 0 && c.stats.copy_bytes == 0;
        t->n_rollbacks += c.stats.n_rollbacks;
        t->n_undone += c.stats.n_undone;
    }
    close_case(&c);
    return n_wrong;
}

/* ---- the tests ---------------------------------------------------------------------------------------------------- */

/* Numbers for shapes: reproducible, and another in every call. */
static uint32_t pick(uint32_t *state, uint32_t n)
{
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 8) % n;
}

static shape_t random_shape(uint32_t *state)
{
    static const arch_time_t lookaheads[] = {1, 1, 3, 50, 1000};
    static const uint32_t grids[] = {1, 7, 100, 1000}, lps[] = {16, 40, 200, MAX_LPS};
    shape_t s;

    memset(&s, 0, sizeof s);
    s.plan.n_lps = lps[pick(state, 4)];
    s.plan.start = 1 + pick(state, 3);
    s.plan.lookahead = lookaheads[pick(state, 5)];
    s.plan.grid = grids[pick(state, 4)];
    s.plan.steps = 2 + pick(state, 40);
    s.plan.most = pick(state, MAX_SENDS + 1);
    s.n_blocks = 2 + pick(state, MAX_BLOCKS - 1);
    s.dealt = (int)pick(state, 2);
    s.until = (arch_time_t)s.plan.grid * s.plan.steps * (20 + pick(state, 20)) * 40 / s.plan.n_lps + 10;
    s.ahead = pick(state, 4) == 0 ? 0 : 1 + (arch_time_t)(pick(state, 3 * s.plan.steps) * s.plan.grid);
    return s;
}

static void undone_blocks_are_what_they_were(void)
{
    uint32_t state = 1;
    uint64_t n_rollbacks = 0, n_undone = 0;

    for (int i = 0; i < (int)share_of(80); i++) {
        shape_t shape = random_shape(&state);
        uint32_t size = 1 + (uint32_t)i % 8;
        trial_t t;
        memset(&t, 0, sizeof t);
        run_plain(&t, &shape);
        CU_ASSERT_EQUAL(run_on_thread_ranks(size, ends_as_plain, &t), 0);
        n_rollbacks += t.n_rollbacks;
        n_undone += t.n_undone;
        close_case(&t.plain);
    }
    CU_ASSERT(n_rollbacks > share_of(100) && n_undone > n_rollbacks);
}

/* ---- without an executor: forth and back, to any depth ------------------------------------------------------------ */

enum { DEPTH = 5000 };

static void grow_as_wanted(archi_block_t **b)
{
    CU_ASSERT_EQUAL_FATAL(archi_block_grow(b, (*b)->wants, 2 * (*b)->section[(*b)->wants].capacity + 64), ARCH_OK);
}

static void push(archi_block_t **b, const archi_event_t *ev)
{
    while (!archi_queue_has_room(*b, 1))
        grow_as_wanted(b);
    archi_queue_push(*b, ev);
}

static archi_undo_t log_for(const archi_block_t *b)
{
    archi_undo_t undo;

    memset(&undo, 0, sizeof undo);
    undo.n_slots = MAX_SENDS + 1;
    undo.entry_at = (uint32_t)(sizeof(archi_undo_record_t) + undo.n_slots * sizeof(uint32_t) + 7) & ~7u;
    undo.record_bytes = (undo.entry_at + b->section[b->per_lp].entry_bytes + 7) & ~7u;
    undo.capacity = DEPTH;
    undo.first = DEPTH - 10; /* so that it goes round */
    undo.bytes = malloc((size_t)undo.capacity * undo.record_bytes);
    CU_ASSERT_PTR_NOT_NULL_FATAL(undo.bytes);
    return undo;
}

static archi_block_t *copy_of(const archi_block_t *b)
{
    archi_block_t *copy = aligned_alloc(64, (b->bytes + 63) & ~(uint64_t)63);

    CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
    memcpy(copy, b, b->bytes);
    return copy;
}

static void run_noting(const case_t *c, archi_block_t **b, arch_time_t horizon, archi_undo_t *undo)
{
    while (imp_noting(&c->plan, &c->map, *b, horizon, undo) == ARCHI_NEEDS_ROOM)
        grow_as_wanted(b);
}

static void undo_to(archi_block_t **b, arch_time_t to, archi_undo_t *undo)
{
    while (undo->n != 0 && archi_undo_record(undo, undo->n - 1)->ev.at >= to) {
        while (!archi_queue_has_room(*b, 1))
            grow_as_wanted(b);
        archi_queue_put_back(*b, archi_undo_last(*b, undo));
    }
}

/* Forth, something comes, further forth; then all of it back, but what came stays. */
static void forth_and_back(const shape_t *shape, uint32_t *state)
{
    arch_time_t from = shape->until / 4, step = 1 + shape->until / (1 + pick(state, 40)), came;
    archi_event_t ev = {0, UINT32_MAX - 1, 7, 0, JUMP, 3, {1, 2, 3}};
    archi_block_t *before;
    archi_undo_t undo;
    case_t c;

    CU_ASSERT_FATAL(open_case(&c, NULL, shape, ARCHI_SEQUENTIAL));
    while (imp_step(&c.plan, &c.map, c.block[0], from) == ARCHI_NEEDS_ROOM)
        grow_as_wanted(&c.block[0]);
    before = copy_of(c.block[0]);
    undo = log_for(before);
    run_noting(&c, &c.block[0], from + step, &undo);
    came = undo.n == 0 ? from : archi_undo_record(&undo, undo.n / 2)->ev.at;
    undo_to(&c.block[0], came, &undo);
    ev.at = came;
    push(&c.block[0], &ev);
    push(&before, &ev);
    run_noting(&c, &c.block[0], from + 2 * step, &undo);
    undo_to(&c.block[0], from, &undo);
    CU_ASSERT(undo.n == 0 && same_block(c.block[0], before));
    free(undo.bytes);
    archi_block_destroy(&before);
    close_case(&c);
}

static void what_was_undone_was_never_done(void)
{
    uint32_t state = 5;

    for (int i = 0; i < (int)share_of(600); i++) {
        shape_t shape = random_shape(&state);
        forth_and_back(&shape, &state);
    }
}

/* ---- and with one ------------------------------------------------------------------------------------------------- */

/* Long delays without lookahead: blocks run far ahead. */
static const shape_t far = {{MAX_LPS, 1, 1, 50000, 400, 1, 0}, 3, 1, 400000000, 0, 2000000};

static void blocks_that_run_far_ahead_come_back(void)
{
    for (uint32_t size = 1; size <= 3; size++) {
        trial_t t;
        memset(&t, 0, sizeof t);
        run_plain(&t, &far);
        CU_ASSERT(t.plain.stats.n_events > 20000);
        CU_ASSERT_EQUAL(run_on_thread_ranks(size, ends_as_plain, &t), 0);
        CU_ASSERT(t.n_undone > 1000);
        close_case(&t.plain);
    }
}

/* Stopped and started again anywhere, each executor going on where another stopped. */
static void a_run_goes_on_where_it_stopped(void)
{
    shape_t shape = far;
    trial_t t;
    case_t c;

    shape.plan.n_lps = 100;
    memset(&t, 0, sizeof t);
    run_plain(&t, &shape);
    CU_ASSERT_FATAL(open_case(&c, NULL, &shape, ARCHI_OPTIMISTIC));
    for (arch_time_t stop = 0; stop <= shape.until; stop += 20000000) {
        c.run.until = stop;
        c.run.kind = stop % 60000000 == 40000000 ? ARCHI_SEQUENTIAL : ARCHI_OPTIMISTIC;
        CU_ASSERT_EQUAL(archi_execute(&c.run, &c.stats), ARCH_OK);
        for (uint32_t i = 0; i < shape.n_blocks; i++)
            CU_ASSERT_EQUAL(c.block[i]->section[ARCHI_SEC_OUTBOX].used, 0);
    }
    CU_ASSERT_EQUAL(n_different(&c, &t.plain), 0);
    close_case(&c);
    close_case(&t.plain);
}

/* ---- memory ------------------------------------------------------------------------------------------------------- */

/* From what the blocks alone need upwards: the log never breaks the limit, nor the run. */
static void the_log_takes_only_what_blocks_leave(void)
{
    shape_t shape = far;
    uint64_t need, step, most_log = 0;
    trial_t t;
    case_t c;

    shape.plan.n_lps = 200;
    memset(&t, 0, sizeof t);
    run_plain(&t, &shape);
    need = t.plain.stats.peak_bytes + 3 * 8192; /* what noting the times of sending takes at most */
    step = need / 40;
    for (shape.memory_limit = need; shape.memory_limit < 2 * need; shape.memory_limit += step) {
        CU_ASSERT_FATAL(open_case(&c, NULL, &shape, ARCHI_OPTIMISTIC));
        CU_ASSERT_EQUAL(archi_execute(&c.run, &c.stats), ARCH_OK);
        CU_ASSERT(c.stats.peak_bytes <= shape.memory_limit && c.stats.copy_bytes <= shape.memory_limit);
        most_log = c.stats.copy_bytes > most_log ? c.stats.copy_bytes : most_log;
        for (uint32_t i = 0; i < shape.n_blocks; i++) {
            CU_ASSERT_PTR_NULL(archi_block_check(c.block[i]));
            CU_ASSERT_EQUAL(c.block[i]->n_events, t.plain.block[i]->n_events);
            CU_ASSERT_EQUAL(memcmp(archi_section(c.block[i], IMPS), archi_section(t.plain.block[i], IMPS),
                                   c.block[i]->n_lps * sizeof(imp_t)), 0);
        }
        close_case(&c);
    }
    CU_ASSERT(most_log > 0);
    close_case(&t.plain);
}

/* Into one block comes more and more while it runs ahead: its log goes when what comes needs the memory. */
static void what_comes_is_worth_more_than_the_log(void)
{
    shape_t shape = {{40, 1, 1, 1000, 50, 0, 1}, 2, 0, 3000000, 0, 400000};
    uint64_t need;
    trial_t t;
    case_t c;

    memset(&t, 0, sizeof t);
    run_plain(&t, &shape);
    CU_ASSERT(archi_queue_count(t.plain.block[1]) > 1000);
    need = t.plain.stats.peak_bytes + 2 * 8192;
    for (uint32_t i = 0; i < 64; i++) {
        if (!in_share(i))
            continue;
        shape.memory_limit = need + (uint64_t)i * 1024;
        CU_ASSERT_FATAL(open_case(&c, NULL, &shape, ARCHI_OPTIMISTIC));
        CU_ASSERT_EQUAL(archi_execute(&c.run, &c.stats), ARCH_OK);
        CU_ASSERT_EQUAL(c.block[1]->n_events, t.plain.block[1]->n_events);
        CU_ASSERT_EQUAL(archi_queue_count(c.block[1]), archi_queue_count(t.plain.block[1]));
        close_case(&c);
    }
    close_case(&t.plain);
}

static arch_status_t run_within(const shape_t *shape, uint64_t limit, arch_time_t ahead, archi_executor_stats_t *stats)
{
    shape_t narrow = *shape;
    arch_status_t st = ARCH_E_NOMEM;
    case_t c;

    narrow.memory_limit = limit;
    narrow.ahead = ahead;
    if (open_case(&c, NULL, &narrow, ARCHI_OPTIMISTIC))
        st = archi_execute(&c.run, &c.stats);
    *stats = c.stats;
    close_case(&c);
    return st;
}

/* What fills the memory comes from another block, while logs take what is left of it: they go, and the run goes on. Running
 * ahead fills outboxes, too, which it may want a little more for than a run that never does. */
static void the_log_goes_when_something_comes(void)
{
    const shape_t shape = {{40, 1, 1, 1000, 50, 0, 1}, 2, 0, 3000000, 0, 400000};
    archi_executor_stats_t stats;
    uint64_t enough = 16 << 10, most_log = 0;

    while (run_within(&shape, enough, 1, &stats) == ARCH_E_FULL)
        enough += enough / 16;
    CU_ASSERT_EQUAL(stats.copy_bytes, 0);
    for (uint64_t limit = enough / 4; limit < 2 * enough; limit += test_is_long() ? 4 << 10 : 16 << 10) {
        arch_status_t st = run_within(&shape, limit, shape.ahead, &stats);

        CU_ASSERT(st == ARCH_OK || (st == ARCH_E_FULL && limit < enough + enough / 8));
        CU_ASSERT(stats.peak_bytes <= limit);
        most_log = stats.copy_bytes > most_log ? stats.copy_bytes : most_log;
    }
    CU_ASSERT(most_log > enough / 4);
}

/* With memory for one allocation more each time: found the same, or said why not. */
static int runs_or_says_why(archi_net_t *net, void *user)
{
    trial_t *t = user;
    int n_wrong = 0;

    for (long budget = 0; budget < 120; budget++) {
        arch_status_t st;
        case_t c;

        n_wrong += !open_case(&c, net, t->shape, ARCHI_OPTIMISTIC);
        n_wrong += archi_net_barrier(net) != ARCH_OK;
        if (archi_net_rank(net) == 0)
            test_alloc_budget(budget);
        n_wrong += archi_net_barrier(net) != ARCH_OK;
        st = archi_execute(&c.run, &c.stats);
        n_wrong += archi_net_barrier(net) != ARCH_OK;
        test_alloc_budget(-1);
        n_wrong += st != ARCH_OK && st != ARCH_E_NOMEM;
        n_wrong += budget == 119 && st != ARCH_OK;
        for (uint32_t i = 0; i < c.run.n_local; i++) {
            const archi_block_t *plain = t->plain.block[c.block[i]->id];
            n_wrong += archi_block_check(c.block[i]) != NULL;
            n_wrong += st == ARCH_OK && (c.block[i]->n_events != plain->n_events || c.block[i]->now != plain->now);
        }
        n_wrong += archi_net_barrier(net) != ARCH_OK;
        close_case(&c);
    }
    return n_wrong;
}

static void survives_failing_allocations(void)
{
    long before = test_live_bytes();
    shape_t shape = far;
    trial_t t;

    shape.plan.n_lps = 60;
    shape.until = 60000000;
    memset(&t, 0, sizeof t);
    run_plain(&t, &shape);
    for (uint32_t size = 1; size <= 2; size++)
        CU_ASSERT_EQUAL(run_on_thread_ranks(size, runs_or_says_why, &t), 0);
    close_case(&t.plain);
    CU_ASSERT_EQUAL(test_live_bytes(), before);
}

/* ---- cancelling --------------------------------------------------------------------------------------------------- */

static int at_once(void *user, arch_time_t now, uint64_t n_events)
{
    (void)now;
    (void)n_events;
    return ++*(int *)user == 1;
}

static uint64_t sleep_after; /* events of block 0 */
static atomic_int slept;

/* Slow once, so that progress is told in the midst of things. */
static archi_stop_t slow_noting(const void *plan, const archi_map_t *map, archi_block_t *b, arch_time_t horizon,
                                archi_undo_t *undo)
{
    struct timespec quarter_second = {0, 250000000};

    if (b->id == 0 && b->n_events >= sleep_after && !atomic_exchange(&slept, 1))
        nanosleep(&quarter_second, NULL);
    return imp_noting(plan, map, b, horizon, undo);
}

static int is_cancelled_and_goes_on(archi_net_t *net, void *user)
{
    trial_t *t = user;
    int n_told = 0, n_wrong = 1;
    case_t c;

    if (open_case(&c, net, t->shape, ARCHI_OPTIMISTIC)) {
        c.run.noting = slow_noting;
        c.run.progress = at_once;
        c.run.user = &n_told;
        n_wrong = archi_execute(&c.run, &c.stats) != ARCH_E_CANCELLED;
        for (uint32_t i = 0; i < c.run.n_local; i++) {
            n_wrong += archi_block_check(c.block[i]) != NULL;
            n_wrong += c.block[i]->section[ARCHI_SEC_OUTBOX].used != 0;
        }
        c.run.noting = imp_noting;
        c.run.progress = NULL;
        n_wrong += archi_execute(&c.run, &c.stats) != ARCH_OK;
        n_wrong += n_different(&c, &t->plain);
    }
    close_case(&c);
    return n_wrong;
}

static void a_cancelled_run_can_go_on(void)
{
    for (sleep_after = 200; sleep_after <= 2000; sleep_after += test_is_long() ? 600 : 1200)
        for (uint32_t size = test_is_long() ? 1 : 2; size <= 3; size++) {
            trial_t t;
            memset(&t, 0, sizeof t);
            run_plain(&t, &far);
            slept = 0;
            CU_ASSERT_EQUAL(run_on_thread_ranks(size, is_cancelled_and_goes_on, &t), 0);
            close_case(&t.plain);
        }
}

/* ---- what is told ------------------------------------------------------------------------------------------------- */

static int at_most_all(void *user, arch_time_t now, uint64_t n_events)
{
    uint64_t *told = user;

    (void)now;
    told[0] = n_events > told[0] ? n_events : told[0];
    told[1]++;
    return 0;
}

/* Told when nearly all has happened: what was undone is not among it. */
static int counts_events_once(archi_net_t *net, void *user)
{
    trial_t *t = user;
    uint64_t told[2] = {0, 0};
    int n_wrong = 1;
    case_t c;

    if (open_case(&c, net, t->shape, ARCHI_OPTIMISTIC)) {
        c.run.noting = slow_noting;
        c.run.progress = at_most_all;
        c.run.user = told;
        n_wrong = archi_execute(&c.run, &c.stats) != ARCH_OK;
        n_wrong += told[1] == 0 || told[0] == 0 || told[0] > t->plain.stats.n_events;
        t->n_undone += c.stats.n_undone;
    }
    close_case(&c);
    return n_wrong;
}

static void progress_counts_events_once(void)
{
    for (uint32_t size = 1; size <= 3; size++) {
        trial_t t;
        memset(&t, 0, sizeof t);
        run_plain(&t, &far);
        sleep_after = t.plain.block[0]->n_events * 9 / 10;
        slept = 0;
        CU_ASSERT_EQUAL(run_on_thread_ranks(size, counts_events_once, &t), 0);
        CU_ASSERT(t.n_undone > t.plain.stats.n_events / 8); /* enough to show */
        close_case(&t.plain);
    }
}

int main(void)
{
    CU_TestInfo tests[] = {{"what_was_undone_was_never_done", what_was_undone_was_never_done},
                           {"undone_blocks_are_what_they_were", undone_blocks_are_what_they_were},
                           {"blocks_that_run_far_ahead_come_back", blocks_that_run_far_ahead_come_back},
                           {"a_run_goes_on_where_it_stopped", a_run_goes_on_where_it_stopped},
                           {"the_log_takes_only_what_blocks_leave", the_log_takes_only_what_blocks_leave},
                           {"what_comes_is_worth_more_than_the_log", what_comes_is_worth_more_than_the_log},
                           {"the_log_goes_when_something_comes", the_log_goes_when_something_comes},
                           {"survives_failing_allocations", survives_failing_allocations},
                           {"a_cancelled_run_can_go_on", a_cancelled_run_can_go_on},
                           {"progress_counts_events_once", progress_counts_events_once},
                           CU_TEST_INFO_NULL};
    CU_SuiteInfo suites[] = {{"undo", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
    unsigned failures;

    if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS)
        return EXIT_FAILURE;
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
