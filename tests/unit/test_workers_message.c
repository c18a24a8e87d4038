/* tests/unit/test_workers_message.c - which messages are sound, and that docs/PROTOCOL.md says the same. */
#include "workers/message.h"
#include <CUnit/Basic.h>
#include <architech/status.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const archi_msg_bounds_t bounds = {1000, 2000};

static archi_msg_look_t look(const archi_msg_t *m, size_t body, archi_msg_way_t way)
{
    unsigned char head[ARCHI_MSG_HEAD_BYTES];
    archi_msg_t got = {0};
    archi_msg_look_t found;

    archi_msg_encode(m, head);
    found = archi_msg_decode(head, sizeof head, body, way, &bounds, &got);
    if (found == ARCHI_MSG_SOUND)
        CU_ASSERT(got.kind == m->kind && got.session == m->session && got.issue == m->issue && got.a == m->a &&
                  got.b == m->b);
    return found;
}

static void reads_what_it_writes(void)
{
    unsigned char head[ARCHI_MSG_HEAD_BYTES];
    archi_msg_t m = {ARCHI_MSG_RESULT, 0x1122334455667788, 0x99aabbccddeeff01, 3, 0x0102030405060708};

    archi_msg_encode(&m, head);
    CU_ASSERT_EQUAL(memcmp(head, "ARCW\x01\x00\x06\x00\x88\x77\x66\x55\x44\x33\x22\x11\x01\xff\xee\xdd\xcc\xbb\xaa\x99"
                                 "\x03\x00\x00\x00\x00\x00\x00\x00\x08\x07\x06\x05\x04\x03\x02\x01", sizeof head), 0);
    CU_ASSERT_EQUAL(look(&m, 2000, ARCHI_TO_FARM), ARCHI_MSG_SOUND);
}

static void refuses_what_is_cut_or_of_another_version(void)
{
    unsigned char head[ARCHI_MSG_HEAD_BYTES + 1] = {0};
    archi_msg_t m = {ARCHI_MSG_HEARTBEAT, 1, 0, 0, 0}, got;

    archi_msg_encode(&m, head);
    for (size_t n = 0; n <= sizeof head; n++)
        CU_ASSERT_EQUAL(archi_msg_decode(head, n, 0, ARCHI_TO_FARM, &bounds, &got),
                        n == ARCHI_MSG_HEAD_BYTES ? ARCHI_MSG_SOUND : ARCHI_MSG_MALFORMED);
    head[4] = 2; /* a version whose head has another size */
    CU_ASSERT_EQUAL(archi_msg_decode(head, 8, 0, ARCHI_TO_FARM, &bounds, &got), ARCHI_MSG_OTHER_VERSION);
    head[0] = 'a';
    CU_ASSERT_EQUAL(archi_msg_decode(head, ARCHI_MSG_HEAD_BYTES, 0, ARCHI_TO_FARM, &bounds, &got), ARCHI_MSG_MALFORMED);
}

/* ---- the table of the page ---- */

typedef struct {
    int      kind;
    char     to[32], issue[8];
    uint64_t a_most, b_most, body_most;
} row_t;

static uint64_t number(const char *word)
{
    if (strcmp(word, "any") == 0)
        return UINT64_MAX;
    if (strcmp(word, "status") == 0)
        return ARCH_N_STATUS - 1;
    if (strcmp(word, "job") == 0)
        return bounds.job_most;
    if (strcmp(word, "result") == 0)
        return bounds.result_most;
    return strtoull(word, NULL, 10);
}

/* One way of a message must be sound at its bounds, and not beyond them, nor the other way. */
static void check_way(const row_t *r, archi_msg_way_t way)
{
    archi_msg_t m = {(archi_msg_kind_t)r->kind, 1, strcmp(r->issue, "yes") == 0 ? 5 : 0, r->a_most, r->b_most}, other;
    bool goes = strcmp(r->to, "both") == 0 || strcmp(r->to, way == ARCHI_TO_FARM ? "coordinator" : "worker") == 0;

    CU_ASSERT_EQUAL(look(&m, r->body_most, way), goes ? ARCHI_MSG_SOUND : ARCHI_MSG_MALFORMED);
    if (!goes)
        return;
    CU_ASSERT_EQUAL(look(&m, r->body_most + 1, way), ARCHI_MSG_MALFORMED);
    other = m;
    other.issue = m.issue ? 0 : 5;
    CU_ASSERT_EQUAL(look(&other, 0, way), ARCHI_MSG_MALFORMED);
    other = m;
    other.a++;
    CU_ASSERT_EQUAL(look(&other, 0, way), ARCHI_MSG_MALFORMED);
    other = m;
    other.b++;
    if (r->b_most != UINT64_MAX)
        CU_ASSERT_EQUAL(look(&other, 0, way), ARCHI_MSG_MALFORMED);
}

static void is_as_the_page_says(void)
{
    FILE *f = fopen("docs/PROTOCOL.md", "r");
    char line[1024], a[32], b[32], body[32];
    int n = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    while (fgets(line, sizeof line, f) != NULL) {
        row_t r;
        if (sscanf(line, "| %d | %*s | %31s | %7s | %31s | %31s | %31s |", &r.kind, r.to, r.issue, a, b, body) != 6)
            continue;
        n++;
        CU_ASSERT_EQUAL(r.kind, n);
        r.a_most = number(a);
        r.b_most = number(b);
        r.body_most = number(body);
        check_way(&r, ARCHI_TO_FARM);
        check_way(&r, ARCHI_TO_WORKER);
    }
    fclose(f);
    CU_ASSERT_EQUAL(n, ARCHI_MSG_N_KINDS - 1);
}

static void knows_text(void)
{
    char longest[ARCHI_MSG_TEXT_MOST + 1];

    memset(longest, 'x', sizeof longest);
    CU_ASSERT(archi_msg_is_text("host:12 ~", 9) && archi_msg_is_text(longest, ARCHI_MSG_TEXT_MOST));
    CU_ASSERT(!archi_msg_is_text(longest, sizeof longest) && !archi_msg_is_text("\x1b[2J", 4));
    CU_ASSERT(!archi_msg_is_text("\xc3\xa4", 2));
}

int main(void)
{
    CU_pSuite suite;

    CU_initialize_registry();
    suite = CU_add_suite("messages", NULL, NULL);
    CU_ADD_TEST(suite, reads_what_it_writes);
    CU_ADD_TEST(suite, refuses_what_is_cut_or_of_another_version);
    CU_ADD_TEST(suite, is_as_the_page_says);
    CU_ADD_TEST(suite, knows_text);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    return CU_get_number_of_failures() != 0;
}
