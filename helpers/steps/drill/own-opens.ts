import { basename } from 'node:path';
import type { EventLog } from '../../agent/stream/event-log.ts';
import type { FileDecisions } from '../../agent/stream/watched-decisions.ts';
import type { OwnFile } from '../../changes/own-file.ts';
import { fail, inconclusive, type Judgement } from '../../criteria/judgement.ts';
import { judgeWitnesses, merged, type WitnessPart } from '../../soak/witness.ts';
import { counted } from '../../text/counted.ts';
import { NAME_CHARACTERS } from '../../workload/programs.ts';

type Inode = Pick<OwnFile, 'dev' | 'ino'>;

interface Life {
  readonly decisions: readonly FileDecisions[];
  /** Opens of ours that were denied in it: some, or all. */
  denied: number;
  all: boolean;
  /** Of these, so many had time enough for their lines to arrive. */
  told: number;
  /** Of some, so many have no line that says so, and so many of those are no drop that the agent admits. */
  untold: number;
  unexplained: number;
}

/** One open of a file of ours that the agent denied. */
export interface DeniedOpen {
  readonly file: Inode;
  readonly pid: number;
}

/** Actions that lines on opens of ours may have. */
interface Actions {
  /** Of a denied open. */
  readonly denied: readonly string[];
  /** Of an open that goes through in a step of ours. */
  readonly allowed: readonly string[];
}

/** The open under way when a life ends may be decided on and still go through. */
const IN_FLIGHT = 1;
const LINES_WAIT_MS = 5000;
/** How long an event may take from the decision to our end of the pipe. */
const EVENT_WAIT_MS = 10_000;
/** The same once a line is missing that no drop explains: the life has failed, and an agent that tells nothing would cost minutes. */
const SHORT_WAIT_MS = 1000;

const inWords = (lines: number) => (lines === 0 ? 'no event line' : counted(lines, 'event line'));

const linesOf = ({ decisions }: Life) => decisions.reduce((sum, { ownLines }) => sum + ownLines, 0);

/** Every open that a step makes of its files, and the event lines on them in each life of the candidate. */
export class OwnOpens {
  readonly #subject: string;
  readonly #files: readonly Inode[];
  readonly #pids = new Set<number>();
  readonly #lives = new Map<EventLog, Life>();
  /** A command of the agent's is our child as well, and no open of ours. */
  readonly #commandName: string;
  readonly #actions: Actions;

  /** @param subject what the files are, in words. */
  constructor(subject: string, files: readonly Inode[], executable: string, actions: Actions) {
    this.#subject = subject;
    this.#actions = actions;
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

  /** The next opens are looked for line by line: earlier ones may have filled the room for lines that are kept whole. */
  keepAnew(): void {
    for (const { decisions } of this.#lives.values()) for (const one of decisions) one.keepAnew();
  }

  /** Some that a life denied. @param events of that life; one that is not followed is nothing to us. */
  wereDenied(
    opens: number,
    events: EventLog,
    { untold, drops }: { readonly untold: number; readonly drops: number | undefined },
  ): void {
    const life = this.#lives.get(events);
    if (life === undefined) return;
    life.denied += opens;
    life.untold += untold;
    // Where nobody can read the drops, nobody knows whether a line is one of them.
    life.unexplained += Math.max(0, untold - (drops ?? untold));
  }

  /** Waits for a line on each, by its process, that says it was denied. @returns those of which none came. */
  async untold(opens: readonly DeniedOpen[], events: EventLog): Promise<readonly DeniedOpen[]> {
    const life = this.#lives.get(events);
    if (life === undefined) return [];
    const untold = () =>
      opens.filter(
        ({ file, pid }) =>
          !events
            .watch(file)
            .first.some(
              (event) => event.pid === pid && this.#actions.denied.includes(event.action),
            ),
      );
    const waitMs = life.unexplained === 0 ? EVENT_WAIT_MS : SHORT_WAIT_MS;
    await events.until(() => untold().length === 0, waitMs);
    return untold();
  }

  /** All that a life denied. @param told those whose lines it had the time to write. */
  allDenied(denied: number, told: number, events: EventLog): void {
    const life = this.#lives.get(events);
    if (life !== undefined) Object.assign(life, { denied, told, all: true });
  }

  /** Waits until a life has written so many lines on them, or no more are to be expected. */
  async wereTold(opens: number, events: EventLog): Promise<void> {
    const life = this.#lives.get(events);
    if (life !== undefined) await events.until(() => linesOf(life) >= opens, LINES_WAIT_MS);
  }

  /** One more life of the candidate, from its first event on. */
  follow(events: EventLog): void {
    const decisions = this.#files.map((file) => events.watch(file));
    for (const { owners, examination } of decisions) {
      for (const pid of this.#pids) owners.add(pid);
      examination.expect({ otherChildren: [this.#commandName] });
    }
    const none = { denied: 0, told: 0, untold: 0, unexplained: 0 };
    this.#lives.set(events, { decisions, ...none, all: false });
  }

  /** Lines on them by other programs of the host, over all lives. */
  get strangerLines(): number {
    const all = [...this.#lives.values()].flatMap(({ decisions }) => decisions);
    return all.reduce((sum, { lines, ownLines }) => sum + lines - ownLines, 0);
  }

  /**
   * Every line on them tells what we know of ourselves and the action that is demanded. Each life wrote a line on
   * each open that it denied, as far as the open was looked for or it had the time to tell it.
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
    const missing = lives.map((life) => this.#missingOf(life));
    const untold = missing.reduce((sum, lines) => sum + lines, 0);
    const unexplained = lives.reduce((sum, life) => sum + life.unexplained, 0);
    const known = drops === undefined ? unexplained : untold;
    const judged = judgeWitnesses([{ ...witness, missing: known }], drops ?? 0, source);
    if (judged.verdict === 'fail') return judged;
    const wrong = this.#wrongAction(lives, source) ?? this.#tooMany(lives, source);
    if (wrong !== undefined) return wrong;
    const first = missing.findIndex((lines) => lines > 0);
    const short = lives[first];
    if (short === undefined) return judged;
    const lines = short.all ? linesOf(short) : short.denied - short.untold;
    const what = short.all ? '' : ` with action ${this.#actions.denied.join(' or ')}`;
    const text = `in life ${first + 1} of ${lives.length} the agent denied ${counted(short.denied, 'open')} of ${this.#subject} and wrote ${inWords(lines)}${what} on them`;
    const measured = { value: lines, limit: short.denied, unit: 'event lines', source };
    if (unexplained > 0) return fail(`${text}; its drops do not explain ${unexplained}`, measured);
    if (drops !== undefined && drops < untold)
      return fail(`${text}; it counted ${counted(drops, 'drop')}`, measured);
    // A life of which nothing is told shows nothing, however many lines were dropped.
    const isExplained = drops !== undefined && lives.every((life) => !this.#isSilent(life));
    return judged.verdict === 'pass' && !isExplained
      ? inconclusive(`${text}, as far as they arrived`, measured)
      : judged;
  }

  /** It denied opens of ours, and no line came that says so. */
  #isSilent({ decisions, denied, all, untold }: Life): boolean {
    if (!all) return untold > 0;
    const told = this.#actions.denied.some((action) =>
      decisions.some(({ byAction }) => (byAction.get(action) ?? 0) > 0),
    );
    return denied > 0 && (!told || decisions.every(({ ownLines }) => ownLines === 0));
  }

  #missingOf(life: Life): number {
    if (!life.all) return life.untold;
    return this.#isSilent(life) ? life.denied : Math.max(0, life.told - linesOf(life));
  }

  #wrongAction(lives: readonly Life[], source: string): Judgement | undefined {
    const right = [...this.#actions.denied, ...this.#actions.allowed];
    const actions = lives.flatMap(({ decisions }) => decisions.flatMap((one) => [...one.byAction]));
    const [wrong] = actions.filter(([action]) => !right.includes(action));
    if (wrong === undefined) return undefined;
    const [action, lines] = wrong;
    const limit = right.join(' or ');
    return fail(`${lines} event lines on ${this.#subject} say ${action}, expected ${limit}`, {
      ...{ value: action, limit, unit: 'action', source },
    });
  }

  #tooMany(lives: readonly Life[], source: string): Judgement | undefined {
    const at = lives.findIndex((life) => life.all && linesOf(life) > life.denied + IN_FLIGHT);
    const life = lives[at];
    if (life === undefined) return undefined;
    const lines = linesOf(life);
    return fail(
      `in life ${at + 1} of ${lives.length} the agent denied ${counted(life.denied, 'open')} of ${this.#subject} and wrote ${counted(lines, 'event line')} on them: ${lines - life.denied} too many`,
      { value: lines, limit: life.denied, unit: 'event lines', source },
    );
  }
}
