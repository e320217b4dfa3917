import { BATCH_MUTANTS } from '#test/gate/mutants/batch-error-handling.ts';
import { CDC_MUTANTS } from '#test/gate/mutants/cdc-implementation.ts';
import type { Mutant } from '#test/gate/mutants/mutant.ts';
import { REALTIME_MUTANTS } from '#test/gate/mutants/realtime-validation.ts';

/** Mutants of solution/python, by the folder of their lab. */
export const MUTANTS: Readonly<Record<string, readonly Mutant[]>> = {
  'challenges/01-batch-error-handling': BATCH_MUTANTS,
  'challenges/02-realtime-validation': REALTIME_MUTANTS,
  'projects/02-cdc-implementation': CDC_MUTANTS,
};
