"""Confirms each transaction of the slot `pipeline`; says what it confirms."""

from pgoutput import Commit
from slot import Slot

slot = Slot()
for event in slot.events():
    if isinstance(event, Commit):
        print(f"confirm {event.end}", flush=True)
        slot.confirm(event.end)
