import type { Context } from '#src/commands/context.ts';
import { examine, type Finding } from '#src/engines/doctor.ts';
import { APP_PORT } from '#src/ports.ts';

/** Looks at the machine and changes nothing. */
export function examineMachine(context: Context): Promise<Finding[]> {
  return examine(context.paths, { appPort: APP_PORT });
}
