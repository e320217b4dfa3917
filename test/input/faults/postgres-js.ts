/** Commits the numbers 1 to 4 with postgres.js, in the way that its argument names; says each one that it was told of. */
import postgres from 'postgres';

const [, , way] = process.argv;
const sql = postgres(process.env['DATABASE_URL'] ?? '', { max: 1 });
for (let n = 1; n <= 4; n++) {
  if (way === 'transaction') await sql.begin((own) => own`INSERT INTO done (n) VALUES (${n})`);
  else await sql`INSERT INTO done (n) VALUES (${n})`;
  console.log(`told ${n}`);
}
await sql.end();
