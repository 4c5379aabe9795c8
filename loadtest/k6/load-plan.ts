/** What a scenario does, whatever its size and wherever it runs; times in ms. */
export type Shape = {
  readonly question: string;
  /** Sessions that open a document together. */
  readonly roomSize: number;
  readonly sessions: number;
  /** One JavaScript engine of k6 holds so many sessions, on one thread; whole rooms where it can. */
  readonly sessionsPerVu: number;
  /** Over which the sessions join, one after the other. */
  readonly joinMs: number;
  /** From then on until nobody edits any more. */
  readonly runMs: number;
  /** Mean pause between two edits of one session; null where nobody edits. */
  readonly editEveryMs: number | null;
  /** Mean pause between two moves of one session's cursor; null where nobody moves. */
  readonly moveEveryMs: number | null;
  /** This share of the sessions comes all at once, in the middle of the run. */
  readonly lateShare: number;
  /** How long a session may take to agree with the server once nobody edits any more. */
  readonly agreeWithinMs: number;
  /** Nodes end connections on purpose (1012), or die: sessions come back, and must not be held. */
  readonly isDisturbed: boolean;
};

/** Somebody who signs in with a password before the session begins. */
export type SignIn = {
  readonly email: string;
  readonly password: string;
  readonly origin: string;
};

/** What somebody shows at the door: headers with the cookie of a session, or a document token. */
export type Credential =
  | { readonly headers: Readonly<Record<string, string>> }
  | { readonly documentToken: string };

/** One session, made before the run. */
export type SessionSeed = {
  readonly docId: string;
  readonly credential: Credential;
  /** Only of those that come late, where there are accounts for them. */
  readonly signIn?: SignIn;
};

/** What is done in one run. */
export type LoadPlan = Shape & {
  readonly scenario: string;
  /** `http(s)://host`, without a path. */
  readonly url: string;
  /** 16 bits that tell this run's Yjs clients from those of an earlier run in the same document. */
  readonly run: number;
  /** Whether the late ones sign in with a password first. */
  readonly hasSignIns: boolean;
};

/** What k6 reads beside its script. */
export type PlanFile = LoadPlan & {
  /** Where the sessions are, from where the script is. */
  readonly sessionsFile: string;
};

/** What k6 may take to close everything. */
const CLOSE_WITHIN_MS = 30_000;

/** What a request with `credential` carries. */
export function requestHeaders(credential: Credential): Readonly<Record<string, string>> {
  if ('documentToken' in credential) return { authorization: `Bearer ${credential.documentToken}` };
  return credential.headers;
}

/** What an upgrade to a WebSocket with `credential` carries. */
export function upgradeHeaders(credential: Credential): Readonly<Record<string, string>> {
  if ('documentToken' in credential) {
    return { 'sec-websocket-protocol': `kryton-token, ${credential.documentToken}` };
  }
  return credential.headers;
}

/** How many of k6's virtual users hold `sessions`. */
export function vusOf({ sessions, sessionsPerVu }: Shape): number {
  return Math.ceil(sessions / sessionsPerVu);
}

/** When the session at `index` joins, in ms after the start: one after the other, the late ones all at once. */
export function joinsAtMs({ sessions, joinMs, runMs, lateShare }: Shape, index: number): number {
  const early = Math.ceil(sessions * (1 - lateShare));
  return index < early ? (joinMs * index) / early : joinMs + runMs / 2;
}

/** The longest that a run may take. */
export function longestMs({ joinMs, runMs, agreeWithinMs }: Shape): number {
  return joinMs + runMs + agreeWithinMs + CLOSE_WITHIN_MS;
}
