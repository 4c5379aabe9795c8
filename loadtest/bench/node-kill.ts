import { setTimeout as pause } from 'node:timers/promises';
import { encodeUpdate } from '@kryton/engine/protocol/frames.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import * as Y from 'yjs';
import { type GeneratorState, watchGenerator } from './generator-watch.ts';
import { closedWindow, Ledger } from './ledger.ts';
import { prepareEdits } from './prepared-actions.ts';
import { type Return, ReturningClient } from './returning-client.ts';
import { largeDocument } from './seed.ts';
import { nodesOf, type SystemUnderTest } from './system.ts';

export type NodeKillOptions = {
  readonly documents: number;
  /** In each document, spread over the nodes. */
  readonly clients: number;
  /** Of each document. */
  readonly bytes: number;
};

export type NodeKillResult = {
  /** From the kill until the last client of that node was synced somewhere else. */
  readonly allBackMs: number;
  readonly returns: readonly Return[];
  /** Clients of the killed node that were not back within a minute. */
  readonly notBack: number;
  /** Clients that lacked an edit made on another node right after the kill, ten seconds after everybody was back. */
  readonly missing: number;
  /** Of each client that came back: all messages since the kill, presence and what others edited too. */
  readonly receivedBytes: readonly number[];
  readonly documentBytes: number;
  readonly generator: GeneratorState;
};

type Gathering = {
  readonly ledger: Ledger;
  readonly clients: readonly ReturningClient[];
  /** What each has received since everybody had the content. */
  readonly receivedBytes: readonly number[];
  /** Made by the first client, which is on the first node. */
  edit(): void;
};

const JOIN_TOGETHER = 20;
const SEEDED_WITHIN_MS = 30_000;
/** Longer than any system here waits before it stores what was edited. */
const SETTLE_MS = 12_000;
const BACK_WITHIN_MS = 60_000;
const ARRIVED_WITHIN_MS = 10_000;
const FIRST_CLIENT_ID = 3_000_000_000;

/**
 * Kills the last node (SIGKILL) while clients are connected, lets somebody on another node edit each document at once,
 * and looks how those who lost their connection come back: when, with how many bytes, and whether they have that edit.
 */
export async function killNode(system: SystemUnderTest, options: NodeKillOptions): Promise<NodeKillResult> {
  const content = largeDocument(options.bytes);
  const gatherings = await gatherAll(system, options, content);
  await pause(SETTLE_MS);
  const killed = nodesOf(system).at(-1);
  if (!killed || system.nodeCount < 2) throw new Error('there is no node to spare');
  const clients = gatherings.flatMap((gathering) => gathering.clients);
  const wasOnKilled = (_: unknown, index: number) =>
    nodeOf(index % options.clients, system) === system.nodeCount - 1;
  const onKilled = clients.filter(wasOnKilled);
  const received = () => gatherings.flatMap(({ receivedBytes }) => receivedBytes).filter(wasOnKilled);
  const before = received();
  const generator = watchGenerator();
  const killedAt = performance.now();
  killed.kill('SIGKILL');
  await killed.exited;
  for (const gathering of gatherings) gathering.edit();
  const areBack = () => onKilled.every(({ returns, isAway }) => returns.length > 0 && !isAway);
  await eventually(areBack, { what: 'everybody is back', withinMs: BACK_WITHIN_MS }).catch(() => {});
  const generatorState = generator();
  const owed = () => gatherings.reduce((sum, { ledger }) => sum + ledger.missing, 0);
  const arrived = { what: 'every edit has arrived', withinMs: ARRIVED_WITHIN_MS };
  await eventually(() => owed() === 0, arrived).catch(() => {});
  const receivedBytes = received().map((bytes, index) => bytes - (before[index] ?? 0));
  const returns = onKilled.flatMap((client) => client.returns);
  for (const client of clients) client.close();
  return {
    allBackMs: Math.max(...returns.map(({ backAt }) => backAt)) - killedAt,
    returns,
    notBack: onKilled.filter(({ isAway }) => isAway).length,
    missing: owed(),
    receivedBytes,
    documentBytes: content.length,
    generator: generatorState,
  };
}

function nodeOf(index: number, { nodeCount }: SystemUnderTest): number {
  return index % nodeCount;
}

async function gatherAll(
  system: SystemUnderTest,
  options: NodeKillOptions,
  content: Uint8Array,
): Promise<Gathering[]> {
  const docIds = await system.documents(options.documents);
  const gatherings: Gathering[] = [];
  let next = 0;
  const gatherer = async () => {
    while (next < docIds.length) {
      const number = next++;
      gatherings[number] = await gather(system, docIds[number] ?? '', number, options.clients, content);
    }
  };
  await Promise.all(Array.from({ length: JOIN_TOGETHER }, gatherer));
  return gatherings;
}

/** Fills one document and connects its clients; resolves when each of them has all of it. */
async function gather(
  system: SystemUnderTest,
  docId: string,
  number: number,
  count: number,
  content: Uint8Array,
): Promise<Gathering> {
  const clientId = FIRST_CLIENT_ID + number;
  const ledger = new Ledger(count, closedWindow());
  const holds = Y.encodeStateVectorFromUpdate(content);
  const [frame = new Uint8Array()] = prepareEdits(clientId, 1);
  let isWatching = false;
  const haveContent = new Set([0]);
  const receivedBytes: number[] = new Array(count).fill(0);
  const clients: ReturningClient[] = [];
  for (let index = 0; index < count; index++) {
    const client = await ReturningClient.join({
      doorOf: (attempt) => system.doorOf((nodeOf(index, system) + attempt) % system.nodeCount, docId),
      holds: () => holds,
      onFrame: (bytes) => {
        receivedBytes[index] = (receivedBytes[index] ?? 0) + bytes.length;
        if (isWatching) ledger.received(index, bytes);
        else if (bytes.length >= content.length) haveContent.add(index);
      },
    });
    clients.push(client);
    if (index === 0) client.send(encodeUpdate(content));
  }
  await eventually(() => haveContent.size === count, {
    what: `all of ${docId} is with its ${count} clients`,
    withinMs: SEEDED_WITHIN_MS,
    everyMs: 50,
  });
  isWatching = true;
  return {
    ledger,
    clients,
    receivedBytes,
    edit: () => {
      ledger.sendingEdit(0, clientId);
      clients[0]?.send(frame);
    },
  };
}
