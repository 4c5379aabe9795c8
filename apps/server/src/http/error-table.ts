import { markedSection, withSection } from '@kryton/engine/config/marked-section.ts';
import { API_ERRORS } from './errors.ts';

const TABLE = markedSection('errors', 'docs:api');

/** The closed table of errors in Markdown. */
export function errorTable(): string {
  const rows = Object.entries(API_ERRORS).map(
    ([code, { status, message }]) => `| \`${code}\` | ${status} | ${message} |`,
  );
  return ['| code | status | |', '| --- | --- | --- |', ...rows].join('\n');
}

/** `page` with the table between its markers replaced; null when it has no markers. */
export function withErrorTable(page: string): string | null {
  return withSection(page, TABLE, errorTable());
}
