/* experiments/errands.h - jobs that wait in line, to be done or to be answered, for places within this process. */
#ifndef ARCHI_ERRANDS_H
#define ARCHI_ERRANDS_H

#include "experiments/place.h"
#include <time.h>

typedef struct archi_errand {
    struct archi_errand *next;
    archi_place_answer_t answer;
    size_t               size;
    unsigned char        job[];
} archi_errand_t;

/* First come, first served; whoever shares a line guards it. */
typedef struct {
    archi_errand_t *first, **last;
} archi_errands_t;

void            archi_errands_clear(archi_errands_t *line);                    /* an empty line, where there was none */
void            archi_errands_join(archi_errands_t *line, archi_errand_t *e);  /* e is the line's now */
archi_errand_t *archi_errands_leave(archi_errands_t *line);                    /* NULL: there is nobody; else the caller's */
void            archi_errands_drop(archi_errands_t *line);                     /* all of them go */

/* The job is copied; the caller owns *out. ARCH_E_NOMEM. */
arch_status_t archi_errand_make(uint64_t id, const void *job, size_t n, archi_errand_t **out);
void          archi_errand_free(archi_errand_t *e); /* or NULL */
/* The answer is that it failed, and why: the text is copied, where there is memory. */
void archi_errand_fail(archi_errand_t *e, arch_status_t st, const char *why);
/* Hand the answer over, with what belongs to it, and free the errand. NULL: there is none. True: there was one. */
bool archi_errand_hand_over(archi_errand_t *e, archi_place_answer_t *answer);

/* So many milliseconds from now, for pthread_cond_timedwait(). */
void archi_in_milliseconds(int milliseconds, struct timespec *out);

#endif
