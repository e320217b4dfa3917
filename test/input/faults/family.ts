/** Starts a child in a session of its own, which no signal to the group reaches, and then waits for ever, deaf to SIGTERM. */
import { spawn } from 'node:child_process';

process.on('SIGTERM', () => undefined);
const forever = ['-e', 'process.on("SIGTERM", () => undefined); setInterval(() => undefined, 1e6)'];
const child = spawn(process.execPath, forever, { detached: true, stdio: 'ignore' });
child.unref();
console.log(`child ${child.pid}`);
setInterval(() => undefined, 1e6);
