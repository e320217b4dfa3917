import { readShift } from '#src/faults/clock.ts';
import type { Fault } from '#src/faults/schedule.ts';
import { SLOW_ANSWERS } from '#src/faults/slowness.ts';
import type { ActionCause } from '#src/grading/cause-action.ts';
import { number, plural } from '#src/grading/wording-oracle.ts';
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
        `let the stopped one go on when the new one ${isKafka ? 'had read all there was' : 'was at work'};`
      );
    case 'slow':
      return `made ${SLOW_ANSWERS} answers to your program ${argument ?? '200ms'} late each, beginning`;
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
    'module that loads first, and none reported; other languages need libfaketime, which is absent or which they go ' +
    'round; Java does not bear it'
  );
}

export const UNMOVED_REMEDY =
  'Let Python start without -I, -E and -S and pass PYTHONPATH and NODE_OPTIONS on; for other languages install faketime.';

export const OWN_CLOCK =
  'What your program leaves depends on the clock of the machine that it runs on: nothing but that clock was another.';

/** How often such a fault was survived, where it is no kill. */
export function besidesWords(action: string, times: number): string {
  const often = times === 1 ? 'once' : `${number(times)} times`;
  const words: Readonly<Record<string, string>> = {
    pause: `stopped it ${often} while another start took its place, and let it go on then`,
    crash: `killed its engine ${often} and started it again`,
    rewind: `stopped its engine ${often} without a checkpoint and started it again`,
    lose: `dropped its slot ${often} while it was down`,
    cut: `cut its connection ${often}`,
    slow: `made its engine’s answers late ${often}`,
  };
  return words[action] ?? `did ${action} ${often}`;
}

/** One cause and what follows from it; `at` names a boundary. */
export function actionCauseWords(
  cause: ActionCause,
  at: (boundary: string, nth: number, role?: string) => string,
): string {
  switch (cause.kind) {
    case 'zombie-wrote':
      return (
        `The start that was stopped still wrote after another had taken its place (${at(cause.boundary, cause.nth, cause.role)}, by ` +
        'start 1), and nothing refused it. A member’s number in its group, a transactional id or a version in the row does. ' +
        'Then the picture shows a mark of the older start after it went on.'
      );
    case 'kept-past-replacement':
      return (
        'Your program keeps in memory what another start has changed meanwhile: when partitions are assigned anew, what is ' +
        'remembered of them, and where to go on, must be read again. Then what is wrong comes after the rebalance.'
      );
    case 'gave-up-on-engine':
      return (
        'Your program gives up when its engine is away for some seconds, or never finds it again. Clients try again by themselves ' +
        'for as long as they are allowed to, and a program may try longer.'
      );
    case 'waits-for-old-coordinator':
      return (
        'A transaction was begun again, and the offsets that belong to it never came. That is the client’s mistake where the ' +
        'client is librdkafka (confluent-kafka 2.16 and some before it; its issue 5511): send_offsets_to_transaction waits for the ' +
        'coordinator as it was before its broker died. With metadata.recovery.strategy=none it finds the new one. Then ' +
        'the program goes on with that alone.'
      );
    case 'not-acknowledged':
      return (
        'What you had handed to the client, and Kafka had not yet acknowledged, went with the broker, and your program took it ' +
        'for written. What counts is the answer (a flush, acks=all), and an offset is committed only after it.'
      );
    case 'impatient':
      return (
        'An answer that comes late is taken for none: your program gives up, or does it again though it had been done. ' +
        'A time-out says nothing of whether it was.'
      );
    case 'recovery-not-restartable':
      return (
        `Your program recovers from one kill (at ${at(cause.first.boundary, cause.first.nth, cause.first.role)}), and not from a second ` +
        `while it recovers (at ${at(cause.second.boundary, cause.second.nth, cause.second.role)}): its recovery takes for done what was only begun.`
      );
  }
}
