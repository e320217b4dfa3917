import type { EngineName } from '#src/engines/engine.ts';

/** Engines that run no blocks of their own, and all that a block which uses one has running. */
export const SERVICES: Partial<Record<EngineName, readonly EngineName[]>> = {
  connect: ['python', 'kafka', 'postgres'],
  s3: ['python'],
};

/** Engines that blocks of another use without naming them. */
export const BESIDE: Partial<Record<EngineName, readonly EngineName[]>> = { pyspark: ['spark'] };

/** Blocks that mean the same on every engine. */
export interface Programs {
  /** Prints or returns 42, on a line of its own. */
  readonly answer: string;
  /** Leaves things wherever a block may: tables, files, settings. */
  readonly litter: string;
  /** Gives 0 or nothing where none of that litter is seen, else what is. */
  readonly count: string;
  /** Fails on its third line, by these words. */
  readonly fail: { readonly code: string; readonly words: RegExp };
  /** Says that it has begun, then computes for ever without waiting for anything. */
  readonly forever: string;
  /** How many orders the data set has, by reading it, as the last number. */
  readonly orders: string;
}

const PYTHON: Programs = {
  answer: 'print(42)',
  litter: `import builtins, os, sys
builtins.litter = 1
sys.path.append('litter')
os.environ['LITTER'] = '1'
open('litter.txt', 'w').close()`,
  count: `import builtins, os, sys
print(hasattr(builtins, 'litter') + ('litter' in sys.path) + ('LITTER' in os.environ) + len(os.listdir()))`,
  fail: { code: 'a = 1\nb = 0\na / b', words: /division by zero/ },
  forever: 'print(1, flush=True)\nwhile True: pass',
  orders: 'import duckdb\nprint(duckdb.sql("SELECT count(*) FROM \'orders.parquet\'").fetchone()[0])',
};

/** Reads what a connector captured of a table's rows as they are. */
const CAPTURE = `import json, os, urllib.request
import psycopg
from confluent_kafka import Consumer
prefix = os.environ['TOPIC_PREFIX']
def ask(method, body=None):
    url, data = os.environ['CONNECT_URL'] + '/connectors', None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, {'content-type': 'application/json'}, method=method)) as answer:
        return answer.read().decode()
def register(name, table):
    own = {'database.' + part: os.environ[variable] for part, variable in
           [('hostname', 'PGHOST'), ('port', 'PGPORT'), ('user', 'PGUSER'), ('password', 'PGPASSWORD'), ('dbname', 'PGDATABASE')]}
    ask('POST', {'name': prefix + name, 'config': own | {
        'connector.class': 'io.debezium.connector.postgresql.PostgresConnector', 'plugin.name': 'pgoutput',
        'topic.prefix': prefix + 'db', 'table.include.list': 'public.' + table, 'slot.name': prefix.replace('-', '_') + name,
        'publication.name': prefix.replace('-', '_') + name, 'publication.autocreate.mode': 'filtered'}})
def captured(table):
    register(table, table)
    consumer = Consumer({'bootstrap.servers': os.environ['KAFKA_BOOTSTRAP'], 'group.id': prefix + 'reader',
                         'auto.offset.reset': 'earliest', 'topic.metadata.refresh.interval.ms': 100})
    consumer.subscribe([prefix + 'db.public.' + table])
    events = []
    while not events or events[-1]['source']['snapshot'] != 'last':
        message = consumer.poll(30)
        if message is not None and not message.error(): events.append(json.loads(message.value()))
    return events`;

const STORE = `import os, urllib.request
def ask(method, key, body=None):
    bucket = os.environ['S3_ENDPOINT'] + '/' + os.environ['S3_BUCKET']
    url = bucket + (key + '&prefix=' if key.startswith('?') else '/') + os.environ['S3_PREFIX'] + ('' if key.startswith('?') else key)
    with urllib.request.urlopen(urllib.request.Request(url, body, method=method)) as answer:
        return answer.read().decode()`;

export const PROGRAMS: Record<EngineName, Programs> = {
  duckdb: {
    answer: 'SELECT 42 AS n',
    litter: `CREATE TABLE litter AS SELECT 1 AS n;
      CREATE MACRO littered() AS 1;
      SET GLOBAL default_order = 'DESC';
      SET VARIABLE litter = 1;
      COPY litter TO 'litter.csv'`,
    count: `SELECT (SELECT count(*) FROM duckdb_tables()) + (SELECT count(*) FROM glob('**'))
      + (SELECT count(*) FROM duckdb_functions() WHERE function_name = 'littered')
      + (SELECT count(*) FROM duckdb_settings() WHERE name = 'default_order' AND value = 'DESC')
      + (CASE WHEN getvariable('litter') IS NULL THEN 0 ELSE 1 END) AS n`,
    fail: { code: 'SELECT 1;\nSELECT *\nFROM absent', words: /Table with name absent does not exist/ },
    forever: 'SELECT 1; SELECT sum(a.range * b.range) FROM range(100000000) a, range(100000000) b',
    orders: "SELECT count(*) FROM 'orders.parquet'",
  },
  postgres: {
    answer: 'SELECT 42 AS n',
    litter: `CREATE TABLE litter AS SELECT 1 AS n;
      CREATE SCHEMA littered;
      DO $$ BEGIN EXECUTE format('ALTER ROLE %I SET search_path TO littered', current_user); END $$`,
    count: `SELECT (SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema'))
      + (SELECT count(*) FROM pg_namespace WHERE nspname = 'littered')
      + (SELECT count(*) FROM pg_db_role_setting WHERE setrole = (SELECT oid FROM pg_roles WHERE rolname = current_user)) AS n`,
    fail: { code: 'SELECT 1;\nSELECT *\nFROM absent', words: /relation "absent" does not exist/ },
    forever: 'SELECT 1; SELECT count(*) FROM generate_series(1, 1000000000000) AS n',
    orders: 'SELECT count(*) FROM orders',
  },
  python: PYTHON,
  lake: {
    ...PYTHON,
    answer: `import polars as pl
from deltalake import DeltaTable, write_deltalake
write_deltalake('t', pl.DataFrame({'n': [40, 2]}))
print(DeltaTable('t').to_pyarrow_table()['n'].to_pandas().sum())`,
  },
  kafka: {
    answer: `kafka-console-producer --topic \${TOPIC_PREFIX}answers <<< 42
kafka-console-consumer --topic \${TOPIC_PREFIX}answers --from-beginning --max-messages 1 --timeout-ms 20000`,
    litter: `kafka-console-producer --topic \${TOPIC_PREFIX}litter <<< 1`,
    count: 'kafka-topics --list --topic "${TOPIC_PREFIX}.*"',
    fail: {
      code: 'kafka-topics --list\n# there is none\nkafka-topics --describe --topic absent',
      words: /kafka-topics ended with exit code 1/,
    },
    forever: `kafka-topics --create --topic \${TOPIC_PREFIX}endless
kafka-producer-perf-test --topic \${TOPIC_PREFIX}endless --num-records 1000000000 --record-size 10 --throughput -1`,
    orders: `kafka-console-producer --topic \${TOPIC_PREFIX}orders < orders.csv
kafka-get-offsets --topic \${TOPIC_PREFIX}orders`,
  },
  connect: {
    ...PYTHON,
    answer: `${CAPTURE}
psycopg.connect(os.environ['DATABASE_URL'], autocommit=True).execute('CREATE TABLE answers AS SELECT 42 AS n')
print(captured('answers')[0]['after']['n'])`,
    litter: `${CAPTURE}
register('litter', table='litter')`,
    count: `${CAPTURE}
print(len([name for name in json.loads(ask('GET')) if name.startswith(os.environ['TOPIC_PREFIX'])]))`,
    orders: `${CAPTURE}
print(len(captured('orders')))`,
  },
  s3: {
    ...PYTHON,
    answer: `${STORE}
ask('PUT', 'answer', b'42')
print(ask('GET', 'answer'))`,
    litter: `${STORE}
ask('PUT', 'some/litter', b'1')`,
    count: `${STORE}
print(ask('GET', '?list-type=2').count('<Key>'))`,
    orders: `${STORE}
ask('PUT', 'orders.csv', open('orders.csv', 'rb').read())
print(len(ask('GET', 'orders.csv').splitlines()) - 1)`,
  },
  node: {
    answer: 'const answer: number = 42;\nconsole.log(answer)',
    litter: `import { writeFileSync } from 'node:fs';
(globalThis as Record<string, unknown>)['litter'] = 1;
process.env['LITTER'] = '1';
writeFileSync('litter.txt', '');`,
    count: `import { readdirSync } from 'node:fs';
const files = readdirSync('.').filter((file) => file !== 'block.mts');
console.log(Number('litter' in globalThis) + Number('LITTER' in process.env) + files.length)`,
    fail: {
      code: 'const rows: string[] = [];\n// none\nrows[0].trim()',
      words: /TypeError: Cannot read properties of undefined/,
    },
    forever: 'console.log(1);\nfor (;;) {}',
    orders: `import { readFileSync } from 'node:fs';
console.log(readFileSync('orders.csv', 'utf8').trim().split('\\n').length - 1)`,
  },
  spark: {
    answer: 'SELECT 42 AS n',
    litter: `CREATE TABLE litter USING parquet AS SELECT 1 AS n;
      CREATE TEMPORARY VIEW littered AS SELECT 1 AS n`,
    // The view can't be made where there is one.
    count: `CREATE TEMPORARY VIEW littered AS SELECT 0 AS n;
      CREATE TABLE IF NOT EXISTS litter USING parquet AS SELECT 0 AS n;
      SELECT n FROM litter`,
    fail: { code: 'SELECT 1;\nSELECT *\nFROM absent', words: /The table or view `absent` cannot be found/ },
    forever: 'SELECT 1; SELECT sum(a.id * b.id % 7) FROM range(10000000) AS a, range(10000000) AS b',
    orders: 'SELECT count(*) FROM orders',
  },
  pyspark: {
    ...PYTHON,
    answer: `from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
print(spark.range(43).selectExpr('max(id)').first()[0])`,
    orders: `from pyspark.sql import SparkSession
print(SparkSession.builder.getOrCreate().table('orders').count())`,
  },
};
