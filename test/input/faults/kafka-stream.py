"""Reads a topic in batches and writes each batch to another one; says what it believes after each step."""

import os
import sys

from confluent_kafka import Consumer, Producer, TopicPartition

E = os.environ
MODE, END, BATCH = sys.argv[1], int(E["END"]), 10

base = {"bootstrap.servers": E["KAFKA_BOOTSTRAP"]}
consumer = Consumer(
    {**base, "group.id": E["GROUP_ID"], "enable.auto.commit": False, "auto.offset.reset": "earliest", **({"group.protocol": "consumer"} if MODE == "modern" else {})}
)
transactional = MODE == "transaction"
safe = {"acks": 0} if MODE == "unanswered" else {"enable.idempotence": True}
producer = Producer({**base, **({"transactional.id": E["GROUP_ID"]} if transactional else safe)})
if transactional:
    producer.init_transactions()
done = False


def assigned(cons, parts):
    global done
    done = any(part.offset >= END for part in cons.committed(parts))


consumer.subscribe([E["TOPIC_IN"]], on_assign=assigned)
batch = []
while not done:
    batch += [m for m in consumer.consume(BATCH - len(batch), 0.1) if not m.error()]
    if len(batch) < BATCH:
        continue
    upto = batch[-1].offset() + 1
    offsets = [TopicPartition(E["TOPIC_IN"], 0, upto)]
    if MODE == "early":
        consumer.commit(offsets=offsets, asynchronous=False)
        print("committed", upto, flush=True)
    if transactional:
        producer.begin_transaction()
    for m in batch:
        producer.produce(E["TOPIC_OUT"], key=m.key(), value=m.value())
    if transactional:
        producer.send_offsets_to_transaction(offsets, consumer.consumer_group_metadata())
        producer.commit_transaction()
        print("ended", upto, flush=True)
    else:
        producer.flush()
        print("written", upto, flush=True)
        if MODE != "early":
            consumer.commit(offsets=offsets, asynchronous=False)
            print("committed", upto, flush=True)
    batch, done = [], upto >= END
consumer.close()
