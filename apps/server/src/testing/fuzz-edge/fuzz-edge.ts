import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { connectDatabase } from '@kryton/engine/database/connect-database.ts';
import { migrate } from '@kryton/engine/database/migrate.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { type SeededRandom, seededRandom } from '@kryton/engine/testing/seeded-random.ts';
import { type RunningProcess, startProcess } from '@kryton/engine/testing/services/child-process.ts';
import { freePort } from '@kryton/engine/testing/services/free-port.ts';
import { createDatabase } from '@kryton/engine/testing/services/postgres-service.ts';
import { ACCOUNT_ENV } from '../sign-up.ts';
import { HostileHandshakes } from './hostile-handshakes.ts';
import { HostileRequests } from './hostile-requests.ts';
import { type Found, makePeople } from './people.ts';

const NODE_MAIN = fileURLToPath(new URL('../../main.ts', import.meta.url));
const HEAP_REPORT = new URL('./heap-report.ts', import.meta.url).href;
const ATTACKERS = 16;
const HANDSHAKE_PART = 0.4;
/** Requests sign people out and delete what there is: new ones come. */
const NEW_PEOPLE_MS = 5_000;
const SAMPLE_MS = 1_000;
/** A garbage collection now and then, and what is left. */
const SAMPLES_PER_HEAP = 3;
/** Longer than a password takes when several wait for it. */
const ANSWER_MS = 10_000;
/** Open WebSockets say nothing that tells the end. */
const LISTEN_MS = 60;
/** Of an answer, what a report shows. */
const SHOWN_CHARS = 600;

export type EdgeFuzzOptions = {
  readonly redisUrl: string;
  /** A server on which a database is made. */
  readonly postgresUrl: string;
  readonly seed: number;
  readonly durationMs: number;
  readonly onProgress?: (figures: EdgeFigures) => void;
};

export type EdgeFigures = {
  requests: number;
  handshakes: number;
  /** Answers by status; 0: closed without a word, 101: open. */
  readonly statuses: Map<number, number>;
  readonly operations: number;
  /** Of the node: resident memory every second, and the heap after garbage collection every few. */
  readonly residentBytes: number[];
  readonly heapBytes: number[];
};

/**
 * Sends a real node what it should not be sent, from before there is a request to after the upgrade. Throws an Error
 * that shows the request and the answer: a 5xx other than 503, a 503 although everything is there, no answer, an error
 * in the log, the end of the node.
 */
export async function fuzzEdge(options: EdgeFuzzOptions): Promise<EdgeFigures> {
  const databaseUrl = await createDatabase(options.postgresUrl);
  const database = await connectDatabase({ url: databaseUrl }, { applicationName: 'fuzz-edge' });
  await migrate(database.db).finally(() => database.close());
  const port = await freePort();
  const node = await startProcess({
    name: 'the node',
    command: process.execPath,
    args: ['--max-semi-space-size=8', '--expose-gc', '--import', HEAP_REPORT, NODE_MAIN],
    env: {
      ...ACCOUNT_ENV,
      REDIS_URL: options.redisUrl,
      DATABASE_URL: databaseUrl,
      NODE_ENV: 'test',
      NODE_NAME: 'fuzzed',
      METRICS_PORT: '0',
      LOG_LEVEL: 'error',
      HOST: '127.0.0.1',
      PORT: String(port),
      DRAIN_SECONDS: '0',
      HANDSHAKES_PER_MINUTE: '10000000',
      REQUESTS_PER_MINUTE: '10000000',
      MESSAGES_PER_MINUTE: '1000000000',
    },
    ready: async () =>
      (await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(1_000) })).ok,
    readyWithinMs: 30_000,
  });
  try {
    return await new Attack(node, port, options).run();
  } finally {
    await node.stop();
  }
}

class Attack {
  readonly #node: RunningProcess;
  readonly #port: number;
  readonly #options: EdgeFuzzOptions;
  readonly #figures: EdgeFigures;
  readonly #random: SeededRandom;
  #found: Found | null = null;
  #isOver = false;
  #failure: Error | null = null;

  constructor(node: RunningProcess, port: number, options: EdgeFuzzOptions) {
    this.#node = node;
    this.#port = port;
    this.#options = options;
    this.#random = seededRandom(options.seed);
    const counts = { requests: 0, handshakes: 0, statuses: new Map<number, number>(), operations: 0 };
    this.#figures = { ...counts, residentBytes: [], heapBytes: [] };
  }

  async run(): Promise<EdgeFigures> {
    const base = `ws://127.0.0.1:${this.#port}`;
    const described = await (await fetch(`http://127.0.0.1:${this.#port}/docs/json`)).json();
    this.#found = await makePeople(base, 0);
    const requests = new HostileRequests(described, seededRandom(this.#random.int(2 ** 31)));
    const handshakes = new HostileHandshakes(seededRandom(this.#random.int(2 ** 31)));
    void this.#node.exited.then(({ code, signal }) => {
      if (!this.#isOver) this.#fail(`the node ended with ${signal ?? `code ${code}`}`);
    });
    const over = setTimeout(() => {
      this.#isOver = true;
    }, this.#options.durationMs);
    const sampling = setInterval(() => this.#sample(), SAMPLE_MS);
    try {
      await Promise.all([
        this.#renewPeople(base),
        ...Array.from({ length: ATTACKERS }, () => this.#attack(requests, handshakes)),
      ]);
    } finally {
      clearTimeout(over);
      clearInterval(sampling);
    }
    if (this.#failure) throw this.#failure;
    await this.#expectHealthy();
    return { ...this.#figures, operations: requests.operations };
  }

  async #attack(requests: HostileRequests, handshakes: HostileHandshakes): Promise<void> {
    while (!this.#isOver && this.#found) {
      const isHandshake = this.#random.chance(HANDSHAKE_PART);
      const { name, bytes } = (isHandshake ? handshakes : requests).next(this.#found);
      const answer = await this.#send(bytes);
      if (isHandshake) this.#figures.handshakes++;
      else this.#figures.requests++;
      const { statuses } = this.#figures;
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      if (answer.status >= 500) this.#fail(`${name} was answered ${answer.text}`, bytes);
      if (answer.isLate) this.#fail(`${name} was not answered`, bytes);
    }
  }

  async #renewPeople(base: string): Promise<void> {
    let round = 0;
    while (!this.#isOver) {
      await new Promise((resolve) => setTimeout(resolve, NEW_PEOPLE_MS));
      if (this.#isOver) return;
      try {
        this.#found = await makePeople(base, ++round);
      } catch (error) {
        this.#fail(`nobody can sign up and share any more: ${String(error)}`);
      }
    }
  }

  /** Sends bytes in one or two pieces and takes what comes back. */
  #send(
    bytes: Buffer,
  ): Promise<{ readonly status: number; readonly text: string; readonly isLate: boolean }> {
    const cut = this.#random.chance(0.1) ? this.#random.int(bytes.length) : bytes.length;
    return new Promise((resolve) => {
      let text = '';
      let isSent = false;
      const socket = connect({ port: this.#port, host: '127.0.0.1' }, () => {
        socket.write(bytes.subarray(0, cut));
        // What is left comes in a packet of its own, and then the end: a request that is not whole has to be given up.
        setImmediate(() => {
          if (cut < bytes.length) socket.write(bytes.subarray(cut));
          isSent = true;
        });
      });
      const end = (isLate: boolean) => {
        clearTimeout(timer);
        socket.destroy();
        const [, status = '0'] =
          /^HTTP\/1\.1 (\d{3})/.exec(text.replace(/^HTTP\/1\.1 100[\s\S]*?\r\n\r\n/, '')) ?? [];
        resolve({ status: Number(status), text: text.slice(0, SHOWN_CHARS), isLate });
      };
      const timer = setTimeout(() => {
        // Half a request waits for its other half; that it is given up is a test of its own.
        end(isSent && isWhole(bytes) && text === '');
      }, ANSWER_MS);
      socket.setEncoding('latin1');
      socket.on('data', (chunk: string) => {
        text += chunk;
        // Not every answer ends its connection: a WebSocket stays, and so does what asked to be kept alive.
        if (text.includes('\r\n\r\n')) setTimeout(() => end(false), LISTEN_MS);
      });
      socket.on('error', () => end(false));
      socket.on('close', () => end(false));
      if (!isWhole(bytes)) setTimeout(() => end(false), LISTEN_MS);
    });
  }

  #sample(): void {
    const { residentBytes, heapBytes } = this.#figures;
    residentBytes.push(residentOf(this.#node.pid));
    if (residentBytes.length % SAMPLES_PER_HEAP === 0) this.#node.kill('SIGUSR2');
    const output = this.#node.output();
    const heap = [...output.matchAll(/^heap after gc: (\d+)$/gm)].at(-1)?.[1];
    if (heap !== undefined && heapBytes.at(-1) !== Number(heap)) heapBytes.push(Number(heap));
    const logged = output.split('\n').find((line) => line.startsWith('{'));
    if (logged !== undefined) this.#fail(`the node logged an error: ${logged.slice(0, 3_000)}`);
    this.#options.onProgress?.(this.#figures);
  }

  #fail(message: string, bytes?: Buffer): void {
    this.#isOver = true;
    const sent = bytes ? `\nsent: ${JSON.stringify(bytes.toString('latin1').slice(0, 3_000))}` : '';
    this.#failure ??= new Error(
      `${message}${sent}\nseed ${this.#options.seed}; the node said:\n${this.#node.output().slice(-3_000)}`,
    );
  }

  async #expectHealthy(): Promise<void> {
    await eventually(async () => (await fetch(`http://127.0.0.1:${this.#port}/readyz`)).ok, {
      what: 'the node is ready after all of it',
    });
    this.#found = await makePeople(`ws://127.0.0.1:${this.#port}`, 0);
  }
}

/** Whether the server can know that the request has come to its end. */
function isWhole(bytes: Buffer): boolean {
  const at = bytes.indexOf('\r\n\r\n');
  if (at < 0) return false;
  const head = bytes.toString('latin1', 0, at);
  if (/^Transfer-Encoding:/im.test(head)) return false;
  const [, length = '0'] = /^Content-Length: (\d+)$/im.exec(head) ?? [];
  return bytes.length - at - 4 >= Number(length);
}

/** Proc(5), Linux only. */
function residentOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}
