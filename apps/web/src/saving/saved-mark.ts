/**
 * Whether what was written in this tab is durable, told by the barrier (WIRE5) and by nothing else.
 *
 * - `opening`: the server has not been heard yet, and nothing was written here.
 * - `saving`: something is on its way. `slow`: it has been for {@link SLOW_MS}.
 * - `saved`: the server confirmed everything.
 * - `kept`: there is no connection, and something here is not confirmed; it travels with the next connection.
 * - `refused`: the server refused to store something. It never becomes `saved` again in this tab: the server confirms
 *   nothing on that socket, and on a later one the refused text would be left out without a word.
 */
export type SavedState = 'opening' | 'saving' | 'slow' | 'saved' | 'kept' | 'refused';

/** `saved` is shown only after this much calm, so that the mark does not flicker at every key. Later is never a lie. */
export const SETTLE_MS = 350;
/** An append takes a few ms; after this long people want to know that something is odd. */
export const SLOW_MS = 5_000;

export type SavedMarkPorts = {
  /** Sends a barrier on the socket that was last reported open. A barrier that cannot be sent is simply not echoed. */
  sendBarrier(counter: number): void;
  /** The state shown to people has changed. */
  changed(state: SavedState): void;
  /** Calls `run` once after `delayMs`; the result cancels. */
  after(delayMs: number, run: () => void): () => void;
};

/**
 * The order of events on one socket decides what a barrier covers. When the socket opens, edits of an earlier time are
 * not on it: they travel in the answer (SyncStep2) to the server's SyncStep1. From that answer on, each edit is sent
 * as it happens. So no barrier is sent before the answer, and one that is sent later covers every edit until then.
 * Edits between opening and answer are sent twice; the barrier waits for the second time.
 */
export class SavedMark {
  private readonly ports: SavedMarkPorts;
  private socket: 'closed' | 'open' | 'answered' = 'closed';
  /** Grows with everything that has to be confirmed. */
  private revision = 0;
  private confirmed = 0;
  /** The revision of the latest edit made here, as against content that is only being confirmed again. */
  private lastEdit = 0;
  private counter = 0;
  private outstanding: { readonly counter: number; readonly revision: number } | null = null;
  private wasRefused = false;
  private wasAnswered = false;
  private isSlow = false;
  private shown: SavedState = 'opening';
  private cancelSettle: (() => void) | null = null;
  private cancelSlow: (() => void) | null = null;

  constructor(ports: SavedMarkPorts) {
    this.ports = ports;
  }

  /** What people see now. */
  get state(): SavedState {
    return this.shown;
  }

  /** Whether closing the tab now would lose something. */
  get holdsUnsaved(): boolean {
    return this.wasRefused || this.revision > this.confirmed;
  }

  /** A local edit; when a socket is open, call this after the edit was sent on it. */
  edited(): void {
    this.revision += 1;
    this.lastEdit = this.revision;
    this.proceed();
  }

  /** A socket opened; nothing was sent on it yet. It replaces the one before. */
  opened(): void {
    this.socket = 'open';
    this.outstanding = null;
    this.proceed();
  }

  /**
   * The answer to the server's SyncStep1 was sent on the open socket. `holdsContent` says whether this tab had anything
   * to answer with. If so, it counts as unconfirmed even though it was confirmed before: a server that asks again may
   * have lost its log (LOG3), and what it needs is in this answer.
   */
  answered(holdsContent: boolean): void {
    if (this.socket === 'closed') return;
    this.socket = 'answered';
    this.wasAnswered = true;
    if (holdsContent) this.revision += 1;
    this.proceed();
  }

  /** An echo arrived on the open socket. Echoes of barriers that are no longer waited for change nothing. */
  echoed(counter: number): void {
    if (this.outstanding?.counter !== counter) return;
    this.confirmed = this.outstanding.revision;
    this.outstanding = null;
    this.isSlow = false;
    this.stopSlow();
    this.proceed();
  }

  /** The socket is gone; so are the echoes that were still to come. */
  closed(): void {
    this.socket = 'closed';
    this.outstanding = null;
    this.proceed();
  }

  /** The server denied a write. Without an unconfirmed edit it was not an edit of this tab that was refused. */
  refused(): void {
    if (this.lastEdit > this.confirmed) this.wasRefused = true;
    this.proceed();
  }

  private proceed(): void {
    if (this.socket === 'answered' && this.outstanding === null && this.holdsUnsaved && !this.wasRefused) {
      this.counter += 1;
      this.outstanding = { counter: this.counter, revision: this.revision };
      this.ports.sendBarrier(this.counter);
    }
    const state = this.current();
    if (state !== 'saving' && state !== 'slow') this.stopSlow();
    else this.cancelSlow ??= this.ports.after(SLOW_MS, () => this.becomeSlow());
    if (state === 'saved' && this.shown !== 'saved') {
      this.cancelSettle ??= this.ports.after(SETTLE_MS, () => this.show('saved'));
    } else this.show(state);
  }

  private current(): SavedState {
    if (this.wasRefused) return 'refused';
    if (this.revision > this.confirmed) {
      if (this.socket === 'closed') return 'kept';
      return this.isSlow ? 'slow' : 'saving';
    }
    return this.wasAnswered ? 'saved' : 'opening';
  }

  private becomeSlow(): void {
    this.isSlow = true;
    this.proceed();
  }

  private stopSlow(): void {
    this.isSlow = false;
    this.cancelSlow?.();
    this.cancelSlow = null;
  }

  private show(state: SavedState): void {
    this.cancelSettle?.();
    this.cancelSettle = null;
    if (state === this.shown) return;
    this.shown = state;
    this.ports.changed(state);
  }
}
