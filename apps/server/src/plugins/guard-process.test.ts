import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

const module = (name: string) => JSON.stringify(new URL(`./${name}.ts`, import.meta.url).href);

/** Runs a script in a process of its own; guarded unless told. */
function run(script: string, { guarded = true } = {}): { code: number | null; out: string; err: string } {
  const source = `
    import { guardProcess } from ${module('guard-process')};
    import { inPlugin, outsidePlugins } from ${module('plugin-scope')};
    ${guarded ? 'guardProcess(process);' : ''}
    const plugin = { uncaught: (error) => console.log('uncaught: ' + error.message) };
    setTimeout(() => console.log('alive'), 100);
    ${script}`;
  const ended = spawnSync(process.execPath, ['--input-type=module', '--eval', source], {
    encoding: 'utf8',
    timeout: 10_000,
  });
  return { code: ended.status, out: ended.stdout, err: ended.stderr };
}

it.each([
  ['a timer', "setTimeout(() => { throw new Error('a fault'); }, 5)"],
  ['a tick', "process.nextTick(() => { throw new Error('a fault'); })"],
  ['a rejection', "void Promise.reject(new Error('a fault'))"],
  [
    'a rejection later on',
    "void (async () => { await new Promise((f) => setTimeout(f, 5)); throw new Error('a fault'); })()",
  ],
  [
    'a socket',
    "import('node:net').then(({ connect }) => connect(1, '127.0.0.1').on('close', () => { throw new Error('a fault'); }).on('error', () => {}))",
  ],
])('a plugin that throws in %s does not end the process', (_what, code) => {
  const { code: exit, out, err } = run(`inPlugin(plugin, () => { ${code}; });`);
  expect(out).toContain('uncaught: a fault');
  expect(out).toContain('alive');
  expect(err).toBe('');
  expect(exit).toBe(0);
});

it.each([
  ['throws', "setTimeout(() => { throw new Error('ours'); }, 5);"],
  ['rejects', "void Promise.reject(new Error('ours'));"],
  [
    'throws in a call from a plugin',
    "inPlugin(plugin, () => outsidePlugins(() => setTimeout(() => { throw new Error('ours'); }, 5)));",
  ],
])('what %s outside of plugins ends the process as it does without a guard', (_what, code) => {
  const [guarded, unguarded] = [run(code), run(code, { guarded: false })];
  for (const { code: exit, out, err } of [guarded, unguarded]) {
    expect(exit).toBe(1);
    expect(err).toMatch(/Error: ours\n\s+at /);
    expect(out).toBe('');
  }
});

it('leaves it to others who listen', () => {
  const script =
    "process.on('uncaughtException', (e) => console.log('heard: ' + e.message)); void Promise.reject(new Error('ours'));";
  expect(run(script)).toEqual({ code: 0, out: 'heard: ours\nalive\n', err: '' });
});
