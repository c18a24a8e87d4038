/* io/results_write.c - results into a file: whole under its name, or not there.
 *
 * The content is built in memory and written under `<path>.tmp-<pid>`; with several ranks, all then write their rows of the
 * time series into it through MPI-IO; at last it is sealed, flushed to the disk and renamed. */
#include "io/output.h"
#include "io/results_write.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One file being written. Rank 0 (or the only process) has it open; file.temporary is known to all ranks. */
typedef struct {
    const char           *path;
    const arch_results_t *results;
    const MPI_Comm       *comm; /* NULL: this process alone */
    int                   rank, n_ranks;
    archi_output_t        file;
} job_t;

/* ---- ranks -------------------------------------------------------------------------------------------------------- */

static arch_status_t mpi(int answer)
{
    return answer == MPI_SUCCESS ? ARCH_OK : ARCH_FAIL(ARCH_E_MPI, "MPI failed while results were written (%d)", answer);
}

arch_status_t archi_agree(const MPI_Comm *comm, arch_status_t st)
{
    char text[512] = "";
    int rank, n_ranks, mine, first;

    if (comm == NULL)
        return st;
    ARCH_TRY(mpi(MPI_Comm_rank(*comm, &rank)));
    ARCH_TRY(mpi(MPI_Comm_size(*comm, &n_ranks)));
    mine = st == ARCH_OK ? n_ranks : rank;
    ARCH_TRY(mpi(MPI_Allreduce(&mine, &first, 1, MPI_INT, MPI_MIN, *comm)));
    if (first == n_ranks)
        return ARCH_OK;
    if (rank == first)
        snprintf(text, sizeof text, "%s", arch_error_text());
    ARCH_TRY(mpi(MPI_Bcast(text, sizeof text, MPI_CHAR, first, *comm)));
    return st != ARCH_OK ? st : ARCH_FAIL(ARCH_E_PEER, "rank %d: %s", first, text);
}

/* Rank 0's shape of the series must be that of all, or the collective writes would not meet. */
static arch_status_t same_shape(const job_t *job)
{
    const arch_series_t *c = &job->results->component_series, *o = &job->results->operation_series;
    const uint32_t mine[4] = {c->n_rows_total, c->n_intervals, o->n_rows_total, o->n_intervals};
    uint32_t shape[4];

    memcpy(shape, mine, sizeof shape);
    ARCH_TRY(mpi(MPI_Bcast(shape, 4, MPI_UINT32_T, 0, *job->comm)));
    if (memcmp(shape, mine, sizeof shape) != 0)
        return ARCH_FAIL(ARCH_E_ARG, "rank %d has time series of another shape than rank 0", job->rank);
    return ARCH_OK;
}

/* ---- the file, by the process that owns it -------------------------------------------------------------------------- */

/* Space for what all ranks will write, so that a full disk shows here, on one rank, and not inside a collective call. */
static arch_status_t reserve(const job_t *job, size_t bytes)
{
    uint64_t rows = archi_series_bytes(job->results);
    int error = posix_fallocate(job->file.fd, 0, (off_t)(ARCHI_SEAL_BYTES + bytes + rows));

    if (error != 0 && error != EINVAL && error != EOPNOTSUPP)
        return ARCH_FAIL(ARCH_E_IO, "%s: cannot be written: %s", job->path, strerror(error));
    return ARCH_OK;
}

static arch_status_t write_image(job_t *job)
{
    arch_status_t st = ARCH_OK;
    void *image = NULL;
    size_t bytes = 0;

    ARCH_TRY(archi_series_check(job->results, true));
    ARCH_TRY(archi_results_image(job->results, job->comm == NULL, &image, &bytes));
    ARCH_TRY_TO(done, archi_output_open(job->path, &job->file));
    if (job->comm != NULL)
        ARCH_TRY_TO(done, reserve(job, bytes));
    ARCH_TRY_TO(done, archi_output_write(&job->file, image, bytes, ARCHI_SEAL_BYTES));
done:
    free(image);
    return st;
}

static arch_status_t finish(job_t *job)
{
    char seal[ARCHI_SEAL_BYTES];
    uint64_t bytes;

    ARCH_TRY(archi_seal_compute(job->file.fd, job->path, &bytes, seal));
    ARCH_TRY(archi_output_write(&job->file, seal, sizeof seal, 0));
    return archi_output_finish(&job->file);
}

/* ---- rows from all ranks ---------------------------------------------------------------------------------------------- */

static arch_status_t open_together(const job_t *job, hid_t *file, hid_t *transfer)
{
    arch_status_t st = ARCH_OK;
    hid_t access = 0;

    ARCH_TRY_H5_TO(done, access = H5Pcreate(H5P_FILE_ACCESS));
    ARCH_TRY_H5_TO(done, H5Pset_fapl_mpio(access, *job->comm, MPI_INFO_NULL));
    ARCH_TRY_H5_TO(done, *transfer = H5Pcreate(H5P_DATASET_XFER));
    ARCH_TRY_H5_TO(done, H5Pset_dxpl_mpio(*transfer, H5FD_MPIO_COLLECTIVE));
    ARCH_TRY_H5_TO(done, *file = H5Fopen(job->file.temporary, H5F_ACC_RDWR, access));
done:
    archi_h5_close_list(access);
    return st;
}

static arch_status_t write_rows_together(const job_t *job)
{
    arch_status_t st = ARCH_OK;
    hid_t file = 0, transfer = 0;

    ARCH_TRY_TO(done, archi_agree(job->comm, open_together(job, &file, &transfer)));
    ARCH_TRY_TO(done, archi_series_write_rows(file, job->results, transfer, job->comm));
done:
    archi_h5_close_list(transfer);
    if (file > 0 && H5Fclose(file) < 0 && st == ARCH_OK)
        st = archi_h5_fail(__func__, __FILE__, __LINE__, "H5Fclose");
    return archi_agree(job->comm, st);
}

static arch_status_t write_together(job_t *job)
{
    arch_status_t st = archi_series_check(job->results, false);

    ARCH_TRY(mpi(MPI_Comm_rank(*job->comm, &job->rank)));
    ARCH_TRY(mpi(MPI_Comm_size(*job->comm, &job->n_ranks)));
    ARCH_TRY(archi_agree(job->comm, st));
    ARCH_TRY(archi_agree(job->comm, same_shape(job)));
    ARCH_TRY(archi_agree(job->comm, job->rank == 0 ? write_image(job) : ARCH_OK));
    ARCH_TRY(mpi(MPI_Bcast(job->file.temporary, sizeof job->file.temporary, MPI_CHAR, 0, *job->comm)));
    ARCH_TRY(write_rows_together(job));
    return archi_agree(job->comm, job->rank == 0 ? finish(job) : ARCH_OK);
}

arch_status_t arch_results_probe(const char *path)
{
    archi_output_t *file = calloc(1, sizeof *file);
    arch_status_t st;

    if (file == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "%s: no memory to write it", path);
    st = archi_output_open(path, file);
    archi_output_clear(file);
    free(file);
    return st == ARCH_OK ? ARCH_OK : arch_fail_from(st, __func__, __FILE__, __LINE__);
}

static arch_status_t write_alone(job_t *job)
{
    ARCH_TRY(write_image(job));
    return finish(job);
}

arch_status_t arch_results_write(const char *path, const arch_results_t *results, void *comm)
{
    job_t *job = calloc(1, sizeof *job);
    arch_status_t st = job != NULL ? ARCH_OK : ARCH_FAIL(ARCH_E_NOMEM, "%s: no memory to write it", path);
    archi_h5_quiet_t quiet;

    st = archi_agree(comm, st);
    if (st != ARCH_OK) {
        free(job);
        return st;
    }
    job->path = path;
    job->results = results;
    job->comm = comm;
    job->file.fd = -1;
    archi_h5_quiet_begin(&quiet);
    st = comm != NULL ? write_together(job) : write_alone(job);
    archi_h5_quiet_end(&quiet);
    if (job->rank == 0) /* what a failure leaves behind: nothing */
        archi_output_clear(&job->file);
    free(job);
    if (st == ARCH_E_H5)
        return ARCH_FAIL(st, "%s: cannot be written: %s", path, arch_error_text());
    return st == ARCH_OK ? ARCH_OK : arch_fail_from(st, __func__, __FILE__, __LINE__);
}
