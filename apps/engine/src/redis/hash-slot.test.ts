import { expect, it } from 'vitest';
import { hashSlot } from './hash-slot.ts';

it('LOG7 the slot of a key is that of its hash tag, as Redis reckons it', () => {
  // CRC16 of "123456789" is 0x31C3 (redis.io/docs/reference/cluster-spec).
  expect(hashSlot('123456789')).toBe(0x31c3);
  expect(hashSlot('kry:{doc}:log')).toBe(hashSlot('doc'));
  expect(hashSlot('kry:{doc}:meta')).toBe(hashSlot('kry:{doc}:live'));
  // CLUSTER KEYSLOT of Redis 7.
  expect(hashSlot('foo')).toBe(12_182);
  expect(hashSlot('foo{}bar')).toBe(14_292);
  expect(hashSlot('foo{{bar}}zap')).toBe(4_015);
  expect(hashSlot('{größe}')).toBe(hashSlot('größe'));
});
