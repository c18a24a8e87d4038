/* coordinator/warmup.c - where the warm-up of a replication ends. */
#include "coordinator/collect.h"
#include <stdlib.h>
#include <string.h>

/* MSER over every series takes the latest cut: with many series that would be the noisiest one's. The busiest speak for
 * all, with those at least a tenth as busy. */
enum { MOST_SERIES = 16, LEAST_SHARE = 10, MSER_GROUP = 5, BATCHES = 32, LOW = 2, HIGH = 5, CALM = 16 };

/* Completions and latencies per fine interval of the operations, [n_operations][n_cells][2], merged over the group. */
static arch_status_t gather_series(const archi_finished_t *done, archi_net_t *net, uint32_t n_ops, uint32_t n_cells,
                                   uint64_t *series)
{
    for (uint32_t i = 0; i < done->n_blocks; i++)
        for (uint32_t op = 0; op < n_ops; op++) {
            const archi_op_cell_t *cell = archi_model_op_series(done->plan, done->map, done->block[i], op);
            uint64_t *to = series + (size_t)op * n_cells * 2;
            for (uint32_t k = 0; cell != NULL && k < n_cells; k++) {
                to[2 * k] += cell[k].n_completed;
                to[2 * k + 1] += cell[k].latency;
            }
        }
    return net == NULL || archi_net_size(net) == 1 ? ARCH_OK : archi_net_sum_u64(net, series, (size_t)n_ops * n_cells * 2);
}

static uint64_t completions(const uint64_t *series, uint32_t n_cells)
{
    uint64_t n = 0;

    for (uint32_t k = 0; k < n_cells; k++)
        n += series[2 * k];
    return n;
}

/* The least number of completions that lets an operation speak. */
static uint64_t busy_enough(const uint64_t *series, uint32_t n_ops, uint32_t n_cells)
{
    uint64_t top[MOST_SERIES] = {0}; /* descending */

    for (uint32_t op = 0; op < n_ops; op++) {
        uint64_t n = completions(series + (size_t)op * n_cells * 2, n_cells);
        for (uint32_t i = 0; i < MOST_SERIES; i++)
            if (n > top[i]) {
                uint64_t lower = top[i];
                top[i] = n;
                n = lower;
            }
    }
    return top[MOST_SERIES - 1] > top[0] / LEAST_SHARE ? top[MOST_SERIES - 1] : top[0] / LEAST_SHARE + 1;
}

/* Sums of latencies and of completions over cells begin .. end - 1. */
typedef struct {
    double over, under;
} part_t;

static part_t part_of(const uint64_t *series, uint32_t begin, uint32_t end)
{
    part_t p = {0, 0};

    for (uint32_t k = begin; k < end; k++) {
        p.over += (double)series[2 * k + 1];
        p.under += (double)series[2 * k];
    }
    return p;
}

/* Variance of the mean over cells begin .. end - 1, times their completions. The batches are long, so that requests behind
 * one another in a line, whose latencies are alike, do not pass for so many independent ones. */
static double spread_of(const uint64_t *series, uint32_t begin, uint32_t end)
{
    part_t all = part_of(series, begin, end);
    double mean = all.under > 0 ? all.over / all.under : 0, squares = 0;
    uint32_t n = end - begin < BATCHES ? end - begin : BATCHES;

    for (uint32_t i = 0; i < n; i++) {
        part_t p = part_of(series, begin + (uint32_t)((uint64_t)(end - begin) * i / n),
                           begin + (uint32_t)((uint64_t)(end - begin) * (i + 1) / n));
        double rest = p.over - mean * p.under;
        squares += rest * rest;
    }
    return all.under > 0 && n > 1 ? squares / all.under * n / (n - 1) : 0;
}

/* On a series that is steady from the start MSER's minimum lies anywhere: half a run may go for nothing, and since it likes
 * to lie behind a busy spell, what is left is too quick on average. So what was dropped and cannot be told from the rest is
 * taken back, its later half first. A beginning that is slower than the rest must be so by 5 standard errors: latencies are
 * skewed, busy spells are common. One that is quicker, as of a system that starts empty, by 2. The errors are those of the
 * whole run: MSER has left out what was restless. Where what it left out dwarfs the rest, 20 times the error of the rest
 * are enough: that was no spell. */
static uint32_t take_back(const uint64_t *series, uint32_t n_cells, uint32_t cut)
{
    part_t kept = part_of(series, cut, n_cells);
    double whole = spread_of(series, 0, n_cells), calm = CALM * spread_of(series, cut, n_cells);

    while (cut >= 2 * MSER_GROUP && kept.under > 0) {
        uint32_t half = cut / 2 / MSER_GROUP * MSER_GROUP;
        part_t dropped = part_of(series, half, cut);
        double difference = dropped.under > 0 ? dropped.over / dropped.under - kept.over / kept.under : 0;
        double spread = difference > 0 && calm < whole ? calm : whole, enough = difference < 0 ? LOW : HIGH;
        if (difference * difference > enough * enough * spread * (1 / dropped.under + 1 / kept.under))
            break;
        cut = half;
    }
    return cut;
}

static archi_cut_t cut_series(const uint64_t *series, uint32_t n_cells, double *mean, double *weight)
{
    archi_cut_t found;

    for (uint32_t k = 0; k < n_cells; k++) {
        weight[k] = (double)series[2 * k];
        mean[k] = series[2 * k] > 0 ? (double)series[2 * k + 1] / weight[k] : 0.0;
    }
    found = archi_mser(mean, weight, n_cells, MSER_GROUP);
    found.cut = take_back(series, n_cells, found.cut);
    return found;
}

/* The first slice that begins at or after fine interval `cell`; never the end of the run. */
static uint32_t slice_from(const archi_plan_t *plan, uint32_t cell)
{
    uint32_t s = 0, last = archi_plan_n_slices(plan) - 1;
    double at = (double)archi_plan_interval(plan) / ARCHI_FINE * cell;

    while (s < last && (double)archi_plan_slice_begin(plan, s) < at)
        s++;
    return s;
}

static void latest_cut(const archi_plan_t *plan, const uint64_t *series, uint32_t n_ops, uint32_t n_cells,
                       double *scratch, uint32_t *cut, bool *trusted)
{
    uint64_t enough = busy_enough(series, n_ops, n_cells);

    *cut = 0;
    *trusted = true;
    for (uint32_t op = 0; op < n_ops; op++) {
        const uint64_t *one = series + (size_t)op * n_cells * 2;
        archi_cut_t found;
        uint32_t s;
        if (completions(one, n_cells) < enough)
            continue;
        found = cut_series(one, n_cells, scratch, scratch + n_cells);
        s = slice_from(plan, found.cut);
        *cut = s > *cut ? s : *cut;
        *trusted = *trusted && found.trustworthy;
    }
}

arch_status_t archi_collect_warmup(const archi_finished_t *done, const arch_design_t *design, archi_net_t *net,
                                   uint32_t *cut, bool *trusted)
{
    arch_status_t st = ARCH_OK;
    uint32_t n_ops = archi_plan_n_operations(done->plan), n_cells = archi_plan_n_intervals(done->plan) * ARCHI_FINE;
    uint64_t *series;
    double *scratch;

    *cut = archi_plan_n_slices(done->plan) - 1;
    *trusted = true;
    if (design->run.warmup != ARCH_AUTO)
        return ARCH_OK;
    series = calloc((size_t)n_ops * n_cells * 2 + 1, sizeof *series);
    scratch = malloc(2 * (size_t)n_cells * sizeof *scratch);
    if (series == NULL || scratch == NULL)
        st = ARCH_FAIL(ARCH_E_NOMEM, "no memory for the series of %u operations", n_ops);
    if (net != NULL)
        st = archi_net_agree(net, st);
    if (st == ARCH_OK)
        st = gather_series(done, net, n_ops, n_cells, series);
    if (st == ARCH_OK)
        latest_cut(done->plan, series, n_ops, n_cells, scratch, cut, trusted);
    free(series);
    free(scratch);
    return st;
}
