import { compareRows, type Stage, type StageInput, type StagePlan } from '#src/grading/api.ts';

const noun = { one: 'order', many: 'orders' };

/** Nothing is broken. */
export const stage1: Stage = (input) => plan(input);

/** Killed before, at and after every commit. */
export const stage2: Stage = (input) => ({ ...plan(input), attack: [{ boundary: 'pg.commit' }] });

function plan({ size }: StageInput): StagePlan {
  const orders = Array.from({ length: size }, (_, i) => ({ id: `o-${i + 1}`, amount: `${i}.50` }));
  return {
    noun,
    inputs: { 'orders.jsonl': orders.map((order) => `${JSON.stringify(order)}\n`).join('') },
    tables: ['CREATE TABLE orders (id text, amount numeric)', 'CREATE TABLE progress (position int)'],
    judge: async (trial) =>
      compareRows({ noun, truth: orders, found: await trial.query('SELECT id, amount FROM orders'), key: ['id'] }),
  };
}
