import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';

/** The repository. Kustomize reads nothing outside of its own directory, so what lies in infra/ is brought here. */
const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));
const RULES = 'infra/prometheus/rules';
const DASHBOARDS = 'infra/grafana/dashboards';
const LABELS = { 'app.kubernetes.io/name': 'kryton' };
const MADE = 'Made by npm run docs:k8s from';

/** The files of this component that are made, by name: the rules as a PrometheusRule, the dashboards as ConfigMaps. */
export function monitoringFiles(): ReadonlyMap<string, string> {
  return new Map([
    ['rules.yaml', rules()],
    ['dashboards.yaml', dashboards()],
  ]);
}

function rules(): string {
  const groups = filesOf(RULES, '.yml').flatMap(({ text }) => {
    const file: { groups: unknown[] } = parse(text);
    return file.groups;
  });
  return yaml(`${MADE} ${RULES}.`, {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    // What the chart kube-prometheus-stack selects by unless told otherwise.
    metadata: { name: 'kryton', labels: { ...LABELS, release: 'kube-prometheus-stack' } },
    spec: { groups },
  });
}

function dashboards(): string {
  const maps = filesOf(DASHBOARDS, '.json').map(({ name, text }) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    // Grafana's sidecar looks for this label.
    metadata: { name: `kryton-dashboard-${name}`, labels: { ...LABELS, grafana_dashboard: '1' } },
    // On one line: `kubectl apply` keeps a second copy in an annotation, of at most 256 KB.
    data: { [`${name}.json`]: JSON.stringify(JSON.parse(text)) },
  }));
  return maps.map((map) => yaml(`${MADE} ${DASHBOARDS}.`, map)).join('---\n');
}

function filesOf(room: string, ending: string): { name: string; text: string }[] {
  const files = readdirSync(join(REPOSITORY, room)).filter((file) => file.endsWith(ending));
  return files.toSorted().map((file) => ({
    name: file.slice(0, -ending.length),
    text: readFileSync(join(REPOSITORY, room, file), 'utf8'),
  }));
}

function yaml(comment: string, value: object): string {
  return `# ${comment}\n${stringify(value, { lineWidth: 0, version: '1.1' })}`;
}
