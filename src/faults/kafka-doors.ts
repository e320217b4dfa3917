import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

import { addressesIn, capped, readdressed } from '#src/faults/kafka-addresses.ts';
import { API } from '#src/faults/kafka-frames.ts';
import type { KafkaRequest } from '#src/faults/kafka-requests.ts';
import { isStranger } from '#src/faults/peer.ts';

const HOST = '127.0.0.1';

/**
 * Kafka tells its clients where each broker is, and they go there. Here they are told a port of ours in its place: a door
 * for each address, opened when an answer first names it.
 */
export class KafkaDoors {
  readonly #welcome: (client: Socket, address: string) => void;
  readonly #isGuarded: boolean;
  readonly #servers: Server[] = [];
  readonly #ports = new Map<string, Promise<number>>();

  /**
   * `welcome` leads who comes in to the address, or to one of several with commas between. Guarded doors are shut to other
   * accounts of this machine, where it tells them.
   */
  constructor(welcome: (client: Socket, address: string) => void, isGuarded: boolean) {
    this.#welcome = welcome;
    this.#isGuarded = isGuarded;
  }

  /** Where a program is told that this address is. */
  async open(address: string): Promise<string> {
    return `${HOST}:${await this.#portFor(address)}`;
  }

  /** A broker's answer as a program is to read it. */
  async led(request: KafkaRequest, frame: Buffer): Promise<Buffer> {
    if (request.api === API.apiVersions) return capped(request.version, frame);
    const found = addressesIn(request, frame);
    if (found === undefined || found.places.length === 0) return frame;
    const ports = new Map<unknown, number>();
    for (const place of found.places) ports.set(place, await this.#portFor(`${place.host}:${place.port}`));
    return readdressed(frame, found, HOST, (place) => ports.get(place) ?? 0);
  }

  async close(): Promise<void> {
    await Promise.all(this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
  }

  #portFor(address: string): Promise<number> {
    const known = this.#ports.get(address);
    if (known !== undefined) return known;
    const port = this.#listen(address);
    this.#ports.set(address, port);
    return port;
  }

  async #meet(client: Socket, address: string): Promise<void> {
    if (this.#isGuarded) {
      client.on('error', () => undefined);
      if (await isStranger(client)) client.destroy();
      if (client.destroyed) return;
    }
    this.#welcome(client, address);
  }

  async #listen(address: string): Promise<number> {
    const server = createServer((client) => void this.#meet(client, address));
    this.#servers.push(server);
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, HOST, resolve));
    return (server.address() as AddressInfo).port;
  }
}
