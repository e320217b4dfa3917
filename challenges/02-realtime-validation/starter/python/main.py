"""Sorts trips into valid and invalid. Every file here is yours to change."""

import os
import signal

from checks import reason_of
from confluent_kafka import Consumer, Producer, TopicPartition

IN, VALID, INVALID = (os.environ[name] for name in ("TOPIC_IN", "TOPIC_VALID", "TOPIC_INVALID"))
SERVER = {"bootstrap.servers": os.environ["KAFKA_BOOTSTRAP"]}
BATCH = 50

stopping = False


def stop(*_):
    global stopping
    stopping = True


signal.signal(signal.SIGTERM, stop)
producer = Producer({**SERVER, "enable.idempotence": True})
consumer = Consumer(
    {**SERVER, "group.id": os.environ["GROUP_ID"], "enable.auto.commit": False, "auto.offset.reset": "earliest"}
)
consumer.subscribe([IN])


def sort(message):
    reason = reason_of(message)
    headers = [*(message.headers() or []), ("source", f"{message.partition()}:{message.offset()}")]
    if reason is not None:
        headers.append(("reason", reason))
    topic = VALID if reason is None else INVALID
    producer.produce(topic, key=message.key(), value=message.value(), headers=headers)


while not stopping:
    messages = [message for message in consumer.consume(BATCH, 0.2) if not message.error()]
    for message in messages:
        sort(message)
    # Written first, then committed: killed in between, a record is written again, but never lost.
    producer.flush()
    upto = {message.partition(): message.offset() + 1 for message in messages}
    if upto:
        offsets = [TopicPartition(IN, partition, offset) for partition, offset in upto.items()]
        consumer.commit(offsets=offsets, asynchronous=False)
consumer.close()
