/** The import rules of the house: who may know whom. `npm run check:imports` fails on a breach. */
// Contract suites (`*.contract.ts`) hold tests that the test files of several adapters run.
const tests = '\\.(?:test|contract)\\.ts$|/testing/|/test/';
const notTests = { pathNot: tests };

export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-unresolved',
      comment: 'an import that leads nowhere cannot be judged by the other rules; k6 brings its own modules',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^k6(/|$)' },
    },
    {
      name: 'engine-knows-no-app',
      comment: 'server, worker, launcher and web use the engine; never the other way round',
      severity: 'error',
      from: { path: '^apps/engine/src', ...notTests },
      to: { path: '^apps/(server|worker|launcher|web)/' },
    },
    {
      name: 'engine-knows-no-http',
      severity: 'error',
      from: { path: '^apps/engine/src', ...notTests },
      to: { path: 'node_modules/(fastify|@fastify|ws)/' },
    },
    {
      name: 'apps-stay-apart',
      comment: 'server and worker meet only in the engine; the launcher starts both as a composition root',
      severity: 'error',
      from: { path: '^apps/(server|worker|web)/', ...notTests },
      to: { path: '^apps/(server|worker|web|launcher)/', pathNot: '^apps/$1/' },
    },
    {
      name: 'protocol-is-browser-safe',
      severity: 'error',
      from: { path: '^apps/engine/src/protocol', ...notTests },
      to: { pathNot: '^apps/engine/src/protocol|node_modules/(yjs|lib0|y-protocols)/' },
    },
    {
      name: 'web-uses-the-protocol-only',
      severity: 'error',
      from: { path: '^apps/web/src', ...notTests },
      to: { path: '^apps/engine', pathNot: '^apps/engine/src/protocol' },
    },
    {
      name: 'room-knows-ports-only',
      comment: 'a room speaks to ports, never to Redis, SQL or an adapter',
      severity: 'error',
      from: { path: '^apps/server/src/room', ...notTests },
      to: {
        path: 'node_modules/(ioredis|bullmq|kysely|pg|fastify|@fastify)/|^apps/engine/src/.*/(redis|embedded|postgres|bullmq)-',
      },
    },
    {
      name: 'only-socket-calls-the-rooms-of-the-walk',
      comment: 'types may be shared (a principal is what auth makes and access judges); calls may not',
      severity: 'error',
      from: { path: '^apps/server/src/([^/]+)/', pathNot: `^apps/server/src/socket/|${tests}` },
      to: {
        path: '^apps/server/src/(auth|access|room)/',
        pathNot: '^apps/server/src/$1/',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'only-wiring-picks-adapters',
      comment: 'adapters are constructed in a composition root and nowhere else',
      severity: 'error',
      from: {
        path: '^apps/(server|worker)/src/',
        // A command beside the service (`src/y-redis/main.ts`) is a composition root too.
        pathNot: `${tests}|/src/(main|app)\\.ts$|/src/[^/]+/main\\.ts$`,
      },
      to: { path: '^apps/engine/src/.*/(redis|embedded|postgres|bullmq)-' },
    },
    {
      name: 'products-use-no-test-code',
      severity: 'error',
      from: { path: '^apps/[^/]+/src', ...notTests },
      to: { path: tests, pathNot: 'node_modules/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '/dist/|/results/' },
    // TypeScript 7 has no API: `typescript` is version 6 here, and `npm run check:types` runs 7 by its alias.
    parser: 'tsc',
    tsPreCompilationDeps: true,
    moduleSystems: ['es6'],
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.js', '.json'],
    },
  },
};
