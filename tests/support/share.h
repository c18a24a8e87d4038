/* support/share.h - how much of a long series of cases is tried. All of it where nobody says otherwise; ARCH_TEST_SHARE is
 * percent: the suite tries two in five in one build, and a smaller sample in the others (see CMakePresets.json). The program
 * itself, or ctest without a preset, tries all. */
#ifndef ARCH_TEST_SHARE_H
#define ARCH_TEST_SHARE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

static inline uint32_t test_share(void)
{
    const char *text = getenv("ARCH_TEST_SHARE");
    unsigned long percent = text == NULL ? 100 : strtoul(text, NULL, 10);

    return percent == 0 ? 1 : percent > 100 ? 100 : (uint32_t)percent;
}

/* So many of n cases, at least one. */
static inline uint32_t share_of(uint32_t n)
{
    uint32_t part = (uint32_t)((uint64_t)n * test_share() / 100);

    return part > 0 ? part : 1;
}

/* Is case i among those that are tried? Case 0 always is; the others fall without a pattern, so that no loop within a loop
 * is left out as a whole. */
static inline bool in_share(uint32_t i)
{
    uint64_t x = (uint64_t)i * 0x9e3779b97f4a7c15u;

    x = (x ^ x >> 32) * 0xd6e8feb86659fd93u;
    return i == 0 || (x >> 33) % 100 < test_share();
}

/* Is this the build that tries most? Only there do runs last as long as it takes to compare their figures with theory. In
 * the others a shorter one takes the same way through the code, and its figures are asked nothing. */
static inline bool test_is_long(void) { return test_share() >= 40; }

#endif
