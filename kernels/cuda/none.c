/* kernels/cuda/none.c - in builds without CUDA there is no GPU. */
#include "kernels/gpu.h"
#include <stddef.h>

arch_status_t archi_device_open(uint32_t rank_here, archi_device_t **out)
{
    (void)rank_here;
    *out = NULL;
    return ARCH_FAIL(ARCH_E_NOTFOUND, "there is no GPU to run on: this build has no CUDA");
}

uint32_t archi_device_count(void) { return 0; }
