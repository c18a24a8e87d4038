/* model/source.h - workloads: open ones, whose requests come whether or not earlier ones were answered, and closed
 * ones, whose users wait for the answer and think before the next. A request's identity is made of the workload's name
 * and the request's number, so that designs that differ elsewhere are asked the same things. */
#ifndef ARCHI_SOURCE_H
#define ARCHI_SOURCE_H

#include "model/count.h"
#include "model/pick.h"

enum { ARCHI_DRAW_GAP = 1, ARCHI_DRAW_MIX = 2, ARCHI_DRAW_THIN = 3 };

ARCH_HD static ARCH_INLINE uint32_t archi_operation_of(const archi_context_t *c, uint64_t number)
{
    const archi_operation_t *op = archi_plan_operations(c->plan) + c->group->operation;
    uint32_t i = 0;
    double u;

    if (c->group->n_operations == 1)
        return 0;
    u = archi_uniform(archi_bits64(archi_draw(c->key, number, archi_minor(0, ARCHI_DRAW_MIX)), 0));
    while (i + 1 < c->group->n_operations && u >= op[i].cumulative)
        i++;
    return i;
}

ARCH_HD static ARCH_INLINE archi_op_tally_t *archi_op_tally(archi_context_t *c, uint32_t op)
{
    return (archi_op_tally_t *)archi_section(c->b, ARCHI_SEC_OP) +
           (uint64_t)(c->el->operation + op) * c->plan->n_slices + c->el->slice;
}

/* Where requests on their way are counted, whatever slice they began in. */
ARCH_HD static ARCH_INLINE uint64_t *archi_in_flight(archi_context_t *c, uint32_t op)
{
    return &((archi_op_tally_t *)archi_section(c->b, ARCHI_SEC_OP) +
             (uint64_t)(c->el->operation + op) * c->plan->n_slices)->n_in_flight;
}

/* Issue request `number` with the ticket. */
ARCH_HD static ARCH_INLINE void archi_issue(archi_context_t *c, uint64_t number, uint32_t ticket)
{
    archi_ticket_t *t = archi_ticket(c, ticket);
    uint32_t op = archi_operation_of(c, number);
    const archi_operation_t *o = archi_plan_operations(c->plan) + c->group->operation + op;
    uint64_t root = archi_mix64(c->group->name_hash ^ archi_mix64(number + 1));

    t->operation = op;
    t->start = c->now;
    c->el->inside++;
    c->el->n_arrived++;
    archi_op_tally(c, op)->n_generated++;
    (*archi_in_flight(c, op))++;
    archi_request(c, &o->route, o->endpoint, root, 0, 0, ticket, 0, c->group->priority, archi_minor(0, ARCHI_DRAW_PICK),
                  &t->peer);
}

/* ---- open ------------------------------------------------------------------------------------------------------- */

/* Rate of a profile at time t. */
ARCH_HD static ARCH_INLINE double archi_rate_at(const archi_context_t *c, arch_time_t t)
{
    const archi_point_t *p = archi_plan_points(c->plan) + c->group->points;
    uint32_t low = 0, high = c->group->n_points;

    if (c->group->period != ARCH_TIME_MAX)
        t %= c->group->period;
    if (t < p[0].at)
        return p[0].rate;
    while (high - low > 1) { /* p[low].at <= t < p[high].at */
        uint32_t middle = low + (high - low) / 2;
        if (p[middle].at <= t)
            low = middle;
        else
            high = middle;
    }
    if (c->group->linear == 0 || low + 1 == c->group->n_points)
        return p[low].rate;
    return p[low].rate +
           (p[low + 1].rate - p[low].rate) * ((double)(t - p[low].at) / (double)(p[low + 1].at - p[low].at));
}

/* Announce the next arrival. Profiles by thinning (Lewis and Shedler 1979): candidates at the largest rate, each kept
 * with probability rate(t) / largest. */
ARCH_HD static ARCH_INLINE void archi_next_arrival(archi_context_t *c)
{
    arch_time_t t = c->now;
    uint64_t number;
    bool keep;

    do {
        number = c->el->ordinal++;
        t += archi_time_of(c, c->group->gap, number, archi_minor(0, ARCHI_DRAW_GAP));
        keep = c->group->load != ARCHI_LOAD_PROFILE || t >= c->plan->duration ||
               archi_uniform(archi_bits64(archi_draw(c->key, number, archi_minor(0, ARCHI_DRAW_THIN)), 0)) *
                       c->group->top_rate <
                   archi_rate_at(c, t);
    } while (!keep);
    if (t < c->plan->duration)
        archi_emit_self(c, t - c->now, ARCHI_EV_ARRIVAL, number);
}

ARCH_HD static ARCH_INLINE void archi_arrival(archi_context_t *c, uint64_t number)
{
    archi_issue(c, number, archi_ticket_take(c));
    archi_next_arrival(c);
}

/* ---- closed ----------------------------------------------------------------------------------------------------- */

ARCH_HD static ARCH_INLINE uint64_t archi_user_number(const archi_ticket_t *t)
{
    return (uint64_t)t->user << 32 | t->count;
}

ARCH_HD static ARCH_INLINE void archi_think(archi_context_t *c, uint32_t ticket)
{
    arch_time_t t =
        archi_time_of(c, c->group->gap, archi_user_number(archi_ticket(c, ticket)), archi_minor(0, ARCHI_DRAW_GAP));

    /* At least 1 ns, or users who never think, of a system that answers at once, would stop the clock. */
    archi_emit_self(c, t > 0 ? t : 1, ARCHI_EV_THINK, ticket);
}

/* ---- answers ---------------------------------------------------------------------------------------------------- */

ARCH_HD static ARCH_INLINE archi_op_cell_t *archi_op_cell(archi_context_t *c, uint32_t op)
{
    archi_element_t *el = c->el;
    uint32_t last = c->plan->n_intervals * ARCHI_FINE - 1;

    while (c->now >= el->fine_end && el->fine < last) {
        el->fine++;
        el->fine_end += c->plan->fine;
    }
    return (archi_op_cell_t *)archi_section(c->b, ARCHI_SEC_OPCELL) + (uint64_t)(el->operation + op) * (last + 1) +
           el->fine;
}

ARCH_HD static ARCH_INLINE void archi_count_answer(archi_context_t *c, const archi_ticket_t *t, uint32_t outcome)
{
    archi_op_tally_t *tally = archi_op_tally(c, t->operation);
    archi_op_cell_t *cell = archi_op_cell(c, t->operation);
    arch_time_t latency = c->now - t->start;

    c->el->inside--;
    (*archi_in_flight(c, t->operation))--;
    if (outcome == ARCHI_FAILED || outcome == ARCHI_REJECTED) {
        cell->n_errors++;
        if (outcome == ARCHI_FAILED) {
            tally->n_failed++;
            c->el->n_failed++;
        } else {
            tally->n_rejected++;
            c->el->n_rejected++;
        }
        return;
    }
    c->el->n_completed++;
    c->el->sojourn += (uint64_t)latency;
    tally->n_completed++;
    archi_u128_add(&tally->latency, (uint64_t)latency);
    if ((uint64_t)latency > tally->latency_max)
        tally->latency_max = (uint64_t)latency;
    cell->n_completed++;
    cell->latency += (uint64_t)latency;
    archi_count_latency(c, c->el->operation + t->operation, latency);
}

ARCH_HD static ARCH_INLINE void archi_source_answered(archi_context_t *c, uint32_t ticket, uint32_t outcome)
{
    archi_ticket_t *t = archi_ticket(c, ticket);

    archi_count_answer(c, t, outcome);
    if (t->peer != ARCHI_NIL) {
        (*archi_peer(c, t->peer))--;
        t->peer = ARCHI_NIL;
    }
    if (c->group->load == ARCHI_LOAD_CLOSED) {
        t->count++;
        archi_think(c, ticket);
    } else {
        archi_pool_give(c->b, ARCHI_SEC_TICKET, ticket);
    }
}

ARCH_APART void archi_source_event(archi_context_t *c, const archi_event_t *ev)
{
    switch (ev->kind) {
    case ARCHI_EV_ARRIVAL:
        archi_arrival(c, ev->word[0]);
        break;
    case ARCHI_EV_THINK:
        archi_issue(c, archi_user_number(archi_ticket(c, (uint32_t)ev->word[0])), (uint32_t)ev->word[0]);
        break;
    default:
        archi_source_answered(c, (uint32_t)(ev->word[1] >> 32), ev->small);
    }
}

#endif
