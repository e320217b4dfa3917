import { API, FLEXIBLE_FROM, KafkaReader } from '#src/faults/kafka-frames.ts';
import type { KafkaRequest } from '#src/faults/kafka-requests.ts';

/** From this version on a broker says which id a topic has. */
const WITH_IDS = 10;

/**
 * Newer clients name topics by ids, which are others in each run. A client that writes has asked where its topics are, and
 * the answer holds both: this notes the names by their ids in hex.
 */
export function learnTopics({ api, version }: KafkaRequest, frame: Buffer, names: Map<string, string>): void {
  if (api !== API.metadata || version < WITH_IDS) return;
  const body = new KafkaReader(frame, 8, version >= (FLEXIBLE_FROM[api] ?? Infinity));
  body.tags();
  body.int32();
  body.list(() => {
    body.int32();
    body.text();
    body.int32();
    body.text();
    body.tags();
  });
  body.text();
  body.int32();
  body.list(() => {
    body.int16();
    const name = body.text();
    const id = body.uuid();
    if (name !== undefined) names.set(id, name);
    body.int8();
    body.list(() => skipPartition(body));
    body.int32();
    body.tags();
  });
}

function skipPartition(body: KafkaReader): void {
  body.int16();
  body.int32();
  body.int32();
  body.int32();
  for (let list = 0; list < 3; list++) body.list(() => body.int32());
  body.tags();
}
