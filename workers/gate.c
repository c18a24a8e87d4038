/* workers/gate.c - see gate.h. */
#include "workers/gate.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

/* The frames of a request, in their order. */
enum { VERSION, REQUEST, DOMAIN, ADDRESS, IDENTITY, MECHANISM, CREDENTIALS, N_FRAMES, FRAME_BYTES = 256 };

struct archi_gate {
    void            *socket;
    archi_key_ring_t ring;
    int              stop[2]; /* closing it ends the thread */
    pthread_t        thread;
    _Atomic uint64_t refused;
};

typedef struct {
    char   bytes[N_FRAMES][FRAME_BYTES];
    size_t n[N_FRAMES];
    int    n_frames;
} request_t;

/* Receive all frames; those too many or too long are counted, so that nothing matches. */
static bool receive(void *socket, request_t *r)
{
    int more = 1;
    size_t size = sizeof more;

    memset(r, 0, sizeof *r);
    while (more) {
        char spare[FRAME_BYTES];
        bool known = r->n_frames < N_FRAMES;
        int n = zmq_recv(socket, known ? r->bytes[r->n_frames] : spare, FRAME_BYTES, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        if (known)
            r->n[r->n_frames] = (size_t)n;
        r->n_frames++;
        zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &size);
    }
    return true;
}

static bool is(const request_t *r, int frame, const char *text)
{
    return r->n[frame] == strlen(text) && memcmp(r->bytes[frame], text, r->n[frame]) == 0;
}

static bool may_come_in(const archi_gate_t *gate, const request_t *r)
{
    return r->n_frames == N_FRAMES && is(r, VERSION, "1.0") && is(r, MECHANISM, "CURVE") &&
           r->n[CREDENTIALS] == ARCHI_KEY_BYTES &&
           archi_keys_in_ring(&gate->ring, (const unsigned char *)r->bytes[CREDENTIALS]);
}

static void answer(archi_gate_t *gate, const request_t *r, bool yes)
{
    size_t n = r->n[REQUEST] < FRAME_BYTES ? r->n[REQUEST] : FRAME_BYTES;

    if (!yes)
        atomic_fetch_add(&gate->refused, 1);
    zmq_send(gate->socket, "1.0", 3, ZMQ_SNDMORE);
    zmq_send(gate->socket, r->bytes[REQUEST], n, ZMQ_SNDMORE);
    zmq_send(gate->socket, yes ? "200" : "400", 3, ZMQ_SNDMORE);
    zmq_send(gate->socket, "", 0, ZMQ_SNDMORE);
    zmq_send(gate->socket, "", 0, ZMQ_SNDMORE);
    zmq_send(gate->socket, "", 0, 0);
}

static void *serve(void *user)
{
    archi_gate_t *gate = user;
    zmq_pollitem_t item[] = {{gate->socket, 0, ZMQ_POLLIN, 0}, {NULL, gate->stop[0], ZMQ_POLLIN, 0}};
    request_t r;

    for (;;) {
        if (zmq_poll(item, 2, -1) < 0 && errno != EINTR)
            return NULL;
        if (item[1].revents != 0)
            return NULL;
        if (item[0].revents & ZMQ_POLLIN && receive(gate->socket, &r))
            answer(gate, &r, may_come_in(gate, &r));
    }
}

static arch_status_t open_all(void *context, archi_gate_t *gate)
{
    sigset_t all, before;
    int e;

    if (pipe2(gate->stop, O_CLOEXEC) != 0)
        return ARCH_FAIL(ARCH_E_IO, "no pipe: %s", strerror(errno));
    gate->socket = zmq_socket(context, ZMQ_REP);
    if (gate->socket == NULL || zmq_bind(gate->socket, "inproc://zeromq.zap.01") != 0)
        return ARCH_FAIL(ARCH_E_ZMQ, "no gate: %s", zmq_strerror(errno));
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    e = pthread_create(&gate->thread, NULL, serve, gate);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return e == 0 ? ARCH_OK : ARCH_FAIL(ARCH_E_NOMEM, "no thread: %s", strerror(e));
}

static void free_all(archi_gate_t *gate)
{
    if (gate->socket != NULL)
        zmq_close(gate->socket);
    if (gate->stop[0] >= 0)
        close(gate->stop[0]);
    archi_keys_clear_ring(&gate->ring);
    free(gate);
}

arch_status_t archi_gate_open(void *context, archi_key_ring_t *ring, archi_gate_t **out)
{
    archi_gate_t *gate = calloc(1, sizeof *gate);
    arch_status_t st;

    *out = NULL;
    if (gate == NULL) {
        archi_keys_clear_ring(ring);
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a gate");
    }
    gate->ring = *ring;
    gate->stop[0] = gate->stop[1] = -1;
    st = open_all(context, gate);
    if (st == ARCH_OK) {
        *out = gate;
    } else {
        if (gate->stop[1] >= 0)
            close(gate->stop[1]);
        free_all(gate);
    }
    return st;
}

void archi_gate_close(archi_gate_t **at)
{
    archi_gate_t *gate = *at;

    *at = NULL;
    if (gate == NULL)
        return;
    close(gate->stop[1]);
    pthread_join(gate->thread, NULL);
    free_all(gate);
}

uint64_t archi_gate_refused(archi_gate_t *gate) { return gate ? atomic_load(&gate->refused) : 0; }
