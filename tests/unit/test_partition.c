/* tests/unit/test_partition.c - what a cut promises, on rings, stars, random graphs and nonsense. */
#include "partition/partition.h"
#include <CUnit/Basic.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 4096 };

typedef struct {
    archi_graph_t      graph;
    double             weight[MOST];
    archi_graph_edge_t edge[4 * MOST];
    uint32_t           part[MOST];
} case_t;

static case_t c; /* too large for a stack under sanitizers */

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005ull + 1442695040888963407ull;
    return *state >> 33;
}

static void begin(uint32_t n)
{
    memset(&c, 0, sizeof c);
    c.graph = (archi_graph_t){n, c.weight, 0, c.edge};
    for (uint32_t v = 0; v < n; v++)
        c.weight[v] = 1.0;
}

static void join(uint32_t a, uint32_t b, double weight, arch_time_t lookahead)
{
    c.edge[c.graph.n_edges++] = (archi_graph_edge_t){a, b, weight, lookahead};
}

static void begin_ring(uint32_t n)
{
    begin(n);
    for (uint32_t v = 0; v < n; v++)
        join(v, (v + 1) % n, 1.0, 1000);
}

static void begin_random(uint32_t n, uint64_t seed)
{
    begin(n);
    for (uint32_t v = 0; v < n; v++)
        c.weight[v] = 1.0 + (double)(next_random(&seed) % 1000) / 100;
    for (uint32_t i = 0; i < 3 * n; i++) {
        uint32_t a = (uint32_t)(next_random(&seed) % n), b = (uint32_t)(next_random(&seed) % n);
        join(a, b, (double)(next_random(&seed) % 100), next_random(&seed) % 8 == 0 ? 0 : 500);
    }
}

static archi_partition_t cut(uint32_t parts)
{
    archi_partition_t p;

    CU_ASSERT_EQUAL(archi_partition(&c.graph, parts, 0, c.part, &p), ARCH_OK);
    return p;
}

static void never_cuts_an_edge_without_lookahead(void)
{
    for (uint64_t seed = 1; seed <= 40; seed++) {
        begin_random(50 + 40 * (uint32_t)seed, seed);
        cut(2 + (uint32_t)seed % 30);
        for (uint32_t i = 0; i < c.graph.n_edges; i++)
            if (c.edge[i].lookahead == 0)
                CU_ASSERT_EQUAL(c.part[c.edge[i].a], c.part[c.edge[i].b]);
    }
}

static void reports_the_cut_that_it_made(void)
{
    archi_partition_t p;
    double weight = 0;
    arch_time_t least = ARCH_TIME_MAX;

    begin_random(900, 7);
    p = cut(8);
    for (uint32_t i = 0; i < c.graph.n_edges; i++)
        if (c.part[c.edge[i].a] != c.part[c.edge[i].b]) {
            weight += c.edge[i].weight;
            least = c.edge[i].lookahead < least ? c.edge[i].lookahead : least;
        }
    CU_ASSERT_DOUBLE_EQUAL(p.edge_cut, weight, 1e-6);
    CU_ASSERT_EQUAL(p.lookahead, least);
}

static void balances_a_ring_and_cuts_it_in_few_places(void)
{
    for (uint32_t parts = 2; parts <= 16; parts *= 2) {
        archi_partition_t p;
        begin_ring(1024);
        p = cut(parts);
        CU_ASSERT_EQUAL(p.n_parts, parts);
        CU_ASSERT(p.balance < 1.15);
        CU_ASSERT(p.edge_cut <= 4.0 * parts);
    }
}

static void gives_a_giant_a_part_of_its_own(void)
{
    archi_partition_t p;

    begin_ring(512);
    c.weight[200] = 1e9;
    p = cut(4);
    CU_ASSERT_EQUAL(p.n_parts, 4);
    for (uint32_t v = 0; v < 512; v++)
        CU_ASSERT_EQUAL(c.part[v] == c.part[200], v == 200);
}

static void numbers_parts_by_their_smallest_vertex(void)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        uint32_t seen = 0;
        archi_partition_t p;
        begin_random(700, seed);
        p = cut(12);
        for (uint32_t v = 0; v < 700; v++) {
            CU_ASSERT(c.part[v] <= seen);
            if (c.part[v] == seen)
                seen++;
        }
        CU_ASSERT_EQUAL(seen, p.n_parts);
    }
}

static void one_cluster_is_one_part(void)
{
    archi_partition_t p;

    begin(100);
    for (uint32_t v = 1; v < 100; v++)
        join(v, v - 1, 1.0, 0);
    p = cut(8);
    CU_ASSERT_EQUAL(p.n_parts, 1);
    CU_ASSERT_EQUAL(p.n_clusters, 1);
    CU_ASSERT_EQUAL(p.lookahead, ARCH_TIME_MAX);
    CU_ASSERT_EQUAL(p.edge_cut, 0.0);
    CU_ASSERT_DOUBLE_EQUAL(p.balance, 1.0, 0.0);
}

static void more_parts_than_clusters_gives_one_each(void)
{
    archi_partition_t p;

    begin_ring(5);
    p = cut(64);
    CU_ASSERT_EQUAL(p.n_parts, 5);
    for (uint32_t v = 0; v < 5; v++)
        CU_ASSERT_EQUAL(c.part[v], v);
}

static void keeps_together_what_is_nearer_than_asked(void)
{
    archi_partition_t p;

    begin(40);
    for (uint32_t v = 1; v < 40; v++)
        join(v, v - 1, 1.0, v % 4 == 0 ? 5000 : 10);
    CU_ASSERT_EQUAL(archi_partition(&c.graph, 4, 1000, c.part, &p), ARCH_OK);
    CU_ASSERT_EQUAL(p.lookahead, 5000);
    CU_ASSERT_EQUAL(p.n_clusters, 10);
    CU_ASSERT_EQUAL(archi_partition(&c.graph, 40, 0, c.part, &p), ARCH_OK);
    CU_ASSERT_EQUAL(p.lookahead, 10);
}

static void cuts_alike_every_time(void)
{
    static uint32_t before[MOST];

    begin_random(2000, 3);
    cut(16);
    memcpy(before, c.part, sizeof before);
    begin_random(300, 4);
    cut(5);
    begin_random(2000, 3);
    cut(16);
    CU_ASSERT_EQUAL(memcmp(before, c.part, 2000 * sizeof *before), 0);
}

static void cuts_a_graph_without_load_or_edges(void)
{
    begin(64);
    memset(c.weight, 0, sizeof c.weight);
    CU_ASSERT_EQUAL(cut(4).n_parts, 4);
    begin(64);
    CU_ASSERT_EQUAL(cut(4).n_parts, 4);
    begin(1);
    CU_ASSERT_EQUAL(cut(4).n_parts, 1);
}

static void survives_weights_of_every_size(void)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        uint64_t r = seed;
        begin_random(600, seed);
        for (uint32_t v = 0; v < 600; v++)
            c.weight[v] = pow(10.0, (double)(next_random(&r) % 40) - 20.0);
        for (uint32_t i = 0; i < c.graph.n_edges; i++)
            c.edge[i].weight = pow(10.0, (double)(next_random(&r) % 40) - 20.0);
        for (uint32_t parts = 1; parts <= 64; parts *= 2) {
            archi_partition_t p = cut(parts);
            CU_ASSERT(p.n_parts >= 1 && p.n_parts <= parts);
        }
    }
}

static void refuse(const char *words)
{
    archi_partition_t p;

    CU_ASSERT_EQUAL(archi_partition(&c.graph, 2, 0, c.part, &p), ARCH_E_ARG);
    CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), words));
}

static void refuses_nonsense_and_says_where(void)
{
    archi_partition_t p;

    begin_ring(4);
    c.graph.n = 0;
    refuse("without vertices");
    begin_ring(4);
    CU_ASSERT_EQUAL(archi_partition(&c.graph, 0, 0, c.part, &p), ARCH_E_ARG);
    c.weight[2] = NAN;
    refuse("vertex 2");
    begin_ring(4);
    c.weight[3] = -1;
    refuse("vertex 3");
    begin_ring(4);
    c.edge[1].b = 4;
    refuse("edge 1");
    begin_ring(4);
    c.edge[2].weight = NAN;
    refuse("edge 2");
    begin_ring(4);
    c.edge[0].lookahead = -1;
    refuse("edge 0");
    begin_ring(4);
    c.weight[0] = INFINITY;
    refuse("finite");
}

int main(void)
{
    static const struct {
        const char *name;
        void      (*test)(void);
    } tests[] = {
        {"never cuts an edge without lookahead", never_cuts_an_edge_without_lookahead},
        {"reports the cut that it made", reports_the_cut_that_it_made},
        {"balances a ring and cuts it in few places", balances_a_ring_and_cuts_it_in_few_places},
        {"gives a giant a part of its own", gives_a_giant_a_part_of_its_own},
        {"numbers parts by their smallest vertex", numbers_parts_by_their_smallest_vertex},
        {"one cluster is one part", one_cluster_is_one_part},
        {"more parts than clusters gives one each", more_parts_than_clusters_gives_one_each},
        {"keeps together what is nearer than asked", keeps_together_what_is_nearer_than_asked},
        {"cuts alike every time", cuts_alike_every_time},
        {"cuts a graph without load or edges", cuts_a_graph_without_load_or_edges},
        {"survives weights of every size", survives_weights_of_every_size},
        {"refuses nonsense and says where", refuses_nonsense_and_says_where},
    };
    CU_pSuite suite;

    if (CU_initialize_registry() != CUE_SUCCESS || (suite = CU_add_suite("partition", NULL, NULL)) == NULL)
        return EXIT_FAILURE;
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        CU_add_test(suite, tests[i].name, tests[i].test);
    CU_basic_run_tests();
    return CU_get_number_of_failures() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
