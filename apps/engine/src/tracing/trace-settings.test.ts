import { describe, expect, it } from 'vitest';
import { StartupError } from '../lifecycle/startup-error.ts';
import { traceSettings } from './trace-settings.ts';
import { parseTraceparent } from './traceparent.ts';

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };

describe('whether there are traces', () => {
  it.each([
    [{}],
    [{ OTEL_SERVICE_NAME: 'docs', OTEL_TRACES_SAMPLER: 'always_on' }],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }],
    [{ ...ENDPOINT, OTEL_SDK_DISABLED: 'TRUE' }],
    [{ ...ENDPOINT, OTEL_TRACES_EXPORTER: 'none' }],
    [{ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://collector:4318' }],
  ])('none with %j', (env) => {
    expect(traceSettings(env)).toBeNull();
  });

  it.each([
    [ENDPOINT],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://collector:4318/v1/traces' }],
    [{ OTEL_TRACES_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' }],
  ])('all with %j', (env) => {
    expect(traceSettings(env)).toMatchObject({ sampler: 'parentbased_always_on', ratio: 1 });
  });

  it('as many as the sampler says', () => {
    const env = { ...ENDPOINT, OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.05' };
    const batch = { OTEL_BSP_SCHEDULE_DELAY: '200', OTEL_BSP_MAX_QUEUE_SIZE: '100' };
    expect(traceSettings({ ...env, ...batch })).toMatchObject({
      ...{ sampler: 'traceidratio', ratio: 0.05, delayMs: 200, queueSize: 100, batchSize: undefined },
    });
  });

  it('says everything that cannot be heeded at once', () => {
    const env = {
      OTEL_TRACES_EXPORTER: 'zipkin',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_TRACES_SAMPLER: 'sometimes',
      OTEL_TRACES_SAMPLER_ARG: '5',
      OTEL_BSP_SCHEDULE_DELAY: 'soon',
    };
    const asked = () => traceSettings(env);
    expect(asked).toThrow(StartupError);
    for (const name of Object.keys(env)) expect(asked).toThrow(name);
  });
});

describe('a traceparent', () => {
  it('is read where it is one', () => {
    const good = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    expect(parseTraceparent(good)).toBe(good);
    for (const bad of [
      undefined,
      5,
      '',
      good.toUpperCase(),
      `${good}-x`,
      `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    ])
      expect(parseTraceparent(bad)).toBeNull();
  });
});
