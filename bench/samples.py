"""What bench/table and bench/versus share: running a program for a figure, and saying how sure a median is."""
import math
import os
import re
import subprocess

NUMBER = r"([0-9][0-9,]*\.?[0-9]*(?:[eE][+-]?[0-9]+)?)"
# `events/s N`, `events_per_second N`, and what ROSS prints.
EVENTS_PER_SECOND = r"(?:events/s|events_per_second|Event Rate \(events/sec\))[ \t]*[:=]?[ \t]*" + NUMBER


class Failed(Exception):
    """A program could not be run, or did not print what was looked for."""


def environment():
    """Open MPI as root and with more ranks than cores wants to be told; shared memory starts fastest."""
    env = dict(os.environ, OMPI_MCA_pml="ob1", OMPI_MCA_btl="self,vader", OMPI_MCA_btl_vader_single_copy_mechanism="none",
               OMPI_MCA_rmaps_base_oversubscribe="1", OMPI_MCA_hwloc_base_binding_policy="none")
    if os.getuid() == 0:
        env.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    return env


def output_of(command, shell=False, timeout=600, good=(0,)):
    """What a command prints; Failed when it cannot be run or its exit status is none of the good ones."""
    said = command if shell else " ".join(command)
    try:
        done = subprocess.run(command, shell=shell, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, env=environment(), timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        raise Failed(f"{said}: not done after {timeout} s") from None
    except OSError as e:
        raise Failed(f"{said}: {e.strerror}") from None
    text = done.stdout.decode("utf-8", "replace")
    if done.returncode not in good:
        raise Failed(f"{said}: exit status {done.returncode}\n{tail(text)}")
    return text


def tail(text):
    return "\n".join("    " + line for line in text.splitlines()[-8:])


def figure(text, pattern):
    """The last number that the pattern's group finds, or None."""
    found = re.findall(pattern, text)
    try:
        return float(found[-1].replace(",", "")) if found else None
    except ValueError:
        return None


def median(values):
    v = sorted(values)
    n = len(v)
    return v[n // 2] if n % 2 else (v[n // 2 - 1] + v[n // 2]) / 2


def interval(values, wanted=0.95):
    """(low, high, coverage): order statistics between which the median lies at least so surely, whatever the
    distribution; the whole range when there are too few values for that."""
    v = sorted(values)
    n = len(v)
    low, coverage = 0, 1 - 2 * 0.5**n if n > 1 else 0.0
    outside = 0.5**n
    for k in range(1, n // 2):
        outside += math.comb(n, k) * 0.5**n
        if 1 - 2 * outside < wanted:
            break
        low, coverage = k, 1 - 2 * outside
    return v[low], v[n - 1 - low], coverage
