/* kernels/gpu.h - a GPU of this machine, for an ensemble. */
#ifndef ARCHI_GPU_H
#define ARCHI_GPU_H

#include <architech/status.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct archi_device archi_device_t; /* kernels/device.h; used by one thread at a time */

/* Number `rank_here` modulo how many there are: one for each process of the machine, if there are enough. ARCH_E_NOTFOUND,
 * with the reason in the text: there is none that this build can use. ARCH_E_CUDA: there is one and it fails. */
arch_status_t archi_device_open(uint32_t rank_here, archi_device_t **out);
void archi_device_close(archi_device_t **d); /* NULL and *NULL are fine */
uint32_t archi_device_count(void); /* 0: none, or none that this build can use */
const char *archi_device_name(const archi_device_t *d);

#ifdef __cplusplus
}
#endif
#endif
