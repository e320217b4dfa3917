import type { KafkaBoundary, KafkaNote } from '#src/faults/kafka-requests.ts';

/**
 * One boundary of one request. Clients cut their writes into requests as time allows, so that requests have no number
 * that holds from run to run; records and offsets have. A boundary stands for all numbers above `since`, up to `nth`.
 */
export interface KafkaStep {
  readonly boundary: KafkaBoundary;
  /** The topic that is written, or the partition whose offset is committed; the end of a transaction has none. */
  readonly role: string | undefined;
  readonly since: number;
  readonly nth: number;
}

/** Counts what the broker has accepted: what it refuses gives its numbers back, so that trying again is the same event. */
export class KafkaCounts {
  readonly #prefix: string;
  readonly #records = new Map<string, number>();
  readonly #offsets = new Map<string, number>();
  #written = 0;
  #ended = 0;
  #added = 0;

  /** Topics are named without this prefix. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  reset(): void {
    this.#records.clear();
    this.#offsets.clear();
    this.#written = 0;
    this.#ended = 0;
    this.#added = 0;
  }

  add({ boundary, parts }: KafkaNote): KafkaStep[] {
    switch (boundary) {
      case 'kafka.produce':
        return this.#addRecords(parts);
      case 'kafka.offset':
        return this.#addOffsets(parts);
      case 'kafka.endtxn': {
        const step = { boundary, role: undefined, since: this.#ended, nth: this.#written };
        this.#ended = this.#written;
        return step.nth > step.since ? [step] : [];
      }
      case 'kafka.addtxn':
        this.#added++;
        return [{ boundary, role: undefined, since: this.#added - 1, nth: this.#added }];
    }
  }

  /** The broker has refused what these steps came from. */
  takeBack(steps: readonly KafkaStep[]): void {
    for (const { boundary, role = '', since, nth } of steps) {
      if (boundary === 'kafka.produce') {
        this.#records.set(role, (this.#records.get(role) ?? 0) - (nth - since));
        this.#written -= nth - since;
      } else if (boundary === 'kafka.offset') this.#offsets.set(role, since);
      else if (boundary === 'kafka.endtxn') this.#ended = since;
      else this.#added--;
    }
  }

  #addRecords(parts: KafkaNote['parts']): KafkaStep[] {
    const byTopic = new Map<string, number>();
    for (const { topic, value } of parts) {
      const role = this.#short(topic);
      byTopic.set(role, (byTopic.get(role) ?? 0) + value);
    }
    return [...byTopic].flatMap(([role, count]): KafkaStep[] => {
      if (count === 0) return [];
      const since = this.#records.get(role) ?? 0;
      this.#records.set(role, since + count);
      this.#written += count;
      return [{ boundary: 'kafka.produce', role, since, nth: since + count }];
    });
  }

  /** An offset that is committed once more, or an earlier one, is no step. */
  #addOffsets(parts: KafkaNote['parts']): KafkaStep[] {
    return parts.flatMap(({ topic, partition, value }): KafkaStep[] => {
      const role = `${this.#short(topic)}-${partition}`;
      const since = this.#offsets.get(role) ?? 0;
      if (value <= since) return [];
      this.#offsets.set(role, value);
      return [{ boundary: 'kafka.offset', role, since, nth: value }];
    });
  }

  #short(topic: string): string {
    const name = topic.startsWith(this.#prefix) ? topic.slice(this.#prefix.length) : topic;
    return name.replace(/[^\w.-]/g, '_');
  }
}
