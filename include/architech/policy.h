/* architech/policy.h - policies that a program plugs in: a balancer, an admission at a service's door, an autoscaler.
 *
 * A plugged-in policy behaves like a built-in one. It is asked when there is something to decide, knows what the element
 * that asks knows, draws from the engine's random numbers, and keeps one word of state that lives with the element: so the
 * same design and seed give the same bits on any number of ranks, before or after a checkpoint, branch or rollback. That
 * holds as long as its answer depends on what it is handed alone: no clock, no globals that change, nothing counted on the
 * side, since calls come from several threads, for several replications, and again for what was undone. */
#ifndef ARCHITECH_POLICY_H
#define ARCHITECH_POLICY_H

#include <architech/time.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a balancer knows when it picks a replica for a request. */
typedef struct {
    arch_time_t now;
    uint64_t request;          /* identity of the workload's request that it belongs to, the same in every design */
    uint32_t n;                /* replicas that may be picked */
    const uint64_t *in_flight; /* [n] requests of this balancer's that each has not answered yet */
    uint32_t draw[4];          /* random, independent, the same for this request in every run of the seed */
} arch_pick_view_t;

/* What a server knows when a request comes to its door. */
typedef struct {
    arch_time_t now;
    uint64_t request;
    uint32_t endpoint;                /* of the service */
    uint32_t priority;                /* 0 is served first */
    uint32_t inside, threads;         /* requests that hold a thread, and how many there are, ARCH_UNLIMITED: no bound */
    uint32_t waiting, ready, running; /* for a thread; for a core; on a core */
    uint32_t queue_limit;             /* the built-in bound of `waiting`, which holds all the same */
    uint32_t draw[4];
} arch_admission_view_t;

/* Picks a replica, 0 to view->n - 1; what lies beyond is taken modulo n. *state is the balancer's own word; it begins with a
 * random replica. Not asked where there is only one. */
typedef uint32_t arch_pick_function_t(void *user, const arch_pick_view_t *view, uint64_t *state);

/* Whether the request may come in; if not it is rejected. *state is that replica's own word and begins with 0. */
typedef bool arch_admission_function_t(void *user, const arch_admission_view_t *view, uint64_t *state);

/* A policy and whose it is. Both functions may be given, where `element` is a balancer only `pick`, where it is a service
 * only `admit` counts; the other is NULL. */
typedef struct {
    const char *element; /* name of a balancer or a service of the design */
    arch_pick_function_t *pick;
    arch_admission_function_t *admit;
    void *user; /* handed to it; read only, since several threads ask */
} arch_policy_t;

#ifdef __cplusplus
}
#endif
#endif
