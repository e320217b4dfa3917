import { createHash, createHmac } from 'node:crypto';

import type { Environment } from '#src/engines/environment.ts';
import { LearnerError, WorldError } from '#src/error.ts';

export interface S3Account {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

/** A store and a bucket of the learner's own. */
export interface YourStore {
  readonly account: S3Account;
  readonly bucket: string;
}

/** What S3_ENDPOINT and the variables beside it say; undefined where it is not set. */
export function storeFrom(env: NodeJS.ProcessEnv): YourStore | undefined {
  const endpoint = env['S3_ENDPOINT'];
  if (endpoint === undefined || endpoint === '') return undefined;
  const needed = (name: string): string => {
    const value = env[name];
    if (value === undefined || value === '')
      throw new LearnerError(
        `S3_ENDPOINT is set and ${name} is not`,
        'Set S3_BUCKET, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY too, or unset S3_ENDPOINT.',
      );
    return value;
  };
  const region = env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'] ?? 'us-east-1';
  const [accessKey, secretKey] = [needed('AWS_ACCESS_KEY_ID'), needed('AWS_SECRET_ACCESS_KEY')];
  return { account: { endpoint, region, accessKey, secretKey }, bucket: needed('S3_BUCKET') };
}

/** Makes places in an object store and clears them away; every request is signed, so that it works on a real one too. */
export class Buckets {
  readonly #account: S3Account;

  constructor(account: S3Account) {
    this.#account = account;
  }

  /** The variables by which the usual clients find the store. */
  environment(bucket: string, prefix: string): Environment {
    const { endpoint, region, accessKey, secretKey } = this.#account;
    return {
      S3_ENDPOINT: endpoint,
      S3_BUCKET: bucket,
      S3_PREFIX: prefix,
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: accessKey,
      AWS_SECRET_ACCESS_KEY: secretKey,
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
    };
  }

  async make(bucket: string): Promise<void> {
    await this.#ask('PUT', `/${bucket}`);
  }

  /** Removes the objects below the prefix. */
  async clear(bucket: string, prefix: string): Promise<void> {
    for (;;) {
      const text = await this.#ask('GET', `/${bucket}`, { 'list-type': '2', prefix });
      const keys = [...text.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = '']) => unescapeXml(key));
      for (const key of keys) await this.#ask('DELETE', `/${bucket}/${key.split('/').map(encode).join('/')}`);
      if (keys.length === 0) return;
    }
  }

  async remove(bucket: string): Promise<void> {
    await this.clear(bucket, '');
    await this.#ask('DELETE', `/${bucket}`);
  }

  async #ask(method: string, path: string, query: Readonly<Record<string, string>> = {}): Promise<string> {
    const { endpoint } = this.#account;
    const search = Object.entries(query)
      .map(([name, value]) => `${encode(name)}=${encode(value)}`)
      .sort()
      .join('&');
    const url = new URL(`${endpoint.replace(/\/$/, '')}${path}${search === '' ? '' : `?${search}`}`);
    const headers = sign(this.#account, { method, host: url.host, path: url.pathname, search, now: new Date() });
    const response = await fetch(url, { method, headers, signal: AbortSignal.timeout(30_000) }).catch(
      (cause: Error) => {
        throw new WorldError(`no object store answers at ${endpoint} (S3_ENDPOINT): ${reasonOf(cause)}`, {
          remedy: 'Check the address, and that the store runs.',
          cause,
        });
      },
    );
    const text = await response.text();
    if (response.ok || (method === 'DELETE' && response.status === 404)) return text;
    throw new WorldError(`the object store answered ${method} ${path} with ${response.status}`, {
      remedy: 'Check S3_ENDPOINT and its keys, and what they may do.',
      lastLines: text.split('\n').slice(0, 10),
    });
  }
}

/** The client says only that it failed, and why underneath. */
function reasonOf({ message, cause }: Error): string {
  return cause instanceof Error && cause.message !== '' ? cause.message : message;
}

interface ToSign {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly search: string;
  readonly now: Date;
}

/** The headers of AWS's signature, version 4, for a request without a body. */
export function sign(
  { region, accessKey, secretKey }: S3Account,
  { method, host, path, search, now }: ToSign,
): Record<string, string> {
  const time = now.toISOString().replace(/[-:]|\.\d+/g, '');
  const day = time.slice(0, 8);
  const empty = createHash('sha256').digest('hex');
  const signed = 'host;x-amz-content-sha256;x-amz-date';
  const canonical = [
    method,
    path,
    search,
    `host:${host}`,
    `x-amz-content-sha256:${empty}`,
    `x-amz-date:${time}`,
    '',
    signed,
    empty,
  ].join('\n');
  const scope = `${day}/${region}/s3/aws4_request`;
  const hash = createHash('sha256').update(canonical).digest('hex');
  const text = ['AWS4-HMAC-SHA256', time, scope, hash].join('\n');
  const hmac = (key: string | Buffer, value: string): Buffer => createHmac('sha256', key).update(value).digest();
  const key = [region, 's3', 'aws4_request'].reduce<Buffer>(hmac, hmac(`AWS4${secretKey}`, day));
  const signature = hmac(key, text).toString('hex');
  return {
    'x-amz-content-sha256': empty,
    'x-amz-date': time,
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKey}/${scope}, SignedHeaders=${signed}, Signature=${signature}`,
  };
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

function unescapeXml(text: string): string {
  const named: Record<string, string> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
  return text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return named[name] ?? whole;
    return String.fromCodePoint(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16));
  });
}
