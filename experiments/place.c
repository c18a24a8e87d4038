/* experiments/place.c - which place the options ask for. */
#include "experiments/place.h"

arch_status_t archi_place_open(const arch_lab_options_t *options, archi_place_t **out)
{
    return archi_place_threads(options, out);
}
