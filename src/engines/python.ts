import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';

import { until } from '#src/deadline.ts';
import { Folders } from '#src/engines/data.ts';
import { Documents } from '#src/engines/documents.ts';
import type {
  Engine,
  EngineDeath,
  EngineName,
  Installed,
  Running,
  Sandbox,
  SandboxRequest,
  StartContext,
} from '#src/engines/engine.ts';
import {
  BASE_FAMILY,
  findFamily,
  removeFamily,
  type FamilySpec,
  type ReadyFamily,
} from '#src/engines/python-family.ts';
import { findInterpreter } from '#src/engines/python-interpreter.ts';
import { WorldError } from '#src/error.ts';
import { ownRoot, type Paths } from '#src/paths.ts';
import { forEachLine, isRunning, killTrees, start } from '#src/process.ts';

/** Python with some packages, an engine of its own. */
export interface PythonKind {
  readonly name: EngineName;
  readonly title: string;
  readonly purpose: string;
  readonly family: FamilySpec;
  /** What every block finds imported; the block's own import of them then costs nothing. Imported, and never used. */
  readonly modules: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** It has a client of MongoDB's protocol. */
  readonly documents?: true;
}

const STANDARD = ['decimal', 'json', 'datetime', 'csv', 'subprocess'];
const FOLDER = join(ownRoot(), 'src', 'engines', 'python');

export const BASE: PythonKind = {
  name: 'python',
  title: 'Python',
  purpose: 'Python with DuckDB, pandas and clients for PostgreSQL, Kafka and MongoDB, a fresh process for every block.',
  family: BASE_FAMILY,
  modules: ['duckdb', 'pandas', 'psycopg', 'confluent_kafka', ...STANDARD],
  documents: true,
};

/** Sizes as those of the base family. */
export const LAKE: PythonKind = {
  name: 'lake',
  title: 'Python for lakes',
  purpose: 'Python with deltalake, PyArrow, Polars and PyIceberg beside the packages of plain Python.',
  family: {
    name: 'lake',
    what: 'the Python packages for lakes',
    requirements: join(FOLDER, 'lake.txt'),
    downloadBytes: 234_000_000,
    unpackedBytes: 680_000_000,
  },
  modules: [...BASE.modules, 'pyarrow.parquet', 'deltalake', 'polars', 'pyiceberg.catalog.sql'],
  documents: true,
};

/** UTF-8 everywhere, and no packages or files of the learner's own installation. */
const FLAGS = ['-X', 'utf8', '-s', '-P', '-B'];

export const PYSPARK: PythonKind = {
  name: 'pyspark',
  title: 'Python for Spark',
  purpose: 'Python with PySpark over Spark Connect, pandas and PyArrow.',
  family: {
    name: 'pyspark',
    what: 'the Python packages for Spark',
    requirements: join(FOLDER, 'pyspark.txt'),
    sources: join(FOLDER, 'pyspark-source.txt'),
    downloadBytes: 108_000_000,
    unpackedBytes: 360_000_000,
  },
  modules: [
    'pandas',
    'psycopg',
    'confluent_kafka',
    'pyspark.sql.connect.session',
    'pyspark.sql.functions',
    ...STANDARD,
  ],
  // Without a Spark of its own it looks for one and ends the process when there is none.
  env: { SPARK_HOME: FOLDER, SPARK_CONNECT_MODE: '1' },
};

/** Python with the packages of this kind, each block in a process of its own that is ready before it is needed. */
export function python(paths: Paths, kind: PythonKind = BASE): Engine {
  const { name, title, purpose } = kind;
  return {
    name,
    title,
    purpose,
    clear: () => removeFamily(paths, kind.family),
    async find() {
      const family = await findFamily(paths, kind.family);
      if (family.state === 'ready') return installed(kind, family);
      const interpreter = await findInterpreter();
      if (interpreter.state === 'missing') return interpreter;
      return {
        state: 'available',
        downloadBytes: family.downloadBytes,
        install: async (onProgress, signal) => installed(kind, await family.install(interpreter, onProgress, signal)),
      };
    },
  };
}

function installed(kind: PythonKind, family: ReadyFamily): Installed {
  return {
    state: 'installed',
    version: family.version,
    diskBytes: family.diskBytes,
    start: (context) => startParent(kind, family, context),
  };
}

async function startParent(kind: PythonKind, family: ReadyFamily, context: StartContext): Promise<Running> {
  const { name, title, modules } = kind;
  context.onProgress({ what: `Starting ${title}` });
  const documents = documentsOf(kind, family, context);
  const folders = new Folders(context.directory, context.paths);
  const socketPath = join(context.paths.sockets, `p${randomBytes(4).toString('hex')}`);
  const program = join(ownRoot(), 'src', 'engines', 'python', 'parent.py');
  const argv = [family.interpreter, ...FLAGS, program, socketPath, mode(), ...modules] as const;
  const child = await start(argv, {
    marker: context.marker,
    group: true,
    env: { ...environment(family.interpreter), ...kind.env },
  });
  let ready = false;
  let ended = false;
  forEachLine(child.stdout, (line) => (line === 'ready' ? (ready = true) : context.log.write(line)));
  forEachLine(child.stderr, (line) => context.log.write(line));
  void child.exited.then(() => (ended = true));
  const remedy = 'Its last lines say why. `./dej engines` shows where it lies; deleting it makes it anew.';
  await until(
    `start of ${title}`,
    () => {
      if (ended) throw new WorldError(`${title} ended while it started`, { remedy, ...context.log.evidence() });
      return ready;
    },
    { deadlineMs: 60_000, signal: context.signal, evidence: () => context.log.evidence() },
  );
  let stopping = false;
  const died = child.exited.then(({ code, signal }): Promise<EngineDeath> | EngineDeath => {
    if (stopping) return new Promise(() => undefined);
    return { message: `${title} ended by itself (${signal ?? `exit code ${code}`})`, ...context.log.evidence() };
  });
  return {
    state: 'running',
    version: family.version,
    pids: () => [child.pid],
    died,
    async sandbox(request) {
      // The news of its death is on its way, and ends the wait.
      if (!(await isRunning(child.pid))) return new Promise(() => undefined);
      return sandbox(name, request, { socketPath, folders, documents });
    },
    async stop() {
      stopping = true;
      // The end of its standard input tells it to end its blocks and then itself.
      child.stdin.end();
      await until(`end of ${title}`, () => ended, { deadlineMs: 2000 }).catch(() => undefined);
      await killTrees([child.pid]);
      await rm(socketPath, { force: true });
    },
  };
}

function documentsOf(
  { name, documents }: PythonKind,
  { interpreter }: ReadyFamily,
  context: StartContext,
): Documents | undefined {
  const url = process.env['MONGODB_URL'];
  if (documents === undefined || url === undefined || url === '') return undefined;
  return new Documents(url, { interpreter, engine: name }, context);
}

interface Places {
  readonly socketPath: string;
  readonly folders: Folders;
  readonly documents: Documents | undefined;
}

async function sandbox(
  engine: EngineName,
  { data, documents: withDocuments }: SandboxRequest,
  { socketPath, folders, documents }: Places,
): Promise<Sandbox> {
  const directory = await folders.take(data);
  const place = withDocuments === true ? await documents?.take() : undefined;
  return {
    address: { kind: 'worker', engine, socketPath, directory, env: place?.env },
    async close() {
      try {
        // It holds the block's temporary files (see dej_block.py).
        await rm(`${directory}.tmp`, { recursive: true, force: true, maxRetries: 3 });
        await folders.giveBack(directory, data);
      } finally {
        await place?.close();
      }
    },
  };
}

/** Forking after imports is unsafe on macOS (its frameworks start threads), so there spare processes serve. */
function mode(): 'fork' | 'spare' {
  const asked = process.env['DEJ_PYTHON_MODE'];
  if (asked === 'fork' || asked === 'spare') return asked;
  return process.platform === 'linux' ? 'fork' : 'spare';
}

/** The learner's environment, without what would make Python look elsewhere for packages or behave in another way. */
function environment(interpreter: string): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('PYTHON') && name !== 'VIRTUAL_ENV');
  return {
    ...Object.fromEntries(own),
    // `python` in a block's subprocess is the Python of the block.
    PATH: [dirname(interpreter), process.env['PATH'] ?? ''].join(delimiter),
    // Colour codes would stand in recordings.
    NO_COLOR: '1',
    PYTHON_COLORS: '0',
    // Sets print in the same order in every run, as recordings need it; a block's own subprocesses don't get this.
    PYTHONHASHSEED: '0',
    // Many threads in each of many small processes only wait for each other.
    OPENBLAS_NUM_THREADS: process.env['OPENBLAS_NUM_THREADS'] ?? '1',
  };
}
