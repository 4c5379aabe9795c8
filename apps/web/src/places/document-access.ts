import { CLOSE_CODES } from '@kryton/engine/protocol/close-codes.ts';
import { ApiProblem } from '../api/api-problem.ts';
import type { DocumentRow, Role } from '../api/shapes.ts';

/** The server is not asked more often than this, however often a connection fails or a tab comes to the front. */
export const RECHECK_INTERVAL_MS = 10_000;

export type DocumentAccessPorts = {
  readonly role: Role;
  /** Asks the server. Rejects with an ApiProblem of status 401 or 404 when this tab may no longer read. */
  fetchDocument(): Promise<DocumentRow>;
  /** The role is another one now. */
  changed(): void;
  /** This tab may no longer read; `code` is the close code that stands for the reason. */
  ended(code: number, reason: string): void;
  /** ms, of any clock that only goes forward. */
  now(): number;
};

/** What this tab may do with its document, as far as it knows: what it was told first, and what it found out since. */
export class DocumentAccess {
  private readonly ports: DocumentAccessPorts;
  private current: Role;
  private askedAtMs = Number.NEGATIVE_INFINITY;

  constructor(ports: DocumentAccessPorts) {
    this.ports = ports;
    this.current = ports.role;
  }

  get role(): Role {
    return this.current;
  }

  get isReadOnly(): boolean {
    return this.current === 'viewer';
  }

  /** The server said that this tab may not write, or may not any more. */
  denied(): void {
    this.set('viewer');
    this.recheck();
  }

  /** Asks the server, unless that was done a moment ago. */
  recheck(): void {
    const now = this.ports.now();
    if (now - this.askedAtMs < RECHECK_INTERVAL_MS) return;
    this.askedAtMs = now;
    void this.ask();
  }

  private async ask(): Promise<void> {
    try {
      const { role } = await this.ports.fetchDocument();
      this.set(role);
    } catch (error) {
      // A server that does not answer says nothing about the right to read.
      if (!(error instanceof ApiProblem)) return;
      const { sessionEnded, grantRemoved } = CLOSE_CODES;
      if (error.status === 401) this.ports.ended(sessionEnded.code, sessionEnded.reason);
      if (error.status === 403 || error.status === 404)
        this.ports.ended(grantRemoved.code, grantRemoved.reason);
    }
  }

  private set(role: Role): void {
    if (role === this.current) return;
    this.current = role;
    this.ports.changed();
  }
}
