import sys

from loads import load

for n in range(100):
    sys.stdout.write("x" * 999_999 + "\n")
sys.stdout.write("y" * 1_000_000)
load()
