/* workers/message.c - see message.h. */
#include "workers/message.h"
#include <architech/status.h>
#include <errno.h>
#include <string.h>

static const unsigned char magic[4] = {'A', 'R', 'C', 'W'};

enum { OF_JOB = -1, OF_RESULT = -2 };

/* What may be in a message of each kind; docs/PROTOCOL.md has the same table, and unit.workers_message compares them. */
static const struct {
    int      ways;
    bool     issue; /* has one */
    uint64_t a_most, b_most;
    int      body_most;
} rule[ARCHI_MSG_N_KINDS] = {
    [ARCHI_MSG_HELLO]     = {ARCHI_TO_FARM, true, 0, UINT64_MAX, ARCHI_MSG_TEXT_MOST},
    [ARCHI_MSG_WELCOME]   = {ARCHI_TO_WORKER, false, 3600000, 86400000, 0},
    [ARCHI_MSG_CREDIT]    = {ARCHI_TO_FARM, false, ARCHI_MSG_CREDIT_MOST, 0, 0},
    [ARCHI_MSG_JOB]       = {ARCHI_TO_WORKER, true, 0, 0, OF_JOB},
    [ARCHI_MSG_PROGRESS]  = {ARCHI_TO_FARM, true, ARCHI_MSG_SHARE, UINT64_MAX, 0},
    [ARCHI_MSG_RESULT]    = {ARCHI_TO_FARM, true, ARCH_N_STATUS - 1, INT64_MAX, OF_RESULT},
    [ARCHI_MSG_HEARTBEAT] = {ARCHI_TO_FARM | ARCHI_TO_WORKER, false, 0, 0, 0},
    [ARCHI_MSG_CANCEL]    = {ARCHI_TO_WORKER, true, 0, 0, 0},
    [ARCHI_MSG_WHO]       = {ARCHI_TO_WORKER, false, 0, 0, 0},
    [ARCHI_MSG_BYE]       = {ARCHI_TO_FARM | ARCHI_TO_WORKER, false, ARCHI_BYE_N - 1, 0, ARCHI_MSG_TEXT_MOST},
};

static void put(unsigned char *at, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        at[i] = (unsigned char)(value >> (8 * i));
}

static uint64_t get(const unsigned char *at, int bytes)
{
    uint64_t value = 0;

    for (int i = 0; i < bytes; i++)
        value |= (uint64_t)at[i] << (8 * i);
    return value;
}

void archi_msg_encode(const archi_msg_t *m, unsigned char head[ARCHI_MSG_HEAD_BYTES])
{
    memcpy(head, magic, 4);
    put(head + 4, ARCHI_MSG_VERSION, 2);
    put(head + 6, (uint64_t)m->kind, 2);
    put(head + 8, m->session, 8);
    put(head + 16, m->issue, 8);
    put(head + 24, m->a, 8);
    put(head + 32, m->b, 8);
}

bool archi_msg_is_text(const void *text, size_t bytes)
{
    const unsigned char *c = text;

    if (bytes > ARCHI_MSG_TEXT_MOST)
        return false;
    for (size_t i = 0; i < bytes; i++)
        if (c[i] < ' ' || c[i] > '~')
            return false;
    return true;
}

static bool body_fits(archi_msg_kind_t kind, size_t bytes, const archi_msg_bounds_t *bounds)
{
    if (rule[kind].body_most == OF_JOB)
        return bytes <= bounds->job_most;
    if (rule[kind].body_most == OF_RESULT)
        return bytes <= bounds->result_most;
    return bytes <= (size_t)rule[kind].body_most;
}

archi_msg_look_t archi_msg_decode(const void *head, size_t head_bytes, size_t body_bytes, archi_msg_way_t way,
                                  const archi_msg_bounds_t *bounds, archi_msg_t *m)
{
    const unsigned char *h = head;
    uint64_t kind;

    if (head_bytes < 8 || memcmp(h, magic, 4) != 0)
        return ARCHI_MSG_MALFORMED;
    if (get(h + 4, 2) != ARCHI_MSG_VERSION) /* magic and version stay where they are in every version */
        return ARCHI_MSG_OTHER_VERSION;
    kind = get(h + 6, 2);
    if (head_bytes != ARCHI_MSG_HEAD_BYTES || kind == 0 || kind >= ARCHI_MSG_N_KINDS || !(rule[kind].ways & (int)way))
        return ARCHI_MSG_MALFORMED;
    *m = (archi_msg_t){(archi_msg_kind_t)kind, get(h + 8, 8), get(h + 16, 8), get(h + 24, 8), get(h + 32, 8)};
    if ((m->issue != 0) != rule[kind].issue || m->a > rule[kind].a_most || m->b > rule[kind].b_most)
        return ARCHI_MSG_MALFORMED;
    return body_fits(m->kind, body_bytes, bounds) ? ARCHI_MSG_SOUND : ARCHI_MSG_MALFORMED;
}

void archi_letter_init(archi_letter_t *l)
{
    memset(l, 0, sizeof *l);
    zmq_msg_init(&l->peer);
    zmq_msg_init(&l->head_frame);
    zmq_msg_init(&l->body);
}

void archi_letter_fini(archi_letter_t *l)
{
    zmq_msg_close(&l->peer);
    zmq_msg_close(&l->head_frame);
    zmq_msg_close(&l->body);
}

/* The next frame of a message that has begun. Its frames arrive together: there is nothing to wait for. */
static bool next_frame(void *socket, zmq_msg_t *before, zmq_msg_t *into)
{
    return zmq_msg_more(before) && zmq_msg_recv(into, socket, ZMQ_DONTWAIT) >= 0;
}

/* How many frames too many there were. */
static int drain(void *socket, zmq_msg_t *last)
{
    zmq_msg_t extra;
    int n = 0;

    zmq_msg_init(&extra);
    for (zmq_msg_t *m = last; next_frame(socket, m, &extra); m = &extra)
        n++;
    zmq_msg_close(&extra);
    return n;
}

static archi_got_t look(archi_letter_t *l, archi_msg_way_t way, const archi_msg_bounds_t *bounds)
{
    size_t bytes = l->has_body ? zmq_msg_size(&l->body) : 0;
    archi_msg_look_t found = archi_msg_decode(zmq_msg_data(&l->head_frame), zmq_msg_size(&l->head_frame), bytes, way, bounds,
                                              &l->head);
    bool text;

    if (found == ARCHI_MSG_OTHER_VERSION)
        return ARCHI_GOT_OTHER_VERSION;
    if (found != ARCHI_MSG_SOUND)
        return ARCHI_GOT_MALFORMED;
    text = l->head.kind == ARCHI_MSG_HELLO || l->head.kind == ARCHI_MSG_BYE;
    return text && bytes > 0 && !archi_msg_is_text(zmq_msg_data(&l->body), bytes) ? ARCHI_GOT_MALFORMED : ARCHI_GOT_SOUND;
}

archi_got_t archi_msg_receive(void *socket, archi_msg_way_t way, const archi_msg_bounds_t *bounds, archi_letter_t *l)
{
    zmq_msg_t *first = way == ARCHI_TO_FARM ? &l->peer : &l->head_frame;
    int too_many;

    while (zmq_msg_recv(first, socket, ZMQ_DONTWAIT) < 0)
        if (errno != EINTR)
            return errno == EAGAIN ? ARCHI_GOT_NOTHING : ARCHI_GOT_ERROR;
    if (way == ARCHI_TO_FARM && !next_frame(socket, &l->peer, &l->head_frame))
        return ARCHI_GOT_MALFORMED;
    l->has_body = next_frame(socket, &l->head_frame, &l->body);
    too_many = l->has_body ? drain(socket, &l->body) : 0;
    return too_many ? ARCHI_GOT_MALFORMED : look(l, way, bounds);
}

bool archi_msg_send(void *socket, const void *peer, size_t peer_bytes, const archi_msg_t *m, const void *body, size_t bytes)
{
    unsigned char head[ARCHI_MSG_HEAD_BYTES];

    archi_msg_encode(m, head);
    if (peer != NULL && zmq_send(socket, peer, peer_bytes, ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0)
        return false;
    if (zmq_send(socket, head, sizeof head, ZMQ_DONTWAIT | (bytes > 0 ? ZMQ_SNDMORE : 0)) < 0)
        return false;
    return bytes == 0 || zmq_send(socket, body, bytes, ZMQ_DONTWAIT) >= 0;
}
