/* tests/unit/worker_hands.h - workers that do small jobs, as threads and as processes, and a farm that knows what to
 * expect of them. */
#ifndef WORKER_HANDS_H
#define WORKER_HANDS_H

#include "workers/farm.h"
#include "workers/worker.h"
#include <pthread.h>
#include <stdatomic.h>

enum { MOST_JOBS = 20000, PATIENT_MS = 60000 };

void nap(double seconds);

/* Jobs are texts: "square N"; "sleep MS N": the square, later, unless nobody wants it; "fail"; "crash"; "kill". */
arch_status_t hand_work(archi_task_t *task, const void *job, size_t bytes, void **result, size_t *n, void *user);

/* A worker in a thread. */
typedef struct {
    archi_worker_options_t options;
    archi_worker_stats_t   stats;
    arch_status_t          st;
    char                   endpoint[256], text[512];
    pthread_t              thread;
    atomic_bool            leaves;
} hand_t;

void hire_with(hand_t *h, archi_worker_options_t options);
void hire(hand_t *h, const char *endpoint);
void see_off(hand_t *h); /* when it has left */

/* A program that calls this first is its own worker process: "PROGRAM work ENDPOINT". -1: it is not meant as one. */
int be_a_worker(int argc, char **argv);
void spawn_hands(archi_farm_t *farm, uint32_t n);

archi_farm_t *open_farm(archi_farm_options_t options); /* with quick heartbeats */
void put_text(archi_farm_t *farm, uint64_t id, const char *text);
void put_squares(archi_farm_t *farm, int n, int ms);

/* Take n answers: ids below n, each once, each the square of its id. How many were wrong. */
int take_squares(archi_farm_t *farm, int n);
bool nothing_comes(archi_farm_t *farm);

#endif
