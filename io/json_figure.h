/* io/json_figure.h - figures as members of a JSON object: what is no number, or not supported, is null. */
#ifndef ARCHI_JSON_FIGURE_H
#define ARCHI_JSON_FIGURE_H

#include "io/strbuf.h"
#include <architech/results.h>

void archi_json_put_number(archi_strbuf_t *buf, double x);                               /* 1.5, or null */
void archi_json_put_member(archi_strbuf_t *buf, const char *name, double x);             /* "name": 1.5 */
/* "name": {"value": 1.5, "half_width": 0.1} */
void archi_json_put_estimate(archi_strbuf_t *buf, const char *name, arch_estimate_t e);

#endif
