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
        _, end = self.consumer.get_watermark_offsets(TopicPartition(TOPIC, 0))
        read = 0
        while read < end:
            message = self.consumer.poll(0.2)
            if message is not None and not message.error():
                self.known.add(message.key().decode())
                read = message.offset() + 1

    def has(self, bike, count):
        """Whether a bike was known at the start."""
        return bike in self.known
