import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IPrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule';
import type { IConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { describe, expect, it } from 'vitest';
import { monitoringFiles } from './components/monitoring/monitoring-files.ts';
import { ofKind, parseManifests } from './testing/manifests.ts';
import { K8S } from './testing/overlays.ts';

/** `kubectl apply` keeps what it applied in an annotation, and annotations of an object may have 256 KiB. */
const APPLIED_BYTES = 256 * 1024;

describe('the component monitoring', () => {
  const made = [...monitoringFiles()];
  const manifests = made.flatMap(([, text]) => parseManifests(text));

  it.each(made)('%s says what infra/ says (else: npm run docs:k8s)', (name, text) => {
    expect(readFileSync(join(K8S, 'components/monitoring', name), 'utf8')).toBe(text);
  });

  it('has every alert of the rules and every dashboard', () => {
    const [rules] = ofKind<IPrometheusRule>(manifests, 'PrometheusRule');
    const alerts = rules?.spec.groups?.flatMap((group) => group.rules ?? []).map(({ alert }) => alert);
    expect(alerts).toContain('KrytonNodeDown');
    expect(new Set(alerts).size).toBe(alerts?.length);
    const dashboards = ofKind<IConfigMap>(manifests, 'ConfigMap');
    expect(dashboards.length).toBeGreaterThan(0);
    for (const map of dashboards) {
      const bytes = Buffer.byteLength(JSON.stringify(map));
      expect(bytes, map.metadata.name).toBeLessThan(APPLIED_BYTES);
      const [dashboard = '{}'] = Object.values(map.data ?? {});
      expect(JSON.parse(dashboard)).toHaveProperty('panels');
    }
  });
});
