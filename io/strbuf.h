/* io/strbuf.h - text that grows at its end. A failure to grow is kept and answered once, by archi_strbuf_take(). */
#ifndef ARCHI_STRBUF_H
#define ARCHI_STRBUF_H

#include <architech/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    char  *text;
    size_t length, capacity;
    size_t room;                                /* up to here anybody may write without asking */
    bool   failed;
    void (*drain)(void *user, const char *text, size_t length); /* NULL, or takes what is there when there is much */
    void  *user;
} archi_strbuf_t;                               /* zeroed: empty */

enum { ARCHI_STRBUF_MUCH = 1 << 16 };

void archi_strbuf_fini(archi_strbuf_t *buf);    /* back to empty */
void archi_strbuf_add(archi_strbuf_t *buf, const char *text);
void archi_strbuf_add_bytes(archi_strbuf_t *buf, const char *bytes, size_t length);
void archi_strbuf_repeat(archi_strbuf_t *buf, char c, size_t times);
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void archi_strbuf_printf(archi_strbuf_t *buf, const char *format, ...);

/* A double with as many digits as bring it back, '.' in every locale; "nan", "inf" and "-inf" for what is no number. */
void archi_strbuf_double(archi_strbuf_t *buf, double value);
void archi_strbuf_float(archi_strbuf_t *buf, float value);

/* A JSON string with its quotes. */
void archi_strbuf_json(archi_strbuf_t *buf, const char *text);

/* Hands the text to the caller, who frees it with free(), and leaves *buf empty. *text is NULL on ARCH_E_NOMEM. */
arch_status_t archi_strbuf_take(archi_strbuf_t *buf, char **text);

#endif
