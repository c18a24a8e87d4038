/* io/samples.c - samples are made, joined and given back. */
#include "io/samples.h"
#include <stdlib.h>
#include <string.h>

arch_sample_t *archi_sample_make(uint32_t n_operations, uint32_t n_components, const uint32_t *n_buckets)
{
    size_t bytes = sizeof(arch_sample_t) + (size_t)n_operations * sizeof(arch_operation_sample_t) +
                   (size_t)n_components * sizeof(arch_component_sample_t);
    arch_sample_t *s;
    char *at;

    for (uint32_t i = 0; i < n_operations; i++)
        bytes += n_buckets[i] * (sizeof(uint64_t) + sizeof(uint32_t));
    s = calloc(1, bytes);
    if (s == NULL)
        return NULL;
    s->operation = (arch_operation_sample_t *)(s + 1);
    s->component = (arch_component_sample_t *)(s->operation + n_operations);
    at = (char *)(s->component + n_components);
    for (uint32_t i = 0; i < n_operations; i++, at += s->operation[i - 1].n_buckets * sizeof(uint64_t)) {
        s->operation[i].n_buckets = n_buckets[i];
        s->operation[i].count = (uint64_t *)(void *)at;
    }
    for (uint32_t i = 0; i < n_operations; at += n_buckets[i] * sizeof(uint32_t), i++)
        s->operation[i].bucket = (uint32_t *)(void *)at;
    return s;
}

arch_status_t archi_samples_reserve(arch_samples_t *samples, uint32_t n)
{
    arch_sample_t **more = realloc(samples->sample, ((size_t)n + 1) * sizeof *more);

    if (more == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for samples of %u replications", n);
    samples->sample = more;
    for (uint32_t i = samples->n; i < n; i++)
        more[i] = NULL;
    return ARCH_OK;
}

arch_status_t arch_samples_create(uint32_t n_operations, uint32_t n_components, size_t names_bytes, arch_samples_t **out)
{
    arch_samples_t *s = calloc(1, sizeof *s);

    *out = s;
    if (s != NULL) {
        s->n_operations = n_operations;
        s->n_components = n_components;
        s->names_bytes = names_bytes;
        s->operation = calloc((size_t)n_operations + 1, sizeof *s->operation);
        s->component = calloc((size_t)n_components + 1, sizeof *s->component);
        s->names = calloc(names_bytes + 1, 1);
    }
    if (s != NULL && s->operation != NULL && s->component != NULL && s->names != NULL)
        return ARCH_OK;
    arch_samples_destroy(out);
    return ARCH_FAIL(ARCH_E_NOMEM, "no memory for samples of %u operations and %u components", n_operations, n_components);
}

void arch_samples_destroy(arch_samples_t **samples)
{
    arch_samples_t *s = samples != NULL ? *samples : NULL;

    if (s == NULL)
        return;
    for (uint32_t i = 0; i < s->n; i++)
        free(s->sample[i]);
    free(s->sample);
    free(s->operation);
    free(s->component);
    free(s->names);
    free(s);
    *samples = NULL;
}

/* Rows with the same names in the same order. */
static bool alike(const arch_samples_t *a, const arch_samples_t *b)
{
    return a->n_operations == b->n_operations && a->n_components == b->n_components && a->names_bytes == b->names_bytes &&
           memcmp(a->names, b->names, a->names_bytes) == 0;
}

arch_status_t arch_samples_append(arch_samples_t *samples, arch_samples_t **more)
{
    arch_samples_t *m = *more;

    if (!alike(samples, m))
        return ARCH_FAIL(ARCH_E_ARG, "samples of two designs cannot be joined");
    if (m->first != samples->first + samples->n)
        return ARCH_FAIL(ARCH_E_ARG, "samples from replication %u on do not follow those up to %u", m->first,
                         samples->first + samples->n);
    ARCH_TRY(archi_samples_reserve(samples, samples->n + m->n));
    memcpy(samples->sample + samples->n, m->sample, m->n * sizeof *m->sample);
    samples->n += m->n;
    samples->digest += m->digest;
    samples->events += m->events;
    samples->requests += m->requests;
    m->n = 0;
    arch_samples_destroy(more);
    return ARCH_OK;
}
