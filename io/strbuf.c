/* io/strbuf.c - growing text. */
#include "io/strbuf.h"
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void archi_strbuf_fini(archi_strbuf_t *buf)
{
    free(buf->text);
    memset(buf, 0, sizeof *buf);
}

/* Room for `more` bytes and the zero behind them. */
static bool grow(archi_strbuf_t *buf, size_t more)
{
    size_t capacity = buf->capacity == 0 ? 256 : buf->capacity;
    char *text;

    if (buf->drain != NULL && buf->length >= ARCHI_STRBUF_MUCH) {
        buf->drain(buf->user, buf->text, buf->length);
        buf->length = 0;
    }
    if (buf->failed || more >= SIZE_MAX / 2 - buf->length) {
        buf->failed = true;
        return false;
    }
    while (capacity < buf->length + more + 1)
        capacity *= 2;
    if (capacity == buf->capacity)
        return true;
    text = realloc(buf->text, capacity);
    if (text == NULL) {
        buf->failed = true;
        return false;
    }
    buf->text = text;
    buf->capacity = capacity;
    buf->room = buf->drain == NULL || capacity < 2 * ARCHI_STRBUF_MUCH ? capacity : 2 * ARCHI_STRBUF_MUCH;
    return true;
}

void archi_strbuf_add_bytes(archi_strbuf_t *buf, const char *bytes, size_t length)
{
    bool fits = buf->length < buf->room && length < buf->room - buf->length;

    if (!fits && !grow(buf, length))
        return;
    memcpy(buf->text + buf->length, bytes, length);
    buf->length += length;
    buf->text[buf->length] = '\0';
}

void archi_strbuf_add(archi_strbuf_t *buf, const char *text) { archi_strbuf_add_bytes(buf, text, strlen(text)); }

void archi_strbuf_repeat(archi_strbuf_t *buf, char c, size_t times)
{
    if (!grow(buf, times))
        return;
    memset(buf->text + buf->length, c, times);
    buf->length += times;
    buf->text[buf->length] = '\0';
}

void archi_strbuf_printf(archi_strbuf_t *buf, const char *format, ...)
{
    va_list args, again;
    int n;

    va_start(args, format);
    va_copy(again, args);
    n = vsnprintf(NULL, 0, format, args);
    if (n < 0)
        buf->failed = true;
    else if (grow(buf, (size_t)n)) {
        vsnprintf(buf->text + buf->length, (size_t)n + 1, format, again);
        buf->length += (size_t)n;
    }
    va_end(again);
    va_end(args);
}

/* The program around us may have chosen a locale with another decimal point. */
static void add_with_point(archi_strbuf_t *buf, const char *digits)
{
    const char *point = localeconv()->decimal_point;
    const char *at = strcmp(point, ".") == 0 ? NULL : strstr(digits, point);

    if (at == NULL) {
        archi_strbuf_add(buf, digits);
        return;
    }
    archi_strbuf_add_bytes(buf, digits, (size_t)(at - digits));
    archi_strbuf_add(buf, ".");
    archi_strbuf_add(buf, at + strlen(point));
}

static bool add_unless_finite(archi_strbuf_t *buf, double value)
{
    if (isfinite(value))
        return false;
    archi_strbuf_add(buf, isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
    return true;
}

void archi_strbuf_double(archi_strbuf_t *buf, double value)
{
    char digits[64];

    if (add_unless_finite(buf, value))
        return;
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, value);
        if (strtod(digits, NULL) == value)
            break;
    }
    add_with_point(buf, digits);
}

void archi_strbuf_float(archi_strbuf_t *buf, float value)
{
    char digits[64];

    if (add_unless_finite(buf, (double)value))
        return;
    for (int precision = 6; precision <= 9; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, (double)value);
        if (strtof(digits, NULL) == value)
            break;
    }
    add_with_point(buf, digits);
}

void archi_strbuf_json(archi_strbuf_t *buf, const char *text)
{
    archi_strbuf_add(buf, "\"");
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\')
            archi_strbuf_printf(buf, "\\%c", *c);
        else if (*c == '\n')
            archi_strbuf_add(buf, "\\n");
        else if ((unsigned char)*c < 0x20 || *c == 0x7f)
            archi_strbuf_printf(buf, "\\u%04x", (unsigned)(unsigned char)*c);
        else
            archi_strbuf_add_bytes(buf, c, 1);
    }
    archi_strbuf_add(buf, "\"");
}

arch_status_t archi_strbuf_take(archi_strbuf_t *buf, char **text)
{
    bool ok = grow(buf, 0);

    *text = NULL;
    if (!ok) {
        archi_strbuf_fini(buf);
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a text");
    }
    buf->text[buf->length] = '\0';
    *text = buf->text;
    memset(buf, 0, sizeof *buf);
    return ARCH_OK;
}
