/* io/design_scan.c - the strict reading of JSON that precedes the tree: a recursive descent that builds nothing. */
#include "io/design_scan.h"
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    const unsigned char *s;
    size_t length, i; /* i: the next byte */
    size_t n_values;
    int depth;
    const char *expected; /* set at the first error, with i left at its place */
    const char *found;    /* in words, or NULL: the byte at i */
} scan_t;

static bool scan_value(scan_t *t);

/* Unicode, table 3-7: well-formed byte sequences. */
size_t archi_utf8_length(const unsigned char *s, size_t left)
{
    unsigned char low = 0x80, high = 0xbf;
    size_t n;

    if (left == 0)
        return 0;
    if (s[0] < 0x80)
        return 1;
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;
    n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (s[0] == 0xe0)
        low = 0xa0;
    if (s[0] == 0xed)
        high = 0x9f;
    if (s[0] == 0xf0)
        low = 0x90;
    if (s[0] == 0xf4)
        high = 0x8f;
    if (left < n || s[1] < low || s[1] > high)
        return 0;
    for (size_t k = 2; k < n; k++)
        if (s[k] < 0x80 || s[k] > 0xbf)
            return 0;
    return n;
}

static bool fail(scan_t *t, const char *found, const char *expected)
{
    t->found = found;
    t->expected = expected;
    return false;
}

/* The byte at the place, or -1 at the end of the text. */
static int peek(const scan_t *t) { return t->i < t->length ? t->s[t->i] : -1; }

static void skip_space(scan_t *t)
{
    while (t->i < t->length && (t->s[t->i] == ' ' || t->s[t->i] == '\n' || t->s[t->i] == '\r' || t->s[t->i] == '\t'))
        t->i++;
}

static bool scan_digits(scan_t *t)
{
    if (peek(t) < '0' || peek(t) > '9')
        return fail(t, NULL, "a digit");
    while (peek(t) >= '0' && peek(t) <= '9')
        t->i++;
    return true;
}

static bool scan_number(scan_t *t)
{
    if (peek(t) == '-')
        t->i++;
    if (peek(t) == '0') {
        t->i++;
        if (peek(t) >= '0' && peek(t) <= '9')
            return fail(t, "a digit after a leading zero", "a number without leading zeros");
    } else if (!scan_digits(t)) {
        return false;
    }
    if (peek(t) == '.') {
        t->i++;
        if (!scan_digits(t))
            return false;
    }
    if (peek(t) == 'e' || peek(t) == 'E') {
        t->i++;
        if (peek(t) == '+' || peek(t) == '-')
            t->i++;
        return scan_digits(t);
    }
    return true;
}

/* Four hexadecimal digits, or -1. */
static int32_t hex4(scan_t *t)
{
    int32_t v = 0;

    for (int k = 0; k < 4; k++, t->i++) {
        int c = peek(t);
        if (c >= '0' && c <= '9')
            v = v * 16 + (c - '0');
        else if ((c | 32) >= 'a' && (c | 32) <= 'f')
            v = v * 16 + ((c | 32) - 'a' + 10);
        else
            return -1;
    }
    return v;
}

/* After "\u": one code unit, or a surrogate pair. U+0000 would cut C strings short. */
static bool scan_unicode_escape(scan_t *t)
{
    int32_t unit = hex4(t), second;

    if (unit < 0)
        return fail(t, NULL, "four hexadecimal digits after \\u");
    if (unit == 0)
        return fail(t, "\\u0000", "text without NUL characters");
    if (unit >= 0xdc00 && unit <= 0xdfff)
        return fail(t, "the second half of a surrogate pair", "its first half before it");
    if (unit < 0xd800 || unit > 0xdbff)
        return true;
    if (t->i + 1 >= t->length || t->s[t->i] != '\\' || t->s[t->i + 1] != 'u')
        return fail(t, NULL, "the second half of a surrogate pair");
    t->i += 2;
    second = hex4(t);
    if (second < 0xdc00 || second > 0xdfff)
        return fail(t, NULL, "the second half of a surrogate pair");
    return true;
}

static bool scan_escape(scan_t *t)
{
    int c;

    t->i++; /* the backslash */
    c = peek(t);
    if (c == 'u') {
        t->i++;
        return scan_unicode_escape(t);
    }
    if (c <= 0 || !strchr("\"\\/bfnrt", c))
        return fail(t, NULL, "an escape: one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u");
    t->i++;
    return true;
}

/* Past what stands for itself: ASCII but quotes, backslashes and control characters. */
static void skip_plain(scan_t *t)
{
    const unsigned char *s = t->s + t->i, *end = t->s + t->length;

    while (s < end && *s >= 0x20 && *s < 0x80 && *s != '"' && *s != '\\')
        s++;
    t->i = (size_t)(s - t->s);
}

static bool scan_string(scan_t *t)
{
    size_t n;

    if (peek(t) != '"')
        return fail(t, NULL, "a string in double quotes");
    t->i++;
    for (skip_plain(t); peek(t) != '"'; skip_plain(t)) {
        if (peek(t) < 0)
            return fail(t, NULL, "the closing quote of a string");
        if (peek(t) == '\\') {
            if (!scan_escape(t))
                return false;
            continue;
        }
        if (peek(t) < 0x20)
            return fail(t, NULL, "text without raw control characters (a line break is \\n)");
        n = archi_utf8_length(t->s + t->i, t->length - t->i);
        if (n == 0)
            return fail(t, "a byte that is not UTF-8", "UTF-8 text");
        t->i += n;
    }
    t->i++;
    return true;
}

static bool scan_word(scan_t *t, const char *word)
{
    size_t n = strlen(word);

    if (t->length - t->i < n || memcmp(t->s + t->i, word, n) != 0)
        return fail(t, NULL, "a value: an object, an array, a string, a number, true, false or null");
    t->i += n;
    return true;
}

static bool scan_member(scan_t *t)
{
    if (peek(t) != '"')
        return fail(t, NULL, "a key in double quotes");
    if (!scan_string(t))
        return false;
    skip_space(t);
    if (peek(t) != ':')
        return fail(t, NULL, "':' after a key");
    t->i++;
    return scan_value(t);
}

/* An object or an array: `close` tells which. */
static bool scan_container(scan_t *t, int close)
{
    const char *expected = close == '}' ? "',' or '}'" : "',' or ']'";

    if (++t->depth > ARCHI_MAX_DEPTH)
        return fail(t, "a 65th level of nesting", "at most 64 levels");
    t->i++;
    skip_space(t);
    if (peek(t) == close) {
        t->i++;
        t->depth--;
        return true;
    }
    for (;;) {
        skip_space(t);
        if (!(close == '}' ? scan_member(t) : scan_value(t)))
            return false;
        skip_space(t);
        if (peek(t) == close)
            break;
        if (peek(t) != ',')
            return fail(t, NULL, expected);
        t->i++;
    }
    t->i++;
    t->depth--;
    return true;
}

static bool scan_value(scan_t *t)
{
    int c;

    skip_space(t);
    if (++t->n_values > ARCHI_MAX_VALUES)
        return fail(t, "more than 100000000 values", "a smaller file");
    c = peek(t);
    switch (c) {
    case '{':
        return scan_container(t, '}');
    case '[':
        return scan_container(t, ']');
    case '"':
        return scan_string(t);
    case 't':
        return scan_word(t, "true");
    case 'f':
        return scan_word(t, "false");
    case 'n':
        return scan_word(t, "null");
    default:
        if (c == '-' || (c >= '0' && c <= '9'))
            return scan_number(t);
        return fail(t, NULL, "a value: an object, an array, a string, a number, true, false or null");
    }
}

static bool scan_text(scan_t *t)
{
    if (t->length >= 2 && ((t->s[0] == 0xff && t->s[1] == 0xfe) || (t->s[0] == 0xfe && t->s[1] == 0xff)))
        return fail(t, "UTF-16 text", "UTF-8 text");
    if (t->length >= 3 && memcmp(t->s, "\xef\xbb\xbf", 3) == 0)
        return fail(t, "a byte order mark", "UTF-8 text without one");
    if (!scan_value(t))
        return false;
    skip_space(t);
    if (t->i < t->length)
        return fail(t, NULL, "the end of the file after the closing brace");
    return true;
}

/* What stands at the place, in words. */
static void name_found(const scan_t *t, char *out, size_t bytes)
{
    size_t n = archi_utf8_length(t->s + t->i, t->length - t->i);

    if (t->found)
        snprintf(out, bytes, "%s", t->found);
    else if (t->i >= t->length)
        snprintf(out, bytes, "the end of the file");
    else if (n == 0)
        snprintf(out, bytes, "a byte that is not UTF-8");
    else if (t->s[t->i] < 0x20 || t->s[t->i] == 0x7f)
        snprintf(out, bytes, "the control character 0x%02x", t->s[t->i]);
    else
        snprintf(out, bytes, "'%.*s'", (int)n, (const char *)t->s + t->i);
}

static void say(const scan_t *t, char *message, size_t message_bytes)
{
    size_t line = 1, column = 1;
    char found[64];

    for (size_t k = 0; k < t->i && k < t->length; k++) {
        column = t->s[k] == '\n' ? 1 : column + ((t->s[k] & 0xc0) != 0x80);
        line += t->s[k] == '\n';
    }
    name_found(t, found, sizeof found);
    snprintf(message, message_bytes, "line %zu, column %zu: found %s, expected %s", line, column, found, t->expected);
}

bool archi_scan_json(const char *text, size_t length, char *message, size_t message_bytes)
{
    scan_t t = {(const unsigned char *)text, length, 0, 0, 0, NULL, NULL};

    if (scan_text(&t))
        return true;
    say(&t, message, message_bytes);
    return false;
}
