/* experiments/work.h - a job as bytes: replications of a design to simulate. Whoever does it needs nothing else. */
#ifndef ARCHI_WORK_H
#define ARCHI_WORK_H

#include <architech/run.h>
#include <stddef.h>

/* The bytes of a job; the caller frees. `text`: the design as JSON. */
arch_status_t archi_work_make(const char *text, size_t length, uint32_t first, uint32_t n, void **bytes, size_t *size);

/* What it asks for; bytes of anybody: ARCH_E_FORMAT. The caller owns *design. */
arch_status_t archi_work_read(const void *bytes, size_t size, arch_design_t **design);
arch_status_t archi_work_range(const void *bytes, size_t size, uint32_t *first, uint32_t *n);

/* Do it: the answer is samples as bytes, which the caller frees. Bytes of anybody: ARCH_E_FORMAT. options: threads, memory,
 * mpi, progress; with mpi collective, the bytes are rank 0's and so is the answer. */
arch_status_t archi_work_do(const void *bytes, size_t size, const arch_run_options_t *options, void **answer, size_t *n);

#endif
