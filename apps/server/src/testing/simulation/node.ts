import type { Timers } from '@kryton/engine/lifecycle/timers.ts';
import {
  type DocId,
  makeConnectionId,
  makeNodeId,
  type NodeId,
  principalId,
} from '@kryton/engine/protocol/ids.ts';
import { CacheBudget } from '../../room/cache-budget.ts';
import { Canary } from '../../room/canary.ts';
import { PendingBudget } from '../../room/pending-budget.ts';
import type { RoomMetrics } from '../../room/room-ports.ts';
import { Rooms } from '../../room/rooms.ts';
import { TailWatch } from '../../room/tail-watch.ts';
import { Connection } from '../../socket/connection.ts';
import { Connections } from '../../socket/connections.ts';
import { Turns } from '../../socket/turns.ts';
import type { LinkListener, SimContext } from './context.ts';
import { SimLine } from './line.ts';
import { SimLink } from './link.ts';
import { SimLog } from './log.ts';
import { simWork } from './work.ts';

/** Small, so that slow readers and evicted base states are the rule and not the exception. */
const LIMITS = {
  messageBytes: 1024 * 1024,
  outboxBytes: 1_500,
  messagesPerSecond: 1_000,
  bytesPerSecond: 4 * 1024 * 1024,
};
const CACHE_BYTES = 4_000;
const PENDING_BYTES = 20_000;
const GRACE_MS = 15_000;
const FOLD_DELAY_MS = 500;

const NOTHING_COUNTED: Omit<RoomMetrics, 'resync'> = {
  updateIn() {},
  updateOut() {},
  appended() {},
  fannedOut() {},
  load() {},
  encode() {},
  presenceOut() {},
  setAside() {},
};

/** One run of a node: the product's rooms and connections on simulated lines. It ends by being killed. */
export class SimNode {
  readonly name: string;
  readonly line: SimLine;
  readonly log: SimLog;
  readonly pending = new PendingBudget(PENDING_BYTES);
  readonly #world: SimContext;
  readonly #timers: Timers;
  readonly #id: NodeId;
  readonly #rooms: Rooms;
  readonly #canary: Canary;
  readonly #connections = new Connections();
  readonly #links = new Set<SimLink>();
  readonly #turns: Turns;
  #counter = 0;
  isAlive = true;

  constructor(world: SimContext, name: string) {
    this.name = name;
    this.#world = world;
    const { clock, random, store, bus, trace, count } = world;
    const isAlive = () => this.isAlive;
    this.line = new SimLine({ name, clock, random, faults: () => world.faults, isAlive, trace, count });
    this.log = new SimLog(store, bus, this.line, clock);
    // What a dead process had planned does not happen.
    const ifAlive = (run: () => void) => () => {
      if (this.isAlive) run();
    };
    this.#timers = {
      now: () => clock.now(),
      after: (delayMs, run) => clock.after(delayMs, ifAlive(run)),
      soon: (run) => clock.soon(ifAlive(run)),
    };
    this.#turns = new Turns(this.#timers);
    this.#id = makeNodeId(name, String(random.int(2 ** 30)));
    const logger = {
      debug() {},
      info: () => {},
      warn: (details: object, message: string) => trace(`${name} ${message}${because(details)}`),
      error: (details: object, message: string) => trace(`${name} ! ${message}${because(details)}`),
    };
    const metrics: RoomMetrics = { ...NOTHING_COUNTED, resync: (reason) => count(`resync ${reason}`) };
    this.#rooms = new Rooms({
      node: this.#id,
      log: this.log,
      snapshots: world.snapshotsOver(this.line),
      jobs: {
        scheduleFold: (docId, delayMs) => this.line.call('schedule', () => world.jobs.ask(docId, delayMs)),
      },
      heavy: simWork,
      cache: new CacheBudget(CACHE_BYTES),
      pending: this.pending,
      metrics,
      logger,
      timers: this.#timers,
      limits: { graceMs: GRACE_MS, foldDelayMs: FOLD_DELAY_MS },
    });
    const tails = new TailWatch(this.#rooms, this.log, logger, this.#timers);
    this.#canary = new Canary(this.#id, this.log, {
      logger,
      timers: this.#timers,
      graceMs: GRACE_MS,
      onSilence: () => void this.#connections.closeAll('logUnreachable', 1, async () => {}),
    });
    this.log.onInterruption(() => void tails.compareAll());
    void this.#canary.run();
    void tails.run();
  }

  /** Whether a client that asks now is let in. */
  get isReady(): boolean {
    return this.isAlive && this.#canary.isHearing;
  }

  /** A client connects; the result is its link. */
  accept(docId: DocId, client: LinkListener): SimLink {
    const { clock, random } = this.#world;
    const use = this.#rooms.use(docId);
    const link: SimLink = new SimLink(clock, random, {
      onServerMessage: (message) => {
        if (this.isAlive) connection.receive(message);
      },
      onServerClosed: () => {
        if (!this.isAlive) return;
        this.#links.delete(link);
        this.#connections.delete(connection);
        connection.ended();
        use.release();
      },
      onClientMessage: (message) => client.message(message),
      onClientClosed: (code) => client.closed(code),
    });
    const connection = new Connection({
      ...link.serverSide(),
      id: makeConnectionId(this.#id, ++this.#counter),
      principal: { id: principalId('visitor:simulated'), kind: 'visitor', name: 'Somebody' },
      role: 'editor',
      nodeName: this.name,
      heavy: simWork,
      timers: this.#timers,
      turns: this.#turns,
      logger: { debug() {}, info() {}, warn() {}, error() {} },
      limits: LIMITS,
      tick: () => this.#connections.now,
    });
    this.#connections.add(connection);
    this.#links.add(link);
    use.room.then((room) => connection.enter(room)).catch(() => connection.close('logUnreachable'));
    return link;
  }

  /** Gone at once: nothing of it goes on, and its clients lose their sockets. */
  kill(): void {
    this.isAlive = false;
    void this.log.close();
    for (const link of this.#links) link.cut(0, this.#world.random.next() * 100);
  }
}

function because(details: object): string {
  return 'err' in details && details.err instanceof Error ? ` (${details.err.message})` : '';
}
