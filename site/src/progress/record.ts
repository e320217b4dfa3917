import type { GuideRecord } from '#src/commands/journal.ts';
import type { GuideProgress } from '#src/study/progress.ts';

import { getJson, type Reply } from '../islands/api.ts';

const listeners = new Set<(record: GuideRecord) => void>();
let latest: Promise<Reply<GuideRecord>> | undefined;

/** What the learner did in the guide of this page. All that ask share one request; one that failed is tried again. */
export function recordOf(guide: string): Promise<Reply<GuideRecord>> {
  const asked = (latest ??= getJson<GuideRecord>(`/api/guide?guide=${encodeURIComponent(guide)}`));
  return asked.then((reply) => {
    if (reply.ok) for (const tell of listeners) tell(reply.value);
    else if (latest === asked) latest = undefined;
    return reply;
  });
}

/** Reads it anew: a block ran, or the page is looked at again after something else was. */
export function readAgain(guide: string): Promise<Reply<GuideRecord>> {
  latest = undefined;
  return recordOf(guide);
}

/** Calls back whenever the record was read. */
export function onRecord(listener: (record: GuideRecord) => void): void {
  listeners.add(listener);
}

const PROGRESS = 'dej-progress';

/** An answer of the app tells the new progress with it. */
export function tellProgress(progress: GuideProgress): void {
  document.dispatchEvent(new CustomEvent(PROGRESS, { detail: progress }));
}

export function onProgress(listener: (progress: GuideProgress) => void): void {
  document.addEventListener(PROGRESS, (event) => listener((event as CustomEvent<GuideProgress>).detail));
}
