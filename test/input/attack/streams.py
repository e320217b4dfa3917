"""Small programs on Kafka, each with a design of its own: streams.py <design>."""

import json
import os
import signal
import sys

import psycopg
from confluent_kafka import Consumer, Producer, TopicPartition

BOOTSTRAP = os.environ["KAFKA_BOOTSTRAP"]
BATCH = 20


def reader():
    consumer = Consumer(
        {
            "bootstrap.servers": BOOTSTRAP,
            "group.id": "enrich",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe(["orders"])
    return consumer


def batches(consumer):
    """Until it is told to stop."""
    stopped = []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
    while not stopped:
        messages = [message for message in consumer.consume(BATCH, 0.2) if not message.error()]
        if messages:
            yield messages
    consumer.close()


def priced(message):
    order = json.loads(message.value())
    return json.dumps({**order, "cents": round(float(order["amount"]) * 100)})


def enrich(order):
    """Writes what it read in another form; `order` says what comes first, the records or the offsets."""
    consumer = reader()
    producer = Producer({"bootstrap.servers": BOOTSTRAP})
    for messages in batches(consumer):
        steps = [lambda: write(producer, messages), lambda: consumer.commit(asynchronous=False)]
        for step in steps if order == "after" else reversed(steps):
            step()


def write(producer, messages):
    for message in messages:
        producer.produce("enriched", key=message.key(), value=priced(message))
    producer.flush()


def doubles():
    enrich("after")


def loses():
    enrich("before")


def once():
    """Records and offsets in one transaction."""
    consumer = reader()
    producer = Producer({"bootstrap.servers": BOOTSTRAP, "transactional.id": "enrich"})
    producer.init_transactions()
    for messages in batches(consumer):
        producer.begin_transaction()
        for message in messages:
            producer.produce("enriched", key=message.key(), value=priced(message))
        read = [TopicPartition(message.topic(), message.partition(), message.offset() + 1) for message in messages]
        producer.send_offsets_to_transaction(read, consumer.consumer_group_metadata())
        producer.commit_transaction()


def mirror():
    """A batch from PostgreSQL to Kafka and on to a log of its own: it ends when the outbox is empty."""
    producer = Producer({"bootstrap.servers": BOOTSTRAP})
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        while rows := connection.execute("SELECT id, amount FROM outbox ORDER BY id LIMIT 10").fetchall():
            for id, amount in rows:
                producer.produce("orders", key=id, value=json.dumps({"id": id, "amount": str(amount)}))
            producer.flush()
            with connection.transaction():
                connection.execute("INSERT INTO sent SELECT id FROM outbox WHERE id <= %s", [rows[-1][0]])
                connection.execute("DELETE FROM outbox WHERE id <= %s", [rows[-1][0]])


{one.__name__: one for one in (doubles, loses, once, mirror)}[sys.argv[1]]()
