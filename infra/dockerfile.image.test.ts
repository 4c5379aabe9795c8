import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findOwnProgram } from '@kryton/engine/testing/services/installed.ts';
import { NODE_FLAGS } from '@kryton/server/node-flags.ts';
import { describe, expect, it } from 'vitest';
import { environmentOf, execForm, lastOf, readDockerfile } from './testing/dockerfile.ts';

const run = promisify(execFile);
const FILE = fileURLToPath(new URL('./Dockerfile', import.meta.url));

describe('infra/Dockerfile', () => {
  const stages = readDockerfile(FILE);
  const image = stages.at(-1) ?? expect.fail('a stage');

  it('has nothing that hadolint would say, not even about style', async () => {
    const hadolint = findOwnProgram('hadolint') ?? expect.fail('hadolint is installed');
    const { stdout } = await run(hadolint, ['--failure-threshold', 'style', FILE], { timeout: 30_000 });
    expect(stdout).toBe('');
  });

  it('builds on the release of Node that the tests run on', () => {
    const bases = stages
      .filter(({ from }) => !stages.some(({ name }) => name === from))
      .map(({ from }) => from);
    expect(new Set(bases)).toEqual(new Set([`node:${process.versions.node}-bookworm-slim`]));
  });

  it('runs a node, by number as nobody special, without a shell in between', () => {
    expect(lastOf(image, 'USER')).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(execForm(image, 'ENTRYPOINT')).toEqual([]);
    expect(execForm(image, 'CMD')).toEqual(['node', ...NODE_FLAGS, 'apps/server/src/main.ts']);
    expect(execForm(image, 'HEALTHCHECK').slice(-1)).toEqual(['live']);
    expect(environmentOf(image)).toEqual({ NODE_ENV: 'production' });
  });

  it('says what it is (opencontainers.org, image-spec annotations)', () => {
    const labels = lastOf(image, 'LABEL') ?? '';
    for (const name of ['title', 'description', 'licenses', 'version', 'revision'])
      expect(labels).toContain(`org.opencontainers.image.${name}=`);
  });
});
