/* io/checkpoint_sum.h - a checksum of 64 bits at the speed of memory: XXH64 (Yann Collet, "xxHash fast digest algorithm",
 * specification 0.1.1), chosen over CRCs because four independent lanes keep pace with copying. Against accidents, not
 * against forgery. */
#ifndef ARCHI_CHECKPOINT_SUM_H
#define ARCHI_CHECKPOINT_SUM_H

#include <stddef.h>
#include <stdint.h>

typedef struct archi_sum {
    uint64_t lane[4];
    uint64_t bytes;         /* taken so far */
    unsigned char rest[32]; /* those that did not fill a stripe */
} archi_sum_t;

void archi_sum_begin(archi_sum_t *sum);
void archi_sum_add(archi_sum_t *sum, const void *bytes, size_t n); /* in pieces of any size */
uint64_t archi_sum_end(const archi_sum_t *sum);

uint64_t archi_sum_of(const void *bytes, size_t n);

#endif
