import { VARIABLES, type Variable } from './variables.ts';

/** Between these two lines the README shows the table. */
export const TABLE_BEGINS = '<!-- environment: made by npm run docs:env -->';
export const TABLE_ENDS = '<!-- /environment -->';

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
  const begins = document.indexOf(TABLE_BEGINS);
  const ends = document.indexOf(TABLE_ENDS);
  if (begins < 0 || ends < begins) return null;
  const before = document.slice(0, begins + TABLE_BEGINS.length);
  return `${before}\n\n${environmentTable()}\n\n${document.slice(ends)}`;
}

function defaultOf({ fallback }: Variable<unknown>): string {
  if (fallback === null) return '';
  return typeof fallback === 'string' ? `\`${fallback}\`` : fallback.words;
}
