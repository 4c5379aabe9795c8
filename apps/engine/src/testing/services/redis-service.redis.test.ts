import { Redis } from 'ioredis';
import { expect, inject, it } from 'vitest';
import { eventually } from '../eventually.ts';
import { startRedis } from './redis-service.ts';
import { removeTemporaryDirectory, temporaryDirectory } from './temporary-directory.ts';

it('provides one Redis with AOF and noeviction', async () => {
  const redis = new Redis(inject('redisUrl'));
  expect(await redis.config('GET', 'appendonly')).toMatchObject(expect.anything());
  expect(JSON.stringify(await redis.config('GET', 'maxmemory-policy'))).toContain('noeviction');
  expect(JSON.stringify(await redis.config('GET', 'appendonly'))).toContain('yes');
  redis.disconnect();
});

it('keeps an acknowledged write across a crash when it is started again on its directory', async () => {
  const dir = temporaryDirectory('redis-crash');
  const before = await startRedis({ aof: true, dir });
  const writer = new Redis(before.url);
  writer.on('error', () => {});
  await writer.set('kept', 'yes');
  await before.crash();
  writer.disconnect();
  const after = await startRedis({ aof: true, dir, port: before.port });
  const reader = new Redis(after.url);
  expect(await eventually(() => reader.get('kept'), { what: 'the key is read' })).toBe('yes');
  reader.disconnect();
  await after.stop();
  removeTemporaryDirectory(dir);
});
