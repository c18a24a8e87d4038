#!/bin/sh
# cluster.sh up|down|status|... - the test cluster that the tests of the label slurm share; ctest starts and stops it once.
set -u
PATH=$PATH:/usr/sbin
for command in munged slurmctld slurmd srun; do
    command -v $command > /dev/null || { echo "no $command"; exit 77; }
done
# One for each build folder; its name must be short, for it holds a socket.
ARCH_SLURM_DIR=${TMPDIR:-/tmp}/architech-slurm-test-$(id -u)-$(echo "$ARCH_BUILD" | cksum | cut -d' ' -f1)
export ARCH_SLURM_DIR
exec "$ARCH_SOURCE/scripts/slurm/test-cluster" "$@"
