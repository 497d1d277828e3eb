/** One word of a POSIX shell command: everything but the single quote is literal in single quotes. */
function shellWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** The script that runs the command in the guest with exactly this environment. */
export function commandScript(
  directory: string,
  environment: Readonly<Record<string, string>>,
  command: readonly string[],
): string {
  const words = [
    ...Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    ...command,
  ];
  return `cd ${shellWord(directory)} || exit 127\nexec env -i ${words.map(shellWord).join(' ')}\n`;
}
