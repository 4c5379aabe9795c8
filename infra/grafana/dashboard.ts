import { readFileSync } from 'node:fs';

/** The part of a dashboard of Grafana that is looked at. */
export type Panel = {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
  readonly targets?: readonly {
    readonly refId: string;
    readonly expr: string;
    readonly datasource: unknown;
  }[];
};

export type Dashboard = {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string }[] };
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
};

export function dashboard(): Dashboard {
  return JSON.parse(readFileSync(new URL('./dashboards/kryton.json', import.meta.url), 'utf8')) as Dashboard;
}

/** Every query of a dashboard as Prometheus gets it when everything is chosen. */
export function queriesOf({ panels, annotations }: Dashboard): readonly string[] {
  const targets = panels.flatMap((panel) => panel.targets ?? []);
  return [...targets, ...annotations.list].map(({ expr }) =>
    expr.replaceAll('$__rate_interval', '1m').replaceAll('$namespace', '.*').replaceAll('$node', '.*'),
  );
}
