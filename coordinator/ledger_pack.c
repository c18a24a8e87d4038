/* coordinator/ledger_pack.c - shape, then runs of words that are not zero: first place, length, words. */
#include "coordinator/ledger_pack.h"
#include <stdlib.h>
#include <string.h>

enum { SHAPE_WORDS = 6, RUN_WORDS = 2 };

typedef struct {
    uint64_t *word;
    uint64_t n, capacity;
    uint64_t run;  /* where the run being written begins */
    uint64_t next; /* place after its last word */
    arch_status_t st;
} packer_t;

static void shape_of(const archi_ledger_t *l, uint64_t shape[SHAPE_WORDS])
{
    shape[0] = l->n_elements;
    shape[1] = l->element_words;
    shape[2] = l->ops.n_rows;
    shape[3] = l->op_words;
    shape[4] = l->n_replications;
    shape[5] = ARCHI_T_TOTALS;
}

/* Places: rows of elements, rows of operations, totals, replications. */
static uint64_t ops_begin(const archi_ledger_t *l) { return (uint64_t)l->n_elements * l->element_words; }
static uint64_t totals_begin(const archi_ledger_t *l) { return ops_begin(l) + (uint64_t)l->ops.n_rows * l->op_words; }
static uint64_t replications_begin(const archi_ledger_t *l) { return totals_begin(l) + ARCHI_T_TOTALS; }
static uint64_t places(const archi_ledger_t *l)
{
    return replications_begin(l) + (uint64_t)l->n_replications * ARCHI_R_VALUES;
}

/* ---- pack --------------------------------------------------------------------------------------------------------- */

static void put(packer_t *p, uint64_t word)
{
    if (p->st == ARCH_OK && p->n == p->capacity) {
        uint64_t capacity = 2 * p->capacity + 256;
        uint64_t *more = realloc(p->word, capacity * sizeof *more);
        if (more == NULL) {
            p->st = ARCH_FAIL(ARCH_E_NOMEM, "no memory to save the statistics");
            return;
        }
        p->word = more;
        p->capacity = capacity;
    }
    if (p->st == ARCH_OK)
        p->word[p->n++] = word;
}

static void pack_words(packer_t *p, uint64_t place, const uint64_t *word, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        if (word[i] == 0)
            continue;
        if (place + i != p->next || p->run == 0) {
            p->run = p->n;
            put(p, place + i);
            put(p, 0);
        }
        put(p, word[i]);
        if (p->st != ARCH_OK)
            return;
        p->word[p->run + 1]++;
        p->next = place + i + 1;
    }
}

arch_status_t archi_ledger_pack(const archi_ledger_t *l, uint64_t **words, uint64_t *n)
{
    packer_t p = {NULL, 0, 0, 0, 0, ARCH_OK};
    uint64_t shape[SHAPE_WORDS], total[ARCHI_T_TOTALS];

    shape_of(l, shape);
    for (uint32_t i = 0; i < SHAPE_WORDS; i++)
        put(&p, shape[i]);
    for (uint32_t e = 0; e < l->n_elements; e++)
        if (l->slot_of == NULL || l->slot_of[e] != ARCHI_NIL)
            pack_words(&p, e * (uint64_t)l->element_words, archi_ledger_element(l, e), l->element_words);
    pack_words(&p, ops_begin(l), l->op, (uint64_t)l->ops.n_rows * l->op_words);
    for (uint32_t i = 0; i < ARCHI_T_TOTALS; i++) /* ranks that leave add to them at any time */
        total[i] = __atomic_load_n(&l->total[i], __ATOMIC_RELAXED);
    pack_words(&p, totals_begin(l), total, ARCHI_T_TOTALS);
    pack_words(&p, replications_begin(l), l->replication, (uint64_t)l->n_replications * ARCHI_R_VALUES);
    *words = p.word;
    *n = p.n;
    if (p.st != ARCH_OK) {
        free(p.word);
        *words = NULL;
    }
    return p.st;
}

/* ---- unpack ------------------------------------------------------------------------------------------------------- */

/* Where the word at `place` is added here; NULL: another process takes it. */
static uint64_t *word_at(archi_ledger_t *l, uint64_t place, archi_ledger_share_t share)
{
    if (place < ops_begin(l)) {
        uint32_t e = (uint32_t)(place / l->element_words);
        bool here = share.elements && (l->slot_of == NULL || l->slot_of[e] != ARCHI_NIL);
        return here ? archi_ledger_element(l, e) + place % l->element_words : NULL;
    }
    if (!share.rest)
        return NULL;
    if (place < totals_begin(l))
        return l->op + (place - ops_begin(l));
    if (place == totals_begin(l) + ARCHI_T_PEAK_BYTES) /* of processes that are gone */
        return NULL;
    return place < replications_begin(l) ? l->total + (place - totals_begin(l))
                                         : l->replication + (place - replications_begin(l));
}

static const char *check_runs(const archi_ledger_t *l, const uint64_t *words, uint64_t n)
{
    uint64_t at = SHAPE_WORDS, next = 0;

    while (at < n) {
        if (n - at < RUN_WORDS || words[at + 1] > n - at - RUN_WORDS)
            return "end in the middle";
        if (words[at] < next || words[at] > places(l) || words[at + 1] > places(l) - words[at])
            return "name a place that there is not";
        next = words[at] + words[at + 1];
        at += RUN_WORDS + words[at + 1];
    }
    return NULL;
}

arch_status_t archi_ledger_unpack(archi_ledger_t *l, const uint64_t *words, uint64_t n, archi_ledger_share_t share)
{
    uint64_t shape[SHAPE_WORDS];
    const char *wrong;

    if (n == 0)
        return ARCH_OK;
    shape_of(l, shape);
    if (n < SHAPE_WORDS || memcmp(words, shape, sizeof shape) != 0)
        return ARCH_FAIL(ARCH_E_FORMAT, "the saved statistics have another shape than those of this run");
    wrong = check_runs(l, words, n);
    if (wrong != NULL)
        return ARCH_FAIL(ARCH_E_FORMAT, "the saved statistics %s", wrong);
    for (uint64_t at = SHAPE_WORDS; at < n; at += RUN_WORDS + words[at + 1])
        for (uint64_t i = 0; i < words[at + 1]; i++) {
            uint64_t *word = word_at(l, words[at] + i, share);
            if (word != NULL)
                *word += words[at + RUN_WORDS + i];
        }
    return ARCH_OK;
}
