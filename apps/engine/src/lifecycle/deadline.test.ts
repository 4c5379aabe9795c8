import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { DeadlineExceeded, deadline } from './deadline.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const never = () => new Promise<never>(() => {});

it('settles as the promise does', async () => {
  expect(await deadline(Promise.resolve(1), 100, 'asking')).toBe(1);
  await expect(deadline(Promise.reject(new Error('no')), 100, 'asking')).rejects.toThrow('no');
  expect(vi.getTimerCount()).toBe(0);
});

it('rejects by name when there is no answer in time', async () => {
  const late = deadline(never(), 100, 'asking Redis');
  const outcome = expect(late).rejects.toMatchObject({
    name: 'DeadlineExceeded',
    what: 'asking Redis',
    afterMs: 100,
    message: 'asking Redis: no answer within 100 ms',
  });
  await vi.advanceTimersByTimeAsync(99);
  expect(vi.getTimerCount()).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  await outcome;
});

it('leaves no unhandled rejection when the promise fails after the deadline', async () => {
  const { promise, reject } = Promise.withResolvers<never>();
  const unhandled = vi.fn();
  process.on('unhandledRejection', unhandled);
  const late = deadline(promise, 10, 'asking');
  const outcome = expect(late).rejects.toBeInstanceOf(DeadlineExceeded);
  await vi.advanceTimersByTimeAsync(10);
  await outcome;
  reject(new Error('too late'));
  vi.useRealTimers();
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', unhandled);
  expect(unhandled).not.toHaveBeenCalled();
});
