/* coordinator/collect.c - adding a replication to the ledger. */
#include "coordinator/collect.h"
#include <string.h>

static void add_tally(archi_tally_t *to, const archi_tally_t *t)
{
    to->n_arrived += t->n_arrived;
    to->n_completed += t->n_completed;
    to->n_failed += t->n_failed;
    to->n_rejected += t->n_rejected;
    to->n_waits += t->n_waits;
    to->n_hits += t->n_hits;
    to->n_misses += t->n_misses;
    to->n_applied += t->n_applied;
    to->queue_max = t->queue_max > to->queue_max ? t->queue_max : to->queue_max;
    archi_u128_merge(&to->wait, &t->wait);
    archi_u128_merge(&to->sojourn, &t->sojourn);
    archi_u128_merge(&to->lag, &t->lag);
    archi_u128_merge(&to->busy, &t->busy);
    archi_u128_merge(&to->queued, &t->queued);
    archi_u128_merge(&to->inside, &t->inside);
}

static uint64_t word_of_sum(const archi_u128_t *sum) { return archi_word_of(archi_u128_to_double(sum)); }

static void put_values(uint64_t *v, const archi_tally_t *t)
{
    v[ARCHI_V_BUSY] = word_of_sum(&t->busy);
    v[ARCHI_V_QUEUED] = word_of_sum(&t->queued);
    v[ARCHI_V_INSIDE] = word_of_sum(&t->inside);
    v[ARCHI_V_WAIT] = word_of_sum(&t->wait);
    v[ARCHI_V_SOJOURN] = word_of_sum(&t->sojourn);
    v[ARCHI_V_LAG] = word_of_sum(&t->lag);
    v[ARCHI_V_COMPLETED] = t->n_completed;
    v[ARCHI_V_WAITS] = t->n_waits;
    v[ARCHI_V_HITS] = t->n_hits;
    v[ARCHI_V_LOOKUPS] = t->n_hits + t->n_misses;
    v[ARCHI_V_APPLIED] = t->n_applied;
    v[ARCHI_V_QUEUE_MAX] = t->queue_max;
}

static void collect_element(const archi_finished_t *done, const archi_block_t *b, uint32_t place, uint32_t cut,
                            archi_ledger_t *l)
{
    uint64_t *row = archi_ledger_element(l, archi_model_element_at(b, place));
    const archi_series_cell_t *cell = archi_model_series(done->plan, b, place);
    archi_tally_t sum;

    memset(&sum, 0, sizeof sum);
    for (uint32_t s = cut; s < l->n_slices; s++)
        add_tally(&sum, archi_model_tally(done->plan, b, place, s));
    archi_word_add(&row[ARCHI_E_ARRIVED], sum.n_arrived);
    archi_word_add(&row[ARCHI_E_COMPLETED], sum.n_completed);
    archi_word_add(&row[ARCHI_E_FAILED], sum.n_failed);
    archi_word_add(&row[ARCHI_E_REJECTED], sum.n_rejected);
    put_values(archi_element_values(l, row, done->replication), &sum);
    for (uint32_t i = 0; i < l->n_intervals; i++) {
        uint64_t *to = archi_element_cell(row, i);
        archi_word_add(&to[ARCHI_C_BUSY], cell[i].busy);
        archi_word_add(&to[ARCHI_C_QUEUED], cell[i].queued);
        archi_word_add(&to[ARCHI_C_COMPLETED], cell[i].n_completed);
        archi_word_add(&to[ARCHI_C_SOJOURN], cell[i].sojourn);
    }
}

/* ---- operations ------------------------------------------------------------------------------------------------- */

static void add_counts(uint64_t *row, const archi_op_tally_t *t, bool counts)
{
    archi_word_add(&row[ARCHI_O_RUN_GENERATED], t->n_generated);
    archi_word_add(&row[ARCHI_O_RUN_COMPLETED], t->n_completed);
    archi_word_add(&row[ARCHI_O_RUN_FAILED], t->n_failed);
    archi_word_add(&row[ARCHI_O_RUN_REJECTED], t->n_rejected);
    archi_word_add(&row[ARCHI_O_RUN_IN_FLIGHT], t->n_in_flight);
    if (!counts)
        return;
    archi_word_add(&row[ARCHI_O_COMPLETED], t->n_completed);
    archi_word_add(&row[ARCHI_O_FAILED], t->n_failed);
    archi_word_add(&row[ARCHI_O_REJECTED], t->n_rejected);
}

/* Only the rank with the source writes here; a workload's operations are added in their order. */
static void add_values(uint64_t *v, const archi_op_tally_t *t)
{
    v[ARCHI_W_LATENCY] = archi_word_of(archi_number_of(v[ARCHI_W_LATENCY]) + archi_u128_to_double(&t->latency));
    v[ARCHI_W_COMPLETED] += t->n_completed;
    v[ARCHI_W_ERRORS] += t->n_failed + t->n_rejected;
    v[ARCHI_W_MAX] = t->latency_max > v[ARCHI_W_MAX] ? t->latency_max : v[ARCHI_W_MAX];
}

static void add_histogram(uint64_t *to, const uint64_t *counts)
{
    for (uint32_t i = 0; i < ARCHI_N_BUCKETS; i++)
        archi_word_add(&to[i], counts[i]);
}

static void add_slices(const archi_finished_t *done, const archi_block_t *b, uint32_t op, uint32_t cut, archi_ledger_t *l,
                       uint64_t *const *row, uint32_t n_rows)
{
    uint64_t counts[ARCHI_N_BUCKETS];

    for (uint32_t s = 0; s < l->n_slices; s++) {
        const archi_op_tally_t *t = archi_model_op_tally(done->plan, done->map, b, op, s);
        memset(counts, 0, sizeof counts);
        if (s >= cut)
            archi_model_op_histogram(done->plan, done->map, b, op, s, counts);
        for (uint32_t i = 0; i < n_rows; i++) {
            add_counts(row[i], t, s >= cut);
            if (s < cut)
                continue;
            add_values(archi_op_values(l, row[i], done->replication), t);
            add_histogram(archi_op_section(l, row[i], archi_ledger_section(l, done->replication, s)), counts);
        }
    }
}

static void add_series(const archi_op_cell_t *fine, archi_ledger_t *l, uint64_t *const *row, uint32_t n_rows)
{
    for (uint32_t i = 0; i < l->n_intervals; i++) {
        archi_op_cell_t sum = {0, 0, 0};
        for (uint32_t k = 0; k < ARCHI_FINE; k++) {
            sum.n_completed += fine[i * ARCHI_FINE + k].n_completed;
            sum.latency += fine[i * ARCHI_FINE + k].latency;
            sum.n_errors += fine[i * ARCHI_FINE + k].n_errors;
        }
        for (uint32_t k = 0; k < n_rows; k++) {
            uint64_t *cell = archi_op_cell(row[k], i);
            archi_word_add(&cell[ARCHI_P_COMPLETED], sum.n_completed);
            archi_word_add(&cell[ARCHI_P_LATENCY], sum.latency);
            archi_word_add(&cell[ARCHI_P_ERRORS], sum.n_errors);
        }
    }
}

/* An operation counts for itself and, when its workload has several, for the workload. */
static void collect_operation(const archi_finished_t *done, const archi_block_t *b, uint32_t op, uint32_t cut,
                              archi_ledger_t *l)
{
    uint32_t whole = l->ops.row_of[l->ops.workload[op]], n_rows = whole == op ? 1 : 2;
    uint64_t *row[2] = {archi_ledger_op(l, op), archi_ledger_op(l, whole)};

    add_slices(done, b, op, cut, l, row, n_rows);
    add_series(archi_model_op_series(done->plan, done->map, b, op), l, row, n_rows);
}

void archi_collect(const archi_finished_t *done, uint32_t cut, archi_ledger_t *l)
{
    for (uint32_t i = 0; i < done->n_blocks; i++) {
        const archi_block_t *b = done->block[i];
        archi_word_add(&l->total[ARCHI_T_DIGEST], archi_model_digest(done->plan, done->map, b));
        for (uint32_t place = 0; place < b->n_lps; place++)
            collect_element(done, b, place, cut, l);
        for (uint32_t op = 0; op < l->ops.n_operations; op++)
            if (archi_model_op_series(done->plan, done->map, b, op) != NULL)
                collect_operation(done, b, op, cut, l);
    }
}
