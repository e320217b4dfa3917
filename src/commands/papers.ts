import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Content } from '#src/content/content.ts';
import type { Paths } from '#src/paths.ts';
import type { Papers } from '#src/study/milestones.ts';

/** Counts what the learner wrote beside the programs of their projects. */
export async function papersOf(labs: Content['labs'], paths: Paths): Promise<Papers> {
  const found = labs
    .filter(({ kind }) => kind === 'project')
    .map(async ({ id }) => {
      const folder = join(paths.journal, 'labs', id);
      const [runbook, postMortem] = await Promise.all(
        ['RUNBOOK.md', 'POST-MORTEM.md'].map((name) => words(join(folder, name))),
      );
      return [id, { runbook: runbook ?? 0, postMortem: postMortem ?? 0 }] as const;
    });
  return new Map(await Promise.all(found));
}

/** A paper that isn't there has no words; so has one that can't be read, whose reading is nobody's business here. */
async function words(path: string): Promise<number> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
}
