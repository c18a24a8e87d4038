/* workers/watch.c - see watch.h. */
#include "workers/watch.h"
#include "workers/clock.h"
#include "workers/endpoint.h"
#include "workers/show.h"
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

struct archi_watch {
    void *context, *socket, *monitor;
    bool there, gone; /* shook hands and stayed; went after that */
};

enum { refusals = ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL };

static arch_status_t open_all(archi_watch_t *w, const char *endpoint, const char *key, const char *server_key)
{
    int events = refusals | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED;

    w->context = zmq_ctx_new();
    w->socket = w->context ? zmq_socket(w->context, ZMQ_SUB) : NULL;
    w->monitor = w->context ? zmq_socket(w->context, ZMQ_PAIR) : NULL;
    if (w->socket == NULL || w->monitor == NULL || zmq_setsockopt(w->socket, ZMQ_SUBSCRIBE, "", 0) != 0 ||
        zmq_socket_monitor(w->socket, "inproc://monitor", events) != 0 || zmq_connect(w->monitor, "inproc://monitor") != 0)
        return ARCH_FAIL(ARCH_E_ZMQ, "no socket: %s", zmq_strerror(errno));
    ARCH_TRY(archi_socket_set(w->socket, ZMQ_LINGER, 0));
    ARCH_TRY(archi_socket_set(w->monitor, ZMQ_LINGER, 0));
    ARCH_TRY(archi_socket_bound_messages(w->socket, ARCHI_SHOW_BYTES_MOST));
    ARCH_TRY(archi_socket_identify(w->socket, key, server_key));
    return archi_socket_connect(w->socket, endpoint);
}

arch_status_t archi_watch_open(const char *endpoint, const char *key, const char *server_key, archi_watch_t **out)
{
    archi_watch_t *w = calloc(1, sizeof *w);
    arch_status_t st;

    *out = NULL;
    if (w == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a socket");
    st = open_all(w, endpoint, key, server_key);
    if (st != ARCH_OK)
        archi_watch_close(&w);
    *out = w;
    return st;
}

void archi_watch_close(archi_watch_t **at)
{
    archi_watch_t *w = *at;

    *at = NULL;
    if (w == NULL)
        return;
    if (w->socket != NULL) {
        zmq_socket_monitor(w->socket, NULL, 0);
        zmq_close(w->socket);
    }
    if (w->monitor != NULL)
        zmq_close(w->monitor);
    if (w->context != NULL)
        while (zmq_ctx_term(w->context) != 0 && errno == EINTR)
            ;
    free(w);
}

/* The newest text that is there; *text stays as it is when there is none. A message of several frames is none of ours. */
static arch_status_t read_newest(archi_watch_t *w, char **text)
{
    arch_status_t st = ARCH_OK;
    zmq_msg_t m;

    zmq_msg_init(&m);
    while (zmq_msg_recv(&m, w->socket, ZMQ_DONTWAIT) >= 0) {
        if (zmq_msg_more(&m) || memchr(zmq_msg_data(&m), '\0', zmq_msg_size(&m)) != NULL)
            continue;
        free(*text);
        *text = strndup(zmq_msg_data(&m), zmq_msg_size(&m));
        if (*text == NULL)
            st = ARCH_FAIL(ARCH_E_NOMEM, "no memory for a text");
    }
    zmq_msg_close(&m);
    return st;
}

/* What the monitor tells: each event is a frame that begins with its 16-bit number, and one with an address. */
static arch_status_t read_events(archi_watch_t *w)
{
    zmq_msg_t m;
    uint16_t event;
    bool refused = false, first = true;

    zmq_msg_init(&m);
    while (zmq_msg_recv(&m, w->monitor, ZMQ_DONTWAIT) >= 0) {
        if (first && zmq_msg_size(&m) >= sizeof event) {
            memcpy(&event, zmq_msg_data(&m), sizeof event);
            refused = refused || (event & refusals) != 0;
            w->gone = event == ZMQ_EVENT_DISCONNECTED && (w->there || w->gone);
            w->there = event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
        }
        first = !zmq_msg_more(&m);
    }
    zmq_msg_close(&m);
    return refused ? ARCH_FAIL(ARCH_E_PEER, "the other side does not take this key, or this side needs one") : ARCH_OK;
}

arch_status_t archi_watch_next(archi_watch_t *w, int milliseconds, char **text)
{
    zmq_pollitem_t item[] = {{w->socket, 0, ZMQ_POLLIN, 0}, {w->monitor, 0, ZMQ_POLLIN, 0}};
    double until = archi_wall() + 1e-3 * milliseconds, left;

    *text = NULL;
    for (;;) {
        ARCH_TRY(read_newest(w, text));
        ARCH_TRY(read_events(w));
        left = until - archi_wall();
        if (*text != NULL || left <= 0)
            return ARCH_OK;
        if (zmq_poll(item, 2, (long)(left * 1e3) + 1) < 0)
            return errno == EINTR ? ARCH_OK : ARCH_FAIL(ARCH_E_ZMQ, "a poll: %s", zmq_strerror(errno));
    }
}

bool archi_watch_gone(const archi_watch_t *w) { return w->gone; }
