/* coordinator/ledger.c - rows of statistics: made, found, merged. */
#include "coordinator/ledger.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Sections beyond this many narrow an interval no more; fewer than 4 carry none. Between the two memory decides: a
 * histogram of one section touches about SECTION_BYTES, few of its octaves being used. */
enum { MOST_SECTIONS = 32, LEAST_SECTIONS = 4, FEW_REPLICATIONS = 5, SECTION_BYTES = 8192 };
static const uint64_t histogram_bytes = (uint64_t)256 << 20;

uint64_t archi_word_of(double x)
{
    uint64_t word;

    x += 0.0; /* -0 becomes 0 */
    memcpy(&word, &x, sizeof word);
    return word;
}

double archi_number_of(uint64_t word)
{
    double x;

    memcpy(&x, &word, sizeof x);
    return x;
}

static arch_status_t number_rows(const arch_design_t *design, archi_op_rows_t *ops)
{
    uint32_t op = 0;

    for (uint32_t w = 0; w < design->n_workloads; w++)
        ops->n_operations += design->workload[w].n_operations;
    ops->workload = calloc((size_t)ops->n_operations + 1, sizeof *ops->workload);
    ops->row_of = calloc((size_t)design->n_workloads + 1, sizeof *ops->row_of);
    ops->first = calloc((size_t)design->n_workloads + 1, sizeof *ops->first);
    if (ops->workload == NULL || ops->row_of == NULL || ops->first == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the statistics of %u operations", ops->n_operations);
    ops->n_rows = ops->n_operations;
    for (uint32_t w = 0; w < design->n_workloads; w++) {
        ops->first[w] = op;
        ops->row_of[w] = design->workload[w].n_operations == 1 ? op : ops->n_rows++;
        for (uint32_t i = 0; i < design->workload[w].n_operations; i++)
            ops->workload[op++] = w;
    }
    return ARCH_OK;
}

uint32_t archi_ledger_fitting_sections(uint32_t n_rows)
{
    uint64_t fit = histogram_bytes / SECTION_BYTES / ((uint64_t)n_rows + 1);

    return fit < LEAST_SECTIONS ? LEAST_SECTIONS : (uint32_t)fit;
}

static uint32_t choose_sections(const archi_ledger_t *l)
{
    uint64_t wanted = l->n_replications < FEW_REPLICATIONS ? (uint64_t)l->n_replications * l->n_slices : l->n_replications;
    uint32_t fit = archi_ledger_fitting_sections(l->ops.n_rows);

    if (l->apart)
        return l->n_replications;
    if (wanted > MOST_SECTIONS)
        wanted = MOST_SECTIONS;
    return (uint32_t)(wanted < fit ? wanted : fit);
}

/* Rows of operations are mostly empty buckets: memory that nobody writes must not be there, so no large pages. */
static uint64_t *sparse_words(size_t n)
{
    const size_t page = 4096;
    uint64_t *words = calloc(n, sizeof *words);
    uintptr_t at = (uintptr_t)words, begin = (at + page - 1) / page * page, end = (at + n * sizeof *words) / page * page;

    if (words != NULL && end > begin)
        (void)madvise((void *)begin, end - begin, MADV_NOHUGEPAGE);
    return words;
}

static arch_status_t allocate(archi_ledger_t *l)
{
    l->element = calloc((size_t)l->n_slots + 1, l->element_words * sizeof *l->element);
    l->op = sparse_words(((size_t)l->ops.n_rows + 1) * l->op_words);
    l->total = calloc(ARCHI_T_TOTALS, sizeof *l->total);
    l->replication = calloc((size_t)l->n_replications * ARCHI_R_VALUES, sizeof *l->replication);
    l->rank = calloc((size_t)l->n_ranks * ARCHI_S_WORDS, sizeof *l->rank);
    if (l->element == NULL || l->op == NULL || l->total == NULL || l->replication == NULL || l->rank == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the statistics of %u elements, %u replications and %u ranks",
                         l->n_slots, l->n_replications, l->n_ranks);
    return ARCH_OK;
}

/* The words of rows and all there is room for, by the numbers of replications and sections. */
static arch_status_t shape(archi_ledger_t *l, uint32_t n_replications)
{
    l->n_replications = n_replications;
    l->n_sections = choose_sections(l);
    l->element_words = ARCHI_E_COUNTS + (size_t)l->n_intervals * ARCHI_C_CELLS + (size_t)n_replications * ARCHI_V_VALUES;
    l->op_words = ARCHI_O_COUNTS + (size_t)l->n_intervals * ARCHI_P_CELLS + (size_t)n_replications * ARCHI_W_VALUES +
                  (size_t)l->n_sections * ARCHI_N_BUCKETS;
    return allocate(l);
}

arch_status_t archi_ledger_make(const archi_plan_t *plan, const arch_design_t *design, uint32_t n_ranks,
                                const uint32_t *slot_of, uint32_t n_slots, bool apart, archi_ledger_t *out)
{
    arch_status_t st = ARCH_OK;

    memset(out, 0, sizeof *out);
    out->n_elements = archi_plan_n_elements(plan);
    out->n_intervals = archi_plan_n_intervals(plan);
    out->n_slices = archi_plan_n_slices(plan);
    out->n_ranks = n_ranks;
    out->apart = apart;
    out->slot_of = slot_of;
    out->n_slots = slot_of == NULL ? out->n_elements : n_slots;
    ARCH_TRY_TO(failed, number_rows(design, &out->ops));
    ARCH_TRY_TO(failed, shape(out, design->run.replications));
    return ARCH_OK;
failed:
    archi_ledger_free(out);
    return st;
}

static void free_words(archi_ledger_t *l)
{
    free(l->element);
    free(l->op);
    free(l->total);
    free(l->replication);
    free(l->rank);
}

void archi_ledger_free(archi_ledger_t *ledger)
{
    free(ledger->ops.workload);
    free(ledger->ops.row_of);
    free(ledger->ops.first);
    free_words(ledger);
    memset(ledger, 0, sizeof *ledger);
}

/* Histograms are mostly pages that nobody has touched: what is 0 is not written, so that they stay so. */
static void copy_words(uint64_t *to, const uint64_t *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (from[i] != 0)
            to[i] = from[i];
}

/* Up to 32 replications each has its section; beyond, there are as many sections before as after. */
static void copy_rows(archi_ledger_t *to, const archi_ledger_t *from)
{
    size_t op_head = ARCHI_O_COUNTS + (size_t)from->n_intervals * ARCHI_P_CELLS;

    for (uint32_t i = 0; i < from->n_slots; i++)
        memcpy(to->element + i * to->element_words, from->element + i * from->element_words,
               from->element_words * sizeof *to->element);
    for (uint32_t i = 0; i < from->ops.n_rows; i++) {
        uint64_t *row = archi_ledger_op(to, i), *old = archi_ledger_op(from, i);
        memcpy(row, old, (op_head + (size_t)from->n_replications * ARCHI_W_VALUES) * sizeof *row);
        copy_words(archi_op_section(to, row, 0), archi_op_section(from, old, 0),
                   (size_t)from->n_sections * ARCHI_N_BUCKETS);
    }
    memcpy(to->total, from->total, ARCHI_T_TOTALS * sizeof *to->total);
    memcpy(to->replication, from->replication, (size_t)from->n_replications * ARCHI_R_VALUES * sizeof *to->replication);
    memcpy(to->rank, from->rank, (size_t)from->n_ranks * ARCHI_S_WORDS * sizeof *to->rank);
}

arch_status_t archi_ledger_grow(archi_ledger_t *ledger, uint32_t n)
{
    archi_ledger_t more = *ledger;
    arch_status_t st;

    if (ledger->n_replications < FEW_REPLICATIONS || n < ledger->n_replications)
        return ARCH_FAIL(ARCH_E_INTERNAL, "statistics of %u replications cannot become those of %u",
                         ledger->n_replications, n);
    more.element = more.op = more.total = more.replication = more.rank = NULL;
    st = shape(&more, n);
    if (st != ARCH_OK) {
        free_words(&more);
        return st;
    }
    copy_rows(&more, ledger);
    free_words(ledger);
    *ledger = more;
    return ARCH_OK;
}

uint32_t archi_ledger_section(const archi_ledger_t *l, uint32_t replication, uint32_t slice)
{
    if (!l->apart && l->n_replications < FEW_REPLICATIONS)
        return (replication * l->n_slices + slice) % l->n_sections;
    return replication % l->n_sections;
}

static bool is_shared(archi_net_t *net) { return archi_net_comm(net) == NULL; }

arch_status_t archi_ledger_fetch_elements(const archi_ledger_t *l, archi_net_t *net, uint32_t first, uint32_t n,
                                          uint64_t *out)
{
    for (uint32_t i = 0; i < n; i++) {
        uint64_t *to = out + (size_t)i * l->element_words;
        if (l->slot_of == NULL || l->slot_of[first + i] != ARCHI_NIL)
            memcpy(to, archi_ledger_element(l, first + i), l->element_words * sizeof *to);
        else
            memset(to, 0, l->element_words * sizeof *to);
    }
    return is_shared(net) ? ARCH_OK : archi_net_sum_u64(net, out, (size_t)n * l->element_words);
}

arch_status_t archi_ledger_fetch_ops(const archi_ledger_t *l, archi_net_t *net, uint32_t first, uint32_t n, uint64_t *out)
{
    memcpy(out, archi_ledger_op(l, first), (size_t)n * l->op_words * sizeof *out);
    return is_shared(net) ? ARCH_OK : archi_net_sum_u64(net, out, (size_t)n * l->op_words);
}

arch_status_t archi_ledger_merge_totals(archi_ledger_t *l, archi_net_t *net)
{
    if (is_shared(net))
        return archi_net_barrier(net);
    ARCH_TRY(archi_net_sum_u64(net, l->total, ARCHI_T_TOTALS));
    ARCH_TRY(archi_net_sum_u64(net, l->replication, (size_t)l->n_replications * ARCHI_R_VALUES));
    ARCH_TRY(archi_net_sum_u64(net, l->rank, (size_t)l->n_ranks * ARCHI_S_WORDS));
    return ARCH_OK;
}

static size_t words_of_totals(const archi_ledger_t *l)
{
    return ARCHI_T_TOTALS + (size_t)l->n_replications * ARCHI_R_VALUES + (size_t)l->n_ranks * ARCHI_S_WORDS;
}

arch_status_t archi_ledger_keep_totals(const archi_ledger_t *l, uint64_t **words)
{
    size_t replications = (size_t)l->n_replications * ARCHI_R_VALUES;

    *words = malloc(words_of_totals(l) * sizeof **words);
    if (*words == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to look at %u replications", l->n_replications);
    memcpy(*words, l->total, ARCHI_T_TOTALS * sizeof **words);
    memcpy(*words + ARCHI_T_TOTALS, l->replication, replications * sizeof **words);
    memcpy(*words + ARCHI_T_TOTALS + replications, l->rank, (size_t)l->n_ranks * ARCHI_S_WORDS * sizeof **words);
    return ARCH_OK;
}

void archi_ledger_give_back(archi_ledger_t *l, const uint64_t *words)
{
    size_t replications = (size_t)l->n_replications * ARCHI_R_VALUES;

    memcpy(l->total, words, ARCHI_T_TOTALS * sizeof *words);
    memcpy(l->replication, words + ARCHI_T_TOTALS, replications * sizeof *words);
    memcpy(l->rank, words + ARCHI_T_TOTALS + replications, (size_t)l->n_ranks * ARCHI_S_WORDS * sizeof *words);
}
