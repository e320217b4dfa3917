// Hands over to what developers run: tests, the long gate, benchmarks, and the tools in node_modules.
import { spawn } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';

const TASKS = {
  test: (rest) => [process.execPath, 'test/run.ts', ...rest],
  gate: (rest) => [process.execPath, 'test/run.ts', '--gate', ...rest],
  bench: (rest) => [process.execPath, 'bench/run.ts', ...rest],
  dev: ([task, ...rest]) => [process.execPath, `launch/dev/${task}.ts`, ...rest],
  exec: ([tool, ...rest]) => [join('node_modules', '.bin', tool ?? ''), ...rest],
};

export async function hand(root, verb, rest) {
  const task = TASKS[verb];
  if (task === undefined) {
    console.error(`launch.mjs knows start, dej, ${Object.keys(TASKS).join(', ')}; not ${verb}.`);
    process.exitCode = 3;
    return;
  }
  const [program, ...args] = task(rest);
  // Tools in node_modules start with `env node`: they must find the Node that runs us.
  const env = { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}` };
  const child = spawn(program, args, { cwd: root, env, stdio: 'inherit' });
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => name !== 'SIGINT' && child.kill(name));
  process.exitCode = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)));
  });
}
