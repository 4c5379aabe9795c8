import type { Position } from '@kryton/engine/log/position.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import type { Traceparent } from '@kryton/engine/tracing/traceparent.ts';
import type { Tracing } from '@kryton/engine/tracing/tracing.ts';

/** What a room tells of its steps where tracing is on; where it is off there is no such object. */
export class RoomTraces {
  readonly #tracing: Tracing;
  readonly #docId: DocId;

  constructor(tracing: Tracing, docId: DocId) {
    this.#tracing = tracing;
    this.#docId = docId;
  }

  /** A batch of `updates` updates is durable, `agoMs` after it was handed to the log. */
  appended({ epoch, seq }: Position, agoMs: number, bytes: number, updates: number): Traceparent | null {
    const attributes = {
      'kryton.doc': this.#docId,
      'kryton.position': `${epoch}-${seq}`,
      'kryton.bytes': bytes,
      'kryton.updates': updates,
    };
    const span = this.#tracing.start('append', { agoMs, attributes });
    span.end();
    return span.traceparent;
  }

  /** The batch of `append` is on the sockets of this node, `agoMs` after it was handed to the log. */
  fannedOut(append: Traceparent | null, agoMs: number): void {
    // Of a trace that is not sampled nothing is told.
    if (append === null) return;
    const attributes = { 'kryton.doc': this.#docId };
    this.#tracing.start('fan out', { parent: append, agoMs, attributes }).end();
  }
}
