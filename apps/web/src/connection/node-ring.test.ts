import { describe, expect, it } from 'vitest';
import { NodeRing, readNodeUrls, socketUrl } from './node-ring.ts';

const one = 'http://localhost:3001';
const two = 'http://localhost:3002';
const three = 'http://localhost:3003';

describe('the ring of nodes', () => {
  it('stays on the only node, however often it fails', () => {
    const ring = new NodeRing(one, () => 0.99);
    ring.failed();
    ring.failed();
    expect(ring.current).toBe(one);
  });

  it('moves from a failed node to the other, and back when that fails too', () => {
    const ring = new NodeRing(one, () => 0);
    ring.add([one, two]);
    expect(ring.size).toBe(2);
    expect(ring.current).toBe(one);
    ring.failed();
    expect(ring.current).toBe(two);
    ring.failed();
    expect(ring.current).toBe(one);
  });

  it('tries every node before it comes back to one', () => {
    for (const random of [0, 0.5, 0.99]) {
      const ring = new NodeRing(one, () => random);
      ring.add([two, three]);
      const tried = [0, 1, 2].map(() => {
        ring.failed();
        return ring.current;
      });
      expect(tried.slice(0, 2).sort()).toEqual([two, three]);
      expect(tried[2]).toBe(one);
    }
  });

  it('spreads the tabs of a dead node over the others', () => {
    const chosen = [0, 0.99].map((random) => {
      const ring = new NodeRing(one, () => random);
      ring.add([two, three]);
      ring.failed();
      return ring.current;
    });
    expect(new Set(chosen)).toEqual(new Set([two, three]));
  });
});

describe('the addresses of nodes', () => {
  it('become WebSocket addresses with the same security', () => {
    expect(socketUrl('http://localhost:3001')).toBe('ws://localhost:3001/ws/yjs');
    expect(socketUrl('https://edit.example')).toBe('wss://edit.example/ws/yjs');
  });

  it('are read from the answer of /api/node without trailing slashes', () => {
    expect(readNodeUrls({ node: 'a', urls: [`${one}/`, 'https://edit.example/kryton/'] }, one)).toEqual([
      one,
      'https://edit.example/kryton',
    ]);
  });

  it('leave out what the browser could not connect to', () => {
    const urls = ['ftp://x', 'nonsense', 7, null, 'javascript:alert(1)', 'http://plain.example'];
    expect(readNodeUrls({ urls }, 'https://edit.example')).toEqual([]);
    expect(readNodeUrls({ urls }, one)).toEqual(['http://plain.example']);
  });

  it.each([null, 'text', 7, [], {}, { urls: 'x' }, { urls: null }])('are none in %j', (answer) => {
    expect(readNodeUrls(answer, one)).toEqual([]);
  });
});
