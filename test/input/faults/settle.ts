/** Settles all payments of the source, with a key for each, or without where its argument says so. */
import { appendFile } from 'node:fs/promises';

const [, , way] = process.argv;
const source = process.env['PAYMENTS_URL'] ?? '';
let next: string | null = '';
while (next !== null) {
  const answer: Response = await fetch(`${source}/payments${next === '' ? '' : `?cursor=${next}`}`);
  const page = (await answer.json()) as { payments: { id: string }[]; next: string | null };
  for (const { id } of page.payments) {
    const headers: Record<string, string> = way === 'keyed' ? { 'idempotency-key': id } : {};
    await fetch(`${source}/payments/${id}/settle`, { method: 'POST', headers });
    await appendFile('settled.txt', `${id}\n`);
    console.log(`settled ${id}`);
  }
  next = page.next;
}
