import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { constants, gunzipSync } from 'node:zlib';

import { mutated, mutateFile } from '#src/faults/files.ts';

const csv = 'id,name\n1,Ann\n2,Bob\n3,Zoë\n';

test('a gzip file that was cut unpacks in part, and then fails, wherever it was cut', () => {
  const long = csv.repeat(500);
  for (const content of ['', 'x', csv, long]) {
    for (const keep of [0, 0.3, 0.9, 1]) {
      const cut = mutated(content, { kind: 'cut-gzip', keep });
      assert.throws(() => gunzipSync(cut), /unexpected end of file/, `${content.length} bytes, ${keep}`);
    }
  }
  const part = gunzipSync(mutated(long, { kind: 'cut-gzip', keep: 0.9 }), { finishFlush: constants.Z_SYNC_FLUSH });
  assert.ok(part.length > 0 && long.startsWith(part.toString()));
  assert.equal(gunzipSync(mutated(long, { kind: 'gzip' })).toString(), long);
});

test('the same mutation gives the same bytes', () => {
  const packed = mutated(csv, { kind: 'gzip' });
  assert.deepEqual(packed, mutated(csv, { kind: 'gzip' }));
  assert.equal(packed.readUInt32LE(4), 0, 'no time stands in the header');
  assert.equal(packed[9], 255, 'no system stands in the header');
});

test('text is spoilt in the ways that files are', () => {
  const cases = [
    [{ kind: 'truncate', keep: 0.5 }, Buffer.from(csv).subarray(0, 13)],
    [{ kind: 'byte-order-mark' }, Buffer.from(`\u{feff}${csv}`)],
    [{ kind: 'windows-lines' }, Buffer.from(csv.replaceAll('\n', '\r\n'))],
    [{ kind: 'no-last-newline' }, Buffer.from(csv.trimEnd())],
    [{ kind: 'repeat-lines', from: 0.25, to: 0.75 }, Buffer.from(`${csv}1,Ann\n2,Bob\n`)],
    [{ kind: 'bad-byte', at: 0 }, Buffer.concat([Buffer.from([0xff]), Buffer.from(csv.slice(1))])],
    [{ kind: 'flip-bit', at: 0 }, Buffer.from(`h${csv.slice(1)}`)],
    [{ kind: 'zeros', at: 0, bytes: 2 }, Buffer.from(`\0\0${csv.slice(2)}`)],
  ] as const;
  for (const [mutation, expected] of cases) assert.deepEqual(mutated(csv, mutation), expected, mutation.kind);
  const last = mutated('a\nb', { kind: 'repeat-lines', from: 0.5, to: 1 });
  assert.equal(last.toString(), 'a\nb\nb', 'a last line without its end is not glued to what follows');
  assert.equal(mutated('', { kind: 'flip-bit', at: 1 }).length, 0);
  assert.throws(() => mutated(csv, { kind: 'truncate', keep: 2 }), /share from 0 to 1/);
});

test('a file on disk is spoilt in place, by several in turn', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'dej-faults-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'a.csv');
  await writeFile(path, csv);
  await mutateFile(path, { kind: 'no-last-newline' }, { kind: 'byte-order-mark' });
  assert.equal(await readFile(path, 'utf8'), `\u{feff}${csv.trimEnd()}`);
});
