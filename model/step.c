/* model/step.c - the engine's step with the model's handler compiled into it. */
#include "model/fetch.h"
#include "model/handle.h"
#include "model/model.h"

archi_stop_t archi_model_step(const void *plan, const archi_map_t *map, archi_block_t *b, arch_time_t horizon)
{
#if !defined(__CUDA_ARCH__)
    if (map->n_lps >= ARCHI_FETCH_FROM)
        return archi_run_until_fetching(plan, map, b, horizon, archi_handle, archi_model_fetch);
#endif
    return archi_run_until(plan, map, b, horizon, archi_handle);
}
