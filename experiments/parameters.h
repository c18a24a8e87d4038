/* experiments/parameters.h - the numbers of a design that somebody measured or guessed: one walk names them and changes
 * them, always in the same order. */
#ifndef ARCHI_PARAMETERS_H
#define ARCHI_PARAMETERS_H

#include <architech/design.h>

enum { ARCHI_PARAMETER_NAME = 320 };

/* One of them: exactly one of the pointers is set, into the design. */
typedef struct {
    char name[ARCHI_PARAMETER_NAME]; /* JSON pointer */
    arch_dist_t *dist;               /* times, counts */
    arch_time_t *time;
    double *number;                  /* rates, shares, exponents */
    double most;                     /* of number */
    arch_workload_t *profile;        /* its rates */
} archi_parameter_t;

/* Call for each, in the order of the design. A status that is not ARCH_OK ends the walk and is answered. */
arch_status_t archi_parameters_each(arch_design_t *design,
                                    arch_status_t (*each)(void *user, uint32_t index, const archi_parameter_t *parameter),
                                    void *user);

/* Multiply it. */
void archi_parameter_scale(const archi_parameter_t *parameter, double factor);
/* "1 ms", "800/s", "0.9": as it stands, for people; times are means. */
void archi_parameter_say(const arch_design_t *design, const archi_parameter_t *parameter, char *out, size_t bytes);

#endif
