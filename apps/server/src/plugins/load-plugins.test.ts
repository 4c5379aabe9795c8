import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StartupError } from '@kryton/engine/lifecycle/startup-error.ts';
import { temporaryDirectory } from '@kryton/engine/testing/services/temporary-directory.ts';
import { expect, it } from 'vitest';
import { loadPlugins } from './load-plugins.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };

/** A directory with these files. */
function directoryOf(files: Readonly<Record<string, string>>): string {
  const root = temporaryDirectory('plugins');
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  return root;
}

const plugin = (id: string) => `export default { id: '${id}', setup() {} };`;

it('loads files and folders in the order of their names, and leaves out what is no module', async () => {
  const root = directoryOf({
    'b.mjs': plugin('from-mjs'),
    'a.ts': `type Id = string; const id: Id = 'from-ts'; export default { id, setup() {} };`,
    'c/package.json': '{"type":"module","main":"lib/main.js"}',
    'c/lib/main.js': plugin('from-main'),
    'd/index.mjs': plugin('from-index'),
    'README.md': '# no plugin',
    'a.test.ts': 'throw new Error("a test is no plugin");',
    'a.d.ts': 'export {};',
    '.hidden/x.mjs': '',
    'node_modules/x/index.js': '',
  });
  const loaded = await loadPlugins(root, { log });
  expect(loaded.map((one) => one.plugin.id)).toEqual(['from-ts', 'from-mjs', 'from-main', 'from-index']);
  expect(loaded[2]?.file).toBe(join(root, 'c/lib/main.js'));
});

it.each([
  ['no default export', { 'x.mjs': 'export const id = 1;' }, /x\.mjs: it has no default export/],
  ['a bad id', { 'x.mjs': plugin('Chat!') }, /x\.mjs: its id "Chat!" is not/],
  ['an id that is too long', { 'x.mjs': plugin('a'.repeat(33)) }, /x\.mjs: its id/],
  ['no setup', { 'x.mjs': "export default { id: 'x' };" }, /x\.mjs: it has no function setup/],
  [
    'a bad version',
    { 'x.mjs': "export default { id: 'x', version: 1, setup() {} };" },
    /version is not a text/,
  ],
  ['a syntax error', { 'x.mjs': 'export default {' }, /x\.mjs: .*(?:Unexpected|syntax)/],
  ['a module that throws', { 'x.mjs': "throw new Error('no licence');" }, /x\.mjs: no licence/],
  ['a missing import', { 'x.mjs': "import './nowhere.js';" }, /x\.mjs: .*nowhere/],
  ['a module that never ends', { 'x.mjs': 'await new Promise(() => {});' }, /x\.mjs: loading it: no answer/],
  ['a folder without a module', { 'x/readme.txt': '' }, /x: the folder has neither/],
  ['a bad package.json', { 'x/package.json': '{"main": 3}' }, /x\/package\.json: "main" is not a text/],
  ['an id twice', { 'x.mjs': plugin('same'), 'y.mjs': plugin('same') }, /y\.mjs: .*x\.mjs has the id "same"/],
])('names the file and the fault: %s', async (_what, files, message) => {
  const failing = loadPlugins(directoryOf(files), { log, importMs: 300 });
  await expect(failing).rejects.toThrow(StartupError);
  await expect(failing).rejects.toThrow(message);
});

it('lists every problem at once', async () => {
  const root = directoryOf({ 'x.mjs': plugin('X'), 'y.mjs': '', 'z.mjs': plugin('fine') });
  await expect(loadPlugins(root, { log })).rejects.toThrow(/x\.mjs.*\n.*y\.mjs/);
});

it('says so when the directory is not there', async () => {
  await expect(loadPlugins('/nowhere/at/all', { log })).rejects.toThrow(/\/nowhere\/at\/all cannot be read/);
});

it('loads the plugins that come with the server', async () => {
  const root = fileURLToPath(new URL('../../plugins', import.meta.url));
  expect((await loadPlugins(root, { log })).map((one) => one.plugin.id)).toEqual(['chat']);
});

it('loads the plugin that the README of the chat shows', async () => {
  const readme = readFileSync(new URL('../../plugins/chat/README.md', import.meta.url), 'utf8');
  const shown = /```ts\n([^`]*)```/.exec(readme)?.[1] ?? '';
  const [loaded] = await loadPlugins(directoryOf({ 'shown.ts': shown }), { log });
  expect(loaded?.plugin.id).toBe('counter');
});
