import { SHIFT } from '#src/faults/clock.ts';
import type { Fault, Point } from '#src/faults/schedule.ts';
import type { Cause } from '#src/grading/cause.ts';
import { isOfAction } from '#src/grading/cause-action.ts';
import { isSlotCause } from '#src/grading/cause-replication.ts';
import { actionCauseWords, actionWords, besidesWords, OWN_CLOCK, shiftWords } from '#src/grading/wording-actions.ts';
import { kafkaBoundaryWords, kafkaCauseWords, kafkaManyWords } from '#src/grading/wording-kafka.ts';
import {
  confirmPointWords,
  isOfSlot,
  slotBoundaryWords,
  slotCauseWords,
  slotManyWords,
} from '#src/grading/wording-replication.ts';
import { number, plural, seconds1 } from '#src/grading/wording-oracle.ts';

/**
 * Every word that grading says to a learner stands in this file and its two neighbours (what was found; the picture), to
 * be read as prose. Second person; the past tense for what happened; one cause, one remedy; never scorn. Trouble of ours
 * says that it is ours and that it doesn't count.
 */

export const LABELS = {
  did: 'We did',
  earlier: 'Earlier',
  where: 'Where',
  untried: 'Not tried',
  expected: 'Expected',
  found: 'Found',
  likely: 'Likely',
  or: 'Or',
  read: 'Read',
  again: 'Again',
  picture: 'Picture',
  why: 'Why',
  remedy: 'Do',
  output: 'It said',
  log: 'Log',
  next: 'Next',
  measured: 'Measured',
} as const;

/** What was harmed is never the learner's own; `note` says what it was, as a sentence. */
export function harmedWords(note: string): string {
  return `Where the server itself is harmed: ${lowerFirst(note)}`;
}

export const MARKS = { passed: '✓', failed: '✗', unknown: '?', 'not-exercised': '–' } as const;

export function heading(stage: number, title: string): string {
  return `Stage ${stage} · ${lowerFirst(title)}`;
}

/** The right side of a verdict's first line. */
export function survivedWords({ survived, tried, possible, combined }: PointWords): string {
  const of = tried < possible ? ` (${number(tried)} of ${number(possible)} tried)` : '';
  const more =
    combined === undefined ? '' : ` and ${number(combined.survived)} of ${number(combined.tried)} pairs and triples`;
  return `survived ${number(survived)} of ${plural(tried, 'crash point')}${of}${more}`;
}

/** What a quick pass leaves open. */
export function untriedWords(left: number, lab: string): string {
  return `${plural(left, 'crash point')} ${left === 1 ? 'was' : 'were'} left out on this save; ./dej check ${lab} --full goes further`;
}

export interface PointWords {
  readonly survived: number;
  readonly tried: number;
  readonly possible: number;
  readonly combined?: { readonly survived: number; readonly tried: number } | undefined;
}

export function stateWords(state: 'passed' | 'failed' | 'unknown' | 'not-exercised'): string {
  return {
    passed: 'passed',
    failed: 'failed',
    unknown: 'unknown: this does not count',
    'not-exercised': 'not exercised: this does not count',
  }[state];
}

export function lowerFirst(words: string): string {
  // HTTP and BOM keep their letters.
  return /^[A-Z][a-z ]/.test(words) ? words.charAt(0).toLowerCase() + words.slice(1) : words;
}

// What was done

/** One fault as a sentence without its end, like `killed your program at commit 3, after …`. */
export function faultWords(fault: Fault): string {
  const start = fault.incarnation > 1 ? ` on its ${ordinal(fault.incarnation)} start` : '';
  if (fault.action === 'again') return AGAIN;
  if (fault.action === SHIFT) return `${shiftWords(fault)}${start === '' ? '' : `, from${start.slice(3)} on`}`;
  if (fault.action === 'feed') return feedWords(fault.argument ?? '');
  return `${actionWords(fault)}${start} at ${boundaryWords(fault.boundary, fault.nth, fault.role)}, ${pointWords(fault)}`;
}

/** Other forms of the input, by their names in feeds.ts. */
function feedWords(name: string): string {
  const known: Readonly<Record<string, string>> = {
    'lines-twice': 'gave your program every line of its input twice',
    'other-order': 'gave your program the lines of its input in another order',
    'other-files': 'gave your program the same lines in other files',
  };
  return known[name] ?? `gave your program its input in another form (${name})`;
}

export const AGAIN = 'ran your program once more after it had finished';
/** Beside the lightning. */
export const RUN_AGAIN = 'run once more';
export const NEXT_INPUT = 'next delivery';

/** The few words beside the lightning. */
export function faultMark(fault: { boundary?: string; nth?: number; point?: Point; text: string }): string {
  const { boundary, nth, point } = fault;
  if (boundary === undefined || nth === undefined || point === undefined) return fault.text;
  const words = { before: 'held back', 'after-durable': 'durable, untold', 'client-moved-on': 'told' }[point];
  return `${boundaryWords(boundary, nth)}: ${words}`;
}

export { clocksWords, unmovedWords, UNMOVED_REMEDY } from '#src/grading/wording-actions.ts';

export const CALM = 'ran your program without disturbing it';

/** `commit 3` for `pg.commit#3`, `commit 3 to orders` for `pg.commit[orders]#3`. */
export function boundaryWords(boundary: string, nth: number, role?: string): string {
  if (boundary.startsWith('kafka.')) return kafkaBoundaryWords(boundary, nth, role);
  if (isOfSlot(boundary)) return slotBoundaryWords(boundary, nth, role);
  const names: Readonly<Record<string, string>> = {
    'pg.commit': 'commit',
    'http.request': 'request',
    'http.response': 'response',
  };
  const to = role === undefined ? '' : ` to ${role.split('+').join(' and ')}`;
  return `${names[boundary] ?? boundary} ${number(nth)}${to}`;
}

function holder(boundary: string): string {
  if (boundary.startsWith('pg.')) return 'PostgreSQL';
  if (boundary.startsWith('kafka.')) return 'Kafka';
  return boundary.startsWith('http.') ? 'the server' : 'the disk';
}

function pointWords({ boundary, point }: Pick<Fault, 'boundary' | 'point'>): string {
  if (boundary === 'pg.confirm') return confirmPointWords(point);
  const who = holder(boundary);
  const verb = boundary.startsWith('http.') ? 'acted on it' : 'made it durable';
  const words: Readonly<Record<Point, string>> = {
    before: `before ${who} had received it`,
    'after-durable': `after ${who} had ${verb} and before your program was told`,
    'client-moved-on': `after your program had been told and had gone on`,
  };
  return words[point];
}

export function ordinal(value: number): string {
  return ['zeroth', 'first', 'second', 'third', 'fourth', 'fifth'][value] ?? `${value}th`;
}

/** What all survived schedules of a stage did, for a pass. */
export function triedWords(
  acted: ReadonlyMap<string, number>,
  boundaries: readonly string[],
  feeds: readonly string[] = [],
): string {
  const tried = [...acted].map(([action, times]) =>
    action === 'kill' ? killedWords(times, boundaries) : besidesWords(action, times),
  );
  return [...(tried.length === 0 ? [CALM] : tried), ...feeds.map(feedWords)].join('; ');
}

function killedWords(tried: number, boundaries: readonly string[]): string {
  const at = [...new Set(boundaries.map((boundary) => manyWords(boundary)))];
  const once = tried === 1 ? 'once' : `${number(tried)} times`;
  return `killed your program ${once}, at ${at.join(' and ')}: before, just after, and once it had gone on`;
}

function manyWords(boundary: string): string {
  if (isOfSlot(boundary)) return slotManyWords(boundary);
  return boundary.startsWith('kafka.') ? kafkaManyWords(boundary) : boundaryWords(boundary, 0).replace(/ 0$/, 's');
}

export const EVERY_TIME = 'the right result, every time';

// Why it happened: from the recorded order alone

/** One cause and what follows from it; the remedy is the first hint. */
export function causeWords(cause: Cause): string {
  if (isOfAction(cause)) return actionCauseWords(cause, boundaryWords);
  if (isSlotCause(cause)) return slotCauseWords(cause);
  switch (cause.kind) {
    case 'position-after-commit':
      return (
        `You save your position after the commit (commit ${cause.commit} came first, the position ` +
        `${cause.gapMs === undefined ? 'later' : `${lapse(cause.gapMs)} later`}). ` +
        'Dying in between, you load the same batch again.'
      );
    case 'position-before-commit':
      return (
        `You save your position before the commit (the position came first, commit ${cause.commit} ` +
        `${cause.gapMs === undefined ? 'later' : `${lapse(cause.gapMs)} later`}). ` +
        'Dying in between, you take a batch for loaded that never was.'
      );
    case 'many-commits-per-position':
      return (
        `You commit ${number(cause.commits)} times for each time you save your position. Dying between two saves, ` +
        'you load again what was committed since the last one.'
      );
    case 'two-transactions':
      return (
        `What belongs together is written in two transactions: commit ${cause.commit} wrote ${list(cause.first)}, ` +
        `commit ${cause.commit + 1} ${list(cause.second)}. Dying in between leaves the one without the other.`
      );
    case 'emptied-first':
      return (
        `You empty ${list(cause.tables)} in commit ${cause.commit} and fill it in a later one. ` +
        'Dying in between, what was there before is gone, and a reader meanwhile sees nothing.'
      );
    case 'no-position':
      return (
        `Nothing that your program saved says how far it came: there ${cause.commits === 1 ? 'was' : 'were'} ${plural(cause.commits, 'commit')}, and no ` +
        'file and no second table was written beside them. Started again, it begins with the first row.'
      );
    case 'started-over':
      return (
        'Started again, your program made all its commits once more, from the first, and some of what was there already ' +
        'was added again: it neither went on where it was, nor knew every row that it had written.'
      );
    case 'met-itself':
      return 'Started again, your program met what it had written before it was killed, and gave up.';
    case 'gave-up':
      return 'Your program met something it does not handle, and ended; its last lines say where.';
    case 'never-began':
      return 'Your program ended before it began: its last lines name the file and the line that could not be read.';
    case 'refused':
      return `PostgreSQL could not answer what was asked of your tables: ${cause.answer}.`;
    case 'elsewhere':
      return `Your program wrote to ${list(cause.wrote)}; what is looked at is ${list(cause.asked)}.`;
    case 'nothing-written':
      return 'Your program ended as if all were well, and PostgreSQL saw no commit from it.';
    case 'offset-before-write':
    case 'offset-after-write':
    case 'unanswered-write':
    case 'committed-unwritten':
      return kafkaCauseWords(cause);
    case 'own-clock':
      return OWN_CLOCK;
    case 'silent':
      return 'Your program ended as if all were well, and left no trace of some rows of its input.';
  }
}

export const TWO_CAUSES = 'Which of the two it is, the picture shows: look at what came last before the fault';

function lapse(ms: number): string {
  if (ms < 1) return 'less than 1 ms';
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

function list(names: readonly string[]): string {
  return names.length <= 2 ? names.join(' and ') : `${names.slice(0, 2).join(', ')} and ${names.length - 2} more`;
}

// What could not be told

export function unstableWords(times: number, of: number): string {
  return (
    `unstable: wrong in ${times} of ${of} runs of the same schedule. Something depends on chance (threads, the clock, ` +
    'the order of a listing), in your program or here'
  );
}

export const UNSTABLE_REMEDY = 'Replay it a few times; its picture and log show a run that was wrong.';

export function engineWords(message: string): string {
  return `${message}. This is our trouble, not your program's, and doesn't count`;
}

export const ENGINE_REMEDY = 'Run the check again; ./dej doctor looks at the machine.';

/** An undisturbed run beside it was not over in time either. */
export function slowWords(seconds: number): string {
  return `a run took longer than ${seconds1(seconds)}, and so did one that nothing disturbed: this machine is too busy to tell`;
}

export function unfinishedUnknownWords(seconds: number): string {
  return `your program had not ended after ${seconds1(seconds)}, though nothing disturbed it; whether it ever does can't be told from here`;
}

export const UNFINISHED_REMEDY =
  'A batch ends by itself when all is done; its log says how far it came. On a machine that is busy, check again later.';

export function notExercisedWords(boundaries: readonly string[], fired: boolean): string {
  const one = (boundary: string): string =>
    isOfSlot(boundary)
      ? slotManyWords(boundary)
      : boundary.startsWith('kafka.')
        ? kafkaManyWords(boundary)
        : boundaryWords(boundary, 0).replace(/ 0$/, '');
  const what = boundaries.map(one).join(' and no ');
  return fired
    ? 'no fault of this stage could be fired'
    : `your program made no ${what} while it was recorded, so there was nothing to break`;
}

export function unfiredWords(unfired: number, of: number): string {
  return `${number(unfired)} of ${number(of)} faults found nothing to strike: your program took another way than while it was recorded`;
}

export function notExercisedRemedy(boundaries: readonly string[]): string {
  if (boundaries.some((boundary) => boundary.startsWith('kafka.')))
    return 'Let your program reach Kafka by KAFKA_BOOTSTRAP and write to the topics that it is given; then check again.';
  return boundaries.some((boundary) => boundary.startsWith('http.'))
    ? 'Let your program reach the server by PAYMENTS_URL; then check again.'
    : 'Let your program reach PostgreSQL by DATABASE_URL and write there; then check again.';
}

/** Boundaries that have no name, because two undisturbed runs differ in them. */
export function disagreeWords(
  unnamed: readonly { boundary: string; role?: string; counts: readonly [number, number] }[],
  tried: number,
): string {
  const [worst] = unnamed;
  const what = worst === undefined ? 'commits' : unnamedWords(worst.boundary, worst.role);
  const [one, other] = worst?.counts ?? [0, 0];
  const rest =
    tried === 0 ? '' : `; the ${plural(tried, 'point')} that could be named ${tried === 1 ? 'was' : 'were'} tried`;
  return `two undisturbed runs of your program made ${number(one)} and ${number(other)} ${what}, so those could not be broken one by one${rest}`;
}

export function unnamedWords(boundary: string, role: string | undefined): string {
  if (!boundary.startsWith('kafka.')) return boundaryWords(boundary, 0, role).replace(' 0', 's');
  return `${kafkaManyWords(boundary)}${role === undefined ? '' : ` (${role})`}`;
}

export const DISAGREE_REMEDY =
  'Make the number of commits depend on the input alone, not on time or chance; then check again.';

export function stoppedWords(wasSuspect: boolean, { survived, tried }: Pick<PointWords, 'survived' | 'tried'>): string {
  if (wasSuspect)
    return 'you stopped it while a failure was being looked at a second time; what it was stands here, and does not count yet';
  return tried === 0
    ? 'you stopped it before anything had been broken'
    : `you stopped it; until then your program had survived ${number(survived)} of ${plural(tried, 'crash point')}`;
}

export function outOfTimeWords(tried: number, of: number): string {
  return (
    `only ${number(tried)} of ${plural(of, 'crash point')} could be tried in the time that a check on a save takes, and ` +
    'nothing was wrong with those; what was not tried was not survived'
  );
}

export function outOfTimeRemedy(lab: string): string {
  return `Close what keeps this machine busy and check again, or take the time: ./dej check ${lab} --full.`;
}

/** \`passed\`: how many boundaries of that name the program reached undisturbed. */
export function absentWords({ boundary, nth, incarnation, role }: Fault, passed: number): string {
  const name = boundaryWords(boundary, 0, role).replace(' 0', 's');
  if (incarnation > 1)
    return `your program was never at ${boundaryWords(boundary, nth, role)} of its ${ordinal(incarnation)} start`;
  return `your program made ${number(passed)} ${name} undisturbed, and was never at number ${number(nth)}, so there was nothing to strike`;
}

export const ABSENT_REMEDY =
  'The line is of another program, or of an earlier one; ./dej check, or ./dej attack, finds the lines of this one.';

// While it runs

export interface Step {
  readonly what: 'recording' | 'trying' | 'besides' | 'combining' | 'confirming' | 'shrinking' | 'preparing';
  readonly at: number;
  readonly of: number;
  readonly fault?: Fault;
}

export function progressWords(step: Step): string {
  switch (step.what) {
    case 'preparing':
      return 'preparing your program';
    case 'recording':
      return `recording an undisturbed run, ${step.at} of ${step.of}`;
    case 'trying': {
      const fault = step.fault === undefined ? '' : `: ${faultWords(step.fault)}`;
      return `trying ${number(step.at)} of ${number(step.of)}${fault}`;
    }
    case 'besides':
      return `besides: ${step.fault === undefined ? 'the input in another form' : faultWords(step.fault)}`;
    case 'combining':
      return `trying pairs and triples, ${number(step.at)}`;
    case 'confirming':
      return `something is wrong; checking, ${step.at} of ${step.of}`;
    case 'shrinking':
      return `looking for the smallest way to show it, ${step.at}`;
  }
}
