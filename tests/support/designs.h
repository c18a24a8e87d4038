/* support/designs.h - designs for tests: from text, from a file, changed. What is not sound ends the test, told why. */
#ifndef ARCH_TEST_DESIGNS_H
#define ARCH_TEST_DESIGNS_H

#include <architech/design.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline arch_design_t *sound_design(arch_status_t st, arch_design_t *design, arch_problems_t *problems)
{
    if (st != ARCH_OK) {
        fprintf(stderr, "%s\n", arch_error_text());
        for (uint32_t i = 0; i < problems->n; i++)
            fprintf(stderr, "%s: %s\n", problems->problem[i].at, problems->problem[i].text);
        abort();
    }
    arch_problems_clear(problems);
    return design;
}

/* Files that it names are looked for in `folder`. */
static inline arch_design_t *design_of_text(const char *folder, const char *text)
{
    arch_problems_t problems = {0, NULL};
    arch_design_t *design = NULL;
    arch_status_t st = arch_design_parse("test", folder, text, strlen(text), &design, &problems);

    return sound_design(st, design, &problems);
}

static inline arch_design_t *design_of_file(const char *path)
{
    arch_problems_t problems = {0, NULL};
    arch_design_t *design = NULL;
    arch_status_t st = arch_design_read(path, &design, &problems);

    return sound_design(st, design, &problems);
}

static inline arch_design_t *design_with(const arch_design_t *design, const char *pointer, const char *value)
{
    arch_change_t change = {pointer, value};
    arch_problems_t problems = {0, NULL};
    arch_design_t *changed = NULL;
    arch_status_t st = arch_design_change(design, &change, 1, &changed, &problems);

    return sound_design(st, changed, &problems);
}

#endif
