/* architech/time.h - simulated time: whole nanoseconds from the start of the model. */
#ifndef ARCHITECH_TIME_H
#define ARCHITECH_TIME_H

#include <stdint.h>

typedef int64_t arch_time_t; /* nanoseconds */

#define ARCH_NANOSECOND  ((arch_time_t)1)          /* 1 ns */
#define ARCH_MICROSECOND ((arch_time_t)1000)       /* 1 us */
#define ARCH_MILLISECOND ((arch_time_t)1000000)    /* 1 ms */
#define ARCH_SECOND      ((arch_time_t)1000000000) /* 1 s */
#define ARCH_TIME_MAX    INT64_MAX                 /* "never" */

#endif
