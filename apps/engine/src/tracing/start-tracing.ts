import { traceSettings } from './trace-settings.ts';
import type { TracedProcess, Tracing } from './tracing.ts';

/**
 * Traces, where `OTEL_*` in `env` ask for them; else null, and then nothing of OpenTelemetry's SDK is loaded. Rejects with a
 * `StartupError` where a variable cannot be heeded.
 */
export async function startTracing(
  env: Readonly<Record<string, string | undefined>>,
  traced: TracedProcess,
): Promise<Tracing | null> {
  const settings = traceSettings(env);
  if (settings === null) return null;
  const { OtelTracing } = await import('./otel-tracing.ts');
  return new OtelTracing(settings, traced);
}
