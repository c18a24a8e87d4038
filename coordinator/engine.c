/* coordinator/engine.c - from the ledger's rows of ranks to what the engine did: each rank, each group of ranks. */
#include "coordinator/answer.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static double ratio(double over, double under) { return under > 0 ? over / under : (double)NAN; }

static const char *host_of(const uint64_t *row, arch_results_t *out)
{
    char host[ARCHI_HOST_WORDS * sizeof(uint64_t)];

    memcpy(host, row + ARCHI_S_HOST, sizeof host);
    host[sizeof host - 1] = '\0';
    return archi_text(out, "%s", host);
}

/* `wall`: of all ranks together. */
static void put_ratios(arch_engine_row_t *e, double wall)
{
    e->event_rate = ratio((double)e->events, e->wall_seconds);
    e->events_per_window = ratio((double)e->events, (double)e->windows);
    e->wait_share = ratio(e->wait_seconds, wall);
    e->efficiency = ratio((double)e->events, (double)(e->events + e->undone + e->repeated));
}

static arch_status_t put_rank(const archi_answer_t *a, uint32_t rank, arch_engine_row_t *e)
{
    const uint64_t *row = archi_ledger_rank(&a->job->ledger, rank);

    e->name = archi_text(a->out, "rank %u", rank);
    e->host = host_of(row, a->out);
    if (e->name == NULL || e->host == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the statistics of %u ranks", a->out->engine.n_ranks);
    e->rank = rank;
    e->ranks = 1;
    e->group = archi_layout_group(&a->job->layout, rank);
    e->group = e->group == ARCHI_NIL ? ARCH_NONE : e->group;
    e->replications = (uint32_t)row[ARCHI_S_REPLICATIONS];
    e->blocks = (uint32_t)row[ARCHI_S_BLOCKS];
    e->events = row[ARCHI_S_EVENTS];
    e->windows = row[ARCHI_S_WINDOWS];
    e->messages = row[ARCHI_S_MESSAGES];
    e->bytes = row[ARCHI_S_BYTES];
    e->rollbacks = row[ARCHI_S_ROLLBACKS];
    e->undone = row[ARCHI_S_UNDONE];
    e->repeated = row[ARCHI_S_REPEATED];
    e->copies = row[ARCHI_S_COPIES];
    e->copy_bytes = row[ARCHI_S_COPY_BYTES];
    e->moved = row[ARCHI_S_MOVED];
    e->moved_bytes = row[ARCHI_S_MOVED_BYTES];
    e->changes = row[ARCHI_S_CHANGES];
    e->grown = row[ARCHI_S_GROWN];
    e->peak_bytes = row[ARCHI_S_PEAK_BYTES];
    e->wall_seconds = archi_number_of(row[ARCHI_S_WALL]);
    e->wait_seconds = archi_number_of(row[ARCHI_S_WAIT]);
    put_ratios(e, e->wall_seconds);
    return ARCH_OK;
}

static uint64_t most(uint64_t a, uint64_t b) { return a > b ? a : b; }

/* The ranks of a group work side by side on the same replications, in the same windows. */
static void add_to_group(arch_engine_row_t *g, const arch_engine_row_t *e)
{
    g->ranks++;
    g->replications = (uint32_t)most(g->replications, e->replications);
    g->blocks += e->blocks;
    g->events += e->events;
    g->windows = most(g->windows, e->windows);
    g->messages += e->messages;
    g->bytes += e->bytes;
    g->rollbacks += e->rollbacks;
    g->undone += e->undone;
    g->repeated += e->repeated;
    g->copies += e->copies;
    g->copy_bytes += e->copy_bytes;
    g->moved += e->moved;
    g->moved_bytes += e->moved_bytes;
    g->changes = most(g->changes, e->changes);
    g->grown += e->grown;
    g->peak_bytes += e->peak_bytes;
    g->wall_seconds = e->wall_seconds > g->wall_seconds ? e->wall_seconds : g->wall_seconds;
    g->wait_seconds += e->wait_seconds;
}

static arch_status_t put_group(const archi_answer_t *a, uint32_t group, arch_engine_row_t *g)
{
    const arch_engine_t *engine = &a->out->engine;
    double wall = 0;

    g->name = archi_text(a->out, "group %u", group);
    if (g->name == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the statistics of %u groups", engine->n_groups);
    g->group = group;
    g->rank = group * a->job->layout.group_size;
    g->host = engine->rank[g->rank].host;
    for (uint32_t r = g->rank; r < g->rank + a->job->layout.group_size; r++) {
        add_to_group(g, &engine->rank[r]);
        wall += engine->rank[r].wall_seconds;
        if (strcmp(g->host, engine->rank[r].host) != 0)
            g->host = "";
    }
    put_ratios(g, wall);
    return ARCH_OK;
}

arch_status_t archi_answer_engine(archi_answer_t *a)
{
    const archi_layout_t *l = &a->job->layout;
    arch_engine_t *e = &a->out->engine;

    e->executor = a->out->provenance.executor;
    e->lookahead = l->n_blocks > 1 ? l->lookahead : 0;
    e->partitions = l->n_blocks;
    e->links = l->n_edges;
    e->links_cut = l->n_edges_cut;
    e->cut_share = ratio(l->n_edges_cut, l->n_edges);
    e->read_seconds = a->job->options->read_seconds;
    e->compile_seconds = a->job->compile_seconds;
    e->cut_seconds = a->job->cut_seconds;
    e->blocks_seconds = a->job->blocks_seconds;
    e->rank = arch_results_alloc(a->out, l->n_ranks * sizeof *e->rank);
    e->group = arch_results_alloc(a->out, l->n_groups * sizeof *e->group);
    if (e->rank == NULL || e->group == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the statistics of %u ranks", l->n_ranks);
    e->n_ranks = l->n_ranks;
    e->n_groups = l->n_groups;
    for (uint32_t r = 0; r < e->n_ranks; r++)
        ARCH_TRY(put_rank(a, r, &e->rank[r]));
    for (uint32_t g = 0; g < e->n_groups; g++)
        ARCH_TRY(put_group(a, g, &e->group[g]));
    return ARCH_OK;
}
