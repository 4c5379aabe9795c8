import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectDatabase } from '@kryton/engine/database/connect-database.ts';
import { migrate } from '@kryton/engine/database/migrate.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import type { RunningProcess } from '@kryton/engine/testing/services/child-process.ts';
import { freePort } from '@kryton/engine/testing/services/free-port.ts';
import { createDatabase } from '@kryton/engine/testing/services/postgres-service.ts';
import { temporaryDirectory } from '@kryton/engine/testing/services/temporary-directory.ts';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { startNodeProcess } from '../testing/node-process.ts';
import { pluginClient } from '../testing/plugin-client.ts';
import { rawClient } from '../testing/raw-client.ts';
import { freshDoc } from '../testing/test-cluster.ts';

/** Throws where nobody catches it, each time in the way that the path says. */
const SHAKY = `
  const ways = {
    timer: () => void setTimeout(() => { throw new Error('thrown in a timer'); }, 1),
    rejection: () => void Promise.reject(new Error('rejected, and nobody looks')),
    later: () => void (async () => { await new Promise(setImmediate); throw new Error('thrown later on'); })(),
    call: (context) => void context.publish('not a channel', 1),
    nothing: () => {},
  };
  export default {
    id: 'shaky',
    setup(context) {
      context.http({ method: 'POST', path: '/:way', handle: ({ params }) => { ways[params.way](context); return {}; } });
      context.socket({ path: '/socket', open() {}, message: () => ways.timer() });
    },
  };`;
const CALM =
  "export default { id: 'calm', setup: ({ http }) => http({ method: 'GET', path: '/', handle: () => ({}) }) };";

describe('what a plugin throws where nobody catches it', () => {
  let node: RunningProcess;
  let port: number;
  beforeAll(async () => {
    const postgresUrl = await createDatabase(inject('postgresUrl'));
    const database = await connectDatabase({ url: postgresUrl }, { applicationName: 'test' });
    await migrate(database.db);
    await database.close();
    const pluginsDir = temporaryDirectory('plugins');
    writeFileSync(join(pluginsDir, 'shaky.mjs'), SHAKY);
    writeFileSync(join(pluginsDir, 'calm.mjs'), CALM);
    port = await freePort();
    const redisUrl = inject('redisUrl');
    const settings = { name: 'node-1', port, redisUrl, postgresUrl, webRoot: '/nowhere', urls: [] };
    node = await startNodeProcess({ ...settings, pluginsDir, logLevel: 'error' });
  });
  afterAll(() => node.stop());

  const url = (path: string) => `http://127.0.0.1:${port}/api/plugins${path}`;
  const provoke = async (way: string) => (await fetch(url(`/shaky/${way}`), { method: 'POST' })).status;
  const lines = () =>
    node
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line): { plugin?: string; msg: string; err?: { message: string } } => JSON.parse(line));

  it.each([
    ['timer', 'thrown in a timer'],
    ['rejection', 'rejected, and nobody looks'],
    ['later', 'thrown later on'],
    ['call', "a channel's name is"],
  ])('is logged as that of the plugin, and the node lives on: %s', async (way, message) => {
    expect(await provoke(way)).toBe(200);
    const line = await eventually(() => lines().find(({ err }) => err?.message.startsWith(message)) ?? null, {
      what: `the log says ${message}`,
    });
    expect(line).toMatchObject({ plugin: 'shaky', msg: 'a plugin threw where nobody catches it' });
    expect((await fetch(`http://127.0.0.1:${port}/livez`)).status).toBe(200);
  });

  it('switches the plugin off when it goes on and on, and nothing else', async () => {
    const docId = freshDoc();
    const [editing, chatting] = [
      await rawClient(port, docId),
      await pluginClient(port, '/shaky/socket', 't'),
    ];
    for (let i = 0; i < 10; i++) chatting.say('again');
    expect((await chatting.closed).code).toBe(1013);
    expect(await provoke('nothing')).toBe(503);
    await expect(pluginClient(port, '/shaky/socket', 't')).rejects.toThrow('HTTP 503');
    expect(lines().filter(({ msg }) => msg.startsWith('switched a plugin off'))).toHaveLength(1);

    expect((await fetch(url('/calm'))).status).toBe(200);
    editing.barrier(7);
    expect((await editing.next('barrier')).payload).toEqual(Uint8Array.of(7));
    editing.close();
    expect(await node.stop()).toEqual({ code: 0, signal: null });
  });
});
