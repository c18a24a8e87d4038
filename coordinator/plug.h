/* coordinator/plug.h - a design compiled with the policies that a program plugs in. */
#ifndef ARCHI_COORDINATOR_PLUG_H
#define ARCHI_COORDINATOR_PLUG_H

#include "model/model.h"
#include <architech/policy.h>

/* archi_plan_compile(), with policy[0..n) asked where they belong; they stay where they are as long as the plan. ARCH_E_ARG,
 * ARCH_E_NOTFOUND with the nearest name. */
arch_status_t archi_plan_compile_plugged(const arch_design_t *design, const arch_policy_t *policy, uint32_t n,
                                         archi_plan_t **out);

#endif
