/* model/graft.h - the state of one plan goes on under another: "what if from here". Host only.
 *
 * What there is keeps its meaning: elements, requests inside them, what is pending and what was counted are carried over by
 * name; settings, distributions, rates and policies are the new plan's. What is new begins empty now. More threads or cores
 * take up at once what waits for them; fewer are left to those who have them until they are done.
 *
 * A request stands in the middle of a program, so the programs of what there is must have the same steps, with whatever
 * times, shares and targets. Every element that there is must go on being: more replicas are fine, fewer are not.
 *
 * Under the same plan the bits of going on are those of not having been grafted. Under a plan that differs in how long it
 * lasts alone (archi_plan_until()) the statistics are those of a run that ends there. */
#ifndef ARCHI_GRAFT_H
#define ARCHI_GRAFT_H

#include "model/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The only block of a replication, every event before `now` handled, becomes the only block under `to`, whose elements are
 * all in one stripe (archi_map_t). `seed`: of the draws from here on. *b stays as it is. The caller owns *out, NULL on
 * failure. ARCH_E_ARG with a sentence that says what cannot be carried over; ARCH_E_NOMEM, ARCH_E_RANGE. */
arch_status_t archi_model_graft(const archi_plan_t *from, const archi_plan_t *to, const archi_block_t *b, arch_time_t now,
                                uint64_t seed, archi_block_t **out);

/* A copy of a plan that ends at `until`, above 0 and at most its duration: for reading what was counted up to there. */
arch_status_t archi_plan_until(const archi_plan_t *plan, arch_time_t until, archi_plan_t **out);

#ifdef __cplusplus
}
#endif
#endif
