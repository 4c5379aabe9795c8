import { StartupError } from '../lifecycle/startup-error.ts';

/**
 * What of the standard variables (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/)
 * decides whether there are traces, and how many. Where they are sent, with which headers and certificates, and what
 * the service is called, the parts of OpenTelemetry read themselves: `OTEL_EXPORTER_OTLP_*`, `OTEL_SERVICE_NAME`,
 * `OTEL_RESOURCE_ATTRIBUTES`.
 */
export type TraceSettings = {
  readonly sampler: TraceSampler;
  /** The share of traces, where the sampler wants one. */
  readonly ratio: number;
  /** Spans wait so long for others to travel with. */
  readonly delayMs: number | undefined;
  readonly queueSize: number | undefined;
  readonly batchSize: number | undefined;
  readonly exportTimeoutMs: number | undefined;
};

export type TraceSampler = (typeof SAMPLERS)[number];

const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;
const DEFAULT_SAMPLER: TraceSampler = 'parentbased_always_on';
const PROTOCOL = 'http/protobuf';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Null when nobody asked for traces: then there is neither an endpoint nor an exporter, or they are switched off. Throws
 * a {@link StartupError} with every variable that cannot be heeded.
 */
export function traceSettings(env: Env): TraceSettings | null {
  // An empty variable counts as none, as the specification has it.
  const read = (name: string) => env[name]?.trim() || undefined;
  if (read('OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return null;
  const exporter = read('OTEL_TRACES_EXPORTER');
  const endpoint = read('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT') ?? read('OTEL_EXPORTER_OTLP_ENDPOINT');
  if (exporter === 'none' || (exporter ?? endpoint) === undefined) return null;

  const problems: string[] = [];
  if (exporter !== undefined && exporter !== 'otlp') {
    problems.push(`OTEL_TRACES_EXPORTER: there is otlp, or none to switch it off, but not ${exporter}`);
  }
  const protocol = read('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL') ?? read('OTEL_EXPORTER_OTLP_PROTOCOL');
  if (protocol !== undefined && protocol !== PROTOCOL) {
    problems.push(
      `OTEL_EXPORTER_OTLP_PROTOCOL: traces are sent by ${PROTOCOL} (collectors take it on port 4318), not ${protocol}`,
    );
  }
  const wanted = read('OTEL_TRACES_SAMPLER') ?? DEFAULT_SAMPLER;
  const sampler = SAMPLERS.find((name) => name === wanted);
  if (!sampler) problems.push(`OTEL_TRACES_SAMPLER: there is ${SAMPLERS.join(', ')}, but not ${wanted}`);
  const number = (name: string, isFine: (value: number) => boolean, what: string) => {
    const text = read(name);
    if (text === undefined) return undefined;
    if (isFine(Number(text))) return Number(text);
    problems.push(`${name}: ${text} is not ${what}`);
    return undefined;
  };
  const whole = (name: string) =>
    number(name, (value) => Number.isInteger(value) && value > 0, 'a whole number above 0');
  const share = (value: number) => value >= 0 && value <= 1;
  const settings = {
    sampler: sampler ?? DEFAULT_SAMPLER,
    ratio: number('OTEL_TRACES_SAMPLER_ARG', share, 'a number from 0 to 1') ?? 1,
    delayMs: whole('OTEL_BSP_SCHEDULE_DELAY'),
    queueSize: whole('OTEL_BSP_MAX_QUEUE_SIZE'),
    batchSize: whole('OTEL_BSP_MAX_EXPORT_BATCH_SIZE'),
    exportTimeoutMs: whole('OTEL_BSP_EXPORT_TIMEOUT'),
  };
  if (problems.length > 0) throw new StartupError(problems.join('\n'));
  return settings;
}
