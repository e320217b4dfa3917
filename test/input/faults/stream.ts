/** Settles payments until it is told to stop, then ends in the way that its argument names. */
import { appendFileSync } from 'node:fs';

const [how] = process.argv.slice(2);
const url = process.env['PAYMENTS_URL'] ?? '';
let isTold = false;
process.on('SIGTERM', () => {
  if (how === 'deaf') return;
  isTold = true;
});
for (let n = 1; !isTold; n++) {
  if (n <= 3) {
    const response = await fetch(`${url}/payments/p-${n}/settle`, {
      method: 'POST',
      headers: { 'Idempotency-Key': `p-${n}` },
    });
    appendFileSync('settled.txt', `${n}:${response.status}\n`);
  } else if (how === 'leaves') break;
  // Something to wait on, so that a signal is heard.
  await new Promise((resolve) => setImmediate(resolve));
}
