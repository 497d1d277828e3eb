import { capped, oneLine } from './clean-text.ts';

/** What a table cell or a list item may hold of a text that is not ours. */
const MAX_CHARACTERS = 300;

/**
 * Text of anybody (agent, host, reviewer) as a code span: nothing in it becomes a link, an image, a
 * mention, HTML, a heading or another table cell, in GitHub's, GitLab's or any other Markdown.
 */
export function codeSpan(text: string, most = MAX_CHARACTERS): string {
  const clean = capped(oneLine(text.slice(0, most * 4)), most);
  if (clean === '') return '—';
  const longest = Math.max(0, ...[...clean.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  // A span that begins or ends with a backtick is held off its fence by a space (CommonMark 0.31, 6.1).
  const pad = clean.startsWith('`') || clean.endsWith('`') ? ' ' : '';
  // Even in a code span, a table cell ends at a bar that is not escaped (GFM 0.29, 4.10).
  return `${fence}${pad}${clean.replaceAll('|', '\\|')}${pad}${fence}`;
}

/** A table with its header; cells are Markdown already. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)];
}

/** A heading with what stands below it; nothing at all when nothing does. */
export function chapter(heading: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `## ${heading}`, '', ...lines];
}

/** The first lines of many, and of the others how many there are and where they stand. */
export function upTo(most: number, lines: readonly string[], where: string): string[] {
  const more = lines.length - most;
  return [...lines.slice(0, most), ...(more > 0 ? [`- and ${more} more, in ${where}`] : [])];
}
