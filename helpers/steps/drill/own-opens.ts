import { basename } from 'node:path';
import type { EventLog } from '../../agent/stream/event-log.ts';
import type { FileDecisions } from '../../agent/stream/watched-decisions.ts';
import type { OwnFile } from '../../changes/own-file.ts';
import { fail, inconclusive, type Judgement } from '../../criteria/judgement.ts';
import { judgeWitnesses, merged, type WitnessPart } from '../../soak/witness.ts';
import { NAME_CHARACTERS } from '../../workload/programs.ts';

type Inode = Pick<OwnFile, 'dev' | 'ino'>;

interface Life {
  readonly decisions: readonly FileDecisions[];
  /** Opens of ours that were denied in it. */
  denied: number;
}

/** It denied opens of ours, and no line on them came. */
const isSilent = ({ decisions, denied }: Life) =>
  denied > 0 &&
  decisions.every(({ examination: { examined, unknown } }) => examined + unknown === 0);

/** Every open that a step makes of its files, and the event lines on them in each life of the candidate. */
export class OwnOpens {
  readonly #subject: string;
  readonly #files: readonly Inode[];
  readonly #pids = new Set<number>();
  readonly #lives = new Map<EventLog, Life>();
  /** A command of the agent's is our child as well, and no open of ours. */
  readonly #commandName: string;

  /** @param subject what the files are, in words. */
  constructor(subject: string, files: readonly Inode[], executable: string) {
    this.#subject = subject;
    this.#files = files;
    this.#commandName = basename(executable).slice(0, NAME_CHARACTERS);
  }

  /** A process of ours that opens them, entered before its first event can arrive. */
  readonly started = (pid: number | undefined): void => {
    if (pid === undefined) return;
    this.#pids.add(pid);
    for (const { decisions } of this.#lives.values())
      for (const { owners } of decisions) owners.add(pid);
  };

  /** @param events of the life that denied them; one that is not followed is nothing to us. */
  wereDenied(opens: number, events: EventLog): void {
    const life = this.#lives.get(events);
    if (life !== undefined) life.denied += opens;
  }

  /** One more life of the candidate, from its first event on. */
  follow(events: EventLog): void {
    const decisions = this.#files.map((file) => events.watch(file));
    for (const { owners, examination } of decisions) {
      for (const pid of this.#pids) owners.add(pid);
      examination.expect({ otherChildren: [this.#commandName] });
    }
    this.#lives.set(events, { decisions, denied: 0 });
  }

  /**
   * Every line on them tells what we know of ourselves, and each life that denied opens wrote lines on them.
   * @param source the files that hold the lines.
   * @param drops that the candidate admits over all its lives; undefined where nobody counted them.
   */
  judge(source: string, drops?: number): Judgement {
    const parts = [...this.#lives].flatMap(([events, { decisions }]): WitnessPart[] => [
      ...decisions.map(({ examination }) => ({ examination, misnamed: [] })),
      { misnamed: events.misnamedBy([...this.#pids, process.pid]) },
    ]);
    const named = this.#files.map(({ dev, ino }) => `${dev}:${ino}`).join(' or ');
    const witness = merged({ subject: this.#subject, named: `dev:ino ${named}` }, parts);
    const lives = [...this.#lives.values()];
    const silent = lives.findIndex(isSilent);
    const untold = lives.filter(isSilent).reduce((sum, { denied }) => sum + denied, 0);
    const none = witness.examined + witness.unknown === 0;
    const missing = none || drops !== undefined ? untold : 0;
    const judged = judgeWitnesses([{ ...witness, missing }], drops ?? 0, source);
    if (judged.verdict === 'fail' || silent === -1) return judged;
    const text = `in life ${silent + 1} of ${lives.length} the agent denied ${lives[silent]?.denied} opens of ${this.#subject} and wrote no event line on them`;
    const measured = { value: 0, unit: 'event lines', source };
    if (drops !== undefined && drops < untold)
      return fail(`${text}; it counted ${drops} drops`, measured);
    return judged.verdict === 'pass'
      ? inconclusive(`${text}, as far as they arrived`, measured)
      : judged;
  }
}
