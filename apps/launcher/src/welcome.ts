/** What `npm start` prints once both nodes listen. */
export function welcome(urls: readonly string[], dataDir: string): string {
  const doc = 'hello';
  return [
    '',
    '  Kryton Cluster is running, embedded: two nodes in one process.',
    '',
    ...urls.map((url, index) => `    node-${index + 1}   ${url}/?doc=${doc}`),
    '',
    '  Open both and write: what you type on one node appears on the other.',
    `  The data is in ${dataDir}. Ctrl-C ends it.`,
    '',
    '',
  ].join('\n');
}
