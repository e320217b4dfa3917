import type { ShownEvent, ShownVerdict } from '#src/commands/lab-runs.ts';

/** What goes on in a lab, as its page shows it. */
export interface Live {
  readonly verb: 'check' | 'watch' | 'replay';
  readonly from: 'terminal' | 'app';
  /** When the present stage began, for the clock; milliseconds since 1970. */
  readonly sinceMs: number;
  readonly stage: { readonly n: number; readonly title: string } | undefined;
  /** The kind of step of the search. */
  readonly what: string | undefined;
  readonly words: string;
  readonly points: Points | undefined;
  /** A watch that waits for the learner to save. */
  readonly isWaiting: boolean;
}

export interface Points {
  readonly survived: number;
  readonly tried: number;
  readonly planned: number;
}

export interface Bench {
  readonly live: Live | undefined;
  /** By number of the stage: the newest verdict. */
  readonly verdicts: Readonly<Record<string, ShownVerdict>>;
  readonly trouble: { readonly message: string; readonly remedy: string } | undefined;
  /** What could not be written into the learner's folder. */
  readonly unsaved: string;
  /** For those who listen: what is worth being told at once. */
  readonly spoken: string;
}

export const EMPTY: Bench = { live: undefined, verdicts: {}, trouble: undefined, unsaved: '', spoken: '' };

/** The bench after one event of a grading. */
export function next(bench: Bench, event: ShownEvent, nowMs: number): Bench {
  const { live } = bench;
  switch (event.type) {
    case 'began': {
      const { verb, from } = event;
      const fresh = {
        verb,
        from,
        sinceMs: Date.parse(event.at),
        stage: undefined,
        what: undefined,
        words: '',
        points: undefined,
      };
      return { ...bench, live: { ...fresh, isWaiting: false }, trouble: undefined, unsaved: '', spoken: '' };
    }
    case 'stage': {
      if (live === undefined) return bench;
      const stage = { n: event.stage, title: event.title };
      const calm = { points: undefined, words: 'getting ready', isWaiting: false };
      return { ...bench, live: { ...live, ...calm, stage, sinceMs: nowMs }, spoken: `Checking stage ${event.stage}.` };
    }
    case 'progress':
      return progressed(bench, event, nowMs);
    case 'verdict': {
      const { type: _, ...verdict } = event;
      const spoken = `${verdict.heading}: ${verdict.state}. ${verdict.beside}.`;
      return { ...bench, verdicts: { ...bench.verdicts, [verdict.stage]: verdict }, spoken };
    }
    case 'waiting':
      return {
        ...bench,
        live: live === undefined ? undefined : { ...live, isWaiting: true, words: '', points: undefined },
      };
    case 'refused':
      return { ...bench, trouble: event.trouble };
    case 'changed':
      return {
        ...bench,
        trouble: undefined,
        live: live === undefined ? undefined : { ...live, isWaiting: false, words: 'you saved' },
      };
    case 'unsaved':
      return { ...bench, unsaved: `This was not written into your journal: ${event.message}. ${event.remedy}` };
    case 'ended':
      return { ...bench, live: undefined, trouble: event.trouble };
    case 'vanished':
      return { ...bench, live: undefined, trouble: VANISHED };
  }
}

const VANISHED = {
  message: 'What graded here ended without a word.',
  remedy: 'It was killed, or the machine went down. Check again; nothing of your files was lost.',
};

function progressed(bench: Bench, event: Extract<ShownEvent, { type: 'progress' }>, nowMs: number): Bench {
  const { live } = bench;
  if (live === undefined) return bench;
  const { words, points, elapsedMs, what } = event;
  // A suspicion is told once, when it arises.
  const isNews = what === 'confirming' && live.what !== what;
  const sinceMs = elapsedMs === undefined ? live.sinceMs : nowMs - elapsedMs;
  return {
    ...bench,
    live: { ...live, what, words, points: points ?? live.points, sinceMs, isWaiting: false },
    spoken: isNews ? words : bench.spoken,
  };
}

export const MARK_WORDS = {
  passed: 'Passed',
  failed: 'Failed',
  unknown: 'Unknown',
  'not-exercised': 'Not exercised',
} as const;

/** Rows without a label belong to the one above them. */
export function grouped(
  rows: readonly VerdictRow[],
): { readonly label: string; readonly rows: readonly VerdictRow[] }[] {
  const groups: { label: string; rows: VerdictRow[] }[] = [];
  for (const row of rows) {
    const last = groups.at(-1);
    if (row.label === '' && last !== undefined) last.rows.push(row);
    else groups.push({ label: row.label, rows: [row] });
  }
  return groups;
}

type VerdictRow = ShownVerdict['rows'][number];

/** `survived 7 of 7 crash points`, and how many are planned where not all were tried. */
export function survivedWords({ survived, tried, planned }: Points): string {
  if (tried === 0) return `${planned} crash points planned`;
  return `survived ${survived} of ${tried} crash points${tried < planned ? `, ${planned} planned` : ''}`;
}

export function clockWords(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** A file of the clone, with its anchor, as a page: `concepts/03-idempotency.md#x` is `/concepts/03-idempotency/#x`. */
export function pageOf(href: string): string {
  const [, path = href, anchor = ''] = /^(.*?)\.md(#.*)?$/.exec(href) ?? [];
  return `/${path}/${anchor}`;
}
