import { readShift } from '#src/faults/clock.ts';
import type { Fault } from '#src/faults/schedule.ts';
import { plural } from '#src/grading/wording-oracle.ts';
import { ENGINE_ACTIONS } from '#src/grading/wording-replication.ts';

/** What was done, for each action of a fault. A part of wording.ts. */
export function actionWords({ action, argument, boundary }: Fault): string {
  const isKafka = boundary.startsWith('kafka.');
  switch (action) {
    case 'kill':
      return 'killed your program';
    case 'cut':
      return 'cut the connection of your program';
    case 'pause':
      return (
        `stopped your program (SIGSTOP)${isKafka ? ', let its group go on without it' : ''}, started it anew beside that, and ` +
        'let the stopped one go on when the new one was at work;'
      );
    case 'crash':
      return isKafka ? 'killed Kafka’s broker (kill -9) and started it again' : (ENGINE_ACTIONS[action] ?? action);
    default:
      return ENGINE_ACTIONS[action] ?? `did ${action}${argument === undefined ? '' : ` (${argument})`} to your program`;
  }
}

/** `started your program with its clock 1 day ahead`. */
export function shiftWords({ argument = '' }: Fault): string {
  return `started your program with its clock ${offWords(argument)}`;
}

/** `1 day ahead` for `+1d`. */
export function offWords(by: string): string {
  const { ms, count, unit } = readShift(by);
  const name = { s: 'second', m: 'minute', h: 'hour', d: 'day', y: 'year' }[unit];
  return `${plural(count, name)} ${ms < 0 ? 'behind' : 'ahead'}`;
}

/** Of what was survived beside the crash points. */
export function clocksWords(tried: readonly string[]): string {
  return `started your program with its clock ${tried.map(offWords).join(', and ')}`;
}

/** A clock that could not be moved; nothing is said about how the program would have taken it. */
export function unmovedWords(untried: readonly string[]): string {
  const one = untried.map(offWords).join(', and ');
  return (
    `a clock that is ${one}: the clock of your program could not be moved here. Python and Node are moved by a ` +
    'module that loads first, and none reported; other languages need libfaketime, which is absent or which they go round'
  );
}

export const UNMOVED_REMEDY =
  'Let Python start without -I, -E and -S and pass PYTHONPATH and NODE_OPTIONS on; for other languages install faketime.';

export const OWN_CLOCK =
  'What your program leaves depends on the clock of the machine that it runs on: nothing but that clock was another.';

/** How such a fault is told in the few words of a pass, where it is no kill. */
export function besidesWords(action: string): string | undefined {
  const words: Readonly<Record<string, string>> = {
    pause: 'stopped it while another start took its place, and let it go on',
    crash: 'killed the engine and started it again',
    cut: 'cut its connection',
    slow: 'slowed its connection down',
  };
  return words[action];
}
