/* workers/show.h - say how far something is, to whoever watches: short texts (JSON, see docs/PROTOCOL.md) on a PUB
 * socket. Nobody waits for watchers; one that is too slow misses some. */
#ifndef ARCHI_WORKERS_SHOW_H
#define ARCHI_WORKERS_SHOW_H

#include <architech/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ARCHI_SHOW_BYTES_MOST = 65536 };

typedef struct archi_show archi_show_t;

/* Open an endpoint, as archi_farm_open() does and with the same rules for keys. The caller owns *out. */
arch_status_t archi_show_open(const char *endpoint, const char *key, const char *allowed, bool insecure, archi_show_t **out);
void archi_show_close(archi_show_t **show); /* sets it to NULL; a NULL is fine */

const char *archi_show_endpoint(const archi_show_t *show);
uint64_t archi_show_refused(archi_show_t *show); /* watchers with a key that is not let in */

/* Publish a text of at most ARCHI_SHOW_BYTES_MOST bytes; a longer one is ARCH_E_RANGE. From any thread. */
arch_status_t archi_show_tell(archi_show_t *show, const char *text);

/* ---- the texts ---- */

/* Something that takes long. */
typedef struct {
    const char *name, *worker; /* any text */
    double      seconds, share;
} archi_show_slow_t;

/* How far it is. What is below 0 is not known, and not in the text. */
typedef struct {
    const char *what;  /* "sweep spec.json" */
    double   jobs, done, failed, queued, under_way, workers;
    double   share;    /* of all work, 0 to 1 */
    double   elapsed_s, left_s, jobs_per_s, events, events_per_s;
    bool     ended;    /* this is the last text */
    size_t   n_slow;
    const archi_show_slow_t *slow;
} archi_show_state_t;

/* Write it as JSON; as many of `slow` as there is room for. Answers the bytes without the 0. */
size_t archi_show_text(const archi_show_state_t *state, char *out, size_t bytes);

#endif
