import type { Content, Lab } from '#src/content/content.ts';
import type { Resources } from '#src/content/plan.ts';
import { usesOf, type ToolUses } from '#src/content/tool-uses.ts';

/** Replaces what stands between `<!-- name -->` and `<!-- /name -->`; undefined when the markers are not there. */
export function replaceBetween(text: string, name: string, replacement: string): string | undefined {
  const open = `<!-- ${name} -->`;
  const close = `<!-- /${name} -->`;
  const from = text.indexOf(open);
  const to = text.indexOf(close, from);
  if (from < 0 || to < 0) return undefined;
  return `${text.slice(0, from + open.length)}\n\n${replacement.trim()}\n\n${text.slice(to)}`;
}

/** README's roadmap. What isn't written yet has no link and says so. */
export function roadmap(content: Content): string {
  const groups = content.groups.map(
    ({ title, guides }) =>
      `| ${title} | ${guides.map((guide) => `${guide.number} ${entry(guide.title, guide.path, guide.written)}`).join('<br>')} |`,
  );
  const lab = (kind: Lab['kind']) =>
    content.labs
      .filter((one) => one.kind === kind)
      .map((one) => `| ${one.number} | ${entry(one.title, `${one.path}/`, one.written)} | ${one.outcome} |`);
  const weeks = content.weeks.map((week) => {
    const guides = week.guides.map((id) => titleOf(content, id)).join(', ');
    const labs = week.labs
      .map(
        ({ id, stages }) =>
          `${content.labs.find((one) => one.id === id)?.title}, ${stages.length === 1 ? 'stage' : 'stages'} ${span(stages)}`,
      )
      .join('; ');
    const also = week.also === undefined ? '' : `; ${lowerFirst(week.also)}`;
    return `| ${week.number} | ${week.focus} | ${guides} | ${week.goal}: ${labs}${also} | ${week.hours} h |`;
  });
  return [
    '| group | guides |\n|---|---|',
    groups.join('\n'),
    '\n| project | | what must stay true |\n|---|---|---|',
    lab('project').join('\n'),
    '\n| challenge | | what must stay true |\n|---|---|---|',
    lab('challenge').join('\n'),
    '\n| week | focus | guides | build | about |\n|---|---|---|---|---|',
    weeks.join('\n'),
    `\n${content.laps.map(({ title, holds }) => `${title}: ${lowerFirst(holds)}`).join(' ')}`,
    `\nMilestones: ${content.milestones.map(({ week, title }) => `week ${week}, ${lowerFirst(title)}`).join('; ')}.`,
    '\nWhat is in italics is planned and not written yet.',
  ].join('\n');
}

export function resourcesPage(content: Content): string {
  const { books, courses, tools, blogs } = content.resources;
  const item = ({ title, by, url, read, guides }: Resources['books'][number]): string => {
    const near = guides.flatMap((id) => guideLink(content, id));
    const with_ = near.length === 0 ? '' : ` Goes with ${near.join(', ')}.`;
    return `- [${title}](${url})${by === undefined ? '' : `, ${by}`}. ${read}${with_}`;
  };
  const groups = tools.map(({ group, tools: list }) =>
    [`### ${group}`, list.map((tool) => toolItem(tool, usesOf(tool, content))).join('\n')].join('\n\n'),
  );
  const parts = [
    GENERATED('plan/resources.yaml'),
    '# Resources',
    '## Books',
    books.map(item).join('\n'),
    '## Courses',
    courses.map(item).join('\n'),
    '## Tools',
    'With each tool, where it runs here.',
    ...groups,
    '## Blogs',
    blogs.map(item).join('\n'),
  ];
  return `${parts.join('\n\n')}\n`;
}

function guideLink(content: Content, id: string): string[] {
  const guide = content.groups.flatMap(({ guides }) => guides).find((one) => one.id === id);
  return guide === undefined ? [] : [`${guide.number} ${entry(guide.title, guide.path, guide.written)}`];
}

function toolItem({ title, url }: { title: string; url: string }, { guides, labs }: ToolUses): string {
  const used = guides.map(({ number, title: guide, path, parts }) => {
    const links = parts.map((part) => `[${part.title}](${path}#${part.anchor})${part.runs ? '' : ' (shown, not run)'}`);
    return `  - ${number} ${guide}: ${links.join(' · ')}`;
  });
  const proved = labs.map((lab) => `  - [${lab.title}](${lab.path})`);
  const none = used.length + proved.length === 0 ? ['  - not yet'] : [];
  return [`- [${title}](${url})`, ...used, ...proved, ...none].join('\n');
}

export function glossaryPage({ glossary }: Content): string {
  const terms = glossary
    .toSorted((a, b) => a.term.localeCompare(b.term))
    .map(({ term, definition }) => `## ${term}\n\n${definition}`);
  return `${[GENERATED('plan/glossary.yaml'), '# Glossary', ...terms].join('\n\n')}\n`;
}

const GENERATED = (source: string): string => `<!-- Made from ${source} by \`npm run docs\`; edit that file. -->`;

function entry(title: string, path: string, written: boolean): string {
  return written ? `[${title}](${path})` : `*${title}*`;
}

function titleOf(content: Content, id: string): string | undefined {
  return content.groups.flatMap(({ guides }) => guides).find((guide) => guide.id === id)?.title;
}

function span(stages: readonly number[]): string {
  const [first = 0, last = 0] = [stages[0], stages.at(-1)];
  const unbroken = stages.length > 1 && last - first === stages.length - 1;
  return unbroken ? `${first}–${last}` : stages.join(', ');
}

function lowerFirst(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}
