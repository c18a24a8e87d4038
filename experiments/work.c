/* experiments/work.c - jobs as bytes: magic, first and number of replications (least byte first), then the design's text. */
#include "experiments/work.h"
#include <architech/samples.h>
#include <stdlib.h>
#include <string.h>

static const char magic[8] = {'A', 'R', 'C', 'H', 'J', 'O', 'B', '1'};
enum { HEAD = sizeof magic + 8 };

static void put32(unsigned char *at, uint32_t x)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(x >> (8 * i));
}

static uint32_t get32(const unsigned char *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

arch_status_t archi_work_make(const char *text, size_t length, uint32_t first, uint32_t n, void **bytes, size_t *size)
{
    unsigned char *b = malloc(HEAD + length);

    *bytes = b;
    *size = HEAD + length;
    if (b == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a job of %zu bytes", *size);
    memcpy(b, magic, sizeof magic);
    put32(b + sizeof magic, first);
    put32(b + sizeof magic + 4, n);
    memcpy(b + HEAD, text, length);
    return ARCH_OK;
}

arch_status_t archi_work_read(const void *bytes, size_t size, arch_design_t **design)
{
    const unsigned char *b = bytes;
    arch_problems_t problems = {0, NULL};
    arch_status_t st;

    if (size < HEAD || memcmp(b, magic, sizeof magic) != 0)
        return ARCH_FAIL(ARCH_E_FORMAT, "these bytes are no job");
    st = arch_design_parse("job", NULL, (const char *)b + HEAD, size - HEAD, design, &problems);
    if (st == ARCH_E_FORMAT && problems.n > 0)
        st = ARCH_FAIL(ARCH_E_FORMAT, "%s: %s", problems.problem[0].at, problems.problem[0].text);
    arch_problems_clear(&problems);
    return st;
}

arch_status_t archi_work_range(const void *bytes, size_t size, uint32_t *first, uint32_t *n)
{
    const unsigned char *b = bytes;

    if (size < HEAD)
        return ARCH_FAIL(ARCH_E_FORMAT, "these bytes are no job");
    *first = get32(b + sizeof magic);
    *n = get32(b + sizeof magic + 4);
    return ARCH_OK;
}

arch_status_t archi_work_do(const void *bytes, size_t size, const arch_run_options_t *options, void **answer, size_t *n)
{
    const unsigned char *b = bytes;
    arch_design_t *design = NULL;
    arch_samples_t *samples = NULL;
    arch_status_t st = ARCH_OK;

    *answer = NULL;
    *n = 0;
    ARCH_TRY_TO(done, archi_work_read(b, size, &design));
    ARCH_TRY_TO(done, arch_run_samples(design, options, get32(b + sizeof magic), get32(b + sizeof magic + 4), &samples));
    if (samples != NULL) /* NULL: not rank 0 */
        ARCH_TRY_TO(done, arch_samples_pack(samples, answer, n));
done:
    arch_samples_destroy(&samples);
    arch_design_destroy(&design);
    return st;
}
