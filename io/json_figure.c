/* io/json_figure.c - see json_figure.h. */
#include "io/json_figure.h"
#include <math.h>

void archi_json_put_number(archi_strbuf_t *buf, double x)
{
    if (isfinite(x))
        archi_strbuf_double(buf, x);
    else
        archi_strbuf_add(buf, "null");
}

void archi_json_put_member(archi_strbuf_t *buf, const char *name, double x)
{
    archi_strbuf_printf(buf, "\"%s\": ", name);
    archi_json_put_number(buf, x);
}

void archi_json_put_estimate(archi_strbuf_t *buf, const char *name, arch_estimate_t e)
{
    if (!e.supported) {
        archi_strbuf_printf(buf, "\"%s\": null", name);
        return;
    }
    archi_strbuf_printf(buf, "\"%s\": {", name);
    archi_json_put_member(buf, "value", e.value);
    archi_strbuf_add(buf, ", ");
    archi_json_put_member(buf, "half_width", e.half_width);
    archi_strbuf_add(buf, "}");
}
