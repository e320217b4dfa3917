/** A row as an engine or a lab's truth gives it. */
export type Row = Readonly<Record<string, unknown>>;

/**
 * One text for equal values however they are written: a decimal as number or text with or without trailing zeros, a
 * time as Date or ISO text. Kinds that are told apart (the text "null", the absent value) stay apart.
 */
export function canonicalCell(value: unknown): string {
  if (value === null || value === undefined) return '∅';
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid time' : value.toISOString();
  if (typeof value === 'number') return canonicalNumber(String(value)) ?? String(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (typeof value === 'string') return canonicalNumber(value) ?? canonicalTime(value) ?? JSON.stringify(value);
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`;
  if (Array.isArray(value)) return `[${value.map(canonicalCell).join(',')}]`;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, cell]) => `${name}:${canonicalCell(cell)}`).join(',')}}`;
}

/** The row's cells in the order of the columns given. */
export function canonicalRow(row: Row, columns: readonly string[]): string {
  return columns.map((column) => canonicalCell(row[column])).join('\u0001');
}

/** Decimals are compared as text, because 0.1 + 0.2 as floats would differ from what a database adds exactly. */
function canonicalNumber(text: string): string | undefined {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null) return undefined;
  const [, sign = '', whole = '0', fraction = ''] = match;
  // An identifier with leading zeros is a text: 007 is not 7.
  if (whole.length > 1 && whole.startsWith('0')) return undefined;
  const rest = fraction.replace(/0+$/, '');
  const digits = rest === '' ? whole : `${whole}.${rest}`;
  return digits === '0' ? '0' : `${sign}${digits}`;
}

function canonicalTime(text: string): string | undefined {
  // A time without a zone could mean several instants, so it stays a text.
  if (!/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d(:?\d\d)?)$/.test(text)) return undefined;
  const zoned = text.replace(' ', 'T').replace(/([+-]\d\d)(\d\d)?$/, (_, hours: string, minutes = '00') => {
    return `${hours}:${String(minutes)}`;
  });
  const time = new Date(zoned);
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}
