/** So long must the first line rest before the title is stored: nobody lists half a word. */
export const TITLE_DELAY_MS = 1_500;

export type KeptTitlePorts = {
  /** The title as the server has it. */
  readonly stored: string;
  /** Stores a title; may reject. */
  save(title: string): Promise<void>;
  /** Calls `run` once after `delayMs`; the result cancels. */
  after(delayMs: number, run: () => void): () => void;
};

/**
 * Keeps the title in the list of documents in step with the first line. Only a tab that writes stores it; otherwise
 * each of a hundred readers would send the same title.
 */
export class KeptTitle {
  private readonly ports: KeptTitlePorts;
  private stored: string;
  private waiting: { readonly title: string; cancel(): void } | null = null;

  constructor(ports: KeptTitlePorts) {
    this.ports = ports;
    this.stored = ports.stored;
  }

  /** The document changed, by this tab (`isOwn`) or by another one, and its first line is `title`. */
  changed(title: string, isOwn: boolean): void {
    if (title === (this.waiting?.title ?? this.stored)) return;
    // What this tab meant to store is out of date; the tab that wrote the new one stores it.
    this.stop();
    if (!isOwn || title === this.stored) return;
    const cancel = this.ports.after(TITLE_DELAY_MS, () => {
      this.waiting = null;
      void this.store(title);
    });
    this.waiting = { title, cancel };
  }

  stop(): void {
    this.waiting?.cancel();
    this.waiting = null;
  }

  private async store(title: string): Promise<void> {
    const before = this.stored;
    this.stored = title;
    try {
      await this.ports.save(title);
    } catch {
      // The title is no part of the document: the next edit tries again.
      if (this.stored === title) this.stored = before;
    }
  }
}
