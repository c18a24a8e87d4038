/* io/results_number.h - figures as people read them: scaled units, and no digit that the confidence interval does not
 * carry. The half width has one significant digit, two when the first is a 1; the value ends where it ends, and after
 * four significant digits at the latest. */
#ifndef ARCHI_RESULTS_NUMBER_H
#define ARCHI_RESULTS_NUMBER_H

#include <architech/results.h>

typedef enum {
    ARCHI_AS_TIME,   /* ns; shown in ns, us, ms or s */
    ARCHI_AS_NUMBER, /* as it is, or in millions */
    ARCHI_AS_LEVEL,  /* the same with at most three decimals: how busy, how many waiting */
    ARCHI_AS_PERCENT /* of a share 0..1 */
} archi_look_t;

enum { ARCHI_SHOWN_BYTES = 96 };

/* "6.41 ± 0.05 ms"; "6.41 ms" without a half width or with none to speak of; "-" when the data cannot say. `tight`: no
 * blanks around the sign, and one digit less at most. */
void archi_show_estimate(const arch_estimate_t *estimate, archi_look_t look, bool tight, char out[ARCHI_SHOWN_BYTES]);
/* "1.2–1.4 ms", or one value when both look the same. */
void archi_show_range(double low, double high, archi_look_t look, char out[ARCHI_SHOWN_BYTES]);
/* Three significant digits. */
void archi_show_value(double value, archi_look_t look, char out[ARCHI_SHOWN_BYTES]);
/* As a person wrote it: up to six significant digits, no zeros at the end. */
void archi_show_setting(double value, archi_look_t look, char out[ARCHI_SHOWN_BYTES]);
/* "99,980" */
void archi_show_count(uint64_t count, char out[ARCHI_SHOWN_BYTES]);

#endif
