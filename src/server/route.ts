import type { Context } from 'hono';
import type { z } from 'zod';

import type { App } from '#src/server/app.ts';
import { MAX_BODY_BYTES } from '#src/server/guard.ts';

export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly handle: (c: Context, app: App) => Promise<Response> | Response;
}

/** A request that does not have the shape it should have. */
export class BadRequest extends Error {
  readonly status: 400 | 413;
  constructor(status: 400 | 413, message: string) {
    super(message);
    this.status = status;
  }
}

/** The body of a POST as the shape that its route expects. */
export async function body<T>(c: Context, schema: z.ZodType<T>): Promise<T> {
  const text = await textOf(c);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new BadRequest(400, 'The body is no JSON.');
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new BadRequest(
    400,
    parsed.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`).join('; '),
  );
}

/** The body, which is never held beyond its limit: one that is sent in chunks doesn't say its length before. */
async function textOf(c: Context): Promise<string> {
  const reader = c.req.raw.body?.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const chunk = await reader?.read();
    if (chunk?.value === undefined) return Buffer.concat(chunks).toString('utf8');
    bytes += chunk.value.byteLength;
    if (bytes > MAX_BODY_BYTES) throw new BadRequest(413, 'The body is too large.');
    chunks.push(chunk.value);
  }
}
