import { decodeFrame } from '@kryton/engine/protocol/frames.ts';
import { decodePresence } from '@kryton/engine/protocol/presence-codec.ts';
import { checkUpdate } from '@kryton/engine/protocol/update-guard.ts';
import { FrameMemory } from './frame-memory.ts';
import { Latencies } from './latencies.ts';

/** An edit of one character or a move, and which receivers have it. */
type Action = {
  readonly kind: 'edit' | 'move';
  readonly sentAt: number;
  readonly sender: number;
  /** A byte for each receiver. */
  readonly seen: Uint8Array;
};

/** What is counted while the servers' CPU is measured. */
export type Window = {
  isOpen: boolean;
  sent: number;
  delivered: number;
  /** Frames that brought something new to their receiver: one for each socket and batch. */
  frames: number;
  readonly latencies: Latencies;
};

/** Counts from zero, as soon as it is opened. */
export function closedWindow(): Window {
  return { isOpen: false, sent: 0, delivered: 0, frames: 0, latencies: new Latencies() };
}

/** Message types of y-websocket end here; Hocuspocus has others beyond. */
const LAST_TYPE = 3;
const NOTHING: readonly Action[] = [];

/**
 * Who sent what in one document and who has received it. Frames are decoded once, however many sockets bring them.
 * Sender and receivers are the clients of the document, counted from 0; a delivery to the sender (its receipt) counts
 * as delivered, but is never called missing.
 */
export class Ledger {
  readonly #receivers: number;
  readonly #window: Window;
  readonly #edits = new Map<number, Action[]>();
  readonly #moves = new Map<number, Action[]>();
  readonly #memory = new FrameMemory((frame) => this.#read(frame));

  constructor(receivers: number, window: Window) {
    this.#receivers = receivers;
    this.#window = window;
  }

  /** Client `clientId` sends its next edit of one character; its clock is the number of edits before. */
  sendingEdit(sender: number, clientId: number): void {
    this.#sending('edit', this.#edits, sender, clientId);
  }

  /** Client `clientId` sends its next move; the clock of its presence is 1 with the first. */
  sendingMove(sender: number, clientId: number): void {
    this.#sending('move', this.#moves, sender, clientId);
  }

  /** A frame as `receiver` got it. Frames that tell of no action are passed over. */
  received(receiver: number, frame: Buffer): void {
    const actions = this.#memory.contentOf(frame);
    if (actions.length === 0) return;
    const { latencies, isOpen } = this.#window;
    const now = performance.now();
    let isNews = false;
    for (const action of actions) {
      if (action.seen[receiver] !== 0) continue;
      action.seen[receiver] = 1;
      isNews = true;
      if (!isOpen) continue;
      this.#window.delivered++;
      latencies.add(now - action.sentAt);
    }
    if (isNews && isOpen) this.#window.frames++;
  }

  /** Deliveries still owed: every edit to everybody; of moves the last of each client, older ones may be replaced. */
  get missing(): number {
    const edits = [...this.#edits.values()].flat();
    const lastMoves = [...this.#moves.values()].flatMap((moves) => moves.slice(-1));
    return [...edits, ...lastMoves].reduce((sum, action) => sum + this.#owed(action), 0);
  }

  /** The state vector that everybody must reach. */
  get stateVector(): Map<number, number> {
    return new Map([...this.#edits].map(([clientId, edits]) => [clientId, edits.length]));
  }

  #sending(kind: Action['kind'], actions: Map<number, Action[]>, sender: number, clientId: number): void {
    const action = { kind, sentAt: performance.now(), sender, seen: new Uint8Array(this.#receivers) };
    const known = actions.get(clientId);
    if (known) known.push(action);
    else actions.set(clientId, [action]);
    if (this.#window.isOpen) this.#window.sent++;
  }

  #owed({ seen, sender }: Action): number {
    let owed = 0;
    for (const [receiver, has] of seen.entries()) if (has === 0 && receiver !== sender) owed++;
    return owed;
  }

  #read(bytes: Buffer): readonly Action[] {
    if ((bytes[0] ?? 0) > LAST_TYPE) return NOTHING;
    const frame = decodeFrame(bytes);
    switch (frame.kind) {
      case 'update':
      case 'sync-step-2':
        return checkUpdate(frame.update).runs.flatMap(({ client, clock, length }) => {
          return this.#edits.get(client)?.slice(clock, clock + length) ?? [];
        });
      case 'presence':
        return decodePresence(frame.update).flatMap(({ clientId, clock }) => {
          return this.#moves.get(clientId)?.[clock - 1] ?? [];
        });
      default:
        return NOTHING;
    }
  }
}
