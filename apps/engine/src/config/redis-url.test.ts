import { describe, expect, it } from 'vitest';
import { InvalidValue } from './parsers.ts';
import { parseRedisUrl, redisPlace, serverUrl } from './redis-url.ts';

const OPEN = { username: null, password: null, isTls: false, servername: null };

describe('parseRedisUrl', () => {
  it('leaves the URL of one server to ioredis', () => {
    const url = 'redis://user:p%40ss@redis.example.com/2?family=6';
    expect(parseRedisUrl(url)).toMatchObject({
      kind: 'server',
      url,
      address: { host: 'redis.example.com', port: 6_379 },
    });
  });

  it('reads the servers of a cluster', () => {
    expect(parseRedisUrl('redis+cluster://redis-1:7000,redis-2,[fd00::1]:7001')).toEqual({
      kind: 'cluster',
      seeds: [
        { host: 'redis-1', port: 7_000 },
        { host: 'redis-2', port: 6_379 },
        { host: 'fd00::1', port: 7_001 },
      ],
      access: OPEN,
    });
    expect(parseRedisUrl('rediss+cluster://kry:a%2Fb%3Ac@one:1?servername=redis.example.com')).toMatchObject({
      access: { username: 'kry', password: 'a/b:c', isTls: true, servername: 'redis.example.com' },
    });
  });

  it('reads sentinels and what they call the master', () => {
    const text = 'redis+sentinel://:secret@s1,s2:26380/mymaster?db=3&sentinel-password=other';
    expect(parseRedisUrl(text)).toEqual({
      kind: 'sentinel',
      sentinels: [
        { host: 's1', port: 26_379 },
        { host: 's2', port: 26_380 },
      ],
      master: 'mymaster',
      db: 3,
      access: { ...OPEN, password: 'secret' },
      sentinelUsername: null,
      sentinelPassword: 'other',
    });
  });

  it.each([
    ['http://localhost', 'is no URL of Redis'],
    ['localhost:6379', 'is no URL of Redis'],
    ['redis://user:pa/ss@host', 'is no URL of Redis'],
    ['redis://user:p@ss@host', 'in a password @ / ? # are written %40'],
    ['redis://', 'names no host and port in place 1'],
    ['redis://user:hunter2', 'names no host and port in place 1'],
    ['redis://one,two', 'begin it with redis+cluster:// or redis+sentinel://'],
    ['redis+cluster://one,,two', 'names no host and port in place 2'],
    ['redis+cluster://one:70000', 'names no host and port in place 1'],
    ['redis+cluster://one/3', 'a cluster has only one'],
    ['redis+cluster://one?db=3', 'sets "db" behind the ?, where only servername'],
    ['redis+sentinel://one', 'what they call the master'],
    ['redis+sentinel://one/main?db=first', 'says db=first'],
    ['redis+sentinel://one/main?master=x', 'sets "master"'],
    ['redis+cluster://user:100%@one', 'write %25'],
  ])('says what is wrong with %s', (text, problem) => {
    expect(() => parseRedisUrl(text)).toThrow(InvalidValue);
    expect(() => parseRedisUrl(text)).toThrow(problem);
  });

  it('names a place without user and password, and the servers of a cluster with them', () => {
    const target = parseRedisUrl('rediss+cluster://kry:a%2Fb@one:1,two:2?servername=redis.example.com');
    const url = serverUrl({ host: 'fd00::1', port: 7 }, target.access);
    expect(url).toBe('rediss://kry:a%2Fb@[fd00::1]:7?servername=redis.example.com');
    expect(parseRedisUrl(url)).toMatchObject({
      address: { host: 'fd00::1', port: 7 },
      access: target.access,
    });
    expect(redisPlace('redis+cluster://kry:secret@one:1,two:2')).toBe('the cluster of one:1, two:2');
    expect(redisPlace('redis+sentinel://:secret@one/main')).toBe('main of the sentinels one:26379');
    expect(redisPlace('redis://:secret@one')).toBe('one:6379');
  });
});
