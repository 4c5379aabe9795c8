import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { describe, expect, inject, it } from 'vitest';
import { parseDocId } from '../protocol/ids.ts';
import { eventually } from '../testing/eventually.ts';
import { startRedis } from '../testing/services/redis-service.ts';
import { BullMqJobProcessor } from './bullmq-job-processor.ts';
import { BullMqJobQueue, type BullMqOptions } from './bullmq-job-queue.ts';
import { describeJobQueue } from './job-queue.contract.ts';
import type { FoldVerdict } from './job-queue.ts';

const DONE: FoldVerdict = { kind: 'done' };
const OPTIONS = { concurrency: 2, sweepEveryMs: 60_000 };
const freshDoc = () => parseDocId(randomUUID()) ?? expect.fail('a UUID is a document id');
/** How many connections of this name wait for something, by CLIENT LIST (redis.io/commands/client-list). */
async function waitingClients(admin: Redis, name: string): Promise<number> {
  const lines = String(await admin.client('LIST')).split('\n');
  return lines.filter((line) => line.includes(` name=${name} `) && / flags=\S*b/.test(line)).length;
}
const freshJobs = (url = inject('redisUrl')): BullMqOptions & { readonly url: string } => ({
  url,
  name: 'test',
  prefix: `{jobs-${randomUUID()}}`,
  onError: () => {},
});

describeJobQueue('BullMQ', async () => {
  const options = freshJobs();
  const queue = await BullMqJobQueue.connect(options);
  return {
    queue,
    process: (handlers, each) => BullMqJobProcessor.start(options, handlers, each),
    stop: () => queue.close(),
  };
});

describe('BullMqJobQueue', () => {
  it('LOG7 all its keys are in one hash slot', async () => {
    const options = freshJobs();
    const admin = new Redis(options.url);
    const queue = await BullMqJobQueue.connect(options);
    const runs: string[] = [];
    const fold = async (docId: string): Promise<FoldVerdict> => {
      runs.push(docId);
      return { kind: 'again', delayMs: 60_000 };
    };
    const processor = await BullMqJobProcessor.start(options, { fold, sweep: async () => {} }, OPTIONS);
    await queue.scheduleFold(freshDoc(), 0);
    await eventually(() => runs.length === 1, { what: 'the fold ran' });
    const keys = await eventually(
      async () => {
        const found = await admin.keys(`*${options.prefix?.slice(1, -1)}*`);
        return found.length > 3 && found;
      },
      { what: 'keys' },
    );
    for (const key of keys) expect(key.startsWith(`${options.prefix}:`), key).toBe(true);
    await processor.stop(1_000);
    await queue.close();
    admin.disconnect();
  });

  it('a fold that was given back at the deadline runs on another worker at once', async () => {
    const options = freshJobs();
    const queue = await BullMqJobQueue.connect(options);
    let isHanging = false;
    const hangs = () => {
      isHanging = true;
      return new Promise<FoldVerdict>(() => {});
    };
    const handlers = (fold: () => Promise<FoldVerdict>) => ({ fold, sweep: async () => {} });
    const first = await BullMqJobProcessor.start(options, handlers(hangs), OPTIONS);
    await queue.scheduleFold(freshDoc(), 0);
    await eventually(() => isHanging, { what: 'the fold runs' });
    let taken = false;
    const second = await BullMqJobProcessor.start(
      options,
      handlers(async () => {
        taken = true;
        return DONE;
      }),
      OPTIONS,
    );
    await first.stop(100);
    await eventually(() => taken, { what: 'the other worker takes it', withinMs: 3_000 });
    await second.stop(1_000);
    await queue.close();
  });

  it.each([
    { later: [], knows: 'of nothing' },
    { later: [60_000], knows: 'of a later job' },
  ])(
    'SNAP5 a signal that went to somebody frozen delays no job; the worker knows $knows',
    async ({ later }) => {
      const options = freshJobs();
      const queue = await BullMqJobQueue.connect(options);
      // They wait longer than the worker, so that the next signals are theirs; they do nothing about them.
      const connectionName = `frozen-${randomUUID()}`;
      const frozen = Array.from({ length: 20 }, () => new Redis(options.url, { connectionName }));
      for (const each of frozen) each.bzpopmin(`${options.prefix}:documents:marker`, 0).catch(() => {});
      const admin = new Redis(options.url);
      await eventually(async () => (await waitingClients(admin, connectionName)) === frozen.length, {
        what: 'they wait',
      });
      for (const delayMs of later) await queue.scheduleFold(freshDoc(), delayMs);
      let folds = 0;
      const fold = async () => {
        folds += 1;
        return DONE;
      };
      let isSwept = false;
      const sweep = async () => {
        isSwept = true;
      };
      const processor = await BullMqJobProcessor.start(options, { fold, sweep }, OPTIONS);
      await eventually(() => isSwept, { what: 'the worker is up', withinMs: 15_000 });
      await queue.scheduleFold(freshDoc(), 0);
      await eventually(() => folds === 1, { what: 'the fold runs', withinMs: 2_500 });
      expect(await waitingClients(admin, connectionName), 'the signal was theirs').toBeGreaterThan(0);
      for (const each of [admin, ...frozen]) each.disconnect();
      await processor.stop(1_000);
      await queue.close();
    },
  );

  it('two workers sweep once together', async () => {
    const options = freshJobs();
    const sweeps: number[] = [];
    const handlers = {
      fold: async () => DONE,
      sweep: async () => void sweeps.push(performance.now()),
    };
    const each = { concurrency: 2, sweepEveryMs: 500 };
    const startedAt = performance.now();
    const processors = [
      await BullMqJobProcessor.start(options, handlers, each),
      await BullMqJobProcessor.start(options, handlers, each),
    ];
    await eventually(() => sweeps.length >= 4, { what: 'four sweeps' });
    expect(performance.now() - startedAt).toBeGreaterThan(1_200);
    await Promise.all(processors.map((processor) => processor.stop(1_000)));
  });

  it('LOG6 outlives a Redis that goes and comes back empty: requests fail at once, then work again', async () => {
    const redis = await startRedis({ aof: false });
    const options = freshJobs(redis.url);
    const queue = await BullMqJobQueue.connect(options);
    let folds = 0;
    let sweeps = 0;
    const handlers = {
      fold: async () => {
        folds += 1;
        return DONE;
      },
      sweep: async () => {
        sweeps += 1;
      },
    };
    const processor = await BullMqJobProcessor.start(options, handlers, {
      concurrency: 2,
      sweepEveryMs: 500,
    });
    await eventually(() => sweeps >= 1, { what: 'a sweep' });
    await redis.stop();
    await expect(queue.scheduleFold(freshDoc(), 0)).rejects.toThrow();
    const again = await startRedis({ aof: false, port: Number(new URL(redis.url).port) });
    const sweptBefore = sweeps;
    await eventually(
      async () => {
        await queue.scheduleFold(freshDoc(), 0);
        return true;
      },
      { what: 'requests are taken again' },
    );
    await eventually(() => folds >= 1 && sweeps > sweptBefore, {
      what: 'folds and sweeps go on',
      withinMs: 10_000,
    });
    await processor.stop(1_000);
    await queue.close();
    await again.stop();
  });

  it('connecting to nothing is refused in time', async () => {
    const options = freshJobs('redis://127.0.0.1:1');
    await expect(BullMqJobQueue.connect(options)).rejects.toThrow();
    const handlers = { fold: async () => DONE, sweep: async () => {} };
    await expect(BullMqJobProcessor.start(options, handlers, OPTIONS)).rejects.toThrow();
  });
});
