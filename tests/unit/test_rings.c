/* tests/unit/test_rings.c - what one rank makes of what others wrote to the memory that they share, word by word: states
 * that last nanoseconds in a run, so that no run can be made to meet them. */
#include "engine/executor_rings.h"
#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 3, ME = 0, ROOM = 256 };

typedef struct {
    archi_exec_t   x;
    archi_rings_t  g;
    archi_square_t square;
    archi_peer_t   peer[SIZE];
    archi_board_t *board[SIZE];
    archi_desk_t  *desk[SIZE];
} ranks_t;

/* All are at rest, with next events at 700, 800 and 900, and nothing is under way; rank 0 has just heard the others. */
static void all_at_rest(ranks_t *r)
{
    memset(r, 0, sizeof *r);
    r->x.size = SIZE;
    r->x.rank = ME;
    r->g.x = &r->x;
    r->g.square = &r->square;
    r->g.peer = r->peer;
    r->g.next = 700;
    r->g.clock = 100;
    r->g.reached = 100;
    for (uint32_t i = 0; i < SIZE; i++) {
        r->board[i] = calloc(1, ROOM);
        r->desk[i] = calloc(1, ROOM);
        if (r->board[i] == NULL || r->desk[i] == NULL)
            abort();
        r->peer[i].board = r->board[i];
        r->peer[i].desk = r->desk[i];
        r->peer[i].version = 4;
        r->board[i]->version = 4;
        r->desk[i]->next = 700 + 100 * (arch_time_t)i;
        for (uint32_t k = 0; k < SIZE; k++)
            r->board[i]->sent[k] = r->desk[i]->taken[k] = 5;
    }
}

static arch_time_t floor_of(ranks_t *r)
{
    archi_ring_raise_floor(&r->g);
    for (uint32_t i = 0; i < SIZE; i++) {
        free(r->board[i]);
        free(r->desk[i]);
    }
    return r->square.floor;
}

static void the_earliest_event_of_all_is_the_floor(void)
{
    for (uint32_t earliest = 0; earliest < SIZE; earliest++) {
        ranks_t r;

        all_at_rest(&r);
        if (earliest == ME)
            r.g.next = 650;
        r.desk[earliest]->next = 650;
        CU_ASSERT_EQUAL(floor_of(&r), 650);
    }
}

/* Between the two looks a rank may have handled an event, sent another on, and come to rest again, as may have who got it:
 * what was read of their next events is then of two different times. */
static void who_was_at_work_between_two_looks_spoils_them(void)
{
    for (uint32_t i = 1; i < SIZE; i++)
        for (uint64_t version = 5; version <= 6; version++) { /* at work still, at rest again */
            ranks_t r;

            all_at_rest(&r);
            r.board[i]->version = version;
            CU_ASSERT_EQUAL(floor_of(&r), 0);
        }
}

static void mail_under_way_keeps_the_floor(void)
{
    for (uint32_t from = 0; from < SIZE; from++)
        for (uint32_t to = 0; to < SIZE; to++) {
            ranks_t r;

            all_at_rest(&r);
            r.board[from]->sent[to] = 6;
            CU_ASSERT_EQUAL(floor_of(&r), 0);
        }
}

static void the_floor_only_grows(void)
{
    ranks_t r;

    all_at_rest(&r);
    r.square.floor = 750;
    CU_ASSERT_EQUAL(floor_of(&r), 750);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"the_earliest_event_of_all_is_the_floor", the_earliest_event_of_all_is_the_floor},
        {"who_was_at_work_between_two_looks_spoils_them", who_was_at_work_between_two_looks_spoils_them},
        {"mail_under_way_keeps_the_floor", mail_under_way_keeps_the_floor},
        {"the_floor_only_grows", the_floor_only_grows},
        CU_TEST_INFO_NULL};
    CU_SuiteInfo suites[] = {{"rings", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
    unsigned failures;

    if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS)
        return EXIT_FAILURE;
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
