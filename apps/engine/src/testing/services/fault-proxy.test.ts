import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../eventually.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';

describe('the fault proxy, in front of a real TCP server that answers what it hears', () => {
  let server: Server;
  let proxy: FaultProxy;
  let heard: string;
  const sockets: Socket[] = [];

  beforeEach(async () => {
    heard = '';
    server = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (data) => {
        heard += data.toString();
        socket.write(data);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    proxy = await startFaultProxy(typeof address === 'object' ? (address?.port ?? 0) : 0);
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await proxy.close();
    server.close();
  });

  const open = async () => {
    const socket = connect(proxy.port, '127.0.0.1');
    sockets.push(socket);
    const client = { socket, answers: '', hasClosed: false };
    socket.on('data', (data) => {
      client.answers += data.toString();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      client.hasClosed = true;
    });
    await once(socket, 'connect');
    return client;
  };
  const says = (what: string, check: () => boolean) => eventually(() => check(), { what });

  it('passes everything on, in both directions, until it is told otherwise', async () => {
    const client = await open();
    const text = 'x'.repeat(1_000_000);
    client.socket.write(text);
    await says('the echo is complete', () => client.answers.length === text.length);
    expect(heard).toBe(text);
    client.socket.end();
    await says('the end is passed on', () => proxy.connections === 0);
  });

  it('cuts connections, refuses new ones, and accepts them again when mended', async () => {
    const client = await open();
    proxy.cut();
    await says('the connection is gone', () => client.hasClosed);
    const refused = await open().catch(() => null);
    await says('a new one is refused', () => refused === null || refused.hasClosed);
    proxy.mend();
    const again = await open();
    again.socket.write('hello');
    await says('the mended proxy passes', () => again.answers === 'hello');
  });

  it('holds one direction while the connection stays up, and passes what waited when mended', async () => {
    const client = await open();
    client.socket.write('a');
    await says('it works', () => client.answers === 'a');
    proxy.hold('toClient');
    client.socket.write('b');
    await says('the server hears', () => heard === 'ab');
    proxy.hold('toServer');
    client.socket.write('c');
    const later = await open();
    later.socket.write('d');
    // Bytes that went through another connection after these were held show that time has passed for them too.
    await eventually(() => proxy.connections === 2, { what: 'the second connection is up' });
    expect([client.answers, later.answers, heard, client.hasClosed]).toEqual(['a', '', 'ab', false]);
    proxy.mend();
    await says('what waited arrives in order', () => client.answers === 'abc' && later.answers === 'd');
  });

  it('holds only the connections whose first bytes match', async () => {
    const [named, other] = [await open(), await open()];
    named.socket.write('i am:live;');
    other.socket.write('i am:log;');
    await says('both work', () => named.answers.endsWith(';') && other.answers.endsWith(';'));
    proxy.hold('toClient', /:live/);
    named.socket.write('1');
    other.socket.write('2');
    await says('the other one still works', () => other.answers === 'i am:log;2');
    await says('the server heard both', () => heard.endsWith('1') || heard.includes('1'));
    expect(named.answers).toBe('i am:live;');
    proxy.mend();
    await says('what waited arrives', () => named.answers === 'i am:live;1');
  });

  it('delays and slows down', async () => {
    const client = await open();
    proxy.delay(150);
    const startedAt = performance.now();
    client.socket.write('x');
    await says('the delayed echo arrives', () => client.answers === 'x');
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(299);
    proxy.mend();
    proxy.throttle(100_000);
    const slowFrom = performance.now();
    client.socket.write('y'.repeat(30_000));
    await says('the throttled echo arrives', () => client.answers.length === 30_001);
    expect(performance.now() - slowFrom).toBeGreaterThan(150);
  });
});
