import { randomBytes } from 'node:crypto';

import type { StartContext } from '#src/engines/engine.ts';
import type { Environment } from '#src/engines/environment.ts';
import { Made } from '#src/engines/made.ts';
import { LearnerError, WorldError } from '#src/error.ts';
import { capture } from '#src/process.ts';

const DROP = `import os, pymongo
client = pymongo.MongoClient(os.environ["MONGODB_URL"], serverSelectionTimeoutMS=5000)
client.drop_database(os.environ["MONGODB_DATABASE"])`;
const PING = `import os, pymongo
pymongo.MongoClient(os.environ["MONGODB_URL"], serverSelectionTimeoutMS=5000).admin.command("ping")`;

/** A database of a block's own among documents. */
export interface DocumentPlace {
  readonly env: Environment;
  close(): Promise<void>;
}

/**
 * Databases on the learner's own server that speaks MongoDB's protocol; none is ever started here. The blocks that use one
 * are Python's, and so is the client that clears up behind them.
 */
export class Documents {
  /** None where the address is none, which is told whoever wants a place there. */
  readonly #made: Made | undefined;
  readonly #leftGone: Promise<void> | undefined;
  readonly #ping: () => Promise<void>;
  #answered: Promise<void> | undefined;

  constructor(url: string, { interpreter, engine }: { interpreter: string; engine: string }, context: StartContext) {
    const [, where] = /^mongodb(?:\+srv)?:\/\/(?:[^@/]*@)?([^/?]+)/.exec(url) ?? [];
    this.#ping = () => ping(interpreter, url, where ?? '');
    if (where === undefined) return;
    this.#made = new Made(context, { kind: `mongodb-${engine}`, where }, (name) => drop(interpreter, url, name, where));
    // Other blocks don't wait for a server that they don't need.
    this.#leftGone = this.#made.removeLeft();
  }

  async take(): Promise<DocumentPlace> {
    const made = this.#made;
    if (made === undefined)
      throw new LearnerError(
        'MONGODB_URL is no address of MongoDB',
        'It looks like mongodb://user:password@host:27017/, or unset it: then recordings are shown.',
      );
    this.#answered ??= this.#ping();
    this.#answered.catch(() => (this.#answered = undefined));
    await this.#answered;
    await this.#leftGone;
    const name = `block_${randomBytes(6).toString('hex')}`;
    await made.note(name);
    return { env: { MONGODB_DATABASE: name }, close: () => made.remove(name) };
  }
}

/** A first look, by which a wrong address or password is told now and not within a block. */
async function ping(interpreter: string, url: string, where: string): Promise<void> {
  const { code, stderr } = await capture([interpreter, '-c', PING], { env: { ...process.env, MONGODB_URL: url } });
  if (code === 0) return;
  throw new WorldError(`no server of MongoDB’s protocol serves us at ${where} (MONGODB_URL)`, {
    remedy: 'Check the address, its user and its password, or unset MONGODB_URL: then recordings are shown.',
    lastLines: stderr.trim().split('\n').slice(-1),
  });
}

async function drop(interpreter: string, url: string, name: string, where: string): Promise<void> {
  const env = { ...process.env, MONGODB_URL: url, MONGODB_DATABASE: name };
  const { code, stderr } = await capture([interpreter, '-c', DROP], { env });
  if (code === 0) return;
  throw new WorldError(`the database ${name} at ${where} (MONGODB_URL) could not be removed`, {
    remedy: 'It is tried again when Python is next started here.',
    lastLines: stderr.trim().split('\n').slice(-1),
  });
}
