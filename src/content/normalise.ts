/** Declared rules by which an output that varies from run to run is made comparable. A block names those it needs. */
export const RULES = {
  /** Durations: `12.3 ms`, `0.4 s`. */
  ms: (text: string) => text.replace(/\b\d+(?:\.\d+)?\s?(?:ms|µs|us|s)\b/g, '<time>'),
  /** Positions in PostgreSQL's log: `0/16B3748`. */
  lsn: (text: string) => text.replace(/\b[0-9A-F]{1,8}\/[0-9A-F]{1,8}\b/g, '<lsn>'),
  /** Transaction ids in columns or words: `xid 742`. */
  xid: (text: string) => text.replace(/\b(xmin|xmax|xid)(\s*[=:]?\s*)\d+/g, '$1$2<xid>'),
  /** Addresses on this machine. */
  port: (text: string) => text.replace(/(127\.0\.0\.1|localhost):\d+/g, '$1:<port>'),
  /** Random ids in their usual form. */
  uuid: (text: string) => text.replace(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '<uuid>'),
  /** Absolute paths of two parts or more: `/tmp/x/orders.csv`; not those inside an address. */
  path: (text: string) => text.replace(/(?<![\w.:/<-])(?:\/[\w.@+-]+){2,}/g, '<path>'),
  /** Names of a run: its database and role, and what the names of its topics, groups and buckets begin with. */
  sandbox: (text: string) => text.replace(/\bblock(?:_[0-9a-f]{12}|[-_][0-9a-f]{8})(?![0-9a-f])/g, '<sandbox>'),
} as const;

export type RuleName = keyof typeof RULES;
export const RULE_NAMES = Object.keys(RULES) as RuleName[];

/**
 * The text with the named rules applied; unknown names were refused when the guide was read. What a Markdown file can't
 * hold is made alike always, or a program that prints it would never match its own recording.
 */
export function applyRules(names: readonly string[], text: string): string {
  const kept = text.replaceAll('\r\n', '\n').replaceAll('\0', '\uFFFD');
  return RULE_NAMES.filter((name) => names.includes(name)).reduce((rest, name) => RULES[name](rest), kept);
}
