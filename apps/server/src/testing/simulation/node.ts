import type { HeavyWork } from '@kryton/engine/compaction/heavy-work.ts';
import {
  type DocId,
  makeConnectionId,
  makeNodeId,
  type NodeId,
  principalId,
} from '@kryton/engine/protocol/ids.ts';
import { drainNode } from '../../drain/drain.ts';
import { CacheBudget } from '../../room/cache-budget.ts';
import { Canary } from '../../room/canary.ts';
import { PendingBudget } from '../../room/pending-budget.ts';
import type { RoomLogger, RoomMetrics } from '../../room/room-ports.ts';
import { Rooms } from '../../room/rooms.ts';
import { TailWatch } from '../../room/tail-watch.ts';
import { Connection } from '../../socket/connection.ts';
import { Connections } from '../../socket/connections.ts';
import { Turns } from '../../socket/turns.ts';
import type { LinkListener, SimContext } from './context.ts';
import type { SimLine } from './line.ts';
import { SimLink } from './link.ts';
import type { SimLog } from './log.ts';
import { SimProcess } from './process.ts';
import { slowWork } from './work.ts';

/** Small, so that slow readers and evicted base states are the rule and not the exception. */
const LIMITS = {
  messageBytes: 24 * 1024 * 1024,
  outboxBytes: 1_500,
  messagesPerSecond: 1_000,
  bytesPerSecond: 4 * 1024 * 1024,
};
const CACHE_BYTES = 40_000;
const PENDING_BYTES = 20_000;
const GRACE_MS = 15_000;
const FOLD_DELAY_MS = 500;
const DRAIN_MS = 400;
/** Every step has a deadline, also with a log that is away (lifecycle/run-services.ts). */
const LEAVING_TAKES_MS = 5_000;
/** As in app.ts. */
const TICK_MS = 1_000;

const NOTHING_COUNTED: Omit<RoomMetrics, 'resync'> = {
  updateIn() {},
  updateOut() {},
  gathered() {},
  appended() {},
  appendFailed() {},
  fannedOut() {},
  load() {},
  encode() {},
  presenceOut() {},
  setAside() {},
};

/** One run of a node: the product's rooms and connections on simulated lines. It ends by being killed. */
export class SimNode {
  readonly name: string;
  readonly process: SimProcess;
  /** To Redis, and to PostgreSQL. */
  readonly line: SimLine;
  readonly sql: SimLine;
  readonly log: SimLog;
  readonly pending = new PendingBudget(PENDING_BYTES);
  readonly #world: SimContext;
  readonly #id: NodeId;
  readonly #rooms: Rooms;
  readonly #canary: Canary;
  readonly #connections = new Connections();
  readonly #links = new Set<SimLink>();
  readonly #turns: Turns;
  readonly #heavy: HeavyWork;
  readonly #logger: RoomLogger;
  #counter = 0;
  #isLeaving = false;

  constructor(world: SimContext, name: string) {
    this.name = name;
    this.#world = world;
    const { clock, random, store, bus, trace, count } = world;
    this.process = new SimProcess({ name, clock, onKilled: () => this.#killed() });
    const { timers } = this.process;
    this.line = world.redisLine(this.process);
    this.sql = world.sqlLine(this.process);
    this.log = new world.Log(store, bus, this.line, timers);
    this.#heavy = slowWork(this.process, world);
    this.#turns = new Turns(timers);
    this.#id = makeNodeId(name, String(random.int(2 ** 30)));
    const logger: RoomLogger = {
      debug() {},
      info: () => {},
      warn: (details: object, message: string) => trace(`${name} ${message}${because(details)}`),
      error: (details: object, message: string) => {
        count(`error: ${message}`);
        trace(`${name} ! ${message}${because(details)}`);
      },
    };
    this.#logger = logger;
    const metrics: RoomMetrics = { ...NOTHING_COUNTED, resync: (reason) => count(`resync ${reason}`) };
    this.#rooms = new Rooms({
      node: this.#id,
      log: this.log,
      snapshots: world.snapshotsOver(this.sql),
      jobs: {
        scheduleFold: (docId, delayMs) => this.line.call('schedule', () => world.jobs.ask(docId, delayMs)),
      },
      heavy: this.#heavy,
      cache: new CacheBudget(CACHE_BYTES),
      pending: this.pending,
      metrics,
      logger,
      timers,
      limits: {
        graceMs: GRACE_MS,
        foldDelayMs: FOLD_DELAY_MS,
        // Virtual time stands still while frames are written: in every other world they all count as dear.
        ...(random.seed % 2 === 0 && { dearFanOutMs: 0 }),
      },
    });
    const tails = new TailWatch(this.#rooms, this.log, logger, timers);
    this.#canary = new Canary(this.#id, this.log, {
      logger,
      timers,
      graceMs: GRACE_MS,
      onSilence: () => void this.#connections.closeAll('logUnreachable', 1, async () => {}),
    });
    this.log.onInterruption(() => void tails.compareAll());
    void this.#canary.run();
    void tails.run();
    const tick = () => {
      this.#connections.tick();
      timers.after(TICK_MS, tick);
    };
    tick();
  }

  /** Whether a client that asks now is let in. */
  get isReady(): boolean {
    return this.process.isAlive && !this.process.isFrozen && !this.#isLeaving && this.#canary.isHearing;
  }

  /** A client connects; the result is its link. */
  accept(docId: DocId, client: LinkListener): SimLink {
    const { clock, random } = this.#world;
    const use = this.#rooms.use(docId);
    const link: SimLink = new SimLink(clock, random, {
      onServerMessage: (message) => {
        this.process.whenAwake(() => connection.receive(message));
      },
      onServerClosed: () => {
        this.process.whenAwake(() => {
          this.#links.delete(link);
          this.#connections.delete(connection);
          connection.ended();
          use.release();
        });
      },
      onClientMessage: (message) => client.message(message),
      onClientClosed: (code) => client.closed(code),
    });
    const connection = new Connection({
      ...link.serverSide(),
      id: makeConnectionId(this.#id, ++this.#counter),
      principal: {
        id: principalId('visitor:simulated'),
        kind: 'visitor',
        name: 'Somebody',
        credential: { kind: 'none' },
      },
      docId,
      role: 'editor',
      nodeName: this.name,
      heavy: this.#heavy,
      timers: this.process.timers,
      turns: this.#turns,
      logger: this.#logger,
      limits: LIMITS,
      onClose: () => {},
      tick: () => this.#connections.now,
    });
    this.#connections.add(connection, { principal: 'visitor:simulated', network: '127.0.0.1', docId });
    this.#links.add(link);
    use.room.then((room) => connection.enter(room)).catch(() => connection.close('logUnreachable'));
    return link;
  }

  /** Bytes that wait for slow readers. */
  get outboxBytes(): number {
    return this.#connections.outboxBytes();
  }

  /** As on SIGTERM (DRAIN1); then the process ends. */
  async leave(): Promise<void> {
    this.#isLeaving = true;
    const { timers } = this.process;
    timers.after(LEAVING_TAKES_MS, () => this.process.kill());
    await drainNode({ connections: this.#connections, rooms: this.#rooms, timers, drainMs: DRAIN_MS });
    this.process.kill();
  }

  /** Nothing of it goes on, and its clients lose their sockets. */
  #killed(): void {
    this.#world.trace(`${this.name} is gone`);
    void this.log.close();
    for (const link of this.#links) link.cut(0, this.#world.random.next() * 100);
    this.#world.died(this.name);
  }
}

function because(details: object): string {
  return 'err' in details && details.err instanceof Error ? ` (${details.err.message})` : '';
}
