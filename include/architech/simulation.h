/* architech/simulation.h - one replication of a design as an object: stepped to a simulated time, looked at, saved, and
 * branched: "what if from here".
 *
 * It is the replication that arch_run() would simulate, event for event, on the thread that calls; digests agree. There is
 * no global state: several simulations may be used at once in several threads, each by one thread at a time. */
#ifndef ARCHITECH_SIMULATION_H
#define ARCHITECH_SIMULATION_H

#include <architech/policy.h>
#include <architech/results.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A replication on its way. */
typedef struct arch_simulation arch_simulation_t;

/* How to simulate. Zero means "choose for me" in every member. */
typedef struct {
    uint64_t memory_limit;       /* bytes for its state; 0: four fifths of what the machine has free */
    const arch_policy_t *policy; /* [n_policies] plugged in; copied, what it points to is not */
    uint32_t n_policies;
} arch_simulation_options_t;

/* Replication number `replication` (from 0) of the design, at time 0 with nothing handled. The design is copied; `options`
 * may be NULL. The caller owns *out (arch_simulation_destroy), which is NULL on failure: ARCH_E_FORMAT where
 * arch_design_check() finds something, ARCH_E_NOTFOUND for a policy without an element, ARCH_E_ARG, ARCH_E_NOMEM. */
arch_status_t arch_simulation_create(const arch_design_t *design, uint32_t replication,
                                     const arch_simulation_options_t *options, arch_simulation_t **out);
/* Give back what it holds; NULL and *simulation == NULL are fine. */
void arch_simulation_destroy(arch_simulation_t **simulation);

/* Handle every event before `until`; later than the design's duration means its duration. A time that has been reached
 * already is fine and does nothing. ARCH_E_FULL when memory is out: the simulation then stands where it stood when that
 * happened, and may be read. */
arch_status_t arch_simulation_run_to(arch_simulation_t *simulation, arch_time_t until);

/* Up to which time all events are handled, in ns. */
arch_time_t arch_simulation_now(const arch_simulation_t *simulation);
/* Events handled so far, by whom it branched from included. */
uint64_t arch_simulation_events(const arch_simulation_t *simulation);
/* The design that it simulates; it lives as long as the simulation. */
const arch_design_t *arch_simulation_design(const arch_simulation_t *simulation);

/* What has been found out by now, as if the run ended here: rates, series and warm-up are of the time up to now. At the end
 * of the run the digest is that of arch_run() for this replication (digests of several replications are added, modulo
 * 2^64). The simulation can go on. The caller owns *out (arch_results_destroy). ARCH_E_ARG at time 0. */
arch_status_t arch_simulation_results(const arch_simulation_t *simulation, arch_results_t **out);

/* ---- a span of time (arch_observation_t: architech/policy.h) -------------------------------------------------------- */

/* A new span begins now. The first one began at time 0, that of a branch where it branched. ARCH_E_NOMEM. */
arch_status_t arch_simulation_mark(arch_simulation_t *simulation);
/* What happened since then. *out belongs to the simulation and lives until the next call of this or its end.
 * ARCH_E_NOMEM. */
arch_status_t arch_simulation_observe(arch_simulation_t *simulation, const arch_observation_t **out);

/* ---- how many replicas ---------------------------------------------------------------------------------------------- */

/* From now on requests are sent to the first `n` replicas of the service only; the others get no more and finish what they
 * have. At the beginning all are active. ARCH_E_NOTFOUND, ARCH_E_RANGE. */
arch_status_t arch_simulation_activate(arch_simulation_t *simulation, const char *service, uint32_t n);
/* How many are active; 0: there is no such service. */
uint32_t arch_simulation_active(const arch_simulation_t *simulation, const char *service);

/* From now on arch_simulation_run_to() asks it every interval; the first time one interval from now. Where run_to() stops
 * makes no difference: registered at time 0 it makes this the replication that arch_run() with the same autoscaler has.
 * One for a service; the struct is copied, `service` and, without user_bytes, `user` live as long as the simulation. A
 * snapshot and a branch keep the number of active replicas; replicas that start and the autoscaler itself are not part of
 * them. ARCH_E_NOTFOUND, ARCH_E_RANGE, ARCH_E_ARG, ARCH_E_NOMEM. */
arch_status_t arch_simulation_autoscale(arch_simulation_t *simulation, const arch_autoscaler_t *autoscaler);

/* ---- saved and branched ---------------------------------------------------------------------------------------------- */

/* All that it is, as bytes (malloc'ed, the caller frees): the same bytes for the same state. */
arch_status_t arch_simulation_snapshot(const arch_simulation_t *simulation, void **bytes, size_t *n_bytes);
/* The simulation again, of the same design and policies; its span begins now. ARCH_E_FORMAT with the reason where the bytes
 * are damaged, of another design or of another version of this library. The caller owns *out, NULL on failure. */
arch_status_t arch_simulation_restore(const arch_design_t *design, const arch_simulation_options_t *options,
                                      const void *bytes, size_t n_bytes, arch_simulation_t **out);

/* What if from here: a second simulation that begins in the state of this one and goes on under `design`, NULL for the same.
 * Everything that is under way stays under way; times, rates, shares, targets, policies, threads, cores, caches and links
 * may be others, elements, replicas and users may be more, and with another /run/seed chance goes another way from here.
 * ARCH_E_ARG with a sentence where the state cannot go on: elements, replicas or users are fewer, an endpoint has other
 * steps, or the duration, warm-up or interval of the run is another. The caller owns *out, NULL on failure. */
arch_status_t arch_simulation_branch(const arch_simulation_t *simulation, const arch_design_t *design,
                                     arch_simulation_t **out);

#ifdef __cplusplus
}
#endif
#endif
