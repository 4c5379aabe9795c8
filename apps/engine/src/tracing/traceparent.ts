declare const brand: unique symbol;

/**
 * What names a span to another process, as in the header of the W3C (https://www.w3.org/TR/trace-context/):
 * `00-<trace id>-<span id>-<flags>`. Of a span that is not sampled there is none.
 */
export type Traceparent = string & { readonly [brand]: 'Traceparent' };

const TRACEPARENT = /^[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Null for what is none: it came from a client, or from another version. */
export function parseTraceparent(text: unknown): Traceparent | null {
  return typeof text === 'string' && TRACEPARENT.test(text) ? (text as Traceparent) : null;
}
