import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectPrivately } from 'node:tls';
import { promisify } from 'node:util';

import { within } from '#src/deadline.ts';
import type { KafkaAccess } from '#src/engines/kafka-access.ts';
import { API, KafkaReader, KafkaSplitter } from '#src/faults/kafka-frames.ts';

const WAIT = { deadlineMs: 10_000 };

/**
 * A connection to a broker, private where the cluster wants that, on which its user is signed in. Of several addresses,
 * with commas between, the first that answers.
 */
export async function openKafkaUpstream(access: KafkaAccess, addresses: string): Promise<Socket> {
  let refused: unknown;
  for (const address of addresses.split(',')) {
    const socket = reach(access, address);
    try {
      await within(`a connection to ${address}`, signIn(socket, access), WAIT);
      return socket;
    } catch (error) {
      socket.destroy();
      refused = error;
    }
  }
  throw refused;
}

function reach({ protocol, caFile }: KafkaAccess, address: string): Socket {
  const { host, port } = partsOf(address);
  const socket = protocol.endsWith('SSL')
    ? connectPrivately({
        host,
        port,
        ...(isIP(host) === 0 ? { servername: host } : {}),
        ...(caFile === undefined ? {} : { ca: readFileSync(caFile) }),
      })
    : connect({ host, port });
  socket.setNoDelay(true);
  // Whoever waits for it is told; afterwards its end is what counts.
  socket.on('error', () => undefined);
  return socket;
}

/** An address as clients write it: a number of the newer kind stands in brackets. */
function partsOf(address: string): { readonly host: string; readonly port: number } {
  const at = address.lastIndexOf(':');
  return { host: address.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(address.slice(at + 1)) };
}

async function signIn(socket: Socket, { protocol, sasl }: KafkaAccess): Promise<void> {
  await once(socket, protocol.endsWith('SSL') ? 'secureConnect' : 'connect');
  if (sasl === undefined) return;
  const talk = new Talk(socket);
  try {
    await talk.ask(API.saslHandshake, text(sasl.mechanism));
    if (sasl.mechanism === 'PLAIN') await talk.say(Buffer.from(`\0${sasl.username}\0${sasl.password}`));
    else await proveByScram(talk, sasl);
  } finally {
    talk.end();
  }
}

/** Questions and answers, one at a time, before a connection is passed on. */
class Talk {
  readonly #socket: Socket;
  readonly #splitter = new KafkaSplitter();
  #answer = Promise.withResolvers<Buffer>();

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#answer.promise.catch(() => undefined);
    socket.on('data', this.#onData);
    socket.on('close', this.#onClose);
  }

  end(): void {
    this.#socket.off('data', this.#onData);
    this.#socket.off('close', this.#onClose);
    this.#socket.pause();
  }

  /** Version 1 of a request, without a name of ours; what is behind the error code of its answer. */
  async ask(api: number, body: Buffer): Promise<KafkaReader> {
    const head = Buffer.alloc(14);
    head.writeInt32BE(10 + body.length, 0);
    head.writeInt16BE(api, 4);
    head.writeInt16BE(1, 6);
    head.writeInt16BE(-1, 12);
    this.#socket.write(Buffer.concat([head, body]));
    const answer = new KafkaReader(await this.#answer.promise, 8, false);
    this.#answer = Promise.withResolvers<Buffer>();
    this.#answer.promise.catch(() => undefined);
    const code = answer.int16();
    // Nothing of what the other side says is passed on: it may repeat what it was told.
    if (code !== 0) throw new Error(`Kafka refused to sign the user in (error ${code})`);
    return answer;
  }

  /** What the broker says to these bytes of a mechanism. */
  async say(bytes: Buffer): Promise<Buffer> {
    const length = Buffer.alloc(4);
    length.writeInt32BE(bytes.length);
    const answer = await this.ask(API.saslAuthenticate, Buffer.concat([length, bytes]));
    answer.text();
    return answer.blob();
  }

  readonly #onData = (chunk: Buffer): void => {
    for (const frame of this.#splitter.push(chunk)) this.#answer.resolve(frame);
  };

  readonly #onClose = (): void => this.#answer.reject(new Error('Kafka hung up while a user signed in'));
}

function text(value: string): Buffer {
  const length = Buffer.alloc(2);
  length.writeInt16BE(Buffer.byteLength(value));
  return Buffer.concat([length, Buffer.from(value)]);
}

const derive = promisify(pbkdf2);

/** RFC 5802: each side proves that it knows the password, which is never sent. */
async function proveByScram(talk: Talk, { mechanism, username, password }: Sasl): Promise<void> {
  const hash = mechanism === 'SCRAM-SHA-256' ? 'sha256' : 'sha512';
  const sign = (key: Buffer, message: string): Buffer => createHmac(hash, key).update(message).digest();
  const nonce = randomBytes(24).toString('base64');
  const first = `n=${username.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${nonce}`;
  const theirs = String(await talk.say(Buffer.from(`n,,${first}`)));
  const { r = '', s = '', i = '' } = attributesOf(theirs);
  if (!r.startsWith(nonce)) throw new Error('Kafka answered to another’s question');
  const length = hash === 'sha256' ? 32 : 64;
  const salted = await derive(password.normalize('NFKC'), Buffer.from(s, 'base64'), Number(i), length, hash);
  const last = `c=biws,r=${r}`;
  const all = `${first},${theirs},${last}`;
  const key = sign(salted, 'Client Key');
  const signature = sign(createHash(hash).update(key).digest(), all);
  const proof = Buffer.from(key.map((byte, at) => byte ^ (signature[at] ?? 0)));
  const { v = '' } = attributesOf(String(await talk.say(Buffer.from(`${last},p=${proof.toString('base64')}`))));
  const due = sign(sign(salted, 'Server Key'), all);
  const shown = Buffer.from(v, 'base64');
  if (shown.length !== due.length || !timingSafeEqual(shown, due)) throw new Error('who answers is not that Kafka');
}

type Sasl = NonNullable<KafkaAccess['sasl']>;

function attributesOf(message: string): Record<string, string> {
  return Object.fromEntries(message.split(',').map((part) => [part.slice(0, 1), part.slice(2)]));
}
