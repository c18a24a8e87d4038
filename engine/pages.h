/* engine/pages.h - large pages for large regions: written from end to end, they save most of the faults; read all over the
 * place, most misses of address translation. */
#ifndef ARCHI_PAGES_H
#define ARCHI_PAGES_H

#include <stdint.h>

/* Ask the machine for large pages inside the region; less than two of them is left alone. Advice, which may be refused. */
void archi_pages_large(void *begin, uint64_t bytes);

#endif
