import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';

import type { ConnectionOptions } from '@platformatic/kafka';

import { LearnerError } from '#src/error.ts';

/** Where Kafka is and how its clients come in. */
export interface KafkaAccess {
  /** `host:port`, several with commas between. */
  readonly bootstrap: string;
  readonly protocol: Protocol;
  readonly sasl: { readonly mechanism: Mechanism; readonly username: string; readonly password: string } | undefined;
  /** A file of certificates (PEM) that the brokers' own are checked against; the machine's, where there is none. */
  readonly caFile: string | undefined;
}

const PROTOCOLS = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'] as const;
type Protocol = (typeof PROTOCOLS)[number];
const MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;
type Mechanism = (typeof MECHANISMS)[number];

/** A broker of ours: on loopback, and open to whoever is on this machine. */
export function openAccess(bootstrap: string): KafkaAccess {
  return { bootstrap, protocol: 'PLAINTEXT', sasl: undefined, caFile: undefined };
}

/** The learner's own Kafka, by the variables that name it; undefined where none does. */
export function accessFrom(env: NodeJS.ProcessEnv): KafkaAccess | undefined {
  const bootstrap = env['KAFKA_BOOTSTRAP'];
  if (bootstrap === undefined || bootstrap === '') return undefined;
  const username = env['KAFKA_SASL_USERNAME'];
  const protocol = oneOf('KAFKA_SECURITY_PROTOCOL', PROTOCOLS, env, username === undefined ? 'PLAINTEXT' : 'SASL_SSL');
  const mechanism = oneOf('KAFKA_SASL_MECHANISM', MECHANISMS, env, 'PLAIN');
  if (protocol.startsWith('SASL') && username === undefined)
    throw new LearnerError(`${protocol} needs a user`, 'Set KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD.');
  const password = env['KAFKA_SASL_PASSWORD'] ?? '';
  const sasl = username === undefined || !protocol.startsWith('SASL') ? undefined : { mechanism, username, password };
  const caFile = env['KAFKA_SSL_CA_LOCATION'];
  if (caFile !== undefined && !existsSync(caFile))
    throw new LearnerError(
      `there is no file ${caFile}, which KAFKA_SSL_CA_LOCATION names`,
      'Write its whole path, from the root of the file system on.',
    );
  return { bootstrap, protocol, sasl, caFile };
}

function oneOf<T extends string>(name: string, known: readonly T[], env: NodeJS.ProcessEnv, usual: T): T {
  const asked = env[name] ?? usual;
  const found = known.find((value) => value === asked);
  if (found === undefined)
    throw new LearnerError(`${name} is ${JSON.stringify(asked)}`, `It may be ${known.join(', ')}.`);
  return found;
}

/** For our own client. */
export function connectionOptions({ bootstrap, protocol, sasl, caFile }: KafkaAccess): Partial<ConnectionOptions> {
  return {
    ...(sasl === undefined ? {} : { sasl }),
    ...(protocol.endsWith('SSL') ? { tls: caFile === undefined ? {} : { ca: readFileSync(caFile) } } : {}),
    // One address may stand for many brokers, each with a certificate of its own; a number is no name to ask for.
    ...(isIP(bootstrap.replace(/:\d+(,.*)?$/, '')) === 0 ? { tlsServerName: true } : {}),
  };
}

/** For librdkafka, which Python's client is: what a block passes on as it is. */
export function librdkafkaConfig({ bootstrap, protocol, sasl, caFile }: KafkaAccess): Record<string, string> {
  return {
    'bootstrap.servers': bootstrap,
    ...(protocol === 'PLAINTEXT' ? {} : { 'security.protocol': protocol }),
    ...(sasl === undefined
      ? {}
      : { 'sasl.mechanism': sasl.mechanism, 'sasl.username': sasl.username, 'sasl.password': sasl.password }),
    ...(caFile === undefined ? {} : { 'ssl.ca.location': caFile }),
  };
}

/** For clients in Java; empty where an address is enough. */
export function javaConfig({ protocol, sasl, caFile }: KafkaAccess): Record<string, string> {
  if (protocol === 'PLAINTEXT') return {};
  const kind = sasl?.mechanism === 'PLAIN' ? 'plain.PlainLoginModule' : 'scram.ScramLoginModule';
  const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
  const login = `org.apache.kafka.common.security.${kind} required`;
  return {
    'security.protocol': protocol,
    ...(sasl === undefined
      ? {}
      : {
          'sasl.mechanism': sasl.mechanism,
          'sasl.jaas.config': `${login} username=${quoted(sasl.username)} password=${quoted(sasl.password)};`,
        }),
    ...(caFile === undefined ? {} : { 'ssl.truststore.type': 'PEM', 'ssl.truststore.location': caFile }),
  };
}

/** The variables of a block; those of the way in only where there is one. */
export function variablesOf(access: KafkaAccess, prefix: string): Record<string, string> {
  const { bootstrap, protocol, sasl, caFile } = access;
  return {
    KAFKA_BOOTSTRAP: bootstrap,
    KAFKA_CONFIG: JSON.stringify(librdkafkaConfig(access)),
    TOPIC_PREFIX: prefix,
    ...(protocol === 'PLAINTEXT' ? {} : { KAFKA_SECURITY_PROTOCOL: protocol }),
    ...(sasl === undefined
      ? {}
      : {
          KAFKA_SASL_MECHANISM: sasl.mechanism,
          KAFKA_SASL_USERNAME: sasl.username,
          KAFKA_SASL_PASSWORD: sasl.password,
        }),
    ...(caFile === undefined ? {} : { KAFKA_SSL_CA_LOCATION: caFile }),
  };
}
