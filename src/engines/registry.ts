import { duckdb } from '#src/engines/duckdb.ts';
import type { Engine, EngineName } from '#src/engines/engine.ts';
import { kafka } from '#src/engines/kafka.ts';
import { kafkaConnect } from '#src/engines/kafka-connect.ts';
import { node } from '#src/engines/node.ts';
import { postgres } from '#src/engines/postgres.ts';
import { LAKE, PYSPARK, python } from '#src/engines/python.ts';
import { s3 } from '#src/engines/s3.ts';
import { spark } from '#src/engines/spark.ts';
import type { EngineStatus } from '#src/engines/status.ts';
import type { Paths } from '#src/paths.ts';

/** Every engine by its name. */
export function registry(paths: Paths): Record<EngineName, Engine> {
  return {
    duckdb,
    postgres,
    python: python(paths),
    lake: python(paths, LAKE),
    kafka: kafka(paths),
    connect: kafkaConnect(paths),
    s3: s3(paths),
    node,
    spark: spark(paths),
    pyspark: python(paths, PYSPARK),
  };
}

/** How one engine stands when nothing runs. */
export async function restingStatus(engine: Engine): Promise<EngineStatus> {
  const { name, title, purpose } = engine;
  const found = await engine.find();
  const base = {
    name,
    title,
    purpose,
    state: found.state,
    sandboxes: 0,
    clearable: engine.clear !== undefined,
  } as const;
  switch (found.state) {
    case 'missing':
      return { ...base, why: found.why, remedy: found.remedy };
    case 'available':
      return { ...base, downloadBytes: found.downloadBytes };
    case 'installed':
      return { ...base, version: found.version, diskBytes: found.diskBytes };
  }
}

export function statusAtRest(paths: Paths): Promise<EngineStatus[]> {
  return Promise.all(Object.values(registry(paths)).map(restingStatus));
}
