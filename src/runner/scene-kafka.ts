import { randomBytes } from 'node:crypto';
import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Address, Harm } from '#src/engines/engine.ts';
import { Bug, LearnerError, WorldError } from '#src/error.ts';
import { ownRoot } from '#src/paths.ts';
import { signal } from '#src/process.ts';
import type { Execution } from '#src/runner/run.ts';
import type { Troupe } from '#src/runner/scene.ts';
import { runOnWorker } from '#src/runner/worker.ts';

/** What scene-kafka.py understands: each command with the least and the most words behind it. */
const COMMANDS: Readonly<Record<'consumer' | 'producer', Readonly<Record<string, readonly [number, number]>>>> = {
  consumer: { subscribe: [1, 2], await: [1, 1], poll: [0, 1], commit: [0, 0], close: [0, 0] },
  producer: { send: [2, 100], begin: [1, 1], commit: [0, 0], abort: [0, 0] },
};

const END = '\u0004';

/** A process that does what scene-kafka.py does. */
interface Client {
  pid: number;
  readonly pipe: string;
  isPaused: boolean;
  /** It reads messages, so that what happens to its group happens to it. */
  isMember: boolean;
  isBusy: boolean;
  /** Of one that was killed nobody hears any more. */
  isKilled: boolean;
  /** Called with all lines that the command under way printed. */
  answer: (lines: readonly string[]) => void;
  /** Resolves when the process has ended, in whatever way, with its last lines. */
  ended: Promise<readonly string[]>;
}

type Worker = Extract<Address, { kind: 'worker' }>;

/** Clients of Kafka, each a process of Python with the client that most programs use, and Kafka's own tools. */
export class KafkaTroupe implements Troupe {
  readonly #env: Readonly<Record<string, string>>;
  readonly #python: Worker;
  readonly #tools: Worker;
  readonly #execution: Execution;
  readonly #clients = new Map<string, Client>();
  readonly #stopper = new AbortController();
  #isBrokerPaused = false;
  /**
   * A member is gone or stands still, and its group will notice at a moment that no line says: nothing is told of it until
   * somebody waits for it.
   */
  #isUnnoticed = false;

  constructor(address: Address, python: Address | undefined, execution: Execution) {
    if (address.kind !== 'service' || address.worker === undefined)
      throw new Bug(`a client of Kafka on ${address.kind}`);
    if (python?.kind !== 'worker') throw new Bug('clients of Kafka without a Python');
    this.#env = address.env;
    this.#python = python;
    this.#tools = { kind: 'worker', engine: 'kafka', ...address.worker };
    this.#execution = execution;
  }

  async act(actor: string, text: string): Promise<readonly string[]> {
    if (actor === 'tools') return this.#runTools(text);
    check(actor, text);
    const client = this.#clients.get(actor) ?? (await this.#join(actor));
    const lines = await this.#command(client, actor, text);
    if (/^(subscribe|close)\b/.test(text)) client.isMember = text.startsWith('subscribe');
    if (/^(subscribe|await)\b/.test(text)) this.#isUnnoticed = false;
    return lines;
  }

  waits(busy: readonly string[]): Promise<ReadonlyMap<string, string> | undefined> {
    const waits = busy.map((actor): [string, string] | undefined => {
      if (this.#clients.get(actor)?.isPaused === true) return [actor, 'its resume'];
      return this.#isBrokerPaused ? [actor, 'kafka'] : undefined;
    });
    const known = waits.filter((one) => one !== undefined);
    return Promise.resolve(known.length < busy.length ? undefined : new Map(known));
  }

  async order(verb: string, actor: string): Promise<readonly string[]> {
    const client = this.#clients.get(actor);
    if (client === undefined) return [`(there is no ${actor})`];
    if (verb === 'pause') {
      await this.#command(client, actor, 'hold');
      client.isPaused = signal(client.pid, 'SIGSTOP');
      this.#isUnnoticed ||= client.isMember;
      return client.isMember ? ['(its process stands still; its group does not know)'] : ['(its process stands still)'];
    }
    if (verb === 'resume') {
      client.isPaused = false;
      this.#isUnnoticed = false;
      signal(client.pid, 'SIGCONT');
      return [];
    }
    if (verb !== 'kill') throw new Bug(`no order ${verb} on Kafka`);
    this.#clients.delete(actor);
    client.isKilled = true;
    signal(client.pid, 'SIGKILL');
    await client.ended;
    this.#isUnnoticed ||= client.isMember;
    return client.isMember ? ['(its process is gone; its group does not know)'] : ['(its process is gone)'];
  }

  async harm(harm: Harm, perform: () => Promise<void>): Promise<readonly string[]> {
    this.#isBrokerPaused = harm === 'pause';
    await perform();
    if (harm === 'kill') return ['(killed, started again, recovered)'];
    return harm === 'restart' ? ['(ended in order, started again)'] : [];
  }

  /** What the group did with those who were told to do nothing: asked until nobody has anything to tell. */
  async news(): Promise<ReadonlyMap<string, readonly string[]>> {
    const all = new Map<string, readonly string[]>();
    for (let isNew = !this.#isBrokerPaused && !this.#isUnnoticed; isNew;) {
      // Together: a group that rebalances waits for every member.
      const idle = [...this.#clients].filter(([, { isMember, isPaused, isBusy }]) => isMember && !isPaused && !isBusy);
      const told = await Promise.all(
        idle.map(async ([actor, client]) => [actor, await this.#command(client, actor, 'news')] as const),
      );
      isNew = told.some(([, lines]) => lines.length > 0);
      for (const [actor, lines] of told) if (lines.length > 0) all.set(actor, lines);
    }
    return all;
  }

  close(): void {
    // The Python that they run under ends them, also those that stand still.
    this.#stopper.abort(new Error('the scene is over'));
  }

  async #command(client: Client, actor: string, text: string): Promise<readonly string[]> {
    client.isBusy = true;
    const answered = new Promise<readonly string[]>((resolve) => (client.answer = resolve));
    await appendFile(client.pipe, `${text}\n`);
    const lines = await Promise.race([answered, gone(client, actor)]);
    client.isBusy = false;
    return lines;
  }

  async #join(actor: string): Promise<Client> {
    const pipe = join(this.#python.directory, `.${actor}-${randomBytes(3).toString('hex')}`);
    const env = { ...this.#env, ACTOR: actor, ACTOR_PIPE: pipe };
    const code = await readFile(join(ownRoot(), 'src', 'runner', 'scene-kafka.py'), 'utf8');
    let rest = '';
    const lines: string[] = [];
    const client: Client = {
      ...{ pid: 0, pipe, isPaused: false, isMember: false, isBusy: false, isKilled: false },
      answer: () => undefined,
      ended: Promise.resolve([]),
    };
    const hear = (text: string): void => {
      const whole = (rest + text).split('\n');
      rest = whole.pop() ?? '';
      for (const line of whole) {
        if (line !== END) lines.push(line);
        else client.answer(lines.splice(0));
      }
    };
    const isThere = new Promise<readonly string[]>((resolve) => (client.answer = resolve));
    const signals = AbortSignal.any([this.#execution.signal, this.#stopper.signal]);
    client.ended = runOnWorker(this.#python, {
      ...{ code, before: [], env, limits: this.#execution.limits, signal: signals },
      emit: (event) => {
        if (event.type === 'text') hear(event.text);
        else if (event.type === 'error') lines.push(event.message);
      },
    }).then(
      () => lines,
      () => lines,
    );
    const [pid] = await Promise.race([isThere, gone(client, actor)]);
    client.pid = Number(pid);
    this.#clients.set(actor, client);
    return client;
  }

  async #runTools(text: string): Promise<readonly string[]> {
    const prefix = this.#env['TOPIC_PREFIX'] ?? '';
    const code = text.replace(/(--(?:topic|group|transactional-id)[ =])(\S+)/g, `$1${prefix}$2`);
    let printed = '';
    const job = { ...this.#execution, code, before: [], env: this.#env };
    await runOnWorker(this.#tools, {
      ...job,
      emit: (event) => {
        if (event.type === 'text') printed += event.text;
        else if (event.type === 'error') printed += `${event.message}\n`;
      },
    });
    const lines = printed.replaceAll(prefix, '').split('\n');
    return lines.filter((line) => line.trim() !== '');
  }
}

/** Rejects when the client ends without having been told to. */
async function gone(client: Client, actor: string): Promise<never> {
  const lastLines = await client.ended;
  if (client.isKilled) return new Promise(() => undefined);
  throw new WorldError(`${actor} ended in the middle of the scene`, { remedy: 'Run it again.', lastLines });
}

function check(actor: string, text: string): void {
  const kind = actor.startsWith('consumer') ? 'consumer' : 'producer';
  const [verb = '', ...args] = text.split(/\s+/);
  const counts = COMMANDS[kind][verb];
  if (counts === undefined)
    throw new LearnerError(`a ${kind} does not ${verb}`, `It knows ${Object.keys(COMMANDS[kind]).join(', ')}.`);
  if (args.length < counts[0] || args.length > counts[1])
    throw new LearnerError(`${verb} with ${args.length} words behind it`, 'See docs/authoring-a-guide.md.');
}
