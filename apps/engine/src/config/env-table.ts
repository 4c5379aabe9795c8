import { markedSection, withSection } from './marked-section.ts';
import { VARIABLES, type Variable } from './variables.ts';

/** Where the README shows the table. */
export const TABLE = markedSection('environment', 'docs:env');

/** The environment as a Markdown table, one row a variable, in the order of the declaration. */
export function environmentTable(): string {
  const head = ['| variable | default | read by | |', '| --- | --- | --- | --- |'];
  const rows = Object.values<Variable<unknown>>(VARIABLES).map(
    (variable) =>
      `| \`${variable.name}\` | ${defaultOf(variable)} | ${variable.roles.join(', ')} | ${variable.description} |`,
  );
  return [...head, ...rows].join('\n');
}

/** `document` with the table between its markers replaced; null when it has no markers. */
export function withEnvironmentTable(document: string): string | null {
  return withSection(document, TABLE, environmentTable());
}

function defaultOf({ fallback }: Variable<unknown>): string {
  if (fallback === null) return '';
  return typeof fallback === 'string' ? `\`${fallback}\`` : fallback.words;
}
