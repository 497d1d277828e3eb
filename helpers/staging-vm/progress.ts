/** Progress lines on standard error, each with the seconds since the tool started. */
export class Progress {
  readonly #start = performance.now();

  get seconds(): number {
    return (performance.now() - this.#start) / 1000;
  }

  say(words: string): void {
    process.stderr.write(`staging-vm [${this.seconds.toFixed(1).padStart(6)} s] ${words}\n`);
  }
}
