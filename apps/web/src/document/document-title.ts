const MAX_TITLE_LENGTH = 80;
/** Further down there is no title any more. */
const MAX_LINES = 20;

/** The first line that says something, without Markdown's marks; empty when there is none. */
export function titleOf(lines: Iterable<string>): string {
  let count = 0;
  for (const line of lines) {
    const text = line
      .slice(0, 4 * MAX_TITLE_LENGTH)
      // What a title may not have: the server refuses control characters.
      .replace(/\p{Cc}+/gu, ' ')
      .replace(/^[\s#>*+_`~-]+|[\s#*_`~]+$/g, '')
      .trim();
    if (text !== '')
      return text.length > MAX_TITLE_LENGTH ? `${text.slice(0, MAX_TITLE_LENGTH).trimEnd()}…` : text;
    count += 1;
    if (count === MAX_LINES) break;
  }
  return '';
}
