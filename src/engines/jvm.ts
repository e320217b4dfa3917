import type { Missing, OnProgress } from '#src/engines/engine.ts';
import { findJars } from '#src/engines/jars.ts';
import { findJava, type ReadyJava } from '#src/engines/java.ts';
import type { Paths } from '#src/paths.ts';

/** A Java and the jars of some sets. */
export interface ReadyJvm {
  readonly state: 'ready';
  readonly java: ReadyJava;
  /** The class path of each set that was asked for, in that order. */
  readonly jars: readonly (readonly string[])[];
  readonly diskBytes: number;
}

export type Jvm =
  | Missing
  | ReadyJvm
  | {
      readonly state: 'absent';
      readonly downloadBytes: number;
      install(onProgress: OnProgress, signal?: AbortSignal): Promise<ReadyJvm>;
    };

/** What an engine written in Java stands on: one find and one install for all of it. */
export async function findJvm(paths: Pick<Paths, 'cache'>, sets: readonly string[]): Promise<Jvm> {
  const java = await findJava(paths);
  if (java.state === 'missing') return java;
  const jars = await Promise.all(sets.map((name) => findJars(paths, name)));
  const present = jars.flatMap((set) => (set.state === 'ready' ? [set] : []));
  if (java.state === 'ready' && present.length === jars.length) {
    const diskBytes = present.reduce((sum, set) => sum + set.diskBytes, java.diskBytes);
    return { state: 'ready', java, jars: present.map((set) => set.paths), diskBytes };
  }
  const parts = [java, ...jars];
  return {
    state: 'absent',
    downloadBytes: parts.reduce((sum, part) => sum + (part.state === 'ready' ? 0 : part.downloadBytes), 0),
    async install(onProgress, signal) {
      for (const part of parts) if (part.state !== 'ready') await part.install(onProgress, signal);
      const found = await findJvm(paths, sets);
      if (found.state !== 'ready') throw new Error(`${sets.join(', ')} was installed and is not there`);
      return found;
    },
  };
}
