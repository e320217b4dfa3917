import { LearnerError } from '#src/error.ts';
import { compareEvents, FORMAT_VERSION, readLine, type JournalEvent } from '#src/journal/event.ts';

/** What `events.jsonl` says. */
export interface Reading {
  /** In fold order, each id once. */
  readonly events: readonly JournalEvent[];
  /** How many are of a kind or version that this program doesn't know. */
  readonly unknown: number;
  /** Lines that are left out, each with its number and the reason; the file keeps them. */
  readonly setAside: readonly SetAside[];
  /** The highest sequence number of each machine, also of events that aren't understood. */
  readonly lastSeq: ReadonlyMap<string, number>;
}

export interface SetAside {
  /** From 1. */
  readonly line: number;
  readonly why: string;
  /** How the line begins. */
  readonly start: string;
}

/**
 * Reads the text of `events.jsonl`. A line that can't be read is set aside and the rest stays usable; a file of a newer
 * format is refused with a LearnerError, because what we would write could harm it.
 */
export function readEvents(text: string): Reading {
  const byId = new Map<string, JournalEvent>();
  const setAside: SetAside[] = [];
  const lastSeq = new Map<string, number>();
  let unknown = 0;
  let number = 0;
  for (const line of text.split('\n')) {
    number++;
    if (line.trim() === '') continue;
    const read = readLine(line);
    if (read.is === 'format') refuseNewer(read.version);
    if (read.is === 'bad') setAside.push({ line: number, why: read.why, start: line.slice(0, 80) });
    if (read.is === 'unknown') {
      unknown++;
      noteSeq(lastSeq, read.envelope);
    }
    if (read.is === 'event') {
      noteSeq(lastSeq, read.event);
      const twin = byId.get(read.event.id);
      // Of two that share an id the same one wins in any order of lines.
      if (twin === undefined || compareEvents(read.event, twin) < 0) byId.set(read.event.id, read.event);
    }
  }
  return { events: inOrder([...byId.values()]), unknown, setAside, lastSeq };
}

/** The same with events that were just added; what they say of their file's end is known, so nothing is read again. */
export function withAdded(reading: Reading, added: readonly JournalEvent[]): Reading {
  const lastSeq = new Map(reading.lastSeq);
  for (const event of added) noteSeq(lastSeq, event);
  const [last, first] = [reading.events.at(-1), added[0]];
  const events = [...reading.events, ...added];
  // Another machine's clock may be ahead of ours.
  if (last !== undefined && first !== undefined && compareEvents(last, first) > 0) events.sort(compareEvents);
  return { ...reading, events, lastSeq };
}

function refuseNewer(version: number): void {
  if (version <= FORMAT_VERSION) return;
  throw new LearnerError(
    `events.jsonl has format ${version}, and this version of the journal knows formats up to ${FORMAT_VERSION}`,
    'Update the journal (git pull); the file was left as it is.',
  );
}

function noteSeq(lastSeq: Map<string, number>, { machine, seq }: { machine: string; seq: number }): void {
  lastSeq.set(machine, Math.max(lastSeq.get(machine) ?? 0, seq));
}

/** Mostly they are in order already, and a look is cheaper than a sort. */
function inOrder(events: JournalEvent[]): JournalEvent[] {
  for (let at = 1; at < events.length; at++) {
    if (compareEvents(events[at - 1] as JournalEvent, events[at] as JournalEvent) > 0)
      return events.sort(compareEvents);
  }
  return events;
}
