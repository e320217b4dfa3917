"""Runs blocks of Python, each in a fresh process that has the usual packages imported already.

usage: parent.py SOCKET fork|spare MODULE ...

A block is one connection to SOCKET: a line of JSON (a Job of worker.ts) comes in, lines of JSON (WorkerEvent) go out.
One process is kept ready ahead, so that a block waits neither for imports nor for fork. With `fork` it is forked from
this process, which only imports and never uses what it imports: threads of a library do not survive a fork. With `spare`
(macOS, where forking after imports is unsafe) it is a new interpreter that serves a single block.

Ends, with everything it started, when its standard input ends: then whoever started it is gone.
"""

import errno
import importlib
import json
import os
import resource
import selectors
import signal
import socket
import subprocess
import sys

JOB_FD, RESULT_FD = 3, 4
CHUNK = 65536
QUIET_SECONDS = 0.02
MAX_FILE_BYTES = 1 << 30


# ---- the process that runs one block ------------------------------------------------------------------------------


def serve_one_block():
    """Waits for a job on JOB_FD, runs it, and writes how it ended to RESULT_FD."""
    with os.fdopen(JOB_FD, "rb") as jobs:
        line = jobs.readline()
    if not line:
        os._exit(0)
    job = json.loads(line)
    os.environ.update(job["env"])
    os.chdir(job["directory"])
    private = os.path.join(job["directory"], ".tmp")
    os.makedirs(private, exist_ok=True)
    os.environ["TMPDIR"] = private
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_FILE_BYTES, MAX_FILE_BYTES))
    # One object for both, so that what is printed to either comes out in the order it was printed.
    sys.stdout = sys.stderr = open(1, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
    sys.stdin = open(os.devnull)
    sys.argv = ["block.py"]
    sys.path.insert(0, job["directory"])
    report = run(job)
    try:
        sys.stdout.flush()
    finally:
        os.write(RESULT_FD, json.dumps(report).encode())
        os._exit(0)


def run(job):
    import types

    module = types.ModuleType("__main__")
    module.__dict__["__builtins__"] = __builtins__
    sys.modules["__main__"] = module
    for code in job.get("before", []):
        quiet, sys.stdout = sys.stdout, open(os.devnull, "w")
        error = execute(code, module.__dict__)
        sys.stdout = quiet
        if error is not None:
            return {"error": error}
    error = execute(job["code"], module.__dict__)
    return {} if error is None else {"error": error}


def execute(code, namespace):
    """Runs the code; gives None, or its error in words, with the line in the block."""
    import linecache
    import traceback

    linecache.cache["block.py"] = (len(code), None, code.splitlines(True), "block.py")
    try:
        exec(compile(code, "block.py", "exec"), namespace)
        return None
    except SystemExit as end:
        if end.code in (None, 0):
            return None
        return {"message": f"SystemExit: {end.code}"}
    except BaseException as error:
        message = traceback.format_exception_only(type(error), error)[-1].strip()
        # Frames of this file come first and say nothing to the learner.
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
        own = [frame for frame in frames if frame.filename == "block.py"]
        if isinstance(error, SyntaxError) and error.filename == "block.py":
            line = error.lineno
        else:
            line = own[-1].lineno if own else None
        trace = "".join(
            f'  File "{short(frame.filename)}", line {frame.lineno}, in {frame.name}\n    {frame.line}\n' for frame in frames
        )
        return {"message": message, "line": line, "trace": trace.rstrip()}


def short(path):
    marker = "site-packages" + os.sep
    return path.split(marker, 1)[1] if marker in path else path


# ---- the process that keeps them ------------------------------------------------------------------------------------


class Spare:
    """A process ready for its block, and the three pipes to it."""

    def __init__(self, pid, job, result, output):
        self.pid, self.job, self.result, self.output = pid, job, result, output


def fork_spare(_modules):
    (job_r, job_w), (result_r, result_w), (output_r, output_w) = os.pipe(), os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        become_block(job_r, result_w, output_w)
    for end in (job_r, result_w, output_w):
        os.close(end)
    return Spare(pid, job_w, result_r, output_r)


def become_block(job, result, output):
    """In the fork: a session of its own, its pipes at fixed places, and nothing else of ours open."""
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        # Moved high first, so that putting one at its place does not close another.
        ends = [os.dup(end) for end in (output, job, result)]
        high = [fcntl_dup(end, 100) for end in ends]
        null = fcntl_dup(os.open(os.devnull, os.O_RDONLY), 100)
        for fd, place in ((null, 0), (high[0], 1), (high[0], 2), (high[1], JOB_FD), (high[2], RESULT_FD)):
            os.dup2(fd, place, inheritable=place < 3)
        os.closerange(5, 4096)
        serve_one_block()
    finally:
        os._exit(70)


def fcntl_dup(fd, lowest):
    import fcntl

    return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, lowest)


def spawn_spare(modules):
    (job_r, job_w), (result_r, result_w), (output_r, output_w) = os.pipe(), os.pipe(), os.pipe()
    process = subprocess.Popen(
        [sys.executable, os.path.abspath(__file__), "--block", str(job_r), str(result_w), *modules],
        stdin=subprocess.DEVNULL,
        stdout=output_w,
        stderr=output_w,
        pass_fds=(job_r, result_w),
        start_new_session=True,
    )
    for end in (job_r, result_w, output_w):
        os.close(end)
    # Its end is collected by us, not by the library.
    process.returncode = 0
    return Spare(process.pid, job_w, result_r, output_r)


class Block:
    """One connection and the process that runs for it."""

    def __init__(self, connection):
        self.connection = connection
        self.incoming = b""
        self.outgoing = bytearray()
        self.spare = None
        self.tail = b""
        self.status = None
        self.reading = False


class Keeper:
    def __init__(self, path, make_spare, modules):
        self.make_spare, self.modules = make_spare, modules
        self.blocks = set()
        self.spare = None
        self.selector = selectors.DefaultSelector()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        os.chmod(path, 0o600)
        self.listener.listen(16)
        self.listener.setblocking(False)
        self.woken, waker = os.pipe()
        for end in (self.woken, waker):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        self.selector.register(self.listener, selectors.EVENT_READ, self.accept)
        self.selector.register(self.woken, selectors.EVENT_READ, self.collect)
        os.set_blocking(0, False)
        self.selector.register(0, selectors.EVENT_READ, self.check_owner)

    def run(self):
        self.spare = self.make_spare(self.modules)
        print("ready", flush=True)
        while True:
            # Making the next one ready takes milliseconds, which must not delay the block that took the last: it is
            # made when that has finished, or when nothing happened for a moment.
            events = self.selector.select(None if self.spare is not None else QUIET_SECONDS)
            for key, _ in events:
                # An earlier event of the same round may have closed what this one is about.
                if self.selector.get_map().get(key.fd) is not None:
                    key.data()
            if self.spare is None and (not events or not self.blocks):
                self.spare = self.make_spare(self.modules)

    def check_owner(self):
        if os.read(0, CHUNK):
            return
        for block in list(self.blocks):
            self.kill(block)
        if self.spare is not None:
            kill_tree(self.spare.pid)
        os._exit(0)

    def accept(self):
        connection, _ = self.listener.accept()
        connection.setblocking(False)
        block = Block(connection)
        self.blocks.add(block)
        self.selector.register(connection, selectors.EVENT_READ, lambda: self.receive(block))

    def receive(self, block):
        try:
            data = block.connection.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            return self.drop(block)
        if block.spare is not None:
            return
        block.incoming += data
        if b"\n" in data:
            self.begin(block)

    def begin(self, block):
        block.spare = self.spare or self.make_spare(self.modules)
        self.spare = None
        try:
            with os.fdopen(block.spare.job, "wb") as jobs:
                jobs.write(block.incoming.split(b"\n", 1)[0] + b"\n")
        except BrokenPipeError:
            pass
        os.set_blocking(block.spare.output, False)
        self.listen_to(block)

    def listen_to(self, block):
        if not block.reading and block.spare.output is not None:
            block.reading = True
            self.selector.register(block.spare.output, selectors.EVENT_READ, lambda: self.pump(block))

    def stop_listening(self, block):
        if block.reading:
            block.reading = False
            self.selector.unregister(block.spare.output)

    def pump(self, block):
        try:
            data = os.read(block.spare.output, CHUNK)
        except BlockingIOError:
            return False
        if not data:
            self.stop_listening(block)
            os.close(block.spare.output)
            block.spare.output = None
            return False
        text, block.tail = decode(block.tail + data)
        if text:
            self.send(block, {"type": "text", "text": text})
        return True

    def send(self, block, event):
        block.outgoing += json.dumps(event).encode() + b"\n"
        self.flush(block)

    def flush(self, block):
        try:
            while block.outgoing:
                sent = block.connection.send(block.outgoing)
                del block.outgoing[:sent]
        except BlockingIOError:
            pass
        except OSError:
            return self.drop(block)
        waiting = selectors.EVENT_READ | (selectors.EVENT_WRITE if block.outgoing else 0)
        self.selector.modify(block.connection, waiting, (lambda: self.both(block)) if block.outgoing else (lambda: self.receive(block)))
        # A reader that does not keep up makes the block wait at its next print, instead of filling our memory.
        if block.outgoing:
            self.stop_listening(block)
        elif block.status is not None:
            self.finish(block)
        elif block.spare is not None:
            self.listen_to(block)

    def both(self, block):
        self.receive(block)
        if block in self.blocks:
            self.flush(block)

    def collect(self):
        """A process ended: a block's, or a spare that nobody used."""
        try:
            os.read(self.woken, CHUNK)
        except BlockingIOError:
            pass
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if self.spare is not None and pid == self.spare.pid:
                self.spare = None
            for block in list(self.blocks):
                if block.spare is not None and block.spare.pid == pid:
                    block.status = status
                    # Its group and what left it are not waited for: they end with their block.
                    kill_group(pid)
                    if not block.outgoing:
                        self.finish(block)
                    self.kill_strays()

    def finish(self, block):
        while block.spare.output is not None and self.pump(block):
            if block.outgoing or block not in self.blocks:
                return
        if block not in self.blocks:
            return
        report = json.loads(os.read(block.spare.result, 1 << 20) or b"null")
        if block.tail:
            tail, block.tail = block.tail, b""
            block.outgoing += json.dumps({"type": "text", "text": tail.decode("utf-8", "backslashreplace")}).encode() + b"\n"
        error = report.get("error") if report is not None else ended_early(block.status)
        if error is not None:
            block.outgoing += json.dumps({"type": "error", **error}).encode() + b"\n"
        block.outgoing += json.dumps({"type": "end", "ok": error is None}).encode() + b"\n"
        block.connection.setblocking(True)
        block.connection.settimeout(5)
        try:
            block.connection.sendall(block.outgoing)
        except OSError:
            pass
        self.drop(block)

    def kill_strays(self):
        """Processes that left both group and parent come to us where we are subreaper; nobody waits for them."""
        if not IS_SUBREAPER:
            return
        known = {block.spare.pid for block in self.blocks if block.spare is not None}
        if self.spare is not None:
            known.add(self.spare.pid)
        for pid in own_children():
            if pid not in known:
                kill_tree(pid)

    def kill(self, block):
        if block.spare is not None and block.status is None:
            kill_tree(block.spare.pid)
            self.kill_strays()

    def drop(self, block):
        if block not in self.blocks:
            return
        self.blocks.discard(block)
        self.kill(block)
        self.selector.unregister(block.connection)
        block.connection.close()
        if block.spare is not None:
            self.stop_listening(block)
            for end in (block.spare.output, block.spare.result):
                if end is not None:
                    os.close(end)


def decode(data):
    """Whole characters, and the bytes of one that has only begun."""
    for keep in range(0, min(4, len(data) + 1)):
        head = data[: len(data) - keep]
        try:
            return head.decode("utf-8"), data[len(data) - keep :]
        except UnicodeDecodeError as error:
            if error.start < len(head) - 4:
                break
    return data.decode("utf-8", "backslashreplace"), b""


def ended_early(status):
    if os.WIFSIGNALED(status):
        return {"message": f"The process was ended by {signal.Signals(os.WTERMSIG(status)).name}"}
    code = os.WEXITSTATUS(status)
    return None if code == 0 else {"message": f"The process ended with exit code {code}"}


def kill_tree(pid):
    """Also what left the group: found by its parent, while parents still live."""
    for other in [*descendants(pid), pid]:
        kill_group(other)


def kill_group(pid):
    for send in (os.killpg, os.kill):
        try:
            send(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass


def own_children():
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as children:
            return [int(pid) for pid in children.read().split()]
    except OSError:
        # Kernels without CONFIG_PROC_CHILDREN.
        return [pid for pid, parent in processes().items() if parent == os.getpid()]


def descendants(root):
    parents = processes()
    found, level = [], {root}
    while level:
        level = {pid for pid, parent in parents.items() if parent in level and pid not in found}
        found.extend(level)
    return found


def processes():
    """The parent of every process."""
    parents = {}
    if os.path.isdir("/proc/self"):
        for name in os.listdir("/proc"):
            if name.isdigit():
                try:
                    with open(f"/proc/{name}/stat") as stat:
                        parents[int(name)] = int(stat.read().rsplit(")", 1)[1].split()[1])
                except OSError as error:
                    if error.errno not in (errno.ENOENT, errno.ESRCH):
                        raise
    else:
        listing = subprocess.run(["ps", "-axo", "pid=,ppid="], capture_output=True, text=True).stdout
        for line in listing.splitlines():
            pid, parent = line.split()
            parents[int(pid)] = int(parent)
    return parents


def become_subreaper():
    """On Linux orphans below us become our children (prctl PR_SET_CHILD_SUBREAPER, 36), so that none gets away."""
    if not sys.platform.startswith("linux"):
        return False
    import ctypes

    return ctypes.CDLL(None).prctl(36, 1, 0, 0, 0) == 0


IS_SUBREAPER = False


def main():
    arguments = sys.argv[1:]
    if arguments and arguments[0] == "--block":
        job, result = int(arguments[1]), int(arguments[2])
        high = fcntl_dup(job, 100), fcntl_dup(result, 100)
        os.dup2(high[0], JOB_FD, inheritable=False)
        os.dup2(high[1], RESULT_FD, inheritable=False)
        os.closerange(5, 4096)
        for name in arguments[3:]:
            importlib.import_module(name)
        serve_one_block()
    path, mode, *modules = arguments
    global IS_SUBREAPER
    IS_SUBREAPER = become_subreaper()
    if mode == "fork":
        for name in modules:
            importlib.import_module(name)
    Keeper(path, fork_spare if mode == "fork" else spawn_spare, modules).run()


if __name__ == "__main__":
    main()
