"""A client of Kafka in a scene: a consumer or a producer in a process of its own, which does what it is told line by line.

Commands come by the named pipe that ACTOR_PIPE names, in this folder. What each printed goes to standard output, followed
by END; the first thing printed is the process's id. Names of topics, groups and transactions get the block's prefix here
and lose it in what is printed, so that a scene reads as one on a Kafka of its own.

Nothing here waits for time to pass: it waits for the group, for messages, for the broker's word.
"""

import json
import logging
import os
import select

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

END = "\x04"
NAME, PREFIX = os.environ["ACTOR"], os.environ["TOPIC_PREFIX"]
#: What the client would write to its log is told in words of ours.
SILENT = logging.getLogger(NAME)
SILENT.addHandler(logging.NullHandler())
SILENT.propagate = False
CONFIG = json.loads(os.environ["KAFKA_CONFIG"]) | {
    "client.id": NAME,
    "logger": SILENT,
    # A broker that is back is found at once.
    "reconnect.backoff.max.ms": 200,
}
NOT_YET = {KafkaError.COORDINATOR_LOAD_IN_PROGRESS, KafkaError.COORDINATOR_NOT_AVAILABLE, KafkaError.NOT_COORDINATOR}
#: How soon a member that says nothing is given up, where the broker lets it be so soon.
SESSION_MS = 2000


def place(topic, partition):
    return f"{topic.removeprefix(PREFIX)}-{partition}"


def words(error):
    return f"refused: {error.name().lstrip('_')}: {KafkaError(error.code()).str()}"


def shortest_session(admin):
    """What the broker allows; its usual six seconds where it does not say."""
    try:
        broker = ConfigResource(ResourceType.BROKER, str(next(iter(admin.list_topics(timeout=10).brokers))))
        settings = admin.describe_configs([broker])[broker].result(10)
        return max(SESSION_MS, int(settings["group.min.session.timeout.ms"].value))
    except (KafkaException, KeyError):
        return 6000


class Member:
    """A consumer. Between commands it polls without taking messages, so that the group can rebalance."""

    def __init__(self):
        self.admin = AdminClient(CONFIG)
        self.consumer = self.group = None
        self.told = None
        self.at = {}

    def do(self, verb, args):
        return getattr(self, f"do_{verb}")(*args)

    def idle(self):
        if self.consumer is not None:
            self.consumer.poll(0.02)

    def do_subscribe(self, topic, group="readers"):
        self.group = PREFIX + group
        session = shortest_session(self.admin)
        self.consumer = Consumer(
            CONFIG
            | {
                "group.id": self.group,
                "session.timeout.ms": session,
                "heartbeat.interval.ms": session // 4,
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                # The end of a partition is known at once, and one that was paused is read on at once.
                "fetch.wait.max.ms": 20,
                "fetch.queue.backoff.ms": 10,
            }
        )
        self.consumer.subscribe([PREFIX + topic], on_assign=self.assigned, on_revoke=self.lost, on_lost=self.lost)
        self.settle()
        return self.told_now()

    def assigned(self, consumer, partitions):
        consumer.assign(partitions)
        consumer.pause(partitions)

    def lost(self, consumer, partitions):
        # What it is given next is news, even where it is the same.
        self.at, self.told = {}, None

    def mine(self):
        return sorted(place(p.topic, p.partition) for p in self.consumer.assignment())

    def settle(self):
        """Until the group is stable and gives this member what it has."""
        while True:
            self.idle()
            try:
                found = self.admin.describe_consumer_groups([self.group])[self.group].result(30)
            except KafkaException as error:
                # A broker that has just come (back) reads what it knows of its groups first.
                if error.args[0].retriable() or error.args[0].code() in NOT_YET:
                    continue
                raise
            member = next((one for one in found.members if one.client_id == NAME), None)
            if found.state.name != "STABLE" or member is None:
                continue
            if sorted(place(p.topic, p.partition) for p in member.assignment.topic_partitions) == self.mine():
                return

    def told_now(self):
        self.told = self.mine()
        return ["assigned " + (", ".join(self.told) or "nothing")]

    def do_news(self):
        if self.consumer is None:
            return []
        self.settle()
        return [] if self.told == self.mine() else self.told_now()

    def do_await(self, *_):
        while self.told == self.mine():
            self.settle()
        return self.told_now()

    def do_poll(self, count="1000000"):
        lines = []
        for part in sorted(self.consumer.assignment(), key=lambda p: (p.topic, p.partition)):
            self.consumer.resume([part])
            while len(lines) < int(count):
                message = self.consumer.poll(1)
                if message is None:
                    continue
                if message.error() is None:
                    self.at[(message.topic(), message.partition())] = message.offset() + 1
                    lines.append(row(message))
                elif message.error().code() == KafkaError._PARTITION_EOF:
                    break
                else:
                    raise KafkaException(message.error())
            self.consumer.pause([part])
            # Reads on from here, and says again where the end is.
            if (part.topic, part.partition) in self.at:
                self.consumer.seek(TopicPartition(part.topic, part.partition, self.at[(part.topic, part.partition)]))
        return lines or ["(nothing new)"]

    def do_commit(self):
        offsets = [TopicPartition(topic, partition, at) for (topic, partition), at in sorted(self.at.items())]
        if not offsets:
            return ["(nothing to commit)"]
        self.consumer.commit(offsets=offsets, asynchronous=False)
        return ["committed " + ", ".join(f"{place(p.topic, p.partition)} @ {p.offset}" for p in offsets)]

    def do_close(self):
        self.consumer.close()
        self.consumer = None
        return []


class Sender:
    def __init__(self):
        self.producer, self.transaction = Producer(CONFIG | {"enable.idempotence": True}), None
        self.lines = []

    def idle(self):
        self.producer.poll(0)

    def do(self, verb, args):
        return getattr(self, f"do_{verb}")(*args)

    def do_news(self):
        return []

    def do_send(self, topic, *pairs):
        self.lines = []
        for pair in pairs:
            key, _, value = pair.partition("=")
            self.producer.produce(PREFIX + topic, value, key, on_delivery=self.delivered)
        self.producer.flush()
        return sorted(self.lines)

    def delivered(self, error, message):
        self.lines.append(row(message) if error is None else words(error))

    def do_begin(self, name):
        """A transaction; the first one makes this producer the only one of that name."""
        if self.transaction != name:
            self.transaction = name
            self.producer = Producer(CONFIG | {"transactional.id": PREFIX + name})
            self.producer.init_transactions()
        self.producer.begin_transaction()
        return []

    def do_commit(self):
        self.producer.commit_transaction()
        return ["committed"]

    def do_abort(self):
        self.producer.abort_transaction()
        return ["aborted"]


def row(message):
    key, value = ((part or b"").decode() for part in (message.key(), message.value()))
    return f"{place(message.topic(), message.partition())} @ {message.offset()}  {key}={value}"


def serve():
    actor = Member() if NAME.startswith("consumer") else Sender()
    os.mkfifo(os.environ["ACTOR_PIPE"], 0o600)
    pipe = os.open(os.environ["ACTOR_PIPE"], os.O_RDWR | os.O_NONBLOCK)
    pending = b""
    print(os.getpid(), END, sep="\n", flush=True)
    while True:
        if not select.select([pipe], [], [], 0)[0]:
            actor.idle()
            if isinstance(actor, Sender) or actor.consumer is None:
                select.select([pipe], [], [])
            continue
        pending += os.read(pipe, 65536)
        while b"\n" in pending:
            line, _, pending = pending.partition(b"\n")
            verb, *args = line.decode().split()
            if verb == "hold":
                # Stands still before it is stopped, so that what it does next is its next command.
                print(END, flush=True)
                select.select([pipe], [], [])
                continue
            try:
                lines = actor.do(verb, args)
            except KafkaException as error:
                lines = [words(error.args[0])]
            print(*lines, END, sep="\n", flush=True)


serve()
