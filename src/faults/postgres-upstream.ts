import { connect, isIP, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectPrivately } from 'node:tls';

import { sslFor, type Privacy } from '#src/engines/postgres-address.ts';

/** A server that stands behind a proxy of ours. */
export interface Upstream extends Privacy {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** A connection to it, private where the server wants that; what is written before it stands waits. */
export function reach(upstream: Upstream): Socket {
  const { host, port } = upstream;
  const raw = connect({ host, port });
  raw.setNoDelay(true);
  const ssl = sslFor(upstream);
  if (ssl === false) return raw;
  const name = isIP(host) === 0 ? { servername: host } : {};
  return connectPrivately({ socket: new Asked(raw), host, ...name, ...ssl });
}

/** Eight bytes of PostgreSQL's protocol: their number, and the code that asks for a private connection. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
const YES = 'S';

/** The bytes of a connection after the server was asked to make it private, and has said that it will. */
class Asked extends Duplex {
  readonly #raw: Socket;
  readonly #agreed = Promise.withResolvers<void>();

  constructor(raw: Socket) {
    super();
    this.#raw = raw;
    this.#agreed.promise.catch(() => undefined);
    raw.write(SSL_REQUEST);
    raw.once('data', (answer: Buffer) => {
      if (answer.toString('latin1') !== YES) return void this.destroy(new Error('the server has no TLS'));
      raw.on('data', (chunk: Buffer) => {
        if (!this.push(chunk)) raw.pause();
      });
      this.#agreed.resolve();
    });
    raw.on('end', () => this.push(null));
    raw.on('error', (error) => this.destroy(error));
    raw.on('close', () => this.destroy());
  }

  override _read(): void {
    this.#raw.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#agreed.promise.then(
      () => this.#raw.write(chunk, done),
      (error: Error) => done(error),
    );
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#raw.end(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#agreed.reject(error ?? new Error('the connection is over'));
    this.#raw.destroy();
    done(error);
  }
}
