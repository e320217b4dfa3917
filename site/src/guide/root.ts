import { ownRoot } from '#src/paths.ts';

/** The clone whose guides are built. The bundler moves this file, so it asks the launcher's variable first. */
export const ROOT = process.env['DEJ_ROOT'] ?? ownRoot(process.cwd());
