import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { describeFailure, Lifecycle, type Service } from './lifecycle.ts';

const DEADLINES = { startMs: 1_000, drainMs: 2_000, stopMs: 3_000 };
const never = () => new Promise<void>(() => {});

let steps: string[];
beforeEach(() => {
  steps = [];
  vi.useFakeTimers();
});
afterEach(() => void vi.useRealTimers());

function service(name: string, broken: Partial<Service> = {}): Service {
  const step = (what: string, instead?: () => Promise<void>) => async () => {
    steps.push(`${what} ${name}`);
    await instead?.();
  };
  return {
    name,
    run: step('run', broken.run),
    drain: step('drain', broken.drain),
    stop: step('stop', broken.stop),
  };
}

describe('Lifecycle', () => {
  it('starts in order, drains and stops in reverse', async () => {
    const lifecycle = new Lifecycle([service('log'), service('node')], DEADLINES);
    await lifecycle.start();
    expect(lifecycle.state).toBe('running');
    expect(await lifecycle.end()).toEqual([]);
    expect(lifecycle.state).toBe('stopped');
    expect(steps).toEqual(['run log', 'run node', 'drain node', 'drain log', 'stop node', 'stop log']);
  });

  it('stops what was started when a service fails to start, and throws its error', async () => {
    const failing = service('node', { run: async () => Promise.reject(new Error('port taken')) });
    const lifecycle = new Lifecycle([service('log'), failing, service('never')], DEADLINES);
    await expect(lifecycle.start()).rejects.toThrow('port taken');
    expect(steps).toEqual(['run log', 'run node', 'stop node', 'stop log']);
  });

  it('gives a start that hangs its deadline', async () => {
    const lifecycle = new Lifecycle([service('log', { run: never })], DEADLINES);
    const outcome = expect(lifecycle.start()).rejects.toThrow('starting log: no answer within 1000 ms');
    await vi.advanceTimersByTimeAsync(1_000);
    await outcome;
    expect(steps).toEqual(['run log', 'stop log']);
  });

  it('completes although steps fail and hang, and reports them', async () => {
    const broken = service('node', { drain: never, stop: async () => Promise.reject(new Error('lost')) });
    const lifecycle = new Lifecycle([service('log'), broken], DEADLINES);
    await lifecycle.start();
    const ending = lifecycle.end();
    await vi.advanceTimersByTimeAsync(2_000);
    const failures = await ending;
    expect(steps.slice(2)).toEqual(['drain node', 'drain log', 'stop node', 'stop log']);
    expect(failures.map(describeFailure)).toEqual([
      'node did not drain within 2000 ms',
      'node failed to stop: lost',
    ]);
  });

  it('ends once, however often it is asked', async () => {
    const lifecycle = new Lifecycle([service('log')], DEADLINES);
    await lifecycle.start();
    await Promise.all([lifecycle.end(), lifecycle.end({ drain: false })]);
    expect(steps).toEqual(['run log', 'drain log', 'stop log']);
  });

  it('starts nothing more once it is ending', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const lifecycle = new Lifecycle([service('log', { run: () => promise }), service('node')], DEADLINES);
    const starting = lifecycle.start();
    const ending = lifecycle.end();
    resolve();
    await Promise.all([starting, ending]);
    expect(steps).toEqual(['run log', 'drain log', 'stop log']);
    expect(lifecycle.state).toBe('stopped');
  });

  it('survives a service that throws instead of rejecting', async () => {
    const rude: Service = {
      name: 'rude',
      run: async () => {},
      stop: () => {
        throw new Error('rude');
      },
    };
    const lifecycle = new Lifecycle([service('log'), rude], DEADLINES);
    await lifecycle.start();
    expect((await lifecycle.end()).map(describeFailure)).toEqual(['rude failed to stop: rude']);
    expect(steps).toContain('stop log');
  });
});
