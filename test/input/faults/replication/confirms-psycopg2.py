"""Confirms each transaction of the slot `pipeline` with psycopg2; says what it confirms."""

import os
import struct

import psycopg2
from psycopg2.extras import LogicalReplicationConnection

connection = psycopg2.connect(os.environ["DATABASE_URL"], connection_factory=LogicalReplicationConnection)
cursor = connection.cursor()
cursor.start_replication("pipeline", options={"proto_version": "1", "publication_names": "pipeline"}, decode=False)


def take(message):
    if message.payload[:1] == b"C":
        _, end = struct.unpack_from("!QQ", message.payload, 2)
        print(f"confirm {end}", flush=True)
        message.cursor.send_feedback(flush_lsn=end, force=True)


cursor.consume_stream(take)
