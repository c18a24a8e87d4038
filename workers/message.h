/* workers/message.h - the messages between coordinator and workers, as docs/PROTOCOL.md describes them: what they look
 * like on the wire, and which of them are sound. Nothing that comes from a socket is believed before archi_msg_receive()
 * has looked at it. */
#ifndef ARCHI_WORKERS_MESSAGE_H
#define ARCHI_WORKERS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zmq.h>

enum {
    ARCHI_MSG_VERSION     = 1,
    ARCHI_MSG_HEAD_BYTES  = 40,
    ARCHI_MSG_TEXT_MOST   = 512, /* names and reasons */
    ARCHI_MSG_CREDIT_MOST = 64,  /* jobs that one worker holds */
    ARCHI_MSG_SHARE       = 1000000000, /* a share of 1 */
    ARCHI_MSG_PEER_MOST   = 255  /* bytes of a routing id, ZeroMQ's own bound */
};

typedef enum {
    ARCHI_MSG_HELLO = 1, /* worker: here I am; issue: process id, b: a number of its own; text: its name */
    ARCHI_MSG_WELCOME,   /* coordinator: a: milliseconds between heartbeats, b: after which silence I give you up */
    ARCHI_MSG_CREDIT,    /* worker: a: so many jobs I hold at most */
    ARCHI_MSG_JOB,       /* coordinator: the job of this issue */
    ARCHI_MSG_PROGRESS,  /* worker: a: share done, b: events */
    ARCHI_MSG_RESULT,    /* worker: a: status, b: nanoseconds; the result, or the text of the failure */
    ARCHI_MSG_HEARTBEAT, /* both: I am here */
    ARCHI_MSG_CANCEL,    /* coordinator: the job of this issue is not wanted any more */
    ARCHI_MSG_WHO,       /* coordinator: I do not know you (any more): forget your jobs and say hello */
    ARCHI_MSG_BYE,       /* both: I am leaving; a: why; text: the same in words */
    ARCHI_MSG_N_KINDS
} archi_msg_kind_t;

typedef enum { ARCHI_BYE_DONE, ARCHI_BYE_VERSION, ARCHI_BYE_CROWDED, ARCHI_BYE_N } archi_bye_t;

typedef struct {
    archi_msg_kind_t kind;
    uint64_t session; /* drawn by the coordinator; 0 before the welcome */
    uint64_t issue;   /* of a job: a new one each time that it is handed out */
    uint64_t a, b;
} archi_msg_t;

typedef enum { ARCHI_TO_FARM = 1, ARCHI_TO_WORKER = 2 } archi_msg_way_t;

/* The bounds of what the two sides accept, in bytes. */
typedef struct {
    size_t job_most, result_most;
} archi_msg_bounds_t;

/* Bytes of a head: little endian, whatever the machine. */
void archi_msg_encode(const archi_msg_t *m, unsigned char head[ARCHI_MSG_HEAD_BYTES]);

typedef enum { ARCHI_MSG_SOUND, ARCHI_MSG_MALFORMED, ARCHI_MSG_OTHER_VERSION } archi_msg_look_t;

/* Is this a message that may go this way, with a body of so many bytes? *m is set when it is sound. */
archi_msg_look_t archi_msg_decode(const void *head, size_t head_bytes, size_t body_bytes, archi_msg_way_t way,
                                  const archi_msg_bounds_t *bounds, archi_msg_t *m);

/* A message as it was received. Its memory is used again by the next one. */
typedef struct {
    zmq_msg_t   peer, head_frame, body;
    bool        has_body;
    archi_msg_t head; /* of a sound one */
} archi_letter_t;

void archi_letter_init(archi_letter_t *l);
void archi_letter_fini(archi_letter_t *l);

typedef enum {
    ARCHI_GOT_NOTHING,
    ARCHI_GOT_SOUND,
    ARCHI_GOT_MALFORMED,
    ARCHI_GOT_OTHER_VERSION,
    ARCHI_GOT_ERROR
} archi_got_t;

/* Take the next message off a ROUTER (way ARCHI_TO_FARM) or DEALER socket, without waiting. Of any but ARCHI_GOT_NOTHING
 * and ARCHI_GOT_ERROR the peer is known; all its frames are gone from the socket. errno tells of ARCHI_GOT_ERROR. */
archi_got_t archi_msg_receive(void *socket, archi_msg_way_t way, const archi_msg_bounds_t *bounds, archi_letter_t *l);

/* Send one, without waiting; `peer` NULL on a DEALER. False: it is not on its way: the peer is gone, or takes nothing. */
bool archi_msg_send(void *socket, const void *peer, size_t peer_bytes, const archi_msg_t *m, const void *body, size_t bytes);

/* May a name or a reason hold this text? Printable ASCII, at most ARCHI_MSG_TEXT_MOST bytes. */
bool archi_msg_is_text(const void *text, size_t bytes);

#endif
