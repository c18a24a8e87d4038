/* autoscaler.c - an autoscaler under development, tested against a flash crowd: what does the crowd notice of it?
 * Compares no autoscaler at all, the built-in one, and one that also looks at who is waiting. */
#include <architech/architech.h>
#include <stdio.h>

enum { LEAST = 2, MOST = 12, REPLICATIONS = 4 };

/* Under development: as many replicas as work off the line within one interval, besides what utilisation asks for. */
typedef struct {
    arch_utilisation_scaler_t by_utilisation;
    double per_interval; /* requests that one replica serves in an interval */
} eager_t;

static uint32_t eager(void *user, const arch_scaling_view_t *view)
{
    eager_t *e = user;
    uint32_t wanted = arch_scale_by_utilisation(&e->by_utilisation, view);
    uint32_t needed = view->active + (uint32_t)((double)view->waiting / e->per_interval + 0.5);

    return needed > wanted ? needed : wanted;
}

/* What a page cost: how long the crowd waited, and for how long how many replicas were paid for. */
typedef struct {
    uint64_t pages;
    double slow_share, replica_seconds;
} score_t;

/* One replication, second by second. */
static arch_status_t play(const arch_design_t *design, uint32_t replication, const arch_autoscaler_t *autoscaler,
                          score_t *score)
{
    const arch_observation_t *seen = NULL;
    arch_simulation_t *s = NULL;
    arch_status_t st = ARCH_OK;

    ARCH_TRY_TO(done, arch_simulation_create(design, replication, NULL, &s));
    ARCH_TRY_TO(done, arch_simulation_activate(s, "app", LEAST));
    if (autoscaler != NULL)
        ARCH_TRY_TO(done, arch_simulation_autoscale(s, autoscaler));
    for (arch_time_t t = ARCH_SECOND; t <= design->run.duration; t += ARCH_SECOND) {
        score->replica_seconds += arch_simulation_active(s, "app");
        ARCH_TRY_TO(done, arch_simulation_run_to(s, t));
        ARCH_TRY_TO(done, arch_simulation_observe(s, &seen));
        if (seen->operation[0].completed > 0 && seen->operation[0].p95 > 200 * ARCH_MILLISECOND)
            score->slow_share += (double)ARCH_SECOND / design->run.duration / REPLICATIONS;
        score->pages += seen->operation[0].completed;
        ARCH_TRY_TO(done, arch_simulation_mark(s));
    }
done:
    arch_simulation_destroy(&s);
    return st;
}

static arch_status_t compare(const arch_design_t *design, const char *words, arch_scaling_function_t *decide)
{
    score_t score = {0, 0, 0};

    for (uint32_t r = 0; r < REPLICATIONS; r++) {
        eager_t state = {{.target = 0.7, .tolerance = 0.1, .window = 60 * ARCH_SECOND}, 15 / 0.009};
        arch_autoscaler_t autoscaler = {"app", 15 * ARCH_SECOND, 10 * ARCH_SECOND, LEAST, MOST, decide, &state, 0, LEAST};
        ARCH_TRY(play(design, r, decide != NULL ? &autoscaler : NULL, &score));
    }
    printf("%-22s %6llu pages, slow %4.1f %% of the time, %5.2f replicas on average\n", words,
           (unsigned long long)score.pages / REPLICATIONS, 100 * score.slow_share,
           score.replica_seconds / REPLICATIONS / ((double)design->run.duration / ARCH_SECOND));
    return ARCH_OK;
}

static arch_status_t test_all(const char *path)
{
    const arch_change_t room = {"/services/app/replicas", "12"}; /* MOST */
    arch_problems_t problems = {0, NULL};
    arch_design_t *design = NULL, *roomy = NULL;
    arch_status_t st = ARCH_OK;

    ARCH_TRY_TO(done, arch_design_read(path, &design, &problems));
    ARCH_TRY_TO(done, arch_design_change(design, &room, 1, &roomy, &problems));
    ARCH_TRY_TO(done, compare(roomy, "two replicas, always", NULL));
    ARCH_TRY_TO(done, compare(roomy, "by utilisation", arch_scale_by_utilisation));
    ARCH_TRY_TO(done, compare(roomy, "and by who is waiting", eager));
done:
    arch_problems_clear(&problems);
    arch_design_destroy(&roomy);
    arch_design_destroy(&design);
    return st;
}

int main(int argc, char **argv)
{
    arch_status_t st;

    if (argc != 2) {
        fprintf(stderr, "usage: %s design.json\n", argv[0]);
        return 2;
    }
    st = test_all(argv[1]);
    if (st != ARCH_OK)
        fprintf(stderr, "%s\n", arch_error_text());
    return arch_status_exit(st);
}
