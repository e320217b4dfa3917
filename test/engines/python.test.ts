import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';

import { until } from '#src/deadline.ts';
import { isAlive, killTrees, marked, signal } from '#src/process.ts';
import { begin, run, startPython, whyNot, type Block, type Mode, type Started } from '#test/engines/python-blocks.ts';

const skip = (await whyNot()) ?? false;
const DEADLINE = { deadlineMs: 30_000 };

/** Starts processes that no group, session or parent holds: prints their ids, one a line. */
const STRAYS = `
import os, signal, subprocess, sys
print(subprocess.Popen(["sleep", "1000"]).pid)
starter = "import subprocess; print(subprocess.Popen(['sleep', '1000'], stdout=subprocess.DEVNULL, start_new_session=True).pid)"
subprocess.run([sys.executable, "-c", starter])
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        print(os.getpid())
        while True: signal.pause()
    os._exit(0)
os.wait()
`;

async function allEnd(pids: readonly number[]): Promise<void> {
  await until(
    `end of ${pids.join(', ')}`,
    async () => !(await Promise.all(pids.map(isAlive))).includes(true),
    DEADLINE,
  );
}

async function strays(block: Block): Promise<number[]> {
  const text = await until(
    'three ids',
    () => (block.text.trim().split('\n').length >= 3 ? block.text : undefined),
    DEADLINE,
  );
  const pids = text.trim().split('\n').map(Number);
  assert.deepEqual(await Promise.all(pids.map(isAlive)), [true, true, true]);
  return pids;
}

for (const mode of ['fork', 'spare'] satisfies Mode[]) {
  void test(
    `Python, ${mode}`,
    {
      skip: skip || (mode === 'fork' && process.platform !== 'linux' ? 'forking after imports is unsafe here' : false),
    },
    async (t) => {
      await using python = await startPython(mode);
      for (const part of [output, packages, errors, isolation, scripts, ends, deaths]) await part(t, python);
    },
  );
}

async function output(t: test.TestContext, python: Started): Promise<void> {
  await t.test('what is printed comes in order, from both streams and from programs it starts', async () => {
    const { text, ok } = await run(
      python,
      `
import os, subprocess, sys
for i in range(3):
    print("out", i)
    print("err", i, file=sys.stderr)
    print("no end", end=";")
    os.write(1, b"raw;")
    subprocess.run(["echo", "child"])
    sys.stdout.buffer.write(b"bytes\\n")
    subprocess.run(["sh", "-c", "echo child err >&2"])
`,
    );
    const round = (i: number): string => `out ${i}\nerr ${i}\nno end;raw;child\nbytes\nchild err\n`;
    assert.equal(text, [0, 1, 2].map(round).join(''));
    assert.equal(ok, true);
  });

  await t.test('text arrives while the block runs, also without a line end', async () => {
    const block = await begin(
      python,
      'import os, time\nprint("waiting", end="")\nwhile not os.path.exists("go"): time.sleep(0.005)\nprint(" done")',
    );
    await until('the first text', () => block.text === 'waiting', DEADLINE);
    await writeFile(join(block.directory, 'go'), '');
    assert.equal((await block.ended).text, 'waiting done\n');
    await block.sandbox.close();
  });

  await t.test(
    'bytes that are no text are shown as such, and a character torn between two writes is whole',
    async () => {
      const { text } = await run(
        python,
        'import os\nos.write(1, b"a\\xffb\\xe2")\nos.write(1, b"\\x82\\xac|\\xe2\\x82")',
      );
      assert.equal(text, 'a\\xffb€|\\xe2\\x82');
    },
  );

  await t.test('50 MB of output wait for a reader that does not keep up, and nothing is lost', async () => {
    const [pid = 0] = python.running.pids();
    const before = await peakKilobytes(pid);
    const block = await begin(python, 'line = "x" * 999\nfor _ in range(50_000): print(line)');
    block.socket.pause();
    assert.equal((await run(python, 'print("meanwhile")')).text, 'meanwhile\n');
    let bytes = 0;
    block.socket.on('data', () => {
      bytes += block.text.length;
      block.text = '';
    });
    block.socket.resume();
    const { ok, text } = await block.ended;
    assert.deepEqual([ok, bytes + text.length], [true, 50_000_000]);
    assert.ok((await peakKilobytes(pid)) - before < 20_000, 'the parent keeps little of it');
    await block.sandbox.close();
  });
}

async function packages(t: test.TestContext, python: Started): Promise<void> {
  await t.test('a data frame prints as pandas prints it; DuckDB and psycopg are there', async () => {
    const code = `
import duckdb, pandas as pd, psycopg
print(pd.DataFrame({"id": ["o-1", "o-2"], "amount": [12.5, 3.0]}))
print(duckdb.sql("SELECT 42").fetchall(), psycopg.sql.SQL("SELECT {}").format(1).as_string(None))`;
    assert.equal((await run(python, code)).text, '    id  amount\n0  o-1    12.5\n1  o-2     3.0\n[(42,)] SELECT 1\n');
  });

  await t.test('the shop lies in the block’s folder where it asked for it, and is its own copy', async () => {
    const code =
      'import pandas as pd, duckdb\nprint(len(pd.read_csv("orders.csv")), duckdb.sql("SELECT count(*) FROM \'orders.parquet\'").fetchone()[0])\nopen("orders.csv", "w").close()';
    for (let round = 0; round < 2; round++)
      assert.equal((await run(python, code, { data: 'shop' })).text, '1000 1000\n');
    assert.match((await run(python, 'open("orders.csv")')).error?.message ?? '', /^FileNotFoundError/);
  });
}

async function peakKilobytes(pid: number): Promise<number> {
  if (process.platform !== 'linux') return 0;
  return Number(/^VmHWM:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

async function errors(t: test.TestContext, python: Started): Promise<void> {
  const errorOf = async (code: string) => {
    const { error, ok } = await run(python, code);
    assert.equal(ok, error === undefined);
    return error;
  };

  await t.test('an error has its words and its line', async () => {
    assert.deepEqual(await errorOf('x = 1\n\nprint(x / 0)'), {
      type: 'error',
      message: 'ZeroDivisionError: division by zero',
      line: 3,
    });
    assert.deepEqual(await errorOf('import duckdb\nduckdb.sql("SELECT nothing")'), {
      type: 'error',
      message:
        'duckdb.BinderException: Binder Error: Referenced column "nothing" was not found because the FROM clause is missing',
      line: 2,
    });
  });

  await t.test('a traceback shows the block’s own frames and what came before', async () => {
    const error = await errorOf(
      'def load(row):\n    try:\n        return row["id"]\n    except KeyError as error:\n        raise ValueError("no id") from error\n\nload({})',
    );
    assert.deepEqual([error?.message, error?.line], ['ValueError: no id', 5]);
    assert.equal(
      error?.detail,
      [
        '  File "block.py", line 3, in load',
        '    return row["id"]',
        "KeyError: 'id'",
        '',
        'The above exception was the direct cause of the following exception:',
        '',
        '  File "block.py", line 7, in <module>',
        '    load({})',
        '  File "block.py", line 5, in load',
        '    raise ValueError("no id") from error',
      ].join('\n'),
    );
  });

  await t.test('a syntax error has its line, and nothing of the block runs', async () => {
    const { error, text } = await run(python, 'print("begin")\nfor x in range(3)\n    print(x)');
    assert.deepEqual([error?.message, error?.line, text], ["SyntaxError: expected ':'", 2, '']);
  });

  await t.test('ends by exit, by the system and by signal are told apart', async () => {
    assert.equal(await errorOf('import sys\nsys.exit()'), undefined);
    assert.equal(await errorOf('raise SystemExit(0)'), undefined);
    assert.deepEqual((await errorOf('import sys\nsys.exit("no input")'))?.message, 'SystemExit: no input');
    assert.deepEqual((await errorOf('import os\nos._exit(4)'))?.message, 'The process ended with exit code 4');
    assert.match(
      (await errorOf('import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)'))?.message ?? '',
      /ended by SIGSEGV/,
    );
    assert.match((await errorOf('input("name? ")'))?.message ?? '', /^EOFError/);
  });

  await t.test('a huge message is cut and does not block', async () => {
    const error = await errorOf('raise ValueError("é" * 1_000_000)');
    assert.match(error?.message ?? '', /^ValueError: é+ … \(\d+ characters more\)$/);
  });
}

async function isolation(t: test.TestContext, python: Started): Promise<void> {
  await t.test('nothing of a block is seen by the next', async () => {
    const code = `
import builtins, json, os, sys
print(hasattr(builtins, "left"), hasattr(json, "left"), "LEFT" in os.environ, os.path.exists("left"), "left" in globals(), os.listdir("."))
builtins.left = json.left = left = True
os.environ["LEFT"] = "1"
open("left", "w").close()
sys.path.append("left")`;
    for (let round = 0; round < 2; round++)
      assert.equal((await run(python, code)).text, 'False False False False False []\n');
  });

  await t.test('random numbers differ from block to block, sets keep their order', async () => {
    const code =
      'import random, numpy\nprint(random.random(), numpy.random.rand())\nprint(set("abcdef"), file=open("/dev/stderr", "w"))';
    const [one = '', two = ''] = [(await run(python, code)).text, (await run(python, code)).text];
    const parts = [one, two].map((text) => text.split(/[\s]/, 2));
    assert.notEqual(parts[0]?.[0], parts[1]?.[0]);
    assert.notEqual(parts[0]?.[1], parts[1]?.[1]);
    assert.equal(one.slice(one.indexOf('{')), two.slice(two.indexOf('{')));
  });
}

async function scripts(t: test.TestContext, python: Started): Promise<void> {
  await t.test(
    'a block is a script: main module, threads and exit handlers are waited for, processes can be spawned',
    async () => {
      const code = `
import atexit, multiprocessing, os, subprocess, tempfile, threading
def square(x): return x * x
if __name__ == "__main__":
    atexit.register(print, "exit")
    ready = threading.Event()
    threading.Thread(target=lambda: (ready.wait(), print("thread"))).start()
    with multiprocessing.get_context("spawn").Pool(1) as pool: print(pool.map(square, [2, 3]))
    print(os.path.dirname(tempfile.gettempdir()) == os.path.dirname(os.getcwd()))
    print(subprocess.run(["python", "-c", "import pandas, os; print(os.environ.get('PYTHONHASHSEED'))"], capture_output=True, text=True).stdout.strip())
    ready.set()`;
      assert.deepEqual(await run(python, code), {
        text: '[4, 9]\nTrue\nNone\nthread\nexit\n',
        error: undefined,
        ok: true,
      });
    },
  );

  await t.test('a fork that the block makes reports nothing of its own', async () => {
    const { text, ok, error } = await run(
      python,
      'import os\nif os.fork() == 0:\n    raise ValueError("in the child")\nprint(os.wait()[1] != 0)',
    );
    assert.deepEqual([text, ok, error], ['ValueError: in the child\nTrue\n', true, undefined]);
  });

  await t.test('earlier blocks of a session run silently in the same state', async () => {
    const before = [
      'import os, sys\nx = 20\nprint("silent")\nprint("silent", file=sys.stderr)\nos.system("echo silent")',
      'x += 1',
    ];
    assert.deepEqual(await run(python, 'print(2 * x)', { before }), { text: '42\n', error: undefined, ok: true });
    const { error, text } = await run(python, 'print("not reached")', { before: ['x = 1', 'y = 1\nz'] });
    assert.deepEqual([error?.message, error?.line, text], ["NameError: name 'z' is not defined", undefined, '']);
    assert.match(error?.detail ?? '', /earlier block of this session, line 2/);
  });

  await t.test('the job’s variables reach the block and the programs it starts', async () => {
    const { text } = await run(python, 'import os\nos.system("echo $DATABASE_URL")', {
      env: { DATABASE_URL: 'postgresql://x' },
    });
    assert.equal(text, 'postgresql://x\n');
  });

  await t.test('code larger than a pipe arrives whole', async () => {
    assert.equal((await run(python, `x = "${'y'.repeat(300_000)}"\nprint(len(x))`)).text, '300000\n');
  });
}

async function ends(t: test.TestContext, python: Started): Promise<void> {
  await t.test(
    'closing the connection ends an endless loop and all it started, in whatever group or session',
    async () => {
      const block = await begin(python, `${STRAYS}\nwhile True: pass`);
      const pids = await strays(block);
      block.socket.destroy();
      await allEnd(pids);
      await block.sandbox.close();
      assert.equal(existsSync(block.directory), false);
      assert.equal(existsSync(`${block.directory}.tmp`), false);
    },
  );

  await t.test('what a block leaves running ends with it, and does not keep it from ending', async () => {
    const block = await begin(
      python,
      `${STRAYS}\nsubprocess.Popen(["yes"])\nopen("ready", "w").close()\nwhile not os.path.exists("go"): pass`,
    );
    await until('its start', () => existsSync(join(block.directory, 'ready')), DEADLINE);
    const pids = block.text.split('\n').slice(0, 3).map(Number);
    await writeFile(join(block.directory, 'go'), '');
    assert.equal((await block.ended).ok, true);
    await allEnd(pids);
    await block.sandbox.close();
  });

  await t.test('a block’s end leaves the processes of another alone', async () => {
    const block = await begin(python, `${STRAYS}\nwhile not os.path.exists("go"): pass`);
    const pids = await strays(block);
    for (const code of ['print(1)', 'import subprocess\nsubprocess.Popen(["sleep", "1000"], start_new_session=True)'])
      assert.equal((await run(python, code)).ok, true);
    assert.deepEqual(await Promise.all(pids.map(isAlive)), [true, true, true]);
    await writeFile(join(block.directory, 'go'), '');
    assert.equal((await block.ended).ok, true);
    await allEnd(pids);
    await block.sandbox.close();
  });

  await t.test('blocks run side by side', async () => {
    const code = (own: string, other: string): string =>
      `import os\nopen("${own}", "w").close()\nwhile not os.path.exists("${other}"): pass\nprint("met")`;
    const one = await begin(python, 'import os\nwhile not os.path.exists("go"): pass\nprint("one")');
    const two = await begin(python, code('mine', join(one.directory, 'go')));
    await writeFile(join(one.directory, 'go'), '');
    assert.deepEqual([(await one.ended).text, (await two.ended).text], ['one\n', 'met\n']);
    for (const block of [one, two]) await block.sandbox.close();
  });
}

async function deaths(t: test.TestContext): Promise<void> {
  const mode = process.env['DEJ_PYTHON_MODE'] as Mode;

  await t.test('stopping it ends running blocks too', async () => {
    await using other = await startPython(mode);
    const block = await begin(other, `${STRAYS}\nwhile True: pass`);
    const pids = await strays(block);
    await other.running.stop();
    assert.equal((await block.ended).ok, undefined);
    await allEnd(pids);
    assert.deepEqual(await marked(other.marker), []);
  });

  await t.test('killed, it says so, and what it left is found by its marker', async () => {
    await using other = await startPython(mode);
    const block = await begin(other, `${STRAYS}\nwhile True: pass`);
    const pids = await strays(block);
    for (const pid of other.running.pids()) signal(pid, 'SIGKILL');
    assert.match((await other.running.died).message, /Python ended by itself \(SIGKILL\)/);
    await killTrees([], { marker: other.marker });
    await allEnd(pids);
    assert.deepEqual(await marked(other.marker), []);
  });
}
