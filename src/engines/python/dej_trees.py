"""Finds and ends processes, also those that left their group, their session or their parent."""

import os
import signal
import subprocess
import sys

IS_LINUX = sys.platform.startswith("linux")
#: In the environment of every process of one block where no better way to find them exists.
MARKER = "DEJ_BLOCK"

# From <linux/prctl.h>.
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def prctl(option, value):
    import ctypes

    return ctypes.CDLL(None).prctl(option, value, 0, 0, 0) == 0


def adopt_orphans():
    """On Linux, what loses its parent below us becomes our child, so that nothing gets away."""
    if IS_LINUX:
        prctl(PR_SET_CHILD_SUBREAPER, 1)


def die_with(parent):
    """On Linux, this process is killed when its parent ends, however that ends."""
    if IS_LINUX:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        # It may have ended before we asked.
        if os.getppid() != parent:
            os._exit(0)


def send(kill, pid, number=signal.SIGKILL):
    try:
        kill(pid, number)
    except (ProcessLookupError, PermissionError):
        pass


def end_trees(roots):
    """Ends processes and all below them: all are stopped before any is killed, because one could start another."""
    stopped = set()
    while True:
        parents = processes()
        found = {pid for pid in roots if pid in parents} | descendants(roots, parents)
        new = found - stopped
        if not new:
            break
        for pid in new:
            send(os.kill, pid, signal.SIGSTOP)
        stopped |= new
    for pid in stopped:
        send(os.kill, pid)


def descendants(roots, parents):
    found, level = set(), set(roots)
    while level:
        level = {pid for pid, parent in parents.items() if parent in level} - found
        found |= level
    return found


def own_children():
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as children:
            return [int(pid) for pid in children.read().split()]
    except OSError:
        # Kernels without CONFIG_PROC_CHILDREN, and systems without /proc.
        return [pid for pid, parent in processes().items() if parent == os.getpid()]


def marked(value):
    """Processes whose environment carries the block's marker: the way to find strays where nobody adopts orphans."""
    wanted = f"{MARKER}={value}"
    listing = subprocess.run(["ps", "axeww", "-o", "pid=,command="], capture_output=True, text=True, errors="replace").stdout
    return [int(line.split(None, 1)[0]) for line in listing.splitlines() if wanted in line.split(" ")]


def processes():
    """The parent of every process that we can see."""
    if os.path.isdir("/proc/self"):
        return {pid: parent for pid, parent in map(read_stat, filter(str.isdigit, os.listdir("/proc"))) if parent is not None}
    listing = subprocess.run(["ps", "-axo", "pid=,ppid="], capture_output=True, text=True).stdout
    return {int(pid): int(parent) for pid, parent in map(str.split, listing.splitlines())}


def read_stat(name):
    try:
        with open(f"/proc/{name}/stat", errors="replace") as stat:
            # The command's name may hold spaces and brackets, so the fields are counted from its last bracket.
            return int(name), int(stat.read().rsplit(")", 1)[1].split()[1])
    except OSError:
        return int(name), None
