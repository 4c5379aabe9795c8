import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { connectDatabase } from '@kryton/engine/database/connect-database.ts';
import { migrate } from '@kryton/engine/database/migrate.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { fuzzUpdates, type UpdateFuzzing } from '@kryton/engine/testing/fuzz/fuzz-updates.ts';
import { seededRandom } from '@kryton/engine/testing/seeded-random.ts';
import { type RunningProcess, startProcess } from '@kryton/engine/testing/services/child-process.ts';
import { freePort } from '@kryton/engine/testing/services/free-port.ts';
import { createDatabase } from '@kryton/engine/testing/services/postgres-service.ts';
import * as Y from 'yjs';
import { ACCOUNT_ENV, type Credentials, signUp } from '../sign-up.ts';
import { type StockClient, stockClient } from '../stock-client.ts';
import { Attacker, type AttackFigures } from './attacker.ts';

const NODE_MAIN = fileURLToPath(new URL('../../main.ts', import.meta.url));
const WORKER_MAIN = fileURLToPath(new URL('../../../../worker/src/main.ts', import.meta.url));
const ATTACKERS = 6;
/** Attacked documents take turns, so that each is folded, left and loaded again. */
const DOCUMENT_MS = 10_000;
const EDIT_EVERY_MS = 100;

export type FuzzOptions = {
  readonly redisUrl: string;
  /** A server on which a database is made. */
  readonly postgresUrl: string;
  readonly seed: number;
  readonly durationMs: number;
  /** Called every few seconds. */
  readonly onProgress?: (soFar: FuzzFigures) => void;
};

export type FuzzFigures = {
  readonly attack: AttackFigures;
  readonly updates: UpdateFuzzing | null;
  /** Resident memory of the node, sampled every second, in bytes. */
  readonly memoryBytes: readonly number[];
  /** Edits of the honest clients that the others have. */
  edits: number;
};

/**
 * Attacks a real node (with a worker beside it) while honest clients edit, and mutates updates in this process. Throws
 * an Error that says what broke: the node ended, an honest client was disturbed, a document cannot be loaded again, an
 * accepted update cannot be lived with.
 */
export async function fuzzNode(options: FuzzOptions): Promise<FuzzFigures> {
  const databaseUrl = await createDatabase(options.postgresUrl);
  const database = await connectDatabase({ url: databaseUrl }, { applicationName: 'fuzz' });
  await migrate(database.db);
  await database.close();
  const port = await freePort();
  const env = {
    REDIS_URL: options.redisUrl,
    DATABASE_URL: databaseUrl,
    NODE_ENV: 'test',
    // Everybody comes from this one address.
    HANDSHAKES_PER_MINUTE: '10000000',
    REQUESTS_PER_MINUTE: '10000000',
    MESSAGES_PER_MINUTE: '1000000000',
    LOG_LEVEL: 'error',
    ...ACCOUNT_ENV,
  };
  const worker = await start('the worker', WORKER_MAIN, { ...env, LOG_LEVEL: 'info' }, (running) =>
    running.output().includes('worker ready'),
  );
  const node = await start('the node', NODE_MAIN, { ...env, PORT: String(port), HOST: '127.0.0.1' }, () =>
    isReady(port),
  );
  try {
    return await attack(node, port, options);
  } finally {
    await Promise.all([node.stop(), worker.stop()]);
  }
}

async function attack(node: RunningProcess, port: number, options: FuzzOptions): Promise<FuzzFigures> {
  const base = `ws://127.0.0.1:${port}`;
  const random = seededRandom(options.seed);
  const figures: FuzzFigures = {
    attack: { messages: 0, sockets: 0, closed: new Map() },
    updates: null,
    memoryBytes: [],
    edits: 0,
  };
  const memory: number[] = [];
  const startedAt = performance.now();
  const isOver = () => performance.now() - startedAt >= options.durationMs;
  const attacked = () =>
    `attacked-${options.seed}-${Math.floor((performance.now() - startedAt) / DOCUMENT_MS)}`;
  let ended: string | null = null;
  void node.exited.then(({ code, signal }) => {
    ended = `the node ended with ${signal ?? `code ${code}`}:\n${node.output()}`;
  });

  const [author, hostile] = [await signUp(base, 'Honest'), await signUp(base, 'Hostile')];
  const honest = [0, 1].map(() =>
    stockClient(base, `honest-${options.seed}`, { presence: false, as: author }),
  );
  await Promise.all(honest.map((client) => client.synced()));
  const attackers = Array.from(
    { length: ATTACKERS },
    () =>
      new Attacker({
        ...{ base, docId: attacked, as: hostile },
        ...{ random: seededRandom(random.int(2 ** 31)), figures: figures.attack },
      }),
  );
  const editing = setInterval(() => {
    honest[figures.edits++ % 2]?.text.insert(0, `${figures.edits} `);
  }, EDIT_EVERY_MS);
  const watching = setInterval(() => {
    memory.push(residentBytes(node.pid));
    if (memory.length % 5 === 0) options.onProgress?.({ ...figures, memoryBytes: memory });
  }, 1_000);
  try {
    const updates = await fuzzUpdates(random, () => !isOver() && ended === null);
    if (ended !== null) throw new Error(ended);
    clearInterval(editing);
    for (const attacker of attackers) attacker.stop();
    await expectUndisturbed(honest, figures.edits);
    await expectLoadable(base, attacked(), hostile);
    return { ...figures, updates, memoryBytes: memory };
  } finally {
    clearInterval(editing);
    clearInterval(watching);
    for (const attacker of attackers) attacker.stop();
    for (const client of honest) client.close();
  }
}

async function expectUndisturbed(honest: readonly StockClient[], edits: number): Promise<void> {
  for (const client of honest) {
    if (client.losses() > 0) throw new Error(`an honest client was disconnected ${client.losses()} times`);
    await eventually(() => client.text.toString().split(' ').length - 1 === edits, {
      what: `an honest client has all ${edits} edits`,
      withinMs: 15_000,
    });
  }
}

/** A newcomer gets the attacked document, and what it gets can be written and read again. */
async function expectLoadable(base: string, docId: string, as: Credentials): Promise<void> {
  const newcomer = stockClient(base, docId, { presence: false, as });
  try {
    await newcomer.synced(15_000);
    const state = Y.encodeStateAsUpdate(newcomer.doc);
    const copy = new Y.Doc();
    Y.applyUpdate(copy, state);
    for (const name of newcomer.doc.share.keys()) copy.get(name).toString();
  } finally {
    newcomer.close();
  }
}

/** Proc(5), Linux only. */
function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

async function start(
  name: string,
  main: string,
  env: Readonly<Record<string, string>>,
  ready: (running: RunningProcess) => unknown,
): Promise<RunningProcess> {
  return await startProcess({
    name,
    command: process.execPath,
    args: ['--max-semi-space-size=8', main],
    env: { METRICS_PORT: '0', NODE_NAME: 'fuzzed', ...env },
    ready,
    readyWithinMs: 30_000,
  });
}

async function isReady(port: number): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(1_000) }).catch(
    () => null,
  );
  return answer?.ok ?? false;
}
