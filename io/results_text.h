/* io/results_text.h - the parts of the report for a terminal. */
#ifndef ARCHI_RESULTS_TEXT_H
#define ARCHI_RESULTS_TEXT_H

#include "io/results_grid.h"
#include "io/results_number.h"

/* One report being written. */
typedef struct {
    const arch_results_t *results;
    archi_strbuf_t        buf;
    arch_arena_t         *arena; /* of everything in between */
    size_t                width;
    bool                  colour;
} archi_report_t;

/* "- sentence" wrapped to the width, with the lines after the first indented by the columns of `lead`. */
void archi_report_wrap(archi_report_t *report, const char *lead, archi_ink_t ink, const char *text);

void archi_report_components(archi_report_t *report);
void archi_report_objectives(archi_report_t *report);
void archi_report_engine(archi_report_t *report);

#endif
