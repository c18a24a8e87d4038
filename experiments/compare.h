/* experiments/compare.h - shared by the files of comparisons. */
#ifndef ARCHI_COMPARE_H
#define ARCHI_COMPARE_H

#include "io/arena.h"
#include <architech/compare.h>

/* What a comparison is made from. */
typedef struct {
    arch_comparison_t *out;
    arch_design_t *design; /* [out->n_designs] as they run: the caller's with the base's run settings */
    arch_point_t *point;   /* [out->n_designs] with their samples */
} archi_compare_t;

/* Text made with printf's formats, in the comparison's arena; NULL when memory is out. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
const char *
archi_compare_text(arch_comparison_t *out, const char *format, ...);

/* Fill pair->path: where the changes of mean latencies arise. */
arch_status_t archi_compare_paths(archi_compare_t *c, uint32_t other, arch_pair_t *pair);

#endif
