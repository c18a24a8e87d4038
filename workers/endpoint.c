/* workers/endpoint.c - see endpoint.h. */
#include "workers/endpoint.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>
#include <zmq.h>

static bool starts(const char *text, const char *with) { return strncmp(text, with, strlen(with)) == 0; }

static bool is_local(const char *endpoint)
{
    return starts(endpoint, "ipc://") || starts(endpoint, "tcp://127.") || starts(endpoint, "tcp://localhost:") ||
           starts(endpoint, "tcp://[::1]:");
}

static arch_status_t failed_on(const char *endpoint, int e)
{
    if (e == EINVAL || e == EPROTONOSUPPORT || e == ENOCOMPATPROTO)
        return ARCH_FAIL(ARCH_E_ARG, "%s: expected an endpoint such as tcp://10.0.0.1:5555 or ipc:///run/farm", endpoint);
    return ARCH_FAIL(ARCH_E_IO, "%s: %s", endpoint, zmq_strerror(e));
}

arch_status_t archi_endpoint_check(const char *endpoint, const char *key, const char *allowed, bool insecure)
{
    if (endpoint != NULL && !starts(endpoint, "tcp://") && !starts(endpoint, "ipc://"))
        return failed_on(endpoint, EPROTONOSUPPORT);
    if ((key == NULL) != (allowed == NULL))
        return ARCH_FAIL(ARCH_E_ARG, "the coordinator's key and the keys that are let in go together");
    if (endpoint != NULL && key == NULL && !insecure && !is_local(endpoint))
        return ARCH_FAIL(ARCH_E_ARG, "%s: goes over a network, so it needs keys (architech keys), or to be called insecure",
                         endpoint);
    return ARCH_OK;
}

arch_status_t archi_socket_set(void *socket, int option, int value)
{
    if (zmq_setsockopt(socket, option, &value, sizeof value) != 0)
        return ARCH_FAIL(ARCH_E_ZMQ, "option %d of a socket: %s", option, zmq_strerror(errno));
    return ARCH_OK;
}

/* Encryption adds a little to each, and its greetings have some hundred bytes. */
arch_status_t archi_socket_bound_messages(void *socket, size_t most)
{
    int64_t bytes = (int64_t)(most > 4096 ? most : 4096) + 64;

    if (zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &bytes, sizeof bytes) != 0)
        return ARCH_FAIL(ARCH_E_ZMQ, "a bound on messages of %zu bytes: %s", most, zmq_strerror(errno));
    return ARCH_OK;
}

arch_status_t archi_socket_guard(void *context, void *socket, const char *key, const char *allowed, archi_gate_t **gate)
{
    archi_key_ring_t ring;
    archi_key_pair_t pair;
    int e;

    if (key == NULL)
        return ARCH_OK;
    ARCH_TRY(archi_keys_read_ring(allowed, &ring));
    ARCH_TRY(archi_gate_open(context, &ring, gate));
    ARCH_TRY(archi_keys_read_pair(key, &pair));
    e = zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, pair.secret, sizeof pair.secret);
    archi_keys_wipe(&pair);
    if (e != 0)
        return ARCH_FAIL(ARCH_E_ZMQ, "keys: %s", zmq_strerror(errno));
    if (zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, "architech", 9) != 0)
        return ARCH_FAIL(ARCH_E_ZMQ, "a domain of keys: %s", zmq_strerror(errno));
    return archi_socket_set(socket, ZMQ_CURVE_SERVER, 1);
}

arch_status_t archi_socket_identify(void *socket, const char *key, const char *server_key)
{
    char server[ARCHI_KEY_CHARS + 1];
    archi_key_pair_t pair;
    bool set;

    if ((key == NULL) != (server_key == NULL))
        return ARCH_FAIL(ARCH_E_ARG, "the own secret key and the coordinator's public one go together");
    if (key == NULL)
        return ARCH_OK;
    ARCH_TRY(archi_keys_read_public(server_key, server));
    ARCH_TRY(archi_keys_read_pair(key, &pair));
    set = zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server, sizeof server) == 0 &&
          zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, pair.open, sizeof pair.open) == 0 &&
          zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, pair.secret, sizeof pair.secret) == 0;
    archi_keys_wipe(&pair);
    return set ? ARCH_OK : ARCH_FAIL(ARCH_E_ZMQ, "keys: %s", zmq_strerror(errno));
}

/* A name of the kernel's own, which ends with its socket; so nothing is left where a coordinator was killed. */
static arch_status_t private_endpoint(void *socket, char out[ARCHI_ENDPOINT_BYTES])
{
    unsigned long long name[2];
    uid_t user = geteuid();

    if (getrandom(name, sizeof name, 0) != (ssize_t)sizeof name)
        return ARCH_FAIL(ARCH_E_IO, "no random numbers: %s", strerror(errno));
    snprintf(out, ARCHI_ENDPOINT_BYTES, "ipc://@architech-%016llx%016llx", name[0], name[1]);
    if (zmq_setsockopt(socket, ZMQ_IPC_FILTER_UID, &user, sizeof user) != 0)
        return ARCH_FAIL(ARCH_E_ZMQ, "ZMQ_IPC_FILTER_UID: %s", zmq_strerror(errno));
    return ARCH_OK;
}

/* ZeroMQ takes the place of whoever listens at a path already; a file that a killed process left is nobody. */
static arch_status_t check_free(const char *endpoint)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    bool taken;
    int s;

    if (!starts(endpoint, "ipc://") || endpoint[6] == '@' || strlen(endpoint + 6) >= sizeof at.sun_path)
        return ARCH_OK;
    snprintf(at.sun_path, sizeof at.sun_path, "%s", endpoint + 6);
    s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    taken = s >= 0 && connect(s, (struct sockaddr *)&at, sizeof at) == 0;
    if (s >= 0)
        close(s);
    return taken ? ARCH_FAIL(ARCH_E_IO, "%s: somebody else listens there", endpoint) : ARCH_OK;
}

/* "tcp://[::ffff:127.0.0.1]:5" is how a socket of both worlds calls tcp://127.0.0.1:5. */
static void say_as_ipv4(char *bound)
{
    static const char mapped[] = "tcp://[::ffff:";
    char *end = starts(bound, mapped) ? strstr(bound, "]:") : NULL;
    const char *address = bound + sizeof mapped - 1;

    if (end == NULL || strspn(address, "0123456789.") != (size_t)(end - address))
        return;
    memmove(bound + sizeof "tcp://" - 1, address, (size_t)(end - address));
    memmove(bound + sizeof "tcp://" - 1 + (end - address), end + 1, strlen(end + 1) + 1);
}

arch_status_t archi_socket_bind(void *socket, const char *endpoint, char bound[ARCHI_ENDPOINT_BYTES])
{
    size_t n = ARCHI_ENDPOINT_BYTES;

    if (endpoint == NULL)
        ARCH_TRY(private_endpoint(socket, bound));
    else if (snprintf(bound, ARCHI_ENDPOINT_BYTES, "%s", endpoint) >= ARCHI_ENDPOINT_BYTES)
        return ARCH_FAIL(ARCH_E_ARG, "%.40s...: an endpoint has at most %d characters", endpoint, ARCHI_ENDPOINT_BYTES - 1);
    ARCH_TRY(archi_socket_set(socket, ZMQ_IPV6, 1));
    ARCH_TRY(check_free(bound));
    if (zmq_bind(socket, bound) != 0)
        return failed_on(bound, errno);
    if (zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, bound, &n) != 0)
        return ARCH_FAIL(ARCH_E_ZMQ, "%s: %s", endpoint ? endpoint : "a private place", zmq_strerror(errno));
    say_as_ipv4(bound);
    return ARCH_OK;
}

void archi_endpoint_remove(const char *bound)
{
    if (starts(bound, "ipc://") && bound[6] != '@' && bound[6] != '\0')
        unlink(bound + 6);
}

arch_status_t archi_socket_connect(void *socket, const char *endpoint)
{
    ARCH_TRY(archi_socket_set(socket, ZMQ_IPV6, 1));
    return zmq_connect(socket, endpoint) == 0 ? ARCH_OK : failed_on(endpoint, errno);
}
