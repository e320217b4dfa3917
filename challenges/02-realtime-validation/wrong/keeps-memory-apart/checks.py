"""What is wrong with a trip, if anything."""

import json
import os
from datetime import datetime, timedelta

WINDOW = 20
MAX_SPEED = float(os.environ["MAX_SPEED"])
NEW_MAX_SPEED = float(os.environ.get("NEW_MAX_SPEED", MAX_SPEED))
AHEAD = timedelta(seconds=60)
TIME = "%Y-%m-%dT%H:%M:%SZ"

TEXT = (str,)
WHOLE = (int,)
NUMBER = (int, float)
FIELDS = {
    "1": {"trip": TEXT, "bike": TEXT, "start": TEXT, "end": TEXT, "meters": WHOLE, "cents": WHOLE},
    "2": {"trip": TEXT, "bike": TEXT, "start": TEXT, "end": TEXT, "km": NUMBER, "cents": WHOLE},
}


def offsets_of(text):
    """`0:30,1:28` as {0: 30, 1: 28}."""
    return {int(part): int(at) for part, at in (pair.split(":") for pair in text.split(",") if pair)}


NEW_FROM = offsets_of(os.environ.get("MAX_SPEED_FROM", ""))


def time_of(text):
    try:
        return datetime.strptime(text, TIME)
    except ValueError:
        return None


class Checks:
    def __init__(self, bikes):
        self.bikes = bikes
        # For each partition the trips of its last records: (offset, trip, bike, number).
        self.recent = {}
        if os.path.exists("recent.json"):
            with open("recent.json") as file:
                self.recent = {int(part): known for part, known in json.load(file).items()}

    def look(self, message):
        """The reason, or None, and how many trips of the bike are missing before this one."""
        if message.value() is None:
            return None, 0
        headers = dict(message.headers() or [])
        reason, trip = self.parse(message.value(), headers.get("schema", b"1").decode())
        if reason is not None:
            return reason, 0
        recent = self.remembered(message)
        number = int(trip["trip"].rsplit("-", 1)[-1])
        reason = self.fields(trip, message) or self.reference(trip, headers)
        if reason is None and any(one[1] == trip["trip"] for one in recent):
            reason = "duplicate"
        before = [one[3] for one in recent if one[2] == trip["bike"]]
        recent.append((message.offset(), trip["trip"], trip["bike"], number))
        with open("recent.json.tmp", "w") as file:
            json.dump(self.recent, file)
        os.replace("recent.json.tmp", "recent.json")
        return reason, max(0, number - max(before) - 1) if reason is None and before else 0

    def parse(self, value, schema):
        if schema not in FIELDS:
            return "schema", None
        try:
            trip = json.loads(value.decode("utf-8"))
        except UnicodeDecodeError:
            return "encoding", None
        except ValueError:
            return "json", None
        if not isinstance(trip, dict):
            return "json", None
        fields = FIELDS[schema]
        if any(trip.get(name) is None for name in fields):
            return "missing", None
        # In Python, True is a whole number, too.
        if any(type(trip[name]) not in kinds for name, kinds in fields.items()):
            return "type", None
        return None, trip

    def fields(self, trip, message):
        start, end = time_of(trip["start"]), time_of(trip["end"])
        if start is None or end is None:
            return "time"
        if end <= start:
            return "order"
        meters = trip["km"] * 1000 if "km" in trip else trip["meters"]
        if meters > self.max_speed(message) * (end - start).total_seconds():
            return "speed"
        # Kafka's own time of the record, which is the same whenever and wherever it is read.
        _, sent_ms = message.timestamp()
        if end > datetime(1970, 1, 1) + timedelta(milliseconds=sent_ms) + AHEAD:
            return "future"
        return None

    def max_speed(self, message):
        is_new = message.offset() >= NEW_FROM.get(message.partition(), float("inf"))
        return NEW_MAX_SPEED if is_new else MAX_SPEED

    def reference(self, trip, headers):
        return None if self.bikes.has(trip["bike"], int(headers["bikes"])) else "bike"

    def remembered(self, message):
        known = self.recent.get(message.partition(), [])
        kept = [one for one in known if message.offset() - one[0] <= WINDOW]
        self.recent[message.partition()] = kept
        return kept
