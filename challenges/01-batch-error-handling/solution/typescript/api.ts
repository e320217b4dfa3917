import { setTimeout as sleep } from 'node:timers/promises';

export interface Payment {
  readonly id: string;
  readonly order_id: string;
  readonly amount: string;
}

interface Answer {
  /** 0 where none came. */
  readonly status: number;
  readonly retryAfterS: number;
  readonly body: unknown;
}

interface Page {
  readonly payments: readonly Payment[];
  readonly next: string | null;
}

/** This run has retried as often as it may. */
export class BudgetSpent extends Error {}

/** Too early, too often, or a time-out: the same request may be granted later. Any other 4xx is an answer for good. */
const LATER = [408, 425, 429];
const LONGEST_PAUSE_S = 2;

export class Api {
  readonly #url = process.env['PAYMENTS_URL'] ?? '';
  readonly #timeoutS = Number(process.env['HTTP_TIMEOUT'] ?? '5');
  readonly #firstPauseS = Number(process.env['RETRY_PAUSE'] ?? '1');
  #budget = Number(process.env['RETRY_BUDGET'] ?? '100');

  async *payments(): AsyncGenerator<Payment> {
    let cursor: string | null = null;
    do {
      const answer: Answer = await this.#ask('GET', cursor === null ? '/payments' : `/payments?cursor=${cursor}`);
      const { payments, next } = answer.body as Page;
      yield* payments;
      cursor = next;
    } while (cursor !== null);
  }

  /** The same key for the same payment, in every attempt and in every start: the server acts on it once. */
  async settle(payment: string): Promise<'settled' | 'refused'> {
    const { status } = await this.#ask('POST', `/payments/${payment}/settle`, `settle-${payment}`);
    return status === 200 ? 'settled' : 'refused';
  }

  async #ask(method: string, path: string, key?: string): Promise<Answer> {
    for (let pauseS = this.#firstPauseS; ; pauseS = Math.min(2 * pauseS, LONGEST_PAUSE_S)) {
      const answer = await this.#once(method, path, key);
      if (isFinal(answer)) return answer;
      if (this.#budget === 0) throw new BudgetSpent(`${method} ${path}: ${answer.status}`);
      this.#budget--;
      // Half of each pause is left to chance: clients that failed together must not come back together.
      await sleep(1000 * Math.max(answer.retryAfterS, pauseS * (0.5 + Math.random() / 2)));
    }
  }

  async #once(method: string, path: string, key: string | undefined): Promise<Answer> {
    const headers: HeadersInit = key === undefined ? {} : { 'Idempotency-Key': key };
    try {
      const signal = AbortSignal.timeout(1000 * this.#timeoutS);
      const response = await fetch(this.#url + path, { method, headers, signal });
      const retryAfterS = Number(response.headers.get('retry-after') ?? '0');
      return { status: response.status, retryAfterS, body: await response.json() };
    } catch {
      // No answer: whether the server has acted is unknown, and the key makes asking again safe.
      return { status: 0, retryAfterS: 0, body: undefined };
    }
  }
}

function isFinal({ status }: Answer): boolean {
  return status > 0 && status < 500 && !LATER.includes(status);
}
