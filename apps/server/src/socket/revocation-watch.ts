import { pause, type Timers } from '@kryton/engine/lifecycle/timers.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import type { Access, Revocation, Verdict } from '../access/access.ts';
import type { AuditLog } from '../access/audit-log.ts';
import type { KickFeed } from '../access/kick.ts';
import { Kicked } from '../access/kicked.ts';
import { hasExpired } from '../access/standing.ts';
import type { RoomLogger } from '../room/room-ports.ts';
import type { Connections } from './connections.ts';
import type { LiveSocket } from './live-socket.ts';

/** ACC2: within 60 s also when the kick is lost; so twice in that time, should one review fail. */
export const REVIEW_EVERY_MS = 30_000;
/**
 * A kick is remembered for this long at least, for those whose role was looked up before it and who connect after it.
 * More than the looking up may take.
 */
const REMEMBERED_MS = 30_000;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 10_000;
/** Closing a socket takes some 20 us: others have their turn in between. */
const CLOSED_IN_A_ROW = 100;

export type RevocationWatchParts = {
  readonly connections: Connections;
  readonly access: Access;
  readonly kicks: KickFeed;
  readonly audit: AuditLog;
  readonly metrics: RevocationMetrics;
  readonly logger: RoomLogger;
  readonly timers: Timers;
  /** ms since 1970. */
  readonly now: () => number;
  /** 0 up to, not including, 1. */
  readonly random: () => number;
  /** {@link REVIEW_EVERY_MS} unless told. */
  readonly everyMs?: number;
  /** A document that is open here was deleted. */
  readonly onDeleted: (docId: DocId) => void;
};

export type RevocationMetrics = {
  kicked(reason: Revocation): void;
  reviewed(result: 'done' | 'failed'): void;
};

/**
 * ACC2: looks up again what the connections of this node may do, and ends or changes those whose right has. A kick
 * names whom to look up; every half minute it is everybody. Each time it is one query, and one at a time: what is
 * asked meanwhile goes into the next.
 */
export class RevocationWatch {
  readonly #parts: RevocationWatchParts;
  /** Whom to look up next. */
  #wanted = new Kicked();
  /** Connections that came when they may have been kicked already. */
  #latecomers = new Set<LiveSocket>();
  /** What was kicked lately, and in the time before that. */
  #recent = new Kicked();
  #earlier = new Kicked();
  #isReviewing = false;
  #isFailing = false;
  #isStopped = false;
  #cancels: (() => void)[] = [];
  #unlisten: () => Promise<void> = async () => {};

  constructor(parts: RevocationWatchParts) {
    this.#parts = parts;
  }

  /** Listens from now on, or as soon as something can be heard; never rejects. */
  async run(): Promise<void> {
    const { connections, timers, random, everyMs = REVIEW_EVERY_MS } = this.#parts;
    this.#cancels.push(connections.onAdded((connection) => this.#added(connection)));
    // The nodes of a cluster that were started together do not all ask at once.
    this.#every(random() * everyMs, everyMs, () => this.#everybody());
    this.#every(REMEMBERED_MS, REMEMBERED_MS, () => {
      this.#earlier = this.#recent;
      this.#recent = new Kicked();
    });
    while (!this.#isStopped && !(await this.#listen())) await pause(timers, LAST_RETRY_MS);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const cancel of this.#cancels) cancel();
    await this.#unlisten().catch(() => {});
  }

  async #listen(): Promise<boolean> {
    const { kicks, logger } = this.#parts;
    try {
      this.#unlisten = await kicks.listen({
        kick: (kick) => {
          this.#recent.add(kick);
          this.#wanted.add(kick);
          this.#review();
        },
        missed: () => {
          this.#recent.addEverybody();
          this.#everybody();
        },
      });
      return true;
    } catch (error) {
      logger.warn({ err: error }, 'cannot hear whose access ends; the regular review finds it');
      return false;
    }
  }

  #everybody(): void {
    this.#wanted.addEverybody();
    this.#review();
  }

  #added(connection: LiveSocket): void {
    const { claim } = connection;
    if (!this.#recent.concerns(claim) && !this.#earlier.concerns(claim)) return;
    this.#latecomers.add(connection);
    this.#review();
  }

  #every(firstMs: number, everyMs: number, run: () => void): void {
    const { timers } = this.#parts;
    const index = this.#cancels.length;
    const tick = () => {
      run();
      this.#cancels[index] = timers.after(everyMs, tick);
    };
    this.#cancels.push(timers.after(firstMs, tick));
  }

  #review(): void {
    if (this.#isReviewing || this.#isStopped) return;
    this.#isReviewing = true;
    void this.#work();
  }

  async #work(): Promise<void> {
    const { timers } = this.#parts;
    let retryMs = FIRST_RETRY_MS;
    while (!this.#isStopped && (!this.#wanted.isEmpty || this.#latecomers.size > 0)) {
      // What arrives together is looked up together.
      await new Promise<void>((resolve) => timers.soon(resolve));
      const [wanted, latecomers] = [this.#wanted, this.#latecomers];
      this.#wanted = new Kicked();
      this.#latecomers = new Set();
      if (await this.#lookUp(wanted, latecomers)) {
        retryMs = FIRST_RETRY_MS;
        continue;
      }
      this.#wanted.addAll(wanted);
      for (const connection of latecomers) this.#latecomers.add(connection);
      await pause(timers, retryMs);
      retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
    }
    this.#isReviewing = false;
  }

  /** False when the tables cannot be read: everybody stays then. */
  async #lookUp(wanted: Kicked, latecomers: ReadonlySet<LiveSocket>): Promise<boolean> {
    const { connections, access, metrics, logger, now } = this.#parts;
    const concerned: LiveSocket[] = [];
    for (const connection of connections) {
      const { claim, isOpen } = connection;
      if (!isOpen || !(wanted.concerns(claim) || latecomers.has(connection))) continue;
      // Known without asking anybody, so also while nobody answers.
      if (hasExpired(claim.principal.credential, now())) this.#end(connection, 'sessionEnded');
      else concerned.push(connection);
    }
    if (concerned.length === 0) return true;
    try {
      const verdicts = await access.review(concerned.map(({ claim }) => claim));
      metrics.reviewed('done');
      if (this.#isFailing) logger.info({}, 'it can be looked up again whose access ended');
      this.#isFailing = false;
      await this.#apply(concerned, verdicts);
      return true;
    } catch (error) {
      metrics.reviewed('failed');
      if (!this.#isFailing)
        logger.error(
          { err: error },
          'it cannot be looked up whose access ended: everybody stays connected, and it is tried again',
        );
      this.#isFailing = true;
      return false;
    }
  }

  async #apply(concerned: readonly LiveSocket[], verdicts: readonly Verdict[]): Promise<void> {
    const { timers, onDeleted } = this.#parts;
    const deleted = new Set<DocId>();
    let closed = 0;
    for (const [index, connection] of concerned.entries()) {
      const verdict = verdicts[index];
      if (!verdict || !connection.isOpen) continue;
      if (verdict.kind === 'role') {
        connection.setRole(verdict.role);
        continue;
      }
      const { docId } = connection.claim;
      // Before anybody leaves, because what the room still holds of it must not be stored any more.
      if (verdict.close === 'documentDeleted' && docId !== null && !deleted.has(docId)) {
        deleted.add(docId);
        onDeleted(docId);
      }
      this.#end(connection, verdict.close);
      if (++closed % CLOSED_IN_A_ROW === 0) await new Promise<void>((resolve) => timers.soon(resolve));
    }
  }

  #end(connection: LiveSocket, reason: Revocation): void {
    const { audit, metrics } = this.#parts;
    const { principal, docId } = connection.claim;
    connection.close(reason);
    metrics.kicked(reason);
    audit.record({
      kind: 'kick',
      subject: principal.id,
      docId: docId ?? undefined,
      details: { reason },
    });
  }
}
