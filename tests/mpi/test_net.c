/* tests/mpi/test_net.c - ranks that are MPI processes do what ranks must; the digest is the same on any number. */
#include "support/net_checks.h"

/* Each rank's own exit status would be lost: all return the sum. */
static int run_checks(archi_net_t *net)
{
    checks_t c = {net, archi_net_rank(net), archi_net_size(net), 0};
    uint64_t n_wrong;

    CHECK(&c, strcmp(archi_net_kind(net), "mpi") == 0 && archi_net_comm(net) != NULL);
    CHECK(&c, archi_net_mpi_launched() == 1);
    for (int i = 0; i < N_NET_CHECKS; i++) {
        net_checks[i].check(&c);
        n_wrong = (uint64_t)c.n_wrong;
        CHECK(&c, archi_net_sum_u64(net, &n_wrong, 1) == ARCH_OK);
        if (c.rank == 0)
            printf("%s %s\n", n_wrong == 0 ? "digest" : "wrong", net_checks[i].name);
        if (n_wrong != 0)
            return EXIT_FAILURE;
    }
    return c.n_wrong == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(void)
{
    archi_net_t *net = NULL;
    int exit_status;

    if (archi_net_mpi_open(&net) != ARCH_OK) {
        fprintf(stderr, "%s\n", arch_error_text());
        return EXIT_FAILURE;
    }
    exit_status = run_checks(net);
    archi_net_destroy(&net);
    if (archi_net_mpi_open(&net) != ARCH_E_MPI) /* MPI starts once in a process */
        exit_status = EXIT_FAILURE;
    return exit_status;
}
