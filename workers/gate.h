/* workers/gate.h - who may come in: ZeroMQ asks the gate of a context (by ZAP, https://rfc.zeromq.org/spec/27) about
 * every connection that comes with a key, and the gate lets in those of its ring. A thread of its own answers. */
#ifndef ARCHI_WORKERS_GATE_H
#define ARCHI_WORKERS_GATE_H

#include "workers/keys.h"

typedef struct archi_gate archi_gate_t;

/* Guard all sockets of the context that have keys; to be opened before they are bound, and closed when they are closed.
 * Takes the ring over, also when it fails. One per context. */
arch_status_t archi_gate_open(void *context, archi_key_ring_t *ring, archi_gate_t **out);
void archi_gate_close(archi_gate_t **gate); /* sets it to NULL; a NULL is fine */

uint64_t archi_gate_refused(archi_gate_t *gate); /* connections so far; 0 of NULL */

#endif
