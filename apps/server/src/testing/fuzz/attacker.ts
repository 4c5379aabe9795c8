import type { SeededRandom } from '@kryton/engine/testing/seeded-random.ts';
import { WebSocket } from 'ws';
import { HostileMessages } from './hostile-messages.ts';

/** Messages of one socket before the event loop goes on; a node reads at most 2 a ms of each. */
const PER_TURN = 20;
/** Bytes that a socket may hold back before its attacker waits. */
const FULL_BYTES = 1024 * 1024;

export type AttackFigures = {
  messages: number;
  sockets: number;
  /** How sockets ended, by close code. */
  readonly closed: Map<number, number>;
};

/** One client that sends what it should not, again and again over new sockets, until it is told to stop. */
export class Attacker {
  readonly #base: string;
  readonly #docId: () => string;
  readonly #random: SeededRandom;
  readonly #messages: HostileMessages;
  readonly #figures: AttackFigures;
  #socket: WebSocket | null = null;
  #isStopped = false;

  /** `docId` is asked anew for each socket. */
  constructor(base: string, docId: () => string, random: SeededRandom, figures: AttackFigures) {
    this.#base = base;
    this.#docId = docId;
    this.#random = random;
    this.#figures = figures;
    this.#messages = new HostileMessages(random);
    this.#connect();
  }

  stop(): void {
    this.#isStopped = true;
    this.#socket?.terminate();
  }

  #connect(): void {
    if (this.#isStopped) return;
    const socket = new WebSocket(`${this.#base}/ws/yjs/${this.#docId()}`);
    this.#socket = socket;
    this.#figures.sockets += 1;
    socket.on('open', () => this.#attack(socket));
    // Told by the close that follows.
    socket.on('error', () => {});
    socket.on('close', (code) => {
      this.#figures.closed.set(code, (this.#figures.closed.get(code) ?? 0) + 1);
      setTimeout(() => this.#connect(), 5 + this.#random.int(20));
    });
  }

  #attack(socket: WebSocket): void {
    if (socket.readyState !== WebSocket.OPEN) return;
    for (let i = 0; i < PER_TURN && socket.bufferedAmount < FULL_BYTES; i++) {
      this.#figures.messages += 1;
      this.#send(socket, this.#messages.next());
    }
    if (this.#random.chance(0.02)) socket.terminate();
    setTimeout(() => this.#attack(socket), 10);
  }

  #send(socket: WebSocket, message: Uint8Array): void {
    const random = this.#random;
    if (random.chance(0.005)) socket.send('a text message');
    else if (random.chance(0.01)) socket.ping(random.bytes(random.int(125)));
    else if (random.chance(0.02)) {
      const at = random.int(message.length + 1);
      socket.send(message.subarray(0, at), { fin: false });
      socket.send(message.subarray(at), { fin: true });
    } else socket.send(message);
  }
}
