/* experiments/place_farm.c - jobs done by worker processes, the lab's own and others that connect. */
#include "experiments/place.h"
#include "workers/farm.h"
#include "workers/show.h"
#include <architech/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOWEST = 5, TEXT_BYTES = 8192 };

typedef struct {
    archi_place_t place;
    archi_farm_t *farm;
    bool publishes;
    double told;               /* seconds of the lab */
    arch_lab_progress_t last;  /* what was told */
} farm_t;

static farm_t *of(archi_place_t *place) { return (farm_t *)(void *)place; }

static arch_status_t put(archi_place_t *place, uint64_t id, const void *job, size_t n)
{
    return archi_farm_put(of(place)->farm, id, job, n);
}

static arch_status_t take(archi_place_t *place, int milliseconds, archi_place_answer_t *answer, bool *got)
{
    archi_farm_answer_t a;

    ARCH_TRY(archi_farm_take(of(place)->farm, milliseconds, &a, got));
    if (*got)
        *answer = (archi_place_answer_t){a.id, a.status, a.bytes, a.n, a.seconds};
    return ARCH_OK;
}

static uint32_t workers(const archi_place_t *place)
{
    archi_farm_stats_t stats;

    archi_farm_stats(((const farm_t *)(const void *)place)->farm, &stats);
    return stats.workers;
}

/* What takes longest, for whoever watches. */
static size_t list_slow(archi_farm_t *farm, archi_farm_job_t job[SLOWEST], char name[SLOWEST][32],
                        archi_show_slow_t slow[SLOWEST])
{
    size_t n = archi_farm_slowest(farm, job, SLOWEST);

    for (size_t i = 0; i < n; i++) {
        snprintf(name[i], sizeof name[i], "job %llu", (unsigned long long)job[i].id);
        slow[i] = (archi_show_slow_t){name[i], job[i].worker, job[i].seconds, job[i].share};
    }
    return n;
}

static void publish(farm_t *f, const arch_lab_progress_t *p, bool ended)
{
    archi_farm_stats_t stats;
    archi_farm_job_t job[SLOWEST];
    archi_show_slow_t slow[SLOWEST];
    char name[SLOWEST][32], text[TEXT_BYTES];
    size_t n = list_slow(f->farm, job, name, slow);

    archi_farm_stats(f->farm, &stats);
    archi_show_text(&(archi_show_state_t){.what = p->doing,
                                          .jobs = (double)p->jobs_asked,
                                          .done = (double)p->jobs_done,
                                          .failed = (double)stats.failed,
                                          .queued = (double)stats.queued,
                                          .under_way = (double)stats.under_way,
                                          .workers = stats.workers,
                                          .share = p->jobs_asked > 0 ? (double)p->jobs_done / (double)p->jobs_asked : 0,
                                          .elapsed_s = p->seconds,
                                          .left_s = p->seconds_left,
                                          .jobs_per_s = p->jobs_per_second,
                                          .events = (double)p->events,
                                          .events_per_s = p->seconds > 0 ? (double)p->events / p->seconds : -1,
                                          .ended = ended,
                                          .n_slow = n,
                                          .slow = slow},
                    text, sizeof text);
    (void)archi_farm_tell(f->farm, text); /* nobody waits for watchers */
}

static void tell(archi_place_t *place, const arch_lab_progress_t *progress)
{
    farm_t *f = of(place);

    if (!f->publishes || (f->told > 0 && progress->seconds < f->told + 1))
        return;
    f->told = progress->seconds;
    f->last = *progress;
    publish(f, progress, false);
}

static void close_farm(archi_place_t *place)
{
    if (of(place)->publishes && of(place)->told > 0) {
        of(place)->last.doing = "";
        publish(of(place), &of(place)->last, true);
    }
    archi_farm_close(&of(place)->farm);
    free(place);
}

static arch_status_t start(farm_t *f, const arch_lab_options_t *o)
{
    static const char *const usual[] = {"architech", "worker", "--connect", "ENDPOINT", NULL};
    const archi_farm_options_t farm = {
        .endpoint = o->endpoint,
        .progress = o->publish,
        .key = o->key,
        .allowed = o->allowed,
        .insecure = o->insecure != 0,
        .program = "architech/" ARCH_VERSION,
    };
    char where[512];

    ARCH_TRY(archi_farm_open(&farm, &f->farm));
    f->publishes = o->publish != NULL;
    if (o->workers > 0)
        ARCH_TRY(archi_farm_spawn(f->farm, o->workers, o->worker_command != NULL ? o->worker_command : usual));
    if (o->endpoint != NULL && o->note != NULL) {
        snprintf(where, sizeof where, "workers may connect to %s", archi_farm_endpoint(f->farm));
        o->note(o->user, 0, where);
    }
    return ARCH_OK;
}

arch_status_t archi_place_farm(const arch_lab_options_t *options, archi_place_t **out)
{
    farm_t *f = calloc(1, sizeof *f);
    arch_status_t st;

    *out = NULL;
    if (f == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a farm of workers");
    f->place = (archi_place_t){put, take, workers, tell, close_farm, false};
    st = start(f, options);
    if (st == ARCH_OK)
        *out = &f->place;
    else
        close_farm(&f->place);
    return st;
}
