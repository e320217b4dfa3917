import { randomBytes } from 'node:crypto';
import { cp, mkdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { join, sep } from 'node:path';

import { Client } from 'pg';

import type { ExercisePlace, PlaceSetup, Play, PlayOptions } from '#src/grading/exercise-case.ts';
import { crashFinding, Ended, lateFinding } from '#src/exercise/ended.ts';
import type { Exercised } from '#src/exercise/exercised.ts';
import { until } from '#src/deadline.ts';
import { dataFolder } from '#src/engines/data.ts';
import type { Address } from '#src/engines/engine.ts';
import { sslFor } from '#src/engines/postgres-address.ts';
import { Bug, WorldError } from '#src/error.ts';
import { attack, type Attacked } from '#src/faults/attack.ts';
import type { Fault } from '#src/faults/schedule.ts';
import type { Row } from '#src/grading/canonical.ts';
import { CALM, faultWords } from '#src/grading/wording.ts';

type Database = Extract<Address, { kind: 'postgres' }>;

/** For one run, with all its starts; a block that is read at a glance ends within seconds. */
const DEADLINE_MS = 30_000;
const SCHEDULE = { lab: 'exercise', stage: 1, seed: 0, size: 1 };
/** The moment before a program's first write is durable: whoever comes now can't see it. */
const FIRST_COMMIT: Fault = { action: 'hold', incarnation: 1, boundary: 'pg.commit', nth: 1, point: 'before' };

/** A working folder and, where the block has `with=postgres`, a database of its own, until the stack is disposed. */
export async function pythonPlace(
  exercised: Exercised,
  setup: PlaceSetup,
  stack: AsyncDisposableStack,
): Promise<ExercisePlace> {
  const folder = join(exercised.scratch, randomBytes(4).toString('hex'));
  await mkdir(folder, { recursive: true });
  if (exercised.data !== undefined)
    await cp(await dataFolder(exercised.data, exercised.paths), folder, { recursive: true });
  await writeFile(join(folder, exercised.file), exercised.code);
  for (const [name, content] of Object.entries(setup.files ?? {})) await writeFile(join(folder, name), content);
  const database = exercised.with.includes('postgres') ? await leased(exercised, stack) : undefined;
  if (setup.sql !== undefined) await database?.client.query(setup.sql);
  return new PythonPlace(exercised, folder, database);
}

interface Leased {
  readonly address: Database;
  readonly client: Client;
}

class PythonPlace implements ExercisePlace {
  readonly #exercised: Exercised;
  readonly #folder: string;
  readonly #database: Leased | undefined;

  constructor(exercised: Exercised, folder: string, database: Leased | undefined) {
    this.#exercised = exercised;
    this.#folder = folder;
    this.#database = database;
  }

  async run({ faults = [], mayFail = false }: PlayOptions = {}): Promise<Play> {
    return this.#judge(await this.#attack(faults), faults, mayFail);
  }

  async runTwo({ mayFail = false }: Pick<PlayOptions, 'mayFail'> = {}): Promise<readonly [Play, Play]> {
    let second: Promise<Attacked> | undefined;
    let ended = false;
    const meanwhile = async (): Promise<void> => {
      second = this.#attack([]).finally(() => (ended = true));
      // Whatever comes of it is told where it is awaited.
      second.catch(() => undefined);
      const isOver = async (): Promise<boolean> => ended || (await this.#waits());
      await until('second attempt to end or to wait', isOver, { deadlineMs: DEADLINE_MS, everyMs: 5 });
    };
    const first = await this.#attack([FIRST_COMMIT], meanwhile);
    const other = await (second ?? this.#attack([]));
    return [this.#judge(first, [], mayFail, TWO), this.#judge(other, [], mayFail, TWO)];
  }

  async query(sql: string): Promise<readonly Row[]> {
    if (this.#database === undefined) throw new Bug('this exercise has no database: its block lacks with=postgres');
    return (await this.#database.client.query<Record<string, unknown>>(sql)).rows;
  }

  async write(name: string, content: string): Promise<void> {
    await writeFile(join(this.#folder, name), content);
  }

  async read(name: string): Promise<string | undefined> {
    // A link is not followed out of the folder: what is judged must have been written there.
    const root = await realpath(this.#folder);
    const real = await realpath(join(root, name)).catch(() => '');
    return real.startsWith(root + sep) ? readFile(real, 'utf8') : undefined;
  }

  #attack(faults: readonly Fault[], onHold?: () => Promise<void>): Promise<Attacked> {
    const { interpreter, file, signal } = this.#exercised;
    return attack({
      schedule: { ...SCHEDULE, faults },
      argv: [interpreter, file],
      cwd: this.#folder,
      env: { TMPDIR: this.#folder },
      ...(this.#database === undefined ? {} : { postgres: this.#database.address }),
      deadlineMs: DEADLINE_MS,
      onHold,
      signal,
    });
  }

  /** The second attempt can't go on before the first one has ended its transaction. */
  async #waits(): Promise<boolean> {
    const rows = await this.query(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    return rows.length > 0;
  }

  #judge(attacked: Attacked, faults: readonly Fault[], mayFail: boolean, words?: string): Play {
    this.#exercised.signal?.throwIfAborted();
    const text = attacked.output.replaceAll(`${this.#folder}${sep}`, '').trimEnd();
    const lines = text === '' ? [] : text.split('\n');
    this.#exercised.printed(lines);
    if (attacked.ended === 'deadline') throw new Ended(lateFinding(DEADLINE_MS));
    const { history } = attacked;
    const exit = attacked.exits.at(-1) ?? { code: null, signal: null };
    if (attacked.ended === 'crashed' && !mayFail) {
      const did =
        words ?? (faults.length === 0 ? CALM : `${faults.map(faultWords).join(', then ')}, and started it again`);
      throw new Ended(crashFinding(exit, did), lineOf(lines, this.#exercised.file));
    }
    return { ended: attacked.ended === 'completed' ? 'completed' : 'crashed', lines, results: [], history };
  }
}

const TWO = 'ran your program twice at once: the second began before the first had committed';

/** The innermost line of a traceback that lies in the learner's own file. */
function lineOf(lines: readonly string[], file: string): number | undefined {
  const named = lines.flatMap((line) => {
    const match = /^\s*File "([^"]+)", line (\d+)/.exec(line);
    return match?.[1] === file ? [Number(match[2])] : [];
  });
  return named.at(-1);
}

async function leased({ supervisor, data, own, signal }: Exercised, stack: AsyncDisposableStack): Promise<Leased> {
  const lease = stack.use(await supervisor.lease('postgres', { data, own }, { signal }));
  const { address } = lease;
  if (address.kind !== 'postgres') throw new Bug('the lease is not of PostgreSQL');
  const { host, port, user, password, database } = address;
  const client = new Client({ host, port, user, password, database, ssl: sslFor(address), application_name: 'oracle' });
  // The server may end at any time; whoever asks next gets the error.
  client.on('error', () => undefined);
  await client.connect().catch((cause: unknown) => {
    throw new WorldError('PostgreSQL did not answer the oracle', { remedy: 'Check it again.', cause });
  });
  stack.defer(() => client.end().catch(() => undefined));
  return { address, client };
}
