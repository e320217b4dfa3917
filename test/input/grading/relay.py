"""Passes records on from one topic to another in batches, until it is told to stop. argv: design."""

import os
import signal
import sys

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

E = os.environ
DESIGN, BATCH = sys.argv[1], 10
stopping = False


def stop(*_):
    global stopping
    stopping = True


def commit(offsets):
    """Tried again while nobody keeps its offsets: a broker that was killed comes back."""
    while True:
        try:
            return consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:
            if error.args[0].code() != KafkaError._WAIT_COORD:
                raise


signal.signal(signal.SIGTERM, stop)
base = {"bootstrap.servers": E["KAFKA_BOOTSTRAP"]}
consumer = Consumer({**base, "group.id": E["GROUP_ID"], "enable.auto.commit": False, "auto.offset.reset": "earliest"})
transactional = DESIGN == "transaction"
producer = Producer({**base, **({"transactional.id": E["GROUP_ID"]} if transactional else {"enable.idempotence": True})})
if transactional:
    producer.init_transactions()
consumer.subscribe([E["TOPIC_IN"]])
print("here I am", flush=True)
while not stopping:
    batch = [m for m in consumer.consume(BATCH, 0.2) if not m.error()]
    if not batch:
        continue
    offsets = [TopicPartition(m.topic(), m.partition(), m.offset() + 1) for m in batch[-1:]]
    if transactional:
        producer.begin_transaction()
    for m in batch:
        source = f"{m.partition()}:{m.offset()}"
        producer.produce(E["TOPIC_OUT"], key=m.key(), value=m.value(), headers={"source": source})
    if transactional:
        producer.send_offsets_to_transaction(offsets, consumer.consumer_group_metadata())
        producer.commit_transaction()
    else:
        producer.flush()
        commit(offsets)
consumer.close()
