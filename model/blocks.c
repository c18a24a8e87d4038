/* model/blocks.c - blocks of the model: made empty with their first events, closed at the end, read. */
#include "engine/executor.h" /* archi_block_make_room() */
#include "model/begin.h"
#include "model/inside.h"
#include "model/model.h"
#include <stdlib.h>
#include <string.h>

enum { AMPLE = 32 }; /* events that may follow one another before somebody looks after the room */

/* How large each part of a block must be. */
typedef struct {
    uint32_t n_peers, n_hash, n_operations, n_users, n_caches;
} extent_t;

static const archi_group_t *group_of(const archi_plan_t *plan, uint32_t element)
{
    return archi_plan_groups(plan) + archi_plan_group_of(plan)[element];
}

static arch_status_t measure(const archi_plan_t *plan, const uint32_t *element, uint32_t n, extent_t *x)
{
    uint64_t peers = 0, hash = 0, operations = 0, users = 0;

    memset(x, 0, sizeof *x);
    for (uint32_t i = 0; i < n; i++) {
        const archi_group_t *g = group_of(plan, element[i]);
        peers += g->n_peer_words;
        hash += g->hash_words;
        x->n_caches += g->hash_words > 0;
        if (g->is == ARCHI_IS_SOURCE) {
            operations += g->n_operations;
            users += g->load == ARCHI_LOAD_CLOSED ? g->users : 1;
        }
    }
    if (peers >= UINT32_MAX || hash >= UINT32_MAX || operations >= UINT32_MAX || users >= UINT32_MAX / 2)
        return ARCH_FAIL(ARCH_E_RANGE,
                         "one partition would hold more than 4,294,967,294 entries of a kind; use more partitions");
    x->n_peers = (uint32_t)peers;
    x->n_hash = (uint32_t)hash;
    x->n_operations = (uint32_t)operations;
    x->n_users = (uint32_t)users;
    return ARCH_OK;
}

static void want(archi_block_spec_t *spec, uint32_t section, archi_section_form_t form, size_t entry_bytes,
                 uint64_t capacity, uint32_t headroom)
{
    archi_section_spec_t *s = &spec->model[section - ARCHI_FIRST_MODEL_SECTION];

    s->form = form;
    s->entry_bytes = (uint32_t)entry_bytes;
    s->capacity = (uint32_t)capacity;
    s->headroom = headroom;
}

static arch_status_t describe(const archi_plan_t *plan, uint32_t n, const extent_t *x, const archi_room_t *room,
                              archi_block_spec_t *spec)
{
    uint64_t slices = plan->n_slices, ops = x->n_operations;
    uint64_t tickets = room->n[ARCHI_TICKETS] > x->n_users ? room->n[ARCHI_TICKETS] : x->n_users;
    uint64_t events = (uint64_t)n + x->n_users + room->n[ARCHI_FRAMES] + 64;

    if (n * slices >= UINT32_MAX || (uint64_t)n * plan->n_intervals >= UINT32_MAX ||
        ops * plan->n_intervals * ARCHI_FINE >= UINT32_MAX || ops * slices * ARCHI_N_OCTAVES >= UINT32_MAX)
        return ARCH_FAIL(
            ARCH_E_RANGE,
            "a partition of %u elements over %u intervals is too large; use more partitions or longer intervals", n,
            plan->n_intervals);
    for (uint32_t pool = 0; pool < ARCHI_N_POOLS; pool++)
        if (room->n[pool] > UINT32_MAX / 2)
            return ARCH_FAIL(ARCH_E_RANGE, "one partition would hold %u requests or entries; use more partitions",
                             room->n[pool]);
    want(spec, ARCHI_SEC_ELEMENT, ARCHI_ARRAY, sizeof(archi_element_t), n, 0);
    want(spec, ARCHI_SEC_FRAME, ARCHI_POOL, sizeof(archi_frame_t), room->n[ARCHI_FRAMES] + 64 + AMPLE * plan->max_frames,
         plan->max_frames);
    want(spec, ARCHI_SEC_TICKET, ARCHI_POOL, sizeof(archi_ticket_t), tickets + 64, 1);
    want(spec, ARCHI_SEC_PEER, ARCHI_ARRAY, sizeof(uint64_t), x->n_peers, 0);
    want(spec, ARCHI_SEC_TALLY, ARCHI_ARRAY, sizeof(archi_tally_t), n * slices, 0);
    want(spec, ARCHI_SEC_SERIES, ARCHI_ARRAY, sizeof(archi_series_cell_t), (uint64_t)n * plan->n_intervals, 0);
    want(spec, ARCHI_SEC_OP, ARCHI_ARRAY, sizeof(archi_op_tally_t), ops * slices, 0);
    want(spec, ARCHI_SEC_OPCELL, ARCHI_ARRAY, sizeof(archi_op_cell_t), ops * plan->n_intervals * ARCHI_FINE, 0);
    want(spec, ARCHI_SEC_CHUNKREF, ARCHI_ARRAY, sizeof(uint32_t), ops * slices * ARCHI_N_OCTAVES, 0);
    want(spec, ARCHI_SEC_CHUNK, ARCHI_POOL, sizeof(archi_chunk_t), ops > 0 ? room->n[ARCHI_CHUNKS] + 16 + AMPLE : 0,
         ops > 0 ? 1 : 0);
    want(spec, ARCHI_SEC_HASH, ARCHI_ARRAY, sizeof(uint32_t), x->n_hash, 0);
    want(spec, ARCHI_SEC_ENTRY, ARCHI_POOL, sizeof(archi_entry_t),
         x->n_caches > 0 ? room->n[ARCHI_ENTRIES] + AMPLE * plan->max_frames : 0, x->n_caches > 0 ? plan->max_frames : 0);
    spec->n_lps = n;
    spec->max_sends = plan->max_sends;
    spec->n_events_hint = events > UINT32_MAX / 4 ? UINT32_MAX / 4 : (uint32_t)events;
    return ARCH_OK;
}

static void init_element(const archi_plan_t *plan, archi_block_t *b, uint32_t place, uint32_t number, extent_t *used)
{
    archi_element_t *el = (archi_element_t *)archi_section(b, ARCHI_SEC_ELEMENT) + place;
    const archi_group_t *g = group_of(plan, number);
    uint32_t *hash = (uint32_t *)archi_section(b, ARCHI_SEC_HASH) + used->n_hash;

    el->group = archi_plan_group_of(plan)[number];
    el->number = number;
    el->wait_head = el->wait_tail = el->ready_head = el->ready_tail = ARCHI_NIL;
    el->change_head = el->change_tail = el->newest = el->oldest = ARCHI_NIL;
    el->peers = used->n_peers;
    el->hash = used->n_hash;
    el->operation = used->n_operations;
    el->spill_at = plan->duration;
    el->spill_at = archi_next_spill(plan, el);
    el->fine_end = plan->fine;
    for (uint32_t i = 0; i < g->hash_words; i++)
        hash[i] = ARCHI_NIL;
    archi_begin_element(plan, b, place);
    used->n_peers += g->n_peer_words;
    used->n_hash += g->hash_words;
    if (g->is == ARCHI_IS_SOURCE)
        used->n_operations += g->n_operations;
}

/* The block moves as it grows. */
static arch_status_t start_sources(const archi_plan_t *plan, const archi_map_t *map, archi_block_t **b)
{
    for (uint32_t place = 0; place < (*b)->n_lps; place++) {
        uint32_t n = archi_begin_events(plan, *b, place);
        for (uint32_t u = 0; u < n; u++) {
            ARCH_TRY(archi_block_make_room(b));
            archi_begin_event(plan, map, *b, place, u);
        }
    }
    return ARCH_OK;
}

arch_status_t archi_model_block_spec(const archi_plan_t *plan, const uint32_t *element, uint32_t n,
                                     const archi_room_t *room, archi_block_spec_t *spec)
{
    extent_t x;

    memset(spec, 0, sizeof *spec);
    ARCH_TRY(measure(plan, element, n, &x));
    return describe(plan, n, &x, room, spec);
}

arch_status_t archi_model_block_empty(const archi_plan_t *plan, uint32_t id, const uint32_t *element, uint32_t n,
                                      uint32_t replication, uint64_t seed, const archi_room_t *room, archi_block_t **out)
{
    archi_block_spec_t spec;
    extent_t used;
    uint32_t *ref;

    *out = NULL;
    memset(&used, 0, sizeof used);
    ARCH_TRY(archi_model_block_spec(plan, element, n, room, &spec));
    spec.id = id;
    spec.replication = replication;
    spec.seed = seed;
    ARCH_TRY(archi_block_create(&spec, out));
    ref = (uint32_t *)archi_section(*out, ARCHI_SEC_CHUNKREF);
    for (uint32_t i = 0; i < (*out)->section[ARCHI_SEC_CHUNKREF].capacity; i++)
        ref[i] = ARCHI_NIL;
    for (uint32_t i = 0; i < n; i++)
        init_element(plan, *out, i, element[i], &used);
    return ARCH_OK;
}

arch_status_t archi_model_block_create(const archi_plan_t *plan, const archi_map_t *map, uint32_t id,
                                       const uint32_t *element, uint32_t n, uint32_t replication, uint64_t seed,
                                       archi_block_t **out)
{
    const archi_room_t none = {{0}};

    ARCH_TRY(archi_model_block_empty(plan, id, element, n, replication, seed, &none, out));
    if (start_sources(plan, map, out) != ARCH_OK) {
        archi_block_destroy(out);
        return arch_fail_from(arch_error_status(), __func__, __FILE__, __LINE__);
    }
    return ARCH_OK;
}

void archi_model_finish(const archi_plan_t *plan, archi_block_t *b, arch_time_t until) { archi_end_block(plan, b, until); }

arch_status_t archi_model_block_prototype(const archi_plan_t *plan, archi_block_t **out)
{
    const archi_room_t none = {{0}};
    uint32_t n = plan->n_elements, *all = (uint32_t *)malloc(((size_t)n + 1) * sizeof *all);
    arch_status_t st;

    *out = NULL;
    if (all == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u elements", n);
    for (uint32_t e = 0; e < n; e++)
        all[e] = e;
    st = archi_model_block_empty(plan, 0, all, n, 0, 0, &none, out);
    free(all);
    return st;
}

arch_status_t archi_model_block_again(const archi_plan_t *plan, const archi_map_t *map, const archi_block_t *prototype,
                                      uint32_t replication, uint64_t seed, archi_block_t **b)
{
    archi_block_copy_into(prototype, *b);
    (*b)->replication = replication;
    (*b)->seed = seed;
    for (uint32_t place = 0; place < (*b)->n_lps; place++)
        archi_begin_element(plan, *b, place);
    return start_sources(plan, map, b);
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

static const archi_element_t *element_at(const archi_block_t *b, uint32_t place)
{
    return (const archi_element_t *)archi_section_const(b, ARCHI_SEC_ELEMENT) + place;
}

uint32_t archi_model_element_at(const archi_block_t *b, uint32_t place) { return element_at(b, place)->number; }

const archi_tally_t *archi_model_tally(const archi_plan_t *plan, const archi_block_t *b, uint32_t place, uint32_t slice)
{
    return (const archi_tally_t *)archi_section_const(b, ARCHI_SEC_TALLY) + (uint64_t)place * plan->n_slices + slice;
}

const archi_series_cell_t *archi_model_series(const archi_plan_t *plan, const archi_block_t *b, uint32_t place)
{
    return (const archi_series_cell_t *)archi_section_const(b, ARCHI_SEC_SERIES) + (uint64_t)place * plan->n_intervals;
}

/* Number of operation `op` within the block, or ARCHI_NIL when its source is elsewhere. */
static uint32_t local_operation(const archi_plan_t *plan, const archi_map_t *map, const archi_block_t *b, uint32_t op)
{
    uint32_t source = archi_plan_operation_element(plan, op), place = archi_place(map, b, source);

    return place == ARCHI_NIL ? ARCHI_NIL : element_at(b, place)->operation + (op - group_of(plan, source)->operation);
}

const archi_op_tally_t *archi_model_op_tally(const archi_plan_t *plan, const archi_map_t *map, const archi_block_t *b,
                                             uint32_t op, uint32_t slice)
{
    uint32_t local = local_operation(plan, map, b, op);

    if (local == ARCHI_NIL)
        return NULL;
    return (const archi_op_tally_t *)archi_section_const(b, ARCHI_SEC_OP) + (uint64_t)local * plan->n_slices + slice;
}

const archi_op_cell_t *archi_model_op_series(const archi_plan_t *plan, const archi_map_t *map, const archi_block_t *b,
                                             uint32_t op)
{
    uint32_t local = local_operation(plan, map, b, op);

    if (local == ARCHI_NIL)
        return NULL;
    return (const archi_op_cell_t *)archi_section_const(b, ARCHI_SEC_OPCELL) +
           (uint64_t)local * plan->n_intervals * ARCHI_FINE;
}

void archi_model_op_histogram(const archi_plan_t *plan, const archi_map_t *map, const archi_block_t *b, uint32_t op,
                              uint32_t slice, uint64_t *counts)
{
    uint32_t local = local_operation(plan, map, b, op);
    const uint32_t *ref;

    if (local == ARCHI_NIL)
        return;
    ref = (const uint32_t *)archi_section_const(b, ARCHI_SEC_CHUNKREF) +
          ((uint64_t)local * plan->n_slices + slice) * ARCHI_N_OCTAVES;
    for (uint32_t o = 0; o < ARCHI_N_OCTAVES; o++)
        if (ref[o] != ARCHI_NIL)
            for (uint32_t i = 0; i < 64; i++)
                counts[o * 64 + i] +=
                    ((const archi_chunk_t *)archi_section_const(b, ARCHI_SEC_CHUNK) + ref[o])->count[i];
}

static void add_slice(archi_tally_t *sum, const archi_tally_t *t)
{
    sum->n_arrived += t->n_arrived;
    sum->n_completed += t->n_completed;
    sum->n_failed += t->n_failed;
    sum->n_rejected += t->n_rejected;
    sum->n_waits += t->n_waits;
    sum->n_hits += t->n_hits;
    sum->n_misses += t->n_misses;
    sum->n_applied += t->n_applied;
    sum->queue_max = t->queue_max > sum->queue_max ? t->queue_max : sum->queue_max;
    archi_u128_merge(&sum->wait, &t->wait);
    archi_u128_merge(&sum->sojourn, &t->sojourn);
    archi_u128_merge(&sum->lag, &t->lag);
    archi_u128_merge(&sum->busy, &t->busy);
    archi_u128_merge(&sum->queued, &t->queued);
    archi_u128_merge(&sum->inside, &t->inside);
}

void archi_model_total(const archi_plan_t *plan, const archi_block_t *b, uint32_t place, arch_time_t now,
                       archi_tally_t *out)
{
    const archi_element_t *el = element_at(b, place);
    uint64_t dt = (uint64_t)(now > el->counted_at ? now - el->counted_at : 0);
    archi_tally_t open = {el->n_arrived,    el->n_completed,    el->n_failed,    el->n_rejected,
                          el->n_waits,      el->n_hits,         el->n_misses,    el->n_applied,
                          el->queue_max,    {el->wait, 0},      {el->sojourn, 0}, {el->lag, 0},
                          {el->busy, 0},    {el->queued, 0},    {el->held, 0}};

    archi_u128_add_product(&open.busy, dt, el->running);
    archi_u128_add_product(&open.queued, dt, (uint64_t)el->waiting + el->ready);
    archi_u128_add_product(&open.inside, dt, el->inside);
    memset(out, 0, sizeof *out);
    for (uint32_t s = 0; s < plan->n_slices; s++)
        add_slice(out, archi_model_tally(plan, b, place, s));
    add_slice(out, &open);
}

void archi_model_now(const archi_block_t *b, uint32_t place, uint32_t *inside, uint32_t *waiting)
{
    *inside = element_at(b, place)->inside;
    *waiting = element_at(b, place)->waiting + element_at(b, place)->ready;
}

/* ---- digest ----------------------------------------------------------------------------------------------------- */

static uint64_t hash_words(uint64_t h, const void *words, size_t bytes)
{
    for (size_t i = 0; i < bytes / sizeof(uint64_t); i++) {
        uint64_t w;
        memcpy(&w, (const char *)words + i * sizeof w, sizeof w);
        h = archi_mix64(h ^ w) + 0x9e3779b97f4a7c15ull;
    }
    return h;
}

static uint64_t digest_element(const archi_plan_t *plan, const archi_block_t *b, uint32_t place)
{
    archi_element_info_t info;
    uint64_t h;

    archi_plan_element(plan, archi_model_element_at(b, place), &info);
    h = archi_mix64(archi_hash_bytes(info.name, strlen(info.name)) + b->replication);
    h = hash_words(h, archi_model_tally(plan, b, place, 0), plan->n_slices * sizeof(archi_tally_t));
    return hash_words(h, archi_model_series(plan, b, place), plan->n_intervals * sizeof(archi_series_cell_t));
}

static uint64_t digest_operation(const archi_plan_t *plan, const archi_map_t *map, const archi_block_t *b, uint32_t op)
{
    uint32_t local = local_operation(plan, map, b, op);
    uint64_t h = archi_mix64(((uint64_t)op << 32) + b->replication + 1);
    const uint32_t *ref;

    h = hash_words(h, archi_model_op_tally(plan, map, b, op, 0), plan->n_slices * sizeof(archi_op_tally_t));
    h = hash_words(h, archi_model_op_series(plan, map, b, op),
                   (size_t)plan->n_intervals * ARCHI_FINE * sizeof(archi_op_cell_t));
    ref = (const uint32_t *)archi_section_const(b, ARCHI_SEC_CHUNKREF) +
          (uint64_t)local * plan->n_slices * ARCHI_N_OCTAVES;
    for (uint32_t i = 0; i < plan->n_slices * ARCHI_N_OCTAVES; i++)
        if (ref[i] != ARCHI_NIL)
            h = hash_words(archi_mix64(h + i), (const archi_chunk_t *)archi_section_const(b, ARCHI_SEC_CHUNK) + ref[i],
                           sizeof(archi_chunk_t));
    return h;
}

uint64_t archi_model_digest(const archi_plan_t *plan, const archi_map_t *map, const archi_block_t *b)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < b->n_lps; i++)
        sum += digest_element(plan, b, i);
    for (uint32_t op = 0; op < plan->n_operations; op++)
        if (local_operation(plan, map, b, op) != ARCHI_NIL)
            sum += digest_operation(plan, map, b, op);
    return sum;
}

void archi_model_largest(const archi_plan_t *plan, const archi_block_t *b, uint32_t *element, uint64_t *n_inside)
{
    (void)plan;
    *element = 0;
    *n_inside = 0;
    for (uint32_t i = 0; i < b->n_lps; i++) {
        const archi_element_t *el = element_at(b, i);
        uint64_t n = (uint64_t)el->inside + el->waiting + el->n_changes;
        if (group_of(plan, el->number)->is == ARCHI_IS_SERVER && n >= *n_inside) {
            *n_inside = n;
            *element = el->number;
        }
    }
}
