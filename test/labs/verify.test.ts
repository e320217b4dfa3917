import assert from 'node:assert/strict';
import test from 'node:test';

import { createContext } from '#src/commands/context.ts';
import { verifyLabs, type VerifyLabsEvent } from '#src/commands/verify-labs.ts';
import { clone } from '#test/engines/clone.ts';

test(
  'every lab is what it declares: right programs pass, wrong ones are failed by name',
  { timeout: 1_800_000 },
  async (t) => {
    const own = await clone(t);
    const context = createContext(own.paths);
    t.after(() => context.close());
    const events: VerifyLabsEvent[] = [];
    for await (const event of verifyLabs({ only: [], quick: true }, context)) events.push(event);
    const problems = events.flatMap((event) => (event.type === 'problem' ? [`${event.file}: ${event.message}`] : []));
    assert.deepEqual(problems, []);
    const programs = events.flatMap((event) => (event.type === 'program' ? [event] : []));
    const others = programs
      .filter(({ state }) => state !== 'as declared')
      .map(
        ({ lab, program, expected, found, text }) => `${lab}/${program}: ${expected}, found ${found}\n${text ?? ''}`,
      );
    assert.deepEqual(others, [], others.join('\n'));
    const wrong = programs.filter(({ program }) => program.startsWith('wrong/'));
    assert.ok(wrong.length >= 10, `${wrong.length} wrong programs`);
  },
);
