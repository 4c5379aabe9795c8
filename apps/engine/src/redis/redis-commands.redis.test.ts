import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { eventually } from '../testing/eventually.ts';
import { startFaultProxy } from '../testing/services/fault-proxy.ts';
import { startRedis } from '../testing/services/redis-service.ts';
import { RedisCommands, RedisDisconnected } from './redis-commands.ts';
import { RedisRefused } from './resp-reader.ts';

const quiet = () => {};

describe('RedisCommands', () => {
  let admin: Redis;
  let redis: RedisCommands;
  beforeAll(async () => {
    admin = new Redis(inject('redisUrl'));
    redis = new RedisCommands({ url: inject('redisUrl'), name: 'lean', onError: quiet });
    await redis.connect();
  });
  afterAll(() => {
    redis.close();
    admin.disconnect();
  });

  it('answers in the order of what was asked, refusals too', async () => {
    const answers = await Promise.allSettled([
      redis.call('SET', 'lean:a', 'ä'),
      redis.call('NOSUCH'),
      redis.call('GET', 'lean:a'),
      redis.call('GET', 'lean:none'),
      redis.call('INCRBY', 'lean:n', 3),
    ]);
    expect(answers[1]).toMatchObject({ status: 'rejected', reason: expect.any(RedisRefused) });
    const values = answers.map((each) => (each.status === 'fulfilled' ? each.value : null));
    expect(values).toEqual([Buffer.from('OK'), null, Buffer.from('ä'), null, 3]);
    await admin.del('lean:a', 'lean:n');
  });

  it('takes more commands at once than fit into one write, and a reply of many megabytes', async () => {
    const large = Buffer.alloc(8 * 1_024 * 1_024, 7);
    const [, back] = await Promise.all([
      redis.call('SET', 'lean:large', large),
      redis.call('GET', 'lean:large'),
      ...Array.from({ length: 5_000 }, () => redis.call('PING')),
    ]);
    expect(Buffer.isBuffer(back) && back.equals(large)).toBe(true);
    await admin.del('lean:large');
  });

  it('says who it is, and which run of Redis it talks to', async () => {
    expect(await admin.client('LIST')).toMatch(/name=lean /);
    expect(await admin.info('server')).toContain(`run_id:${redis.run}`);
  });

  it('signs in as a user, and works in the database of its URL', async () => {
    const server = await startRedis({ aof: false });
    const owner = new Redis(server.url);
    await owner.call('ACL', 'SETUSER', 'kryton', 'on', '>geheim', '~*', '+@all');
    const url = `redis://kryton:geheim@127.0.0.1:${server.port}/3`;
    const inside = new RedisCommands({ url, name: 'inside', onError: quiet });
    await inside.connect();
    await inside.call('SET', 'k', 'v');
    await owner.select(3);
    expect(await owner.get('k')).toBe('v');
    expect(await owner.client('LIST')).toMatch(/name=inside .*user=kryton/);
    inside.close();
    const outside = new RedisCommands({ url: url.replace('geheim', 'falsch'), name: 'out', onError: quiet });
    await expect(outside.connect()).rejects.toThrow('WRONGPASS');
    outside.close();
    owner.disconnect();
    await server.stop();
  });

  it('LOG6 a command whose connection is cut is not sent again, and the next goes over a new one', async () => {
    const proxy = await startFaultProxy(Number(new URL(inject('redisUrl')).port));
    let ready = 0;
    const cut = new RedisCommands({
      url: `redis://127.0.0.1:${proxy.port}`,
      name: 'cut',
      onError: quiet,
      onReady: () => ready++,
    });
    await cut.connect();
    proxy.hold('toClient', /cut/);
    const underWay = cut.call('INCR', 'lean:once');
    await eventually(async () => (await admin.get('lean:once')) === '1', { what: 'Redis has the command' });
    proxy.sever();
    await expect(underWay).rejects.toThrow(RedisDisconnected);
    await expect(cut.call('PING')).rejects.toThrow(RedisDisconnected);
    await eventually(() => ready === 2, { what: 'it is connected again' });
    await cut.call('PING');
    expect(await admin.get('lean:once')).toBe('1');
    await admin.del('lean:once');
    cut.close();
    await proxy.close();
  });

  it('LOG6 a connection that answers nothing is replaced, although more is sent on it all the time', async () => {
    const proxy = await startFaultProxy(Number(new URL(inject('redisUrl')).port));
    let ready = 0;
    const url = `redis://127.0.0.1:${proxy.port}`;
    const silent = new RedisCommands({ url, name: 'silent', onError: quiet, onReady: () => ready++ });
    await silent.connect();
    proxy.hold('toClient', /silent/);
    await eventually(
      () => {
        silent.call('PING').catch(quiet);
        return ready === 2;
      },
      { what: 'it is connected anew', withinMs: 15_000, everyMs: 100 },
    );
    silent.close();
    await proxy.close();
  });
});
