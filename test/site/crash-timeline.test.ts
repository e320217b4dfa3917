import assert from 'node:assert/strict';
import test from 'node:test';

import { crashPoints, DESIGNS, outcome } from '#site/src/pictures/crash-timeline/model.ts';

const anomalies = (id: string): string[] => {
  const design = DESIGNS.find((one) => one.id === id);
  assert.ok(design !== undefined);
  return Array.from({ length: crashPoints(design) }, (_, crash) => outcome(design, crash).anomaly);
};

test('a crash between effect and record doubles what is appended and loses what was recorded first', () => {
  assert.deepEqual(anomalies('append-after'), ['none', 'duplicate', 'none']);
  assert.deepEqual(anomalies('append-before'), ['none', 'lost', 'none']);
  assert.deepEqual(anomalies('dedup-apart'), ['none', 'duplicate', 'none']);
  assert.deepEqual(anomalies('dedup-before'), ['none', 'lost', 'none']);
});

test('an upsert by key, and one transaction for both, survive every crash', () => {
  assert.deepEqual(anomalies('upsert-after'), ['none', 'none', 'none']);
  assert.deepEqual(anomalies('together'), ['none', 'none']);
});

test('before the first commit and after the last one no design goes wrong', () => {
  for (const design of DESIGNS) {
    assert.equal(outcome(design, 0).anomaly, 'none', design.id);
    assert.equal(outcome(design, crashPoints(design) - 1).anomaly, 'none', design.id);
  }
});
