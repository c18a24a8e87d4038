/* io/json_tree.h - the tree of a design's JSON text. A design of a million elements has tens of millions of values: a node
 * is 32 bytes in an arena, where cJSON's takes 64 and two or three allocations more; texts lie in one copy of the file. */
#ifndef ARCHI_JSON_TREE_H
#define ARCHI_JSON_TREE_H

#include "io/arena.h"
#include <architech/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    ARCHI_JSON_NULL,
    ARCHI_JSON_FALSE,
    ARCHI_JSON_TRUE,
    ARCHI_JSON_NUMBER,
    ARCHI_JSON_TEXT,
    ARCHI_JSON_ARRAY,
    ARCHI_JSON_OBJECT
} archi_json_type_t;

typedef struct archi_json archi_json_t;

struct archi_json {
    archi_json_t *next; /* in its array or object */
    const char *key;    /* in an object */
    union {
        archi_json_t *child; /* ARRAY, OBJECT: the first */
        const char *text;    /* TEXT */
        double number;       /* NUMBER */
    } of;
    int order; /* its number in the file, from 0 */
    archi_json_type_t type;
};

typedef struct {
    archi_json_t *root;
    char *text;          /* what texts and keys point into; NULL: somebody else's */
    arch_arena_t *arena; /* of the nodes */
} archi_tree_t;

/* The tree of a text that archi_scan_json() has passed. The caller owns *out (archi_tree_free), also on ARCH_E_NOMEM. */
arch_status_t archi_tree_make(const char *text, size_t length, archi_tree_t *out);
/* The same over a text that ends with a NUL and may be changed; it outlives the tree. */
arch_status_t archi_tree_make_in(char *text, archi_tree_t *out);
void archi_tree_free(archi_tree_t *tree);

/* Of no node nothing is true. */
static inline bool archi_json_is(const archi_json_t *n, archi_json_type_t type) { return n != NULL && n->type == type; }
static inline bool archi_json_is_null(const archi_json_t *n) { return archi_json_is(n, ARCHI_JSON_NULL); }
static inline bool archi_json_is_false(const archi_json_t *n) { return archi_json_is(n, ARCHI_JSON_FALSE); }
static inline bool archi_json_is_true(const archi_json_t *n) { return archi_json_is(n, ARCHI_JSON_TRUE); }
static inline bool archi_json_is_number(const archi_json_t *n) { return archi_json_is(n, ARCHI_JSON_NUMBER); }
static inline bool archi_json_is_text(const archi_json_t *n) { return archi_json_is(n, ARCHI_JSON_TEXT); }
static inline bool archi_json_is_array(const archi_json_t *n) { return archi_json_is(n, ARCHI_JSON_ARRAY); }
static inline bool archi_json_is_object(const archi_json_t *n) { return archi_json_is(n, ARCHI_JSON_OBJECT); }
static inline bool archi_json_is_bool(const archi_json_t *n) { return archi_json_is_true(n) || archi_json_is_false(n); }

/* The first of an array or object; NULL: it is empty, or something else. */
static inline archi_json_t *archi_json_first(const archi_json_t *n)
{
    return archi_json_is_array(n) || archi_json_is_object(n) ? n->of.child : NULL;
}

/* The first member of that key, or NULL. */
const archi_json_t *archi_json_member(const archi_json_t *object, const char *key);

#endif
