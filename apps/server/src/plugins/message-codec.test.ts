import { expect, it } from 'vitest';
import { decodeMessage, encodeMessage, MAX_MESSAGE_BYTES } from './message-codec.ts';

it.each([
  [{ a: [1, 'zwei', null, true] }],
  ['text'],
  [0],
  [null],
  [Uint8Array.of(0, 1, 255)],
  [new Uint8Array(0)],
])('brings back what was sent: %j', (message) => {
  expect(decodeMessage(encodeMessage(message))).toEqual(message);
});

it('refuses what does not fit and what JSON cannot say', () => {
  expect(encodeMessage(new Uint8Array(MAX_MESSAGE_BYTES - 1)).length).toBe(MAX_MESSAGE_BYTES);
  expect(() => encodeMessage(new Uint8Array(MAX_MESSAGE_BYTES))).toThrow(RangeError);
  expect(() => encodeMessage('ü'.repeat(MAX_MESSAGE_BYTES / 2))).toThrow(RangeError);
  expect(() => encodeMessage(undefined as unknown as null)).toThrow(TypeError);
});

it('does not take the bytes of somebody else for a message', () => {
  expect(() => decodeMessage(Uint8Array.of(7, 1))).toThrow('another version');
  expect(() => decodeMessage(Uint8Array.of(0, 123))).toThrow(SyntaxError);
});
