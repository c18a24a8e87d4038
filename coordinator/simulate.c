/* coordinator/simulate.c - one rank's part of a run: replication after replication, blocks made, run, read, dropped. */
#include "coordinator/collect.h"
#include "coordinator/job.h"
#include "coordinator/machine.h"
#include "coordinator/scaled.h"
#include "coordinator/survive.h"
#include "engine/executor.h"
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    archi_job_t    *job;
    archi_net_t    *group;     /* ranks that share this replication */
    archi_block_t **block;     /* this rank's */
    uint32_t       *id;        /* [n_blocks] their numbers */
    uint32_t        n_blocks;
    uint32_t        replication;
    archi_watch_t   watch;
    archi_track_t  *track;     /* NULL: nobody asked */
    archi_saver_t  *saver;     /* NULL: nothing is saved */
    archi_executor_stats_t sum; /* over replications */
    uint32_t        n_run;     /* replications */
} rank_t;

/* ---- blocks ----------------------------------------------------------------------------------------------------- */

static arch_status_t make_blocks(rank_t *r)
{
    const archi_layout_t *l = &r->job->layout;
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < r->n_blocks; i++) {
        uint32_t id = r->id[i];
        ARCH_TRY(archi_model_block_create(r->job->plan, &l->map, id, l->element + l->first[id],
                                          l->first[id + 1] - l->first[id], r->job->first + r->replication,
                                          r->job->design->run.seed,
                                          &r->block[i]));
        ARCH_TRY(archi_survive_block(r->job, &r->block[i]));
        bytes += r->block[i]->bytes;
        if (r->job->rank_memory != 0 && bytes > r->job->rank_memory)
            return ARCH_FAIL(ARCH_E_FULL,
                             "the design needs more than %llu MiB before its first event; give it more memory or more ranks",
                             (unsigned long long)(r->job->rank_memory >> 20));
    }
    return ARCH_OK;
}

static void drop_blocks(rank_t *r)
{
    for (uint32_t i = 0; i < r->n_blocks; i++)
        archi_block_destroy(&r->block[i]);
}

/* ---- running ---------------------------------------------------------------------------------------------------- */

static void short_count(uint64_t n, char *out, size_t bytes)
{
    if (n >= 1000000)
        snprintf(out, bytes, "%.1f million", (double)n * 1e-6);
    else
        snprintf(out, bytes, "%llu", (unsigned long long)n);
}

/* The words for a user whose design filled the memory: which element, how many requests, and why. */
static arch_status_t blame(const archi_job_t *job, uint32_t replication, uint32_t element, uint64_t n_inside)
{
    archi_element_info_t info;
    double expected = archi_plan_utilisation(job->plan, element);
    char count[32];

    archi_plan_element(job->plan, element, &info);
    short_count(n_inside, count, sizeof count);
    return ARCH_FAIL(ARCH_E_FULL,
                     "the memory limit was reached in replication %u of %u: %s holds %s requests%s (expected utilisation "
                     "%.2f); nothing of this replication was kept; lower the load, bound its queue, or give more memory",
                     job->first + replication + 1, job->first + job->design->run.replications, info.name, count,
                     expected >= 1 ? ": it is overloaded" : "", expected);
}

arch_status_t archi_job_blame(const archi_job_t *job, uint32_t replication, const archi_block_t *b)
{
    uint32_t element;
    uint64_t n_inside;

    archi_model_largest(job->plan, b, &element, &n_inside);
    return blame(job, replication, element, n_inside);
}

/* Every rank of the group is here with ARCH_E_FULL: who holds most speaks for all. */
static arch_status_t explain_full(const rank_t *r)
{
    int64_t most = -1, mine = -1;
    uint32_t element = 0;
    arch_status_t st = ARCH_OK;

    for (uint32_t i = 0; i < r->n_blocks; i++) {
        uint32_t e = 0;
        uint64_t n = 0;
        archi_model_largest(r->job->plan, r->block[i], &e, &n);
        if ((int64_t)n > mine) {
            mine = (int64_t)n;
            element = e;
        }
    }
    most = mine;
    ARCH_TRY(archi_net_max_i64(r->group, &most, 1));
    if (mine == most && mine >= 0)
        st = blame(r->job, r->replication, element, (uint64_t)mine);
    return archi_net_agree(r->group, st);
}

/* Replications follow each other on a rank: counts and times add up, of memory the most counts. */
static void add_stats(rank_t *r, const archi_executor_stats_t *s)
{
    r->sum.n_events += s->n_events;
    r->sum.n_windows += s->n_windows;
    r->sum.n_messages += s->n_messages;
    r->sum.n_bytes += s->n_bytes;
    r->sum.n_grown += s->n_grown;
    r->sum.n_moved += s->n_moved;
    r->sum.moved_bytes += s->moved_bytes;
    r->sum.n_changes += s->n_changes;
    r->sum.n_rollbacks += s->n_rollbacks;
    r->sum.n_undone += s->n_undone;
    r->sum.n_repeated += s->n_repeated;
    r->sum.n_copies += s->n_copies;
    r->sum.wait_seconds += s->wait_seconds;
    r->sum.wall_seconds += s->wall_seconds;
    if (s->peak_bytes > r->sum.peak_bytes)
        r->sum.peak_bytes = s->peak_bytes;
    if (s->copy_bytes > r->sum.copy_bytes)
        r->sum.copy_bytes = s->copy_bytes;
}

static archi_executor_kind_t choose_executor(const rank_t *r)
{
    uint32_t wanted = r->job->options->executor;

    if (wanted == ARCH_EXECUTOR_OPTIMISTIC)
        return ARCHI_OPTIMISTIC;
    if (wanted == ARCH_EXECUTOR_AUTO && archi_net_size(r->group) > 1)
        return ARCHI_AUTOMATIC;
    return wanted == ARCH_EXECUTOR_CONSERVATIVE || archi_net_size(r->group) > 1 ? ARCHI_CONSERVATIVE : ARCHI_SEQUENTIAL;
}

/* There is nothing to move where one rank has all. Who says how many ranks share how many parts is taken at their word. */
static archi_moving_t choose_moving(const rank_t *r)
{
    const arch_run_options_t *o = r->job->options;
    bool told = o->moving == ARCH_MOVING_BALANCE && o->group > 0 && o->partitions > 0;

    if (archi_net_size(r->group) == 1 || o->moving == ARCH_MOVING_STAY || told)
        return ARCHI_STAY;
    return r->job->options->moving == ARCH_MOVING_WANDER ? ARCHI_WANDER : ARCHI_BALANCE;
}

/* archi_run_t.pause; its user is the watch that progress is noted with. */
static arch_status_t pause_run(void *watch, archi_block_t *const *block, uint32_t n_blocks, arch_time_t now)
{
    const rank_t *r = (const rank_t *)(const void *)((const char *)watch - offsetof(rank_t, watch));

    return archi_saver_pause(r->saver, r->replication, block, n_blocks, now);
}

/* archi_scaled_t.advance: the events before run->until. */
static arch_status_t advance(void *rank, archi_run_t *run)
{
    rank_t *r = rank;
    archi_executor_stats_t stats;
    arch_status_t st = archi_execute(run, &stats);

    r->n_blocks = run->n_local; /* as before, unless memory ran out on the way home */
    add_stats(r, &stats);
    return st;
}

/* From one decision to the next. Spans may be shorter than the time between two tellings: progress is told between them. */
static arch_status_t advance_and_tell(void *rank, archi_run_t *run)
{
    rank_t *r = rank;

    ARCH_TRY(advance(r, run));
    r->watch.events = r->sum.n_events;
    return archi_watch(&r->watch, run->until, 0) == 0 ? ARCH_OK : ARCH_FAIL(ARCH_E_CANCELLED, "the run was cancelled");
}

static arch_status_t run_blocks(rank_t *r)
{
    const archi_job_t *job = r->job;
    archi_run_t run;
    arch_status_t st;

    memset(&run, 0, sizeof run);
    run.net = r->group;
    run.map = &job->layout.map;
    run.rank_of = job->layout.rank_of;
    run.block = r->block;
    run.n_local = r->n_blocks;
    run.plan = job->plan;
    run.step = archi_model_step;
    run.lookahead = job->layout.lookahead;
    run.link = job->layout.link;
    run.n_links = job->layout.n_links;
    run.moving = choose_moving(r);
    run.moving_seed = job->design->run.seed + job->first + r->replication;
    run.until = archi_plan_duration(job->plan);
    run.memory_limit = job->rank_memory;
    run.kind = choose_executor(r);
    run.progress = job->options->progress != NULL || job->control.n_ranks > 1 ? archi_watch : NULL;
    run.pause = r->saver != NULL ? pause_run : NULL;
    run.user = &r->watch;
    run.trace = r->track != NULL ? r->track->trace : NULL;
    st = job->options->n_autoscalers > 0 ? archi_scaled_run(job, &run, advance_and_tell, r) : advance(r, &run);
    r->n_run++;
    if (st == ARCH_E_FULL)
        st = explain_full(r);
    return st;
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

/* All that the replication's blocks ever handled, also before a checkpoint that it went on from. */
static void add_events(rank_t *r)
{
    uint64_t n = 0;

    for (uint32_t i = 0; i < r->n_blocks; i++)
        n += r->block[i]->n_events;
    archi_word_add(&r->job->ledger.total[ARCHI_T_EVENTS], n);
}

static arch_status_t read_blocks(rank_t *r)
{
    archi_job_t *job = r->job;
    archi_finished_t done = {job->plan, &job->layout.map, r->block, r->n_blocks, r->replication};
    uint32_t cut;
    bool trusted;

    ARCH_TRY(archi_collect_warmup(&done, job->design, r->group, &cut, &trusted));
    archi_saver_collect_begin(r->saver);
    archi_collect(&done, cut, &job->ledger);
    add_events(r);
    if (archi_net_rank(r->group) == 0) {
        uint64_t *row = archi_ledger_replication(&job->ledger, r->replication);
        row[ARCHI_R_CUT] = cut;
        row[ARCHI_R_TRUSTED] = trusted;
    }
    return archi_saver_collect_end(r->saver, r->replication);
}

static arch_status_t end_replication(rank_t *r)
{
    if (r->watch.rank == 0)
        r->job->last_event = archi_machine_seconds();
    ARCH_TRY(read_blocks(r));
    r->watch.done += (uint64_t)archi_plan_duration(r->job->plan);
    r->watch.events = r->sum.n_events;
    return ARCH_OK;
}

static arch_status_t one_replication(rank_t *r)
{
    arch_status_t st = ARCH_OK;
    double begun = archi_machine_seconds();

    ARCH_TRY_TO(done, archi_net_agree(r->group, make_blocks(r)));
    if (r->watch.rank == 0)
        r->job->blocks_seconds += archi_machine_seconds() - begun;
    ARCH_TRY_TO(done, run_blocks(r));
    for (uint32_t i = 0; i < r->n_blocks; i++)
        archi_model_finish(r->job->plan, r->block[i], archi_plan_duration(r->job->plan));
    ARCH_TRY_TO(done, end_replication(r));
done:
    drop_blocks(r);
    return st;
}

static arch_status_t all_replications(rank_t *r, uint32_t group)
{
    uint32_t n_groups = r->job->layout.n_groups, n = archi_survive_replications(r->job);

    for (uint32_t i = group; i < n; i += n_groups) {
        r->replication = archi_survive_replication(r->job, i);
        archi_track_mark(r->track, r->replication);
        ARCH_TRY(one_replication(r));
        if (i + n_groups >= n)
            break;
        if (archi_watch(&r->watch, 0, 0) != 0)
            return ARCH_FAIL(ARCH_E_CANCELLED, "the run was cancelled");
        ARCH_TRY(archi_saver_pause(r->saver, ARCHI_NIL, NULL, 0, 0));
    }
    return ARCH_OK;
}

/* ---- replications that the ranks of this process take from one line ---------------------------------------------- */

static int watch_member(void *user, arch_time_t under_way, uint64_t n_events)
{
    rank_t *r = user;

    return archi_watch(&r->watch, under_way, n_events);
}

/* archi_hand_t.done. What the ensemble has of a block from a GPU is for reading only, and so is what follows. */
static arch_status_t take_member(void *user, uint32_t member, const archi_block_t *b, const archi_member_stats_t *stats,
                                 arch_status_t st)
{
    rank_t *r = user;

    r->replication = r->job->crew.replication[member];
    r->block[0] = (archi_block_t *)(uintptr_t)b;
    add_stats(r, &stats->run);
    r->n_run++;
    if (r->watch.rank == 0)
        r->job->blocks_seconds += stats->make_seconds;
    if (st == ARCH_OK)
        st = end_replication(r);
    else if (st == ARCH_E_FULL && stats->run.wall_seconds > 0) /* while it ran */
        st = explain_full(r);
    r->block[0] = NULL;
    return st;
}

static arch_status_t pause_between(void *user)
{
    const rank_t *r = user;

    return archi_saver_pause(r->saver, ARCHI_NIL, NULL, 0, 0);
}

static arch_status_t take_members(rank_t *r)
{
    const arch_run_options_t *o = r->job->options;
    archi_hand_t hand = {r->job->rank_memory, take_member, NULL, NULL, r->saver != NULL ? pause_between : NULL, r};

    if (o->progress != NULL || r->job->control.n_ranks > 1)
        hand.progress = watch_member;
    return archi_ensemble_work(r->job->crew.ensemble, r->watch.rank, &hand);
}

/* ---- a rank ----------------------------------------------------------------------------------------------------- */

static arch_status_t own_blocks(rank_t *r, uint32_t rank_in_group)
{
    const archi_layout_t *l = &r->job->layout;

    r->block = calloc((size_t)l->n_blocks + 1, sizeof *r->block);
    r->id = calloc((size_t)l->n_blocks + 1, sizeof *r->id);
    if (r->block == NULL || r->id == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u blocks", l->n_blocks);
    for (uint32_t b = 0; b < l->n_blocks; b++)
        if (l->rank_of[b] == rank_in_group)
            r->id[r->n_blocks++] = b;
    return ARCH_OK;
}

/* A single block runs in slices that nobody waits for: they are no windows. */
static uint64_t windows_of(const rank_t *r) { return r->job->layout.n_blocks > 1 ? r->sum.n_windows : 0; }

static void add_totals(rank_t *r, uint32_t rank)
{
    uint64_t *t = r->job->ledger.total, peak = archi_ledger_rank(&r->job->ledger, rank)[ARCHI_S_PEAK_BYTES];

    archi_word_add(&t[ARCHI_T_WINDOWS], archi_net_rank(r->group) == 0 ? windows_of(r) : 0);
    archi_word_add(&t[ARCHI_T_MESSAGES], r->sum.n_messages);
    archi_word_add(&t[ARCHI_T_PEAK_BYTES], r->sum.peak_bytes > peak ? r->sum.peak_bytes - peak : 0);
}

static void add_seconds(uint64_t *word, double seconds) { *word = archi_word_of(archi_number_of(*word) + seconds); }
static void raise_to(uint64_t *word, uint64_t n) { *word = n > *word ? n : *word; }

/* The rank's own row: nobody else writes there. A run to a precision comes here several times. */
static void put_row(const rank_t *r, uint32_t rank)
{
    uint64_t *row = archi_ledger_rank(&r->job->ledger, rank);

    row[ARCHI_S_REPLICATIONS] += r->n_run;
    row[ARCHI_S_EVENTS] += r->sum.n_events;
    row[ARCHI_S_WINDOWS] += windows_of(r);
    row[ARCHI_S_MESSAGES] += r->sum.n_messages;
    row[ARCHI_S_BYTES] += r->sum.n_bytes;
    row[ARCHI_S_ROLLBACKS] += r->sum.n_rollbacks;
    row[ARCHI_S_UNDONE] += r->sum.n_undone;
    row[ARCHI_S_REPEATED] += r->sum.n_repeated;
    row[ARCHI_S_COPIES] += r->sum.n_copies;
    row[ARCHI_S_MOVED] += r->sum.n_moved;
    row[ARCHI_S_MOVED_BYTES] += r->sum.moved_bytes;
    row[ARCHI_S_CHANGES] += r->sum.n_changes;
    row[ARCHI_S_GROWN] += r->sum.n_grown;
    row[ARCHI_S_BLOCKS] = r->n_blocks;
    raise_to(&row[ARCHI_S_COPY_BYTES], r->sum.copy_bytes);
    raise_to(&row[ARCHI_S_PEAK_BYTES], r->sum.peak_bytes);
    add_seconds(&row[ARCHI_S_WALL], r->sum.wall_seconds);
    add_seconds(&row[ARCHI_S_WAIT], r->sum.wait_seconds);
    archi_machine_name((char *)&row[ARCHI_S_HOST], ARCHI_HOST_WORDS * sizeof *row);
}

/* A cancelled run leaves the others running: tell them. */
static void stop_others(archi_job_t *job, arch_status_t st)
{
    if (st == ARCH_OK || st == ARCH_E_SAVED) /* those that are to be saved see to it themselves */
        return;
    atomic_store(&job->control.stop, 1);
    if (job->crew.ensemble != NULL)
        archi_ensemble_stop(job->crew.ensemble);
}

/* A trace's clock starts when the last rank is there. */
static arch_status_t begin_together(rank_t *r, archi_net_t *net)
{
    if (r->track == NULL)
        return ARCH_OK;
    ARCH_TRY(archi_net_barrier(net));
    if (r->track->origin == 0)
        r->track->origin = archi_machine_seconds();
    return ARCH_OK;
}

arch_status_t archi_simulate(archi_job_t *job, archi_net_t *net, uint32_t rank_here)
{
    arch_status_t st = ARCH_OK;
    uint32_t group = archi_layout_group(&job->layout, archi_net_rank(net));
    rank_t r;

    memset(&r, 0, sizeof r);
    r.job = job;
    r.watch = (archi_watch_t){&job->control, rank_here, 0, 0};
    r.track = job->track != NULL ? job->track[rank_here] : NULL;
    ARCH_TRY(begin_together(&r, net));
    ARCH_TRY(archi_net_split(net, group == ARCHI_NIL ? job->layout.n_groups : group, &r.group));
    archi_net_share_cores(r.group, net);
    if (group != ARCHI_NIL) {
        st = archi_net_agree(r.group, own_blocks(&r, archi_net_rank(r.group)));
        r.saver = archi_keeper_saver(job->keeper, rank_here, r.group);
        if (st == ARCH_OK)
            st = job->crew.ensemble != NULL ? take_members(&r) : all_replications(&r, group);
        st = archi_saver_leave(r.saver, st);
        add_totals(&r, archi_net_rank(net));
    }
    put_row(&r, archi_net_rank(net));
    stop_others(job, st);
    archi_control_finish(&r.watch);
    free(r.block);
    free(r.id);
    archi_net_destroy(&r.group);
    return st;
}
