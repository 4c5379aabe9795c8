import * as encoding from 'lib0/encoding';
import { describe, expect, it } from 'vitest';
import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { decodePresence, encodePresenceUpdate, PresenceRefused, stampUser } from './presence-codec.ts';

const one = (state: string, clock = 1) => encodePresenceUpdate([{ clientId: 7, clock, state }]);

describe('presence codec', () => {
  it('PRES4 speaks to Awareness both ways', () => {
    const awareness = new Awareness(new Y.Doc());
    awareness.setLocalState({ user: { name: 'Zoë' }, cursor: null });
    const update = encodeAwarenessUpdate(awareness, [awareness.clientID]);
    const entries = decodePresence(update);
    expect(entries).toEqual([
      { clientId: awareness.clientID, clock: 1, state: '{"user":{"name":"Zoë"},"cursor":null}' },
    ]);
    expect(encodePresenceUpdate(entries)).toEqual(update);

    const other = new Awareness(new Y.Doc());
    applyAwarenessUpdate(other, encodePresenceUpdate(entries), null);
    expect(other.getStates().get(awareness.clientID)).toEqual({ user: { name: 'Zoë' }, cursor: null });
    applyAwarenessUpdate(
      other,
      encodePresenceUpdate([{ clientId: awareness.clientID, clock: 2, state: 'null' }]),
      null,
    );
    expect(other.getStates().has(awareness.clientID)).toBe(false);
    awareness.destroy();
    other.destroy();
  });

  it('PRES3 reads that a client is gone, however it is spaced', () => {
    expect(decodePresence(one(' null '))).toEqual([{ clientId: 7, clock: 1, state: 'null' }]);
    expect(decodePresence(Uint8Array.of(0))).toEqual([]);
  });

  it.each([
    ['an array', one('[]'), /neither null nor a JSON object/],
    ['a text', one('"hi"'), /neither null nor a JSON object/],
    ['nothing', one(''), /neither null nor a JSON object/],
    ['broken JSON', one('{"a":'), /neither null nor a JSON object/],
    ['a deep state', one(`{"a":${'['.repeat(40)}${']'.repeat(40)}}`), /at most 32 levels/],
    ['a state above 16 KiB', one(JSON.stringify({ a: 'x'.repeat(16 * 1024) })), /state of \d+ bytes/],
    ['a clock that cannot be counted up', one('{}', 2 ** 53 - 1), /clock 9007199254740991/],
    ['a state that is cut short', one('{"a":1}').subarray(0, 5), /cannot be read/],
    ['bytes after the last state', Uint8Array.of(...one('{}'), 1), /1 bytes follow/],
    ['a state that is not UTF-8', Uint8Array.of(1, 7, 1, 1, 0xff), /not valid UTF-8/],
    ['a count that the bytes do not hold', Uint8Array.of(9), /cannot be read/],
    ['too many clients', encoding.encode((e) => encoding.writeVarUint(e, 10_001)), /10001 clients/],
  ])('refuses %s', (_what, bytes, says) => {
    expect(() => decodePresence(bytes)).toThrow(PresenceRefused);
    expect(() => decodePresence(bytes)).toThrow(says);
  });

  it('PRES2 passes over what nobody wants, unread', () => {
    const entries = [1, 2, 3].map((clientId) => ({ clientId, clock: clientId, state: `{"x":${clientId}}` }));
    const wanted = decodePresence(encodePresenceUpdate(entries), (clientId) => clientId === 2);
    expect(wanted).toEqual([entries[1]]);
  });

  it('keeps to the limits it is given', () => {
    const all = () => true;
    const two = encodePresenceUpdate([1, 2].map((clientId) => ({ clientId, clock: 0, state: '{}' })));
    expect(decodePresence(two, all, { entries: 2, stateBytes: 2 })).toHaveLength(2);
    expect(() => decodePresence(two, all, { entries: 1, stateBytes: 2 })).toThrow(PresenceRefused);
    expect(() => decodePresence(two, all, { entries: 2, stateBytes: 1 })).toThrow(PresenceRefused);
  });

  it('PRES2 writes who the client is over what it claims, and keeps the rest', () => {
    const user = { id: 'u1', name: 'Ada' };
    const stamp = (state: unknown): unknown => JSON.parse(stampUser(JSON.stringify(state), user));
    expect(stamp({ cursor: 3, user: { id: 'boss', name: 'Boss', color: '#f00' } })).toEqual({
      cursor: 3,
      user: { id: 'u1', name: 'Ada', color: '#f00' },
    });
    expect(stamp({})).toEqual({ user });
    expect(stamp({ user: 'Boss' })).toEqual({ user });
    expect(stamp({ user: ['Boss'] })).toEqual({ user });
    expect(stampUser('{"__proto__":{"x":1},"user":{"__proto__":{"id":"boss"}}}', user)).toBe(
      '{"__proto__":{"x":1},"user":{"__proto__":{"id":"boss"},"id":"u1","name":"Ada"}}',
    );
    // A guest chooses a name, and is not somebody else.
    expect(stampUser('{"user":{"id":"boss","name":"Boss"}}', { id: 'g1' })).toBe(
      '{"user":{"id":"g1","name":"Boss"}}',
    );
    expect(stampUser('null', user)).toBe('null');
  });
});
