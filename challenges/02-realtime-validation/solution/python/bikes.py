"""The bikes that are registered, as far as topic bikes has been read."""

import os

from confluent_kafka import Consumer, TopicPartition

TOPIC = os.environ["TOPIC_BIKES"]


class Bikes:
    def __init__(self):
        # It reads all by itself from the beginning, and commits nothing: the group is only a name.
        self.consumer = Consumer(
            {
                "bootstrap.servers": os.environ["KAFKA_BOOTSTRAP"],
                "group.id": f"{os.environ['GROUP_ID']}-bikes",
                "enable.auto.commit": False,
            }
        )
        self.consumer.assign([TopicPartition(TOPIC, 0, 0)])
        self.known = set()
        self.read = 0

    def has(self, bike, count):
        """Whether a bike is known, once at least `count` records of the topic have been read."""
        while self.read < count:
            message = self.consumer.poll(0.2)
            if message is None or message.error():
                continue
            self.known.add(message.key().decode())
            self.read = message.offset() + 1
        return bike in self.known
