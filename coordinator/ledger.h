/* coordinator/ledger.h - the statistics of a run as this process has them: rows of 64-bit words, one per element and one
 * per operation, that grow as replications finish.
 *
 * A word is either a count, to which every replication adds, or the one number of one replication or of one rank (a
 * double's bits, a count, letters), written by the one rank that knows it and 0 everywhere else. So ledgers of several
 * processes merge by adding word by word, modulo 2^64: exactly, in any order. The threads of one process share one
 * ledger. */
#ifndef ARCHI_LEDGER_H
#define ARCHI_LEDGER_H

#include "coordinator/layout.h"
#include "engine/net.h"
#include "model/estimate.h"

/* ---- rows of elements: counts, series of cells, numbers by replication ------------------------------------------ */

enum { ARCHI_E_ARRIVED, ARCHI_E_COMPLETED, ARCHI_E_FAILED, ARCHI_E_REJECTED, ARCHI_E_COUNTS };
enum { ARCHI_C_BUSY, ARCHI_C_QUEUED, ARCHI_C_COMPLETED, ARCHI_C_SOJOURN, ARCHI_C_CELLS };
enum {
    ARCHI_V_BUSY, ARCHI_V_QUEUED, ARCHI_V_INSIDE, ARCHI_V_WAIT, ARCHI_V_SOJOURN, ARCHI_V_LAG, /* doubles */
    ARCHI_V_COMPLETED, ARCHI_V_WAITS, ARCHI_V_HITS, ARCHI_V_LOOKUPS, ARCHI_V_APPLIED, ARCHI_V_QUEUE_MAX, /* counts */
    ARCHI_V_VALUES
};

/* ---- rows of operations: counts, series, numbers by replication, histograms by section -------------------------- */

enum {
    ARCHI_O_RUN_GENERATED, ARCHI_O_RUN_COMPLETED, ARCHI_O_RUN_FAILED, ARCHI_O_RUN_REJECTED, /* the whole run */
    ARCHI_O_RUN_IN_FLIGHT,                                                                  /* at its end */
    ARCHI_O_COMPLETED, ARCHI_O_FAILED, ARCHI_O_REJECTED,                                    /* after the warm-up */
    ARCHI_O_COUNTS
};
enum { ARCHI_P_COMPLETED, ARCHI_P_LATENCY, ARCHI_P_ERRORS, ARCHI_P_CELLS };
enum { ARCHI_W_LATENCY /* a double */, ARCHI_W_COMPLETED, ARCHI_W_ERRORS, ARCHI_W_MAX, ARCHI_W_VALUES };

/* ---- totals ----------------------------------------------------------------------------------------------------- */

enum { ARCHI_T_DIGEST, ARCHI_T_EVENTS, ARCHI_T_WINDOWS, ARCHI_T_MESSAGES, ARCHI_T_PEAK_BYTES, ARCHI_T_TOTALS };
enum { ARCHI_R_CUT /* first slice that counts */, ARCHI_R_TRUSTED /* 1: the warm-up was found */, ARCHI_R_VALUES };

/* ---- rows of ranks: what their executors counted, over all of their replications -------------------------------- */

enum { ARCHI_HOST_WORDS = 9 }; /* a name of 64 letters, as long as they come, and its end */
enum {
    ARCHI_S_REPLICATIONS, ARCHI_S_EVENTS, ARCHI_S_WINDOWS, ARCHI_S_MESSAGES, ARCHI_S_BYTES, ARCHI_S_ROLLBACKS,
    ARCHI_S_UNDONE, ARCHI_S_REPEATED, ARCHI_S_COPIES, ARCHI_S_MOVED, ARCHI_S_MOVED_BYTES, ARCHI_S_CHANGES, ARCHI_S_GROWN,
    ARCHI_S_BLOCKS, ARCHI_S_COPY_BYTES, ARCHI_S_PEAK_BYTES, /* of one replication; the most of any */
    ARCHI_S_WALL, ARCHI_S_WAIT,                             /* doubles, seconds */
    ARCHI_S_HOST,                                           /* text */
    ARCHI_S_WORDS = ARCHI_S_HOST + ARCHI_HOST_WORDS
};

/* Which rows there are for operations: one each, then one for every workload of several, all of them together. */
typedef struct {
    uint32_t  n_operations, n_rows;
    uint32_t *workload;     /* [n_operations] */
    uint32_t *row_of;       /* [workloads] the row that stands for the whole workload */
    uint32_t *first;        /* [workloads] its first operation */
} archi_op_rows_t;

typedef struct {
    uint32_t        n_elements, n_intervals, n_replications, n_slices, n_sections;
    bool            apart;
    archi_op_rows_t ops;
    size_t          element_words, op_words; /* of a row */
    const uint32_t *slot_of;                 /* [n_elements] the row, ARCHI_NIL: not kept here; NULL: row = element */
    uint32_t        n_slots;
    uint32_t        n_ranks;
    uint64_t       *element, *op, *total, *replication, *rank;
} archi_ledger_t;

/* An empty ledger with rows for n_ranks ranks and for the elements of slot_of[] (not copied, may be NULL). `apart`: every
 * replication has a section of its own. The caller owns *out (archi_ledger_free). */
arch_status_t archi_ledger_make(const archi_plan_t *plan, const arch_design_t *design, uint32_t n_ranks,
                                const uint32_t *slot_of, uint32_t n_slots, bool apart, archi_ledger_t *out);
/* Sections that fit into memory for a ledger of so many rows of operations, at least 4. */
uint32_t      archi_ledger_fitting_sections(uint32_t n_rows);
void          archi_ledger_free(archi_ledger_t *ledger);
/* Room for n replications, 5 or more there being: all that is known keeps its meaning, as if n had been there from the
 * start, because sections of latencies are then shared by replications alike (archi_ledger_section). Left as it was on
 * failure. */
arch_status_t archi_ledger_grow(archi_ledger_t *ledger, uint32_t n);

/* The row of element e in this process; e is one that is kept here. */
static inline uint64_t *archi_ledger_element(const archi_ledger_t *l, uint32_t e)
{
    return l->element + (size_t)(l->slot_of == NULL ? e : l->slot_of[e]) * l->element_words;
}
static inline uint64_t *archi_ledger_op(const archi_ledger_t *l, uint32_t row) { return l->op + (size_t)row * l->op_words; }
static inline uint64_t *archi_ledger_replication(const archi_ledger_t *l, uint32_t r)
{
    return l->replication + (size_t)r * ARCHI_R_VALUES;
}
static inline uint64_t *archi_ledger_rank(const archi_ledger_t *l, uint32_t rank)
{
    return l->rank + (size_t)rank * ARCHI_S_WORDS;
}

/* Parts of a row. */
static inline uint64_t *archi_element_cell(uint64_t *row, uint32_t interval)
{
    return row + ARCHI_E_COUNTS + (size_t)interval * ARCHI_C_CELLS;
}
static inline uint64_t *archi_element_values(const archi_ledger_t *l, uint64_t *row, uint32_t r)
{
    return row + ARCHI_E_COUNTS + (size_t)l->n_intervals * ARCHI_C_CELLS + (size_t)r * ARCHI_V_VALUES;
}
static inline uint64_t *archi_op_cell(uint64_t *row, uint32_t interval)
{
    return row + ARCHI_O_COUNTS + (size_t)interval * ARCHI_P_CELLS;
}
static inline uint64_t *archi_op_values(const archi_ledger_t *l, uint64_t *row, uint32_t r)
{
    return row + ARCHI_O_COUNTS + (size_t)l->n_intervals * ARCHI_P_CELLS + (size_t)r * ARCHI_W_VALUES;
}
static inline uint64_t *archi_op_section(const archi_ledger_t *l, uint64_t *row, uint32_t section)
{
    return archi_op_values(l, row, l->n_replications) + (size_t)section * ARCHI_N_BUCKETS;
}

/* Where the latencies of a replication's slice are put: quantiles' intervals come from the spread of sections. Many
 * replications share sections; few are divided by slice. */
uint32_t archi_ledger_section(const archi_ledger_t *l, uint32_t replication, uint32_t slice);

/* A number as a word and back. 0.0 is the word 0. */
uint64_t archi_word_of(double x);
double   archi_number_of(uint64_t word);

/* Add to a word that other threads may add to at the same time. */
static inline void archi_word_add(uint64_t *word, uint64_t x)
{
    if (x != 0)
        __atomic_fetch_add(word, x, __ATOMIC_RELAXED);
}

/* Collective over net. Rows first .. first + n - 1 as all processes together have them, n * element_words (op_words) words;
 * complete on every rank of an MPI net, on rank 0 of threads. */
arch_status_t archi_ledger_fetch_elements(const archi_ledger_t *l, archi_net_t *net, uint32_t first, uint32_t n,
                                          uint64_t *out);
arch_status_t archi_ledger_fetch_ops(const archi_ledger_t *l, archi_net_t *net, uint32_t first, uint32_t n, uint64_t *out);
/* Collective. Totals, replications and ranks merged in place. */
arch_status_t archi_ledger_merge_totals(archi_ledger_t *l, archi_net_t *net);

/* What this process has of them: a copy to give back, after merging, to go on with. The caller frees *words. */
arch_status_t archi_ledger_keep_totals(const archi_ledger_t *l, uint64_t **words);
void          archi_ledger_give_back(archi_ledger_t *l, const uint64_t *words);

#endif
