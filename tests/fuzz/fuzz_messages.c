/* fuzz_messages.c - whatever bytes arrive at a coordinator or a worker, it goes on working: no crash, no hang, no wrong
 * answer. Peers that send random and mutated messages share the sockets with sound ones, whose jobs must all be answered
 * rightly. Message number i is a function of the seed and i alone. fuzz_messages <messages> <seed> Half of the messages
 * go to a farm that has a sound worker besides, half to workers whose coordinator says nothing sound. */
#include "mutate.h"
#include "workers/farm.h"
#include "workers/message.h"
#include "workers/worker.h"
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FRAMES_MOST = 5, FRAME_MOST = 2048, PEERS = 8, JOB_EVERY = 50, LIFE = 50, PATIENT_MS = 60000, SILENCE_MS = 100 };

/* The issue of a job that a worker must answer; what is made up hardly hits it. */
#define SOUND (UINT64_C(1) << 40)

/* ---- messages ---- */

typedef struct {
    int           n_frames;
    size_t        n[FRAMES_MOST];
    unsigned char bytes[FRAMES_MOST][FRAME_MOST];
} raw_t;

static uint64_t session; /* the real one, once it is known: so that mutations get past the first look */

/* Numbers at which checks break. */
static uint64_t odd_number(uint64_t *dice)
{
    static const uint64_t edge[] = {0, 1, 2, 63, 64, 65, 1000000000, 1000000001, INT64_MAX, UINT64_MAX, 1ull << 32};
    uint64_t draw = mutate_draw(dice);

    return draw % 4 == 0 ? mutate_draw(dice) : draw % 4 == 1 ? mutate_below(dice, 30) : edge[draw / 4 % 11];
}

static archi_msg_t draw_head(uint64_t *dice)
{
    archi_msg_t head = {(archi_msg_kind_t)(1 + mutate_below(dice, ARCHI_MSG_N_KINDS - 1)),
                        mutate_below(dice, 8) ? session : odd_number(dice), odd_number(dice), odd_number(dice),
                        odd_number(dice)};

    if (head.kind == ARCHI_MSG_BYE && mutate_below(dice, 16)) /* it ends too much */
        head.kind = ARCHI_MSG_JOB;
    if (mutate_below(dice, 2)) /* what most kinds want */
        head.a = mutate_below(dice, 2);
    if (mutate_below(dice, 2))
        head.b = 0;
    if (mutate_below(dice, 2) == 0)
        head.issue = mutate_below(dice, 2) ? 0 : mutate_below(dice, 2000);
    return head;
}

/* Mostly sound, but for what follows. */
static void begin_sound(raw_t *m, uint64_t *dice)
{
    const archi_msg_bounds_t bounds = {1024, 1024};
    archi_msg_look_t look = ARCHI_MSG_MALFORMED;

    m->n_frames = 1 + (int)mutate_below(dice, 2);
    m->n[0] = ARCHI_MSG_HEAD_BYTES;
    m->n[1] = mutate_below(dice, 8) ? mutate_below(dice, 40) : mutate_below(dice, FRAME_MOST);
    for (int i = 0; i < 20 && look != ARCHI_MSG_SOUND; i++) {
        archi_msg_t head = draw_head(dice), got;
        size_t body = m->n_frames > 1 ? m->n[1] : 0;
        archi_msg_encode(&head, m->bytes[0]);
        look = archi_msg_decode(m->bytes[0], ARCHI_MSG_HEAD_BYTES, body, i % 2 ? ARCHI_TO_FARM : ARCHI_TO_WORKER, &bounds,
                                &got);
    }
    for (size_t i = 0; i < m->n[1]; i++)
        m->bytes[1][i] = (unsigned char)(mutate_below(dice, 16) ? ' ' + mutate_below(dice, 95) : mutate_draw(dice));
}

static void spoil(raw_t *m, uint64_t *dice)
{
    int f = (int)mutate_below(dice, (size_t)m->n_frames);

    switch (mutate_below(dice, 7)) {
    case 0: /* a bit */
        if (m->n[f] > 0)
            m->bytes[f][mutate_below(dice, m->n[f])] ^= (unsigned char)(1 << mutate_below(dice, 8));
        break;
    case 1: /* shorter */
        m->n[f] = mutate_below(dice, m->n[f] + 1);
        break;
    case 2: /* longer */
        m->n[f] = m->n[f] < FRAME_MOST - 16 ? m->n[f] + 1 + mutate_below(dice, 8) : m->n[f];
        break;
    case 3: /* another frame */
        if (m->n_frames < FRAMES_MOST)
            m->n[m->n_frames++] = mutate_below(dice, 100);
        break;
    case 4: /* the head alone */
        m->n_frames = 1;
        break;
    case 5: /* noise */
        m->n[f] = mutate_below(dice, 80);
        for (size_t i = 0; i < m->n[f]; i++)
            m->bytes[f][i] = (unsigned char)mutate_draw(dice);
        break;
    default: /* as it is */
        break;
    }
}

static void make(raw_t *m, uint64_t seed, uint64_t i)
{
    uint64_t dice = seed * 0x2545f4914f6cdd1du + i;

    memset(m->n, 0, sizeof m->n);
    begin_sound(m, &dice);
    for (size_t k = mutate_below(&dice, 3); k > 0; k--)
        spoil(m, &dice);
}

/* 0 when it cannot be sent: the peer is gone. Waits for room. */
static int send_raw(void *socket, const void *peer, size_t n_peer, const raw_t *m)
{
    if (peer != NULL && zmq_send(socket, peer, n_peer, ZMQ_SNDMORE) < 0)
        return 0;
    for (int f = 0; f < m->n_frames; f++)
        if (zmq_send(socket, m->bytes[f], m->n[f], f + 1 < m->n_frames ? ZMQ_SNDMORE : 0) < 0)
            return 0;
    return 1;
}

static void *open_socket(void *context, int type)
{
    void *s = zmq_socket(context, type);
    int linger = 0, wait = PATIENT_MS, yes = 1;

    if (s == NULL)
        abort();
    zmq_setsockopt(s, ZMQ_LINGER, &linger, sizeof linger);
    zmq_setsockopt(s, ZMQ_SNDTIMEO, &wait, sizeof wait);
    if (type == ZMQ_ROUTER)
        zmq_setsockopt(s, ZMQ_ROUTER_MANDATORY, &yes, sizeof yes);
    return s;
}

static void drain(void *socket)
{
    char bytes[FRAME_MOST];

    while (zmq_recv(socket, bytes, sizeof bytes, ZMQ_DONTWAIT) >= 0)
        ;
}

/* ---- at the farm ---- */

static arch_status_t square(archi_task_t *task, const void *job, size_t bytes, void **result, size_t *n, void *user)
{
    uint64_t x, *out = malloc(sizeof x);

    (void)task, (void)user;
    if (bytes != sizeof x || out == NULL) {
        free(out);
        return ARCH_FAIL(ARCH_E_FORMAT, "this was not put");
    }
    memcpy(&x, job, sizeof x);
    *out = x * x;
    *result = out;
    *n = sizeof x;
    return ARCH_OK;
}

static void *sound_worker(void *endpoint)
{
    archi_worker_options_t o = {.endpoint = endpoint, .credit = 4, .name = "sound"};

    return archi_worker_run(&o, square, NULL) == ARCH_OK ? NULL : endpoint;
}

/* Jobs may go to the peers that send nonsense, and so may be given up, or be answered with nonsense; but what the sound
 * worker answers is right, and every job is answered once. */
static int judge(const archi_farm_answer_t *a, unsigned char *seen, uint64_t n_jobs)
{
    uint64_t x = 0;

    if (a->id >= n_jobs || seen[a->id]++)
        return 1;
    if (strcmp(a->worker, "sound") != 0)
        return 0;
    if (a->n == sizeof x)
        memcpy(&x, a->bytes, sizeof x);
    return a->status != ARCH_OK || x != a->id * a->id;
}

static int take(archi_farm_t *farm, int ms, unsigned char *seen, uint64_t n_jobs, uint64_t *n_taken)
{
    archi_farm_answer_t a;
    int n_wrong = 0;
    bool got = true;

    while (got) {
        if (archi_farm_take(farm, ms, &a, &got) != ARCH_OK || (!got && ms > 0)) {
            fprintf(stderr, "the farm fell silent: %s\n", arch_error_text());
            return 1;
        }
        if (!got)
            return n_wrong;
        n_wrong += judge(&a, seen, n_jobs);
        ++*n_taken;
        free(a.bytes);
        if (ms > 0 && *n_taken == n_jobs)
            return n_wrong;
    }
    return n_wrong;
}

/* What a peer that speaks soundly once would learn: the session. */
static void learn_session(void *socket)
{
    archi_msg_t hello = {ARCHI_MSG_HELLO, 0, 1, 0, 99};
    unsigned char head[ARCHI_MSG_HEAD_BYTES];

    archi_msg_send(socket, NULL, 0, &hello, " nobody", 7);
    if (zmq_recv(socket, head, sizeof head, 0) == ARCHI_MSG_HEAD_BYTES)
        for (int i = 0; i < 8; i++)
            session |= (uint64_t)head[8 + i] << (8 * i);
}

static int attack_farm(uint64_t n, uint64_t seed, archi_farm_stats_t *s)
{
    archi_farm_options_t o = {.heartbeat_s = 0.2, .expiry_s = 1, .result_bytes_most = 1024, .losses_most = 1u << 30};
    uint64_t n_jobs = n / JOB_EVERY + 1, n_put = 0, n_taken = 0;
    void *context = zmq_ctx_new(), *peer[PEERS];
    unsigned char *seen = calloc(n_jobs, 1);
    archi_farm_t *farm = NULL;
    static char endpoint[256];
    pthread_t worker;
    int n_wrong = 0;
    raw_t m;

    if (seen == NULL || archi_farm_open(&o, &farm) != ARCH_OK)
        return 1;
    snprintf(endpoint, sizeof endpoint, "%s", archi_farm_endpoint(farm));
    pthread_create(&worker, NULL, sound_worker, endpoint);
    for (int i = 0; i < PEERS; i++) {
        peer[i] = open_socket(context, ZMQ_DEALER);
        zmq_connect(peer[i], endpoint);
    }
    learn_session(peer[0]);
    for (uint64_t i = 0; i < n && n_wrong == 0; i++) {
        if (i % JOB_EVERY == 0 && archi_farm_put(farm, n_put, &n_put, sizeof n_put) == ARCH_OK)
            n_put++;
        make(&m, seed, i);
        n_wrong += !send_raw(peer[i % PEERS], NULL, 0, &m);
        drain(peer[i % PEERS]);
        n_wrong += take(farm, 0, seen, n_jobs, &n_taken);
    }
    for (int i = 0; i < PEERS; i++)
        zmq_close(peer[i]);
    zmq_ctx_term(context);
    while (n_put < n_jobs && archi_farm_put(farm, n_put, &n_put, sizeof n_put) == ARCH_OK)
        n_put++;
    if (n_taken < n_jobs)
        n_wrong += take(farm, PATIENT_MS, seen, n_jobs, &n_taken);
    archi_farm_stats(farm, s);
    archi_farm_close(&farm);
    pthread_join(worker, NULL);
    free(seen);
    return n_wrong + (n_taken != n_jobs);
}

/* ---- at workers ---- */

typedef struct {
    char        endpoint[256];
    atomic_bool leave;
    atomic_ullong runs, jobs, malformed;
} victim_t;

static bool leaves(void *user) { return atomic_load(&((victim_t *)user)->leave); }

static arch_status_t anything(archi_task_t *task, const void *job, size_t bytes, void **result, size_t *n, void *user)
{
    (void)user;
    if (archi_task_tell(task, 0.5, 1))
        return ARCH_E_CANCELLED;
    *n = bytes;
    *result = malloc(bytes + 1);
    if (bytes > 0)
        memcpy(*result, job, bytes);
    return ARCH_OK;
}

/* Whatever it is told to do, among it to leave, it does, and comes again. */
static void *victim_main(void *user)
{
    victim_t *v = user;
    archi_worker_options_t o = {.endpoint = v->endpoint, .leaves = leaves, .user = v, .job_bytes_most = 1024};

    while (!atomic_load(&v->leave)) {
        archi_worker_stats_t s;
        arch_status_t st = archi_worker_run(&o, anything, &s);
        if (st != ARCH_OK && st != ARCH_E_PEER)
            return user;
        atomic_fetch_add(&v->runs, 1);
        atomic_fetch_add(&v->jobs, s.jobs);
        atomic_fetch_add(&v->malformed, s.malformed);
    }
    return NULL;
}

/* Read what a worker sent, if it does within the socket's patience, and who it is: false when nothing came. */
static bool hear(void *router, unsigned char *peer, size_t *n_peer, archi_msg_t *got)
{
    const archi_msg_bounds_t bounds = {1024, 1 << 20};
    unsigned char frame[FRAME_MOST];
    int k = zmq_recv(router, peer, ARCHI_MSG_PEER_MOST, 0), h, more = 0, body = 0;
    size_t size = sizeof more;

    if (k <= 0)
        return false;
    *n_peer = (size_t)k;
    h = zmq_recv(router, frame, ARCHI_MSG_HEAD_BYTES, 0);
    for (zmq_getsockopt(router, ZMQ_RCVMORE, &more, &size); more; zmq_getsockopt(router, ZMQ_RCVMORE, &more, &size))
        body = zmq_recv(router, frame + ARCHI_MSG_HEAD_BYTES, sizeof frame - ARCHI_MSG_HEAD_BYTES, 0);
    if (archi_msg_decode(frame, (size_t)(h < 0 ? 0 : h), (size_t)(body < 0 ? 0 : body), ARCHI_TO_FARM, &bounds, got) !=
        ARCHI_MSG_SOUND)
        got->kind = (archi_msg_kind_t)0;
    return true;
}

/* One life of a worker: it is welcomed, hears at most LIFE messages from number `i` on, so that what it does not read
 * because one of them told it to leave is little, and then a sound job. How many of the messages were sent. */
static uint64_t attack_life(void *router, const unsigned char *peer, size_t n_peer, uint64_t seed, uint64_t i, uint64_t n)
{
    const archi_msg_t welcome = {ARCHI_MSG_WELCOME, session, 0, 100, 500}, job = {ARCHI_MSG_JOB, session, SOUND, 0, 0};
    uint64_t first = i;
    raw_t m;

    if (!archi_msg_send(router, peer, n_peer, &welcome, NULL, 0))
        return 0;
    for (; i < n && i < first + LIFE; i++) {
        make(&m, seed, i);
        if (!send_raw(router, peer, n_peer, &m))
            return i - first;
    }
    (void)archi_msg_send(router, peer, n_peer, &job, "sound", 5);
    return i - first;
}

typedef struct {
    unsigned char id[ARCHI_MSG_PEER_MOST];
    size_t n;
} peer_t;

/* Told to leave; and asked who it is, should it believe in another session by now. */
static void dismiss(void *router, const peer_t *p)
{
    const archi_msg_t bye = {.kind = ARCHI_MSG_BYE, .session = session}, who = {.kind = ARCHI_MSG_WHO};

    if (p->n > 0 && archi_msg_send(router, p->id, p->n, &bye, NULL, 0))
        (void)archi_msg_send(router, p->id, p->n, &who, NULL, 0);
}

/* A coordinator that knows how to say hello, and then says anything. Whoever has answered the sound job is dismissed; when
 * nobody says anything, all who said hello lately are: a hello of one that has left may be read after that of the next. */
static uint64_t lead_lives(void *router, uint64_t n, uint64_t seed)
{
    peer_t late[8] = {{{0}, 0}}, from;
    unsigned newest = 0;
    uint64_t i = 0;
    archi_msg_t got = {.kind = ARCHI_MSG_HELLO};

    for (int silence = 0; i < n && silence < PATIENT_MS / SILENCE_MS;) {
        if (!hear(router, from.id, &from.n, &got) || got.kind == ARCHI_MSG_HEARTBEAT) { /* nothing to do */
            silence++;
            for (int k = 0; k < 8; k++)
                dismiss(router, &late[k]);
        } else if (got.kind == ARCHI_MSG_HELLO) {
            late[++newest % 8] = from;
            i += attack_life(router, from.id, from.n, seed, i, n);
            silence = 0;
        } else if (got.kind == ARCHI_MSG_RESULT && got.issue == SOUND) {
            dismiss(router, &from);
        }
    }
    return i;
}

static int attack_workers(uint64_t n, uint64_t seed, victim_t *v)
{
    void *context = zmq_ctx_new(), *router = open_socket(context, ZMQ_ROUTER), *wrong = NULL;
    size_t bytes = sizeof v->endpoint;
    int wait = SILENCE_MS;
    pthread_t victim;
    uint64_t n_sent;

    zmq_setsockopt(router, ZMQ_RCVTIMEO, &wait, sizeof wait);
    if (zmq_bind(router, "ipc://*") != 0 || zmq_getsockopt(router, ZMQ_LAST_ENDPOINT, v->endpoint, &bytes) != 0)
        return 1;
    pthread_create(&victim, NULL, victim_main, v);
    n_sent = lead_lives(router, n, seed);
    atomic_store(&v->leave, true);
    pthread_join(victim, &wrong);
    zmq_close(router);
    zmq_ctx_term(context);
    return n_sent < n || wrong != NULL;
}

int main(int argc, char **argv)
{
    uint64_t n = argc == 3 ? strtoull(argv[1], NULL, 10) : 0, seed = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;
    static victim_t victim;
    archi_farm_stats_t s;
    int n_wrong;

    if (n < 2) {
        fprintf(stderr, "usage: fuzz_messages <messages> <seed>\n");
        return 2;
    }
    n_wrong = attack_farm(n / 2, seed, &s);
    printf("seed %llu, farm: %llu messages, %llu malformed, %llu workers seen, %llu turned away, %llu done, %llu late\n",
           (unsigned long long)seed, (unsigned long long)(n / 2), (unsigned long long)s.malformed,
           (unsigned long long)s.workers_seen, (unsigned long long)s.turned_away, (unsigned long long)s.done,
           (unsigned long long)s.late);
    n_wrong += s.malformed == 0 || s.workers_seen < 3; /* else they do not get anywhere */
    n_wrong += attack_workers(n - n / 2, seed + 1, &victim);
    printf("seed %llu, workers: %llu messages, %llu malformed, %llu runs, %llu jobs; %d wrong\n", (unsigned long long)seed,
           (unsigned long long)(n - n / 2), (unsigned long long)victim.malformed, (unsigned long long)victim.runs,
           (unsigned long long)victim.jobs, n_wrong);
    return n_wrong != 0 || victim.malformed == 0 || victim.jobs == 0;
}
