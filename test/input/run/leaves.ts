import { spawn } from 'node:child_process';
import test from 'node:test';

void test('leaves a process behind', () => {
  spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' }).unref();
});
