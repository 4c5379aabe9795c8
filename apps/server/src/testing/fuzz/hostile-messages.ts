import {
  encodeBarrier,
  encodeNodeQuery,
  encodePresence,
  encodeSyncStep1,
  encodeSyncStep2,
  encodeUpdate,
  MAX_BARRIER_PAYLOAD_BYTES,
} from '@kryton/engine/protocol/frames.ts';
import { mergeMany } from '@kryton/engine/protocol/merge-updates.ts';
import { mutate } from '@kryton/engine/testing/fuzz/mutations.ts';
import { sampleUpdates } from '@kryton/engine/testing/sample-updates.ts';
import type { SeededRandom } from '@kryton/engine/testing/seeded-random.ts';
import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';

/** Messages from one document, before another takes its place. */
const PER_DOCUMENT = 400;

/** What a client may send and what it may not: whole messages of every kind, made by the protocol's grammar, then mutated. */
export class HostileMessages {
  readonly #random: SeededRandom;
  #updates: readonly Uint8Array[] = [];
  #left = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** The next message: one in three as it should be, the others broken in one or several places. */
  next(): Uint8Array {
    if (this.#left-- === 0 || this.#updates.length === 0) this.#newDocument();
    const random = this.#random;
    let message = this.#wellFormed();
    if (random.chance(1 / 3)) return message;
    do message = mutate(message, this.#wellFormed(), random);
    while (message.length > 0 && random.chance(0.3));
    return random.chance(0.05) ? Buffer.concat([message, this.#wellFormed()]) : message;
  }

  #newDocument(): void {
    const { updates, whole } = sampleUpdates(this.#random, 20);
    const some = updates.filter(() => this.#random.chance(0.5));
    this.#updates = [
      ...updates,
      Y.encodeStateAsUpdate(whole),
      mergeMany(some),
      Y.encodeStateAsUpdateV2(whole),
    ];
    this.#left = PER_DOCUMENT;
  }

  #wellFormed(): Uint8Array {
    const random = this.#random;
    const update = () => random.pick(this.#updates);
    return random.pick<() => Uint8Array>([
      () => encodeUpdate(update()),
      () => encodeUpdate(update()),
      () => encodeSyncStep2(update()),
      () => encodeSyncStep1(this.#stateVector()),
      () => encodePresence(this.#presence()),
      () => encodeBarrier(random.bytes(random.int(MAX_BARRIER_PAYLOAD_BYTES + 1))),
      () => encodeNodeQuery(),
      () => Uint8Array.of(3),
      () => Uint8Array.of(random.int(256), random.int(4), ...random.bytes(random.int(40))),
    ])();
  }

  #stateVector(): Uint8Array {
    const random = this.#random;
    const update = random.pick(this.#updates);
    if (random.chance(0.5)) return Y.encodeStateVectorFromUpdate(mergeMany(this.#updates.slice(0, 3)));
    const encoder = encoding.createEncoder();
    const clients = random.chance(0.1) ? 20_000 : random.int(20);
    encoding.writeVarUint(encoder, random.chance(0.1) ? 2 ** 40 : clients);
    for (let i = 0; i < clients; i++) {
      encoding.writeVarUint(encoder, random.int(2 ** 32));
      encoding.writeVarUint(
        encoder,
        random.chance(0.05) ? Number.MAX_SAFE_INTEGER : random.int(update.length),
      );
    }
    return encoding.toUint8Array(encoder);
  }

  #presence(): Uint8Array {
    const random = this.#random;
    const encoder = encoding.createEncoder();
    const clients = random.chance(0.1) ? 2_000 : 1 + random.int(4);
    encoding.writeVarUint(encoder, clients);
    for (let i = 0; i < clients; i++) {
      encoding.writeVarUint(encoder, random.int(2 ** 32));
      encoding.writeVarUint(encoder, random.chance(0.05) ? 2 ** 50 : random.int(1_000));
      encoding.writeVarString(encoder, this.#state());
    }
    return encoding.toUint8Array(encoder);
  }

  #state(): string {
    const random = this.#random;
    return random.pick<() => string>([
      () => 'null',
      () =>
        JSON.stringify({
          user: { name: 'x'.repeat(random.int(200)), color: '#fff' },
          cursor: random.int(99),
        }),
      () => `${'['.repeat(random.int(2_000))}1${']'.repeat(random.int(2_000))}`,
      () => '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
      () => JSON.stringify({ text: 'y'.repeat(random.int(40_000)) }),
      () => '{"user":',
    ])();
  }
}
