/* io/plan_words.h - a plan in words: configurations, reasons, the sentence that answers. */
#ifndef ARCHI_PLAN_WORDS_H
#define ARCHI_PLAN_WORDS_H

#include "io/strbuf.h"
#include <architech/plan.h>

/* "app replicas 4, cache"; "as it is" when nothing is used. */
void archi_say_case(archi_strbuf_t *buf, const arch_plan_t *plan, uint32_t c);
/* "web lb/read p95 = 61 ± 2 ms, must be < 50 ms": objective o of a case that was simulated. */
void archi_say_measured(archi_strbuf_t *buf, const arch_plan_t *plan, uint32_t c, uint32_t o);
/* Why a case is what it is. */
void archi_say_reason(archi_strbuf_t *buf, const arch_plan_t *plan, uint32_t c);
/* "4 app replicas and a cache meet all objectives at 95 % confidence for $412 a month; a read replica is not needed." */
void archi_say_answer(archi_strbuf_t *buf, const arch_plan_t *plan);
/* Whether the answer does without a change that others could have. */
bool archi_is_spared(const arch_plan_t *plan, uint32_t change);
/* The case with one option fewer of a change than the answer; ARCH_NONE: there is none. */
uint32_t archi_case_with_less(const arch_plan_t *plan, uint32_t change);

#endif
