import { constants } from 'node:fs';
import { copyFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { LearnerError } from '#src/error.ts';
import type { Paths } from '#src/paths.ts';

/** Named parts of the shared data set that a block can ask for. */
export const DATA_NAMES = ['shop'] as const;

/** The folder with the named part's files, made once. */
export async function dataFolder(name: string, paths: Paths): Promise<string> {
  if (!DATA_NAMES.includes(name as (typeof DATA_NAMES)[number])) {
    throw new LearnerError(`there is no data ${JSON.stringify(name)}`, `Known: ${DATA_NAMES.join(', ')}.`);
  }
  const { prepareShop } = await import('#src/data/shop-files.ts');
  return prepareShop(paths);
}

/** Copies the part's files into a block's folder: the block may change them, and the next one must not see it. */
export async function layData(name: string | undefined, directory: string, paths: Paths): Promise<void> {
  if (name === undefined) return;
  const folder = await dataFolder(name, paths);
  const files = (await readdir(folder)).filter((file) => !file.endsWith('.sql') && !file.startsWith('manifest'));
  // Where the file system can share blocks until one side writes, the copy costs nothing.
  await Promise.all(
    files.map((file) => copyFile(join(folder, file), join(directory, file), constants.COPYFILE_FICLONE)),
  );
}
