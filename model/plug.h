/* model/plug.h - policies of the program around us. Their addresses are this process's, so the plan holds but one: of the
 * list (archi_plan_t.host). On a GPU there are none. */
#ifndef ARCHI_PLUG_H
#define ARCHI_PLUG_H

#include "model/state.h"
#include <architech/policy.h>

ARCH_HD static ARCH_INLINE const arch_policy_t *archi_plugged(const archi_context_t *c, uint32_t number)
{
    return (const arch_policy_t *)(uintptr_t)c->plan->host + number;
}

ARCH_HD static ARCH_INLINE void archi_plug_draw(const archi_context_t *c, uint64_t root, uint64_t minor, uint32_t draw[4])
{
    archi_bits_t bits = archi_draw(c->key, root, minor);
    uint32_t k;

    for (k = 0; k < 4; k++)
        draw[k] = bits.w[k];
}

ARCH_HD static ARCH_INLINE uint32_t archi_plug_pick(const archi_context_t *c, uint32_t number, uint32_t n, uint64_t *word,
                                                    uint64_t root, uint64_t minor)
{
#if defined(__CUDA_ARCH__)
    (void)c, (void)number, (void)n, (void)word, (void)root, (void)minor;
    return 0;
#else
    const arch_policy_t *policy = archi_plugged(c, number);
    arch_pick_view_t view;

    view.now = c->now;
    view.request = root;
    view.n = n;
    view.in_flight = word + 1;
    archi_plug_draw(c, root, minor, view.draw);
    return policy->pick(policy->user, &view, word) % n;
#endif
}

ARCH_HD static ARCH_INLINE bool archi_plug_admits(archi_context_t *c, const archi_frame_t *f)
{
#if defined(__CUDA_ARCH__)
    (void)c, (void)f;
    return true;
#else
    const arch_policy_t *policy = archi_plugged(c, c->group->admission - 1);
    arch_admission_view_t view;

    view.now = c->now;
    view.request = f->root;
    view.endpoint = f->endpoint;
    view.priority = f->priority;
    view.inside = c->el->inside;
    view.threads = c->group->threads;
    view.waiting = c->el->waiting;
    view.ready = c->el->ready;
    view.running = c->el->running;
    view.queue_limit = c->group->queue_limit;
    archi_plug_draw(c, f->root, archi_minor(f->path, ARCHI_DRAW_ADMIT), view.draw);
    return policy->admit(policy->user, &view, &c->el->policy);
#endif
}

#endif
