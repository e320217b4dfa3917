import { spawn } from 'node:child_process';
import test from 'node:test';

void test('ends', () => undefined);
void test('never ends', () => {
  const program = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)';
  const stray = spawn(process.execPath, ['-e', program], { detached: true, stdio: 'ignore' });
  stray.unref();
  console.log(`stray ${stray.pid}`);
  return new Promise(() => setInterval(() => undefined, 1000));
});
