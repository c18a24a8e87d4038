/* workers/show.c - see show.h. */
#include "workers/show.h"
#include "workers/endpoint.h"
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

struct archi_show {
    void           *context, *socket;
    archi_gate_t   *gate;
    pthread_mutex_t lock; /* of the socket */
    bool            bound;
    char            endpoint[ARCHI_ENDPOINT_BYTES];
};

static arch_status_t open_all(archi_show_t *s, const char *endpoint, const char *key, const char *allowed)
{
    s->context = zmq_ctx_new();
    s->socket = s->context ? zmq_socket(s->context, ZMQ_PUB) : NULL;
    if (s->socket == NULL)
        return ARCH_FAIL(ARCH_E_ZMQ, "no socket: %s", zmq_strerror(errno));
    ARCH_TRY(archi_socket_set(s->socket, ZMQ_LINGER, 200));
    ARCH_TRY(archi_socket_set(s->socket, ZMQ_SNDHWM, 16)); /* who is slower than that wants no history */
    ARCH_TRY(archi_socket_bound_messages(s->socket, 0)); /* subscriptions are all that comes in */
    ARCH_TRY(archi_socket_guard(s->context, s->socket, key, allowed, &s->gate));
    ARCH_TRY(archi_socket_bind(s->socket, endpoint, s->endpoint));
    s->bound = true;
    return ARCH_OK;
}

arch_status_t archi_show_open(const char *endpoint, const char *key, const char *allowed, bool insecure, archi_show_t **out)
{
    archi_show_t *s;
    arch_status_t st;

    *out = NULL;
    ARCH_TRY(archi_endpoint_check(endpoint, key, allowed, insecure));
    s = calloc(1, sizeof *s);
    if (s == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a socket");
    pthread_mutex_init(&s->lock, NULL);
    st = open_all(s, endpoint, key, allowed);
    if (st != ARCH_OK)
        archi_show_close(&s);
    *out = s;
    return st;
}

void archi_show_close(archi_show_t **at)
{
    archi_show_t *s = *at;

    *at = NULL;
    if (s == NULL)
        return;
    if (s->socket != NULL)
        zmq_close(s->socket);
    if (s->bound)
        archi_endpoint_remove(s->endpoint);
    archi_gate_close(&s->gate);
    if (s->context != NULL)
        while (zmq_ctx_term(s->context) != 0 && errno == EINTR)
            ;
    pthread_mutex_destroy(&s->lock);
    free(s);
}

const char *archi_show_endpoint(const archi_show_t *s) { return s->endpoint; }
uint64_t archi_show_refused(archi_show_t *s) { return archi_gate_refused(s->gate); }

arch_status_t archi_show_tell(archi_show_t *s, const char *text)
{
    size_t n = strlen(text);

    if (n > ARCHI_SHOW_BYTES_MOST)
        return ARCH_FAIL(ARCH_E_RANGE, "a text of %zu bytes, at most %d", n, ARCHI_SHOW_BYTES_MOST);
    pthread_mutex_lock(&s->lock);
    zmq_send(s->socket, text, n, ZMQ_DONTWAIT); /* what is not sent is seen a second later */
    pthread_mutex_unlock(&s->lock);
    return ARCH_OK;
}

/* ---- the texts ---- */

typedef struct {
    char  *out;
    size_t n, room; /* room without the 0 */
    bool   full;
} writer_t;

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
static void add(writer_t *w, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(w->out + w->n, w->room - w->n + 1, format, args);
    va_end(args);
    if (n < 0 || (size_t)n > w->room - w->n)
        w->full = true;
    else
        w->n += (size_t)n;
}

static void add_text(writer_t *w, const char *text)
{
    add(w, "\"");
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++)
        if (*c < ' ' || *c == '"' || *c == '\\' || *c == 0x7f)
            add(w, "\\u%04x", *c);
        else
            add(w, "%c", *c);
    add(w, "\"");
}

static void add_slow(writer_t *w, const archi_show_slow_t *slow, bool first)
{
    writer_t before = *w;

    add(w, "%s{\"name\": ", first ? "" : ", ");
    add_text(w, slow->name);
    add(w, ", \"worker\": ");
    add_text(w, slow->worker);
    add(w, ", \"seconds\": %.3f, \"share\": %.4f}", slow->seconds, slow->share);
    if (w->full || w->room - w->n < 8) /* what ends the text */
        *w = before;
}

size_t archi_show_text(const archi_show_state_t *s, char *out, size_t bytes)
{
    const struct {
        const char *name;
        double value;
        int digits;
    } number[] = {{"jobs", s->jobs, 0},           {"done", s->done, 0},       {"failed", s->failed, 0},
                  {"queued", s->queued, 0},       {"under_way", s->under_way, 0}, {"workers", s->workers, 0},
                  {"share", s->share, 4},         {"elapsed_s", s->elapsed_s, 1}, {"left_s", s->left_s, 1},
                  {"jobs_per_s", s->jobs_per_s, 2}, {"events", s->events, 0},     {"events_per_s", s->events_per_s, 0}};
    writer_t w = {out, 0, bytes - 1, false};

    out[0] = '\0';
    add(&w, "{\"architech\": 1, \"what\": ");
    add_text(&w, s->what);
    add(&w, ", \"ended\": %s", s->ended ? "true" : "false");
    for (size_t i = 0; i < sizeof number / sizeof *number; i++)
        if (number[i].value >= 0 && number[i].value < 1e18)
            add(&w, ", \"%s\": %.*f", number[i].name, number[i].digits, number[i].value);
    add(&w, ", \"slowest\": [");
    for (size_t i = 0; i < s->n_slow && !w.full; i++)
        add_slow(&w, &s->slow[i], i == 0);
    add(&w, "]}");
    out[w.n] = '\0';
    return w.n;
}
