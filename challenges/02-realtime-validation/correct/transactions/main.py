"""Sorts trips into valid and invalid. Every file here is yours to change."""

import os
import signal

from bikes import Bikes
from checks import Checks
from confluent_kafka import Consumer, Producer, TopicPartition

IN, VALID, INVALID = (os.environ[name] for name in ("TOPIC_IN", "TOPIC_VALID", "TOPIC_INVALID"))
SERVER = {"bootstrap.servers": os.environ["KAFKA_BOOTSTRAP"]}
BATCH = 50
WINDOW = 20

stopping = False


def stop(*_):
    global stopping
    stopping = True


class Sorter:
    def __init__(self):
        # Otherwise librdkafka waits for the group's old coordinator when its broker was away (its issue 5511, in 2.16 too).
        recovery = {"metadata.recovery.strategy": "none"}
        self.producer = Producer({**SERVER, **recovery, "transactional.id": os.environ["GROUP_ID"]})
        self.producer.init_transactions()
        self.consumer = Consumer(
            {**SERVER, "group.id": os.environ["GROUP_ID"], "enable.auto.commit": False, "auto.offset.reset": "earliest"}
        )
        self.checks = Checks(Bikes())
        self.resume = {}
        self.consumer.subscribe([IN], on_assign=self.assigned)

    def assigned(self, consumer, partitions):
        """What was remembered of the last records is read again, so that it needs no place of its own."""
        # Others may have had these partitions meanwhile, and may have those now that were here before.
        self.resume = {}
        self.checks.recent.clear()
        for partition in consumer.committed(partitions):
            self.resume[partition.partition] = max(0, partition.offset)
        consumer.assign([TopicPartition(IN, part, max(0, self.resume[part] - WINDOW)) for part in self.resume])

    def sort(self, message):
        reason, gap = self.checks.look(message)
        if message.offset() < self.resume[message.partition()]:
            return  # Judged before the restart; it is only remembered.
        headers = [*(message.headers() or []), ("source", f"{message.partition()}:{message.offset()}")]
        if reason is not None:
            headers.append(("reason", reason))
        elif gap > 0:
            headers.append(("gap", str(gap)))
        topic = VALID if reason is None else INVALID
        self.producer.produce(topic, key=message.key(), value=message.value(), headers=headers)

    def run(self):
        while not stopping:
            messages = [m for m in self.consumer.consume(BATCH, 0.2) if not m.error()]
            if not messages:
                continue
            # What is written and how far was read become visible together, or not at all.
            self.producer.begin_transaction()
            for message in messages:
                self.sort(message)
            upto = {m.partition(): m.offset() + 1 for m in messages}
            offsets = [TopicPartition(IN, part, at) for part, at in upto.items() if at > self.resume[part]]
            if offsets:
                self.producer.send_offsets_to_transaction(offsets, self.consumer.consumer_group_metadata())
            self.producer.commit_transaction()
        self.consumer.close()


signal.signal(signal.SIGTERM, stop)
Sorter().run()
