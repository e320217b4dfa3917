import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { dataFolder } from '#src/engines/data.ts';
import type { Engine, Running, StartContext } from '#src/engines/engine.ts';
import { majorOf } from '#src/engines/java.ts';
import { archiveFlags } from '#src/engines/java-archive.ts';
import type { ReadyJvm } from '#src/engines/jvm.ts';
import { jvmEngine } from '#src/engines/jvm-engine.ts';
import { launchJvm, type ServerSpec } from '#src/engines/jvm-server.ts';
import { flagsFor } from '#src/engines/kafka-settings.ts';
import { Made } from '#src/engines/made.ts';
import { Buckets, storeFrom, type YourStore } from '#src/engines/s3-buckets.ts';
import type { Paths } from '#src/paths.ts';

const VERSION = '5.2.0';
const REGION = 'us-east-1';

/** An object store with the protocol of S3, conditional writes included; each block has a bucket of its own. */
export function s3(paths: Paths): Engine {
  return jvmEngine(
    {
      name: 's3',
      title: 'S3Mock',
      purpose: 'An object store that speaks S3: buckets, conditional writes, multipart uploads.',
      version: VERSION,
      sets: ['s3'],
      own: { sets: ['s3'], archives: ['s3'] },
      start: startS3,
    },
    paths,
  );
}

/** Its second listener takes no address from the settings and would listen to every network; this gives it one. */
const ON_LOOPBACK = `<beans xmlns="http://www.springframework.org/schema/beans"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xsi:schemaLocation="http://www.springframework.org/schema/beans http://www.springframework.org/schema/beans/spring-beans.xsd">
  <bean class="org.springframework.beans.factory.config.MethodInvokingBean" lazy-init="false">
    <property name="targetObject" value="#{@httpConnector}"/>
    <property name="targetMethod" value="setProperty"/>
    <property name="arguments"><list><value>address</value><value>127.0.0.1</value></list></property>
  </bean>
</beans>
`;

async function startS3(jvm: ReadyJvm, context: StartContext): Promise<Running> {
  const yours = storeFrom(process.env);
  if (yours !== undefined) return useStore(yours, context);
  const bare = await specOf(jvm, context);
  const archive = await archiveFlags(
    {
      name: 's3',
      title: 'S3Mock',
      java: jvm.java,
      classPath: bare.classPath,
      flags: bare.flags,
      train: async (flags) => {
        const server = await launchJvm({ ...bare, flags: [...flags, ...bare.flags] }, context);
        await server.end().finally(() => server.kill());
      },
    },
    context,
  );
  context.onProgress({ what: 'Starting S3Mock' });
  const server = await launchJvm({ ...bare, flags: [...archive, ...bare.flags] }, context);
  const endpoint = `http://127.0.0.1:${server.ports[0]}`;
  const account = { endpoint, region: REGION, accessKey: 'journal', secretKey: randomBytes(18).toString('base64url') };
  const buckets = new Buckets(account);
  return {
    state: 'running',
    version: VERSION,
    pids: () => [server.child.pid],
    died: server.died,
    async sandbox({ data }) {
      // The news of its death is on its way, and ends the wait.
      if (!(await server.isRunning())) return new Promise(() => undefined);
      // A store has none of its own; who names one that there is not is told so.
      if (data !== undefined) await dataFolder(data, context.paths);
      const bucket = `block-${randomBytes(4).toString('hex')}`;
      await buckets.make(bucket);
      return {
        address: { kind: 'service', engine: 's3', env: buckets.environment(bucket, '') },
        close: () => buckets.remove(bucket),
      };
    },
    stop: () => server.kill(),
  };
}

/** The learner's own store: each block has names of its own in the bucket, and nothing else is touched. */
async function useStore({ account, bucket }: YourStore, context: StartContext): Promise<Running> {
  context.onProgress({ what: `Connecting to the object store at ${account.endpoint}` });
  const buckets = new Buckets(account);
  const where = `${account.endpoint}/${bucket}`;
  const made = new Made(context, { kind: 's3', where }, (name) => buckets.clear(bucket, `${name}/`));
  // A first look, by which a wrong key is told now and not within a block.
  await buckets.clear(bucket, `block-${randomBytes(4).toString('hex')}/`);
  await made.removeLeft();
  return {
    state: 'running',
    version: VERSION,
    at: account.endpoint,
    pids: () => [],
    died: new Promise(() => undefined),
    async sandbox({ data }) {
      if (data !== undefined) await dataFolder(data, context.paths);
      const name = `block-${randomBytes(4).toString('hex')}`;
      await made.note(name);
      return {
        address: { kind: 'service', engine: 's3', env: buckets.environment(bucket, `${name}/`) },
        close: () => made.remove(name),
      };
    },
    stop: async () => undefined,
  };
}

async function specOf(jvm: ReadyJvm, { directory }: StartContext): Promise<ServerSpec> {
  const loopback = join(directory, 'loopback.xml');
  const root = join(directory, 'objects');
  await mkdir(root, { recursive: true });
  await writeFile(loopback, ON_LOOPBACK);
  const flags = flagsFor(majorOf(jvm.java.version));
  return {
    title: 'S3Mock',
    java: jvm.java,
    classPath: jvm.jars.flat(),
    flags,
    main: 'com.adobe.testing.s3mock.S3MockApplication',
    directory,
    ports: 2,
    prepare: async ([port, securePort]) => [
      `--http.port=${port}`,
      `--server.port=${securePort}`,
      '--server.address=127.0.0.1',
      `--spring.main.sources=file:${loopback}`,
      '--spring.main.banner-mode=off',
      '--logging.level.root=WARN',
      `--com.adobe.testing.s3mock.store.root=${root}`,
    ],
    async probe([port]) {
      const response = await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(5000) }).catch(
        () => undefined,
      );
      await response?.body?.cancel();
      return response?.ok === true;
    },
  };
}
