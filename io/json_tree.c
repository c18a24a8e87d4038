/* io/json_tree.c - from JSON text that is known to be well-formed to a tree, in one pass and without looking back. */
#include "io/json_tree.h"
#include <locale.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    char *s; /* the next byte; the text is changed behind it */
    arch_arena_t *arena;
    int n_values;
    char point; /* decimal point of the locale around us */
} tree_t;

static archi_json_t *make_value(tree_t *t);

static void skip_space(tree_t *t)
{
    while (*t->s == ' ' || *t->s == '\n' || *t->s == '\r' || *t->s == '\t')
        t->s++;
}

/* ---- strings ----------------------------------------------------------------------------------------------------- */

static uint32_t hex4(const char *s)
{
    uint32_t v = 0;

    for (int k = 0; k < 4; k++)
        v = v * 16 + (uint32_t)(s[k] <= '9' ? s[k] - '0' : (s[k] | 32) - 'a' + 10);
    return v;
}

static char *put_utf8(char *to, uint32_t c)
{
    if (c < 0x80) {
        *to++ = (char)c;
        return to;
    }
    if (c < 0x800) {
        *to++ = (char)(0xc0 | c >> 6);
    } else {
        if (c < 0x10000) {
            *to++ = (char)(0xe0 | c >> 12);
        } else {
            *to++ = (char)(0xf0 | c >> 18);
            *to++ = (char)(0x80 | (c >> 12 & 0x3f));
        }
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
    }
    *to++ = (char)(0x80 | (c & 0x3f));
    return to;
}

/* At a backslash; what it stands for goes to `to`, which never overtakes the place that is read. */
static char *unescape(tree_t *t, char *to)
{
    static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
    uint32_t c;

    if (t->s[1] != 'u') {
        *to++ = into[strchr(from, t->s[1]) - from];
        t->s += 2;
        return to;
    }
    c = hex4(t->s + 2);
    t->s += 6;
    if (c >= 0xd800 && c <= 0xdbff) {
        c = 0x10000 + ((c - 0xd800) << 10) + (hex4(t->s + 2) - 0xdc00);
        t->s += 6;
    }
    return put_utf8(to, c);
}

/* The string at the place, ended with a NUL where its closing quote was or before. */
static char *take_string(tree_t *t)
{
    char *text = ++t->s, *to;

    while (*t->s != '"' && *t->s != '\\') /* most are short: strcspn() would make its table for each */
        t->s++;
    for (to = t->s; *t->s != '"';) {
        if (*t->s == '\\')
            to = unescape(t, to);
        else
            *to++ = *t->s++;
    }
    t->s++;
    *to = '\0';
    return text;
}

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

static char *skip_digits(char *s, uint64_t *whole)
{
    for (; *s >= '0' && *s <= '9'; s++)
        *whole = *whole * 10 + (uint64_t)(*s - '0');
    return s;
}

/* Up to 15 digits, a point among them or not, are a whole number and a power of ten that both are doubles exactly, and so is
 * the double nearest to their quotient (Clinger 1990). Whatever else there is, is strtod()'s. */
static double take_number(tree_t *t)
{
    static const double ten_to[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    char *begin = t->s, *point, *end;
    uint64_t whole = 0;
    double v;

    end = point = skip_digits(begin + (*begin == '-'), &whole);
    if (*point == '.')
        end = skip_digits(point + 1, &whole);
    if (end - begin - (end > point) <= 15 && (*end | 32) != 'e' && *begin != '-') {
        t->s = end;
        return end > point ? (double)whole / ten_to[end - point - 1] : (double)whole;
    }
    if (*point == '.')
        *point = t->point;
    v = strtod(begin, &end);
    t->s = end;
    return v;
}

/* ---- values ------------------------------------------------------------------------------------------------------ */

/* An object or an array: `close` tells which. Recursion is as deep as the file, which is bounded. */
static bool take_children(tree_t *t, archi_json_t *parent, archi_json_type_t type)
{
    const char close = type == ARCHI_JSON_OBJECT ? '}' : ']';
    archi_json_t **link = &parent->of.child;

    parent->type = type;
    t->s++;
    for (skip_space(t); *t->s != close; skip_space(t)) {
        const char *key = NULL;
        if (*t->s == ',') {
            t->s++;
            skip_space(t);
        }
        if (type == ARCHI_JSON_OBJECT) {
            key = take_string(t);
            skip_space(t);
            t->s++; /* the colon */
        }
        *link = make_value(t);
        if (*link == NULL)
            return false;
        (*link)->key = key;
        link = &(*link)->next;
    }
    t->s++;
    return true;
}

static void take_word(tree_t *t, archi_json_t *node, archi_json_type_t type, size_t length)
{
    node->type = type;
    t->s += length;
}

static bool fill(tree_t *t, archi_json_t *node)
{
    switch (*t->s) {
    case '{':
        return take_children(t, node, ARCHI_JSON_OBJECT);
    case '[':
        return take_children(t, node, ARCHI_JSON_ARRAY);
    case '"':
        node->type = ARCHI_JSON_TEXT;
        node->of.text = take_string(t);
        break;
    case 't':
        take_word(t, node, ARCHI_JSON_TRUE, 4);
        break;
    case 'f':
        take_word(t, node, ARCHI_JSON_FALSE, 5);
        break;
    case 'n':
        take_word(t, node, ARCHI_JSON_NULL, 4);
        break;
    default:
        node->type = ARCHI_JSON_NUMBER;
        node->of.number = take_number(t);
    }
    return true;
}

static archi_json_t *make_value(tree_t *t)
{
    archi_json_t *node = archi_arena_alloc(t->arena, sizeof *node); /* zeroed */

    skip_space(t);
    if (node == NULL)
        return NULL;
    node->order = t->n_values++;
    return fill(t, node) ? node : NULL;
}

arch_status_t archi_tree_make_in(char *text, archi_tree_t *out)
{
    tree_t t = {text, NULL, 0, localeconv()->decimal_point[0]};

    memset(out, 0, sizeof *out);
    out->arena = t.arena = archi_arena_create();
    if (t.arena != NULL)
        out->root = make_value(&t);
    return out->root != NULL ? ARCH_OK : ARCH_FAIL(ARCH_E_NOMEM, "no memory for the JSON text");
}

arch_status_t archi_tree_make(const char *text, size_t length, archi_tree_t *out)
{
    char *copy = malloc(length + 1);
    arch_status_t st;

    memset(out, 0, sizeof *out);
    if (copy == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the JSON text");
    memcpy(copy, text, length);
    copy[length] = '\0';
    st = archi_tree_make_in(copy, out);
    out->text = copy;
    return st;
}

void archi_tree_free(archi_tree_t *tree)
{
    archi_arena_destroy(&tree->arena);
    free(tree->text);
    memset(tree, 0, sizeof *tree);
}

const archi_json_t *archi_json_member(const archi_json_t *object, const char *key)
{
    const archi_json_t *c = archi_json_is_object(object) ? object->of.child : NULL;

    while (c != NULL && strcmp(c->key, key) != 0)
        c = c->next;
    return c;
}
