"""Says who it is and whom it started, and never ends."""

import os
import subprocess
import sys
import time

child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"], start_new_session=True)
with open(os.environ["PIDS"] + ".half", "w", encoding="utf-8") as file:
    file.write(f"{os.getpid()} {child.pid}")
os.replace(os.environ["PIDS"] + ".half", os.environ["PIDS"])
while True:
    time.sleep(1000)
