/* test_recut.c - a run that is cut anew on its way ends with the bits that it would have had. */
#include "engine/executor.h"
#include "model/check.h"
#include "model/handle.h"
#include "model/inside.h"
#include "model/recut.h"
#include "random_design.h"
#include "support/alloc.h"
#include <CUnit/Basic.h>
#include <architech/architech.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_BLOCKS = 8 };

/* ---- chance ----------------------------------------------------------------------------------------------------- */

static uint64_t random_state = 1;

static uint64_t below(uint64_t n)
{
    random_state += 0x9e3779b97f4a7c15ull;
    return archi_mix64(random_state) % n;
}

/* ---- designs ---------------------------------------------------------------------------------------------------- */

static archi_plan_t *plan_of(arch_design_t *d)
{
    archi_plan_t *plan = NULL;

    CU_ASSERT_EQUAL_FATAL(archi_plan_compile(d, &plan), ARCH_OK);
    arch_design_destroy(&d);
    return plan;
}

static archi_plan_t *plan_of_json(const char *json)
{
    arch_problems_t problems = {0, NULL};
    arch_design_t *d = NULL;

    if (arch_design_parse("test", ".", json, strlen(json), &d, &problems) != ARCH_OK) {
        for (uint32_t i = 0; i < problems.n; i++)
            fprintf(stderr, "%s: %s\n", problems.problem[i].at, problems.problem[i].text);
        abort();
    }
    return plan_of(d);
}

#define RUN    "\"architech\":1,\"run\":{\"duration\":\"1s\",\"warmup\":\"100ms\",\"replications\":1,\"seed\":\"3\"}"
#define TIME   "{\"exponential\":{\"mean\":\"10ms\"}}"
#define LEAST  "{\"weight\":1,\"balance\":{\"least_request\":{\"choices\":2}}}"
#define LITTLE "{\"exponential\":{\"mean\":\"1ms\"}}"

/* Twice what a core can do, in every discipline, waiting for a core or for a thread. */
static const char overloaded[] =
    "{" RUN ",\"network\":{\"latency\":\"500us\"},\"services\":{"
    "\"a\":{\"discipline\":\"fifo\",\"endpoints\":{\"e\":[{\"cpu\":" TIME "}]}},"
    "\"b\":{\"discipline\":\"lifo\",\"endpoints\":{\"e\":[{\"cpu\":" TIME "},{\"cpu\":" TIME "}]}},"
    "\"c\":{\"discipline\":\"priority\",\"endpoints\":{\"e\":[{\"cpu\":" TIME "}]}},"
    "\"d\":{\"discipline\":\"processor_sharing\",\"cores\":1,\"endpoints\":{\"e\":[{\"cpu\":" TIME
    "},{\"call\":\"c\"}]}},"
    "\"f\":{\"discipline\":\"priority\",\"threads\":2,\"endpoints\":{\"e\":[{\"cpu\":" TIME "},{\"call\":\"d\"}]}},"
    "\"g\":{\"discipline\":\"lifo\",\"threads\":2,\"endpoints\":{\"e\":[{\"delay\":" TIME "},{\"call\":\"a\"}]}},"
    "\"h\":{\"discipline\":\"fifo\",\"threads\":2,\"endpoints\":{\"e\":[{\"delay\":" TIME "},{\"call\":\"b\"}]}}},"
    "\"workloads\":{\"v\":{\"rate\":\"500/"
    "s\",\"priority\":3,\"mix\":{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"f\":1,\"g\":1,\"h\":1}},"
    "\"w\":{\"rate\":\"500/s\",\"priority\":5,\"mix\":{\"c\":1,\"d\":1,\"f\":1,\"g\":1,\"h\":1}}}}";

/* Keys that expire, keys that are pushed out, both, and two caches that may share a block. */
static const char caches[] =
    "{" RUN
    ",\"network\":{\"latency\":\"300us\"},\"keyspaces\":{\"k\":{\"count\":900,\"zipf\":0.8},\"l\":{\"count\":90,"
    "\"zipf\":0}},\"caches\":{\"c\":{\"ttl\":\"70ms\",\"service\":\"5us\"},\"d\":{\"capacity\":60,\"service\":\"5us\"},"
    "\"e\":{\"ttl\":\"50ms\",\"capacity\":100,\"service\":\"5us\"}},\"services\":{"
    "\"a\":{\"replicas\":2,\"cores\":4,\"endpoints\":{\"e\":[{\"cache\":\"c\",\"keys\":\"k\",\"miss\":[{"
    "\"delay\":" LITTLE "}]},"
    "{\"cache\":\"d\",\"keys\":\"k\",\"miss\":[{\"delay\":" LITTLE "}]},"
    "{\"repeat\":3,\"steps\":[{\"cache\":\"e\",\"keys\":\"l\",\"miss\":[{\"delay\":" LITTLE "}]}]},"
    "{\"cache\":\"e\",\"keys\":\"k\",\"miss\":[{\"delay\":" LITTLE "}]}]}}},"
    "\"workloads\":{\"w\":{\"rate\":\"3000/s\",\"mix\":{\"a\":1}}}}";

/* Read replicas that fall behind with what they have to apply, in all ways of sharing their cores with reads. */
static const char replicas[] =
    "{" RUN ",\"network\":{\"latency\":" LITTLE "},\"databases\":{"
    "\"p\":{\"discipline\":\"fifo\",\"cores\":1,\"connections\":6,\"read_replicas\":{\"count\":3},\"queries\":{"
    "\"find\":{"
    "\"cpu\":" LITTLE ",\"io\":" LITTLE "},\"save\":{\"writes\":true,\"cpu\":" LITTLE ",\"apply\":" TIME "}}},"
    "\"q\":{\"discipline\":\"processor_sharing\",\"cores\":1,\"connections\":6,\"read_replicas\":{\"count\":2},"
    "\"queries\":{"
    "\"find\":{\"cpu\":" LITTLE ",\"io\":" LITTLE "},\"save\":{\"writes\":true,\"cpu\":" LITTLE ",\"apply\":" TIME
    "}}}},"
    "\"workloads\":{\"w\":{\"rate\":\"700/s\",\"mix\":{\"p/find\":1,\"q/find\":1,\"p/save\":1,\"q/save\":1}}}}";

/* Branches within branches and rounds, and stragglers that nobody waits for. */
static const char branches[] =
    "{" RUN ",\"network\":{\"latency\":\"400us\"},\"services\":{"
    "\"x\":{\"replicas\":3,\"cores\":2,\"endpoints\":{\"e\":[{\"cpu\":" LITTLE "}]}},"
    "\"y\":{\"cores\":4,\"endpoints\":{\"e\":[{\"delay\":" TIME "},{\"fail\":0.2}]}},"
    "\"f\":{\"cores\":4,\"endpoints\":{\"e\":[{\"repeat\":3,\"steps\":[{\"parallel\":["
    "[{\"call\":\"x\",\"balance\":{\"least_request\":{\"choices\":2}}},{\"call\":\"y\"}],"
    "[{\"repeat\":{\"uniform\":{\"low\":0,\"high\":5}},\"steps\":[{\"call\":\"x\",\"balance\":\"round_robin\"},{"
    "\"delay\":" LITTLE "}]}],[{\"parallel\":[[{\"call\":\"y\"}],[{\"delay\":" LITTLE "}],[{\"cpu\":" LITTLE
    "},{\"fail\":0.5}]],\"join\":\"any\"},"
    "{\"call\":\"y\"}]],\"join\":2}]},{\"call\":\"y\",\"wait\":false}]}}},"
    "\"workloads\":{\"w\":{\"rate\":\"150/s\",\"mix\":{\"f\":1}}}}";

/* Users who wait and think, and proxies that spend time, also on what nobody waits for. */
static const char closed[] =
    "{" RUN ",\"network\":{\"latency\":\"700us\"},\"services\":{"
    "\"s\":{\"replicas\":4,\"threads\":3,\"queue_limit\":4,\"endpoints\":{\"e\":[{\"cpu\":" LITTLE "}]}},"
    "\"n\":{\"cores\":8,\"endpoints\":{\"e\":[{\"call\":\"lb\",\"wait\":false},{\"delay\":" LITTLE
    "},{\"call\":\"lb\"}]}}},"
    "\"balancers\":{\"lb\":{\"to\":\"s\",\"policy\":{\"least_request\":{\"choices\":3}},\"overhead\":" LITTLE "}},"
    "\"workloads\":{\"u\":{\"users\":30,\"think\":" TIME ",\"mix\":{\"n\":2,\"lb\":1}},"
    "\"v\":{\"users\":20,\"think\":" TIME ",\"mix\":{\"s\":" LEAST "}},"
    "\"w\":{\"rate\":\"100/s\",\"mix\":{\"n\":1,\"s\":" LEAST "}}}}";

/* More than one event may do. */
static const char fans[] =
    "{" RUN ",\"network\":{\"latency\":\"100us\"},\"services\":{"
    "\"f\":{\"cores\":4,\"endpoints\":{\"e\":[{\"parallel\":[[{\"repeat\":300,\"steps\":[{\"call\":\"x\",\"wait\":"
    "false}]}],"
    "[{\"repeat\":200,\"steps\":[{\"call\":\"x\",\"wait\":false}]}],[{\"call\":\"x\"}]],\"join\":\"all\"}]}},"
    "\"x\":{\"cores\":8,\"endpoints\":{\"e\":[{\"cpu\":\"10us\"}]}}},\"workloads\":{\"w\":{\"rate\":\"50/"
    "s\",\"mix\":{\"f\":1}}}}";

static const struct {
    const char *name, *json;
} special[] = {{"overloaded", overloaded}, {"caches", caches}, {"replicas", replicas},
               {"branches", branches},     {"closed", closed}, {"fans", fans}};
enum { N_SPECIAL = sizeof special / sizeof *special };

/* ---- cuts ------------------------------------------------------------------------------------------------------- */

typedef struct {
    archi_map_t map;
    uint32_t *block_of, *place_of;
    uint32_t *element[MOST_BLOCKS], n[MOST_BLOCKS];
    arch_time_t lookahead;
} cut_t;

static uint32_t root_of(const uint32_t *joined, uint32_t e)
{
    while (joined[e] != e)
        e = joined[e];
    return e;
}

/* Blocks at random; what no latency separates stays together. */
static void deal_elements(const archi_plan_t *plan, cut_t *cut, uint32_t wanted)
{
    uint32_t n = archi_plan_n_elements(plan), *joined = calloc(n, sizeof *joined), *block = calloc(n, sizeof *block);
    uint32_t number[MOST_BLOCKS], n_blocks = 0;
    const archi_edge_t *edge = archi_plan_edges(plan);

    memset(number, 0xff, sizeof number);
    for (uint32_t e = 0; e < n; e++) {
        joined[e] = e;
        block[e] = (uint32_t)below(wanted);
    }
    for (uint32_t i = 0; i < archi_plan_n_edges(plan); i++)
        if (edge[i].lookahead == 0)
            joined[root_of(joined, edge[i].a)] = root_of(joined, edge[i].b);
    for (uint32_t e = 0; e < n; e++) {
        uint32_t *b = &number[block[root_of(joined, e)]];
        if (*b == ARCHI_NIL)
            *b = n_blocks++;
        cut->block_of[e] = *b;
        cut->place_of[e] = cut->n[*b];
        cut->element[*b][cut->n[*b]++] = e;
    }
    cut->map = (archi_map_t){n, n_blocks, 0, cut->block_of, cut->place_of};
    cut->lookahead = ARCH_TIME_MAX;
    for (uint32_t i = 0; i < archi_plan_n_edges(plan); i++)
        if (cut->block_of[edge[i].a] != cut->block_of[edge[i].b] && edge[i].lookahead < cut->lookahead)
            cut->lookahead = edge[i].lookahead;
    free(joined);
    free(block);
}

static cut_t *cut_make(const archi_plan_t *plan, uint32_t wanted)
{
    uint32_t n = archi_plan_n_elements(plan);
    cut_t *cut = calloc(1, sizeof *cut);

    cut->block_of = calloc(n, sizeof *cut->block_of);
    cut->place_of = calloc(n, sizeof *cut->place_of);
    for (uint32_t b = 0; b < MOST_BLOCKS; b++)
        cut->element[b] = calloc(n, sizeof *cut->element[b]);
    deal_elements(plan, cut, wanted);
    return cut;
}

static void cut_free(cut_t *cut)
{
    free(cut->block_of);
    free(cut->place_of);
    for (uint32_t b = 0; b < MOST_BLOCKS; b++)
        free(cut->element[b]);
    free(cut);
}

/* ---- runs ------------------------------------------------------------------------------------------------------- */

typedef struct {
    const archi_plan_t *plan;
    cut_t *cut;
    archi_block_t *block[MOST_BLOCKS];
} run_t;

static run_t run_begin(const archi_plan_t *plan, uint32_t wanted)
{
    run_t r = {plan, cut_make(plan, wanted), {NULL}};

    for (uint32_t b = 0; b < r.cut->map.n_blocks; b++)
        CU_ASSERT_EQUAL_FATAL(
            archi_model_block_create(plan, &r.cut->map, b, r.cut->element[b], r.cut->n[b], 1, 7, &r.block[b]), ARCH_OK);
    return r;
}

static void run_end(run_t *r)
{
    for (uint32_t b = 0; b < r->cut->map.n_blocks; b++)
        archi_block_destroy(&r->block[b]);
    cut_free(r->cut);
}

static void run_until(run_t *r, arch_time_t until, archi_executor_kind_t kind)
{
    archi_executor_stats_t stats;
    archi_run_t run;

    memset(&run, 0, sizeof run);
    run.map = &r->cut->map;
    run.block = r->block;
    run.n_local = r->cut->map.n_blocks;
    run.plan = r->plan;
    run.step = archi_model_step;
    run.lookahead = r->cut->lookahead;
    run.until = until;
    run.kind = kind;
    CU_ASSERT_EQUAL_FATAL(archi_execute(&run, &stats), ARCH_OK);
}

/* Handle n events of a single block, wherever that stops it. */
static void run_events(run_t *r, uint32_t n)
{
    archi_event_t ev;

    for (uint32_t i = 0; i < n; i++) {
        if (archi_block_make_room(&r->block[0]) != ARCH_OK)
            abort();
        if (!archi_queue_pop_before(r->block[0], archi_plan_duration(r->plan), &ev))
            return;
        r->block[0]->now = ev.at;
        r->block[0]->n_events++;
        archi_handle(r->plan, &r->cut->map, r->block[0], &ev);
    }
}

typedef struct {
    uint64_t digest, n_events, n_sent_out;
} outcome_t;

static outcome_t run_outcome(run_t *r)
{
    arch_time_t end = archi_plan_duration(r->plan);
    outcome_t o = {0, 0, 0};

    run_until(r, end, ARCHI_SEQUENTIAL);
    for (uint32_t b = 0; b < r->cut->map.n_blocks; b++) {
        archi_model_finish(r->plan, r->block[b], end);
        o.digest += archi_model_digest(r->plan, &r->cut->map, r->block[b]);
        o.n_events += r->block[b]->n_events;
        o.n_sent_out += r->block[b]->n_sent_out;
    }
    return o;
}

static outcome_t whole(const archi_plan_t *plan)
{
    run_t r = run_begin(plan, 1);
    outcome_t o = run_outcome(&r);

    run_end(&r);
    return o;
}

/* ---- what was on its way when it was cut ------------------------------------------------------------------------ */

static struct {
    uint64_t frame[5], event[9], straggling, unanswered, ranked, listed, shared, changes, entries, tickets,
        replies_elsewhere;
    uint64_t cuts, to_one, from_one;
} met;

static void note_met(const run_t *r, const archi_block_t *b)
{
    const archi_frame_t *f = archi_section_const(b, ARCHI_SEC_FRAME);
    const archi_element_t *el = archi_section_const(b, ARCHI_SEC_ELEMENT);
    uint8_t *free_one = calloc((size_t)archi_pool_used(b, ARCHI_FRAMES) + 1, 1);

    for (uint32_t i = b->section[ARCHI_SEC_FRAME].free_head; i != ARCHI_NIL; i = f[i].next)
        free_one[i] = 1;
    for (uint32_t i = 0; i < archi_pool_used(b, ARCHI_FRAMES); i++)
        if (!free_one[i]) {
            met.frame[f[i].type]++;
            met.straggling += f[i].type == ARCHI_FRAME_JOIN && f[i].parent == ARCHI_NIL;
            met.unanswered += f[i].type == ARCHI_FRAME_REQUEST && (f[i].flags & ARCHI_NO_REPLY) != 0;
            met.replies_elsewhere +=
                f[i].type == ARCHI_FRAME_REQUEST && archi_block_of(&r->cut->map, f[i].caller) != b->id;
        }
    for (uint32_t p = 0; p < b->n_lps; p++) {
        uint32_t discipline = archi_plan_groups(r->plan)[el[p].group].discipline;
        met.ranked += discipline == ARCHI_SERVE_PRIORITY ? el[p].waiting + el[p].ready : 0;
        met.listed += discipline < ARCHI_SERVE_PRIORITY ? el[p].waiting + el[p].ready : 0;
        met.shared += discipline == ARCHI_SERVE_SHARED ? el[p].ready : 0;
        met.changes += el[p].n_changes > 1;
        met.entries += el[p].n_entries;
    }
    for (uint32_t i = 0; i < archi_pending_end(b); i++)
        if (archi_pending_at(b, i) != NULL)
            met.event[archi_pending_at(b, i)->kind]++;
    met.tickets += archi_pool_used(b, ARCHI_TICKETS) - b->section[ARCHI_SEC_TICKET].n_free;
    free(free_one);
}

/* ---- cutting anew ----------------------------------------------------------------------------------------------- */

static void expect_sound(const run_t *r)
{
    const char *wrong = NULL;
    uint32_t id = 0;

    for (; wrong == NULL && id < r->cut->map.n_blocks; id++)
        wrong = archi_block_check(r->block[id]);
    if (wrong == NULL)
        wrong = archi_model_check(r->plan, &r->cut->map, r->block, &id);
    if (wrong != NULL)
        fprintf(stderr, "block %u of %u: %s\n", (unsigned)id, (unsigned)r->cut->map.n_blocks, wrong);
    CU_ASSERT_PTR_NULL_FATAL(wrong);
}

/* As several ranks would: each makes its own blocks from all old ones. */
static arch_status_t recut_into(const run_t *r, const cut_t *to, archi_block_t **out)
{
    archi_recut_t how = {r->plan, &r->cut->map, &to->map, archi_recut_from_all, (void *)(uintptr_t)r->block};
    uint32_t ranks = 1 + (uint32_t)below(to->map.n_blocks);
    arch_status_t st = ARCH_OK;

    for (uint32_t rank = 0; rank < ranks && st == ARCH_OK; rank++) {
        uint32_t id[MOST_BLOCKS], n = 0;
        archi_block_t *made[MOST_BLOCKS];
        for (uint32_t b = rank; b < to->map.n_blocks; b += ranks)
            id[n++] = b;
        st = archi_model_recut(&how, id, n, made);
        for (uint32_t k = 0; k < n; k++)
            out[id[k]] = made[k];
    }
    return st;
}

static void run_recut(run_t *r, uint32_t wanted)
{
    run_t next = {r->plan, cut_make(r->plan, wanted), {NULL}};

    expect_sound(r);
    for (uint32_t b = 0; b < r->cut->map.n_blocks; b++)
        note_met(r, r->block[b]);
    met.cuts++;
    met.to_one += r->cut->map.n_blocks > 1 && next.cut->map.n_blocks == 1;
    met.from_one += r->cut->map.n_blocks == 1 && next.cut->map.n_blocks > 1;
    if (recut_into(r, next.cut, next.block) != ARCH_OK)
        fprintf(stderr, "%s %s\n", arch_error_text(), arch_error_trace());
    CU_ASSERT_PTR_NOT_NULL_FATAL(next.block[0]);
    expect_sound(&next);
    run_end(r);
    *r = next;
}

/* Run to a time, cut anew, go on; several times. Every other cut is a single block, or may be. */
static void expect_same_bits(const char *name, const archi_plan_t *plan, int n_cuts)
{
    outcome_t truth = whole(plan), o;
    arch_time_t end = archi_plan_duration(plan), at = 0;
    run_t r = run_begin(plan, 1 + (uint32_t)below(MOST_BLOCKS));

    for (int i = 0; i < n_cuts; i++) {
        at += 1 + (arch_time_t)below((uint64_t)(2 * (end - at) / (n_cuts + 1 - i)));
        run_until(&r, at, below(4) == 0 ? ARCHI_OPTIMISTIC : ARCHI_SEQUENTIAL);
        run_recut(&r, below(3) == 0 ? 1 : 1 + (uint32_t)below(MOST_BLOCKS));
    }
    o = run_outcome(&r);
    if (o.digest != truth.digest || o.n_events != truth.n_events)
        fprintf(stderr, "%s: digest %016llx instead of %016llx, %llu events instead of %llu\n", name,
                (unsigned long long)o.digest, (unsigned long long)truth.digest, (unsigned long long)o.n_events,
                (unsigned long long)truth.n_events);
    CU_ASSERT_EQUAL(o.digest, truth.digest);
    CU_ASSERT_EQUAL(o.n_events, truth.n_events);
    run_end(&r);
}

static void random_designs_go_on_with_the_same_bits(void)
{
    static char json[65536];
    char name[32];

    for (uint32_t seed = 1; seed <= 40; seed++) {
        archi_plan_t *plan;
        CU_ASSERT_FATAL(random_design(json, sizeof json, seed));
        snprintf(name, sizeof name, "random design %u", (unsigned)seed);
        plan = plan_of_json(json);
        for (int k = 1; k <= 3; k++)
            expect_same_bits(name, plan, 2 * k - 1);
        archi_plan_destroy(&plan);
    }
}

static void what_is_waiting_goes_on_with_the_same_bits(void)
{
    for (int i = 0; i < N_SPECIAL; i++) {
        archi_plan_t *plan = plan_of_json(special[i].json);
        for (int k = 0; k < 6; k++)
            expect_same_bits(special[i].name, plan, 1 + k);
        archi_plan_destroy(&plan);
    }
}

static void examples_go_on_with_the_same_bits(void)
{
    static const struct {
        const char *path;
        arch_time_t seconds;
    } examples[] = {{"examples/mm1.json", 3000},
                    {"examples/stage-1-single.json", 2},
                    {"examples/stage-2-horizontal.json", 2},
                    {"examples/stage-3-read-replicas.json", 2},
                    {"examples/testapp-all.json", 2},
                    {"examples/testapp-before.json", 2},
                    {"examples/testapp-cache.json", 2},
                    {"examples/testapp-index.json", 2},
                    {"examples/testapp-n-plus-one.json", 2},
                    {"examples/testapp-pool.json", 2}};

    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        arch_problems_t problems = {0, NULL};
        arch_design_t *d = NULL;
        archi_plan_t *plan;
        CU_ASSERT_EQUAL_FATAL(arch_design_read(examples[i].path, &d, &problems), ARCH_OK);
        d->run.duration = examples[i].seconds * ARCH_SECOND;
        d->run.warmup = d->run.duration / 10;
        plan = plan_of(d);
        expect_same_bits(examples[i].path, plan, 4);
        archi_plan_destroy(&plan);
    }
}

/* Not only between two instants: anywhere in the one order, in the middle of what one request does at once. */
static void a_single_block_may_be_cut_between_any_two_events(void)
{
    for (int i = 0; i < N_SPECIAL; i++) {
        archi_plan_t *plan = plan_of_json(special[i].json);
        outcome_t truth = whole(plan), o;
        for (int k = 0; k < 12; k++) {
            run_t r = run_begin(plan, 1);
            run_events(&r, 1 + (uint32_t)below(truth.n_events));
            run_recut(&r, 1 + (uint32_t)below(MOST_BLOCKS));
            o = run_outcome(&r);
            CU_ASSERT_EQUAL(o.digest, truth.digest);
            CU_ASSERT_EQUAL(o.n_events, truth.n_events);
            run_end(&r);
        }
        archi_plan_destroy(&plan);
    }
}

static bool is_pending(const archi_block_t *b, uint16_t kind)
{
    for (uint32_t i = 0; i < archi_pending_end(b); i++)
        if (archi_pending_at(b, i) != NULL && archi_pending_at(b, i)->kind == kind)
            return true;
    return false;
}

static void what_goes_on_in_a_further_event_is_found_again(void)
{
    archi_plan_t *plan = plan_of_json(fans);
    outcome_t truth = whole(plan), o;

    for (int k = 0; k < 30; k++) {
        run_t r = run_begin(plan, 1);
        run_events(&r, 1 + (uint32_t)below(truth.n_events / 2));
        while (!is_pending(r.block[0], ARCHI_EV_CONTINUE))
            run_events(&r, 1);
        run_recut(&r, 1 + (uint32_t)below(MOST_BLOCKS));
        o = run_outcome(&r);
        CU_ASSERT_EQUAL(o.digest, truth.digest);
        CU_ASSERT_EQUAL(o.n_events, truth.n_events);
        run_end(&r);
    }
    archi_plan_destroy(&plan);
}

/* A test that cuts runs in which nothing is going on would prove nothing. */
static void cuts_have_met_all_that_can_be_under_way(void)
{
    for (int i = ARCHI_FRAME_REQUEST; i <= ARCHI_FRAME_CHANGE; i++)
        CU_ASSERT(met.frame[i] > 20);
    for (int i = ARCHI_EV_REQUEST; i <= ARCHI_EV_THINK; i++)
        CU_ASSERT(met.event[i] > 20);
    CU_ASSERT(met.straggling > 20 && met.unanswered > 20 && met.replies_elsewhere > 20);
    CU_ASSERT(met.ranked > 1000 && met.listed > 1000 && met.shared > 1000);
    CU_ASSERT(met.changes > 20 && met.entries > 1000 && met.tickets > 1000);
    CU_ASSERT(met.cuts > 300 && met.to_one > 50 && met.from_one > 50);
}

/* ---- numbers ---------------------------------------------------------------------------------------------------- */

static bool equal_states(const archi_block_t *a, const archi_block_t *b)
{
    for (uint32_t i = ARCHI_FIRST_MODEL_SECTION; i < ARCHI_MAX_SECTIONS; i++) {
        const archi_section_t *s = &a->section[i], *t = &b->section[i];
        if (s->used != t->used || s->n_free != t->n_free || s->capacity != t->capacity ||
            memcmp((const char *)a + s->offset, (const char *)b + t->offset, (size_t)s->used * s->entry_bytes) != 0)
            return false;
    }
    return a->now == b->now && a->n_events == b->n_events && a->bytes == b->bytes &&
           archi_queue_count(a) == archi_queue_count(b);
}

/* New numbers follow from the state alone: whatever lay between, the same block comes back, byte for byte. */
static void a_detour_leaves_no_trace(void)
{
    for (int i = 0; i < N_SPECIAL; i++) {
        archi_plan_t *plan = plan_of_json(special[i].json);
        run_t r = run_begin(plan, 1), direct = {plan, cut_make(plan, 1), {NULL}};
        run_until(&r, archi_plan_duration(plan) / 2, ARCHI_SEQUENTIAL);
        CU_ASSERT_EQUAL_FATAL(recut_into(&r, direct.cut, direct.block), ARCH_OK);
        run_recut(&r, 5);
        run_recut(&r, 3);
        run_recut(&r, 2);
        run_recut(&r, 1);
        CU_ASSERT(equal_states(r.block[0], direct.block[0]));
        run_end(&r);
        run_end(&direct);
        archi_plan_destroy(&plan);
    }
}

/* Blocks count what they sent to each other; that they are others now does not make it undone. */
static void totals_are_kept(void)
{
    archi_plan_t *plan = plan_of_json(closed);
    run_t r = run_begin(plan, 6);
    uint64_t events = 0, sent = 0;
    arch_time_t now = 0;

    run_until(&r, archi_plan_duration(plan) / 2, ARCHI_SEQUENTIAL);
    for (uint32_t b = 0; b < r.cut->map.n_blocks; b++) {
        now = r.block[b]->now > now ? r.block[b]->now : now;
        events += r.block[b]->n_events;
        sent += r.block[b]->n_sent_out;
    }
    CU_ASSERT(sent > 0);
    run_recut(&r, 4);
    for (uint32_t b = 0; b < r.cut->map.n_blocks; b++) {
        events -= r.block[b]->n_events;
        sent -= r.block[b]->n_sent_out;
        CU_ASSERT_EQUAL(r.block[b]->now, now);
        CU_ASSERT_EQUAL(r.block[b]->replication, 1);
        CU_ASSERT_EQUAL(r.block[b]->seed, 7);
    }
    CU_ASSERT_EQUAL(events, 0);
    CU_ASSERT_EQUAL(sent, 0);
    run_end(&r);
    archi_plan_destroy(&plan);
}

/* ---- what cannot be --------------------------------------------------------------------------------------------- */

static archi_block_t *copy_of(const archi_block_t *b)
{
    archi_block_t *c = malloc(b->bytes);

    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    memcpy(c, b, b->bytes);
    return c;
}

/* Cut the run anew with block `id` replaced. */
static arch_status_t recut_with(const run_t *r, uint32_t id, archi_block_t *b)
{
    run_t other = *r, next = {r->plan, cut_make(r->plan, 3), {NULL}};
    arch_status_t st;

    other.block[id] = b;
    st = recut_into(&other, next.cut, next.block);
    run_end(&next);
    return st;
}

static void blocks_that_do_not_belong_together_are_refused(void)
{
    archi_plan_t *plan = plan_of_json(closed);
    run_t r = run_begin(plan, 6);
    archi_block_t *b;

    run_until(&r, archi_plan_duration(plan) / 2, ARCHI_SEQUENTIAL);
    CU_ASSERT_FATAL(r.cut->map.n_blocks > 2);
    b = copy_of(r.block[1]);
    CU_ASSERT_EQUAL(recut_with(&r, 1, b), ARCH_OK);
    CU_ASSERT_EQUAL(recut_with(&r, 2, b), ARCH_E_FORMAT);
    CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), "block 2 was asked for"));
    b->replication++;
    CU_ASSERT_EQUAL(recut_with(&r, 1, b), ARCH_E_FORMAT);
    b->replication--;
    b->seed++;
    CU_ASSERT_EQUAL(recut_with(&r, 1, b), ARCH_E_FORMAT);
    free(b);
    run_end(&r);
    archi_plan_destroy(&plan);
}

/* Of two instants: a request is worked on here whose answer has come there. */
static void blocks_of_two_instants_are_told(void)
{
    archi_plan_t *plan = plan_of_json(closed);
    run_t r = run_begin(plan, 6);
    archi_block_t *old[MOST_BLOCKS];
    uint32_t id = 0, n_refused = 0;

    run_until(&r, archi_plan_duration(plan) / 2, ARCHI_SEQUENTIAL);
    for (uint32_t b = 0; b < r.cut->map.n_blocks; b++)
        old[b] = copy_of(r.block[b]);
    run_until(&r, archi_plan_duration(plan) / 2 + 20 * ARCH_MILLISECOND, ARCHI_SEQUENTIAL);
    for (uint32_t b = 0; b < r.cut->map.n_blocks; b++) {
        archi_block_t *now = r.block[b];
        r.block[b] = old[b];
        CU_ASSERT_PTR_NOT_NULL(archi_model_check(plan, &r.cut->map, r.block, &id));
        r.block[b] = now;
        n_refused += recut_with(&r, b, old[b]) == ARCH_E_FORMAT;
        free(old[b]);
    }
    CU_ASSERT(n_refused > 0);
    run_end(&r);
    archi_plan_destroy(&plan);
}

/* Every event that names a request is missed when it is not there, and told from another of its kind. */
static void a_lost_event_is_missed(void)
{
    archi_plan_t *plan = plan_of_json(closed);
    run_t r = run_begin(plan, 1);
    uint32_t n_lost = 0, id = 0;
    archi_event_t ev;

    run_events(&r, 5000);
    while (archi_queue_pop_before(r.block[0], ARCH_TIME_MAX, &ev)) {
        const char *wrong = archi_model_check(plan, &r.cut->map, r.block, &id);
        n_lost += ev.kind != ARCHI_EV_ARRIVAL && (ev.kind != ARCHI_EV_REQUEST || archi_event_wants_reply(&ev));
        CU_ASSERT((wrong != NULL) == (n_lost > 0));
    }
    CU_ASSERT(n_lost > 20);
    run_end(&r);
    archi_plan_destroy(&plan);
}

/* What is counted is what there is: one more of anything is noticed. */
static void counts_must_add_up(void)
{
    archi_plan_t *plan = plan_of_json(closed);
    run_t r = run_begin(plan, 1);
    archi_block_t *b;
    uint32_t n_words = 0, id;

    run_events(&r, 5000);
    b = r.block[0];
    for (uint32_t p = 0; p < b->n_lps; p++) {
        archi_element_t *el = (archi_element_t *)archi_section(b, ARCHI_SEC_ELEMENT) + p;
        uint32_t *count[] = {&el->inside, &el->running, &el->waiting, &el->ready, &el->n_changes, &el->n_entries};
        for (size_t k = 0; k < sizeof count / sizeof *count; k++) {
            ++*count[k];
            CU_ASSERT_PTR_NOT_NULL(archi_model_check(plan, &r.cut->map, r.block, &id));
            --*count[k];
        }
    }
    ((archi_op_tally_t *)archi_section(b, ARCHI_SEC_OP))->n_generated++;
    CU_ASSERT_PTR_NOT_NULL(archi_model_check(plan, &r.cut->map, r.block, &id));
    ((archi_op_tally_t *)archi_section(b, ARCHI_SEC_OP))->n_generated--;
    for (uint32_t i = 0; i < b->section[ARCHI_SEC_PEER].used; i++) {
        ((uint64_t *)archi_section(b, ARCHI_SEC_PEER))[i] += 1;
        n_words += archi_model_check(plan, &r.cut->map, r.block, &id) != NULL;
        ((uint64_t *)archi_section(b, ARCHI_SEC_PEER))[i] -= 1;
    }
    CU_ASSERT(n_words > 3);
    CU_ASSERT_PTR_NULL(archi_model_check(plan, &r.cut->map, r.block, &id));
    run_end(&r);
    archi_plan_destroy(&plan);
}

static const char *verdict(const run_t *r)
{
    uint32_t id;

    return archi_model_check(r->plan, &r->cut->map, r->block, &id);
}

static void expect_refused(const run_t *r, const char *why)
{
    const char *wrong = verdict(r);

    CU_ASSERT_PTR_NOT_NULL_FATAL(wrong);
    CU_ASSERT_STRING_EQUAL(wrong, why);
}

/* Nothing is lacking then, every count is right, and a request would go on twice. */
static void an_event_that_comes_twice_is_told(void)
{
    archi_plan_t *plan = plan_of_json(closed);
    run_t r = run_begin(plan, 1);
    uint32_t n_delays = 0, n_replies = 0;
    archi_event_t ev;

    run_events(&r, 5000);
    for (uint32_t i = 0; i < archi_pending_end(r.block[0]); i++) {
        const archi_event_t *pending = archi_pending_at(r.block[0], i);
        archi_block_t *b = r.block[0];
        if (pending == NULL || (pending->kind != ARCHI_EV_DELAY && pending->kind != ARCHI_EV_REPLY))
            continue;
        ev = *pending;
        n_delays += ev.kind == ARCHI_EV_DELAY;
        n_replies += ev.kind == ARCHI_EV_REPLY;
        r.block[0] = copy_of(b);
        archi_queue_push(r.block[0], &ev);
        expect_refused(&r, "two refer to an entry that only one can");
        free(r.block[0]);
        r.block[0] = b;
    }
    CU_ASSERT(n_delays > 0 && n_replies > 0);
    CU_ASSERT_PTR_NULL(verdict(&r));
    run_end(&r);
    archi_plan_destroy(&plan);
}

static archi_entry_t *entries_of(archi_block_t *b) { return archi_section(b, ARCHI_SEC_ENTRY); }
static uint32_t *chains_of(archi_block_t *b) { return archi_section(b, ARCHI_SEC_HASH); }

/* A chain that leads back into itself ends nowhere: whoever follows it must notice. */
static void a_chain_that_goes_round_is_told(void)
{
    archi_plan_t *plan = plan_of_json(caches);
    run_t r = run_begin(plan, 1);
    archi_block_t *b;
    uint32_t n = 0;

    run_events(&r, 20000);
    b = r.block[0];
    alarm(60); /* where it is not noticed, this test would never end */
    for (uint32_t h = 0; h < b->section[ARCHI_SEC_HASH].used; h++) {
        uint32_t first = chains_of(b)[h], last = first;
        if (first == ARCHI_NIL)
            continue;
        while (entries_of(b)[last].next != ARCHI_NIL)
            last = entries_of(b)[last].next;
        entries_of(b)[last].next = first;
        expect_refused(&r, "a chain of a cache is broken");
        entries_of(b)[last].next = ARCHI_NIL;
        n++;
    }
    alarm(0);
    CU_ASSERT(n > 50);
    CU_ASSERT_PTR_NULL(verdict(&r));
    run_end(&r);
    archi_plan_destroy(&plan);
}

/* The key can be found, and nobody can ever push it out: another of the same key is in the order of use. */
static void a_key_in_a_chain_that_is_in_no_order_of_use_is_told(void)
{
    archi_plan_t *plan = plan_of_json(caches);
    run_t r = run_begin(plan, 1);
    archi_block_t *b;
    uint32_t h = 0, old, lost;

    run_events(&r, 20000);
    b = r.block[0];
    while (h < b->section[ARCHI_SEC_HASH].used && chains_of(b)[h] == ARCHI_NIL)
        h++;
    CU_ASSERT_FATAL(h < b->section[ARCHI_SEC_HASH].used && archi_section_room(&b->section[ARCHI_SEC_ENTRY]) > 0);
    old = chains_of(b)[h];
    lost = archi_pool_take(b, ARCHI_SEC_ENTRY);
    entries_of(b)[lost] = entries_of(b)[old];
    chains_of(b)[h] = lost;
    expect_refused(&r, "a chain of a cache is broken");
    chains_of(b)[h] = old;
    archi_pool_give(b, ARCHI_SEC_ENTRY, lost);
    CU_ASSERT_PTR_NULL(verdict(&r));
    run_end(&r);
    archi_plan_destroy(&plan);
}

/* Flip bits where something lies: header, elements, frames, tickets, events and so on. */
static void damage(archi_block_t *b)
{
    uint32_t n = 1 + (uint32_t)below(3);

    while (n > 0) {
        const archi_section_t *s = &b->section[below(ARCHI_MAX_SECTIONS)];
        uint64_t bytes = (uint64_t)s->used * s->entry_bytes, at = bytes == 0 ? 0 : below(bytes);
        if (bytes == 0)
            continue;
        ((unsigned char *)b + s->offset)[at] ^= (unsigned char)(1u << below(8));
        n--;
    }
}

/* Checked or cut anew, a damaged block does no harm: it is refused, or it can be read, whatever it says. */
static void damaged_blocks_do_no_harm(void)
{
    uint32_t n_refused = 0, n_cut = 0;

    for (int i = 0; i < N_SPECIAL; i++) {
        archi_plan_t *plan = plan_of_json(special[i].json);
        run_t r = run_begin(plan, 3);
        run_until(&r, archi_plan_duration(plan) / 2, ARCHI_SEQUENTIAL);
        for (int k = 0; k < 400; k++) {
            uint32_t id = (uint32_t)below(r.cut->map.n_blocks);
            archi_block_t *b = copy_of(r.block[id]);
            damage(b);
            if (archi_block_check(b) != NULL || archi_model_check_block(plan, &r.cut->map, b) != NULL) {
                CU_ASSERT(archi_block_check(b) != NULL || recut_with(&r, id, b) == ARCH_E_FORMAT);
                n_refused++;
            } else {
                n_cut += recut_with(&r, id, b) == ARCH_OK;
            }
            free(b);
        }
        run_end(&r);
        archi_plan_destroy(&plan);
    }
    CU_ASSERT(n_refused > 200 && n_cut > 200);
}

static void survives_every_failing_allocation(void)
{
    archi_plan_t *plan = plan_of_json(caches);
    run_t r = run_begin(plan, 3), next = {plan, cut_make(plan, 4), {NULL}};
    archi_recut_t how = {plan, &r.cut->map, &next.cut->map, archi_recut_from_all, r.block};
    uint32_t id[MOST_BLOCKS] = {0, 1, 2, 3, 4, 5, 6, 7}, n = next.cut->map.n_blocks;
    arch_status_t st = ARCH_E_NOMEM;
    long before;
    int n_failed = 0;

    run_until(&r, archi_plan_duration(plan) / 2, ARCHI_SEQUENTIAL);
    before = test_live_bytes();
    for (int budget = 0; budget < 1000 && st != ARCH_OK; budget++) {
        test_alloc_budget(budget);
        st = archi_model_recut(&how, id, n, next.block);
        test_alloc_budget(-1);
        if (st == ARCH_OK)
            continue;
        n_failed++;
        CU_ASSERT_EQUAL(test_live_bytes(), before);
        for (uint32_t b = 0; b < n; b++)
            CU_ASSERT_PTR_NULL(next.block[b]);
    }
    CU_ASSERT_EQUAL(st, ARCH_OK);
    CU_ASSERT(n_failed > 20);
    run_end(&r);
    run_end(&next);
    archi_plan_destroy(&plan);
}

int main(void)
{
    CU_pSuite s;
    int failures;

    if (CU_initialize_registry() != CUE_SUCCESS)
        return 2;
    s = CU_add_suite("recut", NULL, NULL);
    CU_ADD_TEST(s, random_designs_go_on_with_the_same_bits);
    CU_ADD_TEST(s, what_is_waiting_goes_on_with_the_same_bits);
    CU_ADD_TEST(s, examples_go_on_with_the_same_bits);
    CU_ADD_TEST(s, a_single_block_may_be_cut_between_any_two_events);
    CU_ADD_TEST(s, what_goes_on_in_a_further_event_is_found_again);
    CU_ADD_TEST(s, cuts_have_met_all_that_can_be_under_way);
    CU_ADD_TEST(s, a_detour_leaves_no_trace);
    CU_ADD_TEST(s, totals_are_kept);
    CU_ADD_TEST(s, blocks_that_do_not_belong_together_are_refused);
    CU_ADD_TEST(s, blocks_of_two_instants_are_told);
    CU_ADD_TEST(s, a_lost_event_is_missed);
    CU_ADD_TEST(s, counts_must_add_up);
    CU_ADD_TEST(s, an_event_that_comes_twice_is_told);
    CU_ADD_TEST(s, a_chain_that_goes_round_is_told);
    CU_ADD_TEST(s, a_key_in_a_chain_that_is_in_no_order_of_use_is_told);
    CU_ADD_TEST(s, damaged_blocks_do_no_harm);
    CU_ADD_TEST(s, survives_every_failing_allocation);
    CU_basic_run_tests();
    failures = (int)CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures != 0;
}
