import { BusUnavailable, type MessageBus } from './message-bus.ts';

type Listener = (message: Uint8Array) => void;

/** The bus of embedded mode: all nodes are in this process and share one of these. */
export class EmbeddedMessageBus implements MessageBus {
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #onError: (error: unknown) => void;
  #isClosed = false;

  /** `onError` is told what a listener throws. */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  async publish(channel: string, message: Uint8Array): Promise<void> {
    this.#expectOpen();
    // The sender may use its buffer again.
    const bytes = Uint8Array.from(message);
    // Never inside the sender's own call, as it is with a bus between processes.
    await Promise.resolve();
    for (const listener of [...(this.#listeners.get(channel) ?? [])]) {
      try {
        listener(bytes);
      } catch (error) {
        this.#onError(error);
      }
    }
  }

  async subscribe(channel: string, listener: Listener): Promise<() => Promise<void>> {
    this.#expectOpen();
    const listeners = this.#listeners.get(channel) ?? new Set();
    // A function of its own, so that one listener may be subscribed twice.
    const own: Listener = (message) => listener(message);
    this.#listeners.set(channel, listeners.add(own));
    return async () => {
      listeners.delete(own);
      if (listeners.size === 0 && this.#listeners.get(channel) === listeners) this.#listeners.delete(channel);
    };
  }

  onInterruption(): () => void {
    return () => {};
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#listeners.clear();
  }

  #expectOpen(): void {
    if (this.#isClosed) throw new BusUnavailable('the message bus is closed');
  }
}
