"""Runs blocks of Python, each in a fresh process that has the usual packages imported already.

usage: parent.py SOCKET fork|spare MODULE ...

A block is one connection to SOCKET: a line of JSON (a Job of worker.ts) comes in, lines of JSON (WorkerEvent) go out.
Processes are kept ready ahead, so that a block waits neither for imports nor for fork. With `fork` they are forked from
this process, which only imports and never uses what it imports: threads of a library do not survive a fork. With `spare`
(macOS, where forking after imports is unsafe) each is a new interpreter that serves a single block.

Ends, with everything it started, when its standard input ends: then whoever started it is gone.
"""

import codecs
import fcntl
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import struct
import sys
import termios
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
# Only for these: a block must not find our files among its modules.
sys.path.insert(0, HERE)
import dej_block
import dej_trees as trees
from dej_child import Child, fork_child, spawn_child

sys.path.remove(HERE)

CHUNK = 65536
QUIET_SECONDS = 0.02
#: A new interpreter takes long to come, so one more is kept.
READY_AHEAD = {"fork": 1, "spare": 2}


def serve_as_spawned(job, result, output, parent, *modules):
    trees.die_with(int(parent))
    trees.adopt_orphans()
    for name in modules:
        importlib.import_module(name)
    dej_block.become_block(int(job), int(result), int(output))


class Block:
    """One connection, and the process that runs for it once the job is there."""

    def __init__(self, connection):
        self.connection = connection
        self.incoming = b""
        self.outgoing = bytearray()
        self.child = None
        self.decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self.report = b""
        #: Bytes of output that were printed before it ended, once it has.
        self.left = None
        #: The wait status, once the process has ended.
        self.status = None
        #: Its last event is on its way.
        self.closing = False


class Keeper:
    def __init__(self, path, start_child, ahead):
        self.start_child, self.ahead = start_child, ahead
        self.blocks = set()
        self.ready = []
        #: Killed and not collected yet.
        self.dying = {}
        self.selector = selectors.DefaultSelector()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        os.chmod(path, 0o600)
        self.listener.listen(64)
        self.listener.setblocking(False)
        self.woken, waker = os.pipe()
        for end in (self.woken, waker, 0):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: self.end())
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self.watch(self.listener, self.accept)
        self.watch(self.woken, self.collect)
        self.watch(0, self.check_owner)

    def watch(self, file, call, events=selectors.EVENT_READ):
        self.selector.register(file, events, call)

    def unwatch(self, file):
        try:
            self.selector.unregister(file)
        except KeyError:
            pass

    def run(self):
        self.ready.append(Child(self.start_child))
        print("ready", flush=True)
        while True:
            # Making the next one ready takes milliseconds, which must not delay the block that took the last: it is
            # made when that has finished, or when nothing happened for a moment.
            wanted = len(self.ready) < self.ahead
            events = self.selector.select(QUIET_SECONDS if wanted else None)
            for key, _ in events:
                # An earlier event of the same round may have closed what this one is about.
                if self.selector.get_map().get(key.fd) is key:
                    self.call(key.data)
            if wanted and (not events or not self.blocks):
                self.ready.append(Child(self.start_child))

    def call(self, function):
        try:
            function()
        except Exception:
            # One block's trouble must not end the others; it goes to the log.
            traceback.print_exc()

    def check_owner(self):
        if not os.read(0, CHUNK):
            self.end()

    def end(self):
        children = [block.child.pid for block in self.blocks if block.child is not None]
        trees.end_trees([*children, *self.dying, *(child.pid for child in self.ready)])
        while strays := self.strays():
            trees.end_trees(strays)
            for pid in strays:
                os.waitpid(pid, 0)
        os._exit(0)

    # ---- a connection ---------------------------------------------------------------------------------------------

    def accept(self):
        try:
            connection, _ = self.listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        connection.setblocking(False)
        block = Block(connection)
        self.blocks.add(block)
        self.watch(connection, lambda: self.receive(block))

    def receive(self, block):
        try:
            data = block.connection.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.drop(block)
        elif block.child is None:
            block.incoming += data
            if b"\n" in data:
                self.begin(block)

    def begin(self, block):
        child = block.child = self.ready.pop(0) if self.ready else Child(self.start_child)
        try:
            with os.fdopen(child.job, "wb") as jobs:
                jobs.write(block.incoming.partition(b"\n")[0] + b"\n")
        except BrokenPipeError:
            pass
        child.job = None
        block.incoming = b""
        self.watch(child.output, lambda: self.pump(block))
        self.watch(child.result, lambda: self.read_report(block))

    def pump(self, block):
        """Passes on what the block printed. False when there is nothing more now."""
        if block.child.output is None or block.left == 0:
            return False
        try:
            data = os.read(block.child.output, CHUNK if block.left is None else min(CHUNK, block.left))
        except BlockingIOError:
            return False
        if not data:
            self.unwatch(block.child.output)
            os.close(block.child.output)
            block.child.output = None
            return False
        if block.left is not None:
            block.left -= len(data)
        text = block.decoder.decode(data)
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
            return self.wait_for_reader(block)
        except OSError:
            return self.drop(block)
        if block.closing:
            self.drop(block)

    def wait_for_reader(self, block):
        """A reader that does not keep up makes the block wait at its next print, instead of filling our memory."""
        if block.child.output is not None:
            self.unwatch(block.child.output)
        self.selector.modify(block.connection, selectors.EVENT_READ | selectors.EVENT_WRITE, lambda: self.resume(block))

    def resume(self, block):
        self.selector.modify(block.connection, selectors.EVENT_READ, lambda: self.receive(block))
        self.receive(block)
        if block in self.blocks:
            self.flush(block)
        if block not in self.blocks or block.outgoing:
            return
        if block.child.output is not None:
            self.watch(block.child.output, lambda: self.pump(block))
        if has_ended(block):
            self.conclude(block)

    # ---- its end --------------------------------------------------------------------------------------------------

    def read_report(self, block):
        try:
            data = os.read(block.child.result, CHUNK)
        except BlockingIOError:
            return
        block.report += data
        if not data:
            # It closed its end, or died: its exit status says more, and comes next.
            self.unwatch(block.child.result)
        elif block.report.endswith(b"\n") and not block.outgoing:
            # The report is the last thing it does, so there is no need to wait until the process is gone.
            self.conclude(block)

    def collect(self):
        """Some process ended: a block's, one that was killed, a stray, or one that waited for a block."""
        try:
            os.read(self.woken, CHUNK)
        except BlockingIOError:
            pass
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            child = self.dying.pop(pid, None)
            block = next((block for block in self.blocks if block.child is not None and block.child.pid == pid), None)
            if block is not None:
                block.status, child = status, block.child
                self.read_report(block)
                if block in self.blocks and not block.outgoing:
                    self.conclude(block)
            if child is not None:
                trees.send(os.killpg, pid)
                if child.started and not trees.IS_LINUX:
                    trees.end_trees(trees.marked(child.marker))
            elif any(child.pid == pid for child in self.ready):
                self.give_up(pid, status)
        strays = self.strays()
        if strays:
            trees.end_trees(strays)

    def give_up(self, pid, status):
        """One that waited has died: something is wrong with the packages or the machine, and the next one would too."""
        child = next(child for child in self.ready if child.pid == pid)
        sys.stderr.write(os.read(child.output, CHUNK).decode(errors="replace"))
        print(f"a waiting process ended by itself: {ended_early(status)}", file=sys.stderr, flush=True)
        self.ready.remove(child)
        self.end()

    def conclude(self, block):
        """Sends what is left of its output, then how it ended."""
        if block.closing:
            return
        if block.left is None and block.child.output is not None:
            # Background processes that it left could print for ever; what it printed itself is in the pipe by now.
            block.left = struct.unpack("i", fcntl.ioctl(block.child.output, termios.FIONREAD, b"\0\0\0\0"))[0]
        while self.pump(block):
            if block not in self.blocks or block.outgoing:
                return
        tail = block.decoder.decode(b"", True)
        if tail:
            block.outgoing += json.dumps({"type": "text", "text": tail}).encode() + b"\n"
        if block.report.endswith(b"\n"):
            report = json.loads(block.report)
            error, block.child.started = report["error"], report["started"]
        else:
            error = ended_early(block.status)
        if error is not None:
            block.outgoing += json.dumps({"type": "error", **error}).encode() + b"\n"
        block.closing = True
        self.send(block, {"type": "end", "ok": error is None})

    def strays(self):
        """Processes that lost their parent come to us where orphans are adopted: those of a block that has ended."""
        if not trees.IS_LINUX:
            return []
        known = {child.pid for child in self.ready} | {block.child.pid for block in self.blocks if block.child is not None}
        return [pid for pid in trees.own_children() if pid not in known and pid not in self.dying]

    def drop(self, block):
        if block not in self.blocks:
            return
        self.blocks.discard(block)
        self.unwatch(block.connection)
        block.connection.close()
        child = block.child
        if child is None:
            return
        if block.status is None:
            # What left its group is found when it is collected.
            trees.send(os.killpg, child.pid)
            trees.send(os.kill, child.pid)
            self.dying[child.pid] = child
        for end in (child.output, child.result):
            if end is not None:
                self.unwatch(end)
        child.close()


def has_ended(block):
    return block.status is not None or block.report.endswith(b"\n")


def ended_early(status):
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        name = next((known.name for known in signal.Signals if known == number), f"signal {number}")
        hint = " (the system does that when memory runs out)" if number == signal.SIGKILL else ""
        return {"message": f"The process was ended by {name}{hint}"}
    code = os.WEXITSTATUS(status)
    return None if code == 0 else {"message": f"The process ended with exit code {code}"}


def main():
    if sys.argv[1] == "--block":
        return serve_as_spawned(*sys.argv[2:])
    path, mode, *modules = sys.argv[1:]
    trees.adopt_orphans()
    if mode == "fork":
        for name in modules:
            importlib.import_module(name)
        # What is there now is never garbage; leaving it alone keeps its memory shared with the forks.
        gc.collect()
        gc.freeze()
    Keeper(path, fork_child if mode == "fork" else spawn_child(modules), READY_AHEAD[mode]).run()


if __name__ == "__main__":
    main()
