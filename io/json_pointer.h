/* io/json_pointer.h - values of a JSON tree by pointer (RFC 6901): found, set, removed, and the tree written out again.
 *
 * A change looks at the members of the objects on its way once, and at nothing else of the tree. What could not be done is
 * said in a sentence; the tree is then as it was. */
#ifndef ARCHI_JSON_POINTER_H
#define ARCHI_JSON_POINTER_H

#include "io/json_tree.h"
#include "io/strbuf.h"

enum { ARCHI_POINTER_SAYS = 512 }; /* bytes of a sentence about what is wrong */

/* Where a pointer made a name that was not there: a slip, perhaps. */
typedef struct {
    const archi_json_t *in;   /* the object; NULL: nothing was made */
    const archi_json_t *made; /* the member of it */
    size_t length;            /* of the part of the pointer that leads to `in` */
} archi_made_t;

/* The value at the pointer, or NULL with the reason in `says`: no pointer, or nothing there. */
const archi_json_t *archi_pointer_find(const archi_json_t *root, const char *pointer, char says[ARCHI_POINTER_SAYS]);

/* Put `value`, whose memory lives as long as the tree's, at the pointer: in the place of what is there, or as a new member
 * of an object, whose own parents are made where they are missing, or at the end of an array ("-", or one more than its
 * last index). ARCH_E_ARG with the reason in `says`; ARCH_E_NOMEM. */
arch_status_t archi_pointer_set(archi_tree_t *tree, const char *pointer, archi_json_t *value, archi_made_t *made,
                                char says[ARCHI_POINTER_SAYS]);
/* Take what is at the pointer out of the tree. As above; it is an error when nothing is there. */
arch_status_t archi_pointer_remove(archi_tree_t *tree, const char *pointer, char says[ARCHI_POINTER_SAYS]);

/* The key of `object` that is nearest to `key`, other than that of `but`; NULL when none is near. */
const char *archi_nearest_key(const archi_json_t *object, const char *key, const archi_json_t *but);

/* The value as JSON text, members on lines of their own down to `lines` levels. Equal trees give equal texts. */
void archi_json_write(const archi_json_t *value, int lines, archi_strbuf_t *out);

#endif
