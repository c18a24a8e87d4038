/* engine/executor_choose.c - what rank 0 changes between two segments: the executor, the ranks at work, who holds what.
 *
 * No model of this machine, of its neighbours or of the design says beforehand what is fastest, so it is tried: a *trial*
 * runs a few short segments in another way, and the way with more events per second of wall time is kept. What has failed
 * is left alone for twice as long each time, so that trials cost next to nothing in the long run.
 *
 * Load is balanced without trial: a greedy pass from the most to the least loaded rank (Graham, "Bounds on multiprocessing
 * timing anomalies", 1969, bounds how far that is from the best), with the loads of the last segments taken for those of the
 * next; see Boukerche and Das, "Dynamic load balancing strategies for conservative parallel simulations", PADS 1997. */
#include "engine/executor_course.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double first_aim = 0.005, trial_aim = 0.010, longest_aim = 0.075; /* wall seconds of a segment */
static const double better = 1.03;      /* so much faster must a way be to replace another */
static const double idle = 0.75;        /* below this share of busy time another way may be faster */
static const double apart = 1.15;       /* most loaded rank over the mean: further apart than this blocks are moved */
static const double dear = 0.1;         /* a copy of all blocks that takes more than this share of a trial's segment */
static const double second_per_byte = 2e-9, second_per_event = 1e-7; /* of a move; roughly, to weigh gain against cost */

enum { TRIAL = 4, FIRST_PATIENCE = 8, LONGEST_PATIENCE = 1024, TO_SETTLE = 2 };

typedef struct {
    double wall, busy, n_events;
} segment_t;

/* ---- making ------------------------------------------------------------------------------------------------------ */

/* Windows take microseconds: the first segment is some of them, or a small part of the run. */
static double first_length(const archi_run_t *run)
{
    double part = (double)run->until / 64, windows = 64 * (double)run->lookahead;

    if (run->segment > 0)
        return (double)run->segment;
    if (run->pause != NULL && part > (double)ARCH_MILLISECOND) /* who asks for pauses wants some also of a short run */
        part = (double)ARCH_MILLISECOND;
    return run->lookahead > 0 && windows < part ? windows : part;
}

/* Ranks that share cores only keep each other from them, and no trial needs to show it: where all are on one machine, as
 * many work as it has cores. Between machines, and where segments are given, all may. */
static uint32_t most_at_work(const archi_run_t *run, uint32_t size)
{
    uint32_t first, cores;

    if (run->moving != ARCHI_BALANCE || run->segment > 0 || run->net == NULL || archi_net_near(run->net, &first) < size)
        return size;
    cores = archi_net_cores(run->net);
    if (cores >= size)
        return size;
    /* Few blocks must come out even: else one rank has twice the load of another. */
    return run->map->n_blocks % cores == 0 || run->map->n_blocks >= 4 * cores ? cores : size;
}

arch_status_t archi_choice_make(const archi_run_t *run, uint32_t size, const uint32_t *home, archi_choice_t *c)
{
    memset(c, 0, sizeof *c);
    c->run = *run;
    c->size = size;
    c->n_blocks = run->map->n_blocks;
    c->home = home;
    c->way = (archi_way_t){run->kind == ARCHI_AUTOMATIC ? ARCHI_CONSERVATIVE : (uint32_t)run->kind, size};
    c->most = most_at_work(run, size);
    c->length = first_length(run);
    c->aim = first_aim;
    c->dice = run->moving_seed;
    c->trying = ARCHI_N_TRIES;
    for (int k = 0; k < ARCHI_N_TRIES; k++)
        c->attempt[k] = (archi_try_t){k == ARCHI_TRY_MORE ? FIRST_PATIENCE : 0, FIRST_PATIENCE};
    c->load = calloc(c->n_blocks + (size_t)1, sizeof *c->load);
    c->rank_load = calloc(size, sizeof *c->rank_load);
    c->rank_bytes = calloc(size, sizeof *c->rank_bytes);
    c->holder_before = calloc(c->n_blocks + (size_t)1, sizeof *c->holder_before);
    if (c->load == NULL || c->rank_load == NULL || c->rank_bytes == NULL || c->holder_before == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to watch %u blocks", (unsigned)c->n_blocks);
    return ARCH_OK;
}

void archi_choice_free(archi_choice_t *c)
{
    free(c->load);
    free(c->rank_load);
    free(c->rank_bytes);
    free(c->holder_before);
}

/* ---- learning from a segment ------------------------------------------------------------------------------------- */

static segment_t sum_up(const archi_measures_t *m)
{
    segment_t s = {1e-9, 0, 0};

    for (uint32_t r = 0; r < m->size; r++) {
        double wall = 1e-9 * (double)archi_of_rank(m, r)[ARCHI_OF_RANK_WALL];
        s.wall = wall > s.wall ? wall : s.wall;
        s.busy += 1e-9 * (double)archi_of_rank(m, r)[ARCHI_OF_RANK_BUSY];
    }
    for (uint32_t b = 0; b < m->n_blocks; b++)
        s.n_events += (double)archi_of_block(m, b)[ARCHI_OF_BLOCK_EVENTS];
    return s;
}

/* Seconds that a rank took for an event; 1 where events are all that counts. */
static double cost_of_event(const archi_choice_t *c, const archi_measures_t *m, uint32_t rank)
{
    if (c->run.segment > 0)
        return 1;
    return c->rank_load[rank] > 0 ? 1e-9 * (double)archi_of_rank(m, rank)[ARCHI_OF_RANK_BUSY] / c->rank_load[rank] : 0;
}

/* rank_load holds events here, until balancing needs it for load. */
static void learn_loads(archi_choice_t *c, const archi_measures_t *m)
{
    memset(c->rank_load, 0, c->size * sizeof *c->rank_load);
    for (uint32_t b = 0; b < c->n_blocks; b++)
        c->rank_load[m->holder[b]] += (double)archi_of_block(m, b)[ARCHI_OF_BLOCK_EVENTS];
    for (uint32_t b = 0; b < c->n_blocks; b++) {
        double now = (double)archi_of_block(m, b)[ARCHI_OF_BLOCK_EVENTS] * cost_of_event(c, m, m->holder[b]);
        c->load[b] = (c->load[b] + now) / 2;
    }
}

static void learn_speed(archi_choice_t *c, const segment_t *s)
{
    double rate = s->n_events / s->wall, efficiency = s->busy / (s->wall * c->way.n_active);

    c->rate = c->n_rated == 0 ? rate : (c->rate + rate) / 2;
    c->efficiency = c->n_rated == 0 ? efficiency : (c->efficiency + efficiency) / 2;
    c->n_rated++;
}

/* ---- who would hold what ----------------------------------------------------------------------------------------- */

/* Would every rank have memory for what it keeps and what comes? What leaves goes only when it has arrived. Of a limit one
 * `part` is counted on: fewer ranks are only as many limits, and blocks grow. */
static int fits(archi_choice_t *c, const archi_measures_t *m, const uint32_t *wanted, uint32_t part)
{
    for (uint32_t r = 0; r < c->size; r++)
        c->rank_bytes[r] = archi_of_rank(m, r)[ARCHI_OF_RANK_BYTES];
    for (uint32_t b = 0; b < c->n_blocks; b++)
        if (wanted[b] != m->holder[b])
            c->rank_bytes[wanted[b]] += archi_of_block(m, b)[ARCHI_OF_BLOCK_BYTES];
    for (uint32_t r = 0; r < c->size; r++) {
        uint64_t limit = archi_of_rank(m, r)[ARCHI_OF_RANK_LIMIT];
        if (limit != 0 && c->rank_bytes[r] > limit / part)
            return 0;
    }
    return 1;
}

enum { ALL = 1, HALF = 2 };

static double wall_left(const archi_choice_t *c, const archi_measures_t *m, const segment_t *s)
{
    return c->length > 0 ? s->wall * (double)(m->until - m->next) / c->length : 0;
}

/* ---- trials ------------------------------------------------------------------------------------------------------ */

/* Running ahead copies blocks again and again, unless the model can be undone: of large ones not even a trial pays, as its
 * few segments would go into copying a gigabyte several times. */
static int may_run_ahead(const archi_choice_t *c, const archi_measures_t *m)
{
    double bytes = 0;

    if (c->run.noting != NULL)
        return 1;
    for (uint32_t r = 0; r < c->size; r++) {
        double here = (double)archi_of_rank(m, r)[ARCHI_OF_RANK_BYTES];
        bytes = here > bytes ? here : bytes;
    }
    return bytes * second_per_byte < dear * trial_aim;
}

static int may_try(const archi_choice_t *c, const archi_measures_t *m, uint32_t k)
{
    int moves = c->run.moving == ARCHI_BALANCE, waits = c->efficiency < idle;

    if (c->attempt[k].rest > 0)
        return 0;
    if (k == ARCHI_TRY_FEWER)
        return moves && c->way.n_active > 1 && (waits || c->way.kind == ARCHI_OPTIMISTIC);
    if (k == ARCHI_TRY_MORE)
        return moves && c->way.n_active < c->most;
    if (c->way.kind != ARCHI_OPTIMISTIC && !may_run_ahead(c, m))
        return 0;
    return c->run.kind == ARCHI_AUTOMATIC && c->way.n_active > 1 && (waits || c->way.kind == ARCHI_OPTIMISTIC);
}

static uint32_t other_kind(uint32_t kind) { return kind == ARCHI_OPTIMISTIC ? ARCHI_CONSERVATIVE : ARCHI_OPTIMISTIC; }

/* As many ranks as have been busy, and at most half of those there are: more ranks than cores come down at once. */
static uint32_t fewer(const archi_choice_t *c)
{
    uint32_t n = c->way.n_active, busy = (uint32_t)(c->efficiency * n) + 1;

    busy = busy < 2 ? 2 : busy;
    return busy < n / 2 ? busy : n / 2;
}

/* Neighbours' blocks come together when ranks get fewer, and go back where they began when ranks get more. */
static void plan_trial(archi_choice_t *c, const archi_measures_t *m, uint32_t k, uint32_t *wanted)
{
    uint32_t from = c->way.n_active;

    if (k == ARCHI_TRY_FEWER) {
        c->way.n_active = fewer(c);
        for (uint32_t b = 0; b < c->n_blocks; b++)
            wanted[b] = (uint32_t)((uint64_t)wanted[b] * c->way.n_active / from);
    } else if (k == ARCHI_TRY_MORE) {
        c->way.n_active = 2 * from < c->most ? 2 * from : c->most;
        for (uint32_t b = 0; b < c->n_blocks; b++)
            wanted[b] = (uint32_t)((uint64_t)c->home[b] * c->way.n_active / c->size);
    }
    if (k == ARCHI_TRY_KIND ||
        (k == ARCHI_TRY_MORE && from == 1 && c->run.kind == ARCHI_AUTOMATIC &&
         (c->way.kind == ARCHI_OPTIMISTIC || may_run_ahead(c, m))))
        c->way.kind = other_kind(c->way.kind); /* one rank alone does not tell them apart: each has its turn */
}

static void begin_trial(archi_choice_t *c, const archi_measures_t *m, uint32_t k, uint32_t *wanted)
{
    c->way_before = c->way;
    memcpy(c->holder_before, m->holder, c->n_blocks * sizeof *wanted);
    plan_trial(c, m, k, wanted);
    c->trying = k;
    c->n_left = TRIAL;
    c->trial_events = c->trial_seconds = 0;
    if (fits(c, m, wanted, k == ARCHI_TRY_FEWER ? HALF : ALL))
        return;
    memcpy(wanted, m->holder, c->n_blocks * sizeof *wanted);
    archi_choice_refused(c, c->way_before);
}

static void fail_trial(archi_choice_t *c)
{
    archi_try_t *t = &c->attempt[c->trying];

    t->rest = t->patience;
    t->patience = 2 * t->patience < LONGEST_PATIENCE ? 2 * t->patience : LONGEST_PATIENCE;
    c->way = c->way_before;
    c->trying = ARCHI_N_TRIES;
    c->n_rated = 1;
}

void archi_choice_refused(archi_choice_t *c, archi_way_t now)
{
    if (c->trying != ARCHI_N_TRIES)
        fail_trial(c);
    c->way = now;
}

/* What was tried is faster: it stays, and what leads away from it gets its chance later. */
static void keep_trial(archi_choice_t *c)
{
    for (int k = 0; k < ARCHI_N_TRIES; k++)
        if (c->attempt[k].rest < TO_SETTLE)
            c->attempt[k].rest = TO_SETTLE;
    if (c->trying == ARCHI_TRY_FEWER)
        c->attempt[ARCHI_TRY_MORE].rest = c->attempt[ARCHI_TRY_MORE].patience;
    if (c->trying == ARCHI_TRY_MORE)
        c->attempt[ARCHI_TRY_FEWER].rest = c->attempt[ARCHI_TRY_FEWER].patience;
    if (c->trying == ARCHI_TRY_KIND)
        c->attempt[ARCHI_TRY_KIND].rest = c->attempt[ARCHI_TRY_KIND].patience;
    c->attempt[c->trying].patience = FIRST_PATIENCE;
    c->trying = ARCHI_N_TRIES;
    c->n_rated = 0;
}

/* The first segment of a trial fetches what moved into other caches: it does not count. Where memory does not let blocks go
 * back the new way stays. */
static void judge_trial(archi_choice_t *c, const archi_measures_t *m, const segment_t *s, uint32_t *wanted)
{
    if (c->n_left-- == TRIAL)
        return;
    c->trial_events += s->n_events;
    c->trial_seconds += s->wall;
    if (c->n_left > 0)
        return;
    if (c->trial_events > better * c->rate * c->trial_seconds || !fits(c, m, c->holder_before, ALL)) {
        keep_trial(c);
        return;
    }
    fail_trial(c);
    memcpy(wanted, c->holder_before, c->n_blocks * sizeof *wanted);
}

static void consider_trial(archi_choice_t *c, const archi_measures_t *m, const segment_t *s, uint32_t *wanted)
{
    static const uint32_t order[] = {ARCHI_TRY_KIND, ARCHI_TRY_FEWER, ARCHI_TRY_MORE};
    double cost = TRIAL * (c->aim < trial_aim ? c->aim : trial_aim);

    for (int k = 0; k < ARCHI_N_TRIES; k++)
        c->attempt[k].rest -= c->attempt[k].rest > 0;
    if (c->n_rated < TO_SETTLE || wall_left(c, m, s) < 5 * cost)
        return;
    for (int i = 0; i < ARCHI_N_TRIES; i++)
        if (may_try(c, m, order[i])) {
            begin_trial(c, m, order[i], wanted);
            return;
        }
}

/* ---- balance ----------------------------------------------------------------------------------------------------- */

typedef struct {
    uint32_t most, least;
    double   mean;
} spread_t;

static spread_t spread_of(const archi_choice_t *c)
{
    spread_t s = {0, 0, 0};

    for (uint32_t r = 0; r < c->way.n_active; r++) {
        s.mean += c->rank_load[r] / c->way.n_active;
        if (c->rank_load[r] > c->rank_load[s.most])
            s.most = r;
        if (c->rank_load[r] < c->rank_load[s.least])
            s.least = r;
    }
    return s;
}

/* The block of the most loaded rank that brings the two closest together, and for which there is room; ARCHI_NIL: none. */
static uint32_t best_to_move(const archi_choice_t *c, const archi_measures_t *m, const uint32_t *wanted, const spread_t *s)
{
    double gap = c->rank_load[s->most] - c->rank_load[s->least], best = gap;
    uint64_t limit = archi_of_rank(m, s->least)[ARCHI_OF_RANK_LIMIT];
    uint32_t found = ARCHI_NIL;

    for (uint32_t b = 0; b < c->n_blocks; b++) {
        double left = fabs(gap - 2 * c->load[b]);
        if (wanted[b] != s->most || m->holder[b] != s->most || left >= best)
            continue;
        if (limit != 0 && c->rank_bytes[s->least] + archi_of_block(m, b)[ARCHI_OF_BLOCK_BYTES] > limit)
            continue;
        best = left;
        found = b;
    }
    return gap - best > 0.02 * s->mean ? found : ARCHI_NIL;
}

/* Move blocks until that helps no more. Bytes that move. */
static uint64_t even_out(archi_choice_t *c, const archi_measures_t *m, uint32_t *wanted)
{
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < c->n_blocks; i++) {
        spread_t s = spread_of(c);
        uint32_t b = best_to_move(c, m, wanted, &s);
        if (b == ARCHI_NIL)
            break;
        wanted[b] = s.least;
        c->rank_load[s.most] -= c->load[b];
        c->rank_load[s.least] += c->load[b];
        c->rank_bytes[s.least] += archi_of_block(m, b)[ARCHI_OF_BLOCK_BYTES];
        bytes += archi_of_block(m, b)[ARCHI_OF_BLOCK_BYTES];
    }
    return bytes;
}

/* Loads that were apart in one segment may have been so by chance. What is gained in the rest of the run must pay. */
static void balance(archi_choice_t *c, const archi_measures_t *m, uint32_t *wanted)
{
    double unit = c->run.segment > 0 ? second_per_event : 1, segments = (double)(m->until - m->next) / c->length, before;
    uint64_t bytes;
    spread_t s;

    (void)fits(c, m, m->holder, ALL);
    memset(c->rank_load, 0, c->size * sizeof *c->rank_load);
    for (uint32_t b = 0; b < c->n_blocks; b++)
        c->rank_load[m->holder[b]] += c->load[b];
    s = spread_of(c);
    before = c->rank_load[s.most];
    c->n_drifted = before > apart * s.mean ? c->n_drifted + 1 : 0;
    if (c->n_drifted < 2)
        return;
    c->n_drifted = 0;
    bytes = even_out(c, m, wanted);
    s = spread_of(c);
    if ((before - c->rank_load[s.most]) * unit * segments < (double)bytes * second_per_byte)
        memcpy(wanted, m->holder, c->n_blocks * sizeof *wanted);
}

/* ---- wandering --------------------------------------------------------------------------------------------------- */

/* Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014. */
static uint32_t roll(archi_choice_t *c, uint32_t n)
{
    uint64_t z = c->dice += 0x9e3779b97f4a7c15ull;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return (uint32_t)((z ^ z >> 31) >> 32) % n;
}

static void wander(archi_choice_t *c, uint32_t *wanted)
{
    double mean = c->run.segment > 0 ? (double)c->run.segment : (double)c->run.until / 32;

    c->way.n_active = 1 + roll(c, c->size);
    for (uint32_t b = 0; b < c->n_blocks; b++)
        wanted[b] = roll(c, c->way.n_active);
    if (c->run.kind == ARCHI_AUTOMATIC)
        c->way.kind = roll(c, 2) == 0 ? ARCHI_CONSERVATIVE : ARCHI_OPTIMISTIC;
    c->length = 1 + mean * roll(c, 2000) / 1000;
}

/* ---- choosing ---------------------------------------------------------------------------------------------------- */

/* The next segment's length, from what the last took of wall time. */
static void set_length(archi_choice_t *c, const segment_t *s)
{
    double aim = c->trying != ARCHI_N_TRIES && c->aim > trial_aim ? trial_aim : c->aim, ratio = 4;

    if (s->wall * 8 > aim)
        ratio = aim / s->wall > 0.125 ? aim / s->wall : 0.125;
    c->length *= ratio;
    if (c->length < 1)
        c->length = 1;
    c->aim = 1.25 * c->aim < longest_aim ? 1.25 * c->aim : longest_aim;
}

/* Between processes bytes are carried, and home again at the end: with a large state that may be more than is to gain. */
static int is_cheap(const archi_choice_t *c, const archi_measures_t *m, const uint32_t *wanted)
{
    double bytes = 0;

    for (uint32_t b = 0; b < c->n_blocks; b++)
        bytes += wanted[b] != m->holder[b] ? (double)archi_of_block(m, b)[ARCHI_OF_BLOCK_BYTES] : 0;
    return c->run.net == NULL || archi_net_one_process(c->run.net) || bytes * second_per_byte < longest_aim;
}

/* All ranks begin, or as many as there are cores for, neighbours' blocks together. */
static void begin(archi_choice_t *c, const archi_measures_t *m, uint32_t *wanted)
{
    if (c->most == c->size)
        return;
    for (uint32_t b = 0; b < c->n_blocks; b++)
        wanted[b] = (uint32_t)((uint64_t)b * c->most / c->n_blocks);
    if (fits(c, m, wanted, HALF) && is_cheap(c, m, wanted))
        c->way.n_active = c->most;
    else
        memcpy(wanted, m->holder, c->n_blocks * sizeof *wanted);
}

/* Some ranks rest, and one at work comes near its limit, which is not for all blocks: all go to work, for good. */
static int spread_out(archi_choice_t *c, const archi_measures_t *m, uint32_t *wanted)
{
    if (c->way.n_active == c->size || fits(c, m, m->holder, HALF))
        return 0;
    if (c->trying != ARCHI_N_TRIES)
        fail_trial(c);
    c->way.n_active = c->most = c->size;
    c->attempt[ARCHI_TRY_FEWER].rest = UINT32_MAX;
    c->n_rated = 0;
    memcpy(wanted, c->home, c->n_blocks * sizeof *wanted);
    return 1;
}

static void choose_by_time(archi_choice_t *c, const archi_measures_t *m, const segment_t *s, uint32_t *wanted)
{
    if (spread_out(c, m, wanted)) {
        c->n_drifted = 0;
    } else if (c->trying != ARCHI_N_TRIES) {
        judge_trial(c, m, s, wanted);
    } else if (c->n_chosen > 1) { /* in the first segment nothing was in the caches yet */
        learn_speed(c, s);
        consider_trial(c, m, s, wanted);
        if (c->trying == ARCHI_N_TRIES && c->run.moving == ARCHI_BALANCE && c->way.n_active > 1)
            balance(c, m, wanted);
    }
    set_length(c, s);
}

void archi_choose(archi_choice_t *c, const archi_measures_t *m, archi_order_t *order, uint32_t *wanted)
{
    segment_t s = sum_up(m);

    memcpy(wanted, m->holder, c->n_blocks * sizeof *wanted);
    learn_loads(c, m);
    if (c->n_chosen == 0)
        begin(c, m, wanted);
    else if (c->run.moving == ARCHI_WANDER)
        wander(c, wanted);
    else if (c->run.segment > 0 && c->run.moving == ARCHI_BALANCE)
        balance(c, m, wanted);
    else if (c->run.segment == 0)
        choose_by_time(c, m, &s, wanted);
    c->n_chosen += c->n_chosen < 2;
    order->way = c->way;
    order->until = c->length < 0x1p62 ? archi_time_add(m->next, (arch_time_t)c->length) : m->until;
    if (order->until > m->until)
        order->until = m->until;
}
