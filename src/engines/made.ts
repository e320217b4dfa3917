import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { StartContext } from '#src/engines/engine.ts';

/**
 * What blocks have on a server of the learner's own, written down before it is made and crossed out when it is removed.
 * Nothing there ends with us, so that what a supervisor left that was killed is removed at its engine's next start.
 */
export class Made {
  readonly #folder: string;
  /** Whose server: what lies on another one is left for the day when that is used again. */
  readonly #where: string;
  readonly #log: (line: string) => void;
  readonly #remove: (name: string) => Promise<void>;

  constructor(
    { paths, log }: Pick<StartContext, 'paths' | 'log'>,
    /** What names the server, without a secret. */
    { kind, where }: { readonly kind: string; readonly where: string },
    remove: (name: string) => Promise<void>,
  ) {
    this.#folder = join(paths.state, 'made', kind);
    this.#where = where;
    this.#log = (line) => log.write(line);
    this.#remove = remove;
  }

  /** To be called before the thing is there: it may be removed from now on. */
  async note(name: string): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    await writeFile(join(this.#folder, name), this.#where);
  }

  /** Removes it; what could not be removed stays written down. */
  async remove(name: string): Promise<void> {
    await this.#remove(name);
    await rm(join(this.#folder, name), { force: true });
  }

  /** Removes what an earlier supervisor left; to be called before the first is made. Never rejects: the log says why. */
  async removeLeft(): Promise<void> {
    for (const name of await readdir(this.#folder).catch(() => [])) {
      // Nothing is removed that does not look like ours, whatever lies in the folder.
      if (!OURS.test(name) || (await this.#whereabouts(name)) !== this.#where) continue;
      await this.remove(name).then(
        () => this.#log(`removed ${name}, which was left at ${this.#where}`),
        (error: unknown) => this.#log(`removing ${name}, left at ${this.#where}: ${String(error)}`),
      );
    }
  }

  #whereabouts(name: string): Promise<string | undefined> {
    return readFile(join(this.#folder, name), 'utf8').catch(() => undefined);
  }
}

const OURS = /^block[-_][0-9a-f]{8,}$/;
