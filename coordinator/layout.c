/* coordinator/layout.c - choosing groups, cutting the design into blocks and dealing those to ranks. */
#include "coordinator/layout.h"
#include "coordinator/graph.h"
#include <stdlib.h>
#include <string.h>

/* Several blocks on one rank pay when a block's state leaves the cache and a visit to it handles this many events: each
 * visit begins with pending events that have left it too. */
static const double events_per_visit = 4000;
/* Several blocks on each of several ranks pay with far fewer: then there is something to move when load drifts. */
static const double events_per_part = 100;
enum { ELEMENTS_PER_BLOCK = 512, MOST_PER_BLOCK = 16384, PARTS_PER_RANK = 4, FEW_ELEMENTS = 20000 };
/* So many times the load of the mean that the most loaded rank may have for the sake of smaller parts. */
static const double worse_balance = 1.05;

static uint32_t ceil_div(uint32_t a, uint32_t b) { return (a + b - 1) / b; }

static double total_rate(const archi_plan_t *plan)
{
    double total = 0;

    for (uint32_t e = 0; e < archi_plan_n_elements(plan); e++)
        total += archi_plan_event_rate(plan, e);
    return total;
}

/* Expected events of the whole design in one window of this cut. */
static double window_events(const archi_plan_t *plan, const archi_partition_t *cut)
{
    arch_time_t span = cut->lookahead < archi_plan_duration(plan) ? cut->lookahead : archi_plan_duration(plan);

    return total_rate(plan) * ((double)span * 1e-9);
}

double archi_layout_expected_events(const archi_plan_t *plan)
{
    return total_rate(plan) * 1e-9 * (double)archi_plan_duration(plan);
}

/* A window costs every rank of a group a round of messages, as much as some hundred to some thousand events. */
archi_grouping_t archi_grouping_hoped(uint32_t n_ranks) { return (archi_grouping_t){n_ranks, 0.95, 100}; }
archi_grouping_t archi_grouping_guessed(uint32_t n_ranks) { return (archi_grouping_t){n_ranks, 0.7, 2000}; }

/* ---- which lookahead to insist on ------------------------------------------------------------------------------- */

static int by_time(const void *x, const void *y)
{
    arch_time_t a = *(const arch_time_t *)x, b = *(const arch_time_t *)y;

    return (a > b) - (a < b);
}

enum { CANDIDATES = 5 };

/* The least lookahead of edges that may be cut: 0 and the quartiles of what there is. Number of candidates. */
static arch_status_t candidates(const archi_graph_t *graph, arch_time_t *least)
{
    arch_time_t *all = malloc(((size_t)graph->n_edges + 1) * sizeof *all);

    if (all == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to cut a design of %u links", graph->n_edges);
    for (uint32_t i = 0; i < graph->n_edges; i++)
        all[i] = graph->edge[i].lookahead;
    qsort(all, graph->n_edges, sizeof *all, by_time);
    for (uint32_t k = 0; k < CANDIDATES; k++)
        least[k] = graph->n_edges == 0 || k == 0 ? 0 : all[(uint64_t)(graph->n_edges - 1) * k / (CANDIDATES - 1)];
    free(all);
    return ARCH_OK;
}

/* Cut into `parts`, with the longest windows that cost neither parts nor balance: every candidate at least as good in
 * both replaces the one before. part_of is of the winner. */
static arch_status_t cut_best(const archi_graph_t *graph, uint32_t parts, uint32_t *part_of, archi_partition_t *best)
{
    arch_status_t st = ARCH_OK;
    arch_time_t least[CANDIDATES];
    uint32_t *trial = malloc((size_t)graph->n * sizeof *trial);

    if (trial == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to cut a design of %u elements", graph->n);
    ARCH_TRY_TO(done, archi_partition(graph, parts, 0, part_of, best));
    ARCH_TRY_TO(done, candidates(graph, least));
    for (uint32_t k = 1; k < CANDIDATES && best->n_parts > 1; k++) {
        archi_partition_t p;
        if (least[k] <= best->lookahead)
            continue;
        ARCH_TRY_TO(done, archi_partition(graph, parts, least[k], trial, &p));
        if (p.n_parts < best->n_parts || p.balance > best->balance * 1.1)
            break;
        *best = p;
        memcpy(part_of, trial, (size_t)graph->n * sizeof *trial);
    }
done:
    free(trial);
    return st;
}

/* ---- how many ranks share a replication ------------------------------------------------------------------------- */

/* Largest group of at most so many ranks that fills its windows. */
static arch_status_t largest_group(const archi_plan_t *plan, uint32_t most, double events, uint32_t *group)
{
    arch_status_t st = ARCH_OK;
    archi_graph_t graph;
    archi_partition_t cut;
    uint32_t *part_of = malloc((size_t)archi_plan_n_elements(plan) * sizeof *part_of);

    *group = 1;
    if (part_of == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to cut a design of %u elements", archi_plan_n_elements(plan));
    ARCH_TRY_TO(release, archi_graph_of_plan(plan, &graph));
    for (uint32_t g = most; g > 1 && *group == 1; g /= 2) {
        ARCH_TRY_TO(done, cut_best(&graph, g, part_of, &cut));
        if (cut.n_parts > 1 && window_events(plan, &cut) >= events * cut.n_parts * cut.balance)
            *group = cut.n_parts;
    }
done:
    archi_graph_release(&graph);
release:
    free(part_of);
    return st;
}

/* Time of all replications in groups of g, in units of one replication on one rank. */
static double expected_time(uint32_t replications, uint32_t n_ranks, uint32_t g, double efficiency)
{
    uint32_t n_groups = n_ranks / g;

    return ceil_div(replications, n_groups) / (g == 1 ? 1.0 : g * efficiency);
}

static arch_status_t choose_group(const archi_plan_t *plan, const arch_run_options_t *options, uint32_t replications,
                                  const archi_grouping_t *known, uint32_t n_ranks, uint32_t *group)
{
    uint32_t most = 1, allowed = known->most < n_ranks ? known->most : n_ranks;

    *group = 1;
    if (options->executor == ARCH_EXECUTOR_SEQUENTIAL)
        return ARCH_OK;
    if (options->group > 0) {
        *group = options->group < n_ranks ? options->group : n_ranks;
        return ARCH_OK;
    }
    if (allowed > 1 && replications % n_ranks != 0)
        ARCH_TRY(largest_group(plan, allowed, known->events, &most));
    for (uint32_t g = 2; g <= most; g++)
        if (expected_time(replications, n_ranks, g, known->efficiency) <
            expected_time(replications, n_ranks, *group, known->efficiency))
            *group = g;
    return ARCH_OK;
}

arch_status_t archi_layout_useful_ranks(const archi_plan_t *plan, const arch_run_options_t *options, uint32_t replications,
                                        const archi_grouping_t *known, uint32_t n_ranks, uint32_t *useful)
{
    uint32_t group, n_groups;

    ARCH_TRY(choose_group(plan, options, replications, known, n_ranks, &group));
    n_groups = n_ranks / group < replications ? n_ranks / group : replications;
    *useful = n_groups * group;
    return ARCH_OK;
}

/* ---- blocks ----------------------------------------------------------------------------------------------------- */

static arch_status_t allocate(archi_layout_t *l, uint32_t n)
{
    l->block_of = calloc(n, sizeof *l->block_of);
    l->place_of = calloc(n, sizeof *l->place_of);
    l->element = calloc(n, sizeof *l->element);
    if (l->block_of == NULL || l->place_of == NULL || l->element == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to lay out %u elements", n);
    return ARCH_OK;
}

/* A block that grows is moved as a whole: it must not hold too much. */
static uint32_t least_blocks(uint32_t n, uint32_t group_size)
{
    uint32_t blocks = ceil_div(n, MOST_PER_BLOCK);

    return blocks > group_size ? blocks : group_size;
}

/* Small blocks stay in the cache from one event to the next, as long as a visit handles many. As many for every rank. */
static uint32_t more_blocks(const archi_plan_t *plan, const archi_partition_t *cut, uint32_t group_size)
{
    uint32_t least = least_blocks(archi_plan_n_elements(plan), group_size);
    uint32_t blocks = ceil_div(archi_plan_n_elements(plan), ELEMENTS_PER_BLOCK);
    double visits = window_events(plan, cut) / events_per_visit;

    if (visits < blocks)
        blocks = (uint32_t)visits;
    if (blocks < least)
        blocks = least;
    return ceil_div(blocks, group_size) * group_size;
}

/* Sort elements by block; numbers are ascending within each, as maps want places. */
static arch_status_t fill_map(archi_layout_t *l, uint32_t n)
{
    l->first = calloc((size_t)l->n_blocks + 2, sizeof *l->first);
    if (l->first == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to lay out %u blocks", l->n_blocks);
    for (uint32_t e = 0; e < n; e++)
        l->first[l->block_of[e] + 2]++;
    for (uint32_t b = 2; b <= l->n_blocks; b++)
        l->first[b] += l->first[b - 1];
    for (uint32_t e = 0; e < n; e++) {          /* first[b + 1] is where block b's next element goes */
        uint32_t at = l->first[l->block_of[e] + 1]++;
        l->element[at] = e;
    }
    for (uint32_t e = 0; e < n; e++)
        l->place_of[l->element[e]] = e - l->first[l->block_of[l->element[e]]];
    l->map = (archi_map_t){n, l->n_blocks, 0, l->block_of, l->place_of};
    return ARCH_OK;
}

/* Blocks to ranks, neighbours together. *worst: load of the most loaded rank over the mean. */
static arch_status_t deal_blocks(archi_layout_t *l, const archi_graph_t *graph, double *worst)
{
    arch_status_t st;
    archi_graph_t parts;
    archi_partition_t p = {0};

    free(l->rank_of);
    l->rank_of = calloc(l->n_blocks, sizeof *l->rank_of);
    if (l->rank_of == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to lay out %u blocks", l->n_blocks);
    ARCH_TRY(archi_graph_of_parts(graph, l->block_of, l->n_blocks, &parts));
    st = archi_partition(&parts, l->group_size, 0, l->rank_of, &p);
    archi_graph_release(&parts);
    *worst = p.balance * l->group_size / (p.n_parts == 0 ? 1 : p.n_parts);
    return st;
}

/* Cut into `blocks` and deal those out. */
static arch_status_t cut_and_deal(archi_layout_t *l, const archi_graph_t *graph, uint32_t blocks, archi_partition_t *cut,
                                  double *worst)
{
    ARCH_TRY(cut_best(graph, blocks, l->block_of, cut));
    l->n_blocks = cut->n_parts;
    l->lookahead = cut->lookahead;
    return deal_blocks(l, graph, worst);
}

/* Several parts for each rank of a group, as long as windows hold enough for all and ranks are loaded no less evenly. */
static arch_status_t cut_for_moving(const archi_plan_t *plan, archi_layout_t *l, const archi_graph_t *graph)
{
    archi_partition_t cut;
    double worst, even;

    ARCH_TRY(cut_and_deal(l, graph, l->group_size, &cut, &even));
    for (uint32_t each = PARTS_PER_RANK; each > 1; each /= 2) {
        if (window_events(plan, &cut) < events_per_part * each * l->group_size)
            continue;
        ARCH_TRY(cut_and_deal(l, graph, each * l->group_size, &cut, &worst));
        if (worst <= worse_balance * even && window_events(plan, &cut) >= events_per_part * cut.n_parts)
            return ARCH_OK;
        ARCH_TRY(cut_and_deal(l, graph, l->group_size, &cut, &even));
    }
    return ARCH_OK;
}

/* How many blocks a rank alone, or a large design, is to have. */
static arch_status_t cut_for_cache(const archi_plan_t *plan, const arch_run_options_t *options, archi_layout_t *l,
                                   const archi_graph_t *graph)
{
    archi_partition_t cut;
    uint32_t blocks = least_blocks(graph->n, l->group_size), more;
    double worst;

    if (options->partitions > 0)
        blocks = options->partitions;
    else if (blocks == 1 && graph->n > 2 * ELEMENTS_PER_BLOCK)
        blocks = 2; /* what lookahead would there be? */
    ARCH_TRY(cut_and_deal(l, graph, blocks, &cut, &worst));
    more = more_blocks(plan, &cut, l->group_size);
    if (options->partitions == 0 && more != cut.n_parts)
        ARCH_TRY(cut_and_deal(l, graph, more, &cut, &worst));
    return ARCH_OK;
}

static arch_status_t finish_cut(archi_layout_t *l, const archi_graph_t *graph)
{
    l->n_edges = graph->n_edges;
    for (uint32_t i = 0; i < graph->n_edges; i++)
        l->n_edges_cut += l->block_of[graph->edge[i].a] != l->block_of[graph->edge[i].b];
    return fill_map(l, graph->n);
}

static arch_status_t cut_into_blocks(const archi_plan_t *plan, const arch_run_options_t *options, archi_layout_t *l,
                                     const archi_graph_t *graph)
{
    if (l->group_size > 1 && options->partitions == 0 && graph->n < FEW_ELEMENTS)
        ARCH_TRY(cut_for_moving(plan, l, graph));
    else
        ARCH_TRY(cut_for_cache(plan, options, l, graph));
    return finish_cut(l, graph);
}

/* Blocks as they were cut before. */
static arch_status_t take_blocks(archi_layout_t *l, const archi_graph_t *graph, const uint32_t *block_of, uint32_t n_blocks)
{
    double worst;

    memcpy(l->block_of, block_of, graph->n * sizeof *block_of);
    l->n_blocks = n_blocks;
    l->lookahead = ARCH_TIME_MAX;
    for (uint32_t i = 0; i < graph->n_edges; i++) {
        const archi_graph_edge_t *e = &graph->edge[i];
        if (block_of[e->a] != block_of[e->b] && e->lookahead < l->lookahead)
            l->lookahead = e->lookahead;
    }
    if (l->lookahead < 1)
        return ARCH_FAIL(ARCH_E_FORMAT, "the checkpoint separates elements that no latency separates");
    ARCH_TRY(deal_blocks(l, graph, &worst));
    return finish_cut(l, graph);
}

arch_status_t archi_layout_again(const archi_plan_t *plan, const arch_run_options_t *options, uint32_t replications,
                                 const archi_grouping_t *known, uint32_t n_ranks, const uint32_t *block_of,
                                 uint32_t n_blocks, archi_layout_t *out)
{
    arch_status_t st = ARCH_OK;
    archi_graph_t graph = {0};

    memset(out, 0, sizeof *out);
    out->n_ranks = n_ranks;
    out->replications = replications;
    ARCH_TRY_TO(done, choose_group(plan, options, replications, known, n_ranks, &out->group_size));
    out->group_size = out->group_size < n_blocks ? out->group_size : n_blocks;
    out->n_groups = n_ranks / out->group_size < replications ? n_ranks / out->group_size : replications;
    ARCH_TRY_TO(done, allocate(out, archi_plan_n_elements(plan)));
    ARCH_TRY_TO(done, archi_graph_of_plan(plan, &graph));
    ARCH_TRY_TO(done, take_blocks(out, &graph, block_of, n_blocks));
    if (out->n_blocks > 1)
        ARCH_TRY_TO(done, archi_layout_links(plan, out));
done:
    archi_graph_release(&graph);
    if (st != ARCH_OK)
        archi_layout_free(out);
    return st;
}

arch_status_t archi_layout_make(const archi_plan_t *plan, const arch_run_options_t *options, uint32_t replications,
                                const archi_grouping_t *known, uint32_t n_ranks, archi_layout_t *out)
{
    arch_status_t st = ARCH_OK;
    archi_graph_t graph = {0};

    memset(out, 0, sizeof *out);
    out->n_ranks = n_ranks;
    out->replications = replications;
    ARCH_TRY_TO(done, choose_group(plan, options, replications, known, n_ranks, &out->group_size));
    out->n_groups = n_ranks / out->group_size < replications ? n_ranks / out->group_size : replications;
    ARCH_TRY_TO(done, allocate(out, archi_plan_n_elements(plan)));
    ARCH_TRY_TO(done, archi_graph_of_plan(plan, &graph));
    ARCH_TRY_TO(done, cut_into_blocks(plan, options, out, &graph));
    if (out->n_blocks > 1 && out->group_size > 1)
        ARCH_TRY_TO(done, archi_layout_links(plan, out));
done:
    archi_graph_release(&graph);
    if (st != ARCH_OK)
        archi_layout_free(out);
    return st;
}

void archi_layout_free(archi_layout_t *layout)
{
    free(layout->block_of);
    free(layout->place_of);
    free(layout->element);
    free(layout->first);
    free(layout->rank_of);
    free(layout->link);
    memset(layout, 0, sizeof *layout);
}

uint32_t archi_layout_group(const archi_layout_t *layout, uint32_t rank)
{
    uint32_t group = rank / layout->group_size;

    return group < layout->n_groups ? group : ARCHI_NIL;
}

uint32_t archi_layout_share(const archi_layout_t *layout, uint32_t group)
{
    return group < layout->n_groups ? (layout->replications - group - 1) / layout->n_groups + 1 : 0;
}
