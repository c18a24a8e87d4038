/* io/arena.h - memory that is given out piece by piece and returned as a whole; owner of designs, results and cuts. */
#ifndef ARCHI_ARENA_H
#define ARCHI_ARENA_H

#include <architech/design.h>

arch_arena_t *archi_arena_create(void);                          /* NULL when memory is out */
void         *archi_arena_alloc(arch_arena_t *arena, size_t bytes); /* zeroed, aligned to 16; a piece of its own even
                                                                       for 0 bytes; NULL when memory is out */
char         *archi_arena_copy(arch_arena_t *arena, const char *text, size_t length); /* with a zero byte at its end */
void          archi_arena_destroy(arch_arena_t **arena);         /* sets *arena to NULL; NULL and *NULL are fine */

#endif
