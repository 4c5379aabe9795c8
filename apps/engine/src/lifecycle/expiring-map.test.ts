import { expect, it } from 'vitest';
import { ExpiringMap } from './expiring-map.ts';

function small() {
  const clock = { nowMs: 0 };
  return { clock, map: new ExpiringMap<number>(() => clock.nowMs, 10) };
}

it('forgets a value when its time is up', () => {
  const { clock, map } = small();
  map.set('a', 1, 100);
  map.set('b', 2, Number.POSITIVE_INFINITY);
  clock.nowMs = 99;
  expect(map.replace('a', 3)).toBe(true);
  expect(map.get('a')).toBe(3);
  clock.nowMs = 100;
  expect(map.get('a')).toBeNull();
  expect(map.replace('a', 4)).toBe(false);
  expect(map.get('b')).toBe(2);
  expect(map.size).toBe(1);
});

it('holds a bounded number and drops first what is over, then what is over soonest', () => {
  const { clock, map } = small();
  for (let i = 0; i < 5; i++) map.set(`short ${i}`, i, 10);
  for (let i = 0; i < 5; i++) map.set(`endless ${i}`, i, Number.POSITIVE_INFINITY);
  clock.nowMs = 10;
  map.set('new', 1, 1_000);
  expect(map.size).toBe(6);
  for (let i = 0; i < 4; i++) map.set(`long ${i}`, i, 2_000 + i);
  map.set('last', 1, 5_000);
  expect(map.size).toBe(10);
  expect(map.get('new')).toBeNull();
  for (let i = 0; i < 100; i++) map.set(`endless too ${i}`, i, Number.POSITIVE_INFINITY);
  expect(map.size).toBeLessThanOrEqual(10);
  expect(map.get('endless too 99')).toBe(99);
});
