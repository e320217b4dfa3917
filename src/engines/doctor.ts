import { access, constants, mkdir, statfs } from 'node:fs/promises';
import { availableParallelism, freemem, totalmem } from 'node:os';
import { dirname } from 'node:path';

import { diskBytes } from '#src/engines/disk.ts';
import { findInterpreter } from '#src/engines/python-interpreter.ts';
import { statusAtRest } from '#src/engines/registry.ts';
import type { Paths } from '#src/paths.ts';
import { isFree } from '#src/ports.ts';

/** One thing looked at: how it is, and what to do where it is not well. */
export interface Finding {
  readonly what: string;
  readonly state: 'ok' | 'warn' | 'missing';
  readonly value: string;
  readonly remedy?: string;
}

const NODE_FLOOR = 24;
const GB = 1e9;
/** Enough for the app and the three engines with room for a block's own data. */
const WANTED_MEMORY = 2 * GB;
const WANTED_DISK = 2 * GB;
/** macOS allows 104 bytes for the path of a socket, Linux 108. */
const SOCKET_PATH_LIMIT = 104;

/** Looks at what the journal needs of this machine. Changes nothing but an empty cache folder. */
export async function examine(paths: Paths, options: { appPort: number }): Promise<Finding[]> {
  return [
    { what: 'Platform', state: 'ok', value: `${process.platform} ${process.arch}, ${availableParallelism()} cores` },
    nodeFinding(),
    await pythonFinding(),
    memoryFinding(),
    await diskFinding('Disk of the clone', paths.root),
    await cacheFinding(paths.cache),
    socketFinding(paths.sockets),
    await portFinding(options.appPort),
    ...(await engineFindings(paths)),
  ];
}

function nodeFinding(): Finding {
  const version = process.versions.node;
  const isNew = Number.parseInt(version, 10) >= NODE_FLOOR;
  return isNew
    ? { what: 'Node', state: 'ok', value: version }
    : { what: 'Node', state: 'missing', value: `${version}, older than ${NODE_FLOOR}`, remedy: 'Start through ./dej or npm start, which get a newer one.' };
}

async function pythonFinding(): Promise<Finding> {
  const found = await findInterpreter();
  if (found.state === 'missing') return { what: 'Python', state: 'warn', value: found.why, remedy: found.remedy };
  return { what: 'Python', state: 'ok', value: `${found.version} (${found.path})` };
}

function memoryFinding(): Finding {
  const value = `${gigabytes(freemem())} free of ${gigabytes(totalmem())}`;
  if (totalmem() >= WANTED_MEMORY) return { what: 'Memory', state: 'ok', value };
  return { what: 'Memory', state: 'warn', value, remedy: 'Run one engine at a time: ./dej engines stop <engine>.' };
}

async function diskFinding(what: string, folder: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(folder);
  const value = `${gigabytes(bavail * bsize)} free`;
  if (bavail * bsize >= WANTED_DISK) return { what, state: 'ok', value };
  return { what, state: 'warn', value, remedy: `Free some space; about ${gigabytes(WANTED_DISK)} are needed for everything.` };
}

async function cacheFinding(cache: string): Promise<Finding> {
  const what = 'Cache';
  try {
    await mkdir(cache, { recursive: true });
    await access(cache, constants.W_OK);
  } catch {
    return { what, state: 'missing', value: `${cache} can't be written`, remedy: 'Set DEJ_CACHE to a folder of your own.' };
  }
  const disk = await diskFinding(what, cache);
  return { ...disk, value: `${gigabytes(await diskBytes(cache))} used, ${disk.value} (${cache})` };
}

function socketFinding(folder: string): Finding {
  const length = Buffer.byteLength(folder) + 10;
  if (length <= SOCKET_PATH_LIMIT) return { what: 'Sockets', state: 'ok', value: folder };
  return { what: 'Sockets', state: 'missing', value: `${dirname(folder)} is too long a path`, remedy: 'Set TMPDIR to a shorter folder, such as /tmp.' };
}

async function portFinding(port: number): Promise<Finding> {
  if (await isFree(port)) return { what: 'Port', state: 'ok', value: `${port} is free` };
  return { what: 'Port', state: 'ok', value: `${port} is in use, by the running app or another program; a free one is taken instead` };
}

async function engineFindings(paths: Paths): Promise<Finding[]> {
  const statuses = await statusAtRest(paths);
  return statuses.map(({ title, state, version, why, remedy, downloadBytes }): Finding => {
    const what = `Engine ${title}`;
    if (state === 'missing') return { what, state: 'warn', value: why ?? 'missing', ...(remedy === undefined ? {} : { remedy }) };
    if (state === 'available') return { what, state: 'ok', value: `fetched on first use, about ${Math.round((downloadBytes ?? 0) / 1e6)} MB` };
    return { what, state: 'ok', value: version ?? state };
  });
}

function gigabytes(bytes: number): string {
  return `${(bytes / GB).toFixed(1)} GB`;
}
