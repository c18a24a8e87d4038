/* kernels/shapes.c - how much room members of a scenario need. Blocks on a device cannot grow, so a member is simulated on a
 * core first, and what it grew to, or twice of what it has taken if that is more, is what the others begin with. */
#include "kernels/ensemble.h"
#include <stdlib.h>
#include <string.h>

/* Under the lock. The shape that begins so, which is added when it is new; ARCHI_NIL: no memory. */
static uint32_t shape_of(archi_ensemble_t *e, const uint32_t *begins)
{
    archi_shape_t *more;

    for (uint32_t i = 0; i < e->n_shapes; i++)
        if (memcmp(e->shape[i].begins, begins, sizeof e->shape[i].begins) == 0)
            return i;
    more = realloc(e->shape, ((size_t)e->n_shapes + 1) * sizeof *more);
    if (more == NULL)
        return ARCHI_NIL;
    e->shape = more;
    memcpy(more[e->n_shapes].begins, begins, sizeof more->begins);
    memcpy(more[e->n_shapes].needs, begins, sizeof more->needs);
    more[e->n_shapes].seen = false;
    return e->n_shapes++;
}

static arch_status_t note_shape(archi_ensemble_t *e, uint32_t scenario, const archi_block_t *b, archi_shape_t *out)
{
    uint32_t begins[ARCHI_MAX_SECTIONS], shape;

    for (uint32_t i = 0; i < ARCHI_MAX_SECTIONS; i++)
        begins[i] = b->section[i].capacity;
    pthread_mutex_lock(&e->lock);
    shape = shape_of(e, begins);
    if (shape != ARCHI_NIL)
        *out = e->shape[shape];
    e->shape_of[scenario] = shape;
    pthread_mutex_unlock(&e->lock);
    return shape != ARCHI_NIL ? ARCH_OK : ARCH_FAIL(ARCH_E_NOMEM, "no memory for an ensemble");
}

/* Arrays are as they are; what grows gets twice of what was taken. */
static uint32_t needed(const archi_section_t *s)
{
    uint64_t twice = s->headroom > 0 ? 2 * (uint64_t)s->used : 0;

    return twice > s->capacity && twice < ARCHI_NIL ? (uint32_t)twice : s->capacity;
}

void archi_shapes_learn(archi_ensemble_t *e, uint32_t scenario, const archi_block_t *b)
{
    pthread_mutex_lock(&e->lock);
    if (e->shape_of[scenario] != ARCHI_NIL && !e->spec.tight) {
        archi_shape_t *s = &e->shape[e->shape_of[scenario]];
        s->seen = true;
        for (uint32_t i = 0; i < ARCHI_MAX_SECTIONS; i++)
            if (needed(&b->section[i]) > s->needs[i])
                s->needs[i] = needed(&b->section[i]);
    }
    pthread_mutex_unlock(&e->lock);
}

static arch_status_t grow(const archi_shape_t *s, archi_block_t **b)
{
    for (uint32_t i = 0; i < ARCHI_MAX_SECTIONS; i++)
        if (s->needs[i] > (*b)->section[i].capacity)
            ARCH_TRY(archi_block_grow(b, i, s->needs[i]));
    return ARCH_OK;
}

arch_status_t archi_shapes_prototype(archi_ensemble_t *e, uint32_t scenario, archi_block_t **out, bool *seen)
{
    archi_shape_t shape = {0};
    arch_status_t st = ARCH_OK;

    ARCH_TRY(archi_model_block_prototype(e->spec.scenario[scenario].plan, out));
    ARCH_TRY_TO(failed, note_shape(e, scenario, *out, &shape));
    ARCH_TRY_TO(failed, grow(&shape, out));
    *seen = shape.seen;
    return ARCH_OK;
failed:
    archi_block_destroy(out);
    return st;
}
