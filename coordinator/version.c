/* coordinator/version.c - which library this is. */
#include <architech/version.h>

const char *arch_version(void) { return ARCH_VERSION; }
