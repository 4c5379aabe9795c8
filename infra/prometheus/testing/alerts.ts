import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

/** infra/prometheus */
export const DIRECTORY = fileURLToPath(new URL('..', import.meta.url));

/** An alert as a rule file says it (https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules). */
export type Alert = {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
};

/** The part of a promtool test file that is looked at. */
export type AlertTest = {
  readonly rule_files: readonly string[];
  readonly tests: readonly {
    readonly alert_rule_test: readonly {
      readonly alertname: string;
      readonly exp_alerts: readonly unknown[];
    }[];
  }[];
};

/** The rules of all files. */
export function alerts(): readonly Alert[] {
  return namesIn('rules').flatMap((name) => {
    const file = parse(readText(`rules/${name}.yml`)) as { groups: readonly { rules: readonly Alert[] }[] };
    return file.groups.flatMap(({ rules }) => rules);
  });
}

export function alertTest(name: string): AlertTest {
  return parse(readText(`tests/${name}.yml`)) as AlertTest;
}

/** The names of the files in a folder, without what they end in. */
export function namesIn(folder: 'rules' | 'tests' | 'runbooks'): readonly string[] {
  return readdirSync(`${DIRECTORY}/${folder}`).map((file) => file.replace(/\.[a-z]+$/, ''));
}

export function readText(path: string): string {
  return readFileSync(`${DIRECTORY}/${path}`, 'utf8');
}
