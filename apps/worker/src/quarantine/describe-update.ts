import { ByteReader } from '@kryton/engine/protocol/byte-reader.ts';
import { type CheckedUpdate, checkUpdate } from '@kryton/engine/protocol/update-guard.ts';
import { TRUSTED_UPDATE_LIMITS } from '@kryton/engine/protocol/update-limits.ts';

const HEX_BYTES = 48;
const SHOWN_CLIENTS = 8;

/** The first bytes in hex, for an operator to recognise. */
export function hexOf(bytes: Uint8Array): string {
  const start = Buffer.from(bytes.subarray(0, HEX_BYTES))
    .toString('hex')
    .replaceAll(/(..)(?=.)/g, '$1 ');
  return bytes.length > HEX_BYTES ? `${start} …` : start || '(no bytes)';
}

/**
 * What an update holds, in one line: clients with their clocks, and deletes; never content. Of one that cannot be read
 * what its first numbers claim.
 */
export function describeUpdate(bytes: Uint8Array): string {
  try {
    return describeChecked(checkUpdate(bytes, TRUSTED_UPDATE_LIMITS));
  } catch {
    return describeBeginning(bytes);
  }
}

function describeChecked({ runs, deleteSet }: CheckedUpdate): string {
  const byClient = new Map<number, string[]>();
  for (const { client, clock, length } of runs) {
    const clocks = byClient.get(client) ?? [];
    clocks.push(`${clock} to ${clock + length - 1}`);
    byClient.set(client, clocks);
  }
  const shown = [...byClient]
    .slice(0, SHOWN_CLIENTS)
    .map(([client, clocks]) => `${client} (clocks ${clocks.join(', ')})`);
  const more = byClient.size > SHOWN_CLIENTS ? ` and ${byClient.size - SHOWN_CLIENTS} more` : '';
  const structs =
    byClient.size === 0
      ? 'no structs'
      : `structs of ${count(byClient.size, 'client')}: ${shown.join(', ')}${more}`;
  const ranges = [...deleteSet.values()].reduce((sum, each) => sum + each.length, 0);
  const deletes =
    ranges === 0 ? 'no deletes' : `${count(ranges, 'deleted range')} of ${count(deleteSet.size, 'client')}`;
  return `${structs}; ${deletes}`;
}

/** The first four numbers of a v1 update: clients, structs of the first, its id, its clock (yjs `encoding.js`). */
function describeBeginning(bytes: Uint8Array): string {
  const reader = new ByteReader(bytes);
  try {
    const clients = reader.varUint();
    if (clients === 0) return 'claims to hold no structs';
    const structs = reader.varUint();
    return `claims ${count(clients, 'client')}, the first (${reader.varUint()}) with ${count(structs, 'struct')} from clock ${reader.varUint()}`;
  } catch {
    return 'does not begin as an update does';
  }
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
