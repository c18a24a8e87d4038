/* kernels/ensemble.h - shared by the files of an ensemble.
 *
 *     ensemble.c      the line of members that wait for a hand, and the hands
 *     shapes.c        prototypes, with the room that members have been seen to need
 *     waves.c         what hand 0 does with a device: waves of members, slice by slice
 *     waves_load.c    a wave into the device's memory
 *     waves_fetch.c   what became of it, out of it
 *     cpu/core.c      a member on a core */
#ifndef ARCHI_ENSEMBLE_H
#define ARCHI_ENSEMBLE_H

#include "kernels/device.h"
#include "kernels/kernels.h"
#include <pthread.h>

/* Packed members as they came from the device, side by side. */
typedef struct archi_parcel {
    struct archi_parcel *next;
    void    *bytes;
    uint64_t room;   /* bytes that it has */
    uint32_t n_left; /* that nobody has read yet; under the ensemble's lock */
} archi_parcel_t;

typedef enum {
    ARCHI_ITEM_FRESH,     /* to be simulated */
    ARCHI_ITEM_UNFINISHED, /* to be gone on with: the block is the item's own */
    ARCHI_ITEM_PACKED     /* to be read */
} archi_item_kind_t;

typedef struct archi_item {
    struct archi_item *next;
    archi_item_kind_t  kind;
    uint32_t           member;
    archi_block_t     *block;
    archi_parcel_t    *parcel;
} archi_item_t;

/* Scenarios whose blocks begin alike are taken to need alike. */
typedef struct {
    uint32_t begins[ARCHI_MAX_SECTIONS]; /* capacities of an empty block */
    uint32_t needs[ARCHI_MAX_SECTIONS];  /* the most that a member of any such scenario has been seen to need */
    bool     seen;                       /* there has been one */
} archi_shape_t;

struct archi_ensemble {
    archi_ensemble_spec_t spec;
    bool           *begun;     /* [n_members] handed out apart from the range below; set before any of that is */
    pthread_mutex_t lock;
    pthread_cond_t  changed;
    /* all that follows under the lock */
    archi_item_t   *first, **last;
    uint32_t        next, end;  /* members that are handed out one after the other, but for those begun */
    uint32_t        n_left;     /* not done yet */
    bool            stopped;
    archi_parcel_t *parcels;
    uint32_t       *shape_of;   /* [n_scenarios] ARCHI_NIL: not known */
    archi_shape_t  *shape;
    uint32_t        n_shapes;
    double          core_seconds; /* that members took on cores from beginning to end, */
    uint64_t        core_events, most_events; /* how many events those were, and the most of one */
    archi_ensemble_figures_t figures;
};

/* A hand at work. */
typedef struct {
    archi_ensemble_t   *e;
    const archi_hand_t *hand;
    /* on a core: the block of the last member, which the next one of its scenario is made of */
    archi_block_t      *block, *prototype;
    uint32_t            scenario;
} archi_worker_t;

/* Do one thing that waits in line; *did: there was one. With `wait`, wait for one until all members are done, or until it is
 * time for a pause. */
arch_status_t archi_worker_do(archi_worker_t *w, bool wait, bool *did);
/* Let the hand pause, if it wants to. */
arch_status_t archi_worker_pause(const archi_worker_t *w);
/* Put it in line; it is copied. */
arch_status_t archi_ensemble_put(archi_ensemble_t *e, const archi_item_t *item);
/* Hand out members first .. end - 1, but for those begun. */
void archi_ensemble_offer(archi_ensemble_t *e, uint32_t first, uint32_t end);

/* ---- cpu/core.c -------------------------------------------------------------------------------------------------- */

/* Simulate a member in w->block from the beginning, or *b from where it stands, to its end, and finish it. *b is NULL when
 * it could not be made. ARCH_E_FULL, ARCH_E_NOMEM: *b is as of the last event handled. */
arch_status_t archi_core_fresh(archi_worker_t *w, uint32_t member, archi_block_t **b, archi_member_stats_t *stats);
arch_status_t archi_core_go_on(archi_worker_t *w, uint32_t member, archi_block_t **b, archi_member_stats_t *stats);
void archi_core_release(archi_worker_t *w);

/* ---- shapes.c ---------------------------------------------------------------------------------------------------- */

/* The prototype of a scenario, with room for what its like were seen to need; *seen: there was one. The caller owns *out. */
arch_status_t archi_shapes_prototype(archi_ensemble_t *e, uint32_t scenario, archi_block_t **out, bool *seen);
/* This is what a member of it came to. */
void archi_shapes_learn(archi_ensemble_t *e, uint32_t scenario, const archi_block_t *b);

/* ---- waves.c ----------------------------------------------------------------------------------------------------- */

/* Hand 0: bring all members to the device, wave by wave, and put in line what comes back; or what it is given up for. */
arch_status_t archi_waves_run(archi_worker_t *w);

typedef struct {
    archi_worker_t      *w;
    archi_ensemble_t    *e;
    archi_device_t      *d;
    uint64_t             budget;   /* bytes of the device */
    archi_parcel_t      *spare;    /* parcels to be filled again */
    uint32_t             next;     /* member that the next wave begins with */
    /* of this wave */
    uint32_t             n, end;   /* members; where the next wave begins */
    uint32_t            *number;   /* [n] members' numbers in the ensemble */
    archi_wave_member_t *member;   /* [n] */
    archi_wave_report_t *report;   /* [n] */
    uint32_t            *scenario; /* [n_scenarios, at most a member each] in the order of the wave's table */
    uint32_t             n_scenarios, capacity;
    uint64_t             region_bytes, taken_bytes; /* of blocks; of all that the wave has on the device */
    void                *library, *tables, *region, *output; /* on the device */
    archi_wave_t         wave;     /* as the device sees it */
} archi_waves_t;

/* Choose the members of the next wave and bring them there; what does not fit is left to the next. Waves are done: n 0. */
arch_status_t archi_waves_load(archi_waves_t *v);
void archi_waves_unload(archi_waves_t *v);
/* The wave's members are done or have overflowed: put them in line. */
arch_status_t archi_waves_fetch(archi_waves_t *v);
/* Parcels that nobody will fill again. */
void archi_waves_give_back(archi_waves_t *v);

#endif
