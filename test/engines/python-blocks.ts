import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Running, Sandbox } from '#src/engines/engine.ts';
import { tail } from '#src/engines/log.ts';
import { python } from '#src/engines/python.ts';
import type { Job, WorkerEvent } from '#src/engines/worker.ts';
import { ownRoot, pathsOf, type Paths } from '#src/paths.ts';
import { forEachLine, killTrees } from '#src/process.ts';

export type Mode = 'fork' | 'spare';

/** A started Python with folders of its own; the packages come from the shared cache. */
export interface Started extends AsyncDisposable {
  readonly running: Running;
  readonly paths: Paths;
  readonly marker: string;
}

/** What a block did, with all its text in one. */
export interface Ended {
  readonly text: string;
  readonly error: Extract<WorkerEvent, { type: 'error' }> | undefined;
  readonly ok: boolean | undefined;
}

/** Why Python can't be tested on this machine, if so. */
export async function whyNot(): Promise<string | undefined> {
  const found = await python(pathsOf(ownRoot())).find();
  return found.state === 'missing' ? found.why : undefined;
}

export async function startPython(mode: Mode): Promise<Started> {
  const folder = await mkdtemp(join(tmpdir(), 'dej-py-'));
  const paths = pathsOf(ownRoot(), { ...process.env, DEJ_STATE: folder });
  await mkdir(paths.sockets, { recursive: true });
  const found = await python(paths).find();
  assert.notEqual(found.state, 'missing');
  const installed = found.state === 'available' ? await found.install(() => undefined) : found;
  assert.ok(installed.state === 'installed');
  const directory = join(folder, 'run');
  await mkdir(directory);
  const log = tail(join(folder, 'python.log'));
  const marker = randomUUID();
  process.env['DEJ_PYTHON_MODE'] = mode;
  const running = await installed.start({
    paths,
    directory,
    log,
    marker,
    onProgress: () => undefined,
    lease: assert.fail,
  });
  return {
    running,
    paths,
    marker,
    async [Symbol.asyncDispose]() {
      await running.stop();
      await killTrees([], { marker });
      log.close();
      await rm(folder, { recursive: true, force: true });
      await rm(paths.sockets, { recursive: true, force: true });
    },
  };
}

/** A block under way: its events as they come, and the means to stop it. */
export class Block {
  readonly sandbox: Sandbox;
  readonly directory: string;
  readonly socket: Socket;
  readonly ended: Promise<Ended>;
  text = '';
  #error: Ended['error'];
  #ok: boolean | undefined;

  constructor(sandbox: Sandbox, job: Partial<Job>) {
    assert.ok(sandbox.address.kind === 'worker');
    this.sandbox = sandbox;
    this.directory = sandbox.address.directory;
    this.socket = connect(sandbox.address.socketPath);
    this.socket.on('error', () => undefined);
    forEachLine(this.socket, (line) => this.#take(JSON.parse(line) as WorkerEvent));
    const closed = new Promise<void>((resolve) => this.socket.once('close', () => resolve()));
    this.ended = closed.then(() => ({ text: this.text, error: this.#error, ok: this.#ok }));
    this.socket.write(`${JSON.stringify({ env: {}, rowLimit: 100, directory: this.directory, ...job })}\n`);
  }

  #take(event: WorkerEvent): void {
    assert.equal(this.#ok, undefined, 'nothing follows the end');
    if (event.type === 'text') this.text += event.text;
    if (event.type === 'error') this.#error = event;
    if (event.type === 'end') this.#ok = event.ok;
  }
}

export async function begin(
  { running }: Started,
  code: string,
  options: Partial<Job> & { data?: string } = {},
): Promise<Block> {
  const { data, ...job } = options;
  return new Block(await running.sandbox({ data }, () => undefined), { code, ...job });
}

/** Runs a block to its end and throws its folder away. */
export async function run(
  started: Started,
  code: string,
  options: Partial<Job> & { data?: string } = {},
): Promise<Ended> {
  const block = await begin(started, code, options);
  const ended = await block.ended;
  await block.sandbox.close();
  return ended;
}
