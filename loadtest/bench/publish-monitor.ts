import { connect, type Socket } from 'node:net';
import { withDeadline } from '@kryton/engine/testing/eventually.ts';

const ANSWER_WITHIN_MS = 10_000;
/** `+1339518083.107412 [0 127.0.0.1:60866] "publish" "channel" "…"`; inside of a script it says `[0 lua]`. */
const PUBLISH = /^\+\S+ \[[^\]]*\] "s?publish" "((?:[^"\\]|\\.)*)"/i;

/** The channel that a line of MONITOR publishes on, as MONITOR escapes it; null for every other command. */
export function publishedChannel(line: string): string | null {
  return PUBLISH.exec(line)?.[1] ?? null;
}

/**
 * Every PUBLISH and SPUBLISH that a Redis executes, those inside of scripts too, as Redis itself tells them (MONITOR).
 * It costs Redis about half of its speed, so nothing else is measured meanwhile.
 */
export class PublishMonitor {
  readonly #socket: Socket;
  #channels: string[] = [];
  #rest = '';

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Rejects when the Redis on this port of 127.0.0.1 does not answer. */
  static async start(port: number): Promise<PublishMonitor> {
    const socket = connect(port, '127.0.0.1');
    const monitor = new PublishMonitor(socket);
    const confirmed = Promise.withResolvers<void>();
    socket.on('error', (error) => confirmed.reject(error));
    socket.setEncoding('latin1').on('data', (chunk) => {
      monitor.#receive(chunk.toString());
      confirmed.resolve();
    });
    socket.write('MONITOR\r\n');
    await withDeadline(() => confirmed.promise, ANSWER_WITHIN_MS);
    return monitor;
  }

  /** The channels of all that was published since the last call, in order. */
  take(): readonly string[] {
    const taken = this.#channels;
    this.#channels = [];
    return taken;
  }

  stop(): void {
    this.#socket.destroy();
  }

  #receive(chunk: string): void {
    const lines = (this.#rest + chunk).split('\r\n');
    this.#rest = lines.pop() ?? '';
    this.#channels.push(...lines.flatMap((line) => publishedChannel(line) ?? []));
  }
}
