import { describe, expect, it } from 'vitest';
import { SavedMark, SETTLE_MS } from './saved-mark.ts';
import { ManualTime } from './testing/manual-time.ts';

describe('the saved mark under any order of events (WIRE5)', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'seed %i: saved is never shown while the server lacks an edit',
    (seed) => {
      let random = seed * 2654435761;
      const below = (limit: number) => {
        random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
        return Math.floor((random / 2 ** 32) * limit);
      };
      // The model: edits are numbered; a socket is the list of what was sent on it, in order.
      let edits = 0;
      let durable = 0;
      let socket: {
        sent: ({ upTo: number } | { barrier: number })[];
        open: boolean;
        answered: boolean;
      } | null = null;
      const time = new ManualTime();
      const mark = new SavedMark({
        sendBarrier: (barrier) => socket?.sent.push({ barrier }),
        changed: () => {},
        after: time.after,
      });
      const echoesOnTheirWay: number[] = [];
      let savedSeen = 0;
      for (let step = 0; step < 20_000; step += 1) {
        switch (below(24)) {
          case 0:
            edits += 1;
            // Before the answer an update misses what it depends on: it makes nothing durable.
            if (socket?.answered) socket.sent.push({ upTo: edits });
            mark.edited();
            break;
          case 1:
            if (socket === null) {
              socket = { sent: [], open: true, answered: false };
              mark.opened();
            }
            break;
          case 2:
            if (socket !== null) {
              socket.answered = true;
              socket.sent.push({ upTo: edits });
              mark.answered(edits > 0);
            }
            break;
          case 3:
            if (socket !== null && below(2) === 0) {
              socket = null;
              if (below(2) === 0) echoesOnTheirWay.length = 0;
              mark.closed();
            }
            break;
          case 4:
          case 5:
          case 6:
          case 7: {
            const echo = echoesOnTheirWay.shift();
            if (echo !== undefined) mark.echoed(echo);
            break;
          }
          case 8:
          case 9:
          case 10:
            time.advance(below(SETTLE_MS * 2));
            break;
          default: {
            const message = socket?.sent.shift();
            if (message === undefined) break;
            if ('upTo' in message) durable = Math.max(durable, message.upTo);
            else echoesOnTheirWay.push(message.barrier);
          }
        }
        if (mark.state === 'saved') {
          savedSeen += 1;
          expect(durable, `step ${step}`).toBe(edits);
        }
      }
      expect(savedSeen).toBeGreaterThan(100);
    },
  );
});
