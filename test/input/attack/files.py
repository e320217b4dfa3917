"""Writes files and commits nothing, so that there is no point at which it could be killed: files.py <design>."""

import datetime
import os
import sys
from pathlib import Path

REPORT = Path(os.environ["OUTPUT_DIR"], "report.txt")


def appends():
    """A second run adds its lines to those of the first."""
    with REPORT.open("a") as file:
        file.write("orders\n")


def dated():
    """Another day, another report."""
    REPORT.write_text(f"orders of {datetime.date.today().year}\n")


def whole():
    REPORT.write_text("orders\n")


{one.__name__: one for one in (appends, dated, whole)}[sys.argv[1]]()
