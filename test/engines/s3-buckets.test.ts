import assert from 'node:assert/strict';
import test from 'node:test';

import { sign } from '#src/engines/s3-buckets.ts';

/** The object store that is started here lets in everybody, so what a real one checks is checked here. */
const ACCOUNT = {
  endpoint: 'https://examplebucket.s3.amazonaws.com',
  region: 'us-east-1',
  accessKey: 'AKIAIOSFODNN7EXAMPLE',
  secretKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};

test('a request is signed as Amazon’s own examples of version 4 are', () => {
  // “Authenticating Requests: Using the Authorization Header”, API reference of Amazon S3: both have no body.
  for (const [search, signature] of [
    ['max-keys=2&prefix=J', '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7'],
    ['lifecycle=', 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543'],
  ] as const) {
    const { authorization } = sign(ACCOUNT, {
      method: 'GET',
      host: 'examplebucket.s3.amazonaws.com',
      path: '/',
      search,
      now: new Date('2013-05-24T00:00:00Z'),
    });
    assert.ok(authorization?.endsWith(`Signature=${signature}`), authorization);
  }
});
