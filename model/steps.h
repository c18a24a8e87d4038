/* model/steps.h - what a request does inside a server: the interpreter of the plan's programs.
 *
 * A frame is a place in a program: of a request, of one branch of a parallel step, of a loop. Frames that can go on
 * stand in the context's run list; each goes on until it waits for something (a core, a delay, a reply, its branches)
 * or ends. What one event may send and take is bounded by the plan: a program that would exceed it goes on in a
 * further event at the same time. */
#ifndef ARCHI_STEPS_H
#define ARCHI_STEPS_H

#include "model/cache.h"
#include "model/cores.h"
#include "model/pick.h"

/* ---- admission -------------------------------------------------------------------------------------------------- */

ARCH_HD static ARCH_INLINE void archi_admit(archi_context_t *c, uint32_t f)
{
    archi_frame_t *frame = archi_frame(c, f);

    c->el->inside++;
    c->el->wait += (uint64_t)(c->now - frame->since);
    frame->pc = frame->endpoint == 0 ? c->group->program
                                     : archi_plan_endpoints(c->plan)[c->group->endpoint + frame->endpoint];
    archi_make_runnable(c, f);
}

ARCH_HD static ARCH_INLINE void archi_turn_away(archi_context_t *c, uint32_t f)
{
    c->el->n_rejected++;
    archi_reply(c, archi_frame(c, f), ARCHI_REJECTED);
    archi_pool_give(c->b, ARCHI_SEC_FRAME, f);
}

/* A request comes in: a thread, a place in the queue, or a rejection. */
ARCH_HD static ARCH_INLINE void archi_arrive(archi_context_t *c, const archi_event_t *ev)
{
    archi_element_t *el = c->el;
    uint32_t f = archi_frame_take(c);
    archi_frame_t *frame = archi_frame(c, f);

    archi_frame_from(c, frame, ev);
    el->n_arrived++;
    if (ARCH_UNLIKELY(c->group->admission != 0) && !archi_plug_admits(c, frame)) {
        archi_turn_away(c, f);
    } else if (el->inside < c->group->threads) {
        archi_admit(c, f);
    } else if (el->waiting < c->group->queue_limit) {
        archi_line_push(c, &el->wait_head, &el->wait_tail, f);
        el->waiting++;
        archi_note_queue(el);
    } else {
        archi_turn_away(c, f);
    }
}

/* A request is over: answer, and let the next one in. */
ARCH_HD static ARCH_INLINE void archi_leave(archi_context_t *c, uint32_t f, bool failed)
{
    archi_element_t *el = c->el;
    archi_frame_t *frame = archi_frame(c, f);

    el->inside--;
    el->n_waits++;
    if (failed) {
        el->n_failed++;
    } else {
        el->n_completed++;
        el->sojourn += (uint64_t)(c->now - frame->arrived);
    }
    archi_reply(c, frame, failed ? (uint32_t)ARCHI_FAILED : frame->outcome);
    archi_pool_give(c->b, ARCHI_SEC_FRAME, f);
    if (el->waiting > 0 && el->inside < c->group->threads) { /* not so when there are fewer threads than there were */
        el->waiting--;
        archi_admit(c, archi_line_pop(c, &el->wait_head));
    }
}

/* ---- change records of a primary, at a read replica: one apply thread, in order --------------------------------- */

ARCH_HD static ARCH_INLINE void archi_change_end(archi_context_t *c, uint32_t f)
{
    c->el->n_applied++;
    c->el->lag += (uint64_t)(c->now - archi_frame(c, f)->arrived);
    archi_pool_give(c->b, ARCHI_SEC_FRAME, f);
    c->el->n_changes--;
}

/* The apply thread takes records until one needs a core. */
ARCH_HD static ARCH_INLINE void archi_change_next(archi_context_t *c)
{
    while (c->el->n_changes > 0) {
        uint32_t f = archi_list_pop(c, &c->el->change_head);
        archi_frame_t *frame = archi_frame(c, f);
        frame->demand = archi_time_of(c, frame->count, frame->root, archi_minor(frame->path, 0));
        if (frame->demand > 0) {
            archi_want_cpu(c, f);
            return;
        }
        archi_change_end(c, f);
    }
}

ARCH_HD static ARCH_INLINE void archi_change_arrive(archi_context_t *c, const archi_event_t *ev)
{
    uint32_t f = archi_frame_take(c);
    archi_frame_t *frame = archi_frame(c, f);

    frame->type = ARCHI_FRAME_CHANGE;
    frame->priority = 0;
    frame->root = ev->word[0];
    frame->path = (uint32_t)ev->word[1];
    frame->count = (uint32_t)(ev->word[1] >> 32);
    frame->arrived = (arch_time_t)ev->word[2];
    archi_list_append(c, &c->el->change_head, &c->el->change_tail, f);
    if (c->el->n_changes++ == 0)
        archi_change_next(c);
}

/* At the primary: the record goes to every replica, and arrives there in the order in which it was sent. */
ARCH_HD static ARCH_INLINE void archi_replicate(archi_context_t *c, const archi_instr_t *in, const archi_frame_t *f)
{
    uint64_t *last = archi_peer(c, c->el->peers + in->route.peers + 1);
    uint32_t i;

    for (i = 0; i < in->route.n; i++) {
        uint32_t path = archi_mix_path(f->path, in->local, i);
        arch_time_t at = c->now + archi_time_of(c, in->route.link, f->root, archi_minor(path, ARCHI_DRAW_LINK));
        if (at < (arch_time_t)last[i])
            at = (arch_time_t)last[i];
        last[i] = (uint64_t)at;
        archi_emit(c, in->route.first + i, at - c->now, ARCHI_EV_CHANGE, 0, f->root, (uint64_t)in->var << 32 | path,
                   (uint64_t)c->now);
    }
}

/* ---- branches and loops ----------------------------------------------------------------------------------------- */

/* A frame inside frame `parent`: a branch or a loop. */
ARCH_HD static ARCH_INLINE uint32_t archi_frame_inside(archi_context_t *c, uint32_t parent, const archi_frame_t *of,
                                                       uint8_t type)
{
    uint32_t f = archi_frame_take(c);
    archi_frame_t *frame = archi_frame(c, f);

    frame->parent = parent;
    frame->root = of->root;
    frame->path = of->path;
    frame->item = of->item;
    frame->priority = of->priority;
    frame->type = type;
    frame->peer = ARCHI_NIL;
    return f;
}

ARCH_HD static ARCH_INLINE void archi_parallel(archi_context_t *c, const archi_instr_t *in, uint32_t f)
{
    const archi_frame_t *frame = archi_frame(c, f);
    const uint32_t *start = archi_plan_branches(c->plan) + in->a;
    uint32_t join = archi_frame_inside(c, f, frame, ARCHI_FRAME_JOIN), i;

    archi_frame(c, join)->count = in->b;
    archi_frame(c, join)->n_live = in->n;
    archi_frame(c, join)->spare = in->n - in->b;
    for (i = 0; i < in->n; i++) {
        uint32_t child = archi_frame_inside(c, join, frame, ARCHI_FRAME_BRANCH);
        archi_frame(c, child)->path = archi_mix_path(frame->path, in->local, i + 1);
        archi_frame(c, child)->pc = start[i];
        archi_make_runnable(c, child);
    }
    archi_frame(c, f)->pc = in->c;
}

/* Start round `n_live` of loop f. */
ARCH_HD static ARCH_INLINE void archi_loop_round(archi_context_t *c, uint32_t f)
{
    archi_frame_t *frame = archi_frame(c, f);
    const archi_frame_t *around = archi_frame(c, frame->parent);
    const archi_instr_t *in = archi_plan_instrs(c->plan) + frame->slot;

    frame->path = archi_mix_path(around->path, in->local, frame->n_live + 1);
    frame->item = archi_mix_path(around->item, in->local, frame->n_live + 1);
    frame->pc = in->a;
    archi_make_runnable(c, f);
}

ARCH_HD static ARCH_INLINE void archi_loop(archi_context_t *c, const archi_instr_t *in, uint32_t f)
{
    archi_frame_t *frame = archi_frame(c, f);
    uint32_t instr = frame->pc, loop;
    double count = archi_variate(archi_var(c, in->var), archi_plan_tables(c->plan), c->key, frame->root,
                                 archi_minor(frame->path, in->local));
    uint32_t rounds = count < 0.5 ? 0 : count >= 4e9 ? 4000000000u : (uint32_t)(count + 0.5);

    frame->pc = in->c;
    if (rounds == 0) {
        archi_make_runnable(c, f);
        return;
    }
    loop = archi_frame_inside(c, f, frame, ARCHI_FRAME_LOOP);
    archi_frame(c, loop)->slot = instr;
    archi_frame(c, loop)->count = rounds;
    archi_frame(c, loop)->n_live = 0;
    archi_loop_round(c, loop);
}

/* A branch has ended. Answers the frame that fails because of it, or ARCHI_NIL. */
ARCH_HD static ARCH_INLINE uint32_t archi_join(archi_context_t *c, uint32_t join, bool failed)
{
    archi_frame_t *frame = archi_frame(c, join);
    uint32_t fails = ARCHI_NIL;

    frame->n_live--;
    if (frame->parent != ARCHI_NIL && failed) {
        if (frame->spare == 0) {
            fails = frame->parent;
            frame->parent = ARCHI_NIL;
        } else {
            frame->spare--;
        }
    } else if (frame->parent != ARCHI_NIL && --frame->count == 0) {
        archi_make_runnable(c, frame->parent);
        frame->parent = ARCHI_NIL; /* stragglers go on and find nobody waiting */
    }
    if (frame->n_live == 0)
        archi_pool_give(c->b, ARCHI_SEC_FRAME, join);
    return fails;
}

/* Frame f has come to its end, well or failed; a failure spreads to the frames around it. */
ARCH_INLINE_ON_CORE void archi_end(archi_context_t *c, uint32_t f, bool failed)
{
    while (f != ARCHI_NIL) {
        archi_frame_t *frame = archi_frame(c, f);
        uint32_t around = frame->parent;

        if (frame->type == ARCHI_FRAME_REQUEST) {
            archi_leave(c, f, failed);
            return;
        }
        if (frame->type == ARCHI_FRAME_LOOP && !failed && --frame->count > 0) {
            frame->n_live++;
            archi_loop_round(c, f);
            return;
        }
        archi_pool_give(c->b, ARCHI_SEC_FRAME, f);
        if (frame->type == ARCHI_FRAME_BRANCH) {
            f = archi_join(c, around, failed);
        } else {
            f = failed ? around : ARCHI_NIL;
            if (!failed)
                archi_make_runnable(c, around);
        }
    }
}

/* ---- the interpreter -------------------------------------------------------------------------------------------- */

ARCH_HD static ARCH_INLINE uint32_t archi_choose(const archi_context_t *c, const archi_instr_t *in,
                                                 const archi_frame_t *f)
{
    const double *cumulative = archi_plan_tables(c->plan) + in->b;
    double u = archi_uniform(archi_bits64(archi_draw(c->key, f->root, archi_minor(f->path, in->local)), 0));
    uint32_t i = 0;

    while (i + 1 < in->n && u >= cumulative[i])
        i++;
    return archi_plan_branches(c->plan)[in->a + i];
}

ARCH_HD static ARCH_INLINE bool archi_fails(const archi_context_t *c, const archi_instr_t *in, const archi_frame_t *f)
{
    return archi_uniform(archi_bits64(archi_draw(c->key, f->root, archi_minor(f->path, in->local)), 0)) < in->p;
}

ARCH_HD static ARCH_INLINE void archi_call(archi_context_t *c, const archi_instr_t *in, uint32_t f, bool wait)
{
    archi_frame_t *frame = archi_frame(c, f);
    uint32_t peer;

    archi_request(c, &in->route, in->b, frame->root, archi_mix_path(frame->path, in->local, 0), frame->item, f,
                  wait ? 0 : ARCHI_NO_REPLY, frame->priority, archi_minor(frame->path, ARCHI_DRAW_PICK + in->local),
                  &peer);
    if (wait)
        frame->peer = peer;
    else if (peer != ARCHI_NIL)
        (*archi_peer(c, peer))--; /* nobody will tell when it is over */
}

enum { ARCHI_MAX_STEPS = 4096 }; /* instructions of one event: a long loop must not keep the executor waiting */

/* Would this instruction exceed what one event may send, take or do? */
ARCH_HD static ARCH_ALWAYS_INLINE bool archi_too_much(archi_context_t *c, const archi_instr_t *in)
{
    uint32_t sends = 1, frames = 1;

    if (ARCH_UNLIKELY(in->op == ARCHI_OP_REPLICATE))
        sends = in->route.n;
    if (ARCH_UNLIKELY(in->op == ARCHI_OP_PARALLEL))
        frames = in->n + 1;
    return c->n_sends + sends + 1 > c->plan->max_sends || c->n_frames + frames > c->plan->max_frames ||
           ++c->n_steps > ARCHI_MAX_STEPS;
}

/* A burst on a core, or a delay: true when it takes no time. */
ARCH_HD static ARCH_INLINE bool archi_take_time(archi_context_t *c, const archi_instr_t *in, uint32_t f)
{
    archi_frame_t *frame = archi_frame(c, f);
    arch_time_t t = archi_time_of(c, in->var, frame->root, archi_minor(frame->path, in->local));

    frame->pc++;
    if (t <= 0)
        return true;
    if (in->op == ARCHI_OP_CPU) {
        frame->demand = t;
        archi_want_cpu(c, f);
    } else {
        archi_emit_self(c, t, ARCHI_EV_DELAY, f);
    }
    return false;
}

/* One instruction of frame f. False: the frame waits or has ended. */
ARCH_HD static ARCH_INLINE bool archi_step_one(archi_context_t *c, const archi_instr_t *in, uint32_t f)
{
    archi_frame_t *frame = archi_frame(c, f);

    switch (in->op) {
    case ARCHI_OP_CPU:
    case ARCHI_OP_DELAY:
        return archi_take_time(c, in, f);
    case ARCHI_OP_CALL:
    case ARCHI_OP_CACHE: /* goes on when the answer is there */
        archi_call(c, in, f, true);
        return false;
    case ARCHI_OP_SEND:
        frame->pc++;
        archi_call(c, in, f, false);
        return true;
    case ARCHI_OP_PARALLEL:
        archi_parallel(c, in, f);
        return false;
    case ARCHI_OP_REPEAT:
        archi_loop(c, in, f);
        return false;
    case ARCHI_OP_CHOOSE:
        frame->pc = archi_choose(c, in, frame);
        return true;
    case ARCHI_OP_JUMP:
        frame->pc = in->a;
        if (in->n == 0 || ++c->n_steps > ARCHI_MAX_STEPS)
            return true;
        archi_end(c, f, false);
        return false;
    case ARCHI_OP_FAIL:
        frame->pc++;
        if (!archi_fails(c, in, frame))
            return true;
        archi_end(c, f, true);
        return false;
    case ARCHI_OP_GET:
        frame->pc++;
        frame->outcome = archi_cache_get(c, in, frame) ? ARCHI_HIT : ARCHI_MISS;
        return true;
    case ARCHI_OP_PUT:
        frame->pc++;
        archi_cache_put(c, in, frame);
        return true;
    case ARCHI_OP_REPLICATE:
        frame->pc++;
        archi_replicate(c, in, frame);
        return true;
    default:
        archi_end(c, f, false);
        return false;
    }
}

/* Let every runnable frame go on. */
ARCH_HD static ARCH_INLINE void archi_run_frames(archi_context_t *c)
{
    while (c->run_head != ARCHI_NIL) {
        uint32_t f = archi_list_pop(c, &c->run_head);
        bool more = true;

        if (archi_frame(c, f)->type == ARCHI_FRAME_CHANGE) {
            archi_change_end(c, f);
            archi_change_next(c);
            continue;
        }
        while (more) {
            const archi_instr_t *in = archi_plan_instrs(c->plan) + archi_frame(c, f)->pc;
            if (ARCH_UNLIKELY(archi_too_much(c, in))) {
                archi_list_prepend(c, &c->run_head, &c->run_tail, f);
                archi_emit(c, c->lp, 0, ARCHI_EV_CONTINUE, 0, c->run_head, c->run_tail, 0);
                return;
            }
            more = archi_step_one(c, in, f);
        }
    }
}

/* The reply to the call that frame f made. */
ARCH_HD static ARCH_INLINE void archi_answered(archi_context_t *c, uint32_t f, uint32_t outcome)
{
    archi_frame_t *frame = archi_frame(c, f);
    const archi_instr_t *in = archi_plan_instrs(c->plan) + frame->pc;

    if (frame->peer != ARCHI_NIL) {
        (*archi_peer(c, frame->peer))--;
        frame->peer = ARCHI_NIL;
    }
    if (in->op == ARCHI_OP_CACHE) { /* a cache that fails or rejects is a miss */
        frame->pc = outcome == ARCHI_HIT ? in->c : frame->pc + 1;
        archi_make_runnable(c, f);
    } else if (outcome == ARCHI_FAILED || outcome == ARCHI_REJECTED) {
        archi_end(c, f, true);
    } else {
        frame->pc++;
        archi_make_runnable(c, f);
    }
}

#endif
