// Says what takes time: on a terminal one line that counts the seconds, elsewhere a line at the start and one at the
// end. What is over within a second says nothing.
export function showWork(what, detail = () => '') {
  const began = Date.now();
  const tty = process.stderr.isTTY === true;
  let told = false;
  const seconds = () => Math.round((Date.now() - began) / 1000);
  const tick = () => {
    const more = detail();
    const line = `${what}${more ? `: ${more}` : ''} … ${seconds()} s`;
    if (tty) process.stderr.write(`\r\x1b[K${line}`);
    else if (!told) process.stderr.write(`${what} …\n`);
    told = true;
  };
  const first = setTimeout(tick, 1000);
  const timer = setInterval(tick, 1000);
  const end = (word) => {
    clearTimeout(first);
    clearInterval(timer);
    if (told) process.stderr.write(`${tty ? '\r\x1b[K' : ''}${what}: ${word} after ${seconds()} s\n`);
  };
  return { what, done: () => end('done'), fail: () => end('failed') };
}
