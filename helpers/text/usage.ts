/** Prints how a command is used and ends, when its arguments ask for that; nothing else is done then. */
export function helpIfAsked(usage: string): void {
  const options = process.argv.slice(2);
  const end = options.indexOf('--');
  const own = end < 0 ? options : options.slice(0, end);
  if (!own.some((option) => option === '--help' || option === '-h')) return;
  process.stdout.write(`${usage}\n`);
  process.exit(0);
}
