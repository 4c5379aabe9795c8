import { MetricSet } from '@kryton/engine/metrics/metric-set.ts';
import { manualTimers } from '@kryton/engine/testing/manual-timers.ts';
import { beforeEach, expect, it } from 'vitest';
import { PluginMetrics } from './plugin-metrics.ts';
import { RunningPlugin } from './running-plugin.ts';
import { Unavailable } from './unavailable.ts';

let timers: ReturnType<typeof manualTimers>;
let lines: string[];
let plugin: RunningPlugin;
beforeEach(() => {
  timers = manualTimers();
  lines = [];
  const log = {
    debug() {},
    info() {},
    warn() {},
    error: (_details: object, line: string) => void lines.push(line),
  };
  const metrics = new PluginMetrics(new MetricSet('node-1'));
  const deadlines = { setupMs: 50, handlerMs: 50, closeMs: 50 };
  plugin = new RunningPlugin({ id: 'shaky', log, metrics, timers, deadlines });
});

const throwUncaught = (times: number) => {
  for (let i = 0; i < times; i++) plugin.uncaught(new Error('a fault'));
};

it('contains what a handler throws, however often, and goes on', async () => {
  for (let i = 0; i < 100; i++) {
    const outcome = await plugin.call('a request', () => {
      throw new Error('a fault');
    });
    expect(outcome).toEqual({ kind: 'failed' });
  }
  expect(plugin.isOn).toBe(true);
  expect(await plugin.call('a request', async () => 7)).toEqual({ kind: 'done', result: 7 });
  // A loop of faults does not fill the disk.
  expect(lines).toHaveLength(30);
});

it('does not wait for a handler that hangs', async () => {
  expect(await plugin.call('a request', () => new Promise(() => {}))).toEqual({ kind: 'failed' });
  await expect(plugin.setUp(() => new Promise(() => {}))).rejects.toThrow('setup: no answer within 50 ms');
});

it('does not blame a plugin for Redis', async () => {
  const away = new Unavailable('away');
  expect(await plugin.call('a request', () => Promise.reject(away))).toEqual({ kind: 'unavailable' });
  for (let i = 0; i < 20; i++) plugin.uncaught(away);
  expect(plugin.isOn).toBe(true);
});

it('is switched off by ten uncaught errors within a minute, once, and closed', async () => {
  const happened: string[] = [];
  plugin.whenOff(() => happened.push('off'));
  plugin.onClose(() => {
    happened.push('closed');
    throw new Error('while closing');
  });
  throwUncaught(9);
  expect(plugin.isOn).toBe(true);
  throwUncaught(3);
  expect(plugin.isOn).toBe(false);
  await plugin.close();
  expect(happened).toEqual(['off', 'closed']);
  expect(lines.filter((line) => line.startsWith('switched'))).toHaveLength(1);
});

it('stays on when the errors are spread over more than a minute', async () => {
  for (let i = 0; i < 30; i++) {
    throwUncaught(1);
    await timers.advance(7_000);
  }
  expect(plugin.isOn).toBe(true);
});

it('closes within its deadline although a hook hangs', async () => {
  plugin.onClose(() => new Promise(() => {}));
  const startedMs = performance.now();
  await plugin.close();
  expect(performance.now() - startedMs).toBeLessThan(2_000);
  expect(lines).toEqual(['a plugin failed while it closed']);
});
