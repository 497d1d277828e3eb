import { basename } from 'node:path';
import type { EventLog } from '../../agent/stream/event-log.ts';
import type { FileDecisions } from '../../agent/stream/watched-decisions.ts';
import type { OwnFile } from '../../changes/own-file.ts';
import type { Judgement } from '../../criteria/judgement.ts';
import { judgeWitnesses, merged, type WitnessPart } from '../../soak/witness.ts';
import { NAME_CHARACTERS } from '../../workload/programs.ts';

interface Life {
  readonly events: EventLog;
  readonly decisions: readonly FileDecisions[];
}

/** Every open that a step makes of its files, and the event lines on them in each life of the candidate. */
export class OwnOpens {
  readonly #subject: string;
  readonly #files: readonly OwnFile[];
  readonly #pids = new Set<number>();
  readonly #lives: Life[] = [];
  /** A command of the agent's is our child as well, and no open of ours. */
  readonly #commandName: string;
  #denied = 0;

  /** @param subject what the files are, in words. */
  constructor(subject: string, files: readonly OwnFile[], executable: string) {
    this.#subject = subject;
    this.#files = files;
    this.#commandName = basename(executable).slice(0, NAME_CHARACTERS);
  }

  /** A process of ours that opens them, entered before its first event can arrive. */
  readonly started = (pid: number | undefined): void => {
    if (pid === undefined) return;
    this.#pids.add(pid);
    for (const { decisions } of this.#lives) for (const { owners } of decisions) owners.add(pid);
  };

  wereDenied(opens: number): void {
    this.#denied += opens;
  }

  /** One more life of the candidate, from its first event on. */
  follow(events: EventLog): void {
    const decisions = this.#files.map((file) => events.watch(file));
    for (const { owners, examination } of decisions) {
      for (const pid of this.#pids) owners.add(pid);
      examination.expect({ otherChildren: [this.#commandName] });
    }
    this.#lives.push({ events, decisions });
  }

  /** Every line on them tells what we know of ourselves. @param source the files that hold the lines. */
  judge(source: string): Judgement {
    const parts = this.#lives.flatMap(({ events, decisions }): WitnessPart[] => [
      ...decisions.map(({ examination }) => ({ examination, misnamed: [] })),
      { misnamed: events.misnamedBy([...this.#pids, process.pid]) },
    ]);
    const named = this.#files.map(({ dev, ino }) => `${dev}:${ino}`).join(' or ');
    const witness = merged({ subject: this.#subject, named: `dev:ino ${named}` }, parts);
    const none = witness.examined + witness.unknown === 0;
    return judgeWitnesses([{ ...witness, missing: none ? this.#denied : 0 }], 0, source);
  }
}
