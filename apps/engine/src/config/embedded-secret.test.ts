import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { StartupError } from '../lifecycle/startup-error.ts';
import { temporaryDirectory } from '../testing/services/temporary-directory.ts';
import { embeddedSecret } from './embedded-secret.ts';

it('is made once, for its owner only', () => {
  const dir = temporaryDirectory('embedded-secret');
  const secret = embeddedSecret(dir);
  expect(secret).toMatch(/^[\w-]{43}$/);
  expect(embeddedSecret(dir)).toBe(secret);
  expect(statSync(join(dir, 'auth-secret')).mode & 0o777).toBe(0o600);
  expect(embeddedSecret(temporaryDirectory('embedded-secret'))).not.toBe(secret);
});

it('is not replaced when it is damaged, and not shown', () => {
  const dir = temporaryDirectory('embedded-secret');
  writeFileSync(join(dir, 'auth-secret'), 'half of it');
  expect(() => embeddedSecret(dir)).toThrow(StartupError);
  expect(() => embeddedSecret(dir)).toThrow(/auth-secret is damaged: .* Delete it/);
  expect(() => embeddedSecret(dir)).not.toThrow('half of it');
  expect(readFileSync(join(dir, 'auth-secret'), 'utf8')).toBe('half of it');
});

it('says where it cannot be kept', () => {
  const file = join(temporaryDirectory('embedded-secret'), 'file');
  writeFileSync(file, '');
  expect(() => embeddedSecret(file)).toThrow('set BETTER_AUTH_SECRET');
});
