/* experiments/place_farm.c - jobs done by worker processes, the lab's own and others that connect. */
#include "experiments/place.h"
#include "workers/farm.h"
#include <architech/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    archi_place_t place;
    archi_farm_t *farm;
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

static void close_farm(archi_place_t *place)
{
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
    f->place = (archi_place_t){put, take, workers, NULL, close_farm};
    st = start(f, options);
    if (st == ARCH_OK)
        *out = &f->place;
    else
        close_farm(&f->place);
    return st;
}
