/* tests/unit/test_workers_keys.c - keys: made, read, refused; who has none gets nothing; who watches sees what is shown.
 * */
#include "worker_hands.h"
#include "workers/clock.h"
#include "workers/keys.h"
#include "workers/message.h"
#include "workers/show.h"
#include "workers/watch.h"
#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[256];

static const char *at(const char *name)
{
    static char path[8][512];
    static int next;

    next = (next + 1) % 8;
    snprintf(path[next], sizeof path[next], "%s/%s", folder, name);
    return path[next];
}

static void write_file(const char *name, mode_t mode, const char *text)
{
    FILE *f = fopen(at(name), "w");

    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    fputs(text, f);
    fclose(f);
    chmod(at(name), mode);
}

/* coordinator, worker (let in) and stranger (not). */
static int make_keys(void)
{
    const char *tmp = getenv("TMPDIR");

    snprintf(folder, sizeof folder, "%s/arch-keys-XXXXXX", tmp == NULL ? "/tmp" : tmp);
    if (mkdtemp(folder) == NULL || mkdir(at("allowed"), 0755) != 0)
        return 1;
    return archi_keys_make(at("coordinator.key"), at("coordinator.pub")) != ARCH_OK ||
           archi_keys_make(at("stranger.key"), at("stranger.pub")) != ARCH_OK ||
           archi_keys_make(at("worker.key"), at("allowed/worker.pub")) != ARCH_OK;
}

static int remove_keys(void)
{
    char command[300];

    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command) != 0;
}

static void makes_pairs_that_only_the_owner_reads(void)
{
    archi_key_pair_t pair;
    char open[ARCHI_KEY_CHARS + 1];
    struct stat about;

    CU_ASSERT_EQUAL(stat(at("coordinator.key"), &about), 0);
    CU_ASSERT_EQUAL(about.st_mode & 0777, 0600);
    CU_ASSERT_EQUAL(archi_keys_read_pair(at("coordinator.key"), &pair), ARCH_OK);
    CU_ASSERT_EQUAL(archi_keys_read_public(at("coordinator.pub"), open), ARCH_OK);
    CU_ASSERT_STRING_EQUAL(pair.open, open);
    CU_ASSERT_EQUAL(archi_keys_make(at("coordinator.key"), at("new.pub")), ARCH_E_ARG); /* and the old one stays */
    CU_ASSERT_EQUAL(archi_keys_read_public(at("coordinator.pub"), open), ARCH_OK);
    CU_ASSERT_STRING_EQUAL(pair.open, open);
}

static void says_what_is_wrong_with_a_key_file(void)
{
    static const struct {
        const char *text, *says;
        mode_t mode;
    } bad[] = {
        {"", "has no secret key", 0600},
        {"public short\n", ":1: expected \"public\" or \"secret\"", 0600},
        {"# fine\npublic Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hI\"\n", ":2: expected", 0600},
        {"secret JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6\n", "do not go together", 0600},
        {"public Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID\npublic Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID\n",
         "more than one public", 0600},
        {"public rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7\nsecret JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6\n",
         "others may read", 0644},
    };
    archi_key_pair_t pair;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_file("bad.key", bad[i].mode, bad[i].text);
        CU_ASSERT_EQUAL(archi_keys_read_pair(at("bad.key"), &pair), ARCH_E_FORMAT);
        if (strstr(arch_error_text(), bad[i].says) == NULL)
            CU_FAIL_FATAL("the message does not say so");
        CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), "bad.key"));
    }
    CU_ASSERT_EQUAL(archi_keys_read_pair(at("nothing.key"), &pair), ARCH_E_NOTFOUND);
}

static void lets_in_only_public_keys(void)
{
    archi_key_ring_t ring;

    CU_ASSERT_EQUAL(archi_keys_read_ring(at("allowed"), &ring), ARCH_OK);
    CU_ASSERT_EQUAL(ring.n, 1);
    archi_keys_clear_ring(&ring);
    CU_ASSERT_EQUAL(archi_keys_read_ring(at("coordinator.pub"), &ring), ARCH_OK);
    archi_keys_clear_ring(&ring);
    CU_ASSERT_EQUAL(archi_keys_read_ring(at("coordinator.key"), &ring), ARCH_E_FORMAT);
    CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), "has a secret key"));
    mkdir(at("empty"), 0755);
    CU_ASSERT_EQUAL(archi_keys_read_ring(at("empty"), &ring), ARCH_E_FORMAT);
    CU_ASSERT_PTR_NULL(ring.key);
}

static archi_farm_t *open_guarded(void)
{
    archi_farm_options_t o = {.endpoint = "tcp://127.0.0.1:*"};

    o.progress = "tcp://127.0.0.1:*";
    o.key = at("coordinator.key");
    o.allowed = at("allowed");
    return open_farm(o);
}

static void works_with_a_key_that_is_let_in(void)
{
    archi_farm_t *farm = open_guarded();
    static hand_t hand;

    hire_with(&hand, (archi_worker_options_t){.endpoint = archi_farm_endpoint(farm), .key = at("worker.key"),
                                              .server_key = at("coordinator.pub")});
    put_squares(farm, 100, 0);
    CU_ASSERT_EQUAL(take_squares(farm, 100), 0);
    archi_farm_close(&farm);
    see_off(&hand);
    CU_ASSERT_EQUAL(hand.st, ARCH_OK);
}

/* With the wrong key, with a wrong idea of the coordinator, and without any: no job leaves the farm. */
static void gives_nothing_to_others(void)
{
    archi_farm_t *farm = open_guarded();
    archi_farm_stats_t s;
    static hand_t hand[3];

    put_squares(farm, 10, 0);
    hire_with(&hand[0], (archi_worker_options_t){.endpoint = archi_farm_endpoint(farm), .key = at("stranger.key"),
                                                 .server_key = at("coordinator.pub"), .patience_s = 5});
    hire_with(&hand[1], (archi_worker_options_t){.endpoint = archi_farm_endpoint(farm), .key = at("worker.key"),
                                                 .server_key = at("stranger.pub"), .patience_s = 1});
    hire_with(&hand[2], (archi_worker_options_t){.endpoint = archi_farm_endpoint(farm), .patience_s = 1});
    do {
        nap(0.05);
        archi_farm_stats(farm, &s);
    } while (s.refused == 0 && s.workers_seen == 0);
    CU_ASSERT_EQUAL(s.workers_seen, 0);
    if (s.workers_seen > 0) /* it would stay as long as the farm does */
        archi_farm_close(&farm);
    for (int i = 0; i < 3; i++) {
        see_off(&hand[i]);
        CU_ASSERT_EQUAL(hand[i].st, ARCH_E_PEER);
        CU_ASSERT_EQUAL(hand[i].stats.hellos, 0);
    }
    CU_ASSERT_PTR_NOT_NULL(strstr(hand[0].text, "does not let this key in"));
    if (farm == NULL)
        return;
    archi_farm_stats(farm, &s);
    CU_ASSERT(s.refused >= 1);
    CU_ASSERT(s.workers_seen == 0 && s.issues == 0 && s.bytes_out == 0 && s.queued == 10);
    archi_farm_close(&farm);
}

/* What a client without a key receives from a guarded farm, whatever it says: nothing at all. */
static void answers_no_message_without_a_key(void)
{
    archi_farm_t *farm = open_guarded();
    void *context = zmq_ctx_new(), *socket = zmq_socket(context, ZMQ_DEALER);
    archi_msg_t hello = {ARCHI_MSG_HELLO, 0, 1, 0, 7};
    archi_farm_stats_t s;
    char bytes[256];
    int wait = 500, linger = 0;

    zmq_setsockopt(socket, ZMQ_RCVTIMEO, &wait, sizeof wait);
    zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);
    CU_ASSERT_EQUAL(zmq_connect(socket, archi_farm_endpoint(farm)), 0);
    archi_msg_send(socket, NULL, 0, &hello, " me", 3);
    CU_ASSERT(zmq_recv(socket, bytes, sizeof bytes, 0) < 0);
    archi_farm_stats(farm, &s);
    CU_ASSERT_EQUAL(s.workers_seen, 0);
    zmq_close(socket);
    zmq_ctx_term(context);
    archi_farm_close(&farm);
}

static void shows_progress_to_those_who_may_watch(void)
{
    archi_farm_t *farm = open_guarded();
    archi_watch_t *friend = NULL, *stranger = NULL;
    char *text = NULL, *none = NULL;
    arch_status_t st = ARCH_OK;

    CU_ASSERT_EQUAL(archi_watch_open(archi_farm_progress_endpoint(farm), at("worker.key"), at("coordinator.pub"),
                                     &friend), ARCH_OK);
    CU_ASSERT_EQUAL(archi_watch_open(archi_farm_progress_endpoint(farm), at("stranger.key"), at("coordinator.pub"),
                                     &stranger), ARCH_OK);
    for (int i = 0; i < 200 && text == NULL; i++) {
        CU_ASSERT_EQUAL(archi_farm_tell(farm, "{\"architech\": 1}"), ARCH_OK);
        CU_ASSERT_EQUAL(archi_watch_next(friend, 50, &text), ARCH_OK);
        if (st == ARCH_OK)
            st = archi_watch_next(stranger, 10, &none);
        CU_ASSERT_PTR_NULL(none);
    }
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    CU_ASSERT_STRING_EQUAL(text, "{\"architech\": 1}");
    for (int i = 0; i < 100 && st == ARCH_OK; i++)
        st = archi_watch_next(stranger, 50, &none);
    CU_ASSERT_EQUAL(st, ARCH_E_PEER);
    free(text);
    CU_ASSERT_FALSE(archi_watch_gone(friend));
    archi_farm_close(&farm);
    for (int i = 0; i < 200 && !archi_watch_gone(friend); i++) {
        CU_ASSERT_EQUAL(archi_watch_next(friend, 50, &text), ARCH_OK);
        free(text);
    }
    CU_ASSERT(archi_watch_gone(friend));
    CU_ASSERT_FALSE(archi_watch_gone(stranger)); /* was never let in */
    archi_watch_close(&friend);
    archi_watch_close(&stranger);
}

static void writes_json_that_fits(void)
{
    archi_show_slow_t slow[] = {{"a \"point\"\\\n", "host:1", 1.5, 0.25}, {"another", "host:2", 0.5, 0}};
    archi_show_state_t state = {.what = "sweep", .jobs = 10, .done = 4, .failed = -1, .queued = -1, .under_way = -1,
                                .workers = 2, .share = 0.4, .elapsed_s = 1, .left_s = -1, .jobs_per_s = -1,
                                .events = -1, .events_per_s = 1e6, .n_slow = 2, .slow = slow};
    char text[1024], tight[200];

    CU_ASSERT_EQUAL(archi_show_text(&state, text, sizeof text), strlen(text));
    CU_ASSERT_STRING_EQUAL(text, "{\"architech\": 1, \"what\": \"sweep\", \"ended\": false, \"jobs\": 10, \"done\": 4, "
                                 "\"workers\": 2, \"share\": 0.4000, \"elapsed_s\": 1.0, \"events_per_s\": 1000000, "
                                 "\"slowest\": [{\"name\": \"a \\u0022point\\u0022\\u005c\\u000a\", \"worker\": \"host:1\", "
                                 "\"seconds\": 1.500, \"share\": 0.2500}, {\"name\": \"another\", \"worker\": \"host:2\", "
                                 "\"seconds\": 0.500, \"share\": 0.0000}]}");
    CU_ASSERT_EQUAL(archi_show_text(&state, tight, sizeof tight), strlen(tight));
    CU_ASSERT_STRING_EQUAL(tight + strlen(tight) - 2, "]}"); /* whole, with fewer of the slow */
}

int main(void)
{
    CU_pSuite suite;

    CU_initialize_registry();
    suite = CU_add_suite("keys", make_keys, remove_keys);
    CU_ADD_TEST(suite, makes_pairs_that_only_the_owner_reads);
    CU_ADD_TEST(suite, says_what_is_wrong_with_a_key_file);
    CU_ADD_TEST(suite, lets_in_only_public_keys);
    CU_ADD_TEST(suite, works_with_a_key_that_is_let_in);
    CU_ADD_TEST(suite, gives_nothing_to_others);
    CU_ADD_TEST(suite, answers_no_message_without_a_key);
    CU_ADD_TEST(suite, shows_progress_to_those_who_may_watch);
    CU_ADD_TEST(suite, writes_json_that_fits);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    return CU_get_number_of_failures() != 0;
}
