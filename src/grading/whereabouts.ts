import type { EngineName } from '#src/engines/engine.ts';
import type { Supervisor } from '#src/engines/supervisor.ts';
import { harmedWords } from '#src/grading/wording.ts';

type Leases = Pick<Supervisor, 'lease'>;

/** Which runs took place on a server that was started for them, though the learner has named one of their own. */
export interface Whereabouts {
  /** Leases as before, of each of which it is remembered where it is. */
  readonly leases: Leases;
  /** A sentence for each engine of which any run had another server than the learner's. */
  sentences(): string[];
}

export function startWhereabouts(supervisor: Leases): Whereabouts {
  const noted = new Map<EngineName, string>();
  const atYours = new Set<EngineName>();
  return {
    leases: {
      async lease(engine, request, options) {
        const lease = await supervisor.lease(engine, request, options);
        if (lease.note === undefined) atYours.add(engine);
        else noted.set(engine, lease.note);
        return lease;
      },
    },
    // Most runs of a stage may be at the learner's own, and only those elsewhere that kill a server.
    sentences: () => [...noted].map(([engine, note]) => (atYours.has(engine) ? harmedWords(note) : note)),
  };
}
