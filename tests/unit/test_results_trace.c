/* tests/unit/test_results_trace.c - a trace as a file: what viewers need is in it, and it is whole or not there. */
#include "unit/results_folder.h"
#include "unit/results_sample.h"
#include <CUnit/Basic.h>
#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static results_folder_t folder;
static char             path[300];

static cJSON *written(const arch_results_t *r)
{
    unsigned char *text;
    cJSON *json;
    size_t n;

    CU_ASSERT_EQUAL_FATAL(arch_results_write_trace(path, r), ARCH_OK);
    CU_ASSERT_EQUAL(results_folder_count(&folder), 1);
    text = results_slurp(path, &n);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    json = cJSON_ParseWithLengthOpts((const char *)text, n, NULL, false);
    CU_ASSERT_PTR_NOT_NULL_FATAL(json);
    free(text);
    return json;
}

static const cJSON *member(const cJSON *object, const char *name)
{
    const cJSON *found = cJSON_GetObjectItemCaseSensitive(object, name);

    CU_ASSERT_PTR_NOT_NULL_FATAL(found);
    return found;
}

/* Event number i of those with this phase and thread (-1: any). */
static const cJSON *event(const cJSON *json, const char *phase, int thread, int i)
{
    const cJSON *e;

    cJSON_ArrayForEach(e, member(json, "traceEvents"))
    {
        const cJSON *tid = cJSON_GetObjectItemCaseSensitive(e, "tid"); /* names of processes have none */
        bool fits = thread < 0 || (tid != NULL && tid->valueint == thread);
        if (fits && strcmp(member(e, "ph")->valuestring, phase) == 0 && i-- == 0)
            return e;
    }
    return NULL;
}

static void spans_are_complete_events_with_their_arguments(void)
{
    arch_results_t *r = results_sample();
    cJSON *json = written(r);
    const cJSON *first = event(json, "X", 1, 0), *second = event(json, "X", 1, 1);

    CU_ASSERT_FATAL(first != NULL && second != NULL);
    CU_ASSERT_STRING_EQUAL(member(first, "name")->valuestring, "run");
    CU_ASSERT_STRING_EQUAL(member(second, "name")->valuestring, "wait");
    CU_ASSERT_EQUAL(member(first, "pid")->valueint, 0);
    CU_ASSERT(member(first, "ts")->valuedouble == 1000.0 && member(first, "dur")->valuedouble == 1000.0);
    CU_ASSERT(member(second, "ts")->valuedouble == 2000.0 && member(second, "dur")->valuedouble == 250.0);
    CU_ASSERT(member(member(first, "args"), "simulated_s")->valuedouble == 0.5);
    CU_ASSERT_EQUAL(member(member(first, "args"), "events")->valueint, 100);
    CU_ASSERT_EQUAL(member(member(first, "args"), "merged")->valueint, 2);
    CU_ASSERT_PTR_NOT_NULL(event(json, "X", 0, 7));
    CU_ASSERT_PTR_NULL(event(json, "X", 0, 8));
    CU_ASSERT_PTR_NULL(event(json, "X", 2, 0));
    cJSON_Delete(json);
    arch_results_destroy(&r);
}

static void the_head_says_how_much_was_merged(void)
{
    arch_results_t *r = results_sample();
    cJSON *json = written(r);
    const cJSON *other = member(json, "otherData");

    CU_ASSERT_EQUAL(member(other, "spans_noted")->valueint, 24);
    CU_ASSERT_EQUAL(member(other, "spans_written")->valueint, 16);
    CU_ASSERT_STRING_EQUAL(member(other, "digest")->valuestring, "8c1f20d61e2f3a4b");
    CU_ASSERT_STRING_EQUAL(member(other, "executor")->valuestring, "conservative");
    cJSON_Delete(json);
    arch_results_destroy(&r);
}

static void hosts_are_processes_and_ranks_are_named_threads(void)
{
    arch_results_t *r = results_sample();
    cJSON *json;

    r->engine.rank[1].host = "node \"2\"";
    r->engine.rank[2].host = "node-1";
    json = written(r);
    CU_ASSERT_STRING_EQUAL(member(member(event(json, "M", -1, 0), "args"), "name")->valuestring, "node-1");
    CU_ASSERT_STRING_EQUAL(member(member(event(json, "M", 1, 0), "args"), "name")->valuestring, "rank 1");
    CU_ASSERT_EQUAL(member(event(json, "X", 1, 0), "pid")->valueint, 1);
    CU_ASSERT_EQUAL(member(event(json, "M", 2, 0), "pid")->valueint, 0);
    CU_ASSERT_STRING_EQUAL(member(event(json, "i", 0, 0), "name")->valuestring, "replication 5");
    cJSON_Delete(json);
    arch_results_destroy(&r);
}

/* Times that no microsecond, and not even a double, holds exactly: where spans touched they do in the file. */
static void spans_that_touch_do_so_in_the_file(void)
{
    arch_results_t *r = results_sample();
    arch_span_t *s = r->track[0].span;
    const cJSON *e, *before = NULL;
    cJSON *json;
    int i = 0;

    s[0].from = 1e5 / 3.0;
    for (uint32_t k = 0; k < r->track[0].n_spans; k++) {
        s[k].from = k == 0 ? s[k].from : s[k - 1].to;
        s[k].to = s[k].from + 1e-7 / 3.0 * (k + 1);
    }
    json = written(r);
    for (; (e = event(json, "X", 0, i)) != NULL; i++, before = e)
        if (before != NULL)
            CU_ASSERT(llround(member(before, "ts")->valuedouble * 1e3) + llround(member(before, "dur")->valuedouble * 1e3) ==
                      llround(member(e, "ts")->valuedouble * 1e3));
    CU_ASSERT_EQUAL(i, 8);
    cJSON_Delete(json);
    arch_results_destroy(&r);
}

/* Longer than one piece. */
static void a_large_trace_is_written_piece_by_piece(void)
{
    enum { N = 5000 };
    arch_results_t *r = results_sample();
    arch_span_t *span = arch_results_alloc(r, N * sizeof *span);
    cJSON *json;

    for (uint32_t i = 0; i < N; i++)
        span[i] = (arch_span_t){i, i + 0.5, i, i, ARCH_SPAN_SAVE, 1};
    r->track[2].span = span;
    r->track[2].n_spans = N;
    json = written(r);
    CU_ASSERT_EQUAL(member(member(event(json, "X", 2, N - 1), "args"), "events")->valueint, N - 1);
    cJSON_Delete(json);
    arch_results_destroy(&r);
}

static void fails(const char *to, const arch_results_t *r, arch_status_t st, const char *reason, int n_files)
{
    CU_ASSERT_EQUAL(arch_results_write_trace(to, r), st);
    CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), to));
    CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), reason));
    CU_ASSERT_EQUAL(results_folder_count(&folder), n_files);
}

static void what_cannot_be_written_leaves_nothing(void)
{
    arch_results_t *r = results_sample();
    unsigned char *data;
    size_t n;

    CU_ASSERT_TRUE(results_spill(path, "old", 3));
    fails("/no/such/folder/trace.json", r, ARCH_E_IO, "No such file or directory", 1);
    fails(folder.path, r, ARCH_E_IO, "it is not a file", 1);
    results_limit_file_size(1000);
    fails(path, r, ARCH_E_IO, "File too large", 1);
    results_limit_file_size(0);
    r->track = NULL;
    fails(path, r, ARCH_E_ARG, "kept no trace", 1);
    data = results_slurp(path, &n);
    CU_ASSERT(n == 3 && memcmp(data, "old", 3) == 0);
    free(data);
    arch_results_destroy(&r);
}

int main(void)
{
    unsigned failures;
    CU_pSuite suite;

    if (!results_folder_create(&folder))
        return 1;
    results_folder_file(&folder, "trace.json", path, sizeof path);
    CU_initialize_registry();
    suite = CU_add_suite("trace files", NULL, NULL);
    CU_ADD_TEST(suite, spans_are_complete_events_with_their_arguments);
    CU_ADD_TEST(suite, the_head_says_how_much_was_merged);
    CU_ADD_TEST(suite, hosts_are_processes_and_ranks_are_named_threads);
    CU_ADD_TEST(suite, spans_that_touch_do_so_in_the_file);
    CU_ADD_TEST(suite, a_large_trace_is_written_piece_by_piece);
    CU_ADD_TEST(suite, what_cannot_be_written_leaves_nothing);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    results_folder_destroy(&folder);
    return failures == 0 ? 0 : 1;
}
