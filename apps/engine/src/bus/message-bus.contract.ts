import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../testing/eventually.ts';
import { BusUnavailable, type MessageBus } from './message-bus.ts';

export type BusUnderTest = {
  readonly bus: MessageBus;
  /** Another process's view of the same bus; the bus itself where there is only one process. */
  readonly other: MessageBus;
  /** What was told to `onError`. */
  readonly errors: readonly unknown[];
  readonly stop: () => Promise<void>;
};

/** What every message bus guarantees (see `message-bus.ts`), as tests; `start` makes a fresh one. */
export function describeMessageBus(name: string, start: () => Promise<BusUnderTest>): void {
  describe(`message bus: ${name}`, () => {
    let under: BusUnderTest;
    beforeAll(async () => {
      under = await start();
    });
    afterAll(() => under.stop());

    const text = (value: string) => Buffer.from(value, 'utf8');

    async function listen(bus: MessageBus, channel: string) {
      const heard: string[] = [];
      const stop = await bus.subscribe(channel, (message) =>
        heard.push(Buffer.from(message).toString('utf8')),
      );
      return { heard, stop };
    }

    it('reaches every subscriber on every process, the sender too, once and in order', async () => {
      const channel = randomUUID();
      const all = await Promise.all([
        listen(under.bus, channel),
        listen(under.bus, channel),
        listen(under.other, channel),
      ]);
      const sent = Array.from({ length: 200 }, (_, i) => `message ${i}`);
      await Promise.all(sent.map((message) => under.bus.publish(channel, text(message))));
      for (const { heard } of all) {
        await eventually(() => heard.length >= sent.length, { what: 'all messages are heard' });
        expect(heard).toEqual(sent);
      }
    });

    it('keeps channels apart, whatever their names', async () => {
      const names = [`a:${randomUUID()}`, `kry:${randomUUID()}`, `plugin {chat} ä/${randomUUID()}`];
      const listeners = await Promise.all(names.map((channel) => listen(under.other, channel)));
      for (const channel of names) await under.bus.publish(channel, text(channel));
      for (const [i, { heard }] of listeners.entries()) {
        await eventually(() => heard.length > 0, { what: 'the message is heard' });
        expect(heard).toEqual([names[i]]);
      }
    });

    it('carries bytes as they are, and the sender may use its buffer again', async () => {
      const channel = randomUUID();
      const heard: Uint8Array[] = [];
      await under.other.subscribe(channel, (message) => heard.push(Uint8Array.from(message)));
      const everyByte = Uint8Array.from({ length: 300 }, (_, value) => value & 255);
      const sent = everyByte.slice().subarray(20, 280);
      await under.bus.publish(channel, sent);
      sent.fill(0);
      await under.bus.publish(channel, new Uint8Array());
      await eventually(() => heard.length === 2, { what: 'both are heard' });
      expect(heard).toEqual([everyByte.slice(20, 280), new Uint8Array()]);
    });

    it('stores nothing for those who come later', async () => {
      const channel = randomUUID();
      await under.bus.publish(channel, text('early'));
      const { heard } = await listen(under.bus, channel);
      await under.bus.publish(channel, text('late'));
      await eventually(() => heard.length > 0, { what: 'the later message is heard' });
      expect(heard).toEqual(['late']);
    });

    it('is not heard by whoever stopped listening, and still by the others', async () => {
      const channel = randomUUID();
      const [gone, stays] = await Promise.all([listen(under.bus, channel), listen(under.bus, channel)]);
      await gone.stop();
      await gone.stop();
      await under.other.publish(channel, text('one'));
      await eventually(() => stays.heard.length === 1, { what: 'the one that stays hears it' });
      await stays.stop();
      const again = await listen(under.bus, channel);
      await under.other.publish(channel, text('two'));
      await eventually(() => again.heard.length === 1, { what: 'a new listener hears' });
      expect([gone.heard, stays.heard]).toEqual([[], ['one']]);
    });

    it('has listeners that may subscribe twice and end each subscription for itself', async () => {
      const channel = randomUUID();
      let heard = 0;
      const listener = () => {
        heard += 1;
      };
      const [first] = [
        await under.bus.subscribe(channel, listener),
        await under.bus.subscribe(channel, listener),
      ];
      const witness = await listen(under.bus, channel);
      await under.bus.publish(channel, text('1'));
      await eventually(() => witness.heard.length === 1, { what: 'the witness hears it' });
      expect(heard).toBe(2);
      await first();
      await under.bus.publish(channel, text('2'));
      await eventually(() => witness.heard.length === 2, { what: 'the witness hears it' });
      expect(heard).toBe(3);
    });

    it('goes on when a listener throws', async () => {
      const channel = randomUUID();
      await under.bus.subscribe(channel, () => {
        throw new Error('a broken listener');
      });
      const { heard } = await listen(under.bus, channel);
      await under.bus.publish(channel, text('1'));
      await under.bus.publish(channel, text('2'));
      await eventually(() => heard.length === 2, { what: 'the other listener hears both' });
      expect(under.errors.map(String)).toContain('Error: a broken listener');
    });

    // Last, because nothing answers afterwards.
    it('rejects what is asked of it when it is closed', async () => {
      await under.bus.close();
      await expect(under.bus.publish('any', text('x'))).rejects.toBeInstanceOf(BusUnavailable);
      await expect(under.bus.subscribe('any', () => {})).rejects.toBeInstanceOf(BusUnavailable);
    });
  });
}
