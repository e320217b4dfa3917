import { rename } from 'node:fs/promises';

import type { Clock } from '#src/clock.ts';
import type { Context } from '#src/commands/context.ts';
import { copyOf, formerLanguage, labOf, shown } from '#src/commands/labs.ts';
import { copyStarter, languageOf } from '#src/commands/start.ts';
import { LearnerError } from '#src/error.ts';

export interface Reset {
  readonly folder: string;
  /** Where the learner's files went. */
  readonly snapshot: string;
}

/** Begins a lab anew. What the learner wrote is moved beside it first, under the time; nothing is deleted. */
export async function resetLab(
  options: { readonly lab: string; readonly language?: string | undefined; readonly clock: Clock },
  context: Context,
): Promise<Reset> {
  const lab = await labOf(options.lab, context);
  const folder = copyOf(lab, context);
  const language = languageOf(lab, options.language ?? (await formerLanguage(folder, Object.keys(lab.languages))));
  const stamp = new Date(options.clock()).toISOString().replace(/[-:]/g, '').slice(0, 15);
  const snapshot = `${folder}.${stamp}`;
  try {
    await rename(folder, snapshot);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new LearnerError(
      `there is nothing to reset: ${shown(folder, context)} is missing`,
      `Begin with ./dej start ${lab.id}.`,
    );
  }
  await copyStarter(lab, language, folder, context);
  return { folder: shown(folder, context), snapshot: shown(snapshot, context) };
}
