import type { Fault } from '#src/faults/schedule.ts';
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
