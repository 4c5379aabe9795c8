import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { eventually } from '../testing/eventually.ts';
import type { Service } from './lifecycle.ts';
import { runServices } from './run-services.ts';

const DEADLINES = { startMs: 5_000, drainMs: 5_000, stopMs: 5_000 };

/** A process whose signals come from the test. */
function observedProcess() {
  const signals = new EventEmitter();
  const codes: number[] = [];
  const lines: string[] = [];
  const add = (line: string) => void lines.push(line);
  const process = {
    on: (signal: string, listener: () => void) => signals.on(signal, listener),
    off: (signal: string, listener: () => void) => signals.off(signal, listener),
    exit: (code: number) => codes.push(code),
  };
  const exited = () => eventually(() => codes.length > 0 && codes[0] === codes.at(-1), { what: 'it ends' });
  return {
    signals,
    codes,
    lines,
    exited,
    options: { deadlines: DEADLINES, process, log: { info: add, error: add } },
  };
}

function service(steps: string[], broken: Partial<Service> = {}): Service {
  return {
    name: 'node',
    run: async () => void steps.push('run'),
    drain: async () => void steps.push('drain'),
    stop: async () => void steps.push('stop'),
    ...broken,
  };
}

it.each(['SIGTERM', 'SIGINT'])('DRAIN1 drains and stops on %s and ends with 0', async (signal) => {
  const { signals, codes, exited, options } = observedProcess();
  const steps: string[] = [];
  await runServices([service(steps)], options);
  signals.emit(signal);
  await exited();
  expect(steps).toEqual(['run', 'drain', 'stop']);
  expect(codes).toEqual([0]);
});

it('ends at once with 1 on the second signal', async () => {
  const { signals, codes, options } = observedProcess();
  await runServices([service([], { drain: () => new Promise(() => {}) })], options);
  signals.emit('SIGINT');
  expect(codes).toEqual([]);
  signals.emit('SIGTERM');
  expect(codes).toEqual([1]);
});

it('ends with 1 and says what failed when a step fails', async () => {
  const { signals, codes, lines, exited, options } = observedProcess();
  await runServices([service([], { stop: () => Promise.reject(new Error('lost')) })], options);
  signals.emit('SIGTERM');
  await exited();
  expect(codes).toEqual([1]);
  expect(lines).toContain('node failed to stop: lost');
});

it('ends with 1, without draining, when the process itself fails', async () => {
  const { codes, lines, exited, options } = observedProcess();
  const steps: string[] = [];
  const running = await runServices([service(steps)], options);
  running.fail('the embedded database broke down');
  running.fail('again');
  await exited();
  expect(steps).toEqual(['run', 'stop']);
  expect(codes).toEqual([1]);
  expect(lines).toEqual(['ending: the embedded database broke down']);
});

it('throws what made the start fail, and listens to signals no more', async () => {
  const { signals, codes, options } = observedProcess();
  const failing = service([], { run: () => Promise.reject(new Error('port taken')) });
  await expect(runServices([failing], options)).rejects.toThrow('port taken');
  expect(signals.listenerCount('SIGTERM') + signals.listenerCount('SIGINT')).toBe(0);
  expect(codes).toEqual([]);
});
