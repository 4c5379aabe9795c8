import type { JobHandlers } from '../jobs/job-queue.ts';
import type { Span, Tracing } from './tracing.ts';

/** The same handlers, each run of which is told as a span; the very same where tracing is off. */
export function traceJobs(handlers: JobHandlers, tracing: Tracing | null): JobHandlers {
  if (tracing === null) return handlers;
  return {
    fold(docId, cause) {
      // A link: the append did not wait for this run, and others may have asked for it too (one fold waits at most).
      const links = cause ? [cause] : [];
      const span = tracing.start('job fold', {
        kind: 'consumer',
        links,
        attributes: { 'kryton.doc': docId },
      });
      return within(
        span,
        () => handlers.fold(docId, span.traceparent),
        (verdict) => verdict.kind,
      );
    },
    sweep() {
      const span = tracing.start('job sweep', { kind: 'consumer' });
      return within(
        span,
        () => handlers.sweep(),
        () => 'done',
      );
    },
  };
}

async function within<Result>(
  span: Span,
  run: () => Promise<Result>,
  outcome: (result: Result) => string,
): Promise<Result> {
  try {
    const result = await run();
    span.end({ 'kryton.outcome': outcome(result) });
    return result;
  } catch (error) {
    span.end({ 'kryton.outcome': 'failed' }, error);
    throw error;
  }
}
