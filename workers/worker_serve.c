/* workers/worker_serve.c - the thread of a worker that serves its socket: hello, jobs in, results out, heartbeats, and
 * how long the coordinator has been silent. A connection is a session: when it breaks, all jobs that came by it are
 * forgotten. */
#include "workers/worker_impl.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROUND_MS = 100, LETTERS_PER_ROUND = 128 };

static const double stood_still_s = 1;

static void send_plain(archi_task_t *t, archi_msg_kind_t kind, uint64_t issue, uint64_t a, uint64_t b)
{
    archi_msg_t m = {kind, t->session, issue, a, b};

    archi_msg_send(t->socket, NULL, 0, &m, NULL, 0);
}

static void end(archi_task_t *t, arch_status_t st, const char *why)
{
    if (t->ended)
        return;
    t->ended = t->unwanted = true;
    t->leaves_at = t->leaving ? t->leaves_at : archi_wall();
    t->st = st;
    snprintf(t->why, sizeof t->why, "%s: %s", t->options.endpoint, why);
    pthread_cond_broadcast(&t->news);
}

/* ---- the connection ---- */

static void forget_all(archi_task_t *t)
{
    archi_parcels_clear(&t->jobs);
    archi_parcels_clear(&t->results);
    t->unwanted = true; /* whatever is under way */
    t->current = 0;
}

static void say_hello(archi_task_t *t)
{
    char text[ARCHI_MSG_TEXT_MOST];
    archi_msg_t m = {ARCHI_MSG_HELLO, 0, (uint64_t)getpid(), 0, t->token};

    forget_all(t);
    snprintf(text, sizeof text, "%s %s", t->program, t->name);
    t->bond = archi_msg_send(t->socket, NULL, 0, &m, text, strlen(text)) ? GREETED : APART;
}

/* What ZeroMQ says of the connection: a number of the event, a value, and an address that does not matter. */
static void read_monitor(archi_task_t *t)
{
    zmq_msg_t frame, address;
    uint16_t event;

    zmq_msg_init(&frame);
    zmq_msg_init(&address);
    while (zmq_msg_recv(&frame, t->monitor, ZMQ_DONTWAIT) >= 2) {
        memcpy(&event, zmq_msg_data(&frame), sizeof event);
        while (zmq_msg_more(&frame) && zmq_msg_recv(&address, t->monitor, 0) >= 0 && zmq_msg_more(&address))
            ;
        if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
            say_hello(t);
        } else if (event == ZMQ_EVENT_DISCONNECTED) {
            forget_all(t);
            t->bond = APART;
        } else if (event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) {
            end(t, ARCH_E_PEER, "the coordinator does not let this key in");
        } else if (event == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL) {
            end(t, ARCH_E_PEER, "one side wants keys and the other has none, or the coordinator's key is another");
        }
    }
    zmq_msg_close(&frame);
    zmq_msg_close(&address);
}

/* ---- what the coordinator says ---- */

static void on_welcome(archi_task_t *t, const archi_msg_t *m)
{
    t->session = m->session;
    t->beat_s = (double)(m->a ? m->a : 1) * 1e-3;
    t->next_beat = 0;
    t->bond = WORKING;
    t->stats.hellos++;
    send_plain(t, ARCHI_MSG_CREDIT, 0, t->options.credit, 0);
}

static void on_job(archi_task_t *t, archi_letter_t *l)
{
    size_t n = l->has_body ? zmq_msg_size(&l->body) : 0;
    parcel_t *p = calloc(1, sizeof *p);

    if (p != NULL)
        p->bytes = malloc(n + 1);
    if (p == NULL || p->bytes == NULL) {
        archi_parcel_free(p);
        end(t, ARCH_E_NOMEM, "no memory for a job");
        return;
    }
    if (n > 0)
        memcpy(p->bytes, zmq_msg_data(&l->body), n);
    p->n = n;
    p->issue = l->head.issue;
    archi_parcels_add(&t->jobs, p);
    pthread_cond_signal(&t->news);
}

/* A job that waits is handed back at once, one under way when it has stopped. */
static void on_cancel(archi_task_t *t, uint64_t issue)
{
    parcels_t kept = {NULL, NULL};
    bool found = false;

    if (t->current == issue)
        t->unwanted = true;
    for (parcel_t *p; (p = archi_parcels_take(&t->jobs)) != NULL;)
        if (p->issue == issue) {
            found = true;
            archi_parcel_free(p);
        } else {
            archi_parcels_add(&kept, p);
        }
    t->jobs = kept;
    if (found)
        send_plain(t, ARCHI_MSG_RESULT, issue, ARCH_E_CANCELLED, 0);
}

static void on_bye(archi_task_t *t, archi_letter_t *l)
{
    char text[ARCHI_MSG_TEXT_MOST + 1] = "the coordinator sent this worker away";

    if (l->head.a == ARCHI_BYE_DONE) {
        end(t, ARCH_OK, "");
        return;
    }
    if (l->has_body && zmq_msg_size(&l->body) > 0) {
        memcpy(text, zmq_msg_data(&l->body), zmq_msg_size(&l->body));
        text[zmq_msg_size(&l->body)] = '\0';
    }
    end(t, ARCH_E_PEER, text);
}

static void on_letter(archi_task_t *t, archi_letter_t *l, double now)
{
    archi_msg_kind_t kind = l->head.kind;

    if (kind == ARCHI_MSG_BYE && (t->bond == GREETED || l->head.session == t->session)) {
        on_bye(t, l);
    } else if (kind == ARCHI_MSG_WELCOME && t->bond == GREETED) {
        on_welcome(t, &l->head);
    } else if (kind == ARCHI_MSG_WHO && t->bond == WORKING) {
        say_hello(t);
    } else if (t->bond != WORKING || l->head.session != t->session) {
        return; /* of another time */
    } else if (kind == ARCHI_MSG_JOB) {
        on_job(t, l);
    } else if (kind == ARCHI_MSG_CANCEL) {
        on_cancel(t, l->head.issue);
    }
    t->heard = now;
}

static void read_letters(archi_task_t *t, archi_letter_t *l, double now)
{
    for (int i = 0; i < LETTERS_PER_ROUND && !t->ended; i++) {
        archi_got_t got = archi_msg_receive(t->socket, ARCHI_TO_WORKER, &t->bounds, l);
        if (got == ARCHI_GOT_NOTHING)
            return;
        if (got == ARCHI_GOT_ERROR)
            end(t, ARCH_E_ZMQ, zmq_strerror(errno));
        else if (got == ARCHI_GOT_OTHER_VERSION)
            end(t, ARCH_E_PEER, "the coordinator speaks another version of the protocol");
        else if (got == ARCHI_GOT_MALFORMED)
            t->stats.malformed++;
        else
            on_letter(t, l, now);
    }
}

/* ---- what this worker says ---- */

static void send_results(archi_task_t *t)
{
    parcel_t *p;

    while (t->bond == WORKING && (p = archi_parcels_take(&t->results)) != NULL) {
        archi_msg_t m = {ARCHI_MSG_RESULT, t->session, p->issue, (uint64_t)p->status, p->ns};
        if (archi_msg_send(t->socket, NULL, 0, &m, p->bytes, p->n)) {
            t->stats.jobs += p->status != ARCH_E_CANCELLED;
        } else if (errno == EAGAIN) { /* the way is full: when there is room again */
            p->next = t->results.first;
            t->results.first = p;
            t->results.last = t->results.last ? t->results.last : p;
            return;
        }
        archi_parcel_free(p);
    }
}

static void beat(archi_task_t *t, double now)
{
    if (t->bond != WORKING || now < t->next_beat)
        return;
    t->next_beat = now + t->beat_s;
    if (t->told && t->current != 0)
        send_plain(t, ARCHI_MSG_PROGRESS, t->current, (uint64_t)(t->share * ARCHI_MSG_SHARE), t->events);
    else
        send_plain(t, ARCHI_MSG_HEARTBEAT, 0, 0, 0);
    t->told = false;
}

/* ---- the end ---- */

/* A worker that was stopped itself heard nobody meanwhile. */
static void judge_silence(archi_task_t *t, double now)
{
    double asleep = now - t->last_round - 1e-3 * ROUND_MS;
    char text[128];

    t->last_round = now;
    if (asleep > stood_still_s)
        t->heard += asleep;
    snprintf(text, sizeof text, "nothing heard of a coordinator for %g s", t->options.patience_s);
    if (now - t->heard > t->options.patience_s)
        end(t, ARCH_E_PEER, text);
}

static void leave(archi_task_t *t, double now)
{
    if (!t->leaving && t->options.leaves != NULL && t->options.leaves(t->options.user)) {
        t->leaving = t->unwanted = true;
        t->leaves_at = now;
        pthread_cond_broadcast(&t->news);
    }
    if (!t->leaving || t->ended || t->results.first != NULL)
        return;
    if (t->bond == WORKING)
        send_plain(t, ARCHI_MSG_BYE, 0, ARCHI_BYE_DONE, 0);
    end(t, ARCH_OK, "");
}

static void go_round(archi_task_t *t, archi_letter_t *l)
{
    double now = archi_wall();
    char bytes[64];

    while (read(t->wake[0], bytes, sizeof bytes) > 0)
        ;
    t->woken = false;
    read_monitor(t);
    read_letters(t, l, now);
    judge_silence(t, now);
    send_results(t);
    beat(t, now);
    leave(t, now);
}

/* The job that is under way at the end is asked to stop; one that does not is the caller's affair. */
static void wait_for_the_job(archi_task_t *t)
{
    bool busy = true, abandoned = false;

    while (busy) {
        pthread_mutex_lock(&t->lock);
        busy = t->busy;
        abandoned = busy && t->options.abandon != NULL && archi_wall() - t->leaves_at > t->options.grace_s;
        pthread_mutex_unlock(&t->lock);
        if (abandoned)
            t->options.abandon(t->options.user);
        if (busy)
            usleep(2000);
    }
}

void *archi_worker_serve(void *user)
{
    archi_task_t *t = user;
    zmq_pollitem_t item[] = {
        {t->socket, 0, ZMQ_POLLIN, 0}, {t->monitor, 0, ZMQ_POLLIN, 0}, {NULL, t->wake[0], ZMQ_POLLIN, 0}};
    archi_letter_t l;
    bool ended = false;

    archi_letter_init(&l);
    while (!ended) {
        int ms = t->beat_s > 0 && t->beat_s * 1e3 < ROUND_MS ? (int)(t->beat_s * 1e3) : ROUND_MS;
        bool polled = zmq_poll(item, 3, ms) >= 0 || errno == EINTR;
        pthread_mutex_lock(&t->lock);
        if (!polled)
            end(t, ARCH_E_ZMQ, zmq_strerror(errno));
        go_round(t, &l);
        ended = t->ended;
        pthread_mutex_unlock(&t->lock);
    }
    archi_letter_fini(&l);
    wait_for_the_job(t);
    return NULL;
}
