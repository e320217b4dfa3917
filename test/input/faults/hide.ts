/** Starts a child in a session of its own, without the marker in its environment, lives long enough to be seen with it, and ends. */
import { spawn } from 'node:child_process';

const forever = ['-e', 'setInterval(() => undefined, 1e6)'];
const child = spawn(process.execPath, forever, { detached: true, stdio: 'ignore', env: {} });
child.unref();
console.log(`child ${child.pid}`);
setTimeout(() => undefined, 1500);
