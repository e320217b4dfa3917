import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

import { capture } from '#src/process.ts';

/** A certificate for this machine, and who signed it; all of them made now, and known to nobody else. */
export interface Certificate {
  /** Of the authority: what a client checks against. */
  readonly ca: string;
  /** Of the server, and its key. */
  readonly certificate: string;
  readonly key: string;
}

/** Files of a certificate for `localhost`, which is not for 127.0.0.1. */
export async function certificateOf(t: TestContext): Promise<Certificate> {
  const folder = await mkdtemp(join(tmpdir(), 'dej-tls-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const at = (name: string): string => join(folder, name);
  await writeFile(at('names'), 'subjectAltName=DNS:localhost');
  const fresh = ['-newkey', 'rsa:2048', '-nodes'];
  for (const args of [
    ['req', '-x509', ...fresh, '-days', '2', '-subj', '/CN=trial', '-keyout', at('ca.key'), '-out', at('ca.pem')],
    ['req', ...fresh, '-subj', '/CN=localhost', '-keyout', at('key.pem'), '-out', at('asked')],
    [
      'x509',
      '-req',
      '-in',
      at('asked'),
      '-CA',
      at('ca.pem'),
      '-CAkey',
      at('ca.key'),
      '-days',
      '2',
      '-extfile',
      at('names'),
    ].concat(['-CAcreateserial', '-out', at('certificate.pem')]),
  ]) {
    const { code, stderr } = await capture(['openssl', ...args]);
    if (code !== 0) throw new Error(stderr);
  }
  return { ca: at('ca.pem'), certificate: at('certificate.pem'), key: at('key.pem') };
}
