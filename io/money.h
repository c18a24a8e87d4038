/* io/money.h - costs as people write them: "$30/month", "12.50 EUR/hour". */
#ifndef ARCHI_MONEY_H
#define ARCHI_MONEY_H

#include "io/design_reader.h"
#include <architech/plan.h>

/* More per year, or in all, is refused: sums of a hundred changes still fit. */
#define ARCHI_MOST_MONEY INT64_C(10000000000000000) /* ten thousand million of the currency */

/* What all costs of a file agree on, taken from the first that says it. */
typedef struct {
    const char *currency; /* NULL: none said yet */
    bool first;           /* before the number */
    uint32_t per_year;    /* periods: 8760, 365, 12 or 1 */
    const char *said;     /* the cost that said it */
} archi_tender_t;

/* A cost at the place, or 0 without a currency. False, with a problem, when it is none or of another currency. */
bool archi_read_money(archi_reader_t *r, const archi_place_t *at, archi_tender_t *tender, arch_money_t *out);

#endif
