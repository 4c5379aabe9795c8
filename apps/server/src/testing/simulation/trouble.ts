import type { SimClient } from './client.ts';
import { NO_FAULTS } from './line.ts';
import type { World } from './world.ts';

/** How long everything may go wrong, and for how long at most one trouble lasts, in ms of virtual time. */
const CHAOS_MS = 20_000;
const LONGEST_MS = 12_000;

type Trouble = (world: World) => void;

/** Lets `world` edit while everything goes wrong that its seed says. */
export async function makeTrouble(world: World): Promise<void> {
  const { random, clock } = world;
  world.faults = {
    lost: random.next() * 0.03,
    unheard: random.next() * 0.03,
    late: random.next() * 0.02,
    refused: random.next() * 0.03,
    reset: random.next() * 0.03,
    killedBefore: random.chance(0.5) ? random.next() * 0.002 : 0,
    killedAfter: random.chance(0.5) ? random.next() * 0.002 : 0,
    dropped: random.next() * 0.1,
    doubled: random.next() * 0.1,
    overtaken: random.next() * 0.1,
    stopped: random.chance(0.5) ? random.next() * 0.004 : 0,
    workFailed: random.next() * 0.05,
  };
  // Where stores lose what they acknowledged, nobody leaves for good: the promise is then what replicas hold.
  const losesData = random.chance(0.4);
  const troubles = [...TROUBLES, ...(losesData ? DATA_LOSSES : [leaveForGood])];
  const chosen = troubles.filter(() => random.chance(0.5));
  world.trace(`troubles: ${chosen.map(({ name }) => name).join(', ')}`);
  const editEveryMs = 100 + random.int(900);
  const until = clock.now() + CHAOS_MS;
  for (const client of world.clients) keepEditing(world, client, editEveryMs, until);
  while (clock.now() < until) {
    await clock.advance(random.next() * 1_500);
    if (chosen.length === 0) continue;
    const trouble = random.pick(chosen);
    world.count(trouble.name);
    trouble(world);
  }
}

/** Everything works again, and everybody who is not gone comes back. */
export function heal(world: World): void {
  world.trace('all is well again');
  world.faults = NO_FAULTS;
  world.isCalm = true;
  for (const part of [...world.nodes(), ...world.workers()]) {
    part.line.isCutIn = part.line.isCutOut = false;
  }
  world.redisAwayUntil = world.postgresAwayUntil = 0;
  for (const { name, process } of world.nodes()) if (!process.isAlive) world.startNode(name);
  for (const { name, process } of world.workers()) if (!process.isAlive) world.startWorker(name);
  for (const client of world.clients) client.comeBack();
}

function keepEditing(world: World, client: SimClient, everyMs: number, until: number): void {
  const { clock, random } = world;
  clock.after(everyMs * (0.5 + random.next()), () => {
    if (clock.now() > until || client.isGone) return;
    client.edit();
    keepEditing(world, client, everyMs, until);
  });
}

function someNode(world: World) {
  return world.random.pick(world.nodes());
}

function someClient(world: World): SimClient {
  return world.random.pick(world.clients);
}

function someTime(world: World): number {
  return 500 + world.random.next() * LONGEST_MS;
}

function forAWhile(world: World, end: () => void): void {
  world.clock.after(someTime(world), end);
}

function killNode(world: World): void {
  someNode(world).process.kill();
}

function drainOneNode(world: World): void {
  const node = someNode(world);
  if (!node.process.isAlive) return;
  world.trace(`${node.name} is told to leave`);
  void node.leave();
}

function freezeNode(world: World): void {
  const { name, process } = someNode(world);
  const ms = 500 + world.random.next() * LONGEST_MS;
  world.trace(`${name} is stopped for ${Math.round(ms)} ms`);
  process.freeze(ms);
}

function takePostgresAway(world: World): void {
  world.trace('PostgreSQL is away');
  const ms = someTime(world);
  world.postgresAwayUntil = world.clock.now() + ms;
  world.clock.after(ms, () => world.trace('PostgreSQL is back'));
}

function killWorker(world: World): void {
  world.random.pick(world.workers()).process.kill();
}

function freezeWorker(world: World): void {
  const worker = world.random.pick(world.workers());
  const ms = 2_000 + world.random.next() * LONGEST_MS;
  world.trace(`${worker.name} is stopped for ${Math.round(ms)} ms`);
  worker.process.freeze(ms);
}

function cutNode(world: World): void {
  const { line, name } = someNode(world);
  const which = world.random.int(3);
  line.isCutOut = which !== 0;
  line.isCutIn = which !== 1;
  world.trace(`${name} is cut off${which === 0 ? ', inwards' : which === 1 ? ', outwards' : ''}`);
  forAWhile(world, () => {
    line.isCutOut = line.isCutIn = false;
    world.trace(`${name} is connected again`);
  });
}

function deafen(world: World): void {
  const node = someNode(world);
  world.trace(`${node.name} is deaf`);
  node.log.isDeaf = true;
}

function takeRedisAway(world: World): void {
  world.trace('Redis is away');
  const ms = someTime(world);
  world.redisAwayUntil = world.clock.now() + ms;
  world.clock.after(ms, () => {
    world.trace('Redis is back');
    world.bus.interrupt();
  });
}

function cutClient(world: World): void {
  const client = someClient(world);
  world.trace(`${client.name} is cut`);
  client.cut();
}

function stallClient(world: World): void {
  const client = someClient(world);
  world.trace(`${client.name} reads nothing`);
  client.stall(world.random.next() * 5_000);
}

function editOffline(world: World): void {
  const client = someClient(world);
  if (client.isGone) return;
  world.trace(`${client.name} goes offline`);
  client.goOffline();
  forAWhile(world, () => client.comeBack());
}

function expireLogs(world: World): void {
  const expired = world.store.expire();
  if (expired > 0) world.trace(`${expired} idle logs expire`);
}

function restartRedis(world: World): void {
  world.trace('Redis is restarted, nothing lost');
  world.store.restart();
  world.bus.interrupt();
}

function leaveForGood(world: World): void {
  const staying = world.clients.filter(({ isGone }) => !isGone);
  if (staying.length < 3) return;
  const client = world.random.pick(staying);
  world.trace(`${client.name} leaves for good`);
  client.leave();
}

function wipeRedis(world: World): void {
  world.trace('Redis loses everything');
  world.store.wipe();
}

function loseTails(world: World): void {
  world.store.restart();
  const lost = world.store
    .documents()
    .reduce((sum, docId) => sum + world.store.rewind(docId, world.random.int(6)), 0);
  world.trace(`Redis is restarted and has lost ${lost} entries`);
  world.bus.interrupt();
}

function fallBackToCopy(world: World): void {
  const copy = world.store.copy();
  world.trace('the disk of Redis holds this');
  world.clock.after(300 + world.random.next() * 3_000, () => {
    if (world.isCalm) return;
    world.trace('Redis is restarted with what its disk held');
    world.store.fallBack(copy);
    world.bus.interrupt();
  });
}

const TROUBLES: readonly Trouble[] = [
  killNode,
  drainOneNode,
  freezeNode,
  killWorker,
  freezeWorker,
  cutNode,
  deafen,
  takeRedisAway,
  takePostgresAway,
  cutClient,
  stallClient,
  editOffline,
  expireLogs,
  restartRedis,
];
const DATA_LOSSES: readonly Trouble[] = [wipeRedis, loseTails, fallBackToCopy];
