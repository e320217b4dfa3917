import { relative, sep } from 'node:path';

import type { Content } from '#src/content/content.ts';
import type { Box, BoxGroup } from '#src/journal/page.ts';
import type { Reading } from '#src/journal/reading.ts';
import type { Paths } from '#src/paths.ts';
import { labGlance, labProgress } from '#src/study/lab-progress.ts';
import { guideProgress } from '#src/study/progress.ts';
import { fold, type Record } from '#src/study/record.ts';

/** The boxes of the learner's progress page: guides in their groups, projects, challenges. */
export function journalBoxes(content: Content, reading: Reading, paths: Paths): BoxGroup[] {
  const record = fold(reading.events);
  const up = upTo(paths);
  const written = new Map(content.guides.map((guide) => [guide.id, guide]));
  const groups = content.groups.map(({ title, guides }) => ({
    title,
    boxes: guides.map(({ id, number, title: name, path }): Box => {
      const guide = written.get(id);
      const item = `concepts/${id}`;
      const box = { item, title: `${number} · ${name}` };
      if (guide === undefined) return { ...box, href: undefined, ...byHand(item, record) };
      const { core, deep, quiz, done, by } = guideProgress(guide, record);
      const begun = core.done + deep.done + quiz.right > 0;
      const counts = `core ${core.done} of ${core.total}, deep ${deep.done} of ${deep.total}, quiz ${quiz.right} of ${quiz.total}`;
      const detail = [...(begun ? [counts] : []), ...(by === 'hand' ? ['ticked by hand'] : [])].join(', ');
      return { ...box, href: up === undefined ? undefined : `${up}/${path}`, done, detail };
    }),
  }));
  const labs = (kind: 'project' | 'challenge'): Box[] =>
    content.labs
      .filter((lab) => lab.kind === kind)
      .map((lab): Box => {
        const { path, number, title, written: exists } = lab;
        const progress = labProgress(lab, record);
        return {
          item: path,
          title: `${number} · ${title}`,
          href: exists && up !== undefined ? `${up}/${path}/README.md` : undefined,
          done: progress.done,
          detail: labGlance(progress),
        };
      });
  return [...groups, { title: 'Projects', boxes: labs('project') }, { title: 'Challenges', boxes: labs('challenge') }];
}

function byHand(item: string, record: Record): { done: boolean; detail: string } {
  const done = record.ticks.get(item) === true;
  return { done, detail: done ? 'ticked by hand' : '' };
}

/** From the learner's folder to the clone; undefined where the folder lies elsewhere, and no link would hold. */
function upTo({ root, journal }: Paths): string | undefined {
  const down = relative(root, journal);
  if (down === '' || down.startsWith('..')) return undefined;
  return down
    .split(sep)
    .map(() => '..')
    .join('/');
}
