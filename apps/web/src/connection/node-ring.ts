/**
 * The nodes that this browser may connect to, and which of them is next when one fails. Base URLs are http(s) origins
 * without a trailing slash.
 */
export class NodeRing {
  private urls: readonly string[];
  private readonly random: () => number;
  private readonly failedAt = new Map<string, number>();
  private failures = 0;
  /** The node to connect to now. */
  current: string;

  /** Begins with the page's own origin. `random` yields numbers in [0, 1). */
  constructor(origin: string, random: () => number) {
    this.urls = [origin];
    this.current = origin;
    this.random = random;
  }

  /** How many nodes there are to choose from. */
  get size(): number {
    return this.urls.length;
  }

  /** Takes further nodes in; the ones that are known keep their record. */
  add(urls: readonly string[]): void {
    this.urls = [...new Set([...this.urls, ...urls])];
  }

  /**
   * The current node failed: moves to the one whose last failure is longest ago, to any of those that never failed.
   * At random among equals, because all tabs of a dead node choose at the same moment.
   */
  failed(): void {
    this.failures += 1;
    this.failedAt.set(this.current, this.failures);
    const age = (url: string) => this.failedAt.get(url) ?? 0;
    const oldest = Math.min(...this.urls.map(age));
    const candidates = this.urls.filter((url) => age(url) === oldest);
    this.current = candidates[Math.floor(this.random() * candidates.length)] ?? this.current;
  }
}

/** The WebSocket address that belongs to the base URL of a node, as y-websocket wants it: without the document. */
export function socketUrl(base: string): string {
  return `${base.replace(/^http/, 'ws')}/ws/yjs`;
}

/**
 * Reads the answer of `GET /api/node`, `{node, urls}`. Leaves out what is not an http(s) URL, and plain http when the
 * page itself came by https: the browser would refuse to connect. Anything unexpected reads as no further nodes.
 */
export function readNodeUrls(answer: unknown, pageOrigin: string): readonly string[] {
  if (typeof answer !== 'object' || answer === null || !('urls' in answer)) return [];
  if (!Array.isArray(answer.urls)) return [];
  const allowed = pageOrigin.startsWith('https:') ? ['https:'] : ['https:', 'http:'];
  return answer.urls.flatMap((entry: unknown) => {
    if (typeof entry !== 'string' || !URL.canParse(entry)) return [];
    const url = new URL(entry);
    return allowed.includes(url.protocol) ? [url.origin + url.pathname.replace(/\/+$/, '')] : [];
  });
}

/** The page must not wait long for a list that it can do without. */
const NODE_LIST_DEADLINE_MS = 4_000;

/** Asks the page's own origin for the nodes. An origin that cannot say is one node: the result is empty then. */
export async function fetchNodeUrls(origin: string): Promise<readonly string[]> {
  try {
    const response = await fetch(`${origin}/api/node`, {
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(NODE_LIST_DEADLINE_MS),
    });
    return response.ok ? readNodeUrls(await response.json(), origin) : [];
  } catch {
    return [];
  }
}
