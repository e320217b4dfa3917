import { pause } from '#src/deadline.ts';
import { openAccess } from '#src/engines/kafka-access.ts';
import { openKafkaHands } from '#src/faults/kafka-hands.ts';
import { signal, start } from '#src/process.ts';

/**
 * `node kill-once.ts SECONDS COMMAND …`: runs a program on Kafka, kills it at that moment, and runs it again, undisturbed. Its
 * group is told that it is gone, as a grading tells it, so that nobody waits for the end of its session.
 */
const [seconds = '0', command = '', ...args] = process.argv.slice(2);

async function begin(): ReturnType<typeof start> {
  return start([command, ...args], { output: 'inherit', group: true });
}

const killed = await begin();
await Promise.race([pause(Number(seconds) * 1000), killed.exited]);
signal(killed.pid, 'SIGKILL', true);
await killed.exited;
const hands = await openKafkaHands(openAccess(process.env['KAFKA_BOOTSTRAP'] ?? ''));
await hands.evict(process.env['GROUP_ID'] ?? '');
await hands.close();

const again = await begin();
process.on('SIGTERM', () => void signal(again.pid, 'SIGTERM', true));
const { code } = await again.exited;
process.exit(code ?? 1);
