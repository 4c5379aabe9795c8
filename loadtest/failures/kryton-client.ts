import { seededRandom } from '@kryton/engine/testing/seeded-random.ts';
import { RecordingClient } from '@kryton/launcher/testing/recording-client.ts';
import type { Credentials } from '@kryton/server/testing/sign-up.ts';
import type { FailureClient } from './failure-client.ts';

/** A stock y-websocket client that asks for a barrier after each edit (WIRE5): its echo is the acknowledgement. */
export function krytonClient(base: string, docId: string, name: string, as: Credentials): FailureClient {
  const client = new RecordingClient({ name, docId, bases: [base], random: seededRandom(1), as });
  return {
    name,
    doc: client.doc,
    get isSynced() {
      return client.isSynced;
    },
    get typed() {
      return client.typed();
    },
    get acknowledged() {
      return client.promised();
    },
    type: () => void client.type(),
    close: () => client.close(),
  };
}
