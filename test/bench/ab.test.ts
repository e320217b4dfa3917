import assert from 'node:assert/strict';
import test from 'node:test';

import { compare, quantile, timedProgram, type Contender } from '../../bench/ab.ts';

/** A contender whose samples are given; what it does is written down. */
function scripted(name: string, samples: readonly number[], log: string[]): Contender {
  let i = 0;
  return {
    name,
    ready: async () => void log.push(`${name} ready`),
    sample: async () => {
      log.push(name);
      return samples[i++ % samples.length] ?? 0;
    },
  };
}

const COMPARISON = { name: 'x', goal: 0.5, unit: 'ms', rounds: 3 } as const;

test('each round samples ours once and the peer twice, in an order that rotates', async () => {
  const log: string[] = [];
  await compare({ ...COMPARISON, ours: scripted('o', [1], log), peer: scripted('p', [2], log) });
  const sampled = log.filter((entry) => !entry.endsWith('ready')).join('');
  assert.equal(sampled, 'op' + 'opp' + 'ppo' + 'pop');
  assert.equal(log.indexOf('o ready'), log.indexOf('o') - 1, 'made ready before, untimed');
});

test('the ratio is paired within a round: a round that was slow for both changes nothing', async () => {
  const result = await compare({
    ...COMPARISON,
    // The first sample of each is thrown away.
    ours: scripted('o', [99, 1, 100, 1], []),
    peer: scripted('p', [99, 2, 2, 200, 200, 2, 2], []),
  });
  assert.deepEqual(result.ratio, [0.5, 0.5, 0.5]);
  assert.deepEqual([result.noise, result.verdict], [1, 'met']);
});

test('a goal is missed, and a peer that differs from itself lets nobody judge', async () => {
  const slow = await compare({ ...COMPARISON, ours: scripted('o', [3], []), peer: scripted('p', [2], []) });
  assert.equal(slow.verdict, 'missed');
  const ours = scripted('o', [1], []);
  const noisy = await compare({ ...COMPARISON, rounds: 1, ours, peer: scripted('p', [9, 10, 20], []) });
  assert.deepEqual([noisy.noise, noisy.verdict], [2, 'too noisy']);
});

test('quartiles are values that were seen', () => {
  assert.deepEqual(
    [0.25, 0.5, 0.75].map((part) => quantile([4, 1, 3, 2], part)),
    [2, 3, 4],
  );
});

test('a program that fails is no measure', async () => {
  await assert.rejects(timedProgram([process.execPath, '-e', 'process.exit(3)']), /failed/);
});
