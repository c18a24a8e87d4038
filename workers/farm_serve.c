/* workers/farm_serve.c - the farm's thread: messages in, jobs out, heartbeats, and who has been silent for too long. */
#include "workers/farm_impl.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROUND_MS = 100, LETTERS_PER_ROUND = 512 };

static const double stood_still_s = 1; /* a thread that sleeps so much longer than asked was stopped with its process */

void archi_farm_wake(archi_farm_t *farm)
{
    if (farm->woken)
        return;
    farm->woken = true;
    while (write(farm->wake[1], "", 1) < 0 && errno == EINTR)
        ;
}

void archi_farm_fail(archi_farm_t *farm, arch_status_t st, const char *text)
{
    if (farm->failed == ARCH_OK) {
        farm->failed = st;
        snprintf(farm->failure, sizeof farm->failure, "%s", text);
    }
    pthread_cond_broadcast(&farm->news);
}

bool archi_farm_send(archi_farm_t *farm, const worker_t *w, const archi_msg_t *m, const void *body, size_t bytes)
{
    return archi_msg_send(farm->router, w->peer, w->n_peer, m, body, bytes);
}

static void lose(archi_farm_t *farm, uint32_t at, const char *how)
{
    farm->stats.workers_lost++;
    archi_jobs_drop_worker(farm, at, 1, how);
}

/* How one of our own came to its end, the kernel will tell. */
void archi_farm_unreachable(archi_farm_t *farm, uint32_t at)
{
    if (archi_children_have(farm, farm->worker[at]->pid)) {
        farm->worker[at]->credit = 0;
        farm->next_look = 0;
    } else {
        lose(farm, at, "could not be reached any more");
    }
}

static uint32_t find_peer(const archi_farm_t *farm, zmq_msg_t *peer)
{
    size_t n = zmq_msg_size(peer);
    uint32_t i = 0;

    while (i < farm->n_workers &&
           (farm->worker[i]->n_peer != n || memcmp(farm->worker[i]->peer, zmq_msg_data(peer), n) != 0))
        i++;
    return i;
}

static void tell_peer(archi_farm_t *farm, zmq_msg_t *peer, archi_msg_kind_t kind, archi_bye_t why, const char *text)
{
    archi_msg_t m = {kind, farm->session, 0, (uint64_t)why, 0};

    archi_msg_send(farm->router, zmq_msg_data(peer), zmq_msg_size(peer), &m, text, text ? strlen(text) : 0);
}

/* ---- hello ---- */

static void turn_away(archi_farm_t *farm, zmq_msg_t *peer, archi_bye_t why, const char *text)
{
    farm->stats.turned_away++;
    tell_peer(farm, peer, ARCHI_MSG_BYE, why, text);
}

static worker_t *new_worker(archi_farm_t *farm)
{
    if (farm->n_workers == farm->workers_room) {
        uint32_t room = farm->workers_room ? 2 * farm->workers_room : 64;
        worker_t **more = realloc(farm->worker, room * sizeof *more);
        if (more == NULL)
            return NULL;
        farm->worker = more;
        farm->workers_room = room;
    }
    return calloc(1, sizeof(worker_t));
}

/* "program name" */
static void read_names(const archi_letter_t *l, char *program, char *name)
{
    const char *text = l->has_body ? zmq_msg_data((zmq_msg_t *)&l->body) : "";
    size_t n = l->has_body ? zmq_msg_size(&l->body) : 0, k = 0;

    while (k < n && text[k] != ' ')
        k++;
    snprintf(program, ARCHI_FARM_NAME_BYTES, "%.*s", (int)k, text);
    k += k < n;
    snprintf(name, ARCHI_FARM_NAME_BYTES, "%.*s", (int)(n - k), text + k);
}

/* A worker that says hello has no jobs: those that it had, by whatever connection, are to be handed out again. */
static void forget_former(archi_farm_t *farm, const archi_letter_t *l)
{
    uint32_t at = find_peer(farm, (zmq_msg_t *)&l->peer);

    if (at < farm->n_workers)
        archi_jobs_drop_worker(farm, at, 0, "");
    for (uint32_t i = farm->n_workers; i-- > 0;)
        if (farm->worker[i]->token == l->head.b && farm->worker[i]->pid == l->head.issue)
            archi_jobs_drop_worker(farm, i, 0, "");
}

static void on_hello(archi_farm_t *farm, archi_letter_t *l, double now)
{
    archi_msg_t welcome = {ARCHI_MSG_WELCOME, farm->session, 0, (uint64_t)(farm->options.heartbeat_s * 1e3),
                           (uint64_t)(farm->options.expiry_s * 1e3)};
    char program[ARCHI_FARM_NAME_BYTES], name[ARCHI_FARM_NAME_BYTES], text[ARCHI_MSG_TEXT_MOST];
    worker_t *w;

    forget_former(farm, l);
    read_names(l, program, name);
    if (*farm->program != '\0' && strcmp(program, farm->program) != 0) {
        snprintf(text, sizeof text, "the coordinator is %.200s, this worker %.200s", farm->program, program);
        turn_away(farm, &l->peer, ARCHI_BYE_VERSION, text);
        return;
    }
    if (farm->n_workers >= farm->options.workers_most) {
        snprintf(text, sizeof text, "the coordinator has as many workers as it may have, %u", farm->n_workers);
        turn_away(farm, &l->peer, ARCHI_BYE_CROWDED, text);
        return;
    }
    w = new_worker(farm);
    if (w == NULL) {
        archi_farm_fail(farm, ARCH_E_NOMEM, "no memory for a worker");
        return;
    }
    w->n_peer = (uint8_t)zmq_msg_size(&l->peer);
    memcpy(w->peer, zmq_msg_data(&l->peer), w->n_peer);
    memcpy(w->name, name, sizeof name);
    w->token = l->head.b;
    w->pid = l->head.issue;
    w->heard = now;
    farm->worker[farm->n_workers++] = w;
    farm->stats.workers_seen++;
    archi_farm_send(farm, w, &welcome, NULL, 0);
}

/* ---- the other messages ---- */

static void on_known(archi_farm_t *farm, uint32_t at, archi_letter_t *l, double now)
{
    worker_t *w = farm->worker[at];

    w->heard = now;
    switch (l->head.kind) {
    case ARCHI_MSG_CREDIT:
        w->credit = (uint32_t)l->head.a;
        break;
    case ARCHI_MSG_PROGRESS:
        archi_jobs_progress(farm, w, &l->head);
        break;
    case ARCHI_MSG_RESULT:
        archi_jobs_result(farm, w, &l->head, l->has_body ? zmq_msg_data(&l->body) : "",
                          l->has_body ? zmq_msg_size(&l->body) : 0);
        break;
    case ARCHI_MSG_BYE:
        archi_jobs_drop_worker(farm, at, 0, "");
        break;
    default:
        break;
    }
}

static void on_letter(archi_farm_t *farm, archi_letter_t *l, archi_got_t got, double now)
{
    char text[ARCHI_MSG_TEXT_MOST];
    uint32_t at;

    if (got == ARCHI_GOT_OTHER_VERSION) {
        snprintf(text, sizeof text, "the coordinator speaks version %d of the protocol only", ARCHI_MSG_VERSION);
        turn_away(farm, &l->peer, ARCHI_BYE_VERSION, text);
        return;
    }
    if (got == ARCHI_GOT_MALFORMED) {
        farm->stats.malformed++;
        return;
    }
    if (l->head.kind == ARCHI_MSG_HELLO) {
        on_hello(farm, l, now);
        return;
    }
    at = find_peer(farm, &l->peer);
    if (at < farm->n_workers && l->head.session == farm->session) {
        on_known(farm, at, l, now);
        return;
    }
    farm->stats.late += l->head.kind == ARCHI_MSG_RESULT;
    if (l->head.kind != ARCHI_MSG_BYE)
        tell_peer(farm, &l->peer, ARCHI_MSG_WHO, ARCHI_BYE_DONE, NULL);
}

static void read_letters(archi_farm_t *farm, archi_letter_t *l)
{
    archi_got_t got = ARCHI_GOT_SOUND;

    for (int i = 0; i < LETTERS_PER_ROUND; i++) {
        got = archi_msg_receive(farm->router, ARCHI_TO_FARM, &farm->bounds, l);
        if (got == ARCHI_GOT_NOTHING || got == ARCHI_GOT_ERROR)
            break;
        on_letter(farm, l, got, archi_wall());
    }
    if (got == ARCHI_GOT_ERROR)
        archi_farm_fail(farm, ARCH_E_ZMQ, zmq_strerror(errno));
}

/* ---- time ---- */

static void beat(archi_farm_t *farm, double now)
{
    archi_msg_t m = {ARCHI_MSG_HEARTBEAT, farm->session, 0, 0, 0};

    if (now < farm->next_beat)
        return;
    farm->next_beat = now + farm->options.heartbeat_s;
    for (uint32_t i = farm->n_workers; i-- > 0;)
        if (!archi_farm_send(farm, farm->worker[i], &m, NULL, 0))
            archi_farm_unreachable(farm, i);
}

/* A coordinator that was stopped itself has heard nobody meanwhile, and blames nobody. */
static void expire(archi_farm_t *farm, double now)
{
    double asleep = now - farm->last_round - 1e-3 * ROUND_MS;
    char how[64];

    farm->last_round = now;
    snprintf(how, sizeof how, "was silent for %g s", farm->options.expiry_s);
    for (uint32_t i = farm->n_workers; i-- > 0;) {
        if (asleep > stood_still_s)
            farm->worker[i]->heard += asleep;
        if (now - farm->worker[i]->heard > farm->options.expiry_s)
            lose(farm, i, how);
    }
}

static int sleep_ms(const archi_farm_t *farm)
{
    double beat_ms = farm->options.heartbeat_s * 1e3;

    return beat_ms < ROUND_MS ? (int)beat_ms : ROUND_MS;
}

static void drain_pipe(archi_farm_t *farm)
{
    char bytes[64];

    while (read(farm->wake[0], bytes, sizeof bytes) > 0)
        ;
    farm->woken = false;
}

/* One round: what came, what time it is, what can be handed out. */
static void go_round(archi_farm_t *farm, archi_letter_t *l)
{
    double began = archi_wall(), worked = archi_thread_seconds();

    drain_pipe(farm);
    read_letters(farm, l);
    beat(farm, began);
    expire(farm, began);
    archi_children_look(farm, began);
    archi_jobs_dispatch(farm, began);
    farm->stats.coordination_s += archi_thread_seconds() - worked;
}

static void say_goodbye(archi_farm_t *farm)
{
    archi_msg_t m = {ARCHI_MSG_BYE, farm->session, 0, ARCHI_BYE_DONE, 0};

    for (uint32_t i = 0; i < farm->n_workers; i++)
        if (!farm->silent || archi_children_have(farm, farm->worker[i]->pid))
            archi_farm_send(farm, farm->worker[i], &m, NULL, 0);
}

void *archi_farm_serve(void *user)
{
    archi_farm_t *farm = user;
    zmq_pollitem_t item[] = {{farm->router, 0, ZMQ_POLLIN, 0}, {NULL, farm->wake[0], ZMQ_POLLIN, 0}};
    archi_letter_t l;
    bool closing = false;

    archi_letter_init(&l);
    while (!closing) {
        bool polled = zmq_poll(item, 2, sleep_ms(farm)) >= 0 || errno == EINTR;
        pthread_mutex_lock(&farm->lock);
        if (!polled)
            archi_farm_fail(farm, ARCH_E_ZMQ, zmq_strerror(errno));
        go_round(farm, &l);
        closing = farm->closing;
        if (closing)
            say_goodbye(farm);
        pthread_mutex_unlock(&farm->lock);
    }
    archi_children_end(farm);
    archi_letter_fini(&l);
    return NULL;
}
