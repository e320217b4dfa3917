import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { release, totalmem } from 'node:os';
import { dirname, join } from 'node:path';

import { diskBytes } from '#src/engines/disk.ts';
import { findJava } from '#src/engines/java.ts';
import { findFamily } from '#src/engines/python-family.ts';
import { findInterpreter } from '#src/engines/python-interpreter.ts';
import { oldEnvironments } from '#src/engines/python-old.ts';
import type { Paths } from '#src/paths.ts';
import { isFree } from '#src/ports.ts';

/** One thing about this machine, and what to do where it is not as it should be. */
export interface Finding {
  readonly what: string;
  /** `warn`: works, with a limit. `missing`: something can't run until the remedy is done. */
  readonly state: 'ok' | 'warn' | 'missing';
  readonly value: string;
  readonly remedy?: string | undefined;
}

export interface DoctorOptions {
  /** Where the app would listen. */
  readonly appPort: number;
}

const NODE_FLOOR = 24;
/** Kafka, Kafka Connect, Spark, PostgreSQL and the app at once, and a browser beside them. */
const ENOUGH_MEMORY_BYTES = 3e9;
/** Every package of this version with its unpacked files, archives of classes, and room for runs. */
const ENOUGH_DISK_BYTES = 3e9;
/** With the zero at its end: 104 bytes on macOS, 108 on Linux. */
const SOCKET_PATH_BYTES = 104;
/** As long as the longest name that an engine gives a socket in the folder. */
const LONGEST_SOCKET_NAME = 's00000000';

/** Looks at the machine and changes nothing. */
export async function examine(paths: Paths, { appPort }: DoctorOptions): Promise<Finding[]> {
  const [python, java, clone, cacheDisk, cache, port] = await Promise.all([
    examinePython(paths),
    examineJava(paths),
    examineDisk('free disk, this clone', paths.root),
    examineDisk('free disk, cache', paths.cache),
    examineCache(paths),
    examinePort(appPort),
  ]);
  return [
    examinePlatform(),
    examineNode(),
    python,
    java,
    examineMemory(),
    clone,
    cacheDisk,
    cache,
    examineSockets(paths),
    port,
    ...examineAddresses(process.env),
  ];
}

function examinePlatform(): Finding {
  const isWsl = process.platform === 'linux' && /microsoft/i.test(release());
  const value = `${process.platform} ${process.arch}${isWsl ? ' (WSL)' : ''}`;
  const what = 'platform';
  if (process.platform !== 'linux' && process.platform !== 'darwin') {
    return { what, state: 'missing', value, remedy: 'Linux and macOS are supported; on Windows run it inside WSL 2.' };
  }
  if (process.arch !== 'x64' && process.arch !== 'arm64') {
    return {
      what,
      state: 'warn',
      value,
      remedy: 'The engines are built for x64 and arm64; others may be missing here.',
    };
  }
  if (existsSync('/etc/alpine-release')) {
    return {
      what,
      state: 'missing',
      value: `${value}, Alpine`,
      remedy: 'The engines are built for glibc, which Alpine has not: use Debian, Ubuntu, Fedora or the like.',
    };
  }
  return { what, state: 'ok', value };
}

function examineNode(): Finding {
  const { node } = process.versions;
  const what = 'Node';
  if (Number.parseInt(node, 10) >= NODE_FLOOR) return { what, state: 'ok', value: node };
  return {
    what,
    state: 'missing',
    value: node,
    remedy: `Node ${NODE_FLOOR} or newer is needed; \`npm start\` fetches one by itself.`,
  };
}

async function examinePython(paths: Paths): Promise<Finding> {
  const what = 'Python';
  const family = await findFamily(paths);
  if (family.state === 'ready') return { what, state: 'ok', value: `${family.version}, packages installed` };
  const interpreter = await findInterpreter();
  if (interpreter.state === 'missing')
    return { what, state: 'missing', value: interpreter.why, remedy: interpreter.remedy };
  const value = `${interpreter.version} at ${interpreter.path}, with venv and pip; packages come at first use (${gigabytes(family.downloadBytes)})`;
  return { what, state: 'ok', value };
}

async function examineJava(paths: Paths): Promise<Finding> {
  const what = 'Java';
  const java = await findJava(paths);
  switch (java.state) {
    case 'missing':
      return { what, state: 'missing', value: java.why, remedy: java.remedy };
    case 'absent':
      return { what, state: 'ok', value: `comes at first use (${gigabytes(java.downloadBytes)})` };
    case 'ready':
      return {
        what,
        state: 'ok',
        value: `${java.version}${java.diskBytes === 0 ? ` at ${java.program}` : ', installed'}`,
      };
  }
}

/** Servers of the learner's own are named, so that nobody works on one by accident. */
function examineAddresses(env: NodeJS.ProcessEnv): Finding[] {
  return ['DATABASE_URL', 'KAFKA_BOOTSTRAP', 'S3_ENDPOINT', 'SPARK_REMOTE', 'MONGODB_URL'].flatMap((name) => {
    const value = env[name];
    if (value === undefined || value === '') return [];
    const shown = value.replace(/\/\/[^/@]*@/, '//…@').replace(/\btoken=[^;]*/, 'token=…');
    const remedy = `Blocks run there, each in a place of its own; unset ${name} where that is not meant.`;
    return [{ what: name, state: 'warn' as const, value: `a server of yours, ${shown}`, remedy }];
  });
}

function examineMemory(): Finding {
  const what = 'memory';
  const available = process.availableMemory();
  const value = `${gigabytes(available)} free of ${gigabytes(totalmem())}`;
  // macOS keeps files in memory that it would give up at once and does not count them as free, so there the total decides.
  const decisive = process.platform === 'darwin' ? totalmem() / 4 : available;
  if (decisive >= ENOUGH_MEMORY_BYTES) return { what, state: 'ok', value };
  return {
    what,
    state: 'warn',
    value,
    remedy: `With less than ${gigabytes(ENOUGH_MEMORY_BYTES)} free, close other programs before starting several engines.`,
  };
}

async function examineDisk(what: string, folder: string): Promise<Finding> {
  let existing = folder;
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
  const { bavail, bsize } = await statfs(existing);
  const free = bavail * bsize;
  const value = `${gigabytes(free)} at ${folder}`;
  if (free >= ENOUGH_DISK_BYTES) return { what, state: 'ok', value };
  return {
    what,
    state: 'warn',
    value,
    remedy: `Make room: about ${gigabytes(ENOUGH_DISK_BYTES)} is needed. DEJ_CACHE moves the cache to another disk.`,
  };
}

async function examineCache(paths: Paths): Promise<Finding> {
  const [bytes, old] = await Promise.all([diskBytes(paths.cache), oldEnvironments(paths)]);
  const oldBytes = old.reduce((sum, one) => sum + one.bytes, 0);
  const known = `${gigabytes(bytes)} at ${paths.cache}; may be deleted when nothing runs`;
  const value =
    oldBytes === 0 ? known : `${known}; ${gigabytes(oldBytes)} of it are of other versions (./dej engines clear old)`;
  return { what: 'cache', state: 'ok', value };
}

function examineSockets(paths: Paths): Finding {
  const what = 'socket paths';
  const bytes = Buffer.byteLength(join(paths.sockets, LONGEST_SOCKET_NAME)) + 1;
  const value = `${bytes} of ${SOCKET_PATH_BYTES} bytes, in ${paths.sockets}`;
  if (bytes <= SOCKET_PATH_BYTES) return { what, state: 'ok', value };
  return {
    what,
    state: 'missing',
    value,
    remedy: 'The path is too long for a socket: set TMPDIR to a shorter folder, such as /tmp.',
  };
}

async function examinePort(port: number): Promise<Finding> {
  const what = 'port of the app';
  if (await isFree(port)) return { what, state: 'ok', value: `${port} is free` };
  return {
    what,
    state: 'warn',
    value: `${port} is taken`,
    remedy: 'If that is this app, all is well; else it takes another free port and says which.',
  };
}

function gigabytes(bytes: number): string {
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
