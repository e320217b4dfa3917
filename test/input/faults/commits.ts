/** Commits the numbers 1 to 4, each by itself, in the way that its argument names; says each one that it was told of. */
import { Client } from 'pg';

const [, , way] = process.argv;
const client = new Client({ connectionString: process.env['DATABASE_URL'] });
await client.connect();
for (let n = 1; n <= 4; n++) {
  if (way === 'transaction') await client.query('BEGIN');
  await client.query('INSERT INTO done (n) VALUES ($1)', [n]);
  if (way === 'transaction') await client.query('COMMIT');
  console.log(`told ${n}`);
}
// It ends without a farewell to the server.
process.exit(0);
