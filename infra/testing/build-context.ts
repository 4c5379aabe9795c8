import { globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import ignore from '@balena/dockerignore';

/** What a build is sent: the files of `top` that its `.dockerignore` lets through, relative to it. */
export function buildContext(top: string): string[] {
  const rules = ignore.default().add(readFileSync(join(top, '.dockerignore'), 'utf8').split('\n'));
  // Never sent, and large: looking through them takes longer than all the rest.
  const large = (path: string) => /(^|\/)(node_modules|\.git|\.data|dist)$/.test(path);
  return globSync(['*', '.*', 'apps/**', 'infra/**', 'k8s/**', 'loadtest/**'], { cwd: top, exclude: large })
    .filter((path) => statSync(join(top, path)).isFile())
    .filter((path) => !rules.ignores(path))
    .sort();
}
