import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Clock } from '#src/clock.ts';
import { writeAtomic } from '#src/files.ts';

/** How long a one-time code may be used, in milliseconds: the time to open a browser or copy an address. */
const CODE_LIFE_MS = 10 * 60_000;

/**
 * Who may talk to the server. A one-time code in the opened address becomes a cookie; both are made from a secret that
 * only its owner can read, so that the cookie survives a restart and `./dej open` can make a code from another process.
 */
export class Sessions {
  readonly #secret: Buffer;
  readonly #bootId: string;
  readonly #clock: Clock;
  readonly #used = new Map<string, number>();
  readonly cookieName: string;

  constructor(secret: Buffer, options: { bootId: string; port: number; clock: Clock }) {
    this.#secret = secret;
    this.#bootId = options.bootId;
    this.#clock = options.clock;
    // Browsers don't separate cookies by port, so the port is in the name.
    this.cookieName = cookieName(options.port);
  }

  get cookie(): string {
    return `${this.cookieName}=${cookieValue(this.#secret, this.cookieName)}; Path=/; HttpOnly; SameSite=Strict; Max-Age=31536000`;
  }

  code(): string {
    return mintCode(this.#secret, this.#bootId, this.#clock);
  }

  /** True once for a code that this start of the server accepts. */
  redeem(code: string): boolean {
    const [nonce = '', expiry = '', mark = ''] = code.split('.');
    if (!isSame(mark, sign(this.#secret, `code ${this.#bootId} ${nonce} ${expiry}`))) return false;
    const now = this.#clock();
    for (const [old, until] of this.#used) if (until < now) this.#used.delete(old);
    if (!(Number(expiry) >= now) || this.#used.has(nonce)) return false;
    this.#used.set(nonce, Number(expiry));
    return true;
  }

  isIn(cookieHeader: string | undefined): boolean {
    const wanted = cookieValue(this.#secret, this.cookieName);
    return (cookieHeader ?? '').split(/;\s*/).some((pair) => {
      const at = pair.indexOf('=');
      return pair.slice(0, at) === this.cookieName && isSame(pair.slice(at + 1), wanted);
    });
  }
}

/** A code for one use: a random part, its end of life, and a mark over both and the server's start. */
export function mintCode(secret: Buffer, bootId: string, clock: Clock): string {
  const nonce = randomBytes(16).toString('base64url');
  const expiry = String(clock() + CODE_LIFE_MS);
  return `${nonce}.${expiry}.${sign(secret, `code ${bootId} ${nonce} ${expiry}`)}`;
}

/** What a browser that was let in sends, for another process of the same person. */
export function cookieOf(secret: Buffer, port: number): string {
  return `${cookieName(port)}=${cookieValue(secret, cookieName(port))}`;
}

const SECRET_BYTES = 32;

/** The secret of this clone: 256 random bits, made once, readable by the owner only. */
export async function ownSecret(state: string, tell: (line: string) => void = () => undefined): Promise<Buffer> {
  const path = join(state, 'secret');
  await mkdir(state, { recursive: true, mode: 0o700 });
  const fresh = (): string => randomBytes(SECRET_BYTES).toString('base64url');
  const mode = (await stat(path).catch(() => undefined))?.mode;
  if (mode === undefined) await createOnce(path, fresh());
  else if ((mode & 0o077) !== 0) {
    // Whoever could read it may have done so, and narrowing the mode takes nothing back.
    tell('Other accounts of this machine could read the secret of the app; it has a new one. Open the app anew.');
    await writeAtomic(path, fresh(), 0o600);
  } else if ((await readSecret(state)).length < SECRET_BYTES) await writeAtomic(path, fresh(), 0o600);
  return readSecret(state);
}

export async function readSecret(state: string): Promise<Buffer> {
  return Buffer.from((await readFile(join(state, 'secret'), 'utf8')).trim(), 'base64url');
}

/** Whole or not at all, and never over another's: two that start at once must end with the same secret. */
async function createOnce(path: string, content: string): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  await writeFile(temporary, content, { mode: 0o600, flag: 'wx' });
  try {
    await link(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

function cookieName(port: number): string {
  return `dej-${port}`;
}

function cookieValue(secret: Buffer, name: string): string {
  return sign(secret, `cookie ${name}`);
}

function sign(secret: Buffer, text: string): string {
  return createHmac('sha256', secret).update(text).digest('base64url');
}

function isSame(given: string, wanted: string): boolean {
  const a = Buffer.from(given);
  const b = Buffer.from(wanted);
  return a.length === b.length && timingSafeEqual(a, b);
}
