import { performance } from 'node:perf_hooks';
import { hashPassword, verifyPassword } from 'better-auth/crypto';
import { describe, expect, it } from 'vitest';
import { LineFull } from './line.ts';
import { PasswordHashing } from './password-hashing.ts';

describe('password hashing', () => {
  it("makes and reads better-auth's hashes", async () => {
    const hashing = new PasswordHashing();
    const password = 'pässword\u0301 that is long';
    const ours = await hashing.hash(password);
    expect(ours).toMatch(/^[0-9a-f]{32}:[0-9a-f]{128}$/);
    expect(await verifyPassword({ hash: ours, password })).toBe(true);
    const theirs = await hashPassword(password);
    expect(await hashing.verify(theirs, password)).toBe(true);
    expect(await hashing.verify(theirs, 'another')).toBe(false);
    expect(await hashing.hash(password)).not.toBe(ours);
    for (const broken of ['', ':', 'aa', 'aa:', 'aa:zz', theirs.slice(0, -2)]) {
      expect(await hashing.verify(broken, password), broken).toBe(false);
    }
  });

  it('runs a few at a time, in the order in which they came, and refuses more than it can serve', async () => {
    const hashing = new PasswordHashing({ atOnce: 1, maxWaiting: 2 });
    const order: number[] = [];
    const three = [1, 2, 3].map((n) => hashing.hash('password').then(() => order.push(n)));
    await expect(hashing.hash('password')).rejects.toBeInstanceOf(LineFull);
    await Promise.all(three);
    expect(order).toEqual([1, 2, 3]);
  });

  it('leaves the event loop alone', async () => {
    const hashing = new PasswordHashing();
    const before = performance.eventLoopUtilization();
    await Promise.all(Array.from({ length: 4 }, () => hashing.hash('password')));
    // Hashed on the loop it would be 1.
    expect(performance.eventLoopUtilization(before).utilization).toBeLessThan(0.5);
  });
});
