import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';

import { dej } from '#test/cli/dej.ts';
import { place, programs, verdictIn } from '#test/commands/attack-place.ts';

const GIVEN = ['attack', '--json', '--folder', programs];
const STREAM = ['--compare', 'topic:enriched', '--topic', `orders=${join(programs, 'orders.tsv')}`, '--stream'];

test(
  'a program on Kafka is broken at every record and offset, on a broker of its own',
  { timeout: 900_000 },
  async (t) => {
    const { env, journal } = await place(t);
    const attacked = async (flags: readonly string[], design: string) => {
      const { code, stdout, stderr } = await dej([...GIVEN, ...flags, '--', 'python', 'streams.py', design], env);
      return { code, ...verdictIn(stdout, stderr) };
    };

    await t.test('a stream that commits its offsets late doubles records, and its line shows it again', async () => {
      const { code, verdict, text } = await attacked([...STREAM, '--env', 'API_TOKEN=not-to-be-kept'], 'doubles');
      assert.equal(code, 1, text);
      assert.equal(verdict.findings[0]?.anomaly, 'duplicate', text);
      assert.match(verdict.findings[0].expected, /^6 records of enriched, each once$/);
      assert.match(verdict.likely[0] ?? '', /^You commit an offset after what it stands for is written/);
      assert.match(text, /Compared +topic enriched \(6 records\)/);
      const line = verdict.schedule ?? '';
      assert.match(
        line,
        /^v1 lab=attack-streams-[0-9a-f]{6} stage=1 seed=42 size=1 kill@1\/kafka\.\w+\[\w+(-0)?\]#\d+:/,
      );
      const kept = await readFile(join(journal, 'runs', verdict.lab, 'attack.json'), 'utf8');
      assert.ok(kept.includes('API_TOKEN') && !kept.includes('not-to-be-kept'), kept);
      const refused = await dej(['replay', line], env);
      assert.match(refused.stderr, /the value of API_TOKEN was given with --env and not kept.*\nExport API_TOKEN/);
      const again = await dej(['replay', line, '--json'], { ...env, API_TOKEN: 'given again' });
      assert.equal(verdictIn(again.stdout, again.stderr).verdict.findings[0]?.anomaly, 'duplicate');
    });

    await t.test('the same in transactions survives', async () => {
      const { code, verdict, text } = await attacked(STREAM, 'once');
      assert.equal(code, 0, text);
      assert.equal(verdict.points.survived, verdict.points.tried);
      assert.deepEqual(Object.keys(verdict.engines).sort(), ['kafka', 'node', 'postgres']);
      assert.match(text, /offsets it committed and records it wrote and ends of transactions/);
    });
  },
);
