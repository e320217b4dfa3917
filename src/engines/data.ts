import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { LearnerError } from '#src/error.ts';
import type { Paths } from '#src/paths.ts';

/** Named parts of the shared data set that a block can ask for. */
export const DATA_NAMES = ['shop'] as const;

/** The folder with the named part's files, made once. */
export async function dataFolder(name: string, paths: Paths): Promise<string> {
  checkName(name);
  const { prepareShop } = await import('#src/data/shop-files.ts');
  return prepareShop(paths);
}

/** Statements for a Spark that does not see our files, each with the rows of a table in it. */
export async function sparkViews(name: string): Promise<string[]> {
  checkName(name);
  const [{ shop }, { toSparkView }] = await Promise.all([import('#src/data/shop.ts'), import('#src/data/formats.ts')]);
  return shop().map(toSparkView);
}

function checkName(name: string): void {
  if (!DATA_NAMES.includes(name as (typeof DATA_NAMES)[number]))
    throw new LearnerError(`there is no data ${JSON.stringify(name)}`, `Known: ${DATA_NAMES.join(', ')}.`);
}

/**
 * Private folders for blocks. The files of the data set lie in each anew, because a block may change them and the next one
 * must not see it; one folder of a kind that was asked for is kept ready.
 */
export class Folders {
  readonly #parent: string;
  readonly #paths: Paths;
  readonly #ready = new Map<string, Promise<string>>();

  constructor(parent: string, paths: Paths) {
    this.#parent = parent;
    this.#paths = paths;
  }

  async take(data: string | undefined): Promise<string> {
    const kind = data ?? '';
    const ready = this.#ready.get(kind);
    this.#ready.delete(kind);
    // One that could not be made ahead says nothing about a new one.
    return (await ready?.catch(() => undefined)) ?? this.#make(data);
  }

  /** Throws a folder away, and then, when its block needs the machine no more, makes the next one of that kind. */
  async giveBack(folder: string, data: string | undefined): Promise<void> {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    const kind = data ?? '';
    if (this.#ready.has(kind)) return;
    const made = this.#make(data);
    made.catch(() => undefined);
    this.#ready.set(kind, made);
  }

  async #make(data: string | undefined): Promise<string> {
    const folder = join(this.#parent, randomBytes(6).toString('hex'));
    await mkdir(folder, { recursive: true });
    if (data !== undefined) await lay(await dataFolder(data, this.#paths), folder);
    return folder;
  }
}

async function lay(from: string, to: string): Promise<void> {
  const files = (await readdir(from)).filter((file) => !file.endsWith('.sql') && !file.startsWith('manifest'));
  // Where the file system can share blocks until one side writes, the copy costs nothing.
  await Promise.all(files.map((file) => copyFile(join(from, file), join(to, file), constants.COPYFILE_FICLONE)));
}
