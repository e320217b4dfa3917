import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { examine, type Finding } from '#src/engines/doctor.ts';
import { ownRoot, pathsOf, type Paths } from '#src/paths.ts';
import { freePort } from '#src/ports.ts';
import { capture } from '#src/process.ts';

async function clone(t: test.TestContext): Promise<Paths> {
  const root = await mkdtemp(join(tmpdir(), 'dej-doctor-'));
  t.after(() => rm(root, { recursive: true, force: true }));
  return pathsOf(root, { DEJ_CACHE: join(root, 'cache') });
}

function find(findings: readonly Finding[], what: string): Finding {
  const found = findings.find((finding) => finding.what === what);
  assert.ok(found, `${what} among ${findings.map((finding) => finding.what).join(', ')}`);
  return found;
}

test('the doctor looks at every part, and every complaint has a remedy', async (t) => {
  const findings = await examine(await clone(t), { appPort: await freePort() });
  for (const what of [
    'platform',
    'Python',
    'Java',
    'memory',
    'free disk, this clone',
    'free disk, cache',
    'cache',
    'port of the app',
  ])
    find(findings, what);
  assert.deepEqual(find(findings, 'Node'), { what: 'Node', state: 'ok', value: process.versions.node });
  for (const { what, state, remedy } of findings) assert.ok(state === 'ok' || (remedy ?? '') !== '', what);
});

test('the doctor changes nothing', async (t) => {
  const paths = await clone(t);
  await examine(paths, { appPort: await freePort() });
  await mkdir(paths.cache); // Fails where the doctor has made it.
});

test('servers of the learner’s own are named, their passwords are not', async (t) => {
  process.env['DATABASE_URL'] = 'postgresql://me:secret@db.example:5432/shop';
  t.after(() => delete process.env['DATABASE_URL']);
  const finding = find(await examine(await clone(t), { appPort: await freePort() }), 'DATABASE_URL');
  assert.equal(finding.state, 'warn');
  assert.equal(finding.value, 'a server of yours, postgresql://…@db.example:5432/shop');
});

test('a Java that is no Java is told, with the setting that names it', async (t) => {
  process.env['DEJ_JAVA'] = '/nowhere/java';
  t.after(() => delete process.env['DEJ_JAVA']);
  const finding = find(await examine(await clone(t), { appPort: await freePort() }), 'Java');
  assert.deepEqual([finding.state, finding.value], ['missing', 'no Java answers at /nowhere/java (DEJ_JAVA)']);
});

test('a taken port is named', async (t) => {
  const port = await freePort();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  t.after(() => server.close());
  const findings = await examine(await clone(t), { appPort: port });
  assert.equal(find(findings, 'port of the app').state, 'warn');
  assert.match(find(findings, 'port of the app').value, new RegExp(`${port} is taken`));
});

test('a folder for sockets with too long a name is found before an engine stumbles over it', async (t) => {
  const paths = await clone(t);
  const findings = await examine(
    { ...paths, sockets: join(paths.sockets, 'x'.repeat(100)) },
    { appPort: await freePort() },
  );
  assert.equal(find(findings, 'socket paths').state, 'missing');
  assert.match(find(findings, 'socket paths').remedy ?? '', /TMPDIR/);
});

test('too little memory and too little disk are told with what to do', async (t) => {
  const { root } = await clone(t);
  const script = `
    import { examine } from '#src/engines/doctor.ts';
    import { pathsOf } from '#src/paths.ts';
    process.availableMemory = () => 1e9;
    console.log(JSON.stringify(await examine(pathsOf(${JSON.stringify(root)}), { appPort: 0 })));
  `;
  const node = [process.execPath, '--input-type=module-typescript', '-e', script];
  const mount = 'mount -t tmpfs -o size=100k tmpfs "$0" || exit 77; exec "$@"';
  const asRoot = process.getuid?.() === 0 ? [] : ['-Ur'];
  const ran = await capture(['unshare', '-m', ...asRoot, 'sh', '-c', mount, root, ...node], {
    cwd: ownRoot(),
    env: { ...process.env, DEJ_CACHE: join(root, 'cache') },
  }).catch(() => undefined);
  if (ran === undefined || ran.code === 77 || /unshare failed/.test(ran.stderr))
    return t.skip('needs Linux and the right to mount');
  const findings = JSON.parse(ran.stdout) as Finding[];
  for (const [what, remedy] of [
    ['free disk, this clone', /^Make room: about 3\.0 GB/],
    ['free disk, cache', /DEJ_CACHE moves the cache/],
    ['memory', /close other programs/],
  ] as const) {
    assert.equal(find(findings, what).state, 'warn', what);
    assert.match(find(findings, what).remedy ?? '', remedy);
  }
});

test('without Python everything else is examined, and the remedy is named', async (t) => {
  const { root } = await clone(t);
  const script = `
    import { examine } from '#src/engines/doctor.ts';
    import { pathsOf } from '#src/paths.ts';
    console.log(JSON.stringify(await examine(pathsOf(${JSON.stringify(root)}), { appPort: 0 })));
  `;
  const env = { PATH: join(root, 'empty'), HOME: root, DEJ_CACHE: join(root, 'cache') };
  const { stdout, stderr } = await capture([process.execPath, '--input-type=module-typescript', '-e', script], {
    cwd: ownRoot(),
    env,
  });
  assert.notEqual(stdout, '', stderr);
  const finding = find(JSON.parse(stdout) as Finding[], 'Python');
  assert.equal(finding.state, 'missing');
  assert.match(finding.value, /no Python was found; 3\.11 to 3\.14 with venv and pip is needed/);
  assert.match(
    finding.remedy ?? '',
    process.platform === 'darwin' ? /brew install/ : /apt install python3 python3-venv[\s\S]*dnf/,
  );
});
