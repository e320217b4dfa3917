import { connect, type Socket } from 'node:net';

import { KafkaDoors } from '#src/faults/kafka-doors.ts';
import { API, KafkaSplitter } from '#src/faults/kafka-frames.ts';
import { bodyOf, headOf, type KafkaRequest } from '#src/faults/kafka-requests.ts';

export interface Tearing extends AsyncDisposable {
  readonly bootstrap: string;
  /** How many transactions were torn. */
  torn(): number;
}

/**
 * A Kafka that doesn't keep its word: of each program's transactions it takes back the one with this number, and says that
 * it has committed it. All else is done by the real one behind it.
 */
export async function tearingKafka(bootstrap: string, nth: number): Promise<Tearing> {
  const ends = new Map<string, number>();
  const sockets = new Set<Socket>();
  let torn = 0;
  /** Makes of a commit the opposite, in the program's own message. */
  const tear = (request: KafkaRequest, frame: Buffer): void => {
    if (request.api !== API.endTxn) return;
    const body = bodyOf(request.api, request.version, frame);
    const id = body.text() ?? '';
    body.int64();
    body.int16();
    const { at } = body;
    const count = (ends.get(id) ?? 0) + body.int8();
    ends.set(id, count);
    if (count !== nth || frame[at] === 0) return;
    frame[at] = 0;
    torn++;
  };
  const doors = new KafkaDoors((client, address) => {
    const [host = '', port] = address.split(':');
    const server = connect(Number(port), host);
    const open = new Map<number, KafkaRequest>();
    const [requests, answers] = [new KafkaSplitter(), new KafkaSplitter()];
    let told = Promise.resolve();
    client.on('data', (chunk: Buffer) => {
      for (const frame of requests.push(chunk)) {
        const request = headOf(frame);
        open.set(request.correlation, request);
        tear(request, frame);
        server.write(frame);
      }
    });
    server.on('data', (chunk: Buffer) => {
      for (const frame of answers.push(chunk)) {
        const request = open.get(frame.readInt32BE(4));
        told = told.then(
          async () => void client.write(request === undefined ? frame : await doors.led(request, frame)),
        );
      }
    });
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    client.on('close', () => server.destroy());
    server.on('close', () => client.destroy());
  }, false);
  return {
    bootstrap: await doors.open(bootstrap),
    torn: () => torn,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await doors.close();
    },
  };
}
