/* bench/phold.c - PHOLD (Fujimoto, "Performance of Time Warp under synthetic workloads", 1990) on the bare engine.
 *
 * Every process starts with some events. Handling one sends one more, `lookahead` plus an exponential time later, with
 * probability `remote` to a process chosen among all, else to itself; so the number of pending events never changes. Each
 * process folds the identity of every event it handles into a checksum, in the order it handles them: the digest over all
 * processes is the same if and only if every process saw the same events in the same order.
 *
 *     phold --lps 16384 --start 1 --remote 0.5 --lookahead 0.1 --mean 1 --end 100 --seed 1 --blocks 1 --threads 1
 *     phold --lps 16384 --threads 2 --lookahead 0 --executor optimistic                  (0 is one tick)
 *     phold --lps 16384 --blocks 64 --threads 2 --lookahead 0 --executor optimistic --back copies
 *     mpirun -n 2 phold --lps 16384 --blocks 2 */
#include "bench/options.h"
#include "bench/phold_model.h"
#include "engine/executor.h"
#include <pthread.h>

typedef struct {
    uint64_t lps, start, seed, blocks, threads;
    double remote, lookahead, ahead, mean, end;
    const char *executor, *moving, *back;
} options_t;

typedef struct {
    double seconds;
    uint64_t n_events, n_windows, n_messages, n_bytes, peak_bytes, block_bytes, digest;
    double wait_seconds;
    uint64_t n_rollbacks, n_undone, n_repeated, n_copies, copy_bytes;
    uint64_t n_moved, moved_bytes, n_changes;
} outcome_t;

/* ---- steps ------------------------------------------------------------------------------------------------------- */

static archi_stop_t step(const void *plan, const archi_map_t *map, archi_block_t *b, arch_time_t horizon)
{
    return archi_run_until(plan, map, b, horizon, handle);
}

static archi_stop_t noting_step(const void *plan, const archi_map_t *map, archi_block_t *b, arch_time_t horizon,
                                archi_undo_t *undo)
{
    return archi_run_until_noting(plan, map, b, horizon, handle, undo);
}

/* ---- blocks ------------------------------------------------------------------------------------------------------ */

static arch_status_t fill_block(const options_t *o, const plan_t *plan, const archi_map_t *map, archi_block_t **b)
{
    archi_lp_t first = (*b)->id * map->stripe;

    for (uint32_t place = 0; place < (*b)->n_lps; place++) {
        archi_lp_state(*b, place)->key = archi_draw_key(o->seed, 0, first + place);
        for (uint64_t i = 0; i < o->start; i++) {
            ARCH_TRY(archi_block_make_room(b));
            send_next(plan, map, *b, first + place, place);
        }
    }
    return ARCH_OK;
}

/* The first events go to the process itself: sent as if none were remote. */
static arch_status_t make_block(const options_t *o, plan_t plan, const archi_map_t *map, uint32_t id, archi_block_t **b)
{
    archi_block_spec_t spec;
    uint32_t first = id * map->stripe;

    memset(&spec, 0, sizeof spec);
    spec.id = id;
    spec.seed = o->seed;
    spec.n_lps = map->n_lps - first < map->stripe ? map->n_lps - first : map->stripe;
    spec.n_events_hint = (uint32_t)(spec.n_lps * o->start + spec.n_lps * o->start / 8 + 16);
    spec.max_sends = 1;
    spec.model[0] = (archi_section_spec_t){ARCHI_ARRAY, sizeof(lp_t), spec.n_lps, 0};
    ARCH_TRY(archi_block_create(&spec, b));
    plan.remote = 0;
    return fill_block(o, &plan, map, b);
}

static uint64_t digest_of(archi_block_t *b, const archi_map_t *map)
{
    const lp_t *lp = archi_section(b, LPS);
    uint64_t sum = 0;

    for (uint32_t i = 0; i < b->n_lps; i++)
        sum += archi_mix64(lp[i].checksum ^ archi_mix64(lp[i].n_events ^ archi_mix64(b->id * map->stripe + i + 1)));
    return sum;
}

/* An archi_executor_kind_t; -1: to be chosen, -2: no such word. */
static int executor_of(const options_t *o)
{
    static const char *const word[] = {"auto", "sequential", "conservative", "optimistic"};
    int i = 3;

    while (i >= 0 && strcmp(o->executor, word[i]) != 0)
        i--;
    return i - 1;
}

/* An archi_moving_t; -1: no such word. */
static int moving_of(const options_t *o)
{
    static const char *const word[] = {"stay", "balance", "wander"};
    int i = 2;

    while (i >= 0 && strcmp(o->moving, word[i]) != 0)
        i--;
    return i;
}

static archi_executor_kind_t kind_of(const options_t *o, uint32_t n_ranks)
{
    if (executor_of(o) >= 0)
        return (archi_executor_kind_t)executor_of(o);
    if (n_ranks > 1 && moving_of(o) != ARCHI_STAY)
        return ARCHI_AUTOMATIC;
    return n_ranks > 1 ? ARCHI_CONSERVATIVE : ARCHI_SEQUENTIAL;
}

/* ---- one rank ---------------------------------------------------------------------------------------------------- */

typedef struct {
    const options_t *o;
    archi_net_t *net;
    plan_t plan;
    archi_map_t map;
    uint32_t *rank_of;
    archi_block_t **block;
    uint32_t n_local;
} rank_t;

static arch_status_t set_up(rank_t *r)
{
    const options_t *o = r->o;
    uint32_t size = archi_net_size(r->net);

    r->plan = (plan_t){1e9 * (o->mean - o->lookahead), o->lookahead < 1e-9 ? 1 : (arch_time_t)(1e9 * o->lookahead),
                       (uint64_t)(o->remote * 4294967296.0), (uint32_t)o->lps};
    r->map.n_lps = (uint32_t)o->lps;
    r->map.stripe = (uint32_t)((o->lps + o->blocks - 1) / o->blocks);
    r->map.n_blocks = (r->map.n_lps + r->map.stripe - 1) / r->map.stripe;
    r->rank_of = calloc(r->map.n_blocks, sizeof *r->rank_of);
    r->block = calloc(r->map.n_blocks, sizeof(archi_block_t *));
    if (r->rank_of == NULL || r->block == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u blocks", (unsigned)r->map.n_blocks);
    for (uint32_t id = 0; id < r->map.n_blocks; id++) {
        r->rank_of[id] = (uint32_t)((uint64_t)id * size / r->map.n_blocks);
        if (r->rank_of[id] == archi_net_rank(r->net))
            ARCH_TRY(make_block(o, r->plan, &r->map, id, &r->block[r->n_local++]));
    }
    return ARCH_OK;
}

static arch_status_t run(rank_t *r, outcome_t *out)
{
    archi_executor_stats_t stats;
    archi_run_t run;

    memset(&run, 0, sizeof run);
    run.net = r->net;
    run.map = &r->map;
    run.rank_of = r->rank_of;
    run.block = r->block;
    run.n_local = r->n_local;
    run.plan = &r->plan;
    run.step = step;
    run.noting = strcmp(r->o->back, "undo") == 0 ? noting_step : NULL;
    run.lookahead = r->plan.lookahead;
    run.until = (arch_time_t)(1e9 * r->o->end);
    run.ahead = (arch_time_t)(1e9 * r->o->ahead);
    run.kind = kind_of(r->o, archi_net_size(r->net));
    run.moving = (archi_moving_t)moving_of(r->o);
    run.moving_seed = r->o->seed;
    ARCH_TRY(archi_net_barrier(r->net));
    ARCH_TRY(archi_execute(&run, &stats));
    out->seconds = stats.wall_seconds;
    out->wait_seconds = stats.wait_seconds;
    out->n_windows = stats.n_windows;
    out->n_events = stats.n_events;
    out->n_messages = stats.n_messages;
    out->n_bytes = stats.n_bytes;
    out->block_bytes = stats.peak_bytes;
    out->n_rollbacks = stats.n_rollbacks;
    out->n_undone = stats.n_undone;
    out->n_repeated = stats.n_repeated;
    out->n_copies = stats.n_copies;
    out->copy_bytes = stats.copy_bytes;
    out->n_moved = stats.n_moved;
    out->moved_bytes = stats.moved_bytes;
    out->n_changes = stats.n_changes;
    for (uint32_t i = 0; i < r->n_local; i++)
        out->digest += digest_of(r->block[i], &r->map);
    return ARCH_OK;
}

static arch_status_t add_up(archi_net_t *net, outcome_t *out)
{
    uint64_t sum[] = {out->n_events,   out->n_messages,    out->n_bytes,     out->block_bytes,
                      out->digest,     bench_peak_bytes(), out->n_rollbacks, out->n_undone,
                      out->n_repeated, out->n_copies,      out->copy_bytes,  out->n_moved,
                      out->moved_bytes};
    int64_t slowest = (int64_t)(1e9 * out->seconds);

    ARCH_TRY(archi_net_sum_u64(net, sum, sizeof sum / sizeof sum[0]));
    ARCH_TRY(archi_net_max_i64(net, &slowest, 1));
    out->n_events = sum[0];
    out->n_messages = sum[1];
    out->n_bytes = sum[2];
    out->block_bytes = sum[3];
    out->digest = sum[4];
    out->peak_bytes = archi_net_comm(net) == NULL ? bench_peak_bytes() : sum[5]; /* threads share one process */
    out->n_rollbacks = sum[6];
    out->n_undone = sum[7];
    out->n_repeated = sum[8];
    out->n_copies = sum[9];
    out->copy_bytes = sum[10];
    out->n_moved = sum[11];
    out->moved_bytes = sum[12];
    out->seconds = 1e-9 * (double)slowest;
    return ARCH_OK;
}

static arch_status_t run_rank(const options_t *o, archi_net_t *net, outcome_t *out)
{
    rank_t r;
    arch_status_t st;

    memset(out, 0, sizeof *out);
    memset(&r, 0, sizeof r);
    r.o = o;
    r.net = net;
    st = archi_net_agree(net, set_up(&r));
    if (st == ARCH_OK)
        st = run(&r, out);
    if (st == ARCH_OK)
        st = add_up(net, out);
    for (uint32_t i = 0; i < r.n_local; i++)
        archi_block_destroy(&r.block[i]);
    free(r.block);
    free(r.rank_of);
    return st;
}

static void report_ahead(const outcome_t *out)
{
    uint64_t handled = out->n_events + out->n_undone + out->n_repeated;

    printf("rollbacks %llu\nundone %llu\nrepeated %llu\nefficiency %.3f\ncopies %llu\ncopy_bytes %llu\n",
           (unsigned long long)out->n_rollbacks, (unsigned long long)out->n_undone, (unsigned long long)out->n_repeated,
           (double)out->n_events / (double)handled, (unsigned long long)out->n_copies,
           (unsigned long long)out->copy_bytes);
}

static int report(const options_t *o, const archi_net_t *net, const outcome_t *out, arch_status_t st)
{
    if (st != ARCH_OK) {
        fprintf(stderr, "phold: %s\n    %s\n", arch_error_text(), arch_error_trace());
        return arch_status_exit(st);
    }
    if (archi_net_rank(net) != 0)
        return 0;
    printf("ranks %u\nblocks %llu\nwindows %llu\nevents %llu\n", (unsigned)archi_net_size(net),
           (unsigned long long)o->blocks, (unsigned long long)out->n_windows, (unsigned long long)out->n_events);
    printf("seconds %.6f\nevents_per_second %.0f\nwait_seconds %.6f\nmessages %llu\nmessage_bytes %llu\n", out->seconds,
           (double)out->n_events / out->seconds, out->wait_seconds, (unsigned long long)out->n_messages,
           (unsigned long long)out->n_bytes);
    if (kind_of(o, archi_net_size(net)) == ARCHI_OPTIMISTIC)
        report_ahead(out);
    if (moving_of(o) != ARCHI_STAY)
        printf("moved %llu\nmoved_bytes %llu\nchanges %llu\n", (unsigned long long)out->n_moved,
               (unsigned long long)out->moved_bytes, (unsigned long long)out->n_changes);
    printf("peak_bytes %llu\nblock_bytes %llu\ndigest %016llx\n", (unsigned long long)out->peak_bytes,
           (unsigned long long)out->block_bytes, (unsigned long long)out->digest);
    return 0;
}

/* ---- ranks as threads, or as MPI processes ----------------------------------------------------------------------- */

typedef struct {
    const options_t *o;
    archi_net_group_t *group;
    uint32_t rank;
    int exit_status;
} thread_t;

static void *thread_main(void *arg)
{
    thread_t *t = arg;
    archi_net_t *net = NULL;
    outcome_t out;
    arch_status_t st = archi_net_group_join(t->group, t->rank, &net);

    if (st != ARCH_OK)
        exit(3); /* the others would wait for ever */
    st = run_rank(t->o, net, &out);
    t->exit_status = report(t->o, net, &out, st);
    archi_net_destroy(&net);
    return NULL;
}

static int run_threads(const options_t *o)
{
    pthread_t *handle_of = calloc(o->threads, sizeof *handle_of);
    thread_t *thread = calloc(o->threads, sizeof *thread);
    archi_net_group_t *group = NULL;
    int worst = 0;

    if (handle_of == NULL || thread == NULL || archi_net_group_create((uint32_t)o->threads, &group) != ARCH_OK)
        exit(3);
    for (uint32_t i = 0; i < o->threads; i++) {
        thread[i] = (thread_t){o, group, i, 0};
        if (i > 0 && pthread_create(&handle_of[i], NULL, thread_main, &thread[i]) != 0)
            exit(3);
    }
    thread_main(&thread[0]);
    for (uint32_t i = 0; i < o->threads; i++) {
        if (i > 0)
            pthread_join(handle_of[i], NULL);
        worst = thread[i].exit_status > worst ? thread[i].exit_status : worst;
    }
    archi_net_group_destroy(&group);
    free(thread);
    free(handle_of);
    return worst;
}

static int run_mpi(const options_t *o)
{
    archi_net_t *net = NULL;
    outcome_t out;
    arch_status_t st = archi_net_mpi_open(&net);
    int exit_status;

    if (st != ARCH_OK) {
        fprintf(stderr, "phold: %s\n", arch_error_text());
        return 3;
    }
    st = run_rank(o, net, &out);
    exit_status = report(o, net, &out, st);
    archi_net_destroy(&net);
    return exit_status;
}

static int acceptable(const options_t *o)
{
    if (o->lps >= 1 && o->lps < ARCHI_NIL && o->blocks >= 1 && o->blocks <= o->lps && o->threads >= 1 && o->end > 0 &&
        o->lookahead >= 0 && executor_of(o) >= -1 && moving_of(o) >= 0 && o->mean >= o->lookahead && o->remote >= 0 &&
        o->remote <= 1 && (strcmp(o->back, "undo") == 0 || strcmp(o->back, "copies") == 0))
        return 1;
    fprintf(stderr, "phold: needs an executor auto, sequential, conservative or optimistic,\n");
    fprintf(stderr, "       moving stay, balance or wander, back undo or copies,\n");
    fprintf(stderr, "       1 <= blocks <= lps, threads >= 1, 0 <= lookahead <= mean, 0 <= remote <= 1, end > 0\n");
    return 0;
}

int main(int argc, char **argv)
{
    options_t o = {16384, 1, 1, 0, 1, 0.5, 0.1, 0, 1.0, 100.0, "auto", "stay", "undo"};
    const bench_option_t option[] = {{"lps", NULL, &o.lps, NULL},
                                     {"start", NULL, &o.start, NULL},
                                     {"seed", NULL, &o.seed, NULL},
                                     {"blocks", NULL, &o.blocks, NULL},
                                     {"threads", NULL, &o.threads, NULL},
                                     {"remote", &o.remote, NULL, NULL},
                                     {"executor", NULL, NULL, &o.executor},
                                     {"moving", NULL, NULL, &o.moving},
                                     {"ahead", &o.ahead, NULL, NULL},
                                     {"back", NULL, NULL, &o.back},
                                     {"mean", &o.mean, NULL, NULL},
                                     {"lookahead", &o.lookahead, NULL, NULL},
                                     {"end", &o.end, NULL, NULL}};

    if (!bench_read_options(argc, argv, option, (int)(sizeof option / sizeof option[0])))
        return 2;
    if (o.blocks == 0) /* not given: one for each rank */
        o.blocks = o.threads;
    if (!acceptable(&o))
        return 2;
    return archi_net_mpi_launched() ? run_mpi(&o) : run_threads(&o);
}
