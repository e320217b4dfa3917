import type { HistoryEvent } from '#src/faults/history.ts';
import type { Finding } from '#src/grading/anomaly.ts';
import { boundaryWords, faultMark } from '#src/grading/wording.ts';
import { number } from '#src/grading/wording-oracle.ts';
import { LANES, markLabel, PICTURE } from '#src/grading/wording-picture.ts';

export interface TimelineInput {
  readonly title: string;
  readonly subtitle: string;
  readonly history: readonly HistoryEvent[];
  readonly findings: readonly Finding[];
  readonly likely: readonly string[];
  readonly schedule: string | undefined;
}

export type LaneName = keyof typeof LANES;

/** One thing on a lane. `slot` counts from 0; its detail is what hovering or focusing says. */
export interface Mark {
  readonly slot: number;
  readonly lane: LaneName;
  readonly shape: 'durable' | 'held' | 'file' | 'line' | 'killed' | 'fault' | 'oracle' | 'elided';
  readonly label: string;
  readonly detail: string;
  /** Shows the broken invariant; a shape of its own beside the colour. */
  readonly broken?: boolean;
  /** The answer never reached the program. */
  readonly untold?: boolean;
}

export interface Bar {
  readonly from: number;
  readonly to: number;
  /** 1 for a start that is alive beside an earlier one; then each has half of the lane. */
  readonly row?: 1 | undefined;
  /** While it stood still. */
  readonly still?: { readonly from: number; readonly to: number } | undefined;
  readonly label: string;
  readonly detail: string;
}

/** The picture in slots: one for each thing that is worth a place, so that what happened within 2 ms can be read too. */
export interface Timeline {
  readonly title: string;
  readonly subtitle: string;
  readonly lanes: readonly LaneName[];
  readonly slots: number;
  readonly bars: readonly Bar[];
  readonly marks: readonly Mark[];
  /** From the fault to the first row that is wrong. */
  readonly band: { readonly from: number; readonly to: number } | undefined;
  readonly likely: readonly string[];
  readonly schedule: string | undefined;
  /** The same in words, in the order of time. */
  readonly list: readonly string[];
}

const MAX_SLOTS = 22;
const MAX_LINES = 30;
const MAX_LIST = 80;

/** Places a run's history; what stands far from every fault, start and end is counted instead of drawn. */
export function layout(input: TimelineInput): Timeline {
  const history = input.history.filter((event) => !isByTheClock(event)).sort((a, b) => a.atMs - b.atMs);
  const steps = elide(stepsOf(history));
  const slots = steps.length + 1;
  const faultAt = steps.findIndex(({ kind }) => kind === 'fault' || kind === 'killed');
  const wrongAt = wrongSlot(steps, faultAt, input.findings);
  const marks = [
    ...steps.flatMap((step, slot) => marksOf(step, slot, slot === wrongAt, isUntold(step, steps))),
    ...lineMarks(history, steps),
    ...oracleMarks(input.findings, slots - 1),
  ];
  const used = new Set(marks.map(({ lane }) => lane));
  const lanes = (Object.keys(LANES) as LaneName[]).filter((lane) => lane === 'program' || used.has(lane));
  return {
    title: input.title,
    subtitle: input.subtitle,
    lanes,
    slots,
    bars: barsOf(steps, slots),
    marks,
    band: wrongAt === undefined ? undefined : { from: faultAt === -1 ? wrongAt : faultAt, to: wrongAt },
    likely: input.likely,
    schedule: input.schedule,
    list: listOf(history, input.findings),
  };
}

/** A confirmation that covers nothing new: there are as many as there is time, and none says anything. */
function isByTheClock({ boundary, role, kind }: HistoryEvent): boolean {
  return boundary === 'pg.confirm' && role === 'idle' && kind === 'boundary';
}

interface Step {
  readonly kind: 'started' | 'boundary' | 'file' | 'fault' | 'killed' | 'exited' | 'paused' | 'resumed' | 'elided';
  readonly event: HistoryEvent;
  readonly durable: boolean;
  /** How many steps stand behind an elided one. */
  readonly count: number;
}

/** What gets a slot: a start, an end, a fault, a changed file, and each boundary once, when it became durable. */
function stepsOf(history: readonly HistoryEvent[]): Step[] {
  const durable = new Set(history.filter(({ point }) => point === 'after-durable').map(nameOf));
  return history.flatMap((event): Step[] => {
    const step = (kind: Step['kind'], isDurable = false): Step[] => [{ kind, event, durable: isDurable, count: 1 }];
    if (event.lane === 'fault') return event.kind === 'fired' ? step('fault') : [];
    if (event.lane === 'file') return step('file');
    if (event.lane === 'program') {
      const { kind } = event;
      return isOfStart(kind) ? step(kind) : [];
    }
    if (event.boundary === undefined) return [];
    if (event.point === 'after-durable') return step('boundary', true);
    return event.point === 'before' && !durable.has(nameOf(event)) ? step('boundary') : [];
  });
}

function isOfStart(kind: string): kind is 'started' | 'exited' | 'killed' | 'paused' | 'resumed' {
  return ['started', 'exited', 'killed', 'paused', 'resumed'].includes(kind);
}

function nameOf({ boundary, nth, incarnation, since, role }: HistoryEvent): string {
  const of = since === undefined ? '' : `[${role ?? ''}]`;
  return `${incarnation}/${boundary ?? ''}${of}#${nth ?? 0}`;
}

/** Starts, ends, faults and what stands next to them stay; of the rest, runs that don't fit become one `… n more`. */
function elide(steps: readonly Step[]): Step[] {
  if (steps.length <= MAX_SLOTS) return [...steps];
  const important = (index: number): boolean => {
    const kind = steps[index]?.kind;
    return kind !== undefined && kind !== 'boundary' && kind !== 'file';
  };
  for (const reach of [3, 2, 1, 0]) {
    const near = (index: number): boolean =>
      Array.from({ length: 2 * reach + 1 }, (_, i) => index - reach + i).some(important);
    const kept = squeeze(steps, near);
    if (kept.length <= MAX_SLOTS) return kept;
  }
  // Hundreds of starts: the first ones and the last ones are shown.
  const half = MAX_SLOTS / 2;
  return squeeze(steps, (index) => index < half - 1 || index >= steps.length - half);
}

function squeeze(steps: readonly Step[], keep: (index: number) => boolean): Step[] {
  const kept: Step[] = [];
  for (const [index, step] of steps.entries()) {
    const last = kept.at(-1);
    if (keep(index)) kept.push(step);
    else if (last?.kind === 'elided') kept[kept.length - 1] = { ...last, count: last.count + 1 };
    else kept.push({ ...step, kind: 'elided', count: 1 });
  }
  return kept;
}

function wrongSlot(steps: readonly Step[], faultAt: number, findings: readonly Finding[]): number | undefined {
  if (findings.length === 0) return undefined;
  const after = steps.findIndex(({ kind }, slot) => slot > faultAt && kind === 'boundary' && faultAt !== -1);
  const lostOnly = findings.every(({ anomaly }) => anomaly === 'lost' || anomaly === 'crashed');
  // A lost row is seen to be missing only when the program has ended; a doubled one is wrong once it stands there.
  return after === -1 || lostOnly ? steps.length : after;
}

/** Killed when it was durable and the program had not been told. */
function isUntold({ event }: Step, steps: readonly Step[]): boolean {
  return steps.some(
    ({ kind, event: fault }) =>
      kind === 'fault' &&
      fault.point === 'after-durable' &&
      fault.boundary !== undefined &&
      nameOf(fault) === nameOf(event),
  );
}

function marksOf(step: Step, slot: number, broken: boolean, untold: boolean): Mark[] {
  const { event, kind } = step;
  const detail = sentence(event);
  switch (kind) {
    case 'elided':
      return [{ slot, lane: event.lane, shape: 'elided', label: '…', detail: PICTURE.more(step.count) }];
    case 'file':
      return [{ slot, lane: 'file', shape: 'file', label: short(event.text, 18), detail }];
    case 'fault':
      return [{ slot, lane: 'fault', shape: 'fault', label: faultMark(event), detail }];
    case 'killed':
      return [{ slot, lane: 'program', shape: 'killed', label: PICTURE.killed, detail }];
    case 'boundary': {
      const shape = step.durable ? 'durable' : 'held';
      const told = untold ? `${detail}; ${PICTURE.untold}` : detail;
      return [
        {
          slot,
          lane: event.lane,
          shape,
          label: markLabel(event.boundary, event.nth, event.role),
          detail: told,
          broken,
          untold,
        },
      ];
    }
    case 'started':
    case 'exited':
    case 'paused':
    case 'resumed':
      return [];
  }
}

function lineMarks(history: readonly HistoryEvent[], steps: readonly Step[]): Mark[] {
  const lines = history.filter(({ lane, kind }) => lane === 'program' && kind === 'line');
  // The last lines are the ones that tell why a program ended.
  return lines.slice(-MAX_LINES).map((event) => {
    const next = steps.findIndex((step) => step.event.atMs > event.atMs);
    const slot = (next === -1 ? steps.length : next) - 0.5;
    return { slot, lane: 'program', shape: 'line', label: '', detail: sentence(event) };
  });
}

function oracleMarks(findings: readonly Finding[], slot: number): Mark[] {
  const [worst] = findings;
  if (worst === undefined)
    return [{ slot, lane: 'oracle', shape: 'oracle', label: PICTURE.right, detail: PICTURE.right }];
  const detail = findings.map(({ anomaly, found, witnesses }) => `${anomaly}: ${found}. ${witnesses.join(', ')}`);
  const label = PICTURE.broken(worst.anomaly, worst.count);
  return [{ slot, lane: 'oracle', shape: 'oracle', label, detail: detail.join('; '), broken: true }];
}

function barsOf(steps: readonly Step[], slots: number): Bar[] {
  const bars: Bar[] = [];
  for (const [slot, { kind, event }] of steps.entries()) {
    if (kind !== 'started') continue;
    const find = (...kinds: Step['kind'][]): number =>
      steps.findIndex(
        (one, at) => at > slot && kinds.includes(one.kind) && one.event.incarnation === event.incarnation,
      );
    const end = find('killed', 'exited');
    const [paused, resumed] = [find('paused'), find('resumed')];
    const to = end === -1 ? slots - 1 : end;
    const still = paused === -1 ? undefined : { from: paused, to: resumed === -1 ? to : resumed };
    const isBeside = bars.some((bar) => bar.row === undefined && bar.to > slot);
    const label = PICTURE.start(event.incarnation);
    const more = { ...(isBeside ? { row: 1 as const } : {}), ...(still === undefined ? {} : { still }) };
    bars.push({ from: slot, to, label, detail: sentence(event), ...more });
  }
  return bars;
}

/** Everything in the order of time, for those who read it instead of seeing it; bounded from the middle. */
function listOf(history: readonly HistoryEvent[], findings: readonly Finding[]): string[] {
  const all = history.map((event) => `${(event.atMs / 1000).toFixed(3)} s  ${sentence(event)}`);
  const end = findings.map(({ anomaly, found }) => `end  ${LANES.oracle.name}: ${anomaly}, ${found}`);
  if (findings.length === 0) end.push(`end  ${LANES.oracle.name}: ${PICTURE.right}`);
  if (all.length <= MAX_LIST) return [...all, ...end];
  const half = MAX_LIST / 2;
  return [...all.slice(0, half), `…  ${PICTURE.more(all.length - MAX_LIST)}`, ...all.slice(-half), ...end];
}

function sentence(event: HistoryEvent): string {
  const { boundary, nth, point, lane, incarnation, role } = event;
  const where = `${LANES[lane].name}, ${PICTURE.start(incarnation)}`;
  if (boundary === undefined || nth === undefined || lane === 'fault') return `${where}: ${short(event.text, 160)}`;
  return `${where}: ${boundaryWords(boundary, nth, event.since !== undefined || boundary === 'pg.confirm' ? role : undefined)}, ${point === undefined ? event.kind : PICTURE.points[point]}`;
}

/** `text` cut to `length` characters, for labels that have little room. */
export function short(text: string, length: number): string {
  const points = [...text];
  return points.length <= length ? text : `${points.slice(0, length - 1).join('')}…`;
}

/** What a picture says to those who can't see it. */
export function description({ slots, bars, list }: Timeline): string {
  return `${number(bars.length)} starts, ${number(slots)} moments. ${list.slice(-8).join('. ')}`;
}
