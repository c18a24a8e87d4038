#!/bin/sh
# jobs.sh two_nodes|time_limit|told_early|cancel|preempted|requeued|rank_killed|node_lost
# Jobs of scripts/slurm/run.sbatch on the test cluster: each job ends with the digest
# of a run that never met Slurm.
#
# Slurm's time limits are minutes, and it looks at them every 30 s. So that a test takes no longer than that, its ranks are
# stopped (SIGSTOP) after their first checkpoint and continued when the script has been told: to the run it is a time limit
# much shorter than itself, whatever the speed of the machine.
set -u
cluster=$(cd "$(dirname "$0")" && pwd)/cluster.sh
up=$("$cluster" up) || exit $?
eval "$up"
# What ctest sets for MPI on one machine is not for a job: there only shared memory counts.
unset OMPI_MCA_pml OMPI_MCA_btl
export OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_btl_vader_single_copy_mechanism=none

work=$(mktemp -d) || exit 2
job=
finish() {
    if [ -n "$job" ]; then # failed: nothing of the job may stay
        ranks CONT
        ranks KILL
        scancel "$job" 2> /dev/null
        sleep 1
    fi
    "$cluster" start n2 > /dev/null 2>&1
    [ "$1" != preempted ] || scontrol delete PartitionName=urgent 2> /dev/null
    [ "$1" != rank_killed ] || patience "$kill_wait"
    rm -rf "$work"
}
trap 'finish "$1"' EXIT
cd "$work" || exit 2
chmod 755 .

fail() {
    echo "jobs.sh: $*"
    cat ./*.out 2> /dev/null
    scontrol show job "$job" 2> /dev/null
    exit 1
}

# await <tenths of a second> <what> <command ...>
await() {
    left=$1 what=$2
    shift 2
    until "$@" > /dev/null 2>&1; do
        [ $((left -= 1)) -gt 0 ] || fail "waited in vain until $what"
        sleep 0.1
    done
}
state() { squeue -h -j "$job" -o %T 2> /dev/null; }
over() { case $(scontrol show job "$job" | sed -n 's/.*JobState=\([A-Z_]*\).*/\1/p') in COMPLETED | FAILED | CANCELLED | NODE_FAIL | TIMEOUT) ;; *) false ;; esac; }
exits() { scontrol show job "$job" | sed -n 's/.* ExitCode=\([0-9]*:[0-9]*\).*/\1/p'; }
saved() { ls "$work"/saves/*/run*/rank-*.h5; }
again() { says 'start 2 of job'; }
# patience <seconds>: KillWait, after which what was asked to end is killed
patience() { sed -i "s/^KillWait=.*/KillWait=$1/" "$SLURM_CONF" && scontrol reconfigure; }
kill_wait=$(sed -n 's/^KillWait=//p' "$SLURM_CONF")
says() { grep -qE -- "$1" ./*.out; }

# ranks <signal> [node]: to all of this job, or to those of a node
ranks() {
    for process in /proc/[0-9]*; do
        tr '\0' '\n' < "$process/environ" | grep -cxE "SLURM_JOB_ID=$job|SLURMD_NODENAME=${2-.*}" | grep -qx 2 || continue
        [ "$(cat "$process/comm")" = architech ] && kill -"$1" "${process#/proc/}"
    done 2> /dev/null
}

cat > design.json << 'END'
{"architech": 1, "name": "two parts", "services": {"app": {"endpoints": {"serve": [{"cpu": "1ms"}, {"call": "db/get"}]}},
  "db": {"endpoints": {"get": [{"cpu": "1ms"}]}}}, "network": {"latency": "20ms"},
 "workloads": {"web": {"rate": "400/s", "mix": {"app/serve": 1}}}, "run": {"duration": "2000s", "replications": 2}}
END
# Long enough to be caught after its first checkpoint, whatever else the machine does.
case $1 in two_nodes) seconds=60 ;; told_early | preempted | requeued | rank_killed) seconds=1200 ;; *) seconds=2000 ;; esac
sed -i "s/2000s/${seconds}s/" design.json
digest=$(architech run design.json --threads 2 --no-progress | grep '^digest') || fail "no digest"

# submit [options of sbatch]: two ranks that share each replication
submit() {
    job=$(ARCHITECH_CHECKPOINTS=saves ARCHITECH_EVERY=100ms sbatch --parsable --nodes=1-2 "$@" \
        "$ARCH_SOURCE/scripts/slurm/run.sbatch" design.json --group 2 --partitions 2 -o run.h5) || fail "not submitted"
}
# ended <exit status>, with the digest when it is 0
ended() {
    await 1200 "the job is over" over
    [ "$(exits)" = "$1:0" ] || fail "exit status $(exits), expected $1:0"
    [ "$1" -ne 0 ] || [ "$(grep '^digest' ./*.out)" = "$digest" ] || fail "expected $digest"
    [ -z "$(find saves -name '.tmp*')" ] || fail "half-written: $(find saves)"
}

case $1 in
two_nodes)
    submit
    ended 0
    says 'start 1 of job .*: 2 ranks on n\[1-2\]' || fail "not on two nodes"
    architech run design.json --threads 2 --no-progress -o alone.h5 > /dev/null || fail "no results alone"
    architech diff alone.h5 run.h5 || fail "other results"
    ;;
time_limit)
    submit --time=10 --signal=B:USR1@50
    await 300 "there is a checkpoint" saved
    ranks STOP
    # Only now, so that the signal does not come before a rank can hear it (which ends it, and costs a start, no more).
    scontrol update JobId="$job" TimeLimit=1 || fail "no shorter time limit"
    told() { says 'told by USR1'; }
    await 600 "Slurm gives the signal" told
    scontrol update JobId="$job" TimeLimit=10 # enough for the second start
    ranks CONT
    ended 0
    says 'stopped \(status 75\); goes on when' || fail "did not save itself and requeue"
    says 'start 2 of job' || fail "did not start again"
    says 'going on from run1' || fail "did not go on"
    ;;
told_early)
    # While the ranks start, as often as it takes: whenever it comes, the job goes on where it was told, and no start is lost.
    submit
    started() { says 'start 1 of job'; }
    await 300 "the job starts" started
    scancel --batch --signal=USR1 "$job" || fail "not told"
    await 600 "the job starts again" again
    ended 0
    says 'stopped by (SIGUSR1|a signal to another rank) and saved' || fail "did not save itself"
    says 'stopped \(status 75\); goes on when' || fail "did not requeue in order"
    says 'going on from run1' || fail "did not go on"
    ;;
preempted)
    submit
    await 300 "there is a checkpoint" saved
    ranks STOP # Slurm continues what it asks to end
    scontrol create PartitionName=urgent Nodes=n[1-2] PriorityTier=9 || fail "no partition of higher priority"
    urgent=$(sbatch --parsable --partition=urgent --nodes=2 --output=urgent.txt --wrap 'echo "on $SLURM_JOB_NODELIST"') ||
        fail "not submitted"
    await 600 "the other job has its nodes" grep -q 'on n\[1-2\]' urgent.txt
    await 600 "the job starts again" again
    ended 0
    says 'stopped by (SIGTERM|a signal to another rank) and saved' || fail "did not save itself"
    says 'going on from run1' || fail "did not go on"
    [ -z "$(squeue -h -j "$urgent" 2> /dev/null)" ] || fail "the other job is not over"
    ;;
requeued)
    submit
    await 300 "there is a checkpoint" saved
    ranks STOP
    scontrol requeue "$job" || fail "not requeued"
    await 600 "the job starts again" again
    ended 0
    says 'going on from run1' || fail "did not go on"
    ;;
cancel)
    submit
    await 300 "there is a checkpoint" saved
    before=$(ls saves/*)
    scancel "$job"
    await 300 "the job is over" over
    last_word() { says 'cancelled \(status 75\)'; }
    await 300 "the script says how it ended" last_word
    [ "$(ls saves/*)" != "$before" ] || fail "left no newer checkpoint"
    says 'stopped by SIG(TERM|USR1) and saved' || fail "did not save itself"
    says 'goes on when' && fail "went back to the queue"
    architech run design.json --threads 2 --no-progress --resume auto --checkpoint-dir saves > again.txt 2>&1
    grep -q 'going on from run1' again.txt || fail "no checkpoint to go on from: $(cat again.txt)"
    [ "$(grep '^digest' again.txt)" = "$digest" ] || fail "expected $digest"
    ;;
rank_killed)
    submit
    await 300 "there is a checkpoint" saved
    # The other rank waits for this one in vain; that it ends must not take as long as Slurm would give it.
    patience 600 || fail "KillWait stays as it is"
    ranks KILL n2
    restarted() { says 'starting again, '; }
    await 600 "the job's ranks start again" restarted
    patience "$kill_wait"
    ended 0
    says 'rank 1 on n2 ended by signal 9' || fail "does not say which"
    says 'a rank ended by signal 9; starting again' || fail "did not start again"
    says 'going on from run1' || fail "did not go on"
    ;;
node_lost)
    submit
    await 300 "there is a checkpoint" saved
    ranks STOP
    "$cluster" kill n2 || fail "n2 is not killed"
    ranks CONT
    requeued() { says 'start 2 of job .*: 1 ranks on n1'; }
    await 600 "the job starts again on n1" requeued
    ended 0
    says 'going on from run1' || fail "did not go on"
    ;;
*) echo "usage: jobs.sh two_nodes|time_limit|told_early|cancel|preempted|requeued|rank_killed|node_lost" >&2; exit 2 ;;
esac
job=
