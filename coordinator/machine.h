/* coordinator/machine.h - what the machine has: cores, free memory, a name, the time of day. */
#ifndef ARCHI_MACHINE_H
#define ARCHI_MACHINE_H

#include "engine/net.h"
#include <stddef.h>
#include <stdint.h>

uint32_t archi_machine_cores(void);        /* that this process may use, at least 1 */
uint64_t archi_machine_free_bytes(void);   /* memory that can be had without swapping; 0: not known */
/* Collective. A rank's equal share of four fifths of what is free on its machine; 0: not known. */
arch_status_t archi_machine_share(archi_net_t *net, uint64_t *bytes);
void     archi_machine_name(char *out, size_t bytes);
void     archi_machine_now(char out[32]);  /* ISO 8601, UTC */
double   archi_machine_seconds(void);      /* monotonic */

#endif
