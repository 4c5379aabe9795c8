import * as encoding from 'lib0/encoding';
import type { Dialect } from '../system.ts';

/** Its message types that y-websocket has another meaning for, or none. */
const AUTH = 2;
const TOKEN = 0;
const PROVIDER_VERSION = '4.7.0';

/**
 * What its own provider says (@hocuspocus/provider 4.7, `HocuspocusProvider.onOpen`): the name of the document stands
 * before every message; a token comes first, empty without authentication, and SyncStep1 follows without waiting for
 * the answer. Sync and awareness have the types and bodies of y-websocket.
 */
export function hocuspocusDialect(docId: string): Dialect {
  const address = encoding.encode((encoder) => encoding.writeVarString(encoder, docId));
  const greeting = encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, AUTH);
    encoding.writeVarUint(encoder, TOKEN);
    encoding.writeVarString(encoder, '');
    encoding.writeVarString(encoder, PROVIDER_VERSION);
  });
  return { address, greeting };
}
