/* tests/unit/test_checkpoint.c - a run that is stopped and resumed, however often and on however many ranks, gives the
 * answer of one that is not; what is damaged is passed over or refused; and what cannot be saved stops nobody. */
#include "coordinator/checkpoint_folder.h"
#include "coordinator/ledger_pack.h"
#include "engine/block_pack.h"
#include "engine/queue.h"
#include "support/designs.h"
#include "unit/results_folder.h"
#include <CUnit/Basic.h>
#include <architech/run.h>
#include <dirent.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Two tiers behind a balancer, with a cache and read replicas: all kinds of elements, latency between all of them. */
static const char shop[] =
    "{\"architech\": 1, \"name\": \"shop\", \"keyspaces\": {\"items\": {\"count\": 1000, \"zipf\": 1.0}},"
    " \"services\": {\"app\": {\"replicas\": 3, \"threads\": 20, \"endpoints\": {"
    "   \"read\": [{\"cpu\": {\"exponential\": {\"mean\": \"1ms\"}}},"
    "              {\"cache\": \"hot\", \"keys\": \"items\", \"miss\": [{\"call\": \"db/find\"}]}],"
    "   \"write\": [{\"cpu\": \"2ms\"}, {\"call\": \"db/save\"}]}}},"
    " \"balancers\": {\"lb\": {\"to\": \"app\"}},"
    " \"caches\": {\"hot\": {\"capacity\": 100, \"service\": \"20us\"}},"
    " \"databases\": {\"db\": {\"cores\": 2, \"read_replicas\": {\"count\": 2}, \"queries\": {"
    "   \"find\": {\"cpu\": {\"exponential\": {\"mean\": \"2ms\"}}},"
    "   \"save\": {\"writes\": true, \"cpu\": \"3ms\", \"apply\": \"1ms\"}}}},"
    " \"network\": {\"latency\": \"200us\"},"
    " \"workloads\": {\"web\": {\"rate\": \"400/s\", \"mix\": {\"lb/read\": 9, \"lb/write\": 1}},"
    "                \"batch\": {\"users\": 3, \"think\": \"50ms\", \"mix\": {\"app/write\": 1}}},"
    " \"run\": {\"duration\": \"4s\", \"replications\": 4%s}%s}";

/* The shop with more run settings (", ...") and more members (", ..."). */
static arch_design_t *make_shop(const char *settings, const char *members)
{
    char text[sizeof shop + 1024];

    snprintf(text, sizeof text, shop, settings, members);
    return design_of_text(".", text);
}

static void same(double a, double b) { CU_ASSERT(memcmp(&a, &b, sizeof a) == 0); }

static void same_estimate(const arch_estimate_t *a, const arch_estimate_t *b)
{
    same(a->value, b->value);
    same(a->half_width, b->half_width);
    CU_ASSERT_EQUAL(a->supported, b->supported);
}

static void same_component(const arch_component_result_t *a, const arch_component_result_t *b)
{
    CU_ASSERT_STRING_EQUAL(a->name, b->name);
    CU_ASSERT_EQUAL(a->arrived, b->arrived);
    CU_ASSERT_EQUAL(a->completed, b->completed);
    CU_ASSERT_EQUAL(a->queue_max, b->queue_max);
    same_estimate(&a->utilisation, &b->utilisation);
    same_estimate(&a->queue, &b->queue);
    same_estimate(&a->wait, &b->wait);
    same_estimate(&a->sojourn, &b->sojourn);
    same_estimate(&a->hit_ratio, &b->hit_ratio);
    same_estimate(&a->lag, &b->lag);
}

static void same_operation(const arch_operation_result_t *a, const arch_operation_result_t *b)
{
    CU_ASSERT_EQUAL(a->run_generated, b->run_generated);
    CU_ASSERT_EQUAL(a->completed, b->completed);
    same_estimate(&a->mean, &b->mean);
    same_estimate(&a->p50, &b->p50);
    same_estimate(&a->p95, &b->p95);
    same_estimate(&a->p99, &b->p99);
    same_estimate(&a->throughput, &b->throughput);
    same(a->max, b->max);
    CU_ASSERT_EQUAL(a->latency.n, b->latency.n);
}

static void same_results(const arch_results_t *a, const arch_results_t *b)
{
    const arch_series_t *s = &a->component_series;

    CU_ASSERT_EQUAL(a->digest, b->digest);
    CU_ASSERT_EQUAL_FATAL(a->n_components, b->n_components);
    CU_ASSERT_EQUAL_FATAL(a->n_operations, b->n_operations);
    for (uint32_t i = 0; i < a->n_components; i++)
        same_component(&a->component[i], &b->component[i]);
    for (uint32_t i = 0; i < a->n_operations; i++)
        same_operation(&a->operation[i], &b->operation[i]);
    CU_ASSERT_EQUAL_FATAL(s->n_rows, a->n_components);
    CU_ASSERT_EQUAL_FATAL(b->component_series.n_rows, a->n_components);
    CU_ASSERT_EQUAL(memcmp(s->queue, b->component_series.queue, s->n_rows * s->n_intervals * sizeof *s->queue), 0);
    CU_ASSERT_EQUAL(a->n_findings, b->n_findings);
    for (uint32_t i = 0; i < a->n_findings; i++)
        CU_ASSERT_STRING_EQUAL(a->finding[i].text, b->finding[i].text);
}

/* ---- helpers ------------------------------------------------------------------------------------------------------ */

static char dir[256], folder[PATH_MAX], last_note[2048];
static atomic_int calls_left;
static int n_warnings, n_notes;

static int interrupt_soon(void *user)
{
    (void)user;
    return atomic_fetch_sub(&calls_left, 1) <= 0;
}

static void note(void *user, int is_warning, const char *text)
{
    (void)user;
    n_notes++;
    if (is_warning && n_warnings++ == 0)
        snprintf(last_note, sizeof last_note, "%s", text);
}

/* A checkpoint at every pause. */
static arch_run_options_t saving(uint32_t threads, uint32_t group, uint32_t partitions)
{
    arch_run_options_t o = {0};

    o.threads = threads;
    o.group = group;
    o.partitions = partitions;
    o.checkpoint_every = 1e-9;
    o.checkpoint_dir = dir;
    o.interrupted = interrupt_soon;
    o.note = note;
    return o;
}

static void forget(void)
{
    char command[PATH_MAX + 16];

    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    CU_ASSERT_EQUAL(system(command), 0);
    n_warnings = n_notes = 0;
    last_note[0] = '\0';
    atomic_store(&calls_left, 1000000);
}

/* The one folder in `dir`, and how many of its entries begin with `prefix`. */
static int count(const char *prefix)
{
    DIR *d = opendir(dir);
    const struct dirent *e;
    int n = 0;

    while (d != NULL && (e = readdir(d)) != NULL)
        if (e->d_name[0] != '.')
            snprintf(folder, sizeof folder, "%s/%s", dir, e->d_name);
    if (d != NULL)
        closedir(d);
    d = opendir(folder);
    while (d != NULL && (e = readdir(d)) != NULL)
        n += strncmp(e->d_name, prefix, strlen(prefix)) == 0;
    if (d != NULL)
        closedir(d);
    return n;
}

static void newest(char path[PATH_MAX])
{
    archi_save_list_t list;

    (void)count("");
    CU_ASSERT_EQUAL_FATAL(archi_folder_list(folder, &list), ARCH_OK);
    CU_ASSERT_FATAL(list.n > 0);
    archi_save_file(folder, &list.save[0], false, 0, path);
    free(list.save);
}

static arch_results_t *plain_run(const arch_design_t *design)
{
    arch_run_options_t o = {.threads = 1};
    arch_results_t *r = NULL;

    CU_ASSERT_EQUAL_FATAL(arch_run(design, &o, &r), ARCH_OK);
    return r;
}

/* Stop after `calls` questions whether to stop; ARCH_E_SAVED when the run was not through by then. */
static arch_status_t run_a_while(const arch_design_t *design, arch_run_options_t options, int calls,
                                 arch_results_t **out)
{
    atomic_store(&calls_left, calls);
    return arch_run(design, &options, out);
}

/* ---- blocks and ledgers as bytes ---------------------------------------------------------------------------------- */

enum { N_EVENTS = 1000 };

static archi_block_t *full_block(void)
{
    archi_block_spec_t spec = {
        .id = 2, .replication = 1, .seed = 3, .n_lps = 4, .n_events_hint = N_EVENTS, .max_sends = 2};
    archi_block_t *b = NULL;
    archi_event_t ev;

    spec.model[0] = (archi_section_spec_t){ARCHI_ARRAY, 8, 4, 0};
    CU_ASSERT_EQUAL_FATAL(archi_block_create(&spec, &b), ARCH_OK);
    memset(&ev, 0, sizeof ev);
    for (uint32_t i = 0; i < N_EVENTS; i++) {
        while (!archi_queue_has_room(b, 1))
            CU_ASSERT_EQUAL_FATAL(archi_block_grow(&b, b->wants, 2 * b->section[b->wants].capacity + 16), ARCH_OK);
        ev.at = 1 + (arch_time_t)i * 7919 % 100003;
        ev.seq = i;
        archi_queue_push(b, &ev);
    }
    for (uint32_t i = 0; i < N_EVENTS / 3; i++)
        CU_ASSERT_TRUE(archi_queue_pop_before(b, ARCH_TIME_MAX, &ev));
    return b;
}

static void a_block_comes_back_from_its_bytes(void)
{
    archi_block_t *b = full_block(), *back = NULL;
    uint64_t n = archi_block_packed_bytes(b);
    void *bytes = malloc(n);
    archi_event_t x, y;

    archi_block_pack(b, bytes);
    archi_block_pack_clean(bytes);
    CU_ASSERT(n < b->bytes);
    CU_ASSERT_EQUAL_FATAL(archi_block_unpack(bytes, n, 0, &back), ARCH_OK);
    while (archi_queue_pop_before(b, ARCH_TIME_MAX, &x)) {
        CU_ASSERT_TRUE(archi_queue_pop_before(back, ARCH_TIME_MAX, &y));
        CU_ASSERT_EQUAL(memcmp(&x, &y, sizeof x), 0);
    }
    CU_ASSERT_FALSE(archi_queue_pop_before(back, ARCH_TIME_MAX, &y));
    archi_block_destroy(&back);
    CU_ASSERT_EQUAL(archi_block_unpack(bytes, n, 1000, &back), ARCH_E_FULL);
    archi_block_destroy(&b);
    free(bytes);
}

/* Whatever stands there: a status, or a block that archi_block_check() likes. */
static void bytes_that_are_no_block_are_refused(void)
{
    archi_block_t *b = full_block(), *back = NULL;
    uint64_t n = archi_block_packed_bytes(b), state = 88172645463325252u;
    unsigned char *bytes = malloc(n);

    archi_block_pack(b, bytes);
    for (uint64_t keep = 0; keep < n; keep += 1 + n / 300) {
        unsigned char *part = malloc(keep + 1); /* so that a checker sees what is read beyond */
        memcpy(part, bytes, keep);
        CU_ASSERT_EQUAL(archi_block_unpack(part, keep, 0, &back), ARCH_E_FORMAT);
        CU_ASSERT_PTR_NULL(back);
        free(part);
    }
    for (int i = 0; i < 3000; i++) {
        arch_status_t st;
        uint64_t at;
        state ^= state << 13, state ^= state >> 7, state ^= state << 17; /* xorshift (Marsaglia 2003) */
        at = i % 2 == 0 ? state / 8 % sizeof *b : state / 8 % n;
        bytes[at] ^= (unsigned char)(1u << state % 8);
        st = archi_block_unpack(bytes, n, (uint64_t)64 << 20, &back);
        CU_ASSERT_EQUAL(st == ARCH_OK, back != NULL);
        CU_ASSERT(back == NULL || archi_block_check(back) == NULL);
        archi_block_destroy(&back);
        bytes[at] ^= (unsigned char)(1u << state % 8);
    }
    archi_block_destroy(&b);
    free(bytes);
}

static void a_ledger_comes_back_from_its_words(void)
{
    const archi_ledger_share_t all = {true, true}, none = {false, false};
    arch_design_t *design = make_shop("", "");
    archi_plan_t *plan = NULL;
    archi_ledger_t a, b;
    uint64_t *words, n;

    CU_ASSERT_EQUAL_FATAL(archi_plan_compile(design, &plan), ARCH_OK);
    CU_ASSERT_EQUAL_FATAL(archi_ledger_make(plan, design, 1, NULL, 0, false, &a), ARCH_OK);
    CU_ASSERT_EQUAL_FATAL(archi_ledger_make(plan, design, 1, NULL, 0, false, &b), ARCH_OK);
    for (uint64_t i = 0; i < a.n_elements * a.element_words; i += 1 + i % 5)
        a.element[i] = i + 1;
    a.op[7] = a.op[8] = a.total[ARCHI_T_DIGEST] = UINT64_MAX;
    a.replication[3] = 1;
    CU_ASSERT_EQUAL_FATAL(archi_ledger_pack(&a, &words, &n), ARCH_OK);
    CU_ASSERT_EQUAL(archi_ledger_unpack(&b, words, n, none), ARCH_OK);
    CU_ASSERT(b.element[0] == 0 && b.op[7] == 0);
    CU_ASSERT_EQUAL(archi_ledger_unpack(&b, words, n, all), ARCH_OK);
    CU_ASSERT_EQUAL(memcmp(a.element, b.element, a.n_elements * a.element_words * 8), 0);
    CU_ASSERT_EQUAL(memcmp(a.op, b.op, a.ops.n_rows * a.op_words * 8), 0);
    CU_ASSERT(b.total[ARCHI_T_DIGEST] == UINT64_MAX && b.replication[3] == 1);
    CU_ASSERT_EQUAL(archi_ledger_unpack(&b, words, n - 1, all), ARCH_E_FORMAT);
    words[6] = UINT64_MAX - 1; /* the first run begins beyond everything */
    CU_ASSERT_EQUAL(archi_ledger_unpack(&b, words, n, all), ARCH_E_FORMAT);
    words[0]++;
    CU_ASSERT_EQUAL(archi_ledger_unpack(&b, words, n, all), ARCH_E_FORMAT);
    free(words);
    archi_ledger_free(&a);
    archi_ledger_free(&b);
    archi_plan_destroy(&plan);
    arch_design_destroy(&design);
}

/* ---- stopped and resumed ------------------------------------------------------------------------------------------ */

static void is_the_same_however_often_it_is_interrupted(void)
{
    static const struct {
        uint32_t threads, group, partitions, executor;
    } way[] = {{1, 1, 1, 0}, {2, 2, 2, 0}, {3, 1, 3, ARCH_EXECUTOR_CONSERVATIVE}, {2, 2, 3, ARCH_EXECUTOR_OPTIMISTIC}};
    arch_design_t *design = make_shop("", "");
    arch_results_t *whole = plain_run(design);

    for (uint32_t w = 0; w < sizeof way / sizeof way[0]; w++) {
        arch_results_t *r = NULL;
        arch_status_t st = ARCH_E_SAVED;
        int legs = 0;
        forget();
        for (; st == ARCH_E_SAVED && legs < 500; legs++) {
            uint32_t on = legs == 0 ? w : (w + (uint32_t)legs) % 4; /* each leg is cut its own way */
            arch_run_options_t o = saving(way[on].threads, way[on].group, way[on].partitions);
            o.executor = way[on].executor;
            o.resume = legs == 0 ? NULL : "auto";
            st = run_a_while(design, o, 10 + 3 * (legs % 4), &r);
        }
        CU_ASSERT_EQUAL_FATAL(st, ARCH_OK);
        CU_ASSERT(legs > 2);
        same_results(whole, r);
        CU_ASSERT_EQUAL(whole->provenance.events, r->provenance.events);
        CU_ASSERT_EQUAL(n_warnings, 0);
        CU_ASSERT_EQUAL(count(".tmp"), 0);
        arch_results_destroy(&r);
    }
    arch_results_destroy(&whole);
    arch_design_destroy(&design);
}

/* Replications of which the newest checkpoint knows something. */
static int n_known(void)
{
    char path[PATH_MAX], *text = NULL, *at;
    int n = 0;

    newest(path);
    CU_ASSERT_EQUAL_FATAL(arch_inspect(path, 0, &text), ARCH_OK);
    at = strstr(text, "  finished ");
    CU_ASSERT_FATAL(at != NULL && sscanf(at, "  finished %d", &n) == 1);
    while ((at = strstr(at + 1, "  begun ")) != NULL)
        n++;
    free(text);
    return n;
}

/* Replications that had begun on four ranks wait for one, and are saved again meanwhile. */
static void fewer_ranks_go_on_from_more(void)
{
    arch_design_t *design = make_shop("", "");
    arch_results_t *whole = plain_run(design), *r = NULL;
    arch_run_options_t o = saving(4, 1, 1);
    int n;

    forget();
    CU_ASSERT_EQUAL(run_a_while(design, o, 8, &r), ARCH_E_SAVED);
    n = n_known();
    CU_ASSERT(n >= 2);
    o = saving(1, 1, 1);
    o.resume = "auto";
    CU_ASSERT_EQUAL(run_a_while(design, o, 2, &r), ARCH_E_SAVED);
    CU_ASSERT_EQUAL(n_known(), n);
    CU_ASSERT_EQUAL(run_a_while(design, o, 1000000, &r), ARCH_OK);
    same_results(whole, r);
    CU_ASSERT_EQUAL(n_warnings, 0);
    arch_results_destroy(&r);
    arch_results_destroy(&whole);
    arch_design_destroy(&design);
}

/* With hardly more memory than the blocks take there is none for copies. */
static void saves_where_memory_is_short(void)
{
    arch_design_t *design = make_shop("", "");
    arch_results_t *whole = plain_run(design), *r = NULL;
    arch_status_t st = ARCH_E_FULL;

    for (uint64_t limit = 1 << 15; st == ARCH_E_FULL; limit += limit / 4) {
        arch_run_options_t o = saving(1, 1, 1);
        forget();
        o.memory_limit = limit;
        st = run_a_while(design, o, 12, &r);
    }
    CU_ASSERT_EQUAL(st, ARCH_E_SAVED);
    CU_ASSERT_EQUAL(n_warnings, 0);
    if (st == ARCH_E_SAVED) {
        arch_run_options_t o = saving(2, 1, 1);
        o.resume = "auto";
        CU_ASSERT_EQUAL_FATAL(run_a_while(design, o, 1000000, &r), ARCH_OK);
        same_results(whole, r);
    }
    arch_results_destroy(&r);
    arch_results_destroy(&whole);
    arch_design_destroy(&design);
}

/* ---- damage ------------------------------------------------------------------------------------------------------- */

static void what_is_damaged_is_passed_over(void)
{
    arch_design_t *design = make_shop("", "");
    arch_results_t *whole = plain_run(design), *r = NULL;
    arch_run_options_t o = saving(1, 1, 1);
    char path[PATH_MAX];

    forget();
    CU_ASSERT_EQUAL(run_a_while(design, o, 12, &r), ARCH_E_SAVED);
    for (int i = 0; i < 50 && count("run") < 2; i++) { /* a slow disk */
        o.resume = "auto";
        CU_ASSERT_EQUAL(run_a_while(design, o, 4, &r), ARCH_E_SAVED);
    }
    CU_ASSERT(count("run") >= 2);
    newest(path);
    CU_ASSERT_EQUAL(truncate(path, 5000), 0);
    o.resume = path;
    CU_ASSERT_EQUAL(run_a_while(design, o, 1000000, &r), ARCH_E_FORMAT);
    CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), "cut short"));
    o.resume = "auto";
    CU_ASSERT_EQUAL_FATAL(run_a_while(design, o, 1000000, &r), ARCH_OK);
    CU_ASSERT_EQUAL(n_warnings, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(last_note, "going back"));
    same_results(whole, r);
    arch_results_destroy(&r);
    arch_results_destroy(&whole);
    arch_design_destroy(&design);
}

static void a_checkpoint_under_anothers_name_is_passed_over(void)
{
    arch_design_t *design = make_shop("", "");
    arch_results_t *whole = plain_run(design), *r = NULL;
    arch_run_options_t o = saving(1, 1, 1);
    char first[PATH_MAX], second[PATH_MAX];

    forget();
    CU_ASSERT_EQUAL(run_a_while(design, o, 3, &r), ARCH_E_SAVED);
    newest(first);
    o.resume = "auto";
    CU_ASSERT_EQUAL(run_a_while(design, o, 3, &r), ARCH_E_SAVED);
    newest(second);
    CU_ASSERT_EQUAL(rename(first, second), 0);
    o.checkpoint_every = 0;
    CU_ASSERT_EQUAL_FATAL(run_a_while(design, o, 1000000, &r), ARCH_OK);
    CU_ASSERT(n_warnings >= 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(last_note, "belongs elsewhere"));
    same_results(whole, r);
    arch_results_destroy(&r);
    arch_results_destroy(&whole);
    arch_design_destroy(&design);
}

static void another_design_is_refused(void)
{
    arch_design_t *design = make_shop("", ""), *other = make_shop(", \"warmup\": \"1s\"", "");
    arch_results_t *r = NULL;
    arch_run_options_t o = saving(1, 1, 1);
    char path[PATH_MAX];

    forget();
    CU_ASSERT_EQUAL(run_a_while(design, o, 8, &r), ARCH_E_SAVED);
    newest(path);
    o.resume = path;
    CU_ASSERT_EQUAL(run_a_while(other, o, 1000000, &r), ARCH_E_FORMAT);
    CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), "is of another design"));
    design->run.seed++;
    CU_ASSERT_EQUAL(run_a_while(design, o, 1000000, &r), ARCH_E_FORMAT);
    CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), "is of seed 1, not 2"));
    o.resume = "/no/such/checkpoint";
    CU_ASSERT_EQUAL(run_a_while(design, o, 1000000, &r), ARCH_E_NOTFOUND);
    CU_ASSERT_EQUAL(n_warnings, 0);
    arch_design_destroy(&design);
    arch_design_destroy(&other);
}

/* ---- what cannot be saved ----------------------------------------------------------------------------------------- */

static void a_run_that_cannot_be_saved_goes_on(void)
{
    arch_design_t *design = make_shop("", "");
    arch_results_t *whole = plain_run(design), *r = NULL;
    arch_run_options_t o = saving(2, 1, 1);

    forget();
    o.checkpoint_dir = "/dev/null/checkpoints";
    CU_ASSERT_EQUAL_FATAL(run_a_while(design, o, 1000000, &r), ARCH_OK);
    same_results(whole, r);
    CU_ASSERT(n_warnings >= 2); /* once for each, and once at the end */
    CU_ASSERT_PTR_NOT_NULL(strstr(last_note, "the run goes on"));
    arch_results_destroy(&r);
    CU_ASSERT_EQUAL(run_a_while(design, o, 10, &r), ARCH_E_IO);
    CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), "could not be saved"));
    arch_results_destroy(&r);
    arch_results_destroy(&whole);
    arch_design_destroy(&design);
}

static void keeps_as_many_as_it_is_told(void)
{
    arch_design_t *design = make_shop("", "");
    arch_results_t *r = NULL;
    arch_run_options_t o = saving(1, 1, 1);

    forget();
    o.checkpoint_keep = 2;
    CU_ASSERT_EQUAL(run_a_while(design, o, 0, &r), ARCH_E_SAVED);
    CU_ASSERT_EQUAL(count("run1-"), 1);
    o.resume = "auto";
    CU_ASSERT_EQUAL(run_a_while(design, o, 0, &r), ARCH_E_SAVED); /* one of its own: the earlier ones stay */
    CU_ASSERT(count("run1-") == 1 && count("run2-") == 1);
    for (int i = 0; i < 50 && count("run1-") > 0; i++) { /* how many a leg writes is up to the disk */
        CU_ASSERT_EQUAL(run_a_while(design, o, 3, &r), ARCH_E_SAVED);
        CU_ASSERT(count("run") >= 2);
    }
    CU_ASSERT_EQUAL(count("run"), 2);
    arch_design_destroy(&design);
}

static void a_design_without_checkpoints_begins_anew(void)
{
    arch_design_t *design = make_shop("", "");
    arch_results_t *whole = plain_run(design), *r = NULL;
    arch_run_options_t o = saving(2, 1, 1);

    forget();
    o.checkpoint_every = 0;
    o.resume = "auto";
    CU_ASSERT_EQUAL_FATAL(run_a_while(design, o, 1000000, &r), ARCH_OK);
    same_results(whole, r);
    CU_ASSERT_PTR_NOT_NULL(strstr(last_note, "starting from the beginning"));
    CU_ASSERT_NOT_EQUAL(access(dir, F_OK), 0); /* nothing is saved, so nothing is made */
    arch_results_destroy(&r);
    arch_results_destroy(&whole);
    arch_design_destroy(&design);
}

int main(void)
{
    results_folder_t base;
    CU_pSuite suite;
    int failures;

    if (!results_folder_create(&base) || CU_initialize_registry() != CUE_SUCCESS)
        return 2;
    snprintf(dir, sizeof dir, "%s/saves", base.path);
    suite = CU_add_suite("checkpoints", NULL, NULL);
    CU_ADD_TEST(suite, a_block_comes_back_from_its_bytes);
    CU_ADD_TEST(suite, bytes_that_are_no_block_are_refused);
    CU_ADD_TEST(suite, a_ledger_comes_back_from_its_words);
    CU_ADD_TEST(suite, is_the_same_however_often_it_is_interrupted);
    CU_ADD_TEST(suite, fewer_ranks_go_on_from_more);
    CU_ADD_TEST(suite, saves_where_memory_is_short);
    CU_ADD_TEST(suite, what_is_damaged_is_passed_over);
    CU_ADD_TEST(suite, a_checkpoint_under_anothers_name_is_passed_over);
    CU_ADD_TEST(suite, another_design_is_refused);
    CU_ADD_TEST(suite, a_run_that_cannot_be_saved_goes_on);
    CU_ADD_TEST(suite, keeps_as_many_as_it_is_told);
    CU_ADD_TEST(suite, a_design_without_checkpoints_begins_anew);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    snprintf(folder, sizeof folder, "rm -rf '%s'", base.path);
    return system(folder) == 0 && failures == 0 ? 0 : 1;
}
