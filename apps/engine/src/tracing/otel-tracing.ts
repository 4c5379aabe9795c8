import {
  type Context,
  DiagLogLevel,
  diag,
  type Link,
  type Span as OtelSpan,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import {
  defaultResource,
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { deadline } from '../lifecycle/deadline.ts';
import { PRODUCT_VERSION } from '../roster/product-version.ts';
import type { TraceSettings } from './trace-settings.ts';
import type { Traceparent } from './traceparent.ts';
import type { Span, SpanName, SpanOptions, TracedProcess, Tracing } from './tracing.ts';

const CLOSE_MS = 4_000;
/** A collector that is away is said to be once in this time. */
const TELL_EVERY_MS = 60_000;

const KINDS = { server: SpanKind.SERVER, producer: SpanKind.PRODUCER, consumer: SpanKind.CONSUMER };

/**
 * Spans by OpenTelemetry's SDK, sent by OTLP over HTTP. Nothing is registered globally and nothing is instrumented: a
 * span is what the product says, and which one belongs to which is said too, not found by an asynchronous context, which
 * would cost every await of the process.
 */
export class OtelTracing implements Tracing {
  readonly #provider: TracerProvider;
  readonly #tracer: Tracer;

  constructor(settings: TraceSettings, traced: TracedProcess) {
    tellTroubles(traced.logger);
    this.#provider = new TracerProvider({
      resource: resourceOf(traced),
      sampler: samplerOf(settings),
      spanProcessors: [
        new BatchSpanProcessor({
          exporter: new OTLPTraceExporter(),
          ...(settings.delayMs !== undefined && { scheduledDelayMillis: settings.delayMs }),
          ...(settings.queueSize !== undefined && { maxQueueSize: settings.queueSize }),
          ...(settings.batchSize !== undefined && { maxExportBatchSize: settings.batchSize }),
          ...(settings.exportTimeoutMs !== undefined && { exportTimeoutMillis: settings.exportTimeoutMs }),
        }),
      ],
    });
    this.#tracer = this.#provider.getTracer('kryton', PRODUCT_VERSION);
  }

  start(name: SpanName, { parent, links, agoMs = 0, kind, attributes }: SpanOptions = {}): Span {
    const options = {
      startTime: nowMs() - agoMs,
      kind: kind === undefined ? SpanKind.INTERNAL : KINDS[kind],
      ...(attributes && { attributes }),
      ...(links && { links: links.flatMap(linkTo) }),
    };
    return spanOf(this.#tracer.startSpan(name, options, contextOf(parent)));
  }

  async close(): Promise<void> {
    await deadline(this.#provider.shutdown(), CLOSE_MS, 'sending the last traces').catch((error) =>
      diag.warn(String(error)),
    );
  }
}

function spanOf(span: OtelSpan): Span {
  return {
    traceparent: traceparentOf(span.spanContext()),
    end(attributes, error) {
      if (attributes) span.setAttributes(attributes);
      if (error !== undefined) {
        const kind = error instanceof Error ? error.name : 'Error';
        span.setAttribute('error.type', kind);
        span.setStatus({ code: SpanStatusCode.ERROR, message: kind });
      }
      span.end(nowMs());
    },
  };
}

/** Of the Unix epoch, with the resolution of the monotonic clock: an append takes less than a millisecond. */
function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

function contextOf(parent: Traceparent | null | undefined): Context {
  return parent ? trace.setSpanContext(ROOT_CONTEXT, spanContextOf(parent)) : ROOT_CONTEXT;
}

function linkTo(traceparent: Traceparent | null): Link[] {
  return traceparent === null ? [] : [{ context: spanContextOf(traceparent) }];
}

function spanContextOf(traceparent: Traceparent): SpanContext {
  const [, traceId = '', spanId = '', flags = ''] = traceparent.split('-');
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED, isRemote: true };
}

function traceparentOf({ traceId, spanId, traceFlags }: SpanContext): Traceparent | null {
  if ((traceFlags & TraceFlags.SAMPLED) === 0) return null;
  return `00-${traceId}-${spanId}-01` as Traceparent;
}

function resourceOf({ service, instance }: TracedProcess): Resource {
  const ours = resourceFromAttributes({
    'service.name': service,
    'service.version': PRODUCT_VERSION,
    'service.instance.id': instance,
  });
  return defaultResource()
    .merge(ours)
    .merge(detectResources({ detectors: [envDetector] }));
}

function samplerOf({ sampler, ratio }: TraceSettings): Sampler {
  switch (sampler) {
    case 'always_on':
      return new AlwaysOnSampler();
    case 'always_off':
      return new AlwaysOffSampler();
    case 'traceidratio':
      return new TraceIdRatioBasedSampler(ratio);
    case 'parentbased_always_on':
      return new ParentBasedSampler({ root: new AlwaysOnSampler() });
    case 'parentbased_always_off':
      return new ParentBasedSampler({ root: new AlwaysOffSampler() });
    case 'parentbased_traceidratio':
      return new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) });
  }
}

/** What the SDK has to say, in this process's own log, and not every five seconds. */
function tellTroubles(logger: TracedProcess['logger']): void {
  let toldAt = Number.NEGATIVE_INFINITY;
  const tell = (message: string, ...details: unknown[]) => {
    if (performance.now() - toldAt < TELL_EVERY_MS) return;
    toldAt = performance.now();
    logger.warn({ details: details.map(String) }, `traces: ${message}`);
  };
  const silent = () => {};
  const said = { error: tell, warn: tell, info: silent, debug: silent, verbose: silent };
  diag.setLogger(said, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
}
