/* experiments/look.h - how figures of samples are shown to people. */
#ifndef ARCHI_LOOK_H
#define ARCHI_LOOK_H

#include "io/results_number.h"
#include <architech/samples.h>

static inline archi_look_t archi_look_of(arch_figure_t figure)
{
    switch (figure) {
    case ARCH_FIGURE_ERRORS:
    case ARCH_FIGURE_HIT_RATIO:
        return ARCHI_AS_PERCENT;
    case ARCH_FIGURE_THROUGHPUT:
    case ARCH_FIGURE_VISITS:
        return ARCHI_AS_NUMBER;
    case ARCH_FIGURE_UTILISATION:
    case ARCH_FIGURE_BUSIEST:
    case ARCH_FIGURE_QUEUE:
        return ARCHI_AS_LEVEL;
    default:
        return ARCHI_AS_TIME;
    }
}

#endif
