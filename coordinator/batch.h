/* coordinator/batch.h - replications of many designs as one ensemble: what a sweep asks for, side by side. */
#ifndef ARCHI_BATCH_H
#define ARCHI_BATCH_H

#include "kernels/kernels.h"
#include <architech/samples.h>

/* So many replications at least are worth a GPU, if nobody says that there shall be one. */
enum { ARCHI_MANY_REPLICATIONS = 1000 };

/* What a GPU did, for people. */
void archi_batch_say(const archi_device_t *device, const archi_ensemble_figures_t *f, char *out, size_t bytes);

/* Replications first .. first + n - 1 of a design, and what became of them. */
typedef struct {
    uint32_t        first, n;
    arch_samples_t *samples; /* the caller's; NULL unless status is ARCH_OK */
    arch_status_t   status;
    char            why[256];
} archi_batch_item_t;

typedef struct {
    uint32_t        threads;      /* 0: one per core */
    uint64_t        memory_limit; /* bytes for the blocks of all threads; 0: four fifths of what is free */
    archi_device_t *device;       /* used by the calling thread; NULL: cores do all */
    bool            unsure;       /* whether it is faster than they are */
    /* The design of item i, which the caller is given back by arch_design_destroy(); by any of the threads. */
    arch_status_t (*read)(void *user, uint32_t i, arch_design_t **out);
    void (*answered)(void *user, uint32_t i); /* item i is what it will be; by any of the threads */
    int (*stops)(void *user);                 /* not 0: give up, ARCH_E_CANCELLED; asked often, by any of the threads */
    void *user;
} archi_batch_options_t;

/* Simulate them all. Items that cannot be say so in their status; what else fails is the call's own, and then some are
 * not answered. *figures may be NULL. Samples are the same bits as those of arch_run_samples(). */
arch_status_t archi_batch_run(archi_batch_item_t *item, uint32_t n, const archi_batch_options_t *options,
                              archi_ensemble_figures_t *figures);

#endif
