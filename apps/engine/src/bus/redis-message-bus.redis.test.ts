import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { eventually } from '../testing/eventually.ts';
import { manualTimers } from '../testing/manual-timers.ts';
import { type FaultProxy, startFaultProxy } from '../testing/services/fault-proxy.ts';
import { startRedis } from '../testing/services/redis-service.ts';
import { describeMessageBus } from './message-bus.contract.ts';
import { BusUnavailable } from './message-bus.ts';
import { RedisMessageBus, type RedisMessageBusOptions } from './redis-message-bus.ts';

const quiet = () => {};

describeMessageBus('Redis', async () => {
  const errors: unknown[] = [];
  const options = { url: inject('redisUrl'), onError: (error: unknown) => errors.push(error) };
  const bus = await RedisMessageBus.connect({ ...options, name: 'contract-a' });
  const other = await RedisMessageBus.connect({ ...options, name: 'contract-b' });
  return {
    bus,
    other,
    errors,
    stop: async () => {
      await Promise.all([bus.close(), other.close()]);
    },
  };
});

describe('RedisMessageBus', () => {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
  });

  const text = (value: string) => Buffer.from(value, 'utf8');

  async function connect(options: Partial<RedisMessageBusOptions> = {}): Promise<RedisMessageBus> {
    const bus = await RedisMessageBus.connect({
      url: inject('redisUrl'),
      name: 'bus-details',
      onError: quiet,
      ...options,
    });
    closing.push(() => bus.close());
    return bus;
  }

  async function throughProxy(
    options: Partial<RedisMessageBusOptions> = {},
  ): Promise<{ bus: RedisMessageBus; proxy: FaultProxy }> {
    const proxy = await startFaultProxy(Number(new URL(inject('redisUrl')).port));
    closing.push(() => proxy.close());
    const bus = await connect({ url: `redis://127.0.0.1:${proxy.port}`, ...options });
    return { bus, proxy };
  }

  it('has its channels under kry:bus:, and those that begin with kry: as they are', async () => {
    const admin = new Redis(inject('redisUrl'));
    closing.push(() => admin.disconnect());
    const bus = await connect();
    const name = randomUUID();
    await bus.subscribe(name, quiet);
    await bus.subscribe(`kry:${name}`, quiet);
    expect(await admin.call('PUBSUB', 'SHARDCHANNELS', `*${name}`)).toEqual(
      expect.arrayContaining([`kry:bus:${name}`, `kry:${name}`]),
    );
  });

  it('has its subscriptions back after an interruption, and says so only then', async () => {
    const { bus, proxy } = await throughProxy();
    const sender = await connect();
    const channels = Array.from({ length: 20 }, () => randomUUID());
    const heard: string[] = [];
    for (const channel of channels) {
      await bus.subscribe(channel, (message) => heard.push(Buffer.from(message).toString('utf8')));
    }
    const ended = await bus.subscribe(randomUUID(), quiet);
    let interruptions = 0;
    const forget = bus.onInterruption(() => {
      interruptions += 1;
      // Whoever looks at what is stored now must miss nothing that comes after.
      for (const channel of channels) void sender.publish(channel, text(channel));
    });
    proxy.cut();
    await ended();
    await expect(bus.publish('any', text('x'))).rejects.toBeInstanceOf(BusUnavailable);
    await expect(bus.subscribe('any', quiet)).rejects.toBeInstanceOf(BusUnavailable);
    proxy.mend();
    await eventually(() => interruptions > 0, { what: 'the interruption is reported', withinMs: 10_000 });
    await eventually(() => heard.length === channels.length, { what: 'every channel is heard again' });
    expect(heard.toSorted()).toEqual(channels.toSorted());
    forget();
    proxy.sever();
    await eventually(
      async () => {
        await sender.publish(channels[0] ?? '', text('again'));
        return heard.includes('again');
      },
      { what: 'it is heard after another interruption', withinMs: 10_000 },
    );
    expect(interruptions).toBe(1);
  });

  it('replaces a listening connection that is up and hears nothing', async () => {
    const timers = manualTimers();
    const { bus, proxy } = await throughProxy({ timers });
    const sender = await connect();
    const channel = randomUUID();
    let heard = 0;
    let interruptions = 0;
    await bus.subscribe(channel, () => {
      heard += 1;
    });
    bus.onInterruption(() => {
      interruptions += 1;
    });
    proxy.hold('toClient', /bus-live/);
    await sender.publish(channel, text('lost'));
    await timers.advance(5_000);
    await eventually(() => interruptions === 1, { what: 'the connection is replaced', withinMs: 10_000 });
    await sender.publish(channel, text('heard'));
    await eventually(() => heard === 1, { what: 'it is heard over the new connection' });
  });

  it('follows its name to the promoted Redis after a failover', async () => {
    const [old, promoted] = await Promise.all([startRedis({ aof: false }), startRedis({ aof: false })]);
    const name = await startFaultProxy(old.port);
    closing.push(() => Promise.all([name.close(), old.stop(), promoted.stop()]));
    const timers = manualTimers();
    const bus = await connect({ url: `redis://127.0.0.1:${name.port}`, timers });
    const channel = randomUUID();
    const heard: string[] = [];
    await bus.subscribe(channel, (message) => heard.push(Buffer.from(message).toString('utf8')));
    const admin = new Redis(old.url);
    name.lead(promoted.port);
    await admin.replicaof('127.0.0.1', String(promoted.port));
    admin.disconnect();
    await timers.advance(5_000);
    const elsewhere = await connect({ url: promoted.url });
    await eventually(
      async () => {
        await bus.publish(channel, text('from here'));
        await elsewhere.publish(channel, text('from there'));
        return heard.includes('from here') && heard.includes('from there');
      },
      { what: 'both sides meet at the promoted Redis', withinMs: 10_000 },
    );
    const reached: string[] = [];
    await elsewhere.subscribe(channel, (message) => reached.push(Buffer.from(message).toString('utf8')));
    await bus.publish(channel, text('back'));
    await eventually(() => reached.includes('back'), { what: 'the promoted Redis is spoken to' });
  });

  it('rejects in bounded time while Redis does not answer', async () => {
    const { bus, proxy } = await throughProxy();
    proxy.hold('toClient');
    const startedAt = performance.now();
    await expect(bus.publish('any', text('x'))).rejects.toBeInstanceOf(BusUnavailable);
    await expect(bus.subscribe('any', quiet)).rejects.toBeInstanceOf(BusUnavailable);
    expect(performance.now() - startedAt).toBeLessThan(6_000);
  });

  it('says at the start that Redis cannot be reached', async () => {
    const { proxy } = await throughProxy();
    proxy.cut();
    await expect(connect({ url: `redis://127.0.0.1:${proxy.port}` })).rejects.toBeInstanceOf(BusUnavailable);
  });
});
