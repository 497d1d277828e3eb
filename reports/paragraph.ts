import { oneLine } from './clean-text.ts';

/** Words that are longer than a line are broken: a hash or a path must not widen the screen. */
function pieces(word: string, width: number): string[] {
  const characters = [...word];
  return Array.from({ length: Math.ceil(characters.length / width) }, (_, index) =>
    characters.slice(index * width, (index + 1) * width).join(''),
  );
}

/**
 * Text of anybody, made one paragraph of at most `most` lines that fit `width` columns; a `…` ends
 * what was left out.
 */
export function paragraph(text: string, width: number, most = Number.POSITIVE_INFINITY): string[] {
  // Cut before cleaning: an agent's line may have megabytes, and a screen holds hundreds.
  const raw = text.slice(0, width * Math.min(most, 100) * 2);
  const lines: string[] = [];
  let line = '';
  for (const word of oneLine(raw)
    .split(' ')
    .flatMap((long) => pieces(long, width))) {
    const longer = line === '' ? word : `${line} ${word}`;
    if ([...longer].length <= width) line = longer;
    else {
      lines.push(line);
      line = word;
    }
  }
  if (line !== '') lines.push(line);
  if (lines.length <= most && raw.length === text.length) return lines;
  const kept = lines.slice(0, most);
  const last = [...(kept.pop() ?? '')].slice(0, width - 1).join('');
  return [...kept, `${last}…`];
}
