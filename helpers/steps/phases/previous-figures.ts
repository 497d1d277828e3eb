import { type Compared, compared, isSurelyAbove } from '../../cost/judge.ts';
import {
  OWN_FIGURE_NAMES,
  OWN_FIGURES,
  OWN_LIMIT,
  type OwnFigure,
} from '../../cost/own-figures.ts';
import { COMMAND_LIMIT, PIECE_NAMES, PIECES } from '../../cost/pieces.ts';
import { figuresOf, type Measured, type Ratios, ratiosOf } from '../../cost/ratios.ts';
import type { AgainstPrevious } from '../../cost/result.ts';
import { SOAK_FIGURE_NAMES, SOAK_FIGURES, type SoakFigure } from '../../cost/soak-figures.ts';
import type { Block, LostBlock } from './cost-blocks.ts';
import { FIGURES, figuresIn } from './cost-phase.ts';

/** One figure of both versions, block by block. */
interface Figure {
  readonly metric: string;
  readonly name: string;
  readonly decides: boolean;
  readonly byDefault: number;
  /** As it was measured; not a number where a block has none. */
  readonly of: (block: Block) => number;
  /** Less is counted as this in the ratio. */
  readonly floor: number;
  readonly ratios: (blocks: readonly Measured[]) => Ratios;
}

const pieces = PIECE_NAMES.flatMap((metric) =>
  FIGURES.map(
    ({ name, of, decides }): Figure => ({
      ...{ metric, name, decides, byDefault: PIECES[metric].limit, floor: 0, ratios: ratiosOf },
      of: ({ times }) => times[metric][of],
    }),
  ),
);
const command: Figure = {
  ...{ metric: 'command', name: 'wall time, ms', decides: true, byDefault: COMMAND_LIMIT },
  ...{ of: ({ commandMs = Number.NaN }) => commandMs, floor: 0, ratios: ratiosOf },
};
/** Says beside the figure why its ratio can be 1 where the two values differ. */
const named = ({ words, unit, floor }: OwnFigure | SoakFigure) =>
  `${words}, ${unit}${floor > 1 ? `, compared from ${floor.toLocaleString('en')} on` : ''}`;

const own = OWN_FIGURE_NAMES.map((metric): Figure => {
  const { floor } = OWN_FIGURES[metric];
  return {
    ...{ metric, name: named(OWN_FIGURES[metric]), decides: true, byDefault: OWN_LIMIT, floor },
    ...{ of: (block) => block.own?.[metric] ?? Number.NaN, ratios: figuresOf },
  };
});
const soaks = SOAK_FIGURE_NAMES.map((name): Figure => {
  const { metric, floor } = SOAK_FIGURES[name];
  return {
    ...{ metric, name: named(SOAK_FIGURES[name]), decides: true, byDefault: OWN_LIMIT, floor },
    ...{ of: ({ soak }) => soak?.[name] ?? Number.NaN, ratios: figuresOf },
  };
});

const middleOf = (values: readonly number[]): number | undefined =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)];

/** A figure, and its line in the reports; one that a version lacks is not compared. */
interface ComparedFigure {
  readonly compared?: Compared;
  readonly line: AgainstPrevious;
}

/** Which version has it in none of its blocks, in words; undefined where both have it. */
function lacking(measured: readonly Measured[]): string | undefined {
  const words = { enforce: 'the candidate', previous: 'the previous version' };
  const without = (['enforce', 'previous'] as const).filter((which) =>
    measured.every(({ configuration, value }) => configuration !== which || Number.isNaN(value)),
  );
  return without.length === 0
    ? undefined
    : `it could not be read of ${without.map((which) => words[which]).join(' and ')}`;
}

function verdictOf(one: Compared, all: readonly Compared[]): AgainstPrevious['verdict'] {
  const { piece, verdict, high, limit } = one.judged;
  if (verdict === 'within') return high < 1 / limit ? 'better' : 'same';
  const ofPiece = all.filter(({ judged }) => judged.piece === piece);
  return isSurelyAbove(one, ofPiece) ? 'worse' : 'too noisy to tell';
}

/** All figures that the blocks have of both versions: each compared, and as a line for the reports. */
export function comparedFigures(
  blocks: readonly (Block | LostBlock)[],
  limitOf: (byDefault: number) => number,
  hasCommand: boolean,
): readonly ComparedFigure[] {
  const figures = [...pieces, ...(hasCommand ? [command] : []), ...own, ...soaks].map(
    ({ metric, name, of, floor, ratios, byDefault, decides }) => {
      const measured = figuresIn(blocks, of);
      const counted = measured.map((one) => ({ ...one, value: Math.max(floor, one.value) }));
      const what = { piece: metric, mode: 'enforce', figure: name } as const;
      const limit = limitOf(byDefault);
      return { measured, one: compared(what, ratios(counted), limit, decides, 'previous') };
    },
  );
  const all = figures.map(({ one }) => one);
  return figures.map(({ measured, one }): ComparedFigure => {
    const middle = (which: Measured['configuration']) =>
      middleOf(measured.flatMap((block) => (block.configuration === which ? [block.value] : [])));
    const { piece: metric, figure, ratio, low, high, limit } = one.judged;
    const both = { candidate: middle('enforce'), previous: middle('previous') };
    const lacks = lacking(measured);
    if (lacks !== undefined)
      return { line: { metric, figure, limit, verdict: 'no data', detail: lacks } };
    const verdict = verdictOf(one, all);
    return { compared: one, line: { metric, figure, ratio, low, high, limit, verdict, ...both } };
  });
}

/** The same lines where nothing could be compared. */
export const noData = (detail: string): readonly AgainstPrevious[] =>
  [...pieces, ...own, ...soaks].map(({ metric, name: figure }) => ({
    ...{ metric, figure, verdict: 'no data', detail },
  }));
