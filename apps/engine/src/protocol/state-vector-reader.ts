import { ByteReader, UnreadableBytes } from './byte-reader.ts';
import { MAX_CLOCK } from './update-limits.ts';
import { UpdateRefused } from './update-refused.ts';

/** Reads an encoded state vector of at most `maxEntries` clients. Throws {@link UpdateRefused}. */
export function readStateVector(bytes: Uint8Array, maxEntries: number): Map<number, number> {
  const reader = new ByteReader(bytes);
  const stateVector = new Map<number, number>();
  try {
    const entries = reader.varUint();
    if (entries > maxEntries)
      throw new UpdateRefused(
        'state-vector-too-large',
        `the state vector names ${entries} clients, ${maxEntries} are allowed`,
      );
    for (let i = 0; i < entries; i++) {
      const client = reader.varUint();
      const clock = reader.varUint();
      if (clock > MAX_CLOCK) throw new UpdateRefused('clock-too-large', `clock ${clock} is larger than 2^31`);
      if (stateVector.has(client)) {
        throw new UpdateRefused('repeated-client', `client ${client} stands twice in the state vector`);
      }
      stateVector.set(client, clock);
    }
  } catch (error) {
    if (!(error instanceof UnreadableBytes)) throw error;
    throw new UpdateRefused('unreadable', `the state vector cannot be read: ${error.message}`);
  }
  if (reader.left > 0)
    throw new UpdateRefused('trailing-bytes', `${reader.left} bytes follow the state vector`);
  return stateVector;
}
