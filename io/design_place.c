/* io/design_place.c - where a value stands in a design file, and what is wrong with it. */
#include "io/design_reader.h"
#include "io/design_scan.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_POINTER = 2048, MAX_TEXT = 1024 };

archi_place_t archi_member(const archi_place_t *up, const archi_json_t *node)
{
    archi_place_t p = {up, node->key ? node->key : "", 0, node};

    return p;
}

archi_place_t archi_item(const archi_place_t *up, const archi_json_t *node, uint32_t index)
{
    archi_place_t p = {up, NULL, index, node};

    return p;
}

uint32_t archi_count(const archi_json_t *node)
{
    uint32_t n = 0;

    for (const archi_json_t *c = node ? archi_json_first(node) : NULL; c; c = c->next)
        n++;
    return n;
}

/* ---- memory and pointers ----------------------------------------------------------------------------------------- */

void *archi_reader_alloc(archi_reader_t *r, size_t n, size_t bytes)
{
    void *p = NULL;

    if (r->st == ARCH_OK && n <= SIZE_MAX / 2 / (bytes ? bytes : 1))
        p = arch_design_alloc(r->design, n > 0 ? n * bytes : 1);
    if (!p && r->st == ARCH_OK)
        r->st = ARCH_FAIL(ARCH_E_NOMEM, "no memory for the design");
    return p;
}

const char *archi_reader_copy(archi_reader_t *r, const char *text)
{
    size_t n = strlen(text) + 1;
    char *copy = archi_reader_alloc(r, n, 1);

    if (copy)
        memcpy(copy, text, n);
    return copy ? copy : "";
}

typedef struct {
    char *out;
    size_t n, bytes;
} text_t;

static void put(text_t *t, char c)
{
    if (t->n + 1 < t->bytes)
        t->out[t->n++] = c;
}

/* RFC 6901: '~' is ~0 and '/' is ~1 in a key. */
static void put_key(text_t *t, const char *key)
{
    size_t plain = strcspn(key, "~/");

    if (key[plain] == '\0' && plain < t->bytes - t->n) { /* as nearly all are */
        memcpy(t->out + t->n, key, plain);
        t->n += plain;
        return;
    }
    for (; *key; key++) {
        if (*key == '~' || *key == '/') {
            put(t, '~');
            put(t, *key == '~' ? '0' : '1');
        } else {
            put(t, *key);
        }
    }
}

static void put_index(text_t *t, uint32_t index)
{
    char digits[10], *p = digits + sizeof digits;

    do {
        *--p = (char)('0' + index % 10);
        index /= 10;
    } while (index > 0);
    while (p < digits + sizeof digits)
        put(t, *p++);
}

static void put_place(text_t *t, const archi_place_t *at)
{
    if (!at->up)
        return;
    put_place(t, at->up); /* as deep as the file, which is bounded */
    put(t, '/');
    if (at->key)
        put_key(t, at->key);
    else
        put_index(t, at->index);
}

static void write_pointer(const archi_place_t *at, char *out, size_t bytes)
{
    text_t t = {out, 0, bytes};

    put_place(&t, at);
    while (t.n > 0 && t.n + 1 >= bytes && ((unsigned char)out[t.n - 1] & 0x80))
        t.n--; /* cut short: not inside a character */
    out[t.n] = '\0';
}

const char *archi_pointer(archi_reader_t *r, const archi_place_t *at)
{
    char pointer[MAX_POINTER];

    write_pointer(at, pointer, sizeof pointer);
    return archi_reader_copy(r, pointer);
}

/* ---- problems ---------------------------------------------------------------------------------------------------- */

/* A copy that problems own, with '?' for what is not UTF-8 (a text that was cut, a line of a file); NULL when memory is
 * out. */
static char *own(const char *text)
{
    size_t n = strlen(text), step;
    char *copy = malloc(n + 1);

    if (!copy)
        return NULL;
    memcpy(copy, text, n + 1);
    for (size_t i = 0; i < n; i += step) {
        step = archi_utf8_length((const unsigned char *)copy + i, n - i);
        if (step == 0 || (unsigned char)copy[i] < 0x20) {
            copy[i] = '?';
            step = 1;
        }
    }
    return copy;
}

static bool room_for_problem(archi_reader_t *r)
{
    uint32_t capacity = r->capacity ? 2 * r->capacity : 16;
    archi_found_t *found;

    if (r->n_found < r->capacity)
        return true;
    found = realloc(r->found, capacity * sizeof *found);
    if (!found)
        return false;
    r->found = found;
    r->capacity = capacity;
    return true;
}

/* Enough is listed: the rest is only counted, which costs next to nothing. */
static bool only_counted(archi_reader_t *r)
{
    if (r->n_found < ARCHI_MAX_PROBLEMS)
        return false;
    r->n_unlisted++;
    return true;
}

void archi_problem_at(archi_reader_t *r, const char *pointer, int order, const char *text)
{
    archi_found_t *f;

    if (r->st != ARCH_OK || only_counted(r))
        return;
    if (room_for_problem(r)) {
        f = &r->found[r->n_found];
        f->problem.at = own(pointer);
        f->problem.text = own(text);
        f->order = order;
        f->serial = r->n_found++;
        if (f->problem.at && f->problem.text)
            return;
    }
    r->st = ARCH_FAIL(ARCH_E_NOMEM, "no memory for the list of problems");
}

void archi_problem(archi_reader_t *r, const archi_place_t *at, const char *format, ...)
{
    char pointer[MAX_POINTER], text[MAX_TEXT];
    const archi_place_t *there = at;
    va_list args;

    if (only_counted(r))
        return;
    while (!there->node && there->up)
        there = there->up;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    write_pointer(at, pointer, sizeof pointer);
    archi_problem_at(r, pointer, there->node ? there->node->order : 0, text);
}

/* At most 60 bytes of a text, whole characters only, in quotes. */
static void quote(const char *text, char out[ARCHI_FOUND_BYTES])
{
    size_t length = strlen(text), n = 0, step;

    while (n < length && (step = archi_utf8_length((const unsigned char *)text + n, length - n)) > 0 && n + step <= 60)
        n += step;
    snprintf(out, ARCHI_FOUND_BYTES, "\"%.*s%s\"", (int)n, text, n < length ? "..." : "");
    for (char *c = out; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = ' ';
}

const char *archi_in_words(const archi_json_t *node, char out[ARCHI_FOUND_BYTES])
{
    if (archi_json_is_text(node))
        quote(node->of.text, out);
    else if (archi_json_is_number(node))
        snprintf(out, ARCHI_FOUND_BYTES, "%.15g", node->of.number);
    else
        snprintf(out, ARCHI_FOUND_BYTES, "%s",
                 archi_json_is_object(node)  ? archi_json_first(node) ? "an object" : "an empty object"
                 : archi_json_is_array(node) ? archi_json_first(node) ? "an array" : "an empty array"
                 : archi_json_is_true(node)  ? "true"
                 : archi_json_is_false(node) ? "false"
                 : archi_json_is_null(node)  ? "null"
                                       : "nothing");
    return out;
}

void archi_expected(archi_reader_t *r, const archi_place_t *at, const char *expected)
{
    char found[ARCHI_FOUND_BYTES];

    archi_problem(r, at, "found %s, expected %s", archi_in_words(at->node, found), expected);
}

/* ---- objects and arrays ------------------------------------------------------------------------------------------ */

bool archi_is_object(archi_reader_t *r, const archi_place_t *at, const char *expected)
{
    if (archi_json_is_object(at->node))
        return true;
    archi_expected(r, at, expected);
    return false;
}

bool archi_is_array(archi_reader_t *r, const archi_place_t *at, const char *expected)
{
    if (archi_json_is_array(at->node))
        return true;
    archi_expected(r, at, expected);
    return false;
}

bool archi_required(archi_reader_t *r, const archi_place_t *field, const char *expected)
{
    if (field->node)
        return true;
    archi_problem(r, field->up, "found no \"%s\", expected %s", field->key, expected);
    return false;
}

static void unknown_key(archi_reader_t *r, const archi_place_t *at, const char *const *keys, int n)
{
    const char *near;
    char list[512], key[ARCHI_FOUND_BYTES];
    size_t used = 0;

    if (only_counted(r))
        return;
    near = archi_nearest_word(keys, n, at->key);
    list[0] = '\0';
    for (int i = 0; i < n && used < sizeof list; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", keys[i]);
    quote(at->key, key);
    archi_problem(r, at, "found the unknown key %s, expected %s%s%s%s%s", key,
                  n > 1    ? "one of "
                  : n == 1 ? "only "
                           : "an empty object",
                  list, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

bool archi_fields(archi_reader_t *r, const archi_place_t *at, const char *const *keys, int n, archi_place_t *field)
{
    for (int i = 0; i < n; i++) {
        archi_place_t absent = {at, keys[i], 0, NULL};
        field[i] = absent;
    }
    if (!archi_is_object(r, at, "an object"))
        return false;
    for (const archi_json_t *c = archi_json_first(at->node); c; c = c->next) {
        archi_place_t here = archi_member(at, c);
        int i = 0;
        while (i < n && (keys[i][0] != here.key[0] || strcmp(keys[i], here.key) != 0))
            i++;
        if (i < n)
            field[i].node = c;
        else
            unknown_key(r, &here, keys, n);
    }
    return true;
}
