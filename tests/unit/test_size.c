/* test_size.c - what large designs rest on: the tree of the JSON text, short numbers, latencies that many links share, and
 * what grows less than the design does. */
#include "io/design_reader.h"
#include "io/design_scan.h"
#include "model/model.h"
#include <CUnit/Basic.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the tree ---------------------------------------------------------------------------------------------------- */

static archi_tree_t tree_of(const char *text)
{
    char message[256];
    archi_tree_t tree;

    CU_ASSERT_TRUE_FATAL(archi_scan_json(text, strlen(text), message, sizeof message));
    CU_ASSERT_EQUAL_FATAL(archi_tree_make(text, strlen(text), &tree), ARCH_OK);
    return tree;
}

static void reads_every_kind_of_value_in_the_order_of_the_file(void)
{
    archi_tree_t tree = tree_of(" {\"a\" : [ ] , \"b\":[1,-2.5e3 , true,false,null,\"x\"],\"c\":{\"d\":{}}}\n");
    const archi_json_t *a = archi_json_first(tree.root), *b = a->next, *c = b->next, *v = archi_json_first(b);

    CU_ASSERT(archi_json_is_object(tree.root) && tree.root->order == 0 && tree.root->next == NULL);
    CU_ASSERT(archi_json_is_array(a) && archi_json_first(a) == NULL && strcmp(a->key, "a") == 0 && a->order == 1);
    CU_ASSERT(archi_json_is_number(v) && v->of.number == 1.0 && v->order == 3 && v->key == NULL);
    CU_ASSERT(archi_json_is_number(v->next) && v->next->of.number == -2500.0);
    CU_ASSERT(archi_json_is_true(v->next->next) && archi_json_is_false(v->next->next->next));
    CU_ASSERT(archi_json_is_null(v->next->next->next->next));
    CU_ASSERT_STRING_EQUAL(v->next->next->next->next->next->of.text, "x");
    CU_ASSERT(c->order == 9 && c->next == NULL && archi_json_member(c, "d")->order == 10);
    CU_ASSERT_PTR_NULL(archi_json_member(c, "e"));
    CU_ASSERT_PTR_NULL(archi_json_member(v, "e"));
    CU_ASSERT_PTR_NULL(archi_json_first(v->next->next->next->next->next));
    archi_tree_free(&tree);
}

static void turns_escapes_into_characters(void)
{
    archi_tree_t tree = tree_of("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t.\","
                                "\"\\u0041\\u00e9\\u20ac\\ud83d\\uDE00!\",\"\",\"a\\u0042\"]");
    const archi_json_t *v = archi_json_first(tree.root);

    CU_ASSERT_STRING_EQUAL(v->of.text, "\"\\/\b\f\n\r\t.");
    CU_ASSERT_STRING_EQUAL(v->next->of.text, "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80!");
    CU_ASSERT_STRING_EQUAL(v->next->next->of.text, "");
    CU_ASSERT_STRING_EQUAL(v->next->next->next->of.text, "aB");
    archi_tree_free(&tree);
}

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

static uint64_t random_bits(void)
{
    static uint64_t x = 88172645463325252ull;

    x ^= x << 13;
    x ^= x >> 7;
    return x ^= x << 17;
}

/* Of up to 20 digits with a point somewhere: around the 15 up to which the short way is taken. */
static void write_number(char *out)
{
    int digits = 1 + (int)(random_bits() % 20), point = (int)(random_bits() % 22);

    for (int i = 0; i < digits; i++) {
        if (i == point && i > 0)
            *out++ = '.';
        *out++ = (char)((i == 0 && digits > 1 ? '1' : '0') + random_bits() % 9);
    }
    *out = '\0';
}

static void reads_numbers_as_strtod_does(void)
{
    char text[64], json[80], scaled[80];

    for (int i = 0; i < 200000; i++) {
        const char *end;
        double v = -1.0;
        archi_tree_t tree;
        int exponent = (int)(random_bits() % 4) * 3;
        write_number(text);
        CU_ASSERT_TRUE_FATAL(archi_parse_number(text, &end, exponent, &v));
        snprintf(scaled, sizeof scaled, "%se%d", text, exponent);
        if (v != strtod(scaled, NULL) || *end != '\0')
            CU_FAIL_FATAL("a number differs");
        if (i % 16 != 0)
            continue;
        snprintf(json, sizeof json, "[%s]", text);
        CU_ASSERT_EQUAL_FATAL(archi_tree_make(json, strlen(json), &tree), ARCH_OK);
        if (archi_json_first(tree.root)->of.number != strtod(text, NULL))
            CU_FAIL_FATAL("a number of the tree differs");
        archi_tree_free(&tree);
    }
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

static void finds_each_of_many_names_and_no_other(void)
{
    enum { N = 50000 };
    archi_names_t names;
    char (*text)[16] = calloc(N, sizeof *text);
    uint32_t at;

    archi_names_init(&names);
    for (uint32_t i = 0; i < N; i++) {
        archi_name_t name = {text[i], i % 3, ARCHI_IS_SERVICE, i};
        snprintf(text[i], sizeof text[i], "n%u", i / 3);
        CU_ASSERT_EQUAL_FATAL(archi_names_add(&names, &name, &at), ARCH_OK);
        CU_ASSERT_EQUAL_FATAL(at, i);
    }
    for (uint32_t i = 0; i < N; i++)
        if (archi_names_find(&names, i % 3, text[i], strlen(text[i])) != i)
            CU_FAIL_FATAL("a name is lost");
    CU_ASSERT_EQUAL(archi_names_find(&names, 3, "n1", 2), ARCH_NONE);
    CU_ASSERT_EQUAL(archi_names_find(&names, 0, "n99999", 6), ARCH_NONE);
    CU_ASSERT_EQUAL(archi_names_find(&names, 0, "n12", 2), 3);          /* "n1": a part of the text */
    archi_names_fini(&names);
    free(text);
}

/* ---- links ------------------------------------------------------------------------------------------------------- */

static arch_dist_t constant(double ns)
{
    arch_dist_t d = {ARCH_DIST_CONSTANT, {ns, 0.0, 0.0}, 0.0, ARCH_NONE};

    return d;
}

/* n services in a row, the first called by a workload, each linked to `fan` others; link i takes 1 + i % kinds us. */
static arch_design_t *linked(uint32_t n, uint32_t fan, uint32_t kinds)
{
    arch_design_t *d;

    CU_ASSERT_EQUAL_FATAL(arch_design_create(&d), ARCH_OK);
    d->n_services = n;
    d->service = arch_design_alloc(d, n * sizeof *d->service);
    for (uint32_t i = 0; i < n; i++) {
        arch_service_t *s = &d->service[i];
        char *name = arch_design_alloc(d, 16);
        snprintf(name, 16, "s%u", i);
        *s = (arch_service_t){.name = name, .replicas = 1, .cores = 1, .threads = ARCH_UNLIMITED,
                              .queue_limit = ARCH_UNLIMITED, .n_endpoints = 1};
        s->endpoint = arch_design_alloc(d, sizeof *s->endpoint);
        s->endpoint->name = "get";
        s->endpoint->steps.n = 1 + (i + 1 < n);
        s->endpoint->steps.step = arch_design_alloc(d, 2 * sizeof(arch_step_t));
        s->endpoint->steps.step[0].kind = ARCH_STEP_CPU;
        s->endpoint->steps.step[0].time = constant(1000.0);
        s->endpoint->steps.step[1].kind = ARCH_STEP_CALL;
        s->endpoint->steps.step[1].target = (arch_ref_t){ARCH_SERVICE, i + 1, 0};
    }
    d->latency = constant(5000.0);
    d->link = arch_design_alloc(d, (size_t)n * fan * sizeof *d->link);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 1; k <= fan && i + k < n; k++, d->n_links++)
            d->link[d->n_links] = (arch_link_t){.a = i, .b = i + k, .latency = constant(1000.0 * (1 + d->n_links % kinds))};
    d->n_workloads = 1;
    d->workload = arch_design_alloc(d, sizeof *d->workload);
    d->workload->name = "web";
    d->workload->rate = 10.0;
    d->workload->n_operations = 1;
    d->workload->operation = arch_design_alloc(d, sizeof *d->workload->operation);
    *d->workload->operation = (arch_operation_t){{ARCH_SERVICE, 0, 0}, 1.0, "s0", {ARCH_BALANCE_ROUND_ROBIN, 0}};
    return d;
}

static void gives_every_link_its_own_latency_however_many_there_are(void)
{
    arch_design_t *d = linked(10000, 8, 7);
    const archi_edge_t *edge;
    archi_plan_t *plan;

    CU_ASSERT(d->n_links > 65536);
    CU_ASSERT_EQUAL_FATAL(archi_plan_compile(d, &plan), ARCH_OK);
    CU_ASSERT_EQUAL_FATAL(archi_plan_n_edges(plan), 10000);
    edge = archi_plan_edges(plan);
    for (uint32_t i = 0; i < 10000; i++) { /* the workload is element 0; service k's first link is number 8 k */
        arch_time_t us = i == 0 ? 5 : 1 + (arch_time_t)((8 * (edge[i].a - 1)) % 7);
        if (edge[i].b != edge[i].a + 1 || (edge[i].a < 9990 && edge[i].lookahead != 1000 * us) || edge[i].rate != 20.0)
            CU_FAIL_FATAL("an edge is wrong");
    }
    archi_plan_destroy(&plan);
    arch_design_destroy(&d);
}

static void refuses_more_different_latencies_than_a_message_can_name(void)
{
    arch_design_t *d = linked(10000, 8, 65534);
    archi_plan_t *plan;

    CU_ASSERT_EQUAL_FATAL(archi_plan_compile(d, &plan), ARCH_OK); /* with the default, which is one of them */
    archi_plan_destroy(&plan);
    arch_design_destroy(&d);
    d = linked(10000, 8, 65536);
    CU_ASSERT_EQUAL(archi_plan_compile(d, &plan), ARCH_E_RANGE);
    CU_ASSERT_PTR_NULL(plan);
    CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), "/network/links: more than 65535 different latencies"));
    arch_design_destroy(&d);
}

static void names_each_pair_once_in_order(void)
{
    arch_design_t *d = linked(3, 2, 2);
    const archi_edge_t *e;
    archi_plan_t *plan;

    d->service[0].endpoint->steps.step[0] = d->service[0].endpoint->steps.step[1];
    d->service[0].endpoint->steps.step[0].target.element = 2; /* before the call to 1 */
    CU_ASSERT_EQUAL_FATAL(archi_plan_compile(d, &plan), ARCH_OK);
    e = archi_plan_edges(plan);
    CU_ASSERT_EQUAL_FATAL(archi_plan_n_edges(plan), 4);
    CU_ASSERT(e[0].a == 0 && e[0].b == 1 && e[1].a == 1 && e[1].b == 2);
    CU_ASSERT(e[2].a == 1 && e[2].b == 3 && e[3].a == 2 && e[3].b == 3);
    archi_plan_destroy(&plan);
    arch_design_destroy(&d);
}

static void hashes_the_whole_canonical_text(void)
{
    arch_design_t *d = linked(2000, 2, 5), *again;
    arch_problems_t problems = {0, NULL};
    uint64_t h = 14695981039346656037ull;
    char *text;

    CU_ASSERT_EQUAL_FATAL(arch_design_explain(d, &text), ARCH_OK);
    CU_ASSERT(strlen(text) > 4 * ARCHI_STRBUF_MUCH); /* more than is there at a time when it is hashed */
    CU_ASSERT_EQUAL_FATAL(arch_design_parse("size", NULL, text, strlen(text), &again, &problems), ARCH_OK);
    for (const char *c = text; *c; c++)
        h = (h ^ (unsigned char)*c) * 1099511628211ull;
    CU_ASSERT_EQUAL(again->hash, h);
    arch_problems_clear(&problems);
    arch_design_destroy(&again);
    arch_design_destroy(&d);
    free(text);
}

/* ---- intervals --------------------------------------------------------------------------------------------------- */

static uint32_t auto_intervals_of(uint32_t replicas)
{
    arch_design_t *d = linked(1, 0, 1);
    archi_plan_t *plan;
    uint32_t n;

    d->service[0].replicas = replicas;
    CU_ASSERT_EQUAL_FATAL(archi_plan_compile(d, &plan), ARCH_OK);
    n = archi_plan_n_intervals(plan) * 100 + archi_plan_n_slices(plan);
    archi_plan_destroy(&plan);
    arch_design_destroy(&d);
    return n;
}

static void counts_large_designs_in_fewer_intervals(void)
{
    CU_ASSERT_EQUAL(auto_intervals_of(1), 6409);
    CU_ASSERT_EQUAL(auto_intervals_of(131071), 6409); /* and the workload: 131,072 elements */
    CU_ASSERT_EQUAL(auto_intervals_of(131072), 3205);
    CU_ASSERT_EQUAL(auto_intervals_of(262144), 1605);
    CU_ASSERT_EQUAL(auto_intervals_of(1000000), 1605);
}

#define ADD(test) CU_add_test(suite, #test, test)

int main(void)
{
    CU_pSuite suite;

    if (CU_initialize_registry() != CUE_SUCCESS || !(suite = CU_add_suite("size", NULL, NULL)))
        return 1;
    ADD(reads_every_kind_of_value_in_the_order_of_the_file);
    ADD(turns_escapes_into_characters);
    ADD(reads_numbers_as_strtod_does);
    ADD(finds_each_of_many_names_and_no_other);
    ADD(gives_every_link_its_own_latency_however_many_there_are);
    ADD(refuses_more_different_latencies_than_a_message_can_name);
    ADD(names_each_pair_once_in_order);
    ADD(hashes_the_whole_canonical_text);
    ADD(counts_large_designs_in_fewer_intervals);
    CU_basic_run_tests();
    return CU_get_number_of_failures() != 0;
}
