/* experiments/errands.c - see errands.h. */
#include "experiments/errands.h"
#include <stdlib.h>
#include <string.h>

void archi_errands_clear(archi_errands_t *line)
{
    line->first = NULL;
    line->last = &line->first;
}

void archi_errands_join(archi_errands_t *line, archi_errand_t *e)
{
    e->next = NULL;
    *line->last = e;
    line->last = &e->next;
}

archi_errand_t *archi_errands_leave(archi_errands_t *line)
{
    archi_errand_t *e = line->first;

    if (e != NULL)
        line->first = e->next;
    if (line->first == NULL)
        line->last = &line->first;
    return e;
}

void archi_errands_drop(archi_errands_t *line)
{
    for (archi_errand_t *e = archi_errands_leave(line); e != NULL; e = archi_errands_leave(line))
        archi_errand_free(e);
}

arch_status_t archi_errand_make(uint64_t id, const void *job, size_t n, archi_errand_t **out)
{
    archi_errand_t *e = *out = calloc(1, sizeof *e + n);

    if (e == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a job of %zu bytes", n);
    e->answer.id = id;
    e->size = n;
    memcpy(e->job, job, n);
    return ARCH_OK;
}

void archi_errand_free(archi_errand_t *e)
{
    if (e == NULL)
        return;
    free(e->answer.bytes);
    free(e);
}

void archi_errand_fail(archi_errand_t *e, arch_status_t st, const char *why)
{
    e->answer.status = st;
    e->answer.bytes = strdup(why);
    e->answer.n = e->answer.bytes != NULL ? strlen(why) : 0;
}

bool archi_errand_hand_over(archi_errand_t *e, archi_place_answer_t *answer)
{
    if (e == NULL)
        return false;
    *answer = e->answer;
    free(e);
    return true;
}

void archi_in_milliseconds(int milliseconds, struct timespec *out)
{
    clock_gettime(CLOCK_REALTIME, out);
    out->tv_nsec += (long)(milliseconds % 1000) * 1000000;
    out->tv_sec += milliseconds / 1000 + out->tv_nsec / 1000000000;
    out->tv_nsec %= 1000000000;
}
