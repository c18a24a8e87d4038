/* workers/clock.h - wall time. */
#ifndef ARCHI_WORKERS_CLOCK_H
#define ARCHI_WORKERS_CLOCK_H

#include <time.h>

/* Seconds of a clock that never goes back; 0 is no particular moment. */
static inline double archi_wall(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Seconds that the calling thread was at work. */
static inline double archi_thread_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* A moment of archi_wall() for pthread_cond_timedwait() on a condition made for CLOCK_MONOTONIC. */
static inline struct timespec archi_wall_point(double at)
{
    struct timespec t = {(time_t)at, (long)((at - (double)(time_t)at) * 1e9)};

    return t;
}

#endif
