import type { RunEvent } from '#src/runner/event.ts';

/** A table's rows, whether they came as an event or as an answer. */
export type Table = Omit<Extract<RunEvent, { type: 'table' }>, 'type'>;

/** What a run showed so far, as the page lays it out. */
export type Part =
  | { readonly kind: 'text'; text: string }
  | { readonly kind: 'table'; readonly table: Table }
  | { readonly kind: 'error'; readonly error: Extract<RunEvent, { type: 'error' }> };

/** Adds an event to what is shown; text that follows text joins it. */
export function addEvent(parts: readonly Part[], event: RunEvent): Part[] {
  if (event.type === 'table') return [...parts, { kind: 'table', table: event }];
  if (event.type === 'error') return [...parts, { kind: 'error', error: event }];
  if (event.type !== 'text') return [...parts];
  const last = parts.at(-1);
  return last?.kind === 'text'
    ? [...parts.slice(0, -1), { kind: 'text', text: last.text + event.text }]
    : [...parts, { kind: 'text', text: event.text }];
}

/** How a run ended, in a sentence for the eye and for a screen reader. */
export function closing(
  { state, elapsedMs, matchesRecording, note }: Extract<RunEvent, { type: 'exit' }>,
  hasOutput: boolean,
): string {
  const time = elapsedMs < 1000 ? `${Math.max(1, Math.round(elapsedMs))} ms` : `${(elapsedMs / 1000).toFixed(1)} s`;
  const words = {
    ok: hasOutput ? `Done in ${time}.` : `Done in ${time}, nothing printed.`,
    error: `Ended with an error after ${time}.`,
    stopped: `Stopped after ${time}.`,
    timeout: `Stopped at its time limit, after ${time}.`,
    unknown: 'No outcome: the engine failed, not your code.',
  }[state];
  const recorded =
    matchesRecording === undefined ? '' : matchesRecording ? 'Same as recorded.' : 'Differs from the recording below.';
  return [words, recorded, note].filter(Boolean).join(' ');
}

/** Rows for the clipboard: tab-separated, as spreadsheets take them; NULL is an empty cell. */
export function toTsv({ columns, rows }: Table): string {
  const clean = (cell: string | null): string => (cell ?? '').replaceAll(/[\t\n\r]/g, ' ');
  return [columns.map(({ name }) => clean(name)), ...rows.map((row) => row.map(clean))]
    .map((cells) => cells.join('\t'))
    .join('\n');
}
