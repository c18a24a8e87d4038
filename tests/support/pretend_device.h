/* support/pretend_device.h - a device of kernels/device.h that is no GPU: it runs what is launched in the host, member by
 * member. Its memory can be neither read nor written but by its own functions, so that what would be wrong on a GPU is
 * wrong here. It has as much of it as it is told, fails when it is told, and may be slow. */
#ifndef ARCH_TEST_PRETEND_DEVICE_H
#define ARCH_TEST_PRETEND_DEVICE_H

#include "kernels/device.h"

typedef struct {
    uint64_t bytes;      /* of memory */
    uint64_t promised;   /* that it says there are; 0: as many as there are */
    long     fails_after; /* calls; < 0: never */
    long     slow_us;    /* that each slice takes longer */
} pretend_t;

typedef struct {
    uint64_t live_bytes, live_host, most_bytes, most_host; /* taken and not given back; the most at once */
    uint64_t n_launches[ARCHI_N_LAUNCHES], n_calls;
} pretend_count_t;

arch_status_t pretend_open(const pretend_t *how, archi_device_t **out);
void pretend_count(const archi_device_t *d, pretend_count_t *out);

#endif
