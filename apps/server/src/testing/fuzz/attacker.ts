import type { SeededRandom } from '@kryton/engine/testing/seeded-random.ts';
import { WebSocket } from 'ws';
import type { Credentials } from '../sign-up.ts';
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

export type AttackerOptions = {
  /** `ws://host:port` */
  readonly base: string;
  /** Asked anew for each socket. */
  readonly docId: () => string;
  /** Who attacks: somebody with an account, who gets further than nobody. */
  readonly as: Credentials;
  readonly random: SeededRandom;
  readonly figures: AttackFigures;
};

/** One client that sends what it should not, again and again over new sockets, until it is told to stop. */
export class Attacker {
  readonly #options: AttackerOptions;
  readonly #random: SeededRandom;
  readonly #messages: HostileMessages;
  readonly #figures: AttackFigures;
  #socket: WebSocket | null = null;
  #isStopped = false;

  constructor(options: AttackerOptions) {
    this.#options = options;
    this.#random = options.random;
    this.#figures = options.figures;
    this.#messages = new HostileMessages(options.random);
    this.#connect();
  }

  stop(): void {
    this.#isStopped = true;
    this.#socket?.terminate();
  }

  #connect(): void {
    if (this.#isStopped) return;
    const { base, docId, as } = this.#options;
    const socket = new WebSocket(`${base}/ws/yjs/${docId()}`, { headers: as });
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
