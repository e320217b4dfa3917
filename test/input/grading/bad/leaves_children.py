"""Forks into a session of its own, which holds the output open and goes on, and starts another that is deaf to SIGTERM."""

import os
import signal
import subprocess
import sys
import time

from loads import load

if os.fork() == 0:
    os.setsid()
    time.sleep(1000)
deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(1000)"
subprocess.Popen([sys.executable, "-c", deaf], start_new_session=True)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
load()
