import { kindOf, parseScene, SERVER_VERBS, type ActorKind, type SceneStep } from '#src/content/scene.ts';
import { until } from '#src/deadline.ts';
import type { Address, EngineName, Harm } from '#src/engines/engine.ts';
import { Bug } from '#src/error.ts';
import type { Execution } from '#src/runner/run.ts';
import { KafkaTroupe } from '#src/runner/scene-kafka.ts';
import { PostgresTroupe } from '#src/runner/scene-postgres.ts';

/** The actors of a scene that play on one engine. */
export interface Troupe {
  /** Does what the line says and gives what it printed. Rejects only when the engine failed. */
  act(actor: string, text: string): Promise<readonly string[]>;
  /**
   * Who of the busy ones waits for whom, once none of them will go on by itself; undefined while one may. Never a guess by
   * the clock: the engine is asked.
   */
  waits(busy: readonly string[]): Promise<ReadonlyMap<string, string> | undefined>;
  /** Does something to an actor, for example kills it, and gives what is to be told of that. */
  order(verb: string, actor: string): Promise<readonly string[]>;
  /** Has this done to the server, knowing what that means for the actors, and gives what is to be told of it. */
  harm(harm: Harm, perform: () => Promise<void>): Promise<readonly string[]>;
  /** What has come to actors meanwhile who were told to do nothing. */
  news?(): Promise<ReadonlyMap<string, readonly string[]>>;
  /** Ends all of them at once. */
  close(): void;
}

/** What somebody is doing, from the line that said so to its end. */
interface Deed {
  readonly actor: string;
  readonly ended: Promise<void>;
  printed: readonly string[] | undefined;
  trouble: unknown;
}

/** What can be done to the servers. */
export type Harms = Map<EngineName, (harm: Harm) => Promise<void>>;
export type Addresses = ReadonlyMap<EngineName, Address>;

const TROUPES: Partial<Record<EngineName, (address: Address, execution: Execution, all: Addresses) => Troupe>> = {
  postgres: (address, execution) => new PostgresTroupe(address, execution),
  kafka: (address, execution, all) => new KafkaTroupe(address, all.get('python'), execution),
};

/** Plays a scene line by line. True when it came to its end; what an engine refuses an actor is part of the story. */
export async function playScene(addresses: Addresses, harms: Harms, execution: Execution): Promise<boolean> {
  const stage = new Stage(addresses, harms, execution);
  const { signal } = execution;
  const stop = (): void => stage.close();
  signal.addEventListener('abort', stop, { once: true });
  try {
    signal.throwIfAborted();
    const silent = (): void => undefined;
    for (const code of execution.before) if (!(await stage.play(code, silent))) return false;
    return await stage.play(execution.code, (text) => execution.emit({ type: 'text', text: `${text}\n` }));
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
    stage.close();
  }
}

const INDENT = '   ';

class Stage {
  readonly #addresses: Addresses;
  readonly #harms: Harms;
  readonly #execution: Execution;
  readonly #troupes = new Map<EngineName, Troupe>();
  /** Under way, in the order in which they began. */
  readonly #deeds = new Map<string, Deed>();

  constructor(addresses: Addresses, harms: Harms, execution: Execution) {
    this.#addresses = addresses;
    this.#harms = harms;
    this.#execution = execution;
  }

  async play(code: string, say: (text: string) => void): Promise<boolean> {
    const { steps, problems } = parseScene(code, [...this.#addresses.keys()], this.#execution.own === true);
    const [problem] = problems;
    if (problem !== undefined) return this.#fail(`${problem.message}. ${problem.remedy}`, problem.line);
    for (const step of steps) {
      const isBusy = this.#deeds.has(step.actor);
      if (step.kind === 'act' && isBusy)
        return this.#fail(`${step.actor} still waits, and can do nothing else before that has ended`, step.line);
      await (step.kind === 'act' ? this.#act(step, say) : this.#order(step, say));
      await this.#tellNews(say);
    }
    for (const [actor, whom] of await this.#rest()) say(`(${actor} still waits for ${whom})`);
    return true;
  }

  close(): void {
    for (const troupe of this.#troupes.values()) troupe.close();
  }

  async #act({ actor, text }: Extract<SceneStep, { kind: 'act' }>, say: (text: string) => void): Promise<void> {
    say(`${actor}> ${text}`);
    const deed = this.#begin(actor, text);
    const waits = await this.#rest();
    if (deed.printed === undefined) say(`${INDENT}(waits for ${waits.get(actor)})`);
    else this.#tell(deed, say);
    this.#tellEnded(say);
  }

  async #order({ verb, actor }: Extract<SceneStep, { kind: 'order' }>, say: (text: string) => void): Promise<void> {
    say(`${verb} ${actor}`);
    if (verb === 'wait') await this.#deeds.get(actor)?.ended;
    else if (this.#kind(actor).isServer === true) {
      const { engine } = this.#kind(actor);
      const harm = SERVER_VERBS[verb] ?? 'restart';
      const perform = async (): Promise<void> => void (await this.#harms.get(engine)?.(harm));
      for (const line of await this.#troupe(actor).harm(harm, perform)) say(indented(line));
    } else {
      for (const line of await this.#troupe(actor).order(verb, actor)) say(indented(line));
      // Whoever was ended says nothing of what it was doing.
      if (verb === 'kill') this.#deeds.delete(actor);
    }
    await this.#rest();
    this.#tellEnded(say);
  }

  #begin(actor: string, text: string): Deed {
    const done = this.#troupe(actor).act(actor, text);
    const ended = done.then(
      (printed) => void (deed.printed = printed),
      (error: unknown) => void (deed.trouble = error),
    );
    const deed: Deed = { actor, ended, printed: undefined, trouble: undefined };
    this.#deeds.set(actor, deed);
    return deed;
  }

  /** Resolves when everybody is done or waits for somebody; says who does. */
  async #rest(): Promise<ReadonlyMap<string, string>> {
    const { signal, limits } = this.#execution;
    const probe = async (): Promise<ReadonlyMap<string, string> | undefined> => {
      const waits = new Map<string, string>();
      for (const [engine, troupe] of this.#troupes) {
        const busy = [...this.#deeds.values()].filter(
          (deed) => isUnderWay(deed) && this.#kind(deed.actor).engine === engine,
        );
        if (busy.length === 0) continue;
        const found = await troupe.waits(busy.map(({ actor }) => actor));
        // Somebody may have ended while we asked, and let others go on.
        if (found === undefined || !busy.every(isUnderWay)) return undefined;
        for (const [actor, whom] of found) waits.set(actor, whom);
      }
      return waits;
    };
    const waits = await until('the end of a line', probe, { deadlineMs: limits.timeMs, everyMs: 1, signal });
    const failed = [...this.#deeds.values()].find(({ trouble }) => trouble !== undefined);
    if (failed !== undefined) throw failed.trouble;
    return waits;
  }

  #tellEnded(say: (text: string) => void): void {
    for (const deed of [...this.#deeds.values()]) {
      if (deed.printed === undefined) continue;
      say(`${deed.actor}> (goes on)`);
      this.#tell(deed, say);
    }
  }

  async #tellNews(say: (text: string) => void): Promise<void> {
    for (const troupe of this.#troupes.values())
      for (const [actor, lines] of (await troupe.news?.()) ?? []) {
        say(`${actor}> (meanwhile)`);
        for (const line of lines) say(indented(line));
      }
  }

  #tell(deed: Deed, say: (text: string) => void): void {
    this.#deeds.delete(deed.actor);
    for (const line of deed.printed ?? []) say(indented(line));
  }

  #fail(message: string, line: number): false {
    this.#execution.emit({ type: 'error', message, line });
    return false;
  }

  #kind(actor: string): ActorKind {
    const kind = kindOf(actor, [...this.#addresses.keys()]);
    if (kind === undefined) throw new Bug(`no kind of actor ${actor}`);
    return kind;
  }

  #troupe(actor: string): Troupe {
    const { engine } = this.#kind(actor);
    const address = this.#addresses.get(engine);
    const troupe =
      this.#troupes.get(engine) ??
      (address === undefined ? undefined : TROUPES[engine]?.(address, this.#execution, this.#addresses));
    if (troupe === undefined) throw new Bug(`nobody plays on ${engine}`);
    this.#troupes.set(engine, troupe);
    return troupe;
  }
}

/** Nothing at the end of a line that an editor would take away from a recording. */
function indented(line: string): string {
  return `${INDENT}${line}`.trimEnd();
}

function isUnderWay({ printed, trouble }: Deed): boolean {
  return printed === undefined && trouble === undefined;
}
