import { Server } from '@hocuspocus/server';
import { encodeUpdate } from '@kryton/engine/protocol/frames.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { afterEach, beforeEach, expect, it } from 'vitest';
import * as Y from 'yjs';
import { BenchClient } from '../bench-client.ts';
import { rawJoin } from '../raw-join.ts';
import { hocuspocusDialect } from './hocuspocus-dialect.ts';

let server: Server;
beforeEach(async () => {
  server = new Server({ address: '127.0.0.1', port: 0, quiet: true, stopOnSignals: false });
  await server.listen();
});
afterEach(() => server.destroy());

it('opens a document of a real Hocuspocus, writes to it, hears others and joins it raw', async () => {
  const door = { url: server.webSocketURL, headers: {}, dialect: hocuspocusDialect('a') };
  const [writer, listener] = [await BenchClient.join(door), await BenchClient.join(door)];
  const frames: Buffer[] = [];
  listener.onFrame = (frame) => frames.push(Buffer.from(frame));
  const doc = new Y.Doc();
  doc.getText('content').insert(0, 'hello');
  const edit = encodeUpdate(Y.encodeStateAsUpdate(doc));
  writer.send(edit);
  await eventually(() => frames.some((frame) => frame.equals(edit)), {
    what: 'the edit came',
    withinMs: 5_000,
  });
  const latecomer = await BenchClient.connect(door);
  const arrived = new Y.Doc();
  Y.applyUpdate(arrived, await latecomer.sync());
  expect(arrived.getText('content').toString()).toBe('hello');
  for (const client of [writer, listener, latecomer]) client.close();
  expect(await rawJoin(door)).toBeGreaterThan('hello'.length);
});
