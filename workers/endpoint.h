/* workers/endpoint.h - what all sockets of this room need: where they are, and with which keys. */
#ifndef ARCHI_WORKERS_ENDPOINT_H
#define ARCHI_WORKERS_ENDPOINT_H

#include "workers/gate.h"

enum { ARCHI_ENDPOINT_BYTES = 256 };

/* ARCH_E_ARG: it goes over a network, and there are no keys, and nobody said that this is meant. */
arch_status_t archi_endpoint_check(const char *endpoint, const char *key, const char *allowed, bool insecure);

/* Set an option that is a whole number. */
arch_status_t archi_socket_set(void *socket, int option, int value);
arch_status_t archi_socket_bound_messages(void *socket, size_t most); /* a peer that sends more is cut off */

/* The keys of a socket that others connect to; `key` NULL: none. The gate is the context's: the caller closes it, after
 * the socket. */
arch_status_t archi_socket_guard(void *context, void *socket, const char *key, const char *allowed, archi_gate_t **gate);
/* Those of a socket that connects. */
arch_status_t archi_socket_identify(void *socket, const char *key, const char *server_key);

/* Bind, and write where it is to `bound`; `endpoint` NULL: a place without a file, for processes of this user only. */
arch_status_t archi_socket_bind(void *socket, const char *endpoint, char bound[ARCHI_ENDPOINT_BYTES]);
void archi_endpoint_remove(const char *bound); /* the file of an ipc:// endpoint whose socket is closed */
arch_status_t archi_socket_connect(void *socket, const char *endpoint);

#endif
