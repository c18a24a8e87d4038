/* kernels/kernels.h - ensembles: replications of one or of many scenarios, each a whole block, none of which hears of
 * another. They run side by side on the cores that come to work on them and, if there is one, on a device.
 *
 * Members are taken in any order and by whoever is free; as each is the same function of its plan, seed and number wherever
 * it runs, nothing but time depends on that. What the device has no room for is finished on the cores from where it
 * stands. Host only. */
#ifndef ARCHI_KERNELS_H
#define ARCHI_KERNELS_H

#include "engine/executor.h"
#include "kernels/gpu.h"
#include "model/model.h"

typedef struct {
    const archi_plan_t *plan; /* the caller's, of equal design for all members of the scenario */
    uint64_t            seed;
} archi_scenario_t;

typedef struct {
    uint32_t scenario;
    uint32_t replication; /* number, for draws */
} archi_member_t;

typedef struct {
    const archi_scenario_t *scenario; /* [n_scenarios] the caller's; no policies plugged in where there is a device */
    const archi_member_t   *member;   /* [n_members] the caller's; those of a scenario best stand together */
    uint32_t                n_scenarios, n_members;
    uint32_t                n_hands;  /* threads that will work on it, at least 1 */
    archi_device_t         *device;   /* the caller's, used by hand 0 alone; NULL: cores do all */
    bool                    unsure;   /* the device may turn out slower than the hands: then they do what is left */
    bool                    tight;    /* members on the device get what an empty block has, and no more: for tests */
    uint64_t                most_device_bytes; /* of the device's memory; 0: nine tenths of what is free */
    uint32_t                n_sharing;         /* processes that use the device; each counts on its part; 0: this one */
    uint64_t                most_host_bytes;   /* from there on no more statistics come before some are read; 0: 1 GiB */
} archi_ensemble_spec_t;

/* What a member took where it came to its end. */
typedef struct {
    archi_executor_stats_t run; /* on a core; of a member from a device nothing but the bytes */
    double make_seconds;        /* its block */
} archi_member_stats_t;

/* One thread that works on an ensemble; `user` is its own. */
typedef struct {
    uint64_t memory_limit; /* bytes for the block that it works on; 0: none */
    /* A member is at its end, or cannot get there: *b is finished and only to be read, what only statistics are read of, or
     * as far as it got (then st is not ARCH_OK), or NULL. Of a block from a device, only archi_model_tally() and its like
     * can be asked, and the counts in its header. What is answered, unless ARCH_OK, ends the ensemble. */
    arch_status_t (*done)(void *user, uint32_t member, const archi_block_t *b, const archi_member_stats_t *stats,
                          arch_status_t st);
    /* Asked before a member is simulated on a core: false, and done() comes at once, with ARCH_OK and no block or one that
     * is not at its end. May be NULL. */
    bool (*wanted)(void *user, uint32_t member);
    /* Called now and then: simulated ns that this hand has under way, and events of these. Not 0 ends the ensemble with
     * ARCH_E_CANCELLED. May be NULL. */
    int (*progress)(void *user, arch_time_t under_way, uint64_t n_events);
    /* Called where nothing of this hand's is half-done: between members, between a device's slices, several times a second
     * while it waits; and once more when another hand has ended the ensemble. What is answered, unless ARCH_OK, ends it, and
     * is what this hand answers. May be NULL. */
    arch_status_t (*pause)(void *user);
    void *user;
} archi_hand_t;

/* What became of it, for people. */
typedef struct {
    uint32_t n_device;     /* members that a device brought to their end */
    uint32_t n_overflowed; /* that it began and cores finished */
    uint32_t n_waves, n_launches, n_halved; /* waves; slices; times that there was less memory than was free */
    uint64_t device_events, device_bytes, packed_bytes, region_bytes; /* device_bytes: of the largest wave */
    double   device_seconds, begin_seconds, pack_seconds;
    bool     given_up;     /* the device was slower than the hands */
} archi_ensemble_figures_t;

typedef struct archi_ensemble archi_ensemble_t;

/* The caller owns *out (archi_ensemble_destroy). ARCH_E_NOMEM. Local. */
arch_status_t archi_ensemble_create(const archi_ensemble_spec_t *spec, archi_ensemble_t **out);
/* Called by n_hands threads, each once, with hands 0 .. n_hands - 1: work until every member is done. One hand's failure is
 * everyone's end: the others answer ARCH_E_CANCELLED. ARCH_E_NOMEM: not even one member fits the device; ARCH_E_CUDA. */
arch_status_t archi_ensemble_work(archi_ensemble_t *e, uint32_t number, const archi_hand_t *hand);
/* A hand will not come: those that work, or will, answer ARCH_E_CANCELLED. Any thread. */
void archi_ensemble_stop(archi_ensemble_t *e);
void archi_ensemble_figures(const archi_ensemble_t *e, archi_ensemble_figures_t *out); /* when all hands are back */
void archi_ensemble_destroy(archi_ensemble_t **e);

#endif
