import { relative, sep } from 'node:path';

import type { Content } from '#src/content/content.ts';
import type { Box, BoxGroup, PageContent } from '#src/journal/page.ts';
import type { Reading } from '#src/journal/reading.ts';
import type { Paths } from '#src/paths.ts';
import { spanOfDays, type Zone } from '#src/study/day.ts';
import { heldOf, recalledCards } from '#src/study/held.ts';
import { labGlance, labProgress } from '#src/study/lab-progress.ts';
import { milestonesOf, type Papers } from '#src/study/milestones.ts';
import { planOf } from '#src/study/plan.ts';
import { guideProgress } from '#src/study/progress.ts';
import { fold, type Record } from '#src/study/record.ts';
import { standing } from '#src/study/undone.ts';

export interface PageSource {
  readonly content: Content;
  readonly paths: Paths;
  readonly papers: Papers;
  readonly now: number;
  readonly zone: Zone;
}

/** What the learner's progress page says between its marks: boxes, weeks, milestones. */
export function journalPage({ content, paths, papers, now, zone }: PageSource, reading: Reading): PageContent {
  const events = standing(reading.events);
  const record = fold(events);
  const { weeks } = planOf({ course: content, events, now, zone });
  return {
    groups: journalBoxes(content, { record, recalled: recalledCards(events, zone) }, paths),
    weeks: weeks.map(({ number, focus, hours, from, to, done, steps }) => ({
      number,
      focus,
      hours,
      when: from === undefined || to === undefined ? '' : spanOfDays(from, to),
      done: `${done} of ${steps.length}`,
    })),
    milestones: milestonesOf(content, record, papers),
  };
}

/** Guides in their groups, projects, challenges. */
function journalBoxes(
  content: Content,
  { record, recalled }: { record: Record; recalled: ReadonlySet<string> },
  paths: Paths,
): BoxGroup[] {
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
      const { held } = heldOf(guide, done, recalled);
      const more = [...(by === 'hand' ? ['ticked by hand'] : []), ...(held ? ['held'] : [])];
      const detail = [...(begun ? [counts] : []), ...more].join(', ');
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
export function upTo({ root, journal }: Paths): string | undefined {
  const down = relative(root, journal);
  if (down === '' || down.startsWith('..')) return undefined;
  return down
    .split(sep)
    .map(() => '..')
    .join('/');
}
