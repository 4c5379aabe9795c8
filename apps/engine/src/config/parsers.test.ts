import { describe, expect, it } from 'vitest';
import * as parse from './parsers.ts';

describe('parsers of the environment', () => {
  it.each([
    ['0', 0],
    ['1048576', 1_048_576],
    ['512KiB', 524_288],
    ['24 MiB', 25_165_824],
    ['1GiB', 1_073_741_824],
  ])('reads the size %s', (text, expected) => {
    expect(parse.bytes(0, 2 ** 31)(text)).toBe(expected);
  });

  it.each(['', '-1', '1.5MiB', '24MB', '24 mib', '9999999999', 'MiB', '1e3'])(
    'refuses the size "%s"',
    (text) => {
      expect(() => parse.bytes(0, 2 ** 31)(text)).toThrow('is not a size from 0 B to 2 GiB');
    },
  );

  it('reads seconds into ms', () => {
    expect(parse.seconds(0, 60)('15')).toBe(15_000);
    expect(parse.seconds(0, 60)('0.25')).toBe(250);
    for (const text of ['15s', '-1', '61', '1e1', ''])
      expect(() => parse.seconds(0, 60)(text)).toThrow('seconds');
  });

  it('reads whole numbers only', () => {
    expect(parse.integer(1, 10)('10')).toBe(10);
    for (const text of ['0', '11', '1.0', '0x1', ' 1', ''])
      expect(() => parse.integer(1, 10)(text)).toThrow('1 to 10');
  });

  it('reads origins without path, query and password', () => {
    expect(parse.origin('https://docs.example.com/')).toBe('https://docs.example.com');
    expect(parse.origin('http://localhost:3001')).toBe('http://localhost:3001');
    for (const text of [
      'docs.example.com',
      'ftp://a.b',
      'https://a.b/c',
      'https://a.b?c',
      'https://u:p@a.b',
      '',
    ]) {
      expect(() => parse.origin(text)).toThrow('is not an origin');
    }
  });

  it('reads lists of origins and refuses "*"', () => {
    expect(parse.originList('https://a.example, http://b.example:81,')).toEqual([
      'https://a.example',
      'http://b.example:81',
    ]);
    expect(() => parse.originList('https://a.example,*')).toThrow('list the origins instead');
    expect(() => parse.originList('https://*.example')).toThrow('is not an origin');
  });

  it('reads trusted proxies', () => {
    expect(parse.trustedProxies('true')).toBe(true);
    expect(parse.trustedProxies('false')).toBe(false);
    expect(parse.trustedProxies('loopback, 10.0.0.0/8,::1,fd00::/8')).toEqual([
      'loopback',
      '10.0.0.0/8',
      '::1',
      'fd00::/8',
    ]);
    for (const text of ['1', '10.0.0.0/33', '::1/129', 'localhost', '10.0.0.0/8/8', ',']) {
      expect(() => parse.trustedProxies(text)).toThrow('no address block');
    }
  });

  it('reads URLs of the schemes it knows', () => {
    const redis = parse.urlOf(['redis', 'rediss'], 'redis://localhost:6379');
    expect(redis('rediss://host:1/2')).toBe('rediss://host:1/2');
    for (const text of ['http://host', 'host:6379', ''])
      expect(() => redis(text)).toThrow('redis:// or rediss://');
  });

  it('shows sizes in the largest unit that divides them', () => {
    expect(parse.formatBytes(25_165_824)).toBe('24 MiB');
    expect(parse.formatBytes(1_500)).toBe('1500 B');
  });
});
