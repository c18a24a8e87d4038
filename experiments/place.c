/* experiments/place.c - which place the options ask for. */
#include "experiments/place.h"
#include "kernels/gpu.h"
#include <architech/run.h>

/* Who says nothing of where gets a GPU where there is one. */
static bool wants_gpu(const arch_lab_options_t *options)
{
    return options->executor == ARCH_EXECUTOR_AUTO && options->workers == 0 && options->endpoint == NULL &&
           options->threads == 0 && options->n_policies == 0 && options->n_autoscalers == 0 && archi_device_count() > 0;
}

arch_status_t archi_place_open(const arch_lab_options_t *options, archi_place_t **out)
{
    if (options->threads > 0 && (options->workers > 0 || options->endpoint != NULL))
        return ARCH_FAIL(ARCH_E_ARG, "threads of this process and workers exclude each other: give one of them");
    if (options->publish != NULL && options->workers == 0 && options->endpoint == NULL)
        return ARCH_FAIL(ARCH_E_ARG, "progress is published by a lab with workers, and this one has threads");
    if (options->executor != ARCH_EXECUTOR_AUTO && options->executor != ARCH_EXECUTOR_CPU &&
        options->executor != ARCH_EXECUTOR_GPU)
        return ARCH_FAIL(ARCH_E_ARG, "executor %u: expected one of auto, cpu and gpu", options->executor);
    if (options->executor == ARCH_EXECUTOR_GPU && (options->workers > 0 || options->endpoint != NULL))
        return ARCH_FAIL(ARCH_E_ARG, "a GPU and workers exclude each other: give one of them");
    if (options->executor == ARCH_EXECUTOR_GPU || wants_gpu(options))
        return archi_place_ensemble(options, out);
    return options->workers > 0 || options->endpoint != NULL ? archi_place_farm(options, out)
                                                              : archi_place_threads(options, out);
}
