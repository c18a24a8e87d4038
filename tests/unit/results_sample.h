/* tests/unit/results_sample.h - results made by hand, small enough to know by heart. */
#ifndef RESULTS_SAMPLE_H
#define RESULTS_SAMPLE_H

#include <architech/results.h>

/* Two operations, a balancer, three replicas, a database with a cache in front, objectives of every verdict, findings of
 * every severity. The caller destroys it; NULL when memory is out. */
arch_results_t *results_sample(void);

/* As many components with utilisations that fall from 0.95, and nothing else. */
arch_results_t *results_sample_large(uint32_t n_components);

/* No file of this process may become longer: writing beyond fails as on a full disk. 0 takes the limit away. */
void results_limit_file_size(unsigned long bytes);

arch_estimate_t results_estimate(double value, double half_width);
arch_estimate_t results_unsupported(void);

#endif
