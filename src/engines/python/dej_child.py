"""The processes that blocks run in: forked from this one, or new interpreters."""

import os
import subprocess
import sys
import traceback
import warnings

import dej_block
import dej_trees as trees


class Child:
    """A process that waits for its block or runs it, and our ends of the pipes to it."""

    def __init__(self, start):
        pipes = [os.pipe(), os.pipe(), os.pipe()]
        (job_r, self.job), (self.result, result_w), (self.output, output_w) = pipes
        self.marker = os.urandom(8).hex()
        #: Whether it may have started processes of its own.
        self.started = True
        self.pid = start(job_r, result_w, output_w, self.marker)
        for end in (job_r, result_w, output_w):
            os.close(end)
        for end in (self.result, self.output):
            os.set_blocking(end, False)

    def close(self):
        for end in (self.job, self.result, self.output):
            if end is not None:
                os.close(end)
        self.job = self.result = self.output = None


def fork_child(job, result, output, _marker):
    parent = os.getpid()
    with warnings.catch_warnings():
        # Python 3.12 warns where a library has made threads by being imported; that they do not survive is known.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid != 0:
        return pid
    try:
        trees.die_with(parent)
        trees.adopt_orphans()
        dej_block.become_block(job, result, output)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(70)


def spawn_child(modules):
    # With the same flags as ours.
    interpreter = [sys.executable, *sys.orig_argv[1 : sys.orig_argv.index(sys.argv[0])]]

    def start(job, result, output, marker):
        process = subprocess.Popen(
            [*interpreter, sys.argv[0], "--block", *map(str, (job, result, output, os.getpid())), *modules],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=(job, result, output),
            env={**os.environ, trees.MARKER: marker},
        )
        # Its end is collected by us, not by the library.
        process.returncode = 0
        return process.pid

    return start
