const CTRL_C = '\u0003';

/** Calls back for single keys of a terminal, without waiting for a line; gives what ends that. */
export function readKeys(keys: Readonly<Record<string, () => void>>): () => void {
  const { stdin } = process;
  const onData = (typed: Buffer): void => {
    for (const key of typed.toString('utf8')) {
      // Without the terminal's own care for lines, Ctrl-C comes as a key like any other.
      if (key === CTRL_C) process.kill(process.pid, 'SIGINT');
      else keys[key]?.();
    }
  };
  stdin.setRawMode(true);
  stdin.on('data', onData);
  return () => {
    stdin.removeListener('data', onData);
    stdin.setRawMode(false);
    stdin.pause();
  };
}
