/** Time that moves only when the test says so. */
export class ManualTime {
  now = 0;
  private readonly waiting = new Set<{ at: number; run: () => void }>();

  readonly after = (delayMs: number, run: () => void) => {
    const entry = { at: this.now + delayMs, run };
    this.waiting.add(entry);
    return () => {
      this.waiting.delete(entry);
    };
  };

  advance(ms: number): void {
    this.now += ms;
    for (const entry of [...this.waiting].filter(({ at }) => at <= this.now)) {
      this.waiting.delete(entry);
      entry.run();
    }
  }
}
