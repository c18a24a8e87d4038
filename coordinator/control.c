/* coordinator/control.c - progress and cancelling. */
#include "coordinator/control.h"
#include "coordinator/machine.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const double tell_every = 0.2; /* seconds */

arch_status_t archi_control_make(const arch_run_options_t *options, uint32_t n_ranks, double total, archi_control_t *out)
{
    memset(out, 0, sizeof *out);
    out->options = options;
    out->n_ranks = n_ranks;
    out->total = total;
    out->began = out->told = archi_machine_seconds();
    out->share = calloc(n_ranks, sizeof *out->share);
    if (out->share == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u ranks", n_ranks);
    return ARCH_OK;
}

void archi_control_free(archi_control_t *control)
{
    free(control->share);
    control->share = NULL;
}

static uint64_t events_of(archi_control_t *c)
{
    uint64_t events = c->events_before;

    for (uint32_t i = 0; i < c->n_ranks; i++)
        events += atomic_load(&c->share[i].events);
    return events;
}

arch_status_t archi_control_go_on(archi_control_t *control, double total)
{
    archi_control_t next;

    ARCH_TRY(archi_control_make(control->options, control->n_ranks, total, &next));
    next.before = control->before + control->total;
    next.events_before = events_of(control);
    next.began = control->began;
    archi_control_free(control);
    *control = next;
    return ARCH_OK;
}

static void tell(archi_control_t *c)
{
    double now = archi_machine_seconds(), done = c->before, left;

    if (c->options->progress == NULL || now - c->told < tell_every)
        return;
    c->told = now;
    for (uint32_t i = 0; i < c->n_ranks; i++)
        done += (double)atomic_load(&c->share[i].done);
    done = c->total > 0 ? done / (c->before + c->total) : 1.0;
    done = done < 1.0 ? done : 1.0;
    left = done > 0 ? (now - c->began) * (1.0 - done) / done : 0.0;
    if (c->options->progress(c->options->user, done, events_of(c), left) != 0)
        atomic_store(&c->stop, 1);
}

int archi_watch(void *user, arch_time_t now, uint64_t n_events)
{
    archi_watch_t *w = user;
    archi_share_t *share = &w->control->share[w->rank];

    atomic_store(&share->done, w->done + (uint64_t)now);
    atomic_store(&share->events, w->events + n_events);
    if (w->rank == 0)
        tell(w->control);
    return atomic_load(&w->control->stop);
}

void archi_control_finish(archi_watch_t *w)
{
    const struct timespec moment = {0, 1000000};
    archi_control_t *c = w->control;

    atomic_fetch_add(&c->n_finished, 1);
    while (w->rank == 0 && c->options->progress != NULL && atomic_load(&c->n_finished) < c->n_ranks) {
        tell(c);
        nanosleep(&moment, NULL);
    }
}
