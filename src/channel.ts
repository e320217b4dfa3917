/** A queue between something that tells and one reader that listens; the reader ends when the teller says so. */
export interface Channel<T> extends AsyncIterable<T> {
  push(value: T): void;
  /** No more values come; with an error, the reader gets it after what is queued. */
  end(error?: unknown): void;
}

export function channel<T>(): Channel<T> {
  const queue: T[] = [];
  let ended = false;
  let failure: { error: unknown } | undefined;
  let wake: (() => void) | undefined;
  const notify = (): void => {
    wake?.();
    wake = undefined;
  };
  return {
    push(value) {
      if (ended) return;
      queue.push(value);
      notify();
    },
    end(error) {
      ended = true;
      if (error !== undefined) failure = { error };
      notify();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        while (queue.length > 0) yield queue.shift() as T;
        if (ended) {
          if (failure !== undefined) throw failure.error;
          return;
        }
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  };
}
