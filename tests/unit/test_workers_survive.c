/* tests/unit/test_workers_survive.c - workers and coordinators that are killed, frozen and cut off: every job is answered
 * once all the same, and nobody is left behind. */
#include "worker_hands.h"
#include "workers/clock.h"
#include <CUnit/Basic.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- processes ---- */

/* The process of the worker that has been at its job for longest; 0: there is none. */
static pid_t busy_worker(archi_farm_t *farm)
{
    archi_farm_job_t job[32];
    size_t n = archi_farm_slowest(farm, job, 32);
    const char *colon = n > 0 ? strrchr(job[n - 1].worker, ':') : NULL;

    return colon ? (pid_t)atol(colon + 1) : 0;
}

/* Has the process ended? One that nobody has waited for yet has. */
static bool is_gone(pid_t pid)
{
    char path[64], state = 'Z';
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    f = fopen(path, "r");
    if (f != NULL && fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
        state = 'Z';
    if (f != NULL)
        fclose(f);
    return state == 'Z' || state == 'X';
}

static bool goes_within(pid_t pid, double seconds)
{
    double until = archi_wall() + seconds;

    while (!is_gone(pid) && archi_wall() < until)
        nap(0.01);
    return is_gone(pid);
}

/* ---- tests ---- */

static void answers_once_while_workers_are_killed(void)
{
    archi_farm_t *farm = open_farm((archi_farm_options_t){.losses_most = 1000});
    archi_farm_stats_t s;
    int kills = 0;

    spawn_hands(farm, 3);
    put_squares(farm, 300, 10);
    for (int i = 0; i < 200 && kills < 12; i++) {
        pid_t pid = busy_worker(farm);
        if (pid > 0 && kill(pid, SIGKILL) == 0)
            kills++;
        nap(0.05);
    }
    CU_ASSERT_EQUAL(kills, 12);
    CU_ASSERT_EQUAL(take_squares(farm, 300), 0);
    CU_ASSERT(nothing_comes(farm));
    archi_farm_stats(farm, &s);
    CU_ASSERT(s.workers_lost >= 3 && s.lost_issues >= 3 && s.started > 6);
    archi_farm_close(&farm);
}

static void answers_once_while_a_worker_is_frozen(void)
{
    archi_farm_t *farm = open_farm((archi_farm_options_t){0});
    archi_farm_stats_t s;
    pid_t frozen;

    spawn_hands(farm, 2);
    put_squares(farm, 100, 20);
    while ((frozen = busy_worker(farm)) == 0)
        nap(1e-3);
    CU_ASSERT_EQUAL(kill(frozen, SIGSTOP), 0);
    CU_ASSERT_EQUAL(take_squares(farm, 100), 0);
    archi_farm_stats(farm, &s);
    CU_ASSERT(s.workers_lost == 1 && s.lost_issues >= 1 && s.workers == 1);
    CU_ASSERT_EQUAL(kill(frozen, SIGCONT), 0);
    do { /* it comes back, and its old answers do no harm */
        nap(1e-3);
        archi_farm_stats(farm, &s);
    } while (s.workers < 2);
    put_squares(farm, 20, 20);
    CU_ASSERT_EQUAL(take_squares(farm, 20), 0);
    CU_ASSERT(nothing_comes(farm));
    CU_ASSERT_EQUAL(s.started, 2);
    archi_farm_close(&farm);
    CU_ASSERT(is_gone(frozen));
}

static void ends_a_frozen_worker_at_the_end(void)
{
    archi_farm_t *farm = open_farm((archi_farm_options_t){0});
    pid_t frozen;

    spawn_hands(farm, 1);
    put_squares(farm, 1, 1000000);
    while ((frozen = busy_worker(farm)) == 0)
        nap(1e-3);
    CU_ASSERT_EQUAL(kill(frozen, SIGSTOP), 0);
    archi_farm_close(&farm);
    CU_ASSERT(is_gone(frozen));
}

/* "PROGRAM coordinate": a coordinator that says who its workers are, and waits to be killed. */
static int coordinate(void)
{
    const char *argv[] = {"/proc/self/exe", "work", "ENDPOINT", NULL}, *job = "sleep 1000000 1";
    archi_farm_options_t o = {0};
    archi_farm_t *farm = NULL;
    pid_t pid;

    if (archi_farm_open(&o, &farm) != ARCH_OK || archi_farm_spawn(farm, 1, argv) != ARCH_OK ||
        archi_farm_put(farm, 1, job, strlen(job)) != ARCH_OK)
        return 1;
    while ((pid = busy_worker(farm)) == 0)
        nap(1e-3);
    printf("%d\n", (int)pid);
    fflush(stdout);
    while (pid != 0)
        pause();
    return 1;
}

static void leaves_no_orphan_when_the_coordinator_is_killed(void)
{
    int from[2], worker = 0;
    FILE *f;
    pid_t pid;

    CU_ASSERT_EQUAL_FATAL(pipe(from), 0);
    pid = fork();
    if (pid == 0) {
        dup2(from[1], STDOUT_FILENO);
        close(from[0]);
        execl("/proc/self/exe", "unit_workers_survive", "coordinate", (char *)NULL);
        _exit(127);
    }
    close(from[1]);
    f = fdopen(from[0], "r");
    CU_ASSERT_EQUAL(fscanf(f, "%d", &worker), 1);
    CU_ASSERT(worker > 0 && !is_gone(worker));
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    CU_ASSERT(goes_within(worker, 20));
    fclose(f);
}

/* A worker outlives its coordinator for a while, and works for the next one at the same place. */
static void works_for_the_next_coordinator(void)
{
    const archi_farm_options_t o = {.endpoint = "ipc://@architech-test-next"};
    static hand_t hand;

    hire_with(&hand, (archi_worker_options_t){.endpoint = o.endpoint, .patience_s = 30});
    for (int i = 0; i < 3; i++) {
        archi_farm_t *farm = open_farm(o);
        archi_farm_stats_t s;
        put_squares(farm, 50, 1);
        CU_ASSERT_EQUAL(take_squares(farm, 50), 0);
        archi_farm_stats(farm, &s);
        CU_ASSERT_EQUAL(s.workers_seen, 1);
        if (i == 2)
            archi_farm_close(&farm);
        else
            archi_farm_abandon(&farm); /* as if it had been killed */
    }
    see_off(&hand);
    CU_ASSERT_EQUAL(hand.st, ARCH_OK);
    CU_ASSERT_EQUAL(hand.stats.hellos, 3);
}

/* ---- a network that can be cut: what comes in at one port goes out to another ---- */

typedef struct {
    int         listener, port_to;
    atomic_int  cuts, go;
    pthread_t   thread;
} cable_t;

static int connect_to(int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int s = socket(AF_INET, SOCK_STREAM, 0);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (s >= 0 && connect(s, (struct sockaddr *)&at, sizeof at) != 0) {
        close(s);
        return -1;
    }
    return s;
}

/* False when one end is closed. */
static bool pass_on(int from, int to)
{
    char bytes[65536];
    ssize_t n = recv(from, bytes, sizeof bytes, 0), sent = 0;

    while (n > sent) {
        ssize_t k = send(to, bytes + sent, (size_t)(n - sent), MSG_NOSIGNAL);
        if (k <= 0)
            return false;
        sent += k;
    }
    return n > 0;
}

/* One connection at a time will do: one worker is at the other end. */
static void *cable_main(void *user)
{
    cable_t *c = user;
    int in = -1, out = -1;

    while (atomic_load(&c->go)) {
        struct pollfd ready[3] = {{c->listener, POLLIN, 0}, {in, POLLIN, 0}, {out, POLLIN, 0}};
        bool whole = true;
        poll(ready, 3, 10);
        if (in >= 0 && (atomic_exchange(&c->cuts, 0) != 0 || (ready[1].revents && !pass_on(in, out)) ||
                        (ready[2].revents && !pass_on(out, in))))
            whole = false;
        if (!whole || (in < 0 && out >= 0)) {
            close(in);
            close(out);
            in = out = -1;
        }
        if (in < 0 && ready[0].revents) {
            in = accept(c->listener, NULL, NULL);
            out = connect_to(c->port_to);
        }
    }
    close(in);
    close(out);
    return NULL;
}

static int lay_cable(cable_t *c, int port_to)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t n = sizeof at;

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->listener = socket(AF_INET, SOCK_STREAM, 0);
    c->port_to = port_to;
    atomic_store(&c->cuts, 0);
    atomic_store(&c->go, 1);
    if (bind(c->listener, (struct sockaddr *)&at, sizeof at) != 0 || listen(c->listener, 8) != 0)
        abort();
    getsockname(c->listener, (struct sockaddr *)&at, &n);
    pthread_create(&c->thread, NULL, cable_main, c);
    return ntohs(at.sin_port);
}

static void answers_once_while_the_network_is_cut(void)
{
    archi_farm_t *farm = open_farm((archi_farm_options_t){.endpoint = "tcp://127.0.0.1:*", .losses_most = 1000});
    static hand_t hand;
    static cable_t cable;
    char endpoint[64];

    snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%d",
             lay_cable(&cable, atoi(strrchr(archi_farm_endpoint(farm), ':') + 1)));
    hire(&hand, endpoint);
    put_squares(farm, 200, 3);
    for (int i = 0; i < 6; i++) {
        nap(0.15);
        atomic_store(&cable.cuts, 1);
    }
    CU_ASSERT_EQUAL(take_squares(farm, 200), 0);
    CU_ASSERT(nothing_comes(farm));
    archi_farm_close(&farm);
    see_off(&hand);
    CU_ASSERT(hand.stats.hellos >= 4);
    atomic_store(&cable.go, 0);
    pthread_join(cable.thread, NULL);
    close(cable.listener);
}

int main(int argc, char **argv)
{
    int worker = be_a_worker(argc, argv);
    CU_pSuite suite;

    if (worker >= 0)
        return worker;
    CU_initialize_registry();
    if (argc == 2 && strcmp(argv[1], "coordinate") == 0)
        return coordinate();
    suite = CU_add_suite("workers that survive", NULL, NULL);
    CU_ADD_TEST(suite, answers_once_while_workers_are_killed);
    CU_ADD_TEST(suite, answers_once_while_a_worker_is_frozen);
    CU_ADD_TEST(suite, ends_a_frozen_worker_at_the_end);
    CU_ADD_TEST(suite, leaves_no_orphan_when_the_coordinator_is_killed);
    CU_ADD_TEST(suite, works_for_the_next_coordinator);
    CU_ADD_TEST(suite, answers_once_while_the_network_is_cut);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    return CU_get_number_of_failures() != 0;
}
