import type { Engine, EngineName, Installed, Running, StartContext } from '#src/engines/engine.ts';
import { removeJars } from '#src/engines/jars.ts';
import { removeArchives } from '#src/engines/java-archive.ts';
import { findJvm, type ReadyJvm } from '#src/engines/jvm.ts';
import type { Paths } from '#src/paths.ts';

export interface JvmEngineSpec {
  readonly name: EngineName;
  readonly title: string;
  readonly purpose: string;
  readonly version: string;
  /** Names of its sets in jars.json. */
  readonly sets: readonly string[];
  /** Those of the sets that are its own, and the names of its archives of classes: what goes when it is cleared. */
  readonly own: { readonly sets: readonly string[]; readonly archives: readonly string[] };
  readonly start: (jvm: ReadyJvm, context: StartContext) => Promise<Running>;
}

/** An engine that stands on Java and jars and on nothing else that is to be fetched. */
export function jvmEngine(spec: JvmEngineSpec, paths: Paths): Engine {
  const { name, title, purpose, version, sets, own, start } = spec;
  const installed = (jvm: ReadyJvm): Installed => ({
    state: 'installed',
    version,
    diskBytes: jvm.diskBytes,
    start: (context) => start(jvm, context),
  });
  return {
    name,
    title,
    purpose,
    async find() {
      const jvm = await findJvm(paths, sets);
      if (jvm.state === 'missing') return jvm;
      if (jvm.state === 'ready') return installed(jvm);
      const { downloadBytes } = jvm;
      return {
        state: 'available',
        downloadBytes,
        install: async (onProgress, signal) => installed(await jvm.install(onProgress, signal)),
      };
    },
    async clear() {
      for (const set of own.sets) await removeJars(paths, set);
      for (const archive of own.archives) await removeArchives(paths, archive);
    },
  };
}
