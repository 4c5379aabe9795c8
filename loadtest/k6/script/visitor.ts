import { setTimeout } from 'k6/timers';
import type * as Y from 'yjs';
import { joinsAtMs, type LoadPlan, type SessionSeed, upgradeHeaders } from '../load-plan.ts';
import { stepOf } from '../steps.ts';
import { CursorLedger } from './cursor-ledger.ts';
import { EditLedger } from './edit-ledger.ts';
import * as measures from './measures.ts';
import { signIn } from './sign-in.ts';
import { isSameState } from './stored-document.ts';
import { YjsSession } from './yjs-session.ts';

/** One session from its joining to its end, and everything that is measured of it. */
export class Visitor {
  readonly seed: SessionSeed;
  readonly #plan: LoadPlan;
  readonly #index: number;
  /** When the scenario started, the same for all; ms since 1970. */
  readonly #startMs: number;
  readonly #session: YjsSession;
  readonly #edits: EditLedger;
  readonly #cursor: CursorLedger;
  /** Since when it wants to be synced and is not; ms since 1970. */
  #awaySinceMs = 0;
  #wasSynced = false;
  #wasHeld = true;

  constructor(plan: LoadPlan, seed: SessionSeed, index: number, startMs: number) {
    this.seed = seed;
    this.#plan = plan;
    this.#index = index;
    this.#startMs = startMs;
    const clientId = plan.run * 0x10000 + index;
    this.#session = new YjsSession({
      url: `${plan.url.replace(/^http/, 'ws')}/ws/yjs/${seed.docId}`,
      headers: upgradeHeaders(seed.credential),
      clientId,
      onSynced: () => this.#synced(),
      onEnded: (code, wasSynced) => this.#ended(code, wasSynced),
      onLag: (ms) => measures.generatorLag.add(ms),
    });
    this.#edits = new EditLedger(this.#session, `${clientId}`, () => `${this.#step()}`);
    this.#cursor = new CursorLedger(this.#session);
  }

  /** Joins when its turn comes, and does until the end of the run what the plan says. */
  live(): void {
    const waitMs = this.#startMs + joinsAtMs(this.#plan, this.#index) - Date.now();
    setTimeout(() => void this.#join(), Math.max(0, waitMs));
  }

  /** Whether it has what the server has of the document, and sees where `roommates` are. */
  agrees(stored: Y.Doc, roommates: readonly Visitor[]): boolean {
    return this.#session.isSynced && isSameState(this.#session.doc, stored) && this.#unseen(roommates) === 0;
  }

  /** Writes down how it was, against the document that the server has now; null where there is none. Ends nothing. */
  conclude(stored: Y.Doc | null, roommates: readonly Visitor[]): void {
    const isSame = stored !== null && this.#wasSynced && isSameState(this.#session.doc, stored);
    measures.sessionsConverged.add(isSame);
    measures.sessionsHeld.add(this.#wasSynced && this.#wasHeld && this.#session.isSynced);
    measures.presenceMissing.add(this.#unseen(roommates));
    if (stored === null || !this.#wasSynced) return;
    const { expected, received, lost } = this.#edits.account(stored);
    measures.deliveriesExpected.add(expected);
    measures.deliveriesReceived.add(received);
    measures.deliveriesMissing.add(Math.max(0, expected - received));
    measures.editsLost.add(Math.max(0, lost));
  }

  end(): void {
    this.#session.end();
  }

  async #join(): Promise<void> {
    if (this.seed.signIn) await signIn(this.#plan.url, this.seed.signIn);
    this.#awaySinceMs = Date.now();
    this.#session.connect();
  }

  #synced(): void {
    const tookMs = Date.now() - this.#awaySinceMs;
    if (this.#wasSynced) {
      measures.reconnectTime.add(tookMs);
      return;
    }
    this.#wasSynced = true;
    measures.timeToSync.add(tookMs);
    this.#edits.joined();
    this.#keepDoing(this.#plan.editEveryMs, () => this.#edits.edit());
    this.#keepDoing(this.#plan.moveEveryMs, () => this.#cursor.move());
  }

  #ended(code: number, wasSynced: boolean): void {
    measures.connectionsEnded.add(1, { code: `${code}` });
    if (!wasSynced) return;
    this.#wasHeld = false;
    this.#awaySinceMs = Date.now();
  }

  /** Half as often to one and a half times as often as told, so that sessions do not keep step. */
  #keepDoing(everyMs: number | null, act: () => void): void {
    if (everyMs === null) return;
    const untilMs = this.#startMs + this.#plan.joinMs + this.#plan.runMs;
    const after = (waitMs: number) => {
      if (Date.now() + waitMs >= untilMs) return;
      setTimeout(() => {
        act();
        after(everyMs * (0.5 + Math.random()));
      }, waitMs);
    };
    after(everyMs * Math.random());
  }

  #step(): number {
    return stepOf((Date.now() - this.#startMs) / (this.#plan.joinMs + this.#plan.runMs));
  }

  #unseen(roommates: readonly Visitor[]): number {
    if (this.#plan.moveEveryMs === null) return 0;
    return this.#cursor.missing(roommates.map((other) => other.#cursor));
  }
}
