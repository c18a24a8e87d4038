/* workers/watch.h - watch what somebody shows (workers/show.h). */
#ifndef ARCHI_WORKERS_WATCH_H
#define ARCHI_WORKERS_WATCH_H

#include <architech/status.h>
#include <stdbool.h>

typedef struct archi_watch archi_watch_t;

/* Connect to an endpoint; `key` and `server_key` as archi_worker_options_t has them. That nobody is there is no failure:
 * it may come. The caller owns *out. */
arch_status_t archi_watch_open(const char *endpoint, const char *key, const char *server_key, archi_watch_t **out);
void archi_watch_close(archi_watch_t **watch); /* sets it to NULL; a NULL is fine */

/* The newest text there is, or the next one within so many milliseconds: the caller's (free()); NULL: there was none. It
 * may be anything: whoever shows it is not to be trusted. ARCH_E_PEER: the other side does not take the key. */
arch_status_t archi_watch_next(archi_watch_t *watch, int milliseconds, char **text);

/* Was somebody there who is not there any more? As of the last call of archi_watch_next(). Who comes back is there again. */
bool archi_watch_gone(const archi_watch_t *watch);

#endif
