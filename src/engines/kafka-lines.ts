import { nearest } from '#src/nearest.ts';

/** Kafka's own tools by the names that people type, and the classes behind them. */
export const TOOLS: Readonly<Record<string, string>> = {
  'kafka-topics': 'org.apache.kafka.tools.TopicCommand',
  'kafka-console-producer': 'org.apache.kafka.tools.ConsoleProducer',
  'kafka-console-consumer': 'org.apache.kafka.tools.consumer.ConsoleConsumer',
  'kafka-console-share-consumer': 'org.apache.kafka.tools.consumer.ConsoleShareConsumer',
  'kafka-consumer-groups': 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand',
  'kafka-share-groups': 'org.apache.kafka.tools.consumer.group.ShareGroupCommand',
  'kafka-groups': 'org.apache.kafka.tools.GroupsCommand',
  'kafka-configs': 'kafka.admin.ConfigCommand',
  'kafka-get-offsets': 'org.apache.kafka.tools.GetOffsetShell',
  'kafka-delete-records': 'org.apache.kafka.tools.DeleteRecordsCommand',
  'kafka-transactions': 'org.apache.kafka.tools.TransactionsCommand',
  'kafka-log-dirs': 'org.apache.kafka.tools.LogDirsCommand',
  'kafka-dump-log': 'org.apache.kafka.tools.DumpLogSegments',
  'kafka-metadata-quorum': 'org.apache.kafka.tools.MetadataQuorumCommand',
  'kafka-broker-api-versions': 'org.apache.kafka.tools.BrokerApiVersionsCommand',
  'kafka-producer-perf-test': 'org.apache.kafka.tools.ProducerPerformance',
  'kafka-consumer-perf-test': 'org.apache.kafka.tools.ConsumerPerformance',
  'kafka-e2e-latency': 'org.apache.kafka.tools.EndToEndLatency',
};

/** One line of a block, ready to be run. */
export interface ToolCall {
  /** Counts from 1 in the block. */
  readonly line: number;
  readonly tool: string;
  readonly args: readonly string[];
  /** What stands behind `<<<` or in the lines after `<<`. */
  readonly input: string | undefined;
  /** The file behind `<`. */
  readonly inputFile: string | undefined;
}

/** A line that can't be read, and why. */
export class LineError extends Error {
  readonly line: number;
  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}

/**
 * Reads a block as a shell would that knows nothing but Kafka's tools: quotes, variables, a backslash that continues a
 * line, comments, and what a command reads (`<<<`, `<<` and `<`). Anything more is refused with its line.
 */
export function parseLines(code: string, env: Readonly<Record<string, string>>): ToolCall[] {
  const lines = code.split('\n');
  const calls: ToolCall[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = at + 1;
    let text = lines[at] ?? '';
    while (text.endsWith('\\') && at + 1 < lines.length) text = `${text.slice(0, -1)} ${lines[++at] ?? ''}`;
    const words = wordsOf(text, env, line);
    if (words.length === 0) continue;
    const call = callOf(words, line);
    if (call.here === undefined) calls.push(call);
    else {
      const end = lines.indexOf(call.here.end, at + 1);
      if (end === -1) throw new LineError(`the input that ends with ${call.here.end} has no end`, line);
      const body = lines.slice(at + 1, end).join('\n');
      const input = `${call.here.literal ? body : expand(body, env, line)}\n`;
      calls.push({ ...call, input });
      at = end;
    }
  }
  return calls;
}

interface Word {
  readonly text: string;
  readonly quoted: boolean;
  readonly operator: boolean;
}

function callOf(
  words: readonly Word[],
  line: number,
): ToolCall & { readonly here: { end: string; literal: boolean } | undefined } {
  const [first, ...rest] = words;
  const tool = (first?.text ?? '').replace(/\.sh$/, '');
  if (!Object.hasOwn(TOOLS, tool)) {
    const near = nearest(tool, Object.keys(TOOLS));
    throw new LineError(
      `there is no tool ${JSON.stringify(tool)} here${near === undefined ? '' : `; did you mean ${near}?`}`,
      line,
    );
  }
  const args: string[] = [];
  let input: string | undefined;
  let inputFile: string | undefined;
  let here: { end: string; literal: boolean } | undefined;
  for (let i = 0; i < rest.length; i++) {
    const word = rest[i];
    if (word === undefined || !word.operator) {
      args.push(word?.text ?? '');
      continue;
    }
    const next = rest[++i];
    if (next === undefined || next.operator) throw new LineError(`nothing stands behind ${word.text}`, line);
    if (word.text === '<<<') input = `${next.text}\n`;
    else if (word.text === '<<') here = { end: next.text, literal: next.quoted };
    else inputFile = next.text;
  }
  return { line, tool, args, input, inputFile, here };
}

/** Words of one line; a comment ends it. */
function wordsOf(text: string, env: Readonly<Record<string, string>>, line: number): Word[] {
  const words: Word[] = [];
  const token = /\s*(?:(#.*$)|(<<<|<<|<)|((?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|\$\{\w+\}|[^\s'"\\<|>&;`(){}])+))/y;
  let at = 0;
  while (text.slice(at).trim() !== '') {
    token.lastIndex = at;
    const match = token.exec(text);
    if (match === null) {
      const rest = text.slice(at).trim();
      throw new LineError(`only Kafka’s tools run here, one a line; can’t read ${JSON.stringify(rest)}`, line);
    }
    at += match[0].length;
    const [, comment, operator, word] = match;
    if (comment !== undefined) break;
    if (operator !== undefined) words.push({ text: operator, quoted: false, operator: true });
    if (word !== undefined) words.push({ text: unquote(word, env, line), quoted: /^['"]/.test(word), operator: false });
  }
  return words;
}

function unquote(word: string, env: Readonly<Record<string, string>>, line: number): string {
  return word.replace(/'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)|([^'"\\]+)/g, (_, single, double, escaped, bare) => {
    if (single !== undefined) return single as string;
    if (double !== undefined) return expand((double as string).replace(/\\(["\\])/g, '$1'), env, line);
    return escaped !== undefined ? (escaped as string) : expand(bare as string, env, line);
  });
}

function expand(text: string, env: Readonly<Record<string, string>>, line: number): string {
  return text.replace(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced?: string, bare?: string) => {
    const name = braced ?? bare ?? '';
    const value = env[name];
    if (value === undefined)
      throw new LineError(`there is no variable ${name}; known: ${Object.keys(env).join(', ')}`, line);
    return value;
  });
}
