import assert from 'node:assert/strict';
import test from 'node:test';

void test('passes', () => undefined);
void test('holds two', async (t) => {
  await t.test('inner passes', () => undefined);
  await t.test('inner fails', () => assert.equal(1, 2));
});
void test('is left out', { skip: 'no engine here' }, () => undefined);
