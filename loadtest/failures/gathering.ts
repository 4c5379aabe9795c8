import { eventually } from '@kryton/engine/testing/eventually.ts';
import type { FailingSystem } from './failing-system.ts';
import type { FailureClient } from './failure-client.ts';
import { isSubset, textOf, tokensIn } from './tokens.ts';

const SYNCED_WITHIN_MS = 30_000;
/** An acknowledgement that has not come by then does not come. */
const ACKNOWLEDGED_WITHIN_MS = 15_000;

/** The clients of one document during a failure, and what was acknowledged to them. */
export class Gathering {
  readonly docId: string;
  /** Those who are still there. */
  clients: readonly FailureClient[] = [];
  readonly #system: Pick<FailingSystem, 'open'>;
  readonly #all: FailureClient[] = [];
  /** What some client has of another one. */
  readonly #delivered = new Set<string>();
  /** What those who are gone had typed, and of it what was acknowledged to them. */
  readonly #typed = new Set<string>();
  readonly #told = new Set<string>();

  constructor(system: Pick<FailingSystem, 'open'>, docId: string) {
    this.#system = system;
    this.docId = docId;
  }

  /** Resolves when the client is synced. */
  async join(node: 0 | 1, name: string): Promise<FailureClient> {
    const client = this.#system.open(node, this.docId, name);
    this.#all.push(client);
    this.clients = [...this.clients, client];
    const { doc } = client;
    doc.on('update', () => {
      for (const token of tokensIn(textOf(doc).toString())) {
        if (!client.typed.has(token)) this.#delivered.add(token);
      }
    });
    const patience = { what: `${name} is synced with ${this.docId}`, withinMs: SYNCED_WITHIN_MS };
    await eventually(() => client.isSynced, patience);
    return client;
  }

  /** The client goes away for good. */
  leave(client: FailureClient): void {
    this.#remember(client);
    this.clients = this.clients.filter((each) => each !== client);
    client.close();
  }

  close(): void {
    for (const client of this.clients) this.leave(client);
  }

  get typed(): ReadonlySet<string> {
    return new Set([...this.#typed, ...this.clients.flatMap(({ typed }) => [...typed])]);
  }

  /** Whether the server acknowledges edits at all. */
  get isTold(): boolean {
    return this.#all.every(({ acknowledged }) => acknowledged !== null);
  }

  /** What was acknowledged to its author so far; where a server acknowledges nothing, what another client has. */
  get acknowledged(): ReadonlySet<string> {
    if (!this.isTold) return new Set([...this.typed].filter((token) => this.#delivered.has(token)));
    return new Set([...this.#told, ...this.clients.flatMap(({ acknowledged }) => [...(acknowledged ?? [])])]);
  }

  /** What is looked for afterwards: what was acknowledged; where nothing is, everything that was typed. */
  get expected(): ReadonlySet<string> {
    return this.isTold ? this.acknowledged : this.typed;
  }

  /** Resolves when everything typed is acknowledged, or after 15 s. */
  async acknowledgements(withinMs = ACKNOWLEDGED_WITHIN_MS): Promise<void> {
    const all = () => isSubset(this.typed, this.acknowledged);
    await eventually(all, { what: 'everything is acknowledged', withinMs, everyMs: 2 }).catch(() => {});
  }

  /** Whether all who are there hold the same, and everything that they have typed. */
  areAlike(): boolean {
    const [first, ...others] = this.clients.map(({ doc }) => textOf(doc).toString());
    if (first === undefined) return true;
    const tokens = tokensIn(first);
    return (
      others.every((text) => text === first) && this.clients.every(({ typed }) => isSubset(typed, tokens))
    );
  }

  #remember({ typed, acknowledged }: FailureClient): void {
    for (const token of typed) this.#typed.add(token);
    for (const token of acknowledged ?? []) this.#told.add(token);
  }
}
