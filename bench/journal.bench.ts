import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { FORMAT_VERSION, versionOf, type JournalEvent } from '#src/journal/event.ts';
import { openJournal } from '#src/journal/journal.ts';
import { pathsOf, type Paths } from '#src/paths.ts';
import { random } from '#src/random.ts';
import { fold } from '#src/study/record.ts';

import { timed, type Comparison } from './ab.ts';
import type { Count } from './page.bench.ts';

/** More than ten years of a busy learner. */
const EVENTS = 50_000;
const GUIDE = '03-idempotency';

interface Folder extends AsyncDisposable {
  readonly paths: Paths;
  readonly file: string;
}

async function filled(root: string): Promise<Folder> {
  const base = await mkdtemp(join(tmpdir(), 'dej-bench-journal-'));
  const paths = pathsOf(root, { DEJ_STATE: join(base, 'state'), DEJ_JOURNAL: join(base, 'journal') });
  await mkdir(paths.journal, { recursive: true });
  const chance = random(1);
  const lines = Array.from({ length: EVENTS }, (_, index) => {
    const event: JournalEvent = {
      id: `${chance.next().toString(16)}-${chance.next().toString(16)}-${index}`,
      at: new Date(Date.UTC(2026, 0, 1) + index * 60_000).toISOString(),
      machine: chance.pick(['0123456789ab', 'ba9876543210']),
      seq: index + 1,
      v: versionOf('answered'),
      of: '0123456789abcdef',
      kind: 'answered',
      guide: GUIDE,
      question: `question-${chance.below(200)}`,
      options: [chance.pick(['A', 'B', 'C'])],
      right: chance.below(2) === 0,
    };
    return JSON.stringify(event);
  });
  const file = join(paths.journal, 'events.jsonl');
  await writeFile(file, [JSON.stringify({ format: 'events', version: FORMAT_VERSION }), ...lines, ''].join('\n'));
  return { paths, file, [Symbol.asyncDispose]: () => rm(base, { recursive: true, force: true }) };
}

/** What the app does at its start: a journal that nobody has read yet, folded into what the learner did. */
async function open({ paths }: Folder): Promise<void> {
  const { events } = await openJournal(paths).read();
  if (fold(events).answers.get(GUIDE)?.size !== 200) throw new Error('not all events were read');
}

/** Opening a long journal against reading its file, and against parsing each of its lines. */
export async function longJournal(root: string): Promise<{ comparisons: Comparison[]; cleanUp(): Promise<void> }> {
  const folder = await filled(root);
  const ours = { name: 'opened and folded', sample: () => timed(() => open(folder)) };
  const comparison = (name: string, goal: number, read: (text: string) => void): Comparison => ({
    name: '50,000 events of the journal',
    ours,
    peer: {
      name,
      sample: () =>
        timed(async () => {
          read(await readFile(folder.file, 'utf8'));
        }),
    },
    goal,
    unit: 'ms',
    rounds: 15,
  });
  return {
    comparisons: [
      comparison('the file read', 20, () => undefined),
      comparison('the file read, each line parsed', 3.5, (text) => {
        for (const line of text.split('\n')) if (line !== '') JSON.parse(line);
      }),
    ],
    cleanUp: async () => folder[Symbol.asyncDispose](),
  };
}

/** The same as a figure of its own: a learner waits for milliseconds, not for ratios. */
export async function openedJournal(root: string): Promise<Count[]> {
  await using folder = await filled(root);
  const name = '50,000 events of the journal, opened';
  await open(folder);
  const value = await timed(() => open(folder));
  return [{ name, value, unit: 'ms', goal: 1000, goalName: 'a second' }];
}
