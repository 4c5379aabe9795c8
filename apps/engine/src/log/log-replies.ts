import type { RedisReply } from '../redis/resp-reader.ts';
import { ORIGIN, readPosition } from './position.ts';
import type { LogEntry, LogHead } from './update-log.ts';

/** The head of a log as `head-2.lua` and `open-3.lua` tell it; null where there is no log. */
export function readHead(reply: RedisReply): LogHead | null {
  if (!Array.isArray(reply)) return null;
  const [last, covered, length] = reply;
  if (!Buffer.isBuffer(last)) return null;
  return {
    last: readPosition(last),
    covered: Buffer.isBuffer(covered) ? readPosition(covered) : null,
    isEmpty: length === 0,
  };
}

/** An entry as `append-3.lua` writes it: fields `t` (ms) and `u` (update), in this order. */
export function readEntry(reply: RedisReply): LogEntry {
  const [id, fields] = Array.isArray(reply) ? reply : [];
  const [, at, , update] = Array.isArray(fields) ? fields : [];
  return {
    position: Buffer.isBuffer(id) ? readPosition(id) : ORIGIN,
    update: Buffer.isBuffer(update) ? update : new Uint8Array(),
    atMs: Buffer.isBuffer(at) ? readNumber(at) : 0,
  };
}

const ZERO = 0x30;

/** A number of digits alone. A backlog has hundreds of thousands, and making a text of each costs ten times as much. */
function readNumber(digits: Buffer): number {
  let value = 0;
  for (let at = 0; at < digits.length; at++) value = value * 10 + (digits[at] ?? ZERO) - ZERO;
  return value;
}
