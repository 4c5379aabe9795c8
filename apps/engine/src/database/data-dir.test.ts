import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { StartupError } from '../lifecycle/startup-error.ts';
import { temporaryDirectory } from '../testing/services/temporary-directory.ts';
import { openDataDir } from './data-dir.ts';

it('makes the directory for its owner only, and gives it back', () => {
  const path = join(temporaryDirectory('data-dir'), 'a', 'b');
  const first = openDataDir(path);
  expect(statSync(path).mode & 0o777).toBe(0o700);
  expect(() => openDataDir(path)).toThrow(StartupError);
  expect(() => openDataDir(path)).toThrow(`DATA_DIR ${path} is in use by another process`);
  first.release();
  first.release();
  openDataDir(path).release();
});

it('says when it is no directory that can be written', () => {
  const file = join(temporaryDirectory('data-dir'), 'file');
  writeFileSync(file, '');
  expect(() => openDataDir(file)).toThrow(`DATA_DIR ${file} is not writable`);
  expect(() => openDataDir(join(file, 'below'))).toThrow('set DATA_DIR to another directory');
});

it('says when the lock cannot be written', () => {
  const path = temporaryDirectory('data-dir');
  writeFileSync(
    join(path, 'lock'),
    'this is not a database, and long enough to be taken for a broken one'.repeat(20),
  );
  expect(() => openDataDir(path)).toThrow(`DATA_DIR ${path} is not writable`);
});
