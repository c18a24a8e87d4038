/* kernels/device.h - what a device can do, as a table of functions: all that knows the device's own language lies behind it,
 * so that the same waves run on a GPU and, in tests, on a device that is only pretended.
 *
 * A device belongs to one thread. Addresses of its memory are not to be read or written by the host. */
#ifndef ARCHI_DEVICE_H
#define ARCHI_DEVICE_H

#include "kernels/gpu.h"
#include "kernels/wave.h"

#ifdef __cplusplus
extern "C" {
#endif

struct archi_device {
    char     name[128];
    /* Bytes that can be had now. */
    arch_status_t (*room)(archi_device_t *d, uint64_t *bytes);
    /* Memory of the device, aligned to 256 bytes. *out is NULL, with ARCH_OK, when there is not so much: ask for less. */
    arch_status_t (*take)(archi_device_t *d, uint64_t bytes, void **out);
    void (*give)(archi_device_t *d, void *memory); /* NULL is fine */
    /* Memory of the host that the device copies to fast. *out is NULL on ARCH_E_NOMEM. */
    arch_status_t (*take_host)(archi_device_t *d, uint64_t bytes, void **out);
    void (*give_host)(archi_device_t *d, void *memory);
    /* Copy to the device, and back; both wait until it is done, and until all that was launched before is. */
    arch_status_t (*put)(archi_device_t *d, void *to, const void *from, uint64_t bytes);
    arch_status_t (*get)(archi_device_t *d, void *to, const void *from, uint64_t bytes);
    /* Begin to do it to all members of *wave, which is copied; does not wait. */
    arch_status_t (*launch)(archi_device_t *d, archi_launch_t what, const archi_wave_t *wave);
    /* *busy: what was launched is not done yet; else *seconds: what the last launch took. Trouble of what was launched shows
     * here, or when something is copied. */
    arch_status_t (*look)(archi_device_t *d, bool *busy, double *seconds);
    void (*close)(archi_device_t *d);
};

#ifdef __cplusplus
}
#endif
#endif
