/* coordinator/batch.c - designs are read and compiled by all threads, their replications simulated as one ensemble, and an
 * item is answered by whoever reads the last of its replications. */
#include "coordinator/batch.h"
#include "coordinator/answer.h"
#include "coordinator/collect.h"
#include "coordinator/machine.h"
#include "coordinator/threads.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is known of an item while it is worked on. */
typedef struct {
    arch_design_t  *design;
    arch_design_t   some;   /* with as many replications as are asked for */
    archi_job_t     job;    /* its plan and ledger */
    archi_map_t     map;
    pthread_mutex_t lock;   /* over what follows, and the making of the ledger */
    uint32_t        n_left; /* replications */
} entry_t;

typedef struct {
    archi_batch_item_t          *item;
    entry_t                     *entry; /* [n] */
    uint32_t                     n;
    const archi_batch_options_t *options;
    arch_run_options_t           run;
    atomic_uint                  next;  /* item to be read */
    archi_scenario_t            *scenario; /* [n] */
    archi_member_t              *member;
    uint32_t                    *first; /* [n + 1] members of an item */
    archi_ensemble_t            *ensemble;
    uint64_t                     rank_memory;
} batch_t;

/* A thread of it. */
typedef struct {
    batch_t     *batch;
    archi_net_t *alone; /* of this thread */
} reader_t;

void archi_batch_say(const archi_device_t *device, const archi_ensemble_figures_t *f, char *out, size_t bytes)
{
    if (f->given_up)
        snprintf(out, bytes, "%s failed, or is slower here than the cores: they did what was left",
                 archi_device_name(device));
    else
        snprintf(out, bytes,
                 "%s: %u replications in %u wave%s, %.3g events/s, %.1f MiB of statistics fetched; %u finished on cores",
                 archi_device_name(device), f->n_device, f->n_waves, f->n_waves == 1 ? "" : "s",
                 f->device_seconds > 0 ? (double)f->device_events / f->device_seconds : 0.0,
                 (double)f->packed_bytes / (1 << 20), f->n_overflowed);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static void refuse(archi_batch_item_t *item, arch_status_t st)
{
    if (item->status != ARCH_OK)
        return;
    item->status = st;
    snprintf(item->why, sizeof item->why, "%s", arch_error_text());
}

static arch_status_t check(const archi_batch_item_t *item)
{
    if (item->n == 0 || item->n > UINT32_MAX - item->first)
        return ARCH_FAIL(ARCH_E_ARG, "%u replications from number %u on: there must be at least 1, numbered below 2^32",
                         item->n, item->first);
    return ARCH_OK;
}

static arch_status_t read_one(batch_t *b, uint32_t i)
{
    entry_t *e = &b->entry[i];

    ARCH_TRY(check(&b->item[i]));
    ARCH_TRY(b->options->read(b->options->user, i, &e->design));
    e->some = *e->design;
    e->some.run.replications = b->item[i].n;
    e->job.design = &e->some;
    e->job.options = &b->run;
    e->job.apart = true;
    e->job.first = b->item[i].first;
    ARCH_TRY(archi_job_check(&e->some));
    ARCH_TRY(archi_plan_compile(&e->some, &e->job.plan));
    e->map = (archi_map_t){archi_plan_n_elements(e->job.plan), 1, archi_plan_n_elements(e->job.plan), NULL, NULL};
    return ARCH_OK;
}

static void read_some(batch_t *b)
{
    for (uint32_t i = atomic_fetch_add(&b->next, 1); i < b->n; i = atomic_fetch_add(&b->next, 1)) {
        arch_status_t st = read_one(b, i);
        if (st == ARCH_OK)
            continue;
        refuse(&b->item[i], st);
        b->options->answered(b->options->user, i);
    }
}

/* ---- the ensemble ------------------------------------------------------------------------------------------------ */

/* Only items that could be read have members. */
static arch_status_t list_members(batch_t *b)
{
    size_t n = 0;
    uint32_t at = 0;

    for (uint32_t i = 0; i < b->n; i++)
        n += b->item[i].status == ARCH_OK ? b->item[i].n : 0;
    if (n >= UINT32_MAX)
        return ARCH_FAIL(ARCH_E_RANGE, "%zu replications at once are too many", n);
    b->member = malloc((n + 1) * sizeof *b->member);
    if (b->member == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %zu replications", n);
    for (uint32_t i = 0; i < b->n; i++) {
        b->first[i] = at;
        if (b->item[i].status != ARCH_OK)
            continue;
        b->scenario[i] = (archi_scenario_t){b->entry[i].job.plan, b->entry[i].some.run.seed};
        b->entry[i].n_left = b->item[i].n;
        for (uint32_t k = 0; k < b->item[i].n; k++)
            b->member[at++] = (archi_member_t){i, b->item[i].first + k};
    }
    b->first[b->n] = at;
    return ARCH_OK;
}

static arch_status_t make_ensemble(batch_t *b, uint32_t n_hands)
{
    archi_ensemble_spec_t spec;

    ARCH_TRY(list_members(b));
    memset(&spec, 0, sizeof spec);
    spec.scenario = b->scenario;
    spec.n_scenarios = b->n;
    spec.member = b->member;
    spec.n_members = b->first[b->n];
    spec.n_hands = n_hands;
    spec.device = b->options->device;
    spec.unsure = b->options->unsure;
    return archi_ensemble_create(&spec, &b->ensemble);
}

/* ---- a replication is there -------------------------------------------------------------------------------------- */

static void give_back(entry_t *e)
{
    archi_ledger_free(&e->job.ledger);
    archi_plan_destroy(&e->job.plan);
    arch_design_destroy(&e->design);
}

static arch_status_t make_ledger(entry_t *e)
{
    arch_status_t st = ARCH_OK;

    pthread_mutex_lock(&e->lock);
    if (e->job.ledger.op == NULL)
        st = archi_ledger_make(e->job.plan, &e->some, 1, NULL, 0, true, &e->job.ledger);
    pthread_mutex_unlock(&e->lock);
    return st;
}

static arch_status_t collect(entry_t *e, uint32_t replication, const archi_block_t *block)
{
    archi_block_t *one = (archi_block_t *)(uintptr_t)block; /* read only */
    archi_finished_t done = {e->job.plan, &e->map, &one, 1, replication};
    uint64_t *row;
    uint32_t cut;
    bool trusted;

    ARCH_TRY(make_ledger(e));
    ARCH_TRY(archi_collect_warmup(&done, &e->some, NULL, &cut, &trusted));
    archi_collect(&done, cut, &e->job.ledger);
    archi_word_add(&e->job.ledger.total[ARCHI_T_EVENTS], block->n_events);
    row = archi_ledger_replication(&e->job.ledger, replication);
    row[ARCHI_R_CUT] = cut;
    row[ARCHI_R_TRUSTED] = trusted;
    return ARCH_OK;
}

/* Under the lock: one less. Whoever reads the last one answers for all. */
static arch_status_t end_one(reader_t *r, uint32_t i, arch_status_t st)
{
    entry_t *e = &r->batch->entry[i];
    archi_batch_item_t *item = &r->batch->item[i];
    bool last;

    pthread_mutex_lock(&e->lock);
    if (st != ARCH_OK)
        refuse(item, st);
    last = --e->n_left == 0;
    pthread_mutex_unlock(&e->lock);
    if (!last)
        return ARCH_OK;
    if (item->status == ARCH_OK) {
        st = archi_answer_samples(&e->job, r->alone, &item->samples);
        if (st != ARCH_OK)
            refuse(item, st);
    }
    r->batch->options->answered(r->batch->options->user, i);
    give_back(e); /* nobody has a member of it left */
    return ARCH_OK;
}

/* archi_hand_t.done */
static arch_status_t take_member(void *user, uint32_t member, const archi_block_t *block, const archi_member_stats_t *stats,
                                 arch_status_t st)
{
    reader_t *r = user;
    uint32_t i = r->batch->member[member].scenario, replication = member - r->batch->first[i];
    entry_t *e = &r->batch->entry[i];

    if (st == ARCH_OK && block != NULL && r->batch->item[i].status == ARCH_OK)
        st = collect(e, replication, block);
    else if (st == ARCH_E_FULL && stats->run.wall_seconds > 0)
        st = archi_job_blame(&e->job, replication, block);
    return end_one(r, i, st);
}

/* archi_hand_t.wanted: of an item that cannot be simulated no more replications are. */
static bool is_wanted(void *user, uint32_t member)
{
    reader_t *r = user;
    uint32_t i = r->batch->member[member].scenario;
    bool wanted;

    pthread_mutex_lock(&r->batch->entry[i].lock);
    wanted = r->batch->item[i].status == ARCH_OK;
    pthread_mutex_unlock(&r->batch->entry[i].lock);
    return wanted;
}

static int stops(void *user, arch_time_t under_way, uint64_t n_events)
{
    const reader_t *r = user;

    (void)under_way, (void)n_events;
    return r->batch->options->stops(r->batch->options->user);
}

/* ---- threads ----------------------------------------------------------------------------------------------------- */

static arch_status_t work(void *user, archi_net_t *net)
{
    reader_t r = {user, NULL};
    batch_t *b = user;
    uint32_t rank = archi_net_rank(net);
    archi_hand_t hand = {b->rank_memory, take_member, is_wanted, stops, NULL, &r};
    arch_status_t st;

    ARCH_TRY(archi_net_split(net, rank, &r.alone));
    read_some(b);
    st = archi_net_barrier(net);
    if (st == ARCH_OK && rank == 0)
        st = make_ensemble(b, archi_net_size(net));
    st = archi_net_agree(net, st);
    if (st == ARCH_OK)
        st = archi_net_agree(net, archi_ensemble_work(b->ensemble, rank, &hand));
    archi_net_destroy(&r.alone);
    return st;
}

static void drop(batch_t *b)
{
    for (uint32_t i = 0; b->entry != NULL && i < b->n; i++) {
        give_back(&b->entry[i]);
        pthread_mutex_destroy(&b->entry[i].lock);
    }
    archi_ensemble_destroy(&b->ensemble);
    free(b->entry);
    free(b->scenario);
    free(b->member);
    free(b->first);
}

static arch_status_t allocate(batch_t *b)
{
    b->entry = calloc((size_t)b->n + 1, sizeof *b->entry);
    b->scenario = calloc((size_t)b->n + 1, sizeof *b->scenario);
    b->first = calloc((size_t)b->n + 1, sizeof *b->first);
    for (uint32_t i = 0; b->entry != NULL && i < b->n; i++)
        pthread_mutex_init(&b->entry[i].lock, NULL);
    if (b->entry == NULL || b->scenario == NULL || b->first == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u questions", b->n);
    return ARCH_OK;
}

arch_status_t archi_batch_run(archi_batch_item_t *item, uint32_t n, const archi_batch_options_t *options,
                              archi_ensemble_figures_t *figures)
{
    uint32_t threads = options->threads > 0 ? options->threads : archi_machine_cores();
    batch_t b;
    arch_status_t st;

    memset(&b, 0, sizeof b);
    b.item = item;
    b.n = n;
    b.options = options;
    b.rank_memory = (options->memory_limit > 0 ? options->memory_limit : archi_machine_free_bytes() / 5 * 4) / threads;
    st = allocate(&b);
    if (st == ARCH_OK)
        st = archi_threads_run(threads, work, &b);
    if (figures != NULL && b.ensemble != NULL)
        archi_ensemble_figures(b.ensemble, figures);
    drop(&b);
    return st;
}
