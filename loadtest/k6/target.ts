import type { SessionSeed } from './load-plan.ts';

/** What is loaded: a cluster of this command's own, or one that is there already. */
export type Target = {
  /** `http(s)://host`, without a path. */
  readonly url: string;
  /** Credentials for sessions in rooms of `roomSize`, each room a new document; the last `late` sign in before they come. */
  sessions(count: number, roomSize: number, late: number): Promise<readonly SessionSeed[]>;
};
