/* tests/unit/test_gpu_runs.c - runs and experiments with executor "gpu": the same results as on cores, from the library's
 * calls down, and what is said where it cannot be. The device is pretended: archi_device_open() is wrapped by the linker. */
#include <CUnit/Basic.h>
#include "coordinator/batch.h"
#include "support/pretend_device.h"
#include "support/share.h"
#include "unit/results_folder.h"
#include <architech/architech.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* ---- the device -------------------------------------------------------------------------------------------------- */

static pretend_t device;
static uint32_t n_devices, n_opened;

arch_status_t __wrap_archi_device_open(uint32_t rank_here, archi_device_t **out);
uint32_t __wrap_archi_device_count(void);

arch_status_t __wrap_archi_device_open(uint32_t rank_here, archi_device_t **out)
{
    (void)rank_here;
    *out = NULL;
    if (n_devices == 0)
        return ARCH_FAIL(ARCH_E_NOTFOUND, "the test has no device");
    n_opened++;
    return pretend_open(&device, out);
}

uint32_t __wrap_archi_device_count(void) { return n_devices; }

static void set_device(uint32_t n, uint64_t bytes, long fails_after)
{
    n_devices = n;
    n_opened = 0;
    device = (pretend_t){.bytes = bytes, .fails_after = fails_after};
}

/* ---- what is run ------------------------------------------------------------------------------------------------- */

static char said[512];
static bool anew, told_of_device;
static unsigned most_finished; /* replications that a run which went on did not do again */

static void note(void *user, int is_warning, const char *text)
{
    const char *finished = strstr(text, "going on from ");
    unsigned n;

    (void)user, (void)is_warning;
    snprintf(said, sizeof said, "%s", text);
    anew = anew || strstr(text, "begin anew on the GPU") != NULL;
    told_of_device = told_of_device || strstr(text, "pretended: ") != NULL;
    if (finished != NULL && (finished = strstr(finished, ": ")) != NULL && sscanf(finished, ": %u of", &n) == 1)
        most_finished = n > most_finished ? n : most_finished;
}

static arch_design_t *read_design(const char *path, arch_time_t duration, uint32_t replications)
{
    arch_problems_t problems = {0, NULL};
    arch_design_t *design = NULL;

    if (arch_design_read(path, &design, &problems) != ARCH_OK)
        abort();
    design->run.duration = test_is_long() ? duration : duration / 4;
    design->run.warmup = ARCH_AUTO;
    design->run.replications = replications;
    return design;
}

/* All that a run says of the design, as text: without what it says of this machine. */
static char *told(const arch_results_t *r)
{
    char *text = NULL, *end;

    if (arch_results_text(r, 0, 0, &text) != ARCH_OK)
        abort();
    end = strstr(text, "\ndigest ");
    if (end == NULL)
        abort();
    end[strlen("\ndigest 0123456789abcdef")] = '\0';
    return text;
}

static arch_status_t run(const arch_design_t *design, arch_run_options_t options, char **text, arch_results_t **out)
{
    arch_results_t *r = NULL;
    arch_status_t st;

    said[0] = '\0';
    told_of_device = false;
    options.note = note;
    st = arch_run(design, &options, &r);
    *text = st == ARCH_OK ? told(r) : NULL;
    if (out != NULL)
        *out = r;
    else
        arch_results_destroy(&r);
    return st;
}

/* ---- runs -------------------------------------------------------------------------------------------------------- */

static void runs_are_the_same(void)
{
    static const char *const path[] = {"examples/stage-3-read-replicas.json", "examples/mm1.json",
                                       "examples/testapp-all.json"};
    const arch_run_options_t cores = {.threads = 2, .executor = ARCH_EXECUTOR_CPU}, one = {.threads = 1, .group = 1};
    const arch_run_options_t gpu = {.threads = 2, .executor = ARCH_EXECUTOR_GPU};

    for (size_t i = 0; i < sizeof path / sizeof *path; i++) {
        arch_design_t *d = read_design(path[i], 4 * ARCH_SECOND, 10);
        arch_results_t *r = NULL;
        char *on_cores, *alone, *on_gpu;
        set_device(1, (uint64_t)8 << 20, -1);
        CU_ASSERT_EQUAL_FATAL(run(d, cores, &on_cores, NULL), ARCH_OK);
        CU_ASSERT_EQUAL(n_opened, 0);
        CU_ASSERT_EQUAL_FATAL(run(d, one, &alone, NULL), ARCH_OK);
        CU_ASSERT_EQUAL(n_opened, 0); /* not worth it */
        CU_ASSERT_EQUAL_FATAL(run(d, gpu, &on_gpu, &r), ARCH_OK);
        CU_ASSERT_EQUAL(n_opened, 1);
        CU_ASSERT_STRING_EQUAL(on_cores, alone);
        CU_ASSERT_STRING_EQUAL(on_cores, on_gpu);
        CU_ASSERT_STRING_EQUAL(r->provenance.executor, "gpu");
        CU_ASSERT(r->provenance.events > 0 && r->engine.rank[0].events > 0);
        CU_ASSERT_PTR_NOT_NULL(strstr(said, "pretended: "));
        CU_ASSERT_PTR_NOT_NULL(strstr(said, i == 0 ? " waves, " : " wave"));
        arch_results_destroy(&r);
        free(on_cores);
        free(alone);
        free(on_gpu);
        arch_design_destroy(&d);
    }
}

/* Several rounds of waves. */
static void precision_is_the_same(void)
{
    arch_design_t *d = read_design("examples/stage-1-single.json", ARCH_SECOND, 10);
    arch_run_options_t o = {.threads = 2, .precision = 0.01, .most_replications = 40, .executor = ARCH_EXECUTOR_CPU};
    arch_results_t *r = NULL;
    char *on_cores, *on_gpu;

    set_device(1, (uint64_t)1 << 28, -1);
    CU_ASSERT_EQUAL_FATAL(run(d, o, &on_cores, NULL), ARCH_OK);
    o.executor = ARCH_EXECUTOR_GPU;
    CU_ASSERT_EQUAL_FATAL(run(d, o, &on_gpu, &r), ARCH_OK);
    CU_ASSERT_STRING_EQUAL(on_cores, on_gpu);
    CU_ASSERT(r->provenance.replications > 10);
    arch_results_destroy(&r);
    free(on_cores);
    free(on_gpu);
    arch_design_destroy(&d);
}

static void refused(arch_design_t *d, arch_run_options_t o, arch_status_t status, const char *words)
{
    char *text = NULL;

    o.executor = ARCH_EXECUTOR_GPU;
    CU_ASSERT_EQUAL(run(d, o, &text, NULL), status);
    if (strstr(arch_error_text(), words) == NULL) {
        fprintf(stderr, "\"%s\" does not say \"%s\"\n", arch_error_text(), words);
        CU_FAIL("the reason is not told");
    }
    free(text);
}

static void what_a_gpu_cannot_is_said(void)
{
    arch_design_t *d = read_design("examples/mm1.json", ARCH_SECOND, 4);

    set_device(0, 0, -1);
    refused(d, (arch_run_options_t){0}, ARCH_E_NOTFOUND, "no device");
    set_device(1, (uint64_t)1 << 28, -1);
    refused(d, (arch_run_options_t){.partitions = 2}, ARCH_E_ARG, "whole on a GPU");
    refused(d, (arch_run_options_t){.group = 2}, ARCH_E_ARG, "whole on a GPU");
    refused(d, (arch_run_options_t){.checkpoint_every_simulated = ARCH_SECOND}, ARCH_E_ARG, "checkpoints are by the clock");
    refused(d, (arch_run_options_t){.trace = 100}, ARCH_E_ARG, "not of a GPU");
    set_device(1, 65536, -1);
    refused(d, (arch_run_options_t){.threads = 1}, ARCH_E_NOMEM, "no memory for a single replication");
    set_device(1, (uint64_t)1 << 28, 9);
    refused(d, (arch_run_options_t){.threads = 2}, ARCH_E_CUDA, "pretended: it failed");
    arch_design_destroy(&d);
}

/* ---- saved and resumed ------------------------------------------------------------------------------------------- */

static atomic_int pauses_left;

static int interrupt_soon(void *user)
{
    (void)user;
    return atomic_fetch_sub(&pauses_left, 1) <= 0;
}

/* Interrupted after so many pauses, then after more, each time on the other executor where `turns`; cores cut replications
 * into `parts`. How often, and the text of the end. */
static char *run_interrupted(const arch_design_t *d, const char *dir, uint32_t threads, uint32_t executor, bool turns,
                             uint32_t parts, uint32_t *n_interrupted)
{
    arch_run_options_t o = {.threads = threads, .executor = executor, .checkpoint_every = 1e-9, .checkpoint_dir = dir,
                            .interrupted = interrupt_soon, .resume = "auto",
                            .partitions = executor == ARCH_EXECUTOR_CPU ? parts : 0};
    char *text = NULL;
    arch_status_t st = ARCH_E_SAVED;

    for (*n_interrupted = 0; st == ARCH_E_SAVED && *n_interrupted < 100; *n_interrupted += st == ARCH_E_SAVED) {
        atomic_store(&pauses_left, 3 + 10 * (int)*n_interrupted);
        st = run(d, o, &text, NULL);
        if (turns)
            o.executor = o.executor == ARCH_EXECUTOR_GPU ? ARCH_EXECUTOR_CPU : ARCH_EXECUTOR_GPU;
        o.partitions = o.executor == ARCH_EXECUTOR_CPU ? parts : 0;
    }
    CU_ASSERT_EQUAL_FATAL(st, ARCH_OK);
    return text;
}

static void a_saved_run_goes_on_anywhere(void)
{
    arch_design_t *d = read_design("examples/testapp-pool.json", 2 * ARCH_SECOND, 100); /* can be cut */
    const arch_run_options_t cores = {.threads = 2, .executor = ARCH_EXECUTOR_CPU};
    char *expected, *text;

    set_device(1, (uint64_t)8 << 20, -1); /* several waves */
    CU_ASSERT_EQUAL_FATAL(run(d, cores, &expected, NULL), ARCH_OK);
    for (uint32_t i = test_is_long() ? 0 : 2; i < (test_is_long() ? 6 : 4); i++) { /* 2 and 3: two threads, both ways */
        uint32_t n, executor = i % 2 == 0 ? ARCH_EXECUTOR_GPU : ARCH_EXECUTOR_CPU;
        results_folder_t folder;
        CU_ASSERT_FATAL(results_folder_create(&folder));
        most_finished = 0;
        text = run_interrupted(d, folder.path, 1 + i / 2, executor, i % 2 == 1 || i == 4, i / 2 + 1, &n);
        CU_ASSERT(n > 1);
        CU_ASSERT(most_finished > 10);
        CU_ASSERT_STRING_EQUAL(text, expected);
        free(text);
        results_folder_destroy(&folder);
    }
    free(expected);
    arch_design_destroy(&d);
}

/* Replications that cores have cut and begun are whole, and begin anew, on a GPU. */
static void what_cores_have_begun_begins_anew(void)
{
    arch_design_t *d = read_design("examples/stage-2-horizontal.json", ARCH_SECOND, 40);
    arch_run_options_t o = {.threads = 2, .executor = ARCH_EXECUTOR_CPU, .partitions = 3, .checkpoint_every = 1e-9,
                            .interrupted = interrupt_soon, .resume = "auto"};
    results_folder_t folder;
    char *expected, *text;

    CU_ASSERT_FATAL(results_folder_create(&folder));
    set_device(1, (uint64_t)64 << 20, -1);
    CU_ASSERT_EQUAL_FATAL(run(d, (arch_run_options_t){.threads = 2}, &expected, NULL), ARCH_OK);
    o.checkpoint_dir = folder.path;
    atomic_store(&pauses_left, 20);
    CU_ASSERT_EQUAL_FATAL(run(d, o, &text, NULL), ARCH_E_SAVED);
    o.executor = ARCH_EXECUTOR_GPU;
    o.partitions = 0;
    o.interrupted = NULL;
    anew = false;
    CU_ASSERT_EQUAL_FATAL(run(d, o, &text, NULL), ARCH_OK);
    CU_ASSERT(anew && told_of_device);
    CU_ASSERT_STRING_EQUAL(text, expected);
    free(text);
    free(expected);
    results_folder_destroy(&folder);
    arch_design_destroy(&d);
}

static void an_overload_is_explained_as_on_cores(void)
{
    arch_design_t *d = read_design("examples/mm1.json", 100000 * ARCH_SECOND, 3);
    arch_run_options_t o = {.threads = 1, .memory_limit = (uint64_t)1 << 20, .executor = ARCH_EXECUTOR_CPU};
    char on_cores[256], *text = NULL;

    d->workload[0].rate *= 3; /* three times as many customers */
    set_device(1, (uint64_t)1 << 28, -1);
    CU_ASSERT_EQUAL(run(d, o, &text, NULL), ARCH_E_FULL);
    snprintf(on_cores, sizeof on_cores, "%s", arch_error_text());
    CU_ASSERT_PTR_NOT_NULL(strstr(on_cores, "it is overloaded"));
    refused(d, o, ARCH_E_FULL, on_cores);
    arch_design_destroy(&d);
}

/* ---- experiments ------------------------------------------------------------------------------------------------- */

static bool same_bytes(const arch_samples_t *a, const arch_samples_t *b)
{
    void *x = NULL, *y = NULL;
    size_t n = 0, m = 0;
    bool same = a != NULL && b != NULL && arch_samples_pack(a, &x, &n) == ARCH_OK &&
                arch_samples_pack(b, &y, &m) == ARCH_OK && n == m && memcmp(x, y, n) == 0;

    free(x);
    free(y);
    return same;
}

enum { POINTS = 12 };

/* Samples of a dozen designs, from a lab with these options. */
static arch_status_t ask(arch_lab_options_t options, arch_samples_t *out[POINTS])
{
    static const char *const path[] = {"examples/stage-1-single.json", "examples/stage-2-horizontal.json",
                                       "examples/stage-3-read-replicas.json"};
    arch_lab_t *lab = NULL;
    arch_status_t st = arch_lab_open(&options, &lab);
    uint64_t ticket[POINTS];

    memset(out, 0, POINTS * sizeof *out);
    for (uint32_t i = 0; st == ARCH_OK && i < POINTS; i++) {
        arch_design_t *d = read_design(path[i % 3], ARCH_SECOND, 1);
        d->run.seed = i / 3;
        st = arch_lab_ask(lab, d, i, 5, &ticket[i]);
        arch_design_destroy(&d);
    }
    for (uint32_t i = 0; st == ARCH_OK && i < POINTS; i++)
        st = arch_lab_wait(lab, ticket[i], &out[i]);
    arch_lab_close(&lab);
    return st;
}

static void drop(arch_samples_t *s[POINTS])
{
    for (uint32_t i = 0; i < POINTS; i++)
        arch_samples_destroy(&s[i]);
}

static void labs_answer_the_same(void)
{
    const arch_lab_options_t gpu = {.executor = ARCH_EXECUTOR_GPU, .threads = 2, .note = note};
    arch_samples_t *on_threads[POINTS], *on_gpu[POINTS], *chosen[POINTS];

    set_device(1, (uint64_t)40 << 20, -1);
    CU_ASSERT_EQUAL_FATAL(ask((arch_lab_options_t){.threads = 2}, on_threads), ARCH_OK);
    CU_ASSERT_EQUAL(n_opened, 0);
    CU_ASSERT_EQUAL_FATAL(ask(gpu, on_gpu), ARCH_OK);
    CU_ASSERT_EQUAL(n_opened, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(said, "pretended: "));
    CU_ASSERT_EQUAL_FATAL(ask((arch_lab_options_t){.executor = ARCH_EXECUTOR_AUTO}, chosen), ARCH_OK);
    for (uint32_t i = 0; i < POINTS; i++) {
        CU_ASSERT(same_bytes(on_threads[i], on_gpu[i]));
        CU_ASSERT(same_bytes(on_threads[i], chosen[i]));
    }
    drop(on_threads);
    drop(on_gpu);
    drop(chosen);
}

/* One that cannot be simulated says so; the others are answered. */
static void labs_go_on_when_a_design_cannot(void)
{
    arch_lab_options_t options = {.executor = ARCH_EXECUTOR_GPU, .threads = 1, .memory_limit = (uint64_t)3 << 20};
    arch_design_t *good = read_design("examples/mm1.json", 100 * ARCH_SECOND, 1);
    arch_design_t *bad = read_design("examples/mm1.json", 100000 * ARCH_SECOND, 1);
    arch_samples_t *s = NULL;
    arch_lab_t *lab = NULL;
    uint64_t first, second;

    bad->workload[0].rate *= 3;
    set_device(1, (uint64_t)1 << 28, -1);
    CU_ASSERT_EQUAL_FATAL(arch_lab_open(&options, &lab), ARCH_OK);
    CU_ASSERT_EQUAL_FATAL(arch_lab_ask(lab, bad, 0, 3, &first), ARCH_OK);
    CU_ASSERT_EQUAL_FATAL(arch_lab_ask(lab, good, 0, 3, &second), ARCH_OK);
    CU_ASSERT_EQUAL(arch_lab_wait(lab, first, &s), ARCH_E_FULL);
    CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), "it is overloaded"));
    CU_ASSERT_PTR_NULL(s);
    CU_ASSERT_EQUAL(arch_lab_wait(lab, second, &s), ARCH_OK);
    CU_ASSERT(s != NULL && s->n == 3);
    arch_samples_destroy(&s);
    arch_lab_close(&lab);
    arch_design_destroy(&good);
    arch_design_destroy(&bad);
}

static void labs_say_what_fails(void)
{
    arch_samples_t *s[POINTS];

    set_device(0, 0, -1);
    CU_ASSERT_EQUAL(ask((arch_lab_options_t){.executor = ARCH_EXECUTOR_GPU}, s), ARCH_E_NOTFOUND);
    CU_ASSERT_EQUAL(ask((arch_lab_options_t){.executor = ARCH_EXECUTOR_SEQUENTIAL}, s), ARCH_E_ARG);
    CU_ASSERT_EQUAL(ask((arch_lab_options_t){.executor = ARCH_EXECUTOR_GPU, .workers = 1}, s), ARCH_E_ARG);
    set_device(1, (uint64_t)1 << 28, 12);
    CU_ASSERT_EQUAL(ask((arch_lab_options_t){.executor = ARCH_EXECUTOR_GPU, .threads = 1}, s), ARCH_E_CUDA);
    CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), "pretended: it failed"));
    drop(s);
}

static int stop_at_once(void *user, const arch_lab_progress_t *progress)
{
    (void)user, (void)progress;
    return 1;
}

static void labs_stop_when_told(void)
{
    arch_lab_options_t options = {.executor = ARCH_EXECUTOR_GPU, .threads = 2, .progress = stop_at_once};
    arch_design_t *d = read_design("examples/stage-3-read-replicas.json", 100000 * ARCH_SECOND, 1);
    arch_samples_t *s = NULL;
    arch_lab_t *lab = NULL;
    uint64_t ticket;

    set_device(1, (uint64_t)1 << 28, -1);
    CU_ASSERT_EQUAL_FATAL(arch_lab_open(&options, &lab), ARCH_OK);
    CU_ASSERT_EQUAL_FATAL(arch_lab_ask(lab, d, 0, 4, &ticket), ARCH_OK);
    CU_ASSERT_EQUAL(arch_lab_wait(lab, ticket, &s), ARCH_E_CANCELLED);
    arch_lab_close(&lab); /* at once, although there is much to do */
    arch_design_destroy(&d);
}

int main(void)
{
    CU_pSuite s;

    CU_initialize_registry();
    s = CU_add_suite("runs on a GPU", NULL, NULL);
    CU_ADD_TEST(s, runs_are_the_same);
    CU_ADD_TEST(s, precision_is_the_same);
    CU_ADD_TEST(s, what_a_gpu_cannot_is_said);
    CU_ADD_TEST(s, a_saved_run_goes_on_anywhere);
    CU_ADD_TEST(s, what_cores_have_begun_begins_anew);
    CU_ADD_TEST(s, an_overload_is_explained_as_on_cores);
    CU_ADD_TEST(s, labs_answer_the_same);
    CU_ADD_TEST(s, labs_go_on_when_a_design_cannot);
    CU_ADD_TEST(s, labs_say_what_fails);
    CU_ADD_TEST(s, labs_stop_when_told);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    return CU_get_number_of_failures() != 0;
}
