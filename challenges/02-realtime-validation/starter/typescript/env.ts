/** What the program is told from outside; what must be there and isn't is an error at once. */
export function env(name: string, otherwise?: string): string {
  const value = process.env[name] ?? otherwise;
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}
