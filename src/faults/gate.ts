/**
 * One for all connections of a start, to whichever engines. A point is decided behind it, one at a time, and whatever the
 * program sends meanwhile, on any of them, waits in front: what it did before it was struck is then the same in each run.
 */
export class Gate {
  #last: Promise<unknown> = Promise.resolve();
  #inside = 0;
  readonly #outside = new Set<Promise<void>>();

  /** Whoever finds it open and goes on without waiting is before all that it is shut for later. */
  get isShut(): boolean {
    return this.#inside > 0 || this.#outside.size > 0;
  }

  /** Resolves when it may be open again; somebody else may have shut it by then. */
  async opened(): Promise<void> {
    await Promise.all([this.#last, ...this.#outside]);
  }

  /** Resolves when it is open. */
  async passed(): Promise<void> {
    while (this.isShut) await this.opened();
  }

  /** Does this behind the gate, after all that is there already. */
  hold<T>(work: () => Promise<T>): Promise<T> {
    this.#inside++;
    const done = this.#last.then(work).finally(() => this.#inside--);
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** Messages wait in front until this resolves; points are decided meanwhile. */
  shutUntil(done: Promise<void>): void {
    this.#outside.add(done);
    void done.finally(() => this.#outside.delete(done));
  }
}
