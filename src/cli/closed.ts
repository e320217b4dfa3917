import { EXIT } from '#src/exit.ts';

/**
 * Where whoever reads what is printed goes away early, as `head` does, nothing is left to be said: what goes on is stopped
 * as by Ctrl-C, so that it ends in order, and what knows no such end is over at once.
 */
export function endWithReader(): void {
  let isGone = false;
  const onError = (error: NodeJS.ErrnoException): void => {
    if (error.code !== 'EPIPE') throw error;
    if (isGone) return;
    isGone = true;
    if (!process.emit('SIGINT')) process.exit(EXIT.unknown);
  };
  for (const stream of [process.stdout, process.stderr]) stream.on('error', onError);
}
