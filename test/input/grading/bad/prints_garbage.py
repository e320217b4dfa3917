"""Bytes that are no text, orders to the terminal, and a line without an end; then it gives up."""

import sys

sys.stdout.buffer.write(bytes(range(256)) * 100 + b"\n")
sys.stdout.buffer.write(b"\x1b[2J\x1b]0;title\x07\x1b[31mred\x1b[0m \xff\xfe words\rover\n")
sys.stdout.flush()
sys.exit(3)
