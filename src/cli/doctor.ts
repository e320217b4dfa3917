import { EXIT } from '#src/exit.ts';
import { examineMachine } from '#src/commands/doctor.ts';
import { createContext } from '#src/commands/context.ts';

const MARK = { ok: 'ok     ', warn: 'warning', missing: 'missing' } as const;

/** Lists what was found; the exit code is 1 where something is missing. */
export async function doctor(options: { json?: boolean }): Promise<void> {
  const findings = await examineMachine(createContext());
  if (options.json === true) console.log(JSON.stringify(findings, undefined, 2));
  else {
    for (const { what, state, value, remedy } of findings) {
      console.log(`${MARK[state]}  ${what}: ${value}`);
      if (state !== 'ok' && remedy !== undefined) console.log(`         ${remedy}`);
    }
  }
  if (findings.some(({ state }) => state === 'missing')) process.exitCode = EXIT.failed;
}
