/* io/design_scan.h - is this text JSON, to the letter? Asked before cJSON, which is lenient, sees a byte of it.
 * RFC 8259, and stricter where leniency hides mistakes: valid UTF-8, no byte order mark, no \u0000, a bounded depth and a
 * bounded number of values. */
#ifndef ARCHI_DESIGN_SCAN_H
#define ARCHI_DESIGN_SCAN_H

#include <stdbool.h>
#include <stddef.h>

enum { ARCHI_MAX_DEPTH = 64, ARCHI_MAX_VALUES = 100000000 };

/* True when the text is sound; else `message` says where it is not, what was found there and what was expected. */
bool archi_scan_json(const char *text, size_t length, char *message, size_t message_bytes);

/* Bytes of the well-formed UTF-8 character that starts at s (at most `left` bytes), 0 when it is not one. */
size_t archi_utf8_length(const unsigned char *s, size_t left);

#endif
