/* coordinator/ledger_pack.h - a ledger as words for a checkpoint. Rows are mostly zeros: what is not zero is listed in runs,
 * by its place among the rows of all elements, so that it does not matter which process keeps which. */
#ifndef ARCHI_LEDGER_PACK_H
#define ARCHI_LEDGER_PACK_H

#include "coordinator/ledger.h"

/* *words is malloc'ed, the caller frees. */
arch_status_t archi_ledger_pack(const archi_ledger_t *l, uint64_t **words, uint64_t *n);

/* Which of the saved numbers a process takes: each is added back by one process only. */
typedef struct {
    bool elements; /* of those elements that the ledger keeps */
    bool rest;     /* of operations and replications, and totals */
} archi_ledger_share_t;

/* Add what was packed. Words from elsewhere are welcome: ARCH_E_FORMAT says what is wrong with them. */
arch_status_t archi_ledger_unpack(archi_ledger_t *l, const uint64_t *words, uint64_t n, archi_ledger_share_t share);

#endif
