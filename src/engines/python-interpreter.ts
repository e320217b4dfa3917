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

/** The first Python of at least 3.11 with venv and pip, or why there is none and what to do. Looked for once. */
export function findInterpreter(): Promise<Interpreter | Missing> {
  const search = (found ??= look());
  // A machine without Python may get one while we run.
  void search.then((result) => {
    if (result.state === 'missing') found = undefined;
  });
  return search;
}

async function look(): Promise<Interpreter | Missing> {
  const asked = process.env['DEJ_PYTHON'];
  const seen: string[] = [];
  for (const name of asked === undefined ? NAMES : [asked]) {
    const result = await capture([name, '-c', PROBE], { timeoutMs: 10_000 }).catch(() => undefined);
    if (result?.code !== 0) continue;
    const [path = name, version = '0.0.0', whole] = result.stdout.trim().split('\n');
    const [major = 0, minor = 0] = version.split('.').map(Number);
    if (major !== 3 || minor < OLDEST_MINOR) seen.push(`${path} is ${version}`);
    else if (whole !== '1') seen.push(`${path} (${version}) has no venv or pip`);
    else return { state: 'found', path, version };
  }
  const why = seen.length === 0 ? 'no Python was found' : `no usable Python: ${seen.join('; ')}`;
  return { state: 'missing', why: `${why}; 3.${OLDEST_MINOR} or newer with venv and pip is needed`, remedy: remedy() };
}

function remedy(): string {
  if (process.platform === 'darwin') return 'Install it with `brew install python@3.13`, or set DEJ_PYTHON to one you have.';
  return 'On Debian, Ubuntu and WSL: `sudo apt install python3 python3-venv python3-pip`; on Fedora: `sudo dnf install python3 python3-pip`. Or set DEJ_PYTHON to one you have.';
}
