/* tests/unit/worker_hands.c - see worker_hands.h. */
#include "worker_hands.h"
#include <CUnit/Basic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void nap(double seconds)
{
    struct timespec t = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};

    nanosleep(&t, NULL);
}

arch_status_t hand_work(archi_task_t *task, const void *job, size_t bytes, void **result, size_t *n, void *user)
{
    char text[64], *answer;
    long ms = 0, x = 0;

    (void)user;
    snprintf(text, sizeof text, "%.*s", (int)bytes, (const char *)job);
    if (strcmp(text, "fail") == 0)
        return ARCH_FAIL(ARCH_E_UNSTABLE, "there are more requests than the server can bear");
    if (strcmp(text, "crash") == 0)
        abort();
    if (strcmp(text, "kill") == 0)
        raise(SIGKILL);
    if (sscanf(text, "sleep %ld %ld", &ms, &x) != 2 && sscanf(text, "square %ld", &x) != 1)
        return ARCH_FAIL(ARCH_E_FORMAT, "\"%s\" is no job", text);
    for (long i = 0; i < ms; i++) {
        nap(1e-3);
        if (archi_task_tell(task, (double)i / (double)ms, (uint64_t)i))
            return ARCH_E_CANCELLED;
    }
    answer = malloc(32);
    *n = (size_t)snprintf(answer, 32, "%ld", x * x);
    *result = answer;
    return ARCH_OK;
}

static bool hand_leaves(void *user) { return atomic_load(&((hand_t *)user)->leaves); }

static void *hand_main(void *user)
{
    hand_t *h = user;

    h->st = archi_worker_run(&h->options, hand_work, &h->stats);
    snprintf(h->text, sizeof h->text, "%s", h->st == ARCH_OK ? "" : arch_error_text());
    return NULL;
}

void hire_with(hand_t *h, archi_worker_options_t options)
{
    memset(h, 0, sizeof *h);
    h->options = options;
    snprintf(h->endpoint, sizeof h->endpoint, "%s", options.endpoint); /* the farm's may be gone before the worker is */
    h->options.endpoint = h->endpoint;
    h->options.leaves = hand_leaves;
    h->options.user = h;
    pthread_create(&h->thread, NULL, hand_main, h);
}

void hire(hand_t *h, const char *endpoint) { hire_with(h, (archi_worker_options_t){.endpoint = endpoint}); }

void see_off(hand_t *h) { pthread_join(h->thread, NULL); }

archi_farm_t *open_farm(archi_farm_options_t options)
{
    archi_farm_t *farm = NULL;

    options.heartbeat_s = options.heartbeat_s > 0 ? options.heartbeat_s : 0.05;
    options.expiry_s = options.expiry_s > 0 ? options.expiry_s : 0.5;
    CU_ASSERT_EQUAL_FATAL(archi_farm_open(&options, &farm), ARCH_OK);
    return farm;
}

void put_text(archi_farm_t *farm, uint64_t id, const char *text)
{
    CU_ASSERT_EQUAL(archi_farm_put(farm, id, text, strlen(text)), ARCH_OK);
}

void put_squares(archi_farm_t *farm, int n, int ms)
{
    char text[48];

    for (int i = 0; i < n; i++) {
        snprintf(text, sizeof text, "sleep %d %d", ms, i);
        put_text(farm, (uint64_t)i, text);
    }
}

static unsigned char answered[MOST_JOBS];

int take_squares(archi_farm_t *farm, int n)
{
    int n_wrong = 0;

    memset(answered, 0, sizeof answered);
    for (int i = 0; i < n; i++) {
        archi_farm_answer_t a;
        bool got = false;
        if (archi_farm_take(farm, PATIENT_MS, &a, &got) != ARCH_OK || !got)
            return n_wrong + n - i;
        n_wrong += a.status != ARCH_OK || a.id >= (uint64_t)n || answered[a.id]++ ||
                   strtoull(a.bytes, NULL, 10) != a.id * a.id || a.worker[0] == '\0';
        free(a.bytes);
    }
    return n_wrong;
}

void spawn_hands(archi_farm_t *farm, uint32_t n)
{
    const char *argv[] = {"/proc/self/exe", "work", "ENDPOINT", NULL};

    CU_ASSERT_EQUAL_FATAL(archi_farm_spawn(farm, n, argv), ARCH_OK);
}

bool nothing_comes(archi_farm_t *farm)
{
    archi_farm_answer_t a;
    bool got = true;

    return archi_farm_take(farm, 50, &a, &got) == ARCH_OK && !got;
}

int be_a_worker(int argc, char **argv)
{
    archi_worker_options_t o = {.endpoint = argc == 3 ? argv[2] : NULL, .patience_s = 2};

    if (argc != 3 || strcmp(argv[1], "work") != 0)
        return -1;
    return archi_worker_run(&o, hand_work, NULL) == ARCH_OK ? 0 : 3;
}
