import * as encoding from 'lib0/encoding';
import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { checkUpdate } from './update-guard.ts';
import { DEFAULT_UPDATE_LIMITS, TRUSTED_UPDATE_LIMITS, type UpdateLimits } from './update-limits.ts';
import { type RefusalCode, UpdateRefused } from './update-refused.ts';

const { writeVarUint: uint, writeVarString: text, writeUint8: byte } = encoding;

function uints(e: encoding.Encoder, ...numbers: number[]): void {
  for (const number of numbers) uint(e, number);
}

function bytes(e: encoding.Encoder, ...numbers: number[]): void {
  for (const number of numbers) byte(e, number);
}

function encoded(write: (encoder: encoding.Encoder) => void): Uint8Array {
  return encoding.encode(write);
}

/** One client, 7, with `count` structs from clock 0 that `write` writes; no deletes. */
function structs(write: (encoder: encoding.Encoder) => void, count = 1, client = 7): Uint8Array {
  return encoded((e) => {
    for (const number of [1, count, client, 0]) uint(e, number);
    write(e);
    uint(e, 0);
  });
}

/** One item in the root type "t" whose content `write` writes. */
function item(contentRef: number, write: (encoder: encoding.Encoder) => void): Uint8Array {
  return structs((e) => {
    byte(e, contentRef);
    uint(e, 1);
    text(e, 't');
    write(e);
  });
}

function deletes(...clients: [client: number, ...ranges: [clock: number, length: number][]][]): Uint8Array {
  return encoded((e) => {
    uint(e, 0);
    uint(e, clients.length);
    for (const [client, ...ranges] of clients) {
      uint(e, client);
      uint(e, ranges.length);
      for (const number of ranges.flat()) uint(e, number);
    }
  });
}

function refusal(bytes: Uint8Array, limits?: Partial<UpdateLimits>): RefusalCode | 'accepted' {
  try {
    checkUpdate(bytes, { ...DEFAULT_UPDATE_LIMITS, ...limits });
    return 'accepted';
  } catch (error) {
    if (error instanceof UpdateRefused) return error.code;
    throw error;
  }
}

const doc = new Y.Doc({ gc: false });
doc.clientID = 5;
doc.getText('t').insert(0, 'héllo 😀');
doc.getText('t').delete(1, 2);
const honest = Y.encodeStateAsUpdate(doc);

describe('checkUpdate', () => {
  it('tells what an update holds', () => {
    expect(checkUpdate(honest)).toEqual({
      bytes: honest,
      runs: [{ client: 5, clock: 0, length: 8 }],
      deleteSet: new Map([[5, [[1, 2]]]]),
      isEmpty: false,
    });
    expect(checkUpdate(honest).bytes).toBe(honest);
    expect(checkUpdate(Uint8Array.of(0, 0))).toMatchObject({ runs: [], isEmpty: true });
  });

  it('leaves Skips out of the runs', () => {
    const gap = structs((e) => bytes(e, 0, 3, 10, 4, 0, 2), 3);
    expect(checkUpdate(gap).runs).toEqual([
      { client: 7, clock: 0, length: 3 },
      { client: 7, clock: 7, length: 2 },
    ]);
    const onlySkip = structs((e) => bytes(e, 10, 4));
    expect(checkUpdate(onlySkip).isEmpty).toBe(true);
  });

  it('refuses every truncation and every longer form of a real update', () => {
    for (let length = 0; length < honest.length; length++) {
      expect(refusal(honest.subarray(0, length)), `${length} bytes`).toBe('unreadable');
    }
    expect(refusal(Uint8Array.of(...honest, 0))).toBe('trailing-bytes');
  });

  it('refuses a v2 update, which Yjs would silently read as nothing', () => {
    const v2 = Y.encodeStateAsUpdateV2(doc);
    expect(refusal(v2)).toBe('trailing-bytes');
    expect(() => checkUpdate(v2)).toThrow(/v2/);
  });

  it('refuses GC structs that reach beyond 2^31, 2^53 and further', () => {
    const gc = (...length: number[]) => structs((e) => bytes(e, 0, ...length));
    expect(refusal(structs((e) => uints(e, 0, 2 ** 31)))).toBe('accepted');
    expect(refusal(structs((e) => uints(e, 0, 2 ** 31 + 1)))).toBe('clock-too-large');
    expect(refusal(structs((e) => uints(e, 0, Number.MAX_SAFE_INTEGER)))).toBe('clock-too-large');
    expect(refusal(gc(255, 255, 255, 255, 255, 255, 255, 31))).toBe('unreadable');
    expect(refusal(gc(...new Array<number>(150).fill(0x80), 1))).toBe('unreadable');
  });

  it('refuses counts that the bytes cannot hold without working them off', () => {
    // Worked off, 2 to the power of 50 would not end within the time of a test.
    const claims = (write: (e: encoding.Encoder) => void) => refusal(encoded(write), TRUSTED_UPDATE_LIMITS);
    const many = 2 ** 50;
    expect(claims((e) => uint(e, many))).toBe('unreadable');
    expect(claims((e) => uints(e, 1, many, 7, 0))).toBe('unreadable');
    expect(claims((e) => uints(e, 0, many))).toBe('unreadable');
    expect(claims((e) => uints(e, 0, 1, 7, many))).toBe('unreadable');
    expect(
      claims((e) =>
        encoding.writeUint8Array(
          e,
          item(8, (i) => uint(i, many))
            .subarray(0, -1)
            .subarray(0, -1),
        ),
      ),
    ).toBe('unreadable');
    expect(
      claims((e) =>
        encoding.writeUint8Array(
          e,
          item(3, (i) => uint(i, many)),
        ),
      ),
    ).toBe('unreadable');
  });

  it.each<[string, RefusalCode, Uint8Array]>([
    ['an unknown content', 'unknown-content', item(11, () => undefined)],
    ['a Skip with flags', 'unknown-struct', structs((e) => bytes(e, 0x8a, 1, 0, 1))],
    ['a GC with flags', 'unknown-struct', structs((e) => bytes(e, 0x20, 1))],
    ['a parent info of 2', 'unknown-struct', structs((e) => bytes(e, 4, 2, 0))],
    ['an unknown shared type', 'unknown-content', item(7, (e) => uint(e, 7))],
    ['an unknown value type', 'unknown-content', item(8, (e) => bytes(e, 1, 99))],
    ['a text that is not UTF-8', 'bad-text', item(4, (e) => bytes(e, 1, 0xff))],
    ['an empty text', 'empty-struct', item(4, (e) => text(e, ''))],
    ['an empty list', 'empty-struct', item(8, (e) => uint(e, 0))],
    ['deleted content without length', 'empty-struct', item(1, (e) => uint(e, 0))],
    ['a GC without length', 'empty-struct', structs((e) => bytes(e, 0, 0))],
    ['an embed that is not JSON', 'bad-json', item(5, (e) => text(e, '{'))],
    ['JSON of 101 levels', 'bad-json', item(5, (e) => text(e, '['.repeat(101) + ']'.repeat(101)))],
    [
      'a format that is not JSON',
      'bad-json',
      item(6, (e) => {
        text(e, 'bold');
        text(e, 'undefined');
      }),
    ],
    ['a value of 5,000 levels', 'nested-too-deep', item(8, (e) => nestedValue(e, 5000))],
    [
      'a value that changes a prototype',
      'unknown-content',
      item(8, (e) => {
        for (const number of [1, 118, 1]) byte(e, number);
        text(e, '__proto__');
        byte(e, 126);
      }),
    ],
    ['a subdocument without options', 'bad-subdocument', item(9, (e) => subdocument(e, null))],
    ['a subdocument whose id is a number', 'bad-subdocument', item(9, (e) => subdocument(e, { guid: 1 }))],
    ['a struct that depends on itself', 'bad-reference', structs((e) => bytes(e, 0x84, 7, 0, 1, 97))],
    ['a struct that stands in itself', 'bad-reference', structs((e) => bytes(e, 4, 0, 7, 0, 1, 97))],
    ['a delete without length', 'bad-delete-set', deletes([7, [3, 0]])],
    ['deletes out of order', 'bad-delete-set', deletes([7, [5, 1], [1, 1]])],
    ['deletes that overlap', 'bad-delete-set', deletes([7, [1, 3], [3, 1]])],
    ['a delete beyond 2^31', 'clock-too-large', deletes([7, [2 ** 31, 1]])],
    ['a client twice in the delete set', 'repeated-client', deletes([7, [1, 1]], [7, [3, 1]])],
  ])('refuses %s', (_what, code, hostile) => {
    expect(refusal(hostile)).toBe(code);
  });

  it('refuses clients out of order, which make mergeUpdates write a client twice and Yjs lose one of both', () => {
    const blocks = (...clients: number[]) =>
      encoded((e) => {
        uint(e, clients.length);
        for (const client of clients) uints(e, 1, client, 0, 0, 1);
        uint(e, 0);
      });
    expect(refusal(blocks(9, 7))).toBe('accepted');
    expect(refusal(blocks(7, 9))).toBe('clients-out-of-order');
    expect(refusal(blocks(7, 7))).toBe('clients-out-of-order');
  });

  it('accepts the content that only old versions of Yjs write', () => {
    const old = item(2, (e) => {
      uint(e, 2);
      text(e, 'undefined');
      text(e, '{"a":[1]}');
    });
    expect(checkUpdate(old).runs).toEqual([{ client: 7, clock: 0, length: 2 }]);
    const loaded = new Y.Doc();
    Y.applyUpdate(loaded, old);
    expect(loaded.getArray('t').toArray()).toEqual([undefined, { a: [1] }]);
  });

  it.each<[RefusalCode, Partial<UpdateLimits>]>([
    ['too-many-structs', { structs: 2 }],
    ['too-many-clients', { clients: 0 }],
    ['too-many-delete-ranges', { deleteRanges: 0 }],
    ['too-many-root-names', { rootNames: 0 }],
    ['root-name-too-long', { rootNameBytes: 1 }],
    ['content-too-large', { contentBytes: 2 }],
  ])('%s: keeps to its limit', (code, limits) => {
    expect(refusal(honest)).toBe('accepted');
    expect(refusal(honest, limits)).toBe(code);
  });

  it('limits the subdocuments', () => {
    const parent = new Y.Doc();
    parent.getArray('a').insert(0, [new Y.Doc(), new Y.Doc()]);
    expect(refusal(Y.encodeStateAsUpdate(parent), { subdocuments: 2 })).toBe('accepted');
    expect(refusal(Y.encodeStateAsUpdate(parent), { subdocuments: 1 })).toBe('too-many-subdocuments');
  });

  it('limits how deep shared types nest, whichever way they are put together', () => {
    const nested = (levels: number) => {
      const deep = new Y.Doc();
      deep.transact(() => {
        let list = deep.getArray('a');
        for (let i = 0; i < levels; i++) {
          const inner = new Y.Array<unknown>();
          list.insert(0, ['beside', inner]);
          list = inner;
        }
      });
      return Y.encodeStateAsUpdate(deep);
    };
    expect(refusal(nested(201))).toBe('accepted');
    expect(refusal(nested(202))).toBe('nested-too-deep');
    const wide = new Y.Doc();
    wide.getArray('a').insert(
      0,
      Array.from({ length: 5000 }, () => new Y.Map()),
    );
    expect(refusal(Y.encodeStateAsUpdate(wide))).toBe('accepted');
  });

  it('names a close code for every refusal', () => {
    expect(new UpdateRefused('unreadable', '').closeKind).toBe('malformed');
    expect(new UpdateRefused('too-many-structs', '').closeKind).toBe('tooLarge');
  });
});

function nestedValue(e: encoding.Encoder, levels: number): void {
  uint(e, 1);
  for (let i = 0; i < levels; i++) bytes(e, 117, 1);
  byte(e, 126);
}

function subdocument(e: encoding.Encoder, options: Record<string, number> | null): void {
  text(e, 'guid');
  encoding.writeAny(e, options);
}
