import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { describe, expect, it } from 'vitest';
import { readAuthMessage } from 'y-protocols/auth';
import { Awareness, applyAwarenessUpdate } from 'y-protocols/awareness';
import { readSyncMessage, writeSyncStep1, writeSyncStep2, writeUpdate } from 'y-protocols/sync';
import * as Y from 'yjs';
import {
  decodeFrame,
  encodeBarrier,
  encodeNodeName,
  encodeNodeQuery,
  encodePermissionDenied,
  encodePresence,
  encodeSyncStep1,
  encodeSyncStep2,
  encodeUpdate,
  KEEP_ALIVE,
  MalformedFrame,
} from './frames.ts';

/** A message as y-protocols writes it. */
function written(write: (encoder: encoding.Encoder) => void): Uint8Array {
  const encoder = encoding.createEncoder();
  write(encoder);
  return encoding.toUint8Array(encoder);
}

const doc = new Y.Doc();
doc.getText('t').insert(0, 'x'.repeat(300));
const update = Y.encodeStateAsUpdate(doc);
const stateVector = Y.encodeStateVector(doc);

describe('frames', () => {
  it('WIRE1 reads what y-protocols writes', () => {
    const sync = (write: (encoder: encoding.Encoder) => void) =>
      decodeFrame(
        written((encoder) => {
          encoding.writeVarUint(encoder, 0);
          write(encoder);
        }),
      );
    expect(sync((e) => writeSyncStep1(e, doc))).toEqual({ kind: 'sync-step-1', stateVector });
    expect(sync((e) => writeSyncStep2(e, doc))).toEqual({ kind: 'sync-step-2', update });
    expect(sync((e) => writeUpdate(e, update))).toEqual({ kind: 'update', update });
    expect(decodeFrame(Uint8Array.of(3))).toEqual({ kind: 'query-presence' });
  });

  it('WIRE1 writes what y-protocols reads, at every width of a length', () => {
    for (const lengthBytes of [0, 1, 127, 128, 16383, 16384, 70000]) {
      const body = new Uint8Array(lengthBytes).fill(7);
      const decoder = decoding.createDecoder(encodeUpdate(body));
      expect([decoding.readVarUint(decoder), decoding.readVarUint(decoder)]).toEqual([0, 2]);
      expect(decoding.readVarUint8Array(decoder)).toEqual(body);
      expect(decoding.hasContent(decoder)).toBe(false);
    }
    const copy = new Y.Doc();
    for (const bytes of [encodeSyncStep2(update), encodeSyncStep1(stateVector)]) {
      const decoder = decoding.createDecoder(bytes);
      expect(decoding.readVarUint(decoder)).toBe(0);
      readSyncMessage(decoder, encoding.createEncoder(), copy, null);
    }
    expect(copy.getText('t').toString()).toBe('x'.repeat(300));
  });

  it('says a refusal in a form that stock clients understand', () => {
    const bytes = encodePermissionDenied('you may read, not write – só ler');
    const decoder = decoding.createDecoder(bytes);
    expect(decoding.readVarUint(decoder)).toBe(2);
    let heard = '';
    readAuthMessage(decoder, doc, (_doc, reason) => {
      heard = reason;
    });
    expect(heard).toBe('you may read, not write – só ler');
    expect(decodeFrame(bytes)).toEqual({ kind: 'auth', reason: heard });
  });

  it('WIRE4 the keep-alive changes nobody', () => {
    const frame = decodeFrame(KEEP_ALIVE);
    if (frame.kind !== 'presence') throw new Error(`a ${frame.kind} message`);
    const awareness = new Awareness(new Y.Doc());
    let events = 0;
    awareness.on('update', () => {
      events += 1;
    });
    applyAwarenessUpdate(awareness, frame.update, null);
    expect(events).toBe(0);
    awareness.destroy();
  });

  it('WIRE5 carries a barrier payload both ways', () => {
    const payload = Uint8Array.of(1, 2, 3);
    expect(decodeFrame(encodeBarrier(payload))).toEqual({ kind: 'barrier', payload });
    expect(encodeBarrier(payload)).toEqual(Uint8Array.of(102, 3, 1, 2, 3));
    expect(() => encodeBarrier(new Uint8Array(65))).toThrow(RangeError);
  });

  it('asks for the node and names it', () => {
    expect(decodeFrame(encodeNodeQuery())).toEqual({ kind: 'node-query' });
    const decoder = decoding.createDecoder(encodeNodeName('node-1'));
    expect([decoding.readVarUint(decoder), decoding.readVarString(decoder)]).toEqual([103, 'node-1']);
  });

  it('hands out views, not copies, also inside a larger pool', () => {
    const pool = new Uint8Array(1000);
    const bytes = encodePresence(Uint8Array.of(9, 9, 9));
    pool.set(bytes, 100);
    const frame = decodeFrame(pool.subarray(100, 100 + bytes.length));
    if (frame.kind !== 'presence') throw new Error(`a ${frame.kind} message`);
    expect(frame.update).toEqual(Uint8Array.of(9, 9, 9));
    expect(frame.update.buffer).toBe(pool.buffer);
  });

  it.each([
    ['nothing at all', [], /end too early/],
    ['an unknown type', [77], /message type 77 is unknown/],
    ['an unknown sync type', [0, 3, 0], /sync message type 3 is unknown/],
    ['an unknown auth type', [2, 1, 0], /auth message type 1 is unknown/],
    ['a sync message without its step', [0], /end too early/],
    ['an update that is cut short', [0, 2, 5, 1, 2], /5 bytes are announced, 2 are there/],
    ['a presence message without a length', [1], /end too early/],
    ['bytes after an update', [0, 2, 1, 1, 9], /1 bytes follow the update message/],
    ['bytes after a question', [3, 0], /follow the query-presence message/],
    ['a node name from a client', [103, 1, 65], /follow the node-query message/],
    [
      'a barrier payload of 65 bytes',
      [102, 65, ...new Array<number>(65).fill(0)],
      /barrier payload has 65 bytes/,
    ],
    ['a type of 150 bytes', new Array<number>(150).fill(0x80), /longer than 8 bytes/],
    ['a length above 2^53', [1, 255, 255, 255, 255, 255, 255, 255, 127], /larger than 2\^53/],
  ])('refuses %s', (_what, bytes, says) => {
    expect(() => decodeFrame(Uint8Array.from(bytes))).toThrow(MalformedFrame);
    expect(() => decodeFrame(Uint8Array.from(bytes))).toThrow(says);
  });

  it('refuses a state vector above 512 KiB', () => {
    expect(decodeFrame(encodeSyncStep1(new Uint8Array(512 * 1024))).kind).toBe('sync-step-1');
    expect(() => decodeFrame(encodeSyncStep1(new Uint8Array(512 * 1024 + 1)))).toThrow(
      /state vector has 524289/,
    );
  });
});
