/**
 * Colours of the charts: contrast of text at least 4.5:1 on both grounds (WCAG 2.2, 1.4.3). The dark
 * ones take their place where the reader's system asks for it.
 */
const COLOURS = {
  ground: ['#ffffff', '#0d1117'],
  text: ['#1f2328', '#f0f6fc'],
  muted: ['#59636e', '#9198a1'],
  grid: ['#d1d9e0', '#30363d'],
  line: ['#0969da', '#4493f8'],
  limit: ['#cf222e', '#f85149'],
  baseline: ['#1a7f37', '#3fb950'],
  audit: ['#eef6ff', '#111d2e'],
  enforce: ['#f6f0ff', '#1d1530'],
} as const;

/** The light colours, by what they mark. */
export const colour = Object.fromEntries(
  Object.entries(COLOURS).map(([name, [light]]) => [name, light]),
) as Record<keyof typeof COLOURS, string>;

/**
 * Rules of CSS that a drawing carries in itself. An `<img>` gives it the reader's colour scheme and
 * nothing else of the page, and the ground is part of the drawing, so it is readable on any page.
 */
export function darkRules(): string {
  const rules = Object.values(COLOURS).flatMap(([light, dark]) => [
    `[fill="${light}"]{fill:${dark}}`,
    `[stroke="${light}"]{stroke:${dark}}`,
  ]);
  return `<style>@media (prefers-color-scheme:dark){${rules.join('')}}</style>`;
}
