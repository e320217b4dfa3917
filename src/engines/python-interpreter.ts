import { constants } from 'node:fs';
import { access, realpath } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';

import type { Missing } from '#src/engines/engine.ts';
import { capture } from '#src/process.ts';

/** A Python of the machine that environments can be made with. */
export interface Interpreter {
  readonly state: 'found';
  readonly path: string;
  /** Like 3.11.7 */
  readonly version: string;
}

const OLDEST_MINOR = 11;
/** The newest that the locked packages have wheels for. */
const NEWEST_MINOR = 14;
const NAMES = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python'];
const PROBE = `
import sys
try:
    import venv, ensurepip
    whole = 1
except ImportError:
    whole = 0
print(sys.executable, "%d.%d.%d" % sys.version_info[:3], whole, sep="\\n")
`;

let found: Promise<Interpreter | Missing> | undefined;

/** The first usable Python of this machine, or why there is none and what to do. What was found is remembered. */
export function findInterpreter(): Promise<Interpreter | Missing> {
  const search = (found ??= look(process.env));
  // A machine without Python may get one while we run.
  void search.then((result) => {
    if (result.state === 'missing') found = undefined;
  });
  return search;
}

async function look(env: NodeJS.ProcessEnv): Promise<Interpreter | Missing> {
  const asked = env['DEJ_PYTHON'];
  const seen: string[] = [];
  for (const candidate of await candidates(asked === undefined ? NAMES : [asked], env['PATH'] ?? '')) {
    const result = await capture([candidate, '-I', '-c', PROBE], { timeoutMs: 10_000 }).catch(() => undefined);
    if (result?.code !== 0) continue;
    const [path = candidate, version = '0.0.0', whole] = result.stdout.trim().split('\n');
    const [major = 0, minor = 0] = version.split('.').map(Number);
    if (major !== 3 || minor < OLDEST_MINOR) seen.push(`${path} is ${version}`);
    else if (minor > NEWEST_MINOR) seen.push(`${path} is ${version}, newer than the packages know`);
    else if (whole !== '1') seen.push(`${path} (${version}) has no venv or pip`);
    else return { state: 'found', path, version };
  }
  const why =
    seen.length > 0
      ? `no usable Python: ${seen.join('; ')}`
      : asked === undefined
        ? 'no Python was found'
        : `no Python at ${asked} (DEJ_PYTHON)`;
  return {
    state: 'missing',
    why: `${why}; 3.${OLDEST_MINOR} to 3.${NEWEST_MINOR} with venv and pip is needed`,
    remedy: remedy(),
  };
}

/** Every program of these names in the path, by name and then by folder: the first may be one that does not work. */
async function candidates(names: readonly string[], path: string): Promise<string[]> {
  const places = names.flatMap((name) =>
    isAbsolute(name)
      ? [name]
      : path
          .split(delimiter)
          .filter(isAbsolute)
          .map((folder) => join(folder, name)),
  );
  const programs = await Promise.all(
    places.map(async (place) => {
      // Without Apple's developer tools this one opens a dialog, and with them it is too old.
      if (process.platform === 'darwin' && place === '/usr/bin/python3') return undefined;
      const isThere = await access(place, constants.X_OK).then(
        () => true,
        () => false,
      );
      return isThere ? { place, real: await realpath(place) } : undefined;
    }),
  );
  const known = new Set<string>();
  const distinct = programs.filter((program) => {
    if (program === undefined) return false;
    // A version manager's programs may all be links to one, which looks at the name it is called by.
    const isNew = !known.has(program.real) || !/python[\d.]*$/.test(program.real);
    known.add(program.real);
    return isNew;
  });
  return distinct.flatMap((program) => program?.place ?? []);
}

function remedy(): string {
  if (process.platform === 'darwin')
    return 'Install it with `brew install python@3.13`, or set DEJ_PYTHON to one you have.';
  return 'On Debian, Ubuntu and WSL: `sudo apt install python3 python3-venv python3-pip`; on Fedora: `sudo dnf install python3 python3-pip`. Or set DEJ_PYTHON to one you have.';
}
