import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { OnProgress } from '#src/engines/engine.ts';
import { findFamily, type FamilySpec, type ReadyFamily } from '#src/engines/python-family.ts';
import { findInterpreter } from '#src/engines/python-interpreter.ts';
import { Bug, WorldError } from '#src/error.ts';
import { ownRoot, type Paths } from '#src/paths.ts';

/**
 * DuckDB fetches its extensions from a host of its own, which is no package registry and has no lock. The same signed
 * files come as Python wheels, pinned by hash; here they are laid where DuckDB looks for what was installed before.
 */
const VERSION = 'v1.5.5';

interface Extension {
  /** Words that load it: `LOAD postgres`. */
  readonly words: readonly string[];
  /** Measured for Linux x64; other platforms are alike. */
  readonly downloadBytes: number;
  readonly unpackedBytes: number;
}

/** By the name of its file, which is that of its lock too. */
const EXTENSIONS: Readonly<Record<string, Extension>> = {
  avro: { words: ['avro'], downloadBytes: 4_000_000, unpackedBytes: 12_100_000 },
  delta: { words: ['delta'], downloadBytes: 26_200_000, unpackedBytes: 82_500_000 },
  ducklake: { words: ['ducklake'], downloadBytes: 12_600_000, unpackedBytes: 36_400_000 },
  httpfs: { words: ['httpfs', 'http', 'https', 's3'], downloadBytes: 7_400_000, unpackedBytes: 21_600_000 },
  // With avro, which its metadata are written in.
  iceberg: { words: ['iceberg'], downloadBytes: 21_900_000, unpackedBytes: 62_900_000 },
  postgres_scanner: { words: ['postgres', 'postgres_scanner'], downloadBytes: 14_600_000, unpackedBytes: 41_700_000 },
  sqlite_scanner: {
    words: ['sqlite', 'sqlite3', 'sqlite_scanner'],
    downloadBytes: 12_300_000,
    unpackedBytes: 34_800_000,
  },
};

/** The folder of all clones in which DuckDB looks for extensions. */
export function extensionFolder({ cache }: Pick<Paths, 'cache'>): string {
  return join(cache, 'duckdb', 'extensions');
}

/** The extensions that a piece of SQL loads, as far as there are wheels of them; of others DuckDB itself says why not. */
export function extensionsIn(sql: string): string[] {
  const words = [...sql.matchAll(/\bLOAD\s+'?([a-z0-9_]+)/gi)].map(([, word = '']) => word.toLowerCase());
  return Object.keys(EXTENSIONS).filter((name) => EXTENSIONS[name]?.words.some((word) => words.includes(word)));
}

/** Fetches what is not there yet, and lays it where DuckDB looks. */
export async function provideExtensions(
  names: readonly string[],
  paths: Pick<Paths, 'cache'>,
  onProgress: OnProgress,
): Promise<void> {
  const folder = join(extensionFolder(paths), VERSION, platform());
  for (const name of names) {
    // A link whose target was cleared away counts as absent.
    if (existsSync(fileIn(folder, name)) && (await findFamily(paths, specOf(name))).state === 'ready') continue;
    await mkdir(folder, { recursive: true });
    await lay(await install(name, paths, onProgress), folder);
  }
}

async function install(name: string, paths: Pick<Paths, 'cache'>, onProgress: OnProgress): Promise<ReadyFamily> {
  const family = await findFamily(paths, specOf(name));
  if (family.state === 'ready') return family;
  const interpreter = await findInterpreter();
  if (interpreter.state === 'missing')
    throw new WorldError(`DuckDB's extension ${name} comes by way of Python: ${interpreter.why}`, interpreter);
  return family.install(interpreter, onProgress);
}

/** Links to every extension that came with the wheels. */
async function lay({ interpreter }: ReadyFamily, folder: string): Promise<void> {
  const lib = join(dirname(interpreter), '..', 'lib');
  for (const entry of await readdir(lib, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.duckdb_extension')) continue;
    const partial = join(folder, `${randomBytes(4).toString('hex')}.partial`);
    await symlink(join(entry.parentPath, entry.name), partial);
    await rename(partial, join(folder, entry.name));
  }
}

function fileIn(folder: string, name: string): string {
  return join(folder, `${name}.duckdb_extension`);
}

function specOf(name: string): FamilySpec {
  const extension = EXTENSIONS[name];
  if (extension === undefined) throw new Bug(`no extension ${name} of DuckDB`);
  return {
    name: `duckdb-${name}`,
    what: `DuckDB's extension ${name}`,
    requirements: join(ownRoot(), 'src', 'engines', 'duckdb', `${name}.txt`),
    // The wheels name DuckDB for Python, which nothing here uses.
    alone: true,
    ...extension,
  };
}

/** The platform's name as DuckDB writes it. */
function platform(): string {
  const system = process.platform === 'darwin' ? 'osx' : process.platform;
  return `${system}_${process.arch === 'x64' ? 'amd64' : process.arch}`;
}
