/* io/samples.h - samples from within: made piece by piece. */
#ifndef ARCHI_SAMPLES_H
#define ARCHI_SAMPLES_H

#include <architech/samples.h>

/* A sample with room for the histograms of n_operations, n_buckets[i] each; zeroed. free() returns it; NULL when memory is
 * out. */
arch_sample_t *archi_sample_make(uint32_t n_operations, uint32_t n_components, const uint32_t *n_buckets);

/* Room for n samples, all NULL; samples->n is 0 then. */
arch_status_t archi_samples_reserve(arch_samples_t *samples, uint32_t n);

#endif
