/* io/json_pointer.c - values of a JSON tree by pointer, and the tree written out again. */
#include "io/json_pointer.h"
#include "io/design_reader.h"
#include "io/design_scan.h"
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- words ------------------------------------------------------------------------------------------------------- */

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
static arch_status_t say(char says[ARCHI_POINTER_SAYS], const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(says, ARCHI_POINTER_SAYS, format, args);
    va_end(args);
    return ARCH_E_ARG;
}

const char *archi_nearest_key(const archi_json_t *object, const char *key, const archi_json_t *but)
{
    const char *near = NULL, *pair[2];

    for (const archi_json_t *c = archi_json_is_object(object) ? archi_json_first(object) : NULL; c; c = c->next) {
        if (c == but)
            continue;
        pair[0] = near;
        pair[1] = c->key;
        near = near ? archi_nearest_word(pair, 2, key) : archi_nearest_word(pair + 1, 1, key);
    }
    return near;
}

/* ---- the way ----------------------------------------------------------------------------------------------------- */

/* A pointer being followed. `link` is what points to the value reached: the root's, or the `next` or `child` of another. */
typedef struct {
    const char *pointer;
    size_t length; /* of it, how much has been followed */
    char *token;   /* decoded, the part followed last */
    archi_json_t *parent, **link;
    uint32_t depth;
} way_t;

/* Sound UTF-8 without control characters, parts that begin with '/', every '~' a ~0 or ~1. */
static arch_status_t judge(const char *pointer, char says[ARCHI_POINTER_SAYS])
{
    size_t length = strlen(pointer), depth = 0, step;

    if (*pointer != '\0' && *pointer != '/')
        return say(says, "found the pointer \"%.200s\", expected one that begins with '/' such as /services/app/replicas",
                   pointer);
    for (size_t i = 0; i < length; i += step) {
        step = archi_utf8_length((const unsigned char *)pointer + i, length - i);
        if (step == 0 || (unsigned char)pointer[i] < 0x20)
            return say(says, "found a pointer that is not UTF-8 text, expected one that is");
        if (pointer[i] == '~' && pointer[i + 1] != '0' && pointer[i + 1] != '1')
            return say(says, "found '~' in a pointer, expected ~0 for '~' or ~1 for '/'");
        depth += pointer[i] == '/';
    }
    if (depth >= ARCHI_MAX_DEPTH)
        return say(says, "found a pointer of %zu parts, expected less than %d", depth, ARCHI_MAX_DEPTH);
    return ARCH_OK;
}

static arch_status_t way_begin(way_t *w, archi_json_t **root, const char *pointer, char says[ARCHI_POINTER_SAYS])
{
    arch_status_t st = judge(pointer, says);

    memset(w, 0, sizeof *w);
    w->pointer = pointer;
    w->link = root;
    if (st == ARCH_OK) {
        w->token = malloc(strlen(pointer) + 1);
        st = w->token ? ARCH_OK : ARCH_FAIL(ARCH_E_NOMEM, "no memory for a pointer");
    }
    return st;
}

static bool way_is_over(const way_t *w) { return w->pointer[w->length] == '\0'; }

/* Decode the next part. */
static void next_token(way_t *w)
{
    const char *s = w->pointer + w->length + 1;
    char *to = w->token;

    for (; *s != '\0' && *s != '/'; s++) {
        if (*s == '~')
            *to++ = *++s == '0' ? '~' : '/';
        else
            *to++ = *s;
    }
    *to = '\0';
    w->length = (size_t)(s - w->pointer);
}

/* The element of an array that the token names: its link, or that behind the last for "-" and the count. */
static arch_status_t step_into_array(way_t *w, char says[ARCHI_POINTER_SAYS])
{
    bool end = strcmp(w->token, "-") == 0, whole = *w->token != '\0' && strspn(w->token, "0123456789") == strlen(w->token);
    unsigned long wanted = end ? ULONG_MAX : strtoul(w->token, NULL, 10), i = 0;

    if (!end && (!whole || (w->token[0] == '0' && w->token[1] != '\0')))
        return say(says, "found \"%.100s\" for an element of an array, expected its number from 0 on, or - for a new one",
                   w->token);
    for (; *w->link && i < wanted; i++)
        w->link = &(*w->link)->next;
    if (!*w->link && !end && i < wanted)
        return say(says, "found element %.20s of an array of %lu, expected one that is there, or - for a new one", w->token,
                   i);
    return ARCH_OK;
}

/* One part further: the link of what it names, which points to NULL where there is no such thing (yet). */
static arch_status_t step(way_t *w, char says[ARCHI_POINTER_SAYS])
{
    char found[ARCHI_FOUND_BYTES];
    size_t before = w->length;
    archi_json_t *parent = *w->link;

    next_token(w);
    w->depth++;
    if (!archi_json_is_object(parent) && !archi_json_is_array(parent))
        return say(says, "found %s at %.*s, expected an object or an array with \"%.100s\" in it",
                   archi_in_words(parent, found), (int)(before < 200 ? before : 200), w->pointer, w->token);
    w->parent = parent;
    w->link = &parent->of.child;
    if (archi_json_is_array(parent))
        return step_into_array(w, says);
    while (*w->link && strcmp((*w->link)->key, w->token) != 0)
        w->link = &(*w->link)->next;
    return ARCH_OK;
}

static arch_status_t missing(const way_t *w, size_t before, char says[ARCHI_POINTER_SAYS])
{
    const char *near = archi_nearest_key(w->parent, w->token, NULL);

    return say(says, "found no \"%.100s\" in %.*s%s%.100s%s", w->token,
               before == 0 ? 10 : before < 200 ? (int)before : 200, before == 0 ? "the design" : w->pointer,
               near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

/* All the way to something that is there. */
static arch_status_t go(way_t *w, char says[ARCHI_POINTER_SAYS])
{
    arch_status_t st = ARCH_OK;

    while (st == ARCH_OK && !way_is_over(w)) {
        size_t before = w->length;
        st = step(w, says);
        if (st == ARCH_OK && !*w->link)
            st = missing(w, before, says);
    }
    return st;
}

const archi_json_t *archi_pointer_find(const archi_json_t *root, const char *pointer, char says[ARCHI_POINTER_SAYS])
{
    archi_json_t *start = (archi_json_t *)root; /* only looked at */
    way_t w;
    arch_status_t st = way_begin(&w, &start, pointer, says);

    if (st == ARCH_OK)
        st = go(&w, says);
    else if (st == ARCH_E_NOMEM)
        say(says, "no memory for a pointer");
    free(w.token);
    return st == ARCH_OK ? *w.link : NULL;
}

/* ---- changes ----------------------------------------------------------------------------------------------------- */

/* Put a value where the way has come to, under the token's name. */
static arch_status_t put(archi_tree_t *tree, way_t *w, archi_json_t *value)
{
    archi_json_t *old = *w->link;

    value->key = old ? old->key : NULL;
    value->next = old ? old->next : NULL;
    if (!old && archi_json_is_object(w->parent)) {
        value->key = archi_arena_copy(tree->arena, w->token, strlen(w->token));
        if (!value->key)
            return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the JSON text");
    }
    *w->link = value;
    return ARCH_OK;
}

static arch_status_t put_object(archi_tree_t *tree, way_t *w)
{
    archi_json_t *object = archi_arena_alloc(tree->arena, sizeof *object);

    if (!object)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the JSON text");
    object->type = ARCHI_JSON_OBJECT;
    return put(tree, w, object);
}

/* The rest of a way that ended where something is missing; what is made first is noted. */
static arch_status_t make_way(archi_tree_t *tree, way_t *w, archi_made_t *made, char says[ARCHI_POINTER_SAYS])
{
    size_t before = 0;

    while (!way_is_over(w)) {
        before = w->length;
        ARCH_TRY(step(w, says));
        if (*w->link || way_is_over(w))
            continue;
        ARCH_TRY(put_object(tree, w));
        if (!made->in && archi_json_is_object(w->parent)) {
            made->in = w->parent;
            made->made = *w->link;
            made->length = before;
        }
    }
    return ARCH_OK;
}

/* Nothing is made before it is known that the way can be gone to its end: past what is missing it always can. */
static arch_status_t look_ahead(archi_tree_t *tree, const char *pointer, char says[ARCHI_POINTER_SAYS])
{
    way_t w;
    arch_status_t st = way_begin(&w, &tree->root, pointer, says);

    while (st == ARCH_OK && !way_is_over(&w) && *w.link)
        st = step(&w, says);
    free(w.token);
    return st;
}

arch_status_t archi_pointer_set(archi_tree_t *tree, const char *pointer, archi_json_t *value, archi_made_t *made,
                                char says[ARCHI_POINTER_SAYS])
{
    arch_status_t st = look_ahead(tree, pointer, says);
    way_t w;

    memset(made, 0, sizeof *made);
    if (st != ARCH_OK)
        return st;
    st = way_begin(&w, &tree->root, pointer, says);
    if (st == ARCH_OK)
        st = make_way(tree, &w, made, says);
    if (st == ARCH_OK)
        st = put(tree, &w, value);
    free(w.token);
    return st;
}

arch_status_t archi_pointer_remove(archi_tree_t *tree, const char *pointer, char says[ARCHI_POINTER_SAYS])
{
    way_t w;
    arch_status_t st = *pointer ? way_begin(&w, &tree->root, pointer, says)
                                : say(says, "found a change that removes the whole design, expected one of its values");

    if (*pointer == '\0')
        return st;
    if (st == ARCH_OK)
        st = go(&w, says);
    if (st == ARCH_OK)
        *w.link = (*w.link)->next;
    free(w.token);
    return st;
}

/* ---- written out ------------------------------------------------------------------------------------------------- */

static void write_number(archi_strbuf_t *out, double v)
{
    if (v >= 0.0 && v < 9e15 && v == floor(v))
        archi_strbuf_printf(out, "%llu", (unsigned long long)v);
    else
        archi_strbuf_double(out, v);
}

static void line(archi_strbuf_t *out, int depth)
{
    archi_strbuf_add_bytes(out, "\n", 1);
    archi_strbuf_repeat(out, ' ', 2 * (size_t)depth);
}

static void write_value(const archi_json_t *v, int lines, int depth, archi_strbuf_t *out);

static void write_children(const archi_json_t *v, int lines, int depth, archi_strbuf_t *out)
{
    bool own_lines = depth < lines && archi_json_first(v);

    for (const archi_json_t *c = archi_json_first(v); c; c = c->next) {
        if (own_lines)
            line(out, depth + 1);
        if (archi_json_is_object(v)) {
            archi_strbuf_json(out, c->key);
            archi_strbuf_add_bytes(out, ": ", 2);
        }
        write_value(c, lines, depth + 1, out);
        if (c->next)
            archi_strbuf_add(out, own_lines ? "," : ", ");
    }
    if (own_lines)
        line(out, depth);
}

static void write_value(const archi_json_t *v, int lines, int depth, archi_strbuf_t *out)
{
    switch (v->type) {
    case ARCHI_JSON_NULL:
        archi_strbuf_add(out, "null");
        break;
    case ARCHI_JSON_FALSE:
        archi_strbuf_add(out, "false");
        break;
    case ARCHI_JSON_TRUE:
        archi_strbuf_add(out, "true");
        break;
    case ARCHI_JSON_NUMBER:
        if (isfinite(v->of.number))
            write_number(out, v->of.number);
        else /* 1e999 was written: the reader shall see it again */
            archi_strbuf_add(out, v->of.number > 0 ? "1e999" : "-1e999");
        break;
    case ARCHI_JSON_TEXT:
        archi_strbuf_json(out, v->of.text);
        break;
    case ARCHI_JSON_ARRAY:
    case ARCHI_JSON_OBJECT:
        archi_strbuf_add(out, v->type == ARCHI_JSON_OBJECT ? "{" : "[");
        write_children(v, lines, depth, out);
        archi_strbuf_add(out, v->type == ARCHI_JSON_OBJECT ? "}" : "]");
        break;
    }
}

void archi_json_write(const archi_json_t *value, int lines, archi_strbuf_t *out) { write_value(value, lines, 0, out); }
