"""Runs at the start of every Python below a program whose clock is to be off by DEJ_SHIFT_MS, because PYTHONPATH leads here.

The wall clock alone is moved: monotonic clocks, sleeps and time-outs stay as they are. Classes of datetime stay the very
classes that they are, so that subclasses, pickles and libraries in C never meet another one. What a library in C asks the
system itself is out of reach.
"""

import os
import sys


def move_clocks(shift_ns):
    import _datetime
    import ctypes
    import gc
    import time

    real_ns = time.time_ns
    real = {name: getattr(time, name) for name in ("localtime", "gmtime", "ctime", "asctime", "strftime")}

    def now_ns():
        return real_ns() + shift_ns

    def now():
        return now_ns() / 1e9

    def of_seconds(name):
        def asked(secs=None):
            return real[name](now() if secs is None else secs)

        return asked

    def asctime(*args):
        return real["asctime"](*(args or (time.localtime(),)))

    def strftime(form, *args):
        return real["strftime"](form, *(args or (time.localtime(),)))

    own = {"time": now, "time_ns": now_ns, "asctime": asctime, "strftime": strftime}
    own.update({name: of_seconds(name) for name in ("localtime", "gmtime", "ctime")})
    if hasattr(time, "clock_gettime"):
        gettime, gettime_ns = time.clock_gettime, time.clock_gettime_ns

        def clock_gettime(clock):
            return now() if clock == time.CLOCK_REALTIME else gettime(clock)

        def clock_gettime_ns(clock):
            return now_ns() if clock == time.CLOCK_REALTIME else gettime_ns(clock)

        own.update(clock_gettime=clock_gettime, clock_gettime_ns=clock_gettime_ns)
    for name, function in own.items():
        function.__name__ = function.__qualname__ = name
        setattr(time, name, function)

    date, moment, zone = _datetime.date, _datetime.datetime, _datetime.timezone
    of_moment = moment.__dict__["fromtimestamp"]

    def exactly(cls, tz):
        seconds, rest = divmod(now_ns(), 10**9)
        return of_moment.__get__(None, cls)(seconds, tz).replace(microsecond=rest // 1000)

    def now_of(cls, tz=None):
        return exactly(cls, tz)

    def utcnow(cls):
        if sys.version_info >= (3, 12):
            import warnings

            words = "datetime.datetime.utcnow() is deprecated: use timezone-aware objects, datetime.now(datetime.UTC)"
            warnings.warn(words, DeprecationWarning, stacklevel=2)
        return exactly(cls, zone.utc).replace(tzinfo=None)

    def today(cls):
        return cls.fromtimestamp(now())

    # A type of C takes no attributes; its dictionary does, once the caches that stand before it are told.
    now_of.__name__ = "now"
    for kind, name, function in ((moment, "now", now_of), (moment, "utcnow", utcnow), (date, "today", today)):
        gc.get_referents(kind.__dict__)[0][name] = classmethod(function)
        ctypes.pythonapi.PyType_Modified(ctypes.py_object(kind))
    report(real_ns)


def report(real_ns):
    """Says by how much the clock that a program reads is off, as measured, and not as meant."""
    from datetime import datetime

    import time

    off_ms = round((time.time_ns() - real_ns()) / 1e6)
    off_too_ms = round((datetime.now().timestamp() - real_ns() / 1e9) * 1e3)
    line = "python %s pid %d: %d %d\n" % (sys.version.split()[0], os.getpid(), off_ms, off_too_ms)
    with open(os.environ["DEJ_SHIFT_REPORT"], "a") as file:
        file.write(line)


def run_the_one_shadowed():
    """A sitecustomize of the program or its environment, which this one stands before."""
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    here = os.path.dirname(os.path.abspath(__file__))
    others = [path for path in sys.path if os.path.abspath(path) != here]
    spec = PathFinder.find_spec("sitecustomize", others)
    if spec is None or spec.loader is None:
        return
    module = module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


try:
    move_clocks(int(os.environ["DEJ_SHIFT_MS"]) * 10**6)
except Exception as error:  # An interpreter that can't be changed so goes on as it is, and makes no report.
    print("the clock was not moved: %r" % error, file=sys.stderr)
run_the_one_shadowed()
