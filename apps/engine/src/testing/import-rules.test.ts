import { execFile } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { temporaryDirectory } from './services/temporary-directory.ts';

const repository = fileURLToPath(new URL('../../../../', import.meta.url));

/** A small house of the same plan, in which every rule is broken once: file, source, and the rules that must say so. */
const BREACHES: readonly [file: string, source: string, rules: readonly string[]][] = [
  [
    'apps/engine/src/log/one.ts',
    "import type { Two } from './two.ts';\nexport type One = Two;",
    ['no-cycles'],
  ],
  ['apps/engine/src/log/lost.ts', "import './nowhere.ts';", ['no-unresolved']],
  ['apps/engine/src/log/upward.ts', "import '@kryton/server/room/room.ts';", ['engine-knows-no-app']],
  ['apps/engine/src/log/http.ts', "import type { x } from 'fastify';", ['engine-knows-no-http']],
  [
    'apps/worker/src/sideways.ts',
    "import type { x } from '@kryton/server/room/room.ts';",
    ['apps-stay-apart'],
  ],
  ['apps/engine/src/protocol/node.ts', "import 'node:fs';", ['protocol-is-browser-safe']],
  [
    'apps/web/src/deep.ts',
    "import type { x } from '@kryton/engine/log/redis-log.ts';",
    ['web-uses-the-protocol-only'],
  ],
  ['apps/server/src/room/redis.ts', "import type { x } from 'ioredis';", ['room-knows-ports-only']],
  [
    'apps/server/src/room/adapter.ts',
    "import type { x } from '@kryton/engine/log/redis-log.ts';",
    ['only-wiring-picks-adapters', 'room-knows-ports-only'],
  ],
  ['apps/server/src/http/late.ts', "import '../room/room.ts';", ['only-socket-calls-the-rooms-of-the-walk']],
  ['apps/worker/src/pick.ts', "import '@kryton/engine/log/redis-log.ts';", ['only-wiring-picks-adapters']],
  ['apps/engine/src/log/fixture.ts', "import '../testing/tool.ts';", ['products-use-no-test-code']],
];

const ALLOWED: readonly [file: string, source: string][] = [
  ['apps/engine/src/log/log.contract.ts', "import '../testing/tool.ts';"],
  ['apps/engine/src/log/two.ts', "import type { One } from './one.ts';\nexport type Two = One;"],
  ['apps/server/src/http/types.ts', "import type { x } from '../room/room.ts';"],
  ['apps/engine/src/log/redis-log.ts', "import type { x } from 'ioredis';"],
  ['apps/engine/src/testing/tool.ts', "import 'ioredis';"],
  ['apps/engine/src/protocol/frame.ts', 'export const frame = 1;'],
  ['apps/server/src/room/room.ts', "import '@kryton/engine/protocol/frame.ts';"],
  ['apps/server/src/socket/socket.ts', "import '../room/room.ts';"],
  ['apps/server/src/app.ts', "import '@kryton/engine/log/redis-log.ts';"],
  ['apps/web/src/page.ts', "import '@kryton/engine/protocol/frame.ts';"],
  ['apps/launcher/src/start.ts', "import '@kryton/server/app.ts';\nimport '@kryton/worker/sideways.ts';"],
];

it('reports every breach of every import rule, type imports too, and nothing else', async () => {
  const house = buildHouse();
  const expected = BREACHES.flatMap(([file, , rules]) => rules.map((rule) => `${rule}: ${file}`));
  expect(await cruise(house)).toEqual(expected.toSorted());
}, 30_000);

it('has a breach for every rule of the house', async () => {
  const { default: config } = (await import(join(repository, '.dependency-cruiser.js'))) as {
    default: { forbidden: { name: string }[] };
  };
  const broken = new Set(BREACHES.flatMap(([, , rules]) => rules));
  expect(config.forbidden.map(({ name }) => name).filter((name) => !broken.has(name))).toEqual([]);
});

function buildHouse(): string {
  const house = temporaryDirectory('import-rules');
  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(house, file)), { recursive: true });
    writeFileSync(join(house, file), text);
  };
  for (const [file, source] of [...BREACHES, ...ALLOWED]) write(file, `${source}\n`);
  mkdirSync(join(house, 'node_modules/@kryton'), { recursive: true });
  for (const app of ['engine', 'server', 'worker']) {
    const exports = { './*': './src/*' };
    write(`apps/${app}/package.json`, JSON.stringify({ name: `@kryton/${app}`, type: 'module', exports }));
    symlinkSync(join(house, 'apps', app), join(house, 'node_modules/@kryton', app));
  }
  for (const library of ['ioredis', 'fastify']) {
    write(`node_modules/${library}/package.json`, JSON.stringify({ name: library, main: 'index.js' }));
    write(`node_modules/${library}/index.js`, '');
  }
  return house;
}

/** Runs the repository's own tool and rules on `house`; every breach as `rule: file`, sorted. */
async function cruise(house: string): Promise<string[]> {
  const tool = join(repository, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
  const args = [
    tool,
    '--config',
    join(repository, '.dependency-cruiser.js'),
    '--output-type',
    'json',
    'apps',
  ];
  const printed = await new Promise<string>((resolve, reject) => {
    execFile(process.execPath, args, { cwd: house, timeout: 25_000 }, (error, stdout, stderr) => {
      if (stderr !== '') reject(new Error(stderr, { cause: error }));
      else resolve(stdout);
    });
  });
  const { summary } = JSON.parse(printed) as {
    summary: { violations: { from: string; rule: { name: string } }[] };
  };
  return summary.violations.map(({ from, rule }) => `${rule.name}: ${from}`).toSorted();
}
