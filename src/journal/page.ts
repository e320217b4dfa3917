/** One box of the progress page. */
export interface Box {
  /** `concepts/03-idempotency`. */
  readonly item: string;
  readonly title: string;
  /** Where its text is, relative to the clone; undefined for what is not written yet. */
  readonly href: string | undefined;
  readonly done: boolean;
  /** What stands behind it, for example `core 6 of 6, quiz 10 of 11`; '' for nothing. */
  readonly detail: string;
}

export interface BoxGroup {
  readonly title: string;
  readonly boxes: readonly Box[];
}

/** A week of the first lap, as its row of the table says it. */
export interface WeekRow {
  readonly number: number;
  readonly focus: string;
  /** The days it is laid on, for example `5–9 January`; '' where it is behind. */
  readonly when: string;
  /** `2 of 6` */
  readonly done: string;
  readonly hours: number;
}

export interface MilestoneRow {
  readonly week: number;
  readonly title: string;
  readonly reached: boolean;
  /** What is missing, as sentences. */
  readonly missing: readonly string[];
}

/** What stands between the two marks. */
export interface PageContent {
  readonly groups: readonly BoxGroup[];
  readonly weeks: readonly WeekRow[];
  readonly milestones: readonly MilestoneRow[];
}

/** A box that the learner changed in their editor. */
export interface HandTick {
  readonly item: string;
  readonly done: boolean;
}

const START = /^<!-- progress(?: done: ?([^>]*?))? -->$/;
const END = '<!-- /progress -->';
const BOX = /^[-*] \[([ xX])\] .*<!-- ([a-z0-9/-]+) -->\s*$/;
const WEEKS_HEAD = ['| week | focus | when | done | about |', '|---|---|---|---|---|'];
const OURS =
  /^(?:[-*] \[[ xX]\] .*<!-- [a-z0-9/-]+ -->|[-*|] .*<!-- (?:week|milestone) \d+ -->(?: \|)?|### .*|_.*_|)\s*$/;

function isOurs(line: string): boolean {
  return OURS.test(line) || WEEKS_HEAD.includes(line.trimEnd());
}

/**
 * What was ticked or cleared by hand since the page was made: its first mark says which boxes were ticked then. In what
 * a merge has put together a cleared box can't be told from an old one, so that only ticks are believed there.
 */
export function handTicks(page: string): HandTick[] {
  const { segments } = split(page);
  const made = new Set(segments.flatMap(({ done }) => done));
  const seen = new Map<string, boolean>();
  for (const { lines } of segments) {
    for (const text of lines) {
      const [, mark, item] = BOX.exec(text) ?? [];
      if (item !== undefined) seen.set(item, mark !== ' ' || seen.get(item) === true);
    }
  }
  const isWhole = segments.length === 1 && page.split('\n').filter((text) => START.test(text.trimEnd())).length === 1;
  return [...seen]
    .filter(([item, done]) => done !== made.has(item) && (done || isWhole))
    .map(([item, done]) => ({ item, done }));
}

/** The page with its block made anew. Every other line stays as it is; what was written into the block goes below it. */
export function renderPage(page: string, content: PageContent): string {
  const eol = page.includes('\r\n') ? '\r\n' : '\n';
  const { segments, outside } = split(page === '' ? FIRST_PAGE : page);
  const foreign = segments.flatMap(({ lines }) => lines.filter((text) => !isOurs(text)));
  const block = [...blockLines(content), ...(foreign.length === 0 ? [] : ['', ...foreign])];
  const at = segments[0]?.at;
  // Somebody who took the marks out gets the block back at the end, where it disturbs least.
  const lines = at === undefined ? [...trimEnd(outside), '', ...block, ''] : outside.toSpliced(at, 0, ...block);
  return lines.join(eol);
}

const FIRST_PAGE = `# My journey

_Build, break, fix, repeat._ The boxes below are kept by the app; tick one by hand, and the app takes it over at its
next start. Everything outside the two marks is yours.

<!-- progress -->
${END}
`;

function blockLines({ groups, weeks, milestones }: PageContent): string[] {
  const done = groups.flatMap(({ boxes }) => boxes.filter((box) => box.done).map(({ item }) => item));
  const lines = [`<!-- progress done: ${done.join(' ')} -->`.replace(/ {2,}/, ' ')];
  for (const { title, boxes } of groups) {
    lines.push('', `### ${title}`, '');
    for (const box of boxes) {
      const name = box.href === undefined ? box.title : `[${box.title}](${box.href})`;
      const detail = box.detail === '' ? '' : ` · ${box.detail}`;
      lines.push(`- [${box.done ? 'x' : ' '}] ${name}${detail} <!-- ${box.item} -->`);
    }
  }
  if (weeks.length > 0) lines.push('', '### Weeks', '', ...WEEKS_HEAD);
  for (const { number, focus, when, done, hours } of weeks)
    lines.push(`| ${number} | ${focus} | ${when} | ${done} | ${hours} h <!-- week ${number} --> |`);
  if (milestones.length > 0) lines.push('', '### Milestones', '');
  for (const { week, title, reached, missing } of milestones)
    lines.push(`- Week ${week}: ${title} · ${reached ? 'reached' : notYet(missing)} <!-- milestone ${week} -->`);
  return [...lines, '', END];
}

/** The page is for reading; the whole list stands in the app. */
function notYet(missing: readonly string[]): string {
  const [first = '', ...more] = missing;
  return `not yet: ${first}${more.length === 0 ? '' : `, and ${more.length} more`}`;
}

interface Segment {
  /** Where it stood among the lines outside. */
  readonly at: number;
  readonly done: readonly string[];
  readonly lines: readonly string[];
}

/** Takes the page apart. A start without an end is a line of the learner's, as far as we know. */
function split(page: string): { segments: Segment[]; outside: string[] } {
  const lines = page.split(/\r?\n/);
  const segments: Segment[] = [];
  const outside: string[] = [];
  for (let at = 0; at < lines.length; at++) {
    const start = START.exec((lines[at] as string).trimEnd());
    const end = start === null ? -1 : lines.findIndex((text, index) => index > at && text.trimEnd() === END);
    if (start === null || end === -1) {
      outside.push(lines[at] as string);
      continue;
    }
    const inside = lines.slice(at + 1, end).filter((text) => !START.test(text.trimEnd()));
    const starts = lines.slice(at, end).map((text) => START.exec(text.trimEnd())?.[1] ?? '');
    segments.push({
      at: outside.length,
      done: starts
        .join(' ')
        .split(/\s+/)
        .filter((item) => item !== ''),
      lines: inside,
    });
    at = end;
  }
  return { segments, outside };
}

function trimEnd(lines: readonly string[]): string[] {
  return lines.slice(0, lines.findLastIndex((text) => text.trim() !== '') + 1);
}
