import type { Traceparent } from './traceparent.ts';

/**
 * Where the steps of the walk are told as spans. Whoever has something to tell holds a `Tracing | null`: null is "off",
 * and then a step costs one comparison. So a span is begun when its step is over, with how long ago that began, wherever
 * nothing has to refer to it meanwhile: nothing is carried through the code for it.
 *
 * A span names its document, because logs do too. It never holds content, a person, an address or a credential; an error
 * is told by its kind, and what it says stands in the log.
 */
export interface Tracing {
  start(name: SpanName, options?: SpanOptions): Span;
  /** Sends what waits, for a few seconds at most. Never rejects. */
  close(): Promise<void>;
}

export type Span = {
  /** For what refers to this span; null when it is not sampled. */
  readonly traceparent: Traceparent | null;
  /** `error` says that the step failed. Called once. */
  end(attributes?: SpanAttributes, error?: unknown): void;
};

/**
 * `connect`: from the upgrade request to the first frame. `load`: one for all who wait for it (ROOM3). `append`: from
 * handing a batch to the log until it is durable. `fan out`: until it is on this node's sockets. `schedule fold`: asking
 * for the job. `job …`: one run of it on a worker, which for a fold contains `fold`.
 */
export type SpanName =
  | 'connect'
  | 'load'
  | 'append'
  | 'fan out'
  | 'schedule fold'
  | 'job fold'
  | 'job sweep'
  | 'fold';

export type SpanOptions = {
  /** What it is a step of. */
  readonly parent?: Traceparent | null;
  /** What it has to do with, where that did not wait for it, or there may be others. */
  readonly links?: readonly (Traceparent | null)[];
  /** It began so many ms ago; now unless told. */
  readonly agoMs?: number;
  readonly kind?: 'server' | 'producer' | 'consumer';
  readonly attributes?: SpanAttributes;
};

export type SpanAttributes = Readonly<Record<`kryton.${string}`, string | number | boolean>>;

/** Whose traces they are. */
export type TracedProcess = {
  /** `service.name` unless OTEL_SERVICE_NAME says otherwise. */
  readonly service: string;
  /** `service.instance.id`: the name of the process in logs and metrics. */
  readonly instance: string;
  readonly logger: { warn(details: object, message: string): void };
};
