"""The process that runs one block and reports how it ended."""

import builtins
import io
import json
import os
import resource
import signal
import sys
import warnings

JOB_FD, RESULT_FD = 3, 4
NAME = "block.py"
MAX_FILE_BYTES = 1 << 30
#: A longer text helps nobody, and both together fit into a pipe.
MAX_MESSAGE, MAX_DETAIL = 4000, 8000

started_processes = False


def become_block(job, result, output):
    """A session of its own, its pipes at fixed places, and nothing else of the keeper open. Then waits for its job."""
    os.setsid()
    signal.set_wakeup_fd(-1)
    for name in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(name, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    place(job, result, output)
    serve_one_block()


def place(job, result, output):
    import fcntl

    # Moved high first, so that putting one at its place does not close another.
    null = os.open(os.devnull, os.O_RDONLY)
    ends = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 100) for end in (null, output, job, result)]
    for end, fd in ((ends[0], 0), (ends[1], 1), (ends[1], 2), (ends[2], JOB_FD), (ends[3], RESULT_FD)):
        os.dup2(end, fd, inheritable=fd < 3)
    os.closerange(RESULT_FD + 1, 4096)


def serve_one_block():
    """Waits for a job on JOB_FD, runs it, and writes how it ended to RESULT_FD."""
    prepare()
    with os.fdopen(JOB_FD, "rb") as jobs:
        line = jobs.readline()
    if not line.endswith(b"\n"):
        os._exit(0)
    job = json.loads(line)
    os.environ.update(job["env"])
    directory = job["directory"]
    os.chdir(directory)
    sys.path.insert(0, directory)
    os.environ["TMPDIR"] = private = f"{directory}.tmp"
    os.makedirs(private, mode=0o700, exist_ok=True)
    error = run(job, private)
    report = {"error": error, "started": started_processes}
    os.write(RESULT_FD, json.dumps(report).encode() + b"\n")
    os._exit(0)


def prepare():
    """All that can be done before the job is known."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_FILE_BYTES, MAX_FILE_BYTES))
    try:
        # Where memory runs out, the block goes first, and not an engine.
        with open("/proc/self/oom_score_adj", "w") as score:
            score.write("1000")
    except OSError:
        pass
    # Every write goes straight to the pipe that both share: then what this process and its children print comes out in
    # the order in which it was printed, and at once.
    sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__ = [
        io.TextIOWrapper(open(fd, "wb", buffering=0, closefd=False), encoding="utf-8", errors="backslashreplace", write_through=True)
        for fd in (1, 2)
    ]
    sys.stdin = sys.__stdin__ = open(os.devnull)
    sys.argv = [NAME]
    # Ours was fixed for the sake of recordings; programs that the block starts are to be like any other.
    os.environ.pop("PYTHONHASHSEED", None)
    if "tempfile" in sys.modules:
        sys.modules["tempfile"].tempdir = None
    if "numpy.random" in sys.modules:
        # Its state came with the fork: every block would draw the same numbers. The standard library sees to its own.
        sys.modules["numpy.random"].seed()
    # Python 3.12 warns of threads that our imports made, of which a block that forks knows nothing.
    warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
    sys.addaudithook(note_processes)


def note_processes(event, _arguments):
    global started_processes
    if event in ("subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system"):
        started_processes = True


def run(job, private):
    """Runs the code as a script is run; gives None, or its error."""
    import types

    module = types.ModuleType("__main__")
    # A file of this name is what multiprocessing starts its processes from.
    module.__file__ = os.path.join(private, NAME)
    module.__builtins__ = builtins
    with open(module.__file__, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(job["code"])
    sys.modules["__main__"] = module
    own = os.getpid()
    error = run_earlier(job.get("before") or [], module.__dict__)
    if error is None:
        error = execute(job["code"], module.__dict__, NAME)
    leave()
    if os.getpid() != own:
        # A fork that the block made came to the end of the code too; only the block itself reports.
        if error is not None:
            print(error["message"], file=sys.stderr)
        os._exit(0 if error is None else 1)
    return error


def run_earlier(codes, namespace):
    """The earlier blocks of the session, what they print dropped."""
    if not codes:
        return None
    keep = os.dup(1)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    try:
        for number, code in enumerate(codes, 1):
            error = execute(code, namespace, f"earlier-{number}.py")
            if error is not None:
                # Its line is not a line of the block that was asked for.
                return {"message": error["message"], "detail": error.get("detail") or f'  in an earlier block of this session, line {error["line"]}'}
        return None
    finally:
        os.dup2(keep, 1)
        os.dup2(keep, 2)
        os.close(keep)
        os.close(null)


def leave():
    """What Python does at the end of a script: waits for threads, then calls what was registered for the exit."""
    import atexit
    import threading

    try:
        threading._shutdown()
    except BaseException as error:
        print(describe(error)["message"], file=sys.stderr)
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass


def execute(code, namespace, name):
    """Runs the code; gives None, or its error in words, with its line."""
    import linecache

    linecache.cache[name] = (len(code), None, code.splitlines(True), name)
    try:
        exec(compile(code, name, "exec", dont_inherit=True), namespace)
        return None
    except SystemExit as end:
        return None if end.code in (None, 0) else describe(end, name)
    except BaseException as error:
        return describe(error, name)


def describe(error, name=NAME):
    frames = own_frames(error)
    if isinstance(error, SyntaxError) and error.filename == name:
        line = error.lineno
    else:
        line = next((frame.lineno for frame in reversed(frames) if frame.filename == name), None)
    described = {"message": shorten(message(error), MAX_MESSAGE), "line": line}
    # One frame says no more than the line does.
    if len(frames) > 1 or earlier(error) is not None:
        described["detail"] = shorten("\n".join(story(error, set())), MAX_DETAIL)
    return described


def message(error):
    import traceback

    parts = traceback.format_exception_only(type(error), error)
    # A syntax error's other parts are the line and a mark below it. What lies in a library's private module (`_duckdb`) is
    # called by the public one in code.
    return (parts[-1] if isinstance(error, SyntaxError) else "".join(parts)).strip().removeprefix("_")


def own_frames(error):
    """The frames of the block's own code: those of libraries and of ours say little to who wrote the block."""
    import traceback

    code = (NAME, "earlier-")
    return [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(code)]


def earlier(error):
    """The error that this one followed, and how."""
    if error.__cause__ is not None:
        return error.__cause__, "The above exception was the direct cause of the following exception:"
    if error.__context__ is not None and not error.__suppress_context__:
        return error.__context__, "During handling of the above exception, another exception occurred:"
    return None


def story(error, seen):
    """The traceback in lines, without the last one's message, which stands beside it."""
    import traceback

    lines = []
    before = earlier(error)
    if before is not None and id(before[0]) not in seen:
        other, words = before
        seen.add(id(error))
        lines += [*story(other, seen), *message(other).splitlines(), "", words, ""]
    # Without the columns, so that every version of Python writes the same.
    frames = [(frame.filename, frame.lineno, frame.name, frame.line) for frame in own_frames(error)]
    return lines + "".join(traceback.StackSummary.from_list(frames).format()).splitlines()


def shorten(text, limit):
    return text if len(text) <= limit else f"{text[:limit]} … ({len(text) - limit} characters more)"
