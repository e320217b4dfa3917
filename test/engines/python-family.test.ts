import assert from 'node:assert/strict';
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { findFamily, type Family, type FamilySpec, type ReadyFamily } from '#src/engines/python-family.ts';
import { findInterpreter, type Interpreter } from '#src/engines/python-interpreter.ts';
import { python } from '#src/engines/python.ts';
import { WorldError } from '#src/error.ts';
import { ownRoot, pathsOf } from '#src/paths.ts';
import { capture } from '#src/process.ts';
import { startPython, whyNot } from '#test/engines/python-blocks.ts';

const skip = (await whyNot()) ?? false;

/** A package of one module, and its lock file with the hash; prints the hash. */
const MAKE_WHEEL = `
import hashlib, sys, zipfile
path = "dej_sample-1.0-py3-none-any.whl"
with zipfile.ZipFile(path, "w") as wheel:
    wheel.writestr("dej_sample.py", "WORD = 'here'\\n")
    wheel.writestr("dej_sample.bin", bytes(500_000))
    wheel.writestr("dej_sample-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: dej-sample\\nVersion: 1.0\\n")
    wheel.writestr("dej_sample-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr("dej_sample-1.0.dist-info/RECORD", "dej_sample.py,,\\ndej_sample.bin,,\\ndej_sample-1.0.dist-info/METADATA,,\\ndej_sample-1.0.dist-info/WHEEL,,\\ndej_sample-1.0.dist-info/RECORD,,\\n")
print(hashlib.sha256(open(path, "rb").read()).hexdigest())
`;

interface Fixture {
  readonly cache: string;
  readonly wheels: string;
  readonly spec: FamilySpec;
  readonly interpreter: Interpreter;
}

/** A cache of its own with a family of one small package, which comes from a folder: no network is needed. */
async function fixture(t: test.TestContext): Promise<Fixture> {
  const folder = await mkdtemp(join(tmpdir(), 'dej-family-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const interpreter = await findInterpreter();
  assert.ok(interpreter.state === 'found');
  const [cache, wheels] = [join(folder, 'cache'), join(folder, 'wheels')];
  await mkdir(join(cache, 'python'), { recursive: true });
  await mkdir(wheels);
  // The tool that installs is taken from the shared cache; the suite's first start of Python put it there.
  const shared = join(pathsOf(ownRoot()).cache, 'python');
  const tool = (await readdir(shared)).find((name) => /^uv-[0-9a-f]{12}$/.test(name));
  assert.ok(tool, `the installer in ${shared}`);
  await copyFile(join(shared, tool), join(cache, 'python', tool));
  const { stdout } = await capture([interpreter.path, '-c', MAKE_WHEEL], { cwd: wheels });
  const requirements = join(folder, 'requirements.txt');
  await writeFile(requirements, `dej-sample==1.0 --hash=sha256:${stdout.trim()}\n`);
  process.env['UV_FIND_LINKS'] = wheels;
  process.env['UV_NO_INDEX'] = '1';
  t.after(() => {
    delete process.env['UV_FIND_LINKS'];
    delete process.env['UV_NO_INDEX'];
  });
  return {
    cache,
    wheels,
    interpreter,
    spec: { name: 'sample', requirements, downloadBytes: 1000, unpackedBytes: 1000 },
  };
}

async function install({ cache, spec, interpreter }: Fixture): Promise<ReadyFamily> {
  const family = await findFamily({ cache }, spec);
  assert.equal(family.state, 'absent');
  return family.install(interpreter, () => undefined);
}

async function stateOf({ cache, spec }: Fixture): Promise<Family['state']> {
  return (await findFamily({ cache }, spec)).state;
}

async function imports({ interpreter }: ReadyFamily): Promise<string> {
  return (await capture([interpreter, '-c', 'import dej_sample; print(dej_sample.WORD)'])).stdout;
}

void test('environments of Python packages', { skip }, async (t) => {
  // Puts the installer into the shared cache where this is the first test that needs it.
  await using first = await startPython('spare');
  assert.equal(first.running.state, 'running');
  await whole(t);
  await failed(t);
});

async function whole(t: test.TestContext): Promise<void> {
  await t.test('an installed family is found again, whole', async (t) => {
    const sample = await fixture(t);
    const ready = await install(sample);
    assert.equal(await imports(ready), 'here\n');
    assert.deepEqual(await findFamily({ cache: sample.cache }, sample.spec), ready);
    const left = (await readdir(join(sample.cache, 'python'))).filter((name) => !name.startsWith('uv-'));
    assert.equal(left.length, 2, `one environment and what says that it counts, not ${left.join(', ')}`);
  });

  await t.test('an attempt that was interrupted is never used, and makes room for the next', async (t) => {
    const sample = await fixture(t);
    const ready = await install(sample);
    const home = join(sample.cache, 'python');
    const pointer = (await readdir(home)).find((name) => name.endsWith('.json')) ?? '';
    await rm(join(home, pointer));
    assert.equal(await stateOf(sample), 'absent');
    const again = await install(sample);
    assert.notEqual(again.interpreter, ready.interpreter);
    assert.equal((await readdir(home)).filter((name) => name.startsWith('sample-')).length, 2);
  });

  await t.test('two processes that install at once end with one environment', async (t) => {
    const sample = await fixture(t);
    const script = `
      import { findFamily } from '#src/engines/python-family.ts';
      const { cache, spec, interpreter } = ${JSON.stringify(sample)};
      const family = await findFamily({ cache }, spec);
      console.log((family.state === 'ready' ? family : await family.install(interpreter, () => undefined)).interpreter);
    `;
    const elsewhere = () =>
      capture([process.execPath, '--input-type=module-typescript', '-e', script], { cwd: ownRoot() });
    const [one, two] = await Promise.all([elsewhere(), elsewhere()]);
    assert.notEqual(one.stdout, '', one.stderr);
    assert.equal(one.stdout, two.stdout);
  });

  await t.test('an environment whose Python was replaced by another version is made anew', async (t) => {
    const sample = await fixture(t);
    const { interpreter } = await install(sample);
    const other = join(sample.cache, 'python3.99');
    await writeFile(other, '');
    await rm(interpreter);
    await symlink(other, interpreter);
    assert.equal(await stateOf(sample), 'absent');
    await rm(interpreter);
    assert.equal(await stateOf(sample), 'absent');
  });
}

async function failed(t: test.TestContext): Promise<void> {
  await t.test('a package that is not what the lock says is refused', async (t) => {
    const sample = await fixture(t);
    const lock = await readFile(sample.spec.requirements, 'utf8');
    await writeFile(sample.spec.requirements, lock.replace(/[0-9a-f]{64}/, '0'.repeat(64)));
    await assert.rejects(
      install(sample),
      (error: unknown) => error instanceof WorldError && /hash/i.test(error.lastLines.join('\n')),
    );
    assert.equal(await stateOf(sample), 'absent');
  });

  await t.test(
    'what can’t be fetched is the world’s fault, with the installer’s words, and works the next time',
    async (t) => {
      const sample = await fixture(t);
      const wheel = join(sample.wheels, 'dej_sample-1.0-py3-none-any.whl');
      await rename(wheel, `${wheel}.away`);
      await assert.rejects(install(sample), (error: unknown) => {
        assert.ok(error instanceof WorldError);
        assert.match(error.message, /could not be fetched/);
        assert.match(error.lastLines.join('\n'), /dej-sample/);
        return /network/.test(error.remedy);
      });
      await rename(`${wheel}.away`, wheel);
      assert.equal(await imports(await install(sample)), 'here\n');
    },
  );

  for (const [what, declared] of [
    ['before anything is fetched', 50_000_000],
    ['in the midst', 1000],
  ] as const) {
    await t.test(`a full disk is told ${what}, nothing half is left, and with room it goes on`, async (t) => {
      const sample = await fixture(t);
      const said = await onSmallDisk({ ...sample, spec: { ...sample.spec, unpackedBytes: declared } });
      if (said === undefined) return t.skip('needs Linux and the right to mount');
      const [full, left, after] = said.split('\n');
      assert.match(full ?? '', /^The disk is full(: 50 MB are needed, 1 MB are free)? \/ Make room/, said);
      assert.equal(left, 'absent', said);
      assert.equal(after, 'here', said);
    });
  }

  await t.test('an installation that is stopped ends at once and is not used', async (t) => {
    const sample = await fixture(t);
    const family = await findFamily({ cache: sample.cache }, sample.spec);
    assert.ok(family.state === 'absent');
    const stop = new AbortController();
    const installing = family.install(sample.interpreter, () => stop.abort(new Error('stopped here')), stop.signal);
    await assert.rejects(installing, /stopped here/);
    assert.equal(await stateOf(sample), 'absent');
  });
}

/** What an install says on a small disk, what is left of it, and what the package says when there is room. */
async function onSmallDisk({ cache, spec, interpreter, wheels }: Fixture): Promise<string | undefined> {
  const script = `
    import { readdirSync, rmSync } from 'node:fs';
    import { findFamily } from '#src/engines/python-family.ts';
    import { capture } from '#src/process.ts';
    const [cache, spec, interpreter] = ${JSON.stringify([cache, spec, interpreter])};
    const install = async () => (await findFamily({ cache }, spec)).install(interpreter, () => undefined);
    await install().catch(({ message, remedy }) => console.log(message, '/', remedy));
    const left = readdirSync(cache + '/python').filter((name) => name.startsWith('sample-'));
    console.log([(await findFamily({ cache }, spec)).state, ...left].join());
    rmSync(cache + '/python/filler');
    const ready = await install();
    process.stdout.write((await capture([ready.interpreter, '-c', 'import dej_sample; print(dej_sample.WORD)'])).stdout);
  `;
  // What is left is enough for an environment with nothing in it, and not for the package. Not everybody who may mount
  // may make it larger later on, so room is made by taking a file away.
  const disk = 'mount -t tmpfs -o size=100m tmpfs "$0" || exit 77; head -c 104550400 /dev/zero > "$0/filler"';
  const mount = `cp -r "$0" "$0.kept"; ${disk}; cp "$0.kept"/* "$0"; exec "$@"`;
  const node = [process.execPath, '--input-type=module-typescript', '-e', script];
  const argv = ['unshare', '-m', ...(process.getuid?.() === 0 ? [] : ['-Ur']), 'sh', '-c', mount, `${cache}/python`];
  const env = { ...process.env, UV_FIND_LINKS: wheels, UV_NO_INDEX: '1' };
  const ran = await capture([...argv, ...node] as [string, ...string[]], { cwd: ownRoot(), env }).catch(
    () => undefined,
  );
  if (ran === undefined || ran.code === 77 || /unshare failed/.test(ran.stderr)) return undefined;
  return ran.stdout.trim() || ran.stderr;
}

void test('the search for Python', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'dej-find-'));
  t.after(() => rm(folder, { recursive: true, force: true }));

  /** What a machine with these programs and nothing else would find; each prints these lines when it is asked. */
  async function findWith(programs: Record<string, readonly string[]>, env: NodeJS.ProcessEnv = {}) {
    const path = await mkdtemp(join(folder, 'path-'));
    for (const [name, lines] of Object.entries(programs)) {
      await writeFile(
        join(path, name),
        `#!/bin/sh\n${lines.map((line) => `echo '${line}'`).join('\n')}\n${lines.length === 0 ? 'exit 1' : ''}\n`,
      );
      await chmod(join(path, name), 0o755);
    }
    const script = `
      import { findInterpreter } from '#src/engines/python-interpreter.ts';
      console.log(JSON.stringify(await findInterpreter()));
    `;
    const { stdout, stderr } = await capture([process.execPath, '--input-type=module-typescript', '-e', script], {
      cwd: ownRoot(),
      env: { PATH: path, ...env },
    });
    assert.notEqual(stdout, '', stderr);
    return JSON.parse(stdout) as { state: string; path?: string; version?: string; why?: string; remedy?: string };
  }

  await t.test('none, one too old, one too new and one without pip are told apart', async () => {
    assert.match((await findWith({})).why ?? '', /^no Python was found; 3\.11 to 3\.14 with venv and pip is needed$/);
    assert.match(
      (await findWith({ python3: ['/usr/bin/python3', '3.9.2', '1'] })).why ?? '',
      /\/usr\/bin\/python3 is 3\.9\.2;/,
    );
    assert.match((await findWith({ python3: ['/opt/py', '3.15.0', '1'] })).why ?? '', /newer than the packages know/);
    const bare = await findWith({ python3: ['/usr/bin/python3', '3.11.2', '0'] });
    assert.match(bare.why ?? '', /3\.11\.2\) has no venv or pip/);
    assert.match(
      bare.remedy ?? '',
      process.platform === 'darwin' ? /brew install/ : /apt install python3 python3-venv[\s\S]*dnf install/,
    );
    assert.match((await findWith({}, { DEJ_PYTHON: 'python9' })).why ?? '', /no Python at python9 \(DEJ_PYTHON\)/);
  });

  await t.test('a usable one is found behind others that are not', async () => {
    const programs = {
      python3: [],
      'python3.13': ['/old', '3.10.1', '1'],
      'python3.12': ['/opt/python3.12', '3.12.4', '1'],
    };
    assert.deepEqual(await findWith(programs), { state: 'found', path: '/opt/python3.12', version: '3.12.4' });
  });

  await t.test('the engine of a machine without Python names the remedy', async () => {
    const script = `
      import { python } from '#src/engines/python.ts';
      import { pathsOf } from '#src/paths.ts';
      const { state, why, remedy } = await python(pathsOf('/nowhere')).find();
      console.log(JSON.stringify({ state, why, remedy }));
    `;
    const env = { PATH: folder, HOME: folder };
    const { stdout } = await capture([process.execPath, '--input-type=module-typescript', '-e', script], {
      cwd: ownRoot(),
      env,
    });
    const found = JSON.parse(stdout) as Record<string, string>;
    assert.equal(found['state'], 'missing');
    assert.match(found['remedy'] ?? '', /install/);
    assert.equal((await python(pathsOf(ownRoot())).find()).state === 'missing', skip !== false);
  });
});
