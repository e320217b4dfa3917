import type { EngineName } from '#src/engines/engine.ts';
import { environmentOf, type Environment } from '#src/engines/environment.ts';
import { findFamily, type FamilySpec } from '#src/engines/python-family.ts';
import { BASE, PYSPARK } from '#src/engines/python.ts';
import type { Supervisor } from '#src/engines/supervisor.ts';
import type { Paths } from '#src/paths.ts';
import { run, type RunRequest } from '#src/runner/run.ts';

import { once, timed, timedProgram, type Comparison } from './ab.ts';
import { lazyKernel, type Kernel } from './peers/peers.ts';

const SUM = 'SELECT sum(id) FROM range(1000)';
const SESSION = 'from pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()';
const COLLECT = `print(spark.sql('${SUM}').collect())`;

const CLIENTS = `import json, os
from confluent_kafka import Consumer, Producer, TopicPartition
config, topic = json.loads(os.environ['KAFKA_CONFIG']), os.environ['TOPIC_PREFIX'] + 'orders'
producer = Producer(config)
producer.produce(topic, b'42')
producer.flush()
consumer = Consumer(config | {'group.id': topic})
consumer.assign([TopicPartition(topic, 0, 0)])
print(consumer.poll(30).value())`;
/** The same with the clients of an earlier cell. */
const AGAIN = `producer.produce(topic, b'42')
producer.flush()
print(consumer.poll(30).value())`;

export interface KernelBench {
  readonly comparisons: Comparison[];
  readonly cleanUp: () => Promise<void>;
}

/** Blocks of Spark and Kafka, which start clean, against cells of a notebook whose session or clients are open. */
export function kernelBlocks(supervisor: Supervisor, paths: Paths): KernelBench {
  const spark = lent(supervisor, 'spark');
  const kafka = lent(supervisor, 'kafka');
  const sparkKernel = lazyKernel(paths, async () =>
    placeOf(paths, PYSPARK.family, { ...PYSPARK.env, ...(await spark()) }),
  );
  const kafkaKernel = lazyKernel(paths, async () => placeOf(paths, BASE.family, await kafka()));
  const ours = (name: string, request: Pick<RunRequest, 'engine' | 'with' | 'code'>) => ({
    name,
    sample: () => timed(() => block(supervisor, request)),
  });
  const sql = ours('spark block, clean state', { engine: 'spark', with: [], code: SUM });
  const python = ours('pyspark block, clean state', { engine: 'pyspark', with: [], code: `${SESSION}\n${COLLECT}` });
  const produced = ours('python block with Kafka, clean state', { engine: 'python', with: ['kafka'], code: CLIENTS });
  const cell = cellAfter(sparkKernel, SESSION, COLLECT, 'Jupyter cell, its session open');
  const warm = cellAfter(kafkaKernel, CLIENTS, AGAIN, 'Jupyter cell, its clients open');
  const fresh = {
    name: 'fresh Python process, same broker',
    async sample() {
      const { interpreter } = await placeOf(paths, BASE.family, {});
      await using lease = await supervisor.lease('kafka', { data: undefined });
      return await timedProgram([interpreter, '-c', CLIENTS], paths.state, environmentOf(lease.address));
    },
  };
  return {
    comparisons: [
      { name: 'warm Spark block, SQL', ours: sql, peer: cell, goal: 1.5, unit: 'ms', rounds: 10 },
      { name: 'warm Spark block, Python', ours: python, peer: cell, goal: 1.5, unit: 'ms', rounds: 10 },
      { name: 'warm Kafka block', ours: produced, peer: fresh, goal: 0.5, unit: 'ms', rounds: 10 },
      { name: 'warm Kafka block', ours: produced, peer: warm, goal: 10, unit: 'ms', rounds: 10 },
    ],
    async cleanUp() {
      await Promise.all([sparkKernel.stop(), kafkaKernel.stop()]);
    },
  };
}

/** The variables of one place on an engine, which is kept. */
function lent(supervisor: Supervisor, engine: EngineName): () => Promise<Environment> {
  return once(async () => environmentOf((await supervisor.lease(engine, { data: undefined })).address));
}

async function placeOf(
  paths: Paths,
  family: FamilySpec,
  env: Environment,
): Promise<{ interpreter: string; env: Environment }> {
  const found = await findFamily(paths, family);
  if (found.state !== 'ready') throw new Error(`${family.what} are not installed`);
  return { interpreter: found.interpreter, env };
}

function cellAfter(kernel: Kernel, before: string, code: string, name: string): Comparison['peer'] {
  const opened = once(() => kernel.run(before));
  return { name, ready: async () => void (await opened()), sample: () => kernel.run(code) };
}

async function block(supervisor: Supervisor, request: Pick<RunRequest, 'engine' | 'with' | 'code'>): Promise<void> {
  const outcome = await run({ ...request, data: undefined, before: [] }, supervisor, () => undefined);
  if (outcome.state !== 'ok') throw new Error(`${request.engine}: ${outcome.state}`);
}
