import assert from 'node:assert/strict';
import { join } from 'node:path';

import { findFamily, type FamilySpec } from '#src/engines/python-family.ts';
import { findInterpreter } from '#src/engines/python-interpreter.ts';
import { ownRoot, type Paths } from '#src/paths.ts';

/** Drivers that learners bring themselves: locked like every other package, and fetched by these tests alone. */
const DRIVERS: FamilySpec = {
  name: 'drivers',
  what: 'the other drivers of PostgreSQL',
  requirements: join(ownRoot(import.meta.dirname), 'test', 'input', 'faults', 'drivers.txt'),
  downloadBytes: 9_000_000,
  unpackedBytes: 30_000_000,
};

/** The interpreter that has psycopg2 and asyncpg. */
export async function driversPython(paths: Pick<Paths, 'cache'>): Promise<string> {
  const family = await findFamily(paths, DRIVERS);
  if (family.state === 'ready') return family.interpreter;
  const interpreter = await findInterpreter();
  assert.ok(interpreter.state === 'found');
  return (await family.install(interpreter, () => undefined)).interpreter;
}
