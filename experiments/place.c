/* experiments/place.c - which place the options ask for. */
#include "experiments/place.h"

arch_status_t archi_place_open(const arch_lab_options_t *options, archi_place_t **out)
{
    if (options->threads > 0 && (options->workers > 0 || options->endpoint != NULL))
        return ARCH_FAIL(ARCH_E_ARG, "threads of this process and workers exclude each other: give one of them");
    if (options->publish != NULL && options->workers == 0 && options->endpoint == NULL)
        return ARCH_FAIL(ARCH_E_ARG, "progress is published by a lab with workers, and this one has threads");
    return options->workers > 0 || options->endpoint != NULL ? archi_place_farm(options, out)
                                                              : archi_place_threads(options, out);
}
